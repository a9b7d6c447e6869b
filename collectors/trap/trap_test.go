package trap_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/collectors/trap"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParseAddr("127.0.0.1")

const rules = `
profile: test-traps
abstract: true
source: test
trap_variables:
  remaining: 1.3.6.1.4.1.99999.1.1
traps:
  - {oid: 1.3.6.1.4.1.99999.0.5, name: onBattery, text: "On battery, minutes left: {remaining}", severity: critical}
  - {oid: 1.3.6.1.4.1.99999.0.6, name: offBattery, text: Mains are back, severity: ok, clears: 1.3.6.1.4.1.99999.0.5}
  - {oid: 1.3.6.1.6.3.1.1.5.3, name: linkDown, text: Link down, severity: warning}
`

func library(t testing.TB) *profile.Library {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"test/test-traps.yaml": {Data: []byte(rules)}})
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// bench is a receiver with what it received.
type bench struct {
	*trap.Receiver
	t    testing.TB
	stop func()

	mu   sync.Mutex
	got  []trap.Trap
	fail error // what informs come to
}

func listen(t testing.TB, o trap.Options, senders map[string][]trap.Sender) *bench {
	t.Helper()
	b := &bench{t: t}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	o.Library = library(t)
	o.Senders = func(a netip.Addr) []trap.Sender { return senders[a.String()] }
	o.Handle = func(x trap.Trap, done func(error)) {
		b.mu.Lock()
		b.got = append(b.got, x)
		err := b.fail
		b.mu.Unlock()
		if (done != nil) != x.Inform {
			t.Errorf("done of %+v", x)
		}
		if done != nil {
			done(err)
		}
	}
	r, err := trap.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	b.Receiver = r
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func (b *bench) traps() []trap.Trap {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// until waits for a condition on the real clock: sockets know no other.
func (b *bench) until(what string, ok func(trap.Stats) bool) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(b.Stats()); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not in time: %s; %+v, %+v", what, b.Stats(), b.traps())
		}
	}
}

// dial is a device's socket.
func (b *bench) dial() *net.UDPConn {
	b.t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(b.Addr()))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t testing.TB, c *net.UDPConn, msg []byte) {
	t.Helper()
	if _, err := c.Write(msg); err != nil {
		t.Fatal(err)
	}
}

