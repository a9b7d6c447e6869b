package snmp

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// A socket is filled before the next one is used, and not further than its
// receive buffer holds answers while another has room.
func TestSocketsAreFilledOneByOne(t *testing.T) {
	e := New(Options{Sockets: 2})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	to := netip.MustParseAddrPort("192.0.2.1:161")
	var calls []*call
	for i := range 2 * laneRoom {
		l, err := e.lane(to)
		if err != nil {
			t.Fatal(err)
		}
		if want := e.v4[i/laneRoom]; l != want {
			t.Fatalf("call %d is not on socket %d", i, i/laneRoom)
		}
		c := &call{id: int32(i + 1), to: to, timeout: time.Hour}
		l.open([]*call{c})
		calls = append(calls, c)
	}
	used := map[*lane]bool{}
	for range 4 {
		l, _ := e.lane(to)
		used[l] = true
	}
	if len(used) != 2 {
		t.Error("what is beyond the room of both is not shared by both")
	}
	e.v4[0].drop(calls[0])
	if l, _ := e.lane(to); l != e.v4[0] {
		t.Error("room on the first socket is not used")
	}
}

// told is an owner that counts what it is told, and takes no answer.
type told struct{ fails atomic.Int32 }

func (o *told) answer([]byte) (bool, *call) { return false, nil }
func (o *told) fail(error) *call            { o.fails.Add(1); return nil }

// stray is a lane whose clock and receiver are the test's.
func stray(t *testing.T) (*lane, netip.AddrPort, *net.UDPConn) {
	t.Helper()
	l, err := newLane(New(Options{}), "udp4")
	if err != nil {
		t.Fatal(err)
	}
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.packets.close(); _ = peer.Close() })
	return l, peer.LocalAddr().(*net.UDPAddr).AddrPort(), peer
}

// Requests that are made while somebody is at work on the socket leave with
// his, and none is left behind.
func TestRequestsLeaveTogether(t *testing.T) {
	l, to, peer := stray(t)
	if got := l.match(0, nil); len(got) > 0 { // the receiver woke up
		t.Fatal(got)
	}
	o := &told{}
	for id := range int32(3 * batchSize) {
		l.send(&call{id: id + 1, to: to, message: []byte{byte(id)}, timeout: time.Hour, owner: o})
	}
	if len(l.queue) != 3*batchSize || len(l.pending) > 0 {
		t.Fatalf("%d queued, %d under way", len(l.queue), len(l.pending))
	}
	l.flush(nil)
	if len(l.queue) > 0 || len(l.pending) != 3*batchSize || l.awake {
		t.Fatalf("%d queued, %d under way, awake %v", len(l.queue), len(l.pending), l.awake)
	}
	l.send(&call{id: 1000, to: to, message: []byte{0xFF}, timeout: time.Hour, owner: o}) // nobody is at work
	_ = peer.SetReadDeadline(time.Now().Add(5 * time.Second))
	seen := map[byte]bool{}
	for range 3*batchSize + 1 {
		var b [8]byte
		if _, err := peer.Read(b[:]); err != nil {
			t.Fatal(err)
		}
		seen[b[0]] = true
	}
	if len(seen) != 3*batchSize+1 {
		t.Errorf("%d of the requests came", len(seen))
	}
}

// A time-out of more than a turn of the wheel is not forgotten when its slot
// comes by while a datagram is looked at that is no answer after all.
func TestTimeoutSurvivesAFalseAnswer(t *testing.T) {
	l, to, _ := stray(t)
	o := &told{}
	c := &call{id: 7, to: to, timeout: 20 * time.Second, owner: o}
	l.open([]*call{c})
	lap := c.due - wheelSlots
	l.expire(lap - 1)
	delete(l.pending, c.id)
	l.read = append(l.read, c.id) // as match does
	l.expire(lap)
	l.reopen(c)
	l.expire(lap + 2*wheelSlots)
	if o.fails.Load() != 1 || len(l.pending) > 0 {
		t.Errorf("told %d times, %d under way", o.fails.Load(), len(l.pending))
	}
}

// A clock that comes late makes no time-out come early.
func TestTimeoutsAreNotEarly(t *testing.T) {
	l, to, _ := stray(t)
	o := &told{}
	l.start = l.start.Add(-3 * time.Second) // since when no tick was looked at
	c := &call{id: 7, to: to, timeout: 2 * time.Second, owner: o}
	l.open([]*call{c})
	l.expire(60)
	if o.fails.Load() > 0 {
		t.Error("a request of this moment has timed out")
	}
	l.expire(60 + 44)
	if o.fails.Load() != 1 {
		t.Error("no time-out after 2.2 s")
	}
}
