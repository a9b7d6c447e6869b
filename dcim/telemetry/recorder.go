package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// RecorderOptions configure a Recorder.
type RecorderOptions struct {
	// Store and Live receive the samples. Required.
	Store Store
	Live  *Live
	// SpoolDir is the folder where samples wait while the store is down.
	// Required.
	SpoolDir string
	// SpoolBytes bounds it; zero means 1 GiB, some 40 million samples.
	SpoolBytes int64
	// StoreTimeout bounds one write to the store; zero means 5 s.
	StoreTimeout time.Duration
	// RetryMin and RetryMax bound the pause between attempts while the store
	// is down; zero means 1 s and 30 s.
	RetryMin, RetryMax time.Duration
	Logger             *slog.Logger
}

// Recorder takes the samples of the collectors: it updates the last values and
// writes the history. While the store is down or slow, samples are kept on disk
// and written in order afterwards; last values go on. It is safe for concurrent
// use.
type Recorder struct {
	opts  RecorderOptions
	log   *slog.Logger
	spool *spool

	mu       sync.RWMutex
	spooling bool // samples go to the spool
	down     bool // the store took nothing since it failed
	closed   bool
	lastErr  error
	since    time.Time // of the last change of down
	losing   uint64    // samples lost since then
	wake     chan struct{}

	received, stored, spooled, recovered, rejected, lost atomic.Uint64
}

// RecorderStats are the counters of a Recorder since its start.
type RecorderStats struct {
	// Received samples were either Stored at once, Spooled, Rejected by the
	// store for good, or Lost because the spool was full or not writable. Lost
	// are also Spooled samples that the disk did not give back.
	Received, Stored, Spooled, Rejected, Lost uint64
	// Recovered samples went from the spool to the store.
	Recovered uint64
	// StoreDown tells that the store takes nothing or has to catch up; Since is
	// when that changed, LastError why.
	StoreDown bool
	Since     time.Time
	LastError string
	// Waiting samples are in the spool, SpoolBytes is its size, SpoolLimit its
	// bound, SpoolDamaged the number of damaged segments.
	Waiting, SpoolBytes, SpoolLimit int64
	SpoolDamaged                    uint64
}

// NewRecorder opens the spool. Run must be running for it to be emptied.
func NewRecorder(o RecorderOptions) (*Recorder, error) {
	if o.Store == nil || o.Live == nil || o.SpoolDir == "" {
		return nil, errors.New("make recorder: store, live and spool folder are needed")
	}
	if o.SpoolBytes <= 0 {
		o.SpoolBytes = 1 << 30
	}
	if o.StoreTimeout <= 0 {
		o.StoreTimeout = 5 * time.Second
	}
	if o.RetryMin <= 0 {
		o.RetryMin = time.Second
	}
	if o.RetryMax <= 0 {
		o.RetryMax = 30 * time.Second
	}
	o.RetryMax = max(o.RetryMax, o.RetryMin)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	sp, err := openSpool(o.SpoolDir, o.SpoolBytes, o.Logger)
	if err != nil {
		return nil, err
	}
	r := &Recorder{opts: o, log: o.Logger, spool: sp, wake: make(chan struct{}, 1), since: time.Now()}
	if !sp.empty() {
		n, bytes, _ := sp.size()
		r.log.Info("samples of an earlier run wait for the time-series store", "samples", n, "bytes", bytes)
		r.spooling, r.down = true, true
		r.signal()
	}
	return r, nil
}

// Restore gives Live the newest samples of the points at or after since. It is
// meant for the start, before the collectors run.
func (r *Recorder) Restore(ctx context.Context, points []models.PointID, since time.Time) error {
	last, err := r.opts.Store.Last(ctx, points, since)
	if err != nil {
		return fmt.Errorf("restore last values: %w", err)
	}
	samples := make([]models.Sample, 0, len(last))
	for _, s := range last {
		samples = append(samples, s)
	}
	r.opts.Live.Restore(samples)
	return nil
}

// Append shows the samples as last values at once and keeps them. When it
// returns nil they are in the store or in the spool, or the store refused them
// for good and counted them. Last values come first, so that a slow store never
// delays what operators see.
func (r *Recorder) Append(ctx context.Context, samples []models.Sample) error {
	if len(samples) == 0 {
		return nil
	}
	r.received.Add(uint64(len(samples)))
	r.opts.Live.Update(samples)

	done, err := r.direct(ctx, samples)
	if done {
		return err
	}
	return r.keep(samples, err)
}

// direct writes to the store unless it is known to be down. done tells that
// there is nothing left to do.
func (r *Recorder) direct(ctx context.Context, samples []models.Sample) (done bool, err error) {
	r.mu.RLock()
	closed, spooling, down := r.closed, r.spooling, r.down
	r.mu.RUnlock()
	if closed {
		r.lost.Add(uint64(len(samples)))
		return true, ErrClosed
	}
	if spooling {
		return false, nil
	}
	err = r.write(ctx, samples)
	switch {
	case err == nil:
		r.stored.Add(uint64(len(samples)))
	case errors.Is(err, ErrRejected):
		r.reject(len(samples), err)
	default:
		return false, err
	}
	if down {
		r.resume()
	}
	return true, nil
}

