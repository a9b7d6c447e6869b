package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/facility"
	"github.com/aisle-dcim/aisle/web/problem"
)

// ListDevices searches, filters and sorts devices, from memory.
func (a *API) ListDevices(c echo.Context, params apigen.ListDevicesParams) error {
	m, err := a.model(c.Request().Context())
	if err != nil {
		return err
	}
	st := a.states(m.p)
	words := facility.Words(or(params.Q, ""))
	kinds, wanted := or(params.Kind, nil), or(params.State, nil)
	var within *facility.Location
	if params.Location != nil {
		if within, err = m.location(*params.Location); err != nil {
			return err
		}
	}
	var found []*facility.Device
	m.Devices(func(d *facility.Device) {
		switch {
		case !m.site(d.SiteID),
			params.Site != nil && d.SiteID != *params.Site,
			params.Rack != nil && (d.RackID == nil || *d.RackID != *params.Rack),
			within != nil && (d.Location == nil || !d.Location.Within(within)),
			len(kinds) > 0 && !slices.Contains(kinds, string(d.Kind)),
			len(wanted) > 0 && !slices.Contains(wanted, st.of(d)),
			!d.Matches(words):
			return
		}
		found = append(found, d)
	})
	sortDevices(found, string(or(params.Sort, "name")), st)
	out := apigen.DeviceList{Items: []apigen.DeviceSummary{}, Total: len(found)}
	first := min(or(params.Offset, 0), len(found))
	last := min(first+or(params.Limit, 100), len(found))
	for _, d := range found[first:last] {
		out.Items = append(out.Items, summary(d, st))
	}
	return answer(c, http.StatusOK, out)
}

