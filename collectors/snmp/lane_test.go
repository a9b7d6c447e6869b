package snmp

import (
	"net/netip"
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
