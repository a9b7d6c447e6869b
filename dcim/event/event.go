// Package event keeps a journal of what happened to devices: what they told by
// themselves in traps, and what polling noticed. Events are written in batches
// by one goroutine and bounded by age, by number, and for each device, so that
// one that tells without end costs only its own history.
//
// Reading asks package access and shows only what the principal's sites allow.
package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/models"
)

// Options configure a Journal. DB is mandatory.
type Options struct {
	DB *gorm.DB
	// MaxAge is how long events are kept; default 400 days.
	MaxAge time.Duration
	// MaxEvents is how many are kept; default 1,000,000. It may be exceeded by
	// a twentieth for a while.
	MaxEvents int
	// PerDevice is how many of each severity are kept of one device; default
	// 1,000. It may be exceeded by a tenth for a while.
	PerDevice int
	// Queue is how many events may wait to be written; default 4,096. What
	// comes beyond is dropped and counted.
	Queue int
	// Kept is told which devices have new events, after those are kept. It
	// must not block.
	Kept func([]models.DeviceID)
	Log  *slog.Logger
}

// Stats counts since the start.
type Stats struct {
	// Kept were written. Dropped found the queue full. Lost could not be
	// written: their device is gone, or the database was away at the end.
	Kept, Dropped, Lost uint64
	// Pruned had to make room.
	Pruned uint64
	// Waiting are in the queue now.
	Waiting int
	// LastError says why nothing can be written; empty when all is well.
	LastError string
}

// Journal keeps events. It is safe for concurrent use. Nothing is written
// unless Run does.
type Journal struct {
	o     Options
	log   *slog.Logger
	queue chan entry

	kept, dropped, lost, pruned atomic.Uint64

	mu        sync.Mutex
	lastError string

	// Owned by Run.
	grown      map[models.DeviceID]int // events since the device was pruned
	sincePrune int
}

type entry struct {
	event models.Event
	done  func(error)
}

// ErrDropped means that an event found the queue full.
var ErrDropped = errors.New("event dropped: too many wait to be kept")

// New returns a Journal; it starts nothing.
func New(o Options) (*Journal, error) {
	if o.DB == nil {
		return nil, errors.New("events: a database is mandatory")
	}
	def := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	if o.MaxAge <= 0 {
		o.MaxAge = 400 * 24 * time.Hour
	}
	def(&o.MaxEvents, 1_000_000)
	def(&o.PerDevice, 1000)
	def(&o.Queue, 4096)
	if o.Kept == nil {
		o.Kept = func([]models.DeviceID) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Journal{o: o, log: o.Log, queue: make(chan entry, o.Queue), grown: map[models.DeviceID]int{}}, nil
}

// Stats returns the counters.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Stats{
		Kept: j.kept.Load(), Dropped: j.dropped.Load(), Lost: j.lost.Load(), Pruned: j.pruned.Load(), Waiting: len(j.queue), LastError: j.lastError,
	}
}

// Tell takes an event, which happens now when it has no time, and returns at
// once. An event of no kind in models.EventKinds is dropped. done, when not nil,
// is told afterwards that the event is kept, or why it is not; it must not block,
// and may be called before Tell returns.
func (j *Journal) Tell(e models.Event, done func(error)) {
	if e.TimeMS == 0 {
		e.TimeMS = time.Now().UnixMilli()
	}
	if slices.Contains(models.EventKinds(), e.Kind) {
		select {
		case j.queue <- entry{bound(e), done}:
			return
		default:
		}
	}
	j.dropped.Add(1)
	if done != nil {
		done(ErrDropped)
	}
}

// The bounds of one event, in bytes but for maxVariables.
const (
	maxName      = 128
	maxText      = 1000
	maxVariables = 40
	maxValue     = 512
	maxJSON      = 8 << 10
)

// bound makes foreign text fit for the database.
func bound(e models.Event) models.Event {
	e.Name, e.Clears, e.Source, e.PointKey = cut(e.Name, maxName), cut(e.Clears, maxName), cut(e.Source, maxName), cut(e.PointKey, maxValue)
	e.Text = cut(e.Text, maxText)
	if !slices.Contains(severities, e.Severity) {
		e.Severity = models.SeverityUnknown
	}
	in := e.Variables
	e.Variables = nil
	size := 0
	for _, v := range in {
		v.Name, v.OID, v.Value = cut(v.Name, maxName), cut(v.OID, maxValue), cut(v.Value, maxValue)
		b, err := json.Marshal(v)
		if err != nil || size+len(b) > maxJSON || len(e.Variables) == maxVariables {
			break
		}
		size += len(b)
		e.Variables = append(e.Variables, v)
	}
	return e
}

