package profile_test

import (
	"math"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// variantProfile reads one object in several ways.
const variantProfile = `profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB}
points:
  - {key: "temperature/{1}", class: temperature, unit: °C, format: text, column: 1.3.6.1.4.1.99999.1.1}
  - {key: "power/{1}", class: power, unit: W, format: text, column: 1.3.6.1.4.1.99999.1.2}
  - {key: "tenths/{1}", class: voltage, unit: V, scale: 0.1, column: 1.3.6.1.4.1.99999.1.3}
  - {key: "plain/{1}", class: current, unit: A, column: 1.3.6.1.4.1.99999.1.4}
  - {key: "load/{1}", class: load, unit: "%", column: 1.3.6.1.4.1.99999.1.5}
  - {key: "deviation/{1}", class: percent, unit: "%", valid: {min: -100}, column: 1.3.6.1.4.1.99999.1.6}
  - {key: "digits/{1}", class: current, unit: A, column: 1.3.6.1.4.1.99999.1.7, select: [{column: 1.3.6.1.4.1.99999.1.8, pow10: -1, otherwise: {skip: true}}]}
  - {key: "size/{1}", class: frequency, unit: Hz, scale: 0.1, column: 1.3.6.1.4.1.99999.1.10, select: [{column: 1.3.6.1.4.1.99999.1.10, texts: [{match: "^[4-7][0-9]$", scale: 10}]}]}
  - {key: "exponent/{1}", class: current, unit: A, column: 1.3.6.1.4.1.99999.1.9, select: [{column: 1.3.6.1.4.1.99999.1.8, pow10: -1}]}
`

// TestOtherFirmware: what an agent of another firmware sends in another form
// gives the value or none, never another value.
func TestOtherFirmware(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(variantProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	text := func(s string) profile.Raw { return profile.Raw{Kind: profile.Bytes, Bytes: []byte(s)} }
	number := func(n int64) profile.Raw { return profile.Raw{Kind: profile.Int, Int: n} }
	none := math.NaN()
	columns := map[string]string{"temperature": "1", "power": "2", "tenths": "3", "plain": "4", "load": "5", "deviation": "6", "digits": "7", "size": "10", "exponent": "9"}
	for _, c := range []struct {
		key  string
		raw  profile.Raw
		want float64
	}{
		{"temperature", text("23.4 C"), 23.4},
		{"temperature", text("23,4°C"), 23.4},
		{"temperature", text("-4.0 deg C"), -4},
		{"temperature", text("72.5 F"), 22.5},
		{"temperature", text("72.5 °F"), 22.5},
		{"temperature", text("300 K"), 26.85},
		{"temperature", text("2.25e+01"), 22.5},
		{"temperature", text("N/A"), none},
		{"power", text("1.5 kW"), 1500},
		{"power", text("1.5 KW"), 1500},
		{"power", text("1,234.5 W"), 1234.5},
		{"power", text("1.234,5 W"), 1234.5},
		{"power", text("1,234 W"), none}, // or 1.234 W
		{"power", text("1.2.3 W"), none},
		{"tenths", number(2301), 230.1},
		{"tenths", text("2301"), 230.1},
		{"tenths", text("230.1"), none}, // of the unit, or of its tenth
		{"tenths", profile.Raw{Kind: profile.Float, Float: 230.1}, none},
		{"tenths", profile.Raw{Kind: profile.Float, Float: 2301}, 230.1},
		{"tenths", number(-1), none},
		{"tenths", number(-535), -53.5},
		{"plain", text("3,5"), 3.5},
		{"plain", text(" 12 "), 12},
		{"plain", text("3,500"), none},
		{"plain", text("0,500"), 0.5},
		{"plain", text(""), none},
		{"plain", number(-1), -1}, // a battery that is discharged
		{"load", number(-1), none},
		{"deviation", number(-1), -1},
		{"digits", number(35), none},
		{"exponent", number(35), 35},
		{"size", number(499), 49.9},
		{"size", number(50), 50},
		{"size", text("49.98"), 49.98},
		{"size", text("50,0"), 50},
		{"size", profile.Raw{Kind: profile.Float, Float: 49.98}, 49.98},
	} {
		d, err := p.Resolve(columnsOnly{"1.3.6.1.4.1.99999.1." + columns[c.key]: {{Index: []uint32{1}, Raw: c.raw}}})
		got := none
		if err == nil {
			if v, q := d.Points[0].Initial(); q == models.Good {
				got = v
			}
		}
		if math.IsNaN(c.want) != math.IsNaN(got) || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s of %s %d %v: %v, want %v", c.key, c.raw.Bytes, c.raw.Int, c.raw.Float, got, c.want)
		}
	}
}

// TestWrittenUnitEncodes: the simulator writes a value in the unit of the text.
func TestWrittenUnitEncodes(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(variantProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	like := profile.Raw{Kind: profile.Bytes, Bytes: []byte("72.5 F")}
	d, err := p.Resolve(columnsOnly{"1.3.6.1.4.1.99999.1.1": {{Index: []uint32{1}, Raw: like}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Points[0].Encode(10, like); got.String() != "50.0 F" {
		t.Errorf("10 °C is written %q", got)
	}
}

// TestUnitsFromZero: the second unit of a chain is told from the first one
// whether the device counts them from 0 or from 1.
func TestUnitsFromZero(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB, index: [unit], module: unit}
points:
  - {key: power, class: power, unit: W, column: 1.3.6.1.4.1.99999.1.1}
  - {key: alarm, class: state, column: 1.3.6.1.4.1.99999.1.2, states: {1: {text: good, severity: ok}}}
controls:
  - key: switch
    kind: command
    column: 1.3.6.1.4.1.99999.1.3
    index: [unit]
    module: unit
    type: integer
    source: x
    shows: alarm
    options: [{name: "on", raw: 1, done: 1, severity: info}]
`)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	for first, units := range map[uint32]map[uint32]string{
		0: {0: "", 1: "unit/2/", 2: "unit/3/"},
		1: {1: "", 2: "unit/2/", 3: "unit/3/"},
	} {
		view := columnsOnly{}
		for n := range units {
			row := profile.Row{Index: []uint32{n}, Raw: profile.Raw{Kind: profile.Int, Int: int64(n)}}
			view["1.3.6.1.4.1.99999.1.1"] = append(view["1.3.6.1.4.1.99999.1.1"], row)
			if n != first { // a table that the first unit has no row in
				view["1.3.6.1.4.1.99999.1.2"] = append(view["1.3.6.1.4.1.99999.1.2"], row)
				view["1.3.6.1.4.1.99999.1.3"] = append(view["1.3.6.1.4.1.99999.1.3"], row)
			}
		}
		d, err := p.Resolve(view)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Problems) > 0 {
			t.Errorf("from %d: %v", first, d.Problems)
		}
		got := map[string]int64{}
		for i := range d.Points {
			v, _ := d.Points[i].Initial()
			got[d.Points[i].Spec.Key] = int64(v)
		}
		for i := range d.Controls {
			got[d.Controls[i].Spec.Key] = -1
		}
		for n, prefix := range units {
			if v, ok := got[prefix+"power"]; !ok || v != int64(n) {
				t.Errorf("from %d: %spower is %d, %v", first, prefix, v, ok)
			}
			if _, ok := got[prefix+"switch"]; ok == (n == first) {
				t.Errorf("from %d: %sswitch found: %v", first, prefix, ok)
			}
		}
	}
}
