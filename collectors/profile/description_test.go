package profile_test

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// bare is a recording without the objects of identity of its profile, and with
// another description.
type bare struct {
	*profile.Recording
	sysDescr string
	hidden   []string
}

func (b *bare) Scalar(oid string) profile.Raw {
	if oid == profile.SysDescrOID {
		return profile.Raw{Kind: profile.Bytes, Bytes: []byte(b.sysDescr)}
	}
	for _, h := range b.hidden {
		if oid == h {
			return profile.Raw{}
		}
	}
	return b.Recording.Scalar(oid)
}

func (b *bare) Column(oid string) []profile.Row {
	for _, h := range b.hidden {
		if oid == h {
			return nil
		}
	}
	return b.Recording.Column(oid)
}

// identified reads a recording of a profile as an agent would be that has no
// object of identity and describes itself so.
func identified(t *testing.T, p *profile.Profile, lib *profile.Library, file, sysDescr string) map[string]string {
	t.Helper()
	data, err := fs.ReadFile(profiles.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	b := &bare{Recording: rec, sysDescr: sysDescr}
	for _, q := range append([]string{p.Name}, p.Fallback...) {
		if q, ok := lib.Get(q); ok {
			for _, f := range q.Identity {
				if f.OID != profile.SysDescrOID {
					b.hidden = append(b.hidden, f.OID, f.Column)
				}
			}
		}
	}
	d, err := p.Resolve(b)
	if err != nil {
		t.Fatal(err)
	}
	return d.Identity
}

// ofTheirOwn are profiles of APC devices whose description is that of a card in
// them, or is written otherwise.
var ofTheirOwn = map[string]string{
	"apc-airfm":        "its agent is a card",
	"apc-powernet-ups": "its agent is a card",
	"apc-cooling-unit": "the description names the product before the brackets",
	"apc-aru":          "the model is known",
	"apc-cpdu":         "another agent",
	"apc-easy-pdu":     "another agent",
}

// TestDescriptionOfAPC: where a device of APC has no object of identity, its
// description tells model, serial number and firmware.
func TestDescriptionOfAPC(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(profiles.FS, "apc/testdata/*.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	const descr = "APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.8.2 PN:apc_hw05_aos_682.bin AF1:v6.8.0 AN1:apc_hw05_rpdu2g_680.bin MN:AP8853 HR:02 SN: ZZ0000000001 MD:01/03/2020) "
	for _, file := range append(files, "dell/testdata/dell-rpdu.snmprec") {
		name, _, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".snmprec"), "~")
		p, ok := lib.Get(name)
		if !ok || ofTheirOwn[name] != "" {
			continue
		}
		got := identified(t, p, lib, file, descr)
		if got["model"] != "AP8853" || got["serial"] != "ZZ0000000001" || got["firmware"] != "v6.8.0" {
			t.Errorf("%s: %v", file, got)
		}
	}
}

// TestDescriptions: the same of other makers, in the forms that they use.
func TestDescriptions(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ file, sysDescr, model, firmware string }{
		{"apc/apc-aru", "APC Web/SNMP Management Card (MB:v4.1.0 AF1:v3.7.0)", "Rack Air Removal Unit", "v3.7.0"},
		{"apc/apc-airfm~first", "APC Web/SNMP Management Card (PF:v3.5.7 AF1:v3.5.5 MN:AP9617 SN: ZZ0000000001)", "", ""},
		{"avtech/avtech-roomalert-12e", "Room Alert 12E v3.3.0", "Room Alert 12E", "3.3.0"},
		{"avtech/avtech-roomalert-32s", "AVTECH RoomAlert 32S", "RoomAlert 32S", ""},
		{"eaton/eaton-epdu", "ePDU MA 36U-C IN: L5-20P 16A 1P OUT: 24x5-20R", "ePDU MA 36U-C", ""},
		{"hpe/hpe-pdumm", "HP PDU Management Module, revision 1.00.A, firmware version 1.00.16", "PDU Management Module", "1.00.16"},
		{"nti/nti-enviromux-micro", "ENVIROMUX-MICRO", "ENVIROMUX-MICRO", ""},
		{"powertek/powertek-sps", "PWT_v3.10.6", "", "v3.10.6"},
		{"raritan/raritan-px1", "Raritan Dominion PX - Firmware Version 010507-11172", "Dominion PX", "010507-11172"},
		{"raritan/raritan-pdu2", "PX2 030400", "PX2", "030400"},
		{"raritan/raritan-pdu2", "Raritan PDU, MD:PX4-5730-E8V2 HW:0x1D FW:4.2.10.5-50400", "PX4-5730-E8V2", "4.2.10.5-50400"},
		{"serverscheck/serverscheck", "Temperature & Sensor Gateway", "Temperature & Sensor Gateway", ""},
	} {
		name, _, _ := strings.Cut(path.Base(x.file), "~")
		p, ok := lib.Get(name)
		if !ok {
			t.Fatalf("there is no profile %s", name)
		}
		got := identified(t, p, lib, path.Dir(x.file)+"/testdata/"+path.Base(x.file)+".snmprec", x.sysDescr)
		if got["model"] != x.model || got["firmware"] != x.firmware {
			t.Errorf("%s, %q: %v, want %q %q", x.file, x.sysDescr, got, x.model, x.firmware)
		}
	}
}

// TestSerialInFirmware: iPoMan puts its serial number behind the version.
func TestSerialInFirmware(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("ingrasys-ipoman")
	d, err := p.Resolve(recorded(t, "1.3.6.1.4.1.2468.1.4.2.1.1.3.0|4|PDU System v1.05 (SN 0000000000001)\n1.3.6.1.4.1.2468.1.4.2.1.1.1.0|4|Ingrasys\n", "ingrasys/testdata/ingrasys-ipoman.snmprec"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Identity["firmware"] != "PDU System v1.05" || d.Identity["serial"] != "0000000000001" {
		t.Errorf("%v", d.Identity)
	}
}

// recorded is a recording with some lines before it, which count first.
func recorded(t *testing.T, lines, file string) *profile.Recording {
	t.Helper()
	data, err := fs.ReadFile(profiles.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(data)) {
		oid, _, _ := strings.Cut(line, "|")
		if !strings.Contains(lines, oid+"|") {
			kept.WriteString(line)
		}
	}
	rec, err := profile.ReadRecording(strings.NewReader(lines + kept.String()))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
