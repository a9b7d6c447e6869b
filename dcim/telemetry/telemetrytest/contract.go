// Package telemetrytest holds the tests that every telemetry.Store must pass,
// and a real InfluxDB 2 server to run them against.
package telemetrytest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Options are what a contract test asks of the store that it gets.
type Options struct {
	Catalog   telemetry.Catalog
	MaxFuture time.Duration
	Limits    telemetry.Limits
	// Short asks for the shortest memory of old samples that can be set: one of
	// Harness.TooOld ago must be refused.
	Short bool
}

// Harness makes stores of one kind.
type Harness struct {
	// Open returns an empty store, which is closed at the end of the test.
	Open func(t *testing.T, o Options) telemetry.Store
	// Reopen closes the store and opens it again.
	Reopen func(t *testing.T, s telemetry.Store) telemetry.Store
	// TooOld is the age at which a store opened with Short refuses samples.
	TooOld time.Duration
}

// UnknownPoint is not in Catalog.
const UnknownPoint models.PointID = 1 << 40

// Catalog knows all points below UnknownPoint; some of their keys are awkward.
var Catalog = telemetry.CatalogFunc(func(p models.PointID) (telemetry.SeriesID, bool) {
	if p == 0 || p >= UnknownPoint {
		return telemetry.SeriesID{}, false
	}
	id := telemetry.SeriesID{Device: models.DeviceID(p/100 + 1), Key: fmt.Sprintf("outlet/%d/current", p%100), Class: quantity.Current}
	if p%10 == 9 {
		id.Key = `sensor/nhiệt độ, "lạnh"=1\` + fmt.Sprint(p)
		id.Class = quantity.Temperature
	}
	return id, true
})

type contract struct {
	Harness
	base time.Time // a full hour, some hours ago
}

// Run runs the contract.
func Run(t *testing.T, h Harness) {
	c := &contract{Harness: h, base: time.Now().UTC().Truncate(time.Hour).Add(-5 * time.Hour)}
	for _, tc := range []struct {
		name string
		f    func(*testing.T)
	}{
		{"raw samples come back as they were", c.raw},
		{"buckets", c.buckets},
		{"gaps stay gaps", c.gaps},
		{"qualities are told and are no values", c.qualities},
		{"a second value for a moment is refused", c.duplicates},
		{"late samples find their place", c.late},
		{"too old samples are refused", c.tooOld},
		{"samples from the future are refused", c.future},
		{"unknown points are refused", c.unknown},
		{"last samples", c.last},
		{"limits", c.limits},
		{"cancelled", c.cancelled},
		{"concurrent writers and readers", c.concurrent},
		{"kept over a restart", c.reopen},
		{"like a naive store", c.model},
	} {
		t.Run(tc.name, tc.f)
	}
}

func (c *contract) open(t *testing.T, o Options) telemetry.Store {
	t.Helper()
	if o.Catalog == nil {
		o.Catalog = Catalog
	}
	return c.Open(t, o)
}

func (c *contract) at(s float64) time.Time {
	return c.base.Add(time.Duration(s * float64(time.Second)))
}

func (c *contract) good(p models.PointID, s, v float64) models.Sample {
	return models.Sample{Point: p, TimeMS: c.at(s).UnixMilli(), Value: v}
}

func (c *contract) marked(p models.PointID, s float64, q models.Quality) models.Sample {
	// The value must not matter.
	return models.Sample{Point: p, TimeMS: c.at(s).UnixMilli(), Value: 4711, Quality: q}
}

func mustAppend(t *testing.T, s telemetry.Store, samples ...models.Sample) {
	t.Helper()
	if err := s.Append(t.Context(), samples); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func mustRange(t *testing.T, s telemetry.Store, q telemetry.Query) []telemetry.Series {
	t.Helper()
	got, err := s.Range(t.Context(), q)
	if err != nil {
		t.Fatalf("range: %v", err)
	}
	if len(got) != len(q.Points) {
		t.Fatalf("range returned %d series for %d points", len(got), len(q.Points))
	}
	for i, p := range q.Points {
		if got[i].Point != p {
			t.Fatalf("series %d is of point %d, want %d", i, got[i].Point, p)
		}
	}
	return got
}

func same(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || a == b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

func checkSamples(t *testing.T, got, want []models.Sample) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d samples %v…, want %d %v…", len(got), got[:min(len(got), 10)], len(want), want[:min(len(want), 10)])
	}
	for i := range want {
		w := want[i]
		if w.Quality != models.Good {
			w.Value = math.NaN()
		}
		g := got[i]
		if g.Point != w.Point || g.TimeMS != w.TimeMS || g.Quality != w.Quality || !same(g.Value, w.Value) {
			t.Fatalf("sample %d is %+v, want %+v", i, g, w)
		}
	}
}

func checkBuckets(t *testing.T, got, want []telemetry.Bucket) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d buckets %v…, want %d %v…", len(got), got[:min(len(got), 10)], len(want), want[:min(len(want), 10)])
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.TimeMS != w.TimeMS || g.Quality != w.Quality || g.Count != w.Count ||
			!same(g.Value, w.Value) || !same(g.Min, w.Min) || !same(g.Max, w.Max) {
			t.Fatalf("bucket %d is %+v, want %+v", i, g, w)
		}
		if g.Known() == math.IsNaN(g.Value) {
			t.Fatalf("bucket %d: known is %t with value %g", i, g.Known(), g.Value)
		}
	}
}

func (c *contract) raw(t *testing.T) {
	s := c.open(t, Options{})
	values := []float64{0, -1, 1.5, 1e-9, 123456789.125, -2.5e300, math.MaxFloat64, math.SmallestNonzeroFloat64, 230.1}
	var want, other []models.Sample
	for i, v := range values {
		want = append(want, c.good(1, float64(i)*0.25, v))
		other = append(other, c.good(19, float64(i), float64(i)))
	}
	mustAppend(t, s, want...)
	mustAppend(t, s, other...)

	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{19, 2, 1}, From: c.at(-10), To: c.at(60)})
	checkSamples(t, got[0].Samples, other)
	checkSamples(t, got[1].Samples, nil)
	checkSamples(t, got[2].Samples, want)

	// From is inclusive, To is exclusive.
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{19}, From: c.at(2), To: c.at(4)})
	checkSamples(t, got[0].Samples, other[2:4])
}

func (c *contract) buckets(t *testing.T) {
	s := c.open(t, Options{})
	// Two buckets of 10 s and a bit: 1 2 3 | 4 9 | 5.
	mustAppend(t, s, c.good(5, 0, 1), c.good(5, 4, 3), c.good(5, 9.999, 2), c.good(5, 10, 9), c.good(5, 12, 4), c.good(5, 20, 5))
	nan := math.NaN()
	ms := func(sec float64) int64 { return c.at(sec).UnixMilli() }
	for _, tc := range []struct {
		aggregate telemetry.Aggregate
		v         [3]float64
		n         [3]int64
	}{
		{telemetry.Mean, [3]float64{2, 6.5, 5}, [3]int64{}},
		{telemetry.Min, [3]float64{1, 4, 5}, [3]int64{}},
		{telemetry.Max, [3]float64{3, 9, 5}, [3]int64{}},
		{telemetry.Last, [3]float64{2, 4, 5}, [3]int64{}},
		{telemetry.Count, [3]float64{3, 2, 1}, [3]int64{3, 2, 1}},
	} {
		got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(30), Step: 10 * time.Second, Aggregate: tc.aggregate})
		var want []telemetry.Bucket
		for i := range tc.v {
			want = append(want, telemetry.Bucket{TimeMS: ms(float64(i) * 10), Value: tc.v[i], Min: nan, Max: nan, Count: tc.n[i]})
		}
		checkBuckets(t, got[0].Buckets, want)
	}
	band := []telemetry.Bucket{
		{TimeMS: ms(0), Value: 2, Min: 1, Max: 3, Count: 3},
		{TimeMS: ms(10), Value: 6.5, Min: 4, Max: 9, Count: 2},
		{TimeMS: ms(20), Value: 5, Min: 5, Max: 5, Count: 1},
	}
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(30), Step: 10 * time.Second, Aggregate: telemetry.Band})
	checkBuckets(t, got[0].Buckets, band)

	// Buckets keep their place when From and To lie inside of them, and then
	// hold only what lies between.
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(3), To: c.at(12), Step: 10 * time.Second, Aggregate: telemetry.Band})
	checkBuckets(t, got[0].Buckets, []telemetry.Bucket{
		{TimeMS: ms(0), Value: 2.5, Min: 2, Max: 3, Count: 2},
		{TimeMS: ms(10), Value: 9, Min: 9, Max: 9, Count: 1},
	})

	// A step that does not divide the hour is counted from the epoch.
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(1), Step: 7 * time.Second, Aggregate: telemetry.Last})
	checkBuckets(t, got[0].Buckets, []telemetry.Bucket{{TimeMS: telemetry.FloorMS(ms(0), 7000), Value: 1, Min: nan, Max: nan}})
}

func (c *contract) gaps(t *testing.T) {
	s := c.open(t, Options{})
	mustAppend(t, s, c.good(5, 0, 7), c.good(5, 600, 8))
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(1200), Step: time.Minute, Aggregate: telemetry.Last})
	if n := len(got[0].Buckets); n != 2 {
		t.Fatalf("%d buckets for two samples ten minutes apart: %v", n, got[0].Buckets)
	}
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(10), To: c.at(500), Step: time.Minute, Aggregate: telemetry.Mean})
	if n := len(got[0].Buckets); n != 0 {
		t.Fatalf("%d buckets where there is no sample: %v", n, got[0].Buckets)
	}
}

func (c *contract) qualities(t *testing.T) {
	s := c.open(t, Options{})
	nan := math.NaN()
	mustAppend(t, s, c.good(5, 0, 20), c.good(5, 10, 21))
	mustAppend(t, s, c.marked(5, 20, models.CommFailed))
	mustAppend(t, s, c.marked(5, 30, models.CommFailed)) // says nothing new
	mustAppend(t, s, c.marked(5, 40, models.Sentinel), c.good(5, 50, 22))
	mustAppend(t, s, models.Sample{Point: 5, TimeMS: c.at(60).UnixMilli(), Value: nan})
	mustAppend(t, s, models.Sample{Point: 6, TimeMS: c.at(60).UnixMilli(), Value: math.Inf(-1)})

	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5, 6}, From: c.at(0), To: c.at(100)})
	checkSamples(t, got[0].Samples, []models.Sample{
		c.good(5, 0, 20), c.good(5, 10, 21), c.marked(5, 20, models.CommFailed),
		c.marked(5, 40, models.Sentinel), c.good(5, 50, 22), c.marked(5, 60, models.Bad),
	})
	checkSamples(t, got[1].Samples, []models.Sample{c.marked(6, 60, models.Bad)})
	if st := s.Stats(); st.Elided != 1 || st.Markers != 4 {
		t.Errorf("%d elided and %d markers, want 1 and 4", st.Elided, st.Markers)
	}

	for _, a := range []telemetry.Aggregate{telemetry.Mean, telemetry.Min, telemetry.Last, telemetry.Count, telemetry.Band} {
		got = mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(100), Step: 20 * time.Second, Aggregate: a})
		var q []string
		var known []bool
		for _, b := range got[0].Buckets {
			q, known = append(q, b.Quality.String()), append(known, b.Known())
			if !b.Known() && (!math.IsNaN(b.Value) || b.Count != 0) {
				t.Errorf("%s: bucket without good samples has value %g, count %d", a, b.Value, b.Count)
			}
		}
		if !slices.Equal(q, []string{"good", "comm-failed", "good", "bad"}) || !slices.Equal(known, []bool{true, false, true, false}) {
			t.Errorf("%s: qualities %v known %v", a, q, known)
		}
	}

	// In a long silence the quality is noted again now and then.
	for i := range 130 {
		mustAppend(t, s, c.marked(7, float64(i)*10, models.CommFailed))
	}
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{7}, From: c.at(0), To: c.at(1300)})
	if n := len(got[0].Samples); n != 5 {
		t.Errorf("%d markers in 21 minutes of silence, want 5", n)
	}
}

func (c *contract) duplicates(t *testing.T) {
	s := c.open(t, Options{})
	mustAppend(t, s, c.good(5, 0, 1), c.good(5, 10, 2))
	mustAppend(t, s, c.good(5, 10, 2)) // the same again is no fault
	if st := s.Stats(); st.Duplicates != 0 {
		t.Errorf("a repeated sample counts as a duplicate")
	}
	mustAppend(t, s, c.good(5, 10, 3), c.good(5, 20, 4))
	mustAppend(t, s, c.good(5, 30, 5), c.good(5, 30, 6)) // in one batch
	mustAppend(t, s, c.marked(5, 30, models.Bad))
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(100)})
	checkSamples(t, got[0].Samples, []models.Sample{c.good(5, 0, 1), c.good(5, 10, 2), c.good(5, 20, 4), c.good(5, 30, 5)})
	if st := s.Stats(); st.Duplicates != 3 {
		t.Errorf("%d duplicates counted, want 3", st.Duplicates)
	}
	// An older sample that comes again is kept once.
	mustAppend(t, s, c.good(5, 0, 1))
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(100), Step: 100 * time.Second, Aggregate: telemetry.Count})
	n := 0.0
	for _, b := range got[0].Buckets {
		n += b.Value
	}
	if n != 4 {
		t.Errorf("%g samples counted, want 4", n)
	}
}

func (c *contract) late(t *testing.T) {
	s := c.open(t, Options{})
	mustAppend(t, s, c.good(5, 7200, 100), c.good(6, 7200, 200))
	var want []models.Sample
	for i := range 100 {
		want = append(want, c.good(5, float64(i*60), float64(i)))
	}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(want)) { //nolint:gosec // a fixed shuffle
		mustAppend(t, s, want[i])
	}
	want = append(want, c.good(5, 7200, 100))
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5}, From: c.at(0), To: c.at(7201)})
	checkSamples(t, got[0].Samples, want)
	if st := s.Stats(); st.TooOld != 0 || st.Duplicates != 0 {
		t.Errorf("late samples refused: %+v", st)
	}
}

func (c *contract) tooOld(t *testing.T) {
	s := c.open(t, Options{Short: true})
	now := time.Now().Add(-time.Minute)
	mustAppend(t, s, models.Sample{Point: 5, TimeMS: now.UnixMilli(), Value: 1})
	old := models.Sample{Point: 5, TimeMS: now.Add(-c.TooOld).UnixMilli(), Value: 2}
	fine := models.Sample{Point: 6, TimeMS: now.UnixMilli(), Value: 3}
	mustAppend(t, s, old, fine)
	if st := s.Stats(); st.TooOld != 1 {
		t.Errorf("%d samples counted as too old, want 1", st.TooOld)
	}
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5, 6}, From: now.Add(-c.TooOld - time.Hour), To: now.Add(time.Hour)})
	if len(got[0].Samples) != 1 || len(got[1].Samples) != 1 {
		t.Errorf("got %v", got)
	}
}

func (c *contract) future(t *testing.T) {
	s := c.open(t, Options{MaxFuture: time.Minute})
	now := time.Now()
	mustAppend(t, s,
		models.Sample{Point: 5, TimeMS: now.Add(2 * time.Minute).UnixMilli(), Value: 1},
		models.Sample{Point: 5, TimeMS: now.Add(1000 * time.Hour).UnixMilli(), Value: 1},
		models.Sample{Point: 6, TimeMS: now.Add(20 * time.Second).UnixMilli(), Value: 2},
	)
	if st := s.Stats(); st.Future != 2 || st.Appended != 1 {
		t.Errorf("%d future and %d appended, want 2 and 1", st.Future, st.Appended)
	}
	got, err := s.Last(t.Context(), []models.PointID{5, 6}, now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got[5]; ok || got[6].Value != 2 {
		t.Errorf("last is %v", got)
	}
}

func (c *contract) unknown(t *testing.T) {
	s := c.open(t, Options{})
	mustAppend(t, s, c.good(UnknownPoint, 0, 1), c.good(0, 0, 1), c.good(5, 0, 2))
	if st := s.Stats(); st.Unknown != 2 || st.Appended != 1 {
		t.Errorf("%d unknown and %d appended, want 2 and 1", st.Unknown, st.Appended)
	}
	mustAppend(t, s)
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{5, UnknownPoint}, From: c.at(0), To: c.at(1)})
	checkSamples(t, got[0].Samples, []models.Sample{c.good(5, 0, 2)})
	checkSamples(t, got[1].Samples, nil)
}

func (c *contract) last(t *testing.T) {
	s := c.open(t, Options{})
	mustAppend(t, s, c.good(1, 0, 1), c.good(1, 3600, 2), c.good(2, 100, 3), c.good(3, 3600, 4), c.good(4, 0, 0))
	mustAppend(t, s, c.good(1, 1800, 9)) // late
	mustAppend(t, s, c.marked(3, 3601, models.CommFailed))
	points := []models.PointID{1, 2, 3, 4, 5, UnknownPoint}
	got, err := s.Last(t.Context(), points, c.at(0))
	if err != nil {
		t.Fatal(err)
	}
	want := map[models.PointID]models.Sample{
		1: c.good(1, 3600, 2), 2: c.good(2, 100, 3), 3: c.marked(3, 3601, models.CommFailed), 4: c.good(4, 0, 0),
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for p, w := range want {
		checkSamples(t, []models.Sample{got[p]}, []models.Sample{w})
	}
	if got, err = s.Last(t.Context(), points, c.at(101)); err != nil || len(got) != 2 {
		t.Fatalf("since: got %v, %v", got, err)
	}
	if got, err = s.Last(t.Context(), nil, c.at(0)); err != nil || len(got) != 0 {
		t.Fatalf("no points: got %v, %v", got, err)
	}
	many := make([]models.PointID, 0, 5000)
	for p := models.PointID(1); p <= 5000; p++ {
		many = append(many, p)
	}
	if got, err = s.Last(t.Context(), many, c.at(0)); err != nil || len(got) != 4 {
		t.Fatalf("many points: got %v, %v", got, err)
	}
}
