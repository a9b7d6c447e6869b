package web_test

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/web/api"
	"github.com/aisle-dcim/aisle/web/apigen"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// An administrator walks through everything; every operation of the contract
// must have answered well at least once.
func TestEveryOperation(t *testing.T) {
	h := open(t, nil)
	admin := h.client()
	var s apigen.Session
	admin.want(http.StatusCreated, "POST", "/setup", apigen.SetupRequest{Name: "admin", Password: password}, &s)
	admin.csrf = s.CsrfToken
	admin.want(http.StatusOK, "GET", "/setup", nil, nil)
	for _, path := range []string{"/session", "/overview", "/tree", "/collectors", "/about", "/tokens", "/users", "/credentials", "/audit?limit=2"} {
		admin.want(http.StatusOK, "GET", path, nil, nil)
	}
	admin.want(http.StatusOK, "PUT", "/session/preferences", apigen.Preferences{Language: "vi", Theme: "light"}, nil)

	var made apigen.Created
	admin.want(http.StatusCreated, "POST", "/sites", apigen.SiteInput{Name: "Đà Nẵng"}, &made)
	site := made.Id
	admin.want(http.StatusCreated, "POST", "/locations", apigen.LocationInput{Site: site, Kind: "room", Name: "Phòng máy"}, &made)
	room := made.Id
	admin.want(http.StatusCreated, "POST", "/racks", apigen.RackInput{Location: room, Name: "A1", UHeight: 42}, &made)
	rack := made.Id
	// What was made is there at once, placed on the plan although nobody
	// measured it.
	var plan apigen.RoomPlan
	admin.want(http.StatusOK, "GET", "/rooms/"+itoa(room)+"/plan", nil, &plan)
	if len(plan.Racks) != 1 || plan.Racks[0].XM <= 0 || plan.WidthM <= 0 || plan.Racks[0].PowerW.Value != nil || plan.Racks[0].InletC.Quality != "none" {
		t.Errorf("plan %+v", plan)
	}
	at, community := float32(10), "secret-community"
	admin.want(http.StatusCreated, "POST", "/credentials", apigen.CredentialInput{Name: "pdu", Kind: "snmp-community", Community: &community}, &made)
	cred := made.Id
	proto, address := apigen.DeviceInputProtocol("snmp-v2c"), "192.0.2.1:161"
	in := apigen.DeviceInput{Name: "sw1", Kind: "network", Site: site, Rack: &rack, PositionU: &at, Protocol: &proto, Address: &address, Credential: &cred}
	admin.want(http.StatusCreated, "POST", "/devices", in, &made)
	path := "/devices/" + itoa(made.Id)
	var d apigen.DeviceDetail
	admin.want(http.StatusOK, "GET", path, nil, &d)
	if d.Device.State != "learning" || d.Input.PositionU == nil || *d.Input.PositionU != 10 || len(*d.Placements) != 1 {
		t.Errorf("device %+v", d)
	}
	// A device on the same unit and face is refused, with the reason.
	p := admin.refused(http.StatusConflict, "conflict", "POST", "/devices", apigen.DeviceInput{Name: "sw2", Kind: "network", Site: site, Rack: &rack, PositionU: &at})
	if p.Detail == nil || !strings.Contains(*p.Detail, "sw1") {
		t.Errorf("conflict without what is in the way: %+v", p)
	}
	admin.refused(http.StatusConflict, "conflict", "DELETE", "/credentials/"+itoa(cred), nil)
	change := d.Input
	up := float32(20)
	change.Name, change.PositionU = "sw1-new", &up
	admin.want(http.StatusNoContent, "PUT", path, change, nil)
	admin.refused(http.StatusConflict, "conflict", "PUT", path, change) // of a version that is gone
	admin.want(http.StatusOK, "GET", path, nil, &d)
	if d.Device.Name != "sw1-new" || *d.Input.PositionU != 20 || len(*d.Placements) != 2 {
		t.Errorf("after the change: %+v", d)
	}
	admin.want(http.StatusOK, "GET", path+"/points", nil, nil)
	admin.refused(http.StatusConflict, "conflict", "POST", path+"/poll", nil)
	admin.want(http.StatusNoContent, "DELETE", path, nil, nil)
	admin.refused(http.StatusNotFound, "not-found", "GET", path, nil)
	admin.want(http.StatusNoContent, "PUT", "/credentials/"+itoa(cred), apigen.CredentialChange{Name: "pdus"}, nil)
	admin.want(http.StatusNoContent, "DELETE", "/credentials/"+itoa(cred), nil, nil)
	admin.want(http.StatusOK, "GET", "/racks/"+itoa(rack), nil, nil)
	admin.everyPlace(site, room, rack)
	admin.everyDiscovery()
	admin.everyEvent()
	admin.everyWorkshop()
	admin.everyControl(h)
	admin.want(http.StatusOK, "GET", "/sessions", nil, nil)
	admin.want(http.StatusNoContent, "DELETE", "/sessions", nil, nil)
	admin.want(http.StatusOK, "GET", "/devices", nil, nil)
	admin.want(http.StatusAccepted, "POST", "/devices/"+itoa(uint64(h.ups))+"/poll", nil, nil)
	if !slices.Contains(h.plant.polled, h.ups) {
		t.Error("nothing was polled")
	}
	now := time.Now().UTC()
	admin.want(http.StatusOK, "GET", "/trends?point="+itoa(uint64(h.points["UPS-1 output/power"]))+"&from="+
		now.Add(-time.Hour).Format(time.RFC3339)+"&to="+now.Format(time.RFC3339), nil, nil)
	admin.want(http.StatusOK, "GET", "/points?q=ups%20power", nil, nil)

	role := apigen.Role("operator")
	admin.want(http.StatusCreated, "POST", "/users", apigen.UserInput{Name: "binh", Password: password, Role: "viewer"}, &made)
	admin.want(http.StatusNoContent, "PATCH", "/users/"+itoa(made.Id), apigen.UserChange{Role: &role}, nil)
	var token apigen.TokenCreated
	admin.want(http.StatusCreated, "POST", "/tokens", apigen.TokenInput{Name: "t", Role: "viewer"}, &token)
	admin.want(http.StatusNoContent, "DELETE", "/tokens/"+itoa(token.Id), nil, nil)
	identity := "/devices/" + itoa(uint64(h.ups)) + "/identity"
	admin.refused(http.StatusConflict, "conflict", "POST", identity, nil) // it is the one that is known
	for _, serial := range []string{"S1", "S2"} {
		err := h.stock.UpdateLearned(h.system, h.ups, inventory.Learned{Serial: serial})
		if (err != nil) != (serial == "S2") {
			t.Fatal(err)
		}
	}
	admin.want(http.StatusOK, "GET", "/devices/"+itoa(uint64(h.ups)), nil, &d)
	if d.IdentityChangedAt == nil || d.IdentityNote == nil || !strings.Contains(*d.IdentityNote, "S2") {
		t.Errorf("replaced device %+v", d)
	}
	admin.want(http.StatusNoContent, "POST", identity, nil, nil)
	d = apigen.DeviceDetail{}
	admin.want(http.StatusOK, "GET", "/devices/"+itoa(uint64(h.ups)), nil, &d)
	if d.IdentityChangedAt != nil || d.Serial != nil {
		t.Errorf("accepted device %+v", d)
	}

	var f apigen.Fault
	admin.want(http.StatusOK, "GET", "/simulation", nil, nil)
	admin.want(http.StatusCreated, "POST", "/simulation/faults", apigen.FaultInput{Kind: "utility-loss", Target: "utility"}, &f)
	admin.want(http.StatusNoContent, "DELETE", "/simulation/faults/"+f.Id, nil, nil)
	e := admin.stream("", "")
	h.called["GetStream"] = e.status == http.StatusOK
	e.cancel()
	admin.want(http.StatusNoContent, "PUT", "/session/password", apigen.PasswordChange{Old: password, New: password + " again"}, nil)
	admin.want(http.StatusNoContent, "DELETE", "/session", nil, nil)
	admin.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "admin", Password: password + " again"}, &s)
	admin.csrf = s.CsrfToken
	var sessions apigen.SessionList
	admin.want(http.StatusOK, "GET", "/sessions", nil, &sessions)
	admin.want(http.StatusNoContent, "DELETE", "/sessions/"+itoa(sessions.Items[0].Id), nil, nil)
	link := must(h.access.CreateSignInLink(h.system, s.User.Id, 0))(t)
	admin.want(http.StatusOK, "POST", "/session/link", apigen.LinkRequest{Secret: link}, nil)

	doc, err := apigen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if !h.called[op.OperationID] {
				t.Errorf("%s never answered well", op.OperationID)
			}
		}
	}
}

