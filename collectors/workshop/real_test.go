package workshop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// TestRealDevicesAreBelieved judges recordings of real devices: a verdict that
// cries wolf is of no use, so nearly all of their readings must pass.
func TestRealDevicesAreBelieved(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "devices", "snmp", "dev")
	files, _ := filepath.Glob(filepath.Join(dir, "*.snmprec"))
	if len(files) == 0 {
		t.Skipf("the reference material is not here: %s", dir)
	}
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	readings, doubted := 0, 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := profile.ReadRecording(f)
		_ = f.Close()
		if err != nil {
			continue // a variation of the format that only the other tool reads
		}
		found := lib.MatchSNMP(rec)
		if len(found) == 0 {
			continue
		}
		d, err := found[0].Profile.Resolve(rec)
		if err != nil {
			continue
		}
		readings += len(d.Points)
		verdicts, _ := Inspect(d)
		for _, v := range verdicts {
			doubted++
			t.Logf("%s: %s %s %v expected %v", strings.TrimSuffix(filepath.Base(file), ".snmprec"), v.Rule, v.Keys[0], v.Value, v.Expected)
		}
	}
	t.Logf("%d of %d readings are doubted", doubted, readings)
	if doubted*50 > readings {
		t.Errorf("%d of %d readings of real devices are doubted", doubted, readings)
	}
}
