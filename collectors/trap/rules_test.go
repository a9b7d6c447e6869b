package trap

import (
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// A text has no gap where a variable did not come, says nothing twice, and
// takes its severity from a status where the notification has none of its own.
func TestExplain(t *testing.T) {
	const text = `profile: x-traps
abstract: true
source: test
trap_variables: {message: 1.3.6.1.4.1.5.1, name: 1.3.6.1.4.1.5.2, status: 1.3.6.1.4.1.5.3}
trap_severities: {status: {1: ok, 2: warning, 3: critical}}
traps:
  - {oid: 1.3.6.1.4.1.5.0.1, name: lost, text: "Communication lost: {message}, {name}", severity: critical}
  - {oid: 1.3.6.1.4.1.5.0.2, name: changed, text: "Sensor status: {name}", severity: unknown}
`
	lib, err := profile.Load(fstest.MapFS{"v/x-traps.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRules(lib)
	for _, c := range []struct {
		name      string
		oid       string
		variables map[string]string
		text      string
		severity  models.Severity
	}{
		{"nothing came", "1", nil, "Communication lost", models.SeverityCritical},
		{"empty", "1", map[string]string{"1": " "}, "Communication lost", models.SeverityCritical},
		{"both", "1", map[string]string{"1": "to rack 4", "2": "UPS-1"}, "Communication lost: to rack 4, UPS-1", models.SeverityCritical},
		{"the words again", "1", map[string]string{"1": "Communication lost.", "2": "UPS-1"}, "Communication lost: UPS-1", models.SeverityCritical},
		{"the name in the message", "1", map[string]string{"1": "UPS-1 is silent", "2": "UPS-1"}, "Communication lost: UPS-1 is silent", models.SeverityCritical},
		{"good", "2", map[string]string{"2": "Inlet", "3": "1"}, "Sensor status: Inlet", models.SeverityOK},
		{"bad", "2", map[string]string{"3": "3"}, "Sensor status", models.SeverityCritical},
		{"not listed", "2", map[string]string{"3": "7"}, "Sensor status", models.SeverityUnknown},
		{"no status", "2", nil, "Sensor status", models.SeverityUnknown},
	} {
		n := &notification{oid: "1.3.6.1.4.1.5.0." + c.oid}
		for _, v := range []string{"1", "2", "3"} {
			if value, ok := c.variables[v]; ok {
				n.variables = append(n.variables, variable{oid: "1.3.6.1.4.1.5." + v + ".0", text: value})
			}
		}
		var got Trap
		r.explain(&got, n)
		if got.Text != c.text || got.Severity != c.severity {
			t.Errorf("%s: %q, %s; want %q, %s", c.name, got.Text, got.Severity, c.text, c.severity)
		}
	}
}
