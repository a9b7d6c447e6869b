package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

func TestRestarted(t *testing.T) {
	for _, x := range []struct {
		name      string
		before    int64
		ago       time.Duration
		now       int64
		restarted bool
	}{
		{name: "ten seconds later", before: 100_000, ago: 10 * time.Second, now: 101_000},
		{name: "clock half as fast", before: 100_000, ago: 10 * time.Second, now: 100_500},
		{name: "clock ahead", before: 100_000, ago: 10 * time.Second, now: 103_000},
		{name: "clock stands still", before: 100_000, ago: 10 * time.Minute, now: 100_000},
		{name: "restarted just now", before: 3_000, ago: 10 * time.Second, now: 200, restarted: true},
		{name: "restarted while nobody could reach it", before: 3_000, ago: time.Hour, now: 300_000, restarted: true},
		{name: "wrapped after 497 days", before: 1<<32 - 500, ago: 10 * time.Second, now: 500},
		{name: "restarted shortly before it would wrap", before: 1<<32 - 500_000, ago: 10 * time.Second, now: 900, restarted: true},
		{name: "first look", ago: 10 * time.Second, now: 900},
	} {
		d := &Driver{upTime: x.before, upAt: time.Now().Add(-x.ago)}
		if got := d.restarted(profile.Raw{Kind: profile.Int, Int: x.now}); got != x.restarted {
			t.Errorf("%s: %t", x.name, got)
		}
	}
}

// An agent that falls silent in the middle of a walk must not look like one
// whose other rows are gone.
func TestSilenceInAWalkFailsIt(t *testing.T) {
	var asked atomic.Int32
	e, _, target := start(t, 300, agent.Options{Before: func([]byte, net.Addr, func([]byte)) bool { return asked.Add(1) > 5 }})
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if l, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
		n := 0
		if l != nil {
			n = len(l.Points)
		}
		t.Errorf("learned %d points of 301, %v", n, err)
	}
}

// An agent whose tree never ends must not hold the others up.
func TestWalkWithoutEndEnds(t *testing.T) {
	var n atomic.Uint32
	endless := func(request []byte, _ net.Addr, write func([]byte)) bool {
		m, err := ber.Decode(request)
		if err != nil || m.PDU != ber.GetBulk {
			return false
		}
		var list []byte
		for range 50 {
			name, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 4, 1, 9, 2, 1, n.Add(1)})
			if err != nil {
				return false
			}
			list = ber.AppendBinding(list, name, 5, nil)
		}
		write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, list))
		return true
	}
	e, _, target := start(t, 1, agent.Options{Before: endless})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Learn(ctx); ctx.Err() != nil {
		t.Errorf("the walk did not end: %v after %d objects", err, n.Load())
	}
}

// One value that cannot be read costs its own point only.
func TestOneMalformedValueCostsItsPointOnly(t *testing.T) {
	e, _, target := start(t, 3, agent.Options{Before: func(b []byte, _ net.Addr, w func([]byte)) bool {
		m, err := ber.Decode(b)
		if err != nil || m.PDU != ber.Get {
			return false
		}
		first, _, _, _ := m.Bindings.Binding()
		if oid, _ := ber.DecodeOID(first); profile.Dotted(oid) != profile.SysUpTimeOID {
			return false // while it is learned
		}
		m, _ = ber.Decode(b)
		var list []byte
		for !m.Bindings.Done() {
			name, _, _, _ := m.Bindings.Binding()
			value := []byte{10}
			if oid, _ := ber.DecodeOID(name); strings.HasSuffix(profile.Dotted(oid), ".9.1.1.0") {
				value = nil // a number of no octets
			}
			list = ber.AppendBinding(list, name, 0x42, value)
		}
		w(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, list))
		return true
	}})
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	l, err := d.Learn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	readings, err := d.Read(t.Context(), []string{"fast"}, nil)
	if err != nil && !errors.Is(err, collectors.ErrChanged) {
		t.Fatal(err)
	}
	for _, r := range readings {
		if key := l.Points[r.Index].Key; (r.Quality == models.Good) != (key != "inlet/1/power") {
			t.Errorf("%s: %s", key, r.Quality)
		}
	}
}

