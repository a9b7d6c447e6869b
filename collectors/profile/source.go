package profile

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// ModbusView is a Modbus device while it is learned: registers that were read.
type ModbusView interface {
	// Registers returns the bytes of a register range, high byte first as on
	// the wire, or the single bit as one byte; ok is false when the device has
	// no such registers.
	Registers(r Register) (data []byte, ok bool)
}

// source is where a profile looks for values: an SNMP or a Modbus device.
type source struct {
	snmp   View
	modbus ModbusView
	device *ModbusDevice
	cells  map[string]map[string]Raw // column -> index -> value
	moved  move
	// unit is where the registers of a Ref are: where those of the point or
	// control that has it are. Nil is the device's own unit id.
	unit *uint8
}

// move tells where the subtree that a profile was written for lies on a device.
type move struct{ from, to string }

// oid is where the device has this object.
func (m move) oid(oid string) string {
	if rest, ok := strings.CutPrefix(oid, m.from+"."); ok && m.from != "" {
		return m.to + "." + rest
	}
	return oid
}

// move finds the subtree of the model that calls itself sysObjectID: the
// sibling of Base that it names.
func (p *Profile) move(sysObjectID string) move {
	last := strings.LastIndexByte(p.Base, '.')
	if last < 0 {
		return move{}
	}
	sysObjectID = strings.TrimPrefix(sysObjectID, ".")
	rest, ok := strings.CutPrefix(sysObjectID, p.Base[:last+1])
	model, _, _ := strings.Cut(rest, ".")
	if !ok || model == "" {
		return move{}
	}
	return move{p.Base, p.Base[:last+1] + model}
}

func (s source) scalar(oid string) Raw {
	if s.snmp == nil {
		return Raw{}
	}
	return s.snmp.Scalar(s.moved.oid(oid))
}

func (s source) column(oid string) []Row {
	if s.snmp == nil {
		return nil
	}
	return s.snmp.Column(s.moved.oid(oid))
}

func (s source) register(r Register) Raw {
	if s.modbus == nil {
		return Raw{}
	}
	b, ok := s.modbus.Registers(r)
	if !ok {
		return Raw{}
	}
	if r.Bit() {
		if len(b) == 0 {
			return Raw{}
		}
		return Raw{Kind: Int, Int: int64(b[0])}
	}
	return Raw{Kind: Bytes, Bytes: b}
}

// cell returns the value of a column in the row with this index.
func (s source) cell(column string, index []uint32) Raw {
	m, ok := s.cells[column]
	if !ok {
		m = map[string]Raw{}
		for _, row := range s.column(column) {
			m[joinIndex(row.Index)] = row.Raw
		}
		s.cells[column] = m
	}
	return m[joinIndex(index)]
}

// ref returns the value that a Ref names for a row. Registers come as numbers.
func (s source) ref(r Ref, index []uint32) Raw {
	switch {
	case r.Column != "":
		return s.cell(r.Column, r.leading(index))
	case r.OID != "":
		return s.scalar(r.OID)
	case r.Register != nil && r.Length > 0:
		reg, _ := r.registerOf()
		reg.Unit = s.unit
		raw := s.register(reg)
		if raw.Kind != Bytes {
			return Raw{}
		}
		t := registerType{name: "string", littleByte: r.Type == "string-little"}
		return Raw{Kind: Bytes, Bytes: []byte(t.text(raw.Bytes))}
	case r.Register != nil:
		t, err := newRegisterType(orElse(r.Type, "u16"), "", "")
		if err != nil {
			return Raw{}
		}
		reg := Register{Table: r.Table, Address: uint16(*r.Register), Count: uint16(registerCounts[t.name]), Unit: s.unit}
		raw := s.register(reg)
		if raw.Kind != Bytes {
			return raw
		}
		f, i, integer, _ := t.number(raw.Bytes)
		if integer {
			return Raw{Kind: Int, Int: i}
		}
		return Raw{Kind: Float, Float: f}
	}
	return Raw{}
}

// object is where the device has the value that a Ref names for a row; "" for
// a register.
func (s source) object(r Ref, index []uint32) string {
	switch {
	case r.Column != "":
		return s.moved.oid(strings.TrimPrefix(instance(r.Column, r.leading(index)), "."))
	case r.OID != "":
		return s.moved.oid(strings.TrimPrefix(r.OID, "."))
	}
	return ""
}

// leading is the part of the index of a row that the column has.
func (r Ref) leading(index []uint32) []uint32 {
	if r.Index > 0 && r.Index < len(index) {
		return index[:r.Index]
	}
	return index
}

