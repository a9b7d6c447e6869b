package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/models"
)

const (
	unitOID   = "1.3.6.1.4.1.9.1.0"
	meanOID   = "1.3.6.1.4.1.9.5.0"
	valueOID  = "1.3.6.1.4.1.9.3.1"
	digitsOID = "1.3.6.1.4.1.9.3.2"
	factorOID = "1.3.6.1.4.1.9.3.3"
)

const decidedProfile = `
profile: probe
kind: sensor
source: TEST-MIB
match: [{sysObjectID: [1.3.6.1.4.1.9]}]
points:
  - key: sensor/{row}/temperature
    class: temperature
    unit: °C
    column: 1.3.6.1.4.1.9.3.1
    index: [row]
    source: sensorValue
    select:
      - {oid: 1.3.6.1.4.1.9.1.0, cases: {"2": {unit: °F}}}
      - {column: 1.3.6.1.4.1.9.3.2, pow10: -1}
      - {column: 1.3.6.1.4.1.9.3.3, multiply: true}
  - {key: mean/temperature, class: temperature, unit: °C, scale: 0.1, oid: 1.3.6.1.4.1.9.5.0, source: meanValue, select: [{oid: 1.3.6.1.4.1.9.1.0, cases: {"2": {unit: °F}}}]}
  - {key: input/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.4.0, source: inputVoltage}
`

// decidedAgent is a device of so many sensors of 25.0 °C whose unit, digits and
// factors are settings.
func decidedAgent(t *testing.T, sensors int, opt agent.Options) (*Engine, *agent.Table, collectors.Target) {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"probe.yaml": {Data: []byte(decidedProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{"1.3.6.1.2.1.1.1.0|4|Probe", "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7", "1.3.6.1.2.1.1.3.0|67|1000", unitOID + "|2|1"}
	for _, column := range []struct{ oid, value string }{{valueOID, "250"}, {digitsOID, "1"}, {factorOID, "1"}} {
		for i := 1; i <= sensors; i++ {
			lines = append(lines, fmt.Sprintf("%s.%d|2|%s", column.oid, i, column.value))
		}
	}
	rec, err := profile.ReadRecording(strings.NewReader(strings.Join(append(lines, "1.3.6.1.4.1.9.4.0|2|230", meanOID+"|2|250"), "\n")))
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
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
	return e, table, collectors.Target{Device: 1, Name: "probe", Address: a.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"}}
}

func setInt(t *testing.T, table *agent.Table, oid string, value int64) {
	t.Helper()
	if err := table.Set(oid, 0, profile.Raw{Kind: profile.Int, Int: value}); err != nil {
		t.Error(err)
	}
}

// decidedDevice is a device that was learned.
type decidedDevice struct {
	*Driver
	keys []string
}

func (d *decidedDevice) look(t *testing.T) {
	t.Helper()
	l, err := d.Learn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.keys = nil
	for _, p := range l.Points {
		d.keys = append(d.keys, p.Key)
	}
}

// read polls once; due has what decides read behind it.
func (d *decidedDevice) read(t *testing.T, due bool) (map[string]collectors.Reading, bool) {
	t.Helper()
	if due {
		d.deciders.next = time.Now().Add(-d.engine.decideEvery)
	}
	readings, err := d.Read(t.Context(), []string{"fast"}, nil)
	if err != nil && !errors.Is(err, collectors.ErrChanged) {
		t.Fatal(err)
	}
	out := map[string]collectors.Reading{}
	for _, r := range readings {
		out[d.keys[r.Index]] = r
	}
	return out, err != nil
}

// A setting that is changed while a device is polled costs what hangs on it its
// values, from the poll on that reads it, and nothing else; the next look has
// them right.
func TestChangedDeciders(t *testing.T) {
	const other = "input/voltage"
	user := usm.User{Name: "monitor", AuthProtocol: "SHA256", AuthPassword: "auth password"}
	prepared, err := user.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	model, err := agent.NewUSM([]byte("\x80\x00\x00\x00\x04agent"), 3, prepared)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c, collectors.SNMPv3} {
		for _, x := range []struct {
			name   string
			change func(*agent.Table)
			strays []string // after it
		}{
			{"unit of the device", func(table *agent.Table) {
				setInt(t, table, unitOID, 2)
				setInt(t, table, meanOID, 770)
				for i := 1; i <= 3; i++ {
					setInt(t, table, fmt.Sprintf("%s.%d", valueOID, i), 770) // tenths of °F
				}
			}, []string{"sensor/1/temperature", "sensor/2/temperature", "sensor/3/temperature", "mean/temperature"}},
			{"digits of a row", func(table *agent.Table) {
				setInt(t, table, digitsOID+".2", 0)
				setInt(t, table, valueOID+".2", 25)
			}, []string{"sensor/2/temperature"}},
			{"factor of a row", func(table *agent.Table) {
				setInt(t, table, factorOID+".3", 2)
				setInt(t, table, valueOID+".3", 125)
			}, []string{"sensor/3/temperature"}},
		} {
			t.Run(string(version)+" "+x.name, func(t *testing.T) {
				e, table, target := decidedAgent(t, 3, agent.Options{USM: model})
				target.Protocol = version
				target.SNMP.User, target.SNMP.AuthProtocol, target.SNMP.AuthPassword = user.Name, user.AuthProtocol, user.AuthPassword
				d := &decidedDevice{Driver: learnedBy(t, e, target).(*Driver)}
				d.look(t)
				all := func(got map[string]collectors.Reading, changed bool, when string, strays ...string) {
					t.Helper()
					if len(got) != 5 || changed != (len(strays) > 0) {
						t.Errorf("%s: %d readings, changed %t", when, len(got), changed)
					}
					bad := map[string]bool{}
					for _, key := range strays {
						bad[key] = true
					}
					for key, r := range got {
						want := 25.0
						if key == other {
							want = 230
						}
						switch {
						case bad[key] && (r.Quality != models.Bad || r.Value != 0):
							t.Errorf("%s: %s is %v (%s), but what it means is not known", when, key, r.Value, r.Quality)
						case !bad[key] && (r.Quality != models.Good || r.Value != want):
							t.Errorf("%s: %s is %v (%s), want %v", when, key, r.Value, r.Quality, want)
						}
					}
				}
				got, changed := d.read(t, true)
				all(got, changed, "before")
				x.change(table)
				got, changed = d.read(t, true)
				all(got, changed, "changed", x.strays...)
				got, changed = d.read(t, false) // of which it is known
				all(got, changed, "until it is learned", x.strays...)
				d.look(t)
				for _, due := range []bool{false, true} {
					got, changed = d.read(t, due)
					all(got, changed, "learned anew")
				}
			})
		}
	}
}

// A setting that was set back means what it did; one of which that is not known
// does not.
func TestDeciderThatCameBack(t *testing.T) {
	var sick atomic.Bool
	e, table, target := decidedAgent(t, 1, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
		m, err := ber.Decode(q)
		if err != nil || !sick.Load() || !names(m, unitOID) {
			return false
		}
		write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, ber.GenErr, 2, nil))
		return true
	}})
	d := &decidedDevice{Driver: learnedBy(t, e, target).(*Driver)}
	d.look(t)
	for _, x := range []struct {
		unit int64
		sick bool
		want models.Quality
	}{{1, false, models.Good}, {2, false, models.Bad}, {1, true, models.Bad}, {1, false, models.Good}} {
		setInt(t, table, unitOID, x.unit)
		sick.Store(x.sick)
		if got, _ := d.read(t, true); got["sensor/1/temperature"].Quality != x.want {
			t.Errorf("unit %d, refused %t: %+v", x.unit, x.sick, got)
		}
	}
}

