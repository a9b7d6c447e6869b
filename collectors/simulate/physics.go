package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// The constants of the model. Sources: the power and cooling rules that
// ASHRAE, IEC and makers publish; where a spread is usual, its middle.
const (
	phases        = 3
	outletsPerPDU = 24
	banksPerPDU   = 6
	outletsInBank = outletsPerPDU / banksPerPDU
	nominalV      = 230.0 // line to neutral
	loadPF        = 0.96  // of server power supplies
	bankTripA     = 16.0
	bankTripDelay = 30 * time.Second // at a little above the rating

	// UPS loss = a + b P + c P²/rating, per unit of the rating: about 95 %
	// efficiency at half load.
	upsA, upsB, upsC = 0.012, 0.018, 0.014
	chargeShare      = 0.08  // of the rating, while the battery is not full
	peukert          = 1.12  // exponent of a VRLA battery at high rate
	distributionLoss = 0.005 // of the power delivered, between UPS and racks
	houseW           = 4000.0

	genStart   = 10 * time.Second // start to rated voltage
	atsBack    = 60 * time.Second // utility must be good that long
	fuelLPerWh = 0.26e-3          // L per Wh at high load

	supplySetC   = 20.0
	airJPerM3K   = 1.2 * 1006
	inletLag     = 150 * time.Second // of the air and metal in front of a rack
	loopSetC     = 10.0
	loopJPerK    = 12e6 // water and pipes
	fanRatedW    = 4500.0
	chillerCOP   = 4.5
	pumpW        = 9000.0
	designDeltaT = 11.0
)

// side is one of the two power paths.
type side int

const (
	sideA side = iota
	sideB
)

// rackState is one rack.
type rackState struct {
	name    string
	hall    int
	row     int
	pos     int
	peakW   float64
	noise   float64
	itW     float64 // demand of the servers
	boost   float64 // factor of an overload fault
	share   float64 // of side A
	weights [outletsPerPDU]float64
	pdu     [2]pduState
	inletC  [3]float64 // bottom, middle, top
	humid   float64
	zone    []float64 // weight of each cooling unit
	recirc  float64   // K of recirculation at the top at full load
	lost    bool      // neither side delivers
}

// pduState is one rack PDU.
type pduState struct {
	energized bool
	outletW   [outletsPerPDU]float64
	outletWh  [outletsPerPDU]float64
	tripped   [banksPerPDU]bool
	// off are outlets that were switched off; backAt is when one that was
	// cycled comes back.
	off      [outletsPerPDU]bool
	backAt   [outletsPerPDU]time.Time
	overTime [banksPerPDU]time.Duration
	powerW   float64
	phaseW   [phases]float64
	wh       float64
}

// upsState is one UPS with its battery.
type upsState struct {
	name      string
	hall      int
	side      side
	ratingW   float64
	batteryJ  float64 // at full charge and rated load
	charge    float64 // 0 to 1
	inputOK   bool
	onBattery bool
	dead      bool
	since     time.Duration // on battery
	outW      float64
	lossW     float64
	chargeW   float64
	inW       float64
	tempC     float64
}

// coolingState is one computer room cooling unit on chilled water.
type coolingState struct {
	name    string
	hall    int
	failed  bool
	fan     float64 // 0 to 1
	valve   float64
	coolW   float64
	supplyC float64
	returnC float64
	flowM3s float64
	waterLs float64
	fanW    float64
}

// chillerState is one chiller.
type chillerState struct {
	name   string
	failed bool
	// stopped on somebody's order.
	stopped bool
	coolW   float64
	powerW  float64
}

// told stops the chiller or has it run.
func (c *chillerState) told(key, option string) bool {
	if key != "control/start" || option != "start" && option != "stop" {
		return false
	}
	c.stopped = option == "stop"
	return true
}

// plantState is the supply of the whole site.
type plantState struct {
	utility   [2]bool // feeds A and B
	generator genState
	loopC     float64 // chilled water supply
	loopBackC float64
	outdoorC  float64
	mechW     float64
	boardW    [2]float64 // main switchboards A and B
	boardWh   [2]float64
	totalW    float64
	itW       float64
	upsLossW  float64
	lineLossW float64
	batteryW  float64 // from the batteries; negative while charging
	genWh     float64
}

