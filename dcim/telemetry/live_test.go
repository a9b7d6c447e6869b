package telemetry_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a wall clock that a test can set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
}

func (c *clock) sample(p models.PointID, age time.Duration, v float64, q models.Quality) models.Sample {
	return models.Sample{Point: p, TimeMS: c.Now().Add(-age).UnixMilli(), Value: v, Quality: q}
}

func one(t *testing.T, l *telemetry.Live, p models.PointID) telemetry.Value {
	t.Helper()
	got := l.Get([]models.PointID{p})
	if len(got) != 1 {
		t.Fatalf("%d values of point %d", len(got), p)
	}
	return got[0]
}

func TestLiveFreshness(t *testing.T) {
	c := newClock()
	l := telemetry.NewLive(telemetry.LiveOptions{Now: c.Now})
	l.Track(10*time.Second, 1)
	if got := l.Get([]models.PointID{1, 2}); len(got) != 0 {
		t.Fatalf("values of points never read: %v", got)
	}
	l.Update([]models.Sample{c.sample(1, 0, 21, models.Good)})
	c.add(27 * time.Second) // 2.5 × 10 s + 2 s
	if v := one(t, l, 1); v.Quality != models.Good || v.Value != 21 {
		t.Errorf("at its limit: %+v", v)
	}
	c.add(time.Second)
	if v := one(t, l, 1); v.Quality != models.Stale || !math.IsNaN(v.Value) || v.LastGood != 21 {
		t.Errorf("beyond its limit: %+v", v)
	}
	// A sample that is late itself is stale from the start.
	l.Update([]models.Sample{c.sample(1, 0, 22, models.Good)})
	l.Update([]models.Sample{c.sample(2, time.Hour, 5, models.Good)})
	if v := one(t, l, 1); v.Quality != models.Good || v.Value != 22 {
		t.Errorf("fresh again: %+v", v)
	}
	if v := one(t, l, 2); v.Quality != models.Stale {
		t.Errorf("an hour old: %+v", v)
	}
	// A device that fails keeps what was known, as such.
	c.add(time.Second)
	l.Update([]models.Sample{c.sample(1, 0, 0, models.CommFailed)})
	if v := one(t, l, 1); v.Quality != models.CommFailed || !math.IsNaN(v.Value) || v.LastGood != 22 {
		t.Errorf("after a failure: %+v", v)
	}
}

// Whatever comes in whatever order: a value is shown as good only if it is the
// newest sample, was good and is within its limit; a number is shown only then.
func TestLiveProperty(t *testing.T) {
	for round := range 30 {
		seed := uint64(time.Now().UnixNano()) + uint64(round)
		rnd := rand.New(rand.NewPCG(seed, 0))
		c := newClock()
		l := telemetry.NewLive(telemetry.LiveOptions{Now: c.Now})
		const points = 5
		interval := func(p models.PointID) time.Duration { return time.Duration(p) * 5 * time.Second }
		newest := make(map[models.PointID]models.Sample)
		for p := models.PointID(1); p <= points; p++ {
			l.Track(interval(p), p)
		}
		sub := l.Subscribe([]models.PointID{1, 2, 3, 4, 5})
		followed := make(map[models.PointID]telemetry.Value)
		var seq uint64
		for range 400 {
			switch rnd.IntN(4) {
			case 0:
				c.add(time.Duration(rnd.IntN(20000)) * time.Millisecond)
			case 1:
				l.Sweep()
			default:
				x := c.sample(models.PointID(1+rnd.IntN(points)), time.Duration(rnd.IntN(30000))*time.Millisecond,
					float64(rnd.IntN(3)), models.Quality(max(rnd.IntN(8)-3, 0)))
				if rnd.IntN(20) == 0 {
					x.Value = math.NaN()
				}
				l.Update([]models.Sample{x})
				if x.Quality == models.Good && math.IsNaN(x.Value) {
					x.Quality = models.Bad
				}
				if n, ok := newest[x.Point]; !ok || x.TimeMS > n.TimeMS {
					newest[x.Point] = x
				}
			}
			if s := l.Seq(); s < seq {
				t.Fatalf("seed %d: sequence went back", seed)
			} else {
				seq = s
			}
			for p := models.PointID(1); p <= points; p++ {
				n, known := newest[p]
				got := l.Get([]models.PointID{p})
				if known != (len(got) == 1) {
					t.Fatalf("seed %d: point %d known %t, got %v", seed, p, known, got)
				}
				if !known {
					continue
				}
				want := n.Quality
				age := c.Now().Sub(n.Time())
				if want == models.Good && age > interval(p)*5/2+2*time.Second {
					want = models.Stale
				}
				v := got[0]
				if v.Quality != want || v.TimeMS != n.TimeMS || (want == models.Good) == math.IsNaN(v.Value) {
					t.Fatalf("seed %d: newest %+v, age %v, shown %+v", seed, n, age, v)
				}
				if want == models.Good && v.Value != n.Value {
					t.Fatalf("seed %d: newest %+v, shown %+v", seed, n, v)
				}
			}
		}
		// One who follows changes ends with what Get shows.
		l.Sweep()
		changes, _ := sub.Next(nil)
		for _, v := range changes {
			followed[v.Point] = v
		}
		for p := range newest {
			if a, b := followed[p], one(t, l, p); a.Quality != b.Quality || a.TimeMS != b.TimeMS || a.Seq != b.Seq {
				t.Fatalf("seed %d: followed %+v, is %+v", seed, a, b)
			}
		}
		sub.Close()
	}
}

