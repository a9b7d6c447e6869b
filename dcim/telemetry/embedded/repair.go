package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
)

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

// watcher passes the library's log on. The library takes a late sample as
// written even when it could not be logged, and only its log tells of that.
type watcher struct {
	slog.Handler
	lateLost *atomic.Bool
	replay   *replay
}

// Handle looks for the message and passes it on.
func (w *watcher) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError && strings.Contains(r.Message, "log out of order samples") {
		w.lateLost.Store(true)
	}
	w.replay.note(r)
	if !w.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return w.Handler.Handle(ctx, r)
}

// Enabled is true for errors, and for all while the log is read, whatever the level of the log.
func (w *watcher) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError || w.replay.running() || w.Handler.Enabled(ctx, l)
}

// WithAttrs keeps watching.
func (w *watcher) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &watcher{w.Handler.WithAttrs(attrs), w.lateLost, w.replay}
}

// WithGroup keeps watching.
func (w *watcher) WithGroup(name string) slog.Handler {
	return &watcher{w.Handler.WithGroup(name), w.lateLost, w.replay}
}

// breakDown stops writing until the files were opened anew: after a failed write
// the log may end in half a record, and whatever is written behind that is lost
// when it is read again.
func (s *Store) breakDown(err error) {
	s.broken.Store(true)
	s.log.Error("time-series store cannot write, it will be opened anew", "err", err)
	select {
	case s.damaged <- struct{}{}:
	default: // known already
	}
}

// repairLoop opens the store anew after a failed write, as soon as there is room.
func (s *Store) repairLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.damaged:
		}
		for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
			t := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				t.Stop()
				return
			case <-t.C:
			}
			if s.space.Check() != nil {
				pause = time.Second / 2
				continue
			}
			err := s.reopen()
			if err == nil {
				break
			}
			s.log.Error("time-series store cannot be opened anew", "err", err)
		}
	}
}

// reopen closes the files and opens them again, which repairs their ends.
func (s *Store) reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.log.Warn("damaged time-series store did not close cleanly", "err", err)
		}
		s.db = nil
	}
	if err := s.open(); err != nil {
		return err
	}
	s.lateLost.Store(false)
	s.broken.Store(false)
	s.log.Info("time-series store writes again")
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
