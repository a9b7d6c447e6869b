package workshop_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/workshop"
)

// TestRecordingHidesWhatWrites: agents show their communities in tables of
// their own, and the one that writes is the worst to tell.
func TestRecordingHidesWhatWrites(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.3.0|67|1000\n" +
		"1.3.6.1.4.1.9999.1.1|4|watch-7731\n1.3.6.1.4.1.9999.1.2|4|switch-4419\n1.3.6.1.4.1.9999.1.3|4|plain text\n"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Listen("127.0.0.1:0", table, agent.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	e := snmp.New(snmp.Options{Library: lib, Timeout: 3 * time.Second})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	out, err := workshop.Record(t.Context(), workshop.RecordOptions{Library: lib, SNMP: e, Target: collectors.Target{
		Name: "pdu", Address: a.Addr(), Protocol: collectors.SNMPv2c,
		SNMP: collectors.SNMPCredential{Community: "watch-7731"}, ControlSNMP: collectors.SNMPCredential{Community: "switch-4419"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := out.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"watch-7731", "switch-4419"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the recording tells %s:\n%s", secret, &text)
		}
	}
	if !strings.Contains(text.String(), "plain text") {
		t.Errorf("the recording lacks what is not secret:\n%s", &text)
	}
}

// sisters are a family of whose objects the device holds none, one that it is
// read by instead, and one that takes other objects for its serial number.
func sisters(t *testing.T) *profile.Library {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{
		"a.yaml": {Data: []byte("profile: a\nkind: pdu\nsource: A\nmatch: [{sysObjectID: [1.3.6.1.4.1.9.7]}]\npoints:\n  - {key: v, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.3.1.0, source: x}\n")},
		"b.yaml": {Data: []byte("profile: b\nkind: pdu\nsource: B\nmatch: [{sysObjectID: [1.3.6.1.4.1.9.6], present: [1.3.6.1.4.1.9.2.1]}]\nidentity: {serial: {column: 1.3.6.1.4.1.9.2.9}}\npoints:\n  - {key: p, class: power, unit: W, oid: 1.3.6.1.4.1.9.2.1.0, source: x}\n")},
		"c.yaml": {Data: []byte("profile: c\nkind: pdu\nsource: C\nmatch: [{sysObjectID: [1.3.6.1.4.1.9.5], present: [1.3.6.1.4.1.9.2.1]}]\nidentity: {serial: {oid: 1.3.6.1.4.1.9.2.8.0}}\npoints:\n  - {key: v, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.4.1.0, source: x}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

const sisterRecording = "1.3.6.1.2.1.1.1.0|4|Test\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n1.3.6.1.4.1.9.2.1.0|2|5\n" +
	"1.3.6.1.4.1.9.2.8.0|2|7700421\n1.3.6.1.4.1.9.2.9.1|4|QX48815162342\n1.3.6.1.4.1.9.2.9.2|4|QX48815162399\n1.3.6.1.4.1.9.6.1|4|Unit QX48815162399\n"

// TestRecordingHidesSerials: the serial numbers of each unit go, as texts and as
// numbers, by whatever profile the device may be read.
func TestRecordingHidesSerials(t *testing.T) {
	rec, err := profile.ReadRecording(strings.NewReader(sisterRecording))
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Listen("127.0.0.1:0", table, agent.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	lib := sisters(t)
	e := snmp.New(snmp.Options{Library: lib, Timeout: 3 * time.Second})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	for named, want := range map[string]string{"": "b", "a": "a"} {
		out, err := workshop.Record(t.Context(), workshop.RecordOptions{Library: lib, SNMP: e, Target: collectors.Target{
			Name: "pdu", Address: a.Addr(), Protocol: collectors.SNMPv2c, Profile: named, SNMP: collectors.SNMPCredential{Community: "public"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := out.Write(&text); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"QX48815162342", "QX48815162399", "7700421"} {
			if strings.Contains(text.String(), secret) {
				t.Errorf("named %q: the recording tells %s:\n%s", named, secret, &text)
			}
		}
		if out.Profile != want || out.Changed != 4 || !strings.Contains(text.String(), "1.3.6.1.4.1.9.2.1.0|2|5\n") {
			t.Errorf("named %q: profile %s, %d changed:\n%s", named, out.Profile, out.Changed, &text)
		}
	}
}

// TestRecordingIsReadAsTheDevice: a look at a recording tries the profiles that a
// look at the device does, and tells of those that hold something.
func TestRecordingIsReadAsTheDevice(t *testing.T) {
	l, err := workshop.LookAtRecording(sisters(t), "", "x.snmprec", []byte(sisterRecording))
	if err != nil {
		t.Fatal(err)
	}
	if l.Learned.Profile != "b" || len(l.Candidates) != 2 || l.Candidates[0].Profile != "b" || l.Candidates[1].Profile != "c" {
		t.Errorf("read as %s, candidates %v", l.Learned.Profile, l.Candidates)
	}
}
