package event_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

type fixture struct {
	*event.Journal
	t       *testing.T
	db      *gorm.DB
	sys     context.Context
	stock   *inventory.Service
	sites   [2]uint64
	devices [2]models.DeviceID

	mu   sync.Mutex
	told map[models.DeviceID]int
}

func setUp(t *testing.T, g *gorm.DB, o event.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, db: g, sys: access.System(t.Context(), "test"), told: map[models.DeviceID]int{}}
	log, err := audit.New(audit.Options{DB: g})
	f.ok(err)
	places, err := layout.New(layout.Options{DB: g, Audit: log})
	f.ok(err)
	f.stock, err = inventory.New(inventory.Options{DB: g, Audit: log})
	f.ok(err)
	f.ok(f.stock.LoadCatalog(f.sys))
	for i := range f.sites {
		s, err := places.CreateSite(f.sys, models.Site{Name: fmt.Sprint("S", i)})
		f.ok(err)
		d, err := f.stock.CreateDevice(f.sys, models.Device{Name: fmt.Sprint("pdu-", i), Kind: models.KindPDU, Status: models.StatusActive, Position: models.Position{SiteID: s.ID}})
		f.ok(err)
		f.sites[i], f.devices[i] = s.ID, d.ID
	}
	o.DB = g
	o.Kept = func(ids []models.DeviceID) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, id := range ids {
			f.told[id]++
		}
	}
	f.Journal, err = event.New(o)
	f.ok(err)
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// run runs the journal until the returned function is called, which waits.
func (f *fixture) run() (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	return func() {
		cancel()
		f.ok(<-done)
	}
}

// keep tells an event and waits until it is kept.
func (f *fixture) keep(e models.Event) {
	f.t.Helper()
	done := make(chan error, 1)
	f.Tell(e, func(err error) { done <- err })
	select {
	case err := <-done:
		f.ok(err)
	case <-time.After(10 * time.Second):
		f.t.Fatal("event is not kept in time")
	}
}

func (f *fixture) list(ctx context.Context, filter event.Filter) event.Page {
	f.t.Helper()
	p, err := f.List(ctx, filter)
	f.ok(err)
	return p
}

func names(p event.Page) string {
	var out []string
	for _, e := range p.Items {
		out = append(out, e.Name)
	}
	return strings.Join(out, " ")
}

func trap(d models.DeviceID, ms int64, name string, s models.Severity) models.Event {
	return models.Event{DeviceID: d, TimeMS: ms, Kind: models.EventTrap, Severity: s, Name: name}
}

