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
	own, err := s.person(ctx, who)
	if err != nil {
		return models.ControlRequest{}, err
	}
	if !own {
		return models.ControlRequest{}, &access.ForbiddenError{Operation: access.RequestControl}
	}
	p, err := s.plan(ctx, id, w)
	if err != nil {
		return models.ControlRequest{}, err
	}
	now := s.now()
	d := p.device
	r := models.ControlRequest{
		DeviceID: &d.ID, DeviceName: d.Name, SiteID: &d.SiteID, Generation: d.Generation, Address: d.Address, Control: p.Spec.Key, Label: p.Spec.Label, Kind: p.Spec.Kind,
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
		return record(ctx, s.o.Audit, tx, "control-request", r, "")
	})
	if err != nil {
		return models.ControlRequest{}, err
	}
	s.count("requested")
	return r, nil
}

// person says whether somebody can be the first of two persons: a program, a
// token of nobody, and one that somebody else made than its owner cannot.
func (s *Service) person(ctx context.Context, who access.Principal) (bool, error) {
	if who.UserID == 0 || who.Via != access.ViaToken {
		return who.UserID != 0, nil
	}
	token, err := db.Take[models.APIToken](s.db.WithContext(ctx), "token", who.CredentialID)
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return err == nil && token.GivenBy == nil, err
}

// step changes a request that waits, within one transaction with its entry in
// the audit log.
func (s *Service) step(ctx context.Context, id uint64, action string, change func(tx *gorm.DB, r *models.ControlRequest) error) (models.ControlRequest, error) {
	var r models.ControlRequest
	err := db.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
		r, err = stepIn(ctx, tx, s.o.Audit, id, action, change)
		return err
	})
	return r, err
}

// stepIn is step within a transaction.
func stepIn(ctx context.Context, tx *gorm.DB, audit access.Recorder, id uint64, action string, change func(tx *gorm.DB, r *models.ControlRequest) error) (models.ControlRequest, error) {
	r, err := db.TakeLocked[models.ControlRequest](tx, object, id)
	if err != nil {
		return r, err
	}
	before := r.State
	if err := change(tx, &r); err != nil {
		return r, err
	}
	res := tx.Model(&models.ControlRequest{}).Where("id = ? AND state = ?", id, before).Select("*").Omit("id").Updates(&r)
	if res.Error != nil {
		return r, fmt.Errorf("%s %d: %w", action, id, res.Error)
	}
	if res.RowsAffected == 0 {
		return r, over(r)
	}
	outcome := ""
	if r.State == models.ControlFailed || r.State == models.ControlUnknown {
		outcome = "failed"
	}
	return r, record(ctx, audit, tx, action, r, outcome)
}

// EndOpen is the function of this name, and counts what was ended.
func (s *Service) EndOpen(ctx context.Context, tx *gorm.DB, device models.DeviceID, cause models.ControlCause) error {
	return endOpen(ctx, tx, s.o.Audit, device, cause, func() { s.count(string(models.ControlFailed)) })
}

// EndOpen ends what waits for a device, within the transaction after which the
// device may not be written any more or is another one. What is under way is
// left to its end.
func EndOpen(ctx context.Context, tx *gorm.DB, audit access.Recorder, device models.DeviceID, cause models.ControlCause) error {
	return endOpen(ctx, tx, audit, device, cause, func() {})
}

// endOpen calls ended for each that was ended, once that is kept.
func endOpen(ctx context.Context, tx *gorm.DB, audit access.Recorder, device models.DeviceID, cause models.ControlCause, ended func()) error {
	var open []uint64
	err := tx.Model(&models.ControlRequest{}).Where("device_id = ? AND state IN ?", device, []models.ControlState{models.ControlRequested, models.ControlConfirmed}).Order("id").Pluck("id", &open).Error
	if err != nil {
		return fmt.Errorf("look for open control requests of device %d: %w", device, err)
	}
	for _, id := range open {
		_, err := stepIn(ctx, tx, audit, id, "control-failed", func(_ *gorm.DB, r *models.ControlRequest) error {
			if r.State != models.ControlRequested && r.State != models.ControlConfirmed {
				return over(*r)
			}
			now := db.Now()
			r.State, r.EndedAt, r.Cause = models.ControlFailed, &now, cause
			return nil
		})
		switch {
		case err == nil:
			db.WhenKept(tx, ended)
		case !errors.Is(err, fault.ErrConflict):
			return err
		}
	}
	return nil
}

func over(r models.ControlRequest) error {
	return fault.Conflict(Ended, "", fmt.Sprintf("the request is %s already", r.State), string(r.State))
}

