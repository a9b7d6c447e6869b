package profile

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models"
)

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