func TestJournal(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g, event.Options{MaxAge: 1 << 60})
		stop := f.run()
		one, two := f.devices[0], f.devices[1]
		full := models.Event{
			DeviceID: one, Kind: models.EventTrap, Severity: models.SeverityCritical, Name: "upsOnBattery", Text: "On battery, thử nghiệm", Clears: "upsOffBattery",
			Source: "192.0.2.1", PointKey: "output/source", Variables: []models.EventVariable{{Name: "upsAlarmId", OID: "1.3.6.1", Value: "<b>"}},
		}
		before := time.Now().UnixMilli()
		f.keep(full)
		got := f.list(f.sys, event.Filter{}).Items[0]
		if got.TimeMS < before || got.TimeMS > time.Now().UnixMilli() || got.DeviceName != "pdu-0" || got.ID == 0 {
			t.Errorf("got %+v", got)
		}
		full.ID, full.TimeMS = got.ID, got.TimeMS
		if fmt.Sprintf("%+v", got.Event) != fmt.Sprintf("%+v", full) {
			t.Errorf("got %+v\nwant %+v", got.Event, full)
		}
		// They come in the order of their time, whatever the order they arrive.
		f.keep(trap(one, 3000, "c", models.SeverityInfo))
		f.keep(trap(two, 1000, "a", models.SeverityWarning))
		f.keep(trap(one, 2000, "b", models.SeverityOK))
		f.keep(models.Event{DeviceID: two, TimeMS: 2000, Kind: models.EventContact, Severity: models.SeverityWarning, Name: "silent", Text: "secret-user refused"})
		f.keep(models.Event{DeviceID: two, TimeMS: 2500, Kind: models.EventContact, Severity: models.SeverityOK, Name: "ok"})
		stop()
		for _, c := range []struct {
			name   string
			filter event.Filter
			want   string
		}{
			{"all", event.Filter{}, "upsOnBattery c ok silent b a"},
			{"device", event.Filter{Device: two}, "ok silent a"},
			{"kinds", event.Filter{Kinds: []models.EventKind{models.EventContact, models.EventRestarted}}, "ok silent"},
			{"severities", event.Filter{Severities: []models.Severity{models.SeverityCritical, models.SeverityInfo}}, "upsOnBattery c"},
			{"time", event.Filter{From: time.UnixMilli(2000), To: time.UnixMilli(3000)}, "ok silent b"},
			{"none", event.Filter{Device: 99}, ""},
			{"words of the text", event.Filter{Search: " BATTERY thử"}, "upsOnBattery"},
			{"its name", event.Filter{Search: "upsonb"}, "upsOnBattery"},
			{"its point", event.Filter{Search: "output/source"}, "upsOnBattery"},
			{"who told it", event.Filter{Search: "192.0.2"}, "upsOnBattery"},
			{"name of the device", event.Filter{Search: "PDU-1"}, "ok silent a"},
			{"words of both", event.Filter{Search: "pdu-1 silent"}, "silent"},
			{"a sign of patterns", event.Filter{Search: "%"}, ""},
			{"words that the reader sees", event.Filter{Search: "Không pdu-1", Meanings: []event.Meaning{{Word: "không", Kind: models.EventContact, What: "silent"}}}, "silent"},
			{"and not others", event.Filter{Search: "không hồi", Meanings: []event.Meaning{{Word: "không", Kind: models.EventContact, What: "silent"}}}, ""},
			{"words that stand for a kind", event.Filter{Search: "nối", Meanings: []event.Meaning{{Word: "nối", Kind: models.EventContact}}}, "ok silent"},
			{"words that stand for a text", event.Filter{Search: "quy", Meanings: []event.Meaning{{Word: "quy", Kind: models.EventTrap, What: "on battery"}}}, "upsOnBattery"},
			{"and not for why it cannot be read", event.Filter{Search: "x", Meanings: []event.Meaning{{Word: "x", Kind: models.EventContact, What: "secret"}}}, ""},
			{"not why it cannot be read", event.Filter{Search: "secret"}, ""},
		} {
			if got := names(f.list(f.sys, c.filter)); got != c.want {
				t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			}
			// Page by page it is the same.
			var paged []string
			for filter := c.filter; ; {
				filter.Limit = 1
				p := f.list(f.sys, filter)
				if n := names(p); n != "" {
					paged = append(paged, n)
				}
				if filter.Before = p.Next; p.Next == "" {
					break
				}
			}
			if got := strings.Join(paged, " "); got != c.want {
				t.Errorf("%s by page: got %q, want %q", c.name, got, c.want)
			}
		}
		if _, err := f.List(f.sys, event.Filter{Before: "1;2"}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("bad cursor: %v", err)
		}
		last, err := f.LastContacts(f.sys)
		f.ok(err)
		if len(last) != 1 || last[two].Name != "ok" || last[two].TimeMS == 0 {
			t.Errorf("last contacts %v", last)
		}
		if f.told[one] == 0 || f.told[two] == 0 {
			t.Errorf("told of %v", f.told)
		}
		// What belongs to a device goes with it.
		d, err := f.stock.Device(f.sys, one)
		f.ok(err)
		f.ok(f.stock.DeleteDevice(f.sys, d.ID))
		if got := names(f.list(f.sys, event.Filter{})); got != "ok silent a" {
			t.Errorf("after the device is gone: %q", got)
		}
	})
}

// Each list is one statement, whatever is asked for.
func TestStatements(t *testing.T) {
	f := setUp(t, dbtest.SQLite(t), event.Options{})
	count := dbtest.Count(t, f.db)
	f.list(f.sys, event.Filter{Device: f.devices[0], Severities: []models.Severity{models.SeverityOK}, Before: "5.1"})
	if n := count.Statements(); n != 1 {
		t.Errorf("%d statements", n)
	}
}

