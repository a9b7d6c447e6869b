package api

import (
	"cmp"
	"math"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/facility"
)

// GetTree tells sites, locations, rows and racks.
func (a *API) GetTree(c echo.Context) error {
	m, err := a.model(c.Request().Context())
	if err != nil {
		return err
	}
	out := apigen.Tree{Sites: []apigen.TreeNode{}}
	for _, s := range m.Sites {
		if !m.site(s.ID) {
			continue
		}
		n := apigen.TreeNode{Kind: "site", Id: s.ID, Name: s.Name, Status: opt(string(s.Status)), Children: []apigen.TreeNode{}}
		count := len(s.Racks)
		n.Racks = &count
		for _, l := range s.Top {
			child, _ := branch(l)
			n.Children = append(n.Children, child)
		}
		out.Sites = append(out.Sites, n)
	}
	return answer(c, http.StatusOK, out)
}

func branch(l *facility.Location) (apigen.TreeNode, int) {
	n := apigen.TreeNode{Kind: apigen.TreeNodeKind(l.Kind), Id: l.ID, Name: l.Name, Status: opt(string(l.Status)), Children: []apigen.TreeNode{}}
	count := len(l.Racks)
	for _, ch := range l.Children {
		child, below := branch(ch)
		n.Children = append(n.Children, child)
		count += below
	}
	for _, r := range l.Rows {
		row := apigen.TreeNode{Kind: "row", Id: r.ID, Name: r.Name, Children: leaves(r.Racks)}
		racks := len(r.Racks)
		row.Racks = &racks
		n.Children = append(n.Children, row)
	}
	var alone []*facility.Rack
	for _, r := range l.Racks {
		if r.Row == nil {
			alone = append(alone, r)
		}
	}
	n.Children = append(n.Children, leaves(alone)...)
	n.Racks = &count
	return n, count
}

func leaves(racks []*facility.Rack) []apigen.TreeNode {
	out := make([]apigen.TreeNode, len(racks))
	for i, r := range racks {
		out[i] = apigen.TreeNode{Kind: "rack", Id: r.ID, Name: r.Name, Status: opt(string(r.Status)), Children: []apigen.TreeNode{}}
	}
	return out
}

func places(steps []facility.Step) []apigen.Place {
	out := make([]apigen.Place, len(steps))
	for i, s := range steps {
		out[i] = apigen.Place{Kind: s.Kind, Id: s.ID, Name: s.Name}
	}
	return out
}

// inRoom gathers what a plan shows: what is in the location and below it.
func inRoom(l *facility.Location) (rows []*facility.Row, racks []*facility.Rack, devices []*facility.Device) {
	l.Walk(func(at *facility.Location) {
		rows = append(rows, at.Rows...)
		racks = append(racks, at.Racks...)
		devices = append(devices, at.Devices...)
	})
	return rows, racks, devices
}

// GetRoomPlan draws a room, from memory.
func (a *API) GetRoomPlan(c echo.Context, id apigen.ID) error {
	m, err := a.model(c.Request().Context())
	if err != nil {
		return err
	}
	room, err := m.location(id)
	if err != nil {
		return err
	}
	seq := a.seq()
	st := a.states(m.p)
	rows, racks, devices := inRoom(room)
	var wanted []models.PointID
	for _, r := range racks {
		wanted = pointIDs(r.Power(), pointIDs(r.Inlets, wanted))
	}
	for _, d := range devices {
		wanted = pointIDs(d.States, wanted)
	}
	l := a.last(wanted)
	out := apigen.RoomPlan{
		Id: room.ID, Name: room.Name, Path: places(room.Path()), WidthM: float32(room.WidthM), DepthM: float32(room.DepthM),
		TileM: float32(room.TileM), Rows: []apigen.Place{}, Racks: []apigen.PlanRack{}, Devices: []apigen.PlanDevice{}, Seq: seq,
	}
	for _, r := range rows {
		out.Rows = append(out.Rows, apigen.Place{Kind: "row", Id: r.ID, Name: r.Name})
	}
	spots := arrange(racks)
	for _, r := range racks {
		out.Racks = append(out.Racks, planRack(r, spots[r], l))
	}
	for _, d := range devices {
		if d.XM != nil && d.YM != nil {
			out.Devices = append(out.Devices, planDevice(d, st, l))
		}
	}
	fit(&out)
	return answer(c, http.StatusOK, out)
}