// everyPlace reads, changes and removes a place of each sort.
func (c *client) everyPlace(site, room, rack uint64) {
	c.h.t.Helper()
	var made apigen.Created
	c.want(http.StatusCreated, "POST", "/rows", apigen.RowInput{Location: room, Name: "Dãy A"}, &made)
	var (
		s apigen.SiteDetail
		l apigen.LocationDetail
		r apigen.RowDetail
		k apigen.RackDetail
	)
	row := "/rows/" + itoa(made.Id)
	c.want(http.StatusOK, "GET", row, nil, &r)
	c.want(http.StatusNoContent, "PUT", row, r.Input, nil)
	c.want(http.StatusNoContent, "DELETE", row, nil, nil)
	path := "/racks/" + itoa(rack)
	c.want(http.StatusOK, "GET", path, nil, &k)
	c.want(http.StatusNoContent, "PUT", path, k.Input, nil)
	c.want(http.StatusNoContent, "DELETE", path, nil, nil)
	path = "/locations/" + itoa(room)
	c.want(http.StatusOK, "GET", path, nil, &l)
	c.want(http.StatusNoContent, "PUT", path, l.Input, nil)
	c.want(http.StatusNoContent, "DELETE", path, nil, nil)
	path = "/sites/" + itoa(site)
	c.want(http.StatusOK, "GET", path, nil, &s)
	c.want(http.StatusNoContent, "PUT", path, s.Input, nil)
	c.want(http.StatusNoContent, "DELETE", path, nil, nil)
}

