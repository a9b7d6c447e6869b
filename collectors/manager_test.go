package collectors

import (
	"context"
	"errors"
	"fmt"
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
	takes  time.Duration
}

func (d *fakeDriver) Learn(context.Context) (*Learned, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.learns++
	return &Learned{
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

func (d *fakeDriver) Close() error { return nil }

// memory is a sink and a registry.
type memory struct {
	mu      sync.Mutex
	samples []models.Sample
}

func (m *memory) Append(_ context.Context, s []models.Sample) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples = append(m.samples, s...)
	return nil
}

func (m *memory) Register(_ context.Context, d models.DeviceID, l *Learned) ([]models.PointID, error) {
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
func manage(t *testing.T, span time.Duration, drivers map[models.DeviceID]*fakeDriver, then func(*Manager, *memory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		mgr := NewManager(ManagerOptions{Sink: m, Registry: m, NewDriver: func(x Target) (Driver, error) { return drivers[x.Device], nil }})
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
