package embedded

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// replayTold is how often it is told how far the reading of the log is.
const replayTold = 3 * time.Second

// replay tells how far the library is with reading its log when a store is
// opened: what came since the last block is in the log only, whether the program
// ended or was killed.
type replay struct {
	log      *slog.Logger
	began    time.Time
	segments int64
	bytes    int64
	done     atomic.Int64
	over     atomic.Bool
	stop     chan struct{}
	told     sync.WaitGroup
}

// startReplay measures the log and tells each interval how much of it was read,
// until end.
func startReplay(dir string, log *slog.Logger, each time.Duration) *replay {
	r := &replay{log: log, began: time.Now(), stop: make(chan struct{})}
	for _, pattern := range []string{"wal/[0-9]*", "wal/checkpoint.*/[0-9]*", "wbl/[0-9]*"} {
		files, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern))) // the pattern is good
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && info.Size() > 0 {
				r.segments++
				r.bytes += info.Size()
			}
		}
	}
	if r.bytes == 0 {
		return r
	}
	log.Info("reading the log of the time-series store", "segments", r.segments, "mb", r.bytes>>20, "dir", dir)
	r.told.Go(func() {
		tick := time.NewTicker(each)
		defer tick.Stop()
		for {
			select {
			case <-r.stop:
				return
			case <-tick.C:
				log.Info("still reading the log of the time-series store", "segments_read", min(r.done.Load(), r.segments), "segments", r.segments, "mb", r.bytes>>20,
					"elapsed", time.Since(r.began).Round(100*time.Millisecond))
			}
		}
	})
	return r
}

// note counts what the library says that it has read.
func (r *replay) note(x slog.Record) {
	switch x.Message {
	case "WAL segment loaded", "WBL segment loaded", "WAL checkpoint loaded":
		r.done.Add(1)
	}
}

func (r *replay) running() bool { return !r.over.Load() }

// end stops telling, and tells how long it took.
func (r *replay) end(good bool) {
	r.over.Store(true)
	close(r.stop)
	r.told.Wait()
	if good && r.bytes > 0 {
		r.log.Info("time-series store is open", "took", time.Since(r.began).Round(time.Millisecond), "mb", r.bytes>>20)
	}
}
