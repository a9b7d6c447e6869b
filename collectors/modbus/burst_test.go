package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
)

// four has a request for each point.
const four = `
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16}
  - {key: b, class: count, register: 100, type: u16}
  - {key: c, class: count, register: 200, type: u16}
  - {key: d, class: count, register: 300, type: u16}
`

func fourValues() *device {
	return newDevice(tableHolding, map[int]uint16{0: 1, 100: 2, 200: 3, 300: 4})
}

// bursts is a device that gathers requests before it answers.
type bursts struct {
	*device
	mu      sync.Mutex
	count   int // how many are gathered, 0 for none
	script  func(round int, answers [][]byte, w io.WriteCloser)
	round   int
	pending [][]byte
}

// answered keeps the answer that a device gives.
type answered struct{ frame []byte }

func (a *answered) Write(b []byte) (int, error) { a.frame = slices.Clone(b); return len(b), nil }
func (a *answered) Close() error                { return nil }

func (x *bursts) answer(n int, q []byte, w io.WriteCloser) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.count == 0 {
		x.device.answer(n, q, w)
		return
	}
	var a answered
	x.device.answer(n, q, &a)
	if x.pending = append(x.pending, a.frame); len(x.pending) < x.count {
		return
	}
	x.round++
	x.script(x.round, x.pending, w)
	x.pending = nil
}

// then has the device answer by the script from now on.
func (x *bursts) then(count int, script func(round int, answers [][]byte, w io.WriteCloser)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.count, x.script, x.pending, x.round = count, script, nil, 0
}

// pipelined is a learned device that takes four requests at once.
func pipelined(t *testing.T, retries int) (*bench, *bursts) {
	t.Helper()
	x := &bursts{device: fourValues()}
	b := setUp(t, x.device, "modbus: {pipeline: 4}"+four)
	b.driver = newDriver(t, b.engine, collectors.Target{
		Name: "test", Address: listen(t, x.answer), Protocol: collectors.ModbusTCP, Profile: "test",
		Modbus: collectors.ModbusAddress{Unit: 1}, Retries: retries,
	})
	b.learn()
	return b, x
}

func send(w io.Writer, frames ...[]byte) { _, _ = w.Write(slices.Concat(frames...)) }

// worth is a frame with another value.
func worth(frame []byte, value uint16) []byte {
	out := slices.Clone(frame)
	binary.BigEndian.PutUint16(out[9:], value)
	return out
}

// refusal is the exception in place of an answer.
func refusal(frame []byte, code byte) []byte { return exceptionFrame(frame, code) }

const good = "a=1 b=2 c=3 d=4"

