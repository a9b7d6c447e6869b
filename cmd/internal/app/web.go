package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promcollectors "github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/api"
	"github.com/aisle-dcim/aisle/web/ui"
)

// LinkLife is how long a one-time sign-in link is good.
const LinkLife = 15 * time.Minute

// demoUser is the administrator whose link the demo prints. It has no
// password.
const demoUser = "demo"

// startWeb listens. Everything it shows is running by then.
func (a *App) startWeb(ctx context.Context) error {
	cfg := a.opt.Config
	build := ReadBuild()
	built, _ := time.Parse(time.RFC3339, build.Time) // a build without version control has no time
	options := api.Options{
		DB: a.core.DB, Accounts: a.core.Access, Credentials: a.core.Credentials, Audit: a.core.Audit, Layout: a.layout,
		Inventory: plainDevices{a.inventory}, Live: a.live, History: a.store, Polling: polling{a}, Events: a.events, Discovery: a.scanner.service, Scanner: a.scanner, Workshop: a.bench, Setup: access.NewSetupGuard(),
		StoreHealth: a.storeHealth, StaleAfter: a.staleAfter, Recorder: a.core.Audit, Log: a.log,
		CredentialChanged: a.reloadTargets,
		About: api.About{
			Version: build.Version, Revision: build.Revision, BuiltAt: built, StartedAt: a.started,
			Database: cfg.Database.Driver, Telemetry: cfg.Telemetry.Store, Profiles: func() int { return a.profiles.Set().Count()[profile.DeviceRole] },
			OwnLabel: func(key, label string) bool { return a.profiles.Set().Labels().Own(key, label) },
		},
	}
	if a.control != nil {
		options.Control = a.control
	}
	if a.opt.Facility != nil {
		options.Simulation = simulation{a.opt.Facility}
	}
	files, _ := ui.Files()              // without them a page says how to build them
	server, err := web.New(web.Options{ //nolint:contextcheck // each request has its own
		Listen: cfg.Server.Listen, TLSCert: cfg.Server.TLSCert, TLSKey: cfg.Server.TLSKey, InsecureHTTP: cfg.Server.InsecureHTTP,
		PublicURL: cfg.Server.PublicURL, TrustedProxies: cfg.Server.TrustedProxies, ShutdownTimeout: cfg.Server.ShutdownTimeout.D(),
		UI: files, Access: a.core.Access, Denied: a.core.Audit.Denied, Ready: a.ready, Metrics: a.metrics(), API: options, Log: a.log,
		Setup: func(url, token string) {
			a.opt.Notice("No user exists yet. Create the administrator at %s\nFrom another machine, or behind a proxy, the one-time code is needed: %s", url, token)
		},
	})
	if err != nil {
		return err
	}
	if a.opt.Facility != nil {
		if err := a.demoAccount(access.System(ctx, "demo")); err != nil {
			return err
		}
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	a.web.Store(server)
	a.later(server.Stop)
	if a.opt.Facility != nil {
		secret, err := a.demoLink(access.System(ctx, "demo"))
		if err != nil {
			return err
		}
		a.opt.Notice("Aisle demo: %d simulated devices, %d racks\nSign in once with: %s",
			len(a.opt.Facility.Devices()), len(a.opt.Facility.Racks()), SignInURL(cfg, server.Addr().String(), secret))
	}
	return nil
}

// SignInURL is the address of a one-time link.
func SignInURL(cfg *configs.Config, listen, secret string) string {
	base := cfg.Server.PublicURL
	if base == "" {
		scheme := "http"
		if cfg.TLS() {
			scheme = "https"
		}
		base = scheme + "://" + listen
	}
	return base + "/login/link#" + url.QueryEscape(secret)
}

// demoAccount makes sure that the demo's administrator exists.
func (a *App) demoAccount(ctx context.Context) error {
	_, err := a.core.Access.UserByName(ctx, demoUser)
	if errors.Is(err, access.ErrNotFound) {
		_, err = a.core.Access.CreateUser(ctx, access.NewUser{Name: demoUser, Role: access.Administrator})
	}
	if err != nil {
		return fmt.Errorf("demo account: %w", err)
	}
	return nil
}

func (a *App) demoLink(ctx context.Context) (string, error) {
	u, err := a.core.Access.UserByName(ctx, demoUser)
	if err != nil {
		return "", err
	}
	return a.core.Access.CreateSignInLink(ctx, u.ID, LinkLife)
}

// ready names what the service needs and what is wrong with it.
func (a *App) ready(ctx context.Context) map[string]error {
	out := map[string]error{"database": nil, "telemetry": nil}
	if db, err := a.core.DB.DB(); err != nil {
		out["database"] = err
	} else if err := db.PingContext(ctx); err != nil {
		out["database"] = err
	}
	if s := a.recorder.Stats(); s.StoreDown {
		out["telemetry"] = errors.New(s.LastError)
	}
	return out
}

// metrics gives Prometheus what the program knows of itself.
func (a *App) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(promcollectors.NewGoCollector(), promcollectors.NewProcessCollector(promcollectors.ProcessCollectorOpts{}), counters{a})
	return r
}