const (
	rackWidthM, rackDepthM = 0.6, 1.07
	machineM               = 0.9
)

func size(mm int, def float64) float64 {
	if mm <= 0 {
		return def
	}
	return float64(mm) / 1000
}

type spot struct{ x, y float64 }

// arrange gives racks without a place on the plan one beneath those that have
// one: a line for each row, so that a hall can be seen before it is measured.
func arrange(racks []*facility.Rack) map[*facility.Rack]spot {
	out := make(map[*facility.Rack]spot, len(racks))
	bottom := 0.0
	lines := map[*facility.Row][]*facility.Rack{}
	var order []*facility.Row
	for _, r := range racks {
		if r.XM != nil && r.YM != nil {
			out[r] = spot{*r.XM, *r.YM}
			bottom = max(bottom, *r.YM+size(r.DepthMM, rackDepthM))
			continue
		}
		if lines[r.Row] == nil {
			order = append(order, r.Row)
		}
		lines[r.Row] = append(lines[r.Row], r)
	}
	y := bottom + 1.2
	for _, row := range order {
		x, deep := 1.2, 0.0
		for _, r := range lines[row] {
			out[r] = spot{x, y}
			x += size(r.WidthMM, rackWidthM)
			deep = max(deep, size(r.DepthMM, rackDepthM))
		}
		y += deep + 1.2
	}
	return out
}

// fit makes the room as large as what is in it when its size is not known.
func fit(p *apigen.RoomPlan) {
	var w, d float32
	for _, r := range p.Racks {
		w, d = max(w, r.XM+r.WidthM), max(d, r.YM+r.DepthM)
	}
	for _, x := range p.Devices {
		w, d = max(w, x.XM+x.WidthM), max(d, x.YM+x.DepthM)
	}
	if p.WidthM <= 0 {
		p.WidthM = max(float32(math.Ceil(float64(w)+1.2)), 6)
	}
	if p.DepthM <= 0 {
		p.DepthM = max(float32(math.Ceil(float64(d)+1.2)), 4)
	}
}

func planRack(r *facility.Rack, at spot, l last) apigen.PlanRack {
	power := r.Power()
	out := apigen.PlanRack{
		Id: r.ID, Name: r.Name, Row: r.RowID, XM: float32(at.x), YM: float32(at.y),
		WidthM: float32(size(r.WidthMM, rackWidthM)), DepthM: float32(size(r.DepthMM, rackDepthM)), RotationDeg: float32(r.RotationDeg),
		Status: string(r.Status), UHeight: r.UHeight, Devices: len(r.Devices), InletC: l.gather(r.Inlets).highest(),
		InletPoints: ids(r.Inlets), PowerW: l.gather(power).total(), PowerPoints: ids(power),
	}
	if r.MaxPowerW > 0 {
		out.MaxPowerW = opt(float32(r.MaxPowerW))
	}
	return out
}

func planDevice(d *facility.Device, st states, l last) apigen.PlanDevice {
	var w, depth int
	if d.Type != nil {
		w, depth = d.Type.WidthMM, d.Type.DepthMM
	}
	return apigen.PlanDevice{
		Id: uint64(d.ID), Name: d.Name, Kind: string(d.Kind), XM: float32(*d.XM), YM: float32(*d.YM), WidthM: float32(size(w, machineM)),
		DepthM: float32(size(depth, machineM)), RotationDeg: float32(d.RotationDeg), State: st.of(d), Severity: worst(d, l),
	}
}

