package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/models"
)

// The pace of the executor.
const (
	// sweepEvery is how often it looks for what has expired.
	sweepEvery = 5 * time.Second
	// writeTimeout bounds a write with the look at the device before it.
	writeTimeout = 30 * time.Second
	// stepTimeout bounds one step in the database after the program was told
	// to end.
	stepTimeout = 5 * time.Second
)

// Run carries out what is confirmed until ctx ends. What an earlier run left
// behind is closed first, never repeated.
func (s *Service) Run(ctx context.Context) error {
	ctx = access.System(ctx, "control")
	if err := s.recover(ctx); err != nil {
		return err
	}
	defer s.work.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.ErrorContext(ctx, "look for control requests", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// recover closes what was under way when the program ended, and takes the
// tokens of what was written lately.
func (s *Service) recover(ctx context.Context) error {
	var left []models.ControlRequest
	err := s.db.WithContext(ctx).Where("state IN ? AND decided_at < ?", []models.ControlState{models.ControlConfirmed, models.ControlExecuting}, s.born).Order("id").Find(&left).Error
	if err != nil {
		return fmt.Errorf("look for interrupted control requests: %w", err)
	}
	for _, r := range left {
		state, result := models.ControlFailed, "the program ended before anything was written"
		if r.State == models.ControlExecuting {
			state, result = models.ControlUnknown, "the program ended while it was written: look at the device; it is not repeated"
		}
		if _, err := s.end(ctx, r.ID, r.State, state, result); err != nil {
			return err
		}
	}
	var started []models.ControlRequest
	err = s.db.WithContext(ctx).Where("started_at > ?", s.now().Add(-s.o.Window)).Order("started_at").Find(&started).Error
	if err != nil {
		return fmt.Errorf("look for earlier writes: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range started {
		s.total.AllowN(*r.StartedAt, 1)
		if r.DeviceID != nil {
			if s.devices[*r.DeviceID] == nil {
				s.devices[*r.DeviceID] = s.limiter(s.o.DeviceLimit)
			}
			s.devices[*r.DeviceID].AllowN(*r.StartedAt, 1)
		}
	}
	return nil
}

// look begins what is confirmed and closes what has expired.
func (s *Service) look(ctx context.Context) error {
	var rows []models.ControlRequest
	err := s.db.WithContext(ctx).Where("state = ? OR state = ? AND expires_at <= ?", models.ControlConfirmed, models.ControlRequested, s.now()).Order("id").Find(&rows).Error
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.State == models.ControlRequested {
			if _, err := s.end(ctx, r.ID, r.State, models.ControlExpired, "nobody confirmed it in time"); err != nil {
				return err
			}
			continue
		}
		// It is kept before anything goes out: what is found executing after a
		// crash may have been written.
		r, err := s.step(ctx, r.ID, "control-execute", func(r *models.ControlRequest) error {
			if r.State != models.ControlConfirmed {
				return ended(*r)
			}
			now := s.now()
			r.State, r.StartedAt = models.ControlExecuting, &now
			return nil
		})
		if err != nil {
			return err
		}
		s.work.Go(func() { s.execute(ctx, r) })
	}
	return nil
}

// end closes a request that is in state from.
func (s *Service) end(ctx context.Context, id uint64, from, to models.ControlState, result string) (models.ControlRequest, error) {
	r, err := s.step(ctx, id, "control-"+string(to), func(r *models.ControlRequest) error {
		if r.State != from {
			return ended(*r)
		}
		now := s.now()
		r.State, r.EndedAt, r.Result = to, &now, clip(result)
		return nil
	})
	if err == nil {
		s.count(string(to))
	}
	return r, err
}

// clip bounds what is kept of an error.
func clip(text string) string {
	if r := []rune(text); len(r) > maxReason {
		return string(r[:maxReason]) + "…"
	}
	return text
}

// execute writes what a request wants and waits for the effect.
func (s *Service) execute(ctx context.Context, r models.ControlRequest) {
	state, result := models.ControlUnknown, "the program failed while it was written: look at the device"
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.ErrorContext(ctx, "control panicked", "request", r.ID, "panic", fmt.Sprint(p))
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
		defer cancel()
		if _, err := s.end(last, r.ID, models.ControlExecuting, state, result); err != nil {
			// The next start finds it executing and says that nobody knows.
			s.o.Log.ErrorContext(last, "outcome of a control request is not kept", "request", r.ID, "state", string(state), "result", result, "err", err)
		}
	}()
	state, result = s.perform(ctx, r)
	s.o.Log.InfoContext(ctx, "control request carried out", "request", r.ID, "device", r.DeviceName, "control", r.Control, "target", r.Target, "raw", r.Raw,
		"requested by", r.Requester, "confirmed by", r.Decider, "state", string(state), "result", result)
}

// perform returns how it ended.
func (s *Service) perform(ctx context.Context, r models.ControlRequest) (models.ControlState, string) {
	d, spec, why := s.still(ctx, r)
	if why != "" {
		return models.ControlFailed, "nothing was written: " + why
	}
	a := Action{Option: r.Option}
	if r.Value != nil {
		a.Value = *r.Value
	}
	before, _, known := s.o.Plant.Shown(d.ID, spec.Shows)
	known = known && spec.Shows != ""
	// An end of the program does not interrupt a write that has begun.
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	sent := s.o.Now()
	err := s.o.Plant.Write(write, d, r.Control, a, Intent{Target: r.Target, Raw: r.Raw})
	cancel()
	switch {
	case errors.Is(err, ErrUnanswered):
	case errors.Is(err, ErrRefused):
		return models.ControlFailed, err.Error()
	case err != nil:
		return models.ControlFailed, "nothing was written: " + err.Error()
	}
	wanted, provable := effect(spec, a)
	changes := known && !wanted(before)
	if !provable || spec.Shows == "" {
		s.o.Plant.Poll(d.ID)
		if err != nil {
			return models.ControlUnknown, err.Error()
		}
		return models.ControlDone, "the device accepted it; no point can show the effect"
	}
	seen, last := s.await(ctx, d.ID, spec, sent, wanted)
	switch {
	case err != nil && seen && changes:
		return models.ControlUnknown, fmt.Sprintf("%v; %s has changed to what was wanted", err, spec.Shows)
	case err != nil:
		return models.ControlUnknown, fmt.Sprintf("%v; %s", err, last)
	case seen && changes:
		return models.ControlDone, "the device accepted it, and " + spec.Shows + " shows it"
	case seen:
		return models.ControlDone, "the device accepted it; " + spec.Shows + " showed it before already"
	}
	return models.ControlUnknown, "the device accepted it, but " + last
}

// still says why a request cannot be carried out any more.
func (s *Service) still(ctx context.Context, r models.ControlRequest) (models.Device, models.ControlSpec, string) {
	if r.DeviceID == nil {
		return models.Device{}, models.ControlSpec{}, "the device was deleted"
	}
	d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", *r.DeviceID)
	switch {
	case err != nil:
		return d, models.ControlSpec{}, err.Error()
	case !d.ControlAllowed:
		return d, models.ControlSpec{}, "the device may not be written any more"
	case d.Generation != r.Generation:
		return d, models.ControlSpec{}, "the device was replaced by another one"
	}
	for _, spec := range s.o.Plant.Controls(d.ID) {
		if spec.Key == r.Control {
			return d, spec, ""
		}
	}
	return d, models.ControlSpec{}, "the device does not answer, or has no such control any more"
}

// effect gives the test on the shown point that proves an action; provable is
// false when none does.
func effect(spec models.ControlSpec, a Action) (wanted func(float64) bool, provable bool) {
	if spec.Kind == models.ControlSetPoint {
		return func(v float64) bool { return math.Abs(v-a.Value) <= spec.Step/2 }, true
	}
	o, _ := spec.Option(a.Option)
	if o.Done == nil {
		return func(float64) bool { return false }, false
	}
	return func(v float64) bool { return v == float64(*o.Done) }, true
}

// await reads the device until its point shows the effect, or the time that it
// may take is over.
func (s *Service) await(ctx context.Context, id models.DeviceID, spec models.ControlSpec, sent time.Time, wanted func(float64) bool) (seen bool, last string) {
	end := time.NewTimer(spec.Within)
	defer end.Stop()
	tick := time.NewTicker(s.o.PollEvery)
	defer tick.Stop()
	last = spec.Shows + " was not read since"
	for {
		s.o.Plant.Poll(id)
		select {
		case <-ctx.Done():
			return false, "the program ended before " + spec.Shows + " was read"
		case <-end.C:
			return false, last
		case <-tick.C:
		}
		v, at, ok := s.o.Plant.Shown(id, spec.Shows)
		if !ok || at.Before(sent) {
			continue
		}
		if wanted(v) {
			return true, ""
		}
		last = fmt.Sprintf("%s did not change within %s", spec.Shows, spec.Within)
	}
}
