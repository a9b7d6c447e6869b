package profile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

var update = flag.Bool("update", false, "write the golden readings of the built-in profiles anew")

// TestBuiltin applies each built-in profile to its recordings
// (PROFILE.snmprec, PROFILE~VARIANT.snmprec, PROFILE.modbus…) and compares
// what comes out with the golden readings beside them. Each point of a
// profile must be covered by one recording.
func TestBuiltin(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]map[string]bool{}
	files, err := fs.Glob(profiles.FS, "*/testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		ending := path.Ext(file)
		if ending != ".snmprec" && ending != ".modbus" {
			continue
		}
		base := strings.TrimSuffix(path.Base(file), ending)
		name, _, _ := strings.Cut(base, "~")
		t.Run(base+ending, func(t *testing.T) {
			p, ok := lib.Get(name)
			if !ok {
				t.Fatalf("there is no profile %q", name)
			}
			data, err := fs.ReadFile(profiles.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			d := apply(t, lib, p, ending, data)
			quickAlike(t, d)
			golden := strings.TrimSuffix(file, ending) + ".expected.json"
			if *update {
				writeGolden(t, golden, d)
			} else {
				compare(t, golden, d)
			}
			if covered[name] == nil {
				covered[name] = map[string]bool{}
			}
			for source := range profile.Covered(d) {
				covered[name][source] = true
			}
		})
	}
	for _, p := range lib.All() {
		if p.Abstract {
			continue
		}
		for i := range p.Points {
			if place := p.Points[i].Place(); !covered[p.Name][place] {
				t.Errorf("profile %s: point %s (%s) is in no recording", p.Name, p.Points[i].Key, place)
			}
		}
	}
}

// quickAlike compares the quick ways to decode a point with the plain one.
func quickAlike(t *testing.T, d *profile.Device) {
	t.Helper()
	alike := func(a float64, p models.Quality, b float64, q models.Quality) bool {
		return p == q && (p != models.Good || math.Float64bits(a) == math.Float64bits(b))
	}
	for i := range d.Points {
		x := &d.Points[i]
		if x.Whole != nil {
			for _, n := range []int64{0, 1, -1, 2, 255, 1000, -32768, 65535, 1 << 31, 1<<32 - 1, 1 << 53, math.MaxInt64, math.MinInt64, x.Raw().Int} {
				want, q := x.Decode([]profile.Raw{{Kind: profile.Int, Int: n}})
				if got, p := x.Whole(n); !alike(got, p, want, q) {
					t.Errorf("%s: %d is %v (%s) as a whole number, %v (%s) otherwise", x.Spec.Key, n, got, p, want, q)
				}
			}
		}
		if x.Bytes != nil {
			for _, fill := range []byte{0, 1, 0x41, 0x7F, 0x80, 0xFF} {
				b := bytes.Repeat([]byte{fill}, 2*int(x.Register.Count))
				want, q := x.Decode([]profile.Raw{{Kind: profile.Bytes, Bytes: b}})
				if got, p := x.Bytes(b); !alike(got, p, want, q) {
					t.Errorf("%s: %x is %v (%s) as bytes, %v (%s) otherwise", x.Spec.Key, b, got, p, want, q)
				}
			}
		}
	}
}

// decidedBy checks that what decided the meaning of points is there and decides
// the same again.
func decidedBy(t *testing.T, rec *profile.Recording, d *profile.Device) {
	t.Helper()
	for i := range d.Points {
		for _, x := range d.Points[i].Deciders {
			if raw := rec.Scalar(x.OID); raw.Kind == profile.None || !x.Holds(raw) {
				t.Errorf("%s was decided by %s, which is %q now", d.Points[i].Spec.Key, x.OID, raw.String())
			}
		}
	}
}

func apply(t *testing.T, lib *profile.Library, p *profile.Profile, ending string, data []byte) *profile.Device {
	t.Helper()
	if ending == ".modbus" {
		rec, err := profile.ReadModbusRecording(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.ResolveModbus(rec)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	found := lib.MatchSNMP(rec)
	if len(found) == 0 || found[0].Profile != p {
		t.Errorf("identified as %v, want %s", names(found), p.Name)
	}
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	decidedBy(t, rec, d)
	return d
}

func names(found []profile.Candidate) (out []string) {
	for _, c := range found {
		out = append(out, c.Profile.Name)
	}
	return out
}

func compare(t *testing.T, golden string, d *profile.Device) {
	t.Helper()
	data, err := fs.ReadFile(profiles.FS, golden)
	if err != nil {
		t.Fatalf("%v (make it with -update, then read it)", err)
	}
	var g profile.Golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	for _, diff := range g.Compare(d) {
		t.Error(diff)
	}
}

func writeGolden(t *testing.T, golden string, d *profile.Device) {
	t.Helper()
	if len(d.Problems) > 0 {
		t.Errorf("problems: %v", d.Problems)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(profile.Golden{Profile: d.Profile, Identity: d.Identity, Readings: d.Readings()}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("../../configs/profiles", golden), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
