package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// ManagerOptions of a Manager. Sink, Registry and NewDriver are needed.
type ManagerOptions struct {
	Sink     Sink
	Registry Registry
	// NewDriver makes the driver for a target's protocol.
	NewDriver func(Target) (Driver, error)
	Log       *slog.Logger
	// OnChange is told when a device was learned or its state changed. It must
	// not block for long: it is called from the device's own loop.
	OnChange func(Health)
	// Events is told what polling notices of devices: that one restarted. It
	// must not block. Nil leaves it untold.
	Events func(models.Event)
	// Before tells what was known of a device before it is polled for the first
	// time since the start: the state that it was in, unless that was
	// StateLearning or StateOK, with its Since and LastError, and Points,
	// Missing and LastSuccess. Nil means nothing.
	Before func(models.DeviceID) Health
	// OnLearned is told what was learned, before the first sample.
	OnLearned func(models.DeviceID, *Learned)
	// LearnEvery is how often a device is learned anew to find new rows.
	// Default 1 h.
	LearnEvery time.Duration
	// MaxBackoff bounds the pause between tries of a silent device. Default 5 min.
	MaxBackoff time.Duration
	// LearnTimeout bounds one look at a device. Default 10 min.
	LearnTimeout time.Duration
}

// State is how a device does.
type State string

// The states of a device.
const (
	StateLearning  State = "learning"
	StateOK        State = "ok"
	StateSilent    State = "silent"
	StateAuth      State = "auth-failed"
	StateNoProfile State = "no-profile"
	StateError     State = "error"
)

// Health is the polling health of one device.
type Health struct {
	Device  models.DeviceID
	Name    string
	State   State
	Profile string
	// Points is how many points were learned; Missing how many of them had no
	// good value at the last poll.
	Points, Missing int
	// Since is when State began; LastPoll and LastSuccess are zero when there
	// was none.
	Since, LastPoll, LastSuccess time.Time
	// Latency is how long the last successful poll took.
	Latency time.Duration
	// Counts are since the device is polled.
	Counts
	// LastError is the text of the last failure, empty when all is well.
	LastError string
	// Interval is the time between polls of the fastest group, Slowest that of
	// the slowest one.
	Interval, Slowest time.Duration
}

// remember takes over what was known before the start. A device that was not
// read well is in that state until it answers or fails in another way; what was
// read well is to be seen again first.
func (h *Health) remember(before Health) {
	h.Points, h.Missing, h.LastSuccess = before.Points, before.Missing, before.LastSuccess
	switch before.State {
	case StateSilent, StateAuth, StateNoProfile, StateError:
		h.State, h.Since, h.LastError = before.State, before.Since, before.LastError
	}
}

// Counts of polls. A poll is skipped when the one before it, or a look at the
// device, has not ended. Unstored are polls whose samples the sink did not keep:
// not the device's fault.
type Counts struct {
	Polls, Failures, Timeouts, Skipped, Unstored uint64
}

// totals are counts of all devices, of those that are polled no more too.
type totals struct {
	mu sync.Mutex
	n  Counts
}

