package modbus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

const controlProfile = peerProfile + `
controls:
  - {key: pump, kind: command, table: coil, register: 101, type: bool, shows: coil/1, options: [{name: start, raw: 1, done: 1}, {name: stop, raw: 0, done: 0}]}
  - {key: fan, kind: command, table: coil, register: 102, type: bool, function: 15, options: [{name: start, raw: 1}, {name: stop, raw: 0}]}
  - {key: limit, kind: set-point, class: percent, unit: "%", scale: 0.1, min: 0, max: 100, step: 0.5, register: 300, type: u16}
  - {key: speed, kind: set-point, class: frequency, unit: Hz, min: 10, max: 60, step: 0.25, register: 402, type: f32, word_order: little, shows: frequency}
  - {key: key, kind: command, register: 310, type: u16, complement: true, write_only: true, options: [{name: start, raw: 35705}]}
  - {key: beyond, kind: command, register: 700, type: u16, write_only: true, options: [{name: start, raw: 1}]}
`

func controlLibrary(t *testing.T) *profile.Library {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"peer.yaml": {Data: []byte(controlProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func controller(t *testing.T, e *Engine, target collectors.Target) collectors.Controller {
	t.Helper()
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	c, ok := d.(collectors.Controller)
	if !ok {
		t.Fatalf("%T is no controller", d)
	}
	if _, err := c.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestControlOfLibmodbus writes a libmodbus server with all four functions and
// has mbpoll read what is there.
func TestControlOfLibmodbus(t *testing.T) {
	port := libmodbusServer(t)
	mbpoll, err := exec.LookPath("mbpoll")
	if err != nil {
		missingPeer(t, "mbpoll is missing (Debian package mbpoll)")
	}
	e := New(Options{Library: controlLibrary(t), Timeout: 2 * time.Second, Control: true})
	t.Cleanup(e.Stop)
	c := controller(t, e, collectors.Target{
		Name: "peer", Address: "127.0.0.1:" + port, Protocol: collectors.ModbusTCP, Profile: "peer", Control: true, Modbus: collectors.ModbusAddress{Unit: 1},
	})
	writesPeer(t, c)
	look := func(table, at, count string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), mbpoll, "-0", "-1", "-q", "-a", "1", "-t", table, "-r", at, "-c", count, "-p", port, "127.0.0.1").CombinedOutput()
		if err != nil {
			t.Fatalf("mbpoll: %v\n%s", err, out)
		}
		var values []string
		for _, line := range strings.Split(string(out), "\n") {
			if _, v, ok := strings.Cut(line, "]:"); ok {
				values = append(values, strings.TrimSpace(v))
			}
		}
		return strings.Join(values, " ")
	}
	for _, tt := range []struct{ table, at, count, want string }{
		{"0", "101", "2", "1 1"},
		{"4:hex", "300", "2", "0x01C7 0x03E9"}, // its neighbour is as it was
		{"4:hex", "402", "2", "0x0000 0x4235"},
		{"4:hex", "310", "2", "0x8B79 0x7486"},
	} {
		if got := look(tt.table, tt.at, tt.count); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.table, tt.at, got, tt.want)
		}
	}
}

