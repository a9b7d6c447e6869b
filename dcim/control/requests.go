package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// The length of a reason, in characters: enough to say something.
const (
	minReason = 5
	maxReason = 500
)

// Request asks for something to be written. It looks at the device first and
// keeps exactly what would be written, for the second person to see.
func (s *Service) Request(ctx context.Context, id models.DeviceID, w Wish, reason string) (models.ControlRequest, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason || strings.ContainsRune(reason, 0) {
		return models.ControlRequest{}, fault.Invalid("reason", "required", fmt.Sprintf("must say why, in %d to %d characters", minReason, maxReason))
	}
	who, _ := access.From(ctx)
	if err := access.Require(ctx, access.RequestControl); err != nil {
		return models.ControlRequest{}, err
	}
	if who.UserID == 0 {
		// A program or a token of nobody is not the first of two persons.
		return models.ControlRequest{}, &access.ForbiddenError{Operation: access.RequestControl}
	}
	p, err := s.plan(ctx, id, w)
	if err != nil {
		return models.ControlRequest{}, err
	}
	now := s.now()
	d := p.device
	r := models.ControlRequest{
		DeviceID: &d.ID, DeviceName: d.Name, SiteID: &d.SiteID, Generation: d.Generation, Control: p.Spec.Key, Label: p.Spec.Label, Kind: p.Spec.Kind,
		Option: w.Option, Value: w.Value, Class: string(p.Spec.Class), Target: p.Intent.Target, Raw: p.Intent.Raw, Before: p.Intent.Current,
		Reason: reason, State: models.ControlRequested, RequesterID: who.UserID, Requester: who.Name, RequestedAt: now, ExpiresAt: now.Add(s.o.Expiry).UTC(),
	}
	err = db.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r.ID = 0
		if err := tx.Create(&r).Error; err != nil {
			if errors.Is(err, gorm.ErrDuplicatedKey) {
				return fault.Conflict(Open, "", "another request for this control is open", r.Label)
			}
			return fmt.Errorf("request control of %q: %w", d.Name, err)
		}
		return s.record(ctx, tx, "control-request", r, "")
	})
	if err != nil {
		return models.ControlRequest{}, err
	}
	s.count("requested")
	return r, nil
}

// step changes a request that waits, within one transaction with its entry in
// the audit log.
func (s *Service) step(ctx context.Context, id uint64, action string, change func(r *models.ControlRequest) error) (models.ControlRequest, error) {
	var r models.ControlRequest
	err := db.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
		if r, err = db.TakeLocked[models.ControlRequest](tx, object, id); err != nil {
			return err
		}
		before := r.State
		if err := change(&r); err != nil {
			return err
		}
		res := tx.Model(&models.ControlRequest{}).Where("id = ? AND state = ?", id, before).Select("*").Omit("id").Updates(&r)
		if res.Error != nil {
			return fmt.Errorf("%s %d: %w", action, id, res.Error)
		}
		if res.RowsAffected == 0 {
			return ended(r)
		}
		outcome := ""
		if r.State == models.ControlFailed || r.State == models.ControlUnknown {
			outcome = "failed"
		}
		return s.record(ctx, tx, action, r, outcome)
	})
	return r, err
}

func ended(r models.ControlRequest) error {
	return fault.Conflict(Ended, "", fmt.Sprintf("the request is %s already", r.State), string(r.State))
}

// waiting says whether somebody can still decide about a request.
func (s *Service) waiting(r *models.ControlRequest) error {
	if r.State != models.ControlRequested {
		return ended(*r)
	}
	if !s.now().Before(r.ExpiresAt) {
		return fault.Conflict(Ended, "", "the request has expired", string(models.ControlExpired))
	}
	return nil
}

// own returns a request of a site where the principal may do op.
func (s *Service) own(ctx context.Context, op access.Operation, id uint64) (models.ControlRequest, error) {
	if err := access.Require(ctx, op); err != nil {
		return models.ControlRequest{}, err
	}
	r, err := db.Take[models.ControlRequest](s.db.WithContext(ctx), object, id)
	if err != nil {
		return r, err
	}
	var site uint64
	if r.SiteID != nil {
		site = *r.SiteID
	}
	if err := access.RequireSite(ctx, op, site); err != nil {
		if errors.Is(err, access.ErrForbidden) {
			return models.ControlRequest{}, fault.NotFound(object, id)
		}
		return models.ControlRequest{}, err
	}
	return r, nil
}

