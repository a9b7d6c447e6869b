package layout_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

type fixture struct {
	*layout.Service
	inv *inventory.Service
	log *audit.Log
	db  *gorm.DB
	ctx context.Context

	site models.Site
	room models.Location
	row  models.Row
	rack models.Rack
}

func setUp(t testing.TB, g *gorm.DB) *fixture {
	t.Helper()
	f := &fixture{db: g, ctx: access.System(context.Background(), "test")}
	log, err := audit.New(audit.Options{DB: g})
	ok(t, err)
	f.log = log
	f.Service, err = layout.New(layout.Options{DB: g, Audit: log})
	ok(t, err)
	f.inv, err = inventory.New(inventory.Options{DB: g, Audit: log})
	ok(t, err)
	f.site, err = f.CreateSite(f.ctx, models.Site{Name: "Hà Nội 1", TimeZone: "Asia/Ho_Chi_Minh"})
	ok(t, err)
	f.room, err = f.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, Name: "Hall A", Kind: models.Room, WidthM: 20, DepthM: 12})
	ok(t, err)
	f.row, err = f.CreateRow(f.ctx, models.Row{LocationID: f.room.ID, Name: "R1"})
	ok(t, err)
	f.rack, err = f.CreateRack(f.ctx, models.Rack{LocationID: f.room.ID, RowID: &f.row.ID, Name: "A01", UHeight: 42})
	ok(t, err)
	return f
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// conflict checks the code of a conflict and that it names what is in the way.
func conflict(t *testing.T, what string, err error, code string, words ...string) {
	t.Helper()
	var c *fault.ConflictError
	if !errors.As(err, &c) || c.Code != code {
		t.Errorf("%s: got %v, want a conflict %s", what, err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(c.Reason, w) {
			t.Errorf("%s: %q does not say %q", what, c.Reason, w)
		}
	}
}

func (f *fixture) deviceType(t testing.TB, dt models.DeviceType) *uint64 {
	t.Helper()
	ms, err := f.inv.Manufacturers(f.ctx)
	ok(t, err)
	if len(ms) == 0 {
		m, err := f.inv.CreateManufacturer(f.ctx, models.Manufacturer{Name: "Maker"})
		ok(t, err)
		ms = append(ms, m)
	}
	dt.ManufacturerID = ms[0].ID
	dt, err = f.inv.CreateDeviceType(f.ctx, dt)
	ok(t, err)
	return &dt.ID
}

func (f *fixture) device(t testing.TB, name string, dt *uint64) models.DeviceID {
	t.Helper()
	d, err := f.inv.CreateDevice(f.ctx, models.Device{Name: name, DeviceTypeID: dt, Position: models.Position{SiteID: f.site.ID}})
	ok(t, err)
	return d.ID
}

func at(rack uint64, u float64, face models.Face) models.Position {
	return models.Position{RackID: &rack, PositionU: &u, Face: face}
}

func TestEditing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		// Optimistic concurrency.
		mine, theirs := f.site, f.site
		theirs.Description = "theirs"
		theirs, err := f.UpdateSite(f.ctx, theirs)
		ok(t, err)
		if theirs.Version != 2 {
			t.Errorf("version %d after the first change", theirs.Version)
		}
		mine.Description = "mine"
		_, err = f.UpdateSite(f.ctx, mine)
		conflict(t, "old version", err, fault.Stale, "Hà Nội 1")
		mine.Version = 0
		mine, err = f.UpdateSite(f.ctx, mine)
		ok(t, err)
		got, err := f.Site(f.ctx, f.site.ID)
		ok(t, err)
		if got.Description != "mine" || got.Version != 3 || !got.CreatedAt.Equal(f.site.CreatedAt) {
			t.Errorf("%+v", got)
		}
		// Names.
		_, err = f.CreateSite(f.ctx, models.Site{Name: " Hà Nội 1 "})
		conflict(t, "second site", err, fault.Taken)
		_, err = f.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, Name: "Hall A", Kind: models.Room})
		conflict(t, "second hall", err, fault.Taken)
		_, err = f.CreateRow(f.ctx, models.Row{LocationID: f.room.ID, Name: "R1"})
		conflict(t, "second row", err, fault.Taken)
		_, err = f.CreateRack(f.ctx, models.Rack{LocationID: f.room.ID, Name: "A01", UHeight: 42})
		conflict(t, "second rack", err, fault.Taken)
		for name, bad := range map[string]models.Site{
			"no name": {}, "long": {Name: strings.Repeat("x", 101)}, "control": {Name: "a\x00b"},
			"zone": {Name: "b", TimeZone: "Mars/Olympus"}, "status": {Name: "b", Status: "asleep"},
		} {
			_, err := f.CreateSite(f.ctx, bad)
			is(t, name, err, fault.ErrInvalid)
		}
		_, err = f.Site(f.ctx, 999)
		is(t, "unknown", err, fault.ErrNotFound)
		// Everything is in the log, and the log is whole.
		res, err := f.log.Verify(f.ctx)
		ok(t, err)
		var entries int64
		ok(t, g.Table("audit_entries").Count(&entries).Error)
		if entries != 6 || !res.Intact {
			t.Errorf("%d entries in the audit log (%+v), want 6", entries, res)
		}
	})
}