func TestLiveClockSteps(t *testing.T) {
	c := newClock()
	l := telemetry.NewLive(telemetry.LiveOptions{Now: c.Now})
	l.Update([]models.Sample{c.sample(1, 0, 1, models.Good), c.sample(2, -time.Hour, 1, models.Good)})
	if st := l.Stats(); st.Future != 1 || st.Points != 1 {
		t.Errorf("a sample an hour ahead was taken: %+v", st)
	}
	c.add(-time.Hour) // set back
	l.Update([]models.Sample{c.sample(1, 0, 2, models.Good)})
	if v := one(t, l, 1); v.Value != 2 {
		t.Errorf("after the clock was set back, %+v is shown", v)
	}
	c.add(2 * time.Hour) // set forward
	if v := one(t, l, 1); v.Quality != models.Stale {
		t.Errorf("after the clock was set forward, %+v is shown", v)
	}
}

// A clock that is set back must not keep a dead device's value fresh.
func TestLiveMonotonicAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var back time.Duration
		l := telemetry.NewLive(telemetry.LiveOptions{Now: func() time.Time {
			now := time.Now()
			if back == 0 {
				return now
			}
			return now.Add(-back)
		}})
		l.Track(10*time.Second, 1)
		l.Update([]models.Sample{{Point: 1, TimeMS: time.Now().UnixMilli(), Value: 1}})
		time.Sleep(30 * time.Second)
		if v := one(t, l, 1); v.Quality != models.Stale {
			t.Errorf("shown %+v", v)
		}
	})
}

func TestLiveRestore(t *testing.T) {
	c := newClock()
	l := telemetry.NewLive(telemetry.LiveOptions{Now: c.Now})
	l.Track(10*time.Second, 1, 2, 3)
	l.Update([]models.Sample{c.sample(1, 5*time.Second, 1, models.Good)})
	l.Restore([]models.Sample{c.sample(1, time.Second, 9, models.Good), c.sample(2, time.Minute, 2, models.Good), c.sample(3, time.Second, 3, models.Good)})
	if v := one(t, l, 1); v.Value != 1 {
		t.Errorf("restoring replaced a value: %+v", v)
	}
	if v := one(t, l, 2); v.Quality != models.Stale || v.LastGood != 2 {
		t.Errorf("old value: %+v", v)
	}
	if v := one(t, l, 3); v.Quality != models.Good || v.Value != 3 {
		t.Errorf("young value: %+v", v)
	}
	l.Forget(3)
	if got := l.Get([]models.PointID{3}); len(got) != 0 {
		t.Errorf("forgotten, yet %v", got)
	}
	l.Update([]models.Sample{c.sample(3, 0, 4, models.Good)}) // it was on its way
	if got := l.Get([]models.PointID{3}); len(got) != 0 || l.Stats().Points != 2 {
		t.Errorf("forgotten, yet %v", got)
	}
	l.Track(10*time.Second, 3)
	l.Update([]models.Sample{c.sample(3, 0, 4, models.Good)})
	if v := one(t, l, 3); v.Value != 4 {
		t.Errorf("back again: %+v", v)
	}
}

func TestSweepTellsOfStaleValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := telemetry.NewLive(telemetry.LiveOptions{})
		l.Track(10*time.Second, 1)
		var observed []telemetry.Value
		stop := l.Observe(func(v []telemetry.Value) { observed = append(observed, v...) })
		defer stop()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = l.Run(ctx) }()
		l.Update([]models.Sample{{Point: 1, TimeMS: time.Now().UnixMilli(), Value: 5}})
		sub := l.Subscribe([]models.PointID{1})
		defer sub.Close()
		<-sub.C()
		if got, _ := sub.Next(nil); len(got) != 1 || got[0].Quality != models.Good {
			t.Fatalf("got %v", got)
		}
		start := time.Now()
		<-sub.C()
		if waited := time.Since(start); waited < 27*time.Second || waited > 29*time.Second {
			t.Errorf("told after %v, want 27 to 29 s", waited)
		}
		if got, _ := sub.Next(nil); len(got) != 1 || got[0].Quality != models.Stale {
			t.Errorf("got %v", got)
		}
		cancel()
		<-done
		if len(observed) != 2 || observed[0].Quality != models.Good || observed[1].Quality != models.Stale || observed[1].Seq <= observed[0].Seq {
			t.Errorf("observed %v", observed)
		}
		if st := l.Stats(); st.Stale != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestSince(t *testing.T) {
	c := newClock()
	l := telemetry.NewLive(telemetry.LiveOptions{Now: c.Now})
	var all []models.Sample
	for p := models.PointID(1); p <= 100; p++ {
		all = append(all, c.sample(p, 0, float64(p), models.Good))
	}
	start := l.Seq()
	l.Update(all)
	got, seq := l.Since(start, nil)
	if len(got) != 100 || seq != start+100 {
		t.Fatalf("%d values, sequence +%d", len(got), seq-start)
	}
	if got, _ = l.Since(seq, nil); len(got) != 0 {
		t.Fatalf("nothing changed, yet %v", got)
	}
	c.add(time.Second)
	l.Update([]models.Sample{c.sample(7, 0, 1, models.Good), c.sample(8, 0, 1, models.Good)})
	c.add(time.Second)
	l.Update([]models.Sample{c.sample(7, 0, 2, models.Good)})
	got, _ = l.Since(seq, func(p models.PointID) bool { return p != 8 })
	if len(got) != 1 || got[0].Point != 7 || got[0].Value != 2 {
		t.Fatalf("got %v", got)
	}
	// One who comes back goes on where it was.
	sub := l.SubscribeFunc(nil)
	defer sub.Close()
	sub.After(seq)
	if got, _ = sub.Next(nil); len(got) != 2 {
		t.Fatalf("after a break: %v", got)
	}
	sub.After(math.MaxUint64)
	if got, _ = sub.Next(nil); len(got) != 100 {
		t.Fatalf("with a number from nowhere: %d values", len(got))
	}
}

