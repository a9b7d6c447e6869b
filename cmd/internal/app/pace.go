package app

import (
	"context"
	"maps"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/models"
)

// paced is a driver that tells of each poll group how often it is really read:
// as the device says, else its profile, else the configuration.
type paced struct {
	collectors.Driver
	app    *App
	target collectors.Target
}

func (a *App) newDriver(t collectors.Target) (collectors.Driver, error) {
	if locked := a.locked.Load(); locked != nil && (*locked)[t.Device] != nil {
		return nil, (*locked)[t.Device]
	}
	d, err := a.engines.NewDriver(t)
	if err != nil {
		return nil, err
	}
	p := paced{d, a, t}
	if c, ok := d.(collectors.Controller); ok {
		return pacedController{p, c}, nil
	}
	return p, nil
}

// pacedController is a paced driver of a device that may be written.
type pacedController struct {
	paced
	controller collectors.Controller
}

var _ collectors.Controller = pacedController{}

// Intend implements collectors.Controller.
func (p pacedController) Intend(ctx context.Context, control string, a collectors.Action) (collectors.Intent, error) {
	return p.controller.Intend(ctx, control, a)
}

// Write implements collectors.Controller.
func (p pacedController) Write(ctx context.Context, control string, a collectors.Action, want collectors.Intent) error {
	return p.controller.Write(ctx, control, a, want)
}

// Learn implements collectors.Driver.
func (p paced) Learn(ctx context.Context) (*collectors.Learned, error) {
	l, err := p.Driver.Learn(ctx)
	if err != nil {
		return nil, err
	}
	out := *l
	out.Intervals = p.app.intervals(p.target, l)
	return &out, nil
}

// intervals are those that the poll manager keeps to.
func (a *App) intervals(t collectors.Target, l *collectors.Learned) map[string]time.Duration {
	out := map[string]time.Duration{}
	maps.Copy(out, l.Intervals)
	for _, group := range []string{"fast", "slow"} {
		if p, ok := a.profiles.Set().Get(l.Profile); !ok || p.Groups[group] == 0 {
			out[group] = a.defaultInterval(group)
		}
	}
	if t.Interval > 0 {
		out["fast"] = t.Interval
	}
	for group, every := range out {
		if every <= 0 {
			every = a.defaultInterval(group)
		}
		out[group] = max(every, time.Second)
	}
	return out
}

// defaultInterval is used where neither device nor profile says.
func (a *App) defaultInterval(group string) time.Duration {
	if group == "slow" {
		return a.opt.Config.Collectors.SlowInterval.D()
	}
	return a.opt.Config.Collectors.FastInterval.D()
}

// interval is how often a point is read.
func (a *App) interval(p *models.Point) time.Duration {
	if p.IntervalMS > 0 {
		return time.Duration(p.IntervalMS) * time.Millisecond
	}
	return a.defaultInterval(p.Group)
}

// staleAfter is the freshness limit of a point, the one that Live applies.
func (a *App) staleAfter(p models.Point) time.Duration {
	if known, ok := a.inventory.Catalog().Point(p.ID); ok {
		p = *known
	}
	return time.Duration(a.opt.Config.Telemetry.StaleAfter)*a.interval(&p) + staleGrace
}

// track tells Live how old the values of points may get.
func (a *App) track(points []*models.Point) {
	every := map[time.Duration][]models.PointID{}
	for _, p := range points {
		every[a.interval(p)] = append(every[a.interval(p)], p.ID)
	}
	for interval, ids := range every {
		a.live.Track(interval, ids...)
	}
}