func TestScope(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g, event.Options{MaxAge: 1 << 60})
		stop := f.run()
		f.keep(trap(f.devices[0], 1, "here", models.SeverityOK))
		f.keep(trap(f.devices[1], 2, "there", models.SeverityOK))
		stop()
		if _, err := f.List(t.Context(), event.Filter{}); !errors.Is(err, access.ErrUnauthenticated) {
			t.Errorf("nobody: %v", err)
		}
		p := access.Principal{UserID: 1, Name: "eva", Role: access.Viewer, Via: access.ViaSession, Scope: []uint64{f.sites[0]}}
		eva := access.With(t.Context(), p)
		if got := names(f.list(eva, event.Filter{})); got != "here" {
			t.Errorf("confined to a site: %q", got)
		}
		if got := names(f.list(eva, event.Filter{Device: f.devices[1]})); got != "" {
			t.Errorf("device of another site: %q", got)
		}
		if _, err := f.LastContacts(eva); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("last contacts: %v", err)
		}
	})
}

// A flood of one severity of one device costs neither the other severities nor
// the other devices their history.
func TestFlood(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g, event.Options{PerDevice: 20, MaxAge: 1 << 60})
		stop := f.run()
		f.keep(trap(f.devices[0], 1, "worse", models.SeverityCritical))
		f.keep(trap(f.devices[1], 1, "other", models.SeverityWarning))
		for i := range 500 {
			f.Tell(trap(f.devices[0], int64(1000+i), fmt.Sprint(i), models.SeverityWarning), nil)
		}
		f.keep(trap(f.devices[0], 5000, "end", models.SeverityWarning))
		stop()
		all := f.list(f.sys, event.Filter{Limit: 200})
		var had []string
		for _, e := range all.Items {
			had = append(had, e.Name)
		}
		// 20 of the flood, and what came since it was pruned.
		if n := len(all.Items); n < 22 || n > 24 {
			t.Errorf("%d events", n)
		}
		for _, want := range []string{"worse", "other", "499", "end"} {
			if !slices.Contains(had, want) {
				t.Errorf("%q is not there", want)
			}
		}
		if s := f.Stats(); s.Kept != 503 || s.Pruned != 503-uint64(len(all.Items)) || s.Dropped+s.Lost != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestPrune(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g, event.Options{MaxAge: time.Hour, MaxEvents: 3, Queue: 10})
		now := time.Now()
		for i, age := range []time.Duration{2 * time.Hour, 50 * time.Minute, 40 * time.Minute, 30 * time.Minute, 20 * time.Minute} {
			e := trap(f.devices[0], now.Add(-age).UnixMilli(), fmt.Sprint(i), models.SeverityOK)
			f.ok(g.Create(&e).Error)
		}
		f.ok(f.Prune(t.Context(), now))
		if got := names(f.list(f.sys, event.Filter{})); got != "4 3 2" {
			t.Errorf("got %q", got)
		}
		f.ok(f.Prune(t.Context(), now.Add(35*time.Minute)))
		if got := names(f.list(f.sys, event.Filter{})); got != "4" {
			t.Errorf("later: got %q", got)
		}
	})
}

// An event of a device that is gone costs no other, and is counted.
func TestGone(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g, event.Options{})
		why := make(chan error, 1)
		f.Tell(trap(f.devices[0], 0, "a", models.SeverityOK), nil)
		f.Tell(trap(9999, 0, "lost", models.SeverityOK), func(err error) { why <- err })
		f.Tell(trap(f.devices[1], 0, "b", models.SeverityOK), nil)
		f.run()() // it ends with everything written
		if err := <-why; !errors.Is(err, event.ErrGone) {
			t.Errorf("got %v", err)
		}
		if s := f.Stats(); s.Kept != 2 || s.Lost != 1 || s.Waiting != 0 {
			t.Errorf("stats %+v", s)
		}
		if got := f.list(f.sys, event.Filter{}); len(got.Items) != 2 {
			t.Errorf("got %q", names(got))
		}
	})
}

