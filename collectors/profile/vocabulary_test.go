package profile_test

import (
	"path"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// The same thing has the same name in all families, so that one alarm rule and
// one report fit all.
func TestOneNameForOneThing(t *testing.T) {
	instead := map[string]string{
		"operating-time": "run-time", "operating-hours": "run-time", "time-on-battery": "on-battery-time",
		"max-voltage": "voltage-max", "min-voltage": "voltage-min", "max-current": "current-max", "min-current": "current-min",
		"nominal-voltage": "rated-voltage", "nominal-frequency": "rated-frequency", "nominal-power": "rated-power",
		"state-of-charge": "charge", "autonomy": "runtime", "remaining-time": "runtime", "va": "apparent-power", "watts": "power",
		"relative-humidity": "humidity", "active-power": "power", "kwh": "energy",
	}
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lib.All() {
		for _, x := range p.Points {
			if name, ok := instead[path.Base(x.Key)]; ok {
				t.Errorf("%s: %s is called %s", p.Name, x.Key, name)
			}
		}
	}
}
