package collectors

import (
	"math"
	"strings"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/air"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Computed are points of a device that are computed from others of it at each
// poll: the power of three phases together, how unlike their currents are, the
// dew point, the difference between return and supply. They are points like
// others. A device that gives such a value itself keeps its own.
//
// One goroutine at a time uses it.
type Computed struct {
	points []computedPoint
	inputs sought
}

type computedPoint struct {
	index int
	from  [3]int32 // its inputs, as places in what is sought
	count int
	value func(v [3]float64) (float64, bool)
}

// Compute appends the computed points of a device to what was learned of it.
// It returns nil when there are none.
func Compute(l *Learned) *Computed {
	c := &computing{learned: l, byKey: make(map[string]int, len(l.Points)), given: map[string]bool{}}
	for i := range l.Points {
		p := &l.Points[i]
		c.byKey[p.Key] = i
		switch p.Class {
		case quantity.Power:
			// Some give the sum under a name of its own; a peak or a rating is none.
			if leaf := p.Key[strings.LastIndexByte(p.Key, '/')+1:]; leaf != "power" && leaf != "total-power" {
				continue
			}
			c.given["power of "+strings.TrimSuffix(strings.TrimSuffix(p.Component, "total"), "/")] = true
		case quantity.Unbalance:
			c.given["unbalance of "+p.Component] = true
		case quantity.Temperature:
			if strings.Contains(p.Key[strings.LastIndexByte(p.Key, '/')+1:], "dew-point") {
				c.given["dew point of "+p.Component] = true
			}
		}
	}
	for i, n := 0, len(l.Points); i < n; i++ {
		c.from(l.Points[i].Key)
	}
	if len(c.out.points) == 0 {
		return nil
	}
	out := c.out
	for i := range out.points {
		p := &out.points[i]
		for k, index := range p.from[:p.count] {
			p.from[k] = out.inputs.add(index)
		}
	}
	return &out
}

// computing is the making of a Computed.
type computing struct {
	learned *Learned
	byKey   map[string]int
	given   map[string]bool
	out     Computed
}

// from adds what can be computed where a point with this key is the first of
// the inputs.
func (c *computing) from(key string) {
	switch at, leaf := key[:strings.LastIndexByte(key, '/')+1], key[strings.LastIndexByte(key, '/')+1:]; leaf {
	case "power":
		if of, to, ok := phases(at); ok && !c.given["power of "+strings.TrimSuffix(to, "/")] && (!c.given["power of "] || !strings.HasPrefix(to, "inlet/")) {
			// The sum of measured phases holds whatever their voltages and
			// power factors are.
			c.add(to+"power", quantity.Power, "sum", sum, of+"L1/power", of+"L2/power", of+"L3/power")
		}
	case "current":
		if of, to, ok := phases(at); ok && !c.given["unbalance of "+strings.TrimSuffix(to, "/")] {
			c.add(to+"current-unbalance", quantity.Unbalance, "largest difference from the mean", unbalance, of+"L1/current", of+"L2/current", of+"L3/current")
		}
	case "temperature":
		component := strings.TrimSuffix(at, "/")
		if !c.given["dew point of "+component] {
			c.add(at+"dew-point", quantity.Temperature, "dew point", dewPoint, at+"temperature", at+"humidity")
		}
		if of, ok := strings.CutSuffix(at, "return-air/"); ok {
			c.add(of+"return-air/delta-temperature", quantity.TempDelta, "difference", difference, key, of+"supply-air/temperature")
		}
		if of, ok := strings.CutSuffix(at, "return/"); ok {
			c.add(of+"delta-temperature", quantity.TempDelta, "difference", difference, key, of+"supply/temperature")
		}
	case "return-temperature":
		c.add(at+"delta-temperature", quantity.TempDelta, "difference", difference, key, at+"supply-temperature")
	}
}

// phases tells where the phases of a first phase are, and what they are of.
func phases(at string) (of, to string, ok bool) {
	of, ok = strings.CutSuffix(at, "L1/")
	return of, strings.TrimSuffix(of, "phase/"), ok
}

// classes are those of inputs by the last part of their key.
var classes = map[string]quantity.Class{
	"power": quantity.Power, "current": quantity.Current, "humidity": quantity.Humidity,
	"temperature": quantity.Temperature, "return-temperature": quantity.Temperature, "supply-temperature": quantity.Temperature,
}

// add adds a point, unless the device has one with that key, lacks an input, or
// does not read its inputs together.
func (c *computing) add(key string, class quantity.Class, how string, f func([3]float64) (float64, bool), inputs ...string) {
	if _, ok := c.byKey[key]; ok {
		return
	}
	p := computedPoint{index: len(c.learned.Points), count: len(inputs), value: f}
	spec := models.PointSpec{Key: key, Class: class, Source: "computed: " + how + " of " + strings.Join(inputs, ", ")}
	for k, name := range inputs {
		i, ok := c.byKey[name]
		if !ok || c.learned.Points[i].Class != classes[name[strings.LastIndexByte(name, '/')+1:]] {
			return
		}
		group := c.learned.Points[i].Group
		if k == 0 {
			spec.Group = group
		} else if group != spec.Group {
			return
		}
		p.from[k] = int32(i)
	}
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		spec.Component = key[:i]
	}
	c.byKey[key] = p.index
	c.learned.Points = append(c.learned.Points, spec)
	c.out.points = append(c.out.points, p)
}

// Append appends the readings of the computed points to those of a poll. One
// whose inputs are not all good has no value, and the quality of the first of
// them that is not.
func (c *Computed) Append(readings []Reading) []Reading {
	if c == nil {
		return readings
	}
	polled := readings
	for i := range c.points {
		p := &c.points[i]
		r := Reading{Index: p.index}
		var v [3]float64
		whole := true
		for k, input := range p.from[:p.count] {
			x := c.inputs.find(polled, input)
			if x == nil {
				whole = false
				break
			}
			v[k] = x.Value
			if r.Quality == models.Good {
				r.Quality = x.Quality
			}
		}
		if !whole {
			continue // a group that had no turn
		}
		if r.Quality == models.Good {
			var ok bool
			if r.Value, ok = p.value(v); !ok {
				r.Value, r.Quality = 0, models.Sentinel
			}
		}
		readings = append(readings, r)
	}
	return readings
}

func sum(v [3]float64) (float64, bool) { return v[0] + v[1] + v[2], true }

func difference(v [3]float64) (float64, bool) { return v[0] - v[1], true }

func dewPoint(v [3]float64) (float64, bool) { return air.DewPoint(v[0], v[1]) }

// unbalance is the largest difference of a phase from the mean of the three, in
// % of the mean. Three phases without a current are in balance.
func unbalance(v [3]float64) (float64, bool) {
	if v == [3]float64{} {
		return 0, true
	}
	mean := (v[0] + v[1] + v[2]) / 3
	if mean <= 0 {
		return 0, false
	}
	most := max(math.Abs(v[0]-mean), math.Abs(v[1]-mean), math.Abs(v[2]-mean))
	return most / mean * 100, true
}