// The teller of an event whose device is gone is told once, also when the others
// of its batch can only be kept later.
func TestGoneWhileAway(t *testing.T) {
	g := dbtest.SQLite(t)
	f := setUp(t, g, event.Options{})
	var tries atomic.Int32
	f.ok(g.Callback().Create().Before("gorm:create").Register("away", func(tx *gorm.DB) {
		// The first shows that a device is gone; the second is without it.
		if tx.Statement.Table == "device_events" && tries.Add(1) == 2 {
			_ = tx.AddError(errors.New("the disk is full"))
		}
	}))
	var told atomic.Int32
	f.Tell(trap(9999, 0, "lost", models.SeverityOK), func(error) { told.Add(1) })
	kept := make(chan error, 1)
	f.Tell(trap(f.devices[0], 0, "a", models.SeverityOK), func(err error) { kept <- err })
	stop := f.run()
	select {
	case err := <-kept:
		f.ok(err)
	case <-time.After(10 * time.Second):
		t.Fatal("the other event is not kept in time")
	}
	stop()
	if s := f.Stats(); told.Load() != 1 || s.Lost != 1 || s.Kept != 1 || tries.Load() != 3 {
		t.Errorf("told %d times, %d tries, stats %+v", told.Load(), tries.Load(), s)
	}
}

// What finds the queue full is counted, and its teller knows.
func TestQueueIsBounded(t *testing.T) {
	f := setUp(t, dbtest.SQLite(t), event.Options{Queue: 3})
	var dropped int
	for range 5 {
		f.Tell(trap(f.devices[0], 0, "x", models.SeverityOK), func(err error) {
			if errors.Is(err, event.ErrDropped) {
				dropped++
			}
		})
	}
	f.Tell(models.Event{DeviceID: f.devices[0], Kind: "nonsense"}, nil)
	if s := f.Stats(); s.Waiting != 3 || s.Dropped != 3 || dropped != 2 {
		t.Errorf("stats %+v, told of %d", s, dropped)
	}
}

// While the database is away events wait, and are kept once it is back.
func TestDatabaseAway(t *testing.T) {
	g := dbtest.SQLite(t)
	f := setUp(t, g, event.Options{})
	f.ok(g.Exec("ALTER TABLE device_events RENAME TO away").Error)
	stop := f.run()
	done := make(chan error, 1)
	f.Tell(trap(f.devices[0], 0, "patient", models.SeverityOK), func(err error) { done <- err })
	for deadline := time.Now().Add(10 * time.Second); f.Stats().LastError == ""; {
		if time.Now().After(deadline) {
			t.Fatal("no error is told")
		}
		select {
		case err := <-done:
			t.Fatalf("told %v while the table is away", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	f.ok(g.Exec("ALTER TABLE away RENAME TO device_events").Error)
	f.ok(<-done)
	stop()
	if s := f.Stats(); s.Kept != 1 || s.LastError != "" {
		t.Errorf("stats %+v", s)
	}
}

// Foreign text is bounded and made valid.
func TestBounds(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g, event.Options{})
		e := trap(f.devices[0], 0, "n\x00\xff"+strings.Repeat("é", 500), "dreadful")
		e.Text = strings.Repeat("x", 5000)
		for range 100 {
			e.Variables = append(e.Variables, models.EventVariable{OID: "1.3", Value: strings.Repeat("\x01", 2000)})
		}
		f.Tell(e, nil)
		f.run()()
		got := f.list(f.sys, event.Filter{}).Items[0]
		if len(got.Name) > 128 || !strings.HasPrefix(got.Name, "n\uFFFDé") || !strings.HasSuffix(got.Name, "é…") || len(got.Text) > 1000 || got.Severity != models.SeverityUnknown {
			t.Errorf("got %+v", got)
		}
		if n := len(got.Variables); n == 0 || n > 5 {
			t.Errorf("%d variables of 500 control characters", n)
		}
	})
}
