package profile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// TestStatesFrom: state texts come from the device's own list, severities by
// expressions, and what the profile says itself wins.
func TestStatesFrom(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: cooling
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB}
points:
  - key: state/{1}
    class: state
    column: 1.3.6.1.4.1.99999.1.1
    states_from: {column: 1.3.6.1.4.1.99999.1.2, severities: [{match: '(?i)fail', severity: critical}, {match: '^Active$', severity: ok}]}
    states: {0: {text: nothing, severity: unknown}}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(strings.NewReader(`1.3.6.1.4.1.99999.1.1.1|2|6
1.3.6.1.4.1.99999.1.1.2|2|1
1.3.6.1.4.1.99999.1.1.3|2|-2
1.3.6.1.4.1.99999.1.1.4|2|9
1.3.6.1.4.1.99999.1.1.5|2|0
1.3.6.1.4.1.99999.1.2.1|4|Unknown(0),Startup Delay (5),Active(6)
1.3.6.1.4.1.99999.1.2.2|4|Open (0), Fan failure(1), Other(1)
1.3.6.1.4.1.99999.1.2.3|4|Off(-2)
1.3.6.1.4.1.99999.1.2.4|4|no list (at all
1.3.6.1.4.1.99999.1.2.5|4|Unknown(0)
`))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]models.StateText{
		"state/1": {Text: "Active", Severity: models.SeverityOK},
		"state/2": {Text: "Fan failure", Severity: models.SeverityCritical},
		"state/3": {Text: "Off", Severity: models.SeverityInfo},
		"state/4": {Text: "unknown (9)", Severity: models.SeverityUnknown},
		"state/5": {Text: "nothing", Severity: models.SeverityUnknown},
	}
	for _, r := range d.Readings() {
		if got := (models.StateText{Text: r.State, Severity: models.Severity(r.Severity)}); got != want[r.Key] {
			t.Errorf("%s: %+v, want %+v", r.Key, got, want[r.Key])
		}
		delete(want, r.Key)
	}
	for key := range want {
		t.Errorf("%s: missing", key)
	}
}
