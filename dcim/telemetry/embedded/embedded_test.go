package embedded

import (
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

var catalog = telemetry.CatalogFunc(func(p models.PointID) (telemetry.SeriesID, bool) {
	if p > 1_000_000 {
		return telemetry.SeriesID{}, false
	}
	return telemetry.SeriesID{Device: models.DeviceID(p/100 + 1), Key: "sensor/1/temperature", Class: quantity.Temperature}, true
})

func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Catalog == nil {
		o.Catalog = catalog
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAppendAndReadBack(t *testing.T) {
	s := open(t, Options{})
	now := time.Now().Truncate(time.Second)
	if err := s.Append(t.Context(), []models.Sample{{Point: 7, TimeMS: now.UnixMilli(), Value: 21.5}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Last(t.Context(), []models.PointID{7, 8}, now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[7].Value != 21.5 || got[7].TimeMS != now.UnixMilli() {
		t.Fatalf("got %v", got)
	}
}
