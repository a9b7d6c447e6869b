package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// device answers like a real one: undefined registers give exception 2,
// functions it does not have exception 1, units it does not have nothing.
type device struct {
	mu        sync.Mutex
	regs      map[cell]uint16
	functions []byte
	zeroHoles bool
	// single holds registers that answer otherwise when read alone.
	single map[int]uint16
	// silent: functions that it does not have are not answered at all.
	silent bool
	// fail gives the exception for requests that touch a register.
	fail map[int]byte
	// mute are requests, by first register, that are never answered.
	mute map[int]bool
	log  []string
}

type cell struct {
	unit  byte
	table string
	at    int
}

func newDevice(table string, values map[int]uint16) *device {
	d := &device{regs: map[cell]uint16{}, functions: []byte{1, 2, 3, 4}, fail: map[int]byte{}, mute: map[int]bool{}, single: map[int]uint16{}}
	for at, v := range values {
		d.regs[cell{1, table, at}] = v
	}
	return d
}

func (d *device) set(unit byte, table string, at int, values ...uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, v := range values {
		d.regs[cell{unit, table, at + i}] = v
	}
}

func (d *device) remove(table string, at int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.regs, cell{1, table, at})
}

// requests returns what was asked since the last call.
func (d *device) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.log
	d.log = nil
	return out
}

func (d *device) answer(_ int, q []byte, w io.WriteCloser) {
	d.mu.Lock()
	defer d.mu.Unlock()
	unit, f := q[6], q[7]
	known := false
	for c := range d.regs {
		known = known || c.unit == unit
	}
	if !known {
		return
	}
	if !slices.Contains(d.functions, f) || f > 4 {
		if d.silent {
			return
		}
		_, _ = w.Write(exceptionFrame(q, 1))
		return
	}
	table := []string{"", tableCoil, tableDiscrete, tableHolding, tableInput}[f]
	at, count := int(binary.BigEndian.Uint16(q[8:])), int(binary.BigEndian.Uint16(q[10:]))
	d.log = append(d.log, fmt.Sprintf("%s %d+%d", table, at, count))
	if d.mute[at] {
		return
	}
	if v, ok := d.single[at]; ok && count == 1 {
		_, _ = w.Write(registers(q, v))
		return
	}
	var values []uint16
	for i := range count {
		if code := d.fail[at+i]; code != 0 {
			_, _ = w.Write(exceptionFrame(q, code))
			return
		}
		v, ok := d.regs[cell{unit, table, at + i}]
		if !ok && (!d.zeroHoles || i == 0) {
			_, _ = w.Write(exceptionFrame(q, 2))
			return
		}
		values = append(values, v)
	}
	if f > 2 {
		_, _ = w.Write(registers(q, values...))
		return
	}
	out := append(append([]byte(nil), q[:8]...), byte((count+7)/8))
	out = append(out, make([]byte, (count+7)/8)...)
	for i, v := range values {
		out[9+i/8] |= byte(v&1) << (i % 8)
	}
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-6))
	_, _ = w.Write(out)
}

// bench is a driver on a device with one profile.
type bench struct {
	t      testing.TB
	device *device
	engine *Engine
	driver *Driver
	l      *collectors.Learned
}

func setUp(t *testing.T, d *device, yaml string) *bench {
	t.Helper()
	return setUpText(t, d, "profile: test\nkind: meter\nprotocol: modbus\nsource: test\nidentity: {vendor: {const: Test}, model: {const: One}}\n"+strings.TrimPrefix(yaml, "\n"))
}

// setUpText is setUp with the whole text of a profile named test.
func setUpText(t *testing.T, d *device, text string) *bench {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"test.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return newBench(t, d, lib, "test")
}

// newBench puts a driver on a device of a profile; nothing is learned yet.
func newBench(t testing.TB, d *device, lib *profile.Library, name string) *bench {
	t.Helper()
	e := New(Options{Library: lib, Timeout: 100 * time.Millisecond})
	t.Cleanup(e.Stop)
	b := &bench{t: t, device: d, engine: e}
	b.driver = newDriver(t, e, collectors.Target{
		Name: "test", Address: listen(t, d.answer), Protocol: collectors.ModbusTCP, Profile: name,
		Modbus: collectors.ModbusAddress{Unit: 1}, Retries: -1,
	})
	return b
}

