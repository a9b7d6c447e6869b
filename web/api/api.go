// Package api answers the operations of openapi.yaml: it binds what comes,
// calls the domain and maps what the domain says. Who may do what was asked
// before (package auth) and is asked again by the domain.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
	"github.com/aisle-dcim/aisle/web/facility"
	"github.com/aisle-dcim/aisle/web/live"
	"github.com/aisle-dcim/aisle/web/problem"
)

// Accounts keeps users, sessions and tokens; *access.Service does.
type Accounts interface {
	NeedsSetup(ctx context.Context) (bool, error)
	Bootstrap(ctx context.Context, n access.NewUser, address string) (models.User, error)
	SignIn(ctx context.Context, r access.SignInRequest) (access.SignedIn, error)
	SignInWithLink(ctx context.Context, secret string, r access.SignInRequest) (access.SignedIn, error)
	SignOut(ctx context.Context, secret string) error
	SetPreferences(ctx context.Context, id uint64, p access.Preferences) (models.User, error)
	ChangePassword(ctx context.Context, old, password string) error
	ResetPassword(ctx context.Context, id uint64, password string) error
	User(ctx context.Context, id uint64) (models.User, error)
	Users(ctx context.Context) ([]models.User, error)
	CreateUser(ctx context.Context, n access.NewUser) (models.User, error)
	UpdateUser(ctx context.Context, id uint64, c access.UserChange) (models.User, error)
	Tokens(ctx context.Context, userID uint64) ([]models.APIToken, error)
	CreateToken(ctx context.Context, n access.NewToken) (string, models.APIToken, error)
	RevokeToken(ctx context.Context, id uint64) error
	Sessions(ctx context.Context, userID uint64) ([]models.Session, error)
	RevokeSession(ctx context.Context, id uint64) error
	RevokeOtherSessions(ctx context.Context) (int64, error)
}

// Credentials keeps the secrets of devices; *credential.Service does.
type Credentials interface {
	List(ctx context.Context) ([]credential.Info, error)
	Create(ctx context.Context, n credential.New) (credential.Info, error)
	Update(ctx context.Context, id uint64, c credential.Change) (credential.Info, error)
	Delete(ctx context.Context, id uint64) error
}

// Audit reads the audit log; *audit.Log does.
type Audit interface {
	List(ctx context.Context, f audit.Filter, p audit.Page) ([]models.AuditEntry, error)
}

// Layout changes places; *layout.Service does.
type Layout interface {
	Site(ctx context.Context, id uint64) (models.Site, error)
	CreateSite(ctx context.Context, x models.Site) (models.Site, error)
	UpdateSite(ctx context.Context, x models.Site) (models.Site, error)
	DeleteSite(ctx context.Context, id uint64) error
	Location(ctx context.Context, id uint64) (models.Location, error)
	CreateLocation(ctx context.Context, x models.Location) (models.Location, error)
	UpdateLocation(ctx context.Context, x models.Location) (models.Location, error)
	DeleteLocation(ctx context.Context, id uint64) error
	Row(ctx context.Context, id uint64) (models.Row, error)
	CreateRow(ctx context.Context, x models.Row) (models.Row, error)
	UpdateRow(ctx context.Context, x models.Row) (models.Row, error)
	DeleteRow(ctx context.Context, id uint64) error
	Rack(ctx context.Context, id uint64) (models.Rack, error)
	CreateRack(ctx context.Context, x models.Rack) (models.Rack, error)
	UpdateRack(ctx context.Context, x models.Rack) (models.Rack, error)
	DeleteRack(ctx context.Context, id uint64) error
	Place(ctx context.Context, device models.DeviceID, p models.Position, version uint64) (models.Device, error)
	History(ctx context.Context, device models.DeviceID) ([]models.Placement, error)
}

