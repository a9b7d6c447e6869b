package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/discovery"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

type fixture struct {
	*discovery.Service
	t     *testing.T
	db    *gorm.DB
	stock *inventory.Service
	lay   *layout.Service
	// eng is an engineer, sys the program.
	eng, sys  context.Context
	site      uint64
	community uint64
	users     uint64
}

// plan takes "none" for addresses that are not allowed and "bad" for nonsense.
func plan(ranges []string, _ string) (discovery.Plan, error) {
	switch ranges[0] {
	case "bad":
		return discovery.Plan{}, fault.Invalid("ranges", "format", "is nonsense")
	case "none":
		return discovery.Plan{Skipped: 4}, nil
	}
	return discovery.Plan{Addresses: 254, Skipped: 1}, nil
}

func as(t *testing.T, role access.Role, scope ...uint64) context.Context {
	return access.With(t.Context(), access.Principal{UserID: 1, Name: "eva", Role: role, Via: access.ViaSession, Scope: scope})
}

func setUp(t *testing.T, g *gorm.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, db: g, eng: as(t, access.Engineer), sys: access.System(t.Context(), "schedule")}
	log, err := audit.New(audit.Options{DB: g})
	f.ok(err)
	f.lay, err = layout.New(layout.Options{DB: g, Audit: log})
	f.ok(err)
	f.stock, err = inventory.New(inventory.Options{DB: g, Audit: log})
	f.ok(err)
	f.ok(f.stock.LoadCatalog(f.sys))
	f.Service, err = discovery.New(discovery.Options{DB: g, Audit: log, Devices: f.stock, Plan: plan})
	f.ok(err)
	site, err := f.lay.CreateSite(f.sys, models.Site{Name: "S"})
	f.ok(err)
	f.site = site.ID
	for i, kind := range []string{"snmp-community", "snmp-v3"} {
		c := models.Credential{Name: kind, Kind: kind, Secret: "sealed"}
		f.ok(g.Create(&c).Error)
		*[]*uint64{&f.community, &f.users}[i] = c.ID
	}
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) is(what string, err, want error) {
	f.t.Helper()
	if !errors.Is(err, want) {
		f.t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func (f *fixture) newRange() models.DiscoveryRange {
	return models.DiscoveryRange{SiteID: f.site, Name: "Hall 1", Ranges: []string{"10.0.0.0/24"}, Credentials: []uint64{f.users, f.community}, Enabled: true}
}

func (f *fixture) makeRange() models.DiscoveryRange {
	f.t.Helper()
	r, err := f.CreateRange(f.eng, f.newRange())
	f.ok(err)
	return r
}

// answer is a PDU that answered at the address.
func (f *fixture) answer(n int) models.DiscoveryFinding {
	points := 40
	return models.DiscoveryFinding{
		Address: fmt.Sprintf("10.0.0.%d:161", n), Protocol: "snmp-v2c", CredentialID: &f.community, Vendor: "Maker", Model: "M1", Serial: fmt.Sprintf("SN-%04d", n),
		SysName: fmt.Sprintf("pdu-%d", n), Kind: models.KindPDU, Profile: "maker-pdu", Confidence: "high", Points: &points, Others: []string{"ups-mib"},
	}
}

// scan does a whole scan in which these answer.
func (f *fixture) scan(id uint64, answers ...models.DiscoveryFinding) models.DiscoveryRun {
	f.t.Helper()
	run, _, err := f.Begin(f.eng, id)
	f.ok(err)
	for _, a := range answers {
		f.ok(f.Found(f.sys, run, a))
	}
	run, err = f.End(f.sys, run.ID, discovery.Outcome{
		State: models.RunDone, Done: 254, Found: len(answers), Asked: func(x models.DiscoveryFinding) bool { return strings.HasPrefix(x.Address, "10.0.0.") },
	})
	f.ok(err)
	return run
}

// states are the findings by address with their states.
func (f *fixture) states() string {
	f.t.Helper()
	page, err := f.Findings(f.eng, discovery.FindingFilter{})
	f.ok(err)
	var out []string
	for _, x := range page.Items {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(x.Address, "10.0.0."), ":161")+" "+string(x.State))
	}
	return strings.Join(out, ", ")
}

