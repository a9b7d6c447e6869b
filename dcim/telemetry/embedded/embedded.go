// Package embedded keeps the history of points in a Prometheus TSDB inside the
// data folder. It is the only package that imports that library.
//
// Each point is one series, labelled with its identity: point id, device id, key
// and class, never its place. A sample without a value is written as a NaN whose
// payload is the quality, so that a gap shows as a gap and can say why.
//
// What is acknowledged is in the write-ahead log of the process's files, so it
// survives the death of the process at any moment. The log is flushed to the
// disk itself when a segment is full and every Options.SyncInterval: a power
// loss or a crash of the operating system can cost what came after that.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/pointmap"
)

var _ telemetry.Store = (*Store)(nil)

// Options say where the store is and how long it keeps samples.
type Options struct {
	// Dir is the folder of the store; it is made when it does not exist.
	Dir string
	// Catalog gives points their identity. Required.
	Catalog telemetry.Catalog
	// RetentionTime is how long samples are kept; zero means 400 days. Whole
	// blocks are dropped, so some samples live longer.
	RetentionTime time.Duration
	// RetentionSize is the size in bytes above which the oldest blocks are
	// dropped; zero means no bound.
	RetentionSize int64
	// OutOfOrder is how much older than the newest sample of the store one may
	// be; zero means 24 hours, negative means that none may.
	OutOfOrder time.Duration
	// MaxFuture is how far ahead of the clock a sample may lie; zero means
	// telemetry.DefaultMaxFuture.
	MaxFuture time.Duration
	// SyncInterval is how often the log is flushed to the disk itself; zero
	// means 10 seconds, negative means never.
	SyncInterval time.Duration
	// Limits bound queries.
	Limits telemetry.Limits
	// Reserve is how many bytes of the disk are left free: below that, writing
	// stops with telemetry.ErrDiskFull. Zero and negative are as in
	// telemetry.NewSpaceGuard.
	Reserve int64
	// BlockDuration is the span of the smallest block; zero means 2 hours.
	BlockDuration time.Duration
	Logger        *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Store is a telemetry.Store in a folder.
type Store struct {
	opts  Options
	log   *slog.Logger
	gate  *telemetry.Gate
	space *telemetry.SpaceGuard

	// mu is held for reading by every call, for writing to open and close.
	mu       sync.RWMutex
	db       *tsdb.DB // nil while it cannot be opened
	registry *prometheus.Registry
	closed   bool
	opened   int64 // time of the newest sample when it was opened
	repairs  atomic.Uint64

	scratch sync.Pool // of *scratch

	refMu sync.RWMutex
	refs  pointmap.Map[storage.SeriesRef]

	// createMu lets one series be made at a time, so that their references enter
	// the index of the library in order: it sorts one that comes too late into
	// lists that are being read (prometheus/prometheus#15317), and a query of that
	// moment can miss a series.
	createMu sync.Mutex

	// commitMu keeps anything from being acknowledged after a write failed.
	commitMu sync.Mutex
	broken   atomic.Bool
	// lateLost is set when the library could not log a late sample.
	lateLost atomic.Bool
	damaged  chan struct{}

	stop context.CancelFunc
	done sync.WaitGroup

	appended, markers, elided           atomic.Uint64
	duplicates, tooOld, future, unknown atomic.Uint64
	failures                            atomic.Uint64
}

func (o *Options) defaults() error {
	if o.Dir == "" {
		return errors.New("open time-series store: no folder given")
	}
	if o.Catalog == nil {
		return errors.New("open time-series store: no catalog given")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RetentionTime <= 0 {
		o.RetentionTime = 400 * 24 * time.Hour
	}
	if o.OutOfOrder == 0 {
		o.OutOfOrder = 24 * time.Hour
	}
	o.OutOfOrder = max(o.OutOfOrder, 0)
	if o.SyncInterval == 0 {
		o.SyncInterval = 10 * time.Second
	}
	if o.BlockDuration <= 0 {
		o.BlockDuration = 2 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Limits = o.Limits.WithDefaults()
	return nil
}

// Open opens the store in o.Dir and repairs what a crash left behind. It
// returns telemetry.ErrLocked when another process has it open. The store must
// be closed.
func Open(o Options) (*Store, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("make folder of time-series store: %w", err)
	}
	s := &Store{
		opts:    o,
		log:     o.Logger,
		gate:    telemetry.NewGate(o.Now, o.MaxFuture),
		space:   telemetry.NewSpaceGuard(o.Dir, o.Reserve),
		damaged: make(chan struct{}, 1),
	}
	s.scratch.New = func() any { return new(scratch) }
	if err := s.open(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.done.Go(func() { s.repairLoop(ctx) })
	if o.SyncInterval > 0 {
		s.done.Go(func() { s.syncLoop(ctx) })
	}
	return s, nil
}

// open opens the folder; mu is held, or nobody knows s yet.
func (s *Store) open() error {
	moved, err := quarantine(s.opts.Dir, s.log)
	if err != nil {
		return err
	}
	s.repairs.Add(moved)
	o := tsdb.DefaultOptions()
	o.RetentionDuration = s.opts.RetentionTime.Milliseconds()
	o.MaxBytes = s.opts.RetentionSize
	o.MinBlockDuration = s.opts.BlockDuration.Milliseconds()
	// As Prometheus itself does: a tenth of the retention, a month at most. The
	// library's default never merges blocks.
	o.MaxBlockDuration = max(min(s.opts.RetentionTime/10, 31*24*time.Hour).Milliseconds(), o.MinBlockDuration)
	o.OutOfOrderTimeWindow = s.opts.OutOfOrder.Milliseconds()
	// Every sample looks up its series in one of so many maps: with eight in
	// each, half a million series are found without hashing.
	o.StripeSize = 1 << 16
	o.WALCompression = compression.Snappy
	registry := prometheus.NewRegistry()
	replay := startReplay(s.opts.Dir, s.log, replayTold)
	db, err := tsdb.Open(s.opts.Dir, slog.New(&watcher{s.log.Handler(), &s.lateLost, replay}), registry, o, nil)
	replay.end(err == nil)
	if err != nil {
		return fmt.Errorf("open time-series store in %s: %w", s.opts.Dir, err)
	}
	s.db, s.registry = db, registry
	s.opened = math.MinInt64
	if have, ok := s.bounds(); ok {
		s.opened = have.max
	}
	s.refMu.Lock()
	s.refs = pointmap.Map[storage.SeriesRef]{}
	s.refMu.Unlock()
	if mended := moved + corruptions(registry); mended > 0 {
		s.repairs.Add(mended - moved)
		s.log.Warn("time-series store was damaged and has been repaired", "repairs", mended, "dir", s.opts.Dir)
	}
	return nil
}

// usable tells why nothing can be done; mu is held.
func (s *Store) usable() error {
	switch {
	case s.closed:
		return telemetry.ErrClosed
	case s.db == nil:
		return telemetry.ErrRepairing
	}
	return nil
}

// Metrics gives the library's own metrics (prometheus_tsdb_…), to be registered
// with the registry of the process.
func (s *Store) Metrics() prometheus.Collector { return metrics{s} }

type metrics struct{ s *Store }

// Describe sends nothing: the metrics are those of whatever store is open.
func (metrics) Describe(chan<- *prometheus.Desc) {}

// Collect sends the metrics.
func (m metrics) Collect(ch chan<- prometheus.Metric) {
	m.s.mu.RLock()
	defer m.s.mu.RUnlock()
	if m.s.registry != nil {
		m.s.registry.Collect(ch)
	}
}

// Stats returns counters since the start and the size on disk.
func (s *Store) Stats() telemetry.StoreStats {
	st := telemetry.StoreStats{
		Appended: s.appended.Load(), Markers: s.markers.Load(), Elided: s.elided.Load(),
		Duplicates: s.duplicates.Load(), TooOld: s.tooOld.Load(), Future: s.future.Load(), Unknown: s.unknown.Load(),
		Failures: s.failures.Load(), Repairs: s.repairs.Load(),
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.usable() != nil {
		return st
	}
	head := s.db.Head()
	st.Series = head.NumSeries()
	st.Bytes = head.Size()
	if first, ok := s.bounds(); ok {
		st.OldestMS = first.min
	}
	for _, b := range s.db.Blocks() {
		st.Bytes += b.Size()
	}
	return st
}

type span struct{ min, max int64 }

// bounds returns the times of the oldest and the newest sample.
func (s *Store) bounds() (span, bool) {
	var r span
	ok := false
	add := func(lo, hi int64) {
		if lo > hi {
			return // an empty head
		}
		if !ok {
			r, ok = span{lo, hi}, true
			return
		}
		r.min, r.max = min(r.min, lo), max(r.max, hi)
	}
	add(s.db.Head().MinTime(), s.db.Head().MaxTime())
	for _, b := range s.db.BlockMetas() {
		add(b.MinTime, b.MaxTime)
	}
	return r, ok
}

// Compact writes what is due from memory into blocks and applies the retention.
// It happens by itself about once a minute.
func (s *Store) Compact(ctx context.Context) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.db.Compact(ctx); err != nil {
		return fmt.Errorf("compact time-series store: %w", err)
	}
	return nil
}

// Close flushes and closes the store; calls that are running are waited for.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.db == nil {
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close time-series store: %w", err)
	}
	return nil
}
