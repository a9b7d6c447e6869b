package profile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/models"
)

const sample = `
profile: sample
kind: pdu
source: SAMPLE-MIB
match:
  - sysObjectID: [1.3.6.1.4.1.9]
identity:
  vendor: {const: Sample}
  serial: {oid: 1.3.6.1.4.1.9.1.0}
defaults:
  index: [unit, outlet]
  module: unit
  invalid: [-1, "N/A"]
points:
  - key: outlet/{outlet}/current
    class: current
    unit: A
    scale: 0.1
    column: 1.3.6.1.4.1.9.2.1
    label_from: {column: 1.3.6.1.4.1.9.2.2}
    source: outletCurrent
    limits:
      low_warning: {column: 1.3.6.1.4.1.9.2.4, invalid: [0]}
      high_critical: {column: 1.3.6.1.4.1.9.2.3}
  - key: sensor/{last}/{case}
    column: 1.3.6.1.4.1.9.3.1
    index: [n]
    source: sensorValue
    select:
      - column: 1.3.6.1.4.1.9.3.2
        cases:
          "1": {class: temperature, unit: °F, name: temperature}
          "2": {class: humidity, unit: "%", name: humidity}
        otherwise: {skip: true}
      - column: 1.3.6.1.4.1.9.3.3
        pow10: -1
  - key: status
    class: state
    oid: 1.3.6.1.4.1.9.4.0
    source: status
    states: {1: {text: normal, severity: ok}, 2: {text: failed, severity: critical}}
  - key: alarm/{bit}
    oid: 1.3.6.1.4.1.9.5.0
    source: alarms
    bits: {0: {name: over-load, severity: critical}, 3: {name: door}}
`

const sampleRecording = `
1.3.6.1.2.1.1.1.0|4|Sample PDU
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7
1.3.6.1.4.1.9.1.0|4x|53 4e 31 07
1.3.6.1.4.1.9.2.1.1.1|66|12
1.3.6.1.4.1.9.2.1.1.2|2|-1
1.3.6.1.4.1.9.2.1.2.1|66|34
1.3.6.1.4.1.9.2.2.1.1|4|Web server
1.3.6.1.4.1.9.2.3.1.1|66|160
1.3.6.1.4.1.9.2.4.1.1|66|0
1.3.6.1.4.1.9.3.1.1|2|770
1.3.6.1.4.1.9.3.1.2|2|451
1.3.6.1.4.1.9.3.1.3|2|451
1.3.6.1.4.1.9.3.2.1|2|1
1.3.6.1.4.1.9.3.2.2|2|2
1.3.6.1.4.1.9.3.2.3|2|9
1.3.6.1.4.1.9.3.3.1|2|1
1.3.6.1.4.1.9.3.3.2|2|1
1.3.6.1.4.1.9.4.0|2|7
1.3.6.1.4.1.9.5.0|66|9
`

