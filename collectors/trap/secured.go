package trap

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"sync"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/models"
)

type deviceID = models.DeviceID

// The usmStats counters by their last sub-identifier, RFC 3414 section 5.
const (
	unsupportedLevel = 1
	notInTimeWindow  = 2
	unknownUser      = 3
	unknownEngine    = 4
	wrongDigest      = 5
	decryptionError  = 6
)

// keys are a user's keys at one engine, which one goroutine at a time may use.
type keys struct {
	mu sync.Mutex
	*usm.Keys
}

// secured takes a message of version 3 (RFC 3414 section 3.2). Of a trap its
// sender is the authoritative engine, of an inform we are.
func (r *Receiver) secured(datagram []byte, from netip.AddrPort, s *source, senders []Sender) error {
	b := bytes.Clone(datagram) // it is decrypted in place
	m, err := usm.Parse(b)
	if err != nil {
		return err
	}
	ours := string(m.EngineID) == r.engine.id
	if len(m.EngineID) < 5 || len(m.EngineID) > 32 {
		// Who waits for an answer must know our engine: this is how it learns it.
		r.report(m, unknownEngine, nil, from)
		return nil
	}
	o, err := r.open(b, &m, sha256.Sum256(datagram), ours, from, senders)
	if err == nil && o.pdu.Tag == tagInform && !ours {
		o.why, o.keys, err = unknownEngine, nil, fmt.Errorf("%w: inform for another engine", errRefused)
	}
	if err != nil {
		if !ours && o.why != 0 {
			o.why, o.keys = unknownEngine, nil
		}
		if o.why != 0 {
			r.report(m, o.why, o.keys, from)
		}
		return err
	}
	if o.pdu.Tag != tagTrapV2 && o.pdu.Tag != tagInform || ours != (o.pdu.Tag == tagInform) {
		return fmt.Errorf("%w: no notification", ber.ErrMalformed)
	}
	n, err := readV2(o.pdu.Bindings)
	if err != nil {
		return err
	}
	n.version, n.inform = "v3", ours
	var answer func() []byte
	if ours {
		// Its message changes when it is sent again, with the clock.
		n.key = keyOf(from, m.User, o.scoped)
		bindings := bindingsOf(pduOf(o.scoped))
		answer = func() []byte {
			o.keys.mu.Lock()
			defer o.keys.mu.Unlock()
			out := usm.Message{ID: m.ID, Flags: o.keys.Flags(), EngineID: []byte(r.engine.id), User: m.User, Boots: r.engine.boots, Time: r.engine.seconds()}
			reply := usm.PDU{ContextEngineID: o.pdu.ContextEngineID, Context: o.pdu.Context, Tag: ber.Response, ID: o.pdu.ID}
			return usm.Append(nil, out, o.keys.Keys, reply, bindings)
		}
	}
	r.handle(Trap{From: from.Addr(), Device: o.device}, n, from, s, answer)
	return nil
}

// opened is a message that was found to be from a device and of now. Otherwise
// why is the usmStats counter to report, zero for none; the report is signed
// with the keys, if any.
type opened struct {
	device deviceID
	keys   *keys
	scoped []byte
	pdu    usm.PDU
	why    int
}

