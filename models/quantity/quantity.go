// Package quantity is the closed list of what Aisle measures: each class has
// one base unit, in which values are stored and sent, and the units that
// devices report convert to it.
package quantity

import (
	"fmt"
	"math"
	"sort"
)

// Class is a measured quantity. Its text is the name used in profiles, in the
// API and by aisle probe.
type Class string

// The classes. The comment names the base unit.
const (
	Temperature    Class = "temperature"            // °C
	TempDelta      Class = "temperature_difference" // K
	Humidity       Class = "humidity"               // % relative
	Voltage        Class = "voltage"                // V
	Current        Class = "current"                // A
	Power          Class = "power"                  // W, active
	ApparentPower  Class = "apparent_power"         // VA
	ReactivePower  Class = "reactive_power"         // var
	Energy         Class = "energy"                 // Wh, active
	ApparentEnergy Class = "apparent_energy"        // VAh
	ReactiveEnergy Class = "reactive_energy"        // varh
	Frequency      Class = "frequency"              // Hz
	PowerFactor    Class = "power_factor"           // ratio, -1 to 1
	Load           Class = "load"                   // % of rating
	Charge         Class = "charge"                 // % of full
	Runtime        Class = "runtime"                // s of autonomy left
	Percent        Class = "percent"                // % of a range: valve, speed, level
	Efficiency     Class = "efficiency"             // %
	THD            Class = "thd"                    // %
	Unbalance      Class = "unbalance"              // %
	CrestFactor    Class = "quality_factor"         // ratio
	FanSpeed       Class = "fanspeed"               // rpm
	Airflow        Class = "airflow"                // m³/s
	AirVelocity    Class = "velocity"               // m/s
	WaterFlow      Class = "waterflow"              // m³/s
	Pressure       Class = "pressure"               // Pa
	Cooling        Class = "cooling"                // W, heat moved
	EER            Class = "eer"                    // ratio
	Capacity       Class = "capacity"               // Ah
	Resistance     Class = "resistance"             // Ω
	Distance       Class = "distance"               // m
	Volume         Class = "volume"                 // m³
	Angle          Class = "angle"                  // °
	Enthalpy       Class = "enthalpy"               // J/kg
	Delay          Class = "delay"                  // s
	Duration       Class = "duration"               // s, time in operation
	Count          Class = "count"                  // none
	State          Class = "state"                  // raw number with a text
	Alarm          Class = "alarm"                  // state of one alarm condition: 0 clear, otherwise set
)

type unit struct {
	scale, offset float64 // base = value*scale + offset
}

type definition struct {
	base  string
	units map[string]unit
}

func pct() definition { return definition{"%", map[string]unit{"%": {1, 0}, "1": {100, 0}}} }

func si(base string, more map[string]unit) definition {
	m := map[string]unit{base: {1, 0}}
	for _, p := range []struct {
		prefix string
		factor float64
	}{{"m", 1e-3}, {"µ", 1e-6}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}} {
		m[p.prefix+base] = unit{p.factor, 0}
	}
	for k, v := range more {
		m[k] = v
	}
	return definition{base, m}
}

var seconds = map[string]unit{"s": {1, 0}, "ms": {1e-3, 0}, "cs": {1e-2, 0}, "min": {60, 0}, "h": {3600, 0}, "d": {86400, 0}}

