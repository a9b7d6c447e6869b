package telemetry

import (
	"sync"

	"github.com/aisle-dcim/aisle/models"
)

// Subscription follows changes of last values. C is signalled after a change;
// Next then gives what changed. Changes between two calls of Next come together,
// each point once with its newest value, so a slow reader costs nobody anything
// and misses no newest value. One goroutine may use a Subscription at a time;
// Close may be called from any.
type Subscription struct {
	live   *Live
	c      chan struct{}
	points []models.PointID // nil: all that filter accepts
	filter func(models.PointID) bool
	seq    uint64
	once   sync.Once
}

// Subscribe follows the given points. The first call of Next gives all that is
// known of them.
func (l *Live) Subscribe(points []models.PointID) *Subscription {
	sub := &Subscription{live: l, c: make(chan struct{}, 1), points: make([]models.PointID, 0, len(points))}
	seen := make(map[models.PointID]struct{}, len(points))
	for _, p := range points {
		if _, dup := seen[p]; dup || p == 0 {
			continue
		}
		seen[p] = struct{}{}
		sub.points = append(sub.points, p)
		s := l.shard(p)
		s.mu.Lock()
		e := l.entry(s, p)
		e.subs = append(e.subs, sub)
		s.mu.Unlock()
	}
	l.subscribers.Add(1)
	sub.wake()
	return sub
}

// SubscribeFunc follows all points that filter accepts, nil accepts all. filter
// is called with a lock held: it must be quick and must not call Live.
func (l *Live) SubscribeFunc(filter func(models.PointID) bool) *Subscription {
	sub := &Subscription{live: l, c: make(chan struct{}, 1), filter: filter}
	l.broadMu.Lock()
	l.broad[sub] = struct{}{}
	l.broadMu.Unlock()
	l.subscribers.Add(1)
	sub.wake()
	return sub
}

// After makes Next leave out what was changed up to seq: a reader that comes
// back goes on where it was. A number from the future is taken for zero.
func (s *Subscription) After(seq uint64) {
	if seq > s.live.Seq() {
		seq = 0
	}
	s.seq = seq
}

// C is signalled when there is something new, and once at the start.
func (s *Subscription) C() <-chan struct{} { return s.c }

func (s *Subscription) wake() {
	select {
	case s.c <- struct{}{}:
	default: // a signal is waiting already
	}
}

// Next appends the changes since the last call to dst, and returns it with the
// number of the last change, for After.
func (s *Subscription) Next(dst []Value) ([]Value, uint64) {
	var upTo uint64
	if s.points == nil {
		dst, upTo = s.live.since(dst, s.seq, s.filter)
		s.seq = upTo
		return dst, upTo
	}
	l := s.live
	upTo = l.seq.Load()
	now := l.opts.Now()
	nowMS, age := now.UnixMilli(), now.Sub(l.start)
	for _, p := range s.points {
		shard := l.shard(p)
		shard.mu.RLock()
		if e := shard.get(p); e != nil && e.known && e.v.Seq > s.seq {
			dst = append(dst, l.shown(e, nowMS, age))
		}
		shard.mu.RUnlock()
	}
	s.seq = upTo
	return dst, upTo
}

// Close ends the subscription. C is not closed.
func (s *Subscription) Close() {
	s.once.Do(func() {
		l := s.live
		l.subscribers.Add(-1)
		if s.points == nil {
			l.broadMu.Lock()
			delete(l.broad, s)
			l.broadMu.Unlock()
			return
		}
		for _, p := range s.points {
			shard := l.shard(p)
			shard.mu.Lock()
			if e := shard.get(p); e != nil {
				for i, x := range e.subs {
					if x == s {
						e.subs[i] = e.subs[len(e.subs)-1]
						e.subs[len(e.subs)-1] = nil
						e.subs = e.subs[:len(e.subs)-1]
						break
					}
				}
			}
			shard.mu.Unlock()
		}
	})
}
