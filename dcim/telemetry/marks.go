package telemetry

import (
	"math"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry/pointmap"
	"github.com/aisle-dcim/aisle/models"
)

// Gate decides which samples a store needs to write. It is shared by the
// stores, so that they keep the same history. It is safe for concurrent use.
type Gate struct {
	// Now is the clock; MaxFuture is how far ahead of it a sample may lie.
	now       func() time.Time
	maxFuture time.Duration

	mu     sync.Mutex
	points pointmap.Map[gateState]
	seen   int
}

type gateState struct {
	ms       int64 // newest sample let through
	markMS   int64 // last marker let through
	bits     uint64
	quality  models.Quality
	occupied bool
}

// Verdict is what a Gate says of a sample.
type Verdict uint8

// The verdicts.
const (
	// Write the sample: it is newer than all before it.
	Write Verdict = iota
	// WriteFirst is the first sample that was seen of its point: only an earlier
	// run can have stored one at its time.
	WriteFirst
	// WriteLate is a sample at or before the newest one of its point: the store
	// may already have one at its time.
	WriteLate
	// Elide a sample that says nothing new.
	Elide
	// RefuseFuture is a sample too far ahead of the clock.
	RefuseFuture
	// RefuseDuplicate is another value for the moment of the newest sample.
	RefuseDuplicate
)

// NewGate returns a Gate. now nil means time.Now, maxFuture zero means
// DefaultMaxFuture.
func NewGate(now func() time.Time, maxFuture time.Duration) *Gate {
	if now == nil {
		now = time.Now
	}
	if maxFuture <= 0 {
		maxFuture = DefaultMaxFuture
	}
	return &Gate{now: now, maxFuture: maxFuture}
}

// Judge calls f with each sample and what is to be done with it. Values that are
// no numbers are turned to quality Bad. The samples that are let through are
// remembered as written: when they were not, they come again as WriteLate.
func (g *Gate) Judge(samples []models.Sample, f func(models.Sample, Verdict)) {
	limit := g.now().Add(g.maxFuture).UnixMilli()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range samples {
		if s.Quality != models.Good {
			s.Value = math.NaN()
		} else if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			s.Value, s.Quality = math.NaN(), models.Bad
		}
		f(s, g.judge(s, limit))
	}
}

func (g *Gate) judge(s models.Sample, limit int64) Verdict {
	if s.TimeMS > limit {
		return RefuseFuture
	}
	st := g.points.At(uint64(s.Point))
	bits := math.Float64bits(s.Value)
	switch {
	case !st.occupied:
	case s.TimeMS < st.ms:
		return WriteLate
	case s.TimeMS == st.ms:
		if s.Quality == st.quality && (bits == st.bits || s.Quality != models.Good) {
			return WriteLate // the same again: it may not have been written
		}
		return RefuseDuplicate
	case s.Quality != models.Good && s.Quality == st.quality && s.TimeMS-st.markMS < MarkerInterval.Milliseconds():
		return Elide
	}
	verdict := Write
	if !st.occupied {
		verdict = WriteFirst
		g.seen++
	}
	st.ms, st.bits, st.quality, st.occupied = s.TimeMS, bits, s.Quality, true
	if s.Quality != models.Good {
		st.markMS = s.TimeMS
	}
	return verdict
}

// Len returns the number of points that were seen.
func (g *Gate) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen
}
