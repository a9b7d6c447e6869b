package snmp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// call is one request under way. An answer counts only when it bears the id
// of the call and comes from where the request went.
type call struct {
	id      int32
	to      netip.AddrPort
	message []byte
	// timeout of one try; tries are those made so far, retries those allowed
	// beside the first.
	timeout        time.Duration
	tries, retries int
	owner          owner

	// The lane's, under its lock:
	due     int64 // tick of the time-out
	entered int32 // id under which it waits
	paid    bool  // the rate of its subnet allows its next repetition
	dropped bool  // given up by its owner
}

// owner is whoever made a call. A lane tells it what became of it, from a
// goroutine of its own and without holding a lock; the owner may give back a
// call to make next.
type owner interface {
	// answer takes a datagram, which is good during the call only. It returns
	// false for one that is not the answer after all: the call stays open.
	answer(datagram []byte) (ok bool, next *call)
	// fail tells that no answer came.
	fail(err error) (next *call)
}

// A wheel of slots holds the time-outs: the ids of calls by the tick at which
// they are due. Ids of calls that ended are passed over.
const (
	tick       = 50 * time.Millisecond
	wheelSlots = 256
)

// lane is one shared UDP socket with the calls under way on it.
type lane struct {
	engine  *Engine
	packets *packets
	start   time.Time

	mu      sync.Mutex
	pending map[int32]*call
	wheel   [wheelSlots][]int32
	now     int64 // last tick that was looked at
	// read are the ids that the receiver took out of pending last: their calls
	// come back when the datagram was not the answer.
	read []int32
	// awake is set while somebody is at work who will look into the queue before
	// he ends, and send what is in it.
	awake bool
	queue []*call
}

func newLane(e *Engine, network string) (*lane, error) {
	p, err := newPackets(network)
	if err != nil {
		return nil, err
	}
	return &lane{engine: e, packets: p, start: time.Now(), pending: map[int32]*call{}}, nil
}

// under is how many calls are under way.
func (l *lane) under() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending) + len(l.queue)
}

// arrival is a datagram with the call it belongs to, and the id it bears. It is
// spare when another one came before it, which may turn out not to be the
// answer.
type arrival struct {
	call     *call
	id       int32
	datagram []byte
	spare    bool
}

// A socket that fails so often without a datagram in between is given a pause
// each time, and it is said once a minute.
const (
	errorsInARow = 10
	errorPause   = 100 * time.Millisecond
	errorsTold   = 600
)

// receive takes answers until the socket is closed.
func (l *lane) receive() {
	var (
		arrivals []arrival
		next     []*call
		failed   int
	)
	for {
		n, err := l.packets.read()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // an ICMP error of some earlier datagram, or a socket that is broken
			if failed++; failed > errorsInARow {
				time.Sleep(errorPause)
			}
			if failed%errorsTold == errorsInARow {
				l.engine.opt.Log.Warn("SNMP answers cannot be received", "err", err)
			}
			continue
		}
		failed = 0
		arrivals = l.match(n, arrivals[:0])
		for _, a := range arrivals {
			if a.spare && !l.claim(a) {
				l.engine.foreign.Add(1)
				continue
			}
			ok, c := l.deliver(a)
			if !ok {
				l.engine.foreign.Add(1)
				c = l.reopen(a.call)
			} else {
				l.engine.answers.Add(1)
			}
			if c != nil {
				next = append(next, c)
			}
		}
		clear(arrivals)
		next = l.flush(next)
	}
}

// flush sends calls and those that were queued, until there are none.
func (l *lane) flush(next []*call) []*call {
	for next = l.queued(next); len(next) > 0; next = l.queued(next[:0]) {
		next = l.open(next)
		l.engine.requests.Add(uint64(len(next)))
		for _, r := range l.packets.writeBatch(next) {
			l.refused(r)
		}
	}
	clear(next[:cap(next)])
	return next[:0]
}

// deliver gives an answer to whom it belongs. An owner that panics over it costs
// its own call only.
func (l *lane) deliver(a arrival) (ok bool, next *call) {
	defer func() {
		if r := recover(); r != nil {
			l.engine.opt.Log.Error("reading an answer panicked", "from", a.call.to.String(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			ok, next = true, a.call.owner.fail(fmt.Errorf("%w: reading it panicked: %v", collectors.ErrProtocol, r))
		}
	}()
	return a.call.owner.answer(a.datagram)
}

// queued appends the calls that were queued meanwhile; when there is nothing
// to send at all, whoever queues the next one has to send it.
func (l *lane) queued(next []*call) []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	next = append(next, l.queue...)
	clear(l.queue)
	l.queue = l.queue[:0]
	l.awake = len(next) > 0
	return next
}

// enqueue queues a call; it returns false when nobody is at work who will send
// it, which the caller must do then.
func (l *lane) enqueue(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	awake := l.awake
	l.awake, l.queue = true, append(l.queue, c)
	return awake
}

// match finds the calls that n datagrams answer, and closes them.
func (l *lane) match(n int, to []arrival) []arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.awake = true
	l.read = l.read[:0]
	for i := range n {
		b, from := l.packets.datagram(i)
		id, ok := ber.Identify(b)
		if !ok {
			l.engine.malformed.Add(1)
			continue
		}
		c, ok := l.pending[id]
		if ok && c.to == from {
			delete(l.pending, id)
			l.read = append(l.read, id)
			to = append(to, arrival{call: c, id: id, datagram: b})
			continue
		}
		i := slices.IndexFunc(to, func(a arrival) bool { return a.id == id && a.call.to == from })
		if i < 0 {
			l.engine.foreign.Add(1)
			continue
		}
		to = append(to, arrival{call: to[i].call, id: id, datagram: b, spare: true})
	}
	return to
}