// TestDeclaredControlsOfLibmodbus writes what built-in profiles declare to a
// libmodbus server, and has mbpoll read what is there.
func TestDeclaredControlsOfLibmodbus(t *testing.T) {
	mbpoll, err := exec.LookPath("mbpoll")
	if err != nil {
		missingPeer(t, "mbpoll is missing (Debian package mbpoll)")
	}
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		profile, control, option string
		// bit is the address of the coil behind the value.
		bit, is string
	}{
		{"stulz-c7000", "stop/monitoring", "stop", "1000", "1"},
		{"stulz-c7000", "stop/monitoring", "start", "1000", "0"},
		{"stulz-c7000", "alarm/reset", "reset", "1011", "1"},
		{"thermalcare-accuchiller-eq", "control/start", "start", "0", "1"},
		{"thermalcare-accuchiller-eq", "control/start", "stop", "0", "0"},
	} {
		t.Run(tt.profile+" "+tt.control+" "+tt.option, func(t *testing.T) {
			port := libmodbusServer(t, "whole")
			e := New(Options{Library: lib, Timeout: 2 * time.Second, Control: true})
			t.Cleanup(e.Stop)
			c := controller(t, e, collectors.Target{
				Name: "peer", Address: "127.0.0.1:" + port, Protocol: collectors.ModbusTCP, Profile: tt.profile, Control: true, Modbus: collectors.ModbusAddress{Unit: 1},
			})
			if tt.is == "0" { // something to change
				out, err := exec.CommandContext(t.Context(), mbpoll, "-0", "-1", "-q", "-a", "1", "-t", "0", "-r", tt.bit, "-p", port, "127.0.0.1", "1").CombinedOutput()
				if err != nil {
					t.Fatalf("mbpoll: %v\n%s", err, out)
				}
			}
			a := collectors.Action{Option: tt.option}
			intent, err := c.Intend(t.Context(), tt.control, a)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Write(t.Context(), tt.control, a, intent); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), mbpoll, "-0", "-1", "-q", "-a", "1", "-t", "0", "-r", tt.bit, "-c", "2", "-p", port, "127.0.0.1").CombinedOutput()
			if err != nil {
				t.Fatalf("mbpoll: %v\n%s", err, out)
			}
			var values []string
			for _, line := range strings.Split(string(out), "\n") {
				if _, v, ok := strings.Cut(line, "]:"); ok {
					values = append(values, strings.TrimSpace(v))
				}
			}
			if len(values) != 2 || values[0] != tt.is || values[1] != "0" {
				t.Errorf("coils %s: %v, want %s and 0", tt.bit, values, tt.is)
			}
		})
	}
}

// writesPeer writes the controls of a libmodbus server.
func writesPeer(t *testing.T, c collectors.Controller) {
	t.Helper()
	for _, tt := range []struct {
		control string
		action  collectors.Action
		intent  collectors.Intent
		want    error
	}{
		{"pump", collectors.Action{Option: "start"}, collectors.Intent{Target: "coil 101, function 5, unit 1", Raw: "1", Current: "0"}, nil},
		{"fan", collectors.Action{Option: "start"}, collectors.Intent{Target: "coil 102, function 15, unit 1", Raw: "1", Current: "0"}, nil},
		{"limit", collectors.Action{Value: 45.5}, collectors.Intent{Target: "holding 300, function 6, unit 1", Raw: "0x01C7", Current: "0x03E8"}, nil},
		{"speed", collectors.Action{Value: 45.25}, collectors.Intent{Target: "holding 402, function 16, unit 1", Raw: "0x0000 0x4235", Current: "0xEB85 0x4247"}, nil},
		{"key", collectors.Action{Option: "start"}, collectors.Intent{Target: "holding 310, function 16, unit 1", Raw: "0x8B79 0x7486"}, nil},
		{"beyond", collectors.Action{Option: "start"}, collectors.Intent{Target: "holding 700, function 6, unit 1", Raw: "0x0001"}, collectors.ErrRejected},
	} {
		got, err := c.Intend(t.Context(), tt.control, tt.action)
		if err != nil || !got.Same(tt.intent) || got.Current != tt.intent.Current {
			t.Errorf("%s: dry run %+v, %v; want %+v", tt.control, got, err, tt.intent)
			continue
		}
		if err := c.Write(t.Context(), tt.control, tt.action, got); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.control, err, tt.want)
		}
		if tt.want == nil && got.Current != "" {
			if again, err := c.Intend(t.Context(), tt.control, tt.action); err != nil || again.Current != got.Raw {
				t.Errorf("%s: reads %s after %s was written, %v", tt.control, again.Current, got.Raw, err)
			}
		}
	}
}

// writeServer answers reads with zeros and writes as the test says; it keeps
// the functions it was asked.
type writeServer struct {
	mu        sync.Mutex
	functions []byte
	// held is what registers hold; the others hold 0.
	held    map[int]uint16
	onWrite func(q []byte, w io.WriteCloser)
}