// Settings that a device does not answer any more, or not this time, decide
// nothing: what they were last counts.
func TestDecidersWithoutAnAnswer(t *testing.T) {
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c} {
		for _, x := range []string{"silent", "refused", "gone"} {
			t.Run(string(version)+" "+x, func(t *testing.T) {
				var sick atomic.Bool
				var asked atomic.Int32
				e, table, target := decidedAgent(t, 3, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
					m, err := ber.Decode(q)
					if err != nil || !sick.Load() || !names(m, unitOID) {
						return false
					}
					asked.Add(1)
					if x == "refused" {
						write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, ber.GenErr, 2, nil))
					}
					return x != "gone"
				}})
				target.Protocol = version
				target.Timeout = 30 * time.Millisecond
				d := &decidedDevice{Driver: learnedBy(t, e, target).(*Driver)}
				d.look(t)
				if x == "gone" {
					table.Remove(unitOID)
				}
				sick.Store(true)
				for range 3 {
					got, changed := d.read(t, true)
					for key, r := range got {
						if r.Quality != models.Good {
							t.Errorf("%s: %s", key, r.Quality)
						}
					}
					if changed || len(got) != 5 {
						t.Errorf("%d readings, changed %t", len(got), changed)
					}
				}
				if asked.Load() < 3 {
					t.Errorf("asked %d times", asked.Load())
				}
				// What is answered beside it counts.
				if x != "silent" {
					setInt(t, table, digitsOID+".2", 0)
					if got, changed := d.read(t, true); !changed || got["sensor/2/temperature"].Quality != models.Bad || got["sensor/1/temperature"].Quality != models.Good {
						t.Errorf("%+v", got)
					}
				}
			})
		}
	}
}

// names tells whether an object is named in a message.
func names(m ber.Message, oid string) bool {
	want, err := encode(oid)
	if err != nil {
		return false
	}
	for in := m.Bindings; !in.Done(); {
		name, _, _, err := in.Binding()
		if err != nil {
			return false
		}
		if string(name) == string(want) {
			return true
		}
	}
	return false
}

