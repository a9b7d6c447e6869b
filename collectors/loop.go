package collectors

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// loop polls one device.
type loop struct {
	manager *Manager
	target  Target
	poke    chan struct{}
	// anew asks for a new look at the device.
	anew   atomic.Bool
	ended  chan struct{}
	after  <-chan struct{}
	cancel context.CancelFunc
	jobs   chan *job

	mu     sync.Mutex
	health Health
	// controls are those that were learned last.
	controls []models.ControlSpec
	// controlsKnown says that they were learned: none means that there are none.
	controlsKnown bool

	// Owned by run.
	driver   Driver
	learned  bool // ids are those of what the driver learned last
	changed  bool // the driver said so: look at it again when the pause is over
	unstored bool // the last poll was not kept
	// restarted: no poll succeeded since the device began anew.
	restarted bool
	counters  counters
	computed  *Computed
	phase     int64 // which of mostBeats is its own
	ids       []models.PointID
	known     [sha256.Size]byte // fingerprint of what ids are of
	groups    []group
	failed    bool // the points were marked as not answered
	failures  int
	looks     int // that failed, one after the other
	nextTime  time.Time
	learnAt   time.Time
	beganAt   [2]time.Time // when the device began anew the last two times
	changeAt  time.Time    // no new look because of a change before
}

// buffer is memory of one poll, used by one device after the other.
type buffer struct {
	readings []Reading
	samples  []models.Sample
}

func (l *loop) read() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health
}

// name is how the device is called by now.
func (l *loop) name() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health.Name
}

// change edits the health and tells whoever listens when the state changed.
func (l *loop) change(edit func(*Health)) {
	l.mu.Lock()
	before, counted := l.health.State, l.health.Counts
	edit(&l.health)
	after := l.health
	l.manager.totals.add(counted, after.Counts)
	if after.State != before {
		l.health.Since = time.Now()
		after = l.health
	}
	l.mu.Unlock()
	if after.State == before {
		return
	}
	log := l.manager.opt.Log.Info
	switch {
	case after.State != StateOK:
		log = l.manager.opt.Log.Warn
	case before == StateLearning:
		log = l.manager.opt.Log.Debug // what is expected of every device at the start
	}
	log("device state changed", "device", after.Name, "from", string(before), "to", string(after.State), "err", after.LastError)
	if l.manager.opt.OnChange != nil {
		l.manager.opt.OnChange(after)
	}
}

// The pace of the loop.
const (
	firstBackoff = 5 * time.Second
	// spread is over which new devices are spread at the start.
	spread = 5 * time.Second
	// relearnPause keeps a device whose rows flap from being walked all the time.
	relearnPause = 2 * time.Minute
	// makeshiftEvery is after how long a device is looked at again that has
	// nothing of its family: it may have by then.
	makeshiftEvery = 5 * time.Minute
	// busyPause is after how long a look is tried again for which there was no
	// turn.
	busyPause = time.Second
)

func (l *loop) run(ctx context.Context) {
	if l.after != nil {
		<-l.after
	}
	defer l.drop()
	// Its turns are spread by the device's identity, the same each start.
	h := fnv.New32a()
	fmt.Fprint(h, l.target.Device, l.target.Address)
	l.phase = phaseOf(h.Sum32())
	timer := time.NewTimer(time.Duration(h.Sum32()) % spread)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-l.jobs:
			l.work(ctx, j)
			continue // the timer still stands
		case <-l.poke:
			l.due()
		case <-timer.C:
		}
		err := l.turn(ctx)
		if ctx.Err() != nil {
			return
		}
		l.result(ctx, err)
		timer.Reset(time.Until(l.nextTime))
	}
}

// turn learns the device where needed and polls what is due. A driver that
// panics costs its own device only.
func (l *loop) turn(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			l.manager.opt.Log.ErrorContext(ctx, "driver panicked", "device", l.name(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("driver panicked: %v", r)
			l.drop()
		}
	}()
	if l.driver == nil {
		if l.driver, err = l.manager.opt.NewDriver(l.target); err != nil {
			return err
		}
		l.learned = false
	}
	now := time.Now()
	if l.anew.Swap(false) {
		l.learnAt = time.Time{}
	}
	if l.learned && now.After(l.learnAt) {
		if err := l.lookAgain(ctx); err != nil {
			l.learned = false // what it was is not what it is
			return err
		}
	}
	for range 2 {
		if !l.learned {
			if err := l.learn(ctx); err != nil {
				return err
			}
		}
		if err = l.poll(ctx); !beganAnew(err) {
			return err
		}
		// Its points may mean something else by now.
		l.learned, l.restarted = false, true
		now := time.Now()
		if now.Sub(l.beganAt[0]) < relearnPause { // it cannot be that it begins anew so often
			return fmt.Errorf("the third time within %s: %w", relearnPause, err)
		}
		l.beganAt = [2]time.Time{l.beganAt[1], now}
		if errors.Is(err, ErrRestarted) {
			l.manager.opt.Events(models.Event{
				DeviceID: l.target.Device, TimeMS: now.UnixMilli(), Kind: models.EventRestarted, Severity: models.SeverityWarning, Name: string(models.EventRestarted),
			})
		}
		l.due()
	}
	return err
}

