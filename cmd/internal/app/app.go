package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/collectors/trap"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web"
)

// Options of an App.
type Options struct {
	Config *configs.Config
	Log    *slog.Logger
	// Facility is simulated in this process; nil in real operation.
	Facility *simulate.Facility
	// Notice prints a line for the person who started the program: addresses,
	// one-time links. It is not the log.
	Notice func(format string, args ...any)
}

// Core is what every command that touches the data folder needs: database,
// access, audit and credentials.
type Core struct {
	Config      *configs.Config
	Log         *slog.Logger
	DB          *gorm.DB
	Audit       *audit.Log
	Access      *access.Service
	Credentials *credential.Service
}

// OpenCore opens the data folder and brings the schema up to date.
func OpenCore(ctx context.Context, cfg *configs.Config, log *slog.Logger) (_ *Core, err error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	keys, err := openKeyring(cfg)
	if err != nil {
		return nil, err
	}
	g, err := OpenDatabase(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close(g))
		}
	}()
	from, to, err := db.Migrate(ctx, g)
	if err != nil {
		return nil, err
	}
	if from != to {
		log.InfoContext(ctx, "database schema brought up to date", "from", from, "to", to)
	}
	c := &Core{Config: cfg, Log: log, DB: g}
	chain, err := keys.Subkey("audit")
	if err != nil {
		return nil, err
	}
	if c.Audit, err = audit.New(audit.Options{DB: g, Key: chain, Log: log}); err != nil {
		return nil, err
	}
	c.Access, err = access.New(access.Options{
		DB: g, Audit: c.Audit, Log: log,
		IdleTimeout: cfg.Auth.SessionIdle.D(), AbsoluteTimeout: cfg.Auth.SessionAbsolute.D(), Parallel: cfg.Auth.PasswordParallel,
		Hash: access.HashParams{MemoryKiB: uint32(cfg.Auth.PasswordMemory >> 10)},
	})
	if err != nil {
		return nil, err
	}
	c.Credentials, err = credential.NewService(credential.Options{DB: g, Keys: keys, Audit: c.Audit, Log: log})
	return c, err
}

// Close closes the database.
func (c *Core) Close() error { return db.Close(c.DB) }

