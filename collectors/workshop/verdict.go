package workshop

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Value is one reading as the verdicts look at it; only good values count.
type Value struct {
	Key   string
	Class quantity.Class
	// Value is in the base unit of the class.
	Value float64
}

// Rule names what a reading breaks.
type Rule string

// The rules.
const (
	// RuleRange: no device of this kind has such a value.
	RuleRange Rule = "range"
	// RuleFactor: it would be plausible ten or a hundred times larger or
	// smaller: the scale is wrong.
	RuleFactor Rule = "factor"
	// RuleFahrenheit: it would be plausible in °F.
	RuleFahrenheit Rule = "fahrenheit"
	// RuleWordOrder: the two words of the number are swapped.
	RuleWordOrder Rule = "word-order"
	// RulePercent: more than 100 %.
	RulePercent Rule = "percent"
	// RuleFrequency: mains has 45 to 65 Hz.
	RuleFrequency Rule = "frequency"
	// RuleActive: more active than apparent power.
	RuleActive Rule = "active-above-apparent"
	// RuleSum: the phases do not add up to the total.
	RuleSum Rule = "sum-of-phases"
	// RuleApparent: apparent power is not voltage times current.
	RuleApparent Rule = "voltage-times-current"
)

// Verdict is one finding: a reading that can hardly be true.
type Verdict struct {
	Rule Rule `json:"rule"`
	// Keys are the points concerned, the doubtful one first.
	Keys []string `json:"keys"`
	// Value is what was read and Expected what would agree, both in the base
	// unit; Expected is nil where nothing can be named.
	Value    float64  `json:"value"`
	Expected *float64 `json:"expected,omitempty"`
	// Factor is what the scale should be multiplied by; 0 when unknown.
	Factor float64 `json:"factor,omitempty"`
}

// bounds are what values of a class can be in a datacenter: wide, since a
// verdict must not cry wolf.
type bounds struct{ min, max float64 }

var plausible = map[quantity.Class]bounds{
	quantity.Voltage:       {0, 1500}, // up to battery strings and PV; medium voltage meters differ by their key
	quantity.Current:       {-10000, 10000},
	quantity.Power:         {-20e6, 20e6},
	quantity.ApparentPower: {0, 20e6},
	quantity.Temperature:   {-50, 150},
	quantity.PowerFactor:   {-1, 1},
	quantity.FanSpeed:      {0, 60000},
	quantity.Pressure:      {-1e5, 1e7},
	quantity.AirVelocity:   {0, 60},
}

// factors are tried in this order to explain an impossible value.
var factors = []float64{0.1, 0.01, 0.001, 10, 100}

// Judge returns what cannot be true in the readings of one device, in the
// order of their keys.
func Judge(values []Value) []Verdict {
	j := judge{byKey: map[string]float64{}}
	for _, v := range values {
		j.byKey[v.Key] = v.Value
	}
	for _, v := range values {
		j.alone(v)
		j.beside(v)
	}
	slices.SortStableFunc(j.out, func(a, b Verdict) int { return cmp.Compare(a.Keys[0], b.Keys[0]) })
	return j.out
}

type judge struct {
	byKey map[string]float64
	out   []Verdict
}

func (j *judge) say(rule Rule, value, factor float64, expected *float64, keys ...string) {
	j.out = append(j.out, Verdict{rule, keys, value, expected, factor})
}

// alone judges a reading by itself.
func (j *judge) alone(v Value) {
	switch v.Class {
	case quantity.Frequency:
		if v.Value != 0 && (v.Value < 45 || v.Value > 65) && !strings.Contains(v.Key, "fan") && !strings.Contains(v.Key, "compressor") &&
			!strings.Contains(v.Key, "pump") && !strings.Contains(v.Key, "inverter") && !strings.Contains(v.Key, "motor") {
			factor, expected := scaled(v.Value, bounds{45, 65})
			j.say(RuleFrequency, v.Value, factor, expected, v.Key)
		}
		return
	case quantity.Charge, quantity.Humidity, quantity.Percent, quantity.Efficiency:
		if v.Value > 100.5 || v.Value < 0 {
			factor, expected := scaled(v.Value, bounds{0, 100})
			j.say(RulePercent, v.Value, factor, expected, v.Key)
		}
		return
	case quantity.Load:
		if v.Value > 200 || v.Value < 0 { // overload is possible
			factor, expected := scaled(v.Value, bounds{0, 100})
			j.say(RulePercent, v.Value, factor, expected, v.Key)
		}
		return
	case quantity.Temperature:
		if room(v.Key) && v.Value > 55 && v.Value < 120 {
			celsius := (v.Value - 32) / 1.8
			j.say(RuleFahrenheit, v.Value, 0, &celsius, v.Key)
			return
		}
	}
	if b, ok := plausible[v.Class]; ok && (v.Value < b.min || v.Value > b.max) {
		factor, expected := scaled(v.Value, b)
		rule := RuleRange
		if expected != nil {
			rule = RuleFactor
		}
		j.say(rule, v.Value, factor, expected, v.Key)
	}
}

