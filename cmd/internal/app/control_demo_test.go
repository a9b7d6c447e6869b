package app

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/dcim/access"
)

// switchedByModbus is a made-up rack PDU with two outlets.
const switchedByModbus = `
profile: modbus-pdu
kind: pdu
protocol: modbus
source: made up
identity: {vendor: {const: Test}, model: {const: PDU}}
defaults: {table: holding, source: made up}
points:
  - {key: outlet/1/state, class: state, table: coil, register: 10, type: bool, states: {0: {text: "off", severity: warning}, 1: {text: "on", severity: ok}}}
  - {key: outlet/2/state, class: state, table: coil, register: 11, type: bool, states: {0: {text: "off", severity: warning}, 1: {text: "on", severity: ok}}}
  - {key: outlet/1/current, class: current, unit: mA, register: 20, type: u16}
  - {key: outlet/2/current, class: current, unit: mA, register: 21, type: u16}
controls:
  - {key: outlet/1/switch, kind: command, table: coil, register: 10, type: bool, shows: outlet/1/state, options: [{name: "on", raw: 1, done: 1, severity: info}, {name: "off", raw: 0, done: 0, severity: critical}]}
  - {key: outlet/2/switch, kind: command, table: coil, register: 11, type: bool, shows: outlet/2/state, function: 15, options: [{name: "on", raw: 1, done: 1, severity: info}, {name: "off", raw: 0, done: 0, severity: critical}]}
`

