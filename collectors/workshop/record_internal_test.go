package workshop

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// TestModbusRecordingHidesSerials: what any profile that fits takes for a serial
// number goes, whichever the device was read by, as text and as number.
func TestModbusRecordingHidesSerials(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{
		"a.yaml": {Data: []byte("profile: a\nkind: meter\nprotocol: modbus\nsource: A\nmatch: [{where: [{register: 0, table: holding, in: [\"7\"]}]}]\npoints:\n  - {key: v, class: voltage, unit: V, register: 0, table: holding, type: u16, source: x}\n")},
		"b.yaml": {Data: []byte("profile: b\nkind: meter\nprotocol: modbus\nsource: B\nmatch: [{where: [{register: 0, table: holding, in: [\"7\"]}]}]\nidentity: {serial: {register: 10, table: holding, type: string, length: 4}, mac: {register: 20, table: holding, type: u32}}\npoints:\n  - {key: v, class: voltage, unit: V, register: 0, table: holding, type: u16, source: x}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadModbusRecording(strings.NewReader("holding|0|0007\nholding|10|5158 3438 3831 3531\nholding|20|00bc 614e\n"))
	if err != nil {
		t.Fatal(err)
	}
	hideModbus(lib, "a", NewStripper(nil), rec)
	var text bytes.Buffer
	if err := rec.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"5158 3438", "3831 3531", "614e", "00bc"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the recording tells %s:\n%s", secret, &text)
		}
	}
	if !strings.Contains(text.String(), "holding|0|0007") {
		t.Errorf("the recording lacks what is not private:\n%s", &text)
	}
}