// Polls that are given up while they are being sent must leave the memory of
// others alone; the race detector watches.
func TestGivingUpPolls(t *testing.T) {
	e, _, target := start(t, 200, agent.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d, err := e.NewDriver(target)
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if _, err := d.Learn(t.Context()); err != nil {
				t.Error(err)
				return
			}
			for i := range 150 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*20*time.Microsecond)
				readings, err := d.Read(ctx, []string{"fast"}, nil)
				cancel()
				if err == nil && len(readings) != 201 {
					t.Errorf("%d readings", len(readings))
				}
			}
		})
	}
	wg.Wait()
}

// Rows behind the last one of a table are noticed by polling; a table that
// only says that it has more is asked once.
func TestRowsThatAppear(t *testing.T) {
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c} {
		t.Run(string(version), func(t *testing.T) {
			larger, err := agent.NewTable(testRecording(5))
			if err != nil {
				t.Fatal(err)
			}
			var grown, lies atomic.Bool
			e, _, target := start(t, 3, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
				m, err := ber.Decode(q)
				if err != nil || !grown.Load() && (!lies.Load() || m.PDU != ber.GetNext) {
					return false
				}
				write(answerOf(larger, q))
				return true
			}})
			target.Protocol = version
			d, err := e.NewDriver(target)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			read := func(due bool) error {
				if due {
					d.(*Driver).rows.next = time.Time{}
				}
				_, err := d.Read(t.Context(), []string{"fast"}, nil)
				return err
			}
			learn := func(want int) {
				t.Helper()
				if l, err := d.Learn(t.Context()); err != nil || len(l.Points) != want {
					t.Fatalf("learned %v, %v; want %d points", l, err, want)
				}
			}
			learn(4)
			if err := read(true); err != nil {
				t.Fatalf("nothing changed: %v", err)
			}
			if version == collectors.SNMPv2c { // version 1 walks with GETNEXT
				lies.Store(true)
				if err := read(true); !errors.Is(err, collectors.ErrChanged) {
					t.Errorf("more rows are said to be there: %v", err)
				}
				learn(4)
				if err := read(true); err != nil {
					t.Errorf("the table was looked at: %v", err)
				}
			}
			lies.Store(false)
			d.(*Driver).rows.suspects = nil
			learn(4)
			grown.Store(true)
			if err := read(false); err != nil {
				t.Errorf("asked again too soon: %v", err)
			}
			if err := read(true); !errors.Is(err, collectors.ErrChanged) {
				t.Errorf("two outlets more: %v", err)
			}
			learn(6)
			if err := read(true); err != nil {
				t.Errorf("all rows are known: %v", err)
			}
		})
	}
}

// Tables that a device does not have cost few requests.
func TestAbsentTablesAreFoundTogether(t *testing.T) {
	var b strings.Builder
	b.WriteString(testProfile)
	for i := range 100 {
		fmt.Fprintf(&b, "  - {key: \"t%d/{n}/power\", class: power, unit: W, column: 1.3.6.1.4.1.9.3.%d, index: [n], source: t}\n", i, i+1)
	}
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(b.String())}})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c} {
		e, _, target := start(t, 3, agent.Options{})
		e.SetLibrary(lib)
		target.Protocol = version
		before := e.Stats().Requests
		got, err := readAll(t, e, target)
		if err != nil || len(got) != 4 {
			t.Fatalf("%d points, %v", len(got), err)
		}
		// Version 1 names one object without a follower in each answer.
		if n := e.Stats().Requests - before; version == collectors.SNMPv2c && n > 20 || n > 130 {
			t.Errorf("%s: %d requests", version, n)
		}
	}
}

// breaking is an owner of a call that panics over its answer.
type breaking struct{ failed chan error }

func (b breaking) answer([]byte) (bool, *call) { panic("broken") }

func (b breaking) fail(err error) *call {
	b.failed <- err
	return nil
}

// A reader that panics costs its own call; the others on the socket go on.
func TestReaderThatPanicsCostsItsCallOnly(t *testing.T) {
	e, _, target := start(t, 3, agent.Options{})
	to, err := netip.ParseAddrPort(target.Address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := e.lane(to)
	if err != nil {
		t.Fatal(err)
	}
	b := breaking{make(chan error, 1)}
	id := e.newID()
	message := ber.Encode(nil, 1, "public", ber.Get, id, 0, 0, ber.AppendName(nil, sysUpTime))
	l.send(&call{id: id, to: to, message: message, timeout: time.Second, owner: b})
	select {
	case err := <-b.failed:
		if !errors.Is(err, collectors.ErrProtocol) {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("nobody was told")
	}
	if got, err := readAll(t, e, target); err != nil || len(got) != 4 {
		t.Errorf("%d points, %v", len(got), err)
	}
}