// String is the text of a raw value: numbers in decimal.
func (r Raw) String() string {
	switch r.Kind {
	case Int:
		return strconv.FormatInt(r.Int, 10)
	case Uint:
		return strconv.FormatUint(r.Uint, 10)
	case Float:
		return strconv.FormatFloat(r.Float, 'g', -1, 64)
	case Bytes, OID:
		return strings.Trim(string(r.Bytes), " \x00\t\r\n")
	}
	return ""
}

// patterns keeps compiled expressions that were used since a library was made
// last; those of profiles are checked when they are loaded.
var patterns sync.Map

func matches(pattern, text string) bool {
	re, err := compiled(pattern)
	return err == nil && re.MatchString(text)
}

func compiled(pattern string) (*regexp.Regexp, error) {
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp), nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	patterns.Store(pattern, re)
	return re, nil
}

// holds tells whether the condition is fulfilled for a row.
func (c Condition) holds(s source, index []uint32) bool {
	raw := s.ref(c.Ref, index)
	if raw.Kind == None {
		return c.Present != nil && !*c.Present
	}
	if c.Present != nil && !*c.Present {
		return false
	}
	text := raw.String()
	if len(c.In) > 0 && !containsText(c.In, text) {
		return false
	}
	if containsText(c.Not, text) {
		return false
	}
	if c.Match != "" && !matches(c.Match, text) {
		return false
	}
	if c.NotMatch != "" && matches(c.NotMatch, text) {
		return false
	}
	if c.Min != nil || c.Max != nil {
		f, ok := plain(raw)
		if !ok || c.Min != nil && f < *c.Min || c.Max != nil && f > *c.Max {
			return false
		}
	}
	return true
}

func containsText(list []string, text string) bool {
	for _, x := range list {
		if x == text {
			return true
		}
	}
	return false
}

// apply changes s by the value that the selector names.
func (x *Select) apply(src source, index []uint32, s *settings) {
	if x.Balance != nil {
		f, ok := x.Balance.factor(src, index)
		s.scale *= f
		s.skip = !ok
		return
	}
	c, patch := x.choose(src.ref(x.Ref, index))
	if c.how == byFactor {
		s.scale *= c.factor
		return
	}
	patch.apply(s)
}

// choice is what a value chooses of a selector: the same for values that choose
// the same.
type choice struct {
	how    byte
	text   string  // of the case
	factor float64 // of the scale
}

// How a selector chooses; zero where no case fits.
const (
	byFactor byte = iota + 1
	byCase
	byText
	byNonsense
)

// choose tells what a value chooses, and the patch that comes with it.
func (x *Select) choose(raw Raw) (choice, Patch) {
	var otherwise Patch
	if x.Otherwise != nil {
		otherwise = *x.Otherwise
	}
	switch {
	case raw.Kind == None:
		return choice{}, otherwise
	case x.Pow10 != nil || x.Multiply || x.Divide:
		if f, ok := x.factor(raw); ok {
			return choice{how: byFactor, factor: f}, Patch{}
		}
		return choice{how: byNonsense}, Patch{Skip: true} // a scale that makes no sense makes no value
	}
	text := raw.String()
	if p, ok := x.Cases[text]; ok {
		return choice{how: byCase, text: text}, p
	}
	t := x.textCase(text)
	if t == nil {
		if whole := wholeOf(raw, text); whole != "" {
			t = x.textCase(whole)
		}
	}
	if t != nil {
		return choice{how: byText, text: t.Match}, t.Patch
	}
	return choice{}, otherwise
}

// factor is by what a neighbour that is an exponent or a factor multiplies.
func (x *Select) factor(raw Raw) (float64, bool) {
	number, ok := plain(raw)
	switch {
	case !ok || math.IsNaN(number) || math.IsInf(number, 0):
		return 0, false
	case x.Pow10 != nil:
		return math.Pow10(int(number) * *x.Pow10), math.Abs(number) <= 20
	case x.Divide:
		return 1 / number, number != 0
	}
	return number, number != 0
}

// textCase is the first case whose expression is found in the text.
func (x *Select) textCase(text string) *TextCase {
	for i := range x.Texts {
		if matches(x.Texts[i].Match, text) {
			return &x.Texts[i]
		}
	}
	return nil
}

// wholeOf gives the digits before the point of a number with a fraction, "49"
// of 49.98: the patterns that tell a scale by the size of a value are made for
// whole numbers. It is "" for what is not such a number.
func wholeOf(raw Raw, text string) string {
	if raw.Kind != Float && raw.Kind != Bytes || !strings.ContainsAny(text, ".,") {
		return ""
	}
	f, err := strconv.ParseFloat(numberAlone(text), 64)
	if err != nil || math.Abs(f) >= 1<<53 {
		return ""
	}
	return strconv.FormatInt(int64(f), 10)
}

// balanceTolerance is the share of the known total by which the sum may differ:
// the values are read one after another and rounded.
const balanceTolerance = 0.1

