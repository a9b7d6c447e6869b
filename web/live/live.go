// Package live sends values to browsers as they change, by server-sent events.
package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/problem"
)

// Options configure a Hub. Values is mandatory.
type Options struct {
	// Values are the last values.
	Values *telemetry.Live
	// Interval is the shortest time between two events; changes in between come
	// together. Default 1 s.
	Interval time.Duration
	// Heartbeat is the time between two comments, by which both ends notice
	// that the other is gone. Default 10 s.
	Heartbeat time.Duration
	// Recheck is how often a stream proves anew that its user may have it.
	// Default 5 s.
	Recheck time.Duration
	// PerUser and Total bound the streams open at once. Default 256 and 2000.
	PerUser, Total int
	Log            *slog.Logger
}

// Hub runs the streams. It is safe for concurrent use.
type Hub struct {
	o    Options
	stop chan struct{}

	mu      sync.Mutex
	closed  bool
	total   int
	perUser map[string]int
	streams map[*stream]struct{}
	states  map[models.DeviceID]known
	wg      sync.WaitGroup
}

// known is the newest state of a device and the number of the newest change of
// a value when it came: who knows that change may not know the state.
type known struct {
	state apigen.DeviceState
	seq   uint64
}

// stream is one client. States of devices wait in it until they are sent, each
// device once with its newest state, and so do devices with new events.
type stream struct {
	wake    chan struct{}
	wants   func(models.DeviceID) bool
	mu      sync.Mutex
	pending map[models.DeviceID]apigen.DeviceState
	journal map[models.DeviceID]struct{}
}

// maxJournal is how many devices with new events are named at once.
const maxJournal = 100

// New returns a Hub; it starts nothing.
func New(o Options) (*Hub, error) {
	if o.Values == nil {
		return nil, errors.New("live: values are mandatory")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Interval, time.Second)
	def(&o.Heartbeat, 10*time.Second)
	def(&o.Recheck, 5*time.Second)
	if o.PerUser <= 0 {
		o.PerUser = 256
	}
	if o.Total <= 0 {
		o.Total = 2000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{o: o, stop: make(chan struct{}), perUser: map[string]int{}, streams: map[*stream]struct{}{}, states: map[models.DeviceID]known{}}, nil
}

// Clients is the number of open streams.
func (h *Hub) Clients() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

// Notify tells the streams that the state of a device changed. It never waits
// for a client.
func (h *Hub) Notify(s apigen.DeviceState) {
	id := models.DeviceID(s.Device)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states[id] = known{s, h.o.Values.Seq()}
	for c := range h.streams {
		if c.wants != nil && !c.wants(id) {
			continue
		}
		c.mu.Lock()
		c.pending[id] = s
		c.mu.Unlock()
		select {
		case c.wake <- struct{}{}:
		default: // woken already
		}
	}
}

// Journal tells the streams that devices have new events. It never waits for a
// client.
func (h *Hub) Journal(devices []models.DeviceID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.streams {
		some := false
		c.mu.Lock()
		for _, id := range devices {
			if c.wants != nil && !c.wants(id) {
				continue
			}
			some = true
			if len(c.journal) <= maxJournal {
				c.journal[id] = struct{}{}
			}
		}
		c.mu.Unlock()
		if !some {
			continue
		}
		select {
		case c.wake <- struct{}{}:
		default: // woken already
		}
	}
}

// Close ends every stream, waits for them, and lets no new one begin.
func (h *Hub) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.stop)
	}
	h.mu.Unlock()
	h.wg.Wait()
}

// Request says what a stream carries.
type Request struct {
	// User names who is counted for the bound of streams.
	User string
	// Points are those whose values are sent.
	Points []models.PointID
	// Value turns a last value into what is sent.
	Value func(telemetry.Value) apigen.Value
	// Devices says whose states and events are told; nil means all. It must be
	// quick.
	Devices func(models.DeviceID) bool
	// State turns the state of a device into what is sent; nil sends it as it is.
	State func(apigen.DeviceState) apigen.DeviceState
	// Since is the number of the last change the client knows; zero begins
	// with all that is known.
	Since uint64
	// Allowed returns an error when the stream must end: signed out, revoked.
	Allowed func(context.Context) error
}

// errTooMany means that the user, or all users together, have too many streams.
var errTooMany = &problem.Error{
	Status: http.StatusTooManyRequests, Code: problem.TooMany, Detail: "too many streams are open", RetryAfter: 10 * time.Second,
}

