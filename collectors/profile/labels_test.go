package profile_test

import (
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// Words of a profile are told from names that somebody gave.
func TestLabels(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	labels := lib.Labels()
	for _, c := range []struct {
		key, label string
		own        bool
	}{
		{"alarm/breaker-open", "Circuit breaker open", true}, // the text of a flag
		{"outlet/3/switch", "Outlet 3 switch", true},         // made of the key
		{"output/source", "Output source", true},
		{"outlet/3/current", "Server room current", false},
		{"sensor/1/temperature", "Inlet top", false},
	} {
		if got := labels.Own(c.key, c.label); got != c.own {
			t.Errorf("%s of %s: own %v, want %v", c.label, c.key, got, c.own)
		}
	}
}
