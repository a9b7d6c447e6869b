package modbus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// Options of an Engine. Zero fields take the default.
type Options struct {
	// Library is the set of profiles until SetLibrary gives another one.
	Library *profile.Library
	Log     *slog.Logger
	// Timeout of one request where neither target nor profile says. Default 2 s.
	Timeout time.Duration
	// Retries after a time-out. Default 1, negative for none.
	Retries int
	// Idle closes a connection that long unused. Default 60 s.
	Idle time.Duration
	// Dial opens a connection; the default is a plain TCP dial.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Lookup resolves the name of a converter; the default asks the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Control builds the writer. Without it the engine has no code path that
	// sends a function that writes.
	Control bool
	// DryRun makes drivers that work out what a write would send, and have
	// nothing to send it with.
	DryRun bool
}

// Engine makes drivers and lets all devices behind one address share one
// connection. It starts nothing of its own.
type Engine struct {
	opt     Options
	library atomic.Pointer[profile.Library]
	writer  *writer // nil unless Options.Control
	layouts profile.Shared[layout]

	mu       sync.Mutex
	stopped  bool
	gateways map[endpoint]*sharedGateway
	past     GatewayStats // of gateways that are closed
}

// endpoint is what devices must have in common to share a connection.
type endpoint struct {
	// address is host:port in one form, with the address instead of the name
	// where frames are serial; or the path of a serial port.
	address string
	// serial frames, on a TCP connection or on a port.
	serial, port bool
}

// sharedGateway is a gateway with the number of drivers that hold it.
type sharedGateway struct {
	*Gateway
	line  *serialLine // nil for TCP
	users int
}

var errStopped = fmt.Errorf("Modbus: %w", collectors.ErrStopped) //nolint:staticcheck // a name

// New returns an engine.
func New(opt Options) *Engine {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Lookup == nil {
		opt.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	e := &Engine{opt: opt, gateways: map[endpoint]*sharedGateway{}}
	e.library.Store(opt.Library)
	if opt.Control {
		e.writer = &writer{}
	}
	return e
}

// SetLibrary has devices learned by other profiles from now on. What was
// learned before stays as it is until the device is learned anew.
func (e *Engine) SetLibrary(lib *profile.Library) { e.library.Store(lib) }

// defaultPort is the registered port of Modbus TCP.
const defaultPort = "502"

// NewDriver returns a driver for one device; it connects when it is first used.
// It is a collectors.Controller only if the engine has a writer and the target
// allows control.
func (e *Engine) NewDriver(t collectors.Target) (collectors.Driver, error) {
	if t.Address == "" {
		return nil, fmt.Errorf("%s has no address", t.Name)
	}
	switch t.Protocol {
	case collectors.ModbusTCP, collectors.ModbusRTUOverTCP:
	case collectors.ModbusRTU:
		if err := ParseSerial(t.Address); err != nil {
			return nil, fmt.Errorf("address of %s: %w", t.Name, err)
		}
		return e.driver(t), nil
	default:
		return nil, fmt.Errorf("protocol %q of %s is not Modbus", t.Protocol, t.Name)
	}
	if _, _, err := net.SplitHostPort(t.Address); err != nil {
		t.Address = net.JoinHostPort(t.Address, defaultPort)
	}
	return e.driver(t), nil
}

func (e *Engine) driver(t collectors.Target) collectors.Driver {
	d := &Driver{engine: e, target: t}
	if e.writer == nil && !e.opt.DryRun || !t.Control {
		return d
	}
	d.controls = true
	return &Controller{Driver: d, writer: e.writer}
}

// acquire returns the gateway of an endpoint, made anew when nobody holds it.
// The address has the settings of a serial line, which has one owner.
func (e *Engine) acquire(at endpoint, address string) (*Gateway, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		return nil, errStopped
	}
	var port *serialLine
	if at.port {
		s, err := parseSerial(address)
		if err != nil {
			return nil, err
		}
		port = s
	}
	g, ok := e.gateways[at]
	if ok && port != nil && !port.like(g.line) {
		return nil, fmt.Errorf("%s is in use with %s and cannot be used with %s as well: give all its devices the same settings", at.address, g.line, port)
	}
	if !ok {
		opt := GatewayOptions{Serial: at.serial, Timeout: e.opt.Timeout, Retries: e.opt.Retries, Idle: e.opt.Idle, Dial: e.opt.Dial}
		if port != nil {
			opt.port, opt.Gap = port, port.silence()
		}
		g = &sharedGateway{Gateway: NewGateway(at.address, opt), line: opt.port}
		e.gateways[at] = g
	}
	g.users++
	return g.Gateway, nil
}

// release gives a gateway back; the last one closes its connection.
func (e *Engine) release(at endpoint) error {
	e.mu.Lock()
	g, ok := e.gateways[at]
	if !ok {
		e.mu.Unlock()
		return nil
	}
	g.users--
	if g.users > 0 {
		e.mu.Unlock()
		return nil
	}
	delete(e.gateways, at)
	e.past.add(g.Stats())
	e.mu.Unlock()
	return g.Close()
}

// Stop closes every connection. Drivers made by the engine must no longer be used.
func (e *Engine) Stop() {
	e.mu.Lock()
	e.stopped = true
	open := e.gateways
	e.gateways = map[endpoint]*sharedGateway{}
	for _, g := range open {
		e.past.add(g.Stats())
	}
	e.mu.Unlock()
	for _, g := range open {
		_ = g.Close() // closing a connection that is given up has no use for its error
	}
}

// Stats returns the counters of all gateways since the start.
func (e *Engine) Stats() GatewayStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	sum := e.past
	for _, g := range e.gateways {
		sum.add(g.Stats())
	}
	return sum
}

// Connections returns how many gateways are in use.
func (e *Engine) Connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.gateways)
}

func (s *GatewayStats) add(x GatewayStats) {
	s.Requests += x.Requests
	s.Timeouts += x.Timeouts
	s.Reconnects += x.Reconnects
	s.Exceptions += x.Exceptions
	s.Malformed += x.Malformed
	s.Foreign += x.Foreign
}
