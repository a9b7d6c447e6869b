package embedded

import (
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

// One poll of a device with a hundred points.
func BenchmarkAppend(b *testing.B) {
	s := open(b, Options{})
	base := time.Now().Add(-20 * time.Hour).UnixMilli()
	const devices, points = 100, 100
	batch := make([]models.Sample, points)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		device, round := n%devices, n/devices
		for i := range batch {
			batch[i] = models.Sample{Point: models.PointID(1 + device*points + i), TimeMS: base + int64(round)*100, Value: float64(round + i)}
		}
		if err := s.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*points/b.Elapsed().Seconds(), "samples/s")
}

// A day of 10 s samples in 5 min buckets, as a chart asks for it.
func BenchmarkRange(b *testing.B) {
	s := open(b, Options{})
	base := time.Now().Add(-24 * time.Hour)
	const points = 20
	for i := range 8640 {
		batch := make([]models.Sample, 0, points)
		for p := models.PointID(1); p <= points; p++ {
			batch = append(batch, models.Sample{Point: p, TimeMS: base.UnixMilli() + int64(i)*10_000, Value: float64(i%100) / 3})
		}
		if err := s.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	for name, n := range map[string]int{"1 point": 1, "20 points": points} {
		b.Run(name, func(b *testing.B) {
			q := telemetry.Query{From: base, To: time.Now(), Step: 5 * time.Minute, Aggregate: telemetry.Band}
			for p := range n {
				q.Points = append(q.Points, models.PointID(p+1))
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Range(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(n)*8640/b.Elapsed().Seconds(), "samples/s")
		})
	}
}
