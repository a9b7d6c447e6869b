package telemetrytest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

func (c *contract) limits(t *testing.T) {
	s := c.open(t, Options{Limits: telemetry.Limits{Points: 3, Buckets: 100, Samples: 10}})
	for i := range 20 {
		mustAppend(t, s, c.good(1, float64(i), 1))
	}
	ok := telemetry.Query{Points: []models.PointID{1}, From: c.at(0), To: c.at(100), Step: time.Second, Aggregate: telemetry.Mean}
	mustRange(t, s, ok)
	for _, tc := range []struct {
		name   string
		change func(*telemetry.Query)
		what   string // empty: invalid
	}{
		{"points", func(q *telemetry.Query) { q.Points = []models.PointID{1, 2, 3, 4} }, "points"},
		{"buckets", func(q *telemetry.Query) { q.To = c.at(101) }, "buckets"},
		{"buckets of all points", func(q *telemetry.Query) { q.Points = []models.PointID{1, 2} }, "buckets"},
		{"buckets of a century", func(q *telemetry.Query) { q.From, q.Step = time.Unix(0, 0), time.Millisecond }, "buckets"},
		{"raw samples", func(q *telemetry.Query) { q.Step = 0 }, "samples returned"},
		{"no points", func(q *telemetry.Query) { q.Points = nil }, ""},
		{"point twice", func(q *telemetry.Query) { q.Points = []models.PointID{1, 1} }, ""},
		{"point zero", func(q *telemetry.Query) { q.Points = []models.PointID{0} }, ""},
		{"from is to", func(q *telemetry.Query) { q.To = q.From }, ""},
		{"from after to", func(q *telemetry.Query) { q.From, q.To = q.To, q.From }, ""},
		{"no times", func(q *telemetry.Query) { q.From, q.To = time.Time{}, time.Time{} }, ""},
		{"negative step", func(q *telemetry.Query) { q.Step = -time.Second }, ""},
		{"step below a millisecond", func(q *telemetry.Query) { q.Step = time.Microsecond }, ""},
		{"step with a fraction", func(q *telemetry.Query) { q.Step = 1500 * time.Microsecond }, ""},
		{"no aggregate", func(q *telemetry.Query) { q.Aggregate = "" }, ""},
		{"unknown aggregate", func(q *telemetry.Query) { q.Aggregate = `mean") |> drop(` }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q := ok
			tc.change(&q)
			_, err := s.Range(t.Context(), q)
			var limit *telemetry.LimitError
			switch {
			case tc.what == "" && !errors.Is(err, telemetry.ErrInvalidQuery):
				t.Errorf("got %v, want ErrInvalidQuery", err)
			case tc.what != "" && (!errors.As(err, &limit) || limit.What != tc.what):
				t.Errorf("got %v, want a LimitError of %s", err, tc.what)
			}
		})
	}
}

func (c *contract) cancelled(t *testing.T) {
	s := c.open(t, Options{})
	mustAppend(t, s, c.good(1, 0, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Range(ctx, telemetry.Query{Points: []models.PointID{1}, From: c.at(0), To: c.at(1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("range: got %v, want context.Canceled", err)
	}
	if _, err := s.Last(ctx, []models.PointID{1}, c.at(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("last: got %v, want context.Canceled", err)
	}
}

func (c *contract) concurrent(t *testing.T) {
	s := c.open(t, Options{})
	const writers, polls, perPoll = 8, 25, 40
	const stored = models.PointID(1 + writers*perPoll)
	mustAppend(t, s, c.good(stored, 0, 1))
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range polls {
				batch := make([]models.Sample, 0, perPoll)
				for p := range perPoll {
					batch = append(batch, c.good(models.PointID(1+w*perPoll+p), float64(i*10), float64(i)))
				}
				if err := s.Append(t.Context(), batch); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	// What is stored already is found whatever else begins meanwhile.
	wg.Go(func() {
		q := telemetry.Query{Points: []models.PointID{stored, 1, 41}, From: c.at(0), To: c.at(1000), Step: time.Minute, Aggregate: telemetry.Band}
		for range 100 {
			got, err := s.Range(t.Context(), q)
			if err != nil {
				t.Errorf("range: %v", err)
				return
			}
			if b := got[0].Buckets; len(b) == 0 || !b[0].Known() {
				t.Errorf("point %d is not found while others are written: %+v", stored, b)
				return
			}
		}
	})
	wg.Wait()
	points := make([]models.PointID, 0, writers*perPoll)
	for p := range writers * perPoll {
		points = append(points, models.PointID(1+p))
	}
	for _, series := range mustRange(t, s, telemetry.Query{Points: points, From: c.at(0), To: c.at(10 * polls)}) {
		if len(series.Samples) != polls {
			t.Fatalf("point %d has %d samples, want %d", series.Point, len(series.Samples), polls)
		}
	}
	if st := s.Stats(); st.Appended != 1+writers*polls*perPoll || st.Failures != 0 {
		t.Errorf("stats %+v", st)
	}
}

func (c *contract) reopen(t *testing.T) {
	s := c.open(t, Options{})
	want := []models.Sample{c.good(1, 0, 1), c.good(1, 10, 2), c.marked(1, 20, models.Bad)}
	mustAppend(t, s, want[1], want[2])
	mustAppend(t, s, want[0])
	s = c.Reopen(t, s)
	got := mustRange(t, s, telemetry.Query{Points: []models.PointID{1}, From: c.at(0), To: c.at(100)})
	checkSamples(t, got[0].Samples, want)
	more := c.good(1, 30, 3)
	mustAppend(t, s, more)
	mustAppend(t, s, want[1])
	got = mustRange(t, s, telemetry.Query{Points: []models.PointID{1}, From: c.at(0), To: c.at(100)})
	checkSamples(t, got[0].Samples, append(want, more))
}
