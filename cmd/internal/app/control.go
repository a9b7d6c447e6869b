package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// newControl makes what keeps and carries out requests to write, if that is
// switched on.
func (a *App) newControl() (err error) {
	c := a.opt.Config.Control
	if !c.Enabled {
		return nil
	}
	a.control, err = control.New(control.Options{
		DB: a.core.DB, Audit: a.core.Audit, Plant: plant{a}, Persons: a.core.Access, Log: a.log, Expiry: c.Expiry.D(), FreshSession: c.FreshSession.D(),
		DeviceLimit: c.DeviceLimit, TotalLimit: c.TotalLimit, Window: c.LimitWindow.D(), CarriedOut: a.carriedOut,
	})
	if err == nil {
		a.log.Warn("control of devices is switched on", "device limit", c.DeviceLimit, "total limit", c.TotalLimit, "window", c.LimitWindow.D())
	}
	return err
}

// controlled lets a target be written, with the device's credential for it. One
// that cannot be opened leaves the device read only.
func (a *App) controlled(ctx context.Context, t collectors.Target, d models.Device) (collectors.Target, error) {
	t.Control, t.ControlSNMP = true, t.SNMP
	if d.ControlCredentialID == nil {
		return t, nil
	}
	secret, err := a.openCredential(ctx, *d.ControlCredentialID)
	switch {
	case errors.Is(err, credential.ErrKey), errors.Is(err, credential.ErrDamaged), errors.Is(err, credential.ErrNotFound):
		a.log.Log(ctx, a.told.Level(fmt.Sprint(d.ID, d.Name, err)), "credential for control cannot be opened: the device is only read", "device", d.Name, "err", err)
		t.Control, t.ControlSNMP = false, collectors.SNMPCredential{}
		return t, nil
	case err != nil:
		return t, err
	}
	t.ControlSNMP = secret
	return t, nil
}

// plant shows the devices that can be written to dcim/control.
type plant struct{ app *App }

var _ control.Plant = plant{}

func (p plant) Controls(id models.DeviceID) []models.ControlSpec { return p.app.manager.Controls(id) }

func (p plant) Known(id models.DeviceID) bool {
	unopened := p.app.unopened.Load()
	return p.app.manager.ControlsKnown(id) || unopened != nil && (*unopened)[id]
}

func aim(d models.Device) collectors.Aim {
	return collectors.Aim{Device: d.ID, Generation: uint64(d.Generation), Address: d.Address}
}

func (p plant) Intend(ctx context.Context, d models.Device, key string, a control.Action) (control.Intent, error) {
	x, err := p.app.manager.Intend(ctx, aim(d), key, collectors.Action(a))
	switch {
	case errors.Is(err, collectors.ErrAction):
		return control.Intent{}, fault.Invalid("value", "range", err.Error())
	case errors.Is(err, collectors.ErrNoControl):
		return control.Intent{}, fault.NotFound("control", key)
	case errors.Is(err, collectors.ErrReadOnly), errors.Is(err, collectors.ErrUnknownDevice), errors.Is(err, collectors.ErrMoved):
		return control.Intent{}, fault.Conflict(control.NotAllowed, "", fmt.Sprintf("device %q cannot be written now", d.Name), d.Name)
	case errors.Is(err, collectors.ErrUnreachable), errors.Is(err, collectors.ErrAuth), errors.Is(err, collectors.ErrProtocol):
		p.app.log.WarnContext(ctx, "dry run of a control", "device", d.Name, "control", key, "err", err)
		return control.Intent{}, fault.Conflict(control.Unreachable, "", fmt.Sprintf("device %q does not answer to the credential for control", d.Name), d.Name)
	}
	return control.Intent(x), err
}

func (p plant) Write(ctx context.Context, d models.Device, key string, a control.Action, want control.Intent) error {
	err := p.app.manager.Write(ctx, aim(d), key, collectors.Action(a), collectors.Intent(want))
	switch {
	case errors.Is(err, collectors.ErrUnanswered):
		return fmt.Errorf("%w: %w", control.ErrUnanswered, err)
	case errors.Is(err, collectors.ErrRejected):
		return fmt.Errorf("%w: %w", control.ErrRefused, err)
	case errors.Is(err, collectors.ErrMoved), errors.Is(err, collectors.ErrReadOnly), errors.Is(err, collectors.ErrNoControl), errors.Is(err, collectors.ErrAction):
		return fmt.Errorf("%w: %w", control.ErrChanged, err)
	case errors.Is(err, collectors.ErrUnreachable), errors.Is(err, collectors.ErrAuth), errors.Is(err, collectors.ErrProtocol), errors.Is(err, collectors.ErrUnknownDevice):
		return fmt.Errorf("%w: %w", control.ErrSilent, err)
	}
	return err
}

func (p plant) Poll(id models.DeviceID) { _ = p.app.manager.Poll(id) } // a device that is polled no more shows nothing

func (p plant) Shown(id models.DeviceID, key string) (float64, time.Time, bool) {
	point, ok := p.app.inventory.Catalog().Key(id, key)
	if !ok {
		return 0, time.Time{}, false
	}
	for _, v := range p.app.live.Get([]models.PointID{point.ID}) {
		if v.Quality == models.Good {
			return v.Value, time.UnixMilli(v.TimeMS), true
		}
	}
	return 0, time.Time{}, false
}