func (f *fixture) find(address string) discovery.FindingSummary {
	f.t.Helper()
	page, err := f.Findings(f.eng, discovery.FindingFilter{Search: address})
	f.ok(err)
	for _, x := range page.Items {
		if strings.HasPrefix(x.Address, address+":") {
			return x
		}
	}
	f.t.Fatalf("no finding at %s", address)
	return discovery.FindingSummary{}
}

func TestRanges(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		for field, change := range map[string]func(*models.DiscoveryRange){
			"name":        func(r *models.DiscoveryRange) { r.Name = " " },
			"ranges":      func(r *models.DiscoveryRange) { r.Ranges = []string{" "} },
			"rate":        func(r *models.DiscoveryRange) { r.Rate = 2000 },
			"interval_h":  func(r *models.DiscoveryRange) { r.IntervalH = -1 },
			"credentials": func(r *models.DiscoveryRange) { r.Credentials = nil },
		} {
			r := f.newRange()
			change(&r)
			_, err := f.CreateRange(f.eng, r)
			var inv *fault.InvalidError
			if !errors.As(err, &inv) || inv.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for what, ranges := range map[string]string{"nonsense": "bad", "not allowed": "none"} {
			r := f.newRange()
			r.Ranges = []string{ranges}
			_, err := f.CreateRange(f.eng, r)
			f.is(what, err, fault.ErrInvalid)
		}
		bad := f.newRange()
		bad.Credentials = []uint64{999}
		_, err := f.CreateRange(f.eng, bad)
		f.is("unknown credential", err, fault.ErrInvalid)

		r := f.makeRange()
		_, err = f.CreateRange(f.eng, f.newRange())
		f.is("same name", err, fault.ErrConflict)
		got, err := f.Range(f.eng, r.ID)
		f.ok(err)
		if got.SNMPPort != 161 || got.ModbusPort != 502 || got.Rate != 50 || got.SiteName != "S" || got.Last != nil || got.Next != nil ||
			!slices.Equal(got.CredentialNames, []string{"snmp-v3", "snmp-community"}) {
			t.Errorf("range %+v", got)
		}
		// Who may not see credentials does not learn which are tried.
		got, err = f.Range(as(t, access.Viewer), r.ID)
		if err != nil || len(got.CredentialNames)+len(got.Credentials) != 0 {
			t.Errorf("viewer: %+v, %v", got, err)
		}
		r.Credentials, r.Units, r.IntervalH = []uint64{f.community}, "1-10", 24
		stale := r
		r, err = f.UpdateRange(f.eng, r)
		f.ok(err)
		_, err = f.UpdateRange(f.eng, stale)
		f.is("stale", err, fault.ErrConflict)
		got, err = f.Range(f.eng, r.ID)
		if err != nil || got.Units != "1-10" || got.Next == nil || !slices.Equal(got.Credentials, []uint64{f.community}) {
			t.Errorf("range %+v, %v", got, err)
		}
		f.is("site in use", f.lay.DeleteSite(f.sys, f.site), fault.ErrConflict)
		f.ok(f.DeleteRange(f.eng, r.ID))
		_, err = f.Range(f.eng, r.ID)
		f.is("deleted", err, fault.ErrNotFound)
		var actions []string
		f.ok(g.Table("audit_entries").Where("object_type = ?", "discovery range").Order("seq").Pluck("action", &actions).Error)
		if !slices.Equal(actions, []string{"create", "update", "delete"}) {
			t.Errorf("audit log: %v", actions)
		}
	})
}

