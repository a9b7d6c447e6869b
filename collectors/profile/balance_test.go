package profile_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

const balanced = `profile: x
kind: dc-power
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
points:
  - {key: rectifiers/current, class: current, unit: A, scale: 0.1, oid: 1.3.6.1.4.1.99999.1.3.0, source: xRectifiers}
  - key: load/current
    class: current
    unit: A
    oid: 1.3.6.1.4.1.99999.1.1.0
    source: xLoad
    select:
      - balance:
          sum: [{oid: 1.3.6.1.4.1.99999.1.1.0}, {oid: 1.3.6.1.4.1.99999.1.2.0}]
          equals: [{oid: 1.3.6.1.4.1.99999.1.3.0}, {oid: 1.3.6.1.4.1.99999.1.4.0}]
          scale: 0.1
          factors: [1, 0.1]
`

// TestBalance: of two scales the one counts that makes load and battery current
// add up to the rectifiers' current, which is always in tenths.
func TestBalance(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(balanced)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	for _, c := range []struct {
		name                            string
		load, battery, rectifier, solar string
		want                            float64
		none                            bool
	}{
		{name: "amperes", load: "51", battery: "12", rectifier: "628", want: 51},
		{name: "tenths", load: "51", battery: "12", rectifier: "63", want: 5.1},
		{name: "little load in amperes", load: "1", battery: "0", rectifier: "8", want: 1},
		{name: "with a second source", load: "90", battery: "-30", rectifier: "500", solar: "100", want: 90},
		{name: "no current at all decides nothing", load: "0", battery: "0", rectifier: "0", none: true},
		{name: "discharge decides nothing", load: "51", battery: "-51", rectifier: "0", none: true},
		{name: "neither scale fits", load: "51", battery: "12", rectifier: "6300", none: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			for i, v := range []string{c.load, c.battery, c.rectifier, c.solar} {
				if v != "" {
					fmt.Fprintf(&b, "1.3.6.1.4.1.99999.1.%d.0|2|%s\n", i+1, v)
				}
			}
			rec, err := profile.ReadRecording(strings.NewReader(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			d, err := p.Resolve(rec)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, r := range d.Readings() {
				if r.Key != "load/current" {
					continue
				}
				found = true
				if r.Value == nil || math.Abs(*r.Value-c.want) > 1e-9 {
					t.Errorf("read %v, want %v A", r, c.want)
				}
			}
			if found == c.none {
				t.Errorf("point found is %v, want %v", found, !c.none)
			}
		})
	}
}

// TestBalanceFaults: a balance that can decide nothing is refused.
func TestBalanceFaults(t *testing.T) {
	_, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(strings.Replace(balanced, "[1, 0.1]", "[1]", 1))}})
	if err == nil || !strings.Contains(err.Error(), "balance needs") {
		t.Errorf("error is %v", err)
	}
}
