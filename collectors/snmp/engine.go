// Package snmp reads devices over SNMP v1, v2c and v3. Polls go over a few
// shared sockets, where an answer counts only when its request id, source
// address, version and community are those of a request under way. What SNMPv3
// asks beside its polls (discovery of the engine, walks) is gosnmp's.
package snmp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// Options of an Engine. Zero fields take the default.
type Options struct {
	// Library is the set of profiles until SetLibrary gives another one.
	Library *profile.Library
	Log     *slog.Logger
	// Sockets is how many UDP sockets are shared by devices with an IPv4
	// address; those with an IPv6 address share one more. Default 2.
	Sockets int
	// SubnetRate bounds the requests a second to one IPv4 /24 or IPv6 /64,
	// repetitions among them, so that no small switch or firewall in front of the
	// devices is flooded. Zero sets no bound.
	SubnetRate float64
	// Timeout of one request. Default 2 s.
	Timeout time.Duration
	// Retries after a time-out. Default 2, negative for none.
	Retries int
	// Allow tells whether an address may be asked, after its name was
	// resolved; nil allows all.
	Allow func(netip.Addr) bool
	// Lookup resolves the name of a device; the default asks the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Control builds the writer. Without it the engine has no code path that
	// sends a SET.
	Control bool
	// DryRun makes drivers that work out what a write would send, and have
	// nothing to send it with.
	DryRun bool
}

// Stats counts what happened on the shared sockets, and on those on which
// SNMPv3 discovers and walks.
type Stats struct {
	// Requests sent, answers taken, time-outs.
	Requests, Answers, Timeouts uint64
	// Foreign answers had an unknown request id (late, duplicate, spoofed), came
	// from another address, or had another version or community; Malformed ones
	// could not be read.
	Foreign, Malformed uint64
}

// Engine owns the sockets. Start before use, Stop when all drivers are closed.
type Engine struct {
	opt     Options
	library atomic.Pointer[profile.Library]

	v4    []*lane
	v6    *lane // nil where the system has no IPv6
	stop  chan struct{}
	ended atomic.Bool
	next  atomic.Uint32
	ids   *ids
	wg    sync.WaitGroup
	polls sync.Pool

	layouts profile.Shared[layout]
	writer  *writer // nil unless Options.Control
	// learning holds a token for each device that is being learned.
	learning chan struct{}

	rates rates
	users *users

	decideEvery time.Duration // that of tests is another

	mu     sync.Mutex
	clocks map[clockKey]*shownClock

	requests, answers, timeouts, foreign, malformed atomic.Uint64
}

// learners is how many devices are learned at the same time. Each takes some
// hundred kilobytes for a moment.
const learners = 24

// New returns an engine that has not started.
func New(opt Options) *Engine {
	if opt.Sockets <= 0 {
		opt.Sockets = 2
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 2 * time.Second
	}
	if opt.Retries == 0 {
		opt.Retries = 2
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Lookup == nil {
		opt.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	e := &Engine{opt: opt, rates: rates{limit: opt.SubnetRate, subnets: map[netip.Prefix]*rate.Limiter{}}, ids: newIDs(), users: newUsers(), clocks: map[clockKey]*shownClock{}, learning: make(chan struct{}, learners), decideEvery: decideEvery}
	e.library.Store(opt.Library)
	if opt.Control {
		e.writer = &writer{engine: e}
	}
	e.polls.New = func() any { return &poll{done: make(chan error, 1)} }
	return e
}

// SetLibrary has devices learned by other profiles from now on. What was
// learned before stays as it is until the device is learned anew.
func (e *Engine) SetLibrary(lib *profile.Library) { e.library.Store(lib) }

// Start opens the sockets.
func (e *Engine) Start() error {
	for range e.opt.Sockets {
		l, err := newLane(e, "udp4")
		if err != nil {
			e.Stop()
			return err
		}
		e.v4 = append(e.v4, l)
	}
	if l, err := newLane(e, "udp6"); err == nil { // a system may do without
		e.v6 = l
	}
	stop, lanes := make(chan struct{}), e.lanes()
	e.stop = stop
	for _, l := range lanes {
		e.wg.Go(l.receive)
	}
	e.wg.Go(func() { clock(lanes, stop) })
	return nil
}

func (e *Engine) lanes() []*lane {
	if e.v6 == nil {
		return e.v4
	}
	return append(slices.Clip(e.v4), e.v6)
}

// clock looks after the time-outs of all lanes until stop is closed: one for
// all, since each tick wakes a processor.
func clock(lanes []*lane, stop <-chan struct{}) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			for _, l := range lanes {
				l.expire(int64(time.Since(l.start) / tick))
			}
		}
	}
}

// Stop closes the sockets and waits for the readers. What is asked for
// afterwards fails with collectors.ErrStopped.
func (e *Engine) Stop() {
	e.ended.Store(true)
	for _, l := range e.lanes() {
		_ = l.packets.close()
	}
	if e.stop != nil {
		close(e.stop)
		e.stop = nil
	}
	e.wg.Wait()
}

// Stats returns the counters so far.
func (e *Engine) Stats() Stats {
	return Stats{
		Requests: e.requests.Load(), Answers: e.answers.Load(), Timeouts: e.timeouts.Load(),
		Foreign: e.foreign.Load(), Malformed: e.malformed.Load(),
	}
}

// laneRoom is how many requests may be under way on a socket before the next
// one is used: so many full answers, which a kernel counts with 2,304 bytes
// each, fit into the smallest usual receive buffer, 416 KiB. One socket that is
// busy costs less than two that are half so.
const laneRoom = 160

// lane picks the socket for an address.
func (e *Engine) lane(to netip.AddrPort) (*lane, error) {
	switch {
	case e.ended.Load() || len(e.v4) == 0:
		return nil, fmt.Errorf("SNMP: %w", collectors.ErrStopped)
	case to.Addr().Is4():
		for _, l := range e.v4 {
			if l.under() < laneRoom {
				return l, nil
			}
		}
		return e.v4[e.next.Add(1)%uint32(len(e.v4))], nil
	case e.v6 == nil:
		return nil, fmt.Errorf("ask %s: %w: this system has no IPv6", to, collectors.ErrUnreachable)
	}
	return e.v6, nil
}

// newID returns the id for a request.
func (e *Engine) newID() int32 { return e.ids.next() }

// normal gives IPv4 addresses their short form, which a dual-stack socket
// reports in the long one.
func normal(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// slowLearner is after how long a device that is being learned makes room for
// the next: it waits for the network and not for the processor.
const slowLearner = 10 * time.Second

// takeTurn waits until few enough devices are being learned, or fails with
// ErrBusy where there is no time to wait. The function that is returned ends the
// turn.
func (e *Engine) takeTurn(ctx context.Context, wait bool) (done func(), err error) {
	select {
	case e.learning <- struct{}{}:
	default:
		if !wait {
			return func() {}, collectors.ErrBusy
		}
		select {
		case e.learning <- struct{}{}:
		case <-ctx.Done():
			return func() {}, ctx.Err()
		}
	}
	release := sync.OnceFunc(func() { <-e.learning })
	timer := time.AfterFunc(slowLearner, release)
	return func() { timer.Stop(); release() }, nil
}
