package profile

import (
	"regexp"
	"strings"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// firstNumber cuts the first decimal number out of a text, and gives what
// stands behind it.
func firstNumber(text string) (number, behind string) {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return "", ""
	}
	end := start
	for end < len(text) && isDigit(text[end]) || end+1 < len(text) && (text[end] == '.' || text[end] == ',') && isDigit(text[end+1]) {
		end++
	}
	number = plainPoint(text[start:end])
	if number == "" {
		return "", ""
	}
	if e := exponent.FindString(text[end:]); e != "" {
		number += e
		end += len(e)
	}
	if start > 0 && text[start-1] == '.' {
		number = "0." + number
		start--
	}
	if start > 0 && text[start-1] == '-' {
		number = "-" + number
	}
	return number, strings.TrimSpace(text[end:])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// exponent is that of a number such as 2.34e+01.
var exponent = regexp.MustCompile(`^[eE][+-]?\d{1,2}\b`)

// plainPoint writes digits with points and commas as a decimal number. The
// last sign is the decimal one where both stand, and so is a single one. A
// single comma before three digits may part thousands as well, 1,234: such a
// number, and one that cannot be read either way, is "".
func plainPoint(digits string) string {
	points, commas := strings.Count(digits, "."), strings.Count(digits, ",")
	point, comma := strings.LastIndexByte(digits, '.'), strings.LastIndexByte(digits, ',')
	switch {
	case commas == 0 && points <= 1:
		return digits
	case points == 0 && commas == 1:
		if len(digits)-comma == 4 && comma <= 3 && digits[0] != '0' {
			return ""
		}
		return strings.Replace(digits, ",", ".", 1)
	case points == 1 && comma < point:
		return strings.ReplaceAll(digits, ",", "")
	case commas == 1 && point < comma:
		return strings.Replace(strings.ReplaceAll(digits, ".", ""), ",", ".", 1)
	}
	return ""
}

// decimalComma is a number and nothing else, written with a comma.
var decimalComma = regexp.MustCompile(`^[+-]?\d+,\d+$`)

// numberAlone is a text that is a number and nothing else, with a decimal
// point; other texts stay as they are.
func numberAlone(text string) string {
	if !decimalComma.MatchString(text) {
		return text
	}
	sign := strings.TrimLeft(text, "+-")
	if n := plainPoint(sign); n != "" {
		return text[:len(text)-len(sign)] + n
	}
	return text
}

// writtenUnit finds a unit at the beginning of what stands behind a number.
var writtenUnit = regexp.MustCompile(`^(?i:deg(?:rees?)?\.?\s*|°\s*|\x{ba}\s*)?([A-Za-zµ%]+)`)

// writtenTemperatures are the names of degrees.
var writtenTemperatures = map[string]string{"c": "°C", "celsius": "°C", "f": "°F", "fahrenheit": "°F", "k": "K", "kelvin": "K"}

// unitBehind is the unit of a class that a text names behind its number, or "".
func unitBehind(class quantity.Class, behind string) string {
	m := writtenUnit.FindStringSubmatch(behind)
	if m == nil {
		return ""
	}
	unit := m[1]
	if class == quantity.Temperature || class == quantity.TempDelta {
		return writtenTemperatures[strings.ToLower(unit)]
	}
	for _, u := range []string{unit, strings.Replace(unit, "K", "k", 1)} {
		if _, _, err := class.Conversion(u); err == nil {
			return u
		}
	}
	return ""
}

// told gives a number that stands in a text with another unit than that of the
// point as the point's raw number.
func (d *decoder) told(f float64, behind string) float64 {
	unit := unitBehind(d.class, behind)
	if unit == "" || unit == d.unit || d.scale == 0 {
		return f
	}
	scale, offset, err := d.class.Conversion(unit)
	if err != nil {
		return f
	}
	return (f*scale + offset - d.offset) / d.scale
}

// writtenIn is the inverse of told.
func (d *decoder) writtenIn(n float64, behind string) float64 {
	unit := unitBehind(d.class, behind)
	if unit == "" || unit == d.unit || d.scale == 0 {
		return n
	}
	scale, offset, err := d.class.Conversion(unit)
	if err != nil {
		return n
	}
	return (n*d.scale + d.offset - offset) / scale
}