// lookAgain looks at a device that is polled. It fails when the device is not
// what it was; else one of which the look came to nothing is polled on, and its
// polls will tell how it does.
func (l *loop) lookAgain(ctx context.Context) error {
	wanted := l.learnAt.IsZero()
	err := l.learn(ctx)
	switch {
	case err == nil:
		l.looks = 0
	case errors.Is(err, ErrBusy):
		l.learnAt = time.Now().Add(busyPause)
		if wanted {
			l.anew.Store(true)
		}
	case !l.learned || errors.Is(err, ErrAuth) || errors.Is(err, ErrNoProfile) || beganAnew(err):
		return err
	default:
		l.manager.opt.Log.WarnContext(ctx, "look at device again", "device", l.name(), "err", err)
		l.learnAt = time.Now().Add(min(relearnPause<<l.looks, l.manager.opt.LearnEvery))
		l.looks = min(l.looks+1, 8)
	}
	return nil
}

// beganAnew tells whether the points of a device may mean something else by
// now, so that its readings are not to be kept.
func beganAnew(err error) bool { return errors.Is(err, ErrRestarted) || errors.Is(err, ErrOther) }

// drop closes the driver.
func (l *loop) drop() {
	if l.driver != nil {
		_ = l.driver.Close() // the device is gone either way
	}
	l.driver, l.learned = nil, false
}

// learn looks at the device. What the driver learned and the ids of its points
// belong together: when points get no ids, the device counts as not learned.
func (l *loop) learn(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, l.manager.opt.LearnTimeout)
	defer cancel()
	learned, err := Learn(limited, l.driver)
	for !l.learned && errors.Is(err, ErrBusy) { // there is nothing to be polled meanwhile
		select {
		case <-time.After(busyPause):
			learned, err = Learn(limited, l.driver)
		case <-limited.Done():
			err = limited.Err()
		}
	}
	if err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("look at %s: not done within %s: %w", l.name(), l.manager.opt.LearnTimeout, err)
		}
		return err
	}
	l.learned = false
	computed := Compute(learned)
	learned.Intervals = l.intervals(learned)
	now := time.Now()
	every := l.manager.opt.LearnEvery
	if learned.Fit.Makeshift {
		every = min(every, makeshiftEvery)
	}
	next := now.Add(every)
	ids, err := l.manager.opt.Registry.Register(ctx, l.target.Device, learned)
	known := fingerprint(learned)
	switch {
	case err == nil && len(ids) != len(learned.Points):
		return fmt.Errorf("register points of %s: %d ids for %d points", l.name(), len(ids), len(learned.Points))
	case err == nil:
	case l.ids == nil || l.known != known:
		return fmt.Errorf("register points of %s: %w", l.name(), err)
	default:
		// The registry is away. The device and its points are those whose ids
		// are known.
		l.manager.opt.Log.WarnContext(ctx, "what was learned is registered later", "device", l.name(), "err", err)
		ids, next = l.ids, now.Add(relearnPause)
	}
	l.known = known
	l.learned, l.changed, l.ids, l.computed = true, false, ids, computed
	l.counters.learned(learned.Points, ids)
	l.learnAt = next
	l.regroup(learned, now)
	l.mu.Lock()
	l.controls, l.controlsKnown = learned.Controls, true
	l.mu.Unlock()
	if l.manager.opt.OnLearned != nil {
		l.manager.opt.OnLearned(l.target.Device, learned)
	}
	l.change(func(h *Health) {
		h.Profile, h.Points = learned.Profile, len(learned.Points)
		if len(l.groups) > 0 {
			h.Interval, h.Slowest = l.groups[0].interval, l.groups[len(l.groups)-1].interval
		}
	})
	return nil
}

// fingerprint is the same for what has the same ids: the same points of the same
// device, as far as it says which it is.
func fingerprint(l *Learned) [sha256.Size]byte {
	id := l.Identity
	text := fmt.Appendf(nil, "%q", []string{l.Profile, id.Vendor, id.Model, id.Serial, id.MAC, id.SysObjectID})
	for i := range l.Points {
		text = fmt.Appendf(text, "%q %q\n", l.Points[i].Key, l.Points[i].Class)
	}
	return sha256.Sum256(text)
}

