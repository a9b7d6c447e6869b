package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
)

// Each route of the server is in the contract, and each operation is served.
func TestRoutesAreTheContract(t *testing.T) {
	h := open(t, nil)
	doc, err := apigen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			want = append(want, method+" /api/v1"+strings.NewReplacer("{", ":", "}", "").Replace(path))
		}
	}
	for _, r := range h.server.Handler().(*echo.Echo).Routes() {
		if strings.HasPrefix(r.Path, "/api/v1") && r.Method != echo.RouteNotFound {
			got = append(got, r.Method+" "+r.Path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("contract has\n%s\nserver has\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// samplePath fills the parameters of a path with ids that do not exist.
func samplePath(path string) string {
	return strings.NewReplacer("{id}", "999999", "{fault}", "none", "{job}", "NONE", "{name}", "none").Replace(path)
}

// Every role may call exactly those operations that its rule allows; nobody
// may call any but the public ones; S1, P11.
func TestRolesByOperations(t *testing.T) {
	h := open(t, nil)
	doc, err := apigen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	rules := auth.Rules()
	for _, role := range append(access.Roles(), "") {
		c := h.client()
		if role != "" {
			c = h.program(role)
		}
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				id := strings.ToLower(op.OperationID[:1]) + op.OperationID[1:]
				if id == "getStream" && role != "" {
					continue // it would not end; TestStream looks at it
				}
				resp, _ := c.do(method, samplePath(path), nil)
				rule := rules[id]
				refused := resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized
				switch {
				case rule.Public:
					if refused {
						t.Errorf("%s: public, but %q got %d", id, role, resp.StatusCode)
					}
				case role == "":
					if resp.StatusCode != http.StatusUnauthorized {
						t.Errorf("%s: nobody got %d, want 401", id, resp.StatusCode)
					}
				case (role.Can(rule.Operation) && !rule.Person) == (resp.StatusCode == http.StatusForbidden):
					t.Errorf("%s: token of %s got %d, may: %v", id, role, resp.StatusCode, role.Can(rule.Operation) && !rule.Person)
				}
			}
		}
	}
	// Refusals reach the audit log; S12.
	var list apigen.AuditList
	h.program(access.Administrator).want(http.StatusOK, "GET", "/audit?limit=500", nil, &list)
	if !slices.ContainsFunc(list.Items, func(e apigen.AuditEntry) bool { return e.Action == "denied" }) {
		t.Error("no refusal in the audit log")
	}
}

// A planner may plan devices, not operate them: the domain decides.
func TestPlannerPlansOnly(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Planner)
	planned, active := apigen.DeviceInputStatus("planned"), apigen.DeviceInputStatus("active")
	c.want(http.StatusCreated, "POST", "/devices", apigen.DeviceInput{Name: "new", Kind: "server", Site: h.site, Status: &planned}, nil)
	c.refused(http.StatusForbidden, "forbidden", "POST", "/devices", apigen.DeviceInput{Name: "live", Kind: "server", Site: h.site, Status: &active})
}

// A user confined to another site sees nothing of this one; P11.
func TestScope(t *testing.T) {
	h := open(t, nil)
	must(h.access.CreateUser(h.system, access.NewUser{Name: "far", Password: password, Role: access.Engineer, Scope: []uint64{h.site + 1}}))(t)
	c := h.client()
	var s apigen.Session
	c.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "far", Password: password}, &s)
	c.csrf = s.CsrfToken
	var o apigen.Overview
	c.want(http.StatusOK, "GET", "/overview", nil, &o)
	var tree apigen.Tree
	c.want(http.StatusOK, "GET", "/tree", nil, &tree)
	var list apigen.DeviceList
	c.want(http.StatusOK, "GET", "/devices", nil, &list)
	var points apigen.PointValues
	c.want(http.StatusOK, "GET", "/points?q=power", nil, &points)
	var health apigen.CollectorHealth
	c.want(http.StatusOK, "GET", "/collectors", nil, &health)
	if n := len(o.Sites) + o.Devices.Total + len(tree.Sites) + list.Total + len(points.Items) + len(health.Items); n != 0 {
		t.Errorf("%d things of another site are visible", n)
	}
	id := itoa(uint64(h.pdus[0]))
	for _, path := range []string{
		"/rooms/" + itoa(h.room) + "/plan", "/racks/" + itoa(h.racks[0]), "/devices/" + id, "/devices/" + id + "/points",
		"/trends?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&point=" + itoa(uint64(h.points["UPS-1 output/power"])),
		"/stream?device=" + id, "/stream?room=" + itoa(h.room), "/stream?point=" + itoa(uint64(h.points["UPS-1 output/power"])),
	} {
		c.refused(http.StatusNotFound, "not-found", "GET", path, nil)
	}
	c.refused(http.StatusNotFound, "not-found", "POST", "/devices/"+id+"/poll", nil)
	resp, _ := c.do("DELETE", "/devices/"+id, nil)
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound {
		t.Errorf("delete of a foreign device: %d", resp.StatusCode)
	}
}

