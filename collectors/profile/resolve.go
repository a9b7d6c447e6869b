package profile

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// FastInterval and SlowInterval are those of the two poll groups that every
// profile has.
const (
	FastInterval = 10 * time.Second
	SlowInterval = time.Minute
)

// maxPoints bounds the points of one device; a table beyond it is cut and the
// cut is reported.
const maxPoints = 20000

// Resolve applies an SNMP profile to what the device was found to hold. Points
// whose object the device does not have are left out. It returns an error when
// nothing at all was found.
func (p *Profile) Resolve(view View) (*Device, error) {
	return p.resolve(source{snmp: view})
}

// ResolveModbus applies a Modbus profile to registers that were read.
func (p *Profile) ResolveModbus(view ModbusView) (*Device, error) {
	p = p.On(view)
	return p.resolve(source{modbus: view, device: &p.Device})
}

func (p *Profile) resolve(src source) (*Device, error) {
	src.cells = map[string]map[string]Raw{}
	if p.Base != "" {
		src.moved = p.move(src.scalar(SysObjectIDOID).String())
	}
	d := &Device{Profile: p.Name, Kind: p.Kind, Identity: map[string]string{}, Intervals: p.intervals()}
	p.identify(src, d.Identity)
	for _, q := range p.Device.Require {
		if !q.holds(src, nil) {
			d.Problems = append(d.Problems, q.Message)
		}
	}
	at := map[string]int{} // key -> position in d.Points
	r := resolver{src: src, device: d, at: at}
	for i := range p.Points {
		r.point(&p.Points[i])
	}
	for _, f := range p.fallback {
		r.fill = true
		for i := range f.Points {
			r.point(&f.Points[i])
		}
		for g, t := range f.intervals() {
			if _, ok := d.Intervals[g]; !ok {
				d.Intervals[g] = t
			}
		}
		f.identify(src, d.Identity)
	}
	if len(p.Controls) > 0 {
		r.proofs = p.proofs(src)
		r.controls(p.Controls)
	}
	d.dropMeasured()
	if len(d.Points) == 0 {
		return nil, fmt.Errorf("profile %s: the device holds none of its objects", p.Name)
	}
	return d, nil
}

func (p *Profile) intervals() map[string]time.Duration {
	out := map[string]time.Duration{"fast": FastInterval, "slow": SlowInterval}
	for g, t := range p.Groups {
		out[g] = time.Duration(t)
	}
	return out
}

// resolver collects the points of one device.
type resolver struct {
	src    source
	device *Device
	at     map[string]int
	fill   bool // only where a better profile left a gap
	proofs []proof
	full   bool
	// deciders are those of the row that is being resolved.
	deciders []Decider
}

// settings are those of one row after all patches.
type settings struct {
	class         quantity.Class
	unit          string
	scale, offset float64
	key, label    string
	name          string
	states        map[int64]State
	invalid       []Number
	format        string
	item          int // of a list, from 1; zero for none
	skip          bool
}

func (r *resolver) problem(format string, args ...any) {
	if len(r.device.Problems) < 100 {
		r.device.Problems = append(r.device.Problems, fmt.Sprintf(format, args...))
	}
}

func (r *resolver) point(p *Point) {
	r.src.unit = p.unit()
	for _, c := range p.When {
		if !c.anyRow(r.src) {
			return
		}
	}
	switch {
	case p.OID != "":
		if raw := r.src.scalar(p.OID); raw.Kind != None {
			r.row(p, nil, raw)
		}
	case p.Column != "":
		for _, row := range r.src.column(p.Column) {
			r.row(p, row.Index, row.Raw)
		}
	case p.Register != nil:
		reg := p.register()
		if raw := r.src.register(reg); raw.Kind != None {
			r.row(p, nil, raw)
		}
	}
}