func TestNesting(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		mk := func(name string, kind models.LocationKind, parent *uint64) (models.Location, error) {
			return f.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, Name: name, Kind: kind, ParentID: parent})
		}
		building, err := mk("B", models.Building, nil)
		ok(t, err)
		floor, err := mk("F", models.Floor, &building.ID)
		ok(t, err)
		_, err = mk("X", models.Building, &floor.ID)
		is(t, "building in a floor", err, fault.ErrInvalid)
		// The same name is free beneath another parent.
		_, err = mk("Hall A", models.Room, &floor.ID)
		ok(t, err)
		building.ParentID = &floor.ID
		building.Kind = models.Floor
		_, err = f.UpdateLocation(f.ctx, building)
		is(t, "circle", err, fault.ErrInvalid)
		other, err := f.CreateSite(f.ctx, models.Site{Name: "other"})
		ok(t, err)
		_, err = f.CreateLocation(f.ctx, models.Location{SiteID: other.ID, Name: "Y", Kind: models.Room, ParentID: &floor.ID})
		is(t, "parent in another site", err, fault.ErrInvalid)
		floor.SiteID = other.ID
		_, err = f.UpdateLocation(f.ctx, floor)
		is(t, "to another site", err, fault.ErrInvalid)
		_, err = mk("Z", "cellar", nil)
		is(t, "kind", err, fault.ErrInvalid)
		conflict(t, "delete floor", f.DeleteLocation(f.ctx, floor.ID), fault.InUse, "1 locations")
	})
}

func TestDeleteSaysWhatRefers(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		d := f.device(t, "srv", nil)
		_, err := f.Place(f.ctx, d, at(f.rack.ID, 3, models.Front), 0)
		ok(t, err)
		conflict(t, "site", f.DeleteSite(f.ctx, f.site.ID), fault.InUse, "1 locations", "1 racks", "1 devices")
		conflict(t, "room", f.DeleteLocation(f.ctx, f.room.ID), fault.InUse, "1 rows", "1 racks", "1 devices")
		conflict(t, "row", f.DeleteRow(f.ctx, f.row.ID), fault.InUse, "1 racks")
		conflict(t, "rack", f.DeleteRack(f.ctx, f.rack.ID), fault.InUse, "1 devices")
		ok(t, f.inv.DeleteDevice(f.ctx, d))
		ok(t, f.DeleteRack(f.ctx, f.rack.ID))
		ok(t, f.DeleteRow(f.ctx, f.row.ID))
		ok(t, f.DeleteLocation(f.ctx, f.room.ID))
		ok(t, f.DeleteSite(f.ctx, f.site.ID))
		var slots int64
		ok(t, g.Table("rack_slots").Count(&slots).Error)
		if slots != 0 {
			t.Errorf("%d slots left", slots)
		}
		// Ids are never used again.
		s, err := f.CreateSite(f.ctx, models.Site{Name: "next"})
		ok(t, err)
		if s.ID <= f.site.ID {
			t.Errorf("id %d after %d", s.ID, f.site.ID)
		}
	})
}