func TestAccess(t *testing.T) {
	f := setUp(t, dbtest.SQLite(t))
	r := f.makeRange()
	f.scan(r.ID, f.answer(1))
	finding := f.find("10.0.0.1").ID
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Planner} {
		ctx := as(t, role)
		_, err := f.CreateRange(ctx, f.newRange())
		f.is("create", err, access.ErrForbidden)
		_, err = f.UpdateRange(ctx, r)
		f.is("update", err, access.ErrForbidden)
		f.is("delete", f.DeleteRange(ctx, r.ID), access.ErrForbidden)
		_, _, err = f.Begin(ctx, r.ID)
		f.is("begin", err, access.ErrForbidden)
		f.is("mark", f.Mark(ctx, []uint64{finding}, discovery.Ignore), access.ErrForbidden)
		_, err = f.Adopt(ctx, discovery.Adoption{Findings: []uint64{finding}, Pattern: "{name}"})
		f.is("adopt", err, access.ErrForbidden)
		page, err := f.Findings(ctx, discovery.FindingFilter{})
		if err != nil || len(page.Items) != 1 || page.Items[0].CredentialName != "" || page.Items[0].CredentialID != nil {
			t.Errorf("%s reads %+v, %v", role, page, err)
		}
	}
	// Only the program itself scans.
	run := models.DiscoveryRun{ID: 1, RangeID: r.ID}
	f.is("found", f.Found(f.eng, run, f.answer(2)), access.ErrForbidden)
	f.is("progress", f.Progress(f.eng, 1, 1, 1, 0), access.ErrForbidden)
	_, err := f.End(f.eng, 1, discovery.Outcome{})
	f.is("end", err, access.ErrForbidden)
	_, err = f.Interrupt(f.eng)
	f.is("interrupt", err, access.ErrForbidden)
	_, err = f.Due(f.eng, time.Now())
	f.is("due", err, access.ErrForbidden)

	// An engineer of another site sees and decides nothing.
	far := as(t, access.Engineer, f.site+1)
	page, err := f.Findings(far, discovery.FindingFilter{})
	if err != nil || len(page.Items) != 0 || page.Total != 0 || len(page.Counts) != 0 {
		t.Errorf("foreign engineer sees %+v, %v", page, err)
	}
	list, err := f.Ranges(far)
	if err != nil || len(list) != 0 {
		t.Errorf("foreign engineer sees %+v, %v", list, err)
	}
	f.is("foreign mark", f.Mark(far, []uint64{finding}, discovery.Ignore), fault.ErrNotFound)
	// Nor learns that it is there.
	running, _, err := f.Begin(f.eng, r.ID)
	f.ok(err)
	probes := map[string]func(id uint64) error{
		"begin":  func(id uint64) error { _, _, err := f.Begin(far, id); return err },
		"range":  func(id uint64) error { _, err := f.Range(far, id); return err },
		"runs":   func(id uint64) error { _, err := f.Runs(far, id); return err },
		"delete": func(id uint64) error { return f.DeleteRange(far, id) },
		"update": func(id uint64) error { x := r; x.ID = id; _, err := f.UpdateRange(far, x); return err },
	}
	for name, probe := range probes {
		there, missing := probe(r.ID), probe(r.ID+1000)
		f.is("foreign "+name, there, fault.ErrNotFound)
		if want := strings.ReplaceAll(missing.Error(), fmt.Sprint(r.ID+1000), fmt.Sprint(r.ID)); there.Error() != want {
			t.Errorf("foreign %s: %q, of a range that is not there %q", name, there, want)
		}
	}
	_, err = f.Cancellable(far, running.ID)
	f.is("foreign cancel", err, fault.ErrNotFound)
	if _, missing := f.Cancellable(far, running.ID+1000); err.Error() != strings.ReplaceAll(missing.Error(), fmt.Sprint(running.ID+1000), fmt.Sprint(running.ID)) {
		t.Errorf("foreign cancel: %q, of a scan that is not there %q", err, missing)
	}
	// One who sees the site but may not scan it is told so.
	_, err = f.Cancellable(as(t, access.Viewer, f.site), running.ID)
	f.is("cancel of a viewer", err, access.ErrForbidden)
	// One of this site may not send the secrets of others to addresses he names.
	near := as(t, access.Engineer, f.site)
	x := f.newRange()
	x.Name = "mine"
	_, err = f.CreateRange(near, x)
	f.is("credentials", err, access.ErrForbidden)
	x.Credentials, x.Units = nil, "1"
	_, err = f.CreateRange(near, x)
	f.ok(err)
	r.Credentials = nil
	r.Units = "1"
	_, err = f.UpdateRange(near, r)
	f.is("others' credentials", err, access.ErrForbidden)
}