// answer reads one datagram; nil when none comes within the time.
func answer(t testing.TB, c *net.UDPConn, within time.Duration) []byte {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 65536)
	n, err := c.Read(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func binding(t testing.TB, oid string, tag byte, value []byte) []byte {
	t.Helper()
	n, err := profile.ParseOID(oid)
	if err != nil {
		t.Fatal(err)
	}
	name, err := ber.EncodeOID(n)
	if err != nil {
		t.Fatal(err)
	}
	return ber.AppendBinding(nil, name, tag, value)
}

// bindings are those of a notification of version 2.
func bindings(t testing.TB, oid string, more ...[]byte) []byte {
	t.Helper()
	n, err := profile.ParseOID(oid)
	if err != nil {
		t.Fatal(err)
	}
	value, err := ber.EncodeOID(n)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Concat(binding(t, "1.3.6.1.2.1.1.3.0", 0x43, []byte{1}), binding(t, "1.3.6.1.6.3.1.1.4.1.0", 6, value))
	return append(out, slices.Concat(more...)...)
}

const (
	onBattery  = "1.3.6.1.4.1.99999.0.5"
	offBattery = "1.3.6.1.4.1.99999.0.6"

	tagInform = 0xA6
	tagTrap   = 0xA7
)

func v2c(t testing.TB, community string, tag byte, id int32, oid string, more ...[]byte) []byte {
	t.Helper()
	return ber.Encode(nil, 1, community, tag, id, 0, 0, bindings(t, oid, more...))
}

func plainSender(device models.DeviceID, community string) trap.Sender {
	return trap.Sender{Device: device, Version: collectors.SNMPv2c, Credential: collectors.SNMPCredential{Community: community}}
}

func one(s ...trap.Sender) map[string][]trap.Sender {
	return map[string][]trap.Sender{loopback.String(): s}
}

func TestTrap(t *testing.T) {
	b := listen(t, trap.Options{}, one(plainSender(7, "secret")))
	c := b.dial()
	send(t, c, v2c(t, "secret", tagTrap, 1, onBattery, binding(t, "1.3.6.1.4.1.99999.1.1.0", 2, []byte{12}), binding(t, "1.3.6.1.4.1.5.1", 4, []byte("a\x00b"))))
	send(t, c, v2c(t, "secret", tagTrap, 2, offBattery))
	send(t, c, v2c(t, "secret", tagTrap, 3, "1.3.6.1.4.1.77.0.1"))
	b.until("received", func(s trap.Stats) bool { return s.Received == 3 })
	got := b.traps()
	if x := got[0]; x.Device != 7 || x.From != loopback || x.Version != "v2c" || x.Inform || x.Name != "onBattery" || x.Text != "On battery, minutes left: 12" ||
		x.Severity != models.SeverityCritical || len(x.Variables) != 2 || time.Since(x.Time) > time.Minute {
		t.Errorf("got %+v", x)
	}
	if v := got[0].Variables; v[0] != (models.EventVariable{Name: "remaining", OID: "1.3.6.1.4.1.99999.1.1.0", Value: "12"}) || v[1].Value != "610062" {
		t.Errorf("variables %+v", v)
	}
	if x := got[1]; x.Name != "offBattery" || x.Clears != "onBattery" || x.Severity != models.SeverityOK {
		t.Errorf("got %+v", x)
	}
	if x := got[2]; x.Name != "1.3.6.1.4.1.77.0.1" || x.Text != "" || x.Severity != models.SeverityUnknown {
		t.Errorf("unknown notification: %+v", x)
	}
	if answer(t, c, 50*time.Millisecond) != nil {
		t.Error("a trap was answered")
	}
}

// What bears no credential of the device is counted and dropped.
func TestCommunity(t *testing.T) {
	secure := trap.Sender{Device: 8, Version: collectors.SNMPv3, Credential: collectors.SNMPCredential{User: "u", Community: "left over"}}
	b := listen(t, trap.Options{}, one(plainSender(7, "secret"), secure, plainSender(9, "")))
	c := b.dial()
	for _, bad := range []string{"public", "", "left over", "secret2"} {
		send(t, c, v2c(t, bad, tagInform, 1, onBattery))
	}
	b.until("refused", func(s trap.Stats) bool { return s.Refused == 4 })
	if answer(t, c, 50*time.Millisecond) != nil || len(b.traps()) != 0 {
		t.Error("a wrong community was answered")
	}
	send(t, c, v2c(t, "secret", tagInform, 1, onBattery))
	b.until("received", func(s trap.Stats) bool { return s.Received == 1 && s.Acknowledged == 1 })

	lax := listen(t, trap.Options{AnyCommunity: true}, one(plainSender(7, "secret"), secure))
	send(t, lax.dial(), v2c(t, "public", tagTrap, 1, onBattery))
	lax.until("received", func(s trap.Stats) bool { return s.Received == 1 })
	if x := lax.traps()[0]; x.Device != 7 {
		t.Errorf("got %+v", x)
	}
}

// A box that is read with SNMP and with Modbus is two devices at one address: the
// one that is read with SNMP sends the traps. Where none is, another may.
func TestAnyCommunityOfMixed(t *testing.T) {
	modbus := trap.Sender{Device: 1, Version: collectors.ModbusTCP}
	secure := trap.Sender{Device: 2, Version: collectors.SNMPv3}
	for name, c := range map[string]struct {
		senders []trap.Sender
		want    models.DeviceID // 0: dropped
	}{
		"read two ways":            {[]trap.Sender{modbus, plainSender(7, "secret")}, 7},
		"read with Modbus":         {[]trap.Sender{modbus}, 1},
		"of SNMPv3 and Modbus":     {[]trap.Sender{modbus, secure}, 0},
		"two with SNMP, ambiguous": {[]trap.Sender{plainSender(7, "secret"), modbus, plainSender(8, "")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := listen(t, trap.Options{AnyCommunity: true}, one(c.senders...))
			send(t, b.dial(), v2c(t, "public", tagTrap, 1, onBattery))
			b.until("looked at", func(s trap.Stats) bool { return s.Received+s.Refused+s.Ambiguous == 1 })
			var got models.DeviceID
			for _, x := range b.traps() {
				got = x.Device
			}
			if got != c.want {
				t.Errorf("of device %d, want %d", got, c.want)
			}
		})
	}
}

// Of devices that share address and credential nobody can tell which it was.
func TestSharedAddress(t *testing.T) {
	b := listen(t, trap.Options{}, one(plainSender(1, "a"), plainSender(2, "b"), plainSender(3, "b")))
	c := b.dial()
	send(t, c, v2c(t, "a", tagTrap, 1, onBattery))
	send(t, c, v2c(t, "b", tagTrap, 1, onBattery))
	b.until("told apart", func(s trap.Stats) bool { return s.Received == 1 && s.Ambiguous == 1 })
	if x := b.traps()[0]; x.Device != 1 {
		t.Errorf("got %+v", x)
	}
}

// A repeated inform is acknowledged again and told once; one that was not kept
// is not acknowledged and told again.
func TestRepeatedInform(t *testing.T) {
	b := listen(t, trap.Options{}, one(plainSender(7, "secret")))
	b.mu.Lock()
	b.fail = errors.New("the database is away")
	b.mu.Unlock()
	c := b.dial()
	msg := v2c(t, "secret", tagInform, 77, onBattery, binding(t, "1.3.6.1.4.1.99999.1.1.0", 2, []byte{12}))
	send(t, c, msg)
	b.until("not kept", func(s trap.Stats) bool { return s.Unkept == 1 })
	if answer(t, c, 50*time.Millisecond) != nil {
		t.Fatal("acknowledged what is not kept")
	}
	b.mu.Lock()
	b.fail = nil
	b.mu.Unlock()
	for range 3 {
		send(t, c, msg)
		m, err := ber.Decode(answer(t, c, 5*time.Second))
		if err != nil || m.PDU != ber.Response || m.ID != 77 || m.A != 0 || string(m.Community) != "secret" {
			t.Fatalf("answer %+v: %v", m, err)
		}
		n := 0
		for ; !m.Bindings.Done(); n++ {
			if _, _, _, err := m.Bindings.Binding(); err != nil {
				t.Fatal(err)
			}
		}
		if n != 3 {
			t.Errorf("%d bindings come back", n)
		}
	}
	b.until("counted", func(s trap.Stats) bool { return s.Repeated == 2 && s.Acknowledged == 3 })
	if len(b.traps()) != 2 {
		t.Errorf("told %d times", len(b.traps()))
	}
	send(t, c, v2c(t, "secret", tagInform, 78, onBattery, binding(t, "1.3.6.1.4.1.99999.1.1.0", 2, []byte{12})))
	b.until("the next one", func(s trap.Stats) bool { return s.Received == 3 })
}

// Informs are not taken for repeated ones because they say the same: of two
// devices behind one address, and of one that begins its request ids anew.
func TestSameInformOfOthers(t *testing.T) {
	b := listen(t, trap.Options{}, one(plainSender(1, "a"), plainSender(2, "b")))
	c := b.dial()
	for _, community := range []string{"a", "b"} {
		send(t, c, v2c(t, community, tagInform, 1, onBattery))
		if answer(t, c, 5*time.Second) == nil {
			t.Error("not acknowledged")
		}
	}
	again := b.dial() // from another port
	send(t, again, v2c(t, "a", tagInform, 1, onBattery))
	if answer(t, again, 5*time.Second) == nil {
		t.Error("not acknowledged")
	}
	var devices []models.DeviceID
	for _, x := range b.traps() {
		devices = append(devices, x.Device)
	}
	if !slices.Equal(devices, []models.DeviceID{1, 2, 1}) || b.Stats().Repeated != 0 {
		t.Errorf("told of devices %v, %+v", devices, b.Stats())
	}
}

// The same of version 3, where the message differs when it is sent again.
func TestSameSecureInformOfOthers(t *testing.T) {
	other := v3user
	other.Name = "other"
	b := listen(t, trap.Options{}, one(secureSender(1, v3user), secureSender(2, other)))
	p, q, again := newPeer(b, v3user, b.EngineID()), newPeer(b, other, b.EngineID()), newPeer(b, v3user, b.EngineID())
	q.c = p.c
	for _, x := range []*peer{p, q, again, again} {
		send(t, x.c, x.message(tagInform, 3, 1, 0))
		if tag, _, _ := x.read(); tag != ber.Response {
			t.Errorf("tag %#x", tag)
		}
	}
	var devices []models.DeviceID
	for _, x := range b.traps() {
		devices = append(devices, x.Device)
	}
	if s := b.Stats(); !slices.Equal(devices, []models.DeviceID{1, 2, 1}) || s.Repeated != 1 {
		t.Errorf("told of devices %v, %+v", devices, s)
	}
}

// v1 builds a trap of version 1.
func v1(t testing.TB, community string, agent [4]byte, generic, specific int64) []byte {
	t.Helper()
	oid, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 4, 1, 99999})
	if err != nil {
		t.Fatal(err)
	}
	body := ber.AppendTLV(nil, 6, oid)
	body = ber.AppendTLV(body, 0x40, agent[:])
	body = ber.AppendInteger(body, generic)
	body = ber.AppendInteger(body, specific)
	body = ber.AppendTLV(body, 0x43, []byte{9})
	body = ber.AppendTLV(body, 0x30, nil)
	msg := ber.AppendInteger(nil, 0)
	msg = ber.AppendTLV(msg, 4, []byte(community))
	msg = ber.AppendTLV(msg, 0xA4, body)
	return ber.AppendTLV(nil, 0x30, msg)
}

