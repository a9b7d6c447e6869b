package profile

import (
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// control checks one control of a profile.
func (c *checker) control(x *Control, all *Profile, i int) {
	at := func(field string) int { return c.line("controls", i, field) }
	c.controlPlace(x, all, i, at)
	switch x.Kind {
	case models.ControlCommand:
		c.options(x, at("options"))
		if x.Class != "" || x.Min != nil || x.Max != nil || x.Step != 0 {
			c.fault(at("kind"), "%s: class, min, max and step belong to a set-point", x.Key)
		}
	case models.ControlSetPoint:
		c.setPoint(x, at)
	default:
		c.fault(at("kind"), "%s: kind %q is not one of command, set-point", x.Key, x.Kind)
	}
	if x.Within < 0 || time.Duration(x.Within) > 10*time.Minute {
		c.fault(at("within"), "%s: within %s is not between 0 and 10m", x.Key, time.Duration(x.Within))
	}
}

// controlPlace checks where a control stands.
func (c *checker) controlPlace(x *Control, all *Profile, i int, at func(string) int) {
	if !keyForm.MatchString(x.Key) {
		c.fault(at("key"), "key %q is not a path of letters, digits, dashes and {parts}", x.Key)
	}
	for k := range i {
		if all.Controls[k].Key == x.Key && len(x.When)+len(x.Where)+len(x.Rows) == 0 {
			c.fault(at("key"), "%s: another control has this key", x.Key)
		}
	}
	if x.Source == "" && all.Defaults.Source == "" {
		c.fault(at("key"), "%s: source is missing: name the MIB object or register", x.Key)
	}
	places := 0
	for _, given := range []bool{x.OID != "", x.Column != "", x.Register != nil} {
		if given {
			places++
		}
	}
	switch {
	case !x.each() && places != 1:
		c.fault(at("key"), "%s: exactly one of oid, column, register is needed", x.Key)
	case x.each() && (places != 0 || !x.WriteOnly || x.RowsFrom == ""):
		c.fault(at("options"), "%s: options with columns of their own need rows_from and write_only, and no other oid, column or register", x.Key)
	}
	c.oid(x.OID, at("oid"))
	c.oid(x.Column, at("column"))
	c.oid(x.RowsFrom, at("rows_from"))
	if x.WriteOnly && x.Column != "" && x.RowsFrom == "" {
		c.fault(at("write_only"), "%s: a column that cannot be read needs rows_from", x.Key)
	}
	for _, r := range x.refs() {
		c.ref(*r, at("key"))
	}
	for _, w := range append(append([]Condition{}, x.When...), x.Where...) {
		c.condition(w, at("where"))
		if w.None {
			c.fault(at("where"), "%s: none asks about rows that are not read again before a write", x.Key)
		}
	}
	c.parts(x.point(), all, at("key"))
	if x.Register == nil {
		if _, ok := controlTypes[x.Type]; !ok {
			c.fault(at("type"), "%s: type %q is not one of integer, unsigned, text", x.Key, x.Type)
		}
		if x.Function != 0 || x.Complement {
			c.fault(at("key"), "%s: function and complement belong to a register", x.Key)
		}
		return
	}
	c.controlRegister(x, all, at)
}

func (c *checker) controlRegister(x *Control, all *Profile, at func(string) int) {
	c.address(*x.Register, at("register"))
	if x.UnitID != nil && (*x.UnitID < 0 || *x.UnitID > 255) {
		c.fault(at("unit_id"), "%s: unit id %d is not between 0 and 255", x.Key, *x.UnitID)
	}
	table := orElse(x.Table, all.Defaults.Table)
	if table != "holding" && table != "coil" {
		c.fault(at("table"), "%s: only tables holding and coil can be written, not %q", x.Key, table)
	}
	if (table == "coil") != (x.Type == "bool") {
		c.fault(at("type"), "%s: type bool goes with coil, and only with it", x.Key)
	}
	if _, err := newRegisterType(x.Type, "", ""); err != nil || x.Type == "string" {
		c.fault(at("type"), "%s: type %q is not a number", x.Key, x.Type)
	}
	switch f := x.Function; {
	case f == 0:
	case table == "coil" && f != 5 && f != 15, table == "holding" && f != 6 && f != 16:
		c.fault(at("function"), "%s: function %d does not write table %s", x.Key, f, table)
	case f == 6 && registerCounts[x.Type] > 1:
		c.fault(at("function"), "%s: function 6 writes one register, type %s takes %d", x.Key, x.Type, registerCounts[x.Type])
	}
	if x.Complement && (x.Type != "u16" || x.Function != 0 && x.Function != 16) {
		c.fault(at("complement"), "%s: complement goes with type u16 and function 16", x.Key)
	}
}

func (c *checker) options(x *Control, line int) {
	if len(x.Options) == 0 {
		c.fault(line, "%s: a command needs options", x.Key)
	}
	seen := map[string]bool{}
	for _, o := range x.Options {
		switch {
		case o.Name == "" || slug(o.Name) != o.Name || seen[o.Name]:
			c.fault(line, "%s: option %q needs a name of lower case letters, digits and dashes that no other option has", x.Key, o.Name)
		case x.each() && o.Column == "":
			c.fault(line, "%s: option %s needs a column as the others have", x.Key, o.Name)
		case x.Type == "text" && (o.Text == "" || o.Raw != nil):
			c.fault(line, "%s: option %s of type text needs text", x.Key, o.Name)
		case x.Type != "text" && (o.Raw == nil || o.Text != ""):
			c.fault(line, "%s: option %s needs raw, the number that is written", x.Key, o.Name)
		}
		seen[o.Name] = true
		c.oid(o.Column, line)
		c.severity(o.Severity, line)
		if o.Done != nil && x.Shows == "" {
			c.fault(line, "%s: option %s has done, but no point shows it", x.Key, o.Name)
		}
	}
}

func (c *checker) setPoint(x *Control, at func(string) int) {
	if len(x.Options) > 0 {
		c.fault(at("options"), "%s: options belong to a command", x.Key)
	}
	if x.Class == "" || x.Class.Enumerated() {
		c.fault(at("class"), "%s: a set-point needs the class of a quantity", x.Key)
		return
	}
	c.quantity(x.Class, x.Unit, at("class"), at("unit"), false)
	if x.Scale != nil && *x.Scale == 0 {
		c.fault(at("scale"), "%s: scale 0 makes every value 0", x.Key)
	}
	if x.Min == nil || x.Max == nil || x.Step <= 0 || *x.Min >= *x.Max {
		c.fault(at("min"), "%s: a set-point needs min, a greater max, and a step above 0", x.Key)
	}
}

// checkControls finds the faults of controls that need the points of the whole
// profile, extended ones included.
func (p *Profile) checkControls() Faults {
	var faults Faults
	for i := range p.Controls {
		c := &p.Controls[i]
		if c.Shows == "" {
			continue
		}
		shown := p.shown(c.Shows)
		if shown == nil {
			faults = append(faults, Fault{p.file, 0, fmt.Sprintf("%s: shows %q, which is no point of the profile", c.Key, c.Shows)})
			continue
		}
		if c.Kind == models.ControlSetPoint && shown.Class != c.Class {
			faults = append(faults, Fault{p.file, 0, fmt.Sprintf("%s: shows %s of class %s, but sets class %s", c.Key, c.Shows, shown.Class, c.Class)})
		}
		for _, o := range c.Options {
			if _, known := shown.States[orZero(o.Done)]; o.Done != nil && len(shown.States) > 0 && !known {
				faults = append(faults, Fault{p.file, 0, fmt.Sprintf("%s: option %s is done at state %d, which %s does not have", c.Key, o.Name, *o.Done, c.Shows)})
			}
		}
	}
	return faults
}

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
