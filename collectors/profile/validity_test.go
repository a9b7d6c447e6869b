package profile_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// columnsOnly is a device that was walked: rows are in its columns alone.
type columnsOnly map[string][]profile.Row

func (c columnsOnly) Scalar(string) profile.Raw       { return profile.Raw{} }
func (c columnsOnly) Column(oid string) []profile.Row { return c[oid] }

// TestValidityFromColumn: a validity flag and a high word are found in walked
// columns, not only among single objects.
func TestValidityFromColumn(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: sensor
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
points:
  - {key: "sensor/{1}/temperature", class: temperature, unit: °C, column: 1.3.6.1.4.1.99999.1.1, omit_invalid: true, valid_from: {column: 1.3.6.1.4.1.99999.1.2, good: [2]}}
  - {key: "meter/{1}/energy", class: energy, unit: Wh, column: 1.3.6.1.4.1.99999.1.3, high: 1.3.6.1.4.1.99999.1.4}
defaults: {source: X-MIB}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	row := func(n uint32, v int64) profile.Row {
		return profile.Row{Index: []uint32{n}, Raw: profile.Raw{Kind: profile.Int, Int: v}}
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(columnsOnly{
		"1.3.6.1.4.1.99999.1.1": {row(1, 21), row(2, 22)},
		"1.3.6.1.4.1.99999.1.2": {row(1, 2), row(2, 1)},
		"1.3.6.1.4.1.99999.1.3": {row(1, 5)},
		"1.3.6.1.4.1.99999.1.4": {row(1, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"sensor/1/temperature": 21, "meter/1/energy": 1<<32 + 5}
	if len(d.Points) != len(want) {
		t.Errorf("%d points, want %d", len(d.Points), len(want))
	}
	for i := range d.Points {
		v, q := d.Points[i].Initial()
		if key := d.Points[i].Spec.Key; q != models.Good || v != want[key] {
			t.Errorf("%s = %v (%v), want %v", key, v, q, want[key])
		}
	}
}

// TestOptionalValidityAndEnabledLimits: a validity flag that the device does not
// have is left out of the check, and a threshold counts only with its flag set.
func TestOptionalValidityAndEnabledLimits(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB}
points:
  - key: "outlet/{1}/current"
    class: current
    unit: A
    column: 1.3.6.1.4.1.99999.1.1
    valid_from: {column: 1.3.6.1.4.1.99999.1.2, good: [1], optional: true}
    limits:
      high_warning: {column: 1.3.6.1.4.1.99999.1.3, enabled: {column: 1.3.6.1.4.1.99999.1.5, bit: 2}}
      high_critical: {column: 1.3.6.1.4.1.99999.1.4, enabled: {column: 1.3.6.1.4.1.99999.1.5, bit: 11}}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	number := func(n uint32, v int64) profile.Row {
		return profile.Row{Index: []uint32{n}, Raw: profile.Raw{Kind: profile.Int, Int: v}}
	}
	flags := func(n uint32, b ...byte) profile.Row {
		return profile.Row{Index: []uint32{n}, Raw: profile.Raw{Kind: profile.Bytes, Bytes: b}}
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(columnsOnly{
		"1.3.6.1.4.1.99999.1.1": {number(1, 3), number(2, 4), number(3, 5), number(4, 6)},
		"1.3.6.1.4.1.99999.1.2": {number(1, 1), number(2, 2)}, // rows 3 and 4 have no flag
		"1.3.6.1.4.1.99999.1.3": {number(1, 10), number(2, 10), number(3, 10), number(4, 10)},
		"1.3.6.1.4.1.99999.1.4": {number(1, 16), number(2, 16), number(3, 16), number(4, 16)},
		"1.3.6.1.4.1.99999.1.5": {flags(1, 0x20, 0x10), flags(2, 0x20), flags(3, 0, 0x10)}, // row 4: none
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Points) != 4 {
		t.Fatalf("%d points, want 4", len(d.Points))
	}
	for i, want := range []struct {
		quality models.Quality
		warning bool
		alarm   bool
	}{{models.Good, true, true}, {models.Bad, true, false}, {models.Good, false, true}, {models.Good, false, false}} {
		x := &d.Points[i]
		if _, q := x.Initial(); q != want.quality {
			t.Errorf("%s is %v, want %v", x.Spec.Key, q, want.quality)
		}
		if l := x.Spec.Limits; (l.HighWarning != nil) != want.warning || (l.HighCritical != nil) != want.alarm {
			t.Errorf("%s has limits %v, want warning %t, critical %t", x.Spec.Key, l, want.warning, want.alarm)
		}
	}
}

// TestWhatCannotBeIsNoValue: the ends of the ranges of integers and what is
// impossible wherever it is measured are missing values without a profile that
// lists them; counters and counts may hold any number.
func TestWhatCannotBeIsNoValue(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: sensor
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB}
points:
  - {key: "sensor/{1}/temperature", class: temperature, unit: °C, scale: 0.1, column: 1.3.6.1.4.1.99999.1.1}
  - {key: "sensor/{1}/humidity", class: humidity, unit: "%", column: 1.3.6.1.4.1.99999.1.2}
  - {key: "outlet/{1}/power", class: power, unit: W, column: 1.3.6.1.4.1.99999.1.3}
  - {key: "outlet/{1}/energy", class: energy, unit: Wh, column: 1.3.6.1.4.1.99999.1.4}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	rows := func(values ...int64) (out []profile.Row) {
		for i, v := range values {
			out = append(out, profile.Row{Index: []uint32{uint32(i + 1)}, Raw: profile.Raw{Kind: profile.Int, Int: v}})
		}
		return out
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(columnsOnly{
		"1.3.6.1.4.1.99999.1.1": rows(215, -9999, 2147483647, -400),
		"1.3.6.1.4.1.99999.1.2": rows(45, -1, 255, 100),
		"1.3.6.1.4.1.99999.1.3": rows(-120, 4294967295, -2147483648, 65535),
		"1.3.6.1.4.1.99999.1.4": rows(2147483647, 4294967295),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]models.Quality{
		"sensor/1/temperature": models.Good, "sensor/2/temperature": models.Sentinel, "sensor/3/temperature": models.Sentinel, "sensor/4/temperature": models.Good,
		"sensor/1/humidity": models.Good, "sensor/2/humidity": models.Sentinel, "sensor/3/humidity": models.Sentinel, "sensor/4/humidity": models.Good,
		"outlet/1/power": models.Good, "outlet/2/power": models.Sentinel, "outlet/3/power": models.Sentinel, "outlet/4/power": models.Good,
		"outlet/1/energy": models.Good, "outlet/2/energy": models.Good,
	}
	if len(d.Points) != len(want) {
		t.Errorf("%d points, want %d", len(d.Points), len(want))
	}
	for i := range d.Points {
		if _, q := d.Points[i].Initial(); q != want[d.Points[i].Spec.Key] {
			t.Errorf("%s is %v, want %v", d.Points[i].Spec.Key, q, want[d.Points[i].Spec.Key])
		}
	}
}

// TestDifferencesMayBeMinusOne: lint warns of a difference that -1 is taken for
// no value of, and no built-in profile has one.
func TestDifferencesMayBeMinusOne(t *testing.T) {
	p, faults := profile.Parse("x.yaml", []byte(`profile: x
kind: dc-power
source: X-MIB
points:
  - {key: bank/voltage-difference, class: voltage, unit: V, oid: 1.3.6.1.4.1.99999.1.0, source: bankDelta}
  - {key: bank/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.99999.2.0, source: xDELTAvolts}
  - {key: deviation, class: percent, unit: "%", oid: 1.3.6.1.4.1.99999.3.0, source: x, valid: {min: -100}}
  - {key: offset, class: current, unit: A, oid: 1.3.6.1.4.1.99999.4.0, source: x}
  - {key: energy, class: energy, unit: Wh, oid: 1.3.6.1.4.1.99999.5.0, source: energyDeltaToday}
`))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if w := p.Warnings(); len(w) != 2 || w[0].Line != 5 || w[1].Line != 9 {
		t.Errorf("warnings %v, want of lines 5 and 9", w)
	}
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lib.All() {
		if w := p.Warnings(); len(w) > 0 {
			t.Errorf("%s: %v", p.Name, w)
		}
	}
}

// TestEltekDifference: a block of a battery that has 0.01 V less than the others
// is shown so.
func TestEltekDifference(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	for name, points := range map[string]int{"eltek-smartpack2": 6, "eltek-webpower": 1} {
		data, err := profiles.FS.ReadFile("eltek/testdata/" + name + ".snmprec")
		if err != nil {
			t.Fatal(err)
		}
		rec, err := profile.ReadRecording(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := lib.Get(name)
		d, err := p.Resolve(rec)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for i := range d.Points {
			x := &d.Points[i]
			if !strings.HasSuffix(x.Spec.Key, "/voltage-difference") {
				continue
			}
			found++
			if v, q := x.Decode([]profile.Raw{{Kind: profile.Int, Int: -1}}); q != models.Good || v != -0.01 {
				t.Errorf("%s: %s of -1 is %v, %v", name, x.Spec.Key, v, q)
			}
		}
		if found < points {
			t.Errorf("%s: %d differences, want %d", name, found, points)
		}
	}
}

// TestItemsAreTexts: octets that are one number are no list.
func TestItemsAreTexts(t *testing.T) {
	for _, format := range []string{"unsigned", "float32"} {
		_, faults := profile.Parse("x.yaml", []byte(`profile: x
kind: pdu
source: X-MIB
points:
  - {key: "outlet/{outlet}/current", class: current, unit: A, oid: 1.3.6.1.4.1.99999.1.0, source: x, items: outlet, format: `+format+`}
`))
		if len(faults) != 1 || !strings.Contains(faults[0].Message, "items") {
			t.Errorf("%s: faults %v", format, faults)
		}
	}
}
