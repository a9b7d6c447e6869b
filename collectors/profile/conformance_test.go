package profile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// conformance is what a built-in profile must find in one recording of a real
// device: the rows of <vendor>/testdata/conformance.csv. Missed readings are
// listed with the reason; each must stay as it is: a new miss fails the test,
// a mended one is taken off the list.
type conformance struct {
	recording, profile string
	missed             int
	why                string
}

type expected struct {
	Readings []struct {
		Class string  `json:"class"`
		Value float64 `json:"value"`
		OID   string  `json:"oid"`
		Label string  `json:"label"`
	} `json:"readings"`
}

// TestConformance applies the built-in profiles to recordings of real devices,
// where these are at hand, and compares with what a correct reader must find.
func TestConformance(t *testing.T) {
	dir := sharedDevices(t)
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	doubtful := readDoubtful(t, filepath.Join(dir, "doubtful.csv"))
	cases := readConformance(t)
	listed := map[string]bool{}
	for _, c := range cases {
		if listed[c.recording] {
			t.Errorf("recording %s is listed twice", c.recording)
		}
		listed[c.recording] = true
	}
	for _, c := range cases {
		name := c.recording
		t.Run(name, func(t *testing.T) {
			file, err := os.Open(filepath.Join(dir, "dev", name+".snmprec"))
			if err != nil {
				t.Skip(err)
			}
			defer func() { _ = file.Close() }()
			rec, err := profile.ReadRecording(file)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "dev", name+".expected.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want expected
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			found := lib.MatchSNMP(rec)
			if len(found) == 0 || found[0].Profile.Name != c.profile {
				t.Fatalf("identified as %v, want %s", foundNames(found), c.profile)
			}
			d, err := found[0].Profile.Resolve(rec)
			if err != nil {
				t.Fatal(err)
			}
			right, total := score(t, name, want, d, doubtful)
			t.Logf("%s as %s: %d of %d readings (%.1f %%), %d points", name, d.Profile, right, total, 100*float64(right)/float64(max(1, total)), len(d.Points))
			if total-right != c.missed {
				t.Errorf("%d of %d readings are missed, want %d (%s)", total-right, total, c.missed, c.why)
			}
			for _, p := range d.Problems {
				t.Log("problem:", p)
			}
		})
	}
}

func foundNames(found []profile.Candidate) (out []string) {
	for _, c := range found {
		out = append(out, c.Profile.Name)
	}
	return out
}

// sharedDevices finds the folder of recordings beside the module's root.
func sharedDevices(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "devices", "snmp")
	if _, err := os.Stat(filepath.Join(dir, "dev")); err != nil {
		t.Skip("recordings of real devices are not here:", err)
	}
	return dir
}

// readConformance reads recording, profile, missed, why of each vendor.
func readConformance(t *testing.T) (out []conformance) {
	t.Helper()
	files, err := fs.Glob(profiles.FS, "*/testdata/conformance.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(profiles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, r := range rows[1:] {
			missed, err := strconv.Atoi(r[2])
			if err != nil || missed > 0 && r[3] == "" {
				t.Fatalf("%s: %v: missed must be a number, with the reason behind it", file, r)
			}
			out = append(out, conformance{recording: r[0], profile: r[1], missed: missed, why: r[3]})
		}
	}
	return out
}

func readDoubtful(t *testing.T, file string) map[string]bool {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, r := range rows {
		out[r[0]+" "+r[1]+" "+r[2]] = true
	}
	return out
}

// score counts the expected readings that the device gives: the same object, a
// class that fits, the value within 0.5 % or the last digit shown. Where
// another object holds the same quantity, its value may stand for the expected
// one, but neither a state nor a zero, which prove nothing there.
func score(t *testing.T, name string, want expected, d *profile.Device, doubtful map[string]bool) (right, total int) {
	readings := d.Readings()
	used := make([]bool, len(readings))
	found := make([]bool, len(want.Readings))
	agrees := func(r profile.Reading, class string, value float64) bool {
		if r.Value == nil || !fits(class, r.Class) {
			return false
		}
		if class == "state" {
			return *r.Value == value
		}
		f := factors[class]
		return near(*r.Value, value*f, 0.051*f) || class == "power_factor" && near(*r.Value, value/100, 0.0051)
	}
	for i, w := range want.Readings {
		for k, r := range readings {
			oid, _, _ := strings.Cut(r.Source, "+")
			if !used[k] && oid == w.OID && agrees(r, w.Class, w.Value) {
				found[i], used[k] = true, true
				break
			}
		}
	}
	missed := 0
	for i, w := range want.Readings {
		if doubtful[name+" "+w.OID+" "+w.Class] {
			continue
		}
		total++
		for k, r := range readings {
			if found[i] || w.Class == "state" || w.Value == 0 {
				break
			}
			if !used[k] && agrees(r, w.Class, w.Value) {
				found[i], used[k] = true, true
			}
		}
		if found[i] {
			right++
		} else if missed++; missed <= 15 {
			t.Logf("missed %s %v %s (%s)", w.Class, w.Value, w.OID, w.Label)
		}
	}
	return right, total
}

// factors turn the units of the expected readings into base units.
var factors = map[string]float64{
	"temperature": 1, "humidity": 1, "voltage": 1, "current": 1, "frequency": 1, "power_factor": 1, "power": 1,
	"energy": 1000, "load": 1, "charge": 1, "percent": 1, "runtime": 60, "delay": 1, "fanspeed": 1,
	"airflow": 0.000471947443, "waterflow": 1.0 / 60000, "pressure": 1000, "cooling": 1, "state": 1, "count": 1, "quality_factor": 1, "eer": 1,
}

// alike lists the finer classes that stand under one class of the expected
// readings.
var alike = map[string][]string{
	"power":          {"apparent_power", "reactive_power", "cooling"},
	"load":           {"percent"},
	"percent":        {"load", "unbalance", "efficiency", "charge", "thd"},
	"charge":         {"percent"},
	"runtime":        {"duration", "delay"},
	"delay":          {"runtime", "duration"},
	"energy":         {"apparent_energy", "reactive_energy"},
	"state":          {"alarm"},
	"cooling":        {"power"},
	"count":          {"percent", "load"},
	"quality_factor": {"power_factor", "thd"},
}

func fits(want, got string) bool {
	if want == got || want == "count" && got != "state" { // a count is all that has no class there
		return true
	}
	for _, x := range alike[want] {
		if x == got {
			return true
		}
	}
	return false
}

func near(got, want, slack float64) bool {
	return math.Abs(got-want) <= math.Max(0.005*math.Abs(want), slack)
}
