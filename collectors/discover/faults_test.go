package discover_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/snmp"
)

// learner is a driver that learns what the test says.
type learner struct {
	learn func(context.Context) error
}

func (l learner) Learn(ctx context.Context) (*collectors.Learned, error) {
	return nil, l.learn(ctx)
}

func (learner) Read(context.Context, []string, []collectors.Reading) ([]collectors.Reading, error) {
	return nil, nil
}

func (learner) Close() error { return nil }

// What is no word of a device makes no finding: it fails the scan, which would
// otherwise take the devices for gone.
func TestOwnFaultsAreNoDevices(t *testing.T) {
	for _, x := range []struct {
		name  string
		err   error
		found int
		says  string // the error of the scan; empty for none
	}{
		{"silence", fmt.Errorf("ask: %w", collectors.ErrUnreachable), 0, ""},
		{"malformed answer", fmt.Errorf("ask: %w", collectors.ErrProtocol), 2, ""},
		{"refused request", fmt.Errorf("ask: %w", collectors.ErrAnswered), 2, ""},
		{"no profile", &collectors.UnknownDevice{Reason: "new"}, 2, ""},
		{"refused credential", fmt.Errorf("ask: %w", collectors.ErrAuth), 2, ""},
		{"stopped engine", fmt.Errorf("SNMP: %w", collectors.ErrStopped), 0, "not running"},
		{"address that may not be polled", fmt.Errorf("%w: %w", collectors.ErrUnreachable, collectors.ErrNotAllowed), 0, "not among the ranges"},
		{"credential that cannot be used", errors.New("the authentication password must have at least 8 characters"), 0, "at least 8 characters"},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := faulty(t, 2, func(context.Context) error { return x.err })
			n, done := 0, 0
			err := discover.Scan(t.Context(), o, func(discover.Found) { n++ }, func(p discover.Progress) { done = p.Done })
			if n != x.found || done != 2 {
				t.Errorf("%d of 2 addresses found, %d done", n, done)
			}
			if x.says == "" && err != nil || x.says != "" && (err == nil || !strings.Contains(err.Error(), x.says) || !strings.Contains(err.Error(), "2 of 2")) {
				t.Errorf("the scan ends with %v", err)
			}
		})
	}
	t.Run("no driver", func(t *testing.T) {
		o := faulty(t, 2, nil)
		o.Units = []uint8{1, 2}
		o.NewDriver = func(x collectors.Target) (collectors.Driver, error) {
			return nil, fmt.Errorf("%w: %s is locked", collectors.ErrAuth, x.Protocol)
		}
		n := 0
		err := discover.Scan(t.Context(), o, func(discover.Found) { n++ }, func(discover.Progress) {})
		if n != 0 || err == nil || !strings.Contains(err.Error(), "snmp-v3 is locked") || !strings.Contains(err.Error(), "modbus-tcp is locked") {
			t.Errorf("%d found, %v", n, err)
		}
	})
	t.Run("one address of many", func(t *testing.T) {
		first := true
		o := faulty(t, 30, func(context.Context) error {
			if first {
				first = false
				return collectors.ErrNotAllowed
			}
			return collectors.ErrProtocol
		})
		n := 0
		err := discover.Scan(t.Context(), o, func(discover.Found) { n++ }, func(discover.Progress) {})
		if n != 29 || !errors.Is(err, collectors.ErrNotAllowed) || !strings.Contains(err.Error(), "1 of 30") {
			t.Errorf("%d found, %v", n, err)
		}
	})
	t.Run("many", func(t *testing.T) {
		asked := 0
		o := faulty(t, 254, func(context.Context) error { asked++; return collectors.ErrStopped })
		err := discover.Scan(t.Context(), o, func(discover.Found) {}, func(discover.Progress) {})
		if asked != 20 || !errors.Is(err, collectors.ErrStopped) || !strings.Contains(err.Error(), "given up") {
			t.Errorf("asked %d times, %v", asked, err)
		}
	})
}

// faulty are the options of a scan of n addresses, one after the other.
func faulty(t *testing.T, n int, learn func(context.Context) error) discover.Options {
	t.Helper()
	all, err := discover.ParsePlaces([]string{"192.0.2.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	return discover.Options{
		Addresses: all[:n], Credentials: []discover.Credential{{ID: 1, Name: "c", Protocol: collectors.SNMPv3}}, Rate: 1e6, Parallel: 1,
		NewDriver: func(collectors.Target) (collectors.Driver, error) { return learner{learn}, nil },
	}
}

// A device that answers without end does not hold up a scan for ever.
func TestLookInAScanIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		o := faulty(t, 1, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		var got []discover.Found
		if err := discover.Scan(t.Context(), o, func(f discover.Found) { got = append(got, f) }, func(discover.Progress) {}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !strings.Contains(got[0].Problem, "not done within 10m") || time.Since(began) != 10*time.Minute {
			t.Errorf("after %s: %+v", time.Since(began), got)
		}
	})
}

// The engines say of themselves what a scan must not take for a device.
func TestEnginesThatDoNotRun(t *testing.T) {
	s, m := snmp.New(snmp.Options{}), modbus.New(modbus.Options{})
	m.Stop()
	for protocol, newDriver := range map[collectors.Protocol]func(collectors.Target) (collectors.Driver, error){
		collectors.SNMPv2c: s.NewDriver, collectors.ModbusTCP: m.NewDriver,
	} {
		d, err := newDriver(collectors.Target{Name: "x", Address: "127.0.0.1:1", Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrStopped) {
			t.Errorf("%s: %v", protocol, err)
		}
		_ = d.Close()
	}
}
