package snmp

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testProfile = `
profile: rack-pdu
kind: pdu
source: TEST-MIB
match: [{sysObjectID: [1.3.6.1.4.1.9]}]
points:
  - {key: "outlet/{n}/current", class: current, unit: A, scale: 0.1, column: 1.3.6.1.4.1.9.2.1, index: [n], source: outletCurrent}
  - {key: inlet/1/power, class: power, unit: W, oid: 1.3.6.1.4.1.9.1.1.0, source: inletPower}
`

func testRecording(outlets int) *profile.Recording {
	var b strings.Builder
	b.WriteString("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n1.3.6.1.2.1.1.3.0|67|1000\n1.3.6.1.4.1.9.1.1.0|66|4200\n")
	for i := 1; i <= outlets; i++ {
		b.WriteString("1.3.6.1.4.1.9.2.1." + profile.Dotted([]uint32{uint32(i)}) + "|66|" + profile.Dotted([]uint32{uint32(10 * i)}) + "\n")
	}
	rec, err := profile.ReadRecording(strings.NewReader(b.String()))
	if err != nil {
		panic(err)
	}
	return rec
}

// start gives an engine and an agent with that many outlets.
func start(t *testing.T, outlets int, opt agent.Options) (*Engine, *agent.Table, collectors.Target) {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(testProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(testRecording(outlets))
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Listen("127.0.0.1:0", table, opt)
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Library: lib, Timeout: 150 * time.Millisecond, Retries: 1})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(); a.Close() })
	return e, table, collectors.Target{Device: 1, Name: "pdu", Address: a.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"}}
}

// learnedBy returns the driver of a device that was learned, until the test ends.
func learnedBy(t testing.TB, e *Engine, target collectors.Target) collectors.Driver {
	t.Helper()
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, err := d.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// readAll learns and reads once.
func readAll(t *testing.T, e *Engine, target collectors.Target) (map[string]collectors.Reading, error) {
	t.Helper()
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	l, err := d.Learn(t.Context())
	if err != nil {
		return nil, err
	}
	readings, err := d.Read(t.Context(), []string{"fast", "slow"}, nil)
	out := map[string]collectors.Reading{}
	for _, r := range readings {
		out[l.Points[r.Index].Key] = r
	}
	return out, err
}

func TestReadOverTheWire(t *testing.T) {
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c} {
		t.Run(string(version), func(t *testing.T) {
			e, _, target := start(t, 130, agent.Options{Community: "public"})
			target.Protocol = version
			got, err := readAll(t, e, target)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 131 {
				t.Fatalf("%d points, want 131", len(got))
			}
			if r := got["outlet/130/current"]; r.Quality != models.Good || r.Value != 130 {
				t.Errorf("outlet 130: %+v, want 130 A", r)
			}
			if r := got["inlet/1/power"]; r.Quality != models.Good || r.Value != 4200 {
				t.Errorf("inlet: %+v, want 4200 W", r)
			}
		})
	}
}

func TestBadWeather(t *testing.T) {
	var other net.PacketConn
	tests := []struct {
		name    string
		before  func(request []byte, from net.Addr, write func([]byte), honest func() []byte) bool
		want    error
		foreign bool
	}{
		{"silent", func([]byte, net.Addr, func([]byte), func() []byte) bool { return true }, collectors.ErrUnreachable, false},
		{"garbage first", func(_ []byte, _ net.Addr, write func([]byte), _ func() []byte) bool {
			write([]byte("garbage"))
			return false
		}, nil, false},
		{"wrong request id first", func(_ []byte, _ net.Addr, write func([]byte), honest func() []byte) bool {
			write(poison(honest(), 1))
			return false
		}, nil, true},
		{"only wrong request ids", func(_ []byte, _ net.Addr, write func([]byte), honest func() []byte) bool {
			write(poison(honest(), 7))
			return true
		}, collectors.ErrUnreachable, true},
		{"duplicates", func(_ []byte, _ net.Addr, write func([]byte), honest func() []byte) bool {
			write(honest())
			return false
		}, nil, true},
		{"truncated", func(_ []byte, _ net.Addr, write func([]byte), honest func() []byte) bool {
			b := honest()
			write(b[:len(b)/2])
			return true
		}, collectors.ErrUnreachable, false},
		{"another source answers first", func(_ []byte, from net.Addr, _ func([]byte), honest func() []byte) bool {
			other.WriteTo(poison(honest(), 0), from)
			time.Sleep(5 * time.Millisecond) // so that it arrives first
			return false
		}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			other, err = net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			honest, err := agent.NewTable(testRecording(3))
			if err != nil {
				t.Fatal(err)
			}
			e, _, target := start(t, 3, agent.Options{Before: func(q []byte, from net.Addr, write func([]byte)) bool {
				return tt.before(q, from, write, func() []byte { return answerOf(honest, q) })
			}})
			got, err := readAll(t, e, target)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				for key, want := range map[string]float64{"outlet/1/current": 1, "outlet/3/current": 3, "inlet/1/power": 4200} {
					if r := got[key]; r.Quality != models.Good || r.Value != want {
						t.Errorf("%s: %+v, want %v", key, r, want)
					}
				}
			}
			if tt.foreign && e.Stats().Foreign == 0 {
				t.Error("foreign answers were not counted")
			}
		})
	}
}

