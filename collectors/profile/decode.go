package profile

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// decoder turns raw values of one point into values in the base unit.
type decoder struct {
	format        string
	scale, offset float64
	divisor       float64 // 1/scale where that is a whole number, else 0
	enumerated    bool
	class         quantity.Class
	unit          string // of raw x the scale of the profile
	// parts: the raw number counts tenths, hundredths or thousandths of the
	// unit. One with a fraction of its own counts something else.
	parts         bool
	factor, shift float64 // scale and offset of the profile, without those of the unit
	texts         map[string]int64
	field         *Field
	item          int // which item of a text with commas, from 1; zero for the whole
	invalid       []int64
	invalidText   []string
	invalidNumber []float64 // those of invalidText that are numbers with a fraction
	min, max      float64   // on the raw number; NaN for none
	least, most   float64   // on the value in the base unit
	ends          bool      // the ends of the ranges of integers are no value
	minusOne      bool      // -1 is no value
	regs          *registerType
	high          bool    // raws[1] holds the upper 32 bits
	pow10         bool    // the next raw is an exponent of ten
	good          []int64 // the next raw must be one of these
}

// refuse adds raw values that mean "no value".
func (d *decoder) refuse(marks []Number) {
	d.invalid, d.invalidText, d.invalidNumber = slices.Clip(d.invalid), slices.Clip(d.invalidText), slices.Clip(d.invalidNumber)
	for _, n := range marks {
		if !n.IsText {
			d.invalid = append(d.invalid, n.Int)
		} else if f, err := strconv.ParseFloat(n.Text, 64); err == nil {
			d.invalidNumber = append(d.invalidNumber, f)
		}
		d.invalidText = append(d.invalidText, n.Text)
	}
}

// setScale sets scale and offset. A tenth is a division by ten, which gives
// 3.3 where a multiplication by 0.1 gives 3.3000000000000003.
func (d *decoder) setScale(scale, offset float64) {
	d.scale, d.offset, d.divisor = scale, offset, 0
	if n := math.Round(1 / scale); n > 1 && n < 1e9 && math.Abs(n*scale-1) < 1e-12 {
		d.divisor = n
	}
}

// decode implements Resolved.Decode. raws holds the value, then, where the
// point has them, high word, exponent and validity in this order.
func (d *decoder) decode(raws []Raw) (float64, models.Quality) {
	if len(raws) == 0 || raws[0].Kind == None {
		return 0, models.Bad
	}
	next := 1
	extra := func() (float64, bool) {
		if next >= len(raws) {
			return 0, false
		}
		r := raws[next]
		next++
		return plain(r)
	}
	var (
		f       float64
		i       int64
		integer bool
		quality models.Quality
	)
	if d.regs != nil && raws[0].Kind == Bytes {
		f, i, integer, quality = d.regs.number(raws[0].Bytes)
	} else {
		f, i, integer, quality = d.number(raws[0])
	}
	if quality != models.Good {
		return 0, quality
	}
	if d.high {
		hi, ok := extra()
		if !ok || !integer {
			return 0, models.Bad
		}
		f = hi*(1<<32) + float64(uint32(i))
		i = int64(hi)<<32 | int64(uint32(i))
	}
	if f, quality = d.judge(f, i, integer); quality != models.Good {
		return 0, quality
	}
	scale, divisor := d.scale, d.divisor
	if d.pow10 {
		e, ok := extra()
		if !ok || e < -20 || e > 20 {
			return 0, models.Bad
		}
		scale, divisor = scale*math.Pow10(int(e)), 0
	}
	if d.good != nil {
		g, ok := extra()
		if !ok || !containsInt(d.good, int64(g)) {
			return 0, models.Bad
		}
	}
	return d.scaled(f, scale, divisor)
}

// whole is decode for a single raw value that is a whole number.
func (d *decoder) whole(i int64) (float64, models.Quality) {
	i = d.signed(i)
	f, quality := d.judge(float64(i), i, true)
	if quality != models.Good {
		return 0, quality
	}
	return d.scaled(f, d.scale, d.divisor)
}

// registers is decode for the bytes of registers and nothing else.
func (d *decoder) registers(b []byte) (float64, models.Quality) {
	f, i, integer, quality := d.regs.number(b)
	if quality != models.Good {
		return 0, quality
	}
	if f, quality = d.judge(f, i, integer); quality != models.Good {
		return 0, quality
	}
	return d.scaled(f, d.scale, d.divisor)
}