func (b *bench) learn() {
	b.t.Helper()
	l, err := b.driver.Learn(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	b.l = l
}

// read returns values as text: "a=1 b=bad", in the order of the points.
func (b *bench) read(want error) string {
	b.t.Helper()
	readings, err := b.driver.Read(b.t.Context(), []string{"fast"}, nil)
	if !errors.Is(err, want) || err == nil && want != nil {
		b.t.Fatalf("read: %v, want %v", err, want)
	}
	var out []string
	for _, r := range readings {
		text := r.Quality.String()
		if r.Quality == models.Good {
			text = fmt.Sprintf("%g", r.Value)
		}
		out = append(out, b.l.Points[r.Index].Key+"="+text)
	}
	return strings.Join(out, " ")
}

func (b *bench) is(want error, text string, requests ...string) {
	b.t.Helper()
	b.device.requests()
	if got := b.read(want); got != text {
		b.t.Errorf("read %q, want %q", got, text)
	}
	if got := b.device.requests(); requests != nil && !slices.Equal(got, requests) {
		b.t.Errorf("asked %q, want %q", got, requests)
	}
}

const counts = `
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16}
  - {key: b, class: count, register: 1, type: u32}
  - {key: c, class: count, register: 3, type: u16}
  - {key: d, class: count, register: 10, type: u16}
`

func TestBlocks(t *testing.T) {
	values := map[int]uint16{0: 1, 1: 0, 2: 2, 3: 3, 10: 4}
	t.Run("adjacent values share a request, gaps are not crossed", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.learn()
		b.is(nil, "a=1 b=2 c=3 d=4", "holding 0+4", "holding 10+1")
	})
	t.Run("a known block is crossed", func(t *testing.T) {
		d := newDevice(tableHolding, values)
		d.set(1, tableHolding, 4, 9, 9, 9, 9, 9, 9)
		b := setUp(t, d, "modbus: {blocks: [{table: holding, register: 0, count: 11}]}"+counts)
		b.learn()
		b.is(nil, "a=1 b=2 c=3 d=4", "holding 0+11")
	})
	t.Run("a block that is not one is split once", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), "modbus: {blocks: [{table: holding, register: 0, count: 11}]}"+counts)
		b.learn()
		b.is(nil, "a=1 b=2 c=3 d=4", "holding 0+4", "holding 10+1")
	})
	t.Run("no more than the device takes, no value in two requests", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), "modbus: {max_read: 2}"+counts)
		b.learn()
		b.is(nil, "a=1 b=2 c=3 d=4", "holding 0+1", "holding 1+2", "holding 3+1", "holding 10+1")
	})
	t.Run("a point that the device does not have", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, map[int]uint16{0: 1, 3: 3, 10: 4}), counts)
		b.learn()
		b.is(nil, "a=1 c=3 d=4", "holding 0+1", "holding 3+1", "holding 10+1")
	})
	t.Run("a point that goes away is bad, and asked for no more", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.learn()
		b.device.remove(tableHolding, 3)
		b.is(collectors.ErrChanged, "a=1 b=2 c=bad d=4") // the manager looks again
		for range 2 {
			b.is(nil, "a=1 b=2 c=bad d=4", "holding 0+1", "holding 1+2", "holding 10+1")
		}
	})
	t.Run("something is always asked, or nobody would see the device die", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.learn()
		b.device.set(1, tableHolding, 99, 1) // the unit lives, with other registers
		for at := range values {
			b.device.remove(tableHolding, at)
		}
		b.is(collectors.ErrChanged, "a=bad b=bad c=bad d=bad")
		b.device.requests()
		b.read(collectors.ErrChanged)
		if len(b.device.requests()) == 0 {
			t.Error("nothing is asked any more")
		}
	})
	t.Run("a register that fails for now", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.learn()
		b.device.fail[3] = 4
		b.is(nil, "a=1 b=2 c=comm-failed d=4")
		delete(b.device.fail, 3)
		b.is(nil, "a=1 b=2 c=3 d=4")
	})
	t.Run("a register that always fails does not hide the others", func(t *testing.T) {
		d := newDevice(tableHolding, values)
		d.fail[3] = 4
		b := setUp(t, d, counts)
		b.learn()
		b.is(nil, "a=1 b=2 d=4")
	})
	t.Run("a request without an answer", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.learn()
		b.device.mute[10] = true
		b.is(nil, "a=1 b=2 c=3 d=comm-failed")
	})
	t.Run("no answer at all", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.learn()
		b.device.mute[0], b.device.mute[10] = true, true
		b.is(collectors.ErrUnreachable, "")
	})
	t.Run("nothing is learned while a request is lost", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, values), counts)
		b.device.mute[10] = true
		if _, err := b.driver.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
			t.Errorf("learn: %v", err)
		}
	})
}

