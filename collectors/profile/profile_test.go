package profile

import (
	"fmt"
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