// cut returns at most n bytes of valid text without NUL, which PostgreSQL
// cannot keep.
func cut(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

const (
	// maxBatch bounds the events of one transaction.
	maxBatch = 500
	// linger is how long a batch waits for more.
	linger = 50 * time.Millisecond
	// pruneEvery is how often old events go.
	pruneEvery = time.Hour
	// flushTime bounds the last writing when Run ends.
	flushTime = 5 * time.Second

	firstRetry = 500 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// Run writes events until ctx ends, and then what still waits.
func (j *Journal) Run(ctx context.Context) error {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	j.tidy(ctx)
	for {
		select {
		case <-ctx.Done():
			return j.flush(ctx)
		case <-tick.C:
			j.tidy(ctx)
		case first := <-j.queue:
			batch := j.gather(ctx, first)
			if left := j.keep(ctx, batch); left != nil {
				return j.flush(ctx, left...)
			}
			if j.sincePrune >= max(j.o.MaxEvents/20, 1) {
				j.tidy(ctx)
			}
		}
	}
}

// gather waits a little for more events than the first one.
func (j *Journal) gather(ctx context.Context, first entry) []entry {
	batch := []entry{first}
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for len(batch) < maxBatch {
		select {
		case e := <-j.queue:
			batch = append(batch, e)
		case <-timer.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// keep writes a batch, however long the database is away. It returns what is not
// written when ctx ends before.
func (j *Journal) keep(ctx context.Context, batch []entry) []entry {
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		var err error
		batch, err = j.write(ctx, batch)
		if ctx.Err() != nil && err != nil {
			return batch
		}
		j.mu.Lock()
		told := j.lastError != ""
		j.lastError = ""
		if err != nil {
			j.lastError = err.Error()
		}
		j.mu.Unlock()
		if err == nil {
			if told {
				j.log.InfoContext(ctx, "events are kept again")
			}
			return nil
		}
		if !told {
			j.log.ErrorContext(ctx, "events cannot be kept, they wait", "err", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return batch
		}
	}
}

// flush writes what waits when Run ends, within a bound.
func (j *Journal) flush(ctx context.Context, batch ...entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	for {
		for len(batch) < maxBatch {
			select {
			case e := <-j.queue:
				batch = append(batch, e)
				continue
			default:
			}
			break
		}
		if len(batch) == 0 {
			return nil
		}
		var err error
		if batch, err = j.write(ctx, batch); err != nil {
			n := len(batch) + len(j.queue)
			j.lost.Add(uint64(n))
			return fmt.Errorf("keep the last %d events: %w", n, err)
		}
	}
}

// write keeps a batch in one transaction, and returns what is still to be kept:
// nothing, or after an error the batch without the events of devices that are
// gone, of which their tellers know.
func (j *Journal) write(ctx context.Context, batch []entry) ([]entry, error) {
	err := j.create(ctx, batch)
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		if batch, err = j.known(ctx, batch); err == nil {
			err = j.create(ctx, batch)
		}
	}
	if err != nil {
		return batch, fmt.Errorf("keep %d events: %w", len(batch), err)
	}
	j.wrote(ctx, batch)
	return nil, nil
}

func (j *Journal) create(ctx context.Context, batch []entry) error {
	if len(batch) == 0 {
		return nil
	}
	rows := make([]models.Event, len(batch))
	for i := range batch {
		rows[i] = batch[i].event
		rows[i].ID = 0
	}
	return db.Tx(ctx, j.o.DB, func(tx *gorm.DB) error { return tx.CreateInBatches(&rows, 100).Error })
}

// ErrGone means that the device of an event is no more.
var ErrGone = errors.New("the device of the event is no more")

// known returns the events whose devices are there; the others are lost.
func (j *Journal) known(ctx context.Context, batch []entry) ([]entry, error) {
	var ids []models.DeviceID
	for _, e := range batch {
		ids = append(ids, e.event.DeviceID)
	}
	var found []models.DeviceID
	if err := j.o.DB.WithContext(ctx).Model(&models.Device{}).Where("id IN ?", ids).Pluck("id", &found).Error; err != nil {
		return batch, fmt.Errorf("look up devices of events: %w", err)
	}
	out := make([]entry, 0, len(batch))
	for _, e := range batch {
		if slices.Contains(found, e.event.DeviceID) {
			out = append(out, e)
			continue
		}
		j.lost.Add(1)
		if e.done != nil {
			e.done(ErrGone)
		}
	}
	return out, nil
}

func (j *Journal) wrote(ctx context.Context, batch []entry) {
	j.kept.Add(uint64(len(batch)))
	j.sincePrune += len(batch)
	seen := map[models.DeviceID]bool{}
	var devices []models.DeviceID
	for _, e := range batch {
		id := e.event.DeviceID
		if !seen[id] {
			seen[id] = true
			devices = append(devices, id)
		}
		j.grown[id]++
		if e.done != nil {
			e.done(nil)
		}
	}
	j.o.Kept(devices)
	for _, id := range devices {
		if j.grown[id] < max(j.o.PerDevice/10, 1) {
			continue
		}
		delete(j.grown, id)
		for _, s := range severities {
			if err := j.pruneDevice(ctx, id, s); err != nil {
				j.log.WarnContext(ctx, "make room for events", "device", id, "err", err)
			}
		}
	}
}
