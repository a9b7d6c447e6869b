package telemetry

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/aisle-dcim/aisle/models"
)

// Whatever is in a spool file, opening it neither fails nor returns what was not
// written whole, and what is appended afterwards comes out.
func FuzzSpool(f *testing.F) {
	dir := f.TempDir()
	s, err := openSpool(dir, 1<<20, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		if err := s.append([]models.Sample{{Point: 1, TimeMS: int64(i), Value: 1.5}, {Point: 2, TimeMS: int64(i), Quality: models.Bad}}); err != nil {
			f.Fatal(err)
		}
	}
	if err := s.close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "spool-00000001"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add(append(make([]byte, 9), whole...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "spool-00000007"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSpool(dir, 1<<30, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		mark := models.Sample{Point: 4711, TimeMS: 42, Value: -1}
		if err := s.append([]models.Sample{mark}); err != nil {
			t.Fatal(err)
		}
		waiting, _, _ := s.size()
		var got []models.Sample
		for {
			samples, n, err := s.peek(10)
			if err != nil {
				t.Fatal(err)
			}
			if len(samples) == 0 {
				break
			}
			got = append(got, samples...)
			if err := s.advance(n, len(samples)); err != nil {
				t.Fatal(err)
			}
		}
		if int64(len(got)) != waiting || got[len(got)-1] != mark || len(got) > len(data)/spoolSampleSize+1 {
			t.Fatalf("%d samples waited, %d came out of %d bytes", waiting, len(got), len(data))
		}
		if !s.empty() {
			t.Fatal("not empty at the end")
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	})
}
