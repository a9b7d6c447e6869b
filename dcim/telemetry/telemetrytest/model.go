package telemetrytest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

// model compares the answers to random queries over random samples with those of
// the plainest possible store.
func (c *contract) model(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // test data
	s := c.open(t, Options{})

	const points, span = 6, 3 * 3600
	all := make(map[models.PointID][]models.Sample)
	for p := models.PointID(1); p <= points; p++ {
		interval := []float64{1, 7.5, 10, 33.25, 60, 600}[p-1]
		var quality models.Quality
		for at := rnd.Float64() * interval; at < span; at += interval {
			x := c.good(p, at, math.Round(rnd.NormFloat64()*1e4)/64)
			if quality == models.Good && rnd.IntN(20) == 0 {
				x.Quality = models.Quality(1 + rnd.IntN(4))
			}
			quality = x.Quality
			if n := len(all[p]); n > 0 && all[p][n-1].TimeMS == x.TimeMS {
				continue
			}
			all[p] = append(all[p], x)
			if rnd.IntN(200) == 0 {
				at += rnd.Float64() * 1800 // a gap
			}
		}
	}
	// Batches mix points and come somewhat out of order.
	var mixed []models.Sample
	for _, samples := range all {
		mixed = append(mixed, samples...)
	}
	slices.SortFunc(mixed, func(a, b models.Sample) int {
		if a.TimeMS != b.TimeMS {
			return int(a.TimeMS - b.TimeMS)
		}
		return int(a.Point) - int(b.Point)
	})
	for i := range mixed {
		j := min(i+rnd.IntN(50), len(mixed)-1)
		mixed[i], mixed[j] = mixed[j], mixed[i]
	}
	// A sample without a value that repeats the quality before it may be left
	// out, so there is none.
	newest := make(map[models.PointID]models.Sample)
	clear(all)
	for i := range mixed {
		x := &mixed[i]
		n, ok := newest[x.Point]
		if ok && x.TimeMS > n.TimeMS && x.Quality != models.Good && x.Quality == n.Quality {
			x.Quality = x.Quality%models.CommFailed + 1
		}
		if !ok || x.TimeMS > n.TimeMS {
			newest[x.Point] = *x
		}
		all[x.Point] = append(all[x.Point], *x)
	}
	for _, samples := range all {
		slices.SortFunc(samples, func(a, b models.Sample) int { return int(a.TimeMS - b.TimeMS) })
	}
	for batch := range slices.Chunk(mixed, 777) {
		mustAppend(t, s, batch...)
	}

	aggregates := []telemetry.Aggregate{telemetry.Mean, telemetry.Min, telemetry.Max, telemetry.Last, telemetry.Count, telemetry.Band}
	steps := []time.Duration{0, time.Second, 10 * time.Second, 77 * time.Second, time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour}
	for range 40 {
		from := c.at(rnd.Float64()*span*1.2 - span*0.1).Truncate(time.Millisecond)
		q := telemetry.Query{
			From: from, To: from.Add(time.Duration(1+rnd.IntN(span*1000)) * time.Millisecond),
			Step: steps[rnd.IntN(len(steps))], Aggregate: aggregates[rnd.IntN(len(aggregates))],
		}
		for _, p := range rnd.Perm(points)[:1+rnd.IntN(points)] {
			q.Points = append(q.Points, models.PointID(p+1))
		}
		for _, got := range mustRange(t, s, q) {
			var in []models.Sample
			for _, x := range all[got.Point] {
				if x.TimeMS >= q.From.UnixMilli() && x.TimeMS < q.To.UnixMilli() {
					in = append(in, x)
				}
			}
			if q.Step == 0 {
				checkSamples(t, got.Samples, in)
			} else {
				checkBuckets(t, got.Buckets, naive(in, q))
			}
			if t.Failed() {
				t.Fatalf("query %+v", q)
			}
		}
	}
}

// naive is written without a look at telemetry.Folder.
func naive(samples []models.Sample, q telemetry.Query) []telemetry.Bucket {
	groups := make(map[int64][]models.Sample)
	for _, x := range samples {
		start := int64(math.Floor(float64(x.TimeMS)/float64(q.Step.Milliseconds()))) * q.Step.Milliseconds()
		groups[start] = append(groups[start], x)
	}
	var out []telemetry.Bucket
	for start, group := range groups {
		b := telemetry.Bucket{TimeMS: start, Value: math.NaN(), Min: math.NaN(), Max: math.NaN()}
		var good []float64
		for _, x := range group {
			if x.Quality == models.Good {
				good = append(good, x.Value)
			} else {
				b.Quality = x.Quality
			}
		}
		if len(good) > 0 {
			b.Quality = models.Good
			mean := 0.0
			for _, v := range good {
				mean += v
			}
			mean /= float64(len(good))
			switch q.Aggregate {
			case telemetry.Mean:
				b.Value = mean
			case telemetry.Min:
				b.Value = slices.Min(good)
			case telemetry.Max:
				b.Value = slices.Max(good)
			case telemetry.Last:
				b.Value = good[len(good)-1]
			case telemetry.Count:
				b.Value, b.Count = float64(len(good)), int64(len(good))
			case telemetry.Band:
				b.Value, b.Min, b.Max, b.Count = mean, slices.Min(good), slices.Max(good), int64(len(good))
			}
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b telemetry.Bucket) int { return int(a.TimeMS/1000 - b.TimeMS/1000) })
	return out
}
