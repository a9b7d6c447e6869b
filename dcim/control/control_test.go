package control_test

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
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// plant is one PDU with an outlet, and a cooling unit's set-point.
type plant struct {
	mu      sync.Mutex
	written []string
	state   map[string]float64
	read    time.Time
	fail    error
	// stuck: what is written has no effect.
	stuck bool
	// block, when there, holds a write until it is closed.
	block chan struct{}
	begun chan struct{}
	moved bool
	// label is what the outlet is called; "Web 1" when it is empty.
	label string
}

func number(n int64) *int64 { return &n }

func (p *plant) Known(models.DeviceID) bool { return true }

func (p *plant) Controls(models.DeviceID) []models.ControlSpec {
	p.mu.Lock()
	defer p.mu.Unlock()
	label := "Web 1"
	if p.label != "" {
		label = p.label
	}
	return []models.ControlSpec{
		{Key: "outlet/1/switch", Kind: models.ControlCommand, Label: label, Shows: "outlet/1/state", Within: 300 * time.Millisecond, Options: []models.ControlOption{
			{Name: "on", Done: number(1)}, {Name: "off", Severity: models.SeverityCritical, Done: number(2)}, {Name: "cycle", Severity: models.SeverityCritical},
		}},
		{Key: "setpoint", Kind: models.ControlSetPoint, Class: "temperature", Min: 16, Max: 30, Step: 0.5, Shows: "setpoint", Within: 300 * time.Millisecond},
	}
}

func (p *plant) Intend(_ context.Context, _ models.Device, key string, a control.Action) (control.Intent, error) {
	return control.Intent{Target: "SET " + key, Raw: fmt.Sprintf("%s%g", a.Option, a.Value), Current: "now"}, nil
}

func (p *plant) Write(_ context.Context, _ models.Device, _ string, a control.Action, want control.Intent) error {
	if p.begun != nil {
		close(p.begun)
		<-p.block
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved {
		return control.ErrChanged
	}
	p.written = append(p.written, want.Target+"="+want.Raw)
	if errors.Is(p.fail, control.ErrRefused) || p.stuck {
		return p.fail
	}
	switch {
	case a.Option == "off":
		p.state["outlet/1/state"] = 2
	case a.Option != "":
		p.state["outlet/1/state"] = 1
	default:
		p.state["setpoint"] = a.Value
	}
	return p.fail
}

func (p *plant) Poll(models.DeviceID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = time.Now()
}

func (p *plant) Shown(_ models.DeviceID, key string) (float64, time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.state[key]
	return v, p.read, ok
}

func (p *plant) sent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.written)
}

type persons struct{ err error }

func (p *persons) Reauthenticate(context.Context, string, time.Duration) error { return p.err }

type fixture struct {
	*control.Service
	t       *testing.T
	db      *gorm.DB
	plant   *plant
	persons *persons
	stock   *inventory.Service
	log     *audit.Log
	device  models.Device
	site    uint64
	sys     context.Context
	users   map[string]uint64
	now     time.Time
	// unkept has the transactions fail that end open requests.
	unkept bool
}

var errUnkept = errors.New("not to be kept")

func setUp(t *testing.T, g *gorm.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, db: g, plant: &plant{state: map[string]float64{"outlet/1/state": 1, "setpoint": 22}}, persons: &persons{}, sys: access.System(t.Context(), "test"), users: map[string]uint64{}}
	var err error
	f.log, err = audit.New(audit.Options{DB: g})
	f.ok(err)
	lay, err := layout.New(layout.Options{DB: g, Audit: f.log})
	f.ok(err)
	f.stock, err = inventory.New(inventory.Options{DB: g, Audit: f.log, Unwritable: func(ctx context.Context, tx *gorm.DB, id models.DeviceID, why models.ControlCause) error {
		if f.unkept {
			return errors.Join(f.EndOpen(ctx, tx, id, why), errUnkept)
		}
		return f.EndOpen(ctx, tx, id, why)
	}})
	f.ok(err)
	f.ok(f.stock.LoadCatalog(f.sys))
	site, err := lay.CreateSite(f.sys, models.Site{Name: "S"})
	f.ok(err)
	f.site = site.ID
	for _, name := range []string{"olga", "eva", "anna"} {
		u := models.User{Name: name, Role: "engineer", Scope: []uint64{}, CreatedAt: time.Now(), UpdatedAt: time.Now()}
		f.ok(g.Create(&u).Error)
		f.users[name] = u.ID
	}
	f.device, err = f.stock.CreateDevice(f.sys, models.Device{Name: "PDU-A", Kind: models.KindPDU, Status: models.StatusActive, Position: models.Position{SiteID: f.site}})
	f.ok(err)
	f.Service = f.service(control.Options{})
	return f
}

