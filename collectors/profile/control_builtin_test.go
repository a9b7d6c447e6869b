package profile_test

import (
	"bytes"
	"io/fs"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// TestBuiltinControls: what makes gear dark or warm says so, and what is
// declared is found on devices of the family.
func TestBuiltinControls(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range lib.All() {
		for _, c := range p.Controls {
			n++
			for _, o := range c.Options {
				switch o.Name {
				case "off", "stop", "cycle":
					if o.Severity != models.SeverityCritical {
						t.Errorf("%s: %s of %s is %q, not critical", p.Name, o.Name, c.Key, o.Severity)
					}
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d controls are declared", n)
	}
	for _, tt := range []struct {
		recording, profile, key, oid, shows string
		count                               int
	}{
		{"apc/testdata/apc-rpdu2.snmprec", "apc-rpdu2", "outlet/7/switch", "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.7", "outlet/7/state", 24},
		{"apc/testdata/apc-rpdu~masterswitch.snmprec", "apc-rpdu", "outlet/2/switch", "1.3.6.1.4.1.318.1.1.4.4.2.1.3.2", "outlet/2/state", 8},
		{"gude/testdata/gude~8032.snmprec", "gude", "outlet/2/switch", "1.3.6.1.4.1.28507.84.1.3.1.2.1.3.2", "outlet/2/state", 2},
		{"gude/testdata/gude.snmprec", "gude", "outlet/1/switch", "1.3.6.1.4.1.28507.81.1.3.1.2.1.3.1", "outlet/1/state", 2}, // and none of a port with a fault
		{"dataprobe/testdata/dataprobe-iboot-pdu.snmprec", "dataprobe-iboot-pdu", "outlet/2/switch", "1.3.6.1.4.1.1418.6.5.1.5.2", "outlet/2/state", 2},
		{"enlogic/testdata/enlogic-pdu.snmprec", "enlogic-pdu", "outlet/3/switch", "1.3.6.1.4.1.38446.1.5.5.1.4.1.3", "outlet/3/state", 3},
		{"eaton/testdata/eaton-epdu.snmprec", "eaton-epdu", "outlet/2/switch", "1.3.6.1.4.1.534.6.6.7.6.6.1.4.0.2", "outlet/2/state", 24},
		{"eaton/testdata/eaton-epdu.snmprec", "eaton-epdu", "outlet-group/1/switch", "1.3.6.1.4.1.534.6.6.7.5.6.1.4.0.1", "outlet-group/1/state", 24},
		{"raritan/testdata/raritan-pdu2~all-tables.snmprec", "raritan-pdu2", "group/7/switch", "1.3.6.1.4.1.13742.6.4.10.2.1.2.7", "", 1},
		{"apc/testdata/apc-powernet-ups.snmprec", "apc-powernet-ups", "outlet-group/2/switch", "1.3.6.1.4.1.318.1.1.1.12.3.2.1.3.2", "outlet-group/2/state", 1},
	} {
		data, err := fs.ReadFile(profiles.FS, tt.recording)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := profile.ReadRecording(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := lib.Get(tt.profile)
		d, err := p.Resolve(rec)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, c := range d.Controls {
			found = found || c.Spec.Key == tt.key && c.Object("on") == tt.oid && c.Spec.Shows == tt.shows
		}
		if !found || len(d.Controls) != tt.count {
			t.Errorf("%s: %d controls, want %d with %s", tt.recording, len(d.Controls), tt.count, tt.key)
		}
	}
}