func TestPipelinedAnswers(t *testing.T) {
	tests := []struct {
		name    string
		retries int
		script  func(a [][]byte, w io.WriteCloser)
		err     error
		want    string
		again   bool // the connection is given up
	}{
		{"in order", -1, func(a [][]byte, w io.WriteCloser) { send(w, a...) }, nil, good, false},
		{"in another order", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[3], a[1], a[0], a[2]) }, nil, good, false},
		{"in pieces", -1, func(a [][]byte, w io.WriteCloser) {
			all := slices.Concat(a...)
			for part := range slices.Chunk(all, 5) {
				send(w, part)
				time.Sleep(time.Millisecond)
			}
		}, nil, good, false},
		{"each slow, together longer than the time-out", -1, func(a [][]byte, w io.WriteCloser) {
			for _, x := range a {
				time.Sleep(50 * time.Millisecond)
				send(w, x)
			}
		}, nil, good, false},
		{"one missing", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[1], a[3]) }, nil, "a=1 b=2 c=comm-failed d=4", true},
		{"all missing", -1, func([][]byte, io.WriteCloser) {}, collectors.ErrUnreachable, "", true},
		{"a foreign one between", -1, func(a [][]byte, w io.WriteCloser) {
			other := worth(a[1], 0xDEAD)
			other[0] ^= 0x80
			send(w, a[0], other, a[1], a[2], a[3])
		}, nil, good, false},
		{"one twice", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], worth(a[0], 0xDEAD), a[1], a[2], a[3]) }, nil, good, false},
		{"only foreign ones", -1, func(a [][]byte, w io.WriteCloser) {
			other := worth(a[1], 0xDEAD)
			other[0] ^= 0x80
			for range maxForeign {
				send(w, other)
			}
		}, collectors.ErrProtocol, "", true},
		{"closed in the middle", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[2]); _ = w.Close() }, nil, "a=1 b=comm-failed c=3 d=comm-failed", true},
		{"closed within a frame", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[2][:10]); _ = w.Close() }, nil, "a=1 b=comm-failed c=comm-failed d=comm-failed", true},
		{"other unit", -1, func(a [][]byte, w io.WriteCloser) { a[1][6]++; send(w, a...) }, nil, "a=1 b=comm-failed c=comm-failed d=comm-failed", true},
		{"other function", -1, func(a [][]byte, w io.WriteCloser) { a[1][7]++; send(w, a...) }, nil, "a=1 b=comm-failed c=comm-failed d=comm-failed", true},
		{"other length", -1, func(a [][]byte, w io.WriteCloser) { a[1][5]++; send(w, a[0], a[1], []byte{0}, a[2], a[3]) }, nil, "a=1 b=comm-failed c=comm-failed d=comm-failed", true},
		{"byte count lies", -1, func(a [][]byte, w io.WriteCloser) { a[3][8] = 4; send(w, a...) }, nil, "a=1 b=2 c=3 d=comm-failed", true},
		{"out of step", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[1], []byte{0}, a[2], a[3]) }, nil, "a=1 b=2 c=comm-failed d=comm-failed", true},
		{"one refused", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[1], refusal(a[2], 2), a[3]) }, collectors.ErrChanged, "a=1 b=2 c=bad d=4", false},
		{"one fails", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], refusal(a[1], 4), a[2], a[3]) }, nil, "a=1 b=comm-failed c=3 d=4", false},
		{"one busy", -1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], refusal(a[1], 6), a[2], a[3]) }, nil, "a=1 b=comm-failed c=3 d=4", false},
		{"one busy, asked again", 1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], refusal(a[1], 6), a[2], a[3]) }, nil, good, false},
		{"one missing, asked again", 1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[1], a[3]) }, nil, good, true},
		{"closed in the middle, asked again", 1, func(a [][]byte, w io.WriteCloser) { send(w, a[0], a[2]); _ = w.Close() }, nil, good, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, x := pipelined(t, tt.retries)
			x.then(4, func(_ int, a [][]byte, w io.WriteCloser) {
				x.count = 0 // whatever is asked again is asked alone
				tt.script(a, w)
			})
			before := b.engine.Stats()
			if got := b.read(tt.err); got != tt.want {
				t.Errorf("read %q, want %q", got, tt.want)
			}
			wanted := good
			if tt.err == collectors.ErrChanged { //nolint:errorlint // it is one of the table
				wanted = tt.want // what was refused is not asked for until it is learned anew
			}
			if got := b.read(nil); got != wanted {
				t.Errorf("then read %q, want %q", got, wanted)
			}
			if got := b.engine.Stats().Reconnects > before.Reconnects; got != tt.again {
				t.Errorf("connected anew: %v, want %v", got, tt.again)
			}
		})
	}
}