// room tells whether a temperature is one of air where people or machines
// breathe it in.
func room(key string) bool {
	for _, part := range []string{"sensor/", "ambient", "inlet/temperature", "supply-air", "return-air", "room"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

// scaled looks for the factor that brings a value into bounds.
func scaled(v float64, b bounds) (factor float64, expected *float64) {
	for _, f := range factors {
		if x := v * f; x >= b.min && x <= b.max && x != 0 {
			return f, &x
		}
	}
	return 0, nil
}

// beside judges a reading by its neighbours.
func (j *judge) beside(v Value) {
	component := ""
	if i := strings.LastIndexByte(v.Key, '/'); i >= 0 {
		component = v.Key[:i+1]
	}
	switch v.Class {
	case quantity.Power:
		if v.Key != component+"power" {
			return
		}
		if va, ok := j.byKey[component+"apparent-power"]; ok && math.Abs(v.Value) > math.Abs(va)*1.05+5 {
			j.say(RuleActive, v.Value, tenfold(v.Value, va), &va, v.Key, component+"apparent-power")
		}
		j.sum(v, component, "power")
	case quantity.ApparentPower:
		if v.Key != component+"apparent-power" {
			return
		}
		u, haveU := j.byKey[component+"voltage"]
		i, haveI := j.byKey[component+"current"]
		if want := u * i; haveU && haveI && want > 50 && !near(v.Value, want, 0.15, 20) && !near(v.Value, want*math.Sqrt(3), 0.15, 20) {
			j.say(RuleApparent, v.Value, tenfold(v.Value, want), &want, v.Key, component+"voltage", component+"current")
		}
		j.sum(v, component, "apparent-power")
	case quantity.Energy:
		if v.Key == component+"energy" {
			j.sum(v, component, "energy")
		}
	}
}

// sum compares a total with its three phases.
func (j *judge) sum(v Value, component, name string) {
	total, keys := 0.0, []string{v.Key}
	for _, phase := range []string{"L1/", "L2/", "L3/"} {
		x, ok := j.byKey[component+phase+name]
		if !ok {
			return
		}
		total += x
		keys = append(keys, component+phase+name)
	}
	if !near(v.Value, total, 0.1, 30) {
		j.say(RuleSum, v.Value, tenfold(v.Value, total), &total, keys...)
	}
}

func near(a, b, share, slack float64) bool {
	return math.Abs(a-b) <= share*math.Max(math.Abs(a), math.Abs(b))+slack
}

// tenfold returns the power of ten that makes a about b, or 0.
func tenfold(a, b float64) float64 {
	for _, f := range factors {
		if near(a*f, b, 0.15, 0) {
			return f
		}
	}
	return 0
}

// Inspect judges what a device held when its profile was applied: the values,
// and the order of the words in numbers of two registers.
func Inspect(d *profile.Device) []Verdict {
	var values []Value
	var swapped []Verdict
	for i := range d.Points {
		p := &d.Points[i]
		v, q := p.Initial()
		if q != models.Good || p.Spec.Class.Enumerated() {
			continue
		}
		if better, ok := otherOrder(p, v); ok {
			swapped = append(swapped, Verdict{Rule: RuleWordOrder, Keys: []string{p.Spec.Key}, Value: v, Expected: &better})
			continue
		}
		values = append(values, Value{p.Spec.Key, p.Spec.Class, v})
	}
	out := append(swapped, Judge(values)...)
	slices.SortStableFunc(out, func(a, b Verdict) int { return cmp.Compare(a.Keys[0], b.Keys[0]) })
	return out
}

// otherOrder tells what a number of two registers would be with its words
// swapped, when that is plausible and the number as it stands is not.
func otherOrder(p *profile.Resolved, v float64) (float64, bool) {
	raw := p.Raw()
	if p.Register == nil || raw.Kind != profile.Bytes || len(raw.Bytes) != 4 || len(p.ExtraRegisters) > 0 {
		return 0, false
	}
	b := raw.Bytes
	w, q := p.Decode([]profile.Raw{{Kind: profile.Bytes, Bytes: []byte{b[2], b[3], b[0], b[1]}}})
	return w, q == models.Good && absurd(p.Spec.Class, v) && !absurd(p.Spec.Class, w) && w != 0
}

// absurd: outside of what the class can be, or so small that it must be the
// wrong half of a number.
func absurd(class quantity.Class, v float64) bool {
	if v != 0 && math.Abs(v) < 1e-6 {
		return true
	}
	b, ok := plausible[class]
	if class == quantity.Frequency {
		b, ok = bounds{0, 1000}, true
	}
	return ok && (v < b.min || v > b.max)
}
