package trap_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/aisle-dcim/aisle/collectors/trap"
)

// What the system had no room for is counted: nothing is lost without a trace.
func TestBurst(t *testing.T) {
	senders := one(plainSender(7, "secret"))
	r, err := trap.Listen(trap.Options{
		Listen: "127.0.0.1:0", Library: library(t), Rate: 0.001, Burst: 1,
		Senders: func(a netip.Addr) []trap.Sender { return senders[a.String()] }, Handle: func(trap.Trap, func(error)) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Receiver: r, t: t}
	c := b.dial()
	const burst = 30_000 // Linux gives twice what is asked for, which 11,000 fit into
	for i := range burst {
		send(t, c, v2c(t, "secret", tagTrap, int32(i), onBattery))
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	looked := func(s trap.Stats) uint64 { return s.Received + s.Limited }
	for before := uint64(0); ; {
		time.Sleep(20 * time.Millisecond)
		s := looked(r.Stats())
		if s == before && s > 0 {
			break
		}
		before = s
	}
	send(t, c, v2c(t, "secret", tagTrap, burst, onBattery)) // the system tells with the next one
	b.until("told", func(s trap.Stats) bool { return looked(s)+s.Lost == burst+1 })
	if s := r.Stats(); s.Lost == 0 {
		t.Errorf("nothing was lost: the burst is too small for this test; %+v", s)
	}

	// There was as much room as the system gives; a small message takes no more
	// than 2 KiB of it.
	if room := roomOf(t); looked(r.Stats()) < uint64(room/2048) {
		t.Errorf("of %d bytes of room: %+v", room, r.Stats())
	}
}

// roomOf is the room of a socket that asks for 4 MiB.
func roomOf(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var room int
	if cerr := raw.Control(func(fd uintptr) { room, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return room
}
