package snmp

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
)

const (
	familyProfile = `
profile: family
kind: pdu
source: FAMILY-MIB
match: [{sysObjectID: [1.3.6.1.4.1.9.7]}]
identity: {vendor: {const: Family}}
points:
  - {key: inlet/1/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.3.1.0, source: inletVoltage}
`
	// presentProfile fits nothing while the objects of the family are away.
	presentProfile = `
profile: family
kind: pdu
source: FAMILY-MIB
match: [{sysObjectID: [1.3.6.1.4.1.9.7], present: [1.3.6.1.4.1.9.3.1.0]}]
identity: {vendor: {const: Family}}
points:
  - {key: inlet/1/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.3.1.0, source: inletVoltage}
`
	sisterProfile = `
profile: sister
kind: pdu
source: SISTER-MIB
match: [{sysObjectID: [1.3.6.1.4.1.9.6], present: [1.3.6.1.4.1.9.2.1]}]
points:
  - {key: inlet/1/power, class: power, unit: W, oid: 1.3.6.1.4.1.9.2.1.0, source: inletPower}
`
	hostProfile = `
profile: any-host
kind: other
priority: -80
source: HOST-RESOURCES-MIB
match: [{present: [1.3.6.1.2.1.25.1.1.0]}]
points:
  - {key: system/uptime, class: duration, unit: cs, oid: 1.3.6.1.2.1.25.1.1.0, source: hrSystemUptime}
`
)

// changing is a device whose objects come and go, and the driver that reads it.
// Of it there are profiles of its family, of a sister and of what every host has.
type changing struct {
	*testing.T
	agent  *agent.Agent
	driver *Driver
}

func newChanging(t *testing.T, own string, lines ...string) *changing {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{
		"family.yaml": {Data: []byte(own)}, "sister.yaml": {Data: []byte(sisterProfile)}, "any-host.yaml": {Data: []byte(hostProfile)},
	})
	if err != nil {
		t.Fatal(err)
	}
	x := &changing{T: t}
	x.holds(lines...)
	e := New(Options{Library: lib, Timeout: 150 * time.Millisecond})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Stop(); x.agent.Close() })
	d, err := e.NewDriver(collectors.Target{
		Device: 1, Name: "pdu", Address: x.agent.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	x.driver = d.(*Driver)
	return x
}

// holds has the device hold these objects from now on, beside what it says of
// itself.
func (x *changing) holds(lines ...string) {
	x.Helper()
	at := "127.0.0.1:0"
	if x.agent != nil {
		at = x.agent.Addr()
		x.agent.Close()
	}
	rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n" + strings.Join(lines, "\n") + "\n"))
	if err != nil {
		x.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		x.Fatal(err)
	}
	if x.agent, err = agent.Listen(at, table, agent.Options{}); err != nil {
		x.Fatal(err)
	}
}

// reads looks at the device; an empty name is that no profile fits.
func (x *changing) reads(when, want string, makeshift bool) {
	x.Helper()
	l, err := x.driver.Learn(x.Context())
	switch {
	case want == "":
		if !errors.Is(err, collectors.ErrNoProfile) {
			x.Errorf("%s: read as %+v, %v", when, l, err)
		}
	case err != nil:
		x.Errorf("%s: %v", when, err)
	case l.Profile != want || l.Fit.Makeshift != makeshift:
		x.Errorf("%s: read as %s, makeshift %v", when, l.Profile, l.Fit.Makeshift)
	}
}

const (
	voltageLine = "1.3.6.1.4.1.9.3.1.0|2|230"
	powerLine   = "1.3.6.1.4.1.9.2.1.0|2|5"
	hostLine    = "1.3.6.1.2.1.25.1.1.0|67|123456"
	nineMinutes = "1.3.6.1.2.1.1.3.0|67|54000"
	oneDay      = "1.3.6.1.2.1.1.3.0|67|8640000"
	dayUp       = 24 * 3600 * 100
)

// TestOwnObjectsGoAndComeBack: a device whose own objects are away for a while
// stays what it was learned as.
func TestOwnObjectsGoAndComeBack(t *testing.T) {
	for name, own := range map[string]string{"by its sysObjectID": familyProfile, "by its objects too": presentProfile} {
		t.Run(name, func(t *testing.T) {
			x := newChanging(t, own, oneDay, voltageLine, powerLine, hostLine)
			x.reads("healthy", "family", false)
			x.holds(oneDay, powerLine, hostLine)
			x.reads("with those of a sister", "", false)
			x.holds(oneDay, hostLine)
			x.reads("with those of every host", "", false)
			x.holds(oneDay, voltageLine, powerLine, hostLine)
			x.reads("as before", "family", false)
		})
	}
}

// TestAgentThatBoots: what a management card does not have yet decides nothing.
func TestAgentThatBoots(t *testing.T) {
	for name, own := range map[string]string{"by its sysObjectID": familyProfile, "by its objects too": presentProfile} {
		t.Run(name, func(t *testing.T) {
			x := newChanging(t, own, nineMinutes, hostLine)
			x.reads("just up", "", false)
			x.holds(nineMinutes, voltageLine, hostLine)
			x.reads("up", "family", false)
		})
	}
	x := newChanging(t, familyProfile, nineMinutes, powerLine, hostLine)
	x.reads("a sister that is just up", "", false)
	x.holds(powerLine, hostLine)
	x.reads("a sister that does not tell", "", false)
	// A person who looks sees at once what there is.
	if _, l, err := x.driver.Inspect(t.Context()); err != nil || l.Profile != "sister" || !l.Fit.Makeshift {
		t.Errorf("looked at: %+v, %v", l, err)
	}
}

// TestNothingOfItsFamily: a device that calls itself one of a family, holds
// nothing of it and has been up for long is read by what its objects tell, and
// not by what every host has.
func TestNothingOfItsFamily(t *testing.T) {
	x := newChanging(t, familyProfile, oneDay, powerLine, hostLine)
	x.reads("as a sister", "sister", true)
	if found, err := x.driver.Candidates(t.Context()); err != nil || len(found) != 1 || found[0].Profile != "sister" {
		t.Errorf("candidates %v, %v", found, err)
	}
	x.holds(nineMinutes, powerLine, hostLine)
	x.reads("after it began anew", "sister", true)
	x.holds(nineMinutes, voltageLine, powerLine, hostLine)
	x.reads("as its family", "family", false)

	x = newChanging(t, familyProfile, oneDay, hostLine)
	x.reads("as any host", "", false)
	// A model without an own profile: nothing better fits what it says of itself.
	x = newChanging(t, presentProfile, oneDay, hostLine)
	x.reads("as any host", "any-host", true)
}
