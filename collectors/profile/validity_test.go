package profile_test

import (
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// columnsOnly is a device that was walked: rows are in its columns alone.
type columnsOnly map[string][]profile.Row

func (c columnsOnly) Scalar(string) profile.Raw       { return profile.Raw{} }
func (c columnsOnly) Column(oid string) []profile.Row { return c[oid] }

// TestValidityFromColumn: a validity flag and a high word are found in walked
// columns, not only among single objects.
func TestValidityFromColumn(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(`profile: x
kind: sensor
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
points:
  - {key: "sensor/{1}/temperature", class: temperature, unit: °C, column: 1.3.6.1.4.1.99999.1.1, omit_invalid: true, valid_from: {column: 1.3.6.1.4.1.99999.1.2, good: [2]}}
  - {key: "meter/{1}/energy", class: energy, unit: Wh, column: 1.3.6.1.4.1.99999.1.3, high: 1.3.6.1.4.1.99999.1.4}
defaults: {source: X-MIB}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	row := func(n uint32, v int64) profile.Row {
		return profile.Row{Index: []uint32{n}, Raw: profile.Raw{Kind: profile.Int, Int: v}}
	}
	p, _ := lib.Get("x")
	d, err := p.Resolve(columnsOnly{
		"1.3.6.1.4.1.99999.1.1": {row(1, 21), row(2, 22)},
		"1.3.6.1.4.1.99999.1.2": {row(1, 2), row(2, 1)},
		"1.3.6.1.4.1.99999.1.3": {row(1, 5)},
		"1.3.6.1.4.1.99999.1.4": {row(1, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"sensor/1/temperature": 21, "meter/1/energy": 1<<32 + 5}
	if len(d.Points) != len(want) {
		t.Errorf("%d points, want %d", len(d.Points), len(want))
	}
	for i := range d.Points {
		v, q := d.Points[i].Initial()
		if key := d.Points[i].Spec.Key; q != models.Good || v != want[key] {
			t.Errorf("%s = %v (%v), want %v", key, v, q, want[key])
		}
	}
}
