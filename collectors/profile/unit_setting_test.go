package profile_test

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// seenWithout are profiles that TestUnitNotTold leaves out, and why.
var seenWithout = map[string]string{
	"apc-environment-manager": "a device was seen without the object, and in °C",
	"jacarta-interseptor":     "a device was seen without the object, and in °C",
	"sensatronics-it":         "a device was seen without the object, and in °C",
	"comet-t3610":             "agents that have numbers alone have no unit beside them",
	"eltek-webpower":          "the unit is told by a threshold, of which 77 is one",
	"eaton-probes":            "the unit is told by a threshold where there is no setting",
	"sensatronics-em1":        "the unit is told by a threshold where there is no setting",
	"asentria-siteboss":       "the unit stands in the text of the value", "asentria-siteboss-360": "the same", "asentria-siteboss-530": "the same",
	"asentria-siteboss-550": "the same", "asentria-siteboss-572": "the same",
}

// TestUnitNotTold takes the object from devices that tells whether their
// temperatures are in °C or °F, and puts a number into it that no unit has:
// what is left of temperatures must not come from a guess.
func TestUnitNotTold(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(profiles.FS, "*/testdata/*.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".snmprec"), "~")
		p, ok := lib.Get(name)
		if !ok || seenWithout[name] != "" {
			continue
		}
		objects := map[string]bool{}
		told := map[string]bool{} // source of the points that it decides on
		for _, x := range p.Points {
			for _, s := range x.Select {
				fahrenheit := slices.ContainsFunc(s.Texts, func(c profile.TextCase) bool { return c.Unit == "°F" })
				for _, c := range s.Cases {
					fahrenheit = fahrenheit || c.Unit == "°F"
				}
				if fahrenheit && x.Class == quantity.Temperature {
					objects[s.OID+s.Column] = true
					told[x.OID+x.Column] = true
				}
			}
		}
		if len(objects) == 0 {
			continue
		}
		data, err := fs.ReadFile(profiles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range []string{"", "|2|77\n"} {
			var changed strings.Builder
			for line := range strings.Lines(string(data)) {
				oid, _, _ := strings.Cut(line, "|")
				at := false
				for o := range objects {
					at = at || oid == o || strings.HasPrefix(oid, o+".")
				}
				switch {
				case !at:
					changed.WriteString(line)
				case number != "":
					changed.WriteString(oid + number)
				}
			}
			rec, err := profile.ReadRecording(bytes.NewReader([]byte(changed.String())))
			if err != nil {
				t.Fatal(err)
			}
			d, err := p.Resolve(rec)
			if err != nil {
				continue // nothing is left of it
			}
			for i := range d.Points {
				x := &d.Points[i]
				_, q := x.Initial()
				for source := range told {
					if q == models.Good && x.Spec.Class == quantity.Temperature && (x.OID == source || strings.HasPrefix(x.OID, source+".")) {
						t.Errorf("%s with unit %q: %s is shown", file, number, x.Spec.Key)
					}
				}
			}
			tried[name] = true
		}
	}
	if len(tried) < 20 {
		t.Errorf("%d profiles were tried: %v", len(tried), tried)
	}
}