func (f *fixture) service(o control.Options) *control.Service {
	f.t.Helper()
	o.DB, o.Plant, o.Persons, o.PollEvery, o.Retry = f.db, f.plant, f.persons, 10*time.Millisecond, 10*time.Millisecond
	if o.Audit == nil {
		o.Audit = f.log
	}
	o.Now = func() time.Time {
		if f.now.IsZero() {
			return time.Now()
		}
		return f.now
	}
	s, err := control.New(o)
	f.ok(err)
	return s
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) as(name string, role access.Role, edit ...func(*access.Principal)) context.Context {
	p := access.Principal{UserID: f.users[name], Name: name, Role: role, Via: access.ViaSession, CredentialID: 1}
	for _, e := range edit {
		e(&p)
	}
	return access.With(f.t.Context(), p)
}

func (f *fixture) olga() context.Context { return f.as("olga", access.Operator) }
func (f *fixture) eva() context.Context  { return f.as("eva", access.Engineer) }

func (f *fixture) allow() {
	f.t.Helper()
	f.ok(f.stock.AllowControl(f.as("anna", access.Administrator), f.device.ID, models.Controlling{ControlAllowed: true}))
}

// run carries out what is confirmed until the test ends.
func (f *fixture) run(s *control.Service) (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				f.t.Error(err)
			}
		})
	}
	f.t.Cleanup(stop)
	return stop
}

func (f *fixture) ends(id uint64) models.ControlRequest {
	f.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r, err := f.Get(f.eva(), id)
		f.ok(err)
		if !r.State.Open() {
			return r
		}
		if time.Now().After(end) {
			f.t.Fatalf("request %d is still %s", id, r.State)
		}
	}
}

func code(err error) string {
	var c *fault.ConflictError
	if errors.As(err, &c) {
		return c.Code
	}
	var i *fault.InvalidError
	if errors.As(err, &i) {
		return i.Field
	}
	switch {
	case errors.Is(err, access.ErrForbidden):
		return "forbidden"
	case errors.Is(err, fault.ErrNotFound):
		return "not found"
	}
	return fmt.Sprint(err)
}

var off = control.Wish{Control: "outlet/1/switch", Option: "off"}

func (f *fixture) ask(w control.Wish) models.ControlRequest {
	f.t.Helper()
	r, err := f.Request(f.olga(), f.device.ID, w, "server replaced")
	f.ok(err)
	return r
}

func (f *fixture) journal() []string {
	f.t.Helper()
	rows, err := f.log.List(access.With(f.t.Context(), access.Principal{UserID: 1, Name: "a", Role: access.Administrator, Via: access.ViaSession}), audit.Filter{}, audit.Page{Limit: 200})
	f.ok(err)
	var out []string
	for _, r := range rows {
		if strings.HasPrefix(r.Action, "control-") {
			out = append(out, r.Action+" "+r.Actor+" "+r.Outcome)
		}
	}
	slices.Reverse(out)
	return out
}

