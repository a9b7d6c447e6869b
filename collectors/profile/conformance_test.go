package profile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// conformance names the built-in profile that must read one recording of a real
// device: the rows of <vendor>/testdata/conformance.csv. The expected readings
// that it does not give stand in exceptions.csv beside it, each with what the
// device sent and why that is not what is expected.
type conformance struct{ recording, profile string }

// exceptionKinds are the reasons for which an expected reading is not given.
var exceptionKinds = map[string]string{
	"class":             "another quantity than the expected one, which is shown as what it is",
	"duplicate":         "a quantity that is shown already, from a finer or a closer object",
	"not-a-measurement": "a setting, a command or a difference",
	"not-fitted":        "a number that stands there without a sensor",
	"scale":             "another scale by the MIB or by the device's own other values",
	"sentinel":          "a mark for no value",
	"suspect":           "a value that the device's own other values contradict",
}

type expected struct {
	Readings []struct {
		Class string  `json:"class"`
		Value float64 `json:"value"`
		OID   string  `json:"oid"`
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
	exceptions := readExceptions(t)
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
			missed, total := score(name, want, d, doubtful)
			t.Logf("%s as %s: %d of %d readings, %d points", name, d.Profile, total-len(missed), total, len(d.Points))
			left := map[string]int{}
			for _, e := range exceptions[name] {
				left[e]++
			}
			for _, m := range missed {
				if left[m]--; left[m] < 0 {
					t.Errorf("missed and not among the exceptions: %s", m)
				}
			}
			for e, n := range left {
				if n > 0 {
					t.Errorf("an exception that is found now: %s", e)
				}
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

// readConformance reads recording and profile of each vendor.
func readConformance(t *testing.T) (out []conformance) {
	t.Helper()
	for _, r := range readVendorTables(t, "conformance.csv", 2) {
		out = append(out, conformance{recording: r[0], profile: r[1]})
	}
	return out
}

// readExceptions reads the expected readings that are not given, by recording,
// as score names them.
func readExceptions(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, r := range readVendorTables(t, "exceptions.csv", 7) {
		recording, oid, class, why, value, evidence := r[0], r[1], r[2], r[3], r[4], r[6]
		if exceptionKinds[why] == "" || evidence == "" {
			t.Fatalf("exceptions.csv: %v: a known reason is needed, and the evidence for it", r)
		}
		out[recording] = append(out[recording], strings.Join([]string{oid, class, value}, " "))
	}
	return out
}

// readVendorTables reads the rows below the heading of a table that vendors may
// have in their testdata.
func readVendorTables(t *testing.T, name string, columns int) (out [][]string) {
	t.Helper()
	files, err := fs.Glob(profiles.FS, "*/testdata/"+name)
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s: %v", name, err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(profiles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord = columns
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, rows[1:]...)
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

// score names the expected readings that the device does not give (object, class
// and value), of total. Given is the same object, a class that fits, the value
// within 0.5 % or the last digit shown. Where another object holds the same
// quantity, its value may stand for the expected one, but neither a state nor a
// zero, which prove nothing there.
func score(name string, want expected, d *profile.Device, doubtful map[string]bool) (missed []string, total int) {
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
	for i, w := range want.Readings {
		if doubtful[name+" "+w.OID+" "+w.Class] {
			continue
		}
		total++
		for k, r := range readings {
			if found[i] || w.Class == "state" || w.Value == 0 {
				break
			}
			if !used[k] && r.Class != "state" && r.Class != "alarm" && agrees(r, w.Class, w.Value) {
				found[i], used[k] = true, true
			}
		}
		if !found[i] {
			missed = append(missed, fmt.Sprintf("%s %s %v", w.OID, w.Class, w.Value))
		}
	}
	return missed, total
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
	"power":    {"apparent_power", "reactive_power", "cooling"},
	"load":     {"percent"},
	"percent":  {"load", "unbalance", "efficiency", "charge", "thd"},
	"charge":   {"percent"},
	"runtime":  {"duration", "delay"},
	"delay":    {"runtime", "duration"},
	"energy":   {"apparent_energy", "reactive_energy"},
	"state":    {"alarm"},
	"cooling":  {"power"},
	"fanspeed": {"percent"},
}

func fits(want, got string) bool {
	switch want {
	case got, "count", "quality_factor", "eer": // all that has no class there
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