// genState is the standby generator with its transfer switch.
type genState struct {
	running   bool
	onLoad    bool
	run       time.Duration
	utilityOK time.Duration
	fuelL     float64
	powerW    float64
	hours     float64
}

// world is the whole state; one goroutine steps it under Facility.mu.
type world struct {
	site     *Site
	rng      *rand.Rand
	now      time.Time
	racks    []rackState
	ups      []upsState // hall*2+side
	cooling  []coolingState
	chillers []chillerState
	plant    plantState
	faults   map[string]*Fault
	leaks    map[string]bool
	doors    map[string]bool
}

func newWorld(s *Site, start time.Time) *world {
	w := &world{site: s, rng: rand.New(rand.NewPCG(s.Seed, 0xA15E)), now: start, faults: map[string]*Fault{}, leaks: map[string]bool{}, doors: map[string]bool{}} //nolint:gosec // a simulation must be repeatable
	for hi, h := range s.Halls {
		for sd := sideA; sd <= sideB; sd++ {
			w.ups = append(w.ups, upsState{
				name: "UPS-" + h.Code + "-" + string("AB"[sd]), hall: hi, side: sd, ratingW: h.UPSRatingKW * 1000,
				batteryJ: h.UPSRatingKW * 1000 * h.UPSMinutes * 60, charge: 1, inputOK: true, tempC: 24 + float64(sd),
			})
		}
		first := len(w.cooling)
		for i := range h.CoolingUnits {
			w.cooling = append(w.cooling, coolingState{name: "CRAH-" + h.Code + "-" + itoa2(i+1), hall: hi, fan: 0.6, valve: 0.5, supplyC: supplySetC, returnC: supplySetC + designDeltaT})
		}
		for row := range h.Rows {
			for pos := range h.RacksPerRow {
				w.racks = append(w.racks, w.newRack(h, hi, row, pos, len(w.cooling)-first))
			}
		}
	}
	for i := range s.Plant.Chillers {
		w.chillers = append(w.chillers, chillerState{name: "CH-" + itoa2(i+1)})
	}
	w.plant = plantState{utility: [2]bool{true, true}, loopC: loopSetC, loopBackC: loopSetC + 6, generator: genState{fuelL: s.Plant.FuelL * 0.92}}
	return w
}

func (w *world) newRack(h Hall, hall, row, pos, units int) rackState {
	r := rackState{name: h.Code + "-" + itoa2(row+1) + "-" + itoa2(pos+1), hall: hall, row: row, pos: pos, boost: 1, share: 0.46 + 0.08*w.rng.Float64(), humid: 46}
	if w.rng.Float64() >= h.Empty {
		r.peakW = 1000 * (h.RackKW[0] + (h.RackKW[1]-h.RackKW[0])*w.rng.Float64())
	}
	sum := 0.0
	for i := range r.weights {
		if w.rng.Float64() < 0.7 { // the others have nothing plugged in
			r.weights[i] = 0.5 + w.rng.Float64()
		}
		sum += r.weights[i]
	}
	if sum == 0 {
		r.weights[0], sum = 1, 1
	}
	for i := range r.weights {
		r.weights[i] /= sum
	}
	r.recirc = 0.8 + 2.4*w.rng.Float64()
	for i := range r.inletC {
		r.inletC[i] = supplySetC + 1 + float64(i)*0.8
	}
	for s := range r.pdu {
		r.pdu[s].energized = true
		// The meters ran for years; what the inlet counted went through the
		// outlets, through each about as much as its server draws now.
		p, parts := &r.pdu[s], 0.0
		p.wh = 1e6 * (5 + 20*w.rng.Float64())
		for o := range p.outletWh {
			p.outletWh[o] = r.weights[o] * (0.8 + 0.4*w.rng.Float64())
			parts += p.outletWh[o]
		}
		for o := range p.outletWh {
			p.outletWh[o] *= p.wh / parts
		}
	}
	// Units stand along one wall; the nearer one feeds a row more.
	total := 0.0
	for u := range units {
		at := (float64(u) + 0.5) / float64(units) * float64(h.Rows)
		d := float64(row) + 0.5 - at
		g := math.Exp(-d * d / 3)
		r.zone = append(r.zone, g)
		total += g
	}
	for u := range r.zone {
		r.zone[u] /= total
	}
	return r
}