// row makes the points of one row: one, or one for each bit or item.
func (r *resolver) row(p *Point, index []uint32, raw Raw) {
	parts, ok := p.indexParts(r.src, index)
	if !ok {
		return
	}
	for _, c := range p.Where {
		if !c.holds(r.src, index) {
			return
		}
	}
	s := settings{class: p.Class, unit: p.Unit, scale: 1, offset: p.Offset, key: p.Key, label: p.Label, states: p.States, invalid: p.Invalid, format: p.Format}
	if p.Scale != nil {
		s.scale = *p.Scale
	}
	if p.StatesFrom != nil {
		s.states = p.StatesFrom.list(r.src.ref(p.StatesFrom.Ref, index).String())
		maps.Copy(s.states, p.States)
	}
	r.deciders = nil
	for i := range p.Select {
		p.Select[i].apply(r.src, index, &s)
		if s.skip {
			return
		}
		r.decide(&p.Select[i], index)
	}
	if !s.class.Valid() && len(p.Bits) == 0 {
		return // a row whose quantity nobody told us
	}
	if p.LabelFrom != nil {
		parts["label"] = cleanText(r.src.ref(*p.LabelFrom, index).String())
	}
	parts["case"] = s.name
	if p.Items != "" {
		for i := range min(itemsOf(raw), maxItems) {
			parts[p.Items] = strconv.Itoa(i + 1)
			s.item = i + 1
			r.add(p, parts, index, raw, s, nil)
		}
		return
	}
	if len(p.Bits) == 0 {
		r.add(p, parts, index, raw, s, nil)
		return
	}
	for bit := range 64 {
		b, ok := p.Bits[bit]
		if !ok {
			continue
		}
		parts["bit"] = b.Name
		sb := s
		sb.class = quantity.Alarm
		sb.states = map[int64]State{0: {Text: "clear", Severity: models.SeverityOK}, 1: {Text: orElse(b.Text, b.Name), Severity: orElse(b.Severity, models.SeverityWarning)}}
		if sb.label == "" || p.LabelFrom == nil && !strings.Contains(sb.label, "{bit}") {
			sb.label = orElse(b.Text, strings.ReplaceAll(b.Name, "-", " "))
		}
		r.add(p, parts, index, raw, sb, &Field{LSB: bit, Width: 1})
	}
}

func orElse[T comparable](x, y T) T {
	var zero T
	if x == zero {
		return y
	}
	return x
}

