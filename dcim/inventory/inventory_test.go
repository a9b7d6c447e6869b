package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

type fixture struct {
	*inventory.Service
	lay  *layout.Service
	db   *gorm.DB
	ctx  context.Context
	site models.Site
	room models.Location

	mu      sync.Mutex
	changed []models.DeviceID
	gone    []models.PointID
}

func setUp(t testing.TB, g *gorm.DB) *fixture {
	t.Helper()
	f := &fixture{db: g, ctx: access.System(context.Background(), "test")}
	log, err := audit.New(audit.Options{DB: g})
	ok(t, err)
	f.lay, err = layout.New(layout.Options{DB: g, Audit: log})
	ok(t, err)
	f.Service, err = inventory.New(inventory.Options{DB: g, Audit: log, Changed: func(ids []models.DeviceID) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changed = append(f.changed, ids...)
	}, Gone: func(ids []models.PointID) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.gone = append(f.gone, ids...)
	}, Unwritable: func(context.Context, *gorm.DB, models.DeviceID, models.ControlCause) error { return nil }})
	ok(t, err)
	ok(t, f.LoadCatalog(f.ctx))
	f.site, err = f.lay.CreateSite(f.ctx, models.Site{Name: "S"})
	ok(t, err)
	f.room, err = f.lay.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, Name: "Hall", Kind: models.Room})
	ok(t, err)
	return f
}

func (f *fixture) device(t testing.TB, d models.Device) models.Device {
	t.Helper()
	d.SiteID = f.site.ID
	d, err := f.CreateDevice(f.ctx, d)
	ok(t, err)
	return d
}

func (f *fixture) takeChanged() []models.DeviceID {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.changed
	f.changed = nil
	return out
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

func (f *fixture) credential(t *testing.T, name, kind string) *uint64 {
	t.Helper()
	c := models.Credential{Name: name, Kind: kind, Secret: "sealed"}
	ok(t, f.db.Create(&c).Error)
	return &c.ID
}

func TestPolling(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		v2, v3 := f.credential(t, "v2", "snmp-community"), f.credential(t, "v3", "snmp-v3")
		missing := uint64(99)
		for name, p := range map[string]models.Polling{
			"no protocol":        {Enabled: true, Address: "10.0.0.1:161"},
			"no address":         {Enabled: true, Protocol: "modbus-tcp"},
			"unknown":            {Protocol: "carrier-pigeon", Address: "a:1"},
			"no port":            {Protocol: "modbus-tcp", Address: "10.0.0.1"},
			"serial as host":     {Protocol: "modbus-rtu", Address: "10.0.0.1:502"},
			"serial elsewhere":   {Protocol: "modbus-rtu", Address: "/etc/passwd"},
			"serial setting":     {Protocol: "modbus-rtu", Address: "/dev/ttyUSB0?speed=9600"},
			"port 0":             {Protocol: "modbus-tcp", Address: "10.0.0.1:0"},
			"big port":           {Protocol: "modbus-tcp", Address: "10.0.0.1:65536"},
			"no host":            {Protocol: "modbus-tcp", Address: ":502"},
			"URL":                {Protocol: "modbus-tcp", Address: "http://10.0.0.1:502"},
			"no IPv4 address":    {Protocol: "modbus-tcp", Address: "300.300.1.1:502"},
			"zone":               {Protocol: "modbus-tcp", Address: "[fe80::1%eth0]:502"},
			"no credential":      {Enabled: true, Protocol: "snmp-v2c", Address: "10.0.0.1:161"},
			"wrong credential":   {Enabled: true, Protocol: "snmp-v2c", Address: "10.0.0.1:161", CredentialID: v3},
			"useless credential": {Enabled: true, Protocol: "modbus-tcp", Address: "a:1", CredentialID: v2},
			"too slow":           {Protocol: "modbus-tcp", Address: "a:1", IntervalS: 100_000},
		} {
			_, err := f.CreateDevice(f.ctx, models.Device{Name: name, Position: models.Position{SiteID: f.site.ID}, Polling: p})
			is(t, name, err, fault.ErrInvalid)
		}
		_, err := f.CreateDevice(f.ctx, models.Device{Name: "x", Position: models.Position{SiteID: f.site.ID}, Polling: models.Polling{
			Enabled: true, Protocol: "snmp-v2c", Address: "10.0.0.1:161", CredentialID: &missing,
		}})
		is(t, "missing credential", err, fault.ErrNotFound)
		if got := f.takeChanged(); len(got) != 0 {
			t.Errorf("told of %v", got)
		}
		d := f.device(t, models.Device{Name: "pdu", Kind: models.KindPDU, Polling: models.Polling{
			Enabled: true, Protocol: "snmp-v2c", Address: "[2001:db8::1]:161", CredentialID: v2,
		}})
		f.device(t, models.Device{Name: "planned", Status: models.StatusPlanned, Polling: models.Polling{
			Enabled: true, Protocol: "modbus-tcp", Address: "gw.example:502", UnitID: 255,
		}})
		if got := f.takeChanged(); len(got) != 2 || got[0] != d.ID {
			t.Errorf("told of %v", got)
		}
		polled, err := f.Polled(f.ctx, nil)
		ok(t, err)
		if len(polled) != 1 || polled[0].ID != d.ID || polled[0].Protocol != "snmp-v2c" || *polled[0].CredentialID != *v2 {
			t.Errorf("%+v", polled)
		}
		d.Description = "only words"
		d, err = f.UpdateDevice(f.ctx, d)
		ok(t, err)
		if got := f.takeChanged(); len(got) != 0 {
			t.Errorf("told of %v after a change of words", got)
		}
		d.Address = "10.1.1.1:161"
		_, err = f.UpdateDevice(f.ctx, d)
		ok(t, err)
		ok(t, f.DeleteDevice(f.ctx, d.ID))
		if got := f.takeChanged(); !slices.Equal(got, []models.DeviceID{d.ID, d.ID}) {
			t.Errorf("told of %v", got)
		}
		_, err = f.Polled(access.With(f.ctx, access.Principal{Via: access.ViaSession, Role: access.Administrator}), nil)
		is(t, "targets for a person", err, access.ErrForbidden)
	})
}

