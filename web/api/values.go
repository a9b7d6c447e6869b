package api

import (
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/facility"
)

// never is the quality of a point that was not read so far.
const never = apigen.Quality("none")

func millis(ms int64) *time.Time {
	t := time.UnixMilli(ms).UTC()
	return &t
}

// value tells a last value. A stale one keeps its number, for it is shown with
// its age; no other quality has one.
func value(p *models.Point, v telemetry.Value) apigen.Value {
	out := apigen.Value{Point: uint64(v.Point), Quality: apigen.Quality(v.Quality.String()), Time: millis(v.TimeMS)}
	number := math.NaN()
	switch {
	case v.Quality == models.Good:
		number = v.Value
	case v.Quality == models.Stale && v.LastGoodMS == v.TimeMS:
		number = v.LastGood
	}
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return out
	}
	out.Value = &number
	if p != nil && quantity.Class(p.Class).Enumerated() {
		st := state(p, number)
		out.State, out.Severity = &st.Text, (*apigen.Severity)(&st.Severity)
	}
	return out
}

// state is the meaning of a raw number. An alarm without texts of its own is
// clear at 0 and a warning otherwise; an unknown number is shown as it is.
func state(p *models.Point, raw float64) models.StateText {
	if st, ok := p.States[int64(raw)]; ok {
		if st.Severity == "" {
			st.Severity = models.SeverityUnknown
		}
		return st
	}
	if quantity.Class(p.Class) == quantity.Alarm {
		if raw == 0 {
			return models.StateText{Text: "clear", Severity: models.SeverityOK}
		}
		return models.StateText{Text: "active", Severity: models.SeverityWarning}
	}
	return models.StateText{Text: strconv.FormatInt(int64(raw), 10), Severity: models.SeverityUnknown}
}

// last are the last values of some points.
type last map[models.PointID]telemetry.Value

func (a *API) last(ids []models.PointID) last {
	got := a.o.Live.Get(ids)
	out := make(last, len(got))
	for _, v := range got {
		out[v.Point] = v
	}
	return out
}

func (l last) of(p *models.Point) apigen.Value {
	if v, ok := l[p.ID]; ok {
		return value(p, v)
	}
	return apigen.Value{Point: uint64(p.ID), Quality: never}
}

func ids(points []*facility.Point) []uint64 {
	out := make([]uint64, len(points))
	for i, p := range points {
		out[i] = uint64(p.ID)
	}
	return out
}

func pointIDs(points []*facility.Point, dst []models.PointID) []models.PointID {
	for _, p := range points {
		dst = append(dst, p.ID)
	}
	return dst
}

// figure gathers points into one figure.
type figure struct {
	sum, max   float64
	good, none int
	points     int
	oldest     int64 // of the good ones
	newest     int64 // of the others
	worst      apigen.Quality
}

func (l last) gather(points []*facility.Point) figure {
	f := figure{max: math.Inf(-1), worst: never}
	f.add(l, points)
	return f
}

func (f *figure) add(l last, points []*facility.Point) {
	for _, p := range points {
		f.points++
		v, known := l[p.ID]
		if !known {
			f.none++
			continue
		}
		if v.Quality != models.Good {
			if v.TimeMS > f.newest {
				f.newest, f.worst = v.TimeMS, apigen.Quality(v.Quality.String())
			}
			continue
		}
		f.good++
		f.sum += v.Value
		f.max = max(f.max, v.Value)
		if f.oldest == 0 || v.TimeMS < f.oldest {
			f.oldest = v.TimeMS
		}
	}
}

// measured tells a figure. With parts missing, a sum keeps the quality of what
// is missing, for it is too small; a maximum of what is known is still true of
// what it was measured at.
func (f figure) measured(number float64, complete bool) apigen.Measured {
	missing := f.points - f.good
	out := apigen.Measured{Quality: f.worst, Points: &f.points, Missing: &missing}
	if f.newest > 0 {
		out.Time = millis(f.newest)
	}
	if f.good == 0 {
		return out
	}
	out.Value, out.Time = &number, millis(f.oldest)
	if complete && missing > 0 {
		if out.Quality == never {
			out.Quality = "bad"
		}
		return out
	}
	out.Quality = "good"
	return out
}

func (f figure) total() apigen.Measured   { return f.measured(f.sum, true) }
func (f figure) highest() apigen.Measured { return f.measured(f.max, false) }