func openKeyring(cfg *configs.Config) (*credential.Keyring, error) {
	if cfg.Secrets.Key.Reveal() != "" {
		key, err := configs.DecodeKey(cfg.Secrets.Key)
		if err != nil {
			return nil, err
		}
		return credential.NewKeyring(key)
	}
	key, err := credential.LoadKey(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	return credential.NewKeyring(key)
}

// OpenDatabase opens the configured database without touching its schema.
func OpenDatabase(ctx context.Context, cfg *configs.Config, log *slog.Logger) (*gorm.DB, error) {
	o := db.Options{Driver: cfg.Database.Driver, Log: log}
	if o.Driver == db.SQLite {
		o.DSN = cfg.SQLitePath()
	} else {
		o.DSN, o.MaxConnections = cfg.Database.DSN.Reveal(), cfg.Database.MaxConnections
	}
	return db.Open(ctx, o)
}

// App is the whole service in one process.
type App struct {
	opt       Options
	log       *slog.Logger
	core      *Core
	profiles  *workshop.Shelf
	engines   *Engines
	inventory *inventory.Service
	layout    *layout.Service
	live      *telemetry.Live
	store     telemetry.Store
	recorder  *telemetry.Recorder
	manager   *collectors.Manager
	scanner   *scanner
	events    *event.Journal
	contacts  *contacts
	senders   senders
	traps     atomic.Pointer[trap.Receiver] // nil when none are received
	// trapsFailed counts attempts to receive them.
	trapsFailed atomic.Uint64
	pokes       *pokes
	bench       *bench
	// control is nil while writing is switched off.
	control *control.Service
	// web is set last: devices change their state before.
	web     atomic.Pointer[web.Server]
	started time.Time

	// locked says which devices have a credential that cannot be opened.
	locked atomic.Pointer[map[models.DeviceID]error]
	// unopened says which devices stay read only because their credential for
	// control cannot be opened.
	unopened atomic.Pointer[map[models.DeviceID]bool]
	reload   chan struct{}
	// told is what setTargets said of credentials, which one at a time calls.
	told   collectors.Repeats
	cancel context.CancelFunc
	wg     sync.WaitGroup
	// undo is run in reverse order by Stop and by a Start that fails.
	undo []func(context.Context) error
	once sync.Once
}

// New returns an app that has not started.
func New(o Options) *App {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notice == nil {
		o.Notice = func(string, ...any) {}
	}
	return &App{opt: o, log: o.Log, reload: make(chan struct{}, 1)}
}

func (a *App) later(f func(context.Context) error) { a.undo = append(a.undo, f) }

// laterEnd has parts ended by cancel, and waited for.
func (a *App) laterEnd(cancel context.CancelFunc, parts *sync.WaitGroup) {
	a.later(func(ctx context.Context) error {
		cancel()
		return waitFor(ctx, parts)
	})
}

// background runs f until Stop; an error of it is logged.
func (a *App) background(ctx context.Context, name string, f func(context.Context) error) {
	a.wg.Go(func() {
		if err := f(ctx); err != nil && !errors.Is(err, context.Canceled) {
			a.log.ErrorContext(ctx, "part ended", "part", name, "err", err)
		}
	})
}

// Start opens the stores, begins to poll and listens. When it fails, what was
// opened is closed again.
func (a *App) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			err = errors.Join(err, a.Stop(stop))
		}
	}()
	a.started = time.Now()
	cfg := a.opt.Config
	a.log.InfoContext(ctx, "starting: opening the database", "driver", cfg.Database.Driver)
	if a.core, err = OpenCore(ctx, cfg, a.log); err != nil {
		return err
	}
	a.later(func(context.Context) error { return a.core.Close() })
	a.log.InfoContext(ctx, "starting: reading the device profiles")
	if a.profiles, err = a.newShelf(); err != nil {
		return fmt.Errorf("device profiles: %w", err)
	}
	a.layout, err = layout.New(layout.Options{DB: a.core.DB, Audit: a.core.Audit, Log: a.log})
	if err != nil {
		return err
	}
	a.inventory, err = inventory.New(inventory.Options{
		DB: a.core.DB, Audit: a.core.Audit, Log: a.log, Changed: func([]models.DeviceID) { a.reloadTargets() },
		Unwritable: func(ctx context.Context, tx *gorm.DB, id models.DeviceID, why models.ControlCause) error {
			if a.control == nil { // switched off, or not yet begun
				return control.EndOpen(ctx, tx, a.core.Audit, id, why)
			}
			return a.control.EndOpen(ctx, tx, id, why)
		},
		Gone: func(ids []models.PointID) {
			if a.live != nil { // not yet while the simulated facility is taken over
				a.live.Forget(ids...)
			}
		},
	})
	if err != nil {
		return err
	}
	system := access.System(ctx, "aisle")
	a.log.InfoContext(ctx, "starting: reading the points of all devices")
	if err := a.inventory.LoadCatalog(system); err != nil {
		return err
	}
	if a.opt.Facility != nil {
		if err := a.adopt(system); err != nil {
			return fmt.Errorf("take over the simulated facility: %w", err)
		}
	}
	a.log.InfoContext(ctx, "starting: opening the time-series store", "store", cfg.Telemetry.Store)
	if err := a.openTelemetry(ctx); err != nil {
		return err
	}
	if err := a.startEvents(system); err != nil {
		return err
	}
	a.engines = NewEngines(EngineOptions{
		Library: a.profiles.Set().Library, Log: a.log, Timeout: cfg.Collectors.Timeout.D(), Retries: cfg.Collectors.Retries,
		SubnetRate: cfg.Collectors.SubnetRate, Allow: cfg.Collectors.AllowsTarget, Control: cfg.Control.Enabled,
	})
	if err := a.engines.Start(); err != nil {
		return err
	}
	a.later(func(context.Context) error { a.engines.Stop(); return nil })

	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	a.laterEnd(cancel, &a.wg)
	a.background(run, "recorder", a.recorder.Run)
	a.newManager()
	if err := a.setTargets(system); err != nil {
		return err
	}
	if err := a.newControl(); err != nil {
		return err
	}
	a.background(run, "poll manager", a.manager.Run)
	if a.control != nil {
		a.background(run, "control", a.control.Run)
	}
	a.background(run, "targets", a.followTargets)
	a.background(run, "sweep", a.sweep)
	a.startTraps(run)
	a.background(run, "profiles", a.profiles.Run)
	a.bench = a.newBench(run)
	a.background(run, "coverage of profiles", a.bench.countCoverage)
	if err := a.newScanner(ctx); err != nil {
		return err
	}
	a.background(run, "scans", a.scanner.work)
	a.background(run, "scan schedule", a.scanner.schedule)
	return a.startWeb(ctx)
}

// Stop ends everything in reverse order, within the deadline of ctx. Parts that
// do not end within it keep what they use open: it is left as after a power cut,
// which all stores bear, rather than closed under them.
func (a *App) Stop(ctx context.Context) error {
	var errs []error
	a.once.Do(func() {
		for i := len(a.undo) - 1; i >= 0; i-- {
			err := a.undo[i](ctx)
			errs = append(errs, err)
			if errors.Is(err, errRunning) {
				a.log.ErrorContext(ctx, "parts still run: the stores are not closed under them", "err", err)
				break
			}
		}
	})
	return errors.Join(errs...)
}

// Addr is where the web server listens.
func (a *App) Addr() net.Addr { return a.web.Load().Addr() }

// errRunning is that parts did not end when they were told to.
var errRunning = errors.New("parts did not end in time")

// endGrace is what parts have for their end, however late it is: the web server
// may have waited for its clients as long as it might.
const endGrace = 3 * time.Second

// waitFor waits for the goroutines, or for ctx.
func waitFor(ctx context.Context, wg *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	grace := time.NewTimer(endGrace)
	defer grace.Stop()
	select {
	case <-done:
		return nil
	case <-grace.C:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errRunning, ctx.Err())
	}
}

// sweep tidies up sessions once an hour.
func (a *App) sweep(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := a.core.Access.Sweep(access.System(ctx, "sweep")); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "sweep sessions", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) spoolDir() string { return filepath.Join(a.opt.Config.DataDir, "spool") }
