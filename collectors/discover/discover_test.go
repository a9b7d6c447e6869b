package discover_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// port is one on which the addresses 127.20.0.x can all be listened at.
func port(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.20.0.1:0")
	if err != nil {
		t.Skipf("this system has no loopback address but 127.0.0.1: %v", err)
	}
	defer func() { _ = c.Close() }()
	return netip.MustParseAddrPort(c.LocalAddr().String()).Port()
}

func serve(t *testing.T, address, file string, o agent.Options) *agent.Agent {
	t.Helper()
	f, err := profiles.FS.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rec, err := profile.ReadRecording(f)
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Listen(address, table, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// drivers returns what makes drivers with the built-in profiles.
func drivers(t *testing.T) func(collectors.Target) (collectors.Driver, error) {
	t.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	s, m := snmp.New(snmp.Options{Library: lib}), modbus.New(modbus.Options{Library: lib})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(); m.Stop() })
	return func(target collectors.Target) (collectors.Driver, error) {
		if target.Protocol == collectors.ModbusTCP {
			return m.NewDriver(target)
		}
		return s.NewDriver(target)
	}
}

func community(name, secret string) discover.Credential {
	return discover.Credential{Name: name, Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: secret}}
}

func v3(name, password string) discover.Credential {
	return discover.Credential{Name: name, Protocol: collectors.SNMPv3, SNMP: collectors.SNMPCredential{
		User: "monitor", AuthProtocol: "SHA256", AuthPassword: password,
	}}
}

func TestScan(t *testing.T) {
	port := port(t)
	at := func(n int) string { return fmt.Sprintf("127.20.0.%d:%d", n, port) }
	prepared, err := usm.User{Name: "monitor", AuthProtocol: "SHA256", AuthPassword: "right-password"}.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	security, err := agent.NewUSM([]byte("\x80\x00\x1f\x88discovered"), 1, prepared)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, at(2), "raritan/testdata/raritan-pdu2.snmprec", agent.Options{Community: "second"})
	serve(t, at(3), "generic/testdata/ups-mib.snmprec", agent.Options{Community: "first"})
	serve(t, at(4), "apc/testdata/apc-rpdu2.snmprec", agent.Options{Community: "of nobody", USM: security})
	serve(t, at(5), "apc/testdata/apc-rpdu2.snmprec", agent.Options{Community: "of nobody", USM: security})

	addresses, err := discover.ParsePlaces([]string{"127.20.0.2-4", "127.20.0.9-127.20.0.11"})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]discover.Found{}
	var steps []discover.Progress
	o := discover.Options{
		Addresses: addresses, SNMPPort: port, Rate: 1000, Timeout: 100 * time.Millisecond, NewDriver: drivers(t),
		Credentials: []discover.Credential{community("hall 1", "first"), community("hall 2", "second"), v3("users", "right-password")},
	}
	err = discover.Scan(t.Context(), o, func(f discover.Found) { found[f.Address] = f }, func(p discover.Progress) { steps = append(steps, p) })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		n                            int
		profile, credential, problem string
		confidence                   discover.Confidence
	}{
		{2, "raritan-pdu2", "hall 2", "", discover.High},
		{3, "ups-mib", "hall 1", "", discover.Low},
		{4, "apc-rpdu2", "users", "", discover.High},
	} {
		f := found[at(want.n)]
		if f.Profile != want.profile || f.CredentialName != want.credential || f.Confidence != want.confidence || f.Problem != want.problem || f.Points == 0 {
			t.Errorf("%s: %+v, want %+v", at(want.n), f, want)
		}
	}
	if len(found) != 3 {
		t.Errorf("found %d devices, want 3: %v", len(found), found)
	}
	if last := steps[len(steps)-1]; len(steps) != 6 || last.Done != 6 || last.Found != 3 || last.Left != 0 {
		t.Errorf("progress ended at %+v after %d steps", last, len(steps))
	}
	if mac := found[at(4)].Identity.Serial; mac == "" {
		t.Error("the serial number of the rack PDU is not told")
	}

	// A device is not asked for a third user once it refused two.
	found = map[string]discover.Found{}
	o.Addresses = []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.20.0.5"), 0)}
	o.Credentials = []discover.Credential{v3("a", "wrong-password-a"), v3("b", "wrong-password-b"), v3("c", "right-password")}
	if err := discover.Scan(t.Context(), o, func(f discover.Found) { found[f.Address] = f }, func(discover.Progress) {}); err != nil {
		t.Fatal(err)
	}
	if f := found[at(5)]; f.Profile != "" || f.CredentialName != "" || !strings.Contains(f.Problem, "refused") {
		t.Errorf("after two refused users: %+v", f)
	}
}

