package app

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
)

type kilobytes int

func (k kilobytes) size() int { return int(k) << 10 }

// What came of jobs is forgotten in its time, though nobody asks, and earlier
// where it is much.
func TestEndedJobsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		s := newJobs[kilobytes](t.Context(), &wg, "jobs", time.Minute)
		ctx := access.System(t.Context(), "test")
		run := func(result kilobytes) string {
			t.Helper()
			j, err := s.start(ctx, 0, func(context.Context, *job[kilobytes]) (kilobytes, error) { return result, nil })
			if err != nil {
				t.Fatal(err)
			}
			<-j.done
			time.Sleep(time.Second)
			return j.id
		}
		kept := func() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.all) }

		run(1)
		time.Sleep(jobKept + time.Second)
		if n := kept(); n != 0 {
			t.Errorf("%d jobs are kept after %s", n, jobKept)
		}

		for range 5 {
			run(maxKeptBytes >> 12) // a quarter of what may be kept
		}
		if n := kept(); n != 4 {
			t.Errorf("%d large results are kept, want 4", n)
		}
		last := run(maxKeptBytes >> 9)
		if _, err := s.get(ctx, last); err != nil || kept() != 1 {
			t.Errorf("%d are kept, the last one: %v", kept(), err)
		}
		for range maxKept + 3 {
			run(1)
		}
		if n := kept(); n != maxKept {
			t.Errorf("%d small results are kept, want %d", n, maxKept)
		}
		if err := s.end(ctx, run(1)); err != nil {
			t.Error(err)
		}
		time.Sleep(jobKept + time.Second)
		if n := kept(); n != 0 {
			t.Errorf("%d jobs are kept at the end", n)
		}
		wg.Wait()
	})
}