func TestResolve(t *testing.T) {
	lib, err := Load(fstest.MapFS{"a/sample.yaml": {Data: []byte(sample)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecording(strings.NewReader(sampleRecording))
	if err != nil {
		t.Fatal(err)
	}
	found := lib.MatchSNMP(rec)
	if len(found) != 1 || found[0].Profile.Name != "sample" {
		t.Fatalf("match: %+v", found)
	}
	d, err := found[0].Profile.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	if d.Identity["serial"] != "SN1" {
		t.Errorf("serial %q: control characters must not pass", d.Identity["serial"])
	}
	for key, want := range map[string]float64{"outlet/1/current": 0.1, "status": 0, "sensor/1/temperature": 0.1 / 1.8} {
		i := slices.IndexFunc(d.Points, func(p Resolved) bool { return p.Spec.Key == key })
		if i < 0 || math.Abs(d.Points[i].Spec.Step-want) > 1e-9 {
			t.Errorf("%s: one count is not %v: %+v", key, want, d.Points)
		}
	}
	want := map[string]struct {
		value   float64
		quality models.Quality
		text    string
	}{
		"outlet/1/current":        {1.2, models.Good, ""},
		"outlet/2/current":        {0, models.Sentinel, ""},
		"unit/2/outlet/1/current": {3.4, models.Good, ""},
		"sensor/1/temperature":    {25, models.Good, ""},
		"sensor/2/humidity":       {45.1, models.Good, ""},
		"status":                  {7, models.Good, "unknown (7)"},
		"alarm/over-load":         {1, models.Good, "over-load"},
		"alarm/door":              {1, models.Good, "door"},
	}
	for _, r := range d.Readings() {
		w, ok := want[r.Key]
		if !ok {
			t.Errorf("%s: not wanted", r.Key)
			continue
		}
		delete(want, r.Key)
		if r.Quality != w.quality.String() || r.State != w.text {
			t.Errorf("%s: %s %q, want %s %q", r.Key, r.Quality, r.State, w.quality, w.text)
		}
		if w.quality == models.Good && !sameValue(r.Value, &w.value) {
			t.Errorf("%s: %s, want %v", r.Key, show(r.Value), w.value)
		}
		if w.quality != models.Good && r.Value != nil {
			t.Errorf("%s: %s shown for a value that is not there", r.Key, show(r.Value))
		}
	}
	for key := range want {
		t.Errorf("%s: missing", key)
	}
	for _, p := range d.Points {
		if p.Spec.Key == "outlet/1/current" {
			if p.Spec.Label != "Web server" || p.Spec.Limits.HighCritical == nil || *p.Spec.Limits.HighCritical != 16 || p.Spec.Limits.LowWarning != nil || p.OID != "1.3.6.1.4.1.9.2.1.1.1" || p.Spec.Component != "outlet/1" {
				t.Errorf("outlet 1: %+v", p.Spec)
			}
			back := p.Encode(4.56, Raw{Kind: Int})
			if back.Int != 46 {
				t.Errorf("encode 4.56 A: %d, want 46", back.Int)
			}
		}
	}
}

func TestPipelineFaults(t *testing.T) {
	const text = "profile: m\nkind: meter\nprotocol: modbus\nsource: x\nmodbus: {%s}\ndefaults: {source: x, table: holding}\n" +
		"points:\n  - {key: a, class: count, register: 0, type: u16}\n"
	for device, want := range map[string]string{
		"pipeline: 1":             "",
		"pipeline: 16":            "",
		"pipeline: 1, gap: 5ms":   "",
		"pipeline: 17":            "m.yaml:5: pipeline 17 is not between 1 and 16",
		"pipeline: -1":            "m.yaml:5: pipeline -1 is not between 1 and 16",
		"pipeline: 2, gap: 5ms":   "m.yaml:5: pipeline and gap cannot both be",
		"pipeline: 2, gapp: 10ms": `m.yaml:5: unknown key "gapp"`,
	} {
		_, faults := Parse("m.yaml", fmt.Appendf(nil, text, device))
		if (len(faults) > 0) != (want != "") || !strings.Contains(faults.Error(), want) {
			t.Errorf("%s: got %v, want %q", device, faults, want)
		}
	}
}

// TestOnlyRootCauses: what follows from a fault is not told beside it.
func TestOnlyRootCauses(t *testing.T) {
	const modbus = "profile: sample\nkind: meter\nprotocol: modbus\nsource: x\ndefaults: {source: x, table: holding}\n" +
		"points:\n  - {key: a, class: count, register: 0, type: u16}\n  - {key: b, class: count, register: 1, type: u16}\n"
	for name, c := range map[string]struct{ in, edit, with, want string }{
		"a key of a point":        {sample, "class: current", "clas: current", `unknown key "clas"`},
		"a key that is needed":    {sample, "column: 1.3.6.1.4.1.9.2.1", "colum: 1.3.6.1.4.1.9.2.1", `unknown key "colum"`},
		"a value of another form": {sample, "scale: 0.1", "scale: tenth", "cannot unmarshal"},
		"the kind":                {modbus, "kind: meter", "kidn: meter", `unknown key "kidn"`},
		"the source":              {modbus, "source: x\ndef", "sourc: x\ndef", `unknown key "sourc"`},
		"a default":               {modbus, "table: holding", "table: holdings", `table "holdings"`},
		"an order":                {modbus, "table: holding", "table: holding, word_order: up", `order "up"`},
		"the name":                {modbus, "profile: sample", "profile: My Meter", "lower case letters"},
		"another program's":       {"version: 3\nservices: {web: {image: x}}\n", "x", "x", `the key "profile" is missing`},
		"what is no YAML":         {modbus, "points:\n", "points: [\n", "did not find expected"},
	} {
		_, faults := Parse("sample.yaml", []byte(strings.Replace(c.in, c.edit, c.with, 1)))
		if len(faults) != 1 || !strings.Contains(faults.Error(), c.want) {
			t.Errorf("%s: got\n%v\nwant only %s", name, faults, c.want)
		}
	}
	// Two mistakes are two faults, wherever they are.
	two := strings.Replace(strings.Replace(modbus, "register: 0", "registre: 0", 1), "class: count, register: 1", "class: counts, register: 1", 1)
	if _, faults := Parse("sample.yaml", []byte(two)); len(faults) != 2 {
		t.Errorf("two mistakes: %v", faults)
	}
	_, err := Load(fstest.MapFS{
		"sample.yaml": {Data: []byte(strings.Replace(modbus, "kind: meter", "kind: metre", 1))},
		"more.yaml":   {Data: []byte("profile: more\nkind: meter\nprotocol: modbus\nsource: x\nextends: [sample]\n")},
	})
	var f Faults
	if !errors.As(err, &f) || len(f) != 1 {
		t.Errorf("a profile that extends a spoilt one: %v", err)
	}
}

// TestFilesThatAreNoProfiles are passed over; profiles with faults are not.
func TestFilesThatAreNoProfiles(t *testing.T) {
	var other []string
	files, err := ReadFiles(fstest.MapFS{
		"docker-compose.yaml": {Data: []byte("services:\n  web:\n    profile: x\n")},
		"list.yaml":           {Data: []byte("- a\n- b\n")},
		"broken.yaml":         {Data: []byte("a: [\n")},
		"spoilt.yaml":         {Data: []byte("# mine\nprofile: spoilt\nkind: [\n")},
		"empty.yaml":          {},
		"json.yaml":           {Data: []byte(`{"profile": "json"}`)},
		"dos.yaml":            {Data: []byte("\ufeffprofile: dos\r\nkind: pdu\r\n")},
	}, nil, func(place string) { other = append(other, place) })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if want := []string{"dos.yaml", "empty.yaml", "json.yaml", "spoilt.yaml"}; !slices.Equal(names, want) {
		t.Errorf("taken for profiles: %v, want %v", names, want)
	}
	if want := []string{"broken.yaml", "docker-compose.yaml", "list.yaml"}; !slices.Equal(other, want) {
		t.Errorf("passed over: %v, want %v", other, want)
	}
}

func TestFaultsNameThePlace(t *testing.T) {
	tests := []struct{ name, edit, with, want string }{
		{"unknown key", "scale: 0.1", "scael: 0.1", `sample.yaml:18: unknown key "scael": known are access, bits, byte_order, class`},
		{"unit of another class", "unit: A", "unit: V", `sample.yaml:17: unit "V" is not one of current: [A GA MA kA mA µA]`},
		{"unknown class", "class: current", "class: amps", `sample.yaml:16: class "amps" is not one of`},
		{"unknown part", "outlet/{outlet}/current", "outlet/{socket}/current", `sample.yaml:15: outlet/{socket}/current: {socket} is not a part of the index`},
		{"rows share a key", "key: outlet/{outlet}/current", "key: outlet/current", `would get this key`},
		{"bad oid", "column: 1.3.6.1.4.1.9.2.1", "column: enterprises.9", `"enterprises.9" is not an object identifier`},
		{"file name", "profile: sample", "profile: other", `profile is "other", but the file says "sample"`},
		{"no source", "source: status", "note: x", "source is missing"},
		{"none of a row", "    class: current", "    where: [{column: 1.3.6.1.4.1.9.2.2, in: [a], none: true}]\n    class: current", "none asks about all rows"},
		{"none of an object", "    class: current", "    when: [{oid: 1.3.6.1.4.1.9.2.2.0, in: [a], none: true}]\n    class: current", "none asks about the rows of a column"},
		{"severity", "severity: ok", "severity: fine", `severity "fine" is not one of`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(sample, tt.edit, tt.with, 1)
			_, faults := Parse("sample.yaml", []byte(text))
			if !strings.Contains(faults.Error(), tt.want) {
				t.Errorf("got:\n%v\nwant: %s", faults, tt.want)
			}
		})
	}
}