// Learn has a driver learn its device in a goroutine of its own: learning takes
// a deep stack, which the one that polls for years need not keep. A panic comes
// back to the caller.
func Learn(ctx context.Context, d Driver) (*Learned, error) {
	var (
		learned *Learned
		err     error
		crash   any
		done    = make(chan struct{})
	)
	go func() {
		defer close(done)
		defer func() { crash = recover() }()
		learned, err = d.Learn(ctx)
	}()
	<-done
	if crash != nil {
		panic(crash)
	}
	return learned, err
}

// poll reads the groups whose turn it is.
func (l *loop) poll(ctx context.Context) error {
	start := time.Now()
	var names []string
	for _, g := range l.groups {
		if !g.next.After(start) {
			names = append(names, g.name)
		}
	}
	if len(names) == 0 {
		l.plan(start, start)
		return nil
	}
	l.manager.late.note(start, l.groups)
	buf := l.manager.buffers.Get().(*buffer)
	defer l.manager.buffers.Put(buf)
	readings, err := l.driver.Read(ctx, names, buf.readings[:0])
	readings = l.computed.Append(readings)
	buf.readings = readings[:0]
	end := time.Now()
	l.plan(start, end)
	if errors.Is(err, ErrChanged) && !beganAnew(err) {
		l.changed, err = true, nil
	}
	if err != nil {
		return err
	}
	samples := buf.samples[:0]
	missing := 0
	ms := end.UnixMilli()
	for _, r := range readings {
		if r.Quality != models.Good {
			missing++
		}
		samples = append(samples, models.Sample{Point: l.ids[r.Index], TimeMS: ms, Value: r.Value, Quality: r.Quality})
	}
	buf.samples = samples[:0]
	l.counters.note(readings, l.restarted, func(e models.Event) {
		e.DeviceID, e.TimeMS = l.target.Device, ms
		l.manager.opt.Events(e)
	})
	stored := l.store(ctx, samples)
	l.failed, l.failures, l.restarted = false, 0, false
	l.change(func(h *Health) {
		h.State, h.LastError = StateOK, ""
		if !stored {
			h.Unstored++
		}
		h.Polls++
		h.Missing = missing
		h.LastPoll, h.LastSuccess, h.Latency = end, end, end.Sub(start)
	})
	if l.changed && end.After(l.changeAt) {
		l.changeAt = end.Add(relearnPause)
		l.learnAt = end.Add(-time.Nanosecond)
		l.nextTime = end
	}
	return nil
}

// store gives samples to the sink. That it cannot keep them is no fault of the
// device: it goes on being polled, and shown. The sink says it, once for all.
func (l *loop) store(ctx context.Context, samples []models.Sample) bool {
	err := l.manager.opt.Sink.Append(ctx, samples)
	if err != nil && !l.unstored && ctx.Err() == nil {
		l.manager.opt.Log.DebugContext(ctx, "samples are not stored", "device", l.name(), "err", err)
	}
	l.unstored = err != nil
	return err == nil
}

// result takes note of a failed turn: the points lose their values once, and
// the next try waits longer each time.
func (l *loop) result(ctx context.Context, err error) {
	if err == nil {
		return
	}
	l.failures++
	now := time.Now()
	state := StateError
	switch {
	case errors.Is(err, ErrAuth):
		state = StateAuth
	case errors.Is(err, ErrNoProfile):
		state = StateNoProfile
	case errors.Is(err, ErrUnreachable):
		state = StateSilent
	}
	l.change(func(h *Health) {
		h.State, h.LastError, h.LastPoll = state, err.Error(), now
		h.Polls++
		h.Failures++
		if state == StateSilent {
			h.Timeouts++
		}
		h.Missing = h.Points
	})
	if !l.failed && len(l.ids) > 0 {
		samples := make([]models.Sample, 0, len(l.ids))
		for _, id := range l.ids {
			samples = append(samples, models.Sample{Point: id, TimeMS: now.UnixMilli(), Quality: models.CommFailed})
		}
		l.failed = l.store(ctx, samples)
	}
	pause := firstBackoff
	if len(l.groups) > 0 {
		pause = min(pause, l.groups[0].interval)
	}
	for i := 1; i < l.failures && pause < l.manager.opt.MaxBackoff; i++ {
		pause *= 2
	}
	if beganAnew(err) { // too often; it is given time
		pause = relearnPause
	}
	pause = min(pause, l.manager.opt.MaxBackoff)
	// Jitter keeps devices that failed together from coming back together.
	pause += time.Duration(rand.Int64N(int64(pause)/5 + 1)) //nolint:gosec // spreading load needs no secrecy
	l.nextTime = now.Add(pause)
	for i := range l.groups {
		l.groups[i].next = l.nextTime // a pause is no poll that was skipped
	}
}
