package profile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// Each fault of the trap section is told with its line.
func TestTrapFaults(t *testing.T) {
	const head = "profile: x-traps\nabstract: true\nsource: test\ntrap_variables: {load: 1.3.6.1.4.1.5.1}\ntraps:\n"
	for name, c := range map[string]struct{ traps, want string }{
		"good":                   {"  - {oid: 1.3.6.1.4.1.5.0.1, name: a, text: 'Load: {load}', severity: warning}\n  - {oid: 1.3.6.1.4.1.5.0.2, name: b, text: Good, severity: ok, clears: 1.3.6.1.4.1.5.0.1}\n", ""},
		"no OID":                 {"  - {name: a, text: A, severity: ok}\n", "has no OID"},
		"bad OID":                {"  - {oid: enterprises.5, name: a, text: A, severity: ok}\n", "is not an object identifier"},
		"twice":                  {"  - {oid: 1.3.6, name: a, text: A, severity: ok}\n  - {oid: 1.3.6, name: b, text: A, severity: ok}\n", "is there twice"},
		"bad name":               {"  - {oid: 1.3.6, name: a b, text: A, severity: ok}\n", "is not that of a MIB"},
		"no text":                {"  - {oid: 1.3.6, name: a, severity: ok}\n", "needs a text"},
		"no severity":            {"  - {oid: 1.3.6, name: a, text: A}\n", "needs a text and a severity"},
		"bad severity":           {"  - {oid: 1.3.6, name: a, text: A, severity: dreadful}\n", "is not one of"},
		"no variable":            {"  - {oid: 1.3.6, name: a, text: 'At: {heat}', severity: ok}\n", "is not in trap_variables"},
		"clears itself":          {"  - {oid: 1.3.6, name: a, text: A, severity: ok, clears: 1.3.6}\n", "which is no other trap"},
		"clears none":            {"  - {oid: 1.3.6, name: a, text: A, severity: ok, clears: 1.3.7}\n", "which is no other trap"},
		"variable in the middle": {"  - {oid: 1.3.6, name: a, text: 'Load {load} is high', severity: ok}\n", "is not of the form"},
		"unknown key":            {"  - {oid: 1.3.6, name: a, text: A, severity: ok, colour: red}\n", "colour"},
	} {
		_, err := profile.Load(fstest.MapFS{"v/x-traps.yaml": {Data: []byte(head + c.traps)}})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x-traps.yaml:")):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// A notification is explained by one built-in profile only, and each vendor's
// own are known.
func TestBuiltinTraps(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{}
	for _, p := range lib.All() {
		for _, x := range p.Traps {
			if other := by[x.OID]; other != "" {
				t.Errorf("%s (%s) is in %s and %s", x.OID, x.Name, other, p.Name)
			}
			by[x.OID] = p.Name
		}
	}
	for oid, want := range map[string]string{
		"1.3.6.1.6.3.1.1.5.1":               "standard-traps",
		"1.3.6.1.2.1.33.2.1":                "ups-mib-traps",
		"1.3.6.1.4.1.318.0.5":               "apc-powernet-traps",
		"1.3.6.1.4.1.13742.6.0.3":           "raritan-pdu2-traps",
		"1.3.6.1.4.1.21239.5.2.32767.0.103": "",
	} {
		if by[oid] != want {
			t.Errorf("%s is of %q, want %q", oid, by[oid], want)
		}
	}
}

// Most notifications have a severity, of their own or by a status that comes
// with them; the end of something is no alarm.
func TestBuiltinTrapSeverities(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	all, unknown := 0, 0
	for _, p := range lib.All() {
		for _, x := range p.Traps {
			all++
			if x.Severity == models.SeverityUnknown && len(p.TrapSeverities) == 0 {
				unknown++
			}
			if over := strings.Contains(x.Text, "alarm over"); over && x.Severity != models.SeverityOK && x.Severity != models.SeverityInfo && x.Severity != models.SeverityUnknown {
				t.Errorf("%s: %s (%q) is %s", p.Name, x.Name, x.Text, x.Severity)
			}
		}
	}
	// What is left are notifications that users define themselves.
	if all < 12_000 || unknown*10 > all {
		t.Errorf("%d of %d notifications have no severity", unknown, all)
	}
}