func specs(n int) []models.PointSpec {
	high := 32.0
	out := make([]models.PointSpec, n)
	for i := range out {
		out[i] = models.PointSpec{
			Key: fmt.Sprintf("outlet/%d/current", i), Class: quantity.Current, Component: fmt.Sprintf("outlet/%d", i),
			Label: fmt.Sprintf("Outlet %d", i), Group: "fast", Source: "1.3.6.1", Limits: models.Limits{HighCritical: &high},
		}
		if i%5 == 0 {
			out[i].Key, out[i].Class = fmt.Sprintf("outlet/%d/state", i), quantity.State
			out[i].States = map[int64]models.StateText{1: {Text: "on", Severity: models.SeverityOK}, 2: {Text: "off", Severity: models.SeverityWarning}}
		}
	}
	return out
}

func TestRegisterPoints(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		d := f.device(t, models.Device{Name: "pdu", PointRoles: map[string]string{"outlet/1/current": models.RoleRackInlet}})
		other := f.device(t, models.Device{Name: "other"})
		list := specs(12)
		ids, err := f.RegisterPoints(f.ctx, d.ID, list)
		ok(t, err)
		if _, err := f.RegisterPoints(f.ctx, other.ID, list); err != nil {
			t.Fatal(err)
		}
		c := dbtest.Count(t, g)
		again, err := f.RegisterPoints(f.ctx, d.ID, list)
		ok(t, err)
		if !slices.Equal(ids, again) || c.Statements() != 0 {
			t.Errorf("ids %v and %v, %d statements", ids, again, c.Statements())
		}
		p, found := f.Catalog().Point(ids[1])
		if !found || p.Key != "outlet/1/current" || p.DeviceID != d.ID || p.Role != models.RoleRackInlet || *p.Limits.HighCritical != 32 {
			t.Errorf("%+v", p)
		}

		// One gone, one new, one with another label, one of another class.
		changed := specs(13)
		changed = slices.Delete(changed, 3, 4)
		changed[0].Label = "renamed\x00" + strings.Repeat("ü", 300)
		changed[1].Class = quantity.Power
		changed[2].Step = 0.1
		now, err := f.RegisterPoints(f.ctx, d.ID, changed)
		ok(t, err)
		if now[0] != ids[0] || now[1] == ids[1] || now[2] != ids[2] || now[3] != ids[4] || slices.Contains(ids, now[11]) {
			t.Errorf("ids %v, were %v", now, ids)
		}
		for _, gone := range []models.PointID{ids[1], ids[3]} {
			if p, found := f.Catalog().Point(gone); !found || p.RetiredAt == nil {
				t.Errorf("point %d is not retired: %+v", gone, p)
			}
		}
		if p, _ := f.Catalog().Key(d.ID, "outlet/1/current"); p == nil || p.Class != "power" || p.Role != models.RoleRackInlet {
			t.Errorf("%+v", p)
		}
		if p, found := f.Catalog().Point(now[2]); !found || p.Step != 0.1 {
			t.Errorf("one count of the device is 0.1: %+v", p)
		}
		if slices.Sort(f.gone); !slices.Equal(f.gone, []models.PointID{ids[1], ids[3]}) {
			t.Errorf("told that %v are gone", f.gone)
		}
		// What comes back has its old id.
		back, err := f.RegisterPoints(f.ctx, d.ID, list)
		ok(t, err)
		if !slices.Equal(back, ids) {
			t.Errorf("ids %v, were %v", back, ids)
		}
		// A catalogue loaded anew is the same.
		fresh, err := inventory.New(inventory.Options{DB: g, Audit: nopAudit{}})
		ok(t, err)
		ok(t, fresh.LoadCatalog(f.ctx))
		c.Reset()
		again, err = fresh.RegisterPoints(f.ctx, d.ID, list)
		ok(t, err)
		if !slices.Equal(again, ids) || c.Statements() != 0 {
			t.Errorf("after a restart: %v, %d statements", again, c.Statements())
		}
		points, devices := fresh.Catalog().Len()
		if points != 24 || devices != 2 {
			t.Errorf("%d points of %d devices", points, devices)
		}
		if p, found := fresh.Catalog().Point(now[1]); !found || p.RetiredAt == nil {
			t.Errorf("%+v", p)
		}
		if p, _ := fresh.Catalog().Point(ids[0]); p.States[2].Text != "off" {
			t.Errorf("%+v", p)
		}

		ok(t, f.SetPointRole(f.ctx, ids[2], models.RoleRoom))
		is(t, "unknown role", f.SetPointRole(f.ctx, ids[2], "king"), fault.ErrInvalid)
		is(t, "unknown point", f.SetPointRole(f.ctx, 9999, ""), fault.ErrNotFound)
		if got := f.Catalog().WithRole(models.RoleRoom, d.ID, other.ID); len(got) != 1 || got[d.ID][0].ID != ids[2] {
			t.Errorf("%v", got)
		}

		for name, bad := range map[string][]models.PointSpec{
			"twice": {list[0], list[0]}, "no key": {{Class: quantity.Power}}, "no class": {{Key: "x"}},
			"too many": make([]models.PointSpec, inventory.MaxPoints+1),
		} {
			_, err := f.RegisterPoints(f.ctx, d.ID, bad)
			is(t, name, err, fault.ErrInvalid)
		}
		_, err = f.RegisterPoints(f.ctx, 9999, list)
		is(t, "no device", err, fault.ErrNotFound)
		_, err = f.RegisterPoints(t.Context(), d.ID, list)
		is(t, "nobody", err, access.ErrUnauthenticated)

		ok(t, f.DeleteDevice(f.ctx, d.ID))
		if !slices.Contains(f.gone, ids[0]) {
			t.Error("not told that the points of a deleted device are gone")
		}
		if _, found := f.Catalog().Point(ids[0]); found || len(f.Catalog().Device(d.ID)) != 0 {
			t.Error("points of a deleted device are in the catalogue")
		}
		third := f.device(t, models.Device{Name: "third"})
		if third.ID <= other.ID {
			t.Errorf("id %d was used before", third.ID)
		}
		last, err := f.RegisterPoints(f.ctx, third.ID, list[:1])
		ok(t, err)
		if last[0] <= slices.Max(now) {
			t.Errorf("point id %d was used before", last[0])
		}
	})
}