func TestSetup(t *testing.T) {
	var url, token string
	h := open(t, func(o *web.Options) { o.Setup = func(u, k string) { url, token = u, k } })
	if url != h.url || token == "" {
		t.Fatalf("announced %q, %q", url, token)
	}
	in := apigen.SetupRequest{Name: "admin", Password: password}
	far := h.client()
	far.header.Set("X-Forwarded-For", "203.0.113.7")
	var st apigen.SetupState
	far.want(http.StatusOK, "GET", "/setup", nil, &st)
	if !st.Needed || !st.TokenRequired {
		t.Errorf("from elsewhere: %+v", st)
	}
	near := h.client()
	near.want(http.StatusOK, "GET", "/setup", nil, &st)
	if !st.Needed || st.TokenRequired {
		t.Errorf("from here: %+v", st)
	}
	// From elsewhere the token is needed; S2.
	p := far.refused(http.StatusForbidden, "invalid", "POST", "/setup", in)
	if p.Errors == nil || (*p.Errors)[0].Path != "token" {
		t.Errorf("problem %+v", p)
	}
	wrong := "wrong"
	in.Token = &wrong
	far.refused(http.StatusForbidden, "invalid", "POST", "/setup", in)
	in.Token = &token
	weak := in
	weak.Password = "admin"
	far.refused(http.StatusUnprocessableEntity, "invalid", "POST", "/setup", weak)
	var s apigen.Session
	far.want(http.StatusCreated, "POST", "/setup", in, &s)
	if s.User.Role != "administrator" || s.CsrfToken == "" || !slices.Contains(s.Operations, "user.manage") {
		t.Errorf("session %+v", s)
	}
	far.csrf = s.CsrfToken
	far.want(http.StatusOK, "GET", "/session", nil, &s)
	// It works once, from anywhere.
	in.Name = "second"
	far.refused(http.StatusConflict, "conflict", "POST", "/setup", in)
	in.Token = nil
	near.refused(http.StatusConflict, "conflict", "POST", "/setup", in)
	near.want(http.StatusOK, "GET", "/setup", nil, &st)
	if st.Needed {
		t.Error("set-up still needed")
	}
}

// Behind a proxy that is configured nothing comes from this machine.
func TestSetupBehindProxy(t *testing.T) {
	for name, change := range map[string]func(*web.Options){
		"public URL":    func(o *web.Options) { o.PublicURL = "https://aisle.example" },
		"insecure HTTP": func(o *web.Options) { o.InsecureHTTP = true },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, change)
			for path, status := range map[string]int{"/metrics": http.StatusUnauthorized, "/api/v1/setup": http.StatusOK} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
				r.RemoteAddr, r.Host = "127.0.0.1:4000", "127.0.0.1:8080"
				w := httptest.NewRecorder()
				h.server.Handler().ServeHTTP(w, r)
				if w.Code != status || path == "/api/v1/setup" && !strings.Contains(w.Body.String(), `"token_required":true`) {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		})
	}
}

