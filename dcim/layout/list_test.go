package layout_test

import (
	"fmt"
	"slices"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// statements is what each list may cost, however long it is.
var statements = map[string]int{
	"sites": 1, "locations": 1, "rows": 1, "racks": 3, "racks by use": 3, "tree": 5, "plan": 6, "elevation": 3,
	"devices": 2, "device": 1, "power chain": 8, "cooling": 2, "counts": 4, "manufacturers": 1, "device types": 1, "collectors": 1,
}

func TestStatementCounts(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		for i := range 30 {
			r, err := f.CreateRack(f.ctx, models.Rack{LocationID: f.room.ID, RowID: &f.row.ID, Name: fmt.Sprintf("B%02d", i), UHeight: 42})
			ok(t, err)
			d := f.device(t, fmt.Sprintf("d%02d", i), nil)
			_, err = f.Place(f.ctx, d, at(r.ID, 5, models.Front), 0)
			ok(t, err)
		}
		c := dbtest.Count(t, g)
		calls := map[string]func() error{
			"sites":     func() error { _, err := f.Sites(f.ctx); return err },
			"locations": func() error { _, err := f.Locations(f.ctx, 0); return err },
			"rows":      func() error { _, err := f.Rows(f.ctx, 0); return err },
			"racks":     func() error { _, err := f.Racks(f.ctx, layout.RackFilter{LocationID: f.room.ID}); return err },
			"racks by use": func() error {
				p, err := f.Racks(f.ctx, layout.RackFilter{Sort: "-used"})
				if err == nil && (p.Items[0].UsedU != 1 || p.Items[30].UsedU != 0 || p.Items[0].Devices != 1) {
					t.Errorf("first %+v, last %+v", p.Items[0], p.Items[30])
				}
				return err
			},
			"tree":      func() error { _, err := f.Tree(f.ctx); return err },
			"plan":      func() error { _, err := f.Plan(f.ctx, f.room.ID); return err },
			"elevation": func() error { _, err := f.Elevation(f.ctx, f.rack.ID); return err },
			"devices": func() error {
				_, err := f.inv.Devices(f.ctx, inventory.DeviceFilter{Search: "d", Sort: "place"})
				return err
			},
			"device":        func() error { _, err := f.inv.Device(f.ctx, 1); return err },
			"power chain":   func() error { _, err := f.inv.PowerChain(f.ctx, f.site.ID); return err },
			"cooling":       func() error { _, err := f.inv.CoolingPlant(f.ctx, f.site.ID); return err },
			"counts":        func() error { _, err := f.inv.Counts(f.ctx); return err },
			"manufacturers": func() error { _, err := f.inv.Manufacturers(f.ctx); return err },
			"device types":  func() error { _, err := f.inv.DeviceTypes(f.ctx); return err },
			"collectors":    func() error { _, err := f.inv.Collectors(f.ctx); return err },
		}
		for name, want := range statements {
			c.Reset()
			ok(t, calls[name]())
			if got := c.Statements(); got != want {
				t.Errorf("%s takes %d statements, not %d", name, got, want)
			}
		}
	})
}

func TestTree(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		zone, err := f.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, ParentID: &f.room.ID, Name: "Cage", Kind: models.Zone})
		ok(t, err)
		r, err := f.CreateRack(f.ctx, models.Rack{LocationID: zone.ID, Name: "C1", UHeight: 10})
		ok(t, err)
		for i, p := range []models.Position{at(r.ID, 1, models.Front), at(f.rack.ID, 1, models.Front), {LocationID: &f.room.ID}, {}} {
			_, err := f.Place(f.ctx, f.device(t, fmt.Sprintf("d%d", i), nil), p, 0)
			ok(t, err)
		}
		tree, err := f.Tree(f.ctx)
		ok(t, err)
		site := tree[0]
		room := site.Locations[0]
		cage := room.Locations[0]
		if site.Devices != 4 || room.Devices != 3 || cage.Devices != 1 || cage.Racks[0].Devices != 1 || room.Racks[0].Name != "A01" ||
			room.Rows[0].Name != "R1" || *room.Racks[0].RowID != f.row.ID {
			t.Errorf("%+v %+v %+v", site, room, cage)
		}
		plan, err := f.Plan(f.ctx, f.room.ID)
		ok(t, err)
		if len(plan.Zones) != 1 || len(plan.Racks) != 2 || len(plan.Devices) != 1 || !slices.Equal(plan.Path, []string{"Hà Nội 1"}) {
			t.Errorf("%+v", plan)
		}
	})
}

func TestRackSearch(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		for _, r := range []models.Rack{
			{Name: "Tủ Đặng 1", UHeight: 42, AssetTag: "T-1"}, {Name: "100%_full", UHeight: 10}, {Name: "100x full", UHeight: 20, Status: models.StatusPlanned},
		} {
			r.LocationID = f.room.ID
			_, err := f.CreateRack(f.ctx, r)
			ok(t, err)
		}
		for name, c := range map[string]struct {
			f    layout.RackFilter
			want []string
		}{
			"no diacritics": {layout.RackFilter{Search: "dang tu"}, []string{"Tủ Đặng 1"}},
			"tag":           {layout.RackFilter{Search: "t-1"}, []string{"Tủ Đặng 1"}},
			"wild cards":    {layout.RackFilter{Search: "100%_"}, []string{"100%_full"}},
			"status":        {layout.RackFilter{Status: models.StatusPlanned}, []string{"100x full"}},
			"sorted":        {layout.RackFilter{Sort: "u_height", Limit: 2}, []string{"100%_full", "100x full"}},
			"second page":   {layout.RackFilter{Sort: "u_height", Limit: 2, Offset: 2}, []string{"A01", "Tủ Đặng 1"}},
			"row":           {layout.RackFilter{RowID: f.row.ID}, []string{"A01"}},
			"none":          {layout.RackFilter{SiteID: 99}, nil},
		} {
			p, err := f.Racks(f.ctx, c.f)
			ok(t, err)
			var got []string
			for _, r := range p.Items {
				got = append(got, r.Name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		_, err := f.Racks(f.ctx, layout.RackFilter{Sort: "name; DROP TABLE racks"})
		is(t, "sort", err, fault.ErrInvalid)
	})
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Đường Nguyễn Văn Trỗi": "duong nguyen van troi", "PDU-A": "pdu-a", "ﬁre ½": "fire 1⁄2", "a\x00b": "ab", "": "",
	} {
		if got := layout.Fold(in); got != want {
			t.Errorf("Fold(%q) is %q, want %q", in, got, want)
		}
	}
	if got := layout.Fold("A", "", "B"); got != "a\nb" {
		t.Errorf("%q", got)
	}
}

func BenchmarkRackList(b *testing.B) {
	f := setUp(b, dbtest.SQLite(b))
	now := db.Now()
	racks := make([]models.Rack, 10_000)
	for i := range racks {
		racks[i] = models.Rack{
			SiteID: f.site.ID, LocationID: f.room.ID, Name: fmt.Sprintf("rack %05d", i), Status: models.StatusActive, UHeight: 42,
			StartingUnit: 1, Folded: fmt.Sprintf("rack %05d", i), Record: models.Record{Version: 1, CreatedAt: now, UpdatedAt: now},
		}
	}
	ok(b, f.db.CreateInBatches(racks, 500).Error)
	for name, filter := range map[string]layout.RackFilter{
		"first page": {}, "last page": {Offset: 9_900}, "search": {Search: "rack 0999"}, "all": {Limit: 10_000}, "by use": {Sort: "-used"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.Racks(f.ctx, filter); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