// What is left of a burst on the connection is not taken for a part of the next.
func TestLateAnswersOfABurst(t *testing.T) {
	b, x := pipelined(t, -1)
	var old [][]byte
	x.then(4, func(round int, a [][]byte, w io.WriteCloser) {
		switch round {
		case 1: // behind the last answer comes a half of something
			old = a
			send(w, a[0], a[1], a[2], a[3], worth(a[2], 0xDEAD), worth(a[1], 0xDEAD)[:6])
		case 2: // its other half, and another one of the first burst
			send(w, worth(old[1], 0xDEAD)[6:], worth(old[3], 0xDEAD), a[2], a[1], a[3], a[0])
		default:
			send(w, a...)
		}
	})
	for range 3 {
		if got := b.read(nil); got != good {
			t.Errorf("read %q, want %q", got, good)
		}
	}
	s := b.engine.Stats()
	if s.Foreign != 3 || s.Reconnects != 1 {
		t.Errorf("%d foreign frames over %d connections, want 3 over 1", s.Foreign, s.Reconnects)
	}
	// The same with one request at a time, as controls and learning do.
	x.then(4, func(_ int, a [][]byte, w io.WriteCloser) {
		x.count = 0
		send(w, a[0], a[1], a[2], a[3], worth(a[0], 0xDEAD))
	})
	b.is(nil, good)
	data, err := b.driver.gateway.read(t.Context(), pace{}, 1, tableHolding, 0, 1)
	if err != nil || binary.BigEndian.Uint16(data) != 1 {
		t.Errorf("% x, %v; want 1", data, err)
	}
}

// Whatever a device sends instead of its answers, no point gets the value of
// another one.
func TestNoValueOnAWrongPoint(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b, x := pipelined(t, 1)
	var all [][]byte
	x.then(4, func(_ int, a [][]byte, w io.WriteCloser) {
		all = append(all, a...) // of this and all earlier bursts
		var frames [][]byte
		for range 4 + random.IntN(3) {
			frames = append(frames, all[max(0, len(all)-8)+random.IntN(min(8, len(all)))])
		}
		x.count = random.IntN(2) * 4
		if x.count == 0 {
			time.AfterFunc(30*time.Millisecond, func() { x.then(4, x.script) })
		}
		send(w, slices.Concat(frames...)[random.IntN(2)*random.IntN(3):])
		if random.IntN(4) == 0 {
			_ = w.Close()
		}
	})
	seen := 0
	for range 30 {
		b.driver.known.reader.calm = 0 // it does not learn from its losses
		readings, _ := b.driver.Read(t.Context(), []string{"fast"}, nil)
		for _, r := range readings {
			if r.Value != 0 && r.Value != float64(r.Index+1) {
				t.Fatalf("%s is %g", b.l.Points[r.Index].Key, r.Value)
			}
			if r.Value != 0 {
				seen++
			}
		}
	}
	if seen == 0 {
		t.Error("not one value")
	}
}

// FuzzBurst has a device answer a burst with anything. What is taken for an
// answer must be as long as what was asked for.
func FuzzBurst(f *testing.F) {
	p := &plan{size: 6, frames: []byte{
		0, 0, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2,
		0, 0, 0, 0, 0, 6, 2, 1, 0, 0, 0, 2,
	}}
	p.blocks = []plannedBlock{
		{span: span{unit: 1, table: tableHolding, from: 0, to: 2}, from: 0, to: 4},
		{span: span{unit: 2, table: tableCoil, from: 0, to: 2}, from: 4, to: 6},
	}
	first := []byte{0, 1, 0, 0, 0, 7, 1, 3, 4, 9, 9, 9, 9}
	second := []byte{0, 2, 0, 0, 0, 4, 2, 1, 1, 3}
	f.Add(slices.Concat(first, second), byte(3))
	f.Add(slices.Concat(second, first, first), byte(200))
	f.Add(slices.Concat([]byte{0, 2, 0, 0, 0, 3, 2, 0x81, 2}, first), byte(1))
	f.Fuzz(func(t *testing.T, wire []byte, piece byte) {
		g := NewGateway("nowhere", GatewayOptions{})
		g.conn = &wireLine{rest: wire, piece: 1 + int(piece)}
		s := &scratch{}
		s.reset(p)
		answers, err := g.exchange(t.Context(), time.Second, p, s, 0, 2)
		done := 0
		for i, x := range s.tries {
			if x.answered() {
				done++
			}
			if want := []int{4, 1}[i]; x.data != nil && len(x.data) != want {
				t.Errorf("request %d: % x", i, x.data)
			}
		}
		if done != answers || err == nil && answers != 2 {
			t.Errorf("%d answers of %d, %v", answers, done, err)
		}
	})
}