// counters collects the counters of polling and storing.
type counters struct{ app *App }

var (
	countersDesc = prometheus.NewDesc("aisle_collector_total", "What the collectors did since the start, by counter.", []string{"counter"}, nil)
	devicesDesc  = prometheus.NewDesc("aisle_devices", "Polled devices by state.", []string{"state"}, nil)
	pointsDesc   = prometheus.NewDesc("aisle_points", "Points that devices have now.", nil, nil)
	profilesDesc = prometheus.NewDesc("aisle_profiles", "Device profiles in use, by where they come from.", []string{"origin"}, nil)
	reloadsDesc  = prometheus.NewDesc("aisle_profile_sets_total", "Sets of device profiles since the start, by what became of them.", []string{"result"}, nil)
	refusedDesc  = prometheus.NewDesc("aisle_profiles_refused", "1 while the site profiles on disk are refused and those before stay in use.", nil, nil)
	loadedDesc   = prometheus.NewDesc("aisle_profiles_loaded_timestamp_seconds", "When the device profiles in use came into use.", nil, nil)
	controlDesc  = prometheus.NewDesc("aisle_control_total", "Control requests and what became of them since the start; not there while control is off.", []string{"event"}, nil)
	trapsDesc    = prometheus.NewDesc("aisle_traps_listening", "1 while traps are received, 0 while they should be and cannot; not there when none are to be.", nil, nil)
	waitingDesc  = prometheus.NewDesc("aisle_spooled_samples", "Samples on disk that wait for the time-series store.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c counters) Describe(ch chan<- *prometheus.Desc) {
	ch <- countersDesc
	ch <- devicesDesc
	ch <- pointsDesc
	ch <- waitingDesc
	ch <- trapsDesc
	ch <- controlDesc
	ch <- profilesDesc
	ch <- reloadsDesc
	ch <- refusedDesc
	ch <- loadedDesc
}

// Collect implements prometheus.Collector.
func (c counters) Collect(ch chan<- prometheus.Metric) {
	for name, v := range polling(c).Counters() {
		ch <- prometheus.MustNewConstMetric(countersDesc, prometheus.CounterValue, v, name)
	}
	if c.app.control != nil {
		for event, n := range c.app.control.Stats() {
			ch <- prometheus.MustNewConstMetric(controlDesc, prometheus.CounterValue, float64(n), event)
		}
	}
	for s, n := range countStates(c.app.manager.Health()) {
		ch <- prometheus.MustNewConstMetric(devicesDesc, prometheus.GaugeValue, n, string(s))
	}
	points, _ := c.app.inventory.Catalog().Len()
	ch <- prometheus.MustNewConstMetric(pointsDesc, prometheus.GaugeValue, float64(points))
	ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(c.app.recorder.Stats().Waiting))
	if c.app.opt.Config.Traps.Listen != "" {
		listening := 0.0
		if c.app.traps.Load() != nil {
			listening = 1
		}
		ch <- prometheus.MustNewConstMetric(trapsDesc, prometheus.GaugeValue, listening)
	}
	c.collectProfiles(ch)
}

// countStates is how many devices are in each state. Those that none is in are
// among them: a series that goes away cannot be alerted on.
func countStates(all []collectors.Health) map[collectors.State]float64 {
	out := map[collectors.State]float64{
		collectors.StateLearning: 0, collectors.StateOK: 0, collectors.StateSilent: 0,
		collectors.StateAuth: 0, collectors.StateNoProfile: 0, collectors.StateError: 0,
	}
	for _, h := range all {
		out[h.State]++
	}
	return out
}

func (c counters) collectProfiles(ch chan<- prometheus.Metric) {
	set, origins := c.app.profiles.Set(), map[string]float64{"built-in": 0, "site": 0}
	for _, p := range set.All() {
		if p.Role() != profile.DeviceRole {
			continue
		}
		if p.Origin().Layer > 0 {
			origins["site"]++
		} else {
			origins["built-in"]++
		}
	}
	for origin, n := range origins {
		ch <- prometheus.MustNewConstMetric(profilesDesc, prometheus.GaugeValue, n, origin)
	}
	taken, denied := c.app.profiles.Counts()
	ch <- prometheus.MustNewConstMetric(reloadsDesc, prometheus.CounterValue, float64(taken), "taken")
	ch <- prometheus.MustNewConstMetric(reloadsDesc, prometheus.CounterValue, float64(denied), "refused")
	refused := 0.0
	if c.app.profiles.Refused() != nil {
		refused = 1
	}
	ch <- prometheus.MustNewConstMetric(refusedDesc, prometheus.GaugeValue, refused)
	ch <- prometheus.MustNewConstMetric(loadedDesc, prometheus.GaugeValue, float64(set.LoadedAt.UnixMilli())/1000)
}
