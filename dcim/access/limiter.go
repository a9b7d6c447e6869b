package access

import (
	"net/netip"
	"sync"
	"time"
)

// Limits of guessing. After freeAttempts failures of one account from one
// address each further try must wait, twice as long each time up to maxWait.
// The same account from another address is not concerned, so nobody can lock
// another out. Addresses that fail with many accounts are held to one try a
// sprayRefill beyond sprayBudget, except for accounts which have signed in
// from there before.
const (
	freeAttempts = 5
	firstWait    = time.Second
	maxWait      = time.Minute
	forgetAfter  = 15 * time.Minute

	sprayBudget = 40
	sprayRefill = 2 * time.Second

	maxTracked = 20000
)

type attemptKey struct{ account, address string }

type attempts struct {
	failures int
	next     time.Time
	last     time.Time
	// known is set once the pair has signed in.
	known bool
}

type spray struct {
	used float64
	last time.Time
}

// limiter slows guessing. It is safe for concurrent use.
type limiter struct {
	mu    sync.Mutex
	pairs map[attemptKey]*attempts
	hosts map[string]*spray
}

func newLimiter() *limiter {
	return &limiter{pairs: map[attemptKey]*attempts{}, hosts: map[string]*spray{}}
}

// host reduces an address to what one attacker controls: an IPv4 address or an
// IPv6 /64.
func host(address string) string {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		address = ap.Addr().String()
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}

// begin counts a try as failed until succeed is called, so that tries in
// parallel count too. It returns how long to wait when the try comes too soon.
func (l *limiter) begin(account, address string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := attemptKey{account, host(address)}
	a := l.pairs[k]
	if a != nil && now.Sub(a.last) > forgetAfter && !a.known {
		a = nil
	}
	if a == nil {
		l.shrink(now)
		a = &attempts{}
		l.pairs[k] = a
	} else if now.Sub(a.last) > forgetAfter {
		a.failures, a.next = 0, time.Time{}
	}
	if now.Before(a.next) {
		return a.next.Sub(now)
	}
	if !a.known {
		if wait := l.spend(k.address, now); wait > 0 {
			return wait
		}
	}
	a.failures++
	a.last = now
	if over := a.failures - freeAttempts; over >= 0 {
		a.next = now.Add(min(firstWait<<min(over, 10), maxWait))
	}
	return 0
}

func (l *limiter) spend(address string, now time.Time) time.Duration {
	s := l.hosts[address]
	if s == nil {
		s = &spray{last: now}
		l.hosts[address] = s
	}
	s.used = max(0, s.used-now.Sub(s.last).Seconds()/sprayRefill.Seconds())
	s.last = now
	if s.used+1 > sprayBudget {
		return time.Duration((s.used + 1 - sprayBudget) * float64(sprayRefill))
	}
	s.used++
	return 0
}

// succeed takes back the try that begin counted.
func (l *limiter) succeed(account, address string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := attemptKey{account, host(address)}
	known := l.pairs[k] != nil && l.pairs[k].known
	l.pairs[k] = &attempts{known: true, last: now}
	if s := l.hosts[k.address]; s != nil && !known {
		s.used = max(0, s.used-1)
	}
}

// shrink keeps the maps bounded: first what is old goes, then anything.
func (l *limiter) shrink(now time.Time) {
	if len(l.pairs) >= maxTracked {
		for k, a := range l.pairs {
			if now.Sub(a.last) > forgetAfter {
				delete(l.pairs, k)
			}
		}
		for k := range l.pairs {
			if len(l.pairs) < maxTracked {
				break
			}
			delete(l.pairs, k)
		}
	}
	if len(l.hosts) >= maxTracked {
		for k, s := range l.hosts {
			if now.Sub(s.last) > sprayBudget*sprayRefill {
				delete(l.hosts, k)
			}
		}
		for k := range l.hosts {
			if len(l.hosts) < maxTracked {
				break
			}
			delete(l.hosts, k)
		}
	}
}
