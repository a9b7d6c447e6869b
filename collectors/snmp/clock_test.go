package snmp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// What polls prove of the clock of an engine can be seen, also when it counts
// its boots anew because its card was replaced; without authentication nothing
// is proven.
func TestClockOfAnEngine(t *testing.T) {
	const engineID = "\x80\x00\x00\x00\x04agent"
	user := usm.User{Name: "monitor", AuthProtocol: "SHA256", AuthPassword: "auth password"}
	serve := func(address string, boots uint32, u usm.User) *agent.Agent {
		t.Helper()
		prepared, err := u.Prepare()
		if err != nil {
			t.Fatal(err)
		}
		model, err := agent.NewUSM([]byte(engineID), boots, prepared)
		if err != nil {
			t.Fatal(err)
		}
		table, err := agent.NewTable(testRecording(3))
		if err != nil {
			t.Fatal(err)
		}
		a, err := agent.Listen(address, table, agent.Options{Community: "public", USM: model})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		return a
	}
	first := serve("127.0.0.1:0", 17, user)
	e, _, target := start(t, 3, agent.Options{})
	target.Address, target.Protocol = first.Addr(), collectors.SNMPv3
	target.SNMP = collectors.SNMPCredential{User: user.Name, AuthProtocol: user.AuthProtocol, AuthPassword: user.AuthPassword}
	loopback := netip.MustParseAddr("127.0.0.1")
	if _, _, at := e.Clock(loopback, engineID); !at.IsZero() {
		t.Error("a clock that nobody showed")
	}
	d := learnedBy(t, e, target)
	before := time.Now()
	if _, err := d.Read(t.Context(), []string{"fast"}, nil); err != nil {
		t.Fatal(err)
	}
	boots, seconds, at := e.Clock(netip.MustParseAddr("::ffff:127.0.0.1"), engineID)
	if boots != 17 || seconds > 60 || at.Before(before) {
		t.Errorf("boots %d, %d s, at %s", boots, seconds, at)
	}
	if _, _, at := e.Clock(loopback, "another"); !at.IsZero() {
		t.Error("a clock of another engine")
	}

	_ = first.Close()
	serve(target.Address, 1, user)
	for n := 0; boots != 1; n++ {
		if n == 10 {
			t.Fatalf("after %d polls boots are %d", n, boots)
		}
		_, _ = d.Read(t.Context(), []string{"fast"}, nil) // the first may fail
		boots, _, _ = e.Clock(loopback, engineID)
	}

	open := usm.User{Name: "open"}
	plain := serve("127.0.0.2:0", 5, open)
	target.Address, target.SNMP = plain.Addr(), collectors.SNMPCredential{User: open.Name}
	if _, err := readAll(t, e, target); err != nil {
		t.Fatal(err)
	}
	if _, _, at := e.Clock(netip.MustParseAddr("127.0.0.2"), engineID); !at.IsZero() {
		t.Error("a clock without authentication")
	}
}
