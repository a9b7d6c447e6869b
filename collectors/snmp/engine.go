// Package snmp reads devices over SNMP v1, v2c and v3. Versions 1 and 2c go
// over a few shared sockets, where an answer counts only when its request id
// and its source address are those of a request under way; version 3 is
// gosnmp's.
package snmp

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// Options of an Engine. Zero fields take the default.
type Options struct {
	Library *profile.Library
	Log     *slog.Logger
	// Sockets is how many UDP sockets are shared. Default 2.
	Sockets int
	// Timeout of one request. Default 2 s.
	Timeout time.Duration
	// Retries after a time-out. Default 2, negative for none.
	Retries int
	// Allow tells whether an address may be asked, after its name was
	// resolved; nil allows all.
	Allow func(netip.Addr) bool
}

// Stats counts what happened on the shared sockets.
type Stats struct {
	// Requests sent, answers taken, time-outs.
	Requests, Answers, Timeouts uint64
	// Foreign answers had an unknown request id (late, duplicate, spoofed) or
	// came from another address; Malformed ones could not be read.
	Foreign, Malformed uint64
}

// Engine owns the sockets. Start before use, Stop when all drivers are closed.
type Engine struct {
	opt     Options
	sockets []*net.UDPConn
	next    atomic.Uint32
	id      atomic.Uint32
	wg      sync.WaitGroup

	mu      sync.Mutex
	pending map[int32]*waiter

	requests, answers, timeouts, foreign, malformed atomic.Uint64
}

// waiter is a request under way.
type waiter struct {
	from   netip.AddrPort
	answer chan []byte
}

// New returns an engine that has not started.
func New(opt Options) *Engine {
	if opt.Sockets <= 0 {
		opt.Sockets = 2
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 2 * time.Second
	}
	if opt.Retries == 0 {
		opt.Retries = 2
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{opt: opt, pending: map[int32]*waiter{}}
}

// Start opens the sockets.
func (e *Engine) Start() error {
	// A random start keeps answers to an earlier process from matching.
	var seed [4]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return fmt.Errorf("seed request ids: %w", err)
	}
	e.id.Store(binary.BigEndian.Uint32(seed[:]))
	for range e.opt.Sockets {
		c, err := net.ListenUDP("udp", nil)
		if err != nil {
			e.Stop()
			return fmt.Errorf("open UDP socket: %w", err)
		}
		_ = c.SetReadBuffer(4 << 20) // the system may give less
		e.sockets = append(e.sockets, c)
		e.wg.Go(func() { e.receive(c) })
	}
	return nil
}

// Stop closes the sockets and waits for the readers.
func (e *Engine) Stop() {
	for _, c := range e.sockets {
		_ = c.Close()
	}
	e.wg.Wait()
	e.sockets = nil
}

// Stats returns the counters so far.
func (e *Engine) Stats() Stats {
	return Stats{
		Requests: e.requests.Load(), Answers: e.answers.Load(), Timeouts: e.timeouts.Load(),
		Foreign: e.foreign.Load(), Malformed: e.malformed.Load(),
	}
}

func (e *Engine) receive(c *net.UDPConn) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of some earlier datagram
		}
		m, err := ber.Decode(buf[:n])
		if err != nil || m.PDU != ber.Response {
			e.malformed.Add(1)
			continue
		}
		e.mu.Lock()
		w, ok := e.pending[m.ID]
		if ok && w.from == normal(from) {
			delete(e.pending, m.ID)
		} else {
			ok = false
		}
		e.mu.Unlock()
		if !ok {
			e.foreign.Add(1)
			continue
		}
		e.answers.Add(1)
		w.answer <- append([]byte(nil), buf[:n]...)
	}
}

// normal gives IPv4 addresses their short form, which a dual-stack socket
// reports in the long one.
func normal(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// exchange sends a message until it is answered or the tries are used up.
func (e *Engine) exchange(ctx context.Context, to netip.AddrPort, t *ber.Template, timeout time.Duration, retries int) (ber.Message, error) {
	if len(e.sockets) == 0 {
		return ber.Message{}, errors.New("the SNMP engine is not running")
	}
	sock := e.sockets[e.next.Add(1)%uint32(len(e.sockets))]
	w := &waiter{from: normal(to), answer: make(chan []byte, 1)}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var buf []byte
	for try := 0; ; try++ {
		id := int32(e.id.Add(1) & 0x7FFFFFFF)
		e.mu.Lock()
		e.pending[id] = w
		e.mu.Unlock()
		forget := func() {
			e.mu.Lock()
			delete(e.pending, id)
			e.mu.Unlock()
		}
		buf = t.Append(buf[:0], id)
		e.requests.Add(1)
		if _, err := sock.WriteToUDPAddrPort(buf, to); err != nil {
			forget()
			return ber.Message{}, fmt.Errorf("send: %w: %w", collectors.ErrUnreachable, err)
		}
		timer.Reset(timeout)
		select {
		case raw := <-w.answer:
			return ber.Decode(raw)
		case <-ctx.Done():
			forget()
			return ber.Message{}, ctx.Err()
		case <-timer.C:
			forget()
			select { // it may have come in this moment
			case raw := <-w.answer:
				return ber.Decode(raw)
			default:
			}
			e.timeouts.Add(1)
			if try >= retries {
				return ber.Message{}, fmt.Errorf("%w within %s, tried %d times", collectors.ErrUnreachable, timeout, try+1)
			}
		}
	}
}
