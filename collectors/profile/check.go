package profile

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// checker finds the faults of a profile that its YAML form allows.
type checker struct {
	file   string
	root   *yaml.Node
	faults Faults
	// warnings are of what can be, but is seldom meant.
	warnings Faults
	// broken are the parts of the file that could not be read as they stand:
	// what else is wrong there may well follow from that.
	broken []lines
	// misspelt tells that a key of the profile itself is not known: one that is
	// missing may be that one.
	misspelt bool
}

// lines is a stretch of a file, both ends included.
type lines struct{ from, to int }

// spoilt takes note of the parts that faults of the form lie in: a point or
// another item of a list, or else all that a key of the profile holds.
func (c *checker) spoilt(faults Faults) {
	if c.root.Kind != yaml.MappingNode {
		return
	}
	for _, f := range faults {
		if part, ok := c.part(f.Line); ok {
			c.broken = append(c.broken, part)
		}
	}
}

func (c *checker) part(line int) (lines, bool) {
	const end = 1 << 30
	list := c.root.Content
	for i := 0; i+1 < len(list); i += 2 {
		key, value, next := list[i], list[i+1], end
		if i+2 < len(list) {
			next = list[i+2].Line
		}
		if line == key.Line && !contains(yamlKeys(reflect.TypeFor[Profile]()), key.Value) {
			c.misspelt = true
			return lines{}, false
		}
		if line < key.Line || line >= next && line != key.Line {
			continue
		}
		if value.Kind == yaml.SequenceNode {
			for k, item := range value.Content {
				last := next - 1
				if k+1 < len(value.Content) {
					last = max(value.Content[k+1].Line-1, item.Line)
				}
				if line >= item.Line && line <= last {
					return lines{item.Line, last}, true
				}
			}
		}
		return lines{key.Line, max(next-1, key.Line)}, true
	}
	return lines{}, false
}