func (t *totals) add(before, after Counts) {
	if before == after {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n.Polls += after.Polls - before.Polls
	t.n.Failures += after.Failures - before.Failures
	t.n.Timeouts += after.Timeouts - before.Timeouts
	t.n.Skipped += after.Skipped - before.Skipped
	t.n.Unstored += after.Unstored - before.Unstored
}

// Totals returns the counts of all devices since the start.
func (m *Manager) Totals() Counts {
	m.totals.mu.Lock()
	defer m.totals.mu.Unlock()
	return m.totals.n
}

// Manager polls devices: one loop each. Set tells which.
type Manager struct {
	opt ManagerOptions

	late    lateness
	totals  totals
	buffers sync.Pool // of *buffer
	began   time.Time // a beat of the clock by which polls begin
	beats   atomic.Int64

	mu    sync.Mutex
	loops map[models.DeviceID]*loop
	// ending are the last loops of devices that are polled no more.
	ending map[models.DeviceID]<-chan struct{}
	ctx    context.Context //nolint:containedctx // the life of Run, for loops that Set starts
	wg     sync.WaitGroup
}

// NewManager returns a manager that polls nothing yet.
func NewManager(opt ManagerOptions) *Manager {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Events == nil {
		opt.Events = func(models.Event) {}
	}
	if opt.LearnEvery <= 0 {
		opt.LearnEvery = time.Hour
	}
	if opt.MaxBackoff <= 0 {
		opt.MaxBackoff = 5 * time.Minute
	}
	if opt.LearnTimeout <= 0 {
		opt.LearnTimeout = 10 * time.Minute
	}
	m := &Manager{opt: opt, loops: map[models.DeviceID]*loop{}, ending: map[models.DeviceID]<-chan struct{}{}, began: time.Now()}
	m.beats.Store(fewBeats)
	m.buffers.New = func() any { return new(buffer) }
	return m
}

// Run polls until ctx ends, then waits for every loop.
func (m *Manager) Run(ctx context.Context) error {
	m.mu.Lock()
	if m.ctx != nil {
		m.mu.Unlock()
		return errors.New("the manager runs already")
	}
	m.ctx = ctx
	for _, l := range m.loops {
		m.start(l) //nolint:contextcheck // it is m.ctx
	}
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()   // a Set that saw ctx alive has started its loops
	m.mu.Unlock() //nolint:staticcheck // the order is all that is wanted
	m.wg.Wait()
	return nil
}

// start runs a loop; the caller holds mu.
func (m *Manager) start(l *loop) {
	ctx, cancel := context.WithCancel(m.ctx)
	l.cancel = cancel
	m.wg.Go(func() { defer cancel(); defer close(l.ended); l.run(ctx) })
}

// Set makes targets the devices that are polled: new ones start, missing ones
// end, changed ones start anew.
func (m *Manager) Set(targets []Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beats.Store(int64(beats(len(targets))))
	keep := map[models.DeviceID]bool{}
	for _, t := range targets {
		keep[t.Device] = true
		old, ok := m.loops[t.Device]
		if ok && old.is(t) {
			old.change(func(h *Health) { h.Name = t.Name })
			continue
		}
		l := &loop{manager: m, target: t, poke: make(chan struct{}, 1), jobs: make(chan *job), ended: make(chan struct{})}
		l.health = Health{Device: t.Device, Name: t.Name, State: StateLearning, Since: time.Now()}
		if !ok && m.opt.Before != nil {
			l.health.remember(m.opt.Before(t.Device))
		}
		// One loop a device, never two at once.
		if ok && old.cancel != nil {
			old.cancel()
			l.after = old.ended
		} else if !ok {
			l.after = m.ending[t.Device]
		}
		delete(m.ending, t.Device)
		m.loops[t.Device] = l
		if m.ctx != nil && m.ctx.Err() == nil {
			m.start(l)
		}
	}
	for id, l := range m.loops {
		if !keep[id] {
			if l.cancel != nil {
				l.cancel()
				m.ending[id] = l.ended
			}
			delete(m.loops, id)
		}
	}
	for id, ended := range m.ending {
		select {
		case <-ended:
			delete(m.ending, id)
		default:
		}
	}
}

// is tells whether a target is that of the loop, whatever its name.
func (l *loop) is(t Target) bool {
	t.Name = l.target.Name
	return l.target == t
}

// ErrUnknownDevice is returned for a device that is not polled.
var ErrUnknownDevice = errors.New("device is not polled")

// Poll has a device polled now, whatever its next turn.
func (m *Manager) Poll(id models.DeviceID) error {
	m.mu.Lock()
	l, ok := m.loops[id]
	m.mu.Unlock()
	if !ok {
		return fmt.Errorf("poll device %d: %w", id, ErrUnknownDevice)
	}
	select {
	case l.poke <- struct{}{}:
	default: // asked already
	}
	return nil
}

// Relearn has the devices that want says yes to learned anew at their next
// turn, which is now, and returns how many they are. A device that does not
// answer then is polled as it was learned before.
func (m *Manager) Relearn(want func(Target, Health) bool) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, l := range m.loops {
		if !want(l.target, l.read()) {
			continue
		}
		n++
		l.anew.Store(true)
		select {
		case l.poke <- struct{}{}:
		default: // asked already
		}
	}
	return n
}

// Health returns the health of every device, by id.
func (m *Manager) Health() []Health {
	m.mu.Lock()
	out := make([]Health, 0, len(m.loops))
	for _, l := range m.loops {
		out = append(out, l.read())
	}
	m.mu.Unlock()
	sort.Slice(out, func(i, j int) bool { return out[i].Device < out[j].Device })
	return out
}

// DeviceHealth returns the health of one device.
func (m *Manager) DeviceHealth(id models.DeviceID) (Health, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.loops[id]
	if !ok {
		return Health{}, false
	}
	return l.read(), true
}