// modbusFacility simulates two racks with PDUs and a chiller that are read by
// Modbus, and returns the folder of their profile as well.
func modbusFacility(t *testing.T, control bool) (*simulate.Facility, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "modbus-pdu.yaml"), []byte(switchedByModbus), 0o600); err != nil {
		t.Fatal(err)
	}
	lib, err := LoadProfiles(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := simulate.ParseSite([]byte(`
site: Test
halls: [{name: Hall A, code: A, rows: 1, racks_per_row: 1, cooling_units: 1, rack_kw: [4, 5], ups_rating_kw: 40, ups_minutes: 5, cooling_unit_kw: 20, pdu_profiles: [modbus-pdu]}]
plant: {chillers: 1, chiller_kw: 60, generator_kw: 100, fuel_l: 500, chiller_profile: thermalcare-accuchiller-eq}
`))
	if err != nil {
		t.Fatal(err)
	}
	chiller := "thermalcare/testdata/thermalcare-accuchiller-eq.modbus"
	data, err := fs.ReadFile(profiles.FS, chiller)
	if err != nil {
		t.Fatal(err)
	}
	f, err := simulate.New(simulate.Options{Site: site, Profiles: lib, Control: control, Recordings: fstest.MapFS{
		chiller: {Data: data}, "test/testdata/modbus-pdu.modbus": {Data: []byte("coil|10|1 1\nholding|20|0 0\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop() })
	return f, dir
}

// TestSimulatedModbusIsSwitchedByTwoPersons: the outlets of a simulated PDU and
// a simulated chiller are switched by Modbus, and what they measure follows.
func TestSimulatedModbusIsSwitchedByTwoPersons(t *testing.T) {
	f, dir := modbusFacility(t, true)
	s := serviceWith(t, f, io.Discard, func(c *configs.Config) { c.Control.Enabled, c.ProfilesDir = true, dir })
	olga, eva := s.person(t, "olga", access.Operator), s.person(t, "eva", access.Engineer)
	pdu, chiller := s.pduOf(t, "A-01-01-PDU-A"), s.pduOf(t, "CH-01")
	for _, tt := range []struct {
		device                 uint64
		control, option, shows string
		text                   string
		// measured is zero when it is switched off.
		measured string
		off      bool
	}{
		{pdu, "outlet/1/switch", "off", "outlet/1/state", "off", "outlet/1/current", true},
		{pdu, "outlet/2/switch", "off", "outlet/2/state", "off", "outlet/2/current", true},
		{pdu, "outlet/1/switch", "on", "outlet/1/state", "on", "outlet/1/current", false},
		{chiller, "control/start", "stop", "control/start", "no", "", true},
		{chiller, "control/start", "start", "control/start", "yes", "", false},
	} {
		path := fmt.Sprintf("/devices/%d/controls", tt.device)
		if code := s.do(t, http.MethodPut, path, `{"allowed":true}`, nil); code != http.StatusNoContent {
			t.Fatalf("allow: %d", code)
		}
		until(t, 60*time.Second, "there are controls", func() bool {
			var list controlsReply
			olga.do(t, http.MethodGet, path, "", &list)
			return len(list.Items) > 0
		})
		if _, _, state := s.value(t, tt.device, tt.shows); state == tt.text {
			t.Errorf("%s is %s already", tt.shows, state)
		}
		var r controlReply
		wish := fmt.Sprintf(`{"control":%q,"option":%q,"reason":"try it in the simulation"}`, tt.control, tt.option)
		if code := olga.do(t, http.MethodPost, path+"/requests", wish, &r); code != http.StatusCreated {
			t.Fatalf("request %s: %d", wish, code)
		}
		if code := eva.do(t, http.MethodPost, fmt.Sprintf("/control/requests/%d/confirm", r.ID), "{}", nil); code != http.StatusOK {
			t.Fatalf("confirm: %d", code)
		}
		until(t, 40*time.Second, "it is done", func() bool {
			eva.do(t, http.MethodGet, fmt.Sprintf("/control/requests/%d", r.ID), "", &r)
			return r.State != "confirmed" && r.State != "executing"
		})
		if r.State != "done" || r.Cause != "shown" {
			t.Errorf("%s %s ended: %+v", tt.control, tt.option, r)
		}
		if _, _, state := s.value(t, tt.device, tt.shows); state != tt.text {
			t.Errorf("%s is %s after %s", tt.shows, state, tt.option)
		}
		if tt.measured == "" {
			continue
		}
		if v, _, _ := s.value(t, tt.device, tt.measured); v == nil || (*v == 0) != tt.off {
			t.Errorf("%s after %s: %v", tt.measured, tt.option, v)
		}
	}
}

// TestSimulatedModbusRefusesWrites: without control, and of what no profile
// declares, nothing is written.
func TestSimulatedModbusRefusesWrites(t *testing.T) {
	off := []byte{0, 1, 0, 0, 0, 6, 1, 5, 0, 10, 0, 0}
	for _, tt := range []struct {
		name    string
		control bool
		request []byte
		want    string
	}{
		{"not allowed", false, off, "000100000003018501"},
		{"allowed", true, off, "0001000000060105000a0000"},
		{"another function", true, []byte{0, 1, 0, 0, 0, 8, 1, 15, 0, 10, 0, 1, 1, 0}, "000100000003018f02"},
		{"another coil", true, []byte{0, 1, 0, 0, 0, 6, 1, 5, 0, 12, 0, 0}, "000100000003018502"},
		{"two coils", true, []byte{0, 1, 0, 0, 0, 8, 1, 15, 0, 11, 0, 2, 1, 0}, "000100000003018f03"},
		{"neither on nor off", true, []byte{0, 1, 0, 0, 0, 6, 1, 5, 0, 10, 0, 1}, "000100000003018503"},
		{"cut short", true, []byte{0, 1, 0, 0, 0, 4, 1, 16, 0, 10}, "000100000003019003"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := modbusFacility(t, tt.control)
			address := ""
			for _, d := range f.Devices() {
				if strings.HasSuffix(d.Name, "PDU-A") {
					address = d.Address
				}
			}
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			if _, err := c.Write(tt.request); err != nil {
				t.Fatal(err)
			}
			answer := make([]byte, len(tt.want)/2)
			if _, err := io.ReadFull(c, answer); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", answer); got != tt.want {
				t.Errorf("answered %s, want %s", got, tt.want)
			}
			// What is read then is what the answer said.
			if _, err := c.Write([]byte{0, 2, 0, 0, 0, 6, 1, 1, 0, 10, 0, 2}); err != nil {
				t.Fatal(err)
			}
			read := make([]byte, 10)
			if _, err := io.ReadFull(c, read); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]byte{true: 2, false: 3}[tt.name == "allowed"]; read[9] != want {
				t.Errorf("coils are %b, want %b", read[9], want)
			}
		})
	}
}
