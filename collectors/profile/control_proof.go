package profile

import (
	"fmt"
	"maps"
	"slices"
)

// Guards lists the registers of the conditions by which the control was found.
func (c *ResolvedControl) Guards() []Register {
	if c.Register == nil {
		return nil
	}
	return c.from.point().guards(*c.Register)
}

// HoldsModbus tells whether what the control was found by still holds.
func (p *Profile) HoldsModbus(c *ResolvedControl, view ModbusView) bool {
	src := source{modbus: view, device: &p.Device, unit: c.Register.Unit}
	return allHold(c.from.When, src, nil) && allHold(c.from.Where, src, nil)
}

// foundBy calls f for each object by which an SNMP control was found beside its
// own: what its conditions, its key and its name were made of. column and index
// say which cell of a table it is, oid is what to read.
func (c *ResolvedControl) foundBy(f func(column string, index []uint32, oid string)) {
	add := func(r Ref, index []uint32) {
		switch {
		case r.Column != "":
			if r.Index > 0 && r.Index < len(index) {
				index = index[:r.Index]
			}
			f(r.Column, index, c.moved.oid(instance(r.Column, index)))
		case r.OID != "":
			f("", nil, c.moved.oid(r.OID))
		}
	}
	for i := range c.from.When {
		add(c.from.When[i].Ref, nil)
	}
	for i := range c.from.Where {
		add(c.from.Where[i].Ref, c.index)
	}
	if c.from.LabelFrom != nil {
		add(*c.from.LabelFrom, c.index)
	}
	for _, column := range slices.Sorted(maps.Values(c.from.Parts)) {
		add(Ref{Column: column}, c.index)
	}
	if c.from.RowsFrom != "" {
		add(Ref{Column: c.from.RowsFrom}, c.index)
	}
}

// Object is what is written for an option of a command, or the value of a
// set-point.
func (c *ResolvedControl) Object(option string) string {
	return orElse(c.objects[option], c.OID)
}

// Objects lists what is to be read of an SNMP device before it is written: the
// control's own object where it can be read, and all that it was found by.
func (c *ResolvedControl) Objects() []string {
	var out []string
	add := func(oid string) {
		if !slices.Contains(out, oid) {
			out = append(out, oid)
		}
	}
	if c.Readable {
		add(c.OID)
	}
	c.foundBy(func(_ string, _ []uint32, oid string) { add(oid) })
	for _, x := range c.proofs {
		add(x.oid)
	}
	return out
}

// proof is an object by which a device is told from another one at the same
// address.
type proof struct {
	what, oid, text string
	field           IdentityField
}

// proofs finds the objects that gave the serial number and the MAC address of
// an SNMP device.
func (p *Profile) proofs(s source) []proof {
	var out []proof
	if s.snmp == nil {
		return nil
	}
	for _, what := range proven {
		for _, q := range append([]*Profile{p}, p.fallback...) {
			f, ok := q.Identity[what]
			x := proof{what: what, field: f}
			switch {
			case !ok || f.Const != "":
			case f.Column != "":
				for _, row := range s.column(f.Column) {
					if row.Raw.String() != "" {
						x.oid, x.text = s.moved.oid(instance(f.Column, row.Index)), f.render(row.Raw)
						break
					}
				}
			case f.OID != "":
				x.oid, x.text = s.moved.oid(f.OID), f.render(s.scalar(f.OID))
			}
			if x.text != "" {
				out = append(out, x)
				break
			}
		}
	}
	return out
}

// again is a View of few objects, read by their full identifiers.
type again map[string]Raw

func (a again) Scalar(oid string) Raw { return a[oid] }
func (again) Column(string) []Row     { return nil }

// Changed says what is not as it was when an SNMP control was found, by the
// values of its Objects; it is empty when a write would do what it would have
// done then.
func (c *ResolvedControl) Changed(read map[string]Raw) string {
	src := source{snmp: again(read), moved: c.moved, cells: map[string]map[string]Raw{}}
	c.foundBy(func(column string, index []uint32, oid string) {
		if column == "" {
			return
		}
		if src.cells[column] == nil {
			src.cells[column] = map[string]Raw{}
		}
		src.cells[column][joinIndex(index)] = read[oid]
	})
	for _, x := range c.proofs {
		if x.field.render(read[x.oid]) != x.text {
			return "it is another device: its " + x.what + " is not the same"
		}
	}
	switch {
	case c.Readable && read[c.OID].Kind == None:
		return "the device does not show the object " + c.OID
	case c.from.RowsFrom != "" && src.cell(c.from.RowsFrom, c.index).Kind == None:
		return "the device has no such row any more"
	case !allHold(c.from.When, src, nil) || !allHold(c.from.Where, src, c.index):
		return "the device has no " + c.Spec.Key + " as it is set now"
	}
	n, ok := c.from.named(src, c.index)
	switch {
	case !ok || n.prefix+n.key != c.Spec.Key:
		return "the object is not that of " + c.Spec.Key + " any more"
	case n.label != c.Spec.Label:
		return fmt.Sprintf("the device calls it %q now, not %q", n.label, c.Spec.Label)
	}
	return ""
}
