package profile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Control is one thing that devices of the family can be told; a control of a
// table column becomes one for each row. Nothing of it is used unless control
// is switched on.
type Control struct {
	// Key is the path in the device, with {parts} like that of a Point.
	Key       string `yaml:"key"`
	Label     string `yaml:"label"`
	LabelFrom *Ref   `yaml:"label_from"`
	// Kind is command or set-point.
	Kind models.ControlKind `yaml:"kind"`
	// Source is the MIB object or the manual's name of the register.
	Source string `yaml:"source"`

	// OID is a single object, Column a table column without its index.
	OID    string `yaml:"oid"`
	Column string `yaml:"column"`
	// RowsFrom is the column whose rows count, where Column cannot be read.
	RowsFrom  string                      `yaml:"rows_from"`
	Index     []string                    `yaml:"index"`
	Parts     map[string]string           `yaml:"parts"`
	Rows      map[string][]int64          `yaml:"rows"`
	Module    string                      `yaml:"module"`
	FirstUnit *int                        `yaml:"first_unit"`
	Names     map[string]map[int64]string `yaml:"names"`

	// Register is the 0-based Modbus address as on the wire, in table holding
	// or coil.
	Register  *int   `yaml:"register"`
	Table     string `yaml:"table"`
	WordOrder string `yaml:"word_order"`
	ByteOrder string `yaml:"byte_order"`
	UnitID    *int   `yaml:"unit_id"`
	// Function is 5, 6, 15 or 16; without it 5 for coils, 6 for one register,
	// 16 for more.
	Function int `yaml:"function"`
	// Complement writes the one's complement of the number into the next
	// register, in the same request.
	Complement bool `yaml:"complement"`
	// WriteOnly objects and registers are not read before they are written.
	WriteOnly bool `yaml:"write_only"`
	// Type is integer, unsigned or text for an object, and one of the numbers
	// of Point.Type for a register.
	Type string `yaml:"type"`

	When  []Condition `yaml:"when"`
	Where []Condition `yaml:"where"`

	// Options of a command.
	Options []ControlOption `yaml:"options"`

	// Class and Unit of a set-point; Unit is that of raw x scale + offset, and
	// of Min, Max and Step.
	Class  quantity.Class `yaml:"class"`
	Unit   string         `yaml:"unit"`
	Scale  *float64       `yaml:"scale"`
	Offset float64        `yaml:"offset"`
	Min    *float64       `yaml:"min"`
	Max    *float64       `yaml:"max"`
	Step   float64        `yaml:"step"`

	// Shows is the key of the point that shows the effect, as that point has
	// it; Within is how long the device may take. Default 15 s.
	Shows  string   `yaml:"shows"`
	Within Duration `yaml:"within"`
	Note   string   `yaml:"note"`
}

// ControlOption is one thing that a command can do.
type ControlOption struct {
	Name string `yaml:"name"`
	// Raw is the number that is written, Text the text for type text.
	Raw  *int64 `yaml:"raw"`
	Text string `yaml:"text"`
	// Column is what is written, where each option has a column of its own.
	Column string `yaml:"column"`
	// Done is the state number of the shown point that proves the effect.
	Done     *int64          `yaml:"done"`
	Severity models.Severity `yaml:"severity"`
	Warning  string          `yaml:"warning"`
}

// controlTypes are the types of an object that is written, by their BER tags.
var controlTypes = map[string]byte{"integer": 0x02, "unsigned": 0x42, "text": 0x04}

// ControlWithin is how long a device may take to show the effect of a control
// that does not say.
const ControlWithin = 15 * time.Second

// ResolvedControl is one concrete control of one device.
type ResolvedControl struct {
	Spec models.ControlSpec
	// OID is the object to SET, Tag its BER type (SNMP).
	OID string
	Tag byte
	// Register is where to write with Function (Modbus); nil for SNMP.
	Register *Register
	Function byte
	// Readable: the object or register can be read.
	Readable bool

	from          *Control
	proofs        []proof
	objects       map[string]string // of options that have one of their own
	index         []uint32          // of its row
	moved         move
	scale, offset float64 // raw to base unit
	regs          *registerType
}

// point gives the row settings of a control as those of a point.
func (c *Control) point() *Point {
	return &Point{
		Key: c.Key, OID: c.OID, Column: orElse(c.Column, c.RowsFrom), Index: c.Index, Parts: c.Parts, Rows: c.Rows, Names: c.Names, Module: c.Module, FirstUnit: c.FirstUnit,
		Register: c.Register, Table: c.Table, Type: c.Type, UnitID: c.UnitID, LabelFrom: c.LabelFrom, When: c.When, Where: c.Where,
	}
}

// each tells whether each option has a column of its own.
func (c *Control) each() bool {
	return slices.ContainsFunc(c.Options, func(o ControlOption) bool { return o.Column != "" })
}

// refs lists the neighbouring values that a control looks at when learned.
func (c *Control) refs() []*Ref {
	var out []*Ref
	for i := range c.When {
		out = append(out, &c.When[i].Ref)
	}
	for i := range c.Where {
		out = append(out, &c.Where[i].Ref)
	}
	if c.LabelFrom != nil {
		out = append(out, c.LabelFrom)
	}
	return out
}

// ControlNeeds lists what the controls of a profile look at beside what
// Resolve needs.
func (p *Profile) ControlNeeds(sysObjectID string) Needs {
	scalars, columns := set{}, set{}
	for i := range p.Controls {
		c := &p.Controls[i]
		if !c.WriteOnly {
			scalars.add(c.OID)
		}
		columns.add(orElse(c.RowsFrom, c.Column))
		for _, r := range c.refs() {
			scalars.add(r.OID)
			columns.add(r.Column)
		}
		for _, column := range c.Parts {
			columns.add(column)
		}
	}
	return p.needs(scalars, columns, sysObjectID)
}

