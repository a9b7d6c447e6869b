// Package collect polls a list of devices without a model or a screen and
// counts what it costs: the collector's own benchmark.
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/embedded"
	"github.com/aisle-dcim/aisle/models"
)

// Options of a run.
type Options struct {
	Engines *app.Engines
	Targets []collectors.Target
	// Interval between polls of a device; zero polls each again at once.
	Interval time.Duration
	// Window is how many devices are polled at the same time without pause.
	Window int
	// WarmUp is not counted; Duration is.
	WarmUp, Duration time.Duration
	// StoreDir keeps the samples in an embedded store, with last values and a
	// live stream as the service has them; empty discards them.
	StoreDir string
	// AtStart is called when the warm-up is over and AtEnd when the duration
	// is, while all runs.
	AtStart, AtEnd func()
	Log            *slog.Logger
}

// Stats is what a run counted.
type Stats struct {
	Devices int     `json:"devices"`
	Learned int     `json:"learned"`
	Polls   uint64  `json:"polls"`
	Failed  uint64  `json:"polls_failed"`
	Skipped uint64  `json:"polls_skipped"`
	Points  uint64  `json:"points"`
	Good    uint64  `json:"points_good"`
	Stored  uint64  `json:"points_stored"`
	Stream  uint64  `json:"points_streamed"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_s"`
	// CPUPerMillion is in CPU seconds for a million points.
	CPUPerMillion float64 `json:"cpu_s_per_million_points"`
	PointsPerS    float64 `json:"points_per_s"`
	PointsPerCore float64 `json:"points_per_s_and_core"`
	PeakMB        float64 `json:"peak_rss_mb"`
	// LateMS is how much later than planned polls began, in milliseconds:
	// median, 99th percentile and worst.
	LateMS     [3]float64 `json:"late_ms"`
	Requests   uint64     `json:"requests"`
	Timeouts   uint64     `json:"timeouts"`
	Foreign    uint64     `json:"foreign"`
	Malformed  uint64     `json:"malformed"`
	FirstError string     `json:"first_error,omitempty"`
}

// Run polls until the duration or ctx ends.
func Run(ctx context.Context, o Options) (Stats, error) {
	r := &run{o: o}
	sink, stop, err := r.sink(ctx)
	if err != nil {
		return Stats{}, err
	}
	if o.Interval > 0 {
		err = r.paced(ctx, sink)
	} else {
		err = r.flatOut(ctx, sink)
	}
	return r.stats, errors.Join(err, stop())
}

// run is one run.
type run struct {
	o     Options
	stats Stats

	polls, failed, points, good, stored, streamed, learned atomic.Uint64

	mu    sync.Mutex
	first error
}

func (r *run) note(err error) {
	r.failed.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil {
		r.first = err
	}
}

// counting is a Sink in front of another one, or of nothing.
type counting struct {
	run  *run
	next collectors.Sink
}

func (c counting) Append(ctx context.Context, samples []models.Sample) error {
	good := 0
	for i := range samples {
		if samples[i].Quality == models.Good {
			good++
		}
	}
	c.run.points.Add(uint64(len(samples)))
	c.run.good.Add(uint64(good))
	if c.next == nil {
		return nil
	}
	if err := c.next.Append(ctx, samples); err != nil {
		return err
	}
	c.run.stored.Add(uint64(len(samples)))
	return nil
}

// sink returns where samples go, and how to end it.
func (r *run) sink(ctx context.Context) (collectors.Sink, func() error, error) {
	if r.o.StoreDir == "" {
		return counting{run: r}, func() error { return nil }, nil
	}
	catalog := telemetry.CatalogFunc(func(p models.PointID) (telemetry.SeriesID, bool) {
		return telemetry.SeriesID{Device: models.DeviceID(p / pointsPerDevice), Key: fmt.Sprintf("point/%d", p%pointsPerDevice), Class: "count"}, true
	})
	store, err := embedded.Open(embedded.Options{Dir: filepath.Join(r.o.StoreDir, "telemetry"), Catalog: catalog, Logger: r.o.Log}) //nolint:contextcheck // it lives until it is closed
	if err != nil {
		return nil, nil, fmt.Errorf("open time-series store: %w", err)
	}
	live := telemetry.NewLive(telemetry.LiveOptions{})
	recorder, err := telemetry.NewRecorder(telemetry.RecorderOptions{Store: store, Live: live, SpoolDir: filepath.Join(r.o.StoreDir, "spool"), Logger: r.o.Log})
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = recorder.Run(ctx) }) // it ends with ctx only
	// One screen follows every value.
	screen := live.SubscribeFunc(func(models.PointID) bool { return true })
	wg.Go(func() {
		var values []telemetry.Value
		for {
			select {
			case <-ctx.Done():
				return
			case <-screen.C():
				values, _ = screen.Next(values[:0])
				r.streamed.Add(uint64(len(values)))
			}
		}
	})
	return counting{r, recorder}, func() error {
		cancel()
		wg.Wait()
		screen.Close()
		return errors.Join(recorder.Close(), store.Close())
	}, nil
}

