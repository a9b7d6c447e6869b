package collectors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/aisle-dcim/aisle/models"
)

// job is work for the driver of a device, done in its loop between two polls:
// nothing else speaks to the device meanwhile.
type job struct {
	//nolint:containedctx // of whoever waits for it
	ctx context.Context
	do  func(context.Context, Controller) error
	// hold is work beside the driver; it ends with the loop.
	hold func(context.Context) error
	done chan error
}

// errDriverPanicked is work in whose middle a driver broke.
var errDriverPanicked = errors.New("driver panicked")

// work does a job. Once it is begun it is done to its end.
func (l *loop) work(ctx context.Context, j *job) {
	defer func() {
		if r := recover(); r != nil {
			l.manager.opt.Log.ErrorContext(ctx, "driver panicked", "device", l.name(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			if j.hold != nil { // nothing was written, and the loop's driver had no part in it
				j.done <- fmt.Errorf("look at the device: %w: %v", errDriverPanicked, r)
				return
			}
			l.drop()
			j.done <- fmt.Errorf("%w: %w: %v", ErrUnanswered, errDriverPanicked, r)
		}
	}()
	switch {
	case ctx.Err() != nil: // the target is another one by now, or none
		j.done <- ErrUnknownDevice
		return
	case j.ctx.Err() != nil:
		j.done <- j.ctx.Err()
		return
	}
	if j.hold != nil {
		held, cancel := context.WithCancel(j.ctx)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		j.done <- j.hold(held) //nolint:contextcheck // the life of who asked, which the loop ends too
		return
	}
	c, ok := l.driver.(Controller)
	switch {
	case l.driver == nil || !l.learned:
		j.done <- fmt.Errorf("%w: it does not answer", ErrNoControl)
	case l.changed || l.restarted || l.anew.Load():
		j.done <- fmt.Errorf("%w: it is to be looked at again", ErrMoved)
	case !ok:
		j.done <- ErrReadOnly
	default:
		err := j.do(j.ctx, c) //nolint:contextcheck // the context of who asked
		// What was learned does not hold any more: it is looked at again, and
		// nothing is written until then.
		l.changed = l.changed || errors.Is(err, ErrMoved)
		j.done <- err
	}
}

// Aim is the device that somebody means to write. One that was replaced or is
// polled at another address meanwhile is left alone.
type Aim struct {
	Device     models.DeviceID
	Generation uint64
	Address    string
}

// control has the loop of a device do something with its controller. When it
// returns before the loop took it, it is not done.
func (m *Manager) control(ctx context.Context, at Aim, do func(context.Context, Controller) error) error {
	m.mu.Lock()
	l, ok := m.loops[at.Device]
	m.mu.Unlock()
	if !ok {
		return ErrUnknownDevice
	}
	switch {
	case !l.target.Control:
		return ErrReadOnly
	case l.target.Generation != at.Generation || l.target.Address != at.Address:
		return ErrMoved
	}
	j := &job{ctx: ctx, do: do, done: make(chan error, 1)}
	select {
	case l.jobs <- j:
	case <-l.ended:
		return ErrUnknownDevice
	case <-ctx.Done():
		return fmt.Errorf("wait for the device's turn: %w", ctx.Err())
	}
	// It was taken: its own time-outs end it, and what became of it must be
	// known.
	return <-j.done
}

// Hold does something that speaks to a device by itself while its loop waits:
// polls that become due meanwhile are skipped and counted. A device that is not
// polled is not waited for. The context that do gets ends with the loop.
func (m *Manager) Hold(ctx context.Context, id models.DeviceID, do func(context.Context) error) error {
	j := &job{ctx: ctx, hold: do, done: make(chan error, 1)}
	for {
		m.mu.Lock()
		l, ok := m.loops[id]
		running := m.ctx != nil && m.ctx.Err() == nil
		m.mu.Unlock()
		if !ok || !running {
			return do(ctx)
		}
		select {
		case l.jobs <- j:
			return <-j.done
		case <-l.ended: // another one may have come
		case <-ctx.Done():
			return fmt.Errorf("wait for the device's turn: %w", ctx.Err())
		}
	}
}

// Controls returns what can be written to a device, as it was learned last.
func (m *Manager) Controls(id models.DeviceID) []models.ControlSpec {
	m.mu.Lock()
	l, ok := m.loops[id]
	m.mu.Unlock()
	if !ok || !l.target.Control {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.controls)
}

// ControlsKnown says whether it was learned what can be written to a device;
// before, Controls returns nothing.
func (m *Manager) ControlsKnown(id models.DeviceID) bool {
	m.mu.Lock()
	l, ok := m.loops[id]
	m.mu.Unlock()
	if !ok || !l.target.Control {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.controlsKnown
}

// Intend works out what Write would send; see Controller.
func (m *Manager) Intend(ctx context.Context, at Aim, control string, a Action) (Intent, error) {
	var out Intent
	err := m.control(ctx, at, func(ctx context.Context, c Controller) (err error) {
		out, err = c.Intend(ctx, control, a)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("control %s of device %d: %w", control, at.Device, err)
	}
	return out, nil
}

// Write writes one control of a device, once; see Controller.
func (m *Manager) Write(ctx context.Context, at Aim, control string, a Action, want Intent) error {
	err := m.control(ctx, at, func(ctx context.Context, c Controller) error { return c.Write(ctx, control, a, want) })
	if err != nil {
		return fmt.Errorf("control %s of device %d: %w", control, at.Device, err)
	}
	return nil
}
