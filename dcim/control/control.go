// Package control keeps the wishes to write to devices and carries them out:
// one person asks, another confirms, and everything is in the audit log. What
// is written, and how, is others' work (collectors); package app brings both
// together, and only when control is switched on.
//
// A write is made once. Whatever may have gone out without an answer, or was
// under way when the program ended, has the outcome "unknown"; it is never
// repeated.
package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Action is what is to be done with a control: an option of a command, or the
// value of a set-point in the base unit of its class.
type Action struct {
	Option string
	Value  float64
}

// Intent is exactly what a write would send, and what is there now.
type Intent struct {
	// Target is the object or register with the function, Raw the value as it
	// would go over the wire, Current the one that is there; empty when it
	// cannot be read.
	Target, Raw, Current string
	// CurrentOption and CurrentValue (base unit) are the meaning of Current,
	// where it has one.
	CurrentOption string
	CurrentValue  *float64
}

// Errors of a Plant.
var (
	// ErrRefused: the device answered that it does not do it.
	ErrRefused = errors.New("the device refused")
	// ErrUnanswered: it was sent, and nobody knows.
	ErrUnanswered = errors.New("the device did not answer")
	// ErrSilent: nothing was sent, because the device does not answer.
	ErrSilent = errors.New("the device does not answer")
	// ErrChanged: nothing was sent, because it would be something else than
	// what was confirmed.
	ErrChanged = errors.New("the device would be written in another way")
)

// Plant is what can be written.
type Plant interface {
	// Controls are those of a device that is polled and allows it.
	Controls(id models.DeviceID) []models.ControlSpec
	// Known says whether those were found out already; before, there are none.
	Known(id models.DeviceID) bool
	// Intend works out what Write would send and writes nothing. Its errors are
	// faults where the wish is wrong.
	Intend(ctx context.Context, d models.Device, control string, a Action) (Intent, error)
	// Write sends want, once. After an error that is neither ErrRefused nor
	// ErrUnanswered nothing was sent.
	Write(ctx context.Context, d models.Device, control string, a Action, want Intent) error
	// Poll has the device read soon.
	Poll(id models.DeviceID)
	// Shown is the last good value of a point and when it was read.
	Shown(id models.DeviceID, point string) (value float64, at time.Time, ok bool)
}

// Persons asks a signed-in person to show who it is; *access.Service does.
type Persons interface {
	Reauthenticate(ctx context.Context, password string, fresh time.Duration) error
}

var _ Persons = (*access.Service)(nil)

// Options configure a Service. DB, Audit, Plant and Persons are mandatory.
type Options struct {
	DB      *gorm.DB
	Audit   access.Recorder
	Plant   Plant
	Persons Persons
	Log     *slog.Logger
	// Expiry is how long a request waits for the second person. Default 15 min.
	Expiry time.Duration
	// FreshSession is how old the session of the second person may be before
	// the password is asked again. Zero asks always.
	FreshSession time.Duration
	// DeviceLimit and TotalLimit are how many writes a device and the whole
	// plant may get in a row; as many come back in each Window. Defaults 5, 20
	// and 10 min.
	DeviceLimit, TotalLimit int
	Window                  time.Duration
	// PollEvery is how often a device is read while its effect is waited for.
	// Default 1 s.
	PollEvery time.Duration
	// Retry is how long it waits after the database failed. Default 5 s.
	Retry time.Duration
	// CarriedOut is told of each request that was begun, once its outcome is
	// kept. It must not block.
	CarriedOut func(models.ControlRequest)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Service keeps requests and carries them out. It is safe for concurrent use.
type Service struct {
	o    Options
	db   *gorm.DB
	wake chan struct{}
	// born is when the service was made: what was decided before is another's.
	born time.Time
	// work ends with Run.
	work sync.WaitGroup

	mu      sync.Mutex
	total   *rate.Limiter
	devices map[models.DeviceID]*rate.Limiter

	counts [len(Counters)]atomic.Uint64
}

// Counters are the names of what Stats counts.
var Counters = [...]string{"requested", "confirmed", "rejected", "cancelled", "expired", "done", "failed", "outcome-unknown", "limited", "dry-run"}

// New returns a Service; it starts nothing.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Audit == nil || o.Plant == nil || o.Persons == nil {
		return nil, errors.New("control: database, audit log, plant and persons are mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Expiry <= 0 {
		o.Expiry = 15 * time.Minute
	}
	if o.DeviceLimit <= 0 {
		o.DeviceLimit = 5
	}
	if o.TotalLimit <= 0 {
		o.TotalLimit = 20
	}
	if o.Window <= 0 {
		o.Window = 10 * time.Minute
	}
	if o.PollEvery <= 0 {
		o.PollEvery = time.Second
	}
	if o.Retry <= 0 {
		o.Retry = 5 * time.Second
	}
	if o.CarriedOut == nil {
		o.CarriedOut = func(models.ControlRequest) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{o: o, db: o.DB, wake: make(chan struct{}, 1), devices: map[models.DeviceID]*rate.Limiter{}}
	s.total, s.born = s.limiter(o.TotalLimit), s.now()
	return s, nil
}

func (s *Service) limiter(n int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(n)/s.o.Window.Seconds()), n)
}

// now is the time as the databases keep it.
func (s *Service) now() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }

// Stats counts what happened since the start, by name.
func (s *Service) Stats() map[string]uint64 {
	out := make(map[string]uint64, len(Counters))
	for i, name := range Counters {
		out[name] = s.counts[i].Load()
	}
	return out
}

func (s *Service) count(name string) {
	for i, c := range Counters {
		if c == name {
			s.counts[i].Add(1)
		}
	}
}

