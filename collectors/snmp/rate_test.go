package snmp

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// A subnet has its rate for all of its devices together, and for itself.
func TestSubnetRate(t *testing.T) {
	e := New(Options{SubnetRate: 0.01}) // one at once, the next after 100 s
	// A wait that would be longer than the context allows fails at once.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ask := func(address string) error { return e.wait(ctx, netip.MustParseAddr(address), 1) }
	for _, first := range []string{"10.0.0.1", "10.0.1.1", "2001:db8::1", "2001:db8:0:1::1"} {
		if err := ask(first); err != nil {
			t.Errorf("the first request to the subnet of %s waits: %v", first, err)
		}
	}
	for _, next := range []string{"10.0.0.1", "10.0.0.200", "10.0.1.2", "2001:db8::ffff:1"} {
		if err := ask(next); err == nil {
			t.Errorf("a second request to the subnet of %s goes out", next)
		}
	}
	if err := New(Options{}).wait(ctx, netip.MustParseAddr("10.0.0.1"), 1000); err != nil {
		t.Errorf("without a rate: %v", err)
	}
}
