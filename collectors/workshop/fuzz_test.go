package workshop

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// FuzzFromCSV: whatever table somebody hands in, the draft is an error or a
// profile without faults.
func FuzzFromCSV(f *testing.F) {
	f.Add("Address,Name,Type,Unit,Scale,Function,States\n0,Voltage L1,float,V,,4,\n20,Breaker,u16,,,3,0=open;1=closed\n")
	f.Add("register;description;format;unit\n40001;Total power;int32;kW\n40003;Frequency;uint16;0.01 Hz\n")
	f.Add("Address,Name\n\"0x10,\n")
	f.Fuzz(func(t *testing.T, table string) {
		if len(table) > 1<<14 {
			return
		}
		data, err := FromCSV("meter", "meter.csv", strings.NewReader(table))
		if err != nil {
			return
		}
		if _, faults := profile.Parse("meter.yaml", data); len(faults) > 0 {
			t.Errorf("%q gives %v\n%s", table, faults, data)
		}
	})
}

// Damaged MIB files give an error or a profile without faults.
func TestDamagedMIBs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "EXAMPLE-PDU-MIB")
	r := rand.New(rand.NewPCG(1, 2))
	drafts := 0
	for range 500 {
		text := []byte(powerMIB)
		for range 1 + r.IntN(4) {
			i := r.IntN(len(text))
			j := min(len(text), i+r.IntN(40))
			switch r.IntN(3) {
			case 0:
				text[i] = byte(r.IntN(256))
			case 1:
				text = slices.Delete(text, i, j)
			case 2:
				text = slices.Insert(text, j, text[i:j]...)
			}
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := FromMIB("example", file)
		if err != nil {
			continue
		}
		drafts++
		if _, faults := profile.Parse("example.yaml", data); len(faults) > 0 {
			t.Errorf("%q gives %v\n%s", text, faults, data)
		}
	}
	if drafts == 0 {
		t.Error("every file was refused")
	}
}
