package modbus

import (
	"bufio"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// missingPeer skips, or fails where every peer must be there.
func missingPeer(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("AISLE_REQUIRE_PEERS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// libmodbusServer compiles and starts a server on libmodbus; it returns what
// the server says first.
func libmodbusServer(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		missingPeer(t, "no C compiler: %v", err)
	}
	program := filepath.Join(t.TempDir(), "server")
	flags := []string{"-I/usr/include/modbus", "-lmodbus"}
	if out, err := exec.CommandContext(t.Context(), "pkg-config", "--cflags", "--libs", "libmodbus").Output(); err == nil {
		flags = strings.Fields(string(out))
	}
	compile := append([]string{"-O1", "-o", program, "testdata/libmodbus-server.c"}, flags...)
	if out, err := exec.CommandContext(t.Context(), "gcc", compile...).CombinedOutput(); err != nil {
		missingPeer(t, "libmodbus server does not compile (libmodbus-dev missing?): %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(said)
}

const peerProfile = `
profile: peer
kind: meter
protocol: modbus
source: test
identity: {vendor: {const: Test}, model: {const: Peer}}
defaults: {table: holding, source: test}
points:
  - {key: first, class: count, register: 300, type: u16}
  - {key: second, class: count, register: 301, type: u16}
  - {key: last, class: count, register: 499, type: u16}
  - {key: beyond, class: count, register: 500, type: u16}
  - {key: voltage, class: voltage, unit: V, register: 400, type: f32}
  - {key: frequency, class: frequency, unit: Hz, register: 402, type: f32, word_order: little}
  - {key: power, class: power, unit: kW, scale: 0.001, register: 404, type: i32}
  - {key: input, class: count, table: input, register: 410, type: u16}
  - {key: coil/0, class: state, table: coil, register: 100, type: bool, states: {0: "off", 1: "on"}}
  - {key: coil/1, class: state, table: coil, register: 101, type: bool, states: {0: "off", 1: "on"}}
  - {key: coil/2, class: state, table: coil, register: 102, type: bool, states: {0: "off", 1: "on"}}
  - {key: discrete, class: state, table: discrete, register: 235, type: bool, states: {0: "off", 1: "on"}}
`

func TestLibmodbusServer(t *testing.T) {
	address := "127.0.0.1:" + libmodbusServer(t)
	e, d := readPeer(t, collectors.Target{Name: "peer", Address: address, Protocol: collectors.ModbusTCP, Profile: "peer", Modbus: collectors.ModbusAddress{Unit: 1}})
	// Functions that this library answers in its own way or not at all must
	// not disturb what follows.
	target := d.target
	target.Profile = ""
	anonymous := newDriver(t, e, target)
	if _, err := anonymous.Learn(t.Context()); err == nil {
		t.Error("a device without identification was identified")
	}
	if _, err := d.Read(t.Context(), []string{"fast"}, nil); err != nil {
		t.Errorf("read after identification: %v", err)
	}
	if s := e.Stats(); s.Malformed > 0 {
		t.Errorf("%+v: answers of a real server were taken for malformed", s)
	}
}

// readPeer learns and reads a libmodbus server and compares every value.
func readPeer(t *testing.T, target collectors.Target) (*Engine, *Driver) {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"peer.yaml": {Data: []byte(peerProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Library: lib, Timeout: 2 * time.Second})
	t.Cleanup(e.Stop)
	d := newDriver(t, e, target)
	l, err := d.Learn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"first": 1000, "second": 1001, "last": 1199, "voltage": 230.5, "frequency": float64(float32(49.98)), "power": -123456,
		"input": 2010, "coil/0": 1, "coil/1": 0, "coil/2": 0, "discrete": 1,
	}
	for range 3 {
		readings, err := d.Read(t.Context(), []string{"fast"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(readings) != len(want) {
			t.Errorf("%d readings, want %d: register 500 does not exist", len(readings), len(want))
		}
		for _, r := range readings {
			key := l.Points[r.Index].Key
			if r.Quality != models.Good || math.Abs(r.Value-want[key]) > 1e-9 {
				t.Errorf("%s: %v %s, want %v", key, r.Value, r.Quality, want[key])
			}
		}
	}
	return e, d
}
