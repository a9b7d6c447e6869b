package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// fieldOf returns the path of the first field at fault, with its code.
func fieldOf(p apigen.Problem) (path, code string) {
	if p.Errors == nil {
		return "", ""
	}
	f := (*p.Errors)[0]
	if f.Code != nil {
		code = *f.Code
	}
	return f.Path, code
}

func reasonOf(p apigen.Problem) string {
	if p.Reason == nil {
		return ""
	}
	return *p.Reason
}

func TestEditSite(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Planner)
	path := "/sites/" + itoa(h.site)
	var d apigen.SiteDetail
	c.want(http.StatusOK, "GET", path, nil, &d)
	zone := "Asia/Ho_Chi_Minh"
	d.Input.Name, d.Input.TimeZone = "Hà Nội 2", &zone
	c.want(http.StatusNoContent, "PUT", path, d.Input, nil)
	// The version of before is old now.
	if p := c.refused(http.StatusConflict, "conflict", "PUT", path, d.Input); reasonOf(p) != "stale" {
		t.Errorf("problem %+v", p)
	}
	var tree apigen.Tree
	c.want(http.StatusOK, "GET", "/tree", nil, &tree)
	if tree.Sites[0].Name != "Hà Nội 2" {
		t.Errorf("tree has %q", tree.Sites[0].Name)
	}
	c.want(http.StatusOK, "GET", path, nil, &d)
	bad := d.Input
	moon := "Moon/Crater"
	bad.TimeZone = &moon
	if at, code := fieldOf(c.refused(http.StatusUnprocessableEntity, "invalid", "PUT", path, bad)); at != "time_zone" || code != "unknown" {
		t.Errorf("fault at %s, code %s", at, code)
	}
	bad = d.Input
	bad.Version = nil
	c.refused(http.StatusUnprocessableEntity, "invalid", "PUT", path, bad)
	h.signedIn(access.Viewer).refused(http.StatusForbidden, "forbidden", "PUT", path, d.Input)

	// What is not empty stays, and says why, by name.
	p := c.refused(http.StatusConflict, "conflict", "DELETE", path, nil)
	if reasonOf(p) != "in-use" || p.Blockers == nil {
		t.Fatalf("problem %+v", p)
	}
	at := slices.IndexFunc(*p.Blockers, func(b apigen.Blocker) bool { return b.Object == "racks" })
	if at < 0 || (*p.Blockers)[at].Count != 4 || !slices.Equal((*p.Blockers)[at].Names, []string{"R1-01", "R1-02", "R2-01"}) {
		t.Errorf("blockers %+v", *p.Blockers)
	}
	if !strings.Contains(*p.Detail, "4 racks (R1-01, R1-02, R2-01, …)") {
		t.Errorf("detail %q", *p.Detail)
	}
	empty := must(h.layout.CreateSite(h.system, models.Site{Name: "empty"}))(t)
	c.want(http.StatusNoContent, "DELETE", "/sites/"+itoa(empty.ID), nil, nil)
	c.refused(http.StatusNotFound, "not-found", "GET", "/sites/"+itoa(empty.ID), nil)
	wantAudit(h, "delete", "site", "empty")
}

// wantAudit looks for an entry of the audit log.
func wantAudit(h *house, action, object, name string) {
	h.t.Helper()
	var list apigen.AuditList
	h.program(access.Administrator).want(http.StatusOK, "GET", "/audit?limit=100", nil, &list)
	if !slices.ContainsFunc(list.Items, func(e apigen.AuditEntry) bool {
		return e.Action == action && e.ObjectType != nil && *e.ObjectType == object && (name == "" || e.ObjectName != nil && *e.ObjectName == name)
	}) {
		h.t.Errorf("audit log has no %s of %s %q", action, object, name)
	}
}

func TestEditLocation(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Engineer)
	path := "/locations/" + itoa(h.room)
	var d apigen.LocationDetail
	c.want(http.StatusOK, "GET", path, nil, &d)
	if len(d.Path) != 2 || d.Input.Kind != "room" || d.Input.TileM == nil || *d.Input.TileM != 0.6 {
		t.Fatalf("detail %+v", d)
	}
	wider := float32(14.4)
	d.Input.WidthM = &wider
	c.want(http.StatusNoContent, "PUT", path, d.Input, nil)
	var plan apigen.RoomPlan
	c.want(http.StatusOK, "GET", "/rooms/"+itoa(h.room)+"/plan", nil, &plan)
	if plan.WidthM != wider {
		t.Errorf("width %v", plan.WidthM)
	}
	c.refused(http.StatusConflict, "conflict", "PUT", path, d.Input)
	c.want(http.StatusOK, "GET", path, nil, &d)
	d.Input.Parent = &h.room
	if at, code := fieldOf(c.refused(http.StatusUnprocessableEntity, "invalid", "PUT", path, d.Input)); at != "parent" || code != "circle" {
		t.Errorf("fault at %s, code %s", at, code)
	}
	h.signedIn(access.Operator).refused(http.StatusForbidden, "forbidden", "PUT", path, d.Input)
	h.signedIn(access.Operator).refused(http.StatusForbidden, "forbidden", "DELETE", path, nil)
	if p := c.refused(http.StatusConflict, "conflict", "DELETE", path, nil); reasonOf(p) != "in-use" {
		t.Errorf("problem %+v", p)
	}
	var made apigen.Created
	c.want(http.StatusCreated, "POST", "/locations", apigen.LocationInput{Site: h.site, Kind: "building", Name: "B"}, &made)
	c.want(http.StatusNoContent, "DELETE", "/locations/"+itoa(made.Id), nil, nil)
	wantAudit(h, "delete", "location", "B")
}