// The address that a trap names counts only when a forwarder sent it.
func TestForwarder(t *testing.T) {
	senders := map[string][]trap.Sender{"10.9.8.7": {plainSender(42, "far")}, loopback.String(): {plainSender(7, "near")}}
	agent := binding(t, "1.3.6.1.6.3.18.1.3.0", 0x40, []byte{10, 9, 8, 7})
	foreign := binding(t, "1.3.6.1.6.3.18.1.3.0", 0x40, []byte{10, 9, 8, 6})
	b := listen(t, trap.Options{}, senders)
	c := b.dial()
	send(t, c, v1(t, "near", [4]byte{10, 9, 8, 7}, 6, 5))
	b.until("received", func(s trap.Stats) bool { return s.Received == 1 })
	send(t, c, v1(t, "far", [4]byte{10, 9, 8, 7}, 6, 5))
	send(t, c, v2c(t, "far", tagTrap, 1, onBattery, agent))
	b.until("refused", func(s trap.Stats) bool { return s.Refused == 2 })
	if x := b.traps()[0]; x.Device != 7 || x.From != loopback || x.Version != "v1" || x.Name != "onBattery" {
		t.Errorf("got %+v", x)
	}
	f := listen(t, trap.Options{Forwarders: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, senders)
	c = f.dial()
	send(t, c, v1(t, "far", [4]byte{10, 9, 8, 7}, 2, 0))
	send(t, c, v2c(t, "far", tagTrap, 1, onBattery, agent))
	send(t, c, v2c(t, "near", tagTrap, 1, onBattery))         // of itself
	send(t, c, v1(t, "near", [4]byte{10, 9, 8, 7}, 6, 5))     // not the device's community
	send(t, c, v2c(t, "far", tagTrap, 1, onBattery, foreign)) // of no device
	f.until("received", func(s trap.Stats) bool { return s.Received == 3 && s.Refused == 1 && s.Foreign == 1 })
	var devices []models.DeviceID
	for _, x := range f.traps() {
		devices = append(devices, x.Device)
		if (x.Device == 42) != (x.Via == loopback) {
			t.Errorf("got %+v", x)
		}
	}
	if !slices.Equal(devices, []models.DeviceID{42, 42, 7}) || f.traps()[0].Name != "linkDown" {
		t.Errorf("got %+v", f.traps())
	}
}

// One that sends without end costs itself; who is no device gets nothing.
func TestFlood(t *testing.T) {
	b := listen(t, trap.Options{Rate: 0.001, Burst: 5}, one(plainSender(7, "secret")))
	c := b.dial()
	for i := range 200 {
		send(t, c, v2c(t, "secret", tagTrap, int32(i), onBattery))
		if i%50 == 49 { // the socket takes no more than it has room for
			b.until("looked at", func(s trap.Stats) bool { return s.Received+s.Limited == uint64(i+1) })
		}
	}
	if s := b.Stats(); s.Received != 5 || s.Limited != 195 {
		t.Errorf("stats %+v", s)
	}
	f := listen(t, trap.Options{}, nil)
	c = f.dial()
	send(t, c, v2c(t, "secret", tagInform, 1, onBattery))
	f.until("counted", func(s trap.Stats) bool { return s.Foreign == 1 })
	if answer(t, c, 50*time.Millisecond) != nil {
		t.Error("somebody who is no device was answered")
	}
}

func TestMalformed(t *testing.T) {
	b := listen(t, trap.Options{}, one(plainSender(7, "secret")))
	c := b.dial()
	good := v2c(t, "secret", tagTrap, 1, onBattery)
	many := make([][]byte, 600)
	for i := range many {
		many[i] = binding(t, "1.3.6.1.4.1.5.1", 2, []byte{1})
	}
	for name, msg := range map[string][]byte{
		"empty":             {},
		"garbage":           []byte("GET / HTTP/1.1"),
		"cut":               good[:len(good)-3],
		"version 2":         append(append(slices.Clone(good[:4]), 2), good[5:]...),
		"a request":         ber.Encode(nil, 1, "secret", ber.Get, 1, 0, 0, nil),
		"a trap of nothing": ber.Encode(nil, 1, "secret", tagTrap, 1, 0, 0, nil),
		"a v2 trap in v1":   ber.Encode(nil, 0, "secret", tagTrap, 1, 0, 0, bindings(t, onBattery)),
		"negative specific": v1(t, "secret", [4]byte{}, 6, -1),
		"many variables":    v2c(t, "secret", tagTrap, 1, onBattery, many...),
	} {
		before := b.Stats().Malformed
		send(t, c, msg)
		b.until(name, func(s trap.Stats) bool { return s.Malformed == before+1 })
	}
	send(t, c, good)
	b.until("a good one", func(s trap.Stats) bool { return s.Received == 1 })
}

// A device that is peer to a receiver of version 3.
type peer struct {
	t      *testing.T
	c      *net.UDPConn
	user   usm.User
	engine []byte // whose keys it uses
	keys   *usm.Keys
}

var v3user = usm.User{Name: "monitor", AuthProtocol: "SHA256", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}

func secureSender(device models.DeviceID, u usm.User) trap.Sender {
	return trap.Sender{Device: device, Version: collectors.SNMPv3, Credential: collectors.SNMPCredential{
		User: u.Name, AuthProtocol: u.AuthProtocol, AuthPassword: u.AuthPassword, PrivProtocol: u.PrivProtocol, PrivPassword: u.PrivPassword,
	}}
}

func newPeer(b *bench, u usm.User, engine []byte) *peer {
	b.t.Helper()
	p, err := u.Prepare()
	if err != nil {
		b.t.Fatal(err)
	}
	k, err := p.Localise(engine)
	if err != nil {
		b.t.Fatal(err)
	}
	return &peer{b.t.(*testing.T), b.dial(), u, engine, k}
}

func (p *peer) message(tag byte, id int32, boots, seconds uint32) []byte {
	flags := p.keys.Flags()
	if tag == tagInform {
		flags |= usm.FlagReportable
	}
	m := usm.Message{ID: id, Flags: flags, EngineID: p.engine, User: []byte(p.user.Name), Boots: boots, Time: seconds}
	return usm.Append(nil, m, p.keys, usm.PDU{ContextEngineID: p.engine, Tag: tag, ID: id}, bindings(p.t, onBattery))
}

// read reads an answer and returns its tag and the last but one number of the
// first name in it.
func (p *peer) read() (byte, uint32, usm.Message) {
	p.t.Helper()
	b := answer(p.t, p.c, 5*time.Second)
	m, err := usm.Parse(b)
	if err != nil {
		p.t.Fatal(err)
	}
	if m.Flags&usm.FlagAuth != 0 && !p.keys.Authentic(b, &m) {
		p.t.Error("the answer is not authentic")
	}
	scoped, err := p.keys.Scoped(&m)
	if err != nil {
		p.t.Fatal(err)
	}
	pdu, err := usm.ParseScoped(scoped)
	if err != nil {
		p.t.Fatal(err)
	}
	name, _, _, err := pdu.Bindings.Binding()
	if err != nil {
		p.t.Fatal(err)
	}
	oid, err := ber.DecodeOID(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return pdu.Tag, oid[len(oid)-2], m
}

// Informs of version 3: discovery, the time window, wrong keys.
func TestSecureInform(t *testing.T) {
	b := listen(t, trap.Options{}, one(secureSender(7, v3user)))
	p := newPeer(b, v3user, b.EngineID())
	report := func(what string, want uint32, authentic bool) usm.Message {
		t.Helper()
		tag, counter, m := p.read()
		if tag != ber.Report || counter != want || (m.Flags&usm.FlagAuth != 0) != authentic {
			t.Errorf("%s: tag %#x, counter %d, flags %d", what, tag, counter, m.Flags)
		}
		return m
	}
	// Who does not know our engine learns it.
	send(t, p.c, usm.Append(nil, usm.Message{ID: 1, Flags: usm.FlagReportable}, nil, usm.PDU{Tag: ber.Get, ID: 1}, nil))
	m := report("discovery", 4, false)
	if string(m.EngineID) != string(b.EngineID()) {
		t.Errorf("engine %x", m.EngineID)
	}
	// Who does not know our clock learns that.
	send(t, p.c, p.message(tagInform, 2, 0, 0))
	m = report("no clock", 2, true)
	if m.Boots != 1 {
		t.Errorf("boots %d", m.Boots)
	}
	send(t, p.c, p.message(tagInform, 3, m.Boots, m.Time))
	if tag, _, _ := p.read(); tag != ber.Response {
		t.Errorf("tag %#x", tag)
	}
	// The same PDU in another message is the same inform.
	again := p.message(tagInform, 3, m.Boots, m.Time)
	send(t, p.c, again)
	if tag, _, _ := p.read(); tag != ber.Response {
		t.Errorf("repeated: tag %#x", tag)
	}
	if x := b.traps(); len(x) != 1 || x[0].Device != 7 || x[0].Version != "v3" || !x[0].Inform || x[0].Name != "onBattery" {
		t.Errorf("got %+v", x)
	}
	b.until("counted", func(s trap.Stats) bool { return s.Repeated == 1 && s.Acknowledged == 2 })
	// Too early, too late, of another start.
	for _, at := range [][2]uint32{{m.Boots, m.Time + 160}, {m.Boots + 1, m.Time}} {
		send(t, p.c, p.message(tagInform, 4, at[0], at[1]))
		report("out of the window", 2, true)
	}
	// Wrong digest, wrong user, wrong level.
	bad := p.message(tagInform, 5, m.Boots, m.Time)
	bad[len(bad)-1] ^= 1
	send(t, p.c, bad)
	report("tampered", 5, false)
	known := p.user
	p.user.Name = "stranger"
	send(t, p.c, p.message(tagInform, 6, m.Boots, m.Time))
	report("stranger", 3, false)
	p.user = known
	open := usm.Message{ID: 7, Flags: usm.FlagReportable, EngineID: b.EngineID(), User: []byte(known.Name), Boots: m.Boots, Time: m.Time}
	send(t, p.c, usm.Append(nil, open, nil, usm.PDU{Tag: tagInform, ID: 7}, bindings(t, onBattery)))
	report("in the clear", 1, false)
	// An inform for an engine that we were before.
	old := newPeer(b, v3user, []byte("\x80\x00\x00\x00\x05other"))
	send(t, old.c, old.message(tagInform, 8, 5, 5))
	tag, counter, _ := old.read()
	if tag != ber.Report || counter != 4 {
		t.Errorf("another engine: tag %#x, counter %d", tag, counter)
	}
	if len(b.traps()) != 1 {
		t.Errorf("got %+v", b.traps())
	}
}

// Traps of version 3: the sender's clock counts, copies and old ones are
// refused, also after a restart of the receiver.
func TestSecureTrap(t *testing.T) {
	file := filepath.Join(t.TempDir(), "engine.json")
	b := listen(t, trap.Options{StateFile: file}, one(secureSender(7, v3user), plainSender(8, "public")))
	id := b.EngineID()
	engine := []byte("\x80\x00\x00\x00\x05sender")
	p := newPeer(b, v3user, engine)
	step := func(what string, msg []byte, ok bool) {
		t.Helper()
		before := b.Stats()
		send(t, p.c, msg)
		b.until(what, func(s trap.Stats) bool {
			if ok {
				return s.Received == before.Received+1
			}
			return s.Outdated+s.Refused == before.Outdated+before.Refused+1
		})
	}
	first := p.message(tagTrap, 1, 5, 1000)
	step("first", first, true)
	step("copy", first, false)
	step("a little older", p.message(tagTrap, 2, 5, 900), true)
	step("too old", p.message(tagTrap, 3, 5, 800), false)
	step("restarted", p.message(tagTrap, 4, 6, 3), true)
	step("of the start before", p.message(tagTrap, 5, 5, 2000), false)
	bad := p.message(tagTrap, 6, 6, 5)
	bad[len(bad)-1] ^= 1
	step("tampered", bad, false)
	stranger := newPeer(b, usm.User{Name: v3user.Name, AuthProtocol: "SHA256", AuthPassword: "wrong password", PrivProtocol: "AES", PrivPassword: "priv password"}, engine)
	step("wrong password", stranger.message(tagTrap, 7, 6, 5), false)
	if x := b.traps(); len(x) != 3 || x[0].Device != 7 || x[0].Inform {
		t.Errorf("got %+v", x)
	}
	if answer(t, p.c, 50*time.Millisecond) != nil {
		t.Error("a trap was answered")
	}
	b.stop()

	b = listen(t, trap.Options{StateFile: file}, one(secureSender(7, v3user)))
	if string(b.EngineID()) != string(id) {
		t.Errorf("another engine id after a restart: %x, %x", b.EngineID(), id)
	}
	var kept struct {
		EngineID string `json:"engine_id"`
		Boots    int    `json:"boots"`
	}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil || kept.Boots != 2 || kept.EngineID != hex.EncodeToString(id) {
		t.Errorf("state %s: %v", data, err)
	}
	p = newPeer(b, v3user, engine)
	step("of before the restart", first, false)
	step("new", p.message(tagTrap, 8, 6, 500), true)
}

// A management card that was replaced, with the engine id of its address, counts
// its boots anew. Its traps are refused, which is told once, until a poll shows
// that boots fell; those of the card before are refused from then on.
func TestBootsFall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "engine.json")
	var mu sync.Mutex
	var boots, seconds uint32
	var at time.Time
	var falls []trap.Fall
	poll := func(b, s uint32) {
		mu.Lock()
		defer mu.Unlock()
		boots, seconds, at = b, s, time.Now()
	}
	o := trap.Options{
		StateFile: file,
		Clock: func(a netip.Addr, id string) (uint32, uint32, time.Time) {
			mu.Lock()
			defer mu.Unlock()
			if a != loopback || id != "\x80\x00\x00\x00\x05sender" {
				t.Errorf("asked for engine %x at %s", id, a)
			}
			return boots, seconds, at
		},
		Fell: func(f trap.Fall) { mu.Lock(); defer mu.Unlock(); falls = append(falls, f) },
	}
	told := func() int { mu.Lock(); defer mu.Unlock(); return len(falls) }
	var id int32
	var b *bench
	var p *peer
	begin := func() {
		b = listen(t, o, one(secureSender(7, v3user)))
		p = newPeer(b, v3user, []byte("\x80\x00\x00\x00\x05sender"))
	}
	step := func(what string, msg []byte, ok bool) {
		t.Helper()
		before := b.Stats()
		send(t, p.c, msg)
		b.until(what, func(s trap.Stats) bool { return s.Received+s.Outdated > before.Received+before.Outdated })
		if got := b.Stats().Received > before.Received; got != ok {
			t.Errorf("%s: accepted %t", what, got)
		}
	}
	message := func(boots, seconds uint32) []byte { id++; return p.message(tagTrap, id, boots, seconds) }
	begin()
	old := message(17, 1010) // kept by somebody
	poll(17, 900)
	step("known", message(17, 1000), true)
	poll(17, 1001)
	step("old, as polls show", message(16, 5), false)
	if n := told(); n != 0 {
		t.Errorf("an old message is told: %+v", falls)
	}
	mu.Lock()
	at = time.Time{} // it is not polled for now
	mu.Unlock()
	step("card replaced", message(1, 30), false)
	step("again", message(1, 31), false)
	if told() != 1 || falls[0].Device != 7 || falls[0].From != loopback || falls[0].Boots != 1 || falls[0].Known != 17 || len(falls[0].EngineID) != 11 {
		t.Errorf("told %+v", falls)
	}
	poll(1, 1040)
	kept := message(1, 1041)
	step("a poll shows it", kept, true)
	step("copy", kept, false)
	step("of the card before", old, false)
	step("too old", message(1, 800), false)
	step("restarted, as no poll showed yet", message(2, 3), false)
	poll(2, 4)
	step("restarted", message(2, 5), true)
	b.stop()

	mu.Lock()
	at = time.Time{}
	mu.Unlock()
	begin()
	step("of the card before, after a restart", message(17, 1020), false)
	step("still the same", message(2, 20), true)
	step("beyond what was known", message(18, 1), true)
	if told() != 1 {
		t.Errorf("told %+v", falls)
	}
}

