package snmp

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// narrow is a way that big answers do not come through, beginning when it is
// closed; afterwards it may be shut altogether.
type narrow struct {
	table       *agent.Table
	limit       int // bytes
	closed, off atomic.Bool
}

func (n *narrow) before(q []byte, _ net.Addr, _ func([]byte)) bool {
	return n.off.Load() || n.closed.Load() && len(answerOf(n.table, q)) > n.limit
}

func newNarrow(t *testing.T, outlets, limit int) *narrow {
	t.Helper()
	table, err := agent.NewTable(testRecording(outlets))
	if err != nil {
		t.Fatal(err)
	}
	return &narrow{table: table, limit: limit}
}

func goodOf(readings []collectors.Reading) (n int) {
	for _, r := range readings {
		if r.Quality == models.Good {
			n++
		}
	}
	return n
}

// Tables are learned whole over a way that drops what is longer than a frame of
// it, from their first row on.
func TestTablesOverANarrowWay(t *testing.T) {
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c} {
		way := newNarrow(t, 130, 300)
		way.closed.Store(true)
		e, _, target := start(t, 130, agent.Options{Before: way.before})
		target.Protocol = version
		d, err := e.NewDriver(target)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		l, err := d.Learn(t.Context())
		if err != nil || len(l.Points) != 131 {
			t.Fatalf("%s: learned %d points, %v; want 131", version, pointsOf(l), err)
		}
		before := e.Stats().Timeouts
		if l, err = d.Learn(t.Context()); err != nil || len(l.Points) != 131 {
			t.Fatalf("%s: learned again: %d points, %v", version, pointsOf(l), err)
		}
		if n := e.Stats().Timeouts - before; n > 0 {
			t.Errorf("%s: what comes through was forgotten: %d time-outs", version, n)
		}
	}
}

// A device whose full answers do not come through is polled with smaller ones;
// one that is merely silent is asked one small request until it is back, and
// then with full ones.
func TestPollsOverANarrowWay(t *testing.T) {
	way := newNarrow(t, 130, 700)
	e, _, target := start(t, 130, agent.Options{Before: way.before})
	d := learnedBy(t, e, target)
	read := func() (int, error) {
		readings, err := d.Read(t.Context(), []string{"fast"}, nil)
		return goodOf(readings), err
	}
	way.off.Store(true)
	for range 4 {
		before := e.Stats().Requests
		if n, err := read(); err == nil {
			t.Errorf("%d values of a silent device", n)
		}
		if n := e.Stats().Requests - before; n != 2 {
			t.Errorf("%d requests to a silent device, want one and its repetition", n)
		}
	}
	way.off.Store(false)
	if n, err := read(); n != 131 || err != nil {
		t.Errorf("it is back: %d values, %v", n, err)
	}
	if most := d.(*Driver).session.most; most != maxObjects {
		t.Errorf("%d objects a request after a silence", most)
	}
	way.closed.Store(true)
	if n, err := read(); err == nil {
		t.Errorf("%d values", n)
	}
	for range 2 {
		if n, err := read(); n != 131 || err != nil {
			t.Errorf("the way is narrow: %d values, %v", n, err)
		}
	}
}

// An agent that leaves out what has no room is asked for less.
func TestAnswersWithFewerObjects(t *testing.T) {
	table, err := agent.NewTable(testRecording(130))
	if err != nil {
		t.Fatal(err)
	}
	var armed atomic.Bool
	e, _, target := start(t, 130, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
		m, list := bindings(answerOf(table, q))
		if !armed.Load() || len(list) <= 20 {
			return false
		}
		write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, bytes.Join(list[:20], nil)))
		return true
	}})
	d := learnedBy(t, e, target)
	armed.Store(true)
	for range 3 {
		readings, err := d.Read(t.Context(), []string{"fast"}, nil)
		if n := goodOf(readings); n != 131 || err != nil {
			t.Errorf("%d good values of 131, %v", n, err)
		}
	}
}