func TestEditRow(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Planner)
	var made apigen.Created
	c.want(http.StatusCreated, "POST", "/rows", apigen.RowInput{Location: h.room, Name: "R9"}, &made)
	if p := c.refused(http.StatusConflict, "conflict", "POST", "/rows", apigen.RowInput{Location: h.room, Name: "R9"}); reasonOf(p) != "taken" {
		t.Errorf("problem %+v", p)
	}
	path := "/rows/" + itoa(made.Id)
	var d apigen.RowDetail
	c.want(http.StatusOK, "GET", path, nil, &d)
	if len(d.Path) != 3 {
		t.Errorf("path %+v", d.Path)
	}
	d.Input.Name = "R10"
	h.signedIn(access.Viewer).refused(http.StatusForbidden, "forbidden", "PUT", path, d.Input)
	c.want(http.StatusNoContent, "PUT", path, d.Input, nil)
	c.refused(http.StatusConflict, "conflict", "PUT", path, d.Input)
	c.refused(http.StatusBadRequest, "invalid", "PUT", path, `{"location":1,"name":""}`)

	// A rack of the row stands in its way.
	var rack apigen.RackDetail
	c.want(http.StatusOK, "GET", "/racks/"+itoa(h.racks[0]), nil, &rack)
	rack.Input.Row = &made.Id
	c.want(http.StatusNoContent, "PUT", "/racks/"+itoa(h.racks[0]), rack.Input, nil)
	if p := c.refused(http.StatusConflict, "conflict", "DELETE", path, nil); p.Blockers == nil || (*p.Blockers)[0].Names[0] != "R1-01" {
		t.Errorf("problem %+v", p)
	}
	c.want(http.StatusOK, "GET", "/racks/"+itoa(h.racks[0]), nil, &rack)
	rack.Input.Row = nil
	c.want(http.StatusNoContent, "PUT", "/racks/"+itoa(h.racks[0]), rack.Input, nil)
	c.want(http.StatusNoContent, "DELETE", path, nil, nil)
}

func TestEditRack(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Planner)
	path := "/racks/" + itoa(h.racks[0])
	var d apigen.RackDetail
	c.want(http.StatusOK, "GET", path, nil, &d)
	d.Input.Name, d.Input.UHeight = "A01", 48
	c.want(http.StatusNoContent, "PUT", path, d.Input, nil)
	c.refused(http.StatusConflict, "conflict", "PUT", path, d.Input)
	c.want(http.StatusOK, "GET", path, nil, &d)
	if d.Name != "A01" || d.UHeight != 48 || d.MaxPowerW == nil || *d.MaxPowerW != 8000 {
		t.Errorf("rack %+v", d)
	}
	row := must(h.layout.Rack(h.system, h.racks[0]))(t)
	if row.PositionInRow != 1 || row.StartingUnit != 1 || row.XM == nil || *row.XM != 1 {
		t.Errorf("fields that were not changed: %+v", row)
	}
	d.Input.Name = "R1-02"
	if at, code := fieldOf(c.refused(http.StatusConflict, "conflict", "PUT", path, d.Input)); at != "name" || code != "taken" {
		t.Errorf("fault at %s, code %s", at, code)
	}
	d.Input.Name, d.Input.UHeight = "A01", 0
	c.refused(http.StatusBadRequest, "invalid", "PUT", path, d.Input)
	d.Input.UHeight = 42
	h.signedIn(access.Viewer).refused(http.StatusForbidden, "forbidden", "PUT", path, d.Input)
	if p := c.refused(http.StatusConflict, "conflict", "DELETE", path, nil); p.Blockers == nil || (*p.Blockers)[0].Object != "devices" {
		t.Errorf("problem %+v", p)
	}
	var made apigen.Created
	c.want(http.StatusCreated, "POST", "/racks", apigen.RackInput{Location: h.room, Name: "spare", UHeight: 42}, &made)
	c.want(http.StatusNoContent, "DELETE", "/racks/"+itoa(made.Id), nil, nil)
	wantAudit(h, "delete", "rack", "spare")
}

