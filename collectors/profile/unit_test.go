package profile_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// chained is a profile of a chain, with what stands behind its module.
func chained(first string) string {
	return fmt.Sprintf(`profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB, index: [unit], module: unit%s}
points:
  - {key: power, class: power, unit: W, column: 1.3.6.1.4.1.99999.1.1}
  - {key: alarm, class: state, column: 1.3.6.1.4.1.99999.1.2, states: {1: {text: good, severity: ok}}}
  - {key: energy, class: energy, unit: kWh, column: 1.3.6.1.4.1.99999.1.4, index: [row], parts: {unit: 1.3.6.1.4.1.99999.1.5}}
controls:
  - key: switch
    kind: command
    column: 1.3.6.1.4.1.99999.1.3
    index: [unit]
    module: unit
    type: integer
    source: x
    shows: alarm
    options: [{name: "on", raw: 1, done: 1, severity: info}]
`, first)
}

// TestUnits: the keys of a unit are the same whatever other units of its chain
// are there, and no two have the same.
func TestUnits(t *testing.T) {
	for first, units := range map[string]map[uint32]string{
		", first_unit: 0": {0: "", 1: "unit/2/", 2: "unit/3/", 30: "unit/31/"},
		", first_unit: 1": {0: "unit/0/", 1: "", 2: "unit/2/", 3: "unit/3/"},
		"":                {0: "unit/0/", 1: "", 2: "unit/2/", 3: "unit/3/"},
	} {
		lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(chained(first))}})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := lib.Get("x")
		all := slices.Sorted(maps.Keys(units))
		chains := [][]uint32{all}
		for i := range all { // any one is away, or alone
			chains = append(chains, slices.Delete(slices.Clone(all), i, i+1), all[i:i+1])
		}
		for _, chain := range chains {
			view, want := columnsOnly{}, map[string]int64{}
			for _, n := range chain {
				add := func(column string, value int64) {
					view[column] = append(view[column], profile.Row{Index: []uint32{n}, Raw: profile.Raw{Kind: profile.Int, Int: value}})
				}
				for _, column := range []string{"1", "2", "3", "4"} {
					add("1.3.6.1.4.1.99999.1."+column, int64(n))
				}
				add("1.3.6.1.4.1.99999.1.5", int64(n))
				want[units[n]+"power"], want[units[n]+"alarm"], want[units[n]+"energy"] = int64(n), int64(n), int64(n)
			}
			d, err := p.Resolve(view)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for i := range d.Points {
				got[d.Points[i].Spec.Key] = d.Points[i].Raw().Int
			}
			if !maps.Equal(got, want) || len(d.Problems) > 0 {
				t.Errorf("%q with units %v: %v, %v", first, chain, got, d.Problems)
			}
			var keys, switches []string
			for i := range d.Controls {
				keys = append(keys, d.Controls[i].Spec.Key)
			}
			for _, n := range chain {
				switches = append(switches, units[n]+"switch")
			}
			if slices.Sort(keys); !slices.Equal(keys, slices.Sorted(slices.Values(switches))) {
				t.Errorf("%q with units %v: controls %v", first, chain, keys)
			}
		}
	}
}

// TestUnitThatIsNotTold: an agent that hides the column that counts has the first
// unit alone.
func TestUnitThatIsNotTold(t *testing.T) {
	for _, first := range []string{", first_unit: 0", ""} {
		lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(chained(first))}})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := lib.Get("x")
		d, err := p.Resolve(columnsOnly{"1.3.6.1.4.1.99999.1.4": {{Index: []uint32{7}, Raw: profile.Raw{Kind: profile.Int, Int: 5}}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Points) != 1 || d.Points[0].Spec.Key != "energy" {
			t.Errorf("%q: %+v", first, d.Points)
		}
	}
}

// TestFirstUnitIsChecked: what first_unit cannot be is a fault of the profile.
func TestFirstUnitIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		chained(", first_unit: 2"): "the first unit is 0 or 1",
		strings.Replace(chained(", first_unit: 0"), "1.1}", `1.1, names: {unit: {0: "1"}}}`, 1):                          "has no names",
		strings.Replace(strings.ReplaceAll(chained(""), "module: unit", `module: ""`), "1.1}", "1.1, first_unit: 0}", 1): "first_unit without module",
	} {
		_, faults := profile.Parse("v/x.yaml", []byte(text))
		if !strings.Contains(faults.Error(), want) {
			t.Errorf("%q is not said: %v", want, faults)
		}
	}
}
