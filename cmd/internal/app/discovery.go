package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/discovery"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/api"
)

const (
	// maxScans bounds the scans that run at once.
	maxScans = 4
	// scheduleEvery is how often the schedule is looked at.
	scheduleEvery = 20 * time.Second
	// progressEvery is how often the progress of a scan is kept.
	progressEvery = time.Second
)

// scanner runs scans with the engines and credentials of the app. One range is
// scanned once at a time: the database sees to that.
type scanner struct {
	app     *App
	service *discovery.Service
	// begun takes scans to the loop that owns them; ended is closed with it.
	begun chan *scanRun
	ended chan struct{}

	mu   sync.Mutex
	runs map[uint64]*scanRun // by id of the run
	// starting counts the scans that are about to be in runs.
	starting int
}

// scanRun is a scan under way.
type scanRun struct {
	run models.DiscoveryRun
	of  models.DiscoveryRange
	// stop is closed to cancel it, done when it has ended.
	stop, done chan struct{}
	// cancelled is set with stop; by names who did it.
	cancelled bool
	by        string
}

var _ api.Scanner = (*scanner)(nil)

// scanPlan is what a scan of ranges looks at: the addresses that the
// configuration allows to be polled.
func scanPlan(cfg *configs.Collectors, ranges []string, units string) (addresses []netip.AddrPort, ids []uint8, skipped int, err error) {
	all, err := discover.ParseRanges(ranges)
	if err != nil {
		return nil, nil, 0, fault.Because("ranges", "format", err)
	}
	if units != "" {
		if ids, err = discover.ParseUnits(units); err != nil {
			return nil, nil, 0, fault.Because("units", "format", err)
		}
	}
	for _, a := range all {
		if cfg.AllowsTarget(a) {
			addresses = append(addresses, netip.AddrPortFrom(a, 0))
		}
	}
	return addresses, ids, len(all) - len(addresses), nil
}

// newScanner opens the discovery service and marks the scans that ran when the
// program ended.
func (a *App) newScanner(ctx context.Context) error {
	service, err := discovery.New(discovery.Options{
		DB: a.core.DB, Audit: a.core.Audit, Devices: a.inventory, Log: a.log,
		Plan: func(ranges []string, units string) (discovery.Plan, error) {
			addresses, _, skipped, err := scanPlan(&a.opt.Config.Collectors, ranges, units)
			return discovery.Plan{Addresses: len(addresses), Skipped: skipped}, err
		},
	})
	if err != nil {
		return err
	}
	n, err := service.Interrupt(system(ctx))
	if err != nil {
		return err
	}
	if n > 0 {
		a.log.WarnContext(ctx, "scans were interrupted by the end of the program", "scans", n)
	}
	a.scanner = &scanner{app: a, service: service, begun: make(chan *scanRun), ended: make(chan struct{}), runs: map[uint64]*scanRun{}}
	return nil
}

// StartScan begins a scan of a range in the name of who asks.
func (s *scanner) StartScan(ctx context.Context, rangeID uint64) (models.DiscoveryRun, error) {
	if err := access.Require(ctx, access.DiscoverDevices); err != nil {
		return models.DiscoveryRun{}, err
	}
	if !s.reserve() {
		return models.DiscoveryRun{}, fault.Conflict(discovery.Busy, "", fmt.Sprintf("%d scans are running; no more run at once", maxScans))
	}
	run, r, err := s.service.Begin(ctx, rangeID)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting--
	if err != nil {
		return run, err
	}
	x := &scanRun{run: run, of: r, stop: make(chan struct{}), done: make(chan struct{})}
	s.runs[run.ID] = x
	select {
	case s.begun <- x:
		return run, nil
	case <-s.ended:
		// It is marked as interrupted when the program starts again.
		delete(s.runs, run.ID)
		return run, context.Canceled
	}
}

// work does the scans that are begun until ctx ends.
func (s *scanner) work(ctx context.Context) error {
	defer close(s.ended)
	for {
		select {
		case <-ctx.Done():
			return nil
		case x := <-s.begun:
			s.app.wg.Go(func() {
				defer close(x.done)
				s.scan(ctx, x)
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.runs, x.run.ID)
			})
		}
	}
}

// reserve takes a place among the scans that run, if one is free.
func (s *scanner) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.runs)+s.starting >= maxScans {
		return false
	}
	s.starting++
	return true
}

// CancelScan ends a scan early and waits until it has ended.
func (s *scanner) CancelScan(ctx context.Context, id uint64) error {
	if _, err := s.service.Cancellable(ctx, id); err != nil {
		return err
	}
	x := s.cancel(ctx, id)
	if x == nil {
		return fault.Conflict(discovery.Ended, "", "the scan has ended already")
	}
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cancel tells a scan to end; nil when it does not run.
func (s *scanner) cancel(ctx context.Context, id uint64) *scanRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.runs[id]
	if x != nil && !x.cancelled {
		p, _ := access.From(ctx)
		x.cancelled, x.by = true, p.Name
		close(x.stop)
	}
	return x
}

