package inventory_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// facility is a hall of racks with A and B rack PDUs, a meter on each panel and
// a cooling unit; addresses begin at port.
func facility(racks, port int) inventory.Facility {
	address := func() models.Polling {
		port++
		return models.Polling{Enabled: true, Protocol: "snmp-v2c", Address: fmt.Sprintf("127.0.0.1:%d", port)}
	}
	hall := inventory.LocationSpec{
		Location: models.Location{Name: "Hall 1", Kind: models.Room, WidthM: 20, DepthM: 14, TileM: 0.6},
		Rows:     []models.Row{{Name: "R1"}},
	}
	site := inventory.SiteSpec{
		Site:    models.Site{Name: "Demo"},
		Sources: []inventory.SourceSpec{{PowerSource: models.PowerSource{Name: "Grid", Kind: "utility", VoltageV: 22_000, VoltageKind: models.LineLine, Phases: 3}}},
		Loops:   []models.CoolingLoop{{Name: "CHW", Kind: "chilled-water"}},
	}
	for _, side := range []models.FeedSide{"A", "B"} {
		meter := "meter-" + string(side)
		hall.Devices = append(hall.Devices, inventory.DeviceSpec{
			Device: models.Device{Name: meter, Kind: models.KindMeter, Polling: address()}, Credential: "public",
		})
		p := inventory.PanelSpec{
			PowerPanel: models.PowerPanel{Name: "Panel " + string(side), Kind: "distribution", VoltageV: 400, VoltageKind: models.LineLine, Phases: 3, Side: side},
			Location:   []string{"Building", "Hall 1"}, Device: meter,
		}
		for i := range racks {
			name := fmt.Sprintf("%s%02d", side, i)
			p.Breakers = append(p.Breakers, models.Breaker{Name: name, Poles: 1, AmperageA: 32})
			p.Feeds = append(p.Feeds, inventory.FeedSpec{
				PowerFeed: models.PowerFeed{Name: name, Side: side, Phases: 1, VoltageV: 230, VoltageKind: models.LineNeutral, AmperageA: 32},
				Breaker:   name, RackLocation: []string{"Building", "Hall 1"}, Rack: fmt.Sprintf("K%02d", i),
			})
		}
		site.Panels = append(site.Panels, p)
		site.Cables = append(site.Cables, inventory.CableSpec{A: inventory.EndSpec{Source: "Grid"}, B: inventory.EndSpec{Panel: p.Name}})
	}
	x, y := 1.0, 1.0
	hall.Devices = append(hall.Devices, inventory.DeviceSpec{
		Device: models.Device{Name: "crah-1", Kind: models.KindCooling, Position: models.Position{XM: &x, YM: &y}, Polling: address()}, Credential: "public",
		Cooling: &models.CoolingUnit{Kind: "crah", CapacityW: 80_000}, Loop: "CHW",
	})
	for i := range racks {
		r := inventory.RackSpec{Rack: models.Rack{Name: fmt.Sprintf("K%02d", i), PositionInRow: i + 1}, Row: "R1", Manufacturer: "Maker", Type: "Cabinet"}
		for n, side := range []string{"A", "B"} {
			zero := []models.Side{models.Left, models.Right}[n]
			name := fmt.Sprintf("pdu-%02d-%s", i, side)
			d := inventory.DeviceSpec{
				Device: models.Device{
					Name: name, Position: models.Position{ZeroUSide: zero, Face: models.Rear}, Polling: address(),
					PointRoles: map[string]string{"sensor/1/temperature": models.RoleRackInlet},
				},
				Manufacturer: "Maker", Type: "Strip", Credential: "public", Ports: []models.PowerPort{{Name: "inlet", Type: "iec-60309"}},
			}
			for o := range 8 {
				d.Outlets = append(d.Outlets, inventory.OutletSpec{PowerOutlet: models.PowerOutlet{Name: fmt.Sprint(o + 1), FeedLeg: "L1"}, Port: "inlet"})
			}
			r.Devices = append(r.Devices, d)
			site.Cables = append(site.Cables, inventory.CableSpec{
				A: inventory.EndSpec{Panel: "Panel " + side, Feed: fmt.Sprintf("%s%02d", side, i)}, B: inventory.EndSpec{Device: name, Port: "inlet"},
			})
		}
		for s := range 3 {
			u := float64(1 + 2*s)
			name := fmt.Sprintf("srv-%02d-%d", i, s)
			r.Devices = append(r.Devices, inventory.DeviceSpec{
				Device:       models.Device{Name: name, Position: models.Position{PositionU: &u, Face: models.Front}},
				Manufacturer: "Maker", Type: "Server", Ports: []models.PowerPort{{Name: "1"}, {Name: "2"}},
			})
			for n, side := range []string{"A", "B"} {
				site.Cables = append(site.Cables, inventory.CableSpec{
					A: inventory.EndSpec{Device: fmt.Sprintf("pdu-%02d-%s", i, side), Outlet: fmt.Sprint(s + 1)},
					B: inventory.EndSpec{Device: name, Port: fmt.Sprint(n + 1)},
				})
			}
		}
		hall.Racks = append(hall.Racks, r)
	}
	site.Locations = []inventory.LocationSpec{{Location: models.Location{Name: "Building", Kind: models.Building}, Locations: []inventory.LocationSpec{hall}}}
	return inventory.Facility{
		RackTypes: []inventory.RackTypeSpec{{RackType: models.RackType{Model: "Cabinet", UHeight: 47, WidthMM: 600, DepthMM: 1200, MaxWeightKg: 1500}, Manufacturer: "Maker"}},
		DeviceTypes: []inventory.DeviceTypeSpec{
			{DeviceType: models.DeviceType{Model: "Strip", Kind: models.KindPDU}, Manufacturer: "Maker"},
			{DeviceType: models.DeviceType{Model: "Server", Kind: models.KindServer, UHeight: 2, FullDepth: true}, Manufacturer: "Maker"},
		},
		Sites: []inventory.SiteSpec{site},
	}
}

