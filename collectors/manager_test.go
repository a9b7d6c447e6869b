package collectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// fakeDriver has two points and does what its functions say.
type fakeDriver struct {
	mu     sync.Mutex
	learns int
	polls  []time.Time
	within int // polls under way
	most   int
	read   func(n int) error
	learn  func(n int) error
	takes  time.Duration
	closes int
	model  string
	// makeshift: what it learns is.
	makeshift bool
}

func (d *fakeDriver) Learn(context.Context) (*Learned, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.learns++
	if d.learn != nil {
		if err := d.learn(d.learns); err != nil {
			return nil, err
		}
	}
	return &Learned{
		Identity: Identity{Model: d.model}, Fit: Fit{Makeshift: d.makeshift},
		Profile: "fake", Kind: "pdu", Intervals: map[string]time.Duration{"fast": 10 * time.Second},
		Points: []models.PointSpec{{Key: "a", Class: quantity.Power, Group: "fast"}, {Key: "b", Class: quantity.Power, Group: "fast"}},
	}, nil
}

func (d *fakeDriver) Read(ctx context.Context, _ []string, dst []Reading) ([]Reading, error) {
	d.mu.Lock()
	d.polls = append(d.polls, time.Now())
	n := len(d.polls)
	d.within++
	d.most = max(d.most, d.within)
	d.mu.Unlock()
	defer func() { d.mu.Lock(); d.within--; d.mu.Unlock() }()
	if d.takes > 0 {
		select {
		case <-time.After(d.takes):
		case <-ctx.Done():
			return dst, ctx.Err()
		}
	}
	if d.read != nil {
		if err := d.read(n); err != nil && !errors.Is(err, ErrChanged) {
			return dst, err
		} else if err != nil {
			return append(dst, Reading{Index: 0}, Reading{Index: 1}), err
		}
	}
	return append(dst, Reading{Index: 0, Value: 1}, Reading{Index: 1, Value: 2}), nil
}

func (d *fakeDriver) polled() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.polls)
}

func (d *fakeDriver) looked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.learns
}

func (d *fakeDriver) closed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closes
}

func (d *fakeDriver) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closes++
	return nil
}

// memory is a sink and a registry.
type memory struct {
	mu       sync.Mutex
	samples  []models.Sample
	full     bool
	register func(n int) error
	asked    int
	learned  *Learned
	events   []models.Event
}

func (m *memory) event(e models.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
}

func (m *memory) Append(_ context.Context, s []models.Sample) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		return errors.New("no space left on device")
	}
	m.samples = append(m.samples, s...)
	return nil
}

func (m *memory) Register(_ context.Context, d models.DeviceID, l *Learned) ([]models.PointID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.learned = l
	if m.asked++; m.register != nil {
		if err := m.register(m.asked); err != nil {
			return nil, err
		}
	}
	ids := make([]models.PointID, len(l.Points))
	for i := range ids {
		ids[i] = models.PointID(uint64(d)*100 + uint64(i))
	}
	return ids, nil
}

func (m *memory) count(q models.Quality) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.samples {
		if s.Quality == q {
			n++
		}
	}
	return n
}

// manage runs a manager over the drivers in a bubble of fake time.
func manage[D Driver](t *testing.T, span time.Duration, drivers map[models.DeviceID]D, then func(*Manager, *memory)) {
	t.Helper()
	manageWith(t, &memory{}, span, drivers, then)
}