func TestRescan(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		r := f.makeRange()
		one, two, ten := f.answer(1), f.answer(2), f.answer(10)
		elsewhere := f.answer(3)
		elsewhere.Address = "10.9.9.9:161"
		run := f.scan(r.ID, ten, one, two, elsewhere)
		if *run.New != 4 || *run.Changed != 0 || *run.Gone != 0 || run.Addresses != 254 || run.Skipped != 1 || run.Actor != "eva" || run.EndedAt == nil {
			t.Errorf("first scan %+v", run)
		}
		if s := f.states(); s != "1 new, 2 new, 10 new, 10.9.9.9 new" {
			t.Error(s)
		}
		// Nothing differs; one tells less than before, which is no change.
		quiet := two
		quiet.Model, quiet.Serial, quiet.Firmware = "", "", "1.0"
		run = f.scan(r.ID, one, quiet, ten, elsewhere)
		if *run.New != 0 || *run.Changed != 0 || *run.Gone != 0 {
			t.Errorf("second scan %+v", run)
		}
		if x := f.find("10.0.0.2"); x.Model != "M1" || x.Firmware != "1.0" || !x.LastSeenAt.After(x.FirstSeenAt) && !x.LastSeenAt.Equal(x.FirstSeenAt) {
			t.Errorf("finding %+v", x)
		}
		// Another device at one address, another profile at the next, silence
		// at the third; what was not asked for is not gone.
		other := one
		other.Serial, other.Profile = "SN-9999", "other-pdu"
		refused := models.DiscoveryFinding{Address: two.Address, Protocol: "snmp-v3", Confidence: "none", Problem: "credentials refused"}
		run = f.scan(r.ID, other, refused)
		if *run.New != 0 || *run.Changed != 1 || *run.Gone != 1 {
			t.Errorf("third scan: new %d, changed %d, gone %d", *run.New, *run.Changed, *run.Gone)
		}
		if s := f.states(); s != "1 changed, 2 new, 10 gone, 10.9.9.9 new" {
			t.Error(s)
		}
		want := []models.FindingChange{{Field: "serial", From: "SN-0001", To: "SN-9999"}, {Field: "profile", From: "maker-pdu", To: "other-pdu"}}
		if x := f.find("10.0.0.1"); !slices.Equal(x.Changes, want) {
			t.Errorf("changes %+v", x.Changes)
		}
		if x := f.find("10.0.0.2"); x.Problem == "" || x.Profile != "maker-pdu" || x.CredentialID != nil || *x.Points != 40 {
			t.Errorf("refused: %+v", x)
		}
		// A change stays until it was seen, unless all is again as it was.
		f.scan(r.ID, other, two, ten)
		if s := f.states(); s != "1 changed, 2 new, 10 new, 10.9.9.9 new" {
			t.Error(s)
		}
		f.ok(f.Mark(f.eng, []uint64{f.find("10.0.0.1").ID}, discovery.Accept))
		f.scan(r.ID, one, two, ten)
		if x := f.find("10.0.0.1"); x.State != models.FindingChanged || x.Changes[0].From != "SN-9999" {
			t.Errorf("changed back after it was accepted: %+v", x)
		}
		f.scan(r.ID, other, two, ten)
		if s := f.states(); s != "1 new, 2 new, 10 new, 10.9.9.9 new" {
			t.Error(s)
		}
		ids := []uint64{f.find("10.0.0.1").ID, f.find("10.0.0.2").ID}
		f.ok(f.Mark(f.eng, ids, discovery.Ignore))
		run = f.scan(r.ID, one)
		if s := f.states(); s != "1 ignored, 2 ignored, 10 gone, 10.9.9.9 new" || *run.Gone != 1 || *run.Changed != 0 {
			t.Error(s, *run.Gone, *run.Changed)
		}
		f.ok(f.Mark(f.eng, ids, discovery.Restore))
		if s := f.states(); s != "1 changed, 2 gone, 10 gone, 10.9.9.9 new" {
			t.Error(s)
		}
		page, err := f.Findings(f.eng, discovery.FindingFilter{States: []models.FindingState{models.FindingGone}, Limit: 1})
		if err != nil || page.Total != 2 || len(page.Items) != 1 || page.Counts[models.FindingNew] != 1 || page.Counts[models.FindingGone] != 2 {
			t.Errorf("page %+v, %v", page, err)
		}
		f.is("no such finding", f.Mark(f.eng, []uint64{9999}, discovery.Ignore), fault.ErrNotFound)
		f.is("no such mark", f.Mark(f.eng, ids, "burn"), fault.ErrInvalid)
		list, err := f.Ranges(f.eng)
		if err != nil || list[0].Last == nil || list[0].Counts[models.FindingGone] != 2 {
			t.Errorf("ranges %+v, %v", list, err)
		}
	})
}

