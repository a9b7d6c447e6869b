package collectors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// Nothing polls a device while something else speaks to it, and what was due
// then is counted as skipped; other devices are polled on.
func TestHeldDeviceIsNotPolled(t *testing.T) {
	d, other := &fakeDriver{}, &fakeDriver{}
	manage(t, 25*time.Second, map[models.DeviceID]*fakeDriver{7: d, 8: other}, func(m *Manager, _ *memory) {
		before, beside := d.polled(), other.polled()
		err := m.Hold(context.WithoutCancel(t.Context()), 7, func(context.Context) error {
			time.Sleep(35 * time.Second)
			if n := d.polled(); n != before {
				t.Errorf("polled %d times while it was held", n-before)
			}
			return errors.New("seen")
		})
		if err == nil || err.Error() != "seen" {
			t.Errorf("error %v", err)
		}
		if n := other.polled() - beside; n < 3 {
			t.Errorf("the other one was polled %d times", n)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if h, _ := m.DeviceHealth(7); d.polled() <= before || h.Skipped < 2 {
			t.Errorf("%d polls after %d, %+v", d.polled(), before, h)
		}
		called := false
		if err := m.Hold(context.WithoutCancel(t.Context()), 9, func(context.Context) error { called = true; return nil }); err != nil || !called {
			t.Errorf("a device that is not polled: %v", err)
		}
	})
}

// What holds a device ends when it is polled no more.
func TestHoldEndsWithTheLoop(t *testing.T) {
	manage(t, 25*time.Second, map[models.DeviceID]*fakeDriver{7: {}}, func(m *Manager, _ *memory) {
		time.AfterFunc(time.Second, func() { m.Set(nil) })
		err := m.Hold(context.WithoutCancel(t.Context()), 7, func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Minute):
				return nil
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}
