package api

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/facility"
)

const (
	hottestInlets = 10
	mostAbnormal  = 50
)

// states tells the polling state of devices.
type states map[models.DeviceID]Health

// states tells errors in the words that p may read.
func (a *API) states(p access.Principal) states {
	all := a.o.Polling.Health()
	out := make(states, len(all))
	for _, h := range all {
		h.Error = pollError(p, h.Error)
		out[h.Device] = h
	}
	return out
}

// errorKinds are the words by which the collectors tell what befell a poll, most
// telling first; the user interface has them in its languages.
var errorKinds = []string{
	"another device answers", "credential cannot be opened", "credentials refused", "no device profile matches", "device changed", "malformed answer",
	"gateway has no path", "gateway got no answer", "next try in", "connection closed by the device", "device does not answer", "does not answer", "engine is not running", "engine has stopped",
	"driver panicked",
}

// pollError tells the whole error to who edits devices. Its text can name
// SNMPv3 users, addresses and folders, which are not for everybody: others are
// told its kind.
func pollError(p access.Principal, text string) string {
	if p.Can(access.EditDevices) {
		return text
	}
	for _, kind := range errorKinds {
		if strings.Contains(text, kind) {
			return kind
		}
	}
	return ""
}

// of tells the state of a device: one that should be polled and of which the
// collectors have not told yet is still to be learned.
func (s states) of(d *facility.Device) apigen.PollState {
	if h, ok := s[d.ID]; ok {
		return pollState(h.State)
	}
	return unpolled(d)
}

func unpolled(d *facility.Device) apigen.PollState {
	if d.Polled() {
		return "learning"
	}
	return "not-polled"
}

func pollState(s string) apigen.PollState {
	if p := apigen.PollState(s); p.Valid() {
		return p
	}
	return "error"
}

func (s states) count(devices []*facility.Device) apigen.StateCounts {
	out := apigen.StateCounts{Total: len(devices), ByState: map[string]int{}}
	for _, d := range devices {
		out.ByState[string(s.of(d))]++
	}
	return out
}

// GetOverview tells what matters of all sites, from memory.
func (a *API) GetOverview(c echo.Context) error {
	m, err := a.model(c.Request().Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, a.overviews.get(m, a.o.OverviewEvery, a.overview))
}

// overviews keeps the overview of each scope for a moment, for it looks at
// every state of every device and everybody looks at it.
type overviews struct {
	mu   sync.Mutex
	kept map[string]keptOverview
}

type keptOverview struct {
	index *facility.Index
	at    time.Time
	made  apigen.Overview
}

// maxOverviews bounds the scopes that are kept.
const maxOverviews = 64

func (o *overviews) get(m visible, every time.Duration, compute func(visible) apigen.Overview) apigen.Overview {
	scope := fmt.Sprint(m.p.Scope)
	o.mu.Lock()
	defer o.mu.Unlock()
	k, ok := o.kept[scope]
	if ok && k.index == m.Index && time.Since(k.at) < every {
		return k.made
	}
	if len(o.kept) >= maxOverviews {
		clear(o.kept)
	}
	k = keptOverview{index: m.Index, at: time.Now(), made: compute(m)}
	o.kept[scope] = k
	return k.made
}

func (a *API) overview(m visible) apigen.Overview {
	st := a.states(m.p)
	var (
		wanted  []models.PointID
		devices []*facility.Device
		inlets  []*facility.Point
		sites   []*facility.Site
	)
	for _, s := range m.Sites {
		if !m.site(s.ID) {
			continue
		}
		sites = append(sites, s)
		devices = append(devices, s.Devices...)
		for _, d := range s.Devices {
			wanted = pointIDs(d.States, pointIDs(d.Power, wanted))
		}
		for _, r := range s.Racks {
			inlets = append(inlets, r.Inlets...)
		}
	}
	l := a.last(pointIDs(inlets, wanted))
	out := apigen.Overview{Sites: []apigen.SiteSummary{}, Devices: st.count(devices)}
	for _, s := range sites {
		out.Sites = append(out.Sites, site(s, st, l))
	}
	out.HottestInlets = hottest(inlets, l)
	a.abnormal(devices, l, &out)
	return out
}

func site(s *facility.Site, st states, l last) apigen.SiteSummary {
	it, plant, capacity := itPower(s.Racks, l), figure{worst: never}, 0.0
	for _, d := range s.Intake {
		plant.add(l, d.Power)
	}
	plant.points += s.Unmetered // half a total is no total
	for _, r := range s.Racks {
		if r.MaxPowerW <= 0 {
			capacity = math.NaN() // of one rack it is unknown, so of the site too
		}
		capacity += r.MaxPowerW
	}
	if it.points == 0 {
		// No rack is measured: what the UPSs give out is the best there is.
		for _, d := range s.Devices {
			if d.Kind == models.KindUPS {
				it.add(l, d.Power)
			}
		}
	}
	facilityPower := plant.total()
	rooms := rooms(s, l)
	out := apigen.SiteSummary{
		Id: s.ID, Name: s.Name, Racks: len(s.Racks), Devices: st.count(s.Devices), ItPowerW: it.total(),
		FacilityPowerW: &facilityPower, Pue: pue(plant, it), Rooms: &rooms,
	}
	if capacity > 0 {
		out.ItCapacityW = &capacity
	}
	return out
}