// A device whose credential is not known has neither an empty user nor an empty
// community.
func TestUnknownCredential(t *testing.T) {
	b := listen(t, trap.Options{}, one(trap.Sender{Device: 7, Version: collectors.SNMPv3}, trap.Sender{Device: 8, Version: collectors.SNMPv2c}))
	p := newPeer(b, usm.User{}, []byte("\x80\x00\x00\x00\x05sender"))
	send(t, p.c, p.message(tagTrap, 1, 1, 1))
	send(t, p.c, v2c(t, "", tagTrap, 2, onBattery))
	send(t, p.c, v1(t, "", [4]byte{127, 0, 0, 1}, 6, 5))
	b.until("refused", func(s trap.Stats) bool { return s.Refused+s.Received == 3 })
	if x := b.traps(); len(x) != 0 {
		t.Errorf("got %+v", x)
	}
}

// That the clocks of senders are not kept at the end is not kept quiet.
func TestStateThatIsNotKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	got := make(chan struct{}, 1)
	r, err := trap.Listen(trap.Options{
		Listen: "127.0.0.1:0", StateFile: filepath.Join(dir, "engine.json"), Library: library(t),
		Senders: func(netip.Addr) []trap.Sender { return []trap.Sender{secureSender(7, v3user)} },
		Handle:  func(trap.Trap, func(error)) { got <- struct{}{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	p := newPeer(&bench{Receiver: r, t: t}, v3user, []byte("\x80\x00\x00\x00\x05sender"))
	send(t, p.c, p.message(tagTrap, 1, 1, 1))
	<-got
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ended with %v", err)
	}
}

// Users of the same name at one address are told apart by their keys.
func TestSameUserName(t *testing.T) {
	other := v3user
	other.AuthPassword = "another password"
	b := listen(t, trap.Options{}, one(secureSender(1, other), secureSender(2, v3user)))
	p := newPeer(b, v3user, []byte("\x80\x00\x00\x00\x05sender"))
	send(t, p.c, p.message(tagTrap, 1, 1, 1))
	b.until("received", func(s trap.Stats) bool { return s.Received == 1 })
	if x := b.traps()[0]; x.Device != 2 {
		t.Errorf("got %+v", x)
	}
	shared := listen(t, trap.Options{}, one(secureSender(1, v3user), secureSender(2, v3user)))
	p = newPeer(shared, v3user, []byte("\x80\x00\x00\x00\x05sender"))
	send(t, p.c, p.message(tagTrap, 1, 1, 1))
	shared.until("ambiguous", func(s trap.Stats) bool { return s.Ambiguous == 1 })
}

// A spoilt state file is set aside; one that cannot be read or written is not
// gone without.
func TestSpoiltState(t *testing.T) {
	for name, text := range map[string]string{
		"cut":          `{"engine_id": "80000000`,
		"empty":        "",
		"no engine id": `{"boots": 5}`,
		"short":        `{"engine_id": "8000", "boots": 5}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "engine.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			b := listen(t, trap.Options{StateFile: file}, nil)
			id := b.EngineID()
			b.stop()
			if data, err := os.ReadFile(file + ".spoilt"); err != nil || string(data) != text {
				t.Errorf("set aside %q: %v", data, err)
			}
			if again := listen(t, trap.Options{StateFile: file}, nil).EngineID(); len(id) < 5 || string(again) != string(id) {
				t.Errorf("engine ids %x, %x", id, again)
			}
		})
	}
	o := trap.Options{Listen: "127.0.0.1:0", Senders: func(netip.Addr) []trap.Sender { return nil }, Handle: func(trap.Trap, func(error)) {}}
	for name, file := range map[string]string{"unreadable": t.TempDir(), "unwritable": filepath.Join(t.TempDir(), "gone", "engine.json")} {
		o.StateFile = file
		if _, err := trap.Listen(o); err == nil {
			t.Errorf("%s: informs would be sent to an engine that is another one after each start", name)
		}
	}
}