func TestAdministration(t *testing.T) {
	h := open(t, nil)
	admin := h.signedIn(access.Administrator)
	var made apigen.Created
	admin.refused(http.StatusUnprocessableEntity, "invalid", "POST", "/users", apigen.UserInput{Name: "Ông Bình", Password: password, Role: "viewer"})
	admin.want(http.StatusCreated, "POST", "/users", apigen.UserInput{Name: "binh", Password: password, Role: "viewer"}, &made)
	admin.refused(http.StatusConflict, "conflict", "POST", "/users", apigen.UserInput{Name: "binh", Password: password, Role: "viewer"})
	role, off := apigen.Role("engineer"), true
	admin.want(http.StatusNoContent, "PATCH", "/users/"+itoa(made.Id), apigen.UserChange{Role: &role}, nil)
	binh := h.client()
	var s apigen.Session
	binh.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "binh", Password: password}, &s)
	if s.User.Role != "engineer" {
		t.Errorf("role %s", s.User.Role)
	}
	binh.csrf = s.CsrfToken
	binh.refused(http.StatusForbidden, "forbidden", "GET", "/users", nil)
	// Tokens: no more than the owner may, shown once, revocable.
	binh.refused(http.StatusUnprocessableEntity, "invalid", "POST", "/tokens", apigen.TokenInput{Name: "x", Role: "administrator"})
	var token apigen.TokenCreated
	binh.want(http.StatusCreated, "POST", "/tokens", apigen.TokenInput{Name: "grafana", Role: "viewer"}, &token)
	program := h.client()
	program.token = token.Token
	program.want(http.StatusOK, "GET", "/overview", nil, nil)
	program.want(http.StatusOK, "GET", "/session", nil, &s)
	if s.CsrfToken != "" || slices.Contains(s.Operations, "device.edit") {
		t.Errorf("session of a token %+v", s)
	}
	program.want(http.StatusNoContent, "DELETE", "/session", nil, nil)
	binh.want(http.StatusNoContent, "DELETE", "/tokens/"+itoa(token.Id), nil, nil)
	program.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/overview", nil)
	var tokens apigen.TokenList
	binh.want(http.StatusOK, "GET", "/tokens", nil, &tokens)
	if len(tokens.Items) != 0 {
		t.Errorf("revoked token listed: %+v", tokens)
	}
	admin.want(http.StatusNoContent, "PATCH", "/users/"+itoa(made.Id), apigen.UserChange{Disabled: &off}, nil)
	binh.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/overview", nil)
	// Secrets never come back; S6.
	user, auth, pass := "poll", apigen.CredentialInputAuthProtocol("SHA256"), "very-secret-words"
	admin.want(http.StatusCreated, "POST", "/credentials", apigen.CredentialInput{Name: "v3", Kind: "snmp-v3", User: &user, AuthProtocol: &auth, AuthPassword: &pass}, nil)
	for _, path := range []string{"/credentials", "/audit?limit=500"} {
		if _, data := admin.do("GET", path, nil); strings.Contains(string(data), pass) {
			t.Errorf("%s gives the secret away", path)
		}
	}
	var log apigen.AuditList
	admin.want(http.StatusOK, "GET", "/audit?limit=3", nil, &log)
	if len(log.Items) != 3 || log.Next == nil {
		t.Fatalf("audit page %+v", log)
	}
	var next apigen.AuditList
	admin.want(http.StatusOK, "GET", "/audit?limit=500&before="+itoa(*log.Next), nil, &next)
	if len(next.Items) == 0 || next.Items[0].Id != *log.Next-1 || next.Next != nil {
		t.Errorf("next page does not follow: %+v", next.Items)
	}
}