func TestUndefinedRegistersThatReadAsZero(t *testing.T) {
	d := newDevice(tableHolding, map[int]uint16{0: 1, 1: 0, 2: 2, 10: 4})
	d.zeroHoles = true
	b := setUp(t, d, "modbus: {holes: zero}"+counts)
	b.learn()
	b.is(nil, "a=1 b=2 d=4", "holding 0+11") // c does not exist: it must not be 0
}

func TestTables(t *testing.T) {
	const points = `
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 5, type: u16}
  - {key: b, class: alarm, register: 3, table: coil, type: bool, states: {0: clear, 1: set}}
  - {key: c, class: alarm, register: 12, table: coil, type: bool, states: {0: clear, 1: set}}
`
	t.Run("the same number in two tables", func(t *testing.T) {
		d := newDevice(tableHolding, map[int]uint16{0: 1})
		d.set(1, tableInput, 0, 2)
		b := setUp(t, d, `
defaults: {source: test}
points:
  - {key: a, class: count, register: 0, table: holding, type: u16}
  - {key: b, class: count, register: 0, table: input, type: u16}
`)
		b.learn()
		b.is(nil, "a=1 b=2", "holding 0+1", "input 0+1")
	})
	t.Run("shared tables are read by the function there is", func(t *testing.T) {
		d := newDevice(tableInput, map[int]uint16{5: 7})
		d.set(1, tableDiscrete, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
		d.functions = []byte{2, 4}
		b := setUp(t, d, "modbus: {shared_tables: true, blocks: [{table: coil, register: 3, count: 10}]}"+points)
		b.learn()
		b.is(nil, "a=7 b=1 c=1", "discrete 3+10", "input 5+1")
	})
	t.Run("a function that is not there", func(t *testing.T) {
		d := newDevice(tableInput, map[int]uint16{5: 7})
		d.functions = []byte{4}
		b := setUp(t, d, points)
		if _, err := b.driver.Learn(t.Context()); !errors.Is(err, collectors.ErrNoProfile) || !strings.Contains(err.Error(), "illegal function") {
			t.Errorf("learn: %v", err)
		}
	})
}

func TestUnits(t *testing.T) {
	const points = `
modbus: {unit: 1, unit_aliases: [0, 255]}
defaults: {table: input, source: test}
points:
  - {key: a, class: count, register: 5, type: u16, unit_id: 1}
  - {key: b, class: count, register: 5, type: u16, unit_id: 254}
`
	t.Run("every point has its unit, and the device another id", func(t *testing.T) {
		d := newDevice(tableInput, nil)
		d.set(255, tableInput, 5, 7)
		d.set(254, tableInput, 5, 8)
		b := setUp(t, d, points)
		b.driver.target.Modbus.Unit = 255
		b.learn()
		b.is(nil, "a=7 b=8")
	})
	t.Run("a probe that is not plugged in", func(t *testing.T) {
		b := setUp(t, newDevice(tableInput, map[int]uint16{5: 7}), points)
		b.learn()
		b.is(nil, "a=7")
	})
}

func TestMeaningThatChanges(t *testing.T) {
	t.Run("a scale is read with its value", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, map[int]uint16{0: 25, 1: 0, 2: 0, 3: 0xFFFF}), `
modbus: {blocks: [{table: holding, register: 0, count: 4}]}
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16, scale_from: {register: 3}}
`)
		b.learn()
		b.is(nil, "a=2.5", "holding 0+4")
		b.device.set(1, tableHolding, 3, 1)
		b.is(nil, "a=250", "holding 0+4")
		b.device.set(1, tableHolding, 3, 0x8000)
		b.is(nil, "a=bad")
	})
	t.Run("a validity register", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, map[int]uint16{0: 25, 1: 1}), `
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16, valid_from: {register: 1, good: [1]}}
`)
		b.learn()
		b.is(nil, "a=25")
		b.device.set(1, tableHolding, 1, 0)
		b.is(nil, "a=bad")
	})
	t.Run("a unit register that changes is noticed before the value counts", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, map[int]uint16{0: 100, 1: 0}), `
defaults: {table: holding, source: test}
points:
  - {key: a, class: distance, unit: m, register: 0, type: u16, select: [{register: 1, cases: {"0": {unit: m}, "1": {unit: cm}}}]}
`)
		b.learn()
		b.is(nil, "a=100", "holding 0+2")
		b.device.set(1, tableHolding, 1, 1)
		b.is(collectors.ErrChanged, "a=bad")
		b.learn()
		b.is(nil, "a=1")
	})
	t.Run("a setting that the map depends on", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, map[int]uint16{0: 100, 9: 7}), `
modbus: {require: [{register: 9, type: u16, in: ["7"], message: wrong map}]}
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16}
`)
		b.learn()
		b.is(nil, "a=100")
		b.device.set(1, tableHolding, 9, 6)
		b.is(collectors.ErrChanged, "a=bad")
		b.learn()
		b.is(nil, "a=bad")
		b.device.set(1, tableHolding, 9, 7)
		b.is(collectors.ErrChanged, "a=100")
	})
	t.Run("identity is asked alone", func(t *testing.T) {
		d := newDevice(tableHolding, map[int]uint16{0: 5, 1: 6})
		d.single[0] = 1648
		b := setUp(t, d, `
match: [{where: [{register: 0, table: holding, in: ["1648"]}]}]
defaults: {table: holding, source: test}
points:
  - {key: b, class: count, register: 1, type: u16}
`)
		b.driver.target.Profile = ""
		b.learn()
		b.is(nil, "b=6")
	})
}