// Inventory changes devices, as *inventory.Service does.
type Inventory interface {
	Device(ctx context.Context, id models.DeviceID) (models.Device, error)
	CreateDevice(ctx context.Context, d models.Device) (models.Device, error)
	UpdateDevice(ctx context.Context, d models.Device) (models.Device, error)
	DeleteDevice(ctx context.Context, id models.DeviceID) error
	AcceptIdentity(ctx context.Context, id models.DeviceID) error
	AllowControl(ctx context.Context, id models.DeviceID, c models.Controlling) error
}

// Events is the journal of devices; *event.Journal is one.
type Events interface {
	List(ctx context.Context, f event.Filter) (event.Page, error)
}

// Health is how the polling of one device does.
type Health struct {
	Device models.DeviceID
	// State is one of the PollStates of the contract.
	State   string
	Profile string
	// Points were learned; Missing of them had no good value last time.
	Points, Missing int
	// The zero time means never.
	Since, LastPoll, LastSuccess time.Time
	Latency, Interval, Slowest   time.Duration
	// Counted since the start.
	Polls, Failures, Timeouts, Skipped uint64
	// Error is empty when all is well.
	Error string
}

// Polling is what the collectors tell and take. All but Poll answers from
// memory.
type Polling interface {
	// Health returns the health of every polled device.
	Health() []Health
	DeviceHealth(id models.DeviceID) (Health, bool)
	// Poll has the device polled next; ErrNotPolled when nobody polls it.
	Poll(id models.DeviceID) error
	// Counters are totals since the start, by name.
	Counters() map[string]float64
}

// ErrNotPolled means that a device is in the model but nobody reads it.
var ErrNotPolled = errors.New("the device is not polled")

// History answers queries for what was measured; telemetry.Store does.
type History interface {
	Range(ctx context.Context, q telemetry.Query) ([]telemetry.Series, error)
}

// StoreHealth is how the time-series store does.
type StoreHealth struct {
	// Kind is embedded or influx.
	Kind string
	// Error is empty when the store takes samples.
	Error string
	// Spooled samples wait on disk, Dropped ones are lost.
	Spooled, Dropped int64
}

// Fault is an active fault of the simulated facility.
type Fault struct {
	ID, Kind, Target string
	Since            time.Time
}

// FaultKind is a sort of fault with what it may be aimed at.
type FaultKind struct {
	Kind    string
	Targets []string
}

// Simulation is the simulated facility. It returns errors of package fault.
type Simulation interface {
	Kinds() []FaultKind
	Active() []Fault
	Inject(ctx context.Context, kind, target string) (Fault, error)
	Clear(ctx context.Context, id string) error
}

// Recorder notes in the audit log what changes nothing in the database;
// *audit.Log does.
type Recorder interface {
	Write(ctx context.Context, e audit.Entry) error
}

// About tells of the installation.
type About struct {
	Version, Revision   string
	BuiltAt, StartedAt  time.Time
	Database, Telemetry string
	// Profiles tells the number of device profiles.
	Profiles func() int
	// OwnLabel tells whether the label of a point or control with that key is
	// in the words of a device profile; nil knows none.
	OwnLabel func(key, label string) bool
}

// Options configure an API. All are mandatory unless said otherwise.
type Options struct {
	DB          *gorm.DB
	Accounts    Accounts
	Credentials Credentials
	Audit       Audit
	Layout      Layout
	Inventory   Inventory
	Live        *telemetry.Live
	History     History
	Polling     Polling
	Events      Events
	Discovery   Discovery
	Scanner     Scanner
	Workshop    Workshop
	// Control writes to devices; nil while that is switched off.
	Control Control
	Guard   *auth.Guard
	Streams *live.Hub
	// Setup holds the token of the first start.
	Setup *access.SetupGuard
	// StoreHealth tells how the time-series store does; nil when nobody knows.
	StoreHealth func() StoreHealth
	// Simulation is nil when nothing is simulated; Recorder notes its faults.
	Simulation Simulation
	Recorder   Recorder
	// StaleAfter is the freshness limit of a point; nil means 2.5 times the
	// interval of its group, plus 2 s.
	StaleAfter func(models.Point) time.Duration
	// CredentialChanged is called after the secrets of devices have changed; it
	// may be nil.
	CredentialChanged func()
	// OverviewEvery is how old the figures of the overview may be; default 1 s,
	// negative for none.
	OverviewEvery time.Duration
	About         About
	Log           *slog.Logger
}