// TestAnotherDeviceAtTheAddress: nothing of the one before is kept, and all that
// differs is told.
func TestAnotherDeviceAtTheAddress(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		r := f.makeRange()
		first := f.answer(1)
		first.Firmware, first.MAC, first.SysObjectID, first.SysDescr = "1.0", "00:00:5e:00:53:01", "1.3.6.1.4.1.99999.1", "First"
		second := models.DiscoveryFinding{
			Address: first.Address, Protocol: first.Protocol, CredentialID: first.CredentialID, Vendor: "Other", Model: "X2", SysObjectID: "1.3.6.1.4.1.99998.7",
			Confidence: "none", Problem: "no device profile matches",
		}
		f.scan(r.ID, first)
		run := f.scan(r.ID, second)
		if *run.Changed != 1 || *run.New != 0 {
			t.Errorf("scan: changed %d, new %d", *run.Changed, *run.New)
		}
		x := f.find("10.0.0.1")
		if x.State != models.FindingChanged || x.Vendor != "Other" || x.Model != "X2" || x.Serial+x.Firmware+x.MAC+x.SysDescr+x.Profile != "" || x.Points != nil {
			t.Errorf("finding %+v", x.DiscoveryFinding)
		}
		fields := map[string]string{}
		for _, c := range x.Changes {
			fields[c.Field] = c.To
		}
		for field, to := range map[string]string{"vendor": "Other", "model": "X2", "serial": "", "firmware": "", "mac": "", "object-id": "1.3.6.1.4.1.99998.7", "profile": ""} {
			if got, ok := fields[field]; !ok || got != to {
				t.Errorf("change of %s: %q, %v", field, got, ok)
			}
		}
		// A firmware that calls the model otherwise does not make another device.
		f.ok(f.Mark(f.eng, []uint64{x.ID}, discovery.Accept))
		third := f.answer(1)
		f.scan(r.ID, third)
		f.ok(f.Mark(f.eng, []uint64{x.ID}, discovery.Accept))
		renamed := third
		renamed.Model, renamed.MAC = "M1 rev B", ""
		third.MAC = "00:00:5e:00:53:02"
		f.scan(r.ID, third)
		f.scan(r.ID, renamed)
		if x := f.find("10.0.0.1"); x.Model != "M1 rev B" || x.MAC != third.MAC {
			t.Errorf("renamed: %+v", x.DiscoveryFinding)
		}
		// A device that is polled there and said another serial number.
		polled, err := f.stock.CreateDevice(f.eng, models.Device{
			Name: "polled", Position: models.Position{SiteID: f.site}, Polling: models.Polling{Address: "10.0.0.6:161", Protocol: "snmp-v2c", CredentialID: &f.community},
		})
		f.ok(err)
		f.ok(f.stock.UpdateLearned(f.sys, polled.ID, inventory.Learned{Vendor: "Maker", Model: "M1", Serial: "SN-OLD"}))
		f.scan(r.ID, f.answer(6))
		want := []models.FindingChange{{Field: "serial", From: "SN-OLD", To: "SN-0006"}}
		if x := f.find("10.0.0.6"); x.State != models.FindingChanged || x.DeviceName != "polled" || !slices.Equal(x.Changes, want) {
			t.Errorf("beside a polled device: %s %+v", x.State, x.DiscoveryFinding)
		}
	})
}