// ModbusControlNeeds lists the registers that the controls of a profile look
// at beside what ResolveModbus needs.
func (p *Profile) ModbusControlNeeds() []Register {
	var out []Register
	for i := range p.Controls {
		c := &p.Controls[i]
		if c.Register == nil {
			continue
		}
		own := c.point().register()
		if !c.WriteOnly {
			out = append(out, own)
		}
		for _, r := range c.refs() {
			if reg, ok := r.registerOf(); ok {
				reg.Unit = own.Unit
				out = append(out, reg)
			}
		}
	}
	return out
}

// proven are the facts of identity that no two devices share.
var proven = []string{"serial", "mac"}

// controls adds the controls that the device was found to have.
func (r *resolver) controls(list []Control) {
	seen := map[string]bool{}
	for i := range list {
		c := &list[i]
		r.src.unit = c.point().unit()
		if !allHold(c.When, r.src, nil) {
			continue
		}
		switch {
		case c.OID != "":
			if c.WriteOnly || r.src.scalar(c.OID).Kind != None {
				r.control(c, nil, seen)
			}
		case c.Column != "" || c.each():
			for _, row := range r.src.column(orElse(c.RowsFrom, c.Column)) {
				r.control(c, row.Index, seen)
			}
		case c.Register != nil:
			if c.WriteOnly || r.src.register(c.point().register()).Kind != None {
				r.control(c, nil, seen)
			}
		}
	}
}

func allHold(list []Condition, src source, index []uint32) bool {
	for _, c := range list {
		if !c.holds(src, index) {
			return false
		}
	}
	return true
}

// rowName is what the control of a row is called.
type rowName struct {
	parts              map[string]string
	prefix, key, label string
}

// named names the control of a row; ok is false for rows that it does not want.
func (c *Control) named(src source, index []uint32) (n rowName, ok bool) {
	if n.parts, ok = c.point().indexParts(src, index); !ok {
		return n, false
	}
	if c.LabelFrom != nil {
		n.parts["label"] = cleanText(src.ref(*c.LabelFrom, index).String())
	}
	n.prefix = c.point().unitPrefix(n.parts)
	n.key = expandKey(c.Key, n.parts)
	n.label = orElse(cleanText(expandLabel(c.Label, n.parts)), orElse(n.parts["label"], labelOf(n.prefix+n.key)))
	return n, true
}

// control makes the control of one row.
func (r *resolver) control(c *Control, index []uint32, seen map[string]bool) {
	p := c.point()
	n, ok := c.named(r.src, index)
	if !ok || !allHold(c.Where, r.src, index) {
		return
	}
	out := ResolvedControl{from: c, proofs: r.proofs, index: index, moved: r.src.moved, scale: 1, Readable: !c.WriteOnly}
	s := &out.Spec
	s.Key, s.Kind, s.Within = n.prefix+n.key, c.Kind, orElse(time.Duration(c.Within), ControlWithin)
	if seen[s.Key] {
		r.problem("%s: two controls have this key; the first one is used", s.Key)
		return
	}
	seen[s.Key] = true
	s.Label = n.label
	if c.Shows != "" {
		// A point that the device does not have shows nothing.
		if shows := n.prefix + expandKey(c.Shows, n.parts); r.has(shows) {
			s.Shows = shows
		}
	}
	for _, o := range c.Options {
		x := models.ControlOption{Name: o.Name, Severity: orElse(o.Severity, models.SeverityWarning), Warning: o.Warning}
		if s.Shows != "" {
			x.Done = o.Done
		}
		s.Options = append(s.Options, x)
	}
	if c.Kind == models.ControlSetPoint {
		scale, offset, err := c.Class.Conversion(c.Unit)
		if err != nil {
			r.problem("%s: %v", s.Key, err)
			return
		}
		own := 1.0
		if c.Scale != nil {
			own = *c.Scale
		}
		out.scale, out.offset = own*scale, c.Offset*scale+offset
		s.Class, s.Min, s.Max, s.Step = c.Class, *c.Min*scale+offset, *c.Max*scale+offset, c.Step*scale
	}
	if c.Register != nil {
		reg := p.register()
		out.Register, out.Function = &reg, c.function()
		if !reg.Bit() {
			regs, err := newRegisterType(c.Type, c.WordOrder, c.ByteOrder)
			if err != nil {
				r.problem("%s: %v", s.Key, err)
				return
			}
			out.regs = regs
		}
		s.Target = fmt.Sprintf("%s, function %d", reg, out.Function)
	} else {
		out.OID, out.Tag = r.src.moved.oid(c.OID+instance(c.Column, index)), controlTypes[c.Type]
		s.Target = out.OID
		if c.each() {
			out.objects = map[string]string{}
			var all []string
			for _, o := range c.Options {
				oid := r.src.moved.oid(instance(o.Column, index))
				out.objects[o.Name], all = oid, append(all, oid)
			}
			s.Target = strings.Join(all, ", ")
		}
	}
	r.device.Controls = append(r.device.Controls, out)
}

// has tells whether the device has a point of this key.
func (r *resolver) has(key string) bool {
	_, ok := r.at[key]
	return ok
}

// function is the Modbus function that writes the control.
func (c *Control) function() byte {
	switch {
	case c.Function != 0:
		return byte(c.Function)
	case c.Table == "coil":
		return 5
	case c.Complement || registerCounts[c.Type] != 1:
		return 16
	}
	return 6
}

// shown finds the point with this key.
func (p *Profile) shown(key string) *Point {
	for _, q := range append([]*Profile{p}, p.fallback...) {
		for i := range q.Points {
			if q.Points[i].Key == key {
				return &q.Points[i]
			}
		}
	}
	return nil
}