func (h *Hub) enter(r Request) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the server is stopping")
	}
	if h.total >= h.o.Total || h.perUser[r.User] >= h.o.PerUser {
		return nil, errTooMany
	}
	h.total++
	h.perUser[r.User]++
	s := &stream{
		wake: make(chan struct{}, 1), wants: r.Devices,
		pending: map[models.DeviceID]apigen.DeviceState{}, journal: map[models.DeviceID]struct{}{},
	}
	// What happened while the client was away.
	for id, k := range h.states {
		if k.seq >= r.Since && (s.wants == nil || s.wants(id)) {
			s.pending[id] = k.state
		}
	}
	if len(s.pending) > 0 {
		s.wake <- struct{}{}
	}
	h.streams[s] = struct{}{}
	h.wg.Add(1)
	return s, nil
}

func (h *Hub) leave(r Request, s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.total--
	if h.perUser[r.User]--; h.perUser[r.User] == 0 {
		delete(h.perUser, r.User)
	}
	delete(h.streams, s)
	h.wg.Done()
}

// Serve sends events until the client goes, the hub closes or the request is
// no longer allowed. A client that does not read is dropped.
func (h *Hub) Serve(c echo.Context, r Request) error {
	s, err := h.enter(r)
	if err != nil {
		return err
	}
	defer h.leave(r, s)
	sub := h.o.Values.Subscribe(r.Points)
	defer sub.Close()
	sub.After(r.Since)

	head := c.Response().Header()
	head.Set(echo.HeaderContentType, "text/event-stream")
	head.Set(echo.HeaderCacheControl, "no-store")
	head.Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	c.Response().WriteHeader(http.StatusOK)
	w := &writer{c: c, rc: http.NewResponseController(c.Response())}
	// The bound on reading a request must not end its stream.
	if err := w.rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil //nolint:nilerr // the client is gone
	}
	// The client asks again after this many milliseconds.
	if err := w.text("retry: 2000\n\n"); err != nil {
		return nil //nolint:nilerr // the client is gone
	}

	ctx := c.Request().Context()
	beat, check := time.NewTicker(h.o.Heartbeat), time.NewTicker(h.o.Recheck)
	defer beat.Stop()
	defer check.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	<-pause.C
	ready, values := true, []telemetry.Value(nil)
	changed := false
	for {
		if changed && ready {
			changed = false
			var seq uint64
			values, seq = sub.Next(values[:0])
			if err := h.send(w, r, s, values, seq); err != nil {
				h.o.Log.Debug("stream ended", "user", r.User, "err", err)
				return nil
			}
			ready = false
			pause.Reset(h.o.Interval)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-h.stop:
			return nil
		case <-sub.C():
			changed = true
		case <-s.wake:
			changed = true
		case <-pause.C:
			ready = true
		case <-beat.C:
			if err := w.text(": beat\n\n"); err != nil {
				return nil //nolint:nilerr // the client is gone
			}
		case <-check.C:
			if r.Allowed == nil {
				continue
			}
			if err := r.Allowed(ctx); err != nil {
				h.o.Log.Debug("stream no longer allowed", "user", r.User, "err", err)
				_ = w.text("event: end\ndata: {}\n\n")
				return nil
			}
		}
	}
}

func (h *Hub) send(w *writer, r Request, s *stream, values []telemetry.Value, seq uint64) error {
	s.mu.Lock()
	states, journal := s.pending, s.journal
	s.pending = map[models.DeviceID]apigen.DeviceState{}
	if len(journal) > 0 {
		s.journal = map[models.DeviceID]struct{}{}
	}
	s.mu.Unlock()
	for _, st := range states {
		if r.State != nil {
			st = r.State(st)
		}
		if err := w.event("device", "", st); err != nil {
			return err
		}
	}
	if len(journal) > 0 {
		var out apigen.StreamJournal
		if len(journal) <= maxJournal {
			ids := make([]uint64, 0, len(journal))
			for id := range journal {
				ids = append(ids, uint64(id))
			}
			slices.Sort(ids)
			out.Devices = &ids
		}
		if err := w.event("journal", "", out); err != nil {
			return err
		}
	}
	if len(values) == 0 {
		return w.flush()
	}
	id := strconv.FormatUint(seq, 10)
	out := apigen.StreamValues{Seq: id, Values: make([]apigen.Value, len(values))}
	for i, v := range values {
		out.Values[i] = r.Value(v)
	}
	if err := w.event("values", id, out); err != nil {
		return err
	}
	return w.flush()
}

// writer writes events; each write must be done within a bound.
type writer struct {
	c  echo.Context
	rc *http.ResponseController
}

const writeTimeout = 10 * time.Second

func (w *writer) deadline() error {
	err := w.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

func (w *writer) text(s string) error {
	if err := w.deadline(); err != nil {
		return err
	}
	if _, err := w.c.Response().Write([]byte(s)); err != nil {
		return err
	}
	return w.flush()
}

func (w *writer) event(name, id string, data any) error {
	if err := w.deadline(); err != nil {
		return err
	}
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", name, err)
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	_, err = fmt.Fprintf(w.c.Response(), "event: %s\n%sdata: %s\n\n", name, id, b)
	return err
}

func (w *writer) flush() error { return w.rc.Flush() }
