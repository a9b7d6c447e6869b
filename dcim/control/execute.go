package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
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
	// maxLate is how long after it was confirmed a request may begin: later
	// nobody expects it.
	maxLate = time.Minute
)

// Run carries out what is confirmed until ctx ends. What an earlier run left
// behind is closed first, never repeated.
func (s *Service) Run(ctx context.Context) error {
	ctx = access.System(ctx, "control")
	defer s.work.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for recovered := false; ; {
		var again <-chan time.Time
		err := error(nil)
		if !recovered {
			err = s.recover(ctx)
			recovered = err == nil
		}
		if recovered {
			err = s.look(ctx)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.o.Log.ErrorContext(ctx, "look for control requests", "err", err)
			}
			again = time.After(s.o.Retry)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-tick.C:
		case <-again:
		}
	}
}

// outcome is how a request ended.
type outcome struct {
	state models.ControlState
	cause models.ControlCause
	// detail is what the device or its driver said beside the cause. It may name
	// addresses and objects, and never holds what a database said.
	detail string
	// note tells the log more than the cause does.
	note string
}

// recover closes what was under way when the program ended, and takes the
// tokens of what was written lately.
func (s *Service) recover(ctx context.Context) error {
	var left []models.ControlRequest
	err := s.db.WithContext(ctx).Where("state IN ? AND decided_at < ?", []models.ControlState{models.ControlConfirmed, models.ControlExecuting}, s.born).Order("id").Find(&left).Error
	if err != nil {
		return fmt.Errorf("look for interrupted control requests: %w", err)
	}
	var faults []error
	for _, r := range left {
		o := outcome{state: models.ControlFailed, cause: models.ControlInterrupted}
		if r.State == models.ControlExecuting {
			o = outcome{state: models.ControlUnknown, cause: models.ControlInterrupted}
		}
		if _, err := s.end(ctx, r.ID, r.State, o); err != nil && !errors.Is(err, fault.ErrConflict) {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
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

// look begins what is confirmed and closes what has expired. A request whose
// step fails does not keep the others from theirs.
func (s *Service) look(ctx context.Context) error {
	var rows []models.ControlRequest
	err := s.db.WithContext(ctx).Where("state = ? OR state = ? AND expires_at <= ?", models.ControlConfirmed, models.ControlRequested, s.now()).Order("id").Find(&rows).Error
	if err != nil {
		return err
	}
	var faults []error
	for _, r := range rows {
		if err := s.take(ctx, r); err != nil && !errors.Is(err, fault.ErrConflict) { // somebody else ended it
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// take begins a request, or ends it when its time is over.
func (s *Service) take(ctx context.Context, r models.ControlRequest) error {
	if r.State == models.ControlRequested {
		_, err := s.end(ctx, r.ID, r.State, outcome{state: models.ControlExpired})
		return err
	}
	if s.late(r) {
		_, err := s.end(ctx, r.ID, r.State, outcome{state: models.ControlFailed, cause: models.ControlLate})
		return err
	}
	// It is kept before anything goes out: what is found executing after a
	// crash may have been written.
	r, err := s.step(ctx, r.ID, "control-execute", func(_ *gorm.DB, r *models.ControlRequest) error {
		if r.State != models.ControlConfirmed || s.late(*r) {
			return over(*r)
		}
		now := s.now()
		r.State, r.StartedAt = models.ControlExecuting, &now
		return nil
	})
	if err != nil {
		return err
	}
	s.work.Go(func() { s.execute(ctx, r) })
	return nil
}

// late says whether what was confirmed is not what anybody expects any more.
func (s *Service) late(r models.ControlRequest) bool {
	now := s.now()
	return !now.Before(r.ExpiresAt) || r.DecidedAt == nil || now.Sub(*r.DecidedAt) > maxLate
}

// end closes a request that is in state from.
func (s *Service) end(ctx context.Context, id uint64, from models.ControlState, o outcome) (models.ControlRequest, error) {
	r, err := s.step(ctx, id, "control-"+string(o.state), func(_ *gorm.DB, r *models.ControlRequest) error {
		if r.State != from {
			return over(*r)
		}
		now := s.now()
		r.State, r.EndedAt, r.Cause, r.Detail = o.state, &now, o.cause, clip(o.detail)
		return nil
	})
	if err == nil {
		s.count(string(o.state))
		if from == models.ControlExecuting {
			s.o.CarriedOut(r)
		}
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
	o := outcome{state: models.ControlUnknown, cause: models.ControlInterrupted, note: "the program failed while it was written"}
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.ErrorContext(ctx, "control panicked", "request", r.ID, "panic", fmt.Sprint(p))
		}
		s.keep(ctx, r, o)
	}()
	o = s.perform(ctx, r)
	s.o.Log.InfoContext(ctx, "control request carried out", "request", r.ID, "device", r.DeviceName, "control", r.Control, "target", r.Target, "raw", r.Raw,
		"requested by", r.Requester, "confirmed by", r.Decider, "state", string(o.state), "cause", string(o.cause), "detail", o.detail, "note", o.note)
}

// keep keeps the outcome of a request that was carried out. While that fails it
// is tried again until ctx ends, and then once more.
func (s *Service) keep(ctx context.Context, r models.ControlRequest, o outcome) {
	for {
		final := ctx.Err() != nil
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
		_, err := s.end(last, r.ID, models.ControlExecuting, o)
		cancel()
		if err == nil {
			return
		}
		s.o.Log.ErrorContext(ctx, "outcome of a control request is not kept", "request", r.ID, "state", string(o.state), "cause", string(o.cause), "detail", o.detail, "err", err)
		if final || errors.Is(err, fault.ErrConflict) || errors.Is(err, fault.ErrNotFound) {
			return // the next start finds it executing and says that nobody knows
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.o.Retry):
		}
	}
}

// perform returns how it ended.
func (s *Service) perform(ctx context.Context, r models.ControlRequest) outcome {
	d, spec, cause, why := s.still(ctx, r)
	if cause != "" {
		return outcome{state: models.ControlFailed, cause: cause, note: why}
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
	case err == nil, errors.Is(err, ErrUnanswered):
	case errors.Is(err, ErrRefused):
		return outcome{state: models.ControlFailed, cause: models.ControlRefused, detail: err.Error()}
	case errors.Is(err, ErrSilent):
		return outcome{state: models.ControlFailed, cause: models.ControlUnreachable, detail: err.Error()}
	case errors.Is(err, ErrChanged):
		return outcome{state: models.ControlFailed, cause: models.ControlChanged, detail: err.Error()}
	default:
		return outcome{state: models.ControlFailed, cause: models.ControlInternal, detail: err.Error()}
	}
	wanted, provable := effect(spec, a)
	changes := known && !wanted(before)
	if !provable || spec.Shows == "" {
		s.o.Plant.Poll(d.ID)
		if err != nil {
			return outcome{state: models.ControlUnknown, cause: models.ControlUnanswered, detail: err.Error()}
		}
		return outcome{state: models.ControlDone, cause: models.ControlAccepted}
	}
	seen, read := s.await(ctx, d.ID, spec, sent, wanted)
	note := "shown by " + spec.Shows
	switch {
	case err != nil && seen && changes:
		return outcome{models.ControlUnknown, models.ControlUnansweredShown, err.Error(), note}
	case err != nil:
		return outcome{models.ControlUnknown, models.ControlUnanswered, err.Error(), note}
	case seen && changes:
		return outcome{state: models.ControlDone, cause: models.ControlShown, note: note}
	case seen:
		return outcome{state: models.ControlDone, cause: models.ControlShownBefore, note: note}
	case ctx.Err() != nil:
		return outcome{state: models.ControlUnknown, cause: models.ControlInterrupted, note: note}
	case !read:
		return outcome{state: models.ControlUnknown, cause: models.ControlNotRead, note: note}
	}
	return outcome{state: models.ControlUnknown, cause: models.ControlNotShown, note: note}
}

// still says why a request cannot be carried out any more; without a cause it
// can.
func (s *Service) still(ctx context.Context, r models.ControlRequest) (d models.Device, spec models.ControlSpec, cause models.ControlCause, why string) {
	if r.DeviceID == nil || r.DeciderID == nil {
		return d, spec, models.ControlDeleted, ""
	}
	d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", *r.DeviceID)
	if errors.Is(err, fault.ErrNotFound) {
		return d, spec, models.ControlDeleted, ""
	}
	asks, confirms := false, false
	if err == nil {
		asks, err = holds(s.db.WithContext(ctx), r.RequesterID, access.RequestControl, d.SiteID)
	}
	if err == nil {
		confirms, err = holds(s.db.WithContext(ctx), *r.DeciderID, access.ConfirmControl, d.SiteID)
	}
	if err != nil {
		s.o.Log.ErrorContext(ctx, "look whether a control request still stands", "request", r.ID, "err", err)
		return d, spec, models.ControlInternal, "whether it may be was not to be found out"
	}
	if cause, why = moved(d, r); cause != "" {
		return d, spec, cause, why
	}
	if !asks || !confirms {
		return d, spec, models.ControlPersons, "who asked or who confirmed may not any more"
	}
	for _, spec := range s.o.Plant.Controls(d.ID) {
		switch {
		case spec.Key != r.Control:
		case spec.Label != r.Label:
			return d, spec, models.ControlChanged, fmt.Sprintf("what was %q when it was asked for is %q now", r.Label, spec.Label)
		default:
			return d, spec, "", ""
		}
	}
	return d, spec, models.ControlUnreachable, "the device does not answer, or has no such control any more"
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
// may take is over; read tells whether the point was read at all since.
func (s *Service) await(ctx context.Context, id models.DeviceID, spec models.ControlSpec, sent time.Time, wanted func(float64) bool) (seen, read bool) {
	end := time.NewTimer(spec.Within)
	defer end.Stop()
	tick := time.NewTicker(s.o.PollEvery)
	defer tick.Stop()
	for {
		s.o.Plant.Poll(id)
		select {
		case <-ctx.Done():
			return false, read
		case <-end.C:
			return false, read
		case <-tick.C:
		}
		v, at, ok := s.o.Plant.Shown(id, spec.Shows)
		if !ok || at.Before(sent) {
			continue
		}
		if read = true; wanted(v) {
			return true, true
		}
	}
}
