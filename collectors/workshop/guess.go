package workshop

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// words that tell the quantity, by what is found first in name, units and
// description. The name counts most.
var classWords = []struct {
	pattern string
	class   quantity.Class
	name    string
}{
	{`temp(erature|)?(high|low|min|max)?(limit|thresh|warn|crit|hyst)|threshold|setpoint|(upper|lower|high|low)(warning|warn|critical|crit|alarm|limit)|hysteresis|rearm|calibration`, "", ""},
	{`crestfactor`, quantity.CrestFactor, "crest-factor"},
	{`angle$|amphours?|kfactor`, "", ""},
	{`powerfactor|cosphi`, quantity.PowerFactor, "power-factor"},
	{`apparentpower|powerapparent|apparentpwr|voltamp|\bva\b`, quantity.ApparentPower, "apparent-power"},
	{`reactivepower|powerreactive|\bvar\b|var$`, quantity.ReactivePower, "reactive-power"},
	{`apparentenergy|energyapparent`, quantity.ApparentEnergy, "apparent-energy"},
	{`reactiveenergy|energyreactive`, quantity.ReactiveEnergy, "reactive-energy"},
	{`energy|kwh|watthour`, quantity.Energy, "energy"},
	{`thd|harmonic`, quantity.THD, "thd"},
	{`unbalance|imbalance`, quantity.Unbalance, "unbalance"},
	{`(estimated|remaining).*(minutes|time|runtime)|runtime(remaining)?|minutesremaining`, quantity.Runtime, "runtime"},
	{`chargeremaining|batterycapacity|statecharge|stateofcharge|batterycharge`, quantity.Charge, "charge"},
	{`percentload|loadpercent|outputload|load$`, quantity.Load, "load"},
	{`voltage|volts?$|volt[A-Z]`, quantity.Voltage, "voltage"},
	{`current|amps?$|amperage`, quantity.Current, "current"},
	{`power|watts?$`, quantity.Power, "power"},
	{`freq(uency)?`, quantity.Frequency, "frequency"},
	{`temp(erature)?`, quantity.Temperature, "temperature"},
	{`humidit|humid($|[^i])`, quantity.Humidity, "humidity"},
	{`fan.*(speed|rpm)`, quantity.FanSpeed, "speed"},
	{`air(volume)?flow`, quantity.Airflow, "airflow"},
	{`waterflow|fluidflow|flowrate`, quantity.WaterFlow, "water-flow"},
	{`pressure`, quantity.Pressure, "pressure"},
	{`dewpoint`, quantity.Temperature, "dew-point"},
}

