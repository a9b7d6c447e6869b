package embedded

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

// Up to matchAtMost points are named, setAtMost of them in one selection, which
// is the most that the library looks up one by one; for more points, all series
// are looked through.
const (
	matchAtMost = 1000
	setAtMost   = 256
)

// iterator walks the samples of one point in order of time.
type iterator struct {
	it  chunkenc.Iterator
	ctx context.Context //nolint:containedctx // lives as long as one scan
	n   *int
	max int
	err error
}

// Next moves on. It ends early when the context does or too much was read; Err
// then says so.
func (i *iterator) Next() bool {
	if i.it.Next() == chunkenc.ValNone {
		return false
	}
	*i.n++
	if *i.n > i.max {
		i.err = &telemetry.LimitError{What: "samples read", Limit: i.max, Wanted: i.max + 1, Remedy: "ask for a shorter range or fewer points"}
		return false
	}
	if *i.n&0xfff == 0 {
		if i.err = i.ctx.Err(); i.err != nil {
			return false
		}
	}
	return true
}

// At returns the time in milliseconds and the stored number.
func (i *iterator) At() (int64, float64) { return i.it.At() }

// Err tells why the walk ended, nil when it is at its end.
func (i *iterator) Err() error {
	if i.err != nil {
		return i.err
	}
	return i.it.Err()
}

// scan calls f once for each of the points that has samples between from and to,
// both inclusive, in milliseconds.
func (s *Store) scan(ctx context.Context, points []models.PointID, from, to int64, f func(models.PointID, iterator) error) error {
	q, err := s.db.Querier(from, to)
	if err != nil {
		return fmt.Errorf("read time-series store: %w", err)
	}
	defer q.Close() //nolint:errcheck // reading only

	var selections [][]*labels.Matcher
	var wanted map[models.PointID]struct{}
	all := labels.MustNewMatcher(labels.MatchEqual, labelName, metricName)
	if len(points) <= matchAtMost {
		for some := range slices.Chunk(points, setAtMost) {
			named, err := naming(some)
			if err != nil {
				return err
			}
			selections = append(selections, []*labels.Matcher{all, named})
		}
	} else {
		selections = [][]*labels.Matcher{{all}}
		wanted = make(map[models.PointID]struct{}, len(points))
		for _, p := range points {
			wanted[p] = struct{}{}
		}
	}

	// A point has more than one series when its class was changed by a newer
	// profile; they are read as one.
	var order []models.PointID
	found := make(map[models.PointID][]storage.Series, min(len(points), matchAtMost))
	for _, matchers := range selections {
		set := q.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, matchers...)
		for set.Next() {
			series := set.At()
			id, err := strconv.ParseUint(series.Labels().Get(labelPoint), 10, 64)
			if err != nil {
				continue
			}
			p := models.PointID(id)
			if wanted != nil {
				if _, ok := wanted[p]; !ok {
					continue
				}
			}
			if found[p] == nil {
				order = append(order, p)
			}
			found[p] = append(found[p], series)
		}
		if err := set.Err(); err != nil {
			return fmt.Errorf("read time-series store: %w", err)
		}
	}

	var n int
	var it chunkenc.Iterator
	for _, p := range order {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read time-series store: %w", err)
		}
		series := found[p][0]
		if len(found[p]) > 1 {
			series = storage.ChainedSeriesMerge(found[p]...)
		}
		it = series.Iterator(it)
		if err := f(p, iterator{it: it, ctx: ctx, n: &n, max: s.opts.Limits.Scan}); err != nil {
			return fmt.Errorf("read samples of point %d: %w", p, err)
		}
	}
	return nil
}

// naming matches the series of some points.
func naming(points []models.PointID) (*labels.Matcher, error) {
	if len(points) == 1 {
		return labels.NewMatcher(labels.MatchEqual, labelPoint, strconv.FormatUint(uint64(points[0]), 10))
	}
	var b strings.Builder
	for i, p := range points {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(strconv.FormatUint(uint64(p), 10))
	}
	m, err := labels.NewMatcher(labels.MatchRegexp, labelPoint, b.String())
	if err != nil {
		return nil, fmt.Errorf("select points: %w", err)
	}
	return m, nil
}

// Range answers a query; see telemetry.Store.
func (s *Store) Range(ctx context.Context, q telemetry.Query) ([]telemetry.Series, error) {
	if err := q.Check(s.opts.Limits); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	out := make([]telemetry.Series, len(q.Points))
	at := make(map[models.PointID]int, len(q.Points))
	for i, p := range q.Points {
		out[i].Point = p
		at[p] = i
	}
	raw := 0
	err := s.scan(ctx, q.Points, q.From.UnixMilli(), q.To.UnixMilli()-1, func(p models.PointID, it iterator) error {
		series := &out[at[p]]
		if q.Step == 0 {
			for it.Next() {
				if raw++; raw > s.opts.Limits.Samples {
					return &telemetry.LimitError{
						What: "samples returned", Limit: s.opts.Limits.Samples, Wanted: raw,
						Remedy: "ask for a step, a shorter range or fewer points",
					}
				}
				ms, v := it.At()
				series.Samples = append(series.Samples, sample(p, ms, v))
			}
			return it.Err()
		}
		fold := telemetry.NewFolder(q)
		for it.Next() {
			ms, v := it.At()
			fold.Add(ms, v, decode(v))
		}
		series.Buckets = fold.Buckets()
		return it.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func sample(p models.PointID, ms int64, v float64) models.Sample {
	x := models.Sample{Point: p, TimeMS: ms, Value: v, Quality: decode(v)}
	if x.Quality != models.Good {
		x.Value = math.NaN()
	}
	return x
}

// Last returns newest samples; see telemetry.Store. It reads backwards in
// growing windows, since most points have a sample in the last minutes.
func (s *Store) Last(ctx context.Context, points []models.PointID, since time.Time) (map[models.PointID]models.Sample, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	out := make(map[models.PointID]models.Sample, len(points))
	have, ok := s.bounds()
	if !ok || len(points) == 0 {
		return out, nil
	}
	first := max(since.UnixMilli(), have.min)
	missing := points
	window := (10 * time.Minute).Milliseconds()
	for hi := have.max; hi >= first && len(missing) > 0; {
		lo := max(hi-window+1, first)
		err := s.scan(ctx, missing, lo, hi, func(p models.PointID, it iterator) error {
			var ms int64
			var v float64
			found := false
			for it.Next() {
				ms, v = it.At()
				found = true
			}
			if found {
				out[p] = sample(p, ms, v)
			}
			return it.Err()
		})
		if err != nil {
			return nil, err
		}
		var left []models.PointID
		for _, p := range missing {
			if _, ok := out[p]; !ok {
				left = append(left, p)
			}
		}
		missing = left
		hi = lo - 1
		window *= 4
	}
	return out, nil
}