func TestSimulation(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Operator)
	var f apigen.Fault
	c.want(http.StatusCreated, "POST", "/simulation/faults", apigen.FaultInput{Kind: "utility-loss", Target: "utility"}, &f)
	p := c.refused(http.StatusUnprocessableEntity, "invalid", "POST", "/simulation/faults", apigen.FaultInput{Kind: "utility-loss", Target: "moon"})
	if p.Errors == nil || (*p.Errors)[0].Path != "target" {
		t.Errorf("problem %+v", p)
	}
	var s apigen.Simulation
	c.want(http.StatusOK, "GET", "/simulation", nil, &s)
	if len(s.Active) != 1 || len(s.Kinds) != 1 {
		t.Errorf("simulation %+v", s)
	}
	c.want(http.StatusNoContent, "DELETE", "/simulation/faults/"+url.PathEscape(f.Id), nil, nil)
	c.refused(http.StatusNotFound, "not-found", "DELETE", "/simulation/faults/"+url.PathEscape(f.Id), nil)
}

func near(t *testing.T, what string, m apigen.Measured, want float64) {
	t.Helper()
	if m.Value == nil || math.Abs(*m.Value-want) > 1e-6 || m.Quality != "good" {
		t.Errorf("%s: %v %s, want %g", what, m.Value, m.Quality, want)
	}
}