// answerOf works out the honest answer to a request.
func answerOf(table *agent.Table, q []byte) []byte {
	m, err := ber.Decode(q)
	if err != nil {
		return nil
	}
	var names [][]byte
	for !m.Bindings.Done() {
		n, _, _, _ := m.Bindings.Binding()
		names = append(names, n)
	}
	_, _, list := table.Respond(m.Version, m.PDU, m.A, m.B, names, 1400)
	return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, list)
}

// poison moves the request id by n and makes every number of the answer 0x55.
func poison(answer []byte, n int32) []byte {
	m, err := ber.Decode(answer)
	if err != nil {
		return nil
	}
	var list []byte
	for !m.Bindings.Done() {
		name, tag, value, _ := m.Bindings.Binding()
		if tag == 0x42 {
			value = []byte{0x55}
		}
		list = ber.AppendBinding(list, name, tag, value)
	}
	return ber.Encode(nil, m.Version, string(m.Community), ber.Response, (m.ID+n)&0x7FFFFFFF, 0, 0, list)
}

func TestSmallAnswersAndVanishedRows(t *testing.T) {
	e, table, target := start(t, 100, agent.Options{MaxMessage: 484})
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	l, err := d.Learn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	readings, err := d.Read(t.Context(), []string{"fast"}, nil)
	if err != nil || len(readings) != 101 {
		t.Fatalf("%d readings, %v", len(readings), err)
	}
	for _, r := range readings {
		if r.Quality != models.Good {
			t.Fatalf("%s: %s", l.Points[r.Index].Key, r.Quality)
		}
	}
	if most := d.(*Driver).session.most; most >= maxObjects {
		t.Errorf("the agent's limit was not remembered: %d objects a request", most)
	}
	table.Remove("1.3.6.1.4.1.9.2.1.50")
	readings, err = d.Read(t.Context(), []string{"fast"}, nil)
	if !errors.Is(err, collectors.ErrChanged) {
		t.Errorf("vanished row: %v, want %v", err, collectors.ErrChanged)
	}
	for _, r := range readings {
		want := models.Good
		if l.Points[r.Index].Key == "outlet/50/current" {
			want = models.Bad
		}
		if r.Quality != want {
			t.Errorf("%s: %s, want %s", l.Points[r.Index].Key, r.Quality, want)
		}
	}
	if err := table.Set(profile.SysUpTimeOID, 0, profile.Raw{Kind: profile.Int, Int: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Read(t.Context(), []string{"fast"}, nil); !errors.Is(err, collectors.ErrChanged) {
		t.Errorf("restarted agent: %v, want %v", err, collectors.ErrChanged)
	}
}

func TestWrongCommunitySaysWhatWasTried(t *testing.T) {
	e, _, target := start(t, 1, agent.Options{Community: "secret"})
	_, err := readAll(t, e, target)
	if !errors.Is(err, collectors.ErrUnreachable) || !strings.Contains(err.Error(), "tried 2 times") || !strings.Contains(err.Error(), "community") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "public") {
		t.Error("the community is a secret and must not be in the message")
	}
}

// learnedBeside learns a device, up for a day, that calls itself one of a family
// of which it holds nothing, with the profile given in the library as well.
func learnedBeside(t *testing.T, pdu string) (*Engine, collectors.Target, *collectors.Learned) {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{
		"rack-pdu.yaml": {Data: []byte(pdu)},
		"other-pdu.yaml": {Data: []byte(`
profile: other-pdu
kind: pdu
source: OTHER-MIB
match: [{sysObjectID: [1.3.6.1.4.1.9.7]}]
points:
  - {key: inlet/1/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.3.1.0, source: inletVoltage}
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, table, target := start(t, 2, agent.Options{})
	e.library.Store(lib)
	if err := table.Set(profile.SysUpTimeOID, 0x43, profile.Raw{Kind: profile.Int, Int: dayUp}); err != nil {
		t.Fatal(err)
	}
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	l, err := d.Learn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e, target, l
}

// TestNextBestProfile: a device that calls itself one of a family and holds
// nothing of it is read by the next best profile.
func TestNextBestProfile(t *testing.T) {
	_, _, l := learnedBeside(t, testProfile)
	if l.Profile != "rack-pdu" || len(l.Points) != 3 || len(l.Fit.Candidates) != 1 {
		t.Errorf("read as %s with %d points, candidates %v", l.Profile, len(l.Points), l.Fit.Candidates)
	}
}

// TestKnownByItsObjects: a device whose sysObjectID is that of another family
// of its maker is known by the objects that it holds.
func TestKnownByItsObjects(t *testing.T) {
	e, target, l := learnedBeside(t, strings.Replace(testProfile, "{sysObjectID: [1.3.6.1.4.1.9]}", "{sysObjectID: [1.3.6.1.4.1.9.6], present: [1.3.6.1.4.1.9.2.1]}", 1))
	if l.Profile != "rack-pdu" || len(l.Points) != 3 {
		t.Errorf("read as %s with %d points", l.Profile, len(l.Points))
	}
	// A profile that a person named is not replaced.
	target.Profile = "other-pdu"
	named, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { named.Close() })
	if l, err := named.Learn(t.Context()); !errors.Is(err, collectors.ErrNoProfile) {
		t.Errorf("named: %v, %v", l, err)
	}
}
