package modbus

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// swap puts another device, with the registers of unit 1, in the place of d.
func (d *device) swap(values map[int]uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.regs)
	for at, v := range values {
		d.regs[cell{1, tableHolding, at}] = v
	}
}

// A meter that is exchanged while it does not answer is not read as the one
// before; one that comes back itself is read on, at the cost of its marks once.
func TestSwappedInASilence(t *testing.T) {
	const points = `
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16}
`
	const bySerial = "profile: test\nkind: meter\nprotocol: modbus\nsource: test\nidentity: {vendor: {const: Test}, model: {const: One}, serial: {register: 20, type: u16}}\n" + points
	const byMatch = "profile: test\nkind: meter\nprotocol: modbus\nsource: test\nidentity: {vendor: {const: Test}, model: {const: One}}\nmatch: [{where: [{register: 7, table: holding, in: [\"42\"]}]}]\n" + points
	first := map[int]uint16{0: 1, 7: 42, 20: 1000}
	silence := func(b *bench, while func()) {
		b.t.Helper()
		b.device.mute[0] = true
		b.is(collectors.ErrUnreachable, "")
		while()
		b.is(collectors.ErrUnreachable, "", "holding 0+1") // nothing more is asked of what does not answer
		delete(b.device.mute, 0)
	}
	for _, x := range []struct {
		name, yaml, profile string
		mark                string // the request that tells
		other               map[int]uint16
	}{
		{"another serial number", bySerial, "test", "holding 20+1", map[int]uint16{0: 2, 7: 42, 20: 1001}},
		{"no serial number", bySerial, "test", "holding 20+1", map[int]uint16{0: 2, 7: 42}},
		{"another model, recognised", byMatch, "", "holding 7+1", map[int]uint16{0: 2, 7: 43}},
		{"another model, profile named", byMatch, "test", "holding 7+1", map[int]uint16{0: 2, 7: 43}},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := setUpText(t, newDevice(tableHolding, first), x.yaml)
			b.driver.target.Profile = x.profile
			b.learn()
			b.is(nil, "a=1", "holding 0+1")
			silence(b, func() {})
			b.is(nil, "a=1", "holding 0+1", x.mark)
			b.is(nil, "a=1", "holding 0+1")
			silence(b, func() { b.device.swap(x.other) })
			for range 2 { // until it is learned anew
				b.is(collectors.ErrOther, "", "holding 0+1", x.mark)
			}
			if x.profile == "" {
				return // nothing knows the other model
			}
			b.learn()
			b.is(nil, "a=2", "holding 0+1")
		})
	}
	t.Run("nothing is kept while it is not known", func(t *testing.T) {
		b := setUpText(t, newDevice(tableHolding, first), bySerial)
		b.learn()
		silence(b, func() {})
		b.device.mute[20] = true
		b.is(collectors.ErrUnreachable, "", "holding 0+1", "holding 20+1")
		delete(b.device.mute, 20)
		b.is(nil, "a=1", "holding 0+1", "holding 20+1")
	})
	t.Run("a connection that is lost is no silence", func(t *testing.T) {
		b := setUpText(t, newDevice(tableHolding, first), bySerial)
		b.learn()
		if err := b.driver.gateway.Close(); err != nil {
			t.Fatal(err)
		}
		b.is(nil, "a=1", "holding 0+1")
	})
}