// Confirm is the word of the second person: the request is carried out as soon
// as it is kept. Who asked cannot confirm, and neither can a token. password
// may be empty while the session is fresh.
func (s *Service) Confirm(ctx context.Context, id uint64, password string) (models.ControlRequest, error) {
	r, err := s.own(ctx, access.ConfirmControl, id)
	if err != nil {
		return r, err
	}
	who, _ := access.From(ctx)
	if who.Via != access.ViaSession || who.UserID == 0 {
		return models.ControlRequest{}, &access.ForbiddenError{Operation: access.ConfirmControl}
	}
	if err := s.waiting(&r); err != nil {
		return models.ControlRequest{}, err
	}
	if r.RequesterID == who.UserID {
		return models.ControlRequest{}, fault.Conflict(SamePerson, "", "another person must confirm what you asked for")
	}
	switch err := s.o.Persons.Reauthenticate(ctx, password, s.o.FreshSession); {
	case errors.Is(err, access.ErrReauthenticate):
		return models.ControlRequest{}, fault.Conflict(Reauthenticate, "password", "enter your password to confirm")
	case errors.Is(err, access.ErrBadCredentials):
		return models.ControlRequest{}, fault.Invalid("password", "wrong", "is not your password")
	case err != nil:
		return models.ControlRequest{}, err
	}
	if r.DeviceID == nil {
		return models.ControlRequest{}, fault.NotFound("device", r.DeviceName)
	}
	if wait := s.admit(*r.DeviceID); wait > 0 {
		s.count("limited")
		return models.ControlRequest{}, fault.Conflict(Limited, "",
			fmt.Sprintf("too much was written lately; the next is possible in %s", wait.Round(time.Second)), wait.Round(time.Second).String())
	}
	r, err = s.step(ctx, id, "control-confirm", func(r *models.ControlRequest) error {
		if err := s.waiting(r); err != nil {
			return err
		}
		now := s.now()
		r.State, r.DeciderID, r.Decider, r.DecidedAt = models.ControlConfirmed, &who.UserID, who.Name, &now
		return nil
	})
	if err != nil {
		return models.ControlRequest{}, err
	}
	s.count("confirmed")
	select {
	case s.wake <- struct{}{}:
	default: // awake already
	}
	return r, nil
}

// admit takes a token for a write of a device, or tells how long to wait.
func (s *Service) admit(id models.DeviceID) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	d, ok := s.devices[id]
	if !ok {
		d = s.limiter(s.o.DeviceLimit)
		s.devices[id] = d
	}
	taken := make([]*rate.Reservation, 0, 2)
	for _, l := range []*rate.Limiter{d, s.total} {
		t := l.ReserveN(now, 1)
		taken = append(taken, t)
		if wait := t.DelayFrom(now); wait > 0 {
			for _, t := range taken {
				t.CancelAt(now)
			}
			return wait
		}
	}
	return 0
}

// Reject is the other word of the second person.
func (s *Service) Reject(ctx context.Context, id uint64, why string) (models.ControlRequest, error) {
	r, err := s.own(ctx, access.ConfirmControl, id)
	if err != nil {
		return r, err
	}
	why = strings.TrimSpace(why)
	if utf8.RuneCountInString(why) > maxReason || strings.ContainsRune(why, 0) {
		return r, fault.Invalid("reason", "range", fmt.Sprintf("must have %d characters at most", maxReason))
	}
	return s.close(ctx, id, "control-reject", models.ControlRejected, why)
}

// Cancel takes a request back. Only who asked can.
func (s *Service) Cancel(ctx context.Context, id uint64) (models.ControlRequest, error) {
	r, err := s.own(ctx, access.RequestControl, id)
	if err != nil {
		return r, err
	}
	if who, _ := access.From(ctx); r.RequesterID != who.UserID {
		return models.ControlRequest{}, &access.ForbiddenError{Operation: access.RequestControl}
	}
	return s.close(ctx, id, "control-cancel", models.ControlCancelled, "")
}

func (s *Service) close(ctx context.Context, id uint64, action string, state models.ControlState, result string) (models.ControlRequest, error) {
	who, _ := access.From(ctx)
	r, err := s.step(ctx, id, action, func(r *models.ControlRequest) error {
		if err := s.waiting(r); err != nil {
			return err
		}
		now := s.now()
		r.State, r.EndedAt, r.Result, r.Decider, r.DecidedAt = state, &now, result, who.Name, &now
		if who.UserID != 0 {
			r.DeciderID = &who.UserID
		}
		return nil
	})
	if err == nil {
		s.count(string(state))
	}
	return r, err
}

// Filter chooses requests; zero fields choose all.
type Filter struct {
	DeviceID models.DeviceID
	States   []models.ControlState
	// Before chooses those with a smaller id: the page after.
	Before uint64
	Limit  int
}

const maxRequests = 200

// Requests returns requests, newest first.
func (s *Service) Requests(ctx context.Context, f Filter) ([]models.ControlRequest, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	q := layout.Confine(ctx, s.db.WithContext(ctx), "control_requests.site_id")
	if f.DeviceID != 0 {
		q = q.Where("device_id = ?", f.DeviceID)
	}
	if len(f.States) > 0 {
		q = q.Where("state IN ?", f.States)
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	if f.Limit <= 0 || f.Limit > maxRequests {
		f.Limit = maxRequests
	}
	var out []models.ControlRequest
	if err := q.Order("id DESC").Limit(f.Limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list control requests: %w", err)
	}
	return out, nil
}

// Get returns one request.
func (s *Service) Get(ctx context.Context, id uint64) (models.ControlRequest, error) {
	return s.own(ctx, access.ReadFacility, id)
}
