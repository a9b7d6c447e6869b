package influx

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

// pointsAtOnce is how many points one Flux query names.
const pointsAtOnce = 200

// fluxString writes text as a string literal of Flux, which knows interpolation.
func fluxString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range text {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '$':
			if strings.HasPrefix(text[i+1:], "{") {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func fluxTime(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// source is the start of every query: what is stored of the points in a field
// from..to (to exclusive). No points means all.
func (s *Store) source(points []models.PointID, field string, from, to int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from(bucket: %s)\n  |> range(start: %s, stop: %s)\n  |> filter(fn: (r) => r._measurement == %q and r._field == %q)\n",
		fluxString(s.opts.Bucket), fluxTime(from), fluxTime(to), measurement, field)
	if len(points) > 0 {
		b.WriteString("  |> filter(fn: (r) => ")
		anyOf(&b, points)
		b.WriteString(")\n")
	}
	return b.String()
}

// anyOf writes a balanced tree of comparisons: the server refuses a long chain of
// them as nested too deep.
func anyOf(b *strings.Builder, points []models.PointID) {
	if len(points) == 1 {
		fmt.Fprintf(b, `r.point == "%d"`, uint64(points[0]))
		return
	}
	half := len(points) / 2
	b.WriteByte('(')
	anyOf(b, points[:half])
	b.WriteString(") or (")
	anyOf(b, points[half:])
	b.WriteByte(')')
}

// run executes a query and calls f with each row: name of the result, point,
// time in milliseconds, value.
func (s *Store) run(ctx context.Context, flux string, f func(result string, p models.PointID, ms int64, v float64) error) error {
	res, err := s.query.Query(ctx, flux)
	if err != nil {
		return s.explain("query InfluxDB", false, err)
	}
	var rowErr error
	for rowErr == nil && res.Next() {
		rowErr = row(res.Record(), f)
	}
	err = res.Err()
	closeErr := res.Close()
	switch {
	case rowErr != nil:
		return rowErr
	case err != nil:
		return s.explain("query InfluxDB", false, err)
	case closeErr != nil:
		return s.explain("query InfluxDB", false, closeErr)
	}
	return nil
}

func row(r *query.FluxRecord, f func(string, models.PointID, int64, float64) error) error {
	text, _ := r.ValueByKey("point").(string)
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // a series of somebody else in the bucket
	}
	at, ok := r.ValueByKey("_time").(time.Time)
	if !ok {
		return errors.New("read answer of InfluxDB: a row without a time")
	}
	var v float64
	switch x := r.ValueByKey("_value").(type) {
	case float64:
		v = x
	case int64:
		v = float64(x)
	default:
		return fmt.Errorf("read answer of InfluxDB: value of type %T", x)
	}
	return f(r.Result(), models.PointID(id), at.UnixMilli(), v)
}

// Range answers a query; see telemetry.Store.
func (s *Store) Range(ctx context.Context, q telemetry.Query) ([]telemetry.Series, error) {
	if err := q.Check(s.opts.Limits); err != nil {
		return nil, err
	}
	out := make([]telemetry.Series, len(q.Points))
	at := make(map[models.PointID]int, len(q.Points))
	for i, p := range q.Points {
		out[i].Point = p
		at[p] = i
	}
	raw := 0
	for points := range slices.Chunk(q.Points, pointsAtOnce) {
		var err error
		if q.Step == 0 {
			err = s.raw(ctx, q, points, &raw, func(x models.Sample) {
				if i, ok := at[x.Point]; ok {
					out[i].Samples = append(out[i].Samples, x)
				}
			})
		} else {
			err = s.folded(ctx, q, points, func(p models.PointID, b []telemetry.Bucket) {
				if i, ok := at[p]; ok {
					out[i].Buckets = b
				}
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// raw reads the samples as they are.
func (s *Store) raw(ctx context.Context, q telemetry.Query, points []models.PointID, n *int, f func(models.Sample)) error {
	from, to := q.From.UnixMilli(), q.To.UnixMilli()
	var flux strings.Builder
	for _, field := range []string{"value", "quality"} {
		flux.WriteString(s.source(points, field, from, to))
		fmt.Fprintf(&flux, "  |> keep(columns: [\"_time\", \"_value\", \"point\"])\n  |> yield(name: %q)\n\n", field)
	}
	all := make(map[models.PointID][]models.Sample, len(points))
	err := s.run(ctx, flux.String(), func(result string, p models.PointID, ms int64, v float64) error {
		if *n++; *n > s.opts.Limits.Samples {
			return &telemetry.LimitError{
				What: "samples returned", Limit: s.opts.Limits.Samples, Wanted: *n,
				Remedy: "ask for a step, a shorter range or fewer points",
			}
		}
		x := models.Sample{Point: p, TimeMS: ms, Value: v}
		if result == "quality" {
			x.Value, x.Quality = math.NaN(), quality(v)
		}
		all[p] = append(all[p], x)
		return nil
	})
	if err != nil {
		return err
	}
	for _, samples := range all {
		slices.SortStableFunc(samples, func(a, b models.Sample) int {
			if a.TimeMS != b.TimeMS {
				return int(max(min(a.TimeMS-b.TimeMS, 1), -1))
			}
			return int(a.Quality) - int(b.Quality)
		})
		for i, x := range samples {
			if i == 0 || samples[i-1].TimeMS != x.TimeMS {
				f(x)
			}
		}
	}
	return nil
}

func quality(v float64) models.Quality {
	if v >= 1 && v <= float64(models.CommFailed) {
		return models.Quality(v)
	}
	return models.Bad
}

// folded reads buckets: the server aggregates, one result for each function.
func (s *Store) folded(ctx context.Context, q telemetry.Query, points []models.PointID, f func(models.PointID, []telemetry.Bucket)) error {
	from, to, step := q.From.UnixMilli(), q.To.UnixMilli(), q.Step.Milliseconds()
	functions := []string{string(q.Aggregate)}
	if q.Aggregate == telemetry.Band {
		functions = []string{"mean", "min", "max", "count"}
	}
	var flux strings.Builder
	add := func(field, fn, name string) {
		flux.WriteString(s.source(points, field, from, to))
		fmt.Fprintf(&flux, "  |> aggregateWindow(every: %dms, fn: %s, createEmpty: false, timeSrc: \"_start\")\n"+
			"  |> keep(columns: [\"_time\", \"_value\", \"point\"])\n  |> yield(name: %q)\n\n", step, fn, name)
	}
	for _, fn := range functions {
		add("value", fn, fn)
	}
	add("quality", "last", "quality")

	type key struct {
		point models.PointID
		ms    int64
	}
	buckets := make(map[key]*telemetry.Bucket)
	var order []key
	err := s.run(ctx, flux.String(), func(result string, p models.PointID, ms int64, v float64) error {
		k := key{p, telemetry.FloorMS(ms, step)}
		b := buckets[k]
		if b == nil {
			b = &telemetry.Bucket{TimeMS: k.ms, Value: math.NaN(), Min: math.NaN(), Max: math.NaN(), Quality: models.Bad}
			buckets[k] = b
			order = append(order, k)
		}
		if result == "quality" {
			if math.IsNaN(b.Value) {
				b.Quality = quality(v)
			}
			return nil
		}
		b.Quality = models.Good
		switch {
		case q.Aggregate != telemetry.Band:
			b.Value = v
			if result == "count" {
				b.Count = int64(v)
			}
		case result == "mean":
			b.Value = v
		case result == "min":
			b.Min = v
		case result == "max":
			b.Max = v
		case result == "count":
			b.Count = int64(v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(order, func(a, b key) int {
		if a.point != b.point {
			return int(int64(a.point) - int64(b.point))
		}
		return int(max(min(a.ms-b.ms, 1), -1))
	})
	for i := 0; i < len(order); {
		j := i
		var series []telemetry.Bucket
		for ; j < len(order) && order[j].point == order[i].point; j++ {
			series = append(series, *buckets[order[j]])
		}
		f(order[i].point, series)
		i = j
	}
	return nil
}

// Last returns newest samples; see telemetry.Store.
func (s *Store) Last(ctx context.Context, points []models.PointID, since time.Time) (map[models.PointID]models.Sample, error) {
	out := make(map[models.PointID]models.Sample, len(points))
	if len(points) == 0 {
		return out, nil
	}
	wanted := make(map[models.PointID]struct{}, len(points))
	for _, p := range points {
		wanted[p] = struct{}{}
	}
	chunks := [][]models.PointID{nil} // all of them at once
	if len(points) <= 10*pointsAtOnce {
		chunks = slices.Collect(slices.Chunk(points, pointsAtOnce))
	}
	to := s.opts.Now().Add(s.opts.MaxFuture + time.Millisecond).UnixMilli()
	from := since.UnixMilli()
	if from >= to {
		return out, nil
	}
	for _, chunk := range chunks {
		var flux strings.Builder
		for _, field := range []string{"value", "quality"} {
			flux.WriteString(s.source(chunk, field, from, to))
			fmt.Fprintf(&flux, "  |> last()\n  |> keep(columns: [\"_time\", \"_value\", \"point\"])\n  |> yield(name: %q)\n\n", field)
		}
		err := s.run(ctx, flux.String(), func(result string, p models.PointID, ms int64, v float64) error {
			if _, ok := wanted[p]; !ok {
				return nil
			}
			x := models.Sample{Point: p, TimeMS: ms, Value: v}
			if result == "quality" {
				x.Value, x.Quality = math.NaN(), quality(v)
			}
			if have, ok := out[p]; !ok || ms > have.TimeMS {
				out[p] = x
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