func (r *resolver) add(p *Point, parts map[string]string, index []uint32, raw Raw, s settings, field *Field) {
	key := p.unitPrefix(parts) + expandKey(s.key, parts)
	scale, offset, err := s.class.Conversion(s.unit)
	if err != nil {
		r.problem("%s: %v", key, err)
		return
	}
	d := &decoder{
		format: s.format, item: s.item,
		enumerated: s.class.Enumerated(), class: s.class, unit: orElse(s.unit, s.class.Unit()),
		texts: p.Texts, field: p.Field, min: math.Inf(-1), max: math.Inf(1),
	}
	d.setFactor(s.scale, s.offset, p.Register == nil)
	d.least, d.most = s.class.Possible()
	d.ends = !s.class.Enumerated() && !s.class.Cumulative() && s.class != quantity.Count && field == nil && p.Field == nil
	d.minusOne = p.Register == nil && field == nil && p.Field == nil && p.High == "" && p.Valid.Min == nil && minusOneIsNone(s.class)
	d.setScale(s.scale*scale, s.offset*scale+offset)
	if field != nil {
		d.field = field
	}
	if p.Valid.Min != nil {
		d.min = *p.Valid.Min
	}
	if p.Valid.Max != nil {
		d.max = *p.Valid.Max
	}
	d.refuse(s.invalid)
	res := Resolved{Decode: d.decode, decoder: d, from: p, Deciders: r.deciders}
	raws := []Raw{raw}
	if p.Register != nil {
		reg := p.register()
		res.Register, res.Spec.Source = &reg, reg.String()
		res.Guards = p.guards(reg)
		if !reg.Bit() {
			d.regs, err = newRegisterType(p.Type, p.WordOrder, p.ByteOrder)
			if err != nil {
				r.problem("%s: %v", key, err)
				return
			}
			// Marks are compared with the number as it stands in the registers,
			// whatever its sign.
			d.invalid = d.regs.marks(d.invalid)
		}
		if p.ScaleFrom != nil {
			x := Register{Table: orElse(p.ScaleFrom.Table, reg.Table), Address: uint16(p.ScaleFrom.Register), Count: 1, Unit: reg.Unit}
			d.pow10 = true
			res.ExtraRegisters = append(res.ExtraRegisters, x)
			raws = append(raws, signedWord(r.src.register(x)))
		}
		if p.ValidFrom != nil && p.ValidFrom.Register != nil {
			x := Register{Table: orElse(p.ValidFrom.Table, reg.Table), Address: uint16(*p.ValidFrom.Register), Count: 1, Unit: reg.Unit}
			d.good = p.ValidFrom.Good
			res.ExtraRegisters = append(res.ExtraRegisters, x)
			raws = append(raws, signedWord(r.src.register(x)))
		}
	} else {
		res.OID = r.src.moved.oid(strings.TrimPrefix(p.OID+instance(p.Column, index), "."))
		res.Spec.Source = res.OID
		if p.High != "" {
			d.high = true
			oid, raw := p.High, r.src.scalar(p.High)
			if p.Column != "" {
				oid, raw = instance(p.High, index), r.src.cell(p.High, index)
			}
			res.Extra = append(res.Extra, r.src.moved.oid(oid))
			raws = append(raws, raw)
		}
		if p.ValidFrom != nil {
			raw := r.src.ref(Ref{OID: p.ValidFrom.OID, Column: p.ValidFrom.Column}, index)
			if raw.Kind != None || !p.ValidFrom.Optional {
				d.good = p.ValidFrom.Good
				oid := p.ValidFrom.OID + instance(p.ValidFrom.Column, index)
				res.Extra = append(res.Extra, r.src.moved.oid(oid))
				raws = append(raws, raw)
			}
		}
	}
	value, quality := d.decode(raws)
	if p.OmitInvalid && quality != models.Good {
		return
	}
	if !d.high && !d.pow10 {
		res.Encode = d.encode
	}
	if d.alone() {
		res.Whole = d.whole
		if d.regs != nil {
			res.Bytes = d.registers
			if d.regs.plainFloat32() && d.field == nil {
				res.Bytes = d.float32
			}
		}
	}
	res.Spec.Key, res.Spec.Class, res.Spec.Group = key, s.class, p.Group
	if !s.class.Enumerated() && !d.pow10 && (s.class.Cumulative() || d.counts(raw)) {
		res.Spec.Step = math.Abs(d.scale)
	}
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		res.Spec.Component = key[:i]
	}
	res.Spec.Label = cleanText(expandLabel(s.label, parts))
	if res.Spec.Label == "" {
		res.Spec.Label = parts["label"]
	}
	if res.Spec.Label == "" {
		res.Spec.Label = labelOf(key)
	}
	if s.class.Enumerated() {
		res.Spec.States = stateTexts(s.states)
	}
	r.limits(p, index, d, &res)
	res.initial, res.initialQuality, res.raw = value, quality, raw

	if i, dup := r.at[key]; dup {
		old := r.device.Points[i]
		if r.fill {
			// The generic MIB fills a gap only: a vendor's value is better.
			if old.initialQuality != models.Good && quality == models.Good {
				r.device.Points[i] = res
			}
			return
		}
		r.problem("%s: both %s and %s give this point; the first one is used", key, old.Spec.Source, res.Spec.Source)
		return
	}
	if len(r.device.Points) >= maxPoints {
		if !r.full {
			r.problem("more than %d points: the rest is left out", maxPoints)
			r.full = true
		}
		return
	}
	r.at[key] = len(r.device.Points)
	r.device.Points = append(r.device.Points, res)
}

// minusOneIsNone tells of a class whether most devices that have none of it to
// tell send -1.
func minusOneIsNone(c quantity.Class) bool {
	return c == quantity.Voltage || c == quantity.Energy || c == quantity.Percent
}