func TestPlacement(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		full := f.deviceType(t, models.DeviceType{Model: "2U", Kind: models.KindServer, UHeight: 2, FullDepth: true})
		shallow := f.deviceType(t, models.DeviceType{Model: "shelf", Kind: models.KindOther, UHeight: 1})
		half := f.deviceType(t, models.DeviceType{Model: "half", Kind: models.KindOther, UHeight: 1.5, HalfWidth: true})
		strip := f.deviceType(t, models.DeviceType{Model: "strip", Kind: models.KindPDU, UHeight: 0})
		place := func(d models.DeviceID, p models.Position) error {
			_, err := f.Place(f.ctx, d, p, 0)
			return err
		}
		a, b := f.device(t, "a", full), f.device(t, "b", full)
		ok(t, place(a, at(f.rack.ID, 10, models.Front)))
		conflict(t, "same units", place(b, at(f.rack.ID, 11, models.Rear)), fault.Occupied, `"a"`, "U11", "A01")
		ok(t, place(b, at(f.rack.ID, 12, models.Front)))
		// A device is not in its own way.
		ok(t, place(a, at(f.rack.ID, 9.5, models.Front)))
		conflict(t, "half a unit", place(a, at(f.rack.ID, 10.5, models.Front)), fault.Occupied, `"b"`)

		s1, s2 := f.device(t, "s1", shallow), f.device(t, "s2", shallow)
		ok(t, place(s1, at(f.rack.ID, 20, models.Front)))
		ok(t, place(s2, at(f.rack.ID, 20, models.Rear)))
		h1, h2 := f.device(t, "h1", half), f.device(t, "h2", half)
		p := at(f.rack.ID, 30, models.Front)
		is(t, "half without a side", place(h1, p), fault.ErrInvalid)
		p.Side = models.Left
		ok(t, place(h1, p))
		conflict(t, "same side", place(h2, p), fault.Occupied, `"h1"`)
		p.Side = models.Right
		ok(t, place(h2, p))
		conflict(t, "over both halves", place(s2, at(f.rack.ID, 31, models.Front)), fault.Occupied, `"h1"`, `"h2"`)
		is(t, "full with a side", place(s2, func() models.Position { q := at(f.rack.ID, 40, models.Front); q.Side = models.Left; return q }()), fault.ErrInvalid)

		for name, u := range map[string]float64{"below": 0, "above": 42, "third": 5.3} {
			is(t, name, place(b, at(f.rack.ID, u, models.Front)), fault.ErrInvalid)
		}
		is(t, "no face", place(b, at(f.rack.ID, 5, "")), fault.ErrInvalid)
		ok(t, place(b, at(f.rack.ID, 41, models.Front)))

		pdu := f.device(t, "pdu-a", strip)
		is(t, "strip in units", place(pdu, at(f.rack.ID, 5, models.Rear)), fault.ErrInvalid)
		ok(t, place(pdu, models.Position{RackID: &f.rack.ID, Face: models.Rear, ZeroUSide: models.Left, ZeroUOffset: 2}))
		x, y := 4.2, 1.0
		crah := f.device(t, "crah", strip)
		ok(t, place(crah, models.Position{LocationID: &f.room.ID, XM: &x, YM: &y, RotationDeg: -90}))
		is(t, "x alone", place(crah, models.Position{LocationID: &f.room.ID, XM: &x}), fault.ErrInvalid)
		is(t, "plan and rack", place(crah, models.Position{RackID: &f.rack.ID, XM: &x, YM: &y}), fault.ErrInvalid)
		is(t, "no such rack", place(crah, at(999, 1, models.Front)), fault.ErrNotFound)
		is(t, "no such device", place(9999, at(f.rack.ID, 1, models.Front)), fault.ErrNotFound)
		_, err := f.Place(f.ctx, a, at(f.rack.ID, 1, models.Front), 1)
		conflict(t, "old version", err, fault.Stale)

		// The elevation shows it all, from the top.
		e, err := f.Elevation(f.ctx, f.rack.ID)
		ok(t, err)
		var order []string
		for _, d := range e.Devices {
			order = append(order, d.Name)
		}
		if got := strings.Join(order, " "); got != "b h1 h2 s1 s2 a pdu-a" {
			t.Errorf("order %s", got)
		}
		if e.Devices[0].TypeUHeight != 2 || !e.Devices[0].TypeFullDepth || e.Devices[0].TypeManufacturer != "Maker" {
			t.Errorf("%+v", e.Devices[0])
		}
		if strings.Join(e.Path, "/") != "Hà Nội 1/Hall A/A01" {
			t.Errorf("path %v", e.Path)
		}
		plan, err := f.Plan(f.ctx, f.room.ID)
		ok(t, err)
		if len(plan.Racks) != 1 || len(plan.Rows) != 1 || len(plan.Devices) != 1 || plan.Devices[0].RotationDeg != 270 {
			t.Errorf("%+v", plan)
		}

		// Units that hold something cannot go, nor the body of a mounted type change.
		low := f.rack
		low.Version, low.UHeight = 0, 41
		_, err = f.UpdateRack(f.ctx, low)
		conflict(t, "shrink", err, fault.InUse, `"b"`)
		dt, err := f.inv.DeviceType(f.ctx, *full)
		ok(t, err)
		dt.UHeight = 3
		_, err = f.inv.UpdateDeviceType(f.ctx, dt)
		conflict(t, "grow the type", err, fault.InUse, "2 devices")
		// Another type for one device takes other places.
		d, err := f.inv.Device(f.ctx, a)
		ok(t, err)
		d.DeviceTypeID = shallow
		_, err = f.inv.UpdateDevice(f.ctx, d.Device)
		ok(t, err)
		var n int64
		ok(t, g.Table("rack_slots").Where("device_id = ?", a).Count(&n).Error)
		if n != 4 {
			t.Errorf("%d slots of a one-unit shelf", n)
		}
		_, err = f.Remove(f.ctx, a, 0)
		ok(t, err)
		ok(t, g.Table("rack_slots").Where("device_id = ?", a).Count(&n).Error)
		if n != 0 {
			t.Errorf("%d slots of a removed device", n)
		}
	})
}