func TestTwoPersons(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		if _, err := f.Request(f.olga(), f.device.ID, off, "server replaced"); code(err) != control.NotAllowed {
			t.Errorf("a device that does not allow it: %v", err)
		}
		f.allow()
		plan, err := f.DryRun(f.olga(), f.device.ID, off)
		f.ok(err)
		if plan.Intent.Target != "SET outlet/1/switch" || plan.Intent.Raw != "off0" || plan.Option.Severity != models.SeverityCritical {
			t.Errorf("dry run: %+v", plan)
		}
		r := f.ask(off)
		if r.State != models.ControlRequested || r.Target != plan.Intent.Target || r.Raw != plan.Intent.Raw || r.ExpiresAt.Sub(r.RequestedAt) != 15*time.Minute {
			t.Errorf("request: %+v", r)
		}
		f.run(f.Service)
		time.Sleep(50 * time.Millisecond)
		if got := f.plant.sent(); len(got) != 0 {
			t.Fatalf("written before the second person confirmed: %v", got)
		}
		// The first person asks again, and confirms with all that might do.
		if _, err := f.Request(f.eva(), f.device.ID, off, "me too, please"); code(err) != control.Open {
			t.Errorf("a second request for the same control: %v", err)
		}
		for name, ctx := range map[string]context.Context{
			"requester": f.as("olga", access.Administrator),
			"token":     f.as("eva", access.Engineer, func(p *access.Principal) { p.Via = access.ViaToken }),
			"operator":  f.as("eva", access.Operator),
			"elsewhere": f.as("eva", access.Engineer, func(p *access.Principal) { p.Scope = []uint64{f.site + 1} }),
			"program":   f.sys,
			"nobody":    t.Context(),
		} {
			if _, err := f.Confirm(ctx, r.ID, "secret"); err == nil {
				t.Errorf("%s confirmed", name)
			}
		}
		f.persons.err = access.ErrReauthenticate
		if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != control.Reauthenticate {
			t.Errorf("with an old session: %v", err)
		}
		f.persons.err = access.ErrBadCredentials
		if _, err := f.Confirm(f.eva(), r.ID, "wrong"); code(err) != "password" {
			t.Errorf("with a wrong password: %v", err)
		}
		f.persons.err = nil
		if got := f.plant.sent(); len(got) != 0 {
			t.Fatalf("written: %v", got)
		}
		if _, err := f.Confirm(f.eva(), r.ID, ""); err != nil {
			t.Fatal(err)
		}
		r = f.ends(r.ID)
		if r.State != models.ControlDone || r.Decider != "eva" || r.StartedAt == nil || r.Cause != models.ControlShown || r.Detail != "" {
			t.Errorf("ended: %+v", r)
		}
		if got := f.plant.sent(); !slices.Equal(got, []string{"SET outlet/1/switch=off0"}) {
			t.Errorf("written: %v", got)
		}
		refused := 0
		for _, step := range f.journal() {
			if step == "control-confirm olga denied" {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("who asked tried to confirm once; the audit log has it %d times: %v", refused, f.journal())
		}
		journal := slices.DeleteFunc(f.journal(), func(s string) bool { return strings.HasSuffix(s, " denied") })
		if got, want := journal, []string{"control-request olga ok", "control-confirm eva ok", "control-execute control ok", "control-done control ok"}; !slices.Equal(got, want) {
			t.Errorf("audit: %v, want %v", got, want)
		}
		if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != control.Ended {
			t.Errorf("confirmed twice: %v", err)
		}
		// The database itself refuses what one person alone would do.
		err = g.Exec("UPDATE control_requests SET decider_id = requester_id WHERE id = ?", r.ID).Error
		if !errors.Is(err, gorm.ErrCheckConstraintViolated) {
			t.Errorf("one person twice in the database: %v", err)
		}
	})
}

