package simulate

import (
	"math"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// keyPath is a point key taken apart.
type keyPath []string

func split(key string) keyPath { return strings.Split(key, "/") }

func (p keyPath) at(i int) string {
	if i < len(p) {
		return p[i]
	}
	return ""
}

func (p keyPath) last() string { return p[len(p)-1] }

// number reads "3" or "L3"; 0 when it is neither.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "L"))
	if err != nil {
		return 0
	}
	return n
}

// state finds the raw number whose text holds one of the words.
func state(spec *models.PointSpec, words ...string) (float64, bool) {
	for _, word := range words {
		best, found := int64(math.MaxInt64), false
		for n, s := range spec.States {
			if strings.Contains(strings.ToLower(s.Text), word) && n < best {
				best, found = n, true
			}
		}
		if found {
			return float64(best), true
		}
	}
	return 0, false
}

// withPeaks adds the largest value so far of what a device measures.
func withPeaks(values func(string, *models.PointSpec) (float64, bool)) func(string, *models.PointSpec) (float64, bool) {
	peaks := map[string]float64{}
	return func(key string, spec *models.PointSpec) (float64, bool) {
		i := strings.LastIndexByte(key, '/') + 1
		of, ok := strings.CutPrefix(key[i:], "peak-")
		if !ok {
			return values(key, spec)
		}
		v, ok := values(key[:i]+of, spec)
		if ok {
			peaks[key] = max(peaks[key], v)
		}
		return peaks[key], ok
	}
}

// pduValues is what a rack PDU measures.
func (w *world) pduValues(r *rackState, s side) func(string, *models.PointSpec) (float64, bool) {
	p := &r.pdu[s]
	volts := func(phase int) float64 {
		if !p.energized {
			return 0
		}
		return nominalV + float64(phase) - 0.4 + 0.3*math.Sin(float64(r.pos))
	}
	electric := func(powerW, v float64, what string, spec *models.PointSpec) (float64, bool) {
		switch what {
		case "power":
			return powerW, true
		case "apparent-power":
			return powerW / loadPF, true
		case "reactive-power":
			return powerW * math.Tan(math.Acos(loadPF)), true
		case "power-factor":
			return loadPF, true
		case "voltage":
			return v, true
		case "current":
			return powerW / (nominalV * loadPF), true
		case "frequency":
			return 50, true
		case "load-state", "status", "load-status":
			return state(spec, "normal", "ok")
		}
		return 0, false
	}
	return func(key string, spec *models.PointSpec) (float64, bool) {
		k := split(key)
		what := k.last()
		switch k.at(0) {
		case "inlet", "input", "phase":
			for _, part := range k {
				if len(part) == 2 && part[0] == 'L' {
					n := number(part)
					if n < 1 || n > phases {
						return 0, false
					}
					return electric(p.phaseW[n-1], volts(n), what, spec)
				}
			}
			if what == "energy" {
				return p.wh, true
			}
			if what == "current" || what == "voltage" {
				return 0, false
			}
			return electric(p.powerW, volts(1), what, spec)
		case "bank", "breaker", "circuit":
			b := number(k.at(1))
			if b < 1 || b > banksPerPDU {
				return 0, false
			}
			a := w.bankA(p, b-1)
			switch what {
			case "current":
				return a, true
			case "power":
				return a * nominalV * loadPF, true
			case "voltage":
				return volts((b - 1) % phases), true
			case "load-state", "status", "state":
				switch {
				case p.tripped[b-1]:
					return state(spec, "trip", "open", "low", "off")
				case a > bankTripA:
					return state(spec, "overload", "critical", "alarm", "normal")
				case a > 0.8*bankTripA:
					return state(spec, "near", "warning", "normal")
				}
				return state(spec, "normal", "closed", "ok", "on")
			}
		case "outlet":
			o := number(k.at(1))
			if o < 1 || o > outletsPerPDU {
				return 0, false
			}
			switch what {
			case "energy":
				return p.outletWh[o-1], true
			case "state":
				if p.tripped[(o-1)/outletsInBank] || p.off[o-1] {
					return state(spec, "off")
				}
				return state(spec, "on")
			}
			return electric(p.outletW[o-1], volts((o-1)/outletsInBank%phases), what, spec)
		case "sensor":
			n := number(k.at(1))
			if n < 1 || n > len(r.inletC) {
				return 0, false
			}
			switch what {
			case "temperature":
				return r.inletC[n-1], true
			case "humidity":
				return r.humid, true
			}
		}
		return 0, false
	}
}