// Where only the identifications of functions 43/14 or 17 tell what a device
// is, they are the marks.
func TestSwappedWithoutRegisters(t *testing.T) {
	for _, f := range []byte{funcEncapsulated, funcReportServerID} {
		d := newDevice(tableHolding, map[int]uint16{0: 1})
		var model, asked, mute atomic.Int32
		model.Store('A')
		b := setUp(t, d, "defaults: {table: holding, source: test}\npoints: [{key: a, class: count, register: 0, type: u16}]\n")
		b.driver.target.Address = listen(t, func(n int, q []byte, w io.WriteCloser) {
			if mute.Load() != 0 {
				return
			}
			if q[7] != f {
				d.answer(n, q, w)
				return
			}
			asked.Add(1)
			body := []byte{q[6], f, 1, byte(model.Load())}
			if f == funcEncapsulated {
				body = []byte{q[6], f, meiDeviceID, 1, 1, 0, 0, 1, 1, 1, byte(model.Load())}
			}
			out := binary.BigEndian.AppendUint16(append(slices.Clone(q[:2]), 0, 0), uint16(len(body)))
			_, _ = w.Write(append(out, body...))
		})
		b.learn()
		silence := func() {
			mute.Store(1)
			b.is(collectors.ErrUnreachable, "")
			mute.Store(0)
		}
		silence()
		b.is(nil, "a=1")
		b.is(nil, "a=1")
		if n := asked.Load(); n != 2 {
			t.Errorf("function %d: asked %d times, want once to learn and once after the silence", f, n)
		}
		silence()
		model.Store('B')
		b.is(collectors.ErrOther, "")
		b.learn()
		b.is(nil, "a=1")
	}
}

// A device that identifies itself by nothing is asked for it once, however
// often it is learned.
func TestNamelessIsAskedOnce(t *testing.T) {
	d := newDevice(tableHolding, map[int]uint16{0: 1})
	functions := map[byte]int{}
	b := setUp(t, d, "defaults: {table: holding, source: test}\npoints: [{key: a, class: count, register: 0, type: u16}]\n")
	b.driver.target.Address = listen(t, func(n int, q []byte, w io.WriteCloser) {
		d.mu.Lock()
		functions[q[7]]++
		d.mu.Unlock()
		d.answer(n, q, w)
	})
	b.learn()
	b.learn()
	d.mute[0] = true
	b.is(collectors.ErrUnreachable, "")
	delete(d.mute, 0)
	b.is(nil, "a=1")
	d.mu.Lock()
	defer d.mu.Unlock()
	if functions[funcEncapsulated] != 1 || functions[funcReportServerID] != 1 {
		t.Errorf("requests by function: %v", maps.Clone(functions))
	}
}

// After a silence a device is confirmed before it is written.
func TestSwappedIsNotWritten(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"set.yaml": {Data: []byte(`
profile: set
kind: cooling
protocol: modbus
source: test
identity: {vendor: {const: Test}, serial: {register: 20, table: holding, type: u16}}
defaults: {table: holding, source: test}
points:
  - {key: temperature, class: temperature, unit: °C, register: 10, type: i16}
controls:
  - {key: limit, kind: set-point, class: percent, unit: "%", min: 0, max: 100, step: 1, register: 300, type: u16}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	var mute atomic.Bool
	s := &writeServer{onWrite: echo, held: map[int]uint16{20: 1000}}
	e := New(Options{Library: lib, Timeout: 100 * time.Millisecond, Retries: -1, Control: true})
	t.Cleanup(e.Stop)
	address := listen(t, func(n int, q []byte, w io.WriteCloser) {
		if !mute.Load() {
			s.answer(n, q, w)
		}
	})
	c := controller(t, e, collectors.Target{Name: "peer", Address: address, Protocol: collectors.ModbusTCP, Profile: "set", Control: true, Modbus: collectors.ModbusAddress{Unit: 1}})
	a := collectors.Action{Value: 40}
	intent, err := c.Intend(t.Context(), "limit", a)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range []struct {
		serial uint16
		want   error
	}{{1000, nil}, {1001, collectors.ErrMoved}} {
		mute.Store(true)
		if _, err := c.Read(t.Context(), []string{"fast"}, nil); !errors.Is(err, collectors.ErrUnreachable) {
			t.Fatal(err)
		}
		mute.Store(false)
		s.mu.Lock()
		s.held[20] = x.serial
		s.mu.Unlock()
		if err := c.Write(t.Context(), "limit", a, intent); !errors.Is(err, x.want) {
			t.Errorf("serial number %d: %v", x.serial, err)
		}
		if n := s.written(); n != 1 {
			t.Errorf("written %d times after silence %d", n, i+1)
		}
	}
}