// write does not end with the caller: what was measured is to be kept even if
// the poll was cancelled meanwhile.
func (r *Recorder) write(ctx context.Context, samples []models.Sample) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.StoreTimeout)
	defer cancel()
	return r.opts.Store.Append(ctx, samples)
}

func (r *Recorder) reject(n int, err error) {
	if r.rejected.Add(uint64(n)) == uint64(n) {
		r.log.Error("time-series store rejects samples; further ones are only counted", "samples", n, "err", err)
	}
}

// keep puts samples into the spool; cause is why, nil when it is in use already.
func (r *Recorder) keep(samples []models.Sample, cause error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.lost.Add(uint64(len(samples)))
		return ErrClosed
	}
	if cause != nil {
		r.lastErr = cause
		if !r.down {
			r.down, r.since, r.losing = true, time.Now(), 0
			r.log.Error("time-series store fails, samples are kept in the spool", "err", cause)
		}
	}
	if err := r.spool.append(samples); err != nil {
		n := uint64(len(samples))
		r.lost.Add(n)
		if r.losing += n; r.losing == n {
			r.log.Error("samples are lost; further ones are only counted", "err", err)
		}
		// With nothing in the spool to be written first, the next samples try
		// the store themselves.
		r.spooling = r.spooling && !r.spool.empty()
		return errors.Join(fmt.Errorf("keep %d samples: %w", len(samples), err), cause)
	}
	r.spooled.Add(uint64(len(samples)))
	// Also when the store came back since: only the spool keeps the order.
	r.spooling = true
	r.signal()
	return nil
}

func (r *Recorder) signal() {
	select {
	case r.wake <- struct{}{}:
	default: // Run knows already
	}
}

// Run empties the spool whenever the store takes samples again, and sweeps Live
// for values that become stale, until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	var done sync.WaitGroup
	defer done.Wait()
	done.Go(func() { _ = r.opts.Live.Run(ctx) }) // ends with ctx only
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
			r.drain(ctx)
		}
	}
}

// drain offers the spool to the store until it is empty or ctx ends.
func (r *Recorder) drain(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		if pause > 0 {
			t := time.NewTimer(pause/2 + rand.N(pause/2+1)) //nolint:gosec // jitter
			select {
			case <-ctx.Done():
				t.Stop()
				return
			case <-t.C:
			}
		}
		empty, err := r.drainOne(ctx)
		switch {
		case err != nil:
			r.mu.Lock()
			r.lastErr = err
			r.mu.Unlock()
			pause = min(max(pause*2, r.opts.RetryMin), r.opts.RetryMax)
		case empty:
			if r.resume() {
				return
			}
			pause = 0
		default:
			pause = 0
		}
	}
}

// drainOne moves the oldest samples to the store.
func (r *Recorder) drainOne(ctx context.Context) (empty bool, err error) {
	samples, bytes, err := r.spool.peek(5000)
	if err != nil {
		return false, err
	}
	if len(samples) == 0 {
		return true, nil
	}
	err = r.write(ctx, samples)
	switch {
	case err == nil:
		r.recovered.Add(uint64(len(samples)))
	case errors.Is(err, ErrRejected):
		r.reject(len(samples), err)
	default:
		return false, err
	}
	return false, r.spool.advance(bytes, len(samples))
}

// resume goes back to writing directly, after the store took samples, if the
// spool is still empty.
func (r *Recorder) resume() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.spool.empty() {
		return false
	}
	r.spooling = false
	if r.down {
		now := time.Now()
		r.log.Info("time-series store has caught up", "after", now.Sub(r.since).Round(time.Millisecond), "recovered", r.recovered.Load(), "lost", r.losing)
		r.down, r.since, r.lastErr, r.losing = false, now, nil, 0
	}
	return true
}

// Stats returns counters and state.
func (r *Recorder) Stats() RecorderStats {
	st := RecorderStats{
		Received: r.received.Load(), Stored: r.stored.Load(), Spooled: r.spooled.Load(),
		Rejected: r.rejected.Load(), Lost: r.lost.Load() + r.spool.gone(), Recovered: r.recovered.Load(),
		SpoolLimit: r.opts.SpoolBytes,
	}
	st.Waiting, st.SpoolBytes, st.SpoolDamaged = r.spool.size()
	r.mu.RLock()
	defer r.mu.RUnlock()
	st.StoreDown, st.Since = r.down, r.since
	if r.lastErr != nil {
		st.LastError = r.lastErr.Error()
	}
	return st
}

// Close closes the spool, after Run has ended and the collectors have stopped.
// Samples in it are written by the next run. The store is left open.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	if err := r.spool.close(); err != nil {
		return fmt.Errorf("close spool: %w", err)
	}
	return nil
}
