package embedded

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

const crashDir = "AISLE_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

const crashPoints = 40

// crashBatch is what the child writes in its round n: one sample of each point,
// and one late sample of another point.
func crashBatch(base int64, n int) []models.Sample {
	batch := make([]models.Sample, 0, crashPoints+1)
	for p := 1; p <= crashPoints; p++ {
		batch = append(batch, models.Sample{Point: models.PointID(p), TimeMS: base + int64(n)*100, Value: float64(n*1000 + p)})
	}
	return append(batch, models.Sample{Point: 500, TimeMS: base - int64(n)*100, Value: float64(n)})
}

// crashChild writes for ever and prints the number of each acknowledged round.
func crashChild(dir string) {
	fail := func(err error) {
		fmt.Println("error", err)
		os.Exit(3)
	}
	base, err := strconv.ParseInt(os.Getenv("AISLE_TEST_CRASH_BASE"), 10, 64)
	if err != nil {
		fail(err)
	}
	n, err := strconv.Atoi(os.Getenv("AISLE_TEST_CRASH_ROUND"))
	if err != nil {
		fail(err)
	}
	s, err := Open(Options{Dir: dir, Catalog: catalog})
	if err != nil {
		fail(err)
	}
	for ; ; n++ {
		if err := s.Append(context.Background(), crashBatch(base, n)); err != nil {
			fail(err)
		}
		if st := s.Stats(); st.TooOld+st.Future+st.Unknown+st.Duplicates > 0 {
			fail(fmt.Errorf("samples refused: %+v", st))
		}
		fmt.Println(n)
	}
}

func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	base := time.Now().Add(-6 * time.Hour).Truncate(time.Minute).UnixMilli()
	next, acknowledged := 1, []int{}
	for kill := range 10 {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), crashDir+"="+dir,
			"AISLE_TEST_CRASH_BASE="+strconv.FormatInt(base, 10), "AISLE_TEST_CRASH_ROUND="+strconv.Itoa(next))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var timer *time.Timer
		seen := 0
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("kill %d: the writer said %q", kill, lines.Text())
			}
			acknowledged = append(acknowledged, n)
			if seen++; seen == 1 {
				timer = time.AfterFunc(rand.N(250*time.Millisecond), func() { _ = cmd.Process.Kill() })
			}
			next = n + 2 // round n+1 may have been written and not told
		}
		_ = cmd.Wait() // killed
		if timer == nil {
			t.Fatalf("kill %d: nothing was written", kill)
		}
		timer.Stop()
	}

	s := open(t, Options{Dir: dir})
	points := []models.PointID{500}
	for p := 1; p <= crashPoints; p++ {
		points = append(points, models.PointID(p))
	}
	last := int64(acknowledged[len(acknowledged)-1] + 2)
	got, err := s.Range(t.Context(), telemetry.Query{
		Points: points, From: time.UnixMilli(base - last*100), To: time.UnixMilli(base + last*100),
	})
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[models.Sample]bool)
	for _, series := range got {
		for _, x := range series.Samples {
			have[x] = true
		}
	}
	missing := 0
	for _, n := range acknowledged {
		for _, x := range crashBatch(base, n) {
			if !have[x] {
				missing++
			}
		}
	}
	if missing > 0 {
		t.Fatalf("%d of %d acknowledged samples are missing", missing, len(acknowledged)*(crashPoints+1))
	}
	t.Logf("%d samples acknowledged before ten kills, all there", len(acknowledged)*(crashPoints+1))
}

// A log with a damaged middle is cut there and said so; what came before is kept.
func TestDamagedLogIsRepaired(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir, Catalog: catalog})
	if err != nil {
		t.Fatal(err)
	}
	base := time.Now().Add(-time.Hour).UnixMilli()
	for i := range 2000 {
		x := []models.Sample{{Point: 1, TimeMS: base + int64(i)*1000, Value: rand.Float64()}}
		if err := s.Append(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	segment := filepath.Join(dir, "wal", "00000000")
	data, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/2:], bytes.Repeat([]byte{0xa5}, 100))
	if err := os.WriteFile(segment, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s = open(t, Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if n := s.Stats().Repairs; n != 1 {
		t.Errorf("%d repairs, want 1", n)
	}
	if !strings.Contains(log.String(), "has been repaired") {
		t.Errorf("the log does not tell of the repair: %s", log.String())
	}
	q := telemetry.Query{Points: []models.PointID{1}, From: time.UnixMilli(base), To: time.Now()}
	got, err := s.Range(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].Samples); n < 500 || n >= 2000 {
		t.Errorf("%d of 2000 samples are left", n)
	}
	if err := s.Append(t.Context(), []models.Sample{{Point: 1, TimeMS: time.Now().UnixMilli() - 1000, Value: 1}}); err != nil {
		t.Errorf("append after the repair: %v", err)
	}
}

