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
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
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
	// BlockDuration is the span of the smallest block; zero means 2 hours.
	BlockDuration time.Duration
	Logger        *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Store is a telemetry.Store in a folder.
type Store struct {
	opts     Options
	db       *tsdb.DB
	log      *slog.Logger
	gate     *telemetry.Gate
	registry *prometheus.Registry
	repairs  uint64

	refMu sync.RWMutex
	refs  map[models.PointID]storage.SeriesRef

	// closing is held for reading by every call, for writing by Close.
	closing sync.RWMutex
	closed  bool
	stop    context.CancelFunc
	done    sync.WaitGroup

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
		opts: o,
		log:  o.Logger,
		gate: telemetry.NewGate(o.Now, o.MaxFuture),
		refs: make(map[models.PointID]storage.SeriesRef),
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	s.repairs += corruptions(s.registry)
	if s.repairs > 0 {
		s.log.Warn("time-series store was damaged and has been repaired", "repairs", s.repairs, "dir", o.Dir)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if o.SyncInterval > 0 {
		s.done.Go(func() { s.syncLoop(ctx) })
	}
	return s, nil
}

func (s *Store) open() error {
	moved, err := quarantine(s.opts.Dir, s.log)
	if err != nil {
		return err
	}
	s.repairs = moved
	o := tsdb.DefaultOptions()
	o.RetentionDuration = s.opts.RetentionTime.Milliseconds()
	o.MaxBytes = s.opts.RetentionSize
	o.MinBlockDuration = s.opts.BlockDuration.Milliseconds()
	// As Prometheus itself does: a tenth of the retention, a month at most. The
	// library's default never merges blocks.
	o.MaxBlockDuration = max(min(s.opts.RetentionTime/10, 31*24*time.Hour).Milliseconds(), o.MinBlockDuration)
	o.OutOfOrderTimeWindow = s.opts.OutOfOrder.Milliseconds()
	o.WALCompression = compression.Snappy
	s.registry = prometheus.NewRegistry()
	db, err := tsdb.Open(s.opts.Dir, s.log, s.registry, o, nil)
	if err != nil {
		return fmt.Errorf("open time-series store in %s: %w", s.opts.Dir, err)
	}
	s.db = db
	return nil
}

// quarantine moves blocks that cannot be opened out of the way and returns how
// many there were: the library would refuse to open the store at all.
func quarantine(dir string, log *slog.Logger) (moved uint64, err error) {
	lock, err := tsdbutil.NewDirLocker(dir, "quarantine", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return 0, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := lock.Lock(); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EACCES) {
			return 0, fmt.Errorf("open %s: %w", dir, telemetry.ErrLocked)
		}
		return 0, fmt.Errorf("lock %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	metas, err := filepath.Glob(filepath.Join(dir, "*", "chunks"))
	if err != nil {
		return 0, fmt.Errorf("list blocks of %s: %w", dir, err)
	}
	for _, m := range metas {
		block := filepath.Dir(m)
		if strings.Contains(filepath.Base(block), ".") {
			continue
		}
		b, openErr := tsdb.OpenBlock(log, block, nil, nil)
		if openErr == nil {
			if err := b.Close(); err != nil {
				return moved, fmt.Errorf("close block %s: %w", block, err)
			}
			continue
		}
		if err := os.Rename(block, block+".damaged"); err != nil {
			return moved, fmt.Errorf("move damaged block %s away: %w", block, err)
		}
		moved++
		log.Error("damaged block of the time-series store moved away, its samples are not available",
			"block", block+".damaged", "err", openErr)
	}
	return moved, nil
}

// corruptions reads how many damaged files the library repaired on opening.
func corruptions(r *prometheus.Registry) uint64 {
	families, err := r.Gather()
	if err != nil {
		return 0
	}
	var n float64
	for _, f := range families {
		switch f.GetName() {
		case "prometheus_tsdb_wal_corruptions_total", "prometheus_tsdb_mmap_chunk_corruptions_total":
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return uint64(n)
}

// Metrics gives the library's own metrics (prometheus_tsdb_…).
func (s *Store) Metrics() prometheus.Gatherer { return s.registry }

// Stats returns counters since the start and the size on disk.
func (s *Store) Stats() telemetry.StoreStats {
	st := telemetry.StoreStats{
		Appended: s.appended.Load(), Markers: s.markers.Load(), Elided: s.elided.Load(),
		Duplicates: s.duplicates.Load(), TooOld: s.tooOld.Load(), Future: s.future.Load(), Unknown: s.unknown.Load(),
		Failures: s.failures.Load(), Repairs: s.repairs,
	}
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
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
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return telemetry.ErrClosed
	}
	if err := s.db.Compact(ctx); err != nil {
		return fmt.Errorf("compact time-series store: %w", err)
	}
	return nil
}

// Close flushes and closes the store; calls that are running are waited for.
func (s *Store) Close() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.stop()
	s.done.Wait()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close time-series store: %w", err)
	}
	return nil
}

func (s *Store) syncLoop(ctx context.Context) {
	tick := time.NewTicker(s.opts.SyncInterval)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := errors.Join(syncNewest(filepath.Join(s.opts.Dir, "wal")), syncNewest(filepath.Join(s.opts.Dir, "wbl")))
		if (err != nil) != failed {
			failed = err != nil
			if failed {
				s.log.Warn("log of the time-series store cannot be flushed to disk", "err", err)
			} else {
				s.log.Info("log of the time-series store is flushed to disk again")
			}
		}
	}
}

// syncNewest flushes the segment that is being written; the library flushes
// older ones itself. Flushing works through any descriptor of a file.
func syncNewest(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list log segments: %w", err)
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if !entries[i].Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(dir, entries[i].Name())) //nolint:gosec // a file of our own folder
		if errors.Is(err, os.ErrNotExist) {
			return nil // truncated meanwhile, so it is in a block
		}
		if err != nil {
			return fmt.Errorf("open log segment: %w", err)
		}
		return errors.Join(f.Sync(), f.Close())
	}
	return nil
}