func TestImport(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.credential(t, "public", "snmp-community")
		const racks = 12
		c := dbtest.Count(t, g)
		begin := time.Now()
		got, err := f.Import(f.ctx, facility(racks, 20_000))
		ok(t, err)
		t.Logf("imported in %v, %d statements", time.Since(begin), c.Statements())
		want := map[string]int{
			"manufacturers": 1, "rack types": 1, "device types": 2, "sites": 1, "locations": 2, "rows": 1, "racks": racks,
			"devices": 3 + 5*racks, "power ports": 8 * racks, "power outlets": 16 * racks, "cooling loops": 1, "cooling units": 1,
			"power sources": 1, "power panels": 2, "breakers": 2 * racks, "power feeds": 2 * racks, "cables": 2 + 8*racks,
		}
		if !maps.Equal(got.Created, want) || got.Readdressed != 0 {
			t.Errorf("created %v, want %v", got, want)
		}
		if n := len(f.takeChanged()); n != 3+5*racks {
			t.Errorf("told of %d devices", n)
		}
		polled, err := f.Polled(f.ctx, nil)
		ok(t, err)
		if len(polled) != 3+2*racks || polled[0].CredentialID == nil {
			t.Errorf("%d polled", len(polled))
		}
		site := polled[0].SiteID

		// What was imported is what somebody would have built by hand.
		tree, err := f.lay.Tree(f.ctx)
		ok(t, err)
		hall := tree[0].Locations[0].Locations[0]
		if hall.Name != "Hall 1" || len(hall.Racks) != racks || hall.Devices != 3+5*racks || hall.Racks[0].UHeight != 47 {
			t.Errorf("%+v", hall.Racks)
		}
		e, err := f.lay.Elevation(f.ctx, hall.Racks[0].ID)
		ok(t, err)
		if len(e.Devices) != 5 || e.Devices[0].Name != "srv-00-2" || e.Devices[3].ZeroUSide != models.Left || e.Devices[4].Kind != models.KindPDU ||
			e.MaxWeightKg != 1500 {
			t.Errorf("%+v", e)
		}
		h, err := f.lay.History(f.ctx, e.Devices[0].ID)
		ok(t, err)
		if len(h) != 1 || h[0].Place != "Demo / Building / Hall 1 / K00 / U5 front" {
			t.Errorf("%+v", h)
		}
		_, err = f.lay.Place(f.ctx, e.Devices[1].ID, e.Devices[0].Position, 0)
		is(t, "imported slots are taken", err, fault.ErrConflict)
		chain, err := f.PowerChain(f.ctx, site)
		ok(t, err)
		if len(chain.Cables) != 2+8*racks || len(chain.Ends) != 2*len(chain.Cables) || chain.Breakers[0].ContinuousFactor != 0.8 ||
			chain.Panels[0].DeviceID == nil || chain.Feeds[0].RackID == nil || chain.Outlets[0].PowerPortID == nil {
			t.Errorf("%d cables, %d ends", len(chain.Cables), len(chain.Ends))
		}
		plant, err := f.CoolingPlant(f.ctx, site)
		ok(t, err)
		if len(plant.Units) != 1 || *plant.Units[0].LoopID != plant.Loops[0].ID {
			t.Errorf("%+v", plant)
		}
		err = f.DeleteDevice(f.ctx, e.Devices[0].ID)
		var conflict *fault.ConflictError
		if !errors.As(err, &conflict) || !reflect.DeepEqual(conflict.With, []string{"2 cables"}) {
			t.Errorf("delete a device with cables: %v", err)
		}

		// Again: nothing new; at other ports: polled there.
		got, err = f.Import(f.ctx, facility(racks, 20_000))
		ok(t, err)
		if len(got.Created) != 0 || got.Readdressed != 0 || len(f.takeChanged()) != 0 {
			t.Errorf("the second time: %+v", got)
		}
		got, err = f.Import(f.ctx, facility(racks+1, 30_000))
		ok(t, err)
		if got.Created["racks"] != 1 || got.Created["devices"] != 5 || got.Readdressed != 3+2*racks {
			t.Errorf("grown: %+v", got)
		}
		if n := len(f.takeChanged()); n != 3+2*racks+5 {
			t.Errorf("told of %d devices", n)
		}
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.credential(t, "public", "snmp-community")
		rack := func(x *inventory.Facility) *inventory.RackSpec { return &x.Sites[0].Locations[0].Locations[0].Racks[1] }
		for name, c := range map[string]struct {
			spoil func(x *inventory.Facility)
			want  error
		}{
			"overlap": {func(x *inventory.Facility) { u := 2.0; rack(x).Devices[2].PositionU = &u }, fault.ErrConflict},
			"outside": {func(x *inventory.Facility) { u := 47.0; rack(x).Devices[2].PositionU = &u }, fault.ErrInvalid},
			"twice":   {func(x *inventory.Facility) { rack(x).Devices[2].Name = rack(x).Devices[3].Name }, fault.ErrConflict},
			"type":    {func(x *inventory.Facility) { rack(x).Devices[2].Type = "?" }, fault.ErrNotFound},
			"secret":  {func(x *inventory.Facility) { rack(x).Devices[0].Credential = "?" }, fault.ErrNotFound},
			"row":     {func(x *inventory.Facility) { rack(x).Row = "?" }, fault.ErrNotFound},
			"address": {func(x *inventory.Facility) { rack(x).Devices[0].Address = "nowhere" }, fault.ErrInvalid},
			"inlet":   {func(x *inventory.Facility) { rack(x).Devices[0].Outlets[3].Port = "?" }, fault.ErrNotFound},
			"breaker": {func(x *inventory.Facility) { x.Sites[0].Panels[1].Feeds[0].Breaker = "?" }, fault.ErrNotFound},
			"voltage": {func(x *inventory.Facility) { x.Sites[0].Panels[1].VoltageV = 0 }, fault.ErrInvalid},
			"cable":   {func(x *inventory.Facility) { x.Sites[0].Cables[4].B.Port = "?" }, fault.ErrNotFound},
			"twin":    {func(x *inventory.Facility) { x.Sites[0].Cables[5].A = x.Sites[0].Cables[4].A }, fault.ErrConflict},
			"end":     {func(x *inventory.Facility) { x.Sites[0].Cables[5].A = inventory.EndSpec{} }, fault.ErrInvalid},
			"name":    {func(x *inventory.Facility) { x.Sites[0].Panels[1].Breakers[0].Name = "A\x001" }, fault.ErrInvalid},
		} {
			x := facility(2, 20_000)
			c.spoil(&x)
			_, err := f.Import(f.ctx, x)
			is(t, name, err, c.want)
			var sites, types int64
			ok(t, g.Model(&models.Site{}).Count(&sites).Error)
			ok(t, g.Model(&models.DeviceType{}).Count(&types).Error)
			if sites != 1 || types != 0 || len(f.takeChanged()) != 0 {
				t.Errorf("%s left %d sites, %d types", name, sites, types)
			}
		}
		var page layout.Page[inventory.DeviceSummary]
		page, err := f.Devices(f.ctx, inventory.DeviceFilter{})
		ok(t, err)
		if page.Total != 0 {
			t.Errorf("%d devices left", page.Total)
		}
	})
}