// A block that cannot be read is put aside, the rest is served.
func TestDamagedBlockIsPutAside(t *testing.T) {
	dir := t.TempDir()
	base := time.Now().Add(-12 * time.Hour).Truncate(time.Hour)
	s, err := Open(Options{Dir: dir, Catalog: catalog, BlockDuration: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, base, 10*time.Hour)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	blocks, err := filepath.Glob(filepath.Join(dir, "*", "index"))
	if err != nil || len(blocks) < 2 {
		t.Fatalf("blocks %v, %v", blocks, err)
	}
	if err := os.Truncate(blocks[0], 10); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir, BlockDuration: time.Hour})
	if n := s.Stats().Repairs; n != 1 {
		t.Errorf("%d repairs, want 1", n)
	}
	got, err := s.Last(t.Context(), []models.PointID{1}, base)
	if err != nil || len(got) != 1 {
		t.Errorf("last is %v, %v", got, err)
	}
}

func fill(t *testing.T, s *Store, base time.Time, span time.Duration) {
	t.Helper()
	for at := time.Duration(0); at < span; at += time.Minute {
		ms := base.Add(at).UnixMilli()
		batch := []models.Sample{{Point: 1, TimeMS: ms, Value: rand.Float64()}, {Point: 2, TimeMS: ms, Value: math.Sin(float64(ms))}}
		if err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRetention(t *testing.T) {
	base := time.Now().Add(-60 * time.Hour).Truncate(time.Hour)
	for _, tc := range []struct {
		name   string
		o      Options
		oldest time.Duration // at least, after base
	}{
		{"by time", Options{RetentionTime: 20 * time.Hour}, 30 * time.Hour},
		{"by size", Options{RetentionSize: 190 << 10}, 5 * time.Hour},
		{"none", Options{}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.BlockDuration = time.Hour
			s := open(t, tc.o)
			fill(t, s, base, 60*time.Hour)
			for range 3 {
				if err := s.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			st := s.Stats()
			if tc.oldest == 0 {
				if st.OldestMS != base.UnixMilli() {
					t.Errorf("oldest sample is of %v, want %v", time.UnixMilli(st.OldestMS), base)
				}
				return
			}
			if time.UnixMilli(st.OldestMS).Before(base.Add(tc.oldest)) {
				t.Errorf("oldest sample is %v after the first one written, want %v at least", time.UnixMilli(st.OldestMS).Sub(base), tc.oldest)
			}
			if tc.o.RetentionSize > 0 && st.Bytes > tc.o.RetentionSize {
				t.Errorf("size is %d, above %d", st.Bytes, tc.o.RetentionSize)
			}
			got, err := s.Last(t.Context(), []models.PointID{1, 2}, base)
			if err != nil || len(got) != 2 {
				t.Errorf("last is %v, %v", got, err)
			}
		})
	}
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	if _, err := Open(Options{Dir: dir, Catalog: catalog}); !errors.Is(err, telemetry.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
}

func TestClosed(t *testing.T) {
	s := open(t, Options{SyncInterval: time.Millisecond})
	fill(t, s, time.Now().Add(-time.Hour), 10*time.Minute)
	<-time.After(20 * time.Millisecond) // some flushes
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), []models.Sample{{Point: 1}}); !errors.Is(err, telemetry.ErrClosed) {
		t.Errorf("append: got %v", err)
	}
	if _, err := s.Last(t.Context(), []models.PointID{1}, time.Now()); !errors.Is(err, telemetry.ErrClosed) {
		t.Errorf("last: got %v", err)
	}
	if err := s.Compact(t.Context()); !errors.Is(err, telemetry.ErrClosed) {
		t.Errorf("compact: got %v", err)
	}
	_ = s.Stats()
}