// float32 is registers for the commonest type of meters.
func (d *decoder) float32(b []byte) (float64, models.Quality) {
	if len(b) != 4 {
		return 0, models.Bad
	}
	f := float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	if f-f != 0 || f < d.min || f > d.max { // neither NaN nor infinite is a value
		return 0, models.Sentinel
	}
	return d.scaled(f, d.scale, d.divisor)
}

// alone reports whether a point takes nothing but its own raw value.
func (d *decoder) alone() bool { return !d.high && !d.pow10 && d.good == nil && d.item == 0 }

// judge finds what means "no value" and cuts out the field.
func (d *decoder) judge(f float64, i int64, integer bool) (float64, models.Quality) {
	if integer && d.marked(i) {
		return 0, models.Sentinel
	}
	if f < d.min || f > d.max {
		return 0, models.Sentinel
	}
	if d.field != nil {
		if !integer {
			return 0, models.Bad
		}
		f = float64(i >> uint(d.field.LSB) & (1<<uint(d.field.Width) - 1))
	}
	return f, models.Good
}

// marked tells whether a whole number means "no value".
func (d *decoder) marked(i int64) bool {
	switch {
	case containsInt(d.invalid, i):
		return true
	case i == math.MaxInt32 || i == math.MinInt32 || i == math.MaxUint32:
		// A gauge at its end says that it cannot say more (RFC 2578), and most
		// devices mean that there is nothing to say.
		return d.ends
	}
	// So do most that send -1 where they have no voltage, energy or percentage to tell.
	return d.minusOne && i == -1
}

func (d *decoder) scaled(f, scale, divisor float64) (float64, models.Quality) {
	if d.enumerated {
		return f, models.Good
	}
	if d.format == "abs" {
		f = math.Abs(f)
	}
	v := f*scale + d.offset
	if divisor != 0 {
		v = f/divisor + d.offset
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, models.Bad
	}
	if v < d.least || v > d.most {
		return 0, models.Sentinel
	}
	return v, models.Good
}

// plain gives a helper value as a number.
func plain(r Raw) (float64, bool) {
	switch r.Kind {
	case Int:
		return float64(r.Int), true
	case Uint:
		return float64(r.Uint), true
	case Float:
		return r.Float, true
	case Bytes:
		f, err := strconv.ParseFloat(strings.TrimSpace(string(r.Bytes)), 64)
		return f, err == nil
	}
	return 0, false
}

// number reads a raw value as the format says. The second result is the raw
// integer where there is one.
func (d *decoder) number(r Raw) (f float64, i int64, integer bool, q models.Quality) {
	if d.item > 0 && r.Kind != Bytes {
		return 0, 0, false, models.Bad // one number is no list
	}
	switch r.Kind {
	case Int:
		i = d.signed(r.Int)
		return float64(i), i, true, models.Good
	case Uint:
		return float64(r.Uint), int64(r.Uint), true, models.Good
	case Float:
		if math.IsNaN(r.Float) || math.IsInf(r.Float, 0) {
			return 0, 0, false, models.Sentinel
		}
		for _, x := range d.invalidNumber {
			if float32(x) == float32(r.Float) { // -999.9 as a device of 32 bits has it
				return 0, 0, false, models.Sentinel
			}
		}
		if d.parts {
			return 0, 0, false, models.Bad // 230.0 is as much of another scale as 230.1
		}
		if t := math.Trunc(r.Float); t == r.Float && math.Abs(t) < 1<<53 {
			return t, int64(t), true, models.Good
		}
		return r.Float, 0, false, models.Good
	case Bytes:
		return d.octets(r.Bytes)
	}
	return 0, 0, false, models.Bad
}

// signed takes an unsigned number of a narrow width for the signed one that
// is meant.
func (d *decoder) signed(i int64) int64 {
	switch d.format {
	case "i8":
		return int64(int8(i))
	case "i16":
		return int64(int16(i))
	case "i32":
		return int64(int32(i))
	}
	return i
}

