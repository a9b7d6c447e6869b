package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

var authProtocols = map[string]gosnmp.SnmpV3AuthProtocol{
	"": gosnmp.NoAuth, "MD5": gosnmp.MD5, "SHA": gosnmp.SHA, "SHA224": gosnmp.SHA224,
	"SHA256": gosnmp.SHA256, "SHA384": gosnmp.SHA384, "SHA512": gosnmp.SHA512,
}

var privProtocols = map[string]gosnmp.SnmpV3PrivProtocol{
	"": gosnmp.NoPriv, "DES": gosnmp.DES, "AES": gosnmp.AES, "AES192": gosnmp.AES192,
	"AES256": gosnmp.AES256, "AES192C": gosnmp.AES192C, "AES256C": gosnmp.AES256C,
}

// v3 is SNMPv3 with the user-based security model. Discovery of the agent's
// engine and walks are gosnmp's, which matches message ids, checks digests and
// synchronises the time itself; polls go in envelopes of our own over the
// shared sockets, with what gosnmp found out.
type v3 struct {
	engine  *Engine
	to      netip.AddrPort
	user    usm.User
	context string
	timeout time.Duration
	retries int
	// client holds a socket and a buffer of 64 KiB; it is nil between walks.
	client *gosnmp.GoSNMP
	wire   *recorder
	secure *secure
}

// recorder is gosnmp's socket. It counts what goes over it, keeps to the rate of
// the subnet, and keeps the last datagram: an agent refuses credentials with a
// report that cannot be authentic, which gosnmp throws away; what it says is
// what the person needs to know. It decides about no value.
type recorder struct {
	net.Conn
	v3   *v3
	last []byte
}

// Write implements net.Conn, for requests and their repetitions alike.
func (r *recorder) Write(b []byte) (int, error) {
	if e := r.v3.engine; e.rates.limit > 0 {
		ctx := r.v3.client.Context
		if err := e.rates.wait(ctx, r.v3.to.Addr(), 1); err != nil {
			return 0, err
		}
		// The time-out began before the wait.
		deadline := time.Now().Add(r.v3.timeout)
		if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
			deadline = d
		}
		if err := r.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	r.v3.engine.requests.Add(1)
	return r.Conn.Write(b)
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	if n > 0 {
		r.last = append(r.last[:0], b[:n]...)
		r.v3.engine.answers.Add(1)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r.v3.engine.timeouts.Add(1)
	}
	return n, err
}

// report returns the counter that a plain report names, RFC 3412 section 6:
// version, global data, security parameters, scoped PDU.
func report(datagram []byte) string {
	outer := ber.NewReader(datagram)
	message, err := outer.Expect(0x30)
	if err != nil {
		return ""
	}
	r := ber.NewReader(message)
	for range 3 {
		if _, _, err := r.Next(); err != nil {
			return ""
		}
	}
	scoped, err := r.Expect(0x30)
	if err != nil {
		return "" // encrypted
	}
	r = ber.NewReader(scoped)
	for range 2 {
		if _, _, err := r.Next(); err != nil {
			return ""
		}
	}
	pdu, err := r.Expect(ber.Report)
	if err != nil {
		return ""
	}
	r = ber.NewReader(pdu)
	for range 3 {
		if _, _, err := r.Next(); err != nil {
			return ""
		}
	}
	list, err := r.Expect(0x30)
	if err != nil {
		return ""
	}
	bindings := ber.NewReader(list)
	name, _, _, err := bindings.Binding()
	if err != nil {
		return ""
	}
	oid, err := ber.DecodeOID(name)
	if err != nil {
		return ""
	}
	return profile.Dotted(oid)
}

// CheckUser tells what is wrong with an SNMPv3 credential by itself: protocols
// that do not exist, passwords that are too short.
func CheckUser(c collectors.SNMPCredential) error {
	auth, ok := authProtocols[strings.ToUpper(c.AuthProtocol)]
	if !ok {
		return fmt.Errorf("authentication protocol %q is not one of MD5, SHA, SHA224, SHA256, SHA384, SHA512", c.AuthProtocol)
	}
	priv, ok := privProtocols[strings.ToUpper(c.PrivProtocol)]
	if !ok {
		return fmt.Errorf("privacy protocol %q is not one of DES, AES, AES192, AES256, AES192C, AES256C", c.PrivProtocol)
	}
	if c.User == "" {
		return errors.New("SNMPv3 needs a user name")
	}
	if priv != gosnmp.NoPriv && auth == gosnmp.NoAuth {
		return errors.New("SNMPv3 has no privacy without authentication")
	}
	for name, secret := range map[string]string{"authentication": c.AuthPassword, "privacy": c.PrivPassword} {
		used := name == "authentication" && auth != gosnmp.NoAuth || name == "privacy" && priv != gosnmp.NoPriv
		if used && len(secret) < 8 {
			return fmt.Errorf("the %s password must have at least 8 characters (RFC 3414 section 11.2)", name)
		}
	}
	return nil
}

