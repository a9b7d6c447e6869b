package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// snmpdOf has Debian's snmpd answer with the objects of a recording, all of
// them writable, and returns its address.
func snmpdOf(t *testing.T, recording string) string {
	t.Helper()
	binary := peer(t, "snmpd", "/usr/sbin/snmpd", "snmpd")
	data, err := fs.ReadFile(profiles.FS, recording)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var conf strings.Builder
	conf.WriteString("rocommunity public 127.0.0.1\nrwcommunity private 127.0.0.1\n")
	for _, o := range rec.Objects {
		oid := profile.Dotted(o.OID)
		kind, value := "integer", o.Raw.String()
		switch o.Type {
		case 4:
			kind, value = "octet_str", fmt.Sprintf("%q", value)
		case 6:
			kind = "object_id"
		case 64:
			kind = "ipaddress"
		case 65:
			kind = "counter"
		case 66:
			kind = "uinteger"
		case 67:
			kind = "timeticks"
		}
		switch {
		case oid == profile.SysObjectIDOID:
			fmt.Fprintf(&conf, "sysobjectid .%s\n", value)
		case oid == profile.SysDescrOID:
			fmt.Fprintf(&conf, "sysdescr %s\n", strings.Trim(value, `"`))
		case strings.HasPrefix(oid, "1.3.6.1.4.1."):
			fmt.Fprintf(&conf, "override -rw .%s %s %s\n", oid, kind, value)
		}
	}
	dir, address := t.TempDir(), freeUDP(t)
	file := filepath.Join(dir, "snmpd.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SNMP_PERSISTENT_DIR", dir)
	run(t, binary, "-f", "-Lo", "-C", "-c", file, "-I", "-smux", "udp:"+address)
	return address
}

