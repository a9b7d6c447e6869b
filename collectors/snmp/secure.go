package snmp

import (
	"bytes"
	"net/netip"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// secure is the envelope of SNMPv3 for one user at one engine. The poll that
// uses it is the only one at a time.
type secure struct {
	keys                    *usm.Keys
	engineID, user, context []byte
	// boots and time are the engine's clock as it was at at.
	boots, time uint32
	at          time.Time
	// shown is where others see what the clock was proven to be; nil without
	// authentication, which proves nothing.
	shown *shownClock
}

// shownClock is the clock of an SNMPv3 engine as its last fresh and authentic
// answer showed it.
type shownClock struct {
	mu          sync.Mutex
	boots, time uint32
	at          time.Time
}

// clockKey: an engine id that two devices share must not mix their clocks.
type clockKey struct {
	address netip.Addr
	engine  string
}

// maxClocks bounds the clocks that are kept of engines that are not polled any
// more.
const maxClocks = 20000

// clockOf is where the clock of an engine is shown.
func (e *Engine) clockOf(k clockKey) *shownClock {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.clocks[k]
	if !ok {
		if len(e.clocks) >= maxClocks {
			clear(e.clocks) // those in use are shown again with the next session
		}
		c = &shownClock{}
		e.clocks[k] = c
	}
	return c
}

// Clock returns the clock that the SNMPv3 engine at an address showed last in an
// answer that was authentic and to a request of ours, so that it is no message
// of long ago sent again. The time at which it did is zero when it never did.
func (e *Engine) Clock(address netip.Addr, engineID string) (boots, seconds uint32, at time.Time) {
	e.mu.Lock()
	c, ok := e.clocks[clockKey{address.Unmap().WithZone(""), engineID}]
	e.mu.Unlock()
	if !ok {
		return 0, 0, time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boots, c.time, c.at
}

// timeWindow is how far a message's time may be behind, in seconds: RFC 3414
// section 3.2 (7b).
const timeWindow = 150

// now is the engine's time in seconds.
func (s *secure) now() uint32 { return s.time + uint32(time.Since(s.at)/time.Second) }

func (s *secure) seal(dst []byte, id int32, bindings []byte) []byte {
	m := usm.Message{ID: id, Flags: s.keys.Flags() | usm.FlagReportable, EngineID: s.engineID, User: s.user, Boots: s.boots, Time: s.now()}
	return usm.Append(dst, m, s.keys, usm.PDU{ContextEngineID: s.engineID, Context: s.context, Tag: ber.Get, ID: id}, bindings)
}

func (s *secure) open(datagram []byte, id int32) (status, index int, bindings ber.Reader, err error) {
	fail := func(err error) (int, int, ber.Reader, error) { return 0, 0, ber.Reader{}, err }
	m, err := usm.Parse(datagram)
	if err != nil {
		return fail(errForeign)
	}
	level := s.keys.Flags()
	later := false
	if level&usm.FlagAuth != 0 {
		// A report without a digest says that engine, user or keys are not what
		// they were. It proves nothing, so the engine is looked at anew.
		if m.Flags&usm.FlagAuth == 0 {
			return fail(errStale)
		}
		if !bytes.Equal(m.EngineID, s.engineID) || !bytes.Equal(m.User, s.user) || !s.keys.Authentic(datagram, &m) {
			return fail(errForeign)
		}
		if m.Boots < s.boots || m.Boots == s.boots && m.Time+timeWindow < s.now() {
			return fail(errForeign) // an old message sent again
		}
		if later = m.Boots > s.boots || m.Time > s.now(); later {
			s.boots, s.time, s.at = m.Boots, m.Time, time.Now()
		}
	} else if !bytes.Equal(m.EngineID, s.engineID) {
		return fail(errStale)
	}
	scoped, err := s.keys.Scoped(&m)
	if err != nil {
		return fail(errForeign)
	}
	p, err := usm.ParseScoped(scoped)
	switch {
	case err != nil:
		return fail(errForeign)
	case p.Tag == ber.Report && later: // not in the time window: now it is
		return fail(errAgain)
	case p.Tag == ber.Report:
		return fail(errStale)
	case p.Tag != ber.Response || p.ID != id || m.Flags&usm.FlagPriv != level&usm.FlagPriv:
		return fail(errForeign)
	}
	if level&usm.FlagAuth != 0 && m.Boots == s.boots {
		// The id shows that it is fresh: a clock slower than ours is followed
		// before it falls out of the window.
		s.time, s.at = m.Time, time.Now()
		if s.shown != nil {
			s.shown.mu.Lock()
			s.shown.boots, s.shown.time, s.shown.at = s.boots, s.time, s.at
			s.shown.mu.Unlock()
		}
	}
	return p.A, p.B, p.Bindings, nil
}