func manageWith[D Driver](t *testing.T, m *memory, span time.Duration, drivers map[models.DeviceID]D, then func(*Manager, *memory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		mgr := NewManager(ManagerOptions{Sink: m, Registry: m, Events: m.event, NewDriver: func(x Target) (Driver, error) { return drivers[x.Device], nil }})
		var targets []Target
		for id := range drivers {
			targets = append(targets, Target{Device: id, Name: fmt.Sprint("device ", id), Address: "192.0.2.1:161", Protocol: SNMPv2c})
		}
		mgr.Set(targets)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- mgr.Run(ctx) }()
		time.Sleep(span)
		synctest.Wait()
		then(mgr, m)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestIntervalIsKept(t *testing.T) {
	d := &fakeDriver{takes: 300 * time.Millisecond}
	manage(t, 65*time.Second, map[models.DeviceID]*fakeDriver{7: d}, func(m *Manager, _ *memory) {
		h := m.Health()[0]
		if h.State != StateOK || h.Skipped != 0 || len(d.polls) < 6 || len(d.polls) > 7 {
			t.Errorf("%d polls, %+v", len(d.polls), h)
		}
		for i := 2; i < len(d.polls); i++ {
			if gap := d.polls[i].Sub(d.polls[i-1]); gap != 10*time.Second {
				t.Errorf("poll %d after %s", i, gap)
			}
		}
	})
}

// The pauses between tries of a silent device are neither skipped polls nor
// late ones.
func TestPausesAreNotSkippedPolls(t *testing.T) {
	d := &fakeDriver{read: func(n int) error {
		if n > 2 && n < 7 {
			return ErrUnreachable
		}
		return nil
	}}
	manage(t, 10*time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, _ *memory) {
		_, _, worst := m.Lateness()
		if h := m.Health()[0]; h.State != StateOK || h.Failures != 4 || h.Skipped != 0 || worst > 0 {
			t.Errorf("%s late, %+v", worst, h)
		}
	})
}

// A group that becomes due while another is read is read next, and each turn
// that passed is counted.
func TestSlowGroupKeepsItsTurns(t *testing.T) {
	for _, takes := range []time.Duration{time.Second, 12 * time.Second, 35 * time.Second, 45 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			d, m := &twoGroups{takes: takes}, &memory{}
			mgr := NewManager(ManagerOptions{Sink: m, Registry: m, NewDriver: func(Target) (Driver, error) { return d, nil }})
			mgr.Set([]Target{{Device: 1, Name: "x", Address: "192.0.2.1:161", Protocol: SNMPv2c}})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := mgr.Run(ctx); err != nil {
				t.Fatal(err)
			}
			// What was not read was skipped, and the hour has 420 turns.
			skipped := int(mgr.Health()[0].Skipped)
			if all := d.read["fast"] + d.read["slow"] + skipped; all < 414 || all > 422 {
				t.Errorf("polls of %s: %v read, %d skipped of 420", takes, d.read, skipped)
			}
			if least := int(time.Hour/max(takes, time.Minute))*2/3 - 1; d.read["slow"] < least {
				t.Errorf("polls of %s: %d of 60 slow ones", takes, d.read["slow"])
			}
		})
	}
}

// twoGroups is a driver whose reads take their time.
type twoGroups struct {
	takes time.Duration
	read  map[string]int
}

func (d *twoGroups) Learn(context.Context) (*Learned, error) {
	return &Learned{Intervals: map[string]time.Duration{"fast": 10 * time.Second, "slow": time.Minute}, Points: []models.PointSpec{
		{Key: "a", Class: quantity.Power, Group: "fast"}, {Key: "b", Class: quantity.Power, Group: "slow"},
	}}, nil
}

func (d *twoGroups) Read(ctx context.Context, groups []string, dst []Reading) ([]Reading, error) {
	if d.read == nil {
		d.read = map[string]int{}
	}
	for i, name := range []string{"fast", "slow"} {
		if slices.Contains(groups, name) {
			d.read[name]++
			dst = append(dst, Reading{Index: i, Value: 1})
		}
	}
	select {
	case <-time.After(d.takes):
		return dst, nil
	case <-ctx.Done():
		return dst, ctx.Err()
	}
}

func (d *twoGroups) Close() error { return nil }

// While the registry is away, a device that is as it was goes on being polled;
// one that has changed does not, since nobody knows the ids of its points.
func TestRegistryIsAway(t *testing.T) {
	for _, changed := range []bool{false, true} {
		d := &fakeDriver{}
		m := &memory{register: func(n int) error {
			if n >= 2 {
				if changed {
					d.model = "another"
				}
				return context.DeadlineExceeded
			}
			return nil
		}}
		manageWith(t, m, 3*time.Hour, map[models.DeviceID]*fakeDriver{1: d}, func(mgr *Manager, m *memory) {
			h := mgr.Health()[0]
			switch {
			case !changed && (len(d.polls) < 1078 || h.State != StateOK || m.count(models.CommFailed) != 0):
				t.Errorf("%d of 1080 polls, %+v", len(d.polls), h)
			case changed && h.State != StateError:
				t.Errorf("another model is polled under the ids of the one before: %+v", h)
			}
			if !changed && m.asked < 20 {
				t.Errorf("asked for the ids %d times", m.asked)
			}
		})
	}
}

