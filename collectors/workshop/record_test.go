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
