package modbus

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
)

// A converter has one connection, by whatever name it is called.
func TestOneConnectionPerConverter(t *testing.T) {
	names := map[string][]string{"moxa-1": {"2001:db8::5", "192.0.2.7", "192.0.2.5"}, "other": {"192.0.2.6"}}
	lookup := func(_ context.Context, host string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range names[host] {
			out = append(out, netip.MustParseAddr(a))
		}
		if out == nil {
			return nil, errors.New("no such host")
		}
		return out, nil
	}
	for _, x := range []struct {
		name      string
		protocol  collectors.Protocol
		addresses []string
		want      int
	}{
		{"serial frames", collectors.ModbusRTUOverTCP, []string{"192.0.2.5:4001", "192.0.2.5:04001", "[::ffff:192.0.2.5]:4001", "moxa-1:4001", "MOXA-1:4001"}, 1},
		{"other converters and ports", collectors.ModbusRTUOverTCP, []string{"192.0.2.5:4001", "192.0.2.5:4002", "other:4001", "[2001:db8::5]:4001"}, 4},
		{"frames of Modbus TCP", collectors.ModbusTCP, []string{"192.0.2.5:502", "192.0.2.5:0502", "192.0.2.5", "[::ffff:192.0.2.5]:502"}, 1},
		{"names of Modbus TCP", collectors.ModbusTCP, []string{"gateway:502", "Gateway:502"}, 1},
		{"ways to write version 6", collectors.ModbusTCP, []string{"[2001:DB8::0:5]:502", "[2001:db8::5]:502"}, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			e := New(Options{Lookup: lookup})
			defer e.Stop()
			for _, a := range x.addresses {
				d, err := e.NewDriver(collectors.Target{Name: a, Address: a, Protocol: x.protocol})
				if err != nil {
					t.Fatal(err)
				}
				if err := d.(*Driver).connect(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n := e.Connections(); n != x.want {
				t.Errorf("%d connections, want %d", n, x.want)
			}
		})
	}
	t.Run("a name that moves", func(t *testing.T) {
		e := New(Options{Lookup: lookup})
		defer e.Stop()
		d := &Driver{engine: e, target: collectors.Target{Name: "meter", Address: "other:4001", Protocol: collectors.ModbusRTUOverTCP}}
		at := func() string {
			t.Helper()
			if err := d.connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			return d.gateway.address
		}
		first := at()
		names["other"] = nil
		d.resolved = d.resolved.Add(-resolveEvery)
		if kept := at(); first != "192.0.2.6:4001" || kept != first {
			t.Errorf("at %s, without its name at %s", first, kept)
		}
		names["other"] = []string{"192.0.2.9"}
		if early := at(); early != first {
			t.Errorf("looked up again at once: at %s", early)
		}
		d.resolved = d.resolved.Add(-resolveEvery)
		if moved := at(); moved != "192.0.2.9:4001" || e.Connections() != 1 || !d.silent {
			t.Errorf("at %s, %d connections, confirmed first: %t", moved, e.Connections(), d.silent)
		}
	})
	t.Run("a name that nobody knows", func(t *testing.T) {
		e := New(Options{Lookup: lookup})
		defer e.Stop()
		d := &Driver{engine: e, target: collectors.Target{Name: "meter", Address: "nowhere:4001", Protocol: collectors.ModbusRTUOverTCP}}
		if err := d.connect(t.Context()); !errors.Is(err, collectors.ErrUnreachable) || e.Connections() != 0 {
			t.Errorf("%v, %d connections", err, e.Connections())
		}
	})
}
