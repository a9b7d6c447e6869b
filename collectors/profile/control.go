package profile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
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
	RowsFrom string                      `yaml:"rows_from"`
	Index    []string                    `yaml:"index"`
	Parts    map[string]string           `yaml:"parts"`
	Rows     map[string][]int64          `yaml:"rows"`
	Module   string                      `yaml:"module"`
	Names    map[string]map[int64]string `yaml:"names"`

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
		Key: c.Key, OID: c.OID, Column: orElse(c.Column, c.RowsFrom), Index: c.Index, Parts: c.Parts, Rows: c.Rows, Names: c.Names, Module: c.Module,
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
	needs := Needs{Scalars: scalars.sorted(), Columns: columns.sorted()}
	moved := p.move(sysObjectID)
	for _, oids := range [][]string{needs.Scalars, needs.Columns} {
		for i := range oids {
			oids[i] = moved.oid(oids[i])
		}
	}
	return needs
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

// proven are the facts of identity that no two devices share.
var proven = []string{"serial", "mac"}

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
	if m := n.parts[c.Module]; c.Module != "" && m != "" && m != "1" && m != "0" {
		n.prefix = "unit/" + m + "/"
	}
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

// Encode gives what is to be written for an option of a command or the value
// of a set-point (base unit): the raw value of an object, or the bytes of
// registers; one byte, 0 or 1, of a coil.
func (c *ResolvedControl) Encode(option string, value float64) (Raw, error) {
	if c.Spec.Kind == models.ControlCommand {
		for _, o := range c.from.Options {
			if o.Name != option {
				continue
			}
			if c.Tag == controlTypes["text"] && c.Register == nil {
				return Raw{Kind: Bytes, Bytes: []byte(o.Text)}, nil
			}
			return c.number(float64(*o.Raw))
		}
		return Raw{}, fmt.Errorf("%s has no option %q", c.Spec.Key, option)
	}
	s := &c.Spec
	slack := 1e-6 * math.Max(1, math.Max(math.Abs(s.Min), math.Abs(s.Max)))
	if math.IsNaN(value) || value < s.Min-slack || value > s.Max+slack {
		return Raw{}, fmt.Errorf("%s: %g is not between %g and %g", s.Key, value, s.Min, s.Max)
	}
	if n := (value - s.Min) / s.Step; math.Abs(n-math.Round(n)) > 1e-3 {
		return Raw{}, fmt.Errorf("%s: %g is not a step of %g from %g", s.Key, value, s.Step, s.Min)
	}
	return c.number((value - c.offset) / c.scale)
}

// number gives a raw number the form in which it is written.
func (c *ResolvedControl) number(n float64) (Raw, error) {
	whole := math.Round(n)
	switch {
	case c.Register != nil && c.Register.Bit():
		if whole != 0 && whole != 1 {
			return Raw{}, fmt.Errorf("%s: a coil is 0 or 1, not %g", c.Spec.Key, n)
		}
		return Raw{Kind: Bytes, Bytes: []byte{byte(whole)}}, nil
	case c.Register != nil:
		b := c.regs.bytes(n)
		got, _, integer, q := c.regs.number(b)
		if q != models.Good || integer && got != whole {
			return Raw{}, fmt.Errorf("%s: %g does not fit type %s", c.Spec.Key, n, c.regs.name)
		}
		if c.from.Complement {
			b = append(b, ^b[0], ^b[1])
		}
		return Raw{Kind: Bytes, Bytes: b}, nil
	case c.Tag == controlTypes["text"]:
		// A tenth is written as a tenth, whatever the float makes of it.
		return Raw{Kind: Bytes, Bytes: []byte(strconv.FormatFloat(math.Round(n*1e6)/1e6, 'f', -1, 64))}, nil
	}
	low, high := float64(math.MinInt32), float64(math.MaxInt32)
	if c.Tag == controlTypes["unsigned"] {
		low, high = 0, math.MaxUint32
	}
	if whole < low || whole > high {
		return Raw{}, fmt.Errorf("%s: %g does not fit the object's type", c.Spec.Key, n)
	}
	return Raw{Kind: Int, Int: int64(whole)}, nil
}

// Text writes a raw value of this control for humans: a number in decimal, a
// text in quotes, registers in hexadecimal.
func (c *ResolvedControl) Text(raw Raw) string {
	switch {
	case raw.Kind == None:
		return ""
	case c.Register != nil && c.Register.Bit():
		if raw.Kind == Bytes && len(raw.Bytes) > 0 {
			return strconv.Itoa(int(raw.Bytes[0]))
		}
		return raw.String()
	case c.Register != nil && raw.Kind == Bytes:
		words := make([]string, 0, len(raw.Bytes)/2)
		for i := 0; i+1 < len(raw.Bytes); i += 2 {
			words = append(words, fmt.Sprintf("0x%02X%02X", raw.Bytes[i], raw.Bytes[i+1]))
		}
		return strings.Join(words, " ")
	case raw.Kind == Bytes:
		return strconv.Quote(cleanText(string(raw.Bytes)))
	}
	return raw.String()
}

// Value gives the option or the number (base unit) that a raw value of this
// control stands for; ok is false when it is none of them.
func (c *ResolvedControl) Value(raw Raw) (option string, value float64, ok bool) {
	number, isNumber := plain(raw)
	if c.Register != nil && !c.Register.Bit() && raw.Kind == Bytes {
		f, _, _, q := c.regs.number(raw.Bytes[:min(len(raw.Bytes), 2*int(c.Register.Count))])
		number, isNumber = f, q == models.Good
	} else if c.Register != nil && raw.Kind == Bytes && len(raw.Bytes) > 0 {
		number, isNumber = float64(raw.Bytes[0]), true
	}
	if c.Spec.Kind == models.ControlSetPoint {
		return "", number*c.scale + c.offset, isNumber
	}
	for _, o := range c.from.Options {
		if o.Raw != nil && isNumber && float64(*o.Raw) == number || o.Text != "" && o.Text == raw.String() {
			return o.Name, 0, true
		}
	}
	return "", 0, false
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