// waiting says whether somebody can still decide about a request.
func (s *Service) waiting(r *models.ControlRequest) error {
	if r.State != models.ControlRequested {
		return over(*r)
	}
	if !s.now().Before(r.ExpiresAt) {
		return fault.Conflict(Ended, "", "the request has expired", string(models.ControlExpired))
	}
	return nil
}

// site is where the device of a request is, or was while there was one.
func (s *Service) site(ctx context.Context, r models.ControlRequest) (uint64, error) {
	if r.DeviceID != nil {
		switch d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", *r.DeviceID); {
		case err == nil:
			return d.SiteID, nil
		case !errors.Is(err, fault.ErrNotFound):
			return 0, err
		}
	}
	if r.SiteID == nil {
		return 0, nil
	}
	return *r.SiteID, nil
}

// siteColumn is site in a query.
const siteColumn = "COALESCE((SELECT d.site_id FROM devices AS d WHERE d.id = control_requests.device_id), control_requests.site_id)"

// holds says whether a user is there, may sign in and may do op in a site.
func holds(tx *gorm.DB, user uint64, op access.Operation, site uint64) (bool, error) {
	u, err := db.Take[models.User](tx, "user", user)
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	p := access.Principal{UserID: u.ID, Name: u.Name, Role: access.Role(u.Role), Scope: u.Scope, Via: access.ViaSession}
	return !u.Disabled && p.CanSite(op, site), nil
}

// confirmable says whether two persons may, as things are now, have the device
// of a request written.
func confirmable(tx *gorm.DB, r models.ControlRequest, confirmer access.Principal, now time.Time) error {
	if r.DeviceID == nil {
		return fault.NotFound("device", r.DeviceName)
	}
	d, err := db.Take[models.Device](tx, "device", *r.DeviceID)
	if err != nil {
		return err
	}
	if !confirmer.CanSite(access.ConfirmControl, d.SiteID) {
		return &access.ForbiddenError{Operation: access.ConfirmControl, Site: d.SiteID}
	}
	ok, err := holds(tx, r.RequesterID, access.RequestControl, d.SiteID)
	switch {
	case err != nil:
		return err
	case !ok:
		return fault.Conflict(Requester, "", fmt.Sprintf("%s may not ask for this any more", r.Requester), r.Requester)
	}
	if cause, _ := moved(d, r); cause != "" {
		return fault.Conflict(NotAllowed, "", fmt.Sprintf("device %q may not be written as it was asked for", d.Name), d.Name)
	}
	return twoPersons(tx, r.RequesterID, confirmer.UserID, now)
}

// resetRest is how long who set somebody else's password and that one do not do
// for two persons, even when it was changed since: who set it can change it too.
// Meanwhile its owner, whose own password does not sign in any more, finds out.
const resetRest = 24 * time.Hour

// twoPersons refuses two users of whom one set the other's password: one person
// could be both until it was changed, and resetRest has passed since.
func twoPersons(tx *gorm.DB, requester, confirmer uint64, now time.Time) error {
	if requester == confirmer {
		return fault.Conflict(SamePerson, "", "another person must confirm what you asked for")
	}
	for _, x := range [][2]uint64{{requester, confirmer}, {confirmer, requester}} {
		u, err := db.Take[models.User](tx, "user", x[0])
		if err != nil {
			return err
		}
		if u.PasswordGivenBy != nil && *u.PasswordGivenBy == x[1] {
			return oneCouldBeBoth(PasswordGiven, u.Name, "%s must change the password first, which the other person set", u.Name)
		}
		if u.PasswordResetBy != nil && *u.PasswordResetBy == x[1] && (u.PasswordResetAt == nil || now.Before(u.PasswordResetAt.Add(resetRest))) {
			return oneCouldBeBoth(PasswordReset, u.Name, "the other person set the password of %s less than %s ago", u.Name, resetRest)
		}
	}
	return nil
}

func oneCouldBeBoth(code, user, reason string, args ...any) error {
	return &fault.ConflictError{
		Code: code, Reason: fmt.Sprintf(reason, args...),
		With: []string{user}, Users: []fault.Users{{Objects: "users", Count: 1, Names: []string{user}}},
	}
}

// moved says why a device is not the one that a request is for any more.
func moved(d models.Device, r models.ControlRequest) (models.ControlCause, string) {
	switch {
	case !d.ControlAllowed:
		return models.ControlWithdrawn, ""
	case d.Generation != r.Generation:
		return models.ControlReplaced, ""
	case d.Address != r.Address:
		return models.ControlMoved, "it is polled at another address"
	}
	return "", ""
}