func newV3(e *Engine, to netip.AddrPort, c collectors.SNMPCredential, timeout time.Duration, retries int) (*v3, error) {
	if err := CheckUser(c); err != nil {
		return nil, err
	}
	return &v3{
		engine: e, to: to, context: c.ContextName, timeout: timeout, retries: retries,
		user: usm.User{
			Name: c.User, AuthProtocol: strings.ToUpper(c.AuthProtocol), AuthPassword: c.AuthPassword,
			PrivProtocol: strings.ToUpper(c.PrivProtocol), PrivPassword: c.PrivPassword,
		},
	}, nil
}

// connect opens a socket of gosnmp's; its first request discovers the engine.
func (u *v3) connect(ctx context.Context) error {
	if u.client != nil {
		u.client.Context = ctx
		return nil
	}
	auth, priv := authProtocols[u.user.AuthProtocol], privProtocols[u.user.PrivProtocol]
	flags := gosnmp.NoAuthNoPriv
	switch {
	case priv != gosnmp.NoPriv:
		flags = gosnmp.AuthPriv
	case auth != gosnmp.NoAuth:
		flags = gosnmp.AuthNoPriv
	}
	client := &gosnmp.GoSNMP{
		Target: u.to.Addr().String(), Port: u.to.Port(), Transport: "udp", Version: gosnmp.Version3,
		Timeout: u.timeout, Retries: u.retries, MaxOids: maxObjects * 2, MsgFlags: flags, Context: ctx,
		SecurityModel: gosnmp.UserSecurityModel, ContextName: u.context,
		SecurityParameters: &gosnmp.UsmSecurityParameters{
			UserName: u.user.Name, AuthenticationProtocol: auth, AuthenticationPassphrase: u.user.AuthPassword,
			PrivacyProtocol: priv, PrivacyPassphrase: u.user.PrivPassword,
		},
	}
	if err := client.Connect(); err != nil {
		return fmt.Errorf("ask %s: %w: %w", u.to, collectors.ErrUnreachable, err)
	}
	u.wire = &recorder{Conn: client.Conn, v3: u}
	client.Conn = u.wire
	u.client = client
	return nil
}

func (u *v3) close() {
	u.hangUp()
	u.secure = nil
}

// hangUp closes gosnmp's socket; the next request opens it and discovers the
// engine anew.
func (u *v3) hangUp() {
	if u.client != nil {
		_ = u.client.Close() // it was only asked
	}
	u.client, u.wire = nil, nil
}

// envelope takes over the engine that gosnmp discovered.
func (u *v3) envelope() (envelope, error) {
	if u.secure != nil {
		u.hangUp()
		return u.secure, nil
	}
	if u.client == nil {
		return nil, nil
	}
	params, ok := u.client.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	if !ok || params.AuthoritativeEngineID == "" {
		return nil, nil
	}
	user, err := u.engine.users.prepare(u.user)
	if err != nil {
		return nil, err
	}
	id := []byte(params.AuthoritativeEngineID)
	keys, err := user.Localise(id)
	if err != nil {
		return nil, err
	}
	u.secure = &secure{
		keys: keys, engineID: id, user: []byte(u.user.Name), context: []byte(u.context),
		boots: params.AuthoritativeEngineBoots, time: params.AuthoritativeEngineTime, at: time.Now(),
	}
	if keys.Flags()&usm.FlagAuth != 0 {
		u.secure.shown = u.engine.clockOf(clockKey{normal(u.to).Addr(), string(id)})
	}
	u.hangUp()
	return u.secure, nil
}

func (u *v3) request(ctx context.Context, pdu byte, repetitions int, names [][]byte) (reply, error) {
	if err := u.connect(ctx); err != nil {
		return reply{}, err
	}
	dotted := make([]string, len(names))
	for i, n := range names {
		oid, err := ber.DecodeOID(n)
		if err != nil {
			return reply{}, err
		}
		dotted[i] = profile.Dotted(oid)
	}
	var (
		p   *gosnmp.SnmpPacket
		err error
	)
	switch pdu {
	case ber.GetBulk:
		p, err = u.client.GetBulk(dotted, 0, uint32(repetitions))
	case ber.GetNext:
		p, err = u.client.GetNext(dotted)
	default:
		p, err = u.client.Get(dotted)
	}
	if err != nil {
		if ctx.Err() != nil {
			return reply{}, ctx.Err()
		}
		if name := report(u.wire.last); name != "" {
			if told := reportError(name); told != gosnmp.ErrUnknownEngineID && told != gosnmp.ErrNotInTimeWindow && told != gosnmp.ErrUnknownReportPDU { //nolint:errorlint // our own values
				err = told
			}
		}
		u.close()
		return reply{}, u.describe(err)
	}
	if p.PDUType == gosnmp.Report {
		u.close()
		name := ""
		if len(p.Variables) > 0 {
			name = strings.TrimPrefix(p.Variables[0].Name, ".")
		}
		return reply{}, u.describe(reportError(name))
	}
	r := reply{status: int(p.Error), index: int(p.ErrorIndex)}
	for _, v := range p.Variables {
		oid, err := profile.ParseOID(v.Name)
		if err != nil {
			return reply{}, fmt.Errorf("ask %s: %w: %w", u.to, collectors.ErrProtocol, err)
		}
		name, err := ber.EncodeOID(oid)
		if err != nil {
			return reply{}, fmt.Errorf("ask %s: %w: %w", u.to, collectors.ErrProtocol, err)
		}
		b := binding{name: name, tag: byte(v.Type), raw: rawOf(v), end: v.Type == gosnmp.EndOfMibView}
		r.bindings = append(r.bindings, b)
		r.size += len(name) + len(b.raw.Bytes)
	}
	return r, nil
}

