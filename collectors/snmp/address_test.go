package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
)

// A name that stands for another address than before, as when a lease was given
// anew, never has the values of who is there kept as those of the device that
// was learned.
func TestNameThatMoves(t *testing.T) {
	e, _, target := start(t, 3, agent.Options{})
	_, port, _ := net.SplitHostPort(target.Address)
	target.Address = net.JoinHostPort("pdu-a.example", port)
	var (
		found  []string
		lookup error
		asked  int
	)
	e.opt.Lookup = func(_ context.Context, host string) (out []netip.Addr, _ error) {
		if asked++; host != "pdu-a.example" {
			t.Errorf("looked up %q", host)
		}
		for _, a := range found {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, lookup
	}
	listen := func(at string, power int) {
		t.Helper()
		rec, err := profile.ReadRecording(strings.NewReader(fmt.Sprintf("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n1.3.6.1.2.1.1.3.0|67|100000\n1.3.6.1.4.1.9.1.1.0|66|%d\n", power)))
		if err != nil {
			t.Fatal(err)
		}
		table, err := agent.NewTable(rec)
		if err != nil {
			t.Fatal(err)
		}
		a, err := agent.Listen(net.JoinHostPort(at, port), table, agent.Options{})
		if err != nil {
			t.Skip("this system has one loopback address:", err)
		}
		t.Cleanup(func() { a.Close() })
	}
	listen("127.40.0.1", 1111)
	listen("127.40.0.2", 2222)
	found = []string{"127.40.0.1"}
	d := learnedBy(t, e, target).(*Driver)
	reads := func(what string, want float64, wantErr error) {
		t.Helper()
		r, err := d.Read(t.Context(), []string{"fast", "slow"}, nil)
		switch {
		case !errors.Is(err, wantErr):
			t.Errorf("%s: %v, want %v", what, err, wantErr)
		case err != nil && len(r) > 0:
			t.Errorf("%s: readings of who is there now: %v", what, r)
		case err == nil && !slices.ContainsFunc(r, func(r collectors.Reading) bool { return r.Value == want }):
			t.Errorf("%s: %v, want %v W", what, r, want)
		}
	}
	minute := func() { d.resolved = d.resolved.Add(-resolveEvery) }
	reads("at first", 1111, nil)
	found = []string{"127.40.0.2", "127.40.0.1"}
	minute()
	reads("with a further address", 1111, nil)
	lookup = errors.New("no name server")
	minute()
	reads("without a name server", 1111, nil)
	if asked != 3 {
		t.Errorf("looked up %d times, want 3", asked)
	}
	found, lookup = []string{"127.40.0.2"}, nil
	reads("within a minute", 1111, nil)
	minute()
	for range 2 { // until it is learned anew
		reads("elsewhere", 0, collectors.ErrOther)
	}
	if _, err := d.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	reads("learned anew", 2222, nil)

	// A look asks in any case, and one that fails leaves nothing to be read.
	found = []string{"127.40.0.3"}
	target.Timeout = 10 * time.Millisecond
	if _, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
		t.Errorf("look at an address where nothing is: %v", err)
	}
	reads("after that look", 0, collectors.ErrOther)
}