// upsValues is what a UPS measures.
func (w *world) upsValues(u *upsState) func(string, *models.PointSpec) (float64, bool) {
	third := func(p, v float64, what string) (float64, bool) {
		switch what {
		case "power":
			return p / phases, true
		case "current":
			if v == 0 {
				return 0, true
			}
			return p / phases / (v * loadPF), true
		case "voltage":
			return v, true
		case "load":
			return 100 * u.outW / u.ratingW, true
		case "apparent-power":
			return p / phases / loadPF, true
		}
		return 0, false
	}
	return func(key string, spec *models.PointSpec) (float64, bool) {
		k := split(key)
		what := k.last()
		phase := len(k) == 3 && strings.HasPrefix(k.at(1), "L")
		in, out := 0.0, nominalV
		if u.inputOK {
			in = nominalV + 1
		}
		if u.dead {
			out = 0
		}
		switch k.at(0) {
		case "battery":
			switch what {
			case "charge":
				return 100 * u.charge, true
			case "runtime":
				return w.runtime(u).Seconds(), true
			case "temperature":
				return u.tempC, true
			case "on-battery-time":
				return u.since.Seconds(), true
			case "voltage":
				v := 540 - 60*(1-u.charge)
				if u.onBattery {
					v -= 18
				}
				return v, true
			case "current":
				if u.onBattery {
					return (u.outW + u.lossW) / 500, true
				}
				return u.chargeW / 540, true
			case "state":
				switch {
				case u.charge <= 0:
					return state(spec, "depleted", "low")
				case u.onBattery && w.runtime(u).Minutes() < 3:
					return state(spec, "low")
				}
				return state(spec, "normal")
			}
		case "input":
			if what == "frequency" {
				if in == 0 {
					return 0, true
				}
				return 50, true
			}
			if phase {
				return third(u.inW, in, what)
			}
		case "bypass":
			if what == "frequency" && in > 0 {
				return 50, true
			}
			if phase {
				return third(0, in, what)
			}
		case "output":
			switch what {
			case "source", "state":
				switch {
				case u.dead:
					return state(spec, "none", "off")
				case u.onBattery:
					return state(spec, "battery")
				}
				return state(spec, "normal", "online")
			case "frequency":
				return 50, true
			case "rated-power", "rated-apparent-power":
				return u.ratingW, true
			case "power":
				if !phase {
					return u.outW, true
				}
			case "load":
				return 100 * u.outW / u.ratingW, true
			}
			if phase {
				return third(u.outW, out, what)
			}
		case "alarms-present":
			n := 0.0
			if u.onBattery {
				n++
			}
			if u.charge < 0.2 {
				n++
			}
			return n, true
		}
		return 0, false
	}
}

// coolingValues is what a cooling unit measures.
func (w *world) coolingValues(c *coolingState) func(string, *models.PointSpec) (float64, bool) {
	return func(key string, spec *models.PointSpec) (float64, bool) {
		switch key {
		case "state":
			if c.failed {
				return state(spec, "standby", "off", "idle")
			}
			return state(spec, "on")
		case "cooling/output":
			return c.coolW, true
		case "input/contact-state":
			if w.doors[c.name] {
				return state(spec, "open")
			}
			return state(spec, "closed")
		case "cooling/demand":
			return c.coolW, true
		case "airflow":
			return c.flowM3s, true
		case "fan/speed":
			return 100 * c.fan, true
		case "valve/position":
			return 100 * c.valve, true
		case "supply-air/temperature":
			return c.supplyC, true
		case "return-air/temperature":
			return c.returnC, true
		case "rack-inlet/temperature":
			return c.supplyC + 0.8, true
		case "chilled-water/flow":
			return c.waterLs / 1000, true
		case "chilled-water/supply/temperature":
			return w.plant.loopC, true
		case "chilled-water/return/temperature":
			return w.plant.loopBackC, true
		}
		return 0, false
	}
}

// meterValues is what a three-phase meter measures.
func (w *world) meterValues(read func() (powerW, wh float64, live bool)) func(string, *models.PointSpec) (float64, bool) {
	return func(key string, spec *models.PointSpec) (float64, bool) {
		p, wh, live := read()
		k := split(key)
		phase, pair := false, false
		for _, part := range k {
			pair = pair || strings.Contains(part, "L") && strings.Contains(part, "-L")
			phase = phase || len(part) == 2 && part[0] == 'L'
			if part == "N" {
				return 0, spec.Class == quantity.Current
			}
		}
		if strings.Contains(key, "demand") || strings.Contains(key, "max") || strings.Contains(key, "thd") || strings.Contains(key, "rated") {
			return 0, false
		}
		pf := 0.97
		v := 0.0
		if live {
			v = 231
		}
		share := p
		if phase {
			share = p / phases
		}
		switch spec.Class {
		case quantity.Voltage:
			if pair {
				return v * math.Sqrt(3), true
			}
			return v, true
		case quantity.Current:
			if v == 0 {
				return 0, true
			}
			if !phase {
				return 0, false
			}
			return p / phases / (v * pf), true
		case quantity.Power:
			return share, true
		case quantity.ApparentPower:
			return share / pf, true
		case quantity.ReactivePower:
			return share * math.Tan(math.Acos(pf)), true
		case quantity.PowerFactor:
			return pf, true
		case quantity.Frequency:
			if live {
				return 50, true
			}
			return 0, true
		case quantity.Energy:
			if strings.Contains(key, "export") || strings.Contains(key, "delivered") || phase {
				return 0, false
			}
			return wh, true
		}
		return 0, false
	}
}

