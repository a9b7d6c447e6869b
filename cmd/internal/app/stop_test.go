package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
)

// Nothing is closed under parts that still use it; those that need a moment get
// it, however late it is.
func TestStopLeavesOpenWhatIsUsed(t *testing.T) {
	for _, x := range []struct {
		name   string
		takes  time.Duration
		limit  time.Duration
		closed bool
	}{
		{"in time", time.Second, 10 * time.Second, true},
		{"slow", 8 * time.Second, 10 * time.Second, true},
		{"late", time.Second, 0, true},
		{"hangs", time.Hour, 10 * time.Second, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := New(Options{})
				closed := false
				a.later(func(context.Context) error { closed = true; return nil })
				run, cancel := context.WithCancel(t.Context())
				a.laterEnd(cancel, &a.wg)
				a.background(run, "a part", func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(x.takes)
					if closed {
						t.Error("its store was closed under it")
					}
					return nil
				})
				ctx, end := context.WithTimeout(t.Context(), x.limit)
				defer end()
				began := time.Now()
				err := a.Stop(ctx)
				if took := time.Since(began); took > max(x.limit, endGrace) {
					t.Errorf("took %s", took)
				}
				if closed != x.closed || errors.Is(err, errRunning) == x.closed {
					t.Errorf("closed %t, %v", closed, err)
				}
				a.wg.Wait()
			})
		})
	}
}

// A state that no device is in is told as well.
func TestCountStates(t *testing.T) {
	got := countStates([]collectors.Health{{State: collectors.StateOK}, {State: collectors.StateOK}, {State: collectors.StateError}})
	for s, want := range map[collectors.State]float64{
		collectors.StateLearning: 0, collectors.StateOK: 2, collectors.StateSilent: 0, collectors.StateAuth: 0, collectors.StateNoProfile: 0, collectors.StateError: 1,
	} {
		if n, ok := got[s]; !ok || n != want {
			t.Errorf("%s: %v, %t; want %v", s, n, ok, want)
		}
	}
}