func TestOutcomes(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		told := make(chan models.ControlRequest, 100)
		f.Service = f.service(control.Options{DeviceLimit: 100, TotalLimit: 100, CarriedOut: func(r models.ControlRequest) { told <- r }})
		f.run(f.Service)
		value := 24.5
		tests := []struct {
			name   string
			wish   control.Wish
			before float64
			set    func(*plant)
			state  models.ControlState
			cause  models.ControlCause
			says   string
			sent   int
		}{
			{"set-point", control.Wish{Control: "setpoint", Value: &value}, 1, func(*plant) {}, models.ControlDone, models.ControlShown, "", 1},
			{"cycled", control.Wish{Control: "outlet/1/switch", Option: "cycle"}, 1, func(*plant) {}, models.ControlDone, models.ControlAccepted, "", 1},
			{"off already", off, 2, func(*plant) {}, models.ControlDone, models.ControlShownBefore, "", 1},
			{"refused", off, 1, func(p *plant) { p.fail = fmt.Errorf("%w: notWritable", control.ErrRefused) }, models.ControlFailed, models.ControlRefused, "notWritable", 1},
			{"not answered, no effect", off, 1, func(p *plant) { p.fail, p.stuck = control.ErrUnanswered, true }, models.ControlUnknown, models.ControlUnanswered, "did not answer", 1},
			{"not answered, effect", off, 1, func(p *plant) { p.fail = control.ErrUnanswered }, models.ControlUnknown, models.ControlUnansweredShown, "did not answer", 1},
			{"accepted, no effect", off, 1, func(p *plant) { p.stuck = true }, models.ControlUnknown, models.ControlNotShown, "", 1},
			{"means something else now", off, 1, func(p *plant) { p.moved = true }, models.ControlFailed, models.ControlChanged, "another way", 0},
		}
		for _, tt := range tests {
			f.plant.mu.Lock()
			f.plant.written, f.plant.fail, f.plant.stuck, f.plant.moved = nil, nil, false, false
			f.plant.state["outlet/1/state"] = tt.before
			tt.set(f.plant)
			f.plant.mu.Unlock()
			r := f.ask(tt.wish)
			_, err := f.Confirm(f.eva(), r.ID, "")
			f.ok(err)
			r = f.ends(r.ID)
			if r.State != tt.state || r.Cause != tt.cause || !strings.Contains(r.Detail, tt.says) || (tt.says == "") != (r.Detail == "") || len(f.plant.sent()) != tt.sent {
				t.Errorf("%s: %s by %s, %q, written %v; want %s by %s that says %q, written %d", tt.name, r.State, r.Cause, r.Detail, f.plant.sent(), tt.state, tt.cause, tt.says, tt.sent)
			}
			if x := <-told; x.ID != r.ID || x.State != tt.state || x.Cause != tt.cause {
				t.Errorf("%s: told of %d %s by %s", tt.name, x.ID, x.State, x.Cause)
			}
		}
		if n := f.Stats(); n["done"] != 3 || n["failed"] != 2 || n["outcome-unknown"] != 3 || n["confirmed"] != 8 {
			t.Errorf("counted: %v", n)
		}
	})
}

func TestWishesThatCannotBe(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		hot := 31.0
		ownerless := f.as("olga", access.Engineer, func(p *access.Principal) { p.UserID, p.Via = 0, access.ViaToken })
		for _, tt := range []struct {
			ctx    context.Context
			wish   control.Wish
			reason string
			want   string
		}{
			{f.olga(), off, "  x ", "reason"},
			{f.olga(), control.Wish{Control: "outlet/1/switch", Option: "burn"}, "server replaced", "option"},
			{f.olga(), control.Wish{Control: "outlet/9/switch", Option: "off"}, "server replaced", "not found"},
			{f.olga(), control.Wish{Control: "setpoint", Value: &hot}, "server replaced", "value"},
			{f.olga(), control.Wish{Control: "setpoint"}, "server replaced", "value"},
			{f.as("olga", access.Viewer), off, "server replaced", "forbidden"},
			{f.as("olga", access.Operator, func(p *access.Principal) { p.Scope = []uint64{f.site + 1} }), off, "server replaced", "forbidden"},
			{ownerless, off, "server replaced", "forbidden"},
		} {
			if _, err := f.Request(tt.ctx, f.device.ID, tt.wish, tt.reason); code(err) != tt.want {
				t.Errorf("%+v because %q: %v, want %s", tt.wish, tt.reason, err, tt.want)
			}
		}
		if err := f.stock.AllowControl(f.eva(), f.device.ID, models.Controlling{ControlAllowed: true}); code(err) != "forbidden" {
			t.Errorf("an engineer opened a device for control: %v", err)
		}
	})
}

