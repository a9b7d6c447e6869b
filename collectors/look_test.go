package collectors

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// A look that comes to nothing does not take a device off that answers its
// polls.
func TestALookThatFailsDoesNotEndPolling(t *testing.T) {
	t.Run("malformed", func(t *testing.T) {
		d := &fakeDriver{learn: func(n int) error {
			if n == 2 {
				return fmt.Errorf("ask 192.0.2.1: %w", ErrProtocol)
			}
			return nil
		}}
		manage(t, 70*time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
			if h := m.Health()[0]; d.looked() != 3 || mem.count(models.CommFailed) > 0 || h.Failures > 0 || d.polled() < 419 {
				t.Errorf("%d looks, %d polls, %d samples failed, %+v", d.looked(), d.polled(), mem.count(models.CommFailed), h)
			}
		})
	})
	t.Run("too slow", func(t *testing.T) {
		forever := 24 * time.Hour
		d := &groupDriver{slow: time.Minute, at: map[string][]time.Time{}, looks: []time.Duration{0, forever, forever, forever, forever, forever, forever, forever}}
		manage(t, 6*time.Hour, map[models.DeviceID]*groupDriver{1: d}, func(m *Manager, mem *memory) {
			// A look ends after 10 min; they become rarer.
			if h := m.Health()[0]; h.State != StateOK || mem.count(models.CommFailed) > 0 || len(d.at["fast"]) < 6*360-7*62 {
				t.Errorf("%d polls, %d samples failed, %+v", len(d.at["fast"]), mem.count(models.CommFailed), h)
			}
		})
	})
	t.Run("refused", func(t *testing.T) {
		d := &fakeDriver{learn: func(n int) error {
			if n > 1 {
				return ErrAuth
			}
			return nil
		}}
		manage(t, 70*time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, _ *memory) {
			if h := m.Health()[0]; h.State != StateAuth {
				t.Errorf("%+v", h)
			}
		})
	})
}

// A device for whose look there is no turn is polled meanwhile, and looked at
// when there is one; one that was never seen waits.
func TestBusyLooks(t *testing.T) {
	d := &fakeDriver{learn: func(n int) error {
		if n < 5 || n > 5 && n < 200 {
			return ErrBusy
		}
		return nil
	}}
	manage(t, 30*time.Second, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
		if h := m.Health()[0]; h.State != StateOK || d.looked() != 5 || h.Failures > 0 {
			t.Errorf("at first: %d looks, %+v", d.looked(), h)
		}
		m.Relearn(func(Target, Health) bool { return true })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if h := m.Health()[0]; h.State != StateOK || h.Skipped+h.Failures > 0 || d.polled() < 62 || mem.count(models.CommFailed) > 0 {
			t.Errorf("while others are looked at: %d polls, %+v", d.polled(), h)
		}
		if !m.loops[1].anew.Load() {
			t.Error("that a look was asked for is forgotten, and what was learned may be written to")
		}
		if n := d.looked(); n < 60 || n > 200 {
			t.Errorf("a look was tried %d times in 10 min", n)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if d.looked() != 200 {
			t.Errorf("%d looks when there was a turn again", d.looked())
		}
	})
}

// A clock that goes back all the time is no device that restarts all the time:
// two agents at one address look so.
func TestDeviceThatBeginsAnewAllTheTime(t *testing.T) {
	d := &fakeDriver{read: func(n int) error {
		if n%2 == 1 {
			return ErrRestarted
		}
		return nil
	}}
	manage(t, time.Hour, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, mem *memory) {
		if d.looked() > 90 || len(mem.events) > 60 || m.Health()[0].Failures < 10 {
			t.Errorf("%d looks, %d events, %+v", d.looked(), len(mem.events), m.Health()[0])
		}
	})
}

// A device that is called otherwise is polled on, and what was counted is not
// lost with a device.
func TestRenamingAndRemoving(t *testing.T) {
	drivers := map[models.DeviceID]*fakeDriver{1: {}, 2: {}}
	manage(t, time.Hour, drivers, func(m *Manager, _ *memory) {
		before := m.Totals()
		m.Set([]Target{{Device: 1, Name: "another name", Address: "192.0.2.1:161", Protocol: SNMPv2c}})
		time.Sleep(time.Second)
		synctest.Wait()
		h, ok := m.DeviceHealth(1)
		if !ok || h.Name != "another name" || h.State != StateOK || h.Polls < 350 || drivers[1].closed() > 0 || drivers[2].closed() != 1 {
			t.Errorf("%+v, closed %d and %d times", h, drivers[1].closed(), drivers[2].closed())
		}
		if after := m.Totals(); after.Polls < before.Polls || before.Polls < 700 {
			t.Errorf("%d polls in all, then %d", before.Polls, after.Polls)
		}
	})
}

// What breaks beside the driver is no write, and costs the driver nothing.
func TestPanicWhileTheLoopWaits(t *testing.T) {
	d := &fakeDriver{}
	manage(t, time.Minute, map[models.DeviceID]*fakeDriver{1: d}, func(m *Manager, _ *memory) {
		err := m.Hold(context.Background(), 1, func(context.Context) error { panic("a decoder") })
		if err == nil || errors.Is(err, ErrUnanswered) || d.closed() > 0 {
			t.Errorf("%v, closed %d times", err, d.closed())
		}
	})
}

// TestMakeshiftIsLookedAtSoon: a device that had nothing of its family is looked
// at again in minutes, another one in an hour.
func TestMakeshiftIsLookedAtSoon(t *testing.T) {
	drivers := map[models.DeviceID]*fakeDriver{1: {}, 2: {makeshift: true}}
	manage(t, 50*time.Minute, drivers, func(*Manager, *memory) {
		if own, makeshift := drivers[1].looked(), drivers[2].looked(); own != 1 || makeshift < 9 || makeshift > 11 {
			t.Errorf("%d and %d looks", own, makeshift)
		}
	})
}
