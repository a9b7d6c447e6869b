package trap_test

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/collectors/trap"
)

// snmptrap is that of net-snmp. Where AISLE_REQUIRE_PEERS is 1 its absence is a
// failure, elsewhere a reason to skip.
func snmptrap(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("snmptrap")
	if err == nil {
		return path
	}
	if os.Getenv("AISLE_REQUIRE_PEERS") == "1" {
		t.Fatal("snmptrap is missing (Debian package snmp)")
	}
	t.Skip("snmptrap is missing (Debian package snmp)")
	return ""
}

// Traps and informs of net-snmp, and what it is told when it has it wrong.
func TestNetSNMP(t *testing.T) {
	path := snmptrap(t)
	des := usm.User{Name: "old", AuthProtocol: "MD5", AuthPassword: "auth password", PrivProtocol: "DES", PrivPassword: "priv password"}
	open := usm.User{Name: "open"}
	b := listen(t, trap.Options{Rate: 1000, Burst: 1000}, one(
		plainSender(1, "secret"), secureSender(2, v3user), secureSender(3, des), secureSender(4, open),
	))
	state := t.TempDir() // net-snmp keeps its engine there
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Env = append(os.Environ(), "MIBS=", "SNMP_PERSISTENT_DIR="+state, "SNMPCONFPATH="+state)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	secure := []string{"-v", "3", "-u", "monitor", "-l", "authPriv", "-a", "SHA-256", "-A", "auth password", "-x", "AES", "-X", "priv password"}
	old := []string{"-v", "3", "-u", "old", "-l", "authPriv", "-a", "MD5", "-A", "auth password", "-x", "DES", "-X", "priv password"}
	with := func(base []string, key, value string) []string {
		out := slices.Clone(base)
		out[slices.Index(out, key)+1] = value
		return out
	}
	minutes := []string{"1.3.6.1.4.1.99999.1.1.0", "i", "12"}
	inform := func(base ...string) []string { return append(slices.Clone(base), "-Ci", "-t", "1", "-r", "1") }
	plain := []string{"-v", "2c", "-c", "secret"}
	for _, c := range []struct {
		name string
		args []string
		v1   []string // what follows the address instead
		want trap.Trap
		// refused: it is dropped; unanswered: net-snmp waits in vain, or is told so.
		refused, unanswered bool
	}{
		{name: "v1 generic", args: []string{"-v", "1", "-c", "secret"}, v1: []string{"1.3.6.1.4.1.99999", "192.0.2.77", "2", "0", "100"}, want: trap.Trap{Device: 1, Version: "v1", Name: "linkDown"}},
		{name: "v1 specific", args: []string{"-v", "1", "-c", "secret"}, v1: append([]string{"1.3.6.1.4.1.99999", "", "6", "5", "100"}, minutes...), want: trap.Trap{Device: 1, Version: "v1", Name: "onBattery"}},
		{name: "v2c trap", args: plain, want: trap.Trap{Device: 1, Version: "v2c", Name: "onBattery"}},
		{name: "v2c inform", args: inform(plain...), want: trap.Trap{Device: 1, Version: "v2c", Name: "onBattery", Inform: true}},
		{name: "v3 trap, SHA-256 and AES", args: secure, want: trap.Trap{Device: 2, Version: "v3", Name: "onBattery"}},
		{name: "v3 inform, SHA-256 and AES", args: inform(secure...), want: trap.Trap{Device: 2, Version: "v3", Name: "onBattery", Inform: true}},
		{name: "v3 trap, MD5 and DES", args: old, want: trap.Trap{Device: 3, Version: "v3", Name: "onBattery"}},
		{name: "v3 inform, MD5 and DES", args: inform(old...), want: trap.Trap{Device: 3, Version: "v3", Name: "onBattery", Inform: true}},
		{name: "v3 trap in the clear", args: []string{"-v", "3", "-u", "open", "-l", "noAuthNoPriv"}, want: trap.Trap{Device: 4, Version: "v3", Name: "onBattery"}},
		{name: "v3 inform in the clear", args: inform("-v", "3", "-u", "open", "-l", "noAuthNoPriv"), want: trap.Trap{Device: 4, Version: "v3", Name: "onBattery", Inform: true}},
		{name: "wrong community", args: with(plain, "-c", "public"), refused: true},
		{name: "inform with a wrong community", args: inform(with(plain, "-c", "public")...), refused: true, unanswered: true},
		{name: "wrong authentication password", args: with(secure, "-A", "wrong password"), refused: true},
		{name: "inform with a wrong authentication password", args: inform(with(secure, "-A", "wrong password")...), refused: true, unanswered: true},
		{name: "wrong privacy password", args: with(secure, "-X", "wrong password"), refused: true},
		{name: "unknown user", args: with(secure, "-u", "stranger"), refused: true},
		{name: "inform of an unknown user", args: inform(with(secure, "-u", "stranger")...), refused: true, unanswered: true},
		{name: "below the level of the user", args: with(secure, "-l", "authNoPriv"), refused: true},
		{name: "inform below the level of the user", args: inform(with(secure, "-l", "noAuthNoPriv")...), refused: true, unanswered: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, had := b.Stats(), len(b.traps())
			args := append(c.args, b.Addr().String())
			if c.v1 != nil {
				args = append(args, c.v1...)
			} else {
				args = append(append(args, "", onBattery), minutes...)
			}
			out, err := run(args...)
			if (err != nil) != c.unanswered {
				t.Errorf("net-snmp: %v\n%s", err, out)
			}
			if c.refused {
				b.until("refused", func(s trap.Stats) bool { return s.Refused+s.Malformed > before.Refused+before.Malformed })
				if s := b.Stats(); s.Received != before.Received {
					t.Errorf("it was taken: %+v", b.traps())
				}
				return
			}
			b.until("received", func(s trap.Stats) bool { return s.Received == before.Received+1 })
			got := b.traps()[had]
			if got.Device != c.want.Device || got.Version != c.want.Version || got.Name != c.want.Name || got.Inform != c.want.Inform || got.From != loopback {
				t.Errorf("got %+v", got)
			}
			if c.want.Name == "onBattery" && got.Text != "On battery, minutes left: 12" {
				t.Errorf("text %q", got.Text)
			}
		})
	}
}

// An inform whose answer is lost comes again: net-snmp sends it to a proxy that
// loses the first answer.
func TestNetSNMPRepeats(t *testing.T) {
	path := snmptrap(t)
	b := listen(t, trap.Options{}, one(plainSender(1, "secret")))
	proxy, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	up := b.dial()
	go func() {
		buf := make([]byte, 65536)
		for first := true; ; first = false {
			n, from, err := proxy.ReadFrom(buf)
			if err != nil {
				return
			}
			if _, err := up.Write(buf[:n]); err != nil {
				return
			}
			n, err = up.Read(buf)
			if err != nil {
				return
			}
			if first {
				continue // lost
			}
			if _, err := proxy.WriteTo(buf[:n], from); err != nil {
				return
			}
		}
	}()
	cmd := exec.CommandContext(t.Context(), path, strings.Fields("-v 2c -c secret -Ci -t 1 -r 2 "+proxy.LocalAddr().String())...)
	cmd.Args = append(cmd.Args, "", onBattery)
	cmd.Env = append(os.Environ(), "MIBS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b.until("repeated", func(s trap.Stats) bool { return s.Repeated == 1 && s.Acknowledged == 2 })
	if len(b.traps()) != 1 {
		t.Errorf("told %d times", len(b.traps()))
	}
}