// setFactor sets what the profile says of scale and offset.
func (d *decoder) setFactor(factor, shift float64, snmp bool) {
	d.factor, d.shift = factor, shift
	d.parts = snmp && d.class != quantity.PowerFactor && decimalPart(factor)
}

// decimalPart tells whether a scale is a tenth, a hundredth or a thousandth.
func decimalPart(scale float64) bool {
	for _, n := range []float64{10, 100, 1000} {
		if math.Abs(scale*n-1) < 1e-9 {
			return true
		}
	}
	return false
}

func (r *resolver) limits(p *Point, index []uint32, d *decoder, res *Resolved) {
	take := func(ref *LimitRef) *float64 {
		if ref == nil {
			return nil
		}
		raw := r.src.ref(ref.Ref, index)
		if raw.Kind == None || ref.Enabled != nil && !ref.Enabled.set(r.src, index) || !allHold(ref.Where, r.src, index) {
			return nil
		}
		plainDecoder := *d
		if ref.Scale != 0 {
			plainDecoder.setScale(plainDecoder.scale*ref.Scale, plainDecoder.offset)
			plainDecoder.setFactor(plainDecoder.factor*ref.Scale, plainDecoder.shift, p.Register == nil)
		}
		plainDecoder.refuse(ref.Invalid)
		plainDecoder.high, plainDecoder.pow10, plainDecoder.good, plainDecoder.field, plainDecoder.item = false, false, nil, nil, 0
		v, q := plainDecoder.decode([]Raw{raw})
		if q != models.Good {
			return nil
		}
		return &v
	}
	l := &res.Spec.Limits
	l.LowCritical, l.LowWarning = take(p.Limits.LowCritical), take(p.Limits.LowWarning)
	l.HighWarning, l.HighCritical = take(p.Limits.HighWarning), take(p.Limits.HighCritical)
	// Thresholds that are all zero were never set.
	set := 0
	for _, x := range []*float64{l.LowCritical, l.LowWarning, l.HighWarning, l.HighCritical} {
		switch {
		case x == nil:
		case *x != 0:
			return
		default:
			set++
		}
	}
	if set > 1 {
		*l = models.Limits{}
	}
}

// set tells whether the flag is there and set.
func (f *Flag) set(s source, index []uint32) bool {
	raw := s.ref(f.Ref, index)
	at := f.Bit / 8
	return raw.Kind == Bytes && at < len(raw.Bytes) && raw.Bytes[at]&(0x80>>(f.Bit%8)) != 0
}

// listedStates finds "Standby (1)" in a list of states; a device's list longer
// than maxStates is cut.
var listedStates = regexp.MustCompile(`([^,;()]+)\((-?\d{1,9})\)`)

const maxStates = 256

// list reads the states that a text of the device names.
func (f *StatesFrom) list(text string) map[int64]State {
	out := map[int64]State{}
	for _, m := range listedStates.FindAllStringSubmatch(text, maxStates) {
		n, err := strconv.ParseInt(m[2], 10, 64)
		if _, known := out[n]; known || err != nil {
			continue
		}
		s := State{Text: cleanText(m[1])}
		for _, x := range f.Severities {
			if matches(x.Match, s.Text) {
				s.Severity = x.Severity
				break
			}
		}
		if s.Text != "" {
			out[n] = s
		}
	}
	return out
}

func stateTexts(in map[int64]State) map[int64]models.StateText {
	if len(in) == 0 {
		return nil
	}
	out := make(map[int64]models.StateText, len(in))
	for n, s := range in {
		out[n] = models.StateText{Text: s.Text, Severity: orElse(s.Severity, models.SeverityInfo)}
	}
	return out
}

// instance joins a column and a row index.
func instance(column string, index []uint32) string {
	if column == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(column)
	for _, n := range index {
		b.WriteByte('.')
		b.WriteString(strconv.FormatUint(uint64(n), 10))
	}
	return b.String()
}
