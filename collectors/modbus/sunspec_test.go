package modbus

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// sunSpecDevice holds a SunSpec map from base: a common model of length
// registers, a model 1 behind it that nobody asks for, then model 203 with a
// voltage of 2301 at scale -1 and a serial number.
func sunSpecDevice(base, length int) *device {
	v := map[int]uint16{base: 'S'<<8 | 'u', base + 1: 'n'<<8 | 'S', base + 2: 1, base + 3: uint16(length)}
	for i := range length {
		v[base+4+i] = 0
	}
	v[base+52] = 'A'<<8 | '7'
	other := base + 4 + length
	v[other], v[other+1], v[other+2], v[other+3] = 64001, 2, 0, 0
	model := other + 4
	v[model], v[model+1] = 203, 105
	for i := range 105 {
		v[model+2+i] = 0x8000
	}
	v[model+8], v[model+15] = 2301, 0xFFFF
	end := model + 2 + 105
	v[end], v[end+1] = 0xFFFF, 0
	return newDevice(tableHolding, v)
}

// TestSunSpecIsFoundWhereverItIs: the three bases of the specification, both
// lengths of the common model, and models before the one that is read.
func TestSunSpecIsFoundWhereverItIs(t *testing.T) {
	lib := library(t)
	for _, base := range []int{0, 40000, 50000} {
		for _, length := range []int{65, 66} {
			t.Run(fmt.Sprintf("base %d, common model of %d", base, length), func(t *testing.T) {
				for _, name := range []string{"", "sunspec-meter-203"} {
					b := newBench(t, sunSpecDevice(base, length), lib, name)
					b.learn()
					if b.l.Profile != "sunspec-meter-203" || b.l.Identity.Serial != "A7" {
						t.Errorf("profile %q named: %s with serial number %q", name, b.l.Profile, b.l.Identity.Serial)
					}
					voltage := base + 4 + length + 4 + 8
					found := false
					readings, err := b.driver.Read(t.Context(), []string{"fast"}, nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range readings {
						p := b.l.Points[r.Index]
						if p.Key != "input/L1/voltage" {
							continue
						}
						found = true
						if want := fmt.Sprintf("holding %d", voltage); math.Abs(r.Value-230.1) > 1e-9 || p.Source != want {
							t.Errorf("%s reads %g from %s, want 230.1 from %s", p.Key, r.Value, p.Source, want)
						}
					}
					if !found {
						t.Error("no voltage was read")
					}
				}
			})
		}
	}
}

func TestSunSpecDeviceWithoutTheModel(t *testing.T) {
	lib := library(t)
	b := newBench(t, sunSpecDevice(50000, 66), lib, "")
	b.device.remove(tableHolding, 50074) // the number of model 203
	if _, err := b.driver.Learn(t.Context()); !errors.Is(err, collectors.ErrNoProfile) {
		t.Errorf("learn: %v, want that nothing fits", err)
	}
}

// TestDevicesSayWhatTheyAre: texts as makers write them, in the objects of
// function 43/14 or the answer of 17, lead to one family.
func TestDevicesSayWhatTheyAre(t *testing.T) {
	lib := library(t)
	for _, c := range []struct {
		want   string
		id     map[int]string
		server string
	}{
		{"eastron-sdm630", map[int]string{0: "EASTRON", 1: "SDM630-Modbus V2", 2: "1.08"}, ""},
		{"eastron-sdm630", nil, "Eastron SDM630"},
		{"vertiv-liebert-crv", map[int]string{0: "Vertiv", 1: "IS-UNITY-DP", 5: "Liebert CRV"}, ""},
		{"vertiv-liebert-crv", nil, "Liebert CRV iCOM"},
		{"schneider-iem3000", map[int]string{0: "Schneider Electric", 1: "METSEIEM3155", 4: "iEM3155"}, ""},
		{"siemens-pac4200", map[int]string{0: "SIEMENS AG", 1: "SENTRON PAC4200"}, ""},
		{"huawei-ups2000", map[int]string{0: "HUAWEI", 1: "UPS2000-A-3KTTS"}, ""},
		{"", map[int]string{0: "Eastron", 1: "SDM120"}, ""},
		{"", map[int]string{0: "Vertiv", 1: "Liebert EXM"}, ""},
		{"", map[int]string{0: "Schneider Electric", 1: "PM5560"}, ""},
		{"", nil, ""},
	} {
		found := lib.MatchModbus(profile.ModbusIdentity{DeviceID: c.id, ServerID: c.server, ModbusView: &profile.ModbusRecording{}})
		got := ""
		if len(found) > 0 {
			got = found[0].Profile.Name
		}
		if got != c.want || len(found) > 1 {
			t.Errorf("%v %q: %v, want only %q", c.id, c.server, found, c.want)
		}
	}
}