// unitWords turn what manuals write into our units.
var unitWords = []struct {
	pattern string
	unit    string
	scale   float64
}{
	{`(1/10|0?\.1|tenths?( of)?( a)?) ?-?(volts?|v)\b`, "V", 0.1},
	{`(1/100|0?\.01|hundredths?( of)?( a)?) ?-?(volts?|v)\b`, "V", 0.01},
	{`milli-?volts?|\bmv\b`, "mV", 1},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(rms )?(amp|a\b)`, "A", 0.1},
	{`(1/100|0?\.01|hundredths?( of)?( an?)?) ?-?(rms )?(amp|a\b)`, "A", 0.01},
	{`milli-?amp|\bma\b`, "mA", 1},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(hz|hertz)`, "Hz", 0.1},
	{`(1/100|0?\.01|hundredths?( of)?( an?)?) ?-?(hz|hertz)`, "Hz", 0.01},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(kwh|kilowatt-?hours?)`, "kWh", 0.1},
	{`(1/100|0?\.01|hundredths?( of)?( an?)?) ?-?(kwh|kilowatt-?hours?)`, "kWh", 0.01},
	{`amp(ere)?-?hours?|\bah\b`, "Ah", 1}, // no quantity of ours: not to be taken for A
	{`kwh|kilowatt-?hours?`, "kWh", 1},
	{`mwh|megawatt-?hours?`, "MWh", 1},
	{`\bwh\b|watt-?hours?`, "Wh", 1},
	{`(1/100|0?\.01|hundredths?( of)?( an?)?) ?-?(kw|kilowatt)`, "kW", 0.01},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(kw|kilowatt)`, "kW", 0.1},
	{`volt-?amp(ere)?s?,? reactive|\bvars?\b`, "var", 1},
	{`\bkva\b|kilovolt-?amp`, "kVA", 1},
	{`\bkvar\b`, "kvar", 1},
	{`\bkw\b|kilowatts?`, "kW", 1},
	{`\bva\b|volt-?amp`, "VA", 1},
	{`\bw\b|\b(deci|centi|milli)?-?watts?\b`, "W", 1},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(degrees? |deg |°)?(celsius|centigrade|c\b)`, "°C", 0.1},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(degrees? |deg |°)?(fahrenheit|f\b)`, "°F", 0.1},
	{`celsius|centigrade|degrees? ?c\b|deg ?c\b|°c`, "°C", 1},
	{`fahrenheit|degrees? ?f\b|deg ?f\b|°f`, "°F", 1},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?(percent|%)`, "%", 0.1},
	{`percent|%`, "%", 1},
	{`hz\b|hertz`, "Hz", 1},
	{`\b(deci|centi)?-?volts?\b|\bv(ac|dc)?\b`, "V", 1},
	{`\b(deci|centi)?-?amp(ere)?s?\b|\ba\b`, "A", 1},
	{`\bminutes?\b|\bmins?\b|phút`, "min", 1},
	{`\bmilli-?seconds?\b|\bms\b`, "s", 0.001},
	{`(1/10|0?\.1|tenths?( of)?( an?)?) ?-?sec(ond)?s?\b|(1/10|0?\.1) ?s\b`, "s", 0.1},
	{`\bcenti-?seconds?\b|(1/100|0?\.01|hundredths?( of)?( an?)?) ?-?sec(ond)?s?\b|(1/100|0?\.01) ?s\b`, "s", 0.01},
	{`\bseconds?\b|\bsecs?\b|\bs\b|giây`, "s", 1},
	{`\brpm\b|revolutions`, "rpm", 1},
	{`\bhours?\b|^h$|giờ`, "h", 1},
	{`\bkpa\b`, "kPa", 1},
	{`\bbar\b`, "bar", 1},
	{`\bpsi\b`, "psi", 1},
	{`\bpa\b|pascal`, "Pa", 1},
}

// scaleWords tell a scale beside a unit; in the UNITS of an object a mere number
// does too.
var scaleWords = []struct {
	words, units string
	scale        float64
}{
	{`thousandths?\b|\bmilli|\b1/1000\b|(multiplied by|times|[x×*]) ?1000\b`, `\b0?\.001\b`, 0.001},
	{`hundredths?\b|\bcenti[a-z]*(volt|amp|watt|hertz|degree|percent)|\b1/100\b|(multiplied by|times|[x×*]) ?100\b`, `\b0?\.01\b`, 0.01},
	{`tenths?\b|\bdeci[a-z]*(volt|amp|watt|hertz|degree|percent)|\b1/10\b|(multiplied by|times|[x×*]) ?10\b`, `\b0?\.1\b`, 0.1},
}

// guessScale reads a scale out of the UNITS of an object, or of its description.
func guessScale(words string, units bool) float64 {
	words = strings.ToLower(words)
	for _, w := range scaleWords {
		if regexp.MustCompile(w.words).MatchString(words) || units && regexp.MustCompile(w.units).MatchString(words) {
			return w.scale
		}
	}
	return 1
}

// unmeasured finds names of what only goes with a measurement: its number, its
// presence, its unit, its time.
var unmeasured = regexp.MustCompile(`(Id|ID|(?i:index|avail|available|count|counter|number|units?|timer|time|date|day|delay|interval|period|retries|config|logfrequency|enabled?|status|active|request|digital(in|out)(put)?))$`)

// nominal finds names of settings and ratings, which are not measured.
var nominal = regexp.MustCompile(`(?i:config|cfg|nominal|capacity|limit|thresh|setpoint|setting|default|peak|offset)|(^|[a-z0-9])St(art|op)[A-Z]|Nom[A-Z]|[Rr]ated|Rating|([Mm]in|[Mm]ax)(imum)?([A-Z0-9]|$)`)

// present finds names in which "current" may mean what is now:
// currentAirVolumeFlow. What follows it in the name of an electric current is in
// electric.
var (
	present  = regexp.MustCompile(`(?:^c|C|[_-]c)urrent[_-]?((?:[A-Z_-][A-Za-z]*)+)`)
	electric = map[string]bool{
		"value": true, "total": true, "sum": true, "rms": true, "avg": true, "average": true, "min": true, "max": true, "minimum": true, "maximum": true, "peak": true,
		"phase": true, "line": true, "neutral": true, "output": true, "input": true, "in": true, "out": true, "dc": true, "ac": true, "draw": true, "rating": true, "rated": true,
		"limit": true, "sensor": true, "channel": true, "measured": true, "measurement": true, "reading": true, "battery": true, "load": true, "now": true,
		"l": true, "a": true, "b": true, "c": true, "n": true, "r": true, "s": true, "t": true, "x": true, "y": true, "z": true,
	}
)

// isPresent tells whether "current" in a name may be no electric one.
func isPresent(name string) bool {
	m := present.FindStringSubmatch(name)
	return m != nil && slices.ContainsFunc(words(m[1]), func(w string) bool { return !electric[w] })
}

// flag finds names of alarms, whose number is no quantity.
var flag = regexp.MustCompile(`Alarm|Fault|Failure|Trap`)

// guessClass names the quantity of an object by its name and unit. Of several
// words the one that stands last counts: airFlowSensorDewPoint is a dew point.
func guessClass(name, unit string) (quantity.Class, string) {
	flat, starts := flatten(name)
	best, end := -1, -1
	for i, w := range classWords {
		re := regexp.MustCompile(w.pattern)
		at := lastNamed(re, flat, starts)
		if at < 0 && re.MatchString(name) && !re.MatchString(flat) {
			at = len(flat)
		}
		if at < 0 {
			continue
		}
		if w.class == "" || w.class == quantity.CrestFactor {
			return w.class, w.name
		}
		if at > end {
			best, end = i, at
		}
	}
	if best >= 0 && (!isTime(unit) || fits(classWords[best].class, unit)) {
		return classWords[best].class, classWords[best].name
	}
	switch unit { // the unit alone tells some quantities
	case "V", "mV":
		return quantity.Voltage, "voltage"
	case "A", "mA":
		return quantity.Current, "current"
	case "Hz":
		return quantity.Frequency, "frequency"
	case "W", "kW":
		return quantity.Power, "power"
	case "VA", "kVA":
		return quantity.ApparentPower, "apparent-power"
	case "°C", "°F":
		return quantity.Temperature, "temperature"
	case "kWh", "Wh", "MWh":
		return quantity.Energy, "energy"
	}
	if isTime(unit) {
		if delaying.MatchString(name) {
			return quantity.Delay, "delay"
		}
		return quantity.Duration, "duration"
	}
	return "", ""
}

func isTime(unit string) bool { return unit == "s" || unit == "min" || unit == "h" }

// delaying finds names of times after which something is done.
var delaying = regexp.MustCompile(`(?i)delay|after|reboot|restart|repower|timeout|time-out|interval|debounce|period`)

// flatten writes a name without case and separators, and tells where words of
// it start.
func flatten(name string) (flat string, starts map[int]bool) {
	var b strings.Builder
	starts = map[int]bool{}
	runes := []rune(name)
	for i, r := range runes {
		if strings.ContainsRune("-_ ", r) {
			continue
		}
		// A capital starts a word, except within an abbreviation.
		within := i > 0 && unicode.IsUpper(r) && unicode.IsUpper(runes[i-1]) && (i+1 == len(runes) || !unicode.IsLower(runes[i+1]))
		if i == 0 || !unicode.IsLetter(runes[i-1]) || unicode.IsUpper(r) && !within {
			starts[b.Len()] = true
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String(), starts
}

// longWord is from how many letters on a word is looked for within others, for
// names that do not tell where their words start.
const longWord = 5

// lastNamed tells where a word that stands in a flat name ends last, -1 where it
// does not. A short one has to start where a word of the name does: "thd" is not
// in RebootWithDuration.
func lastNamed(re *regexp.Regexp, flat string, starts map[int]bool) int {
	end := -1
	for _, at := range re.FindAllStringIndex(flat, -1) {
		if starts[at[0]] || at[1]-at[0] >= longWord {
			end = at[1]
		}
	}
	return end
}

// withoutArticles takes the word "a" out of a sentence where it is no unit: a
// word follows, and no number is before it.
func withoutArticles(sentence string) string {
	in := strings.Fields(sentence)
	out := make([]string, 0, len(in))
	for i, w := range in {
		if strings.EqualFold(w, "a") && i+1 < len(in) && unicode.IsLetter([]rune(in[i+1])[0]) && (i == 0 || !strings.ContainsAny(in[i-1], "0123456789")) {
			continue
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// guessUnit reads a unit and a scale out of words.
func guessUnit(words string) (unit string, scale float64) {
	words = strings.ToLower(words)
	for _, w := range unitWords {
		if regexp.MustCompile(w.pattern).MatchString(words) {
			return w.unit, w.scale
		}
	}
	return "", 1
}

// fits tells whether a unit can be one of the class.
func fits(class quantity.Class, unit string) bool {
	_, _, err := class.Conversion(unit)
	return err == nil
}

// Where a unit or scale was read.
const (
	fromUnits = "units"
	fromText  = "description"
	fromName  = "name"
)

// measure is what could be read of the unit and scale of an object.
type measure struct {
	unit, unitFrom string
	scale          float64
	scaleFrom      string
}

// nameScales are ends of names that tell a scale: outputCurrentX100.
var nameScales = []struct {
	pattern *regexp.Regexp
	scale   float64
}{
	{regexp.MustCompile(`(?:[_-]?[xX]|Times|_times_?)10$`), 0.1},
	{regexp.MustCompile(`(?:[_-]?[xX]|Times|_times_?)100$`), 0.01},
	{regexp.MustCompile(`(?:[_-]?[xX]|Times|_times_?)1000$`), 0.001},
	{regexp.MustCompile(`(?:[_-]?[iI]n|[_-])?(?:Tenths?|_tenths?)$`), 0.1},
	{regexp.MustCompile(`(?:[_-]?[iI]n|[_-])?(?:Hundredths?|_hundredths?)$`), 0.01},
}

// nameScale parts a name from the scale that its end tells, 1 when it tells
// none.
func nameScale(name string) (plain string, scale float64) {
	for _, x := range nameScales {
		if at := x.pattern.FindStringIndex(name); at != nil && at[0] > 0 {
			return name[:at[0]], x.scale
		}
	}
	return name, 1
}

// nameUnits tell the unit by the end of a name.
var nameUnits = []struct{ pattern, unit string }{
	{`(?i)minutes?(remaining)?$`, "min"},
	{`(?i)seconds?(remaining)?$`, "s"},
	{`(?i)kwh$`, "kWh"},
	{`(?i)kva$`, "kVA"},
	{`(?i)kw$`, "kW"},
	{`(?i)watts$`, "W"},
	{`VA$`, "VA"},
	{`(?i)milliamps$|mA$`, "mA"},
	{`(?i)amps$`, "A"},
	{`(?i)millivolts$`, "mV"},
	{`(?i)volts$`, "V"},
	{`(?i)celsius$|deg_?c$`, "°C"},
	{`(?i)fahrenheit$|deg_?f$`, "°F"},
	{`(?i)percent$`, "%"},
	{`(?i)hertz$|hz$`, "Hz"},
	{`(?i)rpm$`, "rpm"},
}

// measure reads the unit and the scale of an object: of its UNITS, else of its
// description, else of its name.
func (o object) measure() measure {
	m := measure{scale: 1}
	text := withoutArticles(firstSentence(o.description))
	take := func(words, from string) {
		if unit, scale := guessUnit(words); unit != "" {
			m.unit, m.unitFrom = unit, from
			if scale != 1 {
				m.scale, m.scaleFrom = scale, from
			}
		}
	}
	take(o.units, fromUnits)
	told := strings.ContainsFunc(o.units, unicode.IsLetter)
	if m.unit == "" && !told {
		take(text, fromText)
	}
	if m.unit == "" && !told {
		take(withoutArticles(o.description), fromText)
	}
	if m.unit == "" && strings.Contains(strings.ToLower(o.units), "degree") {
		if unit, _ := guessUnit(withoutArticles(o.description)); unit == "°C" || unit == "°F" {
			m.unit, m.unitFrom = unit, fromText
		}
	}
	if m.unit == "" {
		plain, _ := nameScale(o.name)
		for _, w := range nameUnits {
			if regexp.MustCompile(w.pattern).MatchString(plain) {
				m.unit, m.unitFrom = w.unit, fromName
				break
			}
		}
	}
	if m.scale == 1 && m.unit != "mA" && m.unit != "mV" {
		if s := guessScale(o.units, true); s != 1 {
			m.scale, m.scaleFrom = s, fromUnits
		} else if _, s := nameScale(o.name); s != 1 && !told {
			m.scale, m.scaleFrom = s, fromName
		} else if s := guessScale(o.description, false); s != 1 && !told {
			m.scale, m.scaleFrom = s, fromText
		}
	}
	return m
}
