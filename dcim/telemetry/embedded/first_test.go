package embedded

import (
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

// Whatever the number of points in one query, each gets its own samples.
func TestAnyNumberOfPoints(t *testing.T) {
	s := open(t, Options{Limits: telemetry.Limits{Points: 2 * matchAtMost}})
	base := time.Now().Add(-time.Minute).Truncate(time.Second)
	const most = matchAtMost + 100
	samples := make([]models.Sample, most)
	for i := range samples {
		samples[i] = models.Sample{Point: models.PointID(i + 1), TimeMS: base.UnixMilli(), Value: float64(i)}
	}
	if err := s.Append(t.Context(), samples); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, setAtMost, setAtMost + 1, matchAtMost, most} {
		q := telemetry.Query{From: base.Add(-time.Minute), To: base.Add(time.Minute)}
		for i := range n {
			q.Points = append(q.Points, models.PointID(i+1))
		}
		got, err := s.Range(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i, series := range got {
			if len(series.Samples) != 1 || series.Samples[0].Value != float64(i) {
				t.Fatalf("%d points: point %d has %+v", n, series.Point, series.Samples)
			}
		}
	}
}

// The first samples of a run are looked for in the store where an earlier run
// can have written them, and only there.
func TestFirstSamplesAfterARestart(t *testing.T) {
	dir := t.TempDir()
	base := time.Now().Add(-time.Minute).Truncate(time.Second)
	at := func(p models.PointID, seconds int, value float64) models.Sample {
		return models.Sample{Point: p, TimeMS: base.Add(time.Duration(seconds) * time.Second).UnixMilli(), Value: value}
	}
	s := open(t, Options{Dir: dir})
	if err := s.Append(t.Context(), []models.Sample{at(1, 0, 1), at(1, 1, 2), at(2, 1, 7)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir})
	// Samples that were stored and come again, one with another value; one that
	// is older than what is there, and one of a point that was never seen.
	if err := s.Append(t.Context(), []models.Sample{at(1, 0, 1), at(2, 1, 8), at(1, 2, 3), at(3, 0, 5)}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Range(t.Context(), telemetry.Query{Points: []models.PointID{1, 2, 3}, From: base.Add(-time.Minute), To: base.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{1, 2, 3}, {7}, {5}}
	for i, series := range got {
		var values []float64
		for _, x := range series.Samples {
			values = append(values, x.Value)
		}
		if len(values) != len(want[i]) {
			t.Fatalf("point %d: %v, want %v", series.Point, values, want[i])
		}
		for k := range values {
			if values[k] != want[i][k] {
				t.Errorf("point %d: %v, want %v", series.Point, values, want[i])
			}
		}
	}
	if n := s.Stats().Duplicates; n != 1 {
		t.Errorf("%d samples with another value were refused, want 1", n)
	}
}
