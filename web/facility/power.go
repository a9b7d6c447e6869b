package facility

import (
	"regexp"
	"strings"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// What may be the power of a whole device, best first. A pattern that matches
// several points takes them all: the inlets of a PDU, the phases of a meter.
// Daisy-chained units count together.
var (
	intake = patterns(
		`inlet/\d+/power`, `input/power`, `power`, `total/power`, `output/power`,
		`inlet/\d+/L[123]/power`, `input/L[123]/power`, `phase/L[123]/power`, `L[123]/power`, `output/L[123]/power`,
		`phase/\d+/power`, `bank/\d+/power`, `circuit/\d+/power`,
	)
	delivery = patterns(
		`output/power`, `output/L[123]/power`, `output/phase/\d+/power`, `output/\d+/power`, `power`,
	)
	// generated is for machines that make power.
	generated = patterns(
		`generator/power`, `output/power`, `power`, `generator/L[123]/power`, `output/L[123]/power`,
	)
)

func patterns(ps ...string) []*regexp.Regexp {
	out := make([]*regexp.Regexp, len(ps))
	for i, p := range ps {
		out[i] = regexp.MustCompile(`^(unit/\d+/)?` + p + `$`)
	}
	return out
}

// totalPower picks, from a device's points of class power, those whose sum is
// its power.
func totalPower(kind models.Kind, points []*Point) []*Point {
	order := intake
	switch kind {
	case models.KindUPS:
		order = delivery
	case models.KindGenerator:
		order = generated
	}
	for _, p := range order {
		var out []*Point
		for _, x := range points {
			if quantity.Class(x.Class) == quantity.Power && p.MatchString(x.Key) {
				out = append(out, x)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// OnBattery says whether the point, having this raw value, tells that the load
// of its UPS runs on battery.
func (p *Point) OnBattery(value int64) bool {
	if p.Device.Kind != models.KindUPS {
		return false
	}
	switch quantity.Class(p.Class) {
	case quantity.Alarm:
		return value != 0 && (strings.HasSuffix(p.Key, "alarm/on-battery") || strings.HasSuffix(p.Key, "on-battery"))
	case quantity.State:
		if strings.HasPrefix(p.Component, "battery") {
			return false // how the battery is, not who carries the load
		}
		text := strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(p.States[value].Text))
		return text == "battery" || text == "onbattery" || strings.Contains(text, "on battery") || strings.Contains(text, "battery mode")
	}
	return false
}