func (s *writeServer) answer(_ int, q []byte, w io.WriteCloser) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.functions = append(s.functions, q[7])
	if writes(q[7]) {
		s.onWrite(q, w)
		return
	}
	if q[7] < 1 || q[7] > 4 {
		_, _ = w.Write(exceptionFrame(q, 1))
		return
	}
	n := int(binary.BigEndian.Uint16(q[10:]))
	if q[7] > 2 {
		words := make([]uint16, n)
		for i := range words {
			words[i] = s.held[int(binary.BigEndian.Uint16(q[8:]))+i]
		}
		_, _ = w.Write(registers(q, words...))
		return
	}
	out := append(append([]byte(nil), q[:8]...), byte((n+7)/8))
	out = append(out, make([]byte, (n+7)/8)...)
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-6))
	_, _ = w.Write(out)
}

func (s *writeServer) asked() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.functions)
}

func (s *writeServer) written() int {
	n := 0
	for _, f := range s.asked() {
		if writes(f) {
			n++
		}
	}
	return n
}

func echo(q []byte, w io.WriteCloser) {
	out := append([]byte(nil), q[:12]...)
	binary.BigEndian.PutUint16(out[4:], 6)
	_, _ = w.Write(out)
}

func TestControlOutcomes(t *testing.T) {
	tests := []struct {
		name  string
		write func(q []byte, w io.WriteCloser)
		want  error
	}{
		{"answered", echo, nil},
		{"not answered", func([]byte, io.WriteCloser) {}, collectors.ErrUnanswered},
		{"connection lost", func(_ []byte, w io.WriteCloser) { _ = w.Close() }, collectors.ErrUnanswered},
		{"answer of another value", func(q []byte, w io.WriteCloser) { q = bytes.Clone(q); q[11]++; echo(q, w) }, collectors.ErrUnanswered},
		{"refused", func(q []byte, w io.WriteCloser) { _, _ = w.Write(exceptionFrame(q, 3)) }, collectors.ErrRejected},
		{"busy", func(q []byte, w io.WriteCloser) { _, _ = w.Write(exceptionFrame(q, 6)) }, collectors.ErrRejected},
		{"acknowledged", func(q []byte, w io.WriteCloser) { _, _ = w.Write(exceptionFrame(q, 5)) }, nil},
		{"unit behind the gateway is silent", func(q []byte, w io.WriteCloser) { _, _ = w.Write(exceptionFrame(q, 11)) }, collectors.ErrUnanswered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &writeServer{onWrite: tt.write}
			e := New(Options{Library: controlLibrary(t), Timeout: 150 * time.Millisecond, Retries: 3, Control: true})
			t.Cleanup(e.Stop)
			c := controller(t, e, collectors.Target{Name: "peer", Address: listen(t, s.answer), Protocol: collectors.ModbusTCP, Profile: "peer", Control: true, Modbus: collectors.ModbusAddress{Unit: 1}})
			a := collectors.Action{Option: "start"}
			intent, err := c.Intend(t.Context(), "pump", a)
			if err != nil {
				t.Fatal(err)
			}
			if n := s.written(); n != 0 {
				t.Fatalf("a dry run wrote %d times", n)
			}
			if err := c.Write(t.Context(), "pump", a, intent); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			time.Sleep(200 * time.Millisecond)
			if n := s.written(); n != 1 {
				t.Errorf("written %d times", n)
			}
			if _, err := c.Read(t.Context(), []string{"fast"}, nil); err != nil && !errors.Is(err, collectors.ErrChanged) {
				t.Errorf("read after it: %v", err)
			}
		})
	}
}

