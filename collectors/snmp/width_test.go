package snmp

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// Requests that became smaller stay so, grow step by step at looks long after,
// and wait longer each time that growing was of no use.
func TestRequestsGrowAgain(t *testing.T) {
	way := newNarrow(t, 130, 200)
	way.closed.Store(true)
	e, _, target := start(t, 130, agent.Options{Before: way.before})
	target.Timeout = 40 * time.Millisecond
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	look := func() *session {
		t.Helper()
		if l, err := d.Learn(t.Context()); err != nil || len(l.Points) != 131 {
			t.Fatalf("learned %d points, %v", pointsOf(l), err)
		}
		return d.(*Driver).session
	}
	later := func(by time.Duration) { d.(*Driver).session.width.at = d.(*Driver).session.width.at.Add(-by) }
	small := look().repetitions
	if small >= walkRows {
		t.Fatalf("%d rows at once over a narrow way", small)
	}
	later(leastNarrow - time.Minute)
	if n := look().repetitions; n != small {
		t.Errorf("%d rows at once within an hour, before it %d", n, small)
	}
	later(leastNarrow)
	if s := look(); s.repetitions != small || s.width.rest != 2*leastNarrow {
		t.Errorf("the way is still narrow: %d rows at once, next try after %s", s.repetitions, s.width.rest)
	}
	way.closed.Store(false)
	later(leastNarrow)
	if n := look().repetitions; n > small {
		t.Errorf("%d rows at once before two hours", n)
	}
	for range 10 {
		later(2 * leastNarrow)
		look()
	}
	if s := look(); s.repetitions != walkRows || s.most != maxObjects || s.heads != mostHeads || !s.width.at.IsZero() {
		t.Errorf("the way is wide: %d rows, %d objects, %d heads", s.repetitions, s.most, s.heads)
	}
}

// TestRestsAreBounded: a device that can never bear more is tried once a day.
func TestRestsAreBounded(t *testing.T) {
	s := &session{most: 10, repetitions: walkRows, heads: mostHeads}
	now := time.Now()
	s.width.narrowed(now)
	tries := 0
	for hour := range 24 * 30 {
		at := now.Add(time.Duration(hour) * time.Hour)
		if s.widen(at, collectors.SNMPv2c); s.most > 10 {
			s.most = 10
			s.width.narrowed(at)
			tries++
		}
	}
	if tries < 29 || tries > 35 {
		t.Errorf("%d tries in 30 days", tries)
	}
}

// An object that the agent hangs at costs time-outs in two looks; then it is
// left alone for an hour, and all others are read in requests of full size.
func TestObjectThatHangsIsLeftAlone(t *testing.T) {
	for _, x := range []struct {
		name, oid string
		kinds     []byte
	}{
		{"a scalar", "1.3.6.1.4.1.9.1.1.0", []byte{ber.Get}},
		{"a table", "1.3.6.1.4.1.9.2.1", []byte{ber.GetBulk, ber.GetNext}},
	} {
		t.Run(x.name, func(t *testing.T) {
			var sick atomic.Bool
			sick.Store(true)
			e, _, target := start(t, 130, agent.Options{Before: func(q []byte, _ net.Addr, _ func([]byte)) bool {
				_, i := asks(q, x.oid, x.kinds...)
				return sick.Load() && i > 0
			}})
			target.Timeout = 40 * time.Millisecond
			d, err := e.NewDriver(target)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			look := func() (points int, timeouts uint64) {
				t.Helper()
				before := e.Stats().Timeouts
				l, err := d.Learn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return len(l.Points), uint64(e.Stats().Timeouts - before)
			}
			var whole int
			for i := range hungLooks {
				n, lost := look()
				if lost == 0 {
					t.Errorf("look %d: no time-outs", i)
				}
				whole = n
			}
			for range 3 {
				if n, lost := look(); n != whole || lost != 0 {
					t.Errorf("%d points of %d, %d time-outs", n, whole, lost)
				}
			}
			if most := d.(*Driver).session.most; most != maxObjects {
				t.Errorf("%d objects a request", most)
			}
			sick.Store(false)
			for oid, h := range d.(*Driver).hung {
				h.until = time.Now()
				d.(*Driver).hung[oid] = h
			}
			if n, _ := look(); n != 131 {
				t.Errorf("it hangs no more: %d points of 131", n)
			}
			if len(d.(*Driver).hung) != 0 {
				t.Errorf("remembered: %v", d.(*Driver).hung)
			}
		})
	}
}