// However many there are, each is read once in a minute, spread over the polls
// of that time, and a poll of a device with none is what it was.
func TestDecidersAreReadOnce(t *testing.T) {
	const sensors = 150
	var (
		mu    sync.Mutex
		asked = map[string]int{}
		polls int
	)
	e, _, target := decidedAgent(t, sensors, agent.Options{Before: func(q []byte, _ net.Addr, _ func([]byte)) bool {
		m, err := ber.Decode(q)
		if err != nil || m.PDU != ber.Get {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		for in := m.Bindings; !in.Done(); {
			name, _, _, err := in.Binding()
			if err != nil {
				t.Error(err)
				return false
			}
			oid, _ := ber.DecodeOID(name)
			asked[profile.Dotted(oid)]++
		}
		polls++
		return false
	}})
	d := &decidedDevice{Driver: learnedBy(t, e, target).(*Driver)}
	d.look(t)
	if n := len(d.layout.decisions); n < 5 || n > 10 {
		t.Fatalf("%d requests for %d objects", n, 2*sensors+1)
	}
	pause := d.layout.pause(e.decideEvery)
	mu.Lock()
	clear(asked)
	polls = 0
	mu.Unlock()
	for range d.layout.decisions {
		mu.Lock()
		before := polls
		mu.Unlock()
		d.deciders.next = time.Now().Add(-pause / 2) // a poll later
		if got, changed := d.read(t, false); changed || len(got) != sensors+2 {
			t.Fatalf("%d readings, changed %t", len(got), changed)
		}
		mu.Lock()
		if n := polls - before; n != d.layout.plan([]string{"fast"}).requests(maxObjects)+1 {
			t.Errorf("%d requests", n)
		}
		mu.Unlock()
		if got, _ := d.read(t, false); len(got) != sensors+2 { // before another is due
			t.Fatal("no poll")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{unitOID}
	for i := 1; i <= sensors; i++ {
		want = append(want, fmt.Sprintf("%s.%d", digitsOID, i), fmt.Sprintf("%s.%d", factorOID, i))
	}
	for _, oid := range want {
		if asked[oid] != 1 {
			t.Errorf("%s was read %d times", oid, asked[oid])
		}
	}
}

// memory is a sink and a registry.
type memory struct {
	mu      sync.Mutex
	keys    []string
	samples []models.Sample
}

func (m *memory) Append(_ context.Context, samples []models.Sample) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples = append(m.samples, samples...)
	return nil
}

func (m *memory) Register(_ context.Context, _ models.DeviceID, l *collectors.Learned) ([]models.PointID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys = nil
	ids := make([]models.PointID, len(l.Points))
	for i, p := range l.Points {
		m.keys = append(m.keys, p.Key)
		ids[i] = models.PointID(i)
	}
	return ids, nil
}

// TestUnitChangedWhilePolled: a device of 25 °C is set to °F in the middle of
// being polled. Behind the moment in which the setting is read again no number
// of °F is kept as one of °C, and the look that follows at once has it right.
func TestUnitChangedWhilePolled(t *testing.T) {
	var (
		mu    sync.Mutex
		set   bool
		again time.Time // when the setting was read behind the change
	)
	e, table, target := decidedAgent(t, 2, agent.Options{Before: func(q []byte, _ net.Addr, _ func([]byte)) bool {
		m, err := ber.Decode(q)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && set && again.IsZero() && names(m, unitOID) {
			again = time.Now()
		}
		return false
	}})
	e.decideEvery = 1500 * time.Millisecond
	target.Interval = time.Second
	mem := &memory{}
	m := collectors.NewManager(collectors.ManagerOptions{Sink: mem, Registry: mem, NewDriver: e.NewDriver})
	m.Set([]collectors.Target{target})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	defer func() { cancel(); <-done }()

	count := func(good float64) (n int) {
		mem.mu.Lock()
		defer mem.mu.Unlock()
		for _, s := range mem.samples {
			if mem.keys[s.Point] != "input/voltage" && s.Quality == models.Good && s.Value == good {
				n++
			}
		}
		return n
	}
	wait := func(what string, f func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("waited 20 s for " + what)
			}
		}
	}
	wait("a poll", func() bool { return count(25) >= 3 })
	mu.Lock()
	setInt(t, table, valueOID+".1", 770)
	setInt(t, table, valueOID+".2", 770)
	setInt(t, table, meanOID, 770)
	setInt(t, table, unitOID, 2)
	set = true
	mu.Unlock()
	before := count(25)
	wait("a value in the new unit", func() bool { return count(25) >= before+6 })

	mu.Lock()
	defer mu.Unlock()
	mem.mu.Lock()
	defer mem.mu.Unlock()
	bad := 0
	for _, s := range mem.samples {
		switch {
		case mem.keys[s.Point] == "input/voltage":
			if s.Quality != models.Good || s.Value != 230 {
				t.Errorf("what does not hang on it: %+v", s)
			}
		case s.Quality == models.Bad:
			bad++
		case s.Quality != models.Good || s.Value != 25 && (s.Value != 77 || s.TimeMS >= again.UnixMilli()):
			t.Errorf("the setting was read again at %d: %+v", again.UnixMilli(), s)
		}
	}
	if bad == 0 || bad > 6 {
		t.Errorf("%d samples without a value between", bad)
	}
}
