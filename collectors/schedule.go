package collectors

import (
	"sort"
	"time"
)

// group is a poll group with its next turn.
type group struct {
	name     string
	interval time.Duration
	next     time.Time
}

// intervals are those at which the groups of a device are polled: whole
// multiples of the shortest, so that groups are read together.
func (l *loop) intervals(learned *Learned) map[string]time.Duration {
	out := make(map[string]time.Duration, len(learned.Intervals))
	var shortest time.Duration
	for _, p := range learned.Points {
		if _, ok := out[p.Group]; ok {
			continue
		}
		interval := learned.Intervals[p.Group]
		if interval <= 0 {
			interval = 10 * time.Second
		}
		if p.Group == "fast" && l.target.Interval > 0 {
			interval = l.target.Interval
		}
		interval = max(interval, time.Second)
		if out[p.Group] = interval; shortest == 0 || interval < shortest {
			shortest = interval
		}
	}
	for name, interval := range out {
		out[name] = interval.Round(shortest)
	}
	return out
}

// regroup takes over the groups of what was learned. A turn that came while the
// device was looked at is late, or was skipped, and not forgotten.
func (l *loop) regroup(learned *Learned, now time.Time) {
	turns := map[string]time.Time{}
	for _, g := range l.groups {
		turns[g.name] = g.next
	}
	l.groups = l.groups[:0]
	seen := map[string]bool{}
	for _, p := range learned.Points {
		if seen[p.Group] {
			continue
		}
		seen[p.Group] = true
		next := now
		if turn, ok := turns[p.Group]; ok && turn.Before(now) {
			next = turn
		}
		l.groups = append(l.groups, group{name: p.Group, interval: learned.Intervals[p.Group], next: next})
	}
	sort.Slice(l.groups, func(i, j int) bool { return l.groups[i].interval < l.groups[j].interval })
}

// due makes every group take its turn now.
func (l *loop) due() {
	now := time.Now()
	for i := range l.groups {
		l.groups[i].next = now
	}
}

// Turns begin at beats of a clock that all devices share, so that a thousand
// devices polled every 10 s wake the processor every two seconds and not a
// hundred times in one, their requests leave together, and what is summed over
// devices is of one moment. A beat has perBeat devices as long as mostBeats in
// an interval are enough: answers to so many fit into the buffers of the sockets.
const (
	perBeat   = 200
	fewBeats  = 5
	mostBeats = 40 // fewBeats doubled a few times, so that devices keep their beat when others come
)

// beats is in how many parts the interval of so many devices is cut.
func beats(devices int) int {
	n := fewBeats
	for n < mostBeats && devices > n*perBeat {
		n *= 2
	}
	return n
}

// phaseOf is which of mostBeats a device has: the same each start, and evenly
// spread. The high bits are taken since the low ones of the hash of names that
// follow each other do.
func phaseOf(hash uint32) int64 { return int64(uint64(hash) * mostBeats >> 32) }

// beat is the last beat of the device that is not after t.
func (l *loop) beat(t time.Time, interval time.Duration) time.Time {
	n := l.manager.beats.Load()
	own := l.phase * n / mostBeats
	first := l.manager.began.Add(interval / time.Duration(n) * time.Duration(own))
	since := t.Sub(first)
	passed := since.Truncate(interval)
	if since < passed {
		passed -= interval // before the first one
	}
	return first.Add(passed)
}

// plan sets the next turn of each group that was due when a poll began. Turns
// keep their phase; those that passed until it ended are skipped and counted.
// A group that became due meanwhile was not read, and is read next.
func (l *loop) plan(began, ended time.Time) {
	var skipped uint64
	l.nextTime = time.Time{}
	for i := range l.groups {
		g := &l.groups[i]
		if !g.next.After(began) {
			// The groups of a device have one beat, so as to be read together.
			turn := g.next
			g.next = l.beat(turn, l.groups[0].interval).Add(g.interval)
			for ; !g.next.After(ended); g.next = g.next.Add(g.interval) {
				// Nobody was owed the beat that follows at once on a turn that was
				// asked for in between.
				if g.next.Sub(turn) >= g.interval {
					skipped++
				}
			}
		}
		if l.nextTime.IsZero() || g.next.Before(l.nextTime) {
			l.nextTime = g.next
		}
	}
	if skipped > 0 {
		l.change(func(h *Health) { h.Skipped += skipped })
	}
}
