package collectors

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// lateness counts how much later than planned polls begin, in classes that
// double: up to 1 µs, 2 µs, 4 µs …
type lateness struct {
	classes [48]atomic.Uint64
	worst   atomic.Int64
}

// note counts a poll of the groups whose turn it is.
func (l *lateness) note(start time.Time, groups []group) {
	var late time.Duration
	for i := range groups {
		if d := start.Sub(groups[i].next); d > late {
			late = d
		}
	}
	class := min(bits.Len64(uint64(late/time.Microsecond)), len(l.classes)-1)
	l.classes[class].Add(1)
	for {
		worst := l.worst.Load()
		if int64(late) <= worst || l.worst.CompareAndSwap(worst, int64(late)) {
			return
		}
	}
}

// Lateness tells how much later than planned polls began since it was last
// asked: the median and the 99th percentile, each as the upper end of a class
// that is half its width, and the worst.
func (m *Manager) Lateness() (median, p99, worst time.Duration) {
	var counts [48]uint64
	var total uint64
	for i := range counts {
		counts[i] = m.late.classes[i].Swap(0)
		total += counts[i]
	}
	worst = time.Duration(m.late.worst.Swap(0))
	at := func(share float64) time.Duration {
		var sum uint64
		for i, n := range counts {
			if sum += n; n > 0 && float64(sum) >= share*float64(total) {
				return min(worst, time.Microsecond<<i)
			}
		}
		return 0
	}
	return at(0.5), at(0.99), worst
}