// open checks who sent a message and when, and decrypts it in place.
func (r *Receiver) open(b []byte, m *usm.Message, sum digest, ours bool, from netip.AddrPort, senders []Sender) (o opened, err error) {
	var candidates []Sender
	o.why = unknownUser
	for _, x := range senders {
		// No name is no user, but a device whose credential is not known.
		if x.Version != collectors.SNMPv3 || x.Credential.User == "" || x.Credential.User != string(m.User) {
			continue
		}
		o.why = unsupportedLevel
		if levelOf(x.Credential) == m.Flags&(usm.FlagAuth|usm.FlagPriv) {
			candidates = append(candidates, x)
		}
	}
	if len(candidates) == 0 {
		return o, fmt.Errorf("%w: no such user, or not at this security level", errRefused)
	}
	o.why = wrongDigest
	k, device, err := r.authenticate(b, m, candidates)
	if err != nil {
		return o, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if m.Flags&usm.FlagAuth != 0 {
		if err := r.timely(m, sum, ours, from.Addr(), device); err != nil {
			o.why, o.keys = notInTimeWindow, k
			return o, err
		}
	}
	o.why = decryptionError
	if o.scoped, err = k.Scoped(m); err != nil {
		return o, fmt.Errorf("%w: %w", errRefused, err)
	}
	o.why = 0
	o.device, o.keys = device, k
	o.pdu, err = usm.ParseScoped(o.scoped)
	return o, err
}

// pduOf returns the body of the PDU in a scoped PDU that was read before.
func pduOf(scoped []byte) []byte {
	p := ber.NewReader(scoped)
	var body []byte
	for range 3 {
		_, body, _ = p.Next()
	}
	return body
}

// levelOf is the security level that a credential is for.
func levelOf(c collectors.SNMPCredential) (flags byte) {
	if c.AuthProtocol != "" {
		flags |= usm.FlagAuth
	}
	if c.PrivProtocol != "" {
		flags |= usm.FlagPriv
	}
	return flags
}

// authenticate finds the credential whose digest a message bears, and the one
// device that it belongs to.
func (r *Receiver) authenticate(b []byte, m *usm.Message, candidates []Sender) (*keys, deviceID, error) {
	var found *keys
	var device deviceID
	tried := map[usm.User]bool{}
	whole := bytes.Clone(b)
	var right usm.User
	for _, c := range candidates {
		user := usm.User{
			Name: c.Credential.User, AuthProtocol: c.Credential.AuthProtocol, AuthPassword: c.Credential.AuthPassword,
			PrivProtocol: c.Credential.PrivProtocol, PrivPassword: c.Credential.PrivPassword,
		}
		if found != nil && user == right {
			if device != c.Device {
				return nil, 0, errAmbiguous
			}
			continue
		}
		if found != nil || tried[user] {
			continue
		}
		tried[user] = true
		k, err := r.engine.keys(user, m.EngineID)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %w", errRefused, err)
		}
		if user.AuthProtocol != "" {
			// The check clears the digest in the message: the next one needs it.
			copy(b, whole)
			k.mu.Lock()
			ok := k.Authentic(b, m)
			k.mu.Unlock()
			if !ok {
				continue
			}
		}
		r.engine.remember(user, m.EngineID, k)
		found, device, right = k, c.Device, user
	}
	if found == nil {
		return nil, 0, fmt.Errorf("%w: wrong digest", errRefused)
	}
	return found, device, nil
}

// timely tells whether an authentic message belongs to now. We are the clock of
// informs; of traps the sender is, and its clock never goes back unless a poll
// shows that it did.
func (r *Receiver) timely(m *usm.Message, sum digest, ours bool, from netip.Addr, device deviceID) error {
	if !ours {
		var polled proof
		if r.opt.Clock != nil {
			polled.boots, polled.seconds, polled.at = r.opt.Clock(from, string(m.EngineID))
		}
		no := r.engine.advance(string(m.EngineID), m.Boots, m.Time, sum, from, polled)
		if no == nil {
			return nil
		}
		if no.fell != 0 && r.opt.Fell != nil {
			r.opt.Fell(Fall{Device: device, From: from, EngineID: bytes.Clone(m.EngineID), Boots: m.Boots, Known: no.fell})
		}
		heard := "heard before this start"
		if no.from.IsValid() {
			heard = "last heard from " + no.from.String()
		}
		return fmt.Errorf("%w: engine %x, boots %d, time %d; %s", errOutdated, m.EngineID, m.Boots, m.Time, heard)
	}
	off := int64(m.Time) - int64(r.engine.seconds())
	if m.Boots != r.engine.boots || off < -timeWindow || off > timeWindow {
		return fmt.Errorf("%w: inform of boots %d, time %d", errOutdated, m.Boots, m.Time)
	}
	return nil
}

// report says why a message was refused, to who can be told; with keys it is
// authenticated, so that the time in it can be trusted. It is never encrypted.
func (r *Receiver) report(m usm.Message, counter int, k *keys, to netip.AddrPort) {
	n := r.engine.stats[counter].Add(1)
	if m.Flags&usm.FlagReportable == 0 {
		return
	}
	name, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 6, 3, 15, 1, 1, uint32(counter), 0})
	if err != nil {
		return
	}
	binding := ber.AppendBinding(nil, name, 0x41, ber.AppendInteger(nil, int64(n))[2:])
	out := usm.Message{ID: m.ID, EngineID: []byte(r.engine.id), Boots: r.engine.boots, Time: r.engine.seconds()}
	var used *usm.Keys
	if k != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		out.Flags, out.User, used = k.Flags()&usm.FlagAuth, m.User, k.Keys
	}
	if _, err := r.conn.WriteToUDPAddrPort(usm.Append(nil, out, used, usm.PDU{ContextEngineID: []byte(r.engine.id), Tag: ber.Report}, binding), to); err != nil {
		r.opt.Log.Debug("report to a sender", "to", to.String(), "err", err)
	}
}
