package profile_test

import (
	"slices"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// TestBuiltinGeneric: what agents of any maker have is told from what several
// devices of one maker carry.
func TestBuiltinGeneric(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range lib.All() {
		if !p.Abstract && p.Protocol == profile.SNMP && p.Generic() {
			got = append(got, p.Name)
		}
	}
	if slices.Sort(got); !slices.Equal(got, []string{"energy-object", "entity-sensor", "net-snmp-host", "power-ethernet", "ups-mib"}) {
		t.Errorf("generic: %v", got)
	}
}
