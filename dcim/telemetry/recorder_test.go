package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/embedded"
	"github.com/aisle-dcim/aisle/dcim/telemetry/telemetrytest"
	"github.com/aisle-dcim/aisle/models"
)

// faulty is a real store that can be made to fail.
type faulty struct {
	telemetry.Store
	mu    sync.Mutex
	err   error
	times []int64 // of what was written, in order
}

func (f *faulty) fail(err error) {
	f.mu.Lock()
	f.err = err
	f.mu.Unlock()
}

func (f *faulty) Append(ctx context.Context, samples []models.Sample) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	for _, x := range samples {
		f.times = append(f.times, x.TimeMS)
	}
	return f.Store.Append(ctx, samples)
}

type rig struct {
	store *faulty
	live  *telemetry.Live
	rec   *telemetry.Recorder
	opts  telemetry.RecorderOptions
	base  int64
	stop  func()
}

func newRig(t *testing.T, o telemetry.RecorderOptions) *rig {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Dir: t.TempDir(), Catalog: telemetrytest.Catalog})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{store: &faulty{Store: s}, base: time.Now().Add(-time.Hour).UnixMilli()}
	o.Store = r.store
	if o.SpoolDir == "" {
		o.SpoolDir = t.TempDir()
	}
	o.RetryMin, o.RetryMax = time.Millisecond, 10*time.Millisecond
	r.opts = o
	r.start(t)
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	r.live = telemetry.NewLive(telemetry.LiveOptions{})
	r.opts.Live = r.live
	rec, err := telemetry.NewRecorder(r.opts)
	if err != nil {
		t.Fatal(err)
	}
	r.rec = rec
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = rec.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (r *rig) sample(i int) models.Sample {
	return models.Sample{Point: 1, TimeMS: r.base + int64(i)*1000, Value: float64(i)}
}

func (r *rig) caughtUp(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); r.rec.Stats().StoreDown; {
		if time.Now().After(deadline) {
			t.Fatalf("does not catch up: %+v", r.rec.Stats())
		}
		<-time.After(time.Millisecond)
	}
}

func (r *rig) check(t *testing.T, want int) {
	t.Helper()
	got, err := r.store.Range(t.Context(), telemetry.Query{Points: []models.PointID{1}, From: time.UnixMilli(r.base), To: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].Samples); n != want {
		t.Errorf("%d samples are in the store, want %d", n, want)
	}
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	for i := 1; i < len(r.store.times); i++ {
		if r.store.times[i] < r.store.times[i-1] {
			t.Errorf("sample %d was written out of order", i)
			return
		}
	}
}

func TestRecorderCatchesUpInOrder(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{})
	down := errors.New("store is down")
	for i := range 1000 {
		switch i % 100 {
		case 30:
			r.store.fail(down)
		case 60:
			r.store.fail(nil)
		}
		if err := r.rec.Append(t.Context(), []models.Sample{r.sample(i)}); err != nil {
			t.Fatal(err)
		}
		if v := one(t, r.live, 1); v.LastGood != float64(i) {
			t.Fatalf("last value after sample %d is %+v", i, v)
		}
	}
	r.caughtUp(t)
	r.check(t, 1000)
	st := r.rec.Stats()
	if st.Received != 1000 || st.Stored+st.Recovered != 1000 || st.Spooled != st.Recovered || st.Spooled == 0 || st.Lost+st.Rejected != 0 {
		t.Errorf("stats %+v", st)
	}
	if st.SpoolBytes != 0 || st.Waiting != 0 || st.LastError != "" {
		t.Errorf("after catching up: %+v", st)
	}
	if left, _ := filepath.Glob(filepath.Join(r.opts.SpoolDir, "*")); len(left) != 0 {
		t.Errorf("files left in the spool: %v", left)
	}
}