// A principal of another site learns nothing of places and changes none.
func TestEditForeignPlaces(t *testing.T) {
	h := open(t, nil)
	must(h.access.CreateUser(h.system, access.NewUser{Name: "far", Password: password, Role: access.Engineer, Scope: []uint64{h.site + 1}}))(t)
	c := h.client()
	var s apigen.Session
	c.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "far", Password: password}, &s)
	c.csrf = s.CsrfToken
	v := uint64(1)
	for path, in := range map[string]any{
		"/sites/" + itoa(h.site):     apigen.SiteInput{Name: "x", Version: &v},
		"/locations/" + itoa(h.room): apigen.LocationInput{Site: h.site, Kind: "room", Name: "x", Version: &v},
		"/rows/1":                    apigen.RowInput{Location: h.room, Name: "x", Version: &v},
		"/racks/" + itoa(h.racks[0]): apigen.RackInput{Location: h.room, Name: "x", UHeight: 42, Version: &v},
	} {
		for method, body := range map[string]any{"GET": nil, "PUT": in, "DELETE": nil} {
			resp, _ := c.do(method, path, body)
			if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}
}

func TestEditCredential(t *testing.T) {
	changes := 0
	h := open(t, func(o *web.Options) { o.API.CredentialChanged = func() { changes++ } })
	c := h.signedIn(access.Engineer)
	user, auth, priv, secret, other := "aisle", apigen.CredentialInputAuthProtocol("SHA256"), apigen.CredentialInputPrivProtocol("AES"), "first passphrase", "second passphrase"
	var made apigen.Created
	c.want(http.StatusCreated, "POST", "/credentials", apigen.CredentialInput{
		Name: "hall", Kind: "snmp-v3", User: &user, AuthProtocol: &auth, AuthPassword: &secret, PrivProtocol: &priv, PrivPassword: &secret,
	}, &made)
	path := "/credentials/" + itoa(made.Id)
	var list apigen.CredentialList
	c.want(http.StatusOK, "GET", "/credentials", nil, &list)
	k := list.Items[0]
	if k.User == nil || *k.User != user || *k.AuthProtocol != "SHA256" || *k.PrivProtocol != "AES" || k.Devices != 0 {
		t.Errorf("credential %+v", k)
	}
	// Empty secrets stay, given ones are replaced.
	renamed, sha512, aes := "root", apigen.CredentialChangeAuthProtocol("SHA512"), apigen.CredentialChangePrivProtocol("AES")
	change := apigen.CredentialChange{
		Name: "hall 1", User: &renamed, AuthProtocol: &sha512, PrivProtocol: &aes, PrivPassword: &other, UpdatedAt: k.UpdatedAt,
	}
	c.want(http.StatusNoContent, "PUT", path, change, nil)
	o := must(h.secrets.Open(access.System(t.Context(), "test"), made.Id))(t)
	if o.Secrets.AuthPassphrase != secret || o.Secrets.PrivPassphrase != other || o.Secrets.User != renamed || o.Name != "hall 1" || changes != 1 {
		t.Errorf("opened %q %q, changes %d", o.Name, o.Secrets.User, changes)
	}
	if p := c.refused(http.StatusConflict, "conflict", "PUT", path, change); reasonOf(p) != "stale" {
		t.Errorf("problem %+v", p)
	}
	short := "short"
	change.UpdatedAt, change.AuthPassword = nil, &short
	if at, code := fieldOf(c.refused(http.StatusUnprocessableEntity, "invalid", "PUT", path, change)); at != "auth_password" || code != "too_short" {
		t.Errorf("fault at %s, code %s", at, code)
	}
	h.signedIn(access.Planner).refused(http.StatusForbidden, "forbidden", "PUT", path, change)

	// In use it stays.
	address, v3 := "127.0.0.1:161", apigen.DeviceInputProtocol("snmp-v3")
	c.want(http.StatusCreated, "POST", "/devices", apigen.DeviceInput{
		Name: "meter", Kind: "meter", Site: h.site, Protocol: &v3, Address: &address, Credential: &made.Id,
	}, nil)
	c.want(http.StatusOK, "GET", "/credentials", nil, &list)
	if list.Items[0].Devices != 1 {
		t.Errorf("%d devices", list.Items[0].Devices)
	}
	p := c.refused(http.StatusConflict, "conflict", "DELETE", path, nil)
	if reasonOf(p) != "in-use" || (*p.Blockers)[0].Names[0] != "meter" {
		t.Errorf("problem %+v", p)
	}
	wantAudit(h, "update", "credential", "hall 1")
}

