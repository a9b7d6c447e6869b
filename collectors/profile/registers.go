package profile

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/aisle-dcim/aisle/models"
)

// registerType tells how registers make a number.
type registerType struct {
	name       string
	form       numberForm
	littleWord bool // the first register is the least significant
	littleByte bool // the bytes inside a register are swapped
	count      int  // of its registers, 0 for a text
	digits     bool // each register is a signed digit of base 10000
}

// numberForm is how the bits of registers are read.
type numberForm uint8

const (
	unsigned numberForm = iota
	signed16
	signed32
	signed64
	unsigned64
	float32bits
	float64bits
)

// numberForms gives the forms of types that are not unsigned.
var numberForms = map[string]numberForm{
	"i16": signed16, "i32": signed32, "i64": signed64, "u64": unsigned64, "f32": float32bits, "f64": float64bits,
}

// registerCounts gives the registers that each type takes; string takes what
// its length says.
var registerCounts = map[string]int{
	"u16": 1, "i16": 1, "u32": 2, "i32": 2, "u64": 4, "i64": 4, "f32": 2, "f64": 4,
	"bits16": 1, "bits32": 2, "bit": 1, "m10k2": 2, "m10k3": 3, "m10k4": 4, "string": 0, "bool": 1,
}

func newRegisterType(name, wordOrder, byteOrder string) (*registerType, error) {
	count, ok := registerCounts[name]
	if !ok {
		return nil, fmt.Errorf("type %q is not one of u16 i16 u32 i32 u64 i64 f32 f64 bits16 bits32 bit m10k2 m10k3 m10k4 string bool", name)
	}
	return &registerType{
		name: name, form: numberForms[name], littleWord: wordOrder == "little", littleByte: byteOrder == "little",
		count: count, digits: strings.HasPrefix(name, "m10k"),
	}, nil
}

// word returns register k counted from the most significant one.
func (t *registerType) word(b []byte, k int) uint16 {
	n := len(b) / 2
	if t.littleWord {
		k = n - 1 - k
	}
	if t.littleByte {
		return binary.LittleEndian.Uint16(b[2*k:])
	}
	return binary.BigEndian.Uint16(b[2*k:])
}

func (t *registerType) number(b []byte) (f float64, i int64, integer bool, q models.Quality) {
	want := t.count
	if want == 0 || len(b) != 2*want {
		return 0, 0, false, models.Bad
	}
	if t.digits {
		for k := range want {
			i = i*10000 + int64(int16(t.word(b, k)))
		}
		return float64(i), i, true, models.Good
	}
	var u uint64
	if want == 2 && !t.littleWord && !t.littleByte {
		u = uint64(binary.BigEndian.Uint32(b))
	} else {
		for k := range want {
			u = u<<16 | uint64(t.word(b, k))
		}
	}
	switch t.form {
	case signed16:
		i = int64(int16(u))
	case signed32:
		i = int64(int32(u))
	case signed64:
		i = int64(u)
	case unsigned64:
		return float64(u), int64(u), true, models.Good
	case float32bits:
		return float(float64(math.Float32frombits(uint32(u))))
	case float64bits:
		return float(math.Float64frombits(u))
	default:
		i = int64(u)
	}
	return float64(i), i, true, models.Good
}

// plainFloat32 tells a float of two registers in the order of the wire.
func (t *registerType) plainFloat32() bool {
	return t.form == float32bits && !t.littleWord && !t.littleByte
}

func float(f float64) (float64, int64, bool, models.Quality) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, 0, false, models.Sentinel
	}
	return f, 0, false, models.Good
}

// bytes is the inverse of number; what does not fit is clipped.
func (t *registerType) bytes(n float64) []byte {
	want := registerCounts[t.name]
	words := make([]uint16, want)
	split := func(u uint64) {
		for k := want - 1; k >= 0; k-- {
			words[k] = uint16(u)
			u >>= 16
		}
	}
	clip := func(lo, hi float64) float64 { return math.Round(math.Min(math.Max(n, lo), hi)) }
	switch t.name {
	case "f32":
		split(uint64(math.Float32bits(float32(n))))
	case "f64":
		split(math.Float64bits(n))
	case "i16":
		split(uint64(int64(clip(math.MinInt16, math.MaxInt16))))
	case "i32":
		split(uint64(int64(clip(math.MinInt32, math.MaxInt32))))
	case "i64":
		split(uint64(int64(clip(-1<<62, 1<<62))))
	case "m10k2", "m10k3", "m10k4":
		i := int64(clip(-1<<50, 1<<50))
		for k := want - 1; k >= 0; k-- {
			words[k] = uint16(int16(i % 10000))
			i /= 10000
		}
	default:
		split(uint64(clip(0, math.Pow(2, float64(16*want))-1)))
	}
	out := make([]byte, 2*want)
	for k, w := range words {
		at := k
		if t.littleWord {
			at = want - 1 - k
		}
		if t.littleByte {
			binary.LittleEndian.PutUint16(out[2*at:], w)
		} else {
			binary.BigEndian.PutUint16(out[2*at:], w)
		}
	}
	return out
}

// text reads registers as text: two characters each, what fills the end cut off.
func (t *registerType) text(b []byte) string {
	out := make([]byte, 0, len(b))
	for k := 0; k+1 < len(b); k += 2 {
		hi, lo := b[k], b[k+1]
		if t.littleByte {
			hi, lo = lo, hi
		}
		out = append(out, hi, lo)
	}
	return cleanText(strings.Trim(string(out), "\x00 ")) // 0xFF is no text and goes with the rest that is none
}

// whole tells whether the registers hold a whole number.
func (t *registerType) whole() bool {
	return t.count > 0 && t.form != float32bits && t.form != float64bits
}