type nopAudit struct{}

func (nopAudit) Record(context.Context, *gorm.DB, models.AuditEvent) error { return nil }

// A new installation registers its whole plant within the first poll.
func TestRegisterMany(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		devices, points := 60, 500
		if testing.Short() {
			devices = 5
		}
		list := specs(points)
		ids := make([]models.DeviceID, devices)
		for i := range ids {
			ids[i] = f.device(t, models.Device{Name: fmt.Sprintf("d%d", i)}).ID
		}
		c := dbtest.Count(t, g)
		begin := time.Now()
		var wg sync.WaitGroup
		for _, id := range ids {
			wg.Go(func() {
				got, err := f.RegisterPoints(f.ctx, id, list)
				if err != nil || len(got) != points {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		took := time.Since(begin)
		if n := c.Statements(); n != 4*devices {
			t.Errorf("%d statements for %d devices", n, devices)
		}
		t.Logf("%d points in %v: %.0f points/s", devices*points, took, float64(devices*points)/took.Seconds())
		begin = time.Now()
		ok(t, f.LoadCatalog(f.ctx))
		t.Logf("loaded in %v", time.Since(begin))
		if n, _ := f.Catalog().Len(); n != devices*points {
			t.Errorf("%d points in the catalogue", n)
		}
	})
}

func TestLearned(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		d := f.device(t, models.Device{Name: "ups"})
		facts := inventory.Learned{Profile: "ups-mib", Kind: models.KindUPS, Vendor: "Vendor", Model: "M1", Serial: "S1", MAC: "aa:bb", SysName: "Đông"}
		ok(t, f.UpdateLearned(f.ctx, d.ID, facts))
		c := dbtest.Count(t, g)
		ok(t, f.UpdateLearned(f.ctx, d.ID, facts))
		if c.Statements() != 1 {
			t.Errorf("%d statements for facts that are known", c.Statements())
		}
		ids, err := f.RegisterPoints(f.ctx, d.ID, specs(3))
		ok(t, err)
		got, err := f.Device(f.ctx, d.ID)
		ok(t, err)
		if got.Kind != models.KindUPS || got.Model != "M1" || got.LearnedAt == nil || got.Version != d.Version {
			t.Errorf("%+v", got)
		}
		// People's changes and the device's facts do not undo each other.
		mine := got.Device
		ok(t, f.UpdateLearned(f.ctx, d.ID, inventory.Learned{Firmware: "2.0"}))
		mine.Description = "new"
		_, err = f.UpdateDevice(f.ctx, mine)
		ok(t, err)
		got, err = f.Device(f.ctx, d.ID)
		ok(t, err)
		if got.Firmware != "2.0" || got.Description != "new" || got.SerialReported != "S1" {
			t.Errorf("%+v", got)
		}
		page, err := f.Devices(f.ctx, inventory.DeviceFilter{Search: "dong vendor"})
		ok(t, err)
		if page.Total != 1 {
			t.Error("not found by what the device says of itself")
		}

		facts.Serial = "S2"
		err = f.UpdateLearned(f.ctx, d.ID, facts)
		var ie *inventory.IdentityError
		if !errors.As(err, &ie) || ie.Known != "S1" || ie.Found != "S2" || !errors.Is(err, fault.ErrConflict) {
			t.Fatalf("another serial number: %v", err)
		}
		err = f.UpdateLearned(f.ctx, d.ID, facts)
		is(t, "again", err, fault.ErrConflict)
		var entries int64
		ok(t, g.Table("audit_entries").Where("action = ?", "identity-changed").Count(&entries).Error)
		if entries != 1 {
			t.Errorf("%d entries in the audit log", entries)
		}
		replaced, err := f.Devices(f.ctx, inventory.DeviceFilter{IdentityChanged: true})
		ok(t, err)
		if replaced.Total != 1 || replaced.Items[0].SerialReported != "S1" {
			t.Errorf("%+v", replaced)
		}
		// The old one answers again.
		facts.Serial = "s1"
		ok(t, f.UpdateLearned(f.ctx, d.ID, facts))
		conflicts := f.AcceptIdentity(f.ctx, d.ID)
		is(t, "accept the known one", conflicts, fault.ErrConflict)

		facts.Serial = "S3"
		is(t, "third", f.UpdateLearned(f.ctx, d.ID, facts), fault.ErrConflict)
		f.takeChanged()
		ok(t, f.AcceptIdentity(f.ctx, d.ID))
		if got := f.takeChanged(); len(got) != 1 {
			t.Errorf("told of %v", got)
		}
		ok(t, f.UpdateLearned(f.ctx, d.ID, facts))
		fresh, err := f.RegisterPoints(f.ctx, d.ID, specs(3))
		ok(t, err)
		for _, id := range fresh {
			if slices.Contains(ids, id) {
				t.Errorf("the new device writes into point %d of the old one", id)
			}
		}
		if p, _ := f.Catalog().Point(ids[0]); p == nil || p.RetiredAt == nil || p.Generation != 1 {
			t.Errorf("%+v", p)
		}
	})
}