func TestOverviewAndPlan(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Viewer)
	var o apigen.Overview
	c.want(http.StatusOK, "GET", "/overview", nil, &o)
	if o.Sites[0].ItPowerW.Value != nil || o.Sites[0].ItPowerW.Quality != "none" || o.Sites[0].Pue.Value != nil || len(o.HottestInlets) != 0 {
		t.Errorf("before any value: %+v", o.Sites[0])
	}
	for i := range 2 {
		for j := range 2 {
			for k, side := range []string{"left", "right"} {
				name := fmt.Sprintf("R%d-%02d-%s", i+1, j+1, side)
				h.sample(name+" inlet/1/power", float64(1000*(i*2+j+1)), models.Good)
				h.sample(name+" outlet/1/power", 77, models.Good)
				h.sample(name+" sensor/1/temperature", 20+float64(i*4+j*2+k), models.Good)
			}
		}
	}
	h.sample("UPS-1 output/source", 3, models.Good)
	h.sample("UPS-1 output/power", 21000, models.Good)
	c.want(http.StatusOK, "GET", "/overview", nil, &o)
	s := o.Sites[0]
	near(t, "IT power", s.ItPowerW, 20000)
	if s.ItCapacityW == nil || *s.ItCapacityW != 32000 || s.Racks != 4 || s.Devices.Total != 9 || o.Devices.ByState["ok"] != 9 {
		t.Errorf("site %+v", s)
	}
	near(t, "hottest of the room", (*s.Rooms)[0].InletMaxC, 27)
	if len(o.HottestInlets) != 4 || o.HottestInlets[0].RackName != "R2-02" || *o.HottestInlets[0].Current.Value != 27 {
		t.Errorf("hottest %+v", o.HottestInlets)
	}
	if len(o.OnBattery) != 0 || len(*o.Abnormal) != 0 {
		t.Errorf("on battery %+v, abnormal %+v", o.OnBattery, *o.Abnormal)
	}
	h.sample("UPS-1 output/source", 5, models.Good)
	// A PDU that is not heard makes a sum incomplete, and marks it; P2.
	h.sample("R1-01-left inlet/1/power", math.NaN(), models.CommFailed)
	c.want(http.StatusOK, "GET", "/overview", nil, &o)
	if len(o.OnBattery) != 1 || *o.OnBattery[0].Current.State != "battery" || len(*o.Abnormal) != 1 {
		t.Errorf("on battery %+v, abnormal %+v", o.OnBattery, *o.Abnormal)
	}
	if m := o.Sites[0].ItPowerW; *m.Value != 19000 || m.Quality != "comm-failed" || *m.Missing != 1 || *m.Points != 8 {
		t.Errorf("incomplete sum %+v", m)
	}

	var plan apigen.RoomPlan
	c.want(http.StatusOK, "GET", "/rooms/"+itoa(h.room)+"/plan", nil, &plan)
	if len(plan.Racks) != 4 || len(plan.Devices) != 1 || len(plan.Rows) != 2 || len(plan.Path) != 2 || plan.WidthM != 12 {
		t.Fatalf("plan %+v", plan)
	}
	i := slices.IndexFunc(plan.Racks, func(r apigen.PlanRack) bool { return r.Name == "R2-01" })
	r := plan.Racks[i]
	near(t, "rack power", r.PowerW, 6000)
	near(t, "rack inlet", r.InletC, 25)
	if r.XM != 1 || r.YM != 3.4 || r.WidthM != 0.6 || r.Devices != 2 || len(r.InletPoints) != 2 || len(r.PowerPoints) != 2 || *r.MaxPowerW != 8000 {
		t.Errorf("rack %+v", r)
	}
	if d := plan.Devices[0]; d.Name != "UPS-1" || d.State != "ok" || *d.Severity != "critical" {
		t.Errorf("device %+v", d)
	}
	var rack apigen.RackDetail
	c.want(http.StatusOK, "GET", "/racks/"+itoa(h.racks[0]), nil, &rack)
	if len(rack.Devices) != 2 || len(*rack.Feeds) != 2 || len(*rack.Inlets) != 2 || rack.Path[len(rack.Path)-1].Name != "R1-01" {
		t.Errorf("rack %+v", rack)
	}
	var tree apigen.Tree
	c.want(http.StatusOK, "GET", "/tree", nil, &tree)
	hall := tree.Sites[0].Children[0]
	if hall.Kind != "room" || *hall.Racks != 4 || len(hall.Children) != 2 || hall.Children[0].Children[1].Name != "R1-02" {
		t.Errorf("tree %+v", tree)
	}
	var points apigen.PointValues
	c.want(http.StatusOK, "GET", "/devices/"+itoa(uint64(h.ups))+"/points", nil, &points)
	if len(points.Items) != 2 || *points.Items[0].Current.Severity != "critical" || len(*points.Items[0].Point.States) != 2 || points.Items[1].Point.Unit != "W" {
		t.Errorf("points %+v", points.Items)
	}
}

func TestDeviceList(t *testing.T) {
	h := open(t, nil)
	h.plant.health[h.pdus[0]] = api.Health{Device: h.pdus[0], State: "silent", Error: "does not answer"}
	c := h.program(access.Viewer)
	for _, x := range []struct {
		query string
		total int
		first string
	}{
		{"", 9, "R1-01-left"},
		{"?kind=ups", 1, "UPS-1"},
		{"?kind=ups&kind=pdu", 9, "R1-01-left"},
		{"?state=silent", 1, "R1-01-left"},
		{"?q=ha%20noi%20R2-02", 2, "R2-02-left"}, // marks left out
		{"?q=" + url.QueryEscape("HÀ NỘI ups"), 1, "UPS-1"},
		{"?rack=" + itoa(h.racks[3]), 2, "R2-02-left"},
		{"?location=" + itoa(h.room) + "&sort=-name", 9, "UPS-1"},
		{"?limit=2&offset=8", 9, "UPS-1"},
		{"?offset=100", 9, ""},
		{"?q=nothing-of-the-kind", 0, ""},
		{"?site=999", 0, ""},
	} {
		var l apigen.DeviceList
		c.want(http.StatusOK, "GET", "/devices"+x.query, nil, &l)
		first := ""
		if len(l.Items) > 0 {
			first = l.Items[0].Name
		}
		if l.Total != x.total || first != x.first {
			t.Errorf("%s: %d devices, first %q; want %d, %q", x.query, l.Total, first, x.total, x.first)
		}
	}
	for _, bad := range []string{"?limit=0", "?limit=20000", "?sort=secret", "?state=fine", "?site=x", "?offset=-1"} {
		p := c.refused(http.StatusBadRequest, "invalid", "GET", "/devices"+bad, nil)
		if p.Errors == nil || !strings.HasPrefix((*p.Errors)[0].Path, strings.Split(bad[1:], "=")[0]) {
			t.Errorf("%s: %+v", bad, p)
		}
	}
}

