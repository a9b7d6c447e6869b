package simulate

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
)

// The kinds of faults.
const (
	UtilityLoss    = "utility-loss"    // target A, B or both
	CRAHFailure    = "crah-failure"    // a cooling unit
	BreakerTrip    = "breaker-trip"    // a rack PDU: its first bank
	DeviceSilent   = "device-silent"   // any device
	SensorStuck    = "sensor-stuck"    // a rack PDU with sensors
	GatewayStalled = "gateway-stalled" // the Modbus gateway
	Overload       = "overload"        // a rack
	ChillerFailure = "chiller-failure" // a chiller
	Leak           = "leak"            // a leak rope
	DoorOpen       = "door-open"       // the containment door that a cooling unit's contact watches
)

// Fault is something broken.
type Fault struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	Target string    `json:"target"`
	Since  time.Time `json:"since"`
}

// FaultKind is a kind of fault with what it may be aimed at.
type FaultKind struct {
	Kind    string   `json:"kind"`
	Targets []string `json:"targets"`
}

// ErrNoFault is returned for a fault that is not active.
var ErrNoFault = errors.New("no such fault is active")

// ErrTarget is returned for a kind or target that does not exist.
var ErrTarget = errors.New("no such fault or target")

// applyFaults sets what the faults break; what is not broken works.
func (w *world) applyFaults() {
	w.plant.utility = [2]bool{true, true}
	clear(w.leaks)
	clear(w.doors)
	for i := range w.cooling {
		w.cooling[i].failed = false
	}
	for i := range w.chillers {
		w.chillers[i].failed = false
	}
	for i := range w.racks {
		w.racks[i].boost = 1
	}
	for _, f := range w.faults {
		switch f.Kind {
		case UtilityLoss:
			w.plant.utility[sideA] = w.plant.utility[sideA] && f.Target == "B"
			w.plant.utility[sideB] = w.plant.utility[sideB] && f.Target == "A"
		case CRAHFailure:
			for i := range w.cooling {
				w.cooling[i].failed = w.cooling[i].failed || w.cooling[i].name == f.Target
			}
		case Leak:
			w.leaks[f.Target] = true
		case DoorOpen:
			w.doors[f.Target] = true
		case ChillerFailure:
			for i := range w.chillers {
				w.chillers[i].failed = w.chillers[i].failed || w.chillers[i].name == f.Target
			}
		case Overload:
			for i := range w.racks {
				if w.racks[i].name == f.Target {
					w.racks[i].boost = 2.5
				}
			}
		case BreakerTrip:
			for i := range w.racks {
				for s := range w.racks[i].pdu {
					if pduName(&w.racks[i], side(s)) == f.Target {
						w.racks[i].pdu[s].tripped[0] = true
					}
				}
			}
		}
	}
}

func pduName(r *rackState, s side) string { return r.name + "-PDU-" + string("AB"[s]) }

// FaultKinds lists what can be broken.
func (f *Facility) FaultKinds() []FaultKind {
	f.mu.Lock()
	defer f.mu.Unlock()
	kinds := []FaultKind{{UtilityLoss, []string{"A", "B", "both"}}}
	var units, chillers, racks, pdus, devices, gateways, ropes []string
	for i := range f.world.cooling {
		units = append(units, f.world.cooling[i].name)
	}
	for i := range f.world.chillers {
		chillers = append(chillers, f.world.chillers[i].name)
	}
	for i := range f.world.racks {
		r := &f.world.racks[i]
		racks = append(racks, r.name)
		pdus = append(pdus, pduName(r, sideA), pduName(r, sideB))
	}
	for _, d := range f.devices {
		devices = append(devices, d.info.Name)
		if d.info.Kind == "leak" {
			ropes = append(ropes, d.info.Name)
		}
	}
	for name := range f.gateways {
		gateways = append(gateways, name)
	}
	sort.Strings(gateways)
	kinds = append(kinds, FaultKind{CRAHFailure, units}, FaultKind{ChillerFailure, chillers}, FaultKind{BreakerTrip, pdus},
		FaultKind{Overload, racks}, FaultKind{DeviceSilent, devices}, FaultKind{SensorStuck, pdus}, FaultKind{DoorOpen, units})
	if len(ropes) > 0 {
		kinds = append(kinds, FaultKind{Leak, ropes})
	}
	if len(gateways) > 0 {
		kinds = append(kinds, FaultKind{GatewayStalled, gateways})
	}
	return kinds
}

// Inject breaks something. It returns ErrTarget, with what there is, for an
// unknown kind or target.
func (f *Facility) Inject(kind, target string) (Fault, error) {
	var names []string
	for _, k := range f.FaultKinds() {
		names = append(names, k.Kind)
		if k.Kind != kind {
			continue
		}
		for _, t := range k.Targets {
			if t == target {
				return f.inject(kind, target), nil
			}
		}
		few := k.Targets
		if len(few) > 6 {
			few = append(append([]string{}, few[:6]...), "…")
		}
		return Fault{}, fmt.Errorf("%w: %s has no target %q, but %s", ErrTarget, kind, target, strings.Join(few, ", "))
	}
	return Fault{}, fmt.Errorf("%w: %q is not one of %s", ErrTarget, kind, strings.Join(names, ", "))
}

func (f *Facility) inject(kind, target string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := kind + ":" + target
	if old, ok := f.world.faults[id]; ok {
		return *old
	}
	fault := &Fault{ID: id, Kind: kind, Target: target, Since: time.Now().UTC()}
	f.world.faults[id] = fault
	f.silence()
	f.opt.Log.Warn("fault injected", "kind", kind, "target", target)
	return *fault
}

// Clear mends what a fault broke. A tripped breaker is closed again.
func (f *Facility) Clear(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault, ok := f.world.faults[id]
	if !ok {
		return fmt.Errorf("clear %q: %w", id, ErrNoFault)
	}
	delete(f.world.faults, id)
	if fault.Kind == BreakerTrip || fault.Kind == Overload {
		for i := range f.world.racks {
			r := &f.world.racks[i]
			for s := range r.pdu {
				if r.name == fault.Target || pduName(r, side(s)) == fault.Target {
					r.pdu[s].tripped = [banksPerPDU]bool{}
				}
			}
		}
	}
	f.silence()
	f.opt.Log.Info("fault cleared", "kind", fault.Kind, "target", fault.Target)
	return nil
}

// silence makes devices answer or not; the caller holds mu.
func (f *Facility) silence() {
	for _, d := range f.devices {
		_, mute := f.world.faults[DeviceSilent+":"+d.info.Name]
		_, stuck := f.world.faults[SensorStuck+":"+d.info.Name]
		d.silent.Store(mute)
		d.stuck = stuck
	}
	for name, g := range f.gateways {
		_, stalled := f.world.faults[GatewayStalled+":"+name]
		g.stalled.Store(stalled)
	}
}

// Faults lists what is broken, oldest first.
func (f *Facility) Faults() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, 0, len(f.world.faults))
	for _, x := range f.world.faults {
		out = append(out, *x)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Since.Before(out[j].Since) })
	return out
}
