package workshop

import (
	"cmp"
	"fmt"
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
	// RuleActive: more active power than apparent power, or than voltage times
	// current.
	RuleActive Rule = "active-above-apparent"
	// RuleSum: the phases do not add up to the total.
	RuleSum Rule = "sum-of-phases"
	// RuleApparent: apparent power is not voltage times current.
	RuleApparent Rule = "voltage-times-current"
	// RuleNoPower: no power, or hardly any, although voltage and current are
	// there, or load is.
	RuleNoPower Rule = "no-power"
	// RuleRating: power is not load times rating.
	RuleRating Rule = "load-times-rating"
)

// Verdict is one finding: a reading that can hardly be true.
type Verdict struct {
	Rule Rule `json:"rule"`
	// Keys are the points concerned, the doubtful one first.
	Keys []string `json:"keys"`
	// Unit is the base unit of the doubtful point.
	Unit string `json:"unit"`
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

// Check tells how many readings a rule was applied to.
type Check struct {
	Rule    Rule `json:"rule"`
	Checked int  `json:"checked"`
}

// Judge returns what cannot be true in the readings of one device, in the
// order of their keys.
func Judge(values []Value) []Verdict {
	verdicts, _ := judged(values)
	return verdicts
}

func judged(values []Value) ([]Verdict, map[Rule]int) {
	j := judge{byKey: map[string]float64{}, units: map[string]string{}, checked: map[Rule]int{}}
	for _, v := range values {
		j.byKey[v.Key], j.units[v.Key] = v.Value, v.Class.Unit()
	}
	for _, v := range values {
		j.alone(v)
		j.beside(v)
	}
	slices.SortStableFunc(j.out, func(a, b Verdict) int { return cmp.Compare(a.Keys[0], b.Keys[0]) })
	return j.out, j.checked
}

type judge struct {
	byKey   map[string]float64
	units   map[string]string
	out     []Verdict
	checked map[Rule]int
}

func (j *judge) say(rule Rule, value, factor float64, expected *float64, keys ...string) {
	j.out = append(j.out, Verdict{Rule: rule, Keys: keys, Unit: j.units[keys[0]], Value: value, Expected: expected, Factor: factor})
}

// alone judges a reading by itself.
func (j *judge) alone(v Value) {
	switch v.Class {
	case quantity.Frequency:
		if v.Value == 0 || drive(v.Key) {
			return
		}
		j.checked[RuleFrequency]++
		if v.Value < 45 || v.Value > 65 {
			factor, expected := scaled(v.Value, bounds{45, 65})
			j.say(RuleFrequency, v.Value, factor, expected, v.Key)
		}
		return
	case quantity.Charge, quantity.Humidity, quantity.Percent, quantity.Efficiency:
		j.checked[RulePercent]++
		if v.Value > 100.5 || v.Value < 0 {
			factor, expected := scaled(v.Value, bounds{0, 100})
			j.say(RulePercent, v.Value, factor, expected, v.Key)
		}
		return
	case quantity.Load:
		j.checked[RulePercent]++
		if v.Value > 200 || v.Value < 0 { // overload is possible
			factor, expected := scaled(v.Value, bounds{0, 100})
			j.say(RulePercent, v.Value, factor, expected, v.Key)
		}
		return
	case quantity.Temperature:
		if !room(v.Key) {
			break
		}
		j.checked[RuleFahrenheit]++
		if v.Value > 55 && v.Value < 120 {
			celsius := (v.Value - 32) / 1.8
			j.say(RuleFahrenheit, v.Value, 0, &celsius, v.Key)
			return
		}
	}
	b, ok := plausible[v.Class]
	if ok {
		j.checked[RuleRange]++
	}
	if ok && (v.Value < b.min || v.Value > b.max) {
		factor, expected := scaled(v.Value, b)
		rule := RuleRange
		if expected != nil {
			rule = RuleFactor
		}
		j.say(rule, v.Value, factor, expected, v.Key)
	}
}

// drive tells whether a frequency is that of a machine whose speed changes.
func drive(key string) bool {
	for _, part := range []string{"fan", "compressor", "pump", "inverter", "motor"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
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
// and the order of the words in numbers of two registers. It tells as well
// what was looked for.
func Inspect(d *profile.Device) ([]Verdict, []Check) {
	var values []Value
	var swapped []Verdict
	wide := 0
	for i := range d.Points {
		p := &d.Points[i]
		v, q := p.Initial()
		if q != models.Good || p.Spec.Class.Enumerated() {
			continue
		}
		if isWide(p) {
			wide++
		}
		if better, ok := otherOrder(p, v); ok {
			swapped = append(swapped, Verdict{Rule: RuleWordOrder, Keys: []string{p.Spec.Key}, Unit: p.Spec.Class.Unit(), Value: v, Expected: &better})
			continue
		}
		values = append(values, Value{p.Spec.Key, p.Spec.Class, v})
	}
	verdicts, checked := judged(values)
	out := append(swapped, verdicts...)
	slices.SortStableFunc(out, func(a, b Verdict) int { return cmp.Compare(a.Keys[0], b.Keys[0]) })
	checked[RuleWordOrder] = wide
	var checks []Check
	for _, r := range []Rule{RuleRange, RuleWordOrder, RuleFahrenheit, RuleFrequency, RulePercent, RuleSum, RuleActive, RuleApparent, RuleNoPower, RuleRating} {
		if checked[r] > 0 {
			checks = append(checks, Check{r, checked[r]})
		}
	}
	return out, checks
}

// isWide tells whether a point is one number of two registers.
func isWide(p *profile.Resolved) bool {
	raw := p.Raw()
	return p.Register != nil && raw.Kind == profile.Bytes && len(raw.Bytes) == 4 && len(p.ExtraRegisters) == 0
}

// String says in words what is doubtful and what would agree.
func (v Verdict) String() string {
	is := fmt.Sprintf("%s is %.6g %s", v.Keys[0], v.Value, v.Unit)
	would := ""
	if v.Expected != nil {
		would = fmt.Sprintf("; %.6g %s would agree", *v.Expected, v.Unit)
	}
	if v.Factor != 0 {
		would += fmt.Sprintf("; is the scale to be multiplied by %g?", v.Factor)
	}
	switch v.Rule {
	case RuleFahrenheit:
		return is + would + ": is it in degrees Fahrenheit?"
	case RuleWordOrder:
		return is + would + ": are the two words of the number swapped?"
	case RulePercent:
		return is + ": no share of a whole" + would
	case RuleFrequency:
		return is + ": mains has 45 to 65 Hz" + would
	case RuleActive:
		return is + ", more than " + v.apparent() + would
	case RuleSum:
		return is + ", which is not the sum of its phases" + would
	case RuleNoPower:
		if v.Factor == 0 {
			would += ": is it read from the right register, or the scale too coarse?"
		}
		return is + ", although " + v.besides() + " there" + would
	case RuleRating:
		return is + ", which is not " + strings.Join(v.Keys[1:], " of ") + would
	case RuleApparent:
		return is + ", which is not voltage times current" + would
	}
	return is + ": no device of this kind has that" + would
}

// apparent names what an active power was compared with.
func (v Verdict) apparent() string {
	if len(v.Keys) == 2 {
		return "the apparent power"
	}
	var products []string
	for pair := range slices.Chunk(v.Keys[1:], 2) {
		products = append(products, strings.Join(pair, " times "))
	}
	return strings.Join(products, " and ")
}

// besides names the readings that a power was expected beside.
func (v Verdict) besides() string {
	if len(v.Keys) == 2 {
		return v.Keys[1] + " is"
	}
	return v.Keys[1] + " and " + v.Keys[2] + " are"
}

// otherOrder tells what a number of two registers would be with its words
// swapped, when that is plausible and the number as it stands is not.
func otherOrder(p *profile.Resolved, v float64) (float64, bool) {
	if !isWide(p) {
		return 0, false
	}
	b := p.Raw().Bytes
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