// line finds the line of a path of keys and list positions; missing parts give
// the line of what is there.
func (c *checker) line(at ...any) int {
	n := c.root
	for _, step := range at {
		var next *yaml.Node
		switch s := step.(type) {
		case string:
			if n.Kind == yaml.MappingNode {
				for i := 0; i+1 < len(n.Content); i += 2 {
					if n.Content[i].Value == s {
						next = n.Content[i+1]
					}
				}
			}
		case int:
			if n.Kind == yaml.SequenceNode && s < len(n.Content) {
				next = n.Content[s]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return n.Line
}

// fault notes a fault, unless it lies where the file could not be read anyway or
// was noted already.
func (c *checker) fault(line int, format string, args ...any) {
	for _, b := range c.broken {
		if line >= b.from && line <= b.to {
			return
		}
	}
	f := Fault{c.file, line, fmt.Sprintf(format, args...)}
	for _, x := range c.faults {
		if x == f {
			return
		}
	}
	c.faults = append(c.faults, f)
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9.]+)*$`)
	oidForm  = regexp.MustCompile(`^1(\.\d+)+$`)
	keyForm  = regexp.MustCompile(`^[A-Za-z0-9{}][A-Za-z0-9{}_./-]*$`)
	identity = []string{"vendor", "model", "serial", "firmware", "mac", "name", "location", "contact"}
)

// ValidName tells whether a profile may have the name.
func ValidName(name string) bool { return nameForm.MatchString(name) }

func (c *checker) profile(p *Profile) {
	want := strings.TrimSuffix(path.Base(c.file), ".yaml")
	switch {
	case !ValidName(p.Name):
		c.fault(c.line("profile"), "name %q is not of lower case letters, digits and dashes", p.Name)
	case p.Name != want:
		c.fault(c.line("profile"), "profile is %q, but the file says %q", p.Name, want)
	}
	if !contains(Kinds, p.Kind) && !p.Abstract && (p.Kind != "" || !c.misspelt) {
		c.fault(c.line("kind"), "kind %q is not one of %s", p.Kind, strings.Join(Kinds, ", "))
	}
	if p.Protocol != "" && p.Protocol != SNMP && p.Protocol != Modbus {
		c.fault(c.line("protocol"), "protocol %q is not one of snmp, modbus", p.Protocol)
	}
	c.oid(p.Base, c.line("base"))
	if p.Source == "" && !c.misspelt {
		c.fault(c.line("profile"), "source is missing: name the MIB or manual")
	}
	for i, m := range p.Match {
		c.match(m, "match", i)
	}
	for name, f := range p.Identity {
		line := c.line("identity", name)
		if !contains(identity, name) {
			c.fault(line, "identity %q is not one of %s", name, strings.Join(identity, ", "))
		}
		c.pattern(f.Match, line)
		c.ref(f.Ref, line)
	}
	c.defaults(p.Defaults)
	for i := range p.Points {
		c.point(&p.Points[i], p, i)
	}
	for i := range p.Controls {
		c.control(&p.Controls[i], p, i)
	}
	c.traps(p)
	for i, b := range p.Device.Blocks {
		if b.Count < 1 || b.Register < 0 || b.Register+b.Count > 65536 {
			c.fault(c.line("modbus", "blocks", i), "block of %d registers from %d is out of range", b.Count, b.Register)
		}
	}
	if p.Device.MaxRead < 0 || p.Device.MaxRead > 125 {
		c.fault(c.line("modbus", "max_read"), "max_read %d is not between 1 and 125", p.Device.MaxRead)
	}
	c.sunSpec(p.Device.SunSpec, c.line("modbus", "sunspec"))
	switch at := c.line("modbus", "pipeline"); {
	case p.Device.Pipeline < 0 || p.Device.Pipeline > maxPipeline:
		c.fault(at, "pipeline %d is not between 1 and %d", p.Device.Pipeline, maxPipeline)
	case p.Device.Pipeline > 1 && p.Device.Gap > 0:
		c.fault(at, "pipeline and gap cannot both be: requests that are under way at once have no silence between them")
	}
}

func (c *checker) match(m Match, at ...any) {
	line := c.line(at...)
	for _, o := range append(append(append([]string{}, m.SysObjectID...), m.Present...), m.Absent...) {
		c.oid(o, line)
	}
	c.pattern(m.SysDescr, line)
	c.pattern(m.ServerID, line)
	c.pattern(m.Says, line)
	c.sunSpec(m.SunSpec, line)
	for _, re := range m.DeviceID {
		c.pattern(re, line)
	}
	for _, w := range m.Where {
		c.condition(w, line)
	}
	if len(m.SysObjectID)+len(m.Present)+len(m.Where)+len(m.DeviceID) == 0 && m.SunSpec == 0 && m.SysDescr == "" && m.ServerID == "" && m.Says == "" {
		c.fault(line, "match without a condition fits every device")
	}
}

func (c *checker) sunSpec(model, line int) {
	if model < 0 || model >= sunSpecEnd {
		c.fault(line, "sunspec %d is not the number of a model, 1 to %d", model, sunSpecEnd-1)
	}
}

func (c *checker) oid(o string, line int) {
	if o != "" && !oidForm.MatchString(o) {
		c.fault(line, "%q is not an object identifier such as 1.3.6.1.2.1.1.3.0", o)
	}
}

func (c *checker) pattern(p string, line int) {
	if p == "" {
		return
	}
	if _, err := regexp.Compile(p); err != nil {
		c.fault(line, "%v", err)
	}
}

func (c *checker) ref(r Ref, line int) {
	c.oid(r.OID, line)
	c.oid(r.Column, line)
	if r.Register != nil {
		c.address(*r.Register, line)
	}
	if r.Table != "" && !contains(Tables, r.Table) {
		c.fault(line, "table %q is not one of %s", r.Table, strings.Join(Tables, ", "))
	}
}

func (c *checker) condition(x Condition, line int) {
	c.ref(x.Ref, line)
	c.pattern(x.Match, line)
	c.pattern(x.NotMatch, line)
	if x.Column == "" && x.OID == "" && x.Register == nil {
		c.fault(line, "condition without a column, oid or register")
	}
	if x.None && x.Column == "" {
		c.fault(line, "none asks about the rows of a column")
	}
}

// maxPipeline bounds how many requests may be under way on one connection, by
// caution: what a device takes is told by its manual or a test.
const maxPipeline = 16

// Tables are those of a Modbus device.
var Tables = []string{"holding", "input", "coil", "discrete"}

func (c *checker) address(a, line int) {
	if a < 0 || a > 65535 {
		c.fault(line, "register %d is not between 0 and 65535", a)
	}
}

func (c *checker) point(p *Point, all *Profile, i int) {
	at := func(field string) int { return c.line("points", i, field) }
	if !keyForm.MatchString(p.Key) {
		c.fault(at("key"), "key %q is not a path of letters, digits, dashes and {parts}", p.Key)
	}
	c.quantity(p.Class, p.Unit, at("class"), at("unit"), len(p.Bits) > 0)
	if p.Scale != nil && *p.Scale == 0 {
		c.fault(at("scale"), "%s: scale 0 makes every value 0", p.Key)
	}
	places := 0
	for _, given := range []bool{p.OID != "", p.Column != "", p.Register != nil} {
		if given {
			places++
		}
	}
	if places != 1 {
		c.fault(at("key"), "%s: exactly one of oid, column, register is needed", p.Key)
	}
	c.oid(p.OID, at("oid"))
	c.oid(p.Column, at("column"))
	c.oid(p.High, at("high"))
	if p.Source == "" && all.Defaults.Source == "" {
		c.fault(at("key"), "%s: source is missing: name the MIB object or register", p.Key)
	}
	if !contains(Formats, p.Format) {
		c.fault(at("format"), "format %q is not one of %s", p.Format, strings.Join(Formats[1:], ", "))
	}
	if p.Register != nil {
		c.registers(p, all, at)
	}
	for _, r := range p.refs() {
		c.ref(*r, at("key"))
	}
	for _, x := range append(append([]Condition{}, p.When...), p.Where...) {
		c.condition(x, at("where"))
	}
	for _, x := range p.Where {
		if x.None {
			c.fault(at("where"), "%s: none asks about all rows: it belongs to when", p.Key)
		}
	}
	for k, s := range p.Select {
		line := c.line("points", i, "select", k)
		for _, patch := range s.Cases {
			c.patch(patch, p, line)
		}
		for _, t := range s.Texts {
			c.pattern(t.Match, line)
			c.patch(t.Patch, p, line)
		}
		if s.Otherwise != nil {
			c.patch(*s.Otherwise, p, line)
		}
		if b := s.Balance; b != nil && (len(b.Sum) == 0 || len(b.Equals) == 0 || len(b.Factors) < 2) {
			c.fault(line, "%s: balance needs sum, equals and two or more factors", p.Key)
		}
	}
	for _, l := range []*LimitRef{p.Limits.LowCritical, p.Limits.LowWarning, p.Limits.HighWarning, p.Limits.HighCritical} {
		if l != nil && l.Enabled != nil && (l.Enabled.Bit < 0 || l.Enabled.Bit > 255) {
			c.fault(at("limits"), "%s: enabled bit %d is not between 0 and 255", p.Key, l.Enabled.Bit)
		}
		if l != nil {
			for _, x := range l.Where {
				c.condition(x, at("limits"))
			}
		}
	}
	c.severities(p.States, at("states"))
	if p.StatesFrom != nil {
		for _, x := range p.StatesFrom.Severities {
			c.pattern(x.Match, at("states_from"))
			c.severity(x.Severity, at("states_from"))
		}
	}
	if p.Class != "" && !p.Class.Enumerated() && len(p.States) > 0 {
		c.fault(at("states"), "%s: states belong to class state or alarm, not %s", p.Key, p.Class)
	}
	if len(p.Bits) > 0 && !strings.Contains(p.Key, "{bit}") {
		c.fault(at("key"), "%s: a point with bits needs {bit} in its key", p.Key)
	}
	for bit, b := range p.Bits {
		if bit < 0 || bit > 63 || b.Name == "" || slug(b.Name) != b.Name {
			c.fault(at("bits"), "%s: bit %d needs a number from 0 to 63 and a name of lower case letters, digits and dashes", p.Key, bit)
		}
		c.severity(b.Severity, at("bits"))
	}
	if f := p.Field; f != nil && (f.LSB < 0 || f.Width < 1 || f.LSB+f.Width > 63) {
		c.fault(at("field"), "%s: field of %d bits from bit %d does not fit", p.Key, f.Width, f.LSB)
	}
	c.difference(p, at("key"))
	if p.Items != "" && (p.Format == "unsigned" || p.Format == "float32") {
		c.fault(at("format"), "%s: items are texts, not %s", p.Key, p.Format)
	}
	if p.Items != "" && (p.Register != nil || len(p.Bits) > 0 || p.High != "" || !strings.Contains(p.Key, "{"+p.Items+"}")) {
		c.fault(at("items"), "%s: items are those of a text of an SNMP object, without bits and high, and need {%s} in the key", p.Key, p.Items)
	}
	c.parts(p, all, at("key"))
}

// differences are words for what may be negative.
var differences = regexp.MustCompile(`(?i:differen|deviat|[iu][nm]balanc|offset)|[dD]elta`)

// difference warns of differences that -1 is no value of.
func (c *checker) difference(p *Point, line int) {
	if p.Register == nil && p.Valid.Min == nil && minusOneIsNone(p.Class) && differences.MatchString(strings.Join([]string{p.Key, p.Label, p.Source}, " ")) {
		c.warnings = append(c.warnings, Fault{c.file, line, fmt.Sprintf("%s: -1 is no value of %s: a difference that may be -1 needs valid: {min: …}", p.Key, p.Class)})
	}
}

func (c *checker) order(o string, line int) {
	if o != "" && o != "big" && o != "little" {
		c.fault(line, "order %q is not one of big, little", o)
	}
}

// defaults checks what points take over, once for all of them.
func (c *checker) defaults(d Defaults) {
	if d.Table != "" && !contains(Tables, d.Table) {
		c.fault(c.line("defaults", "table"), "table %q is not one of %s", d.Table, strings.Join(Tables, ", "))
	}
	c.order(d.WordOrder, c.line("defaults", "word_order"))
	c.order(d.ByteOrder, c.line("defaults", "byte_order"))
}

func (c *checker) registers(p *Point, all *Profile, at func(string) int) {
	c.address(*p.Register, at("register"))
	table := orElse(p.Table, all.Defaults.Table)
	known := contains(Tables, table)
	if !known && (p.Table != "" || table == "") {
		c.fault(at("table"), "%s: table %q is not one of %s", p.Key, table, strings.Join(Tables, ", "))
	}
	if _, err := newRegisterType(p.Type, "", ""); err != nil || p.Type == "string" {
		c.fault(at("type"), "%s: type %q is not a number", p.Key, p.Type)
	} else if bit := table == "coil" || table == "discrete"; known && bit != (p.Type == "bool") {
		c.fault(at("type"), "%s: type bool goes with coil and discrete, and only with them", p.Key)
	}
	c.order(p.WordOrder, at("word_order"))
	c.order(p.ByteOrder, at("byte_order"))
	if p.UnitID != nil && (*p.UnitID < 0 || *p.UnitID > 255) {
		c.fault(at("unit_id"), "%s: unit id %d is not between 0 and 255", p.Key, *p.UnitID)
	}
	if p.ScaleFrom != nil {
		c.address(p.ScaleFrom.Register, at("scale_from"))
	}
}

func (c *checker) quantity(class quantity.Class, unit string, line, unitLine int, bits bool) {
	if class == "" {
		return // chosen by a selector, or alarms by bits
	}
	if !class.Valid() {
		c.fault(line, "class %q is not one of %v", string(class), quantity.Classes())
		return
	}
	if _, _, err := class.Conversion(unit); err != nil && !bits {
		c.fault(unitLine, "%v", err)
	}
	if unit == "" && class.Unit() != "" {
		c.fault(line, "class %s needs a unit: one of %v", class, class.Units())
	}
}

func (c *checker) patch(p Patch, point *Point, line int) {
	c.quantity(p.Class, p.Unit, line, line, false)
	if p.Scale != nil && *p.Scale == 0 {
		c.fault(line, "%s: scale 0 makes every value 0", point.Key)
	}
	if p.Class == "" && p.Unit != "" && point.Class != "" {
		if _, _, err := point.Class.Conversion(p.Unit); err != nil {
			c.fault(line, "%v", err)
		}
	}
	if point.Items != "" && (p.Format == "unsigned" || p.Format == "float32") {
		c.fault(line, "%s: items are texts, not %s", point.Key, p.Format)
	}
	if !contains(Formats, p.Format) {
		c.fault(line, "format %q is not one of %s", p.Format, strings.Join(Formats[1:], ", "))
	}
	c.severities(p.States, line)
}

func (c *checker) severities(states map[int64]State, line int) {
	for _, s := range states {
		c.severity(s.Severity, line)
	}
}

func (c *checker) severity(s models.Severity, line int) {
	switch s {
	case "", models.SeverityOK, models.SeverityInfo, models.SeverityWarning, models.SeverityCritical, models.SeverityUnknown:
		return
	}
	c.fault(line, "severity %q is not one of ok, info, warning, critical, unknown", string(s))
}

// parts checks that the {parts} of a key can be filled and that rows get
// different keys.
func (c *checker) parts(p *Point, all *Profile, line int) {
	known := map[string]bool{"index": true, "last": true, "case": true, "bit": true, "label": p.LabelFrom != nil}
	index := p.Index
	if index == nil {
		index = all.Defaults.Index
	}
	for _, n := range index {
		known[strings.TrimRight(n, "*$")] = true
	}
	if p.Items != "" {
		known[p.Items] = true
	}
	for name, column := range p.Parts {
		known[name] = true
		c.oid(column, line)
	}
	for i := 1; i <= 9; i++ {
		known[fmt.Sprint(i)] = true
	}
	module, first := orElse(p.Module, all.Defaults.Module), orElse(p.FirstUnit, all.Defaults.FirstUnit)
	switch _, named := p.Names[module]; {
	case first == nil:
	case *first != 0 && *first != 1:
		c.fault(line, "%s: first_unit %d: the first unit is 0 or 1", p.Key, *first)
	case module == "" && p.FirstUnit != nil:
		c.fault(line, "%s: first_unit without module", p.Key)
	case *first == 0 && named && module != "":
		c.fault(line, "%s: with first_unit 0 {%s} is counted already: it has no names", p.Key, module)
	}
	keys := []string{p.Key}
	for _, s := range p.Select {
		for _, x := range s.Cases {
			keys = append(keys, x.Key)
		}
	}
	for _, k := range keys {
		for _, m := range braces.FindAllStringSubmatch(k, -1) {
			if !known[m[1]] {
				c.fault(line, "%s: {%s} is not a part of the index %v, nor index, last, label, case or bit", p.Key, m[1], index)
			}
		}
	}
	if p.Column != "" && !strings.Contains(p.Key, "{") && (len(index) > 1 || p.Module == "" && all.Defaults.Module == "") && len(p.Select) == 0 && len(p.Where) == 0 && len(p.Rows) == 0 {
		c.fault(line, "%s: every row of the column would get this key: put a {part} of the index into it", p.Key)
	}
}

func contains(list []string, s string) bool { return containsText(list, s) }

// allowedKeys lists the YAML keys of a type of this package.
func allowedKeys(typeName string) []string {
	for _, t := range []any{Profile{}, Product{}, Defaults{}, Match{}, Ref{}, Condition{}, IdentityField{}, Bit{}, StatesFrom{}, SeverityCase{}, Range{}, LimitRefs{}, LimitRef{}, Flag{}, Patch{}, Select{}, Balance{}, TextCase{}, ScaleFrom{}, ValidFrom{}, Field{}, Point{}, Control{}, ControlOption{}, ModbusDevice{}, Block{}, Requirement{}} {
		if rt := reflect.TypeOf(t); rt.Name() == typeName {
			keys := yamlKeys(rt)
			sort.Strings(keys)
			return keys
		}
	}
	return nil
}

func yamlKeys(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("yaml")
		if strings.Contains(tag, ",inline") {
			out = append(out, yamlKeys(f.Type)...)
			continue
		}
		if tag != "" {
			out = append(out, tag)
		}
	}
	return out
}