const object = "control request"

// record writes a step of a request to the audit log.
func record(ctx context.Context, audit access.Recorder, tx *gorm.DB, action string, r models.ControlRequest, outcome string) error {
	detail := r.Result
	if r.Cause != "" {
		detail = strings.TrimSuffix(string(r.Cause)+": "+r.Detail, ": ")
	}
	return audit.Record(ctx, tx, models.AuditEvent{
		Action: action, ObjectType: object, ObjectID: fmt.Sprint(r.ID), ObjectName: r.DeviceName + " " + r.Control, After: wished(r), Outcome: outcome, Detail: detail,
	})
}

// entry is a request as the audit log keeps it: with the unit of its value.
type entry struct {
	models.ControlRequest
	Unit string `json:"unit,omitempty"`
}

func wished(r models.ControlRequest) entry {
	return entry{r, quantity.Class(r.Class).Unit()}
}

// Codes of conflicts that are control's own; see fault.ConflictError.
const (
	// NotAllowed: the device may not be written.
	NotAllowed = "control-not-allowed"
	// Open: another request for the same control is open.
	Open = "control-open"
	// Ended: the request waits for nobody any more.
	Ended = "control-ended"
	// SamePerson: who asked cannot confirm.
	SamePerson = "control-same-person"
	// PasswordGiven: one of the two persons set the other's password, which was
	// not changed since, and could be both.
	PasswordGiven = "control-password-given"
	// PasswordReset: the same, less than a day ago, whether it was changed since
	// or not.
	PasswordReset = "control-password-reset"
	// Requester: who asked may not ask for it any more.
	Requester = "control-requester"
	// Reauthenticate: the password is needed.
	Reauthenticate = "reauthenticate"
	// Limited: too much was written lately.
	Limited = "control-limited"
	// Unreachable: the device could not be asked.
	Unreachable = "device-unreachable"
)

// device returns a device that the principal may do op with.
func (s *Service) device(ctx context.Context, op access.Operation, id models.DeviceID) (models.Device, error) {
	if err := access.Require(ctx, op); err != nil {
		return models.Device{}, err
	}
	d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", id)
	if err != nil {
		return d, err
	}
	return d, access.RequireSite(ctx, op, d.SiteID)
}

// Control is a control of a device with the request that is open for it.
type Control struct {
	models.ControlSpec
	Open *models.ControlRequest
}

// Known says whether it was found out what can be written to a device, so that
// no control means that there is none.
func (s *Service) Known(id models.DeviceID) bool { return s.o.Plant.Known(id) }

// Controls returns what can be written to a device; allowed is false when it
// may not be written at all.
func (s *Service) Controls(ctx context.Context, id models.DeviceID) (list []Control, allowed bool, err error) {
	d, err := s.device(ctx, access.ReadFacility, id)
	if err != nil || !d.ControlAllowed {
		return nil, false, err
	}
	var open []models.ControlRequest
	if err := s.db.WithContext(ctx).Where("device_id = ? AND ended_at IS NULL", id).Find(&open).Error; err != nil {
		return nil, true, fmt.Errorf("list open control requests of device %d: %w", id, err)
	}
	for _, spec := range s.o.Plant.Controls(id) {
		c := Control{ControlSpec: spec}
		for i := range open {
			if open[i].Control == spec.Key {
				c.Open = &open[i]
			}
		}
		list = append(list, c)
	}
	return list, true, nil
}

// Wish is what somebody wants written.
type Wish struct {
	Control string
	// Option of a command; Value of a set-point in the base unit.
	Option string
	Value  *float64
}

// Plan is what a wish comes to.
type Plan struct {
	Spec   models.ControlSpec
	Intent Intent
	// Option is the one of a command.
	Option models.ControlOption
	device models.Device
	action Action
}

// DryRun says exactly what would be written and what is there now. It writes
// nothing.
func (s *Service) DryRun(ctx context.Context, id models.DeviceID, w Wish) (Plan, error) {
	p, err := s.plan(ctx, id, w)
	if err == nil {
		s.count("dry-run")
	}
	return p, err
}

func (s *Service) plan(ctx context.Context, id models.DeviceID, w Wish) (Plan, error) {
	d, err := s.device(ctx, access.RequestControl, id)
	if err != nil {
		return Plan{}, err
	}
	if !d.ControlAllowed {
		return Plan{}, fault.Conflict(NotAllowed, "", fmt.Sprintf("device %q may not be written", d.Name), d.Name)
	}
	p := Plan{device: d}
	found := false
	for _, spec := range s.o.Plant.Controls(id) {
		if spec.Key == w.Control {
			p.Spec, found = spec, true
		}
	}
	if !found {
		return Plan{}, fault.NotFound("control", w.Control)
	}
	if p.Spec.Kind == models.ControlCommand {
		var known bool
		if p.Option, known = p.Spec.Option(w.Option); !known || w.Value != nil {
			return Plan{}, fault.Invalid("option", "unknown", "is not an option of this control")
		}
		p.action.Option = w.Option
	} else {
		if w.Value == nil || w.Option != "" {
			return Plan{}, fault.Invalid("value", "required", "a set-point needs a value")
		}
		if slack := 1e-6 * (p.Spec.Max - p.Spec.Min); *w.Value < p.Spec.Min-slack || *w.Value > p.Spec.Max+slack {
			return Plan{}, fault.Invalid("value", "range", fmt.Sprintf("must be %g to %g", p.Spec.Min, p.Spec.Max))
		}
		p.action.Value = *w.Value
	}
	p.Intent, err = s.o.Plant.Intend(ctx, d, w.Control, p.action)
	return p, err
}
