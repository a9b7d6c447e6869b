package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

// A full disk stops writing with an error; when there is room again writing goes
// on without a restart, and nothing that was acknowledged is missing. So with a
// reserve, which keeps the disk from filling, and without.
func TestFullDisk(t *testing.T) {
	t.Run("reserve", func(t *testing.T) { fullDisk(t, 2<<20, telemetry.ErrDiskFull) })
	t.Run("no reserve", func(t *testing.T) { fullDisk(t, -1, syscall.ENOSPC) })
}

func fullDisk(t *testing.T, reserve int64, want error) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: filepath.Join(dir, "tsdb"), Catalog: catalog, Reserve: reserve}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if !closed {
			_ = s.Close()
		}
	})
	const points = 200
	base := time.Now().Add(-20 * time.Hour).Truncate(time.Second).UnixMilli()
	round := func(n int) []models.Sample {
		batch := make([]models.Sample, 0, points)
		for p := 1; p <= points; p++ {
			batch = append(batch, models.Sample{Point: models.PointID(p), TimeMS: base + int64(n)*1000, Value: float64(n*p) / 7})
		}
		return batch
	}
	acknowledged := make(map[int]bool)
	n, failures := 0, 0
	for ; failures < 50 && n < 20000; n++ {
		if err := s.Append(t.Context(), round(n)); err != nil {
			if failures == 0 && !errors.Is(err, want) {
				t.Errorf("a full disk gives %v", err)
			}
			failures++
			continue
		}
		acknowledged[n] = true
	}
	t.Logf("full after %d rounds", n)
	if failures == 0 {
		t.Fatal("the disk never filled")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	again := 0
	for deadline := time.Now().Add(20 * time.Second); again < 100; n++ {
		err := s.Append(t.Context(), round(n))
		if err == nil {
			again++
			acknowledged[n] = true
			continue
		}
		if time.Now().After(deadline) {
			t.Fatalf("with room again: %v", err)
		}
		<-time.After(20 * time.Millisecond)
	}
	check := func(when string) {
		q := telemetry.Query{From: time.UnixMilli(base), To: time.UnixMilli(base + int64(n)*1000)}
		for p := 1; p <= points; p++ {
			q.Points = append(q.Points, models.PointID(p))
		}
		got, err := s.Range(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		for _, series := range got {
			have := make(map[int64]bool)
			for _, x := range series.Samples {
				have[x.TimeMS] = true
			}
			missing := 0
			for r := range acknowledged {
				if !have[base+int64(r)*1000] {
					missing++
				}
			}
			if missing > 0 {
				t.Fatalf("%s: %d of %d acknowledged samples of point %d are missing", when, missing, len(acknowledged), series.Point)
			}
		}
	}
	check("in the same process")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(o); err != nil {
		t.Fatal(err)
	}
	check("after a restart")
	closed = true
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
