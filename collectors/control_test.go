package collectors

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// fakeController counts what it is told to write.
type fakeController struct {
	fakeDriver
	written int
}

func (c *fakeController) Intend(context.Context, string, Action) (Intent, error) {
	return Intent{}, nil
}

func (c *fakeController) Write(context.Context, string, Action, Intent) error {
	c.written++
	return nil
}

func TestLoopRefusesToWrite(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // of the loop
		set  func(*loop)
		want error
	}{
		"as it was learned":      {t.Context(), func(*loop) {}, nil},
		"not learned":            {t.Context(), func(l *loop) { l.learned = false }, ErrNoControl},
		"changed":                {t.Context(), func(l *loop) { l.changed = true }, ErrMoved},
		"restarted, not read":    {t.Context(), func(l *loop) { l.restarted = true }, ErrMoved},
		"to be looked at anew":   {t.Context(), func(l *loop) { l.anew.Store(true) }, ErrMoved},
		"not polled any more":    {gone, func(*loop) {}, ErrUnknownDevice},
		"of a driver that reads": {t.Context(), func(l *loop) { l.driver = &fakeDriver{} }, ErrReadOnly},
	} {
		c := &fakeController{}
		l := &loop{manager: NewManager(ManagerOptions{Log: slog.New(slog.DiscardHandler)}), driver: c, learned: true}
		tt.set(l)
		j := &job{ctx: t.Context(), done: make(chan error, 1), do: func(ctx context.Context, c Controller) error { return c.Write(ctx, "x", Action{}, Intent{}) }}
		l.work(tt.ctx, j)
		if err := <-j.done; !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if want := map[bool]int{true: 1}[tt.want == nil]; c.written != want {
			t.Errorf("%s: written %d times, want %d", name, c.written, want)
		}
	}
}

// TestMovedDeviceIsLookedAtAgain: after a driver found that a device is not as
// it was learned nothing is written before it was learned anew.
func TestMovedDeviceIsLookedAtAgain(t *testing.T) {
	c := &fakeController{}
	l := &loop{manager: NewManager(ManagerOptions{Log: slog.New(slog.DiscardHandler)}), driver: c, learned: true}
	ask := func(do func(context.Context, Controller) error) error {
		j := &job{ctx: t.Context(), done: make(chan error, 1), do: do}
		l.work(t.Context(), j)
		return <-j.done
	}
	write := func(ctx context.Context, c Controller) error { return c.Write(ctx, "x", Action{}, Intent{}) }
	for range 2 { // what merely failed does not keep it from the next
		if err := ask(func(context.Context, Controller) error { return ErrRejected }); !errors.Is(err, ErrRejected) {
			t.Fatal(err)
		}
	}
	if err := ask(func(context.Context, Controller) error { return ErrMoved }); !errors.Is(err, ErrMoved) {
		t.Fatal(err)
	}
	if err := ask(write); !errors.Is(err, ErrMoved) || c.written != 0 {
		t.Errorf("%v, written %d times", err, c.written)
	}
}

func TestOnlyTheDeviceThatWasMeantIsWritten(t *testing.T) {
	m := NewManager(ManagerOptions{})
	m.Set([]Target{{Device: 1, Generation: 2, Address: "192.0.2.1:161", Control: true}, {Device: 2, Address: "192.0.2.1:161"}})
	for name, tt := range map[string]struct {
		at   Aim
		want error
	}{
		"replaced":            {Aim{1, 1, "192.0.2.1:161"}, ErrMoved},
		"at another address":  {Aim{1, 2, "192.0.2.9:161"}, ErrMoved},
		"not to be written":   {Aim{2, 0, "192.0.2.1:161"}, ErrReadOnly},
		"not polled any more": {Aim{models.DeviceID(3), 0, ""}, ErrUnknownDevice},
	} {
		if err := m.Write(t.Context(), tt.at, "x", Action{}, Intent{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// TestControlsAreKnownOnceLearned: that there is nothing to write is said only
// after the device was looked at.
func TestControlsAreKnownOnceLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := false
		d := &fakeDriver{learn: func(int) error {
			if !answers {
				return ErrUnreachable
			}
			return nil
		}}
		m := NewManager(ManagerOptions{Sink: &memory{}, Registry: &memory{}, NewDriver: func(Target) (Driver, error) { return d, nil }})
		target := Target{Device: 1, Address: "192.0.2.1:161", Protocol: SNMPv2c, Control: true}
		m.Set([]Target{target})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if m.ControlsKnown(1) {
			t.Error("known of a device that does not answer")
		}
		d.mu.Lock()
		answers = true
		d.mu.Unlock()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if !m.ControlsKnown(1) || m.ControlsKnown(2) {
			t.Error("not known after it was learned, or known of no device")
		}
		target.Control = false
		m.Set([]Target{target})
		if m.ControlsKnown(1) {
			t.Error("known of a device that is only read")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