// Names with diacritics come composed or not, as the system of whoever typed
// them has it, and are the same.
func TestImportOfNamesWithDiacritics(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.credential(t, "public", "snmp-community")
		facilityIn := func(form norm.Form) inventory.Facility {
			x := facility(2, 20_000)
			rack := &x.Sites[0].Locations[0].Locations[0].Racks[1]
			name := form.String("máy-đo-điện")
			rack.Devices[0].Name = name
			for i := range x.Sites[0].Cables {
				for _, end := range []*inventory.EndSpec{&x.Sites[0].Cables[i].A, &x.Sites[0].Cables[i].B} {
					if end.Device == "pdu-01-A" {
						end.Device = name
					}
				}
			}
			x.Sites[0].Panels[0].Name = form.String("Tủ điện A")
			x.Sites[0].Cables[0].B.Panel = " Tủ điện A"
			for i := range x.Sites[0].Cables {
				if x.Sites[0].Cables[i].A.Panel == "Panel A" {
					x.Sites[0].Cables[i].A.Panel = x.Sites[0].Panels[0].Name
				}
			}
			return x
		}
		_, err := f.Import(f.ctx, facilityIn(norm.NFD))
		ok(t, err)
		again, err := f.Import(f.ctx, facilityIn(norm.NFC))
		ok(t, err)
		if len(again.Created) != 0 {
			t.Errorf("made twice: %v", again.Created)
		}
	})
}

// A device that is polled elsewhere than before may not be written there.
func TestReaddressedDevicesAreNotWritten(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.credential(t, "public", "snmp-community")
		_, err := f.Import(f.ctx, facility(1, 20_000))
		ok(t, err)
		page, err := f.Devices(f.ctx, inventory.DeviceFilter{Search: "pdu-00-A"})
		ok(t, err)
		ok(t, f.AllowControl(f.ctx, page.Items[0].ID, models.Controlling{ControlAllowed: true}))
		allowed := func() bool {
			d, err := f.Device(f.ctx, page.Items[0].ID)
			ok(t, err)
			return d.ControlAllowed
		}
		_, err = f.Import(f.ctx, facility(1, 20_000))
		ok(t, err)
		if !allowed() {
			t.Error("the permission is gone although nothing changed")
		}
		_, err = f.Import(f.ctx, facility(1, 30_000))
		ok(t, err)
		if allowed() {
			t.Error("what is at the new address may be written")
		}
	})
}