func (d *decoder) octets(b []byte) (f float64, i int64, integer bool, q models.Quality) {
	switch d.format {
	case "unsigned":
		if len(b) == 0 || len(b) > 8 {
			return 0, 0, false, models.Bad
		}
		var u uint64
		for _, c := range b {
			u = u<<8 | uint64(c)
		}
		return float64(u), int64(u), true, models.Good
	case "float32":
		if len(b) != 4 {
			return 0, 0, false, models.Bad
		}
		f = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, 0, false, models.Sentinel
		}
		return f, 0, false, models.Good
	}
	if d.item > 0 {
		b = item(b, d.item)
	}
	text := strings.Trim(string(b), " \x00\t\r\n\"")
	if text == "" {
		return 0, 0, false, models.Sentinel
	}
	for _, x := range d.invalidText {
		if strings.EqualFold(text, x) {
			return 0, 0, false, models.Sentinel
		}
	}
	if d.texts != nil {
		if n, ok := d.texts[strings.ToLower(text)]; ok {
			return float64(n), n, true, models.Good
		}
	}
	switch d.format {
	case "hex":
		u, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(text), "0x"), 16, 64)
		if err != nil {
			return 0, 0, false, models.Bad
		}
		return float64(u), int64(u), true, models.Good
	case "hms":
		return clock(text)
	}
	behind := ""
	switch {
	case d.format == "text":
		w := firstNumber(text, d.class.Cumulative())
		if d.enumerated && w.comma {
			return 0, 0, false, models.Bad
		}
		text, behind = w.number, w.behind
	case !d.enumerated:
		text = numberAlone(text)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		n = d.signed(n)
		f, i, integer = float64(n), n, true
	} else {
		f, err = strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, 0, false, models.Bad
		}
		if t := math.Trunc(f); t == f && math.Abs(t) < 1<<53 {
			i, integer = int64(t), true
		}
	}
	if integer && d.marked(i) || slices.Contains(d.invalidNumber, f) {
		return 0, 0, false, models.Sentinel
	}
	if behind != "" {
		t, told, ok := d.told(f, behind)
		if told || !ok {
			return t, 0, false, qualityOf(ok)
		}
	}
	if d.parts && strings.ContainsAny(text, ".eE") {
		return 0, 0, false, models.Bad // whatever stands behind the point
	}
	return f, i, integer, models.Good
}

func qualityOf(ok bool) models.Quality {
	if ok {
		return models.Good
	}
	return models.Bad
}

// told gives a number as the point's raw number where the text names a unit
// behind it that is not that of the point. It is not ok where the text names
// another quantity, or where the scale of the profile leaves open which of both
// the number counts.
func (d *decoder) told(f float64, behind string) (raw float64, told, ok bool) {
	scale, offset, told, ok := d.behind(behind)
	if !told || !ok {
		return f, told, ok
	}
	if scale == d.scale && offset == d.offset {
		return f, true, true
	}
	return (f*scale + offset - d.offset) / d.scale, true, true
}

// behind is the conversion of the unit that a text names behind its number,
// where it is told and not the point's own.
func (d *decoder) behind(text string) (scale, offset float64, told, ok bool) {
	unit, ok := unitBehind(d.class, d.unit, text)
	if !ok || unit == "" || unit == d.unit || d.scale == 0 {
		return 0, 0, false, ok
	}
	scale, offset, err := d.class.Conversion(unit)
	same := scale == d.scale && offset == d.offset
	return scale, offset, true, err == nil && (same || d.factor == 1 && d.shift == 0)
}

// writtenIn is the inverse of told.
func (d *decoder) writtenIn(n float64, behind string) float64 {
	scale, offset, told, ok := d.behind(behind)
	if !told || !ok {
		return n
	}
	return (n*d.scale + d.offset - offset) / scale
}

// maxItems bounds the items that are taken from one text.
const maxItems = 256

// itemsOf counts the items of a text with commas between them.
func itemsOf(raw Raw) int {
	if raw.Kind != Bytes || len(raw.Bytes) == 0 {
		return 0
	}
	return bytes.Count(raw.Bytes, []byte{','}) + 1
}

// item returns the nth item of a text with commas between them, from 1; nothing
// where there are fewer.
func item(b []byte, n int) []byte {
	for ; n > 1; n-- {
		_, after, found := bytes.Cut(b, []byte{','})
		if !found {
			return nil
		}
		b = after
	}
	b, _, _ = bytes.Cut(b, []byte{','})
	return b
}

