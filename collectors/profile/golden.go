package profile

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/aisle-dcim/aisle/models"
)

// Reading is one decoded point, as goldens and commands print it.
type Reading struct {
	Key   string `json:"key"`
	Class string `json:"class"`
	Label string `json:"label"`
	// Value is nil unless quality is good.
	Value    *float64 `json:"value"`
	Unit     string   `json:"unit"`
	Quality  string   `json:"quality"`
	Source   string   `json:"source"`
	State    string   `json:"state,omitempty"`
	Severity string   `json:"severity,omitempty"`
}

// Golden is what a recording must give.
type Golden struct {
	Profile  string            `json:"profile"`
	Identity map[string]string `json:"identity"`
	Readings []Reading         `json:"readings"`
}

// NewReading makes the printed form of a value of a point.
func NewReading(spec models.PointSpec, value float64, quality models.Quality) Reading {
	r := Reading{Key: spec.Key, Class: string(spec.Class), Label: spec.Label, Unit: spec.Class.Unit(), Quality: quality.String(), Source: spec.Source}
	if quality != models.Good {
		return r
	}
	r.Value = &value
	if spec.Class.Enumerated() {
		s := StateOf(spec.States, value)
		r.State, r.Severity = s.Text, string(s.Severity)
	}
	return r
}

// StateOf returns the text of a raw state number; a number that nobody
// explained keeps itself as its text.
func StateOf(states map[int64]models.StateText, value float64) models.StateText {
	if s, ok := states[int64(value)]; ok {
		return s
	}
	return models.StateText{Text: fmt.Sprintf("unknown (%d)", int64(value)), Severity: models.SeverityUnknown}
}

// Readings gives what the device held when it was learned, sorted by key.
func (d *Device) Readings() []Reading {
	out := make([]Reading, 0, len(d.Points))
	for i := range d.Points {
		v, q := d.Points[i].Initial()
		out = append(out, NewReading(d.Points[i].Spec, v, q))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// Compare lists how d differs from the golden readings, in words.
func (g *Golden) Compare(d *Device) []string {
	var out []string
	if d.Profile != g.Profile {
		out = append(out, fmt.Sprintf("profile %s, want %s", d.Profile, g.Profile))
	}
	for name, want := range g.Identity {
		if got := d.Identity[name]; got != want {
			out = append(out, fmt.Sprintf("identity %s: %q, want %q", name, got, want))
		}
	}
	got := map[string]Reading{}
	for _, r := range d.Readings() {
		got[r.Key] = r
	}
	for _, want := range g.Readings {
		have, ok := got[want.Key]
		if !ok {
			out = append(out, want.Key+": missing")
			continue
		}
		delete(got, want.Key)
		if !sameValue(have.Value, want.Value) {
			out = append(out, fmt.Sprintf("%s: value %s, want %s", want.Key, show(have.Value), show(want.Value)))
		}
		have.Value, want.Value = nil, nil
		if have != want {
			out = append(out, fmt.Sprintf("%s: %+v, want %+v", want.Key, have, want))
		}
	}
	for key := range got {
		out = append(out, key+": not in the golden readings")
	}
	out = append(out, d.Problems...)
	sort.Strings(out)
	return out
}

func sameValue(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Abs(*a-*b) <= 1e-9*math.Max(1, math.Abs(*b))
}

func show(v *float64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(*v)
}

// Place names where a point of a profile is read: its object, column or
// register.
func (p *Point) Place() string {
	switch {
	case p.written != nil:
		return p.written.Place()
	case p.Register != nil:
		return p.register().String() + " " + p.Key
	case p.OID != "":
		return p.OID + " " + p.Key
	}
	return p.Column + " " + p.Key
}

// Covered returns the places of the profile's points that gave something on d.
func Covered(d *Device) map[string]bool {
	out := map[string]bool{}
	for i := range d.Points {
		if from := d.Points[i].from; from != nil {
			out[from.Place()] = true
		}
	}
	return out
}

// PointCoverage is how often a point of a profile gave something.
type PointCoverage struct {
	Key   string `json:"key"`
	Place string `json:"place"`
	// Readings is how many points of devices it became, Good how many of them
	// had a good value.
	Readings int `json:"readings"`
	Good     int `json:"good"`
}

// Coverage counts what each point of the profile gave on the devices.
func Coverage(p *Profile, devices ...*Device) []PointCoverage {
	at := map[string]int{}
	var out []PointCoverage
	for i := range p.Points {
		place := p.Points[i].Place()
		if _, seen := at[place]; !seen {
			at[place] = len(out)
			out = append(out, PointCoverage{Key: p.Points[i].Key, Place: strings.TrimSuffix(place, " "+p.Points[i].Key)})
		}
	}
	for _, d := range devices {
		for i := range d.Points {
			k, ok := 0, false
			if from := d.Points[i].from; from != nil {
				k, ok = at[from.Place()]
			}
			if !ok {
				continue // of a fall-back
			}
			out[k].Readings++
			if d.Points[i].initialQuality == models.Good {
				out[k].Good++
			}
		}
	}
	return out
}