func TestHistory(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		d := f.device(t, "srv", nil)
		first, err := f.Place(f.ctx, d, at(f.rack.ID, 3, models.Front), 0)
		ok(t, err)
		// The same place again is no news.
		_, err = f.Place(f.ctx, d, at(f.rack.ID, 3, models.Front), first.Version)
		ok(t, err)
		other, err := f.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, Name: "Hall B", Kind: models.Room})
		ok(t, err)
		r := f.rack
		r.LocationID, r.RowID = other.ID, nil
		r, err = f.UpdateRack(f.ctx, r)
		ok(t, err)
		moved, err := f.inv.Device(f.ctx, d)
		ok(t, err)
		if *moved.LocationID != other.ID {
			t.Errorf("the device stayed in location %d", *moved.LocationID)
		}
		_, err = f.Remove(f.ctx, d, 0)
		ok(t, err)
		ok(t, f.DeleteRack(f.ctx, r.ID))
		h, err := f.History(f.ctx, d)
		ok(t, err)
		want := []string{"Hà Nội 1", "Hà Nội 1 / Hall B / A01 / U3 front", "Hà Nội 1 / Hall A / A01 / U3 front", "Hà Nội 1"}
		if len(h) != len(want) {
			t.Fatalf("%+v", h)
		}
		for i, p := range h {
			if p.Place != want[i] || p.Actor != "test" || (i > 0) != (p.ToAt != nil) {
				t.Errorf("%d: %+v", i, p)
			}
			if i > 0 && !h[i].ToAt.Equal(h[i-1].FromAt) {
				t.Errorf("a gap between %v and %v", h[i].ToAt, h[i-1].FromAt)
			}
		}
		now, err := f.PlacedAt(f.ctx, f.site.ID, time.Now().Add(time.Second))
		ok(t, err)
		if len(now) != 1 || now[0].Place != "Hà Nội 1" {
			t.Errorf("%+v", now)
		}
		past, err := f.PlacedAt(f.ctx, f.site.ID, time.Now().Add(-time.Hour))
		if ok(t, err); len(past) != 0 {
			t.Errorf("%+v", past)
		}
	})
}