func TestRuns(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		r := f.makeRange()
		run, with, err := f.Begin(f.eng, r.ID)
		if err != nil || !slices.Equal(with.Credentials, []uint64{f.users, f.community}) {
			t.Fatal(with, err)
		}
		_, _, err = f.Begin(f.eng, r.ID)
		f.is("second scan", err, fault.ErrConflict)
		f.is("delete while it runs", f.DeleteRange(f.eng, r.ID), fault.ErrConflict)
		f.ok(f.Progress(f.sys, run.ID, 100, 3, 7*time.Second))
		list, err := f.Runs(as(t, access.Viewer), r.ID)
		if err != nil || list[0].Done != 100 || list[0].Found != 3 || *list[0].LeftMS != 7000 || list[0].New != nil {
			t.Errorf("progress %+v, %v", list, err)
		}
		if c, err := f.Cancellable(f.eng, run.ID); err != nil || c.RangeID != r.ID {
			t.Error(c, err)
		}
		// The program ends; the next one says so.
		n, err := f.Interrupt(f.sys)
		list, lerr := f.Runs(f.eng, r.ID)
		if n != 1 || err != nil || lerr != nil || list[0].State != models.RunInterrupted || list[0].EndedAt == nil || list[0].Done != 100 || list[0].LeftMS != nil {
			t.Errorf("interrupted: %d, %+v, %v, %v", n, list, err, lerr)
		}
		_, err = f.Cancellable(f.eng, run.ID)
		f.is("cancel what has ended", err, fault.ErrConflict)
		_, err = f.End(f.sys, run.ID, discovery.Outcome{State: models.RunDone})
		f.is("end twice", err, fault.ErrConflict)

		// A scan that did not come to its end tells nothing of what is gone.
		f.scan(r.ID, f.answer(1))
		run, _, err = f.Begin(f.eng, r.ID)
		f.ok(err)
		run, err = f.End(f.sys, run.ID, discovery.Outcome{State: models.RunCancelled, By: "eva", Asked: func(models.DiscoveryFinding) bool { return true }})
		if err != nil || run.Gone != nil || f.states() != "1 new" {
			t.Errorf("cancelled: %+v, %v, %s", run, err, f.states())
		}
		for range 60 {
			f.scan(r.ID)
		}
		if list, err = f.Runs(f.eng, r.ID); err != nil || len(list) != 50 {
			t.Errorf("%d scans kept, %v", len(list), err)
		}
		var n64 int64
		if err := g.Table("discovery_runs").Count(&n64).Error; err != nil || n64 != 50 {
			t.Errorf("%d rows, %v", n64, err)
		}
		r.Enabled = false
		_, err = f.UpdateRange(f.eng, r)
		f.ok(err)
		_, _, err = f.Begin(f.eng, r.ID)
		f.is("disabled", err, fault.ErrConflict)
	})
}

func TestDue(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		r := f.makeRange()
		due := func(in time.Duration) int {
			t.Helper()
			ids, err := f.Due(f.sys, time.Now().Add(in))
			f.ok(err)
			return len(ids)
		}
		if n := due(1000 * time.Hour); n != 0 {
			t.Error("without a schedule:", n)
		}
		r.IntervalH = 24
		r, err := f.UpdateRange(f.eng, r)
		f.ok(err)
		if n := due(time.Second); n != 1 {
			t.Error("never scanned:", n)
		}
		f.scan(r.ID)
		if n, m := due(23*time.Hour), due(25*time.Hour); n != 0 || m != 1 {
			t.Error("scanned:", n, m)
		}
		_, _, err = f.Begin(f.eng, r.ID)
		f.ok(err)
		if n := due(25 * time.Hour); n != 0 {
			t.Error("while it runs:", n)
		}
	})
}