// Slow and fast readers of all kinds end with the newest value of every point.
func TestSubscribersMissNothing(t *testing.T) {
	l := telemetry.NewLive(telemetry.LiveOptions{})
	const points, writers, rounds = 50, 4, 300
	base := time.Now().Add(-time.Minute).UnixMilli()
	stop := make(chan struct{})
	var readers, wg sync.WaitGroup
	results := make([]map[models.PointID]float64, 20)
	for i := range results {
		results[i] = make(map[models.PointID]float64)
		var sub *telemetry.Subscription
		var want []models.PointID
		for p := models.PointID(1); p <= writers*points; p++ {
			want = append(want, p)
		}
		if i%2 == 0 {
			sub = l.Subscribe(want)
		} else {
			sub = l.SubscribeFunc(func(p models.PointID) bool { return p <= writers*points })
		}
		readers.Go(func() {
			defer sub.Close()
			var buf []telemetry.Value
			read := func() {
				buf, _ = sub.Next(buf[:0])
				for _, v := range buf {
					if v.LastGood < results[i][v.Point] {
						t.Errorf("reader %d: point %d went back from %g to %g", i, v.Point, results[i][v.Point], v.LastGood)
					}
					results[i][v.Point] = v.LastGood
				}
			}
			for {
				select {
				case <-sub.C():
					read()
					if i > 10 { // a slow one
						<-time.After(5 * time.Millisecond)
					}
				case <-stop:
					// What was signalled and not read yet.
					select {
					case <-sub.C():
						read()
					default:
					}
					return
				}
			}
		})
	}
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				batch := make([]models.Sample, 0, points)
				for p := range points {
					batch = append(batch, models.Sample{Point: models.PointID(1 + w*points + p), TimeMS: base + int64(r), Value: float64(r)})
				}
				l.Update(batch)
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
	for i, m := range results {
		for p := models.PointID(1); p <= writers*points; p++ {
			if m[p] != rounds-1 {
				t.Fatalf("reader %d ended with %g of point %d, want %d", i, m[p], p, rounds-1)
			}
		}
	}
	if st := l.Stats(); st.Subscribers != 0 || st.Updates != writers*points*rounds {
		t.Errorf("stats %+v", st)
	}
}

func TestObserverSeesEveryChangeInOrder(t *testing.T) {
	l := telemetry.NewLive(telemetry.LiveOptions{})
	var seqs []uint64
	perPoint := make(map[models.PointID][]float64)
	stop := l.Observe(func(changes []telemetry.Value) {
		for _, v := range changes {
			seqs = append(seqs, v.Seq)
			perPoint[v.Point] = append(perPoint[v.Point], v.Value)
		}
	})
	base := time.Now().UnixMilli()
	var wg sync.WaitGroup
	for p := range 8 {
		wg.Go(func() {
			for i := range 500 {
				l.Update([]models.Sample{{Point: models.PointID(p + 1), TimeMS: base + int64(i), Value: float64(i)}})
			}
		})
	}
	wg.Wait()
	stop()
	l.Update([]models.Sample{{Point: 1, TimeMS: base + 10000, Value: 1}})
	if len(seqs) != 4000 || !slices.IsSorted(seqs) {
		t.Errorf("%d changes seen, sorted %t", len(seqs), slices.IsSorted(seqs))
	}
	for p, values := range perPoint {
		if len(values) != 500 || !slices.IsSorted(values) {
			t.Errorf("point %d: %d values, sorted %t", p, len(values), slices.IsSorted(values))
		}
	}
}

// A page of 50 points each for 200 subscribers that read four times a second,
// while polls of 100 points come in.
func BenchmarkFanOut(b *testing.B) {
	for _, subscribers := range []int{0, 200} {
		b.Run(fmt.Sprintf("%d subscribers", subscribers), func(b *testing.B) {
			l := telemetry.NewLive(telemetry.LiveOptions{})
			const devices, points = 1000, 100
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for s := range subscribers {
				var ids []models.PointID
				for i := range 50 {
					ids = append(ids, models.PointID(1+(s*131+i)%(devices*points)))
				}
				sub := l.Subscribe(ids)
				wg.Go(func() {
					defer sub.Close()
					var buf []telemetry.Value
					tick := time.NewTicker(250 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-stop:
							return
						case <-tick.C:
						}
						select {
						case <-sub.C():
							buf, _ = sub.Next(buf[:0])
						default:
						}
					}
				})
			}
			batch := make([]models.Sample, points)
			base := time.Now().UnixMilli() - 3_600_000
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				for i := range batch {
					batch[i] = models.Sample{Point: models.PointID(1 + n%devices*points + i), TimeMS: base + int64(n/devices), Value: float64(n)}
				}
				l.Update(batch)
			}
			b.ReportMetric(float64(b.N)*points/b.Elapsed().Seconds(), "samples/s")
			close(stop)
			wg.Wait()
		})
	}
}