// Of many who want the same units at once, one gets them; the others are told.
func TestConcurrentPlacement(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		const n = 8
		ids := make([]models.DeviceID, n)
		for i := range ids {
			ids[i] = f.device(t, fmt.Sprintf("d%d", i), nil)
		}
		var won, refused atomic.Int32
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				_, err := f.Place(f.ctx, id, at(f.rack.ID, 7, models.Front), 0)
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, fault.ErrConflict):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || refused.Load() != n-1 {
			t.Errorf("%d won, %d refused", won.Load(), refused.Load())
		}
		var rows []struct{ DeviceID models.DeviceID }
		ok(t, g.Raw("SELECT DISTINCT device_id FROM rack_slots").Scan(&rows).Error)
		if len(rows) != 1 {
			t.Errorf("%d devices have places", len(rows))
		}
	})
}

// The database refuses an overlap by itself, whatever the program does.
func TestSlotsAreTheDatabases(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		a, b := f.device(t, "a", nil), f.device(t, "b", nil)
		put := func(d models.DeviceID) error {
			return g.Create(&models.RackSlot{RackID: f.rack.ID, HalfUnit: 8, Face: models.Front, Side: models.Left, DeviceID: d}).Error
		}
		ok(t, put(a))
		err := put(b)
		is(t, "overlap", err, gorm.ErrDuplicatedKey)
		conflict(t, "in words", db.Explain(err, "rack slot", "b"), fault.Occupied)
	})
}

