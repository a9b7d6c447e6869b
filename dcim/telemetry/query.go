package telemetry

import (
	"fmt"
	"math"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// Aggregate says how the samples of one bucket become one value.
type Aggregate string

// The aggregates. Enumerated points (states, alarms) make sense with Last and
// Count only.
const (
	Mean  Aggregate = "mean"
	Min   Aggregate = "min"
	Max   Aggregate = "max"
	Last  Aggregate = "last"
	Count Aggregate = "count"
	// Band gives mean, minimum and maximum together, for charts.
	Band Aggregate = "band"
)

// Valid tells whether a is one of the constants above.
func (a Aggregate) Valid() bool {
	switch a {
	case Mean, Min, Max, Last, Count, Band:
		return true
	}
	return false
}

// Query asks for the history of points.
type Query struct {
	// Points to be read; each at most once.
	Points []models.PointID
	// From is inclusive, To is exclusive.
	From, To time.Time
	// Step is the width of a bucket, in whole milliseconds. Buckets start at
	// multiples of Step since the Unix epoch (UTC), whatever From is; the first
	// and the last one hold only what lies within From and To. Zero asks for
	// the samples as they are.
	Step time.Duration
	// Aggregate is needed when Step is not zero.
	Aggregate Aggregate
}

// Limits bound what a query may cost. The zero value means the defaults.
type Limits struct {
	// Points is the number of points of one query.
	Points int
	// Buckets is the number of points times the number of buckets.
	Buckets int
	// Samples is the number of samples returned when Step is zero.
	Samples int
	// Scan is the number of stored samples read to answer.
	Scan int
}

// WithDefaults fills zero fields: 1,000 points, 2 million buckets, 2 million
// raw samples, 200 million samples read.
func (l Limits) WithDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Points, 1000)
	def(&l.Buckets, 2_000_000)
	def(&l.Samples, 2_000_000)
	def(&l.Scan, 200_000_000)
	return l
}

// Series is the answer for one point: Samples when the query's Step is zero,
// otherwise Buckets.
type Series struct {
	Point models.PointID
	// Samples in order of time. Those that are not Good mark a change of
	// quality; their Value is NaN.
	Samples []models.Sample
	// Buckets in order of time. A bucket of which nothing is stored is absent:
	// nothing is interpolated or carried on.
	Buckets []Bucket
}

// Bucket is what the samples of one step amount to.
type Bucket struct {
	// TimeMS is the start of the bucket in milliseconds since the Unix epoch.
	TimeMS int64
	// Value is the aggregate that was asked for, the mean for Band. It is NaN
	// when the bucket has no good sample.
	Value float64
	// Min and Max are given for Band and NaN otherwise.
	Min, Max float64
	// Count is the number of good samples, given for Band and Count.
	Count int64
	// Quality is Good when there is a Value, otherwise why there is none.
	Quality models.Quality
}

// Known tells whether the bucket has a value.
func (b Bucket) Known() bool { return b.Quality == models.Good }

// FloorMS returns the start of the bucket that holds the moment ms, for buckets
// of step milliseconds.
func FloorMS(ms, step int64) int64 {
	r := ms % step
	if r < 0 {
		r += step
	}
	return ms - r
}

// Check returns ErrInvalidQuery or a *LimitError when q cannot be answered.
func (q Query) Check(l Limits) error {
	l = l.WithDefaults()
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalidQuery, fmt.Sprintf(format, args...))
	}
	if len(q.Points) == 0 {
		return invalid("no points")
	}
	if len(q.Points) > l.Points {
		return &LimitError{What: "points", Limit: l.Points, Wanted: len(q.Points), Remedy: "ask for fewer points at a time"}
	}
	seen := make(map[models.PointID]struct{}, len(q.Points))
	for _, p := range q.Points {
		if p == 0 {
			return invalid("point 0 does not exist")
		}
		if _, dup := seen[p]; dup {
			return invalid("point %d is listed twice", p)
		}
		seen[p] = struct{}{}
	}
	from, to := q.From.UnixMilli(), q.To.UnixMilli()
	if q.From.IsZero() || q.To.IsZero() {
		return invalid("from and to are needed")
	}
	if from >= to {
		return invalid("from (%s) is not before to (%s)", q.From.UTC().Format(time.RFC3339), q.To.UTC().Format(time.RFC3339))
	}
	if q.Step == 0 {
		return nil
	}
	if q.Step < time.Millisecond || q.Step%time.Millisecond != 0 {
		return invalid("step %s is not a whole number of milliseconds", q.Step)
	}
	if !q.Aggregate.Valid() {
		return invalid("aggregate %q is not one of mean, min, max, last, count, band", q.Aggregate)
	}
	step := q.Step.Milliseconds()
	perPoint := (FloorMS(to-1, step)-FloorMS(from, step))/step + 1
	if perPoint > int64(l.Buckets) || perPoint*int64(len(q.Points)) > int64(l.Buckets) {
		wanted := int64(math.MaxInt32)
		if perPoint < wanted/int64(len(q.Points)) {
			wanted = perPoint * int64(len(q.Points))
		}
		return &LimitError{What: "buckets", Limit: l.Buckets, Wanted: int(wanted), Remedy: "ask for a longer step, a shorter range or fewer points"}
	}
	return nil
}

// Folder turns the samples of one point, in order of time, into buckets.
type Folder struct {
	step      int64
	aggregate Aggregate
	buckets   []Bucket

	open               bool
	start              int64
	n                  int64
	sum, min, max, val float64
	quality            models.Quality
}

// NewFolder returns a folder for the step and aggregate of q.
func NewFolder(q Query) *Folder {
	return &Folder{step: q.Step.Milliseconds(), aggregate: q.Aggregate}
}

// Add takes the next sample.
func (f *Folder) Add(ms int64, v float64, quality models.Quality) {
	if !f.open || ms >= f.start+f.step {
		f.flush()
		f.open = true
		f.start = FloorMS(ms, f.step)
	}
	if quality != models.Good {
		f.quality = quality
		return
	}
	if f.n == 0 || v < f.min {
		f.min = v
	}
	if f.n == 0 || v > f.max {
		f.max = v
	}
	f.n++
	f.sum += v
	f.val = v
}

// Buckets ends the series and returns its buckets.
func (f *Folder) Buckets() []Bucket {
	f.flush()
	return f.buckets
}

func (f *Folder) flush() {
	if !f.open {
		return
	}
	b := Bucket{TimeMS: f.start, Value: math.NaN(), Min: math.NaN(), Max: math.NaN(), Quality: f.quality}
	if f.n > 0 {
		b.Quality = models.Good
		switch f.aggregate {
		case Mean:
			b.Value = f.sum / float64(f.n)
		case Min:
			b.Value = f.min
		case Max:
			b.Value = f.max
		case Last:
			b.Value = f.val
		case Count:
			b.Value, b.Count = float64(f.n), f.n
		case Band:
			b.Value, b.Min, b.Max, b.Count = f.sum/float64(f.n), f.min, f.max, f.n
		}
	}
	f.buckets = append(f.buckets, b)
	f.open, f.n, f.sum, f.quality = false, 0, 0, models.Good
}