// TestDeclaredControlsAreWritten writes what built-in profiles declare to
// Debian's snmpd that holds the objects of such a device, and reads with
// snmpget what is there. The neighbours keep what they had.
func TestDeclaredControlsAreWritten(t *testing.T) {
	get := peer(t, "snmp", "snmpget")
	e := NewEngines(EngineOptions{Library: library(t), Timeout: 2 * time.Second, Retries: 2, Control: true})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	type write struct{ control, option, oid, is, neighbour string }
	const (
		eaton    = "1.3.6.1.4.1.534.6.6.7."
		dataprob = "1.3.6.1.4.1.1418.6.5.1.5."
		gude     = "1.3.6.1.4.1.28507.84.1.3.1.2.1.3."
		enlogic  = "1.3.6.1.4.1.38446.1.5.5.1.4.1."
		raritan  = "1.3.6.1.4.1.13742.6.4.10.2.1.2."
		tripp    = "1.3.6.1.4.1.850.1.1.3.2.3.3.2.1.6.1."
		apc      = "1.3.6.1.4.1.318.1.1.1.12.3.2.1.3."
		hpe      = "1.3.6.1.4.1.232.165."
		panduit  = "1.3.6.1.4.1.19536.10.1.5.2.1."
		dell     = "1.3.6.1.4.1.674.10903.200.2.200.130.1.4.1.4."
		cpdu     = "1.3.6.1.4.1.318.1.1.32.5.5.1.4."
		managed  = "1.3.6.1.4.1.534.6.6.6.1.2.2.1.3."
	)
	for _, tt := range []struct {
		recording, profile string
		// none are keys that must not be there.
		none   []string
		writes []write
	}{
		{"eaton/testdata/eaton-epdu.snmprec", "eaton-epdu", []string{"outlet/3/switch"}, []write{
			{"outlet/1/switch", "off", eaton + "6.6.1.3.0.1", "0", eaton + "6.6.1.4.0.1=-1"},
			{"outlet/1/switch", "on", eaton + "6.6.1.4.0.1", "0", eaton + "6.6.1.4.0.2=-1"},
			{"outlet/2/switch", "cycle", eaton + "6.6.1.5.0.2", "0", eaton + "6.6.1.5.0.1=-1"},
			{"outlet-group/1/switch", "off", eaton + "5.6.1.3.0.1", "0", eaton + "5.6.1.5.0.1=-1"},
		}},
		{"dataprobe/testdata/dataprobe-iboot-pdu.snmprec", "dataprobe-iboot-pdu", nil, []write{
			{"outlet/1/switch", "cycle", dataprob + "1", "2", dataprob + "2=0"}, {"outlet/2/switch", "on", dataprob + "2", "1", dataprob + "1=2"},
		}},
		{"gude/testdata/gude~8032.snmprec", "gude", nil, []write{{"outlet/1/switch", "off", gude + "1", "0", gude + "2=0"}, {"outlet/2/switch", "on", gude + "2", "1", gude + "1=0"}}},
		{"enlogic/testdata/enlogic-pdu.snmprec", "enlogic-pdu", nil, []write{{"outlet/1/switch", "off", enlogic + "1", "1", enlogic + "2=1"}, {"outlet/2/switch", "on", enlogic + "2", "2", enlogic + "1=1"}, {"outlet/3/switch", "cycle", enlogic + "3", "5", enlogic + "2=2"}}},
		{"raritan/testdata/raritan-pdu2~all-tables.snmprec", "raritan-pdu2", nil, []write{{"group/7/switch", "cycle", raritan + "7", "2", ""}, {"group/7/switch", "off", raritan + "7", "0", ""}}},
		{"tripplite/testdata/tripplite-poweralert-pdu.snmprec", "tripplite-poweralert-pdu", nil, []write{{"outlet-group/1/switch", "off", tripp + "1", "1", tripp + "2=0"}}},
		{"apc/testdata/apc-powernet-ups.snmprec", "apc-powernet-ups", []string{"outlet-group/1/switch"}, []write{{"outlet-group/2/switch", "off", apc + "2", "2", apc + "1=1"}}},
		{"hpe/testdata/hpe-pdu2.snmprec", "hpe-pdu2", []string{"outlet/3/switch"}, []write{{"outlet/1/switch", "off", hpe + "7.5.2.1.2.0.1", "0", hpe + "7.5.2.1.3.0.1=-1"}, {"outlet/2/switch", "cycle", hpe + "7.5.2.1.4.0.2", "0", hpe + "7.5.2.1.2.0.2=-1"}}},
		{"hpe/testdata/hpe-pdu3.snmprec", "hpe-pdu3", []string{"outlet/3/switch"}, []write{{"outlet/1/switch", "on", hpe + "11.5.2.1.3.0.1", "0", hpe + "11.5.2.1.2.0.1=-1"}}},
		{"panduit/testdata/panduit-g5.snmprec", "panduit-g5", []string{"outlet/3/switch"}, []write{{"outlet/1/switch", "on", panduit + "3.1.1", "0", panduit + "2.1.1=-1"}, {"outlet/2/switch", "off", panduit + "2.1.2", "0", panduit + "2.1.1=-1"}}},
		{"dell/testdata/dell-rpdu.snmprec", "dell-rpdu", nil, []write{{"outlet/1/switch", "off", dell + "1", "2", dell + "3=1"}, {"outlet/2/switch", "cycle", dell + "2", "3", dell + "1=2"}}},
		{"apc/testdata/apc-cpdu.snmprec", "apc-cpdu", []string{"outlet/3/switch"}, []write{{"outlet/1/switch", "off", cpdu + "1.1", "1", cpdu + "1.2=1"}, {"outlet/2/switch", "on", cpdu + "1.2", "2", cpdu + "1.3=1"}}},
		{"eaton/testdata/eaton-epdu-ma.snmprec", "eaton-epdu-ma", nil, []write{{"outlet/1/switch", "off", managed + "1", "0", managed + "2=1"}, {"outlet/1/switch", "on", managed + "1", "1", managed + "2=1"}}},
	} {
		t.Run(tt.profile, func(t *testing.T) {
			address := snmpdOf(t, tt.recording)
			read := func(oid string) string {
				t.Helper()
				out, err := exec.CommandContext(t.Context(), get, "-v2c", "-c", "public", "-Oqvne", address, oid).CombinedOutput()
				if err != nil {
					t.Fatalf("snmpget %s: %v: %s", oid, err, out)
				}
				return strings.TrimSpace(string(out))
			}
			d, err := e.NewDriver(collectors.Target{
				Device: 1, Name: "device", Address: address, Protocol: collectors.SNMPv2c, Profile: tt.profile, Control: true,
				SNMP: collectors.SNMPCredential{Community: "public"}, ControlSNMP: collectors.SNMPCredential{Community: "private"},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var l *collectors.Learned
			until(t, 20*time.Second, "snmpd answers", func() bool { l, err = d.Learn(t.Context()); return err == nil })
			shows := map[string]string{}
			for _, c := range l.Controls {
				shows[c.Key] = c.Shows
			}
			for _, key := range tt.none {
				if _, ok := shows[key]; ok {
					t.Errorf("%s can be written", key)
				}
			}
			c := d.(collectors.Controller)
			for _, w := range tt.writes {
				if _, ok := shows[w.control]; !ok {
					t.Fatalf("no control %s among %v", w.control, shows)
				}
				if shows[w.control] == "" && tt.profile != "raritan-pdu2" {
					t.Errorf("nothing shows the effect of %s", w.control)
				}
				a := collectors.Action{Option: w.option}
				intent, err := c.Intend(t.Context(), w.control, a)
				if err != nil {
					t.Fatalf("%s %s: %v", w.control, w.option, err)
				}
				if intent.Target != "SET "+w.oid || intent.Raw != w.is {
					t.Errorf("%s %s: dry run %+v, want %s to %s", w.control, w.option, intent, w.oid, w.is)
				}
				if err := c.Write(t.Context(), w.control, a, intent); err != nil {
					t.Fatalf("%s %s: %v", w.control, w.option, err)
				}
				if got := read(w.oid); got != w.is {
					t.Errorf("%s %s: %s is %s, want %s", w.control, w.option, w.oid, got, w.is)
				}
				if oid, want, ok := strings.Cut(w.neighbour, "="); ok && read(oid) != want {
					t.Errorf("%s %s: %s is %s as well", w.control, w.option, oid, read(oid))
				}
				// Another option of the same control is not what was confirmed.
				for _, other := range []string{"on", "off"} {
					if other != w.option {
						if err := c.Write(t.Context(), w.control, collectors.Action{Option: other}, intent); !errors.Is(err, collectors.ErrMoved) {
							t.Errorf("%s %s after %s was confirmed: %v", w.control, other, w.option, err)
						}
					}
				}
			}
		})
	}
}

func library(t *testing.T) *profile.Library {
	t.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}