// API implements apigen.ServerInterface. It is safe for concurrent use.
type API struct {
	o      Options
	reader *facility.Reader
	rate   *rate

	overviews overviews
	// reading is held by queries of the history.
	reading chan struct{}
}

// maxReading bounds the queries of the history that run at once.
const maxReading = 8

var (
	_ apigen.ServerInterface = (*API)(nil)

	_ Accounts    = (*access.Service)(nil)
	_ Credentials = (*credential.Service)(nil)
	_ Audit       = (*audit.Log)(nil)
	_ Recorder    = (*audit.Log)(nil)
	_ Layout      = (*layout.Service)(nil)
	_ History     = telemetry.Store(nil)
	_ Events      = (*event.Journal)(nil)
)

// New returns an API; it starts nothing.
func New(o Options) (*API, error) {
	switch {
	case o.DB == nil, o.Accounts == nil, o.Credentials == nil, o.Audit == nil, o.Layout == nil, o.Inventory == nil,
		o.Live == nil, o.History == nil, o.Polling == nil, o.Guard == nil, o.Streams == nil, o.Setup == nil,
		o.Events == nil, o.Discovery == nil, o.Scanner == nil, o.Workshop == nil:
		return nil, errors.New("api: a mandatory part is missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OverviewEvery == 0 {
		o.OverviewEvery = time.Second
	}
	r, err := facility.NewReader(o.DB)
	if err != nil {
		return nil, err
	}
	return &API{o: o, reader: r, rate: newRate(o.Live), overviews: overviews{kept: map[string]keptOverview{}}, reading: make(chan struct{}, maxReading)}, nil
}

// Reader returns the read side of the model.
func (a *API) Reader() *facility.Reader { return a.reader }

// body reads the request's JSON, which was checked against the contract.
func body[T any](c echo.Context) (T, error) {
	var v T
	dec := json.NewDecoder(c.Request().Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return v, err
		}
		return v, &problem.Error{Status: http.StatusBadRequest, Code: problem.Invalid, Detail: "the body is not the JSON that is expected", Cause: err}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return v, problem.New(http.StatusBadRequest, problem.Invalid, "more follows the body")
	}
	return v, nil
}

func answer(c echo.Context, status int, v any) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, v)
}

func created(c echo.Context, id uint64) error {
	return answer(c, http.StatusCreated, apigen.Created{Id: id})
}

// visible is what the principal may see of the model.
type visible struct {
	*facility.Index
	p access.Principal
}

// model returns the model as the principal may see it.
func (a *API) model(ctx context.Context) (visible, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return visible{}, err
	}
	x, err := a.reader.Index(ctx)
	if err != nil {
		return visible{}, err
	}
	p, _ := access.From(ctx)
	return visible{x, p}, nil
}

func (v visible) site(id uint64) bool { return v.p.CanSite(access.ReadFacility, id) }

func notFound(object string) error {
	return problem.New(http.StatusNotFound, problem.NotFound, "there is no such "+object)
}

func (v visible) device(id uint64) (*facility.Device, error) {
	if d := v.Device(models.DeviceID(id)); d != nil && v.site(d.SiteID) {
		return d, nil
	}
	return nil, notFound("device")
}

func (v visible) rack(id uint64) (*facility.Rack, error) {
	if r := v.Rack(id); r != nil && v.site(r.SiteID) {
		return r, nil
	}
	return nil, notFound("rack")
}

func (v visible) location(id uint64) (*facility.Location, error) {
	if l := v.Location(id); l != nil && v.site(l.SiteID) {
		return l, nil
	}
	return nil, notFound("room")
}

// opt returns nil for the zero value.
func opt[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func optTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
