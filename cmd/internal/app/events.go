package app

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// startEvents opens the journal of devices. It ends after all that tells
// events.
func (a *App) startEvents(ctx context.Context) (err error) {
	cfg := a.opt.Config.Events
	a.events, err = event.New(event.Options{
		DB: a.core.DB, Log: a.log, MaxAge: cfg.RetentionTime.D(), MaxEvents: cfg.Max, PerDevice: cfg.PerDevice,
		Kept: func(ids []models.DeviceID) {
			if w := a.web.Load(); w != nil {
				w.EventsKept(ids)
			}
		},
	})
	if err != nil {
		return err
	}
	last, err := a.events.LastContacts(ctx)
	if err != nil {
		return err
	}
	a.contacts = &contacts{tell: a.tell, last: map[models.DeviceID]string{}, before: last}
	for id, e := range last {
		a.contacts.last[id] = e.Name
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	wg := new(sync.WaitGroup)
	wg.Go(func() {
		if err := a.events.Run(run); err != nil {
			a.log.ErrorContext(run, "part ended", "part", "events", "err", err)
		}
	})
	a.laterEnd(cancel, wg)
	return nil
}

// tell takes an event into the journal.
func (a *App) tell(e models.Event) { a.events.Tell(e, nil) }

// exchanged tells that another device answers, once.
func (a *App) exchanged(device models.DeviceID, err error) {
	var id *inventory.IdentityError
	if !errors.As(err, &id) || id.Again {
		return
	}
	a.tell(models.Event{
		DeviceID: device, Kind: models.EventExchanged, Severity: models.SeverityCritical, Name: string(models.EventExchanged),
		Variables: []models.EventVariable{{Name: id.What + ", known", Value: id.Known}, {Name: id.What + ", found", Value: id.Found}},
	})
}

// pointsChanged tells which points a device has more or fewer than before. What
// it has at first is no news.
func (a *App) pointsChanged(device models.DeviceID, before []*models.Point, now []models.PointSpec) {
	if len(before) == 0 {
		return
	}
	had := make(map[string]bool, len(before))
	for _, p := range before {
		had[p.Key] = true
	}
	var appeared, vanished []string
	for i := range now {
		if !had[now[i].Key] {
			appeared = append(appeared, now[i].Key)
		}
		delete(had, now[i].Key)
	}
	for _, p := range before {
		if had[p.Key] {
			vanished = append(vanished, p.Key)
		}
	}
	tell := func(kind models.EventKind, severity models.Severity, keys []string) {
		if len(keys) == 0 {
			return
		}
		e := models.Event{DeviceID: device, Kind: kind, Severity: severity, Name: string(kind), Variables: []models.EventVariable{{Name: "points", Value: strconv.Itoa(len(keys))}}}
		for _, k := range keys[:min(len(keys), maxNamed)] {
			e.Variables = append(e.Variables, models.EventVariable{Name: "point", Value: k})
		}
		a.tell(e)
	}
	tell(models.EventPointsVanished, models.SeverityWarning, vanished)
	tell(models.EventPointsAppeared, models.SeverityInfo, appeared)
}

// maxNamed is how many points an event names.
const maxNamed = 30

// carriedOut tells how the writing of a control ended. Who asked and who
// confirmed stands with the request, which not everybody may read.
func (a *App) carriedOut(r models.ControlRequest) {
	if r.DeviceID == nil {
		return
	}
	e := models.Event{
		DeviceID: *r.DeviceID, Kind: models.EventControl, Severity: models.SeverityWarning, Name: string(r.State), Text: r.Label,
		Variables: []models.EventVariable{{Name: "request", Value: strconv.FormatUint(r.ID, 10)}, {Name: "control", Value: r.Control}},
	}
	switch r.State {
	case models.ControlDone:
		e.Severity = models.SeverityInfo
	case models.ControlUnknown: // nobody knows what is dark
		e.Severity = models.SeverityCritical
	}
	if r.Value != nil {
		e.Variables = append(e.Variables,
			models.EventVariable{Name: "value", Value: strconv.FormatFloat(*r.Value, 'g', -1, 64)}, models.EventVariable{Name: "unit", Value: quantity.Class(r.Class).Unit()})
	} else {
		e.Variables = append(e.Variables, models.EventVariable{Name: "option", Value: r.Option})
	}
	if r.Cause != "" {
		e.Variables = append(e.Variables, models.EventVariable{Name: "cause", Value: string(r.Cause)})
	}
	a.tell(e)
}

// contacts tells changes of the polling state. It compares with what was told
// last, before a restart of the program too: that a device is polled well is
// news only when something else was told before.
type contacts struct {
	tell func(models.Event)

	mu   sync.Mutex
	last map[models.DeviceID]string
	// before are what was told before the program began; each is asked for once.
	before map[models.DeviceID]models.Event
}

// take returns what was told of a device before the program began, once: what
// is polled again later begins anew.
func (c *contacts) take(id models.DeviceID) (models.Event, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.before[id]
	delete(c.before, id)
	return e, ok
}

// lastSuccess names the variable of an event of contact that tells when the
// device was read well before.
const lastSuccess = "last success"

// before is what was known of a device when the program ended last. The values
// that it had are restored already.
func (a *App) before(id models.DeviceID) collectors.Health {
	var h collectors.Health
	points := a.inventory.Catalog().Device(id)
	ids := make([]models.PointID, len(points))
	for i, p := range points {
		ids[i] = p.ID
	}
	newest := int64(0)
	for _, v := range a.live.Get(ids) {
		newest = max(newest, v.LastGoodMS)
	}
	if newest > 0 {
		h.LastSuccess = time.UnixMilli(newest)
	}
	h.Points = len(points)
	if e, ok := a.contacts.take(id); ok {
		h.State, h.Since, h.LastError = collectors.State(e.Name), e.Time(), e.Text
		if h.State != collectors.StateOK {
			h.Missing = h.Points
		}
		for _, v := range e.Variables {
			if at, err := time.Parse(time.RFC3339, v.Value); err == nil && v.Name == lastSuccess && at.After(h.LastSuccess) {
				h.LastSuccess = at
			}
		}
	}
	return h
}

func (c *contacts) changed(h collectors.Health) {
	if h.State == collectors.StateLearning {
		return
	}
	state := string(h.State)
	c.mu.Lock()
	before, told := c.last[h.Device]
	c.last[h.Device] = state
	c.mu.Unlock()
	if before == state || !told && h.State == collectors.StateOK {
		return
	}
	e := models.Event{DeviceID: h.Device, TimeMS: h.Since.UnixMilli(), Kind: models.EventContact, Severity: models.SeverityWarning, Name: state, Text: h.LastError}
	if h.State != collectors.StateOK && !h.LastSuccess.IsZero() {
		e.Variables = []models.EventVariable{{Name: lastSuccess, Value: h.LastSuccess.UTC().Format(time.RFC3339)}}
	}
	switch h.State {
	case collectors.StateOK:
		e.Severity, e.Clears = models.SeverityOK, before
	case collectors.StateSilent:
		e.Severity = models.SeverityCritical
	}
	c.tell(e)
}