// A device that tells no number of its own is another one when somebody else
// made it or it is another model.
func TestDevicesWithoutSerialNumber(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		known := inventory.Learned{Profile: "meter-a", Vendor: "Maker", Model: "M1", SysObjectID: "1.3.6.1.4.1.9.1", SysDescr: "M1 v1"}
		bus := inventory.Learned{Profile: "meter-a", Vendor: "Maker", Model: "M1"}
		for name, x := range map[string]struct {
			known inventory.Learned
			edit  func(l *inventory.Learned)
			other bool
		}{
			"the same":               {known, func(*inventory.Learned) {}, false},
			"new firmware":           {known, func(l *inventory.Learned) { l.SysDescr, l.Firmware = "M1 v2", "v2" }, false},
			"another model":          {known, func(l *inventory.Learned) { l.SysDescr, l.Model = "M2 v1", "M2" }, true},
			"another maker":          {known, func(l *inventory.Learned) { l.SysObjectID, l.Vendor = "1.3.6.1.4.1.8.1", "Other" }, true},
			"profile edited":         {known, func(l *inventory.Learned) { l.Model = "M 1" }, false},
			"model not told":         {known, func(l *inventory.Learned) { l.SysDescr, l.Model = "", "" }, false},
			"another on the bus":     {bus, func(l *inventory.Learned) { l.Model = "M2" }, true},
			"profile chosen anew":    {bus, func(l *inventory.Learned) { l.Profile, l.Vendor = "meter-b", "Other" }, false},
			"serial number is equal": {inventory.Learned{Vendor: "Maker", Model: "M1", Serial: "1"}, func(l *inventory.Learned) { l.Model = "M2" }, false},
			"MAC address is equal":   {inventory.Learned{Vendor: "Maker", Model: "M1", MAC: "a"}, func(l *inventory.Learned) { l.Model = "M2" }, false},
		} {
			d := f.device(t, models.Device{Name: name})
			ok(t, f.UpdateLearned(f.ctx, d.ID, x.known))
			l := x.known
			x.edit(&l)
			if err := f.UpdateLearned(f.ctx, d.ID, l); errors.Is(err, fault.ErrConflict) != x.other || !x.other && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestDeviceList(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		zone, err := f.lay.CreateLocation(f.ctx, models.Location{SiteID: f.site.ID, ParentID: &f.room.ID, Name: "Cage", Kind: models.Zone})
		ok(t, err)
		rack, err := f.lay.CreateRack(f.ctx, models.Rack{LocationID: zone.ID, Name: "K", UHeight: 42})
		ok(t, err)
		u := 4.5
		for _, d := range []models.Device{
			{Name: "PDU Đà Nẵng", Kind: models.KindPDU, AssetTag: "T1", Position: models.Position{RackID: &rack.ID, PositionU: &u, Face: models.Rear}},
			{Name: "crah-1", Kind: models.KindCooling, Status: models.StatusMaintenance, Position: models.Position{LocationID: &f.room.ID}},
			{Name: "meter_1", Kind: models.KindMeter, Polling: models.Polling{Enabled: true, Protocol: "modbus-tcp", Address: "10.0.0.9:502", Profile: "em"}},
		} {
			f.device(t, d)
		}
		ok(t, g.Model(&models.Device{}).Where("name = ?", "crah-1").Update("profile_matched", "cool").Error)
		yes := true
		for name, c := range map[string]struct {
			f    inventory.DeviceFilter
			want string
		}{
			"all":         {inventory.DeviceFilter{}, "PDU Đà Nẵng,crah-1,meter_1"},
			"diacritics":  {inventory.DeviceFilter{Search: "da nang"}, "PDU Đà Nẵng"},
			"with them":   {inventory.DeviceFilter{Search: "ĐÀ"}, "PDU Đà Nẵng"},
			"underscore":  {inventory.DeviceFilter{Search: "r_1"}, "meter_1"},
			"address":     {inventory.DeviceFilter{Search: "10.0.0.9"}, "meter_1"},
			"beneath":     {inventory.DeviceFilter{LocationID: f.room.ID}, "PDU Đà Nẵng,crah-1"},
			"cage":        {inventory.DeviceFilter{LocationID: zone.ID}, "PDU Đà Nẵng"},
			"rack":        {inventory.DeviceFilter{RackID: rack.ID}, "PDU Đà Nẵng"},
			"kinds":       {inventory.DeviceFilter{Kinds: []models.Kind{models.KindMeter, models.KindCooling}, Sort: "-name"}, "meter_1,crah-1"},
			"status":      {inventory.DeviceFilter{Statuses: []models.Status{models.StatusMaintenance}}, "crah-1"},
			"profile":     {inventory.DeviceFilter{Profile: "cool"}, "crah-1"},
			"override":    {inventory.DeviceFilter{Profile: "em"}, "meter_1"},
			"polled":      {inventory.DeviceFilter{Polled: &yes}, "meter_1"},
			"protocol":    {inventory.DeviceFilter{Protocol: "modbus-tcp"}, "meter_1"},
			"no protocol": {inventory.DeviceFilter{Protocol: "none", Sort: "-kind"}, "PDU Đà Nẵng,crah-1"},
			"ids":         {inventory.DeviceFilter{IDs: []models.DeviceID{2}}, "crah-1"},
			"no ids":      {inventory.DeviceFilter{IDs: []models.DeviceID{}}, ""},
			"second page": {inventory.DeviceFilter{Limit: 1, Offset: 1}, "crah-1"},
			"elsewhere":   {inventory.DeviceFilter{SiteID: 99}, ""},
		} {
			p, err := f.Devices(f.ctx, c.f)
			ok(t, err)
			names := make([]string, len(p.Items))
			for i, d := range p.Items {
				names[i] = d.Name
			}
			if got := strings.Join(names, ","); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
			if c.f.Limit == 0 && p.Total != int64(len(p.Items)) || c.f.Limit > 0 && p.Total != 3 {
				t.Errorf("%s: total %d", name, p.Total)
			}
		}
		d, err := f.Device(f.ctx, 1)
		ok(t, err)
		if d.RackName != "K" || d.LocationName != "Cage" || d.SiteName != "S" {
			t.Errorf("%+v", d)
		}
		_, err = f.Devices(f.ctx, inventory.DeviceFilter{Sort: "1; DELETE FROM devices"})
		is(t, "sort", err, fault.ErrInvalid)
		_, err = f.CreateDevice(f.ctx, models.Device{Name: "crah-1", Position: models.Position{SiteID: f.site.ID}})
		is(t, "name", err, fault.ErrConflict)
		_, err = f.CreateDevice(f.ctx, models.Device{Name: "tag", AssetTag: "T1", Position: models.Position{SiteID: f.site.ID}})
		var c *fault.ConflictError
		if !errors.As(err, &c) || c.Field != "asset_tag" {
			t.Errorf("asset tag: %v", err)
		}
		n, err := f.Counts(f.ctx)
		ok(t, err)
		if n.Devices != 3 || n.Polled != 1 || n.ByKind[models.KindPDU] != 1 || n.Racks != 1 || n.Locations != 2 || n.Sites != 1 {
			t.Errorf("%+v", n)
		}
	})
}