func TestEndsWithoutWriting(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		r := f.ask(off)
		if _, err := f.Cancel(f.eva(), r.ID); code(err) != "forbidden" {
			t.Errorf("somebody else took it back: %v", err)
		}
		_, err := f.Cancel(f.olga(), r.ID)
		f.ok(err)
		if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != control.Ended {
			t.Errorf("confirmed after it was taken back: %v", err)
		}
		r = f.ask(off)
		_, err = f.Reject(f.eva(), r.ID, "wrong outlet")
		f.ok(err)
		r = f.ask(off)
		f.now = time.Now().Add(16 * time.Minute)
		if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != control.Ended {
			t.Errorf("confirmed after it expired: %v", err)
		}
		f.run(f.Service)
		if got := f.ends(r.ID); got.State != models.ControlExpired {
			t.Errorf("ended: %s", got.State)
		}
		// It is closed: the control is free again.
		f.ask(off)
		list, err := f.Requests(f.eva(), control.Filter{DeviceID: f.device.ID})
		f.ok(err)
		var states []models.ControlState
		for _, r := range list {
			states = append(states, r.State)
		}
		if want := []models.ControlState{models.ControlRequested, models.ControlExpired, models.ControlRejected, models.ControlCancelled}; !slices.Equal(states, want) {
			t.Errorf("%v, want %v", states, want)
		}
		if list, err := f.Requests(f.as("eva", access.Engineer, func(p *access.Principal) { p.Scope = []uint64{f.site + 1} }), control.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("somebody of another site sees %d, %v", len(list), err)
		}
		if got := f.plant.sent(); len(got) != 0 {
			t.Errorf("written: %v", got)
		}
	})
}

// TestProgramEnds: what was under way is never repeated.
func TestProgramEnds(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		confirmed := f.ask(off)
		value := 24.0
		executing := f.ask(control.Wish{Control: "setpoint", Value: &value})
		for _, r := range []models.ControlRequest{confirmed, executing} {
			_, err := f.Confirm(f.eva(), r.ID, "")
			f.ok(err)
		}
		// As if the program had died in the middle of the second.
		f.ok(g.Exec("UPDATE control_requests SET state = 'executing', started_at = requested_at WHERE id = ?", executing.ID).Error)
		time.Sleep(5 * time.Millisecond) // times are kept to the millisecond
		told := make(chan models.ControlRequest, 100)
		f.Service = f.service(control.Options{DeviceLimit: 2, CarriedOut: func(r models.ControlRequest) { told <- r }})
		f.run(f.Service)
		if r := f.ends(confirmed.ID); r.State != models.ControlFailed || r.Cause != models.ControlInterrupted {
			t.Errorf("confirmed: %s, %s", r.State, r.Detail)
		}
		if r := f.ends(executing.ID); r.State != models.ControlUnknown || r.Cause != models.ControlInterrupted {
			t.Errorf("executing: %s, %s", r.State, r.Detail)
		}
		if x := <-told; x.ID != executing.ID || x.State != models.ControlUnknown || len(told) > 0 {
			t.Errorf("told of %d %s, and of %d more", x.ID, x.State, len(told))
		}
		time.Sleep(50 * time.Millisecond)
		if got := f.plant.sent(); len(got) != 0 {
			t.Errorf("written after the start: %v", got)
		}
		// What was written before the start counts against the limit.
		r := f.ask(off)
		_, err := f.Confirm(f.eva(), r.ID, "")
		f.ok(err)
		f.ends(r.ID)
		r = f.ask(off)
		if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != control.Limited {
			t.Errorf("beyond the limit: %v", err)
		}
	})
}

// TestOrderlyEnd: a write that has begun is done to its end, and kept.
func TestOrderlyEnd(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		f.plant.block, f.plant.begun = make(chan struct{}), make(chan struct{})
		stop := f.run(f.Service)
		r := f.ask(off)
		_, err := f.Confirm(f.eva(), r.ID, "")
		f.ok(err)
		<-f.plant.begun
		go func() { time.Sleep(50 * time.Millisecond); close(f.plant.block) }()
		stop()
		if r := f.ends(r.ID); r.State != models.ControlUnknown || r.Cause != models.ControlInterrupted || len(f.plant.sent()) != 1 {
			t.Errorf("%s, %q, written %v", r.State, r.Detail, f.plant.sent())
		}
	})
}

