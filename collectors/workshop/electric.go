package workshop

import (
	"math"
	"slices"
	"strings"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// adding are the names of readings whose total is the sum of three phases.
var adding = []string{
	"power", "reactive-power", "apparent-power",
	"energy", "export-energy", "total-energy",
	"reactive-energy", "export-reactive-energy", "apparent-energy", "export-apparent-energy",
}

// electrical are the classes of those readings.
var electrical = []quantity.Class{
	quantity.Power, quantity.ReactivePower, quantity.ApparentPower,
	quantity.Energy, quantity.ReactiveEnergy, quantity.ApparentEnergy,
}

// beside judges a reading by its neighbours.
func (j *judge) beside(v Value) {
	component, name := "", v.Key
	if i := strings.LastIndexByte(v.Key, '/'); i >= 0 {
		component, name = v.Key[:i+1], v.Key[i+1:]
	}
	switch {
	case v.Class == quantity.Power && name == "power":
		product := j.product(component)
		if !j.active(v, component, product) {
			j.little(v, component, product)
		}
	case v.Class == quantity.ApparentPower && name == "apparent-power":
		j.apparent(v, component)
	}
	if slices.Contains(electrical, v.Class) && slices.Contains(adding, name) {
		j.sum(v, component, name)
	}
}

// active judges a power that is more than can be: than the apparent power, or
// where the device gives none, than voltage times current. It tells whether it is
// doubted.
func (j *judge) active(v Value, component string, p product) bool {
	watts := math.Abs(v.Value)
	limit, keys, doubted := 0.0, p.keys, false
	if va, ok := j.byKey[component+"apparent-power"]; ok {
		limit, keys = math.Abs(va), []string{component + "apparent-power"}
		doubted = watts > limit*1.05+5
	} else {
		if p.upper == 0 {
			return false
		}
		limit = p.upper
		// Power and current are not measured in the same moment.
		doubted = watts > limit*1.2+step(watts)/2+5
	}
	j.checked[RuleActive]++
	if !doubted {
		return false
	}
	factor := tenfold(watts, limit)
	var expected *float64
	if factor != 0 {
		x := v.Value * factor
		expected = &x
	}
	j.say(RuleActive, v.Value, factor, expected, append([]string{v.Key}, keys...)...)
	return true
}

// apparent compares an apparent power with voltage times current.
func (j *judge) apparent(v Value, component string) {
	u, haveU := j.byKey[component+"voltage"]
	i, haveI := j.byKey[component+"current"]
	want := u * i
	if _, phases := j.byKey[component+"L1/current"]; phases {
		haveU = false // one voltage times one current is not the sum of three phases
	}
	if !haveU || !haveI || want <= 50 {
		return
	}
	j.checked[RuleApparent]++
	if !near(v.Value, want, 0.15, 20) && !near(v.Value, want*math.Sqrt(3), 0.15, 20) {
		j.say(RuleApparent, v.Value, tenfold(v.Value, want), &want, v.Key, component+"voltage", component+"current")
	}
}

// product is voltage times current, in VA.
type product struct {
	va float64
	// upper is the most that it can be, currents and voltages being rounded;
	// zero where not all phases are known.
	upper float64
	// sound tells that voltage and current are so large that power must be
	// there as well: below, a meter may well show none.
	sound bool
	// keys are voltage and current, of each phase.
	keys []string
	// factor is the power factor that the device gives of it, if hasFactor.
	factor    float64
	hasFactor bool
}

// The least voltage and current beside which power must be: below, a meter may
// well show none, and a power supply that stands by takes little but reactive
// power.
const (
	leastVolts   = 50
	leastAmperes = 0.5
)

// product multiplies voltage and current of a component, or those of its
// phases.
func (j *judge) product(component string) product {
	var p product
	p.factor, p.hasFactor = j.byKey[component+"power-factor"]
	_, phases := j.byKey[component+"L1/current"]
	whole := true
	for _, phase := range []string{"", "L1/", "L2/", "L3/"} {
		if (phase == "") == phases {
			continue
		}
		volts, haveU := j.byKey[component+phase+"voltage"]
		amperes, haveI := j.byKey[component+phase+"current"]
		volts, amperes = math.Abs(volts), math.Abs(amperes)
		if !haveU || !haveI {
			whole = whole && !haveI
			continue
		}
		if f, ok := j.byKey[component+phase+"power-factor"]; ok && !p.hasFactor {
			p.factor, p.hasFactor = f, true
		}
		p.va += volts * amperes
		p.upper += volts * (amperes + min(step(amperes), 1))
		p.sound = p.sound || volts >= leastVolts && amperes >= leastAmperes
		p.keys = append(p.keys, component+phase+"voltage", component+phase+"current")
	}
	switch {
	case !whole || len(p.keys) == 0:
		p.upper = 0
	case !phases && !onePhase(component):
		p.upper *= 3 // it may be the mean voltage and current of three phases
	}
	return p
}

// onePhase tells whether the voltage and current of a component are those of
// one phase.
func onePhase(component string) bool {
	parts := strings.Split(strings.TrimSuffix(component, "/"), "/")
	last := parts[len(parts)-1]
	return last == "L1" || last == "L2" || last == "L3" || len(parts) > 1 && parts[len(parts)-2] == "outlet"
}

// Shares below which power is doubtful. A load with a power factor under a tenth
// is no machine and no computer; the device says so itself then.
const (
	leastFactor  = 0.1
	leastProduct = 50 // VA
	leastLoad    = 5  // %
	leastRating  = 20 // W: no device that tells its load has a smaller one
)

// little judges a power that is zero or nearly so where voltage and current,
// or load, are not, and one that is not the load times the rating.
func (j *judge) little(v Value, component string, p product) {
	watts := math.Abs(v.Value)
	if p.sound && p.va > leastProduct {
		if !j.reactive(component, watts, p) {
			j.checked[RuleNoPower]++
			if watts < leastFactor*p.va {
				factor, expected := raised(v.Value, p.va)
				j.say(RuleNoPower, v.Value, factor, expected, append([]string{v.Key}, p.keys...)...)
				return
			}
		}
	}
	load, ok := j.byKey[component+"load"]
	if !ok || load < leastLoad || load > 200 {
		return
	}
	rating, key, ok := j.rating(component)
	if !ok {
		if !p.sound {
			j.checked[RuleNoPower]++
			if watts < leastRating*load/100 {
				j.say(RuleNoPower, v.Value, 0, nil, v.Key, component+"load")
			}
		}
		return
	}
	j.checked[RuleRating]++
	want := rating * load / 100
	if watts > want*1.3+0.03*rating+step(watts)/2 || watts < leastFactor*want {
		factor, expected := raised(v.Value, want)
		if watts > want {
			factor, expected = tenfold(watts, want), &want
		}
		j.say(RuleRating, v.Value, factor, expected, v.Key, component+"load", key)
	}
}

// reactive tells that the device itself shows a load that is nearly all
// reactive.
func (j *judge) reactive(component string, watts float64, p product) bool {
	if p.hasFactor && math.Abs(p.factor) < 1.5*leastFactor {
		return true
	}
	q, ok := j.byKey[component+"reactive-power"]
	return ok && near(math.Hypot(watts, q), p.va, 0.2, 0)
}

// rating returns what a load is a share of, in W or VA, and its key: that of
// the component, for a phase the third part of that of all three.
func (j *judge) rating(component string) (rating float64, key string, ok bool) {
	whole, phase := strings.CutSuffix(component, "L1/")
	for _, name := range []string{"L2/", "L3/"} {
		if !phase {
			whole, phase = strings.CutSuffix(component, name)
		}
	}
	for _, name := range []string{"rated-power", "rated-apparent-power"} {
		if r, ok := j.byKey[component+name]; ok && r > 0 {
			return r, component + name, true
		}
		r, ok := j.byKey[whole+name]
		if !phase || !ok || r <= 0 {
			continue
		}
		if _, three := j.byKey[whole+"L3/load"]; three {
			r /= 3
		}
		return r, whole + name, true
	}
	return 0, "", false
}

// raised looks for the power of ten that makes a power plausible beside an
// apparent power.
func raised(watts, va float64) (factor float64, expected *float64) {
	for _, f := range []float64{10, 100, 1000} {
		if x := watts * f; math.Abs(x) >= 0.3*va && math.Abs(x) <= 1.1*va {
			return f, &x
		}
	}
	return 0, nil
}

// sum compares a total with its three phases.
func (j *judge) sum(v Value, component, name string) {
	total, size, ok := j.phases(component, name)
	if !ok {
		return
	}
	j.checked[RuleSum]++
	slack := 0.1*max(size, math.Abs(v.Value)) + 30
	if math.Abs(v.Value-total) <= slack || j.netted(v.Value, total, slack, component, name) {
		return
	}
	keys := []string{v.Key}
	for _, phase := range []string{"L1/", "L2/", "L3/"} {
		keys = append(keys, component+phase+name)
	}
	j.say(RuleSum, v.Value, tenfold(v.Value, total), &total, keys...)
}

// phases adds the values of three phases, and their sizes.
func (j *judge) phases(component, name string) (total, size float64, ok bool) {
	for _, phase := range []string{"L1/", "L2/", "L3/"} {
		x, ok := j.byKey[component+phase+name]
		if !ok {
			return 0, 0, false
		}
		total += x
		size += math.Abs(x)
	}
	return total, size, true
}

// netted tells whether a total that is no sum of its phases can be true all the
// same. A meter that adds the phases before it counts sees less of both
// directions than they do, but the same difference; apparent power of phases
// with unlike power factors is less than their sum.
func (j *judge) netted(v, total, slack float64, component, name string) bool {
	if v > total {
		return false
	}
	if name == "apparent-power" {
		p, haveP := j.byKey[component+"power"]
		q, haveQ := j.byKey[component+"reactive-power"]
		return haveP && haveQ && near(v, math.Hypot(p, q), 0.1, 30)
	}
	other, isExport := strings.CutPrefix(name, "export-")
	if !isExport {
		other = "export-" + name
	}
	against, have := j.byKey[component+other]
	phases, _, ok := j.phases(component, other)
	return have && ok && math.Abs((v-against)-(total-phases)) <= slack
}

// step is the decimal step in which a value seems to be given: 1000 for 12000,
// 1 for 7, 0.1 for 7.2, at least 0.01.
func step(v float64) float64 {
	if v == 0 {
		return 1
	}
	for _, s := range []float64{1000, 100, 10, 1, 0.1} {
		if n := v / s; math.Abs(n-math.Round(n)) < 1e-6*max(1, n) {
			return s
		}
	}
	return 0.01
}