// The number of statements does not grow with the facility.
func TestStatements(t *testing.T) {
	h := open(t, nil)
	c := h.program(access.Viewer)
	count := dbtest.Count(t, h.db)
	statements := func(path string) int {
		c.want(http.StatusOK, "GET", path, nil, nil) // the index is fresh afterwards
		count.Reset()
		c.want(http.StatusOK, "GET", path, nil, nil)
		return count.Statements()
	}
	paths := []string{"/overview", "/tree", "/devices", "/collectors", "/rooms/" + itoa(h.room) + "/plan", "/racks/" + itoa(h.racks[0]), "/points?limit=500"}
	before := map[string]int{}
	for _, p := range paths {
		before[p] = statements(p)
	}
	for i := range 20 {
		h.device(models.Device{Name: fmt.Sprint("more-", i), Kind: models.KindPDU, Position: models.Position{RackID: &h.racks[0]}},
			models.PointSpec{Key: "inlet/1/power", Class: quantity.Power, Component: "inlet/1"})
	}
	h.server.ModelChanged()
	for _, p := range paths {
		if n := statements(p); n > before[p]+1 || n > 6 { // one more: the look whether the model changed
			t.Errorf("%s: %d statements, before %d", p, n, before[p])
		}
	}
}

func TestTrends(t *testing.T) {
	h := open(t, nil)
	c := h.program(access.Viewer)
	power, source := h.points["UPS-1 output/power"], h.points["UPS-1 output/source"]
	begin := time.Now().Add(-10 * time.Minute).Truncate(time.Minute)
	var samples []models.Sample
	for s := 0; s < 600; s += 10 {
		if s >= 200 && s < 400 {
			continue // nothing was heard
		}
		ms := begin.Add(time.Duration(s) * time.Second).UnixMilli()
		samples = append(samples, models.Sample{Point: power, TimeMS: ms, Value: float64(s)}, models.Sample{Point: source, TimeMS: ms, Value: 3})
	}
	if err := h.store.Append(t.Context(), samples); err != nil {
		t.Fatal(err)
	}
	ask := func(buckets int) apigen.Trends {
		var out apigen.Trends
		c.want(http.StatusOK, "GET", fmt.Sprintf("/trends?point=%d&point=%d&max_buckets=%d&from=%s&to=%s", power, source, buckets,
			begin.UTC().Format(time.RFC3339), begin.Add(10*time.Minute).UTC().Format(time.RFC3339)), nil, &out)
		return out
	}
	// Steps shorter than the poll interval leave no false gaps; the true one
	// is a gap.
	tr := ask(1000)
	for _, s := range tr.Series {
		gaps := 0
		for i, m := range s.Mean {
			if m == nil {
				gaps++
				if at := s.TimeMs[i] - begin.UnixMilli(); at < 190_000 || at >= 400_000 {
					t.Errorf("%s: gap at %d ms", s.Point.Key, at)
				}
			}
		}
		if gaps != 1 || len(s.TimeMs) != 41 || len(s.Min) != 41 || len(s.Count) != 41 {
			t.Errorf("%s: %d gaps in %d buckets of %d ms", s.Point.Key, gaps, len(s.TimeMs), tr.StepMs)
		}
	}
	tr = ask(11)
	if tr.StepMs != 60_000 {
		t.Errorf("step %d ms", tr.StepMs)
	}
	s := tr.Series[0]
	if len(s.TimeMs) > 11 || *s.Mean[0] != 25 || *s.Min[0] != 0 || *s.Max[0] != 50 || s.Count[0] != 6 {
		t.Errorf("first bucket %v %v %v %v", *s.Mean[0], *s.Min[0], *s.Max[0], s.Count[0])
	}
	if m := tr.Series[1].Mean[0]; *m != 3 {
		t.Errorf("state %v, not to be averaged", *m)
	}
	for _, bad := range []string{
		"/trends?point=1", "/trends?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
		"/trends?point=1&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/trends?point=1&from=yesterday&to=now",
		"/trends?point=1&from=1900-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
	} {
		c.refused(http.StatusBadRequest, "invalid", "GET", bad, nil)
	}
	c.refused(http.StatusNotFound, "not-found", "GET", "/trends?point=999999&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", nil)
}
