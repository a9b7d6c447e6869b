package collectors

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// learnedOf gives points "key class group".
func learnedOf(points ...string) *Learned {
	l := &Learned{}
	for _, p := range points {
		f := strings.Fields(p + " fast")
		spec := models.PointSpec{Key: f[0], Class: quantity.Class(f[1]), Group: f[2]}
		if i := strings.LastIndexByte(f[0], '/'); i >= 0 {
			spec.Component = f[0][:i]
		}
		l.Points = append(l.Points, spec)
	}
	return l
}

func TestWhatIsComputed(t *testing.T) {
	phases := []string{"inlet/1/L1/power power", "inlet/1/L2/power power", "inlet/1/L3/power power"}
	currents := []string{"input/L1/current current", "input/L2/current current", "input/L3/current current"}
	for _, x := range []struct {
		name   string
		points []string
		want   []string
	}{
		{"sum of phases", phases, []string{"inlet/1/power power"}},
		{"the device has the sum", append([]string{"inlet/1/power power"}, phases...), nil},
		{"under another name", append([]string{"inlet/1/total/power power"}, phases...), nil},
		{"for the whole device", append([]string{"power power"}, phases...), nil},
		{"one phase is not there", phases[:2], nil},
		{"one phase is read at another pace", append([]string{"inlet/1/L3/power power slow"}, phases[:2]...), nil},
		{"phases with a part of their own", []string{"phase/L1/power power", "phase/L2/power power", "phase/L3/power power"}, []string{"power power"}},
		{"unbalance", currents, []string{"input/current-unbalance unbalance"}},
		{"the device has it", append([]string{"input/unbalance unbalance"}, currents...), nil},
		{"dew point", []string{"sensor/1/temperature temperature", "sensor/1/humidity humidity", "sensor/2/temperature temperature"}, []string{"sensor/1/dew-point temperature"}},
		{"the device has the dew point", []string{"sensor/1/temperature temperature", "sensor/1/humidity humidity", "sensor/1/dew-point-temperature temperature"}, nil},
		{"a temperature that is none", []string{"sensor/1/temperature state", "sensor/1/humidity humidity"}, nil},
		{"air", []string{"supply-air/temperature temperature", "return-air/temperature temperature"}, []string{"return-air/delta-temperature temperature_difference"}},
		{"water", []string{"chilled-water/supply-temperature temperature", "chilled-water/return-temperature temperature"}, []string{"chilled-water/delta-temperature temperature_difference"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			l := learnedOf(x.points...)
			c := Compute(l)
			var got []string
			for _, p := range l.Points[len(x.points):] {
				got = append(got, p.Key+" "+string(p.Class))
				if p.Group != "fast" || !strings.HasPrefix(p.Source, "computed: ") || p.Component != strings.TrimSuffix(p.Key[:strings.LastIndexByte("/"+p.Key, '/')], "/") {
					t.Errorf("%+v", p)
				}
			}
			if !slices.Equal(got, x.want) || (c == nil) != (len(x.want) == 0) {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

func TestComputedValues(t *testing.T) {
	l := learnedOf(
		"a power", "inlet/1/L1/power power", "inlet/1/L2/power power", "inlet/1/L3/power power",
		"input/L1/current current", "input/L2/current current", "input/L3/current current",
		"sensor/1/temperature temperature slow", "sensor/1/humidity humidity slow",
	)
	c := Compute(l)
	good := func(index int, v float64) Reading { return Reading{Index: index, Value: v} }
	fast := []Reading{good(0, 7), good(1, 100), good(2, 200), good(3, 300.5), good(4, 20), good(5, 14), good(6, 11)}
	index := map[string]int{}
	for i, p := range l.Points {
		index[p.Key] = i
	}
	check := func(readings []Reading, key string, value float64, q models.Quality, there bool) {
		t.Helper()
		for _, r := range readings {
			if r.Index == index[key] {
				if !there || r.Quality != q || math.Abs(r.Value-value) > 0.01 {
					t.Errorf("%s: %+v", key, r)
				}
				return
			}
		}
		if there {
			t.Errorf("no %s", key)
		}
	}
	got := c.Append(slices.Clone(fast))
	check(got, "inlet/1/power", 600.5, models.Good, true)
	check(got, "input/current-unbalance", 33.33, models.Good, true)
	check(got, "sensor/1/dew-point", 0, models.Good, false) // the slow group had no turn
	got = c.Append([]Reading{good(7, 24), good(8, 45)})
	check(got, "sensor/1/dew-point", 11.35, models.Good, true)
	check(got, "inlet/1/power", 0, models.Good, false) // of this poll, not of the one before

	for _, q := range []models.Quality{models.Bad, models.Sentinel, models.CommFailed} {
		bad := slices.Clone(fast)
		bad[2] = Reading{Index: 2, Quality: q}
		got = c.Append(bad)
		check(got, "inlet/1/power", 0, q, true)
		check(got, "input/current-unbalance", 33.33, models.Good, true)
	}
	none := slices.Clone(fast)
	none[4].Value, none[5].Value, none[6].Value = 0, 0, 0
	check(c.Append(none), "input/current-unbalance", 0, models.Good, true)
	none[4].Value = -3
	check(c.Append(none), "input/current-unbalance", 0, models.Sentinel, true)
	check(c.Append([]Reading{good(7, 24), good(8, 0)}), "sensor/1/dew-point", 0, models.Sentinel, true)
	if got := (*Computed)(nil).Append(fast); len(got) != len(fast) {
		t.Errorf("nothing to compute gives %v", got)
	}
}

func BenchmarkComputed(b *testing.B) {
	var points []string
	for _, x := range []string{"1", "2"} {
		for _, p := range []string{"L1", "L2", "L3"} {
			points = append(points, "inlet/"+x+"/"+p+"/power power", "inlet/"+x+"/"+p+"/current current")
		}
	}
	for len(points) < 300 {
		points = append(points, "outlet/"+string(rune('a'+len(points)))+"/power power")
	}
	l := learnedOf(points...)
	readings := make([]Reading, len(points), len(points)+8)
	for i := range readings {
		readings[i] = Reading{Index: i, Value: 1}
	}
	c := Compute(l)
	b.ReportAllocs()
	for b.Loop() {
		c.Append(readings)
	}
}
