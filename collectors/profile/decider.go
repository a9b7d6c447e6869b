package profile

import "slices"

// Decider is an object by which it was decided, when a device was learned, what
// a point means: its quantity, unit, scale or name. It is a setting (°C or °F,
// decimal digits) or a fact of the row (the kind of a sensor) that stays as it is
// until somebody changes it. Two are equal when they are the same for all points.
type Decider struct {
	// OID is the object to GET.
	OID string
	// Size is how many bytes its value took when the device was learned.
	Size   int
	by     *Select
	chosen choice
}

// Holds tells whether the object still decides as it did. One that the device
// does not have any more decides nothing: what it decided last counts.
func (d Decider) Holds(raw Raw) bool {
	if raw.Kind == None {
		return true
	}
	c, _ := d.by.choose(raw)
	return c == d.chosen
}

// decide notes the object of a selector that was applied to a row.
func (r *resolver) decide(x *Select, index []uint32) {
	if r.src.snmp == nil || !x.decides() {
		return
	}
	raw := r.src.ref(x.Ref, index)
	if raw.Kind == None {
		return
	}
	c, _ := x.choose(raw)
	size := len(raw.Bytes)
	if raw.Kind != Bytes {
		size = 5 // of 32 bits
	}
	r.deciders = append(r.deciders, Decider{OID: r.src.object(x.Ref, index), Size: size, by: x, chosen: c})
}

// decides tells whether a selector says what a point means, and not only whether
// there is one or how it is called.
func (x *Select) decides() bool {
	if x.Balance != nil {
		return false // of measured values, which differ from poll to poll
	}
	if x.Pow10 != nil || x.Multiply || x.Divide || x.Otherwise != nil && x.Otherwise.means() {
		return true
	}
	for _, p := range x.Cases {
		if p.means() {
			return true
		}
	}
	for i := range x.Texts {
		if x.Texts[i].means() {
			return true
		}
	}
	return false
}

// means tells whether a patch sets what a value means.
func (p *Patch) means() bool {
	return p.Class != "" || p.Unit != "" || p.Scale != nil || p.Offset != nil || p.Name != "" || p.Key != "" ||
		p.Format != "" || p.States != nil || p.Invalid != nil
}

// dropMeasured takes out deciders that are measured: a scale that is known by
// the size of a value, as of voltages in tenths, does not change when the mains
// fail.
func (d *Device) dropMeasured() {
	decided := func(x Resolved) bool { return len(x.Deciders) > 0 }
	if !slices.ContainsFunc(d.Points, decided) {
		return
	}
	readings := map[string]bool{}
	for i := range d.Points {
		if x := &d.Points[i]; !x.Spec.Class.Enumerated() {
			readings[x.OID] = true
		}
	}
	measured := func(x Decider) bool { return readings[x.OID] }
	for i := range d.Points {
		x := &d.Points[i]
		if slices.ContainsFunc(x.Deciders, measured) { // which the points of a row share
			x.Deciders = slices.DeleteFunc(slices.Clone(x.Deciders), measured)
		}
	}
}