func TestScope(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		other, err := f.CreateSite(f.ctx, models.Site{Name: "other"})
		ok(t, err)
		as := func(role access.Role, scope ...uint64) context.Context {
			return access.With(context.Background(), access.Principal{UserID: 7, Name: "x", Role: role, Scope: scope, Via: access.ViaSession})
		}
		outside := as(access.Engineer, other.ID)
		d := f.device(t, "srv", nil)
		for name, call := range map[string]func(context.Context) error{
			"site":      func(ctx context.Context) error { _, err := f.Site(ctx, f.site.ID); return err },
			"location":  func(ctx context.Context) error { _, err := f.Location(ctx, f.room.ID); return err },
			"row":       func(ctx context.Context) error { _, err := f.Row(ctx, f.row.ID); return err },
			"rack":      func(ctx context.Context) error { _, err := f.Rack(ctx, f.rack.ID); return err },
			"plan":      func(ctx context.Context) error { _, err := f.Plan(ctx, f.room.ID); return err },
			"elevation": func(ctx context.Context) error { _, err := f.Elevation(ctx, f.rack.ID); return err },
			"history":   func(ctx context.Context) error { _, err := f.History(ctx, d); return err },
			"device":    func(ctx context.Context) error { _, err := f.inv.Device(ctx, d); return err },
			"power":     func(ctx context.Context) error { _, err := f.inv.PowerChain(ctx, f.site.ID); return err },
			"past":      func(ctx context.Context) error { _, err := f.PlacedAt(ctx, f.site.ID, time.Now()); return err },
		} {
			is(t, name+" from outside", call(outside), access.ErrForbidden)
			is(t, name+" from nobody", call(context.Background()), access.ErrUnauthenticated)
			ok(t, call(as(access.Viewer)))
			ok(t, call(as(access.Viewer, f.site.ID)))
		}
		tree, err := f.Tree(outside)
		ok(t, err)
		if len(tree) != 1 || tree[0].ID != other.ID || len(tree[0].Locations) != 0 {
			t.Errorf("%+v", tree)
		}
		racks, err := f.Racks(outside, layout.RackFilter{})
		ok(t, err)
		if racks.Total != 0 {
			t.Errorf("%d racks", racks.Total)
		}
		devices, err := f.inv.Devices(outside, inventory.DeviceFilter{})
		ok(t, err)
		if devices.Total != 0 || len(devices.Items) != 0 {
			t.Errorf("%d devices", devices.Total)
		}
		for name, call := range map[string]func(context.Context) error{
			"create site": func(ctx context.Context) error {
				_, err := f.CreateSite(ctx, models.Site{Name: "mine"})
				return err
			},
			"update site":     func(ctx context.Context) error { _, err := f.UpdateSite(ctx, f.site); return err },
			"delete site":     func(ctx context.Context) error { return f.DeleteSite(ctx, f.site.ID) },
			"create location": func(ctx context.Context) error { _, err := f.CreateLocation(ctx, f.room); return err },
			"update location": func(ctx context.Context) error { _, err := f.UpdateLocation(ctx, f.room); return err },
			"delete location": func(ctx context.Context) error { return f.DeleteLocation(ctx, f.room.ID) },
			"create row":      func(ctx context.Context) error { _, err := f.CreateRow(ctx, f.row); return err },
			"update row":      func(ctx context.Context) error { _, err := f.UpdateRow(ctx, f.row); return err },
			"delete row":      func(ctx context.Context) error { return f.DeleteRow(ctx, f.row.ID) },
			"create rack":     func(ctx context.Context) error { _, err := f.CreateRack(ctx, f.rack); return err },
			"update rack":     func(ctx context.Context) error { _, err := f.UpdateRack(ctx, f.rack); return err },
			"delete rack":     func(ctx context.Context) error { return f.DeleteRack(ctx, f.rack.ID) },
			"place": func(ctx context.Context) error {
				_, err := f.Place(ctx, d, at(f.rack.ID, 1, models.Front), 0)
				return err
			},
			"create device": func(ctx context.Context) error {
				_, err := f.inv.CreateDevice(ctx, models.Device{Name: "q", Position: models.Position{SiteID: f.site.ID}})
				return err
			},
			"update device": func(ctx context.Context) error {
				_, err := f.inv.UpdateDevice(ctx, models.Device{ID: d, Name: "q"})
				return err
			},
			"delete device": func(ctx context.Context) error { return f.inv.DeleteDevice(ctx, d) },
			"import":        func(ctx context.Context) error { _, err := f.inv.Import(ctx, inventory.Facility{}); return err },
		} {
			is(t, name+" from outside", call(outside), access.ErrForbidden)
			is(t, name+" by a viewer", call(as(access.Viewer)), access.ErrForbidden)
			is(t, name+" by an operator", call(as(access.Operator)), access.ErrForbidden)
			is(t, name+" by nobody", call(context.Background()), access.ErrUnauthenticated)
		}
		// A planner works on what is planned.
		planner := as(access.Planner)
		_, err = f.inv.CreateDevice(planner, models.Device{Name: "live", Position: models.Position{SiteID: f.site.ID}})
		is(t, "planner makes a live device", err, access.ErrForbidden)
		p, err := f.inv.CreateDevice(planner, models.Device{Name: "plan", Status: models.StatusPlanned, Position: models.Position{SiteID: f.site.ID}})
		ok(t, err)
		p.Status = models.StatusActive
		_, err = f.inv.UpdateDevice(planner, p)
		is(t, "planner makes it live", err, access.ErrForbidden)
		ok(t, f.inv.DeleteDevice(planner, p.ID))
		is(t, "planner deletes a live device", f.inv.DeleteDevice(planner, d), access.ErrForbidden)
	})
}