func TestScanEnds(t *testing.T) {
	addresses, err := discover.ParsePlaces([]string{"127.20.1.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = discover.Scan(ctx, discover.Options{
		Addresses: addresses, SNMPPort: port(t), Credentials: []discover.Credential{community("a", "a")}, NewDriver: drivers(t), Timeout: 20 * time.Millisecond,
	}, func(discover.Found) {}, func(p discover.Progress) {
		if p.Done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled scan ends with %v", err)
	}
	for _, o := range []discover.Options{
		{},
		{Addresses: addresses},
		{Addresses: addresses, Credentials: []discover.Credential{{Name: "x", Protocol: collectors.ModbusTCP}}},
	} {
		if err := discover.Scan(t.Context(), o, nil, nil); err == nil {
			t.Errorf("%+v is scanned", o)
		}
	}
}

func TestParseRanges(t *testing.T) {
	for _, x := range []struct {
		in   []string
		n    int
		last string
	}{
		{[]string{"10.0.0.7"}, 1, "10.0.0.7"},
		{[]string{"10.0.0.0/30"}, 2, "10.0.0.2"},
		{[]string{"10.0.0.0/31"}, 2, "10.0.0.1"},
		{[]string{"10.0.0.9/32"}, 1, "10.0.0.9"},
		{[]string{"10.0.0.250-10.0.1.5"}, 12, "10.0.1.5"},
		{[]string{" 10.0.0.5 - 80 ", "10.0.0.70-90"}, 86, "10.0.0.90"},
		{[]string{"fd00::1-fd00::f"}, 15, "fd00::f"},
		{[]string{"255.255.255.254-255.255.255.255"}, 2, "255.255.255.255"},
	} {
		got, err := discover.ParseRanges(x.in)
		if err != nil || len(got) != x.n || got[len(got)-1].String() != x.last {
			t.Errorf("%q: %d addresses, %v", x.in, len(got), err)
		}
	}
	for _, in := range []string{"", "ups-1", "10.0.0.0/33", "10.0.0.9-5", "10.0.0.1-fd00::1", "10.0.0.1-", "10.0.0.0/8", "fd00::/64", "0.0.0.0/0", "::/0"} {
		if got, err := discover.ParseRanges([]string{in}); err == nil {
			t.Errorf("%q: %d addresses", in, len(got))
		} else if !strings.Contains(err.Error(), fmt.Sprintf("%q", in)) {
			t.Errorf("%q: the error does not name it: %v", in, err)
		}
	}
}

func TestParsePlaces(t *testing.T) {
	for _, x := range []struct {
		in   []string
		want string
	}{
		{[]string{"10.0.0.7"}, "[10.0.0.7:0]"},
		{[]string{"127.0.0.1:1161"}, "[127.0.0.1:1161]"},
		{[]string{"10.0.0.0/30:1161", "10.0.0.1"}, "[10.0.0.1:1161 10.0.0.2:1161 10.0.0.1:0]"},
		{[]string{" 10.0.0.5-6:502 ", "10.0.0.6-10.0.0.7:502"}, "[10.0.0.5:502 10.0.0.6:502 10.0.0.7:502]"},
		{[]string{"fd00::1"}, "[[fd00::1]:0]"},
		{[]string{"[fd00::1]"}, "[[fd00::1]:0]"},
		{[]string{"[fd00::1-fd00::2]:1161"}, "[[fd00::1]:1161 [fd00::2]:1161]"},
		{[]string{"[fd00::/127]:1161"}, "[[fd00::]:1161 [fd00::1]:1161]"},
	} {
		got, err := discover.ParsePlaces(x.in)
		if err != nil || fmt.Sprint(got) != x.want {
			t.Errorf("%q: %v, %v, want %s", x.in, got, err, x.want)
		}
	}
	for in, says := range map[string]string{"10.0.0.7:0": "port", "10.0.0.7:70000": "port", "10.0.0.7:": "port", "10.0.0.7:snmp": "port", "[fd00::1": "bracket", "[fd00::1]1161": "port", ":161": "not like", "pdu:161": "not like"} {
		if got, err := discover.ParsePlaces([]string{in}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	if _, err := discover.ParseRanges([]string{"127.0.0.1:1161"}); err == nil || !strings.Contains(err.Error(), "port") {
		t.Errorf("a range with a port where ports are given apart: %v", err)
	}
}

func TestParseUnits(t *testing.T) {
	for in, want := range map[string][]uint8{"1": {1}, "1-3": {1, 2, 3}, "5, 1-2,2": {5, 1, 2}, "0-0": {0}, "254-255": {254, 255}} {
		if got, err := discover.ParseUnits(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "256", "-1", "3-1", "a", "1-", "1,,2"} {
		if got, err := discover.ParseUnits(in); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}