// wireLine is a connection on which bytes come in pieces.
type wireLine struct {
	rest  []byte
	piece int
}

func (w *wireLine) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, w.rest[:min(w.piece, len(w.rest))])
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wireLine) Write(b []byte) (int, error)     { return len(b), nil }
func (w *wireLine) Close() error                    { return nil }
func (w *wireLine) SetDeadline(time.Time) error     { return nil }
func (w *wireLine) SetReadDeadline(time.Time) error { return nil }

// atOnce is how many requests are under way at most during some polls.
func atOnce(t *testing.T, yaml string, change func(*bench)) int {
	t.Helper()
	d := fourValues()
	var mu sync.Mutex
	under, most := 0, 0
	b := setUp(t, d, yaml+four)
	b.driver = newDriver(t, b.engine, collectors.Target{
		Name: "test", Protocol: collectors.ModbusTCP, Profile: "test", Modbus: collectors.ModbusAddress{Unit: 1}, Retries: -1,
		Address: listen(t, func(n int, q []byte, w io.WriteCloser) {
			mu.Lock()
			under++
			most = max(most, under)
			mu.Unlock()
			time.AfterFunc(20*time.Millisecond, func() {
				mu.Lock()
				defer mu.Unlock()
				under--
				d.answer(n, q, w)
			})
		}),
	})
	b.learn()
	change(b)
	for range 2 {
		b.is(nil, good)
	}
	mu.Lock()
	defer mu.Unlock()
	return most
}

func TestRequestsUnderWay(t *testing.T) {
	nothing := func(*bench) {}
	for _, tt := range []struct {
		name, yaml string
		change     func(*bench)
		want       int
	}{
		{"one unless the profile says so", "", nothing, 1},
		{"as many as the profile says", "modbus: {pipeline: 3}", nothing, 3},
		{"no more than there are", "modbus: {pipeline: 16}", nothing, 4},
		{"one where another device on the line wants silence between", "modbus: {pipeline: 4}", func(b *bench) { b.driver.gateway.slowDown(time.Millisecond) }, 1},
		{"one after something was lost", "modbus: {pipeline: 4}", func(b *bench) { b.driver.known.reader.calm = calmPolls }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := atOnce(t, tt.yaml, tt.change); got != tt.want {
				t.Errorf("%d at once, want %d", got, tt.want)
			}
		})
	}
}

func TestOneAtATimeAfterALoss(t *testing.T) {
	b, x := pipelined(t, -1)
	x.then(4, func(_ int, a [][]byte, w io.WriteCloser) { x.count = 0; send(w, refusal(a[0], 6), a[1], a[2], a[3]) })
	b.is(nil, "a=comm-failed b=2 c=3 d=4")
	if b.driver.known.reader.most() != 1 {
		t.Error("a device that says it is busy is asked for several things at once again")
	}
	b.is(nil, good)
	b.driver.known.reader.calm = 0
	x.then(4, func(_ int, a [][]byte, w io.WriteCloser) { x.count = 0; send(w, a[:3]...) })
	b.is(nil, "a=1 b=2 c=3 d=comm-failed")
	if b.driver.known.reader.most() != 1 {
		t.Error("it is asked for several things at once again")
	}
	for range calmPolls + 1 { // the first one asks for what was lost
		b.is(nil, good)
	}
	if got := b.driver.known.reader.most(); got != 4 {
		t.Errorf("%d at once, want 4 again", got)
	}
}

