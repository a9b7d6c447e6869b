package simulate

import (
	"math"
)

// air moves heat from the racks to the cooling units.
func (w *world) air(sec float64) {
	first := 0
	for hi, h := range w.site.Halls {
		units := w.cooling[first : first+h.CoolingUnits]
		first += h.CoolingUnits
		heat := 0.0
		for i := range w.racks {
			if w.racks[i].hall == hi {
				heat += w.racks[i].pdu[0].powerW + w.racks[i].pdu[1].powerW
			}
		}
		powered := w.boardLive(sideA) || w.boardLive(sideB)
		capacity := 0.0
		for u := range units {
			if !units[u].failed && powered {
				capacity += h.CoolingUnitKW * 1000
			}
		}
		for u := range units {
			c := &units[u]
			if c.failed || !powered {
				c.fan, c.valve, c.coolW, c.flowM3s, c.waterLs, c.fanW = 0, 0, 0, 0, 0, 0
				c.supplyC += (c.returnC - c.supplyC) * (1 - math.Exp(-sec/120))
				continue
			}
			want := heat * h.CoolingUnitKW * 1000 / math.Max(capacity, 1)
			// Warm water cools less.
			can := h.CoolingUnitKW * 1000 * math.Max(0, math.Min(1.05, (30-w.plant.loopC)/(30-loopSetC)))
			c.coolW = math.Min(want, can)
			load := math.Min(1, want/(h.CoolingUnitKW*1000))
			c.fan += (math.Max(0.35, math.Pow(load, 0.8)) - c.fan) * (1 - math.Exp(-sec/30))
			c.valve += (math.Min(1, 0.15+0.85*load) - c.valve) * (1 - math.Exp(-sec/45))
			c.flowM3s = c.fan * h.CoolingUnitKW * 1000 / (airJPerM3K * designDeltaT)
			c.waterLs = c.valve * h.CoolingUnitKW / (4.19 * 6)
			c.fanW = fanRatedW * c.fan * c.fan * c.fan
			missing := math.Max(0, want-c.coolW)
			target := supplySetC + missing/(airJPerM3K*math.Max(c.flowM3s, 0.1))
			c.supplyC += (target - c.supplyC) * (1 - math.Exp(-sec/60))
			c.returnC = c.supplyC + c.coolW/(airJPerM3K*math.Max(c.flowM3s, 0.1))
		}
		w.inlets(hi, units, heat, sec)
	}
}

// inlets sets what the racks breathe: the air of their units and what flows
// back from the hot aisle, more where the air is short.
func (w *world) inlets(hall int, units []coolingState, heat, sec float64) {
	need := heat / (airJPerM3K * designDeltaT)
	have := 0.0
	for u := range units {
		have += units[u].flowM3s
	}
	short := 0.0
	if need > 0 {
		short = math.Max(0, 1-have/need)
	}
	lag := 1 - math.Exp(-sec/inletLag.Seconds())
	for i := range w.racks {
		r := &w.racks[i]
		if r.hall != hall {
			continue
		}
		supply, local, weight := 0.0, 0.0, 0.0
		for u, g := range r.zone {
			if units[u].flowM3s > 0 {
				supply += g * units[u].supplyC
				local += g
			}
			weight += g
		}
		if local > 0 {
			supply /= local
		} else {
			supply = r.inletC[1] + heatRise(heat, sec)/math.Max(lag, 1e-9)*lag
		}
		starved := math.Max(short, 1-local/math.Max(weight, 1e-9))
		x := 0.0
		if r.peakW > 0 {
			x = r.itW / r.peakW
		}
		for k := range r.inletC {
			height := 0.3 + 0.35*float64(k)
			target := supply + 0.6 + r.recirc*height*x + starved*16*(0.6+height)*math.Min(1, r.itW/3000+0.3)
			r.inletC[k] += (target - r.inletC[k]) * lag
		}
		// Warmer air of the same moisture is drier: about 3 % a kelvin here.
		r.humid = math.Max(8, math.Min(90, 52-3*(r.inletC[1]-supplySetC)))
	}
}

// heatRise is the rise of the room's air in K when nothing takes the heat:
// air and metal of a rack store about 60 kJ/K for each kW installed.
func heatRise(heatW, sec float64) float64 { return heatW * sec / 3.5e7 }

// water runs loop and chillers.
func (w *world) water(sec float64) {
	p := &w.plant
	heat, flow := 0.0, 0.0
	for i := range w.cooling {
		heat += w.cooling[i].coolW
		flow += w.cooling[i].waterLs
	}
	powered := w.boardLive(sideA) || w.boardLive(sideB)
	running := 0
	for i := range w.chillers {
		if !w.chillers[i].failed && !w.chillers[i].stopped && powered {
			running++
		}
	}
	want := heat + (p.loopC-loopSetC)*loopJPerK/300
	taken := 0.0
	for i := range w.chillers {
		c := &w.chillers[i]
		c.coolW, c.powerW = 0, 0
		if c.failed || c.stopped || !powered || running == 0 {
			continue
		}
		c.coolW = math.Max(0, math.Min(want/float64(running), w.site.Plant.ChillerKW*1000))
		c.powerW = c.coolW / (chillerCOP * (1 - 0.015*(p.outdoorC-25)))
		taken += c.coolW
	}
	p.loopC = math.Max(5, math.Min(35, p.loopC+(heat-taken)*sec/loopJPerK))
	p.loopBackC = p.loopC
	if flow > 0 {
		p.loopBackC += heat / (4190 * flow)
	}
}
