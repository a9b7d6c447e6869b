package collectors

import (
	"context"
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Devices come at their own times, and are polled at the beats of one clock,
// evenly spread over the interval; each keeps its beat when others come.
func TestDevicesArePolledAtBeats(t *testing.T) {
	drivers := map[models.DeviceID]*fakeDriver{}
	for id := range 1200 {
		drivers[models.DeviceID(id+1)] = &fakeDriver{takes: time.Duration(id) * time.Millisecond}
	}
	manage(t, 125*time.Second, drivers, func(m *Manager, _ *memory) {
		if n := m.beats.Load(); n != 10 {
			t.Fatalf("%d beats for %d devices", n, len(drivers))
		}
		at := map[time.Duration]int{}
		for id, d := range drivers {
			last := d.polls[len(d.polls)-1].Sub(m.began) % (10 * time.Second)
			if last%time.Second != 0 {
				t.Errorf("a poll begins %s after a beat", last%time.Second)
			}
			at[last]++
			fewer := last - last%(2*time.Second)
			m.beats.Store(fewBeats)
			if beat := m.loops[id].beat(m.began.Add(time.Hour), 10*time.Second).Sub(m.began) % (10 * time.Second); beat != fewer {
				t.Errorf("of 10 beats its own is at %s, of 5 at %s", last, beat)
			}
			m.beats.Store(10)
		}
		for beat, n := range at {
			if n < 60 || n > 180 {
				t.Errorf("%d devices at %s", n, beat)
			}
		}
		if len(at) != 10 {
			t.Errorf("polled at %d different times", len(at))
		}
		for _, h := range m.Health() {
			if h.Skipped > 0 {
				t.Errorf("a device of which nothing was late skipped %d polls", h.Skipped)
			}
		}
	})
}

// Addresses often follow the ids of devices, and must not fall together.
func TestBeatsAreEven(t *testing.T) {
	for name, address := range map[string]func(i int) string{
		"ports":    func(i int) string { return fmt.Sprintf("10.0.0.1:%d", 20000+i) },
		"subnets":  func(i int) string { return fmt.Sprintf("10.%d.%d.%d:161", i/25600, i/100%256, i%100+1) },
		"the same": func(int) string { return "10.0.0.1:502" },
	} {
		at := make([]int, mostBeats)
		for i := range 10_000 {
			h := fnv.New32a()
			fmt.Fprint(h, models.DeviceID(i+1), address(i))
			at[phaseOf(h.Sum32())]++
		}
		for beat, n := range at {
			if n < 150 || n > 350 {
				t.Errorf("%s: %d of 10,000 devices at beat %d of %d", name, n, beat, mostBeats)
			}
		}
	}
}

// groupDriver has a fast and a slow group, and looks that may take long.
type groupDriver struct {
	slow  time.Duration
	looks []time.Duration // what each look takes, or as long as it may
	at    map[string][]time.Time
	reads int
}

func (d *groupDriver) Learn(ctx context.Context) (*Learned, error) {
	var takes time.Duration
	if len(d.looks) > 0 {
		takes, d.looks = d.looks[0], d.looks[1:]
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &Learned{
		Profile: "fake", Intervals: map[string]time.Duration{"fast": 10 * time.Second, "slow": d.slow},
		Points: []models.PointSpec{{Key: "a", Class: quantity.Power, Group: "fast"}, {Key: "b", Class: quantity.Power, Group: "slow"}},
	}, nil
}

func (d *groupDriver) Read(_ context.Context, groups []string, dst []Reading) ([]Reading, error) {
	d.reads++
	for _, g := range groups {
		d.at[g] = append(d.at[g], time.Now())
		dst = append(dst, Reading{Index: map[string]int{"fast": 0, "slow": 1}[g], Value: 1})
	}
	return dst, nil
}

func (d *groupDriver) Close() error { return nil }

// A slow group is read together with the fast one, at the multiple of its
// interval that comes nearest to what was asked for.
func TestGroupsAreReadTogether(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{60: 60, 15: 20, 14: 10, 25: 30, 10: 10, 3600: 3600} {
		d := &groupDriver{slow: asked * time.Second, at: map[string][]time.Time{}}
		manage(t, 59*time.Minute, map[models.DeviceID]*groupDriver{1: d}, func(m *Manager, mem *memory) {
			slow, fast := d.at["slow"], d.at["fast"]
			if d.reads != len(fast) {
				t.Errorf("%d s: %d reads where %d would do", asked, d.reads, len(fast))
			}
			if n := 59 * 60 / int(want); len(slow) < n || len(slow) > n+2 {
				t.Errorf("%d s: read %d times in 59 min", asked, len(slow))
			}
			if mem.learned.Intervals["slow"] != want*time.Second {
				t.Errorf("%d s: said to be read each %s", asked, mem.learned.Intervals["slow"])
			}
			if h := m.Health()[0]; h.Skipped > 0 {
				t.Errorf("%d s: %d skipped", asked, h.Skipped)
			}
		})
	}
}

// While a device is looked at it is not polled, and that is seen.
func TestTurnsMissedWhileLookingAreCounted(t *testing.T) {
	d := &groupDriver{slow: time.Minute, at: map[string][]time.Time{}, looks: []time.Duration{0, 2 * time.Minute}}
	manage(t, 70*time.Minute, map[models.DeviceID]*groupDriver{1: d}, func(m *Manager, _ *memory) {
		_, _, late := m.Lateness()
		if h := m.Health()[0]; h.Skipped < 11+1 || h.Skipped > 13+2 || late < 2*time.Minute || m.Totals().Skipped != h.Skipped {
			t.Errorf("a look of two minutes: %d turns skipped, %s late, in all %+v", h.Skipped, late, m.Totals())
		}
	})
}
