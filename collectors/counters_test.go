package collectors

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// meter is a driver of one energy in kWh, which counts in hundredths.
type meter struct {
	values []float64 // in Wh, one a poll
	errs   map[int]error
	polls  int
}

func (d *meter) Learn(context.Context) (*Learned, error) {
	return &Learned{Intervals: map[string]time.Duration{"fast": 10 * time.Second}, Points: []models.PointSpec{
		{Key: "power", Class: quantity.Power, Group: "fast"},
		{Key: "energy", Class: quantity.Energy, Group: "fast", Step: 10},
		{Key: "time", Class: quantity.Duration, Group: "fast", Step: 1},
	}}, nil
}

func (d *meter) Read(_ context.Context, _ []string, dst []Reading) ([]Reading, error) {
	n := min(d.polls, len(d.values)-1)
	d.polls++
	v := d.values[n]
	q := models.Good
	if v == -1 {
		q = models.Sentinel
	}
	return append(dst, Reading{Index: 0, Value: 100 - float64(n)}, Reading{Index: 1, Value: v, Quality: q}, Reading{Index: 2, Value: 10 / float64(n+1)}), d.errs[n]
}

func (d *meter) Close() error { return nil }

func TestCountersThatBeginAnew(t *testing.T) {
	for _, x := range []struct {
		name   string
		values []float64
		errs   map[int]error
		want   []models.EventKind
	}{
		{name: "counts up", values: []float64{0, 10, 20, 20, 5000}},
		{name: "no value in between", values: []float64{500, -1, 510}},
		{name: "reset", values: []float64{5000, 20, 30}, want: []models.EventKind{models.EventCounterReset}},
		{name: "reset while it has no value", values: []float64{5000, -1, 20}, want: []models.EventKind{models.EventCounterReset}},
		{name: "net meter counts down a little", values: []float64{5000, 4990, 4980}},
		{name: "net meter in export", values: []float64{-100, -100, -5000, -20, 0}},
		{name: "32 bits wrap", values: []float64{10 * (1<<32 - 100), 10 * 50}, want: []models.EventKind{models.EventCounterWrapped}},
		{name: "display of six digits wraps", values: []float64{10 * 999_990, 10 * 15}, want: []models.EventKind{models.EventCounterWrapped}},
		{
			name: "restarted near the end of 32 bits", values: []float64{10 * (1<<32 - 100), 10 * 50, 10 * 60}, errs: map[int]error{1: ErrRestarted},
			want: []models.EventKind{models.EventRestarted, models.EventCounterReset},
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []models.Event
				m := &memory{}
				mgr := NewManager(ManagerOptions{
					Sink: m, Registry: m, NewDriver: func(Target) (Driver, error) { return &meter{values: x.values, errs: x.errs}, nil },
					Events: func(e models.Event) { mu.Lock(); got = append(got, e); mu.Unlock() },
				})
				mgr.Set([]Target{{Device: 3, Name: "meter"}})
				ctx, cancel := context.WithTimeout(t.Context(), 70*time.Second)
				defer cancel()
				if err := mgr.Run(ctx); err != nil {
					t.Fatal(err)
				}
				var kinds []models.EventKind
				for _, e := range got {
					kinds = append(kinds, e.Kind)
					if e.Kind != models.EventRestarted && (e.PointKey != "energy" || e.DeviceID != 3 || len(e.Variables) != 2 || e.TimeMS == 0) {
						t.Errorf("%+v", e)
					}
				}
				if len(kinds) != len(x.want) {
					t.Fatalf("%v, want %v", kinds, x.want)
				}
				for i := range kinds {
					if kinds[i] != x.want[i] {
						t.Errorf("%v, want %v", kinds, x.want)
					}
				}
			})
		})
	}
}