// What is in the spool outlives the process, even when a write was cut short.
func TestSpoolOutlivesTheProcess(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{})
	r.store.fail(errors.New("store is down"))
	for i := range 50 {
		if err := r.rec.Append(t.Context(), []models.Sample{r.sample(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if st := r.rec.Stats(); !st.StoreDown || st.Waiting != 50 || st.LastError == "" {
		t.Errorf("stats %+v", st)
	}
	r.stop()
	files, err := filepath.Glob(filepath.Join(r.opts.SpoolDir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("spool files %v, %v", files, err)
	}
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte{25, 0, 0, 0, 1, 2, 3, 4, 5}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	r.start(t)
	if st := r.rec.Stats(); st.Waiting != 50 || st.SpoolDamaged != 1 {
		t.Errorf("stats of the next run %+v", st)
	}
	for i := range 10 {
		if err := r.rec.Append(t.Context(), []models.Sample{r.sample(50 + i)}); err != nil {
			t.Fatal(err)
		}
	}
	r.store.fail(nil)
	r.caughtUp(t)
	r.check(t, 60)
}

func TestSpoolIsBounded(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{SpoolBytes: 10 * 33}) // ten records of one sample
	r.store.fail(errors.New("store is down"))
	refused := 0
	for i := range 25 {
		err := r.rec.Append(t.Context(), []models.Sample{r.sample(i)})
		switch {
		case errors.Is(err, telemetry.ErrSpoolFull):
			refused++
		case err != nil:
			t.Fatal(err)
		}
	}
	if st := r.rec.Stats(); refused != 15 || st.Lost != 15 || st.Spooled != 10 || st.SpoolBytes > st.SpoolLimit {
		t.Errorf("%d refused, stats %+v", refused, st)
	}
	if v := one(t, r.live, 1); v.LastGood != 24 {
		t.Errorf("the last value stopped at %+v", v)
	}
	r.store.fail(nil)
	r.caughtUp(t)
	r.check(t, 10)
}

// A disk that takes neither what is measured nor the spool is said once, is
// seen until it takes samples again, and then they go to the store at once.
func TestStoreAndSpoolAreFull(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, telemetry.RecorderOptions{SpoolBytes: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r.store.fail(telemetry.ErrDiskFull)
	for i := range 500 {
		if err := r.rec.Append(t.Context(), []models.Sample{r.sample(i)}); !errors.Is(err, telemetry.ErrDiskFull) {
			t.Fatalf("sample %d: %v", i, err)
		}
		if i%50 == 0 {
			time.Sleep(2 * time.Millisecond)
		}
		if st := r.rec.Stats(); !st.StoreDown || st.LastError == "" {
			t.Fatalf("after sample %d: %+v", i, st)
		}
	}
	r.store.fail(nil)
	for i := range 10 {
		if err := r.rec.Append(t.Context(), []models.Sample{r.sample(500 + i)}); err != nil {
			t.Fatal(err)
		}
	}
	if st := r.rec.Stats(); st.StoreDown || st.LastError != "" || st.Stored != 10 || st.Lost != 500 {
		t.Errorf("stats %+v", st)
	}
	r.check(t, 10)
	r.stop()
	if n := strings.Count(log.String(), "\n"); n != 3 || !strings.Contains(log.String(), "lost=500") {
		t.Errorf("%d lines of log:\n%s", n, log.String()[:min(1000, log.Len())])
	}
}

func TestRecorderCountsRejected(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{})
	r.store.fail(fmt.Errorf("no such field: %w", telemetry.ErrRejected))
	if err := r.rec.Append(t.Context(), []models.Sample{r.sample(0)}); err != nil {
		t.Errorf("got %v", err)
	}
	if st := r.rec.Stats(); st.Rejected != 1 || st.StoreDown {
		t.Errorf("stats %+v", st)
	}
}

// A poll that is cancelled has still measured something.
func TestRecorderKeepsWhatACancelledPollRead(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.rec.Append(ctx, []models.Sample{r.sample(0)}); err != nil {
		t.Fatal(err)
	}
	r.check(t, 1)
}

func TestRestoreAfterRestart(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{})
	old := models.Sample{Point: 2, TimeMS: r.base, Value: 7}
	bad := models.Sample{Point: 3, TimeMS: time.Now().UnixMilli(), Quality: models.Sentinel}
	young := models.Sample{Point: 4, TimeMS: time.Now().UnixMilli(), Value: 0}
	if err := r.rec.Append(t.Context(), []models.Sample{old, bad, young}); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.start(t)
	if err := r.rec.Restore(t.Context(), []models.PointID{2, 3, 4, 5}, time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	got := r.live.Get([]models.PointID{2, 3, 4, 5})
	if len(got) != 3 {
		t.Fatalf("restored %v", got)
	}
	if got[0].Quality != models.Stale || got[0].LastGood != 7 || got[0].TimeMS != r.base {
		t.Errorf("old value is %+v", got[0])
	}
	if got[1].Quality != models.Sentinel || !math.IsNaN(got[1].Value) {
		t.Errorf("value without a number is %+v", got[1])
	}
	if got[2].Quality != models.Good || got[2].Value != 0 {
		t.Errorf("young value is %+v", got[2])
	}
}

func TestRecorderClosed(t *testing.T) {
	r := newRig(t, telemetry.RecorderOptions{})
	r.stop()
	if err := r.rec.Append(t.Context(), []models.Sample{r.sample(0)}); !errors.Is(err, telemetry.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
