package profile

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/models"
)

const modbusControls = `
profile: plant
kind: chiller
protocol: modbus
source: manual
defaults: {table: holding, source: manual}
points:
  - {key: setpoint, class: temperature, unit: °C, register: 10, type: i16, scale: 0.1}
  - {key: mode, class: state, register: 12, type: u16, states: {0: {text: stopped}, 1: {text: running}}}
controls:
  - {key: setpoint, kind: set-point, class: temperature, unit: °F, scale: 0.1, min: 41, max: 59, step: 1, register: 10, type: i16, shows: setpoint}
  - {key: enable, kind: command, table: coil, register: 3, type: bool, write_only: true, options: [{name: start, raw: 1}, {name: stop, raw: 0}]}
  - {key: key, kind: command, register: 4104, type: u16, complement: true, write_only: true, options: [{name: start, raw: 35705}]}
  - {key: rate, kind: set-point, class: percent, unit: "%", min: 0, max: 100, step: 1, register: 20, type: f32, word_order: little}
  - {key: absent, kind: command, register: 99, type: u16, options: [{name: start, raw: 1}]}
`

type registers map[Register][]byte

func (r registers) Registers(x Register) ([]byte, bool) { b, ok := r[x]; return b, ok }

func TestModbusControls(t *testing.T) {
	lib, err := Load(fstest.MapFS{"plant.yaml": {Data: []byte(modbusControls)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("plant")
	d, err := p.ResolveModbus(registers{
		{Table: "holding", Address: 10, Count: 1}: {0x01, 0xF4}, {Table: "holding", Address: 12, Count: 1}: {0, 1}, {Table: "holding", Address: 20, Count: 2}: {0, 0, 0, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*ResolvedControl{}
	for i := range d.Controls {
		got[d.Controls[i].Spec.Key] = &d.Controls[i]
	}
	if len(got) != 4 || got["absent"] != nil {
		t.Fatalf("%d controls: %+v", len(got), d.Controls)
	}
	s := got["setpoint"].Spec
	// 41 °F is 5 °C, a step of 1 °F is 5/9 K.
	if s.Class != "temperature" || s.Min < 4.999 || s.Min > 5.001 || s.Max < 14.999 || s.Max > 15.001 || s.Step < 0.5555 || s.Step > 0.5556 || s.Shows != "setpoint" {
		t.Errorf("set-point in the base unit: %+v", s)
	}
	tests := []struct {
		key, option string
		value       float64
		want        string
		function    byte
		fails       string
	}{
		{"setpoint", "", 10, "0x01F4", 6, ""}, // 50 °F, in tenths 500
		{"setpoint", "", 4, "", 6, "not between"},
		{"setpoint", "", 10.2, "", 6, "not a step"},
		{"enable", "start", 0, "1", 5, ""},
		{"enable", "stop", 0, "0", 5, ""},
		{"enable", "explode", 0, "", 5, "no option"},
		{"key", "start", 0, "0x8B79 0x7486", 16, ""},
		{"rate", "", 50, "0x0000 0x4248", 16, ""},
	}
	for _, tt := range tests {
		c := got[tt.key]
		raw, err := c.Encode(tt.option, tt.value)
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%s %s %g: %v, want %q", tt.key, tt.option, tt.value, err, tt.fails)
			}
			continue
		}
		if err != nil || c.Text(raw) != tt.want || c.Function != tt.function {
			t.Errorf("%s %s %g: %s by function %d, %v; want %s by %d", tt.key, tt.option, tt.value, c.Text(raw), c.Function, err, tt.want, tt.function)
		}
		if option, value, ok := c.Value(raw); !ok || option != tt.option || tt.option == "" && (value < tt.value-1e-6 || value > tt.value+1e-6) {
			t.Errorf("%s: %s means %q %g %v", tt.key, c.Text(raw), option, value, ok)
		}
	}
}

func TestControlFaults(t *testing.T) {
	const head = "profile: x\nkind: pdu\nsource: MIB\npoints:\n  - {key: state, class: state, oid: 1.3.6.1.4.1.9.1.0, source: s, states: {1: {text: up}}}\ncontrols:\n  - "
	const modbus = "profile: x\nkind: pdu\nprotocol: modbus\nsource: manual\ndefaults: {table: holding, source: m}\npoints:\n  - {key: state, class: state, register: 1, type: u16}\ncontrols:\n  - "
	const options = "options: [{name: up, raw: 1}]"
	tests := []struct{ text, want string }{
		{head + "{key: a, kind: toggle, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x}", "not one of command, set-point"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x}", "a command needs options"},
		{head + "{key: a, kind: command, type: integer, source: x, " + options + "}", "exactly one of oid, column, register"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: float, source: x, " + options + "}", "not one of integer, unsigned, text"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, " + options + "}", "source is missing"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, options: [{name: up}]}", "needs raw"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: text, source: x, " + options + "}", "needs text"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, options: [{name: Up, raw: 1}]}", "lower case"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, options: [{name: up, raw: 1, done: 1}]}", "no point shows it"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, shows: nothing, " + options + "}", "no point of the profile"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, shows: state, options: [{name: up, raw: 1, done: 7}]}", "does not have"},
		{head + "{key: a, kind: command, column: 1.3.6.1.4.1.9.1, type: integer, source: x, " + options + "}", "every row of the column"},
		{head + "{key: \"a/{n}\", index: [n], kind: command, column: 1.3.6.1.4.1.9.1, write_only: true, type: integer, source: x, " + options + "}", "needs rows_from"},
		{head + "{key: a, kind: set-point, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, class: temperature, unit: °C, min: 5, max: 5, step: 1}", "a greater max"},
		{head + "{key: a, kind: set-point, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, class: temperature, min: 5, max: 9, step: 1}", "needs a unit"},
		{head + "{key: a, kind: set-point, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, class: state, min: 5, max: 9, step: 1}", "class of a quantity"},
		{head + "{key: a, kind: set-point, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, class: temperature, unit: °C, min: 5, max: 9, step: 1, shows: state}", "but sets class"},
		{head + "{key: a, kind: command, oid: 1.3.6.1.4.1.9.1.0, type: integer, source: x, within: 1h, " + options + "}", "not between 0 and 10m"},
		{head + "{key: \"a/{n}\", index: [n], kind: command, rows_from: 1.3.6.1.4.1.9.1, type: integer, source: x, options: [{name: up, raw: 1, column: 1.3.6.1.4.1.9.2}]}", "need rows_from and write_only"},
		{head + "{key: \"a/{n}\", index: [n], kind: command, rows_from: 1.3.6.1.4.1.9.1, write_only: true, type: integer, source: x, options: [{name: up, raw: 1, column: 1.3.6.1.4.1.9.2}, {name: down, raw: 1}]}", "needs a column as the others"},
		{modbus + "{key: a, kind: command, register: 1, unit_id: 256, type: u16, " + options + "}", "not between 0 and 255"},
		{modbus + "{key: a, kind: command, table: input, register: 1, type: u16, " + options + "}", "only tables holding and coil"},
		{modbus + "{key: a, kind: command, register: 1, type: u32, function: 6, " + options + "}", "function 6 writes one register"},
		{modbus + "{key: a, kind: command, register: 1, type: u16, function: 5, " + options + "}", "does not write table"},
		{modbus + "{key: a, kind: command, register: 1, type: u32, complement: true, " + options + "}", "complement goes with"},
		{modbus + "{key: a, kind: command, register: 1, type: bool, " + options + "}", "type bool goes with coil"},
	}
	for _, tt := range tests {
		_, err := Load(fstest.MapFS{"x.yaml": {Data: []byte(tt.text + "\n")}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n%v, want %q", tt.text[strings.LastIndex(tt.text, "\n")+1:], err, tt.want)
		}
	}
}

// TestControlOfDaisyChain: rows of further units get their unit in key and
// shown point, and an effect that no point can show is not expected.
func TestControlOfDaisyChain(t *testing.T) {
	lib, err := Load(fstest.MapFS{"sample.yaml": {Data: []byte(sample + `
controls:
  - {key: "outlet/{outlet}/switch", kind: command, column: 1.3.6.1.4.1.9.2.9, type: integer, source: outletCommand, shows: "outlet/{outlet}/current",
     options: [{name: "on", raw: 1}, {name: "off", raw: 2, done: 0, severity: critical}]}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecording(strings.NewReader(sampleRecording + "1.3.6.1.4.1.9.2.9.1.1|2|1\n1.3.6.1.4.1.9.2.9.2.7|2|1\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("sample")
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Controls) != 2 {
		t.Fatalf("%+v", d.Controls)
	}
	first, second := d.Controls[0].Spec, d.Controls[1].Spec
	if first.Key != "outlet/1/switch" || first.Shows != "outlet/1/current" || first.Options[1].Done == nil || first.Options[1].Severity != models.SeverityCritical {
		t.Errorf("%+v", first)
	}
	if second.Key != "unit/2/outlet/7/switch" || second.Shows != "" || second.Options[1].Done != nil || d.Controls[1].OID != "1.3.6.1.4.1.9.2.9.2.7" {
		t.Errorf("%+v", second)
	}
}