func TestEngineSharesOneConnection(t *testing.T) {
	d := newDevice(tableHolding, map[int]uint16{0: 1, 1: 0, 2: 2, 3: 3, 10: 4})
	for unit := range byte(5) {
		d.set(10+unit, tableHolding, 0, 1, 0, 2, 3)
		d.set(10+unit, tableHolding, 10, uint16(unit))
	}
	b := setUp(t, d, counts)
	b.learn()
	var wg sync.WaitGroup
	for unit := range byte(5) {
		target := b.driver.target
		target.Modbus.Unit = 10 + unit
		drv := newDriver(t, b.engine, target)
		wg.Go(func() {
			if _, err := drv.Learn(t.Context()); err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				readings, err := drv.Read(t.Context(), []string{"fast"}, nil)
				if err != nil || len(readings) != 4 || readings[3].Value != float64(unit) {
					t.Errorf("unit %d: %v, %v", unit, readings, err)
				}
			}
			if err := drv.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := b.engine.Stats(); s.Reconnects != 1 {
		t.Errorf("%d connections to one gateway", s.Reconnects)
	}
	if err := b.driver.Close(); err != nil {
		t.Error(err)
	}
	if n := b.engine.Connections(); n != 0 {
		t.Errorf("%d gateways left after every driver closed", n)
	}
	b.engine.Stop()
	if _, err := b.driver.Learn(t.Context()); !errors.Is(err, errStopped) {
		t.Errorf("learn after stop: %v", err)
	}
}

func TestTargetsThatCannotWork(t *testing.T) {
	lib := library(t)
	e := newEngine(t, lib)
	if _, err := e.NewDriver(collectors.Target{Address: "127.0.0.1:1", Protocol: collectors.SNMPv2c}); err == nil {
		t.Error("an SNMP target was accepted")
	}
	if _, err := e.NewDriver(collectors.Target{Protocol: collectors.ModbusTCP}); err == nil {
		t.Error("a target without an address was accepted")
	}
	for _, name := range []string{"no-such-profile", "ups-mib"} {
		d := newDriver(t, e, collectors.Target{Address: "127.0.0.1:1", Protocol: collectors.ModbusTCP, Profile: name})
		if _, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrNoProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := newDriver(t, e, collectors.Target{Address: "127.0.0.1:1", Protocol: collectors.ModbusTCP})
	if _, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
		t.Errorf("nothing listens: %v", err)
	}
	if _, err := d.Read(t.Context(), []string{"fast"}, nil); err == nil {
		t.Error("read before learn")
	}
}
