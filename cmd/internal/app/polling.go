package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
)

// system is the principal of what the collectors do on their own.
func system(ctx context.Context) context.Context { return access.System(ctx, "collector") }

// registry gives learned points their identity and tells Live how old their
// values may get.
type registry struct{ app *App }

func (r registry) Register(ctx context.Context, device models.DeviceID, l *collectors.Learned) ([]models.PointID, error) {
	ctx = system(ctx)
	id := l.Identity
	err := r.app.inventory.UpdateLearned(ctx, device, inventory.Learned{
		Vendor: id.Vendor, Model: id.Model, Firmware: id.Firmware, Serial: id.Serial, MAC: id.MAC,
		SysName: id.Name, SysObjectID: id.SysObjectID, SysDescr: id.SysDescr, Profile: l.Profile,
		Kind: models.Kind(l.Kind),
	})
	if err != nil {
		r.app.exchanged(device, err)
		return nil, err
	}
	specs := slices.Clone(l.Points)
	for i := range specs {
		specs[i].Interval = l.Intervals[specs[i].Group]
	}
	before := r.app.inventory.Catalog().Device(device)
	ids, err := r.app.inventory.RegisterPoints(ctx, device, specs)
	if err != nil {
		return nil, err
	}
	r.app.pointsChanged(device, before, specs)
	r.app.track(r.app.inventory.Catalog().Device(device))
	return ids, nil
}

func (a *App) newManager() {
	a.manager = collectors.NewManager(collectors.ManagerOptions{
		Sink: a.recorder, Registry: registry{a}, NewDriver: a.newDriver, Log: a.log,
		Events: a.tell, Before: a.before,
		OnChange: func(h collectors.Health) {
			a.contacts.changed(h)
			if w := a.web.Load(); w != nil {
				w.DeviceChanged(h.Device, string(h.State), h.LastError)
			}
		},
	})
}

// lockedError is a credential whose secrets cannot be read. It is a
// collectors.ErrAuth.
type lockedError struct{ cause error }

func (e *lockedError) Error() string {
	return "the credential cannot be opened, enter its secrets again: " + e.cause.Error()
}

func (e *lockedError) Unwrap() error { return e.cause }

// Is makes every lockedError a collectors.ErrAuth.
func (e *lockedError) Is(target error) bool { return target == collectors.ErrAuth }

// setTargets tells the manager which devices to poll and how. When it fails
// all is polled as before.
func (a *App) setTargets(ctx context.Context) (err error) {
	defer func() { a.told.End(err) }()
	devices, err := a.inventory.Polled(system(ctx), nil)
	if err != nil {
		return err
	}
	targets := make([]collectors.Target, 0, len(devices))
	var senders []collectors.Target // of traps
	secrets := map[uint64]collectors.SNMPCredential{}
	failed := map[uint64]error{}
	locked := map[models.DeviceID]error{}
	unopened := map[models.DeviceID]bool{}
	for _, d := range devices {
		if d.Protocol == "" || d.Address == "" {
			continue
		}
		t := collectors.Target{
			Device: d.ID, Name: d.Name, Generation: uint64(d.Generation), Address: d.Address, Protocol: collectors.Protocol(d.Protocol), Profile: d.Profile,
			Modbus: collectors.ModbusAddress{Unit: d.UnitID}, Timeout: time.Duration(d.TimeoutMS) * time.Millisecond,
			Interval: time.Duration(d.IntervalS) * time.Second,
		}
		if d.CredentialID != nil {
			id := *d.CredentialID
			if _, tried := secrets[id]; !tried {
				secrets[id], err = a.openCredential(ctx, id)
				switch {
				case errors.Is(err, credential.ErrKey), errors.Is(err, credential.ErrDamaged), errors.Is(err, credential.ErrNotFound):
					// It costs its devices only, and they tell.
					failed[id] = &lockedError{err}
				case err != nil:
					return err
				}
			}
			t.SNMP = secrets[id]
			if failed[id] != nil {
				locked[d.ID] = failed[id]
			}
		}
		if a.opt.Config.Control.Enabled && d.ControlAllowed {
			if t, err = a.controlled(ctx, t, d); err != nil {
				return err
			}
			if !t.Control {
				unopened[d.ID] = true
			}
		}
		targets = append(targets, t)
		// Without its secrets nothing tells whether a trap is its own; one for
		// which no community is asked needs none.
		if locked[d.ID] == nil || a.opt.Config.Traps.AnyCommunity && t.Protocol != collectors.SNMPv3 {
			senders = append(senders, t)
		}
	}
	a.locked.Store(&locked)
	a.unopened.Store(&unopened)
	a.senders.set(senders)
	a.manager.Set(targets) //nolint:contextcheck // loops live as long as the manager, not as this call
	return nil
}

func (a *App) openCredential(ctx context.Context, id uint64) (collectors.SNMPCredential, error) {
	_, s, err := a.openedCredential(ctx, id)
	return s, err
}

// openedCredential is openCredential with what may be seen of the credential.
func (a *App) openedCredential(ctx context.Context, id uint64) (credential.Info, collectors.SNMPCredential, error) {
	o, err := a.core.Credentials.Open(system(ctx), id)
	if err != nil {
		return credential.Info{}, collectors.SNMPCredential{}, fmt.Errorf("credential %d: %w", id, err)
	}
	s := o.Secrets
	return o.Info, collectors.SNMPCredential{
		Community: s.Community, User: s.User, AuthProtocol: s.AuthProtocol, AuthPassword: s.AuthPassphrase,
		PrivProtocol: s.PrivProtocol, PrivPassword: s.PrivPassphrase, ContextName: s.ContextName,
	}, nil
}

// reloadTargets asks followTargets to look again.
func (a *App) reloadTargets() {
	select {
	case a.reload <- struct{}{}:
	default: // asked already
	}
}

// The pauses between tries to read the targets.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// followTargets sets the targets anew after changes of the model, and tries
// again when the database does not let it.
func (a *App) followTargets(ctx context.Context) error {
	var again <-chan time.Time
	pause := firstRetry
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.reload:
		case <-again:
		}
		err := a.setTargets(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			a.log.ErrorContext(ctx, "set poll targets", "err", err, "again in", pause)
			again, pause = time.After(pause), min(2*pause, lastRetry)
		default:
			again, pause = nil, firstRetry
		}
	}
}