func TestLatePollsAreSkippedAndCounted(t *testing.T) {
	d := &fakeDriver{takes: 25 * time.Second}
	manage(t, 150*time.Second, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, _ *memory) {
		h := m.Health()[0]
		if d.most != 1 || h.Skipped < 6 {
			t.Errorf("%d polls at once, %d skipped of %d", d.most, h.Skipped, len(d.polls))
		}
	})
}

func TestSilentDeviceBacksOffAndOthersDoNot(t *testing.T) {
	dead := &fakeDriver{read: func(int) error { return fmt.Errorf("read: %w", ErrUnreachable) }}
	live := &fakeDriver{}
	manage(t, 30*time.Minute, map[models.DeviceID]*fakeDriver{1: dead, 2: live}, func(m *Manager, mem *memory) {
		if n := mem.count(models.CommFailed); n != 2 {
			t.Errorf("%d samples say that the device is silent, want one for each of its 2 points", n)
		}
		if n := len(dead.polls); n < 5 || n > 20 {
			t.Errorf("the dead device was asked %d times in half an hour", n)
		}
		if n := len(live.polls); n < 175 {
			t.Errorf("the living device was asked %d times, want about 180", n)
		}
		h, _ := m.DeviceHealth(1)
		if h.State != StateSilent || h.Timeouts == 0 || h.Missing != 2 {
			t.Errorf("health %+v", h)
		}
	})
}

func TestDeviceComesBack(t *testing.T) {
	d := &fakeDriver{read: func(n int) error {
		if n >= 3 && n < 6 {
			return ErrUnreachable
		}
		return nil
	}}
	manage(t, 5*time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
		if h := m.Health()[0]; h.State != StateOK || h.Failures != 3 || h.LastError != "" {
			t.Errorf("health %+v", h)
		}
		if n := mem.count(models.CommFailed); n != 2 {
			t.Errorf("%d samples of silence, want 2", n)
		}
	})
}

func TestPanicCostsItsDeviceOnly(t *testing.T) {
	bad := &fakeDriver{read: func(int) error { panic("driver") }}
	good := &fakeDriver{}
	manage(t, time.Minute, map[models.DeviceID]*fakeDriver{1: bad, 2: good}, func(m *Manager, _ *memory) {
		if h, _ := m.DeviceHealth(1); h.State != StateError || h.Failures == 0 {
			t.Errorf("the panicking device: %+v", h)
		}
		if h, _ := m.DeviceHealth(2); h.State != StateOK || len(good.polls) < 5 {
			t.Errorf("the other one: %+v", h)
		}
	})
}

func TestChangedDeviceIsLearnedAnew(t *testing.T) {
	d := &fakeDriver{read: func(n int) error {
		if n >= 2 {
			return ErrChanged // rows that flap must not have it walked each time
		}
		return nil
	}}
	manage(t, 65*time.Second, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
		if d.learns != 2 || m.Health()[0].State != StateOK || mem.count(models.Good) < 10 {
			t.Errorf("learned %d times, %+v", d.learns, m.Health()[0])
		}
	})
}

