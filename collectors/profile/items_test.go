package profile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

func resolved(t *testing.T, text, recording string) *profile.Device {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(strings.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestItems: each item of a list is a point by its place, also when the list
// that is polled later is shorter; what an honest device would send keeps the
// other items.
func TestItems(t *testing.T) {
	d := resolved(t, `profile: x
kind: pdu
source: X-MIB
points:
  - {key: "outlet/{outlet}/state", class: state, oid: 1.3.6.1.4.1.99999.1.0, source: x, items: outlet, invalid: [-1], omit_invalid: true, label: "Outlet {outlet}", states: {1: {text: "on", severity: ok}, -2: {text: lost, severity: critical}}}
`, "1.3.6.1.4.1.99999.1.0|4|1, -2,-1,1\n")
	want := map[string]string{"outlet/1/state": "on", "outlet/2/state": "lost", "outlet/4/state": "on"}
	readings := d.Readings()
	if len(readings) != len(want) {
		t.Fatalf("%d readings, want %d", len(readings), len(want))
	}
	for _, r := range readings {
		if r.State != want[r.Key] {
			t.Errorf("%s is %q, want %q", r.Key, r.State, want[r.Key])
		}
	}
	last := d.Points[2]
	if last.Spec.Label != "Outlet 4" {
		t.Errorf("label %q", last.Spec.Label)
	}
	if _, q := last.Decode([]profile.Raw{{Kind: profile.Bytes, Bytes: []byte("1,1")}}); q == models.Good {
		t.Error("an item beyond the end of the list has a value")
	}
	if _, q := last.Decode([]profile.Raw{{Kind: profile.Int, Int: 1}}); q == models.Good {
		t.Error("a number that is no list has items")
	}
	if last.Whole != nil {
		t.Error("an item is taken from a number alone")
	}
	if raw := last.Encode(-2, profile.Raw{Kind: profile.Bytes, Bytes: []byte("1,-2,-1,1")}); string(raw.Bytes) != "1,-2,-1,-2" {
		t.Errorf("encoded as %q", raw.Bytes)
	}
}

// TestLimitWhere: a threshold counts only where the device says that it is
// set, and then also when it is zero.
func TestLimitWhere(t *testing.T) {
	d := resolved(t, `profile: x
kind: sensor
source: X-MIB
points:
  - key: probe/{row}/temperature
    class: temperature
    unit: °C
    column: 1.3.6.1.4.1.99999.1.1
    source: x
    index: [row]
    limits:
      low_warning: {column: 1.3.6.1.4.1.99999.1.2, where: [{column: 1.3.6.1.4.1.99999.1.3, in: ["1"]}]}
      high_warning: {column: 1.3.6.1.4.1.99999.1.4, where: [{column: 1.3.6.1.4.1.99999.1.5, in: ["1"]}]}
`, `1.3.6.1.4.1.99999.1.1.7|2|21
1.3.6.1.4.1.99999.1.2.7|2|0
1.3.6.1.4.1.99999.1.3.7|2|1
1.3.6.1.4.1.99999.1.4.7|2|30
1.3.6.1.4.1.99999.1.5.7|2|2
`)
	l := d.Points[0].Spec.Limits
	if l.LowWarning == nil || *l.LowWarning != 0 {
		t.Errorf("low warning %v, want 0", l.LowWarning)
	}
	if l.HighWarning != nil {
		t.Errorf("high warning %v, but it is not set", *l.HighWarning)
	}
}

// TestLimitOfItsOwnScale: a threshold may have a fraction where the scale that
// it has itself makes the unit of the point's tenths.
func TestLimitOfItsOwnScale(t *testing.T) {
	d := resolved(t, `profile: x
kind: sensor
source: X-MIB
points:
  - key: temperature
    class: temperature
    unit: °C
    scale: 0.1
    oid: 1.3.6.1.4.1.99999.1.0
    source: x
    limits:
      high_warning: {oid: 1.3.6.1.4.1.99999.2.0, scale: 10}
      high_critical: {oid: 1.3.6.1.4.1.99999.3.0}
      low_warning: {oid: 1.3.6.1.4.1.99999.4.0}
`, "1.3.6.1.4.1.99999.1.0|2|215\n1.3.6.1.4.1.99999.2.0|4|27.5\n1.3.6.1.4.1.99999.3.0|4|32.0\n1.3.6.1.4.1.99999.4.0|2|180\n")
	l := d.Points[0].Spec.Limits
	if l.HighWarning == nil || *l.HighWarning != 27.5 {
		t.Errorf("high warning %v, want 27.5", l.HighWarning)
	}
	if l.HighCritical != nil {
		t.Errorf("high critical %v of a text that does not count tenths", *l.HighCritical)
	}
	if l.LowWarning == nil || *l.LowWarning != 18 {
		t.Errorf("low warning %v, want 18", l.LowWarning)
	}
}
