package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// command runs one command line and returns the exit code with what it wrote.
func command(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{out: &o, err: &e, in: strings.NewReader("")}, func(string) (string, bool) { return "", false })
	return code, o.String(), e.String()
}

// serveRecording answers a built-in profile's recording on a socket.
func serveRecording(t *testing.T, file string) string {
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
	a, err := agent.Listen("127.0.0.1:0", table, agent.Options{Community: "public"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a.Addr()
}

func TestProbe(t *testing.T) {
	address := serveRecording(t, "raritan/testdata/raritan-pdu2.snmprec")
	code, out, errs := command(t, "probe", "--address", address, "--community", "public", "--format", "json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got struct {
		Device   map[string]string `json:"device"`
		Profile  string            `json:"profile"`
		Readings []profile.Reading `json:"readings"`
		Missing  []profile.Reading `json:"missing"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Profile != "raritan-pdu2" || got.Device["kind"] != "pdu" {
		t.Errorf("identified as %s, %s", got.Profile, got.Device["kind"])
	}
	golden, err := fs.ReadFile(profiles.FS, "raritan/testdata/raritan-pdu2.expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want profile.Golden
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	values := map[string]profile.Reading{}
	for _, r := range got.Readings {
		if r.Value == nil {
			t.Errorf("%s is listed as a reading without a value", r.Key)
			continue
		}
		values[r.Key] = r
	}
	missing := map[string]string{}
	for _, r := range got.Missing {
		missing[r.Key] = r.Quality
	}
	for _, w := range want.Readings {
		g, ok := values[w.Key]
		switch {
		case w.Value == nil && missing[w.Key] != w.Quality:
			t.Errorf("%s: missing as %q, want %q", w.Key, missing[w.Key], w.Quality)
		case w.Value != nil && (!ok || *g.Value != *w.Value || g.Unit != w.Unit || g.Source != w.Source || g.State != w.State):
			t.Errorf("%s: %+v, want %+v", w.Key, g, w)
		}
	}
	if len(missing) == 0 {
		t.Error("the recording has points without a value, and none is listed")
	}
	for _, m := range got.Missing {
		if m.Value != nil {
			t.Errorf("%s is missing and has a value", m.Key)
		}
	}
}

// TestProbeShows: who the device is stands above its readings, and what has no
// value apart from them with the reason; in CSV a value that is none is empty.
func TestProbeShows(t *testing.T) {
	address := serveRecording(t, "raritan/testdata/raritan-pdu2.snmprec")
	file := writeFile(t, t.TempDir(), "raritan-pdu2.snmprec", read(t, "raritan/testdata/raritan-pdu2.snmprec"))
	for _, args := range [][]string{{"probe", "--address", address}, {"profile", "test", file}} {
		code, out, errs := command(t, args...)
		if code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, errs)
		}
		head, rest, _ := strings.Cut(out, "\n\n")
		readings, missing, _ := strings.Cut(rest, "\n\n")
		for _, line := range []string{"vendor:   Raritan", "model:    PX3-5902V", "serial:   SYN0000002", "firmware: 4.0.20.5-49038", "kind:     pdu", "profile:  raritan-pdu2"} {
			if !slices.Contains(strings.Split(head, "\n"), line) {
				t.Errorf("%v: no %q in\n%s", args, line, head)
			}
		}
		if !strings.Contains(readings, "inlet/1/power") || strings.Contains(readings, "sensor/8/state") || strings.Contains(readings, "sentinel") {
			t.Errorf("%v: readings\n%s", args, readings)
		}
		if !strings.HasPrefix(missing, "WITHOUT A VALUE") || !regexp.MustCompile(`(?m)^sensor/8/state .*what the device sent stands for no value: -1 `).MatchString(missing) || strings.Contains(missing, "inlet/1/power") {
			t.Errorf("%v: without a value\n%s", args, missing)
		}
		code, out, errs = command(t, append(args, "--format", "csv")...)
		if code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, errs)
		}
		table, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		value, reason, without := slices.Index(table[0], "VALUE"), slices.Index(table[0], "REASON"), 0
		for _, row := range table[1:] {
			if row[value] == "" {
				without++
			} else if _, err := strconv.ParseFloat(row[value], 64); err != nil {
				t.Errorf("%v: value of %s: %v", args, row[0], err)
			}
			if (row[value] == "") != (row[reason] != "") {
				t.Errorf("%v: %s has value %q and reason %q", args, row[0], row[value], row[reason])
			}
		}
		if without != 2 {
			t.Errorf("%v: %d points without a value", args, without)
		}
	}
}

// read is a file of the built-in profiles.
func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := fs.ReadFile(profiles.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestProbeFaults(t *testing.T) {
	address := serveRecording(t, "generic/testdata/ups-mib.snmprec")
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	quick := []string{"--timeout", "50ms", "--retries", "0"}
	for _, x := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--address", silent.LocalAddr().String()}, exitUnreachable, silent.LocalAddr().String()},
		{[]string{"--address", address, "--community", "wrong"}, exitUnreachable, "community"},
		{[]string{"--address", address, "--profile", "no-such"}, exitNoProfile, "no-such"},
		{[]string{"--address", address, "--modbus", address}, exitUsage, "either"},
		{nil, exitUsage, "--address"},
		{[]string{"--address", address, "--snmp-version", "4"}, exitUsage, "1, 2c, 3"},
		{[]string{"--address", address, "--community-env", "UNSET"}, exitUsage, "UNSET"},
	} {
		code, out, errs := command(t, append(append([]string{"probe"}, x.args...), quick...)...)
		if code != x.code || !strings.Contains(errs, x.says) {
			t.Errorf("%v: exit code %d, want %d: %s", x.args, code, x.code, errs)
		}
		if out != "" {
			t.Errorf("%v: printed %q", x.args, out)
		}
	}
}

// TestExitCodes: the codes that the help of the program lists.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	targets := writeFile(t, dir, "targets.txt", []byte("# mine\n10.0.0.7\n10.0.0.8:99999\nnot an address\n10.0.0.9,300\n"))
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	unread := writeFile(t, dir, "silent.txt", []byte(silent.LocalAddr().String()+"\n"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	recording := writeFile(t, dir, "r.modbus", []byte("holding|0|0001\n"))
	snmp := writeFile(t, dir, "r.snmprec", []byte("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n"))
	empty := filepath.Join(dir, "empty")
	writeFile(t, dir, "empty.snmprec", []byte("# nothing\n\n"))
	writeFile(t, dir, "empty.modbus", []byte("profile||abb-b23\n"))
	for _, x := range []struct {
		args string
		code int
		says string
	}{
		{"nonsense", exitUsage, "unknown command"},
		{"probes", exitUsage, "is probe meant"},
		{"profile nonsense", exitUsage, "unknown command"},
		{"profile lint", exitUsage, "at least 1 arg"},
		{"profile test", exitUsage, "1 arg"},
		{"profile test " + dir + "/none.snmprec", exitUsage, "none.snmprec"},
		{"profile test " + recording, exitNoProfile, "--profile"},
		{"profile test " + snmp, exitNoProfile, "--profile"},
		{"profile test " + empty + ".snmprec", exitFaults, "empty.snmprec: not a recording that can be read: it is empty"},
		{"profile test " + empty + ".modbus", exitFaults, "it is empty"},
		{"profile coverage " + empty + ".snmprec", exitFaults, "it is empty"},
		{"profile replay " + empty + ".snmprec", exitFaults, "it is empty"},
		{"profile replay " + empty + ".modbus", exitFaults, "it is empty"},
		{"simulate --recording " + empty + ".snmprec --listen 127.0.0.1:0", exitFaults, "it is empty"},
		{"profile test " + snmp + " --profile apc-rpdu2", exitNoProfile, "apc-rpdu2"},
		{"profile test " + recording + " --profile apc-rpdu2", exitNoProfile, "apc-rpdu2"},
		{"profile test " + recording + " --profile no-such", exitNoProfile, "no-such"},
		{"profile coverage " + snmp + " --profile ups-mib", exitNoProfile, "ups-mib"},
		{"profile list --profiles-dir " + dir + "/none", exitUsage, "none"},
		{"profile list --format yaml", exitUsage, "yaml"},
		{"profile new m --mib " + dir + "/none", exitUsage, "none"},
		{"profile replay " + recording + " --listen 127.0.0.1:99999", exitUsage, "--listen"},
		{"profile replay " + recording + " --listen " + taken.Addr().String(), exitFailed, "in use"},
		{"probe --address 10.0.0.7:99999", exitUsage, "99999"},
		{"probe --address 10.0.0.7:snmp", exitUsage, "snmp"},
		{"probe --modbus 10.0.0.7:0", exitUsage, "port"},
		{"probe --address 300.1.1.1", exitUsage, "not an IPv4 address"},
		{"probe --modbus 10.0.0:502", exitUsage, "not an IPv4 address"},
		{"profile replay " + recording + " --listen 300.1.1.1:0", exitUsage, "--listen"},
		{"probe --address 10.0.0.7 --timeout 0s", exitUsage, "--timeout"},
		{"probe --address 10.0.0.7 --v3-user x --v3-auth ROT13", exitUsage, "ROT13"},
		{"probe --address 10.0.0.7 --timeout 5", exitUsage, `--timeout "5" is not a time such as`},
		{"probe --modbus 10.0.0.7 --unit one", exitUsage, `--unit "one" is not a whole number`},
		{"probe --modbus 10.0.0.7 --unit 99999999999999999999", exitUsage, "is out of range"},
		{"probe --modbus 10.0.0.7 --unit 256", exitUsage, "not between 0 and 255"},
		{"probe --address 10.0.0.7 --verbose=perhaps", exitUsage, "is not true or false"},
		{"control list --address 10.0.0.7 --limit 0s", exitUsage, "--limit"},
		{"simulate --base-port 70000", exitUsage, "not between 0 and 60000"},
		{"simulate --speed 0", exitUsage, "not between 1 and 1000"},
		{"simulate --control nowhere", exitUsage, "--control"},
		{"simulate --recording " + snmp + " --listen 300.1.1.1:1161", exitUsage, "--listen"},
		{"simulate fault list --control 300.1.1.1:1", exitUsage, "--control"},
		{"simulate fault list --control 127.0.0.1:1", exitUnreachable, "no simulation answers at 127.0.0.1:1"},
		{"user token --days 999999999 --data-dir " + dir, exitUsage, "not between 1 and 3650"},
		{"discover 10.0.0.7 --snmp-port 70000", exitUsage, "a port is 1 to 65535"},
		{"discover 10.0.0.7 --modbus-port 0 --units 1", exitUsage, "a port is 1 to 65535"},
		{"discover 10.0.0.7 --rate many", exitUsage, `--rate "many" is not a number`},
		{"discover 10.0.0.7 --rate 0", exitUsage, "--rate"},
		{"trap listen --listen nowhere", exitUsage, "nowhere"},
		{"serve --listen nowhere --data-dir " + dir, exitUsage, "nowhere"},
		{"serve --config " + dir + "/none.yaml", exitUsage, "none.yaml"},
		{"collect --targets " + targets, exitUsage, "line 3"},
		{"collect --targets " + targets, exitUsage, "line 4"},
		{"collect --targets " + targets, exitUsage, "line 5"},
		{"collect --targets " + unread + " --interval 10ms", exitUsage, "--interval"},
		{"collect --targets " + unread + " --duration 10ms --warm-up 0s --timeout 50ms --retries 0", exitUnreachable, "none of 1 devices"},
	} {
		if code, _, errs := command(t, strings.Fields(x.args)...); code != x.code || !strings.Contains(errs, x.says) {
			t.Errorf("%s: exit code %d, want %d with %q: %s", x.args, code, x.code, x.says, errs)
		} else if strings.Contains(errs, "strconv.") || strings.Contains(errs, "invalid syntax") || strings.Contains(errs, "http://") {
			t.Errorf("%s: the words of a library: %s", x.args, errs)
		}
	}
}

// TestUserCodes: what a user cannot be called or have as a password is a fault
// in the words of the command line, as is a user that is not there.
func TestUserCodes(t *testing.T) {
	dir := t.TempDir()
	user := func(password string, args ...string) (code int, errs string) {
		var o, e bytes.Buffer
		args = append(append([]string{"user"}, args...), "--data-dir", dir)
		code = run(t.Context(), args, streams{out: &o, err: &e, in: strings.NewReader(password + "\n")}, func(string) (string, bool) { return "", false })
		return code, e.String()
	}
	const good = "tally-brisk-lantern-06"
	for _, x := range []struct {
		args, password string
		code           int
		says           string
	}{
		{"add lan --role administrator", "short", exitUsage, "at least 12"},
		{"add lan --role administrator", good, exitOK, ""},
		{"add lan --role viewer", good, exitUsage, "exists"},
		{"add minh --role king", good, exitUsage, "role"},
		{"passwd lan", "short", exitUsage, "at least 12"},
		{"passwd nobody", good, exitUsage, "nobody"},
		{"passwd lan", good + "-b", exitOK, ""},
		{"link nobody", "", exitUsage, "nobody"},
	} {
		if code, errs := user(x.password, strings.Fields(x.args)...); code != x.code || !strings.Contains(errs, x.says) {
			t.Errorf("%s: exit code %d, want %d with %q: %s", x.args, code, x.code, x.says, errs)
		}
	}
}

// TestFilesBesideProfiles: what another program keeps in a folder is passed
// over, a profile with a fault is not.
func TestFilesBesideProfiles(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "docker-compose.yaml", []byte("services:\n  web: {image: example}\n"))
	code, out, errs := command(t, "profile", "list", "--profiles-dir", dir)
	if code != exitOK || !strings.Contains(out, "abb-b23") || !strings.Contains(errs, "docker-compose.yaml is not a device profile") || !strings.Contains(errs, "definitions of traps") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, out, errs := command(t, "profile", "lint", dir); code != exitOK || !strings.Contains(errs, "docker-compose.yaml") || !strings.Contains(out, "0 profiles") {
		t.Errorf("lint: exit code %d: %s %s", code, out, errs)
	}
	writeFile(t, dir, "mine.yaml", []byte("profile: mine\nkind: pdu\nsource: x\npoints: [\n"))
	if code, _, errs := command(t, "profile", "list", "--profiles-dir", dir); code != exitFaults || !strings.Contains(errs, "mine.yaml:") {
		t.Errorf("a profile with a fault: exit code %d: %s", code, errs)
	}
}

// TestFaultsOfOtherProfiles: they are told and do not end the test of a
// profile; those of the profile that is tested, or that it needs, do.
func TestFaultsOfOtherProfiles(t *testing.T) {
	dir := t.TempDir()
	data, err := fs.ReadFile(profiles.FS, "generic/testdata/ups-mib.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	recording := writeFile(t, dir, "own.snmprec", data)
	const points = "kind: ups\nsource: x\npoints:\n  - {key: battery/charge, class: charge, unit: \"%%\", oid: 1.3.6.1.2.1.33.1.2.4.0, source: x}\n"
	writeFile(t, dir, "own.yaml", fmt.Appendf(nil, "profile: own\n"+points))
	writeFile(t, dir, "broken.yaml", []byte("profile: broken\nkind: toaster\npoints: [\n"))
	writeFile(t, dir, "needs-broken.yaml", fmt.Appendf(nil, "profile: needs-broken\nextends: [broken]\n"+points))
	writeFile(t, dir, "needs-none.yaml", fmt.Appendf(nil, "profile: needs-none\nextends: [no-such]\n"+points))
	writeFile(t, dir, "raritan-pdu2.yaml", []byte("profile: raritan-pdu2\nkind: pdu\n"))
	for _, args := range [][]string{{"test", recording}, {"test", recording, "--profile", "own"}, {"test", recording, "--profile", "ups-mib"}, {"coverage", recording, "--profile", "own"}} {
		code, out, errs := command(t, append(append([]string{"profile"}, args...), "--profiles-dir", dir)...)
		if code != exitOK || !strings.Contains(out, "battery/charge") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
		for _, says := range []string{"left out: broken.yaml:", "left out: needs-broken.yaml: needs profile broken", "left out: needs-none.yaml: ", "left out: raritan-pdu2.yaml:"} {
			if !strings.Contains(errs, says) {
				t.Errorf("%v: no %q in %s", args, says, errs)
			}
		}
	}
	for _, name := range []string{"broken", "needs-broken", "needs-none", "raritan-pdu2"} {
		code, _, errs := command(t, "profile", "test", recording, "--profile", name, "--profiles-dir", dir)
		if code != exitFaults || !strings.Contains(errs, "aisle: "+name+".yaml:") {
			t.Errorf("%s: exit code %d: %s", name, code, errs)
		}
	}
	named := writeFile(t, dir, "broken~1.snmprec", data)
	if code, _, errs := command(t, "profile", "test", named, "--profiles-dir", dir); code != exitFaults || !strings.Contains(errs, "aisle: broken.yaml:") {
		t.Errorf("a recording of a profile with faults: exit code %d: %s", code, errs)
	}
}

func TestProfileCommands(t *testing.T) {
	dir := t.TempDir()
	recording := filepath.Join(dir, "pdu.snmprec")
	data, err := fs.ReadFile(profiles.FS, "generic/testdata/ups-mib.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recording, data, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "profile", "test", recording)
	if code != exitOK || !strings.Contains(out, "battery/charge") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	golden := filepath.Join(dir, "golden.json")
	if code, _, errs = command(t, "profile", "test", recording, "--golden", golden, "--write"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if code, _, errs = command(t, "profile", "test", recording, "--golden", golden); code != exitOK {
		t.Errorf("exit code %d: %s", code, errs)
	}
	changed := bytes.Replace(data, []byte("1.3.6.1.2.1.33.1.2.4.0|2|"), []byte("1.3.6.1.2.1.33.1.2.4.0|2|1"), 1)
	if err := os.WriteFile(recording, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs = command(t, "profile", "test", recording, "--golden", golden); code != exitFaults || !strings.Contains(errs, "battery/charge") {
		t.Errorf("a changed value gives exit code %d: %s", code, errs)
	}
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("profile: bad\ntitle: Bad\nkind: toaster\npoints:\n  - {key: a, class: heat, oid: 1.3.6.1.4.1.1.0, source: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs = command(t, "profile", "lint", bad); code != exitFaults || !strings.Contains(errs, "toaster") || !strings.Contains(errs, "heat") {
		t.Errorf("lint: exit code %d: %s", code, errs)
	}
	seldom := filepath.Join(dir, "seldom.yaml")
	if err := os.WriteFile(seldom, []byte("profile: seldom\ntitle: Seldom\nkind: dc-power\nsource: X-MIB\npoints:\n  - {key: bank/difference, class: voltage, unit: V, oid: 1.3.6.1.4.1.1.0, source: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := command(t, "profile", "lint", seldom); code != exitOK || !strings.Contains(errs, "warning: "+seldom+":6: ") || !strings.Contains(out, "without fault") {
		t.Errorf("lint of what is seldom meant: exit code %d: %s %s", code, out, errs)
	}
}

func TestDiscover(t *testing.T) {
	address := serveRecording(t, "raritan/testdata/raritan-pdu2.snmprec")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	quick := []string{"--snmp-port", port, "--timeout", "200ms"}
	code, out, errs := command(t, append([]string{"discover", host, "--community", "wrong,public", "--format", "json"}, quick...)...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got struct{ Devices []foundDevice }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Devices) != 1 || got.Devices[0].Address != address || got.Devices[0].Profile != "raritan-pdu2" || got.Devices[0].Credential != "community 2" {
		t.Errorf("found %+v", got.Devices)
	}
	if strings.Contains(out, "public") || !strings.Contains(errs, "1 of 1 addresses, 1 found") {
		t.Errorf("a secret is printed or no progress: %s %s", out, errs)
	}
	for _, place := range []string{address, host + "/32:" + port} {
		code, out, errs = command(t, "discover", place, "--timeout", "200ms", "--format", "csv")
		if code != exitOK || !strings.Contains(out, address+",,community 1,") || !strings.Contains(errs, "1 of 1 addresses, 1 found") {
			t.Errorf("%s: exit code %d, %s %s", place, code, out, errs)
		}
	}
	code, out, _ = command(t, append([]string{"discover", host, "--community", "wrong", "--format", "csv", "-q"}, quick...)...)
	if code != exitOK || strings.Count(out, "\n") != 1 {
		t.Errorf("nothing found: exit code %d, %q", code, out)
	}
	for _, x := range []struct {
		args []string
		says string
	}{
		{nil, "no address range"},
		{[]string{"10.0.0.0/33"}, "10.0.0.0/33"},
		{[]string{"10.0.0.7:99999"}, "the port is not between"},
		{[]string{host, "--units", "300"}, "300"},
		{[]string{host, "--community", ""}, "nothing to ask with"},
		{[]string{host, "--community-env", "NOT_SET"}, "NOT_SET"},
	} {
		if code, _, errs := command(t, append([]string{"discover"}, x.args...)...); code != exitUsage || !strings.Contains(errs, x.says) {
			t.Errorf("%q: exit code %d, %s", x.args, code, errs)
		}
	}
}

func TestRecordReplayCoverage(t *testing.T) {
	dir := t.TempDir()
	address := serveRecording(t, "raritan/testdata/raritan-pdu2.snmprec")
	file := filepath.Join(dir, "pdu.snmprec")
	code, out, errs := command(t, "profile", "record", "--address", address, "--output", file)
	if code != exitOK || !strings.Contains(out, "profile: raritan-pdu2") {
		t.Fatalf("exit code %d: %s %s", code, out, errs)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	original, err := fs.ReadFile(profiles.FS, "raritan/testdata/raritan-pdu2.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	serial := regexp.MustCompile(`(?m)^1\.3\.6\.1\.4\.1\.13742\.6\.3\.2\.1\.1\.4\.1\|4\|(.+)$`).FindSubmatch(original)
	if serial == nil || bytes.Contains(data, serial[1]) {
		t.Errorf("serial number %q is in the recording", serial)
	}
	code, out, errs = command(t, "profile", "coverage", file)
	if code != exitFaults || !strings.Contains(out, "inlet") || !strings.Contains(errs, "in none of the recordings") {
		t.Errorf("coverage by one of two: exit code %d: %s %s", code, out, errs)
	}
	rest, err := fs.ReadFile(profiles.FS, "raritan/testdata/raritan-pdu2~all-tables.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs = command(t, "profile", "coverage", file, writeFile(t, dir, "all-tables.snmprec", rest))
	if code != exitOK || !strings.Contains(out, "inlet") {
		t.Errorf("coverage: exit code %d: %s %s", code, out, errs)
	}
	// The readings are those of the device itself.
	_, want, _ := command(t, "profile", "test", writeFile(t, dir, "original.snmprec", original), "--format", "csv")
	_, got, _ := command(t, "profile", "test", file, "--format", "csv")
	if got != want {
		t.Errorf("readings of the recording differ:\n%s\nwant\n%s", got, want)
	}
	if code, _, errs := command(t, "profile", "record", "--address", address); code != exitUsage || !strings.Contains(errs, "--output") {
		t.Errorf("without a file: exit code %d: %s", code, errs)
	}
	if code, _, errs := command(t, "profile", "record", "--modbus", address, "--ranges", "holding:9-3", "--output", file); code != exitUsage || !strings.Contains(errs, "9-3") {
		t.Errorf("wrong ranges: exit code %d: %s", code, errs)
	}
}

func writeFile(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// replayed answers as a recorded device and returns its address.
func replayed(t *testing.T, file string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, address := io.Pipe()
	done := make(chan int)
	go func() {
		var e bytes.Buffer
		done <- run(ctx, []string{"profile", "replay", file}, streams{out: address, err: &e}, func(string) (string, bool) { return "", false })
	}()
	t.Cleanup(func() { cancel(); <-done })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Fields(line)
	return at[len(at)-1]
}

// TestRecordedModbusIsTested records devices with a profile that is named, or
// that the device is recognised by, and tests the recording without naming one.
func TestRecordedModbusIsTested(t *testing.T) {
	for _, c := range []struct {
		family string
		named  bool
	}{{"janitza/testdata/janitza-umg604", true}, {"abb/testdata/abb-b23", false}, {"sunspec/testdata/sunspec-meter-203", false}, {"deepsea/testdata/deepsea-gencomm", true}} {
		name := filepath.Base(c.family)
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			data, err := fs.ReadFile(profiles.FS, c.family+".modbus")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "unknown.modbus")
			args := []string{"profile", "record", "--modbus", replayed(t, writeFile(t, dir, "in.modbus", data)), "--output", file}
			if c.named {
				args = append(args, "--profile", name)
			}
			if code, _, errs := command(t, args...); code != exitOK {
				t.Fatalf("record: exit code %d: %s", code, errs)
			}
			code, out, errs := command(t, "profile", "test", file, "--format", "json")
			if code != exitOK || !strings.Contains(out, `"profile": "`+name+`"`) {
				t.Errorf("test: exit code %d: %s %.300s", code, errs, out)
			}
		})
	}
}

func TestRecordModbus(t *testing.T) {
	dir := t.TempDir()
	const registers = "device-id|0|Example\nholding|0|0001 0002 0003 5359 4e30 3031\nholding|100|00ff\ncoil|3|1 0\n"
	in := writeFile(t, dir, "in.modbus", []byte(registers))
	file := filepath.Join(dir, "out.modbus")
	code, text, errs := command(t, "profile", "record", "--modbus", replayed(t, in), "--ranges", "holding:0-120,coil:0-9", "--hide", "SYN001", "--output", file)
	if code != exitOK || !strings.Contains(text, "9 registers") {
		t.Fatalf("exit code %d: %s %s", code, text, errs)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := "device-id|0|Example\ncoil|3|1 0\nholding|0|0001 0002 0003 7365 6372 6574\nholding|100|00ff\n"; string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
}

func TestProfileNew(t *testing.T) {
	dir := t.TempDir()
	table := writeFile(t, dir, "r.csv", []byte("address,name,unit\n0,Voltage L1,V\n1,Voltage L2,V\n"))
	draft := filepath.Join(dir, "m.yaml")
	if code, _, errs := command(t, "profile", "new", "m", "--csv", table, "--output", draft); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if code, _, errs := command(t, "profile", "lint", draft); code != exitOK {
		t.Errorf("the draft has faults: %s", errs)
	}
	for _, args := range [][]string{
		{"m", "--csv", table, "--output", draft}, // exists
		{"m"},
		{"m", "--csv", table, "--mib", table},
	} {
		if code, _, errs := command(t, append([]string{"profile", "new"}, args...)...); code != exitUsage {
			t.Errorf("%q: exit code %d: %s", args, code, errs)
		}
	}
	if code, _, errs := command(t, "profile", "new", "m", "--mib", table); code != exitFaults || !strings.Contains(errs, "r.csv") || !strings.Contains(errs, "line 1:8") {
		t.Errorf("a table as MIB: exit code %d: %s", code, errs)
	}
}

// TestProfileNewPrintsTheDraftAlone: whatever the reader of MIB files finds,
// standard output holds the draft or nothing.
func TestProfileNewPrintsTheDraftAlone(t *testing.T) {
	dir := t.TempDir()
	table := writeFile(t, dir, "r.csv", []byte("address,name,unit\n0,Voltage L1,V\n"))
	stdout, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer func(before *os.File) { os.Stdout = before; _ = stdout.Close() }(os.Stdout)
	os.Stdout = stdout
	code, out, errs := command(t, "profile", "new", "m", "--csv", table)
	if code != exitOK || !strings.HasPrefix(out, "# Draft") {
		t.Errorf("a table: exit code %d, %q %s", code, out, errs)
	}
	if code, out, _ := command(t, "profile", "new", "m", "--mib", table); code != exitFaults || out != "" {
		t.Errorf("a table as MIB: exit code %d, %q", code, out)
	}
	if data, err := os.ReadFile(stdout.Name()); err != nil || len(data) > 0 {
		t.Errorf("beside the draft standard output has %q, %v", data, err)
	}
}