func TestTypes(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		m, err := f.CreateManufacturer(f.ctx, models.Manufacturer{Name: "Maker"})
		ok(t, err)
		_, err = f.CreateManufacturer(f.ctx, models.Manufacturer{Name: "Maker"})
		is(t, "twice", err, fault.ErrConflict)
		for name, bad := range map[string]models.DeviceType{
			"third": {Model: "x", UHeight: 1.3}, "negative": {Model: "x", UHeight: -1}, "kind": {Model: "x", Kind: "robot"}, "no model": {},
			"no maker": {Model: "x", ManufacturerID: 99},
		} {
			if bad.ManufacturerID == 0 {
				bad.ManufacturerID = m.ID
			}
			_, err := f.CreateDeviceType(f.ctx, bad)
			is(t, name, err, fault.ErrInvalid)
		}
		dt, err := f.CreateDeviceType(f.ctx, models.DeviceType{ManufacturerID: m.ID, Model: "T", UHeight: 1.5})
		ok(t, err)
		_, err = f.CreateDeviceType(f.ctx, models.DeviceType{ManufacturerID: m.ID, Model: "T", UHeight: 1})
		var c *fault.ConflictError
		if !errors.As(err, &c) || c.Field != "model" {
			t.Errorf("twice: %v", err)
		}
		is(t, "maker in use", f.DeleteManufacturer(f.ctx, m.ID), fault.ErrConflict)
		dt.WeightKg = 12
		dt, err = f.UpdateDeviceType(f.ctx, dt)
		ok(t, err)
		dt.Version = 1
		_, err = f.UpdateDeviceType(f.ctx, dt)
		is(t, "old version", err, fault.ErrConflict)
		ok(t, f.DeleteDeviceType(f.ctx, dt.ID))
		ok(t, f.DeleteManufacturer(f.ctx, m.ID))
		is(t, "gone", f.DeleteManufacturer(f.ctx, m.ID), fault.ErrNotFound)

		first, err := f.SeenCollector(f.ctx, "local", "1.0", false)
		ok(t, err)
		second, err := f.SeenCollector(f.ctx, "local", "1.1", false)
		ok(t, err)
		if first.ID != second.ID || second.Software != "1.1" || second.LastSeenAt == nil {
			t.Errorf("%+v, %+v", first, second)
		}
		f.device(t, models.Device{Name: "d", Polling: models.Polling{CollectorID: &first.ID}})
		is(t, "collector in use", f.DeleteCollector(f.ctx, first.ID), fault.ErrConflict)
	})
}
