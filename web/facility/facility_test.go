package facility

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func TestTotalPower(t *testing.T) {
	for name, x := range map[string]struct {
		kind models.Kind
		keys []string
		want []string
	}{
		"one inlet":         {models.KindPDU, []string{"inlet/1/L1/power", "inlet/1/power", "phase/L1/power"}, []string{"inlet/1/power"}},
		"two inlets":        {models.KindPDU, []string{"inlet/1/power", "inlet/2/power"}, []string{"inlet/1/power", "inlet/2/power"}},
		"a chain of units":  {models.KindPDU, []string{"unit/1/inlet/1/power", "unit/2/inlet/1/power"}, []string{"unit/1/inlet/1/power", "unit/2/inlet/1/power"}},
		"phases only":       {models.KindMeter, []string{"input/L1/power", "input/L2/power", "input/L3/power"}, []string{"input/L1/power", "input/L2/power", "input/L3/power"}},
		"total over phases": {models.KindMeter, []string{"input/L1/power", "input/power"}, []string{"input/power"}},
		"UPS gives out":     {models.KindUPS, []string{"input/power", "output/power", "bypass/L1/power"}, []string{"output/power"}},
		"UPS by phase":      {models.KindUPS, []string{"input/L1/power", "output/L1/power", "output/L2/power"}, []string{"output/L1/power", "output/L2/power"}},
		"generator":         {models.KindGenerator, []string{"generator/L1/power", "generator/power"}, []string{"generator/power"}},
		"rated is not real": {models.KindUPS, []string{"output/rated-power"}, nil},
		"nothing fits":      {models.KindPDU, []string{"fan/1/power"}, nil},
	} {
		var points []*Point
		for _, k := range x.keys {
			points = append(points, &Point{Point: models.Point{Key: k, Class: string(quantity.Power)}})
		}
		var got []string
		for _, p := range totalPower(x.kind, points) {
			got = append(got, p.Key)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}

func TestOnBattery(t *testing.T) {
	states := map[int64]models.StateText{1: {Text: "normal"}, 2: {Text: "on battery"}, 3: {Text: "onBattery"}, 4: {Text: "battery normal"}, 5: {Text: "Battery"}}
	ups, pdu := &Device{Device: models.Device{Kind: models.KindUPS}}, &Device{Device: models.Device{Kind: models.KindPDU}}
	state := func(d *Device, component string) *Point {
		return &Point{Device: d, Point: models.Point{Key: component + "/x", Component: component, Class: string(quantity.State), States: states}}
	}
	alarm := &Point{Device: ups, Point: models.Point{Key: "alarm/on-battery", Class: string(quantity.Alarm)}}
	for _, x := range []struct {
		p     *Point
		value int64
		want  bool
	}{
		{state(ups, "output"), 1, false},
		{state(ups, "output"), 2, true},
		{state(ups, "output"), 3, true},
		{state(ups, "output"), 4, false},
		{state(ups, "output"), 5, true},
		{state(ups, "output"), 9, false},
		{state(ups, "battery"), 2, false},
		{state(pdu, "output"), 2, false},
		{alarm, 0, false},
		{alarm, 1, true},
	} {
		if got := x.p.OnBattery(x.value); got != x.want {
			t.Errorf("%s %d: %v", x.p.Key, x.value, got)
		}
	}
}

func TestCompareAndFold(t *testing.T) {
	names := []string{"A-10", "A-2", "B", "A-02", "A", "A-2b", "a"}
	slices.SortFunc(names, Compare)
	if want := []string{"A", "A-02", "A-2", "A-2b", "A-10", "B", "a"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if got := Fold("Phòng MÁY Đông, tầng 2"); got != "phong may dong, tang 2" {
		t.Errorf("%q", got)
	}
}

// On both databases the index follows the model, and readers never see half of it.
func TestReader(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		r, err := NewReader(g)
		if err != nil {
			t.Fatal(err)
		}
		x, err := r.Index(t.Context())
		if err != nil || x.Len() != 0 {
			t.Fatalf("empty model: %v", err)
		}
		site := models.Site{Name: "S", Status: models.StatusActive, Record: models.Record{Version: 1}}
		room := models.Location{Name: "R", Kind: models.Room, Status: models.StatusActive, Record: models.Record{Version: 1}}
		create(t, g, &site)
		room.SiteID = site.ID
		create(t, g, &room)
		rack := models.Rack{SiteID: site.ID, LocationID: room.ID, Name: "A1", Status: models.StatusActive, UHeight: 42, Record: models.Record{Version: 1}}
		create(t, g, &rack)
		dev := models.Device{Name: "P", Kind: models.KindPDU, Status: models.StatusActive, Generation: 1, Position: models.Position{SiteID: site.ID, LocationID: &room.ID, RackID: &rack.ID}, Record: models.Record{Version: 1}}
		create(t, g, &dev)
		for _, p := range []models.Point{
			{Key: "inlet/1/power", Class: "power", Component: "inlet/1"},
			{Key: "outlet/1/power", Class: "power", Component: "outlet/1"},
			{Key: "sensor/1/temperature", Class: "temperature", Role: models.RoleRackInlet},
			{Key: "status", Class: "state", States: map[int64]models.StateText{1: {Text: "ok", Severity: models.SeverityOK}}},
		} {
			p.DeviceID, p.Generation = dev.ID, 1
			create(t, g, &p)
		}
		r.Invalidate()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := r.Index(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if x, err = r.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
		d := x.Device(dev.ID)
		if d == nil || len(d.Power) != 1 || len(d.States) != 1 || d.States[0].States[1].Text != "ok" || len(d.Rack.Inlets) != 1 || len(d.Rack.Power()) != 1 {
			t.Fatalf("device %+v", d)
		}
		if p := d.Place(); len(p) != 3 || p[2].Name != "A1" || !d.Matches(Words("a1 p")) || d.Matches(Words("a1 q")) {
			t.Errorf("place %v", p)
		}
		// Nothing changed: the same index, whoever asks.
		r.Invalidate()
		if again, _ := r.Index(t.Context()); again != x {
			t.Error("built anew without a change")
		}
		if err := g.Model(&dev).Updates(map[string]any{"name": "Q", "version": 2}).Error; err != nil {
			t.Fatal(err)
		}
		r.Invalidate()
		again, err := r.Index(t.Context())
		if err != nil || again.Device(dev.ID).Name != "Q" || x.Device(dev.ID).Name != "P" {
			t.Errorf("change not seen, or an old index changed: %v", err)
		}
		// So do points that come, go and come back.
		stock, err := inventory.New(inventory.Options{DB: g, Audit: unwritten{}})
		if err != nil {
			t.Fatal(err)
		}
		specs := []models.PointSpec{
			{Key: "inlet/1/power", Class: "power", Component: "inlet/1"}, {Key: "inlet/2/power", Class: "power", Component: "inlet/2"},
		}
		system := access.System(t.Context(), "test")
		if err := stock.LoadCatalog(system); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{2, 1, 2, 0, 2} {
			if _, err := stock.RegisterPoints(system, dev.ID, specs[:n]); err != nil {
				t.Fatal(err)
			}
			r.Invalidate()
			if x, err := r.Index(t.Context()); err != nil || len(x.Device(dev.ID).Power) != n {
				t.Errorf("%d power points, the index has %d, %v", n, len(x.Device(dev.ID).Power), err)
			}
		}
	})
}

type unwritten struct{}

func (unwritten) Record(context.Context, *gorm.DB, models.AuditEvent) error { return nil }

func create(t *testing.T, g *gorm.DB, row any) {
	t.Helper()
	if err := g.Create(row).Error; err != nil {
		t.Fatal(err)
	}
}
