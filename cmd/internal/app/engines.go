package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// builtIn parses the built-in device profiles, which takes most of the time of
// a start, once for all that link them.
var builtIn = sync.OnceValues(func() (*profile.Layer, error) {
	files, err := profile.ReadFiles(profiles.FS, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("read built-in profiles: %w", err)
	}
	return profile.ParseFiles(files), nil
})

// LoadProfiles reads the built-in device profiles and those of a folder, which
// replace built-in ones of the same name. An empty folder name means none. other,
// if not nil, is told each file of the folder that is no profile.
func LoadProfiles(dir string, other func(file string)) (*profile.Library, error) {
	layers, err := profileLayers(dir, other)
	if err != nil {
		return nil, err
	}
	return profile.Link(layers...)
}

// LoadSoundProfiles is LoadProfiles without the profiles that have faults, which
// it returns by their names.
func LoadSoundProfiles(dir string, other func(file string)) (*profile.Library, map[string]profile.Faults, error) {
	layers, err := profileLayers(dir, other)
	if err != nil {
		return nil, nil, err
	}
	return profile.LinkSound(layers...)
}

func profileLayers(dir string, other func(file string)) ([]*profile.Layer, error) {
	own, err := builtIn()
	if err != nil || dir == "" {
		return []*profile.Layer{own}, err
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	files, err := profile.ReadFiles(os.DirFS(dir), nil, other)
	if err != nil {
		return nil, err
	}
	return []*profile.Layer{own, profile.ParseFiles(files)}, nil
}

// Engines speak the protocols. Start before use, Stop when every driver is
// closed.
type Engines struct {
	SNMP   *snmp.Engine
	Modbus *modbus.Engine
}

// EngineOptions of Engines; zero times take the engines' defaults.
type EngineOptions struct {
	Library *profile.Library
	Log     *slog.Logger
	Timeout time.Duration
	// Retries is how often a request is repeated after a time-out; zero is
	// never.
	Retries int
	// SubnetRate bounds the SNMP requests a second to one subnet; zero is no
	// bound.
	SubnetRate int
	// Sockets is how many UDP sockets SNMP shares.
	Sockets int
	// Allow tells whether an address may be polled, after its name was
	// resolved; nil allows all.
	Allow func(netip.Addr) bool
	// Control builds engines that can write. Without it there is nothing to
	// write with.
	Control bool
	// DryRun builds engines that work out what a write would send, and cannot
	// send it.
	DryRun bool
}

// NewEngines returns engines that have not started.
func NewEngines(o EngineOptions) *Engines {
	if o.Retries == 0 {
		o.Retries = -1 // zero is the engines' default
	}
	return &Engines{
		SNMP:   snmp.New(snmp.Options{Library: o.Library, Log: o.Log, Timeout: o.Timeout, Retries: o.Retries, Sockets: o.Sockets, SubnetRate: float64(o.SubnetRate), Allow: o.Allow, Control: o.Control, DryRun: o.DryRun}),
		Modbus: modbus.New(modbus.Options{Library: o.Library, Log: o.Log, Timeout: o.Timeout, Retries: o.Retries, Dial: allowedDial(o.Allow), Control: o.Control, DryRun: o.DryRun}),
	}
}

// SetLibrary has devices learned by other profiles from now on.
func (e *Engines) SetLibrary(lib *profile.Library) {
	e.SNMP.SetLibrary(lib)
	e.Modbus.SetLibrary(lib)
}

// Start opens the shared sockets.
func (e *Engines) Start() error { return e.SNMP.Start() }

// Stop closes every socket.
func (e *Engines) Stop() {
	e.SNMP.Stop()
	e.Modbus.Stop()
}

// NewDriver returns the driver for a target's protocol.
func (e *Engines) NewDriver(t collectors.Target) (collectors.Driver, error) {
	switch t.Protocol {
	case collectors.SNMPv1, collectors.SNMPv2c, collectors.SNMPv3:
		return e.SNMP.NewDriver(t)
	case collectors.ModbusTCP, collectors.ModbusRTUOverTCP, collectors.ModbusRTU:
		return e.Modbus.NewDriver(t)
	case "":
		return nil, errors.New("no protocol is set")
	}
	return nil, fmt.Errorf("protocol %q is not known", t.Protocol)
}

// allowedDial opens TCP connections to allowed addresses only; the check is
// made on the address that is really dialled.
func allowedDial(allow func(netip.Addr) bool) func(context.Context, string) (net.Conn, error) {
	if allow == nil {
		return nil
	}
	d := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !allow(a.Addr()) {
			return fmt.Errorf("%s: %w", address, collectors.ErrNotAllowed)
		}
		return nil
	}}
	return func(ctx context.Context, address string) (net.Conn, error) { return d.DialContext(ctx, "tcp", address) }
}
