package telemetry

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry/pointmap"
	"github.com/aisle-dcim/aisle/models"
)

// Value is the newest that is known of a point, as it is to be shown now.
type Value struct {
	Point models.PointID
	// TimeMS is the moment of the reading, milliseconds since the Unix epoch.
	TimeMS int64
	// Value is NaN unless Quality is Good.
	Value   float64
	Quality models.Quality
	// LastGood is the newest good value and LastGoodMS its time; NaN and zero
	// when there was none. It may be shown together with its age.
	LastGood   float64
	LastGoodMS int64
	// Seq grows with every change of any point.
	Seq uint64
}

// LiveOptions configure Live. The zero value is usable.
type LiveOptions struct {
	// Interval is expected between samples of points that Track was not told
	// of; zero means one minute.
	Interval time.Duration
	// A value is stale when it is older than StaleFactor intervals and
	// StaleGrace; zero means 2.5 and 2 s.
	StaleFactor float64
	StaleGrace  time.Duration
	// MaxFuture is how far ahead of the clock a sample may lie; zero means
	// DefaultMaxFuture.
	MaxFuture time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const liveShards = 64

// Live holds the last value of every point. Writers never wait for readers of
// the stream: a slow subscriber gets fewer, but always the newest values. It is
// safe for concurrent use.
type Live struct {
	opts  LiveOptions
	start time.Time // for a clock that is never set
	seq   atomic.Uint64

	shards [liveShards]liveShard

	// writeMu puts changes in one order for the observers.
	writeMu   sync.Mutex
	observers []*observer
	changes   []Value // reused

	// broadMu guards the subscribers that are woken by every change.
	broadMu sync.RWMutex
	broad   map[*Subscription]struct{}

	subscribers           atomic.Int64
	updates, late, future atomic.Uint64
	stale                 atomic.Int64
}

type observer struct{ f func([]Value) }

type liveShard struct {
	mu     sync.RWMutex
	points pointmap.Map[entry]
	// ring is ordered by Seq: ring.prev is the newest change.
	ring entry
	_    [24]byte // keeps neighbours off one cache line
}

type entry struct {
	prev, next *entry
	subs       []*Subscription
	v          Value         // Quality as it came
	limit      time.Duration // freshness limit
	received   time.Duration // since Live.start, when it came
	known      bool
	aged       bool // told to be stale
	gone       bool // forgotten: samples on their way are passed over
}

// NewLive returns an empty Live.
func NewLive(o LiveOptions) *Live {
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	if o.StaleFactor <= 0 {
		o.StaleFactor = 2.5
	}
	if o.StaleGrace <= 0 {
		o.StaleGrace = 2 * time.Second
	}
	if o.MaxFuture <= 0 {
		o.MaxFuture = DefaultMaxFuture
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Live{opts: o, start: o.Now(), broad: make(map[*Subscription]struct{})}
	// Numbers given before a restart are smaller than all after it, as long as
	// there is less than one change a microsecond.
	l.seq.Store(uint64(max(l.start.UnixMicro(), 0)))
	for i := range l.shards {
		s := &l.shards[i]
		s.ring.prev, s.ring.next = &s.ring, &s.ring
	}
	return l
}

// Blocks of neighbouring points share a shard, so that the points of a device
// need few locks; within its shard a point has a dense number again.
const (
	blockBits = 6
	shardBits = 6 // of liveShards
)

func (l *Live) shard(p models.PointID) *liveShard {
	return &l.shards[uint64(p)>>blockBits%liveShards]
}

func place(p models.PointID) uint64 {
	return uint64(p)>>(blockBits+shardBits)<<blockBits | uint64(p)%(1<<blockBits)
}

// get returns the entry of p, nil when there is none; s is locked.
func (s *liveShard) get(p models.PointID) *entry {
	if e := s.points.Get(place(p)); e != nil && e.v.Point == p {
		return e
	}
	return nil
}

// entry returns the entry of p and makes it when there is none; s is locked.
func (l *Live) entry(s *liveShard, p models.PointID) *entry {
	e := s.points.At(place(p))
	if e.v.Point == 0 {
		e.limit = l.limit(l.opts.Interval)
		e.v = Value{Point: p, Value: math.NaN(), LastGood: math.NaN()}
	}
	return e
}

func (l *Live) limit(interval time.Duration) time.Duration {
	return time.Duration(float64(interval)*l.opts.StaleFactor) + l.opts.StaleGrace
}

// Track says how often samples of the points are expected, which decides when
// their values are stale.
func (l *Live) Track(interval time.Duration, points ...models.PointID) {
	if interval <= 0 {
		interval = l.opts.Interval
	}
	for _, p := range points {
		s := l.shard(p)
		s.mu.Lock()
		e := l.entry(s, p)
		e.limit, e.gone = l.limit(interval), false
		s.mu.Unlock()
	}
}

// Forget drops the values of points that are no longer read. Samples of them
// that still come are passed over until Track is told of the point again.
func (l *Live) Forget(points ...models.PointID) {
	for _, p := range points {
		s := l.shard(p)
		s.mu.Lock()
		if e := s.get(p); e != nil {
			e.unlink()
			e.known, e.aged, e.gone = false, false, true
			e.v = Value{Point: p, Value: math.NaN(), LastGood: math.NaN()}
		}
		s.mu.Unlock()
	}
}

func (e *entry) unlink() {
	if e.next != nil {
		e.prev.next, e.next.prev = e.next, e.prev
		e.prev, e.next = nil, nil
	}
}

// touch makes e the newest change of its shard.
func (s *liveShard) touch(e *entry, seq uint64) {
	e.v.Seq = seq
	e.unlink()
	e.prev, e.next = s.ring.prev, &s.ring
	e.prev.next, e.next.prev = e, e
}

// Update takes new samples. A sample that is not newer than what is known of its
// point is passed over, and so is one too far in the future.
func (l *Live) Update(samples []models.Sample) { l.update(samples, false) }

// Restore takes the last samples of an earlier run, with their age. It never
// replaces what came since.
func (l *Live) Restore(samples []models.Sample) { l.update(samples, true) }

func (l *Live) update(samples []models.Sample, restore bool) {
	if len(samples) == 0 {
		return
	}
	now := l.opts.Now()
	nowMS, since := now.UnixMilli(), now.Sub(l.start)
	l.writeMu.Lock()
	defer l.writeMu.Unlock()
	seq := l.seq.Load()
	changes := l.changes[:0]
	changed := 0
	var s *liveShard // locked while its points come one after the other
	for i := range samples {
		x := &samples[i]
		if x.Point == 0 {
			continue
		}
		if x.TimeMS > nowMS+l.opts.MaxFuture.Milliseconds() {
			l.future.Add(1)
			continue
		}
		if next := l.shard(x.Point); next != s {
			if s != nil {
				s.mu.Unlock()
			}
			s = next
			s.mu.Lock()
		}
		e := l.entry(s, x.Point)
		if e.gone {
			l.late.Add(1)
			continue
		}
		// A known value from the future means that the clock was set back:
		// then what comes now is newer whatever its time.
		if e.known && (restore || x.TimeMS <= e.v.TimeMS && e.v.TimeMS <= nowMS+l.opts.StaleGrace.Milliseconds()) {
			l.late.Add(1)
			continue
		}
		e.v.TimeMS, e.v.Value, e.v.Quality = x.TimeMS, math.NaN(), x.Quality
		if x.Quality == models.Good {
			if math.IsNaN(x.Value) || math.IsInf(x.Value, 0) {
				e.v.Quality = models.Bad
			} else {
				e.v.Value = x.Value
				e.v.LastGood, e.v.LastGoodMS = x.Value, x.TimeMS
			}
		}
		e.known, e.received = true, since
		seq++
		changed++
		s.touch(e, seq)
		v := l.shown(e, nowMS, since)
		e.aged = v.Quality == models.Stale && e.v.Quality == models.Good
		if len(l.observers) > 0 {
			changes = append(changes, v)
		}
		for _, sub := range e.subs {
			sub.wake()
		}
	}
	if s != nil {
		s.mu.Unlock()
	}
	l.finish(seq, changed, changes)
}

// finish publishes a set of changes; writeMu is held.
func (l *Live) finish(seq uint64, changed int, changes []Value) {
	l.changes = changes[:0]
	if changed == 0 {
		return
	}
	l.seq.Store(seq)
	l.updates.Add(uint64(changed))
	l.broadMu.RLock()
	for sub := range l.broad {
		sub.wake()
	}
	l.broadMu.RUnlock()
	if len(changes) > 0 {
		for _, o := range l.observers {
			o.f(changes)
		}
	}
}

// shown returns what is to be shown of e now: a good value beyond its freshness
// limit is stale. Both clocks count, so that neither a clock that was set back
// nor one that was set forward keeps an old value fresh.
func (l *Live) shown(e *entry, nowMS int64, since time.Duration) Value {
	v := e.v
	if v.Quality == models.Good {
		age := time.Duration(nowMS-v.TimeMS) * time.Millisecond
		if age > e.limit || since-e.received > e.limit {
			v.Quality, v.Value = models.Stale, math.NaN()
		}
	}
	return v
}

// Get returns what is known of the points, in their order; points of which
// nothing is known are left out.
func (l *Live) Get(points []models.PointID) []Value {
	out := make([]Value, 0, len(points))
	now := l.opts.Now()
	nowMS, since := now.UnixMilli(), now.Sub(l.start)
	for _, p := range points {
		s := l.shard(p)
		s.mu.RLock()
		if e := s.get(p); e != nil && e.known {
			out = append(out, l.shown(e, nowMS, since))
		}
		s.mu.RUnlock()
	}
	return out
}

// Seq returns the number of the newest change.
func (l *Live) Seq() uint64 { return l.seq.Load() }

// Since returns the values that changed after the change numbered seq and that
// filter accepts (nil accepts all), in no particular order, and the number to
// ask with next time. Each point comes once, with its newest value.
func (l *Live) Since(seq uint64, filter func(models.PointID) bool) ([]Value, uint64) {
	return l.since(nil, seq, filter)
}

func (l *Live) since(dst []Value, seq uint64, filter func(models.PointID) bool) ([]Value, uint64) {
	upTo := l.seq.Load()
	now := l.opts.Now()
	nowMS, age := now.UnixMilli(), now.Sub(l.start)
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.RLock()
		for e := s.ring.prev; e != &s.ring && e.v.Seq > seq; e = e.prev {
			if filter == nil || filter(e.v.Point) {
				dst = append(dst, l.shown(e, nowMS, age))
			}
		}
		s.mu.RUnlock()
	}
	return dst, upTo
}

// Observe has f called with every change, in the order of Seq, until the
// returned function is called. f must be quick, must not keep the slice and must
// not call back into Live's writing methods: it holds up the writers.
func (l *Live) Observe(f func([]Value)) (stop func()) {
	o := &observer{f}
	l.writeMu.Lock()
	l.observers = append(l.observers, o)
	l.writeMu.Unlock()
	return func() {
		l.writeMu.Lock()
		defer l.writeMu.Unlock()
		for i, x := range l.observers {
			if x == o {
				l.observers = append(l.observers[:i:i], l.observers[i+1:]...)
				return
			}
		}
	}
}

// Sweep finds values that have become stale since the last call and tells
// subscribers and observers of them.
func (l *Live) Sweep() {
	now := l.opts.Now()
	nowMS, since := now.UnixMilli(), now.Sub(l.start)
	l.writeMu.Lock()
	defer l.writeMu.Unlock()
	seq := l.seq.Load()
	changes := l.changes[:0]
	changed, stale := 0, int64(0)
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		s.points.All(func(e *entry) {
			if !e.known || e.v.Quality != models.Good {
				return
			}
			v := l.shown(e, nowMS, since)
			isStale := v.Quality == models.Stale
			if isStale {
				stale++
			}
			if isStale == e.aged {
				return
			}
			e.aged = isStale
			seq++
			changed++
			s.touch(e, seq)
			v.Seq = seq
			if len(l.observers) > 0 {
				changes = append(changes, v)
			}
			for _, sub := range e.subs {
				sub.wake()
			}
		})
		s.mu.Unlock()
	}
	l.stale.Store(stale)
	l.finish(seq, changed, changes)
}

// Run sweeps once a second until ctx ends.
func (l *Live) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			l.Sweep()
		}
	}
}

// LiveStats are the figures of Live.
type LiveStats struct {
	// Points is the number of points with a value, Stale those of them that
	// were stale at the last sweep.
	Points, Stale int
	Subscribers   int
	// Updates counts changes; Late and Future are samples passed over.
	Updates, Late, Future uint64
	Seq                   uint64
}

// Stats returns the figures of now.
func (l *Live) Stats() LiveStats {
	st := LiveStats{
		Stale: int(l.stale.Load()), Subscribers: int(l.subscribers.Load()),
		Updates: l.updates.Load(), Late: l.late.Load(), Future: l.future.Load(), Seq: l.seq.Load(),
	}
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.RLock()
		s.points.All(func(e *entry) {
			if e.known {
				st.Points++
			}
		})
		s.mu.RUnlock()
	}
	return st
}