// What the contract refuses is told by code and with its bounds, and is not
// changed to what would be taken.
func TestBoundsAreTold(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Planner)
	every := 99999999999
	p := c.refused(http.StatusBadRequest, "invalid", "POST", "/devices", apigen.DeviceInput{Name: "slow", Kind: "pdu", Site: h.site, IntervalS: &every})
	if at, code := fieldOf(p); at != "interval_s" || code != "range" {
		t.Fatalf("an interval out of bounds: %s of %s", code, at)
	}
	f := (*p.Errors)[0]
	if f.Values == nil || (*f.Values)["min"] != "0" || (*f.Values)["max"] != "86400" || f.Message != "must be 0 to 86400" {
		t.Errorf("the bounds are told as %+v", f)
	}
	if at, code := fieldOf(c.refused(http.StatusBadRequest, "invalid", "POST", "/devices", apigen.DeviceInput{Kind: "pdu", Site: h.site})); at != "name" || code != "empty" {
		t.Errorf("no name: %s of %s", code, at)
	}
}

func TestOwnSessions(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Viewer)
	var s apigen.Session
	c.want(http.StatusOK, "GET", "/session", nil, &s)
	again := func() *client {
		other := h.client()
		var s2 apigen.Session
		other.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: s.User.Name, Password: password}, &s2)
		other.csrf = s2.CsrfToken
		return other
	}
	second := again()
	var list apigen.SessionList
	c.want(http.StatusOK, "GET", "/sessions", nil, &list)
	if len(list.Items) != 2 || list.Items[0].Current || !list.Items[1].Current {
		t.Fatalf("sessions %+v", list.Items)
	}
	stranger := h.signedIn(access.Viewer)
	stranger.refused(http.StatusNotFound, "not-found", "DELETE", "/sessions/"+itoa(list.Items[0].Id), nil)
	stranger.refused(http.StatusForbidden, "forbidden", "GET", "/sessions?user="+itoa(s.User.Id), nil)
	c.want(http.StatusNoContent, "DELETE", "/sessions/"+itoa(list.Items[0].Id), nil, nil)
	second.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/session", nil)

	third := again()
	c.want(http.StatusNoContent, "DELETE", "/sessions", nil, nil)
	third.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/session", nil)
	c.want(http.StatusOK, "GET", "/session", nil, nil)
	wantAudit(h, "revoke-others", "session", s.User.Name)

	admin := h.signedIn(access.Administrator)
	admin.want(http.StatusOK, "GET", "/sessions?user="+itoa(s.User.Id), nil, &list)
	if len(list.Items) != 1 || list.Items[0].Current {
		t.Errorf("sessions %+v", list.Items)
	}
	admin.want(http.StatusNoContent, "DELETE", "/sessions/"+itoa(list.Items[0].Id), nil, nil)
	c.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/session", nil)
}

// The last administrator stays one, and a reset password ends the sessions.
func TestManageUsers(t *testing.T) {
	h := open(t, nil)
	admin := h.signedIn(access.Administrator)
	var s apigen.Session
	admin.want(http.StatusOK, "GET", "/session", nil, &s)
	yes := true
	if p := admin.refused(http.StatusConflict, "conflict", "PATCH", "/users/"+itoa(s.User.Id), apigen.UserChange{Disabled: &yes}); reasonOf(p) != "last-administrator" {
		t.Errorf("problem %+v", p)
	}
	c := h.signedIn(access.Viewer)
	var other apigen.Session
	c.want(http.StatusOK, "GET", "/session", nil, &other)
	path, fresh, weak := "/users/"+itoa(other.User.Id), "another good phrase here", "short"
	c.refused(http.StatusForbidden, "forbidden", "PATCH", path, apigen.UserChange{Password: &fresh})
	if at, _ := fieldOf(admin.refused(http.StatusUnprocessableEntity, "invalid", "PATCH", path, apigen.UserChange{Password: &weak})); at != "password" {
		t.Errorf("fault at %s", at)
	}
	admin.want(http.StatusNoContent, "PATCH", path, apigen.UserChange{Password: &fresh}, nil)
	c.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/session", nil)
	in := apigen.SignInRequest{Name: other.User.Name, Password: fresh}
	h.client().want(http.StatusOK, "POST", "/session", in, nil)
	admin.want(http.StatusNoContent, "PATCH", path, apigen.UserChange{Disabled: &yes}, nil)
	h.client().refused(http.StatusUnauthorized, "bad-credentials", "POST", "/session", in)
}

// The rate is unknown until it was measured, never zero.
func TestRateIsUnknownAtFirst(t *testing.T) {
	h := open(t, nil)
	h.sample("UPS-1 output/power", 1000, models.Good)
	var health apigen.CollectorHealth
	h.program(access.Viewer).want(http.StatusOK, "GET", "/collectors", nil, &health)
	if health.SamplesPerSecond != nil {
		t.Errorf("rate %v", *health.SamplesPerSecond)
	}
}
