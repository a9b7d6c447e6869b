package snmp

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates keeps to Options.SubnetRate. It is safe for concurrent use.
type rates struct {
	limit float64 // requests a second; zero is no bound

	mu      sync.Mutex
	subnets map[netip.Prefix]*rate.Limiter
}

// manySubnets is how many limiters are kept before those that are not in use
// are given up.
const manySubnets = 1024

func (r *rates) burst() int { return max(1, int(r.limit)) }

// of returns what limits the subnet of an address.
func (r *rates) of(to netip.Addr) (*rate.Limiter, error) {
	bits := 24
	if to.Is6() {
		bits = 64
	}
	subnet, err := to.Prefix(bits)
	if err != nil {
		return nil, fmt.Errorf("subnet of %s: %w", to, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter, ok := r.subnets[subnet]
	if !ok {
		if len(r.subnets) >= manySubnets {
			for p, l := range r.subnets {
				if l.Tokens() >= float64(r.burst()) { // as good as a new one
					delete(r.subnets, p)
				}
			}
		}
		limiter = rate.NewLimiter(rate.Limit(r.limit), r.burst())
		r.subnets[subnet] = limiter
	}
	return limiter, nil
}

// wait waits until n requests may be made.
func (r *rates) wait(ctx context.Context, to netip.Addr, n int) error {
	if r.limit <= 0 {
		return nil
	}
	limiter, err := r.of(to)
	if err != nil {
		return err
	}
	for ; n > 0; n -= r.burst() {
		if err := limiter.WaitN(ctx, min(n, r.burst())); err != nil {
			return err
		}
	}
	return nil
}

// reserve takes the right to one request, and returns after how long it may be
// made.
func (r *rates) reserve(to netip.Addr) time.Duration {
	if r.limit <= 0 {
		return 0
	}
	limiter, err := r.of(to)
	if err != nil {
		return 0
	}
	return limiter.Reserve().Delay()
}
