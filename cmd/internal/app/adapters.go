package app

import (
	"context"
	"errors"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/api"
)

// polling shows the poll manager to the web.
type polling struct{ app *App }

var _ api.Polling = polling{}

func webHealth(h collectors.Health) api.Health {
	return api.Health{
		Device: h.Device, State: string(h.State), Profile: h.Profile, Points: h.Points, Missing: h.Missing,
		Since: h.Since, LastPoll: h.LastPoll, LastSuccess: h.LastSuccess, Latency: h.Latency, Interval: h.Interval, Slowest: h.Slowest,
		Polls: h.Polls, Failures: h.Failures, Timeouts: h.Timeouts, Skipped: h.Skipped, Error: h.LastError,
	}
}

func (p polling) Health() []api.Health {
	all := p.app.manager.Health()
	out := make([]api.Health, len(all))
	for i, h := range all {
		out[i] = webHealth(h)
	}
	return out
}

func (p polling) DeviceHealth(id models.DeviceID) (api.Health, bool) {
	h, ok := p.app.manager.DeviceHealth(id)
	return webHealth(h), ok
}

func (p polling) Poll(id models.DeviceID) error {
	if err := p.app.manager.Poll(id); err != nil {
		return api.ErrNotPolled
	}
	return nil
}

// Counters are totals since the start.
func (p polling) Counters() map[string]float64 {
	s, m, r := p.app.engines.SNMP.Stats(), p.app.engines.Modbus.Stats(), p.app.recorder.Stats()
	out := map[string]float64{
		"snmp_requests": float64(s.Requests), "snmp_answers": float64(s.Answers), "snmp_timeouts": float64(s.Timeouts),
		"snmp_foreign_answers": float64(s.Foreign), "snmp_malformed_answers": float64(s.Malformed),
		"modbus_requests": float64(m.Requests), "modbus_timeouts": float64(m.Timeouts), "modbus_connections": float64(m.Reconnects),
		"modbus_exceptions": float64(m.Exceptions), "modbus_malformed_answers": float64(m.Malformed), "modbus_foreign_answers": float64(m.Foreign),
		"samples_received": float64(r.Received), "samples_stored": float64(r.Stored), "samples_spooled": float64(r.Spooled),
		"samples_rejected": float64(r.Rejected), "samples_lost": float64(r.Lost),
	}
	e := p.app.events.Stats()
	out["events_kept"], out["events_dropped"], out["events_lost"], out["events_pruned"] = float64(e.Kept), float64(e.Dropped), float64(e.Lost), float64(e.Pruned)
	p.app.countTraps(out)
	t := p.app.manager.Totals()
	out["polls"], out["poll_failures"], out["polls_skipped"] = float64(t.Polls), float64(t.Failures), float64(t.Skipped)
	return out
}

// storeHealth tells how the time-series store does.
func (a *App) storeHealth() api.StoreHealth {
	s := a.recorder.Stats()
	h := api.StoreHealth{Kind: a.opt.Config.Telemetry.Store, Spooled: s.Waiting, Dropped: int64(s.Lost)}
	if s.StoreDown {
		h.Error = s.LastError
	}
	return h
}

// simulation lets the web break the simulated facility.
type simulation struct{ facility *simulate.Facility }

var _ api.Simulation = simulation{}

func (s simulation) Kinds() []api.FaultKind {
	var out []api.FaultKind
	for _, k := range s.facility.FaultKinds() {
		out = append(out, api.FaultKind{Kind: k.Kind, Targets: k.Targets})
	}
	return out
}

func webFault(f simulate.Fault) api.Fault {
	return api.Fault{ID: f.ID, Kind: f.Kind, Target: f.Target, Since: f.Since}
}

func (s simulation) Active() []api.Fault {
	var out []api.Fault
	for _, f := range s.facility.Faults() {
		out = append(out, webFault(f))
	}
	return out
}

func (s simulation) Inject(ctx context.Context, kind, target string) (api.Fault, error) {
	if err := access.Require(ctx, access.InjectFault); err != nil {
		return api.Fault{}, err
	}
	f, err := s.facility.Inject(kind, target)
	if errors.Is(err, simulate.ErrTarget) {
		return api.Fault{}, fault.Invalid("target", "unknown", err.Error())
	}
	return webFault(f), err
}

func (s simulation) Clear(ctx context.Context, id string) error {
	if err := access.Require(ctx, access.InjectFault); err != nil {
		return err
	}
	if err := s.facility.Clear(id); err != nil {
		return fault.NotFound("fault", id)
	}
	return nil
}

// plainDevices gives the web devices without the names of their places.
type plainDevices struct{ *inventory.Service }

var _ api.Inventory = plainDevices{}

func (p plainDevices) Device(ctx context.Context, id models.DeviceID) (models.Device, error) {
	d, err := p.Service.Device(ctx, id)
	return d.Device, err
}
