package app

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/trap"
	"github.com/aisle-dcim/aisle/models"
)

// The pauses between attempts to receive traps.
const (
	trapsRetry    = time.Second
	trapsRetryMax = time.Minute
)

// startTraps begins to receive traps where the configuration says so. What keeps
// it from that, a port that is taken or a state file that cannot be written,
// costs the traps alone: it is tried again until it works.
func (a *App) startTraps(ctx context.Context) {
	if a.opt.Config.Traps.Listen == "" {
		return
	}
	a.pokes = &pokes{
		poll: a.manager.Poll, pause: a.opt.Config.Traps.PollPause.D(), last: map[models.DeviceID]time.Time{}, waiting: map[models.DeviceID]bool{},
	}
	r, err := a.openTraps(ctx)
	a.background(ctx, "traps", func(ctx context.Context) error {
		for pause := trapsRetry; err != nil; pause = min(2*pause, trapsRetryMax) {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
				r, err = a.openTraps(ctx)
			case <-ctx.Done():
				timer.Stop()
				return nil
			}
		}
		return r.Run(ctx)
	})
	a.background(ctx, "polls after traps", a.pokes.run)
	a.background(ctx, "names of senders", a.senders.resolve)
}

func (a *App) openTraps(ctx context.Context) (*trap.Receiver, error) {
	cfg := a.opt.Config.Traps
	r, err := trap.Listen(trap.Options{
		Listen: cfg.Listen, Library: a.profiles.Set().Library, StateFile: filepath.Join(a.opt.Config.DataDir, "snmp-engine.json"),
		Senders: a.senders.at, Handle: a.trapped, Forwarders: cfg.Forwarders, AnyCommunity: cfg.AnyCommunity,
		Rate: float64(cfg.Rate), Burst: cfg.Burst, Log: a.log,
	})
	if err != nil {
		a.trapsFailed.Add(1)
		a.log.ErrorContext(ctx, "no traps are received, it is tried again", "err", err)
		return nil, err
	}
	a.traps.Store(r)
	r.SetLibrary(a.profiles.Set().Library) // it may have changed before r was known
	a.log.InfoContext(ctx, "traps are received", "address", r.Addr().String())
	return r, nil
}

// trapped takes a trap into the journal and has its device polled. An inform is
// acknowledged when it is in the database.
func (a *App) trapped(t trap.Trap, done func(error)) {
	e := models.Event{
		TimeMS: t.Time.UnixMilli(), DeviceID: t.Device, Kind: models.EventTrap, Severity: t.Severity, Name: t.Name, Text: t.Text, Clears: t.Clears,
		Source: t.From.String(), Variables: t.Variables,
	}
	if t.Via.IsValid() {
		e.Source += " via " + t.Via.String()
	}
	a.events.Tell(e, done)
	a.pokes.want(t.Device, time.Now())
}

func (a *App) countTraps(out map[string]float64) {
	if a.opt.Config.Traps.Listen == "" {
		return
	}
	out["traps_start_failures"] = float64(a.trapsFailed.Load())
	r := a.traps.Load()
	if r == nil {
		return
	}
	s := r.Stats()
	for name, n := range map[string]uint64{
		"traps_received": s.Received, "traps_foreign": s.Foreign, "traps_limited": s.Limited, "traps_malformed": s.Malformed,
		"traps_refused": s.Refused, "traps_outdated": s.Outdated, "traps_ambiguous": s.Ambiguous,
		"informs_repeated": s.Repeated, "informs_acknowledged": s.Acknowledged, "informs_unkept": s.Unkept, "polls_after_traps": a.pokes.count(),
	} {
		out[name] = float64(n)
	}
}

// pokes have devices polled because of traps, each at most once in a pause: a
// flood of traps must not become a flood of polls. What comes within the pause
// is polled at its end, so that the last trap is followed by a poll too.
type pokes struct {
	poll  func(models.DeviceID) error
	pause time.Duration

	mu      sync.Mutex
	last    map[models.DeviceID]time.Time
	waiting map[models.DeviceID]bool
	n       uint64
}

func (p *pokes) want(id models.DeviceID, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.last[id]) < p.pause {
		p.waiting[id] = true
		return
	}
	p.now(id, now)
}

// now polls; the caller holds mu.
func (p *pokes) now(id models.DeviceID, now time.Time) {
	p.last[id] = now
	delete(p.waiting, id)
	if p.poll(id) == nil {
		p.n++
	}
}

// due polls what has waited long enough, and forgets what was long ago.
func (p *pokes) due(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.waiting {
		if now.Sub(p.last[id]) >= p.pause {
			p.now(id, now)
		}
	}
	for id, at := range p.last {
		if now.Sub(at) >= p.pause {
			delete(p.last, id)
		}
	}
}

func (p *pokes) count() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

func (p *pokes) run(ctx context.Context) error {
	tick := time.NewTicker(min(p.pause, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			p.due(now)
		}
	}
}

// senders are the devices by the address from which they may send traps.
type senders struct {
	mu sync.Mutex
	// fixed were given by their address, named by a name, which is resolved
	// from time to time.
	fixed, resolved map[netip.Addr][]trap.Sender
	named           map[string][]trap.Sender
}

// set takes the devices that are polled.
func (s *senders) set(targets []collectors.Target) {
	fixed, named := map[netip.Addr][]trap.Sender{}, map[string][]trap.Sender{}
	for _, t := range targets {
		host, _, err := net.SplitHostPort(t.Address)
		if err != nil {
			continue // a serial line
		}
		x := trap.Sender{Device: t.Device, Version: t.Protocol, Credential: t.SNMP}
		if a, err := netip.ParseAddr(host); err == nil {
			a = a.Unmap().WithZone("")
			fixed[a] = append(fixed[a], x)
		} else {
			named[host] = append(named[host], x)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixed, s.named = fixed, named
}

// at returns the devices at an address.
func (s *senders) at(a netip.Addr) []trap.Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	fixed, named := s.fixed[a], s.resolved[a]
	if len(named) == 0 {
		return fixed
	}
	return append(append([]trap.Sender(nil), fixed...), named...)
}

// The pace of resolving names.
const (
	resolveEvery = time.Minute
	resolveLimit = 3 * time.Second
)

// resolve looks up the names of devices again and again. While a name cannot be
// resolved, what it was last counts.
func (s *senders) resolve(ctx context.Context) error {
	last := map[string][]netip.Addr{}
	for {
		s.mu.Lock()
		names := make([]string, 0, len(s.named))
		for name := range s.named {
			names = append(names, name)
		}
		s.mu.Unlock()
		for _, name := range names {
			limited, cancel := context.WithTimeout(ctx, resolveLimit)
			found, err := net.DefaultResolver.LookupNetIP(limited, "ip", name)
			cancel()
			if err == nil {
				last[name] = found
			}
		}
		resolved := map[netip.Addr][]trap.Sender{}
		s.mu.Lock()
		for name, list := range s.named {
			for _, a := range last[name] {
				a = a.Unmap().WithZone("")
				resolved[a] = append(resolved[a], list...)
			}
		}
		s.resolved = resolved
		s.mu.Unlock()
		timer := time.NewTimer(resolveEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}
