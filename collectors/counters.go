package collectors

import (
	"fmt"
	"math"
	"strconv"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// counters remember the energies of one device, to notice those that begin
// anew.
type counters struct {
	list []counter
	at   sought // in the order of list
}

type counter struct {
	point models.PointID
	key   string
	// last is the last good value; NaN when there was none.
	last float64
	// step is one count in the base unit; 0 when unknown.
	step float64
}

// learned takes the counters of a device that was learned; those that it had
// before keep their values.
func (c *counters) learned(points []models.PointSpec, ids []models.PointID) {
	before := make(map[models.PointID]float64, len(c.list))
	for _, x := range c.list {
		before[x.point] = x.last
	}
	*c = counters{}
	for i := range points {
		switch points[i].Class {
		case quantity.Energy, quantity.ApparentEnergy, quantity.ReactiveEnergy:
		default:
			continue
		}
		last, ok := before[ids[i]]
		if !ok {
			last = math.NaN()
		}
		c.list = append(c.list, counter{ids[i], points[i].Key, last, points[i].Step})
		c.at.add(int32(i))
	}
}

// note compares the good readings of a poll with the ones before. It tells of
// each counter that began anew; restarted tells that the device did.
func (c *counters) note(readings []Reading, restarted bool, tell func(models.Event)) {
	for i := range c.list {
		r := c.at.find(readings, int32(i))
		if r == nil || r.Quality != models.Good {
			continue
		}
		if e, ok := c.list[i].note(r.Value, restarted); ok {
			tell(e)
		}
	}
}

// note takes the next value of a counter. It returns the event of one that
// began anew, if it did.
func (x *counter) note(value float64, restarted bool) (models.Event, bool) {
	before := x.last
	x.last = value
	// A net meter counts down at times; a counter that begins anew falls far.
	// What is negative is the balance of one, and no count.
	if math.IsNaN(before) || before <= 0 || value >= before*fallen {
		return models.Event{}, false
	}
	e := models.Event{
		Kind: models.EventCounterReset, Severity: models.SeverityInfo, PointKey: x.key,
		Variables: []models.EventVariable{{Name: "before", Value: number(before)}, {Name: "after", Value: number(value)}},
	}
	if !restarted && wraps(before, value, x.step) {
		e.Kind = models.EventCounterWrapped
	}
	e.Name = string(e.Kind)
	return e, true
}

// fallen is below which share of its value before a counter began anew.
const fallen = 0.9

// ends are the numbers at which counters begin anew: those of 16, 31 and 32
// bits, and those of displays with five to nine digits.
var ends = []float64{1 << 16, 1 << 31, 1 << 32, 1e5, 1e6, 1e7, 1e8, 1e9}

// wraps reports whether a counter passed its end: it was near to one of the
// usual ends, and is near to zero.
func wraps(before, after, step float64) bool {
	if step <= 0 {
		return false
	}
	for _, end := range ends {
		left := end - before/step
		if left > -1 && left < end/100 && after/step < end/100 {
			return true
		}
	}
	return false
}

func number(v float64) string {
	if math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprintf("%g", v)
}