func sortDevices(ds []*facility.Device, by string, st states) {
	by, descending := strings.CutPrefix(by, "-")
	slices.SortFunc(ds, func(x, y *facility.Device) int {
		n := 0
		switch by {
		case "kind":
			n = cmp.Compare(x.Kind, y.Kind)
		case "state":
			n = cmp.Compare(st.of(x), st.of(y))
		case "last_success":
			n = st[x.ID].LastSuccess.Compare(st[y.ID].LastSuccess)
		default:
			n = facility.Compare(x.Name, y.Name)
		}
		if descending {
			n = -n
		}
		return cmp.Or(n, facility.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
	})
}

func summary(d *facility.Device, st states) apigen.DeviceSummary {
	out := apigen.DeviceSummary{
		Id: uint64(d.ID), Name: d.Name, Kind: string(d.Kind), Status: string(d.Status), State: st.of(d), Vendor: opt(d.Vendor()),
		Model: opt(d.ModelName()), Address: opt(d.Address), Protocol: opt(d.Protocol), Profile: opt(d.ProfileName()), Place: places(d.Place()),
	}
	if h, ok := st[d.ID]; ok {
		points, missing := h.Points, h.Missing
		out.Points, out.Missing, out.LastSuccess, out.Error = &points, &missing, optTime(h.LastSuccess), opt(h.Error)
		if h.Profile != "" {
			out.Profile = &h.Profile
		}
	}
	return out
}

func pollHealth(h Health) apigen.PollHealth {
	out := apigen.PollHealth{
		State: pollState(h.State), Profile: opt(h.Profile), Points: h.Points, Missing: h.Missing, Since: optTime(h.Since),
		LastPoll: optTime(h.LastPoll), LastSuccess: optTime(h.LastSuccess), Polls: int64(h.Polls), Failures: int64(h.Failures),
		Timeouts: int64(h.Timeouts), Skipped: int64(h.Skipped), Error: opt(h.Error),
	}
	if h.Latency > 0 {
		out.LatencyMs = opt(float32(h.Latency.Seconds() * 1000))
	}
	if h.Interval > 0 {
		out.IntervalS = opt(float32(h.Interval.Seconds()))
	}
	if h.Slowest > 0 {
		out.SlowestIntervalS = opt(float32(h.Slowest.Seconds()))
	}
	return out
}

// GetDevice tells of one device. What can change at any time is read anew.
func (a *API) GetDevice(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	d, err := m.device(id)
	if err != nil {
		return err
	}
	row, err := a.o.Inventory.Device(ctx, d.ID)
	if err != nil {
		return err
	}
	history, err := a.o.Layout.History(ctx, d.ID)
	if err != nil {
		return err
	}
	st := states{}
	health := apigen.PollHealth{State: unpolled(d)}
	if h, ok := a.o.Polling.DeviceHealth(d.ID); ok {
		h.Error = pollError(m.p, h.Error)
		st[d.ID] = h
		health = pollHealth(h)
	}
	placements := make([]apigen.PlacementEntry, len(history))
	for i, p := range history {
		placements[i] = apigen.PlacementEntry{From: p.FromAt, To: p.ToAt, Place: p.Place}
	}
	serial := row.Serial
	if serial == "" {
		serial = row.SerialReported
	}
	return answer(c, http.StatusOK, apigen.DeviceDetail{
		Device: summary(d, st), Input: input(row), Serial: opt(serial), Firmware: opt(row.Firmware), Mac: opt(row.MAC),
		SysName: opt(row.SysName), AssetTag: opt(row.AssetTag), LearnedAt: row.LearnedAt,
		IdentityChangedAt: row.IdentityChangedAt, IdentityNote: opt(row.IdentityNote), Health: health, Placements: &placements,
	})
}

// input is the device as it may be sent back, changed.
func input(d models.Device) apigen.DeviceInput {
	status, protocol := apigen.DeviceInputStatus(d.Status), apigen.DeviceInputProtocol(d.Protocol)
	face, zero := apigen.DeviceInputFace(d.Face), apigen.DeviceInputZeroUSide(d.ZeroUSide)
	unit, enabled, version, interval := int(d.UnitID), d.Enabled, d.Version, d.IntervalS
	out := apigen.DeviceInput{
		Name: d.Name, Kind: string(d.Kind), Status: &status, Site: d.SiteID, Location: d.LocationID, Rack: d.RackID, Face: &face,
		ZeroUSide: &zero, AssetTag: opt(d.AssetTag), Protocol: &protocol, Address: opt(d.Address), Credential: d.CredentialID, UnitId: &unit,
		Profile: opt(d.Profile), IntervalS: &interval, Enabled: &enabled, Version: &version,
	}
	if d.PositionU != nil {
		out.PositionU = opt(float32(*d.PositionU))
	}
	return out
}

// apply writes what was sent onto a device. Fields that the contract does not
// have stay; those that it has and that were left out are emptied.
func apply(d *models.Device, in apigen.DeviceInput) error {
	kind := models.Kind(in.Kind)
	if !slices.Contains(models.Kinds(), kind) {
		return problem.Field(http.StatusUnprocessableEntity, "kind", "there is no such kind of device")
	}
	d.Name, d.Kind, d.Status = in.Name, kind, models.Status(or(in.Status, "active"))
	d.AssetTag = or(in.AssetTag, "")
	d.Protocol, d.Address, d.CredentialID = string(or(in.Protocol, "")), or(in.Address, ""), in.Credential
	d.UnitID, d.Profile, d.IntervalS = uint8(or(in.UnitId, 0)), or(in.Profile, ""), or(in.IntervalS, 0)
	d.Enabled = or(in.Enabled, d.Protocol != "")
	return nil
}

// position is where the device is to be, given where it is. What the contract
// does not have stays as long as the device stays in its rack or room.
func position(old models.Position, in apigen.DeviceInput) models.Position {
	p := models.Position{
		SiteID: in.Site, LocationID: in.Location, RackID: in.Rack, PositionU: wide(in.PositionU),
		Face: models.Face(or(in.Face, "")), ZeroUSide: models.Side(or(in.ZeroUSide, "")),
	}
	if p.PositionU != nil && p.Face == "" {
		p.Face = models.Front
	}
	if p.RackID != nil && same(p.RackID, old.RackID) {
		p.LocationID = old.LocationID
		if p.PositionU != nil {
			p.Side = old.Side
		}
		if p.ZeroUSide != "" {
			p.ZeroUOffset = old.ZeroUOffset
		}
	}
	if p.RackID == nil && old.RackID == nil && same(p.LocationID, old.LocationID) {
		p.XM, p.YM, p.RotationDeg = old.XM, old.YM, old.RotationDeg
	}
	return p
}

func same[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// CreateDevice adds a device.
func (a *API) CreateDevice(c echo.Context) error {
	in, err := body[apigen.DeviceInput](c)
	if err != nil {
		return err
	}
	var d models.Device
	if err := apply(&d, in); err != nil {
		return err
	}
	d.Position = position(models.Position{}, in)
	d, err = a.o.Inventory.CreateDevice(c.Request().Context(), d)
	if err != nil {
		return err
	}
	a.reader.Invalidate()
	return created(c, uint64(d.ID))
}

// UpdateDevice changes a device, if it is still as the caller saw it.
func (a *API) UpdateDevice(c echo.Context, id apigen.ID) error {
	in, err := body[apigen.DeviceInput](c)
	if err != nil {
		return err
	}
	if _, err := seen(in.Version); err != nil {
		return err
	}
	if err := a.change(c.Request().Context(), models.DeviceID(id), in); err != nil {
		return err
	}
	a.reader.Invalidate()
	return c.NoContent(http.StatusNoContent)
}

// change moves and changes a device. Both are changes of their own in the
// domain; when the second is refused, the device goes back to where it was.
func (a *API) change(ctx context.Context, id models.DeviceID, in apigen.DeviceInput) error {
	old, err := a.o.Inventory.Device(ctx, id)
	if err != nil {
		return err
	}
	d, version := old, *in.Version
	if err := apply(&d, in); err != nil {
		return err
	}
	moved := position(old.Position, in)
	if reflect.DeepEqual(moved, old.Position) {
		d.Version = version
		_, err := a.o.Inventory.UpdateDevice(ctx, d)
		return err
	}
	placed, err := a.o.Layout.Place(ctx, id, moved, version)
	if err != nil {
		return err
	}
	if reflect.DeepEqual(d, old) {
		return nil
	}
	d.Version = placed.Version
	if _, err := a.o.Inventory.UpdateDevice(ctx, d); err != nil {
		if _, back := a.o.Layout.Place(ctx, id, old.Position, placed.Version); back != nil {
			return errors.Join(err, back)
		}
		return err
	}
	return nil
}

// DeleteDevice removes a device.
func (a *API) DeleteDevice(c echo.Context, id apigen.ID) error {
	if err := a.o.Inventory.DeleteDevice(c.Request().Context(), models.DeviceID(id)); err != nil {
		return err
	}
	a.reader.Invalidate()
	return c.NoContent(http.StatusNoContent)
}

// PollDevice has a device polled next.
func (a *API) PollDevice(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	d, err := m.device(id)
	if err != nil {
		return err
	}
	if err := access.RequireSite(ctx, access.PollDevice, d.SiteID); err != nil {
		return err
	}
	if err := a.o.Polling.Poll(d.ID); err != nil {
		if errors.Is(err, ErrNotPolled) {
			return problem.New(http.StatusConflict, problem.Conflict, ErrNotPolled.Error())
		}
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

// AcceptIdentity says that the device which answers now is meant.
func (a *API) AcceptIdentity(c echo.Context, id apigen.ID) error {
	if err := a.o.Inventory.AcceptIdentity(c.Request().Context(), models.DeviceID(id)); err != nil {
		return err
	}
	a.reader.Invalidate()
	return c.NoContent(http.StatusNoContent)
}

// GetCollectors tells how polling does, device by device.
func (a *API) GetCollectors(c echo.Context) error {
	ctx := c.Request().Context()
	if err := access.Require(ctx, access.ReadCollectors); err != nil {
		return err
	}
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	st := a.states(m.p)
	out := apigen.CollectorHealth{
		Items: []apigen.DeviceHealth{}, Counters: map[string]float32{}, SamplesPerSecond: a.rate.perSecond(),
	}
	var devices []*facility.Device
	m.Devices(func(d *facility.Device) {
		if !m.site(d.SiteID) || !d.Polled() {
			return
		}
		devices = append(devices, d)
	})
	sortDevices(devices, "name", st)
	for _, d := range devices {
		health := apigen.PollHealth{State: unpolled(d)}
		if h, ok := st[d.ID]; ok {
			health = pollHealth(h)
			out.Points += h.Points
		}
		out.Items = append(out.Items, apigen.DeviceHealth{Device: uint64(d.ID), Name: d.Name, Kind: string(d.Kind), Health: health})
	}
	out.Devices = st.count(devices)
	for k, v := range a.o.Polling.Counters() {
		out.Counters[k] = float32(v)
	}
	if a.o.StoreHealth != nil {
		s := a.o.StoreHealth()
		spooled, dropped := s.Spooled, s.Dropped
		reason := s.Error
		if !m.p.Can(access.EditDevices) {
			reason = "" // it names folders and servers
		}
		out.Store = &apigen.StoreHealth{
			Kind: apigen.StoreHealthKind(s.Kind), Ok: s.Error == "", Error: opt(reason), Spooled: &spooled, Dropped: &dropped,
		}
	}
	return answer(c, http.StatusOK, out)
}

// GetAbout tells of the installation.
func (a *API) GetAbout(c echo.Context) error {
	b := a.o.About
	simulated, control, profiles := a.o.Simulation != nil, a.o.Control != nil, b.Profiles()
	return answer(c, http.StatusOK, apigen.About{
		Version: b.Version, Revision: opt(b.Revision), BuiltAt: optTime(b.BuiltAt), StartedAt: optTime(b.StartedAt.Truncate(time.Second)),
		Go: goVersion, License: "Apache-2.0", Database: opt(b.Database), Telemetry: opt(b.Telemetry), Profiles: &profiles, Simulated: &simulated, Control: &control,
	})
}