func TestRateLimit(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		f.Service = f.service(control.Options{DeviceLimit: 2, TotalLimit: 10, Window: 10 * time.Minute})
		f.run(f.Service)
		confirm := func() error {
			r := f.ask(off)
			_, err := f.Confirm(f.eva(), r.ID, "")
			if err == nil {
				f.ends(r.ID)
				return nil
			}
			_, cancel := f.Cancel(f.olga(), r.ID)
			f.ok(cancel)
			return err
		}
		f.ok(confirm())
		f.ok(confirm())
		if err := confirm(); code(err) != control.Limited {
			t.Errorf("third write of a device: %v", err)
		}
		if n := f.Stats()["limited"]; n != 1 {
			t.Errorf("%d were limited", n)
		}
		f.now = time.Now().Add(5*time.Minute + time.Second)
		if err := confirm(); err != nil {
			t.Errorf("after half of the window: %v", err)
		}
	})
}

// TestConfirmedDoesNotLast: what was not carried out at once never is, and it
// can be stopped by both.
func TestConfirmedDoesNotLast(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		confirmed := func() models.ControlRequest {
			t.Helper()
			r := f.ask(off)
			_, err := f.Confirm(f.eva(), r.ID, "")
			f.ok(err)
			return r
		}
		for _, who := range []context.Context{f.olga(), f.eva()} {
			r := confirmed()
			if _, err := f.Cancel(f.as("anna", access.Administrator), r.ID); code(err) != "forbidden" {
				t.Errorf("somebody else took it back: %v", err)
			}
			if got, err := f.Cancel(who, r.ID); err != nil || got.State != models.ControlCancelled {
				t.Errorf("taken back after it was confirmed: %s, %v", got.State, err)
			}
		}
		r := confirmed()
		f.now = time.Now().Add(61 * time.Second)
		f.run(f.Service)
		if got := f.ends(r.ID); got.State != models.ControlFailed || got.Cause != models.ControlLate {
			t.Errorf("a minute later: %s, %s", got.State, got.Cause)
		}
		if got := f.plant.sent(); len(got) != 0 {
			t.Errorf("written: %v", got)
		}
	})
}

// TestEndsWithThePermission: what waits does not outlive what it was asked for.
func TestEndsWithThePermission(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		anna := f.as("anna", access.Administrator)
		for name, tt := range map[string]struct {
			do    func()
			cause models.ControlCause
		}{
			"withdrawn": {func() { f.ok(f.stock.AllowControl(anna, f.device.ID, models.Controlling{})) }, models.ControlWithdrawn},
			"other address": {func() {
				d := f.device
				d.Address, d.Version = "192.0.2.77:161", 0
				_, err := f.stock.UpdateDevice(anna, d)
				f.ok(err)
			}, models.ControlReplaced},
			"other device": {func() {
				f.ok(g.Exec("UPDATE devices SET identity_changed_at = ? WHERE id = ?", time.Now(), f.device.ID).Error)
				f.ok(f.stock.AcceptIdentity(anna, f.device.ID))
			}, models.ControlReplaced},
		} {
			failed := f.Stats()["failed"]
			f.allow()
			value := 24.0
			waits, confirmed := f.ask(off), f.ask(control.Wish{Control: "setpoint", Value: &value})
			_, err := f.Confirm(f.eva(), confirmed.ID, "")
			f.ok(err)
			f.unkept = true
			if err := f.stock.AllowControl(anna, f.device.ID, models.Controlling{}); !errors.Is(err, errUnkept) {
				t.Errorf("%s: %v", name, err)
			}
			if f.unkept = false; f.Stats()["failed"] != failed {
				t.Errorf("%s: what was not kept is counted", name)
			}
			tt.do()
			if n := f.Stats()["failed"] - failed; n != 2 {
				t.Errorf("%s: %d are counted as failed, want 2", name, n)
			}
			f.allow() // and permitted again
			for _, id := range []uint64{waits.ID, confirmed.ID} {
				if r, err := f.Get(f.eva(), id); err != nil || r.State != models.ControlFailed || r.Cause != tt.cause {
					t.Errorf("%s: %s, %q, %v", name, r.State, r.Cause, err)
				}
			}
			if _, err := f.Confirm(f.eva(), waits.ID, ""); code(err) != control.Ended {
				t.Errorf("%s: confirmed: %v", name, err)
			}
		}
	})
}

