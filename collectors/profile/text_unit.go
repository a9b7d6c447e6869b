package profile

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/aisle-dcim/aisle/models/quantity"
)

var (
	// furtherNumbers are the others of a list, behind the first one.
	furtherNumbers = regexp.MustCompile(`^(?:[\s/,;|]+[+-]?\d[\d.,]*)+`)
	// writtenDegree is a degree sign in the character sets that devices use, and
	// what stands for it.
	writtenDegree = regexp.MustCompile(`^(?i:Â?[°ºøß˚\x{fffd}]|Â|&(?:deg|#176);|deg(?:rees?|s)?\.?)\s*`)
	// writtenWord is a word up to what parts it from the next one.
	writtenWord = regexp.MustCompile(`^[^\s,;|()\[\]]+`)
	// perOther makes another quantity of the unit before it: W / m, kWh per day.
	perOther = regexp.MustCompile(`^\s*(?i:/\s*\pL|per\b)`)
	// currentKind is what makes of a unit that of one kind of current.
	currentKind = regexp.MustCompile(`(?i)(?:ac|dc|rms)$`)
)

// writtenTemperatures are the names of degrees.
var writtenTemperatures = map[string]string{
	"c": "°C", "oc": "°C", "℃": "°C", "cel": "°C", "cels": "°C", "celsius": "°C", "celcius": "°C", "centigrade": "°C",
	"f": "°F", "of": "°F", "℉": "°F", "fahr": "°F", "fahrenheit": "°F", "farenheit": "°F",
	"k": "K", "kelvin": "K",
}

// writtenUnits are names of units in lower case.
var writtenUnits = map[string]string{
	"volt": "V", "volts": "V", "millivolt": "mV", "millivolts": "mV", "kilovolt": "kV", "kilovolts": "kV",
	"amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "milliamp": "mA", "milliamps": "mA",
	"watt": "W", "watts": "W", "kilowatt": "kW", "kilowatts": "kW", "kwatt": "kW", "kwatts": "kW",
	"kwhr": "kWh", "kwhrs": "kWh", "kw-h": "kWh", "kw-hr": "kWh", "hertz": "Hz", "ohm": "Ω", "ohms": "Ω",
	"sec": "s", "secs": "s", "second": "s", "seconds": "s", "mins": "min", "minute": "min", "minutes": "min",
	"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
	"percent": "%", "pct": "%", "%rh": "%", "pascal": "Pa", "pascals": "Pa",
	"m3": "m³", "m3/h": "m³/h", "m3/s": "m³/s", "lpm": "l/min", "liter": "l", "liters": "l", "litre": "l", "litres": "l",
	"foot": "ft", "feet": "ft", "inch": "in", "inches": "in",
}

// harmlessWords say nothing of the unit; those of a class belong to it alone.
var harmlessWords = map[string]func(quantity.Class) bool{
	"ac": anyClass, "dc": anyClass, "rms": anyClass,
	"rh": func(c quantity.Class) bool { return c.Unit() == "%" },
	"pf": isFactor, "lag": isFactor, "lead": isFactor, "lagging": isFactor, "leading": isFactor, "ind": isFactor, "cap": isFactor,
}

func anyClass(quantity.Class) bool   { return true }
func isFactor(c quantity.Class) bool { return c == quantity.PowerFactor }

// unitBehind is the unit of a class that a text names behind its number; "" is
// none, so that of the point. It is not ok where the text names something else,
// or what may be one of two units.
func unitBehind(class quantity.Class, own, behind string) (unit string, ok bool) {
	if class.Enumerated() || class == quantity.Count {
		return "", true
	}
	behind = validText(behind)
	list := furtherNumbers.FindString(behind)
	behind = behind[len(list):]
	further := list != ""
	for {
		behind = strings.TrimLeft(behind, " \t\r\n()[]_:;,|=*'\"?-")
		if behind == "" {
			return "", true
		}
		if degree := writtenDegree.FindString(behind); degree != "" {
			switch class {
			case quantity.Temperature, quantity.TempDelta:
				if behind = behind[len(degree):]; behind == "" {
					return "", true
				}
			case quantity.Angle:
				return "", true
			default:
				return "", false
			}
		}
		word := writtenWord.FindString(behind)
		if i := strings.IndexByte(word, '/'); i > 0 && i+1 < len(word) && isDigit(word[i+1]) {
			word = word[:i] // 22.5C/72.5F
		}
		behind = behind[len(word):]
		word = strings.TrimRight(word, ".:!*°º˚")
		if !strings.ContainsFunc(word, unicode.IsLetter) && !strings.Contains(word, "%") {
			further = further || strings.ContainsAny(word, "0123456789")
			continue
		}
		if harmless := harmlessWords[strings.ToLower(word)]; harmless != nil && harmless(class) {
			continue
		}
		unit = unitOf(class, own, word)
		switch {
		case unit == "", further && unit != own, perOther.MatchString(behind):
			return "", false
		case composed(class) && strings.ContainsAny(behind, "0123456789"):
			return "", false // 1 h 30 min
		}
		return unit, true
	}
}

// composed tells whether values of a class are written in two units together.
func composed(class quantity.Class) bool {
	return class.Unit() == "s" || class == quantity.Distance
}

// unitOf is the unit of a class that a word names, or "".
func unitOf(class quantity.Class, own, word string) string {
	lower := strings.ToLower(word)
	if class == quantity.Temperature || class == quantity.TempDelta {
		return writtenTemperatures[lower]
	}
	if u := writtenUnits[lower]; u != "" {
		if _, _, err := class.Conversion(u); err == nil {
			return u
		}
		return ""
	}
	if u := foldedUnit(class, own, word); u != "" {
		return u
	}
	if plain := currentKind.ReplaceAllString(word, ""); plain != word && plain != "" {
		return foldedUnit(class, own, plain)
	}
	return ""
}

// foldedUnit is the unit of a class that is written so, or so but for small and
// capital letters. A device that writes capitals alone may mean milli by M, and
// one that mixes them either: only the point's own unit is told from that.
func foldedUnit(class quantity.Class, own, word string) string {
	if rest, ok := strings.CutPrefix(word, "u"); ok && rest != "" {
		word = "µ" + rest
	}
	exact, found, n := false, "", 0
	for _, u := range class.Units() {
		if u != "" && strings.EqualFold(u, word) {
			exact = exact || u == word
			found, n = u, n+1
		}
	}
	capitals := strings.ToUpper(word) == word
	switch {
	case word == own:
		return own
	case strings.EqualFold(word, own) && (capitals || !exact):
		return own
	case strings.EqualFold(word, own), exact && capitals && word[0] == 'M':
		return ""
	case exact:
		return word
	case n == 1:
		return found
	}
	return ""
}