// usmStats are the counters that reports name, RFC 3414 section 5.
var usmStats = map[string]error{
	"1.3.6.1.6.3.15.1.1.1.0": gosnmp.ErrUnknownSecurityLevel,
	"1.3.6.1.6.3.15.1.1.2.0": gosnmp.ErrNotInTimeWindow,
	"1.3.6.1.6.3.15.1.1.3.0": gosnmp.ErrUnknownUsername,
	"1.3.6.1.6.3.15.1.1.4.0": gosnmp.ErrUnknownEngineID,
	"1.3.6.1.6.3.15.1.1.5.0": gosnmp.ErrWrongDigest,
	"1.3.6.1.6.3.15.1.1.6.0": gosnmp.ErrDecryption,
}

func reportError(name string) error {
	if err, ok := usmStats[name]; ok {
		return err
	}
	return gosnmp.ErrUnknownReportPDU
}

// describe sorts gosnmp's errors into ours and says what to look at.
func (u *v3) describe(err error) error {
	switch {
	case errors.Is(err, gosnmp.ErrUnknownUsername):
		return fmt.Errorf("ask %s: %w: the agent does not know user %q", u.to, collectors.ErrAuth, u.user.Name)
	case errors.Is(err, gosnmp.ErrWrongDigest):
		return fmt.Errorf("ask %s: %w: authentication protocol or password of user %q is wrong", u.to, collectors.ErrAuth, u.user.Name)
	case errors.Is(err, gosnmp.ErrDecryption):
		return fmt.Errorf("ask %s: %w: privacy protocol or password of user %q is wrong", u.to, collectors.ErrAuth, u.user.Name)
	case errors.Is(err, gosnmp.ErrUnknownSecurityLevel):
		return fmt.Errorf("ask %s: %w: user %q may not use this security level", u.to, collectors.ErrAuth, u.user.Name)
	case errors.Is(err, gosnmp.ErrNotInTimeWindow), errors.Is(err, gosnmp.ErrUnknownEngineID):
		return fmt.Errorf("ask %s: %w: engine id or clock of the agent changed and did not settle: %w", u.to, collectors.ErrProtocol, err)
	case errors.Is(err, gosnmp.ErrMaxRetriesExceeded), strings.Contains(err.Error(), "timeout"):
		return fmt.Errorf("ask %s: %w within %s, tried %d times (SNMPv3 user %q)", u.to, collectors.ErrUnreachable, u.timeout, u.retries+1, u.user.Name)
	case strings.Contains(err.Error(), "connection refused"):
		return fmt.Errorf("ask %s: %w: nothing listens on this port", u.to, collectors.ErrUnreachable)
	}
	return fmt.Errorf("ask %s: %w: %w", u.to, collectors.ErrProtocol, err)
}

func rawOf(v gosnmp.SnmpPDU) profile.Raw {
	switch x := v.Value.(type) {
	case int:
		return profile.Raw{Kind: profile.Int, Int: int64(x)}
	case uint:
		return profile.Raw{Kind: profile.Int, Int: int64(x)}
	case uint32:
		return profile.Raw{Kind: profile.Int, Int: int64(x)}
	case uint64:
		if x > 1<<63-1 {
			return profile.Raw{Kind: profile.Uint, Uint: x}
		}
		return profile.Raw{Kind: profile.Int, Int: int64(x)}
	case float32:
		return profile.Raw{Kind: profile.Float, Float: float64(x)}
	case float64:
		return profile.Raw{Kind: profile.Float, Float: x}
	case []byte:
		return profile.Raw{Kind: profile.Bytes, Bytes: append([]byte(nil), x...)}
	case string:
		if v.Type == gosnmp.IPAddress {
			if a, err := netip.ParseAddr(x); err == nil { // octets, as the other versions give it
				return profile.Raw{Kind: profile.Bytes, Bytes: a.AsSlice()}
			}
		}
		if v.Type == gosnmp.ObjectIdentifier {
			return profile.Raw{Kind: profile.OID, Bytes: []byte(strings.TrimPrefix(x, "."))}
		}
		return profile.Raw{Kind: profile.Bytes, Bytes: []byte(x)}
	}
	return profile.Raw{}
}