// scan looks at a range and keeps what answers.
func (s *scanner) scan(app context.Context, x *scanRun) {
	run, log := x.run, s.app.log.With("range", x.of.Name)
	log.InfoContext(app, "scan started", "addresses", run.Addresses, "by", run.Actor)
	ctx, cancel := context.WithCancel(app)
	defer cancel()
	go func() {
		select {
		case <-x.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	var (
		end  discovery.Outcome
		told time.Time
		keep error
	)
	o, err := s.options(ctx, x.of)
	if err == nil {
		err = discover.Scan(ctx, o, func(f discover.Found) {
			if kept := s.service.Found(system(ctx), run, foundFinding(f)); kept != nil && ctx.Err() == nil {
				keep = kept
				cancel() // what is not kept need not be looked for
			}
		}, func(p discover.Progress) {
			end.Done, end.Found = p.Done, p.Found
			if time.Since(told) < progressEvery {
				return
			}
			told = time.Now()
			if err := s.service.Progress(system(ctx), run.ID, p.Done, p.Found, p.Left); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "progress of a scan is not kept", "err", err)
			}
		})
	}
	s.mu.Lock()
	cancelled := x.cancelled
	end.By = x.by
	s.mu.Unlock()
	switch {
	case keep != nil:
		end.State, end.Error = models.RunFailed, keep.Error()
	case err == nil:
		end.State, end.Asked = models.RunDone, asked(o)
	case cancelled:
		end.State = models.RunCancelled
	case app.Err() != nil:
		end.State = models.RunInterrupted
	default:
		end.State, end.Error = models.RunFailed, err.Error()
	}
	// The scan's own time may be over; noting its end takes a moment more.
	last, done := context.WithTimeout(context.WithoutCancel(app), 5*time.Second)
	defer done()
	if run, err = s.service.End(system(last), run.ID, end); err != nil {
		log.ErrorContext(last, "end of a scan is not kept", "err", err)
		return
	}
	log.InfoContext(last, "scan ended", "state", string(run.State), "done", run.Done, "found", run.Found, "err", run.Error)
}

// options opens the credentials of a range. One that cannot be opened fails
// the scan: without it devices would seem gone.
func (s *scanner) options(ctx context.Context, r models.DiscoveryRange) (discover.Options, error) {
	o := discover.Options{
		SNMPPort: r.SNMPPort, ModbusPort: r.ModbusPort, ModbusRTU: r.ModbusRTU, Rate: float64(r.Rate), NewDriver: s.app.engines.NewDriver, Log: s.app.log,
	}
	var err error
	if o.Addresses, o.Units, _, err = scanPlan(&s.app.opt.Config.Collectors, r.Ranges, r.Units); err != nil {
		return o, err
	}
	for _, id := range r.Credentials {
		c, secret, err := s.app.openedCredential(ctx, id)
		if errors.Is(err, credential.ErrKey) || errors.Is(err, credential.ErrDamaged) {
			err = &lockedError{err}
		}
		if err != nil {
			return o, err
		}
		o.Credentials = append(o.Credentials, discover.Credential{
			ID: id, Name: c.Name, Protocol: collectors.Protocol(discovery.Protocols[string(c.Kind)]), SNMP: secret,
		})
	}
	return o, nil
}

// asked tells what a scan has looked for.
func asked(o discover.Options) func(models.DiscoveryFinding) bool {
	addresses := make(map[netip.Addr]bool, len(o.Addresses))
	for _, a := range o.Addresses {
		addresses[a.Addr()] = true
	}
	return func(f models.DiscoveryFinding) bool {
		at, err := netip.ParseAddrPort(f.Address)
		if err != nil || !addresses[at.Addr()] {
			return false
		}
		if f.Transport == "snmp" {
			return len(o.Credentials) > 0 && at.Port() == o.SNMPPort
		}
		return at.Port() == o.ModbusPort && slices.Contains(o.Units, f.UnitID)
	}
}

func foundFinding(f discover.Found) models.DiscoveryFinding {
	id := f.Identity
	out := models.DiscoveryFinding{
		Address: f.Address, Protocol: string(f.Protocol), UnitID: f.Unit, Vendor: id.Vendor, Model: id.Model, Serial: id.Serial, Firmware: id.Firmware,
		MAC: id.MAC, SysName: id.Name, SysObjectID: id.SysObjectID, SysDescr: id.SysDescr, Kind: models.Kind(f.Kind), Profile: f.Profile,
		Confidence: string(f.Confidence), Why: f.Why, Others: f.Others, Problem: f.Problem,
	}
	if f.CredentialID != 0 {
		out.CredentialID = &f.CredentialID
	}
	if f.Profile != "" {
		out.Points = &f.Points
	}
	return out
}

// schedule starts the scans that are due.
func (s *scanner) schedule(ctx context.Context) error {
	tick := time.NewTicker(scheduleEvery)
	defer tick.Stop()
	for {
		s.startDue(access.System(ctx, "schedule"))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *scanner) startDue(ctx context.Context) {
	due, err := s.service.Due(ctx, time.Now())
	if err != nil {
		if ctx.Err() == nil {
			s.app.log.ErrorContext(ctx, "look for scans that are due", "err", err)
		}
		return
	}
	for _, id := range due {
		_, err := s.StartScan(ctx, id)
		var c *fault.ConflictError
		switch {
		case err == nil, ctx.Err() != nil:
		case errors.As(err, &c) && c.Code == discovery.Busy:
			return // the others wait for the next look
		case errors.As(err, &c) && c.Code == discovery.Running:
		default:
			s.app.log.ErrorContext(ctx, "scheduled scan cannot start", "range", id, "err", err)
		}
	}
}