// pointsPerDevice spaces the ids of points; they lie as close as in a database.
const pointsPerDevice = 1 << 10

// Register implements collectors.Registry: ids without a database.
func (r *run) Register(_ context.Context, device models.DeviceID, l *collectors.Learned) ([]models.PointID, error) {
	r.learned.Add(1)
	return pointIDs(device, len(l.Points)), nil
}

func pointIDs(device models.DeviceID, n int) []models.PointID {
	ids := make([]models.PointID, n)
	for i := range ids {
		ids[i] = models.PointID(device)*pointsPerDevice + models.PointID(i)
	}
	return ids
}

// device is a device that is polled without pause.
type device struct {
	target collectors.Target
	driver collectors.Driver
	groups []string
	// computed are the points made of others.
	computed *collectors.Computed
	last     int64 // time of its samples before
}

// buffer is the memory of a poll.
type buffer struct {
	readings []collectors.Reading
	samples  []models.Sample
}

// flatOut polls every device again as soon as it has answered and a place in
// the window is free.
func (r *run) flatOut(ctx context.Context, sink collectors.Sink) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan *device, len(r.o.Targets)) // nobody ever waits to put one back
	for _, t := range r.o.Targets {
		queue <- &device{target: t}
	}
	var wg, learning sync.WaitGroup
	learning.Add(len(r.o.Targets))
	for range max(1, r.o.Window) {
		wg.Go(func() {
			var x buffer
			for ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case d := <-queue:
					if r.turn(ctx, d, &x, sink, learning.Done) {
						queue <- d
					}
				}
			}
		})
	}
	learned := make(chan struct{})
	go func() { learning.Wait(); close(learned) }()
	select {
	case <-learned:
	case <-ctx.Done():
	}
	r.measure(ctx, nil)
	cancel()
	wg.Wait()
	for range len(queue) {
		if d := <-queue; d.driver == nil {
			learning.Done() // it never had its turn
		} else {
			_ = d.driver.Close() // the run is over
		}
	}
	<-learned
	return nil
}

// turn learns a device, or polls it once; it returns false when that is the
// end of it.
func (r *run) turn(ctx context.Context, d *device, x *buffer, sink collectors.Sink, done func()) bool {
	var err error
	if d.driver == nil {
		err = r.learn(ctx, d)
		done()
	} else {
		err = r.poll(ctx, d, x, sink)
	}
	if err == nil {
		return true
	}
	if ctx.Err() == nil {
		r.note(err)
	}
	if d.driver != nil {
		_ = d.driver.Close() // it is given up
	}
	return false
}

func (r *run) learn(ctx context.Context, d *device) error {
	var err error
	if d.driver, err = r.o.Engines.NewDriver(d.target); err != nil {
		return err
	}
	learned, err := collectors.Learn(ctx, d.driver)
	if err != nil {
		return err
	}
	r.learned.Add(1)
	d.computed = collectors.Compute(learned)
	for g := range learned.Intervals {
		d.groups = append(d.groups, g)
	}
	return nil
}