// TestPersonsAreCheckedAgain: what counts is where the device is, and who may,
// when it is confirmed and when it is carried out.
func TestPersonsAreCheckedAgain(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		here := f.as("eva", access.Engineer, func(p *access.Principal) { p.Scope = []uint64{f.site} })
		set := func(user, change string, args ...any) {
			t.Helper()
			f.ok(g.Exec("UPDATE users SET "+change+" WHERE name = '"+user+"'", args...).Error)
		}
		r := f.ask(off)
		lay, err := layout.New(layout.Options{DB: g, Audit: f.log})
		f.ok(err)
		other, err := lay.CreateSite(f.sys, models.Site{Name: "T"})
		f.ok(err)
		f.ok(g.Exec("UPDATE devices SET site_id = ? WHERE id = ?", other.ID, f.device.ID).Error)
		if _, err := f.Confirm(here, r.ID, ""); err == nil {
			t.Error("confirmed for a device that is at another site by now")
		}
		f.ok(g.Exec("UPDATE devices SET site_id = ? WHERE id = ?", f.site, f.device.ID).Error)
		for _, change := range []string{"disabled = TRUE", "role = 'viewer'", fmt.Sprintf("scope = '[%d]'", other.ID)} {
			set("olga", change)
			if _, err := f.Confirm(here, r.ID, ""); code(err) != control.Requester {
				t.Errorf("confirmed for somebody with %s: %v", change, err)
			}
			set("olga", "disabled = FALSE, role = 'engineer', scope = '[]'")
		}
		_, err = f.Confirm(here, r.ID, "")
		f.ok(err)
		set("eva", "disabled = TRUE")
		f.run(f.Service)
		if got := f.ends(r.ID); got.State != models.ControlFailed || got.Cause != models.ControlPersons {
			t.Errorf("carried out for a person without right: %s, %s", got.State, got.Cause)
		}
		if got := f.plant.sent(); len(got) != 0 {
			t.Errorf("written: %v", got)
		}
	})
}

// faulty is an audit log that fails for some entries, and with it what they
// are about.
type faulty struct {
	access.Recorder
	mu    sync.Mutex
	fails map[string]int
}

func (x *faulty) Record(ctx context.Context, tx *gorm.DB, e models.AuditEvent) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.fails[e.Action+" "+e.ObjectID] > 0 {
		x.fails[e.Action+" "+e.ObjectID]--
		return errors.New("disk full")
	}
	return x.Recorder.Record(ctx, tx, e)
}

// TestExecutorOutlivesTheDatabase: a fault of the database stalls neither the
// executor nor the other requests, and no outcome gets lost.
func TestExecutorOutlivesTheDatabase(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		value := 24.0
		left := f.ask(control.Wish{Control: "setpoint", Value: &value})
		_, err := f.Confirm(f.eva(), left.ID, "")
		f.ok(err)
		time.Sleep(5 * time.Millisecond) // times are kept to the millisecond
		audit := &faulty{Recorder: f.log, fails: map[string]int{fmt.Sprintf("control-failed %d", left.ID): 2}}
		f.Service = f.service(control.Options{Audit: audit})
		f.run(f.Service)
		if r := f.ends(left.ID); r.State != models.ControlFailed || r.Cause != models.ControlInterrupted {
			t.Errorf("of the run before: %s, %s", r.State, r.Cause)
		}
		stuck, r := f.ask(control.Wish{Control: "setpoint", Value: &value}), f.ask(off)
		audit.mu.Lock()
		audit.fails[fmt.Sprintf("control-execute %d", stuck.ID)] = 1 << 30
		audit.fails[fmt.Sprintf("control-done %d", r.ID)] = 2
		audit.mu.Unlock()
		for _, id := range []uint64{stuck.ID, r.ID} {
			_, err := f.Confirm(f.eva(), id, "")
			f.ok(err)
		}
		if r := f.ends(r.ID); r.State != models.ControlDone || r.Cause != models.ControlShown {
			t.Errorf("behind one that is stuck: %s, %s", r.State, r.Cause)
		}
		if got := f.plant.sent(); !slices.Equal(got, []string{"SET outlet/1/switch=off0"}) {
			t.Errorf("written: %v", got)
		}
	})
}