// factor returns the one factor that makes the sum hold.
func (b *Balance) factor(src source, index []uint32) (factor float64, ok bool) {
	total := func(refs []Ref) (sum float64) {
		for _, r := range refs {
			f, _ := plain(src.ref(r, index))
			sum += f
		}
		return sum
	}
	sum, want := total(b.Sum), total(b.Equals)
	if b.Scale != 0 {
		want *= b.Scale
	}
	fits := 0
	for _, f := range b.Factors {
		rounding := math.Abs(f) * float64(len(b.Sum)) / 2
		if math.Abs(sum*f-want) <= balanceTolerance*math.Abs(want)+rounding {
			factor = f
			fits++
		}
	}
	return factor, fits == 1
}

func (p *Patch) apply(s *settings) {
	if p.Skip {
		s.skip = true
		return
	}
	if p.Class != "" {
		s.class = p.Class
		s.unit = p.Unit
	}
	if p.Unit != "" {
		s.unit = p.Unit
	}
	if p.Scale != nil {
		s.scale *= *p.Scale
	}
	if p.Offset != nil {
		s.offset = *p.Offset
	}
	s.name = orElse(p.Name, s.name)
	s.key = orElse(p.Key, s.key)
	s.label = orElse(p.Label, s.label)
	s.format = orElse(p.Format, s.format)
	if p.States != nil {
		s.states = p.States
	}
	if p.Invalid != nil {
		s.invalid = p.Invalid
	}
}

// register is where a Modbus point stands.
func (p *Point) register() Register {
	count := registerCounts[p.Type]
	return Register{Table: p.Table, Address: uint16(*p.Register), Count: uint16(count), Unit: p.unit()}
}

// unit is the unit id of a point that is not in the device's own.
func (p *Point) unit() *uint8 {
	if p.UnitID == nil {
		return nil
	}
	u := uint8(*p.UnitID)
	return &u
}

// signedWord reads one register as a signed number.
func signedWord(r Raw) Raw {
	if r.Kind == Bytes && len(r.Bytes) == 2 {
		return Raw{Kind: Int, Int: int64(int16(binary.BigEndian.Uint16(r.Bytes)))}
	}
	return r
}

// marks gives "no value" marks the sign that number gives the same bits.
func (t *registerType) marks(in []int64) []int64 {
	out := make([]int64, 0, len(in))
	for _, m := range in {
		switch t.name {
		case "i16":
			m = int64(int16(m))
		case "i32":
			m = int64(int32(m))
		case "u16", "bits16", "bit":
			m = int64(uint16(m))
		case "u32", "bits32":
			m = int64(uint32(m))
		}
		out = append(out, m)
	}
	return out
}

// identify fills in what the device says of itself; what is there stays.
func (p *Profile) identify(s source, out map[string]string) {
	for name, f := range p.Identity {
		if out[name] != "" {
			continue
		}
		if text := f.text(s); text != "" {
			out[name] = text
		}
	}
}

func (f IdentityField) text(s source) string {
	if f.Const != "" {
		return f.Const
	}
	var raw Raw
	switch {
	case f.Column != "":
		for _, row := range s.column(f.Column) {
			if row.Raw.String() != "" {
				raw = row.Raw
				break
			}
		}
	default:
		raw = s.ref(f.Ref, nil)
	}
	return f.render(raw)
}

// render is the text that a raw value stands for.
func (f IdentityField) render(raw Raw) string {
	if raw.Kind == None {
		return ""
	}
	if f.Format == "mac" && raw.Kind == Bytes {
		if len(raw.Bytes) != 6 {
			return ""
		}
		b := raw.Bytes
		return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5])
	}
	if raw.Kind == Int {
		switch f.Format {
		case "dotted":
			return f.refine(strings.Join(strings.Split(raw.String(), ""), "."))
		case "nibbles":
			return f.refine(fmt.Sprintf("%d.%d.%d", raw.Int>>12&15, raw.Int>>8&15, raw.Int&255))
		}
	}
	if raw.Kind == Float && f.Type == "f32" {
		return f.refine(strconv.FormatFloat(raw.Float, 'g', -1, 32))
	}
	if number, ok := plain(raw); ok && f.Scale != nil {
		return f.refine(strconv.FormatFloat(number**f.Scale, 'g', 10, 64))
	}
	return f.refine(cleanText(raw.String()))
}

func (f IdentityField) refine(text string) string {
	if t, ok := f.Texts[text]; ok {
		return t
	}
	if f.Match != "" {
		re, err := compiled(f.Match)
		if err != nil {
			return ""
		}
		m := re.FindStringSubmatch(text)
		if m == nil {
			return ""
		}
		return strings.TrimSpace(m[len(m)-1])
	}
	return text
}