// poll polls a device once. That it is silent is counted and no end.
func (r *run) poll(ctx context.Context, d *device, x *buffer, sink collectors.Sink) error {
	readings, err := d.driver.Read(ctx, d.groups, x.readings[:0])
	readings = d.computed.Append(readings)
	x.readings = readings
	if err != nil && !errors.Is(err, collectors.ErrChanged) {
		if ctx.Err() == nil {
			r.note(err)
		}
		return nil
	}
	r.polls.Add(1)
	d.last = max(d.last+1, time.Now().UnixMilli()) // two polls within one millisecond are two samples
	x.samples = x.samples[:0]
	first := models.PointID(d.target.Device) * pointsPerDevice
	for i := range readings {
		y := &readings[i]
		x.samples = append(x.samples, models.Sample{Point: first + models.PointID(y.Index), TimeMS: d.last, Value: y.Value, Quality: y.Quality})
	}
	return sink.Append(ctx, x.samples)
}

// paced polls at the interval, with the manager of the service.
func (r *run) paced(ctx context.Context, sink collectors.Sink) error {
	m := collectors.NewManager(collectors.ManagerOptions{Sink: sink, Registry: r, NewDriver: r.o.Engines.NewDriver, Log: r.o.Log})
	targets := make([]collectors.Target, len(r.o.Targets))
	for i, t := range r.o.Targets {
		t.Interval = r.o.Interval
		targets[i] = t
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.Set(targets) //nolint:contextcheck // loops live as long as the manager, not as this call
	var wg sync.WaitGroup
	wg.Go(func() { _ = m.Run(ctx) }) // it ends with ctx only
	r.measure(ctx, m)
	for _, h := range m.Health() {
		if h.LastError != "" && r.stats.FirstError == "" {
			r.stats.FirstError = h.Name + ": " + h.LastError
		}
	}
	cancel()
	wg.Wait()
	return nil
}

// counted is a reading of all counters.
type counted struct {
	at                                                    time.Time
	cpu                                                   time.Duration
	polls, failed, skipped, points, good, stored, streams uint64
}

func (r *run) count(m *collectors.Manager) counted {
	c := counted{
		at: time.Now(), cpu: cpuTime(), polls: r.polls.Load(), failed: r.failed.Load(), points: r.points.Load(), good: r.good.Load(),
		stored: r.stored.Load(), streams: r.streamed.Load(),
	}
	if m != nil {
		for _, h := range m.Health() {
			c.polls += h.Polls
			c.failed += h.Failures
			c.skipped += h.Skipped
		}
	}
	return c
}

// measure waits for the warm-up and the duration and takes the difference.
func (r *run) measure(ctx context.Context, m *collectors.Manager) {
	wait(ctx, r.o.WarmUp)
	if m != nil {
		m.Lateness() // what was counted in the warm-up is forgotten
	}
	if r.o.AtStart != nil {
		r.o.AtStart()
	}
	a := r.count(m)
	before := r.o.Engines.SNMP.Stats()
	wait(ctx, r.o.Duration)
	b := r.count(m)
	after := r.o.Engines.SNMP.Stats()
	s := &r.stats
	s.Devices, s.Learned = len(r.o.Targets), int(r.learned.Load())
	s.Polls, s.Failed, s.Skipped = b.polls-a.polls, b.failed-a.failed, b.skipped-a.skipped
	s.Points, s.Good, s.Stored, s.Stream = b.points-a.points, b.good-a.good, b.stored-a.stored, b.streams-a.streams
	s.Seconds, s.CPU = b.at.Sub(a.at).Seconds(), (b.cpu - a.cpu).Seconds()
	if s.Points > 0 && s.Seconds > 0 && s.CPU > 0 {
		s.CPUPerMillion = s.CPU / float64(s.Points) * 1e6
		s.PointsPerS = float64(s.Points) / s.Seconds
		s.PointsPerCore = float64(s.Points) / s.CPU
	}
	s.PeakMB = peakMB()
	if r.o.AtEnd != nil {
		r.o.AtEnd()
	}
	if m != nil {
		median, p99, worst := m.Lateness()
		for i, d := range []time.Duration{median, p99, worst} {
			s.LateMS[i] = float64(d) / float64(time.Millisecond)
		}
	}
	s.Requests, s.Timeouts = after.Requests-before.Requests, after.Timeouts-before.Timeouts
	s.Foreign, s.Malformed = after.Foreign-before.Foreign, after.Malformed-before.Malformed
	r.mu.Lock()
	if r.first != nil {
		s.FirstError = r.first.Error()
	}
	r.mu.Unlock()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
