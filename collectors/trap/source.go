package trap

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// source is what is known of one address that sends.
type source struct {
	limit   *rate.Limiter
	seen    time.Time
	informs informs
}

const (
	// maxSources bounds the memory for senders.
	maxSources = 20000
	// forwarded is how many senders a forwarder may stand for at once.
	forwarded = 20
)

func (r *Receiver) source(a netip.Addr, forwarder bool) *source {
	now := time.Now()
	s, ok := r.sources[a]
	if !ok {
		if len(r.sources) >= maxSources {
			r.forget(now)
		}
		n := 1
		if forwarder {
			n = forwarded
		}
		s = &source{limit: rate.NewLimiter(rate.Limit(r.opt.Rate*float64(n)), r.opt.Burst*n)}
		r.sources[a] = s
	}
	s.seen = now
	return s
}

// forget makes room: what was silent for an hour, and otherwise anybody.
func (r *Receiver) forget(now time.Time) {
	for k, v := range r.sources {
		if now.Sub(v.seen) > time.Hour {
			delete(r.sources, k)
		}
	}
	for k := range r.sources {
		if len(r.sources) < maxSources {
			return
		}
		delete(r.sources, k)
	}
}

// digest is a hash of what stays the same when a message is sent again.
type digest [32]byte

// keyOf is that of an inform: of what it says and of the socket that it comes
// from, which a sender keeps while it waits for the answer. What another device
// behind the address says, or the same one after a restart, is another inform.
func keyOf(from netip.AddrPort, parts ...[]byte) digest {
	b := binary.BigEndian.AppendUint16(nil, from.Port())
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

// informs remembers the last informs of a source. It is safe for concurrent
// use.
type informs struct {
	mu   sync.Mutex
	list [32]inform
	next int
}

type inform struct {
	key  digest
	at   time.Time
	kept bool
}

// informLife is how long a repeated inform that was kept is known: longer than
// senders repeat it (RFC 3413 has them wait 15 s and send it three times more),
// and not so long that what a device says after a restart, with its request ids
// begun anew, is taken for one. One that waits to be kept is known until it is.
const informLife = 2 * time.Minute

// begin notes an inform. It returns whether it came before, and whether it was
// kept then.
func (x *informs) begin(key digest, now time.Time) (known, kept bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, i := range x.list {
		if i.key == key && (!i.kept || now.Sub(i.at) < informLife) {
			return true, i.kept
		}
	}
	x.list[x.next] = inform{key: key, at: now}
	x.next = (x.next + 1) % len(x.list)
	return false, false
}

// end notes whether an inform was kept; one that was not is forgotten.
func (x *informs) end(key digest, kept bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range x.list {
		if x.list[i].key != key {
			continue
		}
		x.list[i].kept = kept
		if !kept {
			x.list[i] = inform{}
		}
	}
}
