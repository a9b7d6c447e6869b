package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// plain starts an app without any device.
func plain(t *testing.T, dir string, edit ...func(*configs.Config)) *App {
	t.Helper()
	cfg := configs.Default()
	cfg.DataDir, cfg.Server.Listen = dir, "127.0.0.1:0"
	for _, f := range edit {
		f(cfg)
	}
	a := New(Options{Config: cfg})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, a) })
	return a
}

func stop(t *testing.T, a *App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func (a *App) testDevice(t *testing.T, d models.Device) models.Device {
	t.Helper()
	ctx := system(t.Context())
	sites, err := a.layout.Sites(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(sites) == 0 {
		s, err := a.layout.CreateSite(ctx, models.Site{Name: "S"})
		if err != nil {
			t.Fatal(err)
		}
		sites = append(sites, s)
	}
	d.SiteID = sites[0].ID
	if d, err = a.inventory.CreateDevice(ctx, d); err != nil {
		t.Fatal(err)
	}
	return d
}

var twoGroups = []models.PointSpec{
	{Key: "power", Class: quantity.Power, Group: "fast"}, {Key: "charge", Class: quantity.Charge, Group: "slow"},
}

// scripted is a driver without a device.
type scripted struct{ learned collectors.Learned }

func (s scripted) Learn(context.Context) (*collectors.Learned, error) { return &s.learned, nil }

func (s scripted) Read(_ context.Context, groups []string, dst []collectors.Reading) ([]collectors.Reading, error) {
	for i, p := range s.learned.Points {
		if slices.Contains(groups, p.Group) {
			dst = append(dst, collectors.Reading{Index: i, Value: 1})
		}
	}
	return dst, nil
}

func (scripted) Close() error { return nil }

// A device that is dead after a restart is not shown as fresh for longer than
// its poll interval allows.
func TestRestoredValuesAge(t *testing.T) {
	dir := t.TempDir()
	a := plain(t, dir)
	d := a.testDevice(t, models.Device{Name: "dead"})
	specs := slices.Clone(twoGroups)
	specs[0].Interval, specs[1].Interval = 10*time.Second, time.Minute
	ids, err := a.inventory.RegisterPoints(system(t.Context()), d.ID, specs)
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Minute).UnixMilli()
	err = a.recorder.Append(t.Context(), []models.Sample{{Point: ids[0], TimeMS: old, Value: 5}, {Point: ids[1], TimeMS: old, Value: 6}})
	if err != nil {
		t.Fatal(err)
	}
	stop(t, a)
	values := plain(t, dir).live.Get(ids)
	if len(values) != 2 || values[0].Quality != models.Stale || values[1].Quality != models.Good {
		t.Errorf("%+v", values)
	}
}

// The freshness limit follows the intervals that the poll manager keeps to.
func TestFreshnessFollowsPolling(t *testing.T) {
	a := plain(t, t.TempDir(), func(c *configs.Config) {
		c.Collectors.FastInterval, c.Collectors.SlowInterval = configs.Duration(20*time.Second), configs.Duration(5*time.Minute)
	})
	for name, c := range map[string]struct {
		seconds    int
		fast, slow time.Duration
	}{
		"configured":         {0, 20 * time.Second, 5 * time.Minute},
		"slower than others": {600, 10 * time.Minute, 5 * time.Minute},
		"quick":              {2, 2 * time.Second, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			d := a.testDevice(t, models.Device{Name: name})
			target := collectors.Target{Device: d.ID, Name: name, Interval: time.Duration(c.seconds) * time.Second}
			driver := paced{scripted{collectors.Learned{
				Profile: "none", Kind: "ups", Points: twoGroups, Intervals: map[string]time.Duration{"fast": 10 * time.Second, "slow": time.Minute},
			}}, a, target}
			m := collectors.NewManager(collectors.ManagerOptions{
				Sink: a.recorder, Registry: registry{a}, NewDriver: func(collectors.Target) (collectors.Driver, error) { return driver, nil },
			})
			m.Set([]collectors.Target{target})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- m.Run(ctx) }()
			until(t, 20*time.Second, "learned", func() bool { h, _ := m.DeviceHealth(d.ID); return h.State == collectors.StateOK })
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if h, _ := m.DeviceHealth(d.ID); h.Interval != min(c.fast, c.slow) {
				t.Errorf("polled every %s", h.Interval)
			}
			// The kind that nobody gave is the profile's.
			if got, err := a.inventory.Device(system(t.Context()), d.ID); err != nil || got.Kind != models.KindUPS {
				t.Errorf("kind %q, %v", got.Kind, err)
			}
			for i, want := range []time.Duration{c.fast, c.slow} {
				p := a.inventory.Catalog().Device(d.ID)[i]
				if got := a.staleAfter(models.Point{ID: p.ID}); got != 3*want+staleGrace {
					t.Errorf("%s is stale after %s, want 3 times %s", p.Key, got, want)
				}
			}
		})
	}
}

// The costs of password hashing are those of the configuration.
func TestPasswordMemory(t *testing.T) {
	a := plain(t, t.TempDir(), func(c *configs.Config) { c.Auth.PasswordMemory = 20 << 20 })
	u, err := a.core.Access.CreateUser(system(t.Context()), access.NewUser{Name: "ada", Role: access.Viewer, Password: "violet tractor under moonlight"})
	if err != nil || !strings.Contains(u.PasswordHash, "m=20480,") {
		t.Errorf("%q, %v", u.PasswordHash, err)
	}
}

// What a device has no more is not counted among the stale values.
func TestRetiredPointsAreForgotten(t *testing.T) {
	a := plain(t, t.TempDir())
	d := a.testDevice(t, models.Device{Name: "pdu"})
	ids, err := registry{a}.Register(t.Context(), d.ID, &collectors.Learned{Points: twoGroups})
	if err != nil {
		t.Fatal(err)
	}
	samples := []models.Sample{{Point: ids[0], TimeMS: time.Now().UnixMilli()}, {Point: ids[1], TimeMS: time.Now().UnixMilli()}}
	if err := a.recorder.Append(t.Context(), samples); err != nil {
		t.Fatal(err)
	}
	if _, err := (registry{a}).Register(t.Context(), d.ID, &collectors.Learned{Points: twoGroups[:1]}); err != nil {
		t.Fatal(err)
	}
	if n := a.live.Stats().Points; n != 1 {
		t.Errorf("%d points are known after one retired", n)
	}
	if err := a.inventory.DeleteDevice(system(t.Context()), d.ID); err != nil {
		t.Fatal(err)
	}
	if n := a.live.Stats().Points; n != 0 {
		t.Errorf("%d points are known after the device was deleted", n)
	}
}