// denied keeps in the audit log that somebody may not do it.
func (s *Service) denied(ctx context.Context, action string, r models.ControlRequest, why error) error {
	err := db.Tx(ctx, s.db, func(tx *gorm.DB) error {
		return s.o.Audit.Record(ctx, tx, models.AuditEvent{
			Action: action, ObjectType: object, ObjectID: fmt.Sprint(r.ID), ObjectName: r.DeviceName + " " + r.Control, After: wished(r), Outcome: "denied", Detail: why.Error(),
		})
	})
	if err != nil {
		return fmt.Errorf("keep that %s was denied: %w", action, err)
	}
	return why
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
	site, err := s.site(ctx, r)
	if err != nil {
		return models.ControlRequest{}, err
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
		return models.ControlRequest{}, s.denied(ctx, "control-confirm", r, &access.ForbiddenError{Operation: access.ConfirmControl})
	}
	if err := s.waiting(&r); err != nil {
		return models.ControlRequest{}, err
	}
	if r.RequesterID == who.UserID {
		return models.ControlRequest{}, s.denied(ctx, "control-confirm", r, fault.Conflict(SamePerson, "", "another person must confirm what you asked for"))
	}
	if err := confirmable(s.db.WithContext(ctx), r, who, s.now()); err != nil {
		return models.ControlRequest{}, err
	}
	switch err := s.o.Persons.Reauthenticate(ctx, password, s.o.FreshSession); {
	case errors.Is(err, access.ErrReauthenticate):
		return models.ControlRequest{}, fault.Conflict(Reauthenticate, "password", "enter your password to confirm")
	case errors.Is(err, access.ErrBadCredentials):
		return models.ControlRequest{}, fault.Invalid("password", "wrong", "is not your password")
	case err != nil:
		return models.ControlRequest{}, err
	}
	back, wait := s.admit(*r.DeviceID)
	if wait > 0 {
		s.count("limited")
		return models.ControlRequest{}, fault.Conflict(Limited, "",
			fmt.Sprintf("too much was written lately; the next is possible in %s", wait.Round(time.Second)), wait.Round(time.Second).String())
	}
	r, err = s.step(ctx, id, "control-confirm", func(tx *gorm.DB, r *models.ControlRequest) error {
		if err := s.waiting(r); err != nil {
			return err
		}
		if err := confirmable(tx, *r, who, s.now()); err != nil {
			return err
		}
		now := s.now()
		r.State, r.DeciderID, r.Decider, r.DecidedAt = models.ControlConfirmed, &who.UserID, who.Name, &now
		return nil
	})
	if err != nil { // it is not written for this word
		back()
		return models.ControlRequest{}, err
	}
	s.count("confirmed")
	select {
	case s.wake <- struct{}{}:
	default: // awake already
	}
	return r, nil
}

// admit takes a token for a write of a device, which back gives back, or tells
// how long to wait.
func (s *Service) admit(id models.DeviceID) (back func(), wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	d, ok := s.devices[id]
	if !ok {
		d = s.limiter(s.o.DeviceLimit)
		s.devices[id] = d
	}
	taken := make([]*rate.Reservation, 0, 2)
	back = func() {
		for _, t := range taken {
			t.CancelAt(now)
		}
	}
	for _, l := range []*rate.Limiter{d, s.total} {
		t := l.ReserveN(now, 1)
		taken = append(taken, t)
		if wait := t.DelayFrom(now); wait > 0 {
			back()
			return nil, wait
		}
	}
	return back, 0
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

// Cancel takes a request back, until it is carried out. Who asked can, and who
// confirmed it.
func (s *Service) Cancel(ctx context.Context, id uint64) (models.ControlRequest, error) {
	r, err := s.own(ctx, access.RequestControl, id)
	if err != nil {
		return r, err
	}
	if who, _ := access.From(ctx); !Cancels(who, r) {
		return models.ControlRequest{}, &access.ForbiddenError{Operation: access.RequestControl}
	}
	return s.close(ctx, id, "control-cancel", models.ControlCancelled, "")
}

// Cancels says whether a principal is one who can take a request back.
func Cancels(p access.Principal, r models.ControlRequest) bool {
	switch {
	case p.UserID == 0:
		return false
	case r.State == models.ControlConfirmed && r.DeciderID != nil && *r.DeciderID == p.UserID:
		return true
	}
	return r.RequesterID == p.UserID
}

func (s *Service) close(ctx context.Context, id uint64, action string, state models.ControlState, result string) (models.ControlRequest, error) {
	who, _ := access.From(ctx)
	r, err := s.step(ctx, id, action, func(_ *gorm.DB, r *models.ControlRequest) error {
		if stop := state == models.ControlCancelled && r.State == models.ControlConfirmed; !stop {
			if err := s.waiting(r); err != nil {
				return err
			}
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
	q := layout.Confine(ctx, s.db.WithContext(ctx), siteColumn)
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