// clock reads hours:minutes:seconds or minutes:seconds.
func clock(text string) (float64, int64, bool, models.Quality) {
	var total int64
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, 0, false, models.Bad
	}
	for _, p := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(p), 10, 32)
		if err != nil {
			return 0, 0, false, models.Bad
		}
		total = total*60 + int64(n)
	}
	return float64(total), total, true, models.Good
}

// encode is the inverse of decode for an honest device: the raw value that
// stands for v, in the form of like.
func (d *decoder) encode(v float64, like Raw) Raw {
	if d.field != nil {
		return d.encodeField(int64(v), like)
	}
	n := v
	if !d.enumerated && d.scale != 0 {
		n = (v - d.offset) / d.scale
	}
	if d.regs != nil && like.Kind == Bytes {
		return Raw{Kind: Bytes, Bytes: d.regs.bytes(n)}
	}
	switch like.Kind {
	case Float:
		return Raw{Kind: Float, Float: n}
	case Uint:
		return Raw{Kind: Uint, Uint: uint64(math.Max(0, math.Round(n)))}
	case Bytes:
		if old := item(like.Bytes, d.item); d.item > 0 && len(old) > 0 {
			items := bytes.Split(like.Bytes, []byte{','})
			items[d.item-1] = d.encodeOctets(n, old)
			return Raw{Kind: Bytes, Bytes: bytes.Join(items, []byte{','})}
		}
		return Raw{Kind: Bytes, Bytes: d.encodeOctets(n, like.Bytes)}
	}
	i := int64(math.Round(n))
	switch d.format {
	case "i8":
		i &= 0xFF
	case "i16":
		i &= 0xFFFF
	case "i32":
		i &= 0xFFFFFFFF
	}
	return Raw{Kind: Int, Int: i}
}

// encodeField puts v into its bits of like and keeps the others.
func (d *decoder) encodeField(v int64, like Raw) Raw {
	mask := int64(1)<<uint(d.field.Width) - 1
	put := func(i int64) int64 {
		return i&^(mask<<uint(d.field.LSB)) | (v&mask)<<uint(d.field.LSB)
	}
	if d.regs != nil && like.Kind == Bytes {
		_, i, integer, _ := d.regs.number(like.Bytes)
		if !integer {
			return like
		}
		return Raw{Kind: Bytes, Bytes: d.regs.bytes(float64(put(i)))}
	}
	if like.Kind != Int {
		return like
	}
	return Raw{Kind: Int, Int: put(like.Int)}
}

// encodeOctets writes a number into text as like has it: decimals and what
// stands around the number are kept.
func (d *decoder) encodeOctets(n float64, like []byte) []byte {
	switch d.format {
	case "unsigned":
		out := make([]byte, len(like))
		u := uint64(math.Max(0, math.Round(n)))
		for i := len(out) - 1; i >= 0; i-- {
			out[i] = byte(u)
			u >>= 8
		}
		return out
	case "float32":
		return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(n)))
	case "hex":
		return strconv.AppendUint(nil, uint64(math.Max(0, math.Round(n))), 16)
	}
	if d.texts != nil {
		for t, x := range d.texts {
			if x == int64(n) {
				return []byte(t)
			}
		}
	}
	old := string(like)
	w := firstNumber(old, d.class.Cumulative())
	if d.format == "text" {
		n = d.writtenIn(n, w.behind)
	}
	number, verb := w.number, byte('f')
	if e := strings.IndexAny(number, "eE"); e >= 0 {
		number, verb = number[:e], 'e'
	}
	_, fraction, _ := strings.Cut(number, ".")
	text := strconv.FormatFloat(n, verb, len(fraction), 64)
	if w.comma && len(fraction) != 3 { // 1,234 may be thousands
		text = strings.Replace(text, ".", ",", 1)
	}
	if w.number == "" {
		return []byte(text)
	}
	return []byte(old[:w.start] + text + old[w.end:])
}

func containsInt(list []int64, x int64) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// counts tells whether the device gives the value as a whole number. A text
// may hold a fraction at another time.
func (d *decoder) counts(raw Raw) bool {
	if d.regs != nil {
		return d.regs.whole()
	}
	return raw.Kind == Int || raw.Kind == Uint
}