// Serial framing has nothing that tells which question an answer belongs to.
func TestSerialFramingIsNotPipelined(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := fourValues()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer l.Close()
	wg.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		wire := make([]byte, 64)
		for {
			n, err := conn.Read(wire)
			if err != nil {
				return
			}
			if n > 8 {
				t.Errorf("%d bytes at once, want at most the 8 of one request", n)
				return
			}
			time.Sleep(5 * time.Millisecond) // others would come meanwhile
			var a answered
			d.answer(0, append([]byte{0, 0, 0, 0, 0, 6}, wire[:n-2]...), &a)
			body := a.frame[6:]
			send(conn, binary.LittleEndian.AppendUint16(body, crc16(body)))
		}
	})
	b := setUp(t, d, "modbus: {pipeline: 4}"+four)
	b.driver = newDriver(t, b.engine, collectors.Target{
		Name: "test", Address: l.Addr().String(), Protocol: collectors.ModbusRTUOverTCP, Profile: "test",
		Modbus: collectors.ModbusAddress{Unit: 1}, Retries: -1,
	})
	b.learn()
	for range 3 {
		b.is(nil, good, "holding 0+1", "holding 100+1", "holding 200+1", "holding 300+1")
	}
	_ = b.driver.Close()
}

func TestCancelledBurst(t *testing.T) {
	b, x := pipelined(t, 1)
	b.driver.known.reader.pace.timeout = time.Hour
	x.then(4, func(_ int, a [][]byte, w io.WriteCloser) { send(w, a[0], a[1]) })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if readings, err := b.driver.Read(ctx, []string{"fast"}, nil); !errors.Is(err, context.Canceled) || len(readings) > 0 {
		t.Fatalf("got %v, %v", readings, err)
	}
	x.then(0, nil)
	b.is(nil, good)
}

// A context that ends between polls has no say in the polls of another one.
func TestBurstAfterAnEndedContext(t *testing.T) {
	b, _ := pipelined(t, -1)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := b.driver.Read(ctx, []string{"fast"}, nil); err != nil {
		t.Fatal(err)
	}
	cancel()
	time.Sleep(10 * time.Millisecond)
	b.is(nil, good)
	if n := b.engine.Stats().Reconnects; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestBitsOfABurst(t *testing.T) {
	d := newDevice(tableCoil, nil)
	for i := range 20 {
		d.set(1, tableCoil, i, uint16(i%3%2))
	}
	b := setUp(t, d, `
modbus: {pipeline: 2, blocks: [{table: coil, register: 0, count: 20}]}
defaults: {table: coil, source: test}
points:
  - {key: "0", class: count, register: 0, type: bool}
  - {key: "1", class: count, register: 1, type: bool}
  - {key: "7", class: count, register: 7, type: bool}
  - {key: "8", class: count, register: 8, type: bool}
  - {key: "16", class: count, register: 16, type: bool}
  - {key: "19", class: count, register: 19, type: bool}
`)
	b.learn()
	b.is(nil, "0=0 1=1 7=1 8=0 16=1 19=1", "coil 0+20")
	for n := 1; n < 40; n++ {
		wire := make([]byte, (n+7)/8, n)
		for i := range wire {
			wire[i] = byte(37*n + 91*i)
		}
		x := block{span: span{table: tableCoil, from: 5, to: 5 + n}}
		want := x.part(wire, x.span)
		if spread(wire[:n]); !slices.Equal(wire[:n], want) {
			t.Errorf("%d bits are % d, want % d", n, wire[:n], want)
		}
	}
}

// Devices that are alike share what polling needs, those that only look so do not.
func TestLayoutsAreShared(t *testing.T) {
	a := setUp(t, fourValues(), four)
	a.learn()
	same := newDriver(t, a.engine, collectors.Target{
		Name: "same", Address: listen(t, fourValues().answer), Protocol: collectors.ModbusTCP, Profile: "test", Modbus: collectors.ModbusAddress{Unit: 1},
	})
	less := fourValues()
	less.remove(tableHolding, 200)
	other := newDriver(t, a.engine, collectors.Target{
		Name: "other", Address: listen(t, less.answer), Protocol: collectors.ModbusTCP, Profile: "test", Modbus: collectors.ModbusAddress{Unit: 1},
	})
	for _, d := range []*Driver{same, other} {
		if _, err := d.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if same.known.layout != a.driver.known.layout {
		t.Error("two devices that are alike have layouts of their own")
	}
	if other.known.layout == a.driver.known.layout {
		t.Error("a device without a register has the layout of one that has it")
	}
}
