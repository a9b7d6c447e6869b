package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// freeUDPPort returns host:port that nothing listens on.
func freeUDPPort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

// linkDown is an inform of version 2c about interface 7; one with the same id is
// the same inform sent again.
func linkDown(t *testing.T, id int32) []byte {
	t.Helper()
	oid := func(n ...uint32) []byte {
		b, err := ber.EncodeOID(n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	list := ber.AppendBinding(nil, oid(1, 3, 6, 1, 2, 1, 1, 3, 0), 0x43, []byte{1})
	list = ber.AppendBinding(list, oid(1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), 6, oid(1, 3, 6, 1, 6, 3, 1, 1, 5, 3))
	list = ber.AppendBinding(list, oid(1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 7), 2, []byte{7})
	list = ber.AppendBinding(list, oid(1, 3, 6, 1, 2, 1, 2, 2, 1, 2, 7), 4, []byte("=cmd()\n2"))
	return ber.Encode(nil, 1, "anything", 0xA6, id, 0, 0, list)
}

// heard runs trap listen until it has printed one trap, which is sent to it
// until it is acknowledged.
func heard(t *testing.T, send func(to string) bool, args ...string) string {
	t.Helper()
	to := freeUDPPort(t)
	ended, sent := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sent)
		for !send(to) {
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	code, out, errs := command(t, append([]string{"trap", "listen", "--listen", to, "--count", "1"}, args...)...)
	close(ended)
	<-sent
	if code != exitOK || !strings.Contains(errs, "listening on "+to) {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return out
}

func TestTrapListen(t *testing.T) {
	msg := linkDown(t, 7)
	send := func(to string) bool {
		c, err := net.Dial("udp", to)
		if err != nil {
			t.Error(err)
			return true
		}
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.Write(msg); err != nil {
			return false // nothing listens yet
		}
		n, err := c.Read(make([]byte, 1500))
		return err == nil && n > 0
	}
	var got heardTrap
	out := heard(t, send, "--format", "json")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.Name != "linkDown" || got.Text != "Interface lost its link: 7" || !got.Inform || got.Version != "v2c" || got.From != "127.0.0.1" || len(got.Variables) != 2 {
		t.Errorf("got %+v", got)
	}
	if out = heard(t, send); !strings.Contains(out, "linkDown  Interface lost its link: 7\n    ifIndex=7\n    ifDescr==cmd() 2\n") {
		t.Errorf("got %q", out)
	}
	if out = heard(t, send, "--format", "csv"); !strings.Contains(out, "127.0.0.1,v2c,true,1.3.6.1.6.3.1.1.5.3,linkDown,warning,Interface lost its link: 7,") {
		t.Errorf("got %q", out)
	}
	if code, _, errs := command(t, "trap", "listen", "--listen", "nowhere"); code == exitOK || !strings.Contains(errs, "nowhere") {
		t.Errorf("a bad address: %d, %s", code, errs)
	}
}

// TestTrapListenTellsWhatItDrops: bytes that are no SNMP, and a user that nobody
// gave.
func TestTrapListenTellsWhatItDrops(t *testing.T) {
	good := [][]byte{linkDown(t, 1), linkDown(t, 2), linkDown(t, 3)}
	to := freeUDPPort(t)
	ended := make(chan struct{})
	go func() {
		c, err := net.Dial("udp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for i := 0; ; i++ {
			for _, b := range [][]byte{[]byte("no SNMP at all\x1b[2J"), good[i%len(good)]} {
				_, _ = c.Write(b) // nothing may listen yet
			}
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	code, _, errs := command(t, "trap", "listen", "--listen", to, "--count", "3")
	close(ended)
	if code != exitOK || strings.Count(errs, "dropped a datagram of 127.0.0.1: ") != 1 || !strings.Contains(errs, "that cannot be read") || strings.Contains(errs, "\x1b") {
		t.Errorf("exit code %d: %q", code, errs)
	}
}

func TestDroppedTrapsAreCounted(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	d := droppedTraps{out: &out, now: func() time.Time { return now }}
	from := netip.MustParseAddr("192.0.2.7")
	for range 100 {
		d.note(from, errors.New("credentials refused: no such user"))
	}
	d.note(from, errors.New("malformed message"))
	now = now.Add(dropsEvery)
	d.note(from, errors.New("credentials refused: wrong digest"))
	const want = "dropped a datagram of 192.0.2.7: credentials refused: no such user\n" +
		"dropped a datagram of 192.0.2.7: malformed message\n" +
		"dropped 100 more, the last of 192.0.2.7: credentials refused: wrong digest\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

// An inform of net-snmp as an SNMPv3 user.
func TestTrapListenSecure(t *testing.T) {
	snmptrap, err := exec.LookPath("snmptrap")
	if err != nil {
		if os.Getenv("AISLE_REQUIRE_PEERS") == "1" {
			t.Fatal("snmptrap is missing (Debian package snmp)")
		}
		t.Skip("snmptrap is missing (Debian package snmp)")
	}
	state := t.TempDir()
	send := func(to string) bool {
		cmd := exec.Command(snmptrap, "-v", "3", "-u", "monitor", "-l", "authPriv", "-a", "SHA-256", "-A", "auth password", "-x", "AES", "-X", "priv password",
			"-Ci", "-t", "1", "-r", "0", to, "", "1.3.6.1.2.1.33.2.1")
		cmd.Env = append(os.Environ(), "MIBS=", "SNMP_PERSISTENT_DIR="+state)
		return cmd.Run() == nil
	}
	out := heard(t, send, "--v3-user", "monitor", "--v3-auth", "SHA256", "--v3-auth-password", "auth password", "--v3-priv", "AES", "--v3-priv-password", "priv password")
	if !strings.Contains(out, "v3  critical  upsTrapOnBattery") {
		t.Errorf("got %q", out)
	}
}