func TestSetStartsAndEndsLoops(t *testing.T) {
	a, b := &fakeDriver{}, &fakeDriver{}
	manage(t, 30*time.Second, map[models.DeviceID]*fakeDriver{1: a, 2: b}, func(m *Manager, _ *memory) {
		m.Set([]Target{{Device: 2, Name: "device 2", Address: "192.0.2.1:161", Protocol: SNMPv2c}})
		before := len(a.polls)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(a.polls) != before || len(b.polls) < 8 {
			t.Errorf("removed device polled %d times more, kept one %d times", len(a.polls)-before, len(b.polls))
		}
		if err := m.Poll(1); !errors.Is(err, ErrUnknownDevice) {
			t.Errorf("poll of a removed device: %v", err)
		}
		polls := len(b.polls)
		if err := m.Poll(2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(b.polls) != polls+1 {
			t.Errorf("asked for one poll, got %d", len(b.polls)-polls)
		}
	})
}

// When points get no ids, the driver knows other points than the ids are for:
// nothing may be polled until both fit again.
func TestNothingIsPolledUntilPointsHaveTheirIDs(t *testing.T) {
	d := &fakeDriver{}
	d.read = func(n int) error {
		if n == 3 {
			d.model = "another"
			return ErrRestarted
		}
		return nil
	}
	m := &memory{register: func(n int) error {
		if n >= 2 && n <= 6 {
			return errors.New("database is locked")
		}
		return nil
	}}
	manageWith(t, m, 25*time.Second, map[models.DeviceID]*fakeDriver{1: d}, func(mgr *Manager, m *memory) {
		h := mgr.Health()[0]
		if h.State != StateError || h.LastError == "" || len(d.polls) != 3 || m.count(models.CommFailed) != 2 || m.count(models.Good) != 4 {
			t.Errorf("%d polls, %d good, %d failed samples, %+v", len(d.polls), m.count(models.Good), m.count(models.CommFailed), h)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if h = mgr.Health()[0]; h.State != StateOK || len(d.polls) < 20 {
			t.Errorf("after the database is back: %d polls, %+v", len(d.polls), h)
		}
	})
}

func TestReadingsOfARestartedDeviceAreNotKept(t *testing.T) {
	for _, why := range []error{ErrRestarted, ErrOther} {
		d := &fakeDriver{read: func(n int) error {
			if n == 2 || n == 4 { // twice within the pause that flapping rows get
				return why
			}
			return nil
		}}
		manage(t, 45*time.Second, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
			if d.learns != 3 || mem.count(models.Good) != 2*(len(d.polls)-2) || mem.count(models.CommFailed) != 0 || m.Health()[0].State != StateOK {
				t.Errorf("%v: %d looks, %d polls, %d good samples, %+v", why, d.learns, len(d.polls), mem.count(models.Good), m.Health()[0])
			}
		})
	}
}

func TestAnotherDeviceAtTheAddressIsNotPolled(t *testing.T) {
	d := &fakeDriver{
		read: func(n int) error {
			if n == 2 {
				return ErrRestarted
			}
			return nil
		},
		learn: func(n int) error {
			if n > 1 {
				return fmt.Errorf("learn: %w", ErrNoProfile)
			}
			return nil
		},
	}
	manage(t, 10*time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
		if h := m.Health()[0]; h.State != StateNoProfile || len(d.polls) != 2 || mem.count(models.Good) != 2 || mem.count(models.CommFailed) != 2 {
			t.Errorf("%d polls, %d good, %d failed samples, %+v", len(d.polls), mem.count(models.Good), mem.count(models.CommFailed), h)
		}
	})
}

func TestFullDiskIsNoFaultOfTheDevice(t *testing.T) {
	d := &fakeDriver{}
	manageWith(t, &memory{full: true}, 10*time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, _ *memory) {
		if h := m.Health()[0]; h.State != StateOK || h.Unstored < 59 || h.Failures != 0 || len(d.polls) < 59 {
			t.Errorf("%d polls, %+v", len(d.polls), h)
		}
	})
}

func TestDeviceTakenOutAndBackHasOneLoop(t *testing.T) {
	d := &fakeDriver{takes: 8 * time.Second}
	manage(t, 12*time.Second, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, _ *memory) {
		target := Target{Device: 1, Name: "device 1", Address: "192.0.2.1:161", Protocol: SNMPv2c}
		for range 5 {
			m.Set(nil)
			m.Set([]Target{target})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if d.most != 1 {
			t.Errorf("%d polls at the same time", d.most)
		}
	})
}

func TestIntervalsAreThoseOfThePolls(t *testing.T) {
	d := &fakeDriver{}
	m := &memory{}
	synctest.Test(t, func(t *testing.T) {
		mgr := NewManager(ManagerOptions{Sink: m, Registry: m, NewDriver: func(Target) (Driver, error) { return d, nil }})
		mgr.Set([]Target{{Device: 1, Name: "slow", Address: "192.0.2.1:161", Protocol: SNMPv2c, Interval: time.Minute}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		if err := mgr.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if m.learned.Intervals["fast"] != time.Minute || len(d.polls) < 4 || len(d.polls) > 6 {
			t.Errorf("interval %s, %d polls in 5 minutes", m.learned.Intervals["fast"], len(d.polls))
		}
		if d.closes != 1 {
			t.Errorf("the driver was closed %d times", d.closes)
		}
	})
}
