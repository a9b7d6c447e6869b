package app

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
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
		Rate: float64(cfg.Rate), Burst: cfg.Burst, Log: a.log, Clock: a.engines.SNMP.Clock, Fell: a.trapsRefused,
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

// trapsRefused tells why nothing is heard of a device any more, once.
func (a *App) trapsRefused(f trap.Fall) {
	a.tell(models.Event{
		DeviceID: f.Device, TimeMS: time.Now().UnixMilli(), Kind: models.EventTrap, Severity: models.SeverityWarning, Name: "trapsRefused", Source: f.From.String(),
		Text: fmt.Sprintf("Traps are refused until the device is polled over SNMPv3: its engine %x has counted %d boots, and had counted %d before. "+
			"It is a new management card with the engine id of the old one, or an old message.", f.EngineID, f.Boots, f.Known),
		Variables: []models.EventVariable{
			{Name: "engine", Value: hex.EncodeToString(f.EngineID)},
			{Name: "boots", Value: strconv.FormatUint(uint64(f.Boots), 10)},
			{Name: "boots, known", Value: strconv.FormatUint(uint64(f.Known), 10)},
		},
	})
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
		"traps_received": s.Received, "traps_lost": s.Lost, "traps_foreign": s.Foreign, "traps_limited": s.Limited, "traps_malformed": s.Malformed,
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
	// lookup resolves a name; nil asks the system.
	lookup func(context.Context, string) ([]netip.Addr, error)

	mu sync.Mutex
	// fixed were given by their address, named by a name, which is resolved
	// from time to time.
	fixed map[netip.Addr][]trap.Sender
	named map[string][]trap.Sender
	// found are the addresses of names when they were resolved last, names the
	// same by address.
	found map[string][]netip.Addr
	names map[netip.Addr][]string
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
	for name := range s.found {
		if _, ok := named[name]; !ok {
			s.place(name, nil)
		}
	}
}

// at returns the devices at an address.
func (s *senders) at(a netip.Addr) []trap.Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.names[a]
	if len(names) == 0 {
		return s.fixed[a]
	}
	out := slices.Clone(s.fixed[a])
	for _, name := range names {
		out = append(out, s.named[name]...)
	}
	return out
}

// place takes the addresses of a name in the stead of those that it had; the
// caller holds mu.
func (s *senders) place(name string, found []netip.Addr) {
	if s.found == nil {
		s.found, s.names = map[string][]netip.Addr{}, map[netip.Addr][]string{}
	}
	for _, a := range s.found[name] {
		s.names[a] = slices.DeleteFunc(s.names[a], func(n string) bool { return n == name })
		if len(s.names[a]) == 0 {
			delete(s.names, a)
		}
	}
	delete(s.found, name)
	for _, a := range found {
		if a = a.Unmap().WithZone(""); slices.Contains(s.found[name], a) {
			continue
		}
		s.found[name] = append(s.found[name], a)
		s.names[a] = append(s.names[a], name)
	}
}

// The pace of resolving names.
const (
	resolveEvery = time.Minute
	resolveLimit = 3 * time.Second
	// resolveAtOnce bounds the look-ups at the same time: names that nobody
	// answers for, 500 of them, hold up the others for 47 s.
	resolveAtOnce = 32
)

// resolve looks up the names of devices again and again, each of which counts as
// soon as it is known. While a name cannot be resolved, what it was last counts.
func (s *senders) resolve(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		s.mu.Lock()
		names := slices.Collect(maps.Keys(s.named))
		s.mu.Unlock()
		var all sync.WaitGroup
		free := make(chan struct{}, resolveAtOnce)
		for _, name := range names {
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				s.resolveOne(ctx, name)
			})
		}
		all.Wait()
		timer.Reset(resolveEvery)
	}
}

func (s *senders) resolveOne(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, resolveLimit)
	defer cancel()
	lookup := s.lookup
	if lookup == nil {
		lookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	found, err := lookup(ctx, name)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.named[name]; ok { // it may be gone by now
		s.place(name, found)
	}
}