// itPower is what the rack PDUs of the racks take in.
func itPower(racks []*facility.Rack, l last) figure {
	f := figure{worst: never}
	for _, r := range racks {
		f.add(l, r.Power())
	}
	return f
}

// rooms are the rooms with racks in them.
func rooms(s *facility.Site, l last) []apigen.RoomSummary {
	racks := map[*facility.Location][]*facility.Rack{}
	var order []*facility.Location
	for _, r := range s.Racks {
		room := r.Location.Room()
		if racks[room] == nil {
			order = append(order, room)
		}
		racks[room] = append(racks[room], r)
	}
	slices.SortFunc(order, func(x, y *facility.Location) int { return facility.Compare(x.Name, y.Name) })
	out := make([]apigen.RoomSummary, len(order))
	for i, room := range order {
		inlet := figure{worst: never, max: math.Inf(-1)}
		for _, r := range racks[room] {
			inlet.add(l, r.Inlets)
		}
		out[i] = apigen.RoomSummary{
			Id: room.ID, Name: room.Name, Racks: len(racks[room]), ItPowerW: itPower(racks[room], l).total(), InletMaxC: inlet.highest(),
		}
	}
	return out
}

// hottest are the hottest inlets, one for each rack.
func hottest(inlets []*facility.Point, l last) []apigen.Inlet {
	best := map[*facility.Rack]*facility.Point{}
	for _, p := range inlets {
		v, ok := l[p.ID]
		if !ok || v.Quality != models.Good {
			continue
		}
		if b := best[p.Device.Rack]; b == nil || l[b.ID].Value < v.Value {
			best[p.Device.Rack] = p
		}
	}
	points := make([]*facility.Point, 0, len(best))
	for _, p := range best {
		points = append(points, p)
	}
	slices.SortFunc(points, func(x, y *facility.Point) int {
		return cmp.Or(cmp.Compare(l[y.ID].Value, l[x.ID].Value), cmp.Compare(x.ID, y.ID))
	})
	out := []apigen.Inlet{}
	for _, p := range points[:min(len(points), hottestInlets)] {
		r := p.Device.Rack
		room := r.Location.Room()
		out = append(out, apigen.Inlet{
			Rack: r.ID, RackName: r.Name, Room: room.ID, RoomName: room.Name, Point: uint64(p.ID), Current: l.of(&p.Point),
		})
	}
	return out
}

// abnormal finds states that need somebody, and UPSs on battery.
func (a *API) abnormal(devices []*facility.Device, l last, out *apigen.Overview) {
	type found struct {
		p    *facility.Point
		rank int
	}
	var bad []found
	out.OnBattery = []apigen.PointValue{}
	for _, d := range devices {
		onBattery := false
		for _, p := range d.States {
			v, ok := l[p.ID]
			if !ok || v.Quality != models.Good {
				continue
			}
			if !onBattery && p.OnBattery(int64(v.Value)) {
				onBattery = true
				out.OnBattery = append(out.OnBattery, a.pointValue(l, &p.Point, d.Name))
			}
			if rank := severityRank[state(&p.Point, v.Value).Severity]; rank >= severityRank[models.SeverityWarning] {
				bad = append(bad, found{p, rank})
			}
		}
	}
	slices.SortStableFunc(bad, func(x, y found) int {
		return cmp.Or(cmp.Compare(y.rank, x.rank), facility.Compare(x.p.Device.Name, y.p.Device.Name))
	})
	abnormal := []apigen.PointValue{}
	for _, f := range bad[:min(len(bad), mostAbnormal)] {
		abnormal = append(abnormal, a.pointValue(l, &f.p.Point, f.p.Device.Name))
	}
	out.Abnormal = &abnormal
}

// worst is the worst severity among the good states of a device; nil when
// nothing is known.
func worst(d *facility.Device, l last) *apigen.Severity {
	var out *apigen.Severity
	rank := -1
	for _, p := range d.States {
		v, ok := l[p.ID]
		if !ok || v.Quality != models.Good || !quantity.Class(p.Class).Enumerated() {
			continue
		}
		s := state(&p.Point, v.Value).Severity
		if s == models.SeverityUnknown {
			continue // a number without a text is no sign of trouble
		}
		if severityRank[s] > rank {
			rank = severityRank[s]
			out = (*apigen.Severity)(&s)
		}
	}
	return out
}
