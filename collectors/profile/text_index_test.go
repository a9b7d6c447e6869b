package profile_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// TestTextIndex: units that are told apart by a text in the index get that
// text in their keys, whether or not its length stands before it.
func TestTextIndex(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB, index: [outlet, unit$], module: unit}
points:
  - {key: "outlet/{outlet}/current", class: current, unit: A, scale: 0.01, column: 1.3.6.1.4.1.99999.1.1}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(strings.NewReader(`1.3.6.1.4.1.99999.1.1.7.4.48.65.45.50|2|125
1.3.6.1.4.1.99999.1.1.7.2.0.94.0.83.1|2|130
1.3.6.1.4.1.99999.1.1.7.1000.1|2|140
1.3.6.1.4.1.99999.1.1.7|2|150
`))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, r := range d.Readings() {
		got[r.Key] = *r.Value
	}
	want := map[string]float64{
		"unit/0a-2/outlet/7/current":         1.25,
		"unit/02005e005301/outlet/7/current": 1.3,
		"unit/1000-1/outlet/7/current":       1.4,
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: %v, want %v", k, got[k], v)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v; a row without the text has no place", got)
	}
}

// TestAbs: the sign is dropped after marks of missing values were looked for.
func TestAbs(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB, index: [outlet]}
points:
  - {key: "outlet/{outlet}/power-factor", class: power_factor, scale: 0.001, format: abs, invalid: [-1], column: 1.3.6.1.4.1.99999.1.1}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.4.1.99999.1.1.1|2|-707\n1.3.6.1.4.1.99999.1.1.2|2|958\n1.3.6.1.4.1.99999.1.1.3|2|-1\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"outlet/1/power-factor": 0.707, "outlet/2/power-factor": 0.958}
	for _, r := range d.Readings() {
		v, ok := want[r.Key]
		if ok != (r.Value != nil) || ok && *r.Value != v {
			t.Errorf("%s: %v, want %v", r.Key, r.Value, v)
		}
	}
}

// TestBase: the objects of a maker's other models are looked for in the
// subtree that the device names, and read from there.
func TestBase(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: pdu
source: X-MIB
base: 1.3.6.1.4.1.99999.81
match: [{sysObjectID: [1.3.6.1.4.1.99999]}]
defaults: {source: X-MIB, index: [outlet]}
points:
  - {key: "outlet/{outlet}/current", class: current, unit: A, column: 1.3.6.1.4.1.99999.81.1, valid_from: {column: 1.3.6.1.4.1.99999.81.2, good: [1]}}
  - {key: temperature, class: temperature, unit: °C, oid: 1.3.6.1.4.1.99999.81.3.0}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	for _, model := range []string{"68", "81"} {
		base := "1.3.6.1.4.1.99999." + model
		rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.2.1.1.2.0|6|" + base + ".0\n" + base + ".1.7|2|4\n" + base + ".2.7|2|1\n" + base + ".3.0|2|23\n"))
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Resolve(rec)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Points) != 2 || d.Points[0].OID != base+".1.7" || d.Points[0].Extra[0] != base+".2.7" || d.Points[1].Spec.Source != base+".3.0" {
			t.Errorf("model %s: %+v", model, d.Points)
		}
		needs := p.Needs(base)
		if !slices.Contains(needs.Scalars, base+".3.0") || !slices.Contains(needs.Columns, base+".2") {
			t.Errorf("model %s: needs %+v", model, needs)
		}
	}
	if needs := p.Needs("1.3.6.1.4.1.8072.3.2.10"); !slices.Contains(needs.Scalars, "1.3.6.1.4.1.99999.81.3.0") {
		t.Errorf("an agent with a foreign sysObjectID: needs %+v", needs)
	}
}

// TestEscapedOctets: recordings of other tools write octets as escapes.
func TestEscapedOctets(t *testing.T) {
	rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.4.1.99999.1.0|64e|\\xc0\\xa8\\x00\\x01\n1.3.6.1.4.1.99999.2.0|4e|a\\x2db\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(rec.Objects[0].Raw.Bytes); got != "\xc0\xa8\x00\x01" {
		t.Errorf("address %q", got)
	}
	if got := string(rec.Objects[1].Raw.Bytes); got != "a-b" {
		t.Errorf("text %q", got)
	}
}