// TestNoWriteWhileGuardsDoNotHold: what the register map and a control depend
// on is read before each write.
func TestNoWriteWhileGuardsDoNotHold(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"set.yaml": {Data: []byte(`
profile: set
kind: cooling
protocol: modbus
source: test
identity: {vendor: {const: Test}, serial: {register: 13, type: u32}}
modbus:
  require: [{register: 10, table: holding, in: ["1"], message: "registers must be in SI units"}]
defaults: {table: holding, source: test}
points:
  - {key: temperature, class: temperature, unit: °C, register: 20, type: i16}
controls:
  - {key: limit, kind: set-point, class: percent, unit: "%", min: 0, max: 100, step: 1, register: 300, type: u16, when: [{register: 11, table: holding, in: ["2"]}]}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		register int
		want     error
		writes   int
	}{"nothing": {12, nil, 1}, "required setting": {10, collectors.ErrMoved, 0}, "condition": {11, collectors.ErrMoved, 0}, "serial number": {14, collectors.ErrMoved, 0}} {
		t.Run(name+" changed", func(t *testing.T) {
			s := &writeServer{onWrite: echo, held: map[int]uint16{10: 1, 11: 2, 13: 1, 14: 9}}
			e := New(Options{Library: lib, Timeout: time.Second, Control: true})
			t.Cleanup(e.Stop)
			c := controller(t, e, collectors.Target{Name: "peer", Address: listen(t, s.answer), Protocol: collectors.ModbusTCP, Profile: "set", Control: true, Modbus: collectors.ModbusAddress{Unit: 1}})
			a := collectors.Action{Value: 40}
			intent, err := c.Intend(t.Context(), "limit", a)
			if err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			s.held[tt.register] = 7
			s.mu.Unlock()
			if _, err := c.Intend(t.Context(), "limit", a); !errors.Is(err, tt.want) {
				t.Errorf("dry run: %v, want %v", err, tt.want)
			}
			if err := c.Write(t.Context(), "limit", a, intent); !errors.Is(err, tt.want) {
				t.Errorf("write: %v, want %v", err, tt.want)
			}
			if n := s.written(); n != tt.writes {
				t.Errorf("written %d times, want %d", n, tt.writes)
			}
		})
	}
}

// TestGuardsInAnotherUnit: the conditions of a control in another unit id than
// the device's own are read there, when it is learned and before it is written.
func TestGuardsInAnotherUnit(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"set.yaml": {Data: []byte(`
profile: set
kind: cooling
protocol: modbus
source: test
identity: {vendor: {const: Test}}
defaults: {table: holding, source: test}
points:
  - {key: temperature, class: temperature, unit: °C, register: 20, type: i16}
  - {key: sensor/temperature, class: temperature, unit: °C, register: 20, type: i16, unit_id: 7, when: [{register: 11, table: holding, in: ["2"]}]}
controls:
  - {key: limit, kind: set-point, class: percent, unit: "%", min: 0, max: 100, step: 1, register: 300, type: u16, unit_id: 7, when: [{register: 11, table: holding, in: ["2"]}]}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		unit   byte
		want   error
		writes int
	}{"own unit": {1, nil, 1}, "unit of the control": {7, collectors.ErrMoved, 0}} {
		t.Run("changed in "+name, func(t *testing.T) {
			var mu sync.Mutex
			held := map[byte]uint16{1: 9, 7: 2} // register 11
			var written []byte
			address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case writes(q[7]):
					written = append(written, q[6])
					echo(q, w)
				case q[7] == modbus.FuncCodeReadHoldingRegisters:
					words := make([]uint16, binary.BigEndian.Uint16(q[10:]))
					for i := range words {
						if int(binary.BigEndian.Uint16(q[8:]))+i == 11 {
							words[i] = held[q[6]]
						}
					}
					_, _ = w.Write(registers(q, words...))
				default:
					_, _ = w.Write(exceptionFrame(q, 1))
				}
			})
			e := New(Options{Library: lib, Timeout: time.Second, Control: true})
			t.Cleanup(e.Stop)
			d, err := e.NewDriver(collectors.Target{Name: "peer", Address: address, Protocol: collectors.ModbusTCP, Profile: "set", Control: true, Modbus: collectors.ModbusAddress{Unit: 1}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			l, err := d.Learn(t.Context())
			if err != nil || len(l.Points) != 2 || len(l.Controls) != 1 {
				t.Fatalf("learned %+v, %v", l, err)
			}
			c, a := d.(collectors.Controller), collectors.Action{Value: 40}
			intent, err := c.Intend(t.Context(), "limit", a)
			if err != nil || intent.Target != "holding 300 unit 7, function 6, unit 7" {
				t.Fatalf("dry run: %+v, %v", intent, err)
			}
			mu.Lock()
			held[tt.unit] = 5
			mu.Unlock()
			if _, err := c.Intend(t.Context(), "limit", a); !errors.Is(err, tt.want) {
				t.Errorf("dry run: %v, want %v", err, tt.want)
			}
			if err := c.Write(t.Context(), "limit", a, intent); !errors.Is(err, tt.want) {
				t.Errorf("write: %v, want %v", err, tt.want)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(written) != tt.writes || tt.writes > 0 && written[0] != 7 {
				t.Errorf("written to units %v", written)
			}
		})
	}
}

// TestNoWriterWithoutControl: an engine that was not built to write, and a
// device that does not allow it, have nothing to write with; and a function
// that writes does not pass the path on which devices are read.
func TestNoWriterWithoutControl(t *testing.T) {
	for name, set := range map[string]struct{ engine, device bool }{"engine": {false, true}, "device": {true, false}} {
		t.Run(name, func(t *testing.T) {
			s := &writeServer{onWrite: echo}
			e := New(Options{Library: controlLibrary(t), Timeout: time.Second, Control: set.engine})
			t.Cleanup(e.Stop)
			if (e.writer != nil) != set.engine {
				t.Errorf("writer: %v", e.writer)
			}
			d := newDriver(t, e, collectors.Target{Name: "peer", Address: listen(t, s.answer), Protocol: collectors.ModbusTCP, Profile: "peer", Control: set.device, Modbus: collectors.ModbusAddress{Unit: 1}})
			l, err := d.Learn(t.Context())
			if err != nil || len(l.Controls) != 0 {
				t.Errorf("controls: %+v, %v", l, err)
			}
			client := d.gateway.client(t.Context(), pace{}, 1)
			for what, write := range map[string]func() ([]byte, error){
				"coil":      func() ([]byte, error) { return client.WriteSingleCoil(1, 0xFF00) },
				"register":  func() ([]byte, error) { return client.WriteSingleRegister(1, 1) },
				"coils":     func() ([]byte, error) { return client.WriteMultipleCoils(1, 1, []byte{1}) },
				"registers": func() ([]byte, error) { return client.WriteMultipleRegisters(1, 1, []byte{0, 1}) },
				"mask":      func() ([]byte, error) { return client.MaskWriteRegister(1, 0, 1) },
				"both":      func() ([]byte, error) { return client.ReadWriteMultipleRegisters(1, 1, 1, 1, []byte{0, 1}) },
			} {
				if _, err := write(); !errors.Is(err, collectors.ErrReadOnly) {
					t.Errorf("%s: %v", what, err)
				}
			}
			for _, f := range s.asked() {
				if !reads(f) {
					t.Errorf("function %d was sent", f)
				}
			}
		})
	}
}

func TestSerialFramingOfWrites(t *testing.T) {
	seal := func(b ...byte) []byte { return binary.LittleEndian.AppendUint16(b, crc16(b)) }
	tests := []struct {
		name          string
		request, wire []byte
		ok            bool
	}{
		{"coil", seal(5, 5, 0, 101, 0xFF, 0), seal(5, 5, 0, 101, 0xFF, 0), true},
		{"registers", seal(5, 16, 0, 9, 0, 2, 4, 0, 1, 0, 2), seal(5, 16, 0, 9, 0, 2), true},
		{"other register", seal(5, 6, 0, 9, 0, 2), seal(5, 6, 0, 8, 0, 2), false},
		{"exception", seal(5, 6, 0, 9, 0, 2), seal(5, 0x86, 4), true},
		{"cut short", seal(5, 6, 0, 9, 0, 2), seal(5, 6, 0, 9, 0, 2)[:6], false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, w := net.Pipe()
			go func() { _, _ = w.Write(tt.wire); _ = w.Close() }()
			frame, matches, err := rtuFraming{}.read(r, 0, tt.request)
			if (err == nil && matches) != tt.ok {
				t.Errorf("%x matches %v, err %v; want ok %v", frame, matches, err, tt.ok)
			}
			_ = r.Close()
		})
	}
	if writes(modbus.FuncCodeReadWriteMultipleRegisters) || writes(modbus.FuncCodeMaskWriteRegister) {
		t.Error("functions without use may be sent")
	}
}
