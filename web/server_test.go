package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/discovery"
	journal "github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/embedded"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/api"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/live"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// plant stands for the collectors.
type plant struct {
	mu     sync.Mutex
	health map[models.DeviceID]api.Health
	polled []models.DeviceID
	panics bool
}

func (p *plant) Health() []api.Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.panics {
		panic("the password is swordfish")
	}
	var out []api.Health
	for _, h := range p.health {
		out = append(out, h)
	}
	return out
}

func (p *plant) DeviceHealth(id models.DeviceID) (api.Health, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.health[id]
	return h, ok
}

func (p *plant) Poll(id models.DeviceID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.health[id]; !ok {
		return api.ErrNotPolled
	}
	p.polled = append(p.polled, id)
	return nil
}

func (p *plant) Counters() map[string]float64 { return map[string]float64{"snmp_requests": 12} }

// theatre stands for the simulated facility.
type theatre struct {
	mu     sync.Mutex
	active []api.Fault
}

func (f *theatre) Kinds() []api.FaultKind {
	return []api.FaultKind{{Kind: "utility-loss", Targets: []string{"utility"}}}
}

func (f *theatre) Active() []api.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]api.Fault(nil), f.active...)
}

func (f *theatre) Inject(_ context.Context, kind, target string) (api.Fault, error) {
	if target != "utility" {
		return api.Fault{}, fault.Invalid("target", "unknown", "there is no such target")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	x := api.Fault{ID: fmt.Sprint(len(f.active) + 1), Kind: kind, Target: target, Since: time.Now()}
	f.active = append(f.active, x)
	return x, nil
}

func (f *theatre) Clear(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.active {
		if x.ID == id {
			f.active = append(f.active[:i], f.active[i+1:]...)
			return nil
		}
	}
	return fault.NotFound("fault", id)
}

// surveyor stands for what scans: each scan finds what it has at once.
type surveyor struct {
	service *discovery.Service
	finds   []models.DiscoveryFinding
	hold    bool
}

func (s *surveyor) StartScan(ctx context.Context, id uint64) (models.DiscoveryRun, error) {
	run, _, err := s.service.Begin(ctx, id)
	if err != nil || s.hold {
		return run, err
	}
	system := access.System(ctx, "test")
	for _, f := range s.finds {
		if err := s.service.Found(system, run, f); err != nil {
			return run, err
		}
	}
	return s.service.End(system, run.ID, discovery.Outcome{State: models.RunDone, Done: run.Addresses, Found: len(s.finds)})
}

func (s *surveyor) CancelScan(ctx context.Context, id uint64) error {
	if _, err := s.service.Cancellable(ctx, id); err != nil {
		return err
	}
	_, err := s.service.End(access.System(ctx, "test"), id, discovery.Outcome{State: models.RunCancelled})
	return err
}

// house is a whole server over a real database and a real store, with a small
// facility in it.
type house struct {
	t        *testing.T
	db       *gorm.DB
	access   *access.Service
	secrets  *credential.Service
	audit    *audit.Log
	setup    *access.SetupGuard
	live     *telemetry.Live
	store    telemetry.Store
	plant    *plant
	server   *web.Server
	url      string
	router   routers.Router
	system   context.Context
	layout   *layout.Service
	stock    *inventory.Service
	search   *surveyor
	events   *journal.Journal
	site     uint64
	room     uint64
	racks    []uint64
	pdus     []models.DeviceID
	ups      models.DeviceID
	points   map[string]models.PointID // by "device key"
	clock    int64                     // of the newest sample
	called   map[string]bool
	calledMu sync.Mutex
}

type inventoryOf struct{ *inventory.Service }

func (s inventoryOf) Device(ctx context.Context, id models.DeviceID) (models.Device, error) {
	d, err := s.Service.Device(ctx, id)
	return d.Device, err
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func open(t *testing.T, change func(*web.Options)) *house {
	t.Helper()
	h := &house{t: t, db: dbtest.SQLite(t), plant: &plant{health: map[models.DeviceID]api.Health{}}, points: map[string]models.PointID{}, called: map[string]bool{}}
	h.system = access.System(context.Background(), "test")
	h.audit = must(audit.New(audit.Options{DB: h.db}))(t)
	h.access = must(access.New(access.Options{DB: h.db, Audit: h.audit, Hash: access.HashParams{MemoryKiB: 8, Passes: 1, Lanes: 1}}))(t)
	key := make([]byte, credential.KeyBytes)
	rand.Read(key)
	keys := must(credential.NewKeyring(key))(t)
	h.secrets = must(credential.NewService(credential.Options{DB: h.db, Keys: keys, Audit: h.audit}))(t)
	h.layout = must(layout.New(layout.Options{DB: h.db, Audit: h.audit}))(t)
	h.stock = must(inventory.New(inventory.Options{DB: h.db, Audit: h.audit}))(t)
	search := must(discovery.New(discovery.Options{DB: h.db, Audit: h.audit, Devices: h.stock, Plan: func([]string, string) (discovery.Plan, error) {
		return discovery.Plan{Addresses: 254}, nil
	}}))(t)
	h.search = &surveyor{service: search}
	h.events = must(journal.New(journal.Options{DB: h.db, Kept: func(ids []models.DeviceID) { h.server.EventsKept(ids) }}))(t)
	catalog := telemetry.CatalogFunc(func(id models.PointID) (telemetry.SeriesID, bool) {
		p, ok := h.stock.Catalog().Point(id)
		if !ok {
			return telemetry.SeriesID{}, false
		}
		return telemetry.SeriesID{Device: p.DeviceID, Key: p.Key, Class: quantity.Class(p.Class)}, true
	})
	h.store = must(embedded.Open(embedded.Options{Dir: t.TempDir(), Catalog: catalog, SyncInterval: -1}))(t)
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.live = telemetry.NewLive(telemetry.LiveOptions{Interval: 10 * time.Second})
	h.setup = access.NewSetupGuard()
	h.build()
	o := web.Options{
		Listen: "127.0.0.1:0", Access: h.access, Denied: h.audit.Denied, Setup: func(string, string) {},
		Live: live.Options{Interval: 20 * time.Millisecond, Recheck: 50 * time.Millisecond, Heartbeat: 100 * time.Millisecond, PerUser: 3},
		API:  apiOptions(h), Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if change != nil {
		change(&o)
	}
	h.server = must(web.New(o))(t)
	if err := h.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.url = h.server.URL()
	h.router = h.contract()
	t.Cleanup(func() {
		if err := h.server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return h
}

func apiOptions(h *house) api.Options {
	switches := must(control.New(control.Options{DB: h.db, Audit: h.audit, Plant: switchboard{}, Persons: h.access, FreshSession: time.Minute}))(h.t)
	return api.Options{
		Control: switches,
		DB:      h.db, Accounts: h.access, Credentials: h.secrets, Audit: h.audit, Layout: h.layout, Inventory: inventoryOf{h.stock},
		Live: h.live, History: h.store, Polling: h.plant, Events: h.events, Discovery: h.search.service, Scanner: h.search, Workshop: newCraft(), Setup: h.setup, Simulation: &theatre{}, Recorder: h.audit,
		StoreHealth: func() api.StoreHealth { return api.StoreHealth{Kind: "embedded"} }, OverviewEvery: -1,
		About: api.About{Version: "1.2.3", Profiles: func() int { return 42 }, Database: "sqlite", Telemetry: "embedded"},
	}
}

// build makes a site with a room of two rows of two racks, each rack with two
// PDUs, and a UPS on the floor.
func (h *house) build() {
	t, ctx := h.t, h.system
	h.site = must(h.layout.CreateSite(ctx, models.Site{Name: "Hà Nội 1", Status: models.StatusActive}))(t).ID
	h.room = must(h.layout.CreateLocation(ctx, models.Location{
		SiteID: h.site, Name: "Hall 1", Kind: models.Room, Status: models.StatusActive, WidthM: 12, DepthM: 8, TileM: 0.6,
	}))(t).ID
	for i := range 2 {
		row := must(h.layout.CreateRow(ctx, models.Row{LocationID: h.room, Name: fmt.Sprintf("R%d", i+1)}))(t).ID
		for j := range 2 {
			x, y := 1+float64(j)*0.6, 1+float64(i)*2.4
			r := must(h.layout.CreateRack(ctx, models.Rack{
				LocationID: h.room, RowID: &row, Name: fmt.Sprintf("R%d-%02d", i+1, j+1), Status: models.StatusActive, UHeight: 42,
				PositionInRow: j + 1, XM: &x, YM: &y, MaxPowerW: 8000,
			}))(t)
			h.racks = append(h.racks, r.ID)
			for _, side := range []models.Side{models.Left, models.Right} {
				h.pdus = append(h.pdus, h.device(models.Device{
					Name: r.Name + "-" + string(side), Kind: models.KindPDU, Position: models.Position{RackID: &r.ID, ZeroUSide: side, Face: models.Rear},
					PointRoles: map[string]string{"sensor/1/temperature": models.RoleRackInlet},
				},
					models.PointSpec{Key: "inlet/1/power", Class: quantity.Power, Component: "inlet/1", Label: "Power", Group: "fast"},
					models.PointSpec{Key: "outlet/1/power", Class: quantity.Power, Component: "outlet/1", Label: "Outlet 1", Group: "fast"},
					models.PointSpec{Key: "sensor/1/temperature", Class: quantity.Temperature, Component: "sensor/1", Label: "Inlet", Group: "fast"},
				))
			}
		}
	}
	x, y := 8.0, 2.0
	h.ups = h.device(models.Device{Name: "UPS-1", Kind: models.KindUPS, Position: models.Position{LocationID: &h.room, XM: &x, YM: &y}},
		models.PointSpec{Key: "output/source", Class: quantity.State, Component: "output", Label: "Output source", Group: "fast", States: map[int64]models.StateText{
			3: {Text: "normal", Severity: models.SeverityOK}, 5: {Text: "battery", Severity: models.SeverityCritical},
		}},
		models.PointSpec{Key: "output/power", Class: quantity.Power, Component: "output", Label: "Output power", Group: "fast"},
	)
}

func (h *house) device(d models.Device, specs ...models.PointSpec) models.DeviceID {
	h.t.Helper()
	d.SiteID, d.Status, d.Enabled, d.Protocol = h.site, models.StatusActive, true, "modbus-tcp"
	d.Address = fmt.Sprintf("127.0.0.1:%d", 10000+len(h.points))
	made := must(h.stock.CreateDevice(h.system, d))(h.t)
	ids := must(h.stock.RegisterPoints(h.system, made.ID, specs))(h.t)
	for i, s := range specs {
		h.points[d.Name+" "+s.Key] = ids[i]
	}
	h.plant.health[made.ID] = api.Health{Device: made.ID, State: "ok", Profile: "test", Points: len(specs), LastSuccess: time.Now(), Interval: 10 * time.Second}
	return made.ID
}

// sample gives a point a value, now.
func (h *house) sample(point string, v float64, q models.Quality) {
	h.t.Helper()
	id, ok := h.points[point]
	if !ok {
		h.t.Fatalf("no point %q", point)
	}
	h.clock = max(h.clock+1, time.Now().UnixMilli())
	h.live.Update([]models.Sample{{Point: id, TimeMS: h.clock, Value: v, Quality: q}})
}

// client is one browser or program.
type client struct {
	h     *house
	http  *http.Client
	csrf  string
	token string
	// header is added to each request.
	header http.Header
}

func (h *house) client() *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	tr := &http.Transport{}
	h.t.Cleanup(tr.CloseIdleConnections)
	return &client{h: h, http: &http.Client{Jar: jar, Transport: tr}, header: http.Header{}}
}

const password = "correct horse battery staple"

// signedIn makes a user of the role and signs in.
func (h *house) signedIn(role access.Role) *client {
	h.t.Helper()
	name := "u" + strings.ToLower(rand.Text()[:8])
	must(h.access.CreateUser(h.system, access.NewUser{Name: name, Password: password, Role: role}))(h.t)
	c := h.client()
	var s apigen.Session
	c.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: name, Password: password}, &s)
	c.csrf = s.CsrfToken
	return c
}

// program makes a token of the role.
func (h *house) program(role access.Role) *client {
	h.t.Helper()
	token, _, err := h.access.CreateToken(h.system, access.NewToken{Name: "test", Role: role})
	if err != nil {
		h.t.Fatal(err)
	}
	c := h.client()
	c.token = token
	return c
}

func (h *house) contract() routers.Router {
	h.t.Helper()
	doc := must(apigen.GetSpec())(h.t)
	doc.Servers = openapi3.Servers{{URL: h.url + "/api/v1"}}
	return must(legacy.NewRouter(doc))(h.t)
}

// reply is an answer whose body was read.
type reply struct {
	StatusCode   int
	Header       http.Header
	cookies      []*http.Cookie
	ProtoMajor   int
	TLS          *tls.ConnectionState
	Uncompressed bool
}

func (r reply) Cookies() []*http.Cookie { return r.cookies }

// do sends a request and checks the answer against the contract.
func (c *client) do(method, path string, in any) (reply, []byte) {
	c.h.t.Helper()
	var body io.Reader
	if raw, ok := in.(string); ok {
		body = strings.NewReader(raw)
	} else if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			c.h.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(c.h.t.Context(), method, c.h.url+"/api/v1"+path, body)
	if err != nil {
		c.h.t.Fatal(err)
	}
	for k, v := range c.header {
		r.Header[k] = v
	}
	if body != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.csrf != "" {
		r.Header.Set("X-CSRF-Token", c.csrf)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.h.t.Fatal(err)
	}
	c.h.conforms(r, resp, data)
	return reply{resp.StatusCode, resp.Header, resp.Cookies(), resp.ProtoMajor, resp.TLS, resp.Uncompressed}, data
}

func (h *house) conforms(r *http.Request, resp *http.Response, data []byte) {
	h.t.Helper()
	route, params, err := h.router.FindRoute(r)
	if err != nil {
		return // not an operation
	}
	if resp.StatusCode < 300 {
		h.calledMu.Lock()
		h.called[route.Operation.OperationID] = true
		h.calledMu.Unlock()
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 resp.StatusCode, Header: resp.Header, Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	in.SetBodyBytes(data)
	if err := openapi3filter.ValidateResponse(r.Context(), in); err != nil {
		h.t.Errorf("%s %s: %d is not as the contract says: %v\n%s", r.Method, r.URL.Path, resp.StatusCode, err, data)
	}
}

// want is do with the status that must come; out takes the body.
func (c *client) want(status int, method, path string, in, out any) http.Header {
	c.h.t.Helper()
	resp, data := c.do(method, path, in)
	if resp.StatusCode != status {
		c.h.t.Fatalf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, status, data)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			c.h.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.Header
}

// refused wants a problem and returns it.
func (c *client) refused(status int, code, method, path string, in any) apigen.Problem {
	c.h.t.Helper()
	var p apigen.Problem
	head := c.want(status, method, path, in, &p)
	if p.Code != code || p.Status != status || head.Get("Content-Type") != "application/problem+json" {
		c.h.t.Errorf("%s %s: problem %+v of type %q, want code %s", method, path, p, head.Get("Content-Type"), code)
	}
	return p
}
