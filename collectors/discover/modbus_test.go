package discover_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// modbusScan are the options of a scan of one address for 20 unit ids, whose
// connections are made by dial.
func modbusScan(t *testing.T, dial func(context.Context, string) (net.Conn, error)) discover.Options {
	t.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	m := modbus.New(modbus.Options{Library: lib, Dial: dial})
	t.Cleanup(m.Stop)
	units, err := discover.ParseUnits("1-20")
	if err != nil {
		t.Fatal(err)
	}
	return discover.Options{Addresses: []netip.AddrPort{netip.AddrPortFrom(loopback, 0)}, Units: units, NewDriver: m.NewDriver, Timeout: 100 * time.Millisecond}
}

var loopback = netip.MustParseAddr("127.0.0.1")

// An address that answers nothing at all costs the time-out of one connection,
// not one for each unit id.
func TestAddressWithoutAnyone(t *testing.T) {
	var dials atomic.Int32
	o := modbusScan(t, func(ctx context.Context, _ string) (net.Conn, error) {
		dials.Add(1)
		<-ctx.Done() // nothing answers the SYN
		return nil, ctx.Err()
	})
	found := 0
	if err := discover.Scan(t.Context(), o, func(discover.Found) { found++ }, func(discover.Progress) {}); err != nil {
		t.Error(err)
	}
	if n := dials.Load(); n != 1 || found != 0 {
		t.Errorf("%d connections tried, %d devices found", n, found)
	}
}

// All unit ids behind an address are asked over one connection, which converters
// do not give again at once.
func TestOneConnectionForAllUnits(t *testing.T) {
	var (
		dials  atomic.Int32
		server sync.WaitGroup
	)
	o := modbusScan(t, func(context.Context, string) (net.Conn, error) {
		dials.Add(1)
		here, there := net.Pipe()
		server.Go(func() {
			defer there.Close()
			for {
				head := make([]byte, 7)
				if _, err := io.ReadFull(there, head); err != nil {
					return
				}
				pdu := make([]byte, int(head[4])<<8+int(head[5])-1)
				if _, err := io.ReadFull(there, pdu); err != nil {
					return
				}
				head[4], head[5] = 0, 3
				if _, err := there.Write(append(head, pdu[0]|0x80, 1)); err != nil { // it does not know the function
					return
				}
			}
		})
		return here, nil
	})
	found := 0
	if err := discover.Scan(t.Context(), o, func(discover.Found) { found++ }, func(discover.Progress) {}); err != nil {
		t.Error(err)
	}
	server.Wait() // the connection is closed at the end
	if n := dials.Load(); n != 1 || found != len(o.Units) {
		t.Errorf("%d connections, %d devices found", n, found)
	}
}