// atsValues is what the transfer switch says: source 1 is the utility.
func (w *world) atsValues() func(string, *models.PointSpec) (float64, bool) {
	return func(key string, spec *models.PointSpec) (float64, bool) {
		g := &w.plant.generator
		utility := w.plant.utility[0] || w.plant.utility[1]
		switch {
		case spec.Class != quantity.State:
			return 0, false
		case key == "position" || strings.HasSuffix(key, "/position") || key == "state":
			if g.onLoad {
				return state(spec, "position 2", "source 2")
			}
			return state(spec, "position 1", "source 1")
		case strings.HasPrefix(key, "source/1") && strings.HasSuffix(key, "state"):
			if utility {
				return state(spec, "available", "present")
			}
			return state(spec, "under")
		case strings.HasPrefix(key, "source/2") && strings.HasSuffix(key, "state"):
			if g.running && g.run >= genStart {
				return state(spec, "available", "present")
			}
			return state(spec, "under")
		case strings.HasPrefix(key, "source/2"): // start command
			if g.running {
				return 1, true
			}
			return 0, true
		}
		return 0, false
	}
}

// gensetValues is what the generator's controller measures.
func (w *world) gensetValues() func(string, *models.PointSpec) (float64, bool) {
	return func(key string, spec *models.PointSpec) (float64, bool) {
		g := &w.plant.generator
		running := g.running && g.run >= genStart/2
		on := func(v float64) (float64, bool) {
			if running {
				return v, true
			}
			return 0, true
		}
		k := split(key)
		switch {
		case strings.HasPrefix(key, "fuel"):
			return 100 * g.fuelL / w.site.Plant.FuelL, spec.Class == quantity.Percent
		case strings.Contains(key, "oil") && spec.Class == quantity.Pressure:
			return on(420e3)
		case spec.Class == quantity.Temperature:
			if running {
				return 82, true
			}
			return 38, true // the block heater
		case spec.Class == quantity.FanSpeed:
			return on(1500)
		case spec.Class == quantity.Frequency:
			return on(50)
		case spec.Class == quantity.Voltage && k.at(0) == "generator":
			if strings.Contains(key, "-L") {
				return on(400)
			}
			return on(231)
		case spec.Class == quantity.Voltage:
			return 27.2, true
		case spec.Class == quantity.Current:
			return g.powerW / phases / (231 * 0.97), true
		case spec.Class == quantity.Power:
			if strings.Contains(key, "/L") {
				return g.powerW / phases, true
			}
			return g.powerW, true
		case spec.Class == quantity.State && strings.HasSuffix(key, "mode"):
			return state(spec, "auto")
		}
		return 0, false
	}
}

// leakValues is what a leak rope's module says.
func (w *world) leakValues(name string) func(string, *models.PointSpec) (float64, bool) {
	return func(key string, spec *models.PointSpec) (float64, bool) {
		wet := w.leaks[name]
		switch {
		case spec.Class == quantity.Alarm && strings.Contains(key, "leak"):
			if wet {
				return 1, true
			}
			return 0, true
		case spec.Class == quantity.Alarm:
			return 0, true
		case key == "cable/leak-current":
			if wet {
				return 180e-6, true
			}
			return 4e-6, true
		}
		return 0, false
	}
}

// chillerValues is what a chiller measures.
func (w *world) chillerValues(c *chillerState) func(string, *models.PointSpec) (float64, bool) {
	return func(key string, spec *models.PointSpec) (float64, bool) {
		switch {
		case spec.Class == quantity.Temperature && strings.Contains(key, "setpoint"):
			return loopSetC, true
		case spec.Class == quantity.Temperature && (strings.Contains(key, "supply") || strings.Contains(key, "leaving")):
			return w.plant.loopC, true
		case spec.Class == quantity.Temperature && (strings.Contains(key, "return") || strings.Contains(key, "entering")):
			return w.plant.loopBackC, true
		case spec.Class == quantity.Cooling:
			return c.coolW, true
		case spec.Class == quantity.Power:
			return c.powerW, true
		case spec.Class == quantity.Alarm:
			if key == "alarm/supply-high" && w.plant.loopC > loopSetC+5 {
				return 1, true
			}
			return 0, true
		case key == "compressor/enabled", key == "pump/enabled":
			if c.failed || c.stopped {
				return 0, true
			}
			return 1, true
		case key == "control/start": // a failure does not take the order back
			if c.stopped {
				return 0, true
			}
			return 1, true
		case key == "state":
			if c.failed || c.stopped {
				return state(spec, "stopped", "standby", "off")
			}
			return state(spec, "running", "on")
		}
		return 0, false
	}
}