// claim closes a call that was put back because the datagram before was not its
// answer.
func (l *lane) claim(a arrival) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending[a.id] != a.call {
		return false
	}
	delete(l.pending, a.id)
	return true
}

// open enters calls as under way; those dropped meanwhile are left out and
// their owners told.
func (l *lane) open(calls []*call) []*call {
	var dropped []*call
	l.mu.Lock()
	kept := calls[:0]
	for _, c := range calls {
		if c.dropped {
			dropped = append(dropped, c)
			continue
		}
		l.enter(c, c.timeout)
		kept = append(kept, c)
	}
	l.mu.Unlock()
	for _, c := range dropped {
		c.owner.fail(errDropped)
	}
	return kept
}

var errDropped = errors.New("given up")

// enter puts a call among those under way, due after d; the caller holds mu.
func (l *lane) enter(c *call, d time.Duration) {
	c.due = int64((time.Since(l.start)+d)/tick) + 2 // never early
	c.entered = c.id
	l.pending[c.id] = c
	l.wheel[c.due%wheelSlots] = append(l.wheel[c.due%wheelSlots], c.id)
}

// reopen puts a call back whose answer was none; its time-out still stands.
func (l *lane) reopen(c *call) (next *call) {
	l.mu.Lock()
	dropped := c.dropped
	switch {
	case dropped:
	case c.due <= l.now: // its turn of the wheel came in this moment
		l.enter(c, c.timeout)
	default:
		l.pending[c.id] = c
	}
	l.mu.Unlock()
	if dropped {
		return c.owner.fail(errDropped)
	}
	return nil
}

// send makes a call from any goroutine. Those that are about to make one as well,
// as many are when a beat begins, get to do so first: one of them sends for all.
func (l *lane) send(c *call) {
	if l.enqueue(c) {
		return
	}
	runtime.Gosched()
	var few [batchSize]*call
	l.flush(few[:0])
}

// refusal is a call that the system did not send.
type refusal struct {
	call *call
	err  error
}

// refused tells the owner of a call.
func (l *lane) refused(r refusal) {
	if !l.forget(r.call) {
		return
	}
	if next := r.call.owner.fail(fmt.Errorf("send: %w: %w", collectors.ErrUnreachable, r.err)); next != nil {
		l.send(next)
	}
}

// forget takes a call out of those under way; it reports whether it was there.
func (l *lane) forget(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending[c.entered] != c {
		return false
	}
	delete(l.pending, c.entered)
	return true
}

// drop ends a call for its owner, who may still be told an outcome that was
// under way, and must leave the call alone.
func (l *lane) drop(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.dropped = true
	if l.pending[c.entered] == c {
		delete(l.pending, c.entered)
	}
}

// expire repeats or ends the calls that are due.
func (l *lane) expire(now int64) {
	type message struct {
		to   netip.AddrPort
		text []byte
	}
	type pause struct {
		call   *call
		length time.Duration
	}
	var (
		again []message
		over  []*call
		late  []*call
		still []pause
	)
	l.mu.Lock()
	for ; l.now < now; l.now++ {
		slot := &l.wheel[(l.now+1)%wheelSlots]
		ids := *slot
		*slot = nil
		for _, id := range ids {
			c, ok := l.pending[id]
			switch {
			case !ok && !slices.Contains(l.read, id):
			case !ok, c.due > l.now+1: // due in a later turn of the wheel
				*slot = append(*slot, id)
			case c.tries < c.retries:
				if !c.paid {
					c.paid = true
					if d := l.engine.rates.reserve(c.to.Addr()); d > 0 {
						still = append(still, pause{c, d})
						continue
					}
				}
				c.tries++
				c.paid = false
				late = append(late, c)
				// A copy, since an answer may come before it is sent. The id
				// stays: a late answer to the first try is as good.
				again = append(again, message{c.to, append([]byte(nil), c.message...)})
			default:
				delete(l.pending, id)
				over = append(over, c)
			}
		}
	}
	for _, c := range late {
		l.enter(c, c.timeout)
	}
	for _, p := range still {
		l.enter(p.call, p.length)
	}
	l.mu.Unlock()
	for _, m := range again {
		l.engine.timeouts.Add(1)
		l.engine.requests.Add(1)
		_ = l.packets.write(m.text, m.to) // the next time-out says it
	}
	for _, c := range over {
		l.engine.timeouts.Add(1)
		err := fmt.Errorf("%w within %s, tried %d times", collectors.ErrUnreachable, c.timeout, c.tries+1)
		if next := c.owner.fail(err); next != nil {
			l.send(next)
		}
	}
}
