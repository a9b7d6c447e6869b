package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// peer finds a program of another project. Where AISLE_REQUIRE_PEERS is 1 its
// absence is a failure, elsewhere a reason to skip.
func peer(t *testing.T, pkg string, paths ...string) string {
	t.Helper()
	for _, p := range paths {
		if full, err := exec.LookPath(p); err == nil {
			return full
		}
	}
	if os.Getenv("AISLE_REQUIRE_PEERS") == "1" {
		t.Fatalf("%s is missing (Debian package %s)", paths[0], pkg)
	}
	t.Skipf("%s is missing (Debian package %s)", paths[0], pkg)
	return ""
}

// transcript keeps what several goroutines write.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (x *transcript) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.Write(b)
}

func (x *transcript) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}

// run starts a server program and stops it with the test.
func run(t *testing.T, name string, args ...string) *transcript {
	t.Helper()
	var out transcript
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "MIBS=")
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() }) // killed, as it should be
	return &out
}

func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

func engines(t *testing.T) *Engines {
	t.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngines(EngineOptions{Library: lib, Timeout: time.Second, Retries: 2})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// readings learns a device and reads everything once, by source.
func readings(t *testing.T, e *Engines, target collectors.Target) (map[string]collectors.Reading, *collectors.Learned, error) {
	t.Helper()
	d, err := e.NewDriver(target)
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	l, err := d.Learn(t.Context())
	if err != nil {
		return nil, nil, err
	}
	var groups []string
	for g := range l.Intervals {
		groups = append(groups, g)
	}
	rs, err := d.Read(t.Context(), groups, nil)
	if errors.Is(err, collectors.ErrChanged) {
		err = nil
	}
	out := map[string]collectors.Reading{}
	for _, r := range rs {
		out[l.Points[r.Index].Key] = r
	}
	return out, l, err
}

// snmpd starts net-snmp's agent with a community and a user, and returns its
// address.
func snmpd(t *testing.T) string {
	t.Helper()
	binary := peer(t, "snmpd", "/usr/sbin/snmpd", "snmpd")
	dir, address := t.TempDir(), freeUDP(t)
	conf := filepath.Join(dir, "snmpd.conf")
	err := os.WriteFile(conf, []byte(`
rocommunity public 127.0.0.1
createUser aisle SHA-256 "auth password" AES "priv password"
createUser plain SHA "auth password"
rouser aisle authPriv
rouser plain authNoPriv
sysName peer
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SNMP_PERSISTENT_DIR", dir)
	out := run(t, binary, "-f", "-Lo", "-C", "-c", conf, "-I", "-smux", "udp:"+address)
	e := engines(t)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if _, _, err := readings(t, e, collectors.Target{Device: 1, Address: address, Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"}}); err == nil {
			return address
		} else if time.Now().After(end) {
			t.Fatalf("snmpd does not answer: %v\n%s", err, out)
		}
	}
}

// TestNetSNMPAgent reads Debian's snmpd in all versions, and has the service
// poll it.
func TestNetSNMPAgent(t *testing.T) {
	address := snmpd(t)
	e := engines(t)
	good := collectors.SNMPCredential{Community: "public", User: "aisle", AuthProtocol: "SHA256", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}
	with := func(edit func(*collectors.SNMPCredential)) collectors.SNMPCredential {
		c := good
		edit(&c)
		return c
	}
	tests := []struct {
		name     string
		protocol collectors.Protocol
		cred     collectors.SNMPCredential
		want     error
		says     string
	}{
		{"v1", collectors.SNMPv1, good, nil, ""},
		{"v2c", collectors.SNMPv2c, good, nil, ""},
		{"v3 authPriv", collectors.SNMPv3, good, nil, ""},
		{"v3 authNoPriv", collectors.SNMPv3, collectors.SNMPCredential{User: "plain", AuthProtocol: "SHA", AuthPassword: "auth password"}, nil, ""},
		{"wrong community", collectors.SNMPv2c, with(func(c *collectors.SNMPCredential) { c.Community = "secret" }), collectors.ErrUnreachable, "community"},
		{"unknown user", collectors.SNMPv3, with(func(c *collectors.SNMPCredential) { c.User = "nobody" }), collectors.ErrAuth, "does not know user"},
		{"wrong auth password", collectors.SNMPv3, with(func(c *collectors.SNMPCredential) { c.AuthPassword = "wrong password" }), collectors.ErrAuth, "authentication"},
		{"wrong auth protocol", collectors.SNMPv3, with(func(c *collectors.SNMPCredential) { c.AuthProtocol = "SHA512" }), collectors.ErrAuth, "authentication"},
		{"user without privacy asked with it", collectors.SNMPv3, with(func(c *collectors.SNMPCredential) { c.User = "plain"; c.AuthProtocol = "SHA" }), collectors.ErrAuth, "security level"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, l, err := readings(t, e, collectors.Target{Device: 1, Address: address, Protocol: tt.protocol, SNMP: tt.cred})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil {
				if !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%q does not say %q", err, tt.says)
				}
				if strings.Contains(err.Error(), "password\"") || strings.Contains(err.Error(), "wrong password") {
					t.Errorf("%q tells a secret", err)
				}
				return
			}
			if l.Profile != "net-snmp-host" || got["agent/uptime"].Quality != models.Good || got["agent/uptime"].Value <= 0 {
				t.Errorf("profile %s, uptime %+v", l.Profile, got["agent/uptime"])
			}
			if r := got["load-average/1-min"]; r.Quality != models.Good || r.Value < 0 || r.Value > 1000 {
				t.Errorf("load average %+v", r)
			}
		})
	}
	t.Run("polled by the service", func(t *testing.T) { servicePolls(t, address) })
}

// servicePolls adds an agent through the API and waits for its values.
func servicePolls(t *testing.T, address string) {
	var log transcript
	s := startService(t, t.TempDir(), nil, &log)
	defer s.stop(t)
	var made struct{ ID uint64 }
	post := func(path, body string) uint64 {
		t.Helper()
		if code := s.do(t, http.MethodPost, path, body, &made); code != http.StatusCreated {
			t.Fatalf("POST %s: %d", path, code)
		}
		return made.ID
	}
	site := post("/sites", `{"name":"Peer site"}`)
	community := post("/credentials", `{"name":"c","kind":"snmp-community","community":"public"}`)
	user := post("/credentials", `{"name":"u","kind":"snmp-v3","user":"aisle","auth_protocol":"SHA256","auth_password":"auth password","priv_protocol":"AES","priv_password":"priv password"}`)
	post("/devices", fmt.Sprintf(`{"name":"host-v2c","kind":"other","site":%d,"status":"active","protocol":"snmp-v2c","address":%q,"credential":%d,"enabled":true}`, site, address, community))
	post("/devices", fmt.Sprintf(`{"name":"host-v3","kind":"other","site":%d,"status":"active","protocol":"snmp-v3","address":%q,"credential":%d,"enabled":true}`, site, address, user))
	post("/devices", fmt.Sprintf(`{"name":"nobody","kind":"other","site":%d,"status":"active","protocol":"snmp-v2c","address":%q,"credential":%d,"enabled":true}`, site, freeUDP(t), community))
	until(t, 60*time.Second, "both devices are read", func() bool { return len(s.devices(t, "state=ok").Items) == 2 })
	until(t, 60*time.Second, "the third is silent", func() bool { return len(s.devices(t, "state=silent").Items) == 1 })
	for _, d := range s.devices(t, "state=ok").Items {
		if v, quality, _ := s.value(t, d.ID, "agent/uptime"); v == nil || quality != "good" || *v <= 0 {
			t.Errorf("%s: uptime %v, %s", d.Name, v, quality)
		}
	}
	for _, secret := range []string{"auth password", "priv password"} {
		if strings.Contains(log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// TestSNMPSim plays three recordings of real devices with snmpsim and with our
// own agent: both must give the same readings.
func TestSNMPSim(t *testing.T) {
	recordings, _ := filepath.Glob("../../../../shared/devices/snmp/dev/*.snmprec")
	if len(recordings) == 0 {
		t.Skip("no recordings of real devices beside the project (../shared/devices)")
	}
	binary := peer(t, "snmpsim", "snmpsim-command-responder", "snmpsimd")
	dir := t.TempDir()
	names := []string{"netmanplus_mct20", "powerwalker-vfi_20kcpgpf133", "generex-ups_cs141-v22036"}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		raw, err := os.ReadFile("../../../../shared/devices/snmp/dev/" + n + ".snmprec")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, n+".snmprec"), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	address := freeUDP(t)
	args := []string{"--data-dir=" + data, "--agent-udpv4-endpoint=" + address, "--cache-dir=" + dir}
	if os.Getuid() == 0 { // it refuses to serve as root
		for _, p := range []string{dir, filepath.Dir(dir), data} {
			if err := os.Chmod(p, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		args = append(args, "--process-user=nobody", "--process-group=nogroup")
	}
	out := run(t, binary, args...)
	e := engines(t)
	for _, n := range names {
		t.Run(n, func(t *testing.T) {
			target := collectors.Target{Device: 1, Address: address, Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: n}, Timeout: 3 * time.Second}
			var theirs map[string]collectors.Reading
			for end := time.Now().Add(40 * time.Second); ; time.Sleep(500 * time.Millisecond) {
				var err error
				if theirs, _, err = readings(t, e, target); err == nil {
					break
				} else if time.Now().After(end) {
					t.Fatalf("snmpsim: %v\n%s", err, out)
				}
			}
			ours := playOurselves(t, e, filepath.Join(data, n+".snmprec"))
			if len(ours) == 0 || len(ours) != len(theirs) {
				t.Fatalf("%d readings from snmpsim, %d from our agent", len(theirs), len(ours))
			}
			for key, want := range ours {
				got := theirs[key]
				if got.Quality != want.Quality || got.Quality == models.Good && math.Abs(got.Value-want.Value) > 1e-9 {
					t.Errorf("%s: %+v from snmpsim, %+v from our agent", key, got, want)
				}
			}
		})
	}
}

func playOurselves(t *testing.T, e *Engines, file string) map[string]collectors.Reading {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rec, err := profile.ReadRecording(f)
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Listen("127.0.0.1:0", table, agent.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	got, _, err := readings(t, e, collectors.Target{Device: 1, Address: a.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"}})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestOthersReadOurDevices has net-snmp, NUT and mbpoll read the simulated
// facility.
func TestOthersReadOurDevices(t *testing.T) {
	f := smallFacility(t)
	address := map[string]string{}
	for _, d := range f.Devices() {
		address[d.Name] = d.Address
	}
	t.Run("net-snmp", func(t *testing.T) {
		get := peer(t, "snmp", "snmpget")
		out, err := exec.CommandContext(t.Context(), get, "-v2c", "-c", f.Community(), "-Oqvn", address["UPS-A-A"], "1.3.6.1.2.1.33.1.2.4.0", "1.3.6.1.2.1.1.5.0").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "100") || !strings.Contains(string(out), "UPS-A-A") {
			t.Errorf("snmpget: %v\n%s", err, out)
		}
		user := f.User()
		out, err = exec.CommandContext(t.Context(), get, "-v3", "-l", "authPriv", "-u", user.Name, "-a", "SHA-256", "-A", user.AuthPassword,
			"-x", "AES", "-X", user.PrivPassword, "-Oqvn", address["UPS-A-A"], "1.3.6.1.2.1.33.1.2.4.0").CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "100" {
			t.Errorf("snmpget by version 3: %v\n%s", err, out)
		}
		walk := peer(t, "snmp", "snmpbulkwalk")
		out, err = exec.CommandContext(t.Context(), walk, "-v2c", "-c", f.Community(), "-Oqn", address["A-01-01-PDU-A"], "1.3.6.1.4.1.318.1.1.26.9.4.3.1.7").CombinedOutput()
		if n := len(strings.Split(strings.TrimSpace(string(out)), "\n")); err != nil || n != 24 {
			t.Errorf("snmpbulkwalk: %d outlets, %v\n%s", n, err, out)
		}
	})
	t.Run("NUT", func(t *testing.T) {
		driver := peer(t, "nut-snmp", "/lib/nut/snmp-ups", "/usr/lib/nut/snmp-ups")
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, driver, "-s", "sim", "-x", "port="+address["UPS-A-A"], "-x", "community="+f.Community(), "-x", "snmp_version=v2c", "-x", "mibs=ietf", "-d", "1").CombinedOutput()
		text := string(out)
		if err != nil || !strings.Contains(text, "battery.charge: 100") || !strings.Contains(text, "ups.status: OL") {
			t.Errorf("snmp-ups: %v\n%s", err, text)
		}
	})
	t.Run("mbpoll", func(t *testing.T) {
		binary := peer(t, "mbpoll", "mbpoll")
		host, port, _ := net.SplitHostPort(address["MSB-A"])
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		// Janitza UMG604: the L1-N voltage is a float in holding registers 19000 and 19001.
		out, err := exec.CommandContext(ctx, binary, "-0", "-1", "-a", "1", "-t", "4:float", "-B", "-r", "19000", "-c", "1", "-p", port, host).CombinedOutput()
		_, after, found := strings.Cut(string(out), "[19000]:")
		volts, parse := strconv.ParseFloat(strings.TrimSpace(strings.SplitN(after, "\n", 2)[0]), 64)
		if err != nil || !found || parse != nil || volts < 200 || volts > 260 {
			t.Errorf("mbpoll: %v\n%s", err, out)
		}
	})
}