func itoa2(n int) string { return string([]byte{byte('0' + n/10%10), byte('0' + n%10)}) }

// step moves the world by dt.
func (w *world) step(dt time.Duration) {
	w.now = w.now.Add(dt)
	sec := dt.Seconds()
	w.applyFaults()
	w.load(sec)
	w.supply(dt)
	w.deliver(dt)
	w.upsStep(dt)
	w.air(sec)
	w.water(sec)
	w.balance(sec)
}

// load sets what the servers want: a day's curve and slow noise.
func (w *world) load(sec float64) {
	t := w.now.UTC().Add(7 * time.Hour) // the demo's site is in Vietnam
	hour := float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
	day := 0.84 + 0.16*math.Sin(2*math.Pi*(hour-9)/24)
	if wd := t.Weekday(); wd == time.Saturday || wd == time.Sunday {
		day *= 0.9
	}
	w.plant.outdoorC = 28 + 5*math.Sin(2*math.Pi*(hour-9)/24)
	a := math.Exp(-sec / 240)
	for i := range w.racks {
		r := &w.racks[i]
		r.noise = a*r.noise + math.Sqrt(1-a*a)*0.06*w.rng.NormFloat64()
		r.itW = math.Max(0, r.peakW*day*(1+r.noise)) * r.boost
	}
}

// supply runs generator and transfer switch.
func (w *world) supply(dt time.Duration) {
	p := &w.plant
	g := &p.generator
	lost := !p.utility[0] && !p.utility[1]
	if lost {
		g.utilityOK = 0
		if g.fuelL > 0 {
			g.running = true
			g.run += dt
		}
		g.onLoad = g.running && g.run >= genStart
	} else {
		g.utilityOK += dt
		if g.running && g.utilityOK >= atsBack {
			g.onLoad = false
		}
		if g.running && g.utilityOK >= 3*atsBack { // cooling down
			g.running, g.run = false, 0
		}
		if g.running {
			g.run += dt
		}
	}
	if g.fuelL <= 0 {
		g.running, g.onLoad, g.run = false, false, 0
	}
	if g.running {
		g.hours += dt.Hours()
	}
}

// boardLive tells whether a main switchboard has voltage. The coupler between
// the boards stays open unless the generator feeds both.
func (w *world) boardLive(s side) bool {
	return w.plant.utility[s] || w.plant.generator.onLoad
}

// deliver shares each rack's demand between its PDUs and their outlets.
func (w *world) deliver(dt time.Duration) {
	for i := range w.racks {
		r := &w.racks[i]
		live := [2]bool{}
		for s := range r.pdu {
			live[s] = !w.ups[r.hall*2+s].dead
			r.pdu[s].energized = live[s]
		}
		share := [2]float64{r.share, 1 - r.share}
		r.lost = !live[0] && !live[1]
		for s := range r.pdu {
			p := &r.pdu[s]
			for o := range p.off {
				if !p.backAt[o].IsZero() && !w.now.Before(p.backAt[o]) {
					p.off[o], p.backAt[o] = false, time.Time{}
				}
			}
			p.powerW, p.phaseW = 0, [phases]float64{}
			for o := range p.outletW {
				// A server whose other cord is dead draws all from this one.
				bank := o / outletsInBank
				other := &r.pdu[1-s]
				otherLive := live[1-s] && !other.tripped[bank] && !other.off[o]
				mine := share[s]
				switch {
				case !live[s] || p.tripped[bank] || p.off[o]:
					mine = 0
				case !otherLive:
					mine = 1
				}
				p.outletW[o] = r.itW * r.weights[o] * mine
				p.phaseW[bank%phases] += p.outletW[o]
				p.powerW += p.outletW[o]
				p.outletWh[o] += p.outletW[o] * dt.Hours()
			}
			p.wh += p.powerW * dt.Hours()
			for b := range p.tripped {
				if w.bankA(p, b) > bankTripA {
					if p.overTime[b] += dt; p.overTime[b] >= bankTripDelay {
						p.tripped[b] = true
					}
				} else {
					p.overTime[b] = 0
				}
			}
		}
	}
}