var definitions = map[Class]definition{
	Temperature:    {"°C", map[string]unit{"°C": {1, 0}, "°F": {5.0 / 9, -160.0 / 9}, "K": {1, -273.15}}},
	TempDelta:      {"K", map[string]unit{"K": {1, 0}, "°C": {1, 0}, "°F": {5.0 / 9, 0}}},
	Humidity:       pct(),
	Voltage:        si("V", nil),
	Current:        si("A", nil),
	Power:          si("W", nil),
	ApparentPower:  si("VA", nil),
	ReactivePower:  si("var", nil),
	Energy:         si("Wh", map[string]unit{"J": {1.0 / 3600, 0}, "kJ": {1.0 / 3.6, 0}, "MJ": {1e3 / 3.6, 0}}),
	ApparentEnergy: si("VAh", nil),
	ReactiveEnergy: si("varh", nil),
	Frequency:      si("Hz", nil),
	PowerFactor:    {"", map[string]unit{"": {1, 0}, "1": {1, 0}, "%": {0.01, 0}}},
	Load:           pct(),
	Charge:         pct(),
	Runtime:        {"s", seconds},
	Percent:        pct(),
	Efficiency:     pct(),
	THD:            pct(),
	Unbalance:      pct(),
	CrestFactor:    {"", map[string]unit{"": {1, 0}, "1": {1, 0}, "%": {0.01, 0}}},
	FanSpeed:       {"rpm", map[string]unit{"rpm": {1, 0}}},
	Airflow:        {"m³/s", map[string]unit{"m³/s": {1, 0}, "m³/h": {1.0 / 3600, 0}, "l/s": {1e-3, 0}, "cfm": {0.000471947443, 0}}},
	AirVelocity:    {"m/s", map[string]unit{"m/s": {1, 0}, "fpm": {0.00508, 0}, "km/h": {1 / 3.6, 0}}},
	WaterFlow:      {"m³/s", map[string]unit{"m³/s": {1, 0}, "m³/h": {1.0 / 3600, 0}, "l/s": {1e-3, 0}, "l/min": {1.0 / 60000, 0}, "gpm": {6.30901964e-5, 0}}},
	Pressure:       si("Pa", map[string]unit{"hPa": {100, 0}, "bar": {1e5, 0}, "mbar": {100, 0}, "psi": {6894.757293168, 0}, "inH2O": {249.08891, 0}}),
	Cooling:        si("W", map[string]unit{"BTU/h": {1055.05585262 / 3600, 0}, "TR": {3516.8528420667, 0}}),
	EER:            {"", map[string]unit{"": {1, 0}, "1": {1, 0}}},
	Capacity:       si("Ah", nil),
	Resistance:     si("Ω", nil),
	Distance:       {"m", map[string]unit{"m": {1, 0}, "mm": {1e-3, 0}, "cm": {1e-2, 0}, "ft": {0.3048, 0}, "in": {0.0254, 0}}},
	Volume:         {"m³", map[string]unit{"m³": {1, 0}, "l": {1e-3, 0}, "gal": {0.003785411784, 0}}},
	Angle:          {"°", map[string]unit{"°": {1, 0}}},
	Enthalpy:       {"J/kg", map[string]unit{"J/kg": {1, 0}, "kJ/kg": {1e3, 0}}},
	Delay:          {"s", seconds},
	Duration:       {"s", seconds},
	Count:          {"", map[string]unit{"": {1, 0}, "1": {1, 0}}},
	State:          {"", map[string]unit{"": {1, 0}}},
	Alarm:          {"", map[string]unit{"": {1, 0}}},
}

// Valid reports whether c is on the list.
func (c Class) Valid() bool { _, ok := definitions[c]; return ok }

// Unit returns the base unit of c: empty for ratios, counts and states.
func (c Class) Unit() string { return definitions[c].base }

// Enumerated reports whether values of c are raw numbers with a text, which
// must not be averaged or scaled.
func (c Class) Enumerated() bool { return c == State || c == Alarm }

// Cumulative reports whether c only counts up (energies), so that differences
// matter and not levels.
func (c Class) Cumulative() bool {
	return c == Energy || c == ApparentEnergy || c == ReactiveEnergy || c == Duration
}

// Possible bounds what a value of c in its base unit can be at all, wherever it
// is measured. What lies outside is a mark for "no value" or a fault, however
// the device came to send it: less than the absolute zero, air more than
// saturated, a negative frequency, time left, load or apparent power.
func (c Class) Possible() (least, most float64) {
	switch c {
	case Temperature:
		return -273.15, 2000
	case Humidity:
		return 0, 110
	case PowerFactor:
		return -1.1, 1.1
	case Frequency, Charge, Runtime, FanSpeed, Load, Efficiency, Capacity, ApparentPower, ApparentEnergy, THD, Airflow:
		return 0, math.Inf(1)
	}
	return math.Inf(-1), math.Inf(1)
}

// Conversion returns scale and offset such that a value v given in unitName is
// v*scale + offset in the base unit of c. The empty unit name means the base
// unit. It returns an error that lists the known units when unitName is not a
// unit of c.
func (c Class) Conversion(unitName string) (scale, offset float64, err error) {
	d, ok := definitions[c]
	if !ok {
		return 0, 0, fmt.Errorf("unknown class %q", string(c))
	}
	if unitName == "" {
		return 1, 0, nil
	}
	u, ok := d.units[unitName]
	if !ok {
		return 0, 0, fmt.Errorf("unit %q is not one of %s: %v", unitName, c, c.Units())
	}
	return u.scale, u.offset, nil
}

// Units returns the units that values of c may be given in, sorted.
func (c Class) Units() []string {
	d := definitions[c]
	out := make([]string, 0, len(d.units))
	for u := range d.units {
		out = append(out, u)
	}
	sort.Strings(out)
	return out
}

// Classes returns every class, sorted.
func Classes() []Class {
	out := make([]Class, 0, len(definitions))
	for c := range definitions {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