func TestAdopt(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		room, err := f.lay.CreateLocation(f.sys, models.Location{SiteID: f.site, Name: "Hall", Kind: models.Room})
		f.ok(err)
		r := f.makeRange()
		known, err := f.stock.CreateDevice(f.eng, models.Device{
			Name: "Maker-M1-2", Kind: models.KindPDU, Position: models.Position{SiteID: f.site},
			Polling: models.Polling{Protocol: "snmp-v3", Address: "10.0.0.7:161"},
		})
		f.ok(err)
		moved, err := f.stock.CreateDevice(f.eng, models.Device{Name: "moved", Position: models.Position{SiteID: f.site}})
		f.ok(err)
		f.ok(f.stock.UpdateLearned(f.sys, moved.ID, inventory.Learned{Vendor: "Maker", Serial: "SN-0008"}))
		refused := models.DiscoveryFinding{Address: "10.0.0.9:161", Protocol: "snmp-v3", Confidence: "none", Problem: "refused"}
		nameless := f.answer(5)
		nameless.SysName = ""
		gateway := func(unit uint8) models.DiscoveryFinding {
			return models.DiscoveryFinding{Address: "10.0.0.4:502", Protocol: "modbus-tcp", UnitID: unit, Confidence: "low", Kind: models.KindMeter, Profile: "meter"}
		}
		f.scan(r.ID, f.answer(1), f.answer(2), nameless, f.answer(7), f.answer(8), refused, gateway(1), gateway(2))
		if s := f.states(); s != "1 new, 2 new, 4:502 new, 4:502 new, 5 new, 7 known, 8 known, 9 new" {
			t.Error(s)
		}
		if x := f.find("10.0.0.8"); x.MatchedBy != "serial" || x.DeviceName != "moved" || x.DeviceAddress == x.Address {
			t.Errorf("known by its serial number: %+v", x)
		}
		all, err := f.Findings(f.eng, discovery.FindingFilter{})
		f.ok(err)
		var ids []uint64
		for _, x := range all.Items {
			ids = append(ids, x.ID)
		}
		for _, bad := range []string{"", "{naem}", "{name", "a}"} {
			_, err := f.Adopt(f.eng, discovery.Adoption{Findings: ids, Pattern: bad})
			f.is(bad, err, fault.ErrInvalid)
		}
		// Some cannot be adopted; the others are.
		out, err := f.Adopt(f.eng, discovery.Adoption{Findings: append(ids[:0:0], append(ids, ids[0], 9999)...), LocationID: &room.ID, Pattern: "{vendor}-{model}-{n}"})
		f.ok(err)
		var got []string
		for _, x := range out {
			e := "ok"
			var inv *fault.InvalidError
			var con *fault.ConflictError
			switch {
			case errors.As(x.Err, &inv):
				e = inv.Field + " " + inv.Code
			case errors.As(x.Err, &con):
				e = con.Code
			case x.Err != nil:
				e = "missing"
				f.is("missing", x.Err, fault.ErrNotFound)
			}
			got = append(got, strings.TrimSpace(x.Name+" "+e))
		}
		want := []string{
			"Maker-M1-1 ok", "Maker-M1-3 ok", "pattern empty", "pattern empty", "Maker-M1-4 ok", "Maker-M1-5 known-device", "Maker-M1-5 ok", "pattern empty", "missing",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		d, err := f.stock.Device(f.eng, out[0].DeviceID)
		if err != nil || !d.Enabled || d.Address != "10.0.0.1:161" || *d.CredentialID != f.community || d.Profile != "maker-pdu" || d.Kind != models.KindPDU ||
			d.LocationName != "Hall" {
			t.Errorf("device %+v, %v", d, err)
		}
		out, err = f.Adopt(f.eng, discovery.Adoption{Findings: ids, Pattern: "{kind}-{address}-{unit}"})
		f.ok(err)
		if out[2].Name != "meter-10.0.0.4-1" || out[2].Err != nil || out[3].Name != "meter-10.0.0.4-2" || out[3].Err != nil {
			t.Errorf("units: %+v", out)
		}
		// A name that is taken is told.
		f.scan(r.ID, f.answer(30), f.answer(31))
		next := []uint64{f.find("10.0.0.30").ID, f.find("10.0.0.31").ID}
		out, err = f.Adopt(f.eng, discovery.Adoption{Findings: next, Pattern: "{vendor}"})
		var con *fault.ConflictError
		if err != nil || out[0].Err != nil || !errors.As(out[1].Err, &con) || con.Code != fault.Taken || out[1].Name != "Maker" {
			t.Errorf("same name: %+v, %v", out, err)
		}
		// Another range knows what this one adopted, at once.
		x := f.newRange()
		x.Name = "again"
		again, err := f.CreateRange(f.eng, x)
		f.ok(err)
		f.scan(again.ID, f.answer(1), f.answer(31))
		out, err = f.Adopt(f.eng, discovery.Adoption{Findings: next[1:], Pattern: "{name}"})
		if err != nil || out[0].Err != nil {
			t.Errorf("adopt: %+v, %v", out, err)
		}
		page, err := f.Findings(f.eng, discovery.FindingFilter{RangeID: again.ID})
		if err != nil || len(page.Items) != 2 || page.Items[0].State != models.FindingKnown || page.Items[1].State != models.FindingKnown {
			t.Errorf("other range: %+v, %v", page, err)
		}
		// A device that is deleted is new again.
		f.ok(f.stock.DeleteDevice(f.eng, known.ID))
		f.scan(r.ID, f.answer(1), f.answer(7))
		if a, b := f.find("10.0.0.7"), f.scanState("10.0.0.1", r.ID); a.State != models.FindingNew || b != models.FindingAdopted {
			t.Errorf("deleted: %s, adopted: %s", a.State, b)
		}
		var n int64
		if err := g.Table("audit_entries").Where("object_type = ? AND action = ?", "finding", "adopt").Count(&n).Error; err != nil || n != 8 {
			t.Errorf("%d adoptions in the audit log, %v", n, err)
		}
	})
}

func (f *fixture) scanState(address string, rangeID uint64) models.FindingState {
	f.t.Helper()
	page, err := f.Findings(f.eng, discovery.FindingFilter{RangeID: rangeID, Search: address})
	f.ok(err)
	for _, x := range page.Items {
		if strings.HasPrefix(x.Address, address+":") {
			return x.State
		}
	}
	return ""
}
