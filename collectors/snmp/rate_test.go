package snmp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// A subnet has its rate for all of its devices together, and for itself.
func TestSubnetRate(t *testing.T) {
	e := New(Options{SubnetRate: 0.01}) // one at once, the next after 100 s
	// A wait that would be longer than the context allows fails at once.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ask := func(address string) error { return e.rates.wait(ctx, netip.MustParseAddr(address), 1) }
	for _, first := range []string{"10.0.0.1", "10.0.1.1", "2001:db8::1", "2001:db8:0:1::1"} {
		if err := ask(first); err != nil {
			t.Errorf("the first request to the subnet of %s waits: %v", first, err)
		}
	}
	for _, next := range []string{"10.0.0.1", "10.0.0.200", "10.0.1.2", "2001:db8::ffff:1"} {
		if err := ask(next); err == nil {
			t.Errorf("a second request to the subnet of %s goes out", next)
		}
	}
	if err := New(Options{}).rates.wait(ctx, netip.MustParseAddr("10.0.0.1"), 1000); err != nil {
		t.Errorf("without a rate: %v", err)
	}
}

// meter counts datagrams, and the most that were ahead of a rate.
type meter struct {
	mu    sync.Mutex
	rate  float64
	first time.Time
	n     int
	ahead float64
}

func (m *meter) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n++; m.n == 1 {
		m.first = time.Now()
	}
	m.ahead = max(m.ahead, float64(m.n)-m.rate*time.Since(m.first).Seconds())
}

func (m *meter) check(t *testing.T, burst float64) int {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ahead > burst+1 {
		t.Errorf("%.1f requests ahead of %v a second, of %d", m.ahead, m.rate, m.n)
	}
	return m.n
}

// The rate holds for all that SNMPv3 asks as well, and Stats count it.
func TestSubnetRateOfSNMPv3(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(testProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	user := usm.User{Name: "monitor", AuthProtocol: "SHA", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}
	prepared, err := user.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	model, err := agent.NewUSM([]byte("\x80\x00\x00\x00\x04agent"), 3, prepared)
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(testRecording(70))
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{rate: 5}
	a, err := agent.Listen("127.0.0.1:0", table, agent.Options{USM: model, Before: func([]byte, net.Addr, func([]byte)) bool {
		m.count()
		return false
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	// The time-out is shorter than the wait for a turn.
	e := New(Options{Library: lib, SubnetRate: 5, Timeout: 150 * time.Millisecond})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	got, err := readAll(t, e, collectors.Target{Device: 1, Address: a.Addr(), Protocol: collectors.SNMPv3, SNMP: collectors.SNMPCredential{
		User: user.Name, AuthProtocol: user.AuthProtocol, AuthPassword: user.AuthPassword, PrivProtocol: user.PrivProtocol, PrivPassword: user.PrivPassword,
	}})
	if err != nil || len(got) != 71 {
		t.Errorf("%d points, %v", len(got), err)
	}
	n := m.check(t, 5)
	if s := e.Stats(); n < 7 || s.Requests != uint64(n) || s.Answers != uint64(n) {
		t.Errorf("the agent saw %d requests: %+v", n, s)
	}
}

// The rate holds for repetitions to devices that are silent.
func TestSubnetRateOfRepetitions(t *testing.T) {
	const devices, retries = 10, 2
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{rate: 10}
	var reading sync.WaitGroup
	reading.Go(func() {
		b := make([]byte, 2000)
		for {
			if _, _, err := silent.ReadFrom(b); err != nil {
				return
			}
			m.count()
		}
	})
	e := New(Options{SubnetRate: 10, Timeout: 20 * time.Millisecond, Retries: retries})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	var learning sync.WaitGroup
	for i := range devices {
		learning.Go(func() {
			d, err := e.NewDriver(collectors.Target{Device: 1, Name: fmt.Sprint(i), Address: silent.LocalAddr().String(), Protocol: collectors.SNMPv2c})
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if _, err := d.Learn(t.Context()); err == nil {
				t.Error("a silent device was learned")
			}
		})
	}
	learning.Wait()
	_ = silent.Close()
	reading.Wait()
	if n := m.check(t, 10); n != devices*(retries+1) {
		t.Errorf("%d requests, want %d", n, devices*(retries+1))
	}
}

// Limiters that are not in use are given up, and no others.
func TestSubnetsAreBounded(t *testing.T) {
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}) }
	quick, slow := New(Options{SubnetRate: 1e9}), New(Options{SubnetRate: 0.001})
	for i := range 3 * manySubnets {
		for _, e := range []*Engine{quick, slow} {
			if err := e.rates.wait(t.Context(), address(i), 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(quick.rates.subnets); n > manySubnets {
		t.Errorf("%d limiters", n)
	}
	if d := slow.rates.reserve(address(0)); d < time.Minute {
		t.Errorf("a subnet in use may be asked after %s", d)
	}
}

// Prepared users are bounded, found again, and not kept under their passwords.
func TestUsersAreBounded(t *testing.T) {
	u := newUsers()
	for i := range 2*maxUsers + 1 {
		user := usm.User{Name: fmt.Sprint(i)}
		first, err := u.prepare(user)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := u.prepare(user); err != nil || again != first || again.Name != user.Name {
			t.Fatalf("prepared again: %v", err)
		}
	}
	if n := len(u.prepared); n > maxUsers {
		t.Errorf("%d users", n)
	}
	a, err := u.prepare(usm.User{Name: "ab"})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := u.prepare(usm.User{Name: "a", AuthPassword: "b"}); err != nil || a == b {
		t.Errorf("another user: %v", err)
	}
}
