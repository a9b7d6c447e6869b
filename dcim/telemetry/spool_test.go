package telemetry

import (
	"errors"
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

// flaky fails a number of reads.
type flaky struct {
	segmentReader
	fail *int
	err  error
}

func (f flaky) ReadAt(p []byte, off int64) (int, error) {
	if *f.fail > 0 {
		*f.fail--
		return 0, f.err
	}
	return f.segmentReader.ReadAt(p, off)
}

func filledSpool(t *testing.T) (*spool, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := openSpool(dir, 1<<20, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 100 {
		if err := s.append([]models.Sample{{Point: 1, TimeMS: int64(i), Value: 1.5}}); err != nil {
			t.Fatal(err)
		}
	}
	return s, filepath.Join(dir, "spool-00000001")
}

// emptied takes everything out, with tries for what fails, and returns how much
// that was.
func emptied(t *testing.T, s *spool) (got int) {
	t.Helper()
	for range 1000 {
		samples, n, err := s.peek(10)
		if err != nil {
			continue
		}
		if len(samples) == 0 {
			return got
		}
		got += len(samples)
		if err := s.advance(n, len(samples)); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the spool does not become empty")
	return 0
}

// A disk that fails for a moment costs nothing.
func TestSpoolReadsAgain(t *testing.T) {
	s, _ := filledSpool(t)
	fail, plain := 3, s.open
	s.open = func(path string) (segmentReader, error) {
		f, err := plain(path)
		return flaky{f, &fail, errors.New("input/output error")}, err
	}
	if got := emptied(t, s); got != 100 || s.gone() != 0 || fail != 0 {
		t.Errorf("%d of 100 samples came out, %d lost", got, s.gone())
	}
}

// What stays damaged is put aside and counted; what follows comes out.
func TestSpoolCountsWhatIsLost(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, s *spool, file string){
		"checksum": func(t *testing.T, _ *spool, file string) {
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte{0xff}, 40*33+20); err != nil {
				t.Fatal(err)
			}
		},
		"cut": func(t *testing.T, _ *spool, file string) {
			if err := os.Truncate(file, 40*33+9); err != nil {
				t.Fatal(err)
			}
		},
		"never read": func(_ *testing.T, s *spool, _ string) {
			plain, always := s.open, 1<<30
			var good int
			s.open = func(path string) (segmentReader, error) {
				f, err := plain(path)
				if filepath.Base(path) != "spool-00000001" || good < 4 {
					good++
					return f, err
				}
				return flaky{f, &always, errors.New("input/output error")}, err
			}
			// Forty samples are taken before the disk fails.
			for range 4 {
				_, n, err := s.peek(10)
				if err != nil || s.advance(n, 10) != nil {
					t.Fatal(err)
				}
				_ = s.r.Close()
				s.r = nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, file := filledSpool(t)
			spoil(t, s, file)
			before := 0
			if name == "never read" {
				before = 40
			}
			if err := s.roll(); err != nil {
				t.Fatal(err)
			}
			if err := s.append([]models.Sample{{Point: 2}}); err != nil {
				t.Fatal(err)
			}
			if got := emptied(t, s) + before; got != 41 || s.gone() != 60 {
				t.Errorf("%d samples came out and %d are lost, want 41 and 60", got, s.gone())
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), "damaged-00000001")); err != nil {
				t.Error(err)
			}
			if n, bytes, damaged := s.size(); n != 0 || bytes != 0 || damaged != 1 {
				t.Errorf("%d samples, %d bytes, %d damaged", n, bytes, damaged)
			}
		})
	}
}