// bankA is the current of a bank in amperes.
func (w *world) bankA(p *pduState, bank int) float64 {
	sum := 0.0
	for o := bank * outletsInBank; o < (bank+1)*outletsInBank; o++ {
		sum += p.outletW[o]
	}
	return sum / (nominalV * loadPF)
}

// upsStep works out the losses, the battery and the input of each UPS.
func (w *world) upsStep(dt time.Duration) {
	for i := range w.ups {
		u := &w.ups[i]
		u.outW = 0
		for k := range w.racks {
			if w.racks[k].hall == u.hall {
				u.outW += w.racks[k].pdu[u.side].powerW
			}
		}
		u.outW *= 1 + distributionLoss
		x := u.outW / u.ratingW
		u.lossW = u.ratingW * (upsA + upsB*x + upsC*x*x)
		u.inputOK = w.boardLive(u.side)
		switch {
		case u.inputOK:
			u.onBattery, u.dead, u.since = false, false, 0
			u.chargeW = 0
			if u.charge < 1 {
				u.chargeW = math.Min(chargeShare*u.ratingW, (1-u.charge)*u.batteryJ/dt.Seconds())
				u.charge = math.Min(1, u.charge+u.chargeW*dt.Seconds()/u.batteryJ)
			}
			u.inW = u.outW + u.lossW + u.chargeW
		case u.dead:
			u.outW, u.lossW, u.chargeW, u.inW = 0, 0, 0, 0
		default:
			u.onBattery = true
			u.since += dt
			u.chargeW, u.inW = 0, 0
			u.charge -= w.drainW(u) * dt.Seconds() / u.batteryJ
			if u.charge <= 0 {
				u.charge, u.dead, u.onBattery = 0, true, false
			}
		}
		target := 23.5 + 4*x
		if u.onBattery {
			target += 8
		}
		u.tempC += (target - u.tempC) * (1 - math.Exp(-dt.Seconds()/900))
	}
}

// drainW is what the battery loses while it delivers: more than the load above
// its rating, less below (Peukert).
func (w *world) drainW(u *upsState) float64 {
	p := u.outW + u.lossW
	if p <= 0 {
		return 0
	}
	return p * math.Pow(p/u.ratingW, peukert-1)
}

// runtime is how long the battery lasts at the present load.
func (w *world) runtime(u *upsState) time.Duration {
	d := w.drainW(u)
	if d <= 0 {
		return 99 * time.Hour
	}
	return time.Duration(u.charge * u.batteryJ / d * float64(time.Second))
}

// balance adds up what the utility or the generator delivers.
func (w *world) balance(sec float64) {
	p := &w.plant
	p.itW, p.upsLossW, p.lineLossW, p.batteryW, p.mechW = 0, 0, 0, 0, 0
	for i := range w.racks {
		p.itW += w.racks[i].pdu[0].powerW + w.racks[i].pdu[1].powerW
	}
	p.boardW = [2]float64{}
	for i := range w.ups {
		u := &w.ups[i]
		p.boardW[u.side] += u.inW
		p.upsLossW += u.lossW
		p.batteryW += u.outW + u.lossW - u.inW
		p.lineLossW += u.outW - u.outW/(1+distributionLoss)
	}
	for i := range w.cooling {
		p.mechW += w.cooling[i].fanW
	}
	for i := range w.chillers {
		p.mechW += w.chillers[i].powerW
	}
	liveA, liveB := w.boardLive(sideA), w.boardLive(sideB)
	switch {
	case liveA && liveB:
		p.mechW += pumpW + houseW
		p.boardW[sideA] += p.mechW / 2
		p.boardW[sideB] += p.mechW / 2
	case liveA:
		p.mechW += pumpW + houseW
		p.boardW[sideA] += p.mechW
	case liveB:
		p.mechW += pumpW + houseW
		p.boardW[sideB] += p.mechW
	}
	p.totalW = p.boardW[0] + p.boardW[1]
	g := &p.generator
	g.powerW = 0
	if g.onLoad {
		for s := range p.boardW {
			if !p.utility[s] {
				g.powerW += p.boardW[s]
			}
		}
		wh := g.powerW * sec / 3600
		p.genWh += wh
		g.fuelL = math.Max(0, g.fuelL-wh*fuelLPerWh)
	}
	for s := range p.boardW {
		p.boardWh[s] += p.boardW[s] * sec / 3600
	}
}