// A page of a foreign site, or one that reaches this machine under a foreign
// name, is not this machine.
func TestSetupByForeignName(t *testing.T) {
	h := open(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/v1/setup", strings.NewReader(`{"name":"evil","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "rebound.example"
	r.Header.Set("Content-Type", "application/json")
	resp, err := h.client().http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestSessions(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Viewer)
	var s apigen.Session
	head := c.want(http.StatusOK, "GET", "/session", nil, &s)
	if head.Get("Cache-Control") != "no-store" || s.User.Theme != "auto" || s.User.Language != "en" {
		t.Errorf("session %+v, header %v", s, head)
	}
	c.header.Set("Accept-Language", "vi-VN,vi;q=0.9,en;q=0.5")
	c.want(http.StatusOK, "GET", "/session", nil, &s)
	if s.User.Language != "vi" {
		t.Errorf("language %s", s.User.Language)
	}
	var pref apigen.Preferences
	c.want(http.StatusOK, "PUT", "/session/preferences", apigen.Preferences{Language: "en", Theme: "dark"}, &pref)
	c.want(http.StatusOK, "GET", "/session", nil, &s)
	if s.User.Language != "en" || s.User.Theme != "dark" {
		t.Errorf("preferences not kept: %+v", s.User)
	}
	// S4: unsafe methods need the token of this session, whatever the origin.
	good := c.csrf
	for _, bad := range []string{"", "x", good + "x"} {
		c.csrf = bad
		c.refused(http.StatusForbidden, "forbidden", "PUT", "/session/preferences", apigen.Preferences{Language: "vi", Theme: "dark"})
	}
	c.csrf = good
	c.header.Set("Sec-Fetch-Site", "cross-site")
	c.refused(http.StatusForbidden, "forbidden", "PUT", "/session/preferences", apigen.Preferences{Language: "vi", Theme: "dark"})
	c.header.Del("Sec-Fetch-Site")
	c.header.Set("Origin", "https://evil.example")
	c.refused(http.StatusForbidden, "forbidden", "POST", "/session", apigen.SignInRequest{Name: "x", Password: "y"})
	c.header.Del("Origin")

	c.refused(http.StatusUnauthorized, "bad-credentials", "PUT", "/session/password", apigen.PasswordChange{Old: "wrong", New: "another good phrase here"})
	c.want(http.StatusNoContent, "PUT", "/session/password", apigen.PasswordChange{Old: password, New: "another good phrase here"}, nil)
	c.want(http.StatusNoContent, "DELETE", "/session", nil, nil)
	c.refused(http.StatusUnauthorized, "unauthenticated", "GET", "/session", nil)

	// The same answer for unknown users and wrong passwords; S3.
	a := c.refused(http.StatusUnauthorized, "bad-credentials", "POST", "/session", apigen.SignInRequest{Name: "nobody", Password: "x"})
	b := c.refused(http.StatusUnauthorized, "bad-credentials", "POST", "/session", apigen.SignInRequest{Name: s.User.Name, Password: "x"})
	if *a.Detail != *b.Detail {
		t.Errorf("answers differ: %q, %q", *a.Detail, *b.Detail)
	}
	for range 10 {
		c.do("POST", "/session", apigen.SignInRequest{Name: "nobody", Password: "x"})
	}
	p := c.refused(http.StatusTooManyRequests, "too-many-attempts", "POST", "/session", apigen.SignInRequest{Name: "nobody", Password: "x"})
	if p.RetryAfterS == nil || *p.RetryAfterS < 1 {
		t.Errorf("problem %+v", p)
	}
}

func TestCookie(t *testing.T) {
	h := open(t, nil)
	must(h.access.CreateUser(h.system, access.NewUser{Name: "ann", Password: password, Role: access.Viewer}))(t)
	c := h.client()
	resp, _ := c.do("POST", "/session", apigen.SignInRequest{Name: "ann", Password: password})
	k := resp.Cookies()
	if len(k) != 1 || !k[0].HttpOnly || k[0].SameSite != http.SameSiteStrictMode || k[0].Path != "/" || k[0].Name != "aisle_session" {
		t.Errorf("cookies %v", k)
	}
}

func TestLink(t *testing.T) {
	h := open(t, nil)
	u := must(h.access.CreateUser(h.system, access.NewUser{Name: "demo", Role: access.Administrator}))(t)
	secret := must(h.access.CreateSignInLink(h.system, u.ID, 0))(t)
	c := h.client()
	c.refused(http.StatusUnauthorized, "bad-credentials", "POST", "/session/link", apigen.LinkRequest{Secret: "x"})
	c.want(http.StatusOK, "POST", "/session/link", apigen.LinkRequest{Secret: secret}, nil)
	c.want(http.StatusOK, "GET", "/session", nil, nil)
	h.client().refused(http.StatusUnauthorized, "bad-credentials", "POST", "/session/link", apigen.LinkRequest{Secret: secret})
}
