package snmp

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// A subnet has its rate for all of its devices together, and for itself.
func TestSubnetRate(t *testing.T) {
	e := New(Options{SubnetRate: 10})
	// A wait that would be longer than the context allows fails at once.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	ask := func(address string, n int) error { return e.wait(ctx, netip.MustParseAddr(address), n) }
	if err := ask("10.0.0.1", 6); err != nil {
		t.Fatalf("six of ten requests: %v", err)
	}
	if err := ask("10.0.0.200", 4); err != nil {
		t.Fatalf("the other four: %v", err)
	}
	if err := ask("10.0.0.3", 1); err == nil {
		t.Error("an eleventh request within the second goes out")
	}
	if err := ask("10.0.1.1", 10); err != nil {
		t.Errorf("another /24 waits: %v", err)
	}
	if err := ask("2001:db8::1", 10); err != nil {
		t.Errorf("an IPv6 subnet waits: %v", err)
	}
	if err := ask("2001:db8::ffff:1", 1); err == nil {
		t.Error("the /64 has no rate of its own")
	}
	if err := New(Options{}).wait(ctx, netip.MustParseAddr("10.0.0.1"), 1000); err != nil {
		t.Errorf("without a rate: %v", err)
	}
}
