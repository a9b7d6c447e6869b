package snmp

import (
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
)

// How long requests that became smaller stay so before they may grow, and at
// most: the time doubles each time that they had to shrink after they grew, so
// that a device does not go back and forth.
const (
	leastNarrow = time.Hour
	mostNarrow  = 24 * time.Hour
)

// width remembers when the requests of a session became smaller.
type width struct {
	at   time.Time // of the last change; zero when they have their full size
	rest time.Duration
	grew bool // since they last shrank
}

// narrowed is told that requests became smaller.
func (w *width) narrowed(now time.Time) {
	if w.rest == 0 {
		w.rest = leastNarrow
	} else if w.grew {
		w.rest = min(2*w.rest, mostNarrow)
	}
	w.at, w.grew = now, false
}

// step is by how much requests become smaller for which there is no answer:
// after they grew to what they were before, else by so much as usual.
func (w *width) step(usual int) int {
	if w.grew {
		return 2
	}
	return usual
}

// narrow has requests ask for fewer objects.
func (s *session) narrow(most int) {
	if most < s.most {
		s.width.narrowed(time.Now())
	}
	s.most = most
}

// widen lets requests grow by one step when they were answered as they are for
// long enough. It is for the beginning of a look, which bears a time-out better
// than a poll.
func (s *session) widen(now time.Time, p collectors.Protocol) {
	w := &s.width
	if w.at.IsZero() || now.Sub(w.at) < w.rest {
		return
	}
	s.most, s.heads = min(2*s.most, maxObjects), min(2*s.heads, mostHeads)
	full := s.most == maxObjects && s.heads == mostHeads
	if p != collectors.SNMPv1 {
		s.repetitions = min(2*s.repetitions, walkRows)
		full = full && s.repetitions == walkRows
	}
	w.at, w.grew = now, true
	if full {
		w.at = time.Time{}
	}
}

// An object at which the agent hung in hungLooks looks, one after the other, is
// not asked for during hungRest. A lost answer or two are none of its doing.
const (
	hungLooks = 2
	hungRest  = time.Hour
	mostHung  = 256 // objects of a device
)

// errHung stands for the silence of an object that is not asked for.
var errHung = fmt.Errorf("%w at this object", collectors.ErrUnreachable)

// hang is one object that an agent hung at.
type hang struct {
	looks int
	last  time.Time // when it was seen to hang
	until time.Time // it rests
}

// hung are the objects and subtrees that an agent hangs at, by identifier.
type hung map[string]hang

// at is told that the agent hung at an object.
func (h *hung) at(oid string, now time.Time) {
	x, ok := (*h)[oid]
	if !ok && len(*h) >= mostHung {
		return
	}
	if x.last.Equal(now) { // in the same look
		return
	}
	x.looks, x.last = x.looks+1, now
	if x.looks >= hungLooks {
		x.until = now.Add(hungRest)
	}
	if *h == nil {
		*h = hung{}
	}
	(*h)[oid] = x
}

// answered is told that an object was answered.
func (h hung) answered(oid string) { delete(h, oid) }

// rests tells whether an object is not to be asked for.
func (h hung) rests(oid string, now time.Time) bool { return now.Before(h[oid].until) }