// pue is facility power by IT power (ISO/IEC 30134-2); missing when either is
// not complete, bad below 1: then something is measured wrong or not at all.
func pue(site, it figure) apigen.Measured {
	points, missing := site.points+it.points, site.points+it.points-site.good-it.good
	out := apigen.Measured{Quality: never, Points: &points, Missing: &missing}
	switch {
	case site.points == 0 || it.points == 0:
	case site.good < site.points:
		out.Quality = site.worst
	case it.good < it.points:
		out.Quality = it.worst
	case it.sum <= 0 || site.sum < it.sum:
		out.Quality = "bad"
	default:
		r := site.sum / it.sum
		out.Value, out.Quality, out.Time = &r, "good", millis(min(site.oldest, it.oldest))
	}
	return out
}

var severityRank = map[models.Severity]int{
	models.SeverityOK: 0, models.SeverityInfo: 1, models.SeverityUnknown: 2, models.SeverityWarning: 3, models.SeverityCritical: 4,
}

// Freshness limits where nobody knows better: see telemetry.LiveOptions.
const (
	fastInterval = 10 * time.Second
	slowInterval = time.Minute
)

func (a *API) staleAfter(p *models.Point) time.Duration {
	if a.o.StaleAfter != nil {
		return a.o.StaleAfter(*p)
	}
	interval := slowInterval
	if p.Group == "fast" {
		interval = fastInterval
		if h, ok := a.o.Polling.DeviceHealth(p.DeviceID); ok && h.Interval > 0 {
			interval = h.Interval
		}
	}
	return interval*5/2 + 2*time.Second
}

// point tells a point.
func (a *API) point(p *models.Point, device string) apigen.Point {
	out := apigen.Point{
		Id: uint64(p.ID), Device: uint64(p.DeviceID), DeviceName: opt(device), Key: p.Key, Class: p.Class,
		Unit: quantity.Class(p.Class).Unit(), Component: p.Component, Label: p.Label, Source: opt(p.Source), Role: opt(p.Role),
		StaleAfterS: float32(a.staleAfter(p).Seconds()), LabelOfProfile: a.ownLabel(p.Key, p.Label),
	}
	if p.Step > 0 {
		out.Step = &p.Step
	}
	if l := p.Limits; l != (models.Limits{}) {
		out.Limits = &apigen.Limits{LowCritical: l.LowCritical, LowWarning: l.LowWarning, HighWarning: l.HighWarning, HighCritical: l.HighCritical}
	}
	if len(p.States) > 0 {
		states := make([]apigen.StateText, 0, len(p.States))
		for n := range p.States {
			st := state(p, float64(n))
			states = append(states, apigen.StateText{Value: n, Text: st.Text, Severity: apigen.Severity(st.Severity)})
		}
		slices.SortFunc(states, func(x, y apigen.StateText) int { return int(x.Value - y.Value) })
		out.States = &states
	}
	return out
}

func (a *API) pointValue(l last, p *models.Point, device string) apigen.PointValue {
	return apigen.PointValue{Point: a.point(p, device), Current: l.of(p)}
}

// rate tells how many samples came per second lately.
type rate struct {
	live *telemetry.Live

	mu      sync.Mutex
	at      time.Time
	updates uint64
	per     *float32
}

func newRate(l *telemetry.Live) *rate { return &rate{live: l} }

// A rate is measured anew after rateEvery, and told for as long as it is younger
// than rateUntil.
const (
	rateEvery = 10 * time.Second
	rateUntil = time.Minute
)

// perSecond measures between calls that are at least 10 s apart; the first
// ones measure what time there was. It returns nil until there are two calls to
// measure between that are not too far apart to tell of now.
func (r *rate) perSecond() *float32 {
	st, now := r.live.Stats(), time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	passed := now.Sub(r.at)
	if passed > rateUntil {
		r.at, r.updates, r.per = now, st.Updates, nil
		return nil
	}
	if passed < time.Second || passed < rateEvery && r.per != nil {
		return r.per
	}
	per := float32(float64(st.Updates-r.updates) / passed.Seconds())
	r.at, r.updates, r.per = now, st.Updates, &per
	return r.per
}

// ownLabel tells, when it is so, that a label is in the words of a profile.
func (a *API) ownLabel(key, label string) *bool {
	if a.o.About.OwnLabel == nil || !a.o.About.OwnLabel(key, label) {
		return nil
	}
	own := true
	return &own
}