// GetRack draws a rack. What can be changed of it is read anew.
func (a *API) GetRack(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	r, err := m.rack(id)
	if err != nil {
		return err
	}
	row, err := a.o.Layout.Rack(ctx, id)
	if err != nil {
		return err
	}
	st, power := a.states(m.p), r.Power()
	l := a.last(pointIDs(power, pointIDs(r.Inlets, nil)))
	out := apigen.RackDetail{
		Id: r.ID, Name: r.Name, Path: places(r.Path()), UHeight: r.UHeight, StartingUnit: r.StartingUnit, DescUnits: r.DescUnits,
		Status: string(r.Status), MaxPowerW: opt(float32(r.MaxPowerW)), MaxWeightKg: opt(float32(r.MaxWeightKg)), Version: row.Version, Input: rackInput(row),
		Devices: []apigen.RackDevice{}, InletC: l.gather(r.Inlets).highest(), PowerW: l.gather(power).total(),
	}
	inlets, feeds, used := []apigen.PointValue{}, []apigen.RackFeed{}, map[int]bool{}
	for _, p := range r.Inlets {
		inlets = append(inlets, a.pointValue(l, &p.Point, p.Device.Name))
	}
	for _, d := range r.Devices {
		rd := rackDevice(d, st)
		out.Devices = append(out.Devices, rd)
		if d.PositionU != nil {
			for half := range int(math.Ceil(float64(rd.UHeight) * 2)) {
				used[int(*d.PositionU*2)+half] = true
			}
		}
		if d.Kind == models.KindPDU {
			feeds = append(feeds, apigen.RackFeed{Device: uint64(d.ID), Name: d.Name, PowerW: l.gather(d.Power).total()})
		}
	}
	slices.SortStableFunc(out.Devices, func(x, y apigen.RackDevice) int { return cmp.Compare(or(y.PositionU, 0), or(x.PositionU, 0)) })
	usedU := float32(len(used)) / 2
	out.UsedU, out.Inlets, out.Feeds = &usedU, &inlets, &feeds
	return answer(c, http.StatusOK, out)
}

func rackDevice(d *facility.Device, st states) apigen.RackDevice {
	face, side, zero := apigen.RackDeviceFace(d.Face), apigen.RackDeviceSide(d.Side), apigen.RackDeviceZeroUSide(d.ZeroUSide)
	out := apigen.RackDevice{
		Id: uint64(d.ID), Name: d.Name, Kind: string(d.Kind), Status: opt(string(d.Status)), Model: opt(d.ModelName()), State: st.of(d),
		Face: &face, Side: &side, ZeroUSide: &zero, IsFullDepth: true,
	}
	if d.PositionU != nil {
		out.PositionU = opt(float32(*d.PositionU))
		out.UHeight = 1
	}
	if d.Type != nil {
		out.UHeight, out.IsFullDepth = float32(d.Type.UHeight), d.Type.FullDepth
	}
	if d.ZeroUSide != "" {
		out.ZeroUOffset = opt(float32(d.ZeroUOffset))
	}
	return out
}

// CreateSite adds a site.
func (a *API) CreateSite(c echo.Context) error {
	in, err := body[apigen.SiteInput](c)
	if err != nil {
		return err
	}
	var x models.Site
	applySite(&x, in)
	if x, err = a.o.Layout.CreateSite(c.Request().Context(), x); err != nil {
		return err
	}
	a.reader.Invalidate()
	return created(c, x.ID)
}

// CreateLocation adds a building, floor, room or zone.
func (a *API) CreateLocation(c echo.Context) error {
	in, err := body[apigen.LocationInput](c)
	if err != nil {
		return err
	}
	var x models.Location
	applyLocation(&x, in)
	if x, err = a.o.Layout.CreateLocation(c.Request().Context(), x); err != nil {
		return err
	}
	a.reader.Invalidate()
	return created(c, x.ID)
}

// CreateRack adds a rack.
func (a *API) CreateRack(c echo.Context) error {
	in, err := body[apigen.RackInput](c)
	if err != nil {
		return err
	}
	var x models.Rack
	applyRack(&x, in)
	if x, err = a.o.Layout.CreateRack(c.Request().Context(), x); err != nil {
		return err
	}
	a.reader.Invalidate()
	return created(c, x.ID)
}

func wide(v *float32) *float64 {
	if v == nil {
		return nil
	}
	// By way of its shortest decimal form: 0.6 stays 0.6.
	w := math.Round(float64(*v)*1e4) / 1e4
	return &w
}
