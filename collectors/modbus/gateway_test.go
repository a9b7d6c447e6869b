package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/collectors"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if program, err := deviceServer(); err == nil {
			_ = os.RemoveAll(filepath.Dir(program))
		}
		os.Exit(code)
	}))
}

// listen serves Modbus TCP on a free port; answer gets the whole request and
// the connection's number and writes what it likes.
func listen(t testing.TB, answer func(n int, request []byte, w io.WriteCloser)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				for {
					head := make([]byte, 6)
					if _, err := io.ReadFull(conn, head); err != nil {
						return
					}
					body := make([]byte, binary.BigEndian.Uint16(head[4:]))
					if _, err := io.ReadFull(conn, body); err != nil {
						return
					}
					answer(n, append(head, body...), conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// registers frames an answer holding the given registers.
func registers(request []byte, values ...uint16) []byte {
	out := append([]byte(nil), request[:8]...)
	out = append(out, byte(2*len(values)))
	for _, v := range values {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-6))
	return out
}

// exceptionFrame frames an exception.
func exceptionFrame(request []byte, code byte) []byte {
	return []byte{request[0], request[1], 0, 0, 0, 3, request[6], request[7] | 0x80, code}
}

func open(t *testing.T, address string, opt GatewayOptions) *Gateway {
	t.Helper()
	if opt.Timeout == 0 {
		opt.Timeout = 300 * time.Millisecond
	}
	g := NewGateway(address, opt)
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func TestAnswersThatMustNotBecomeValues(t *testing.T) {
	tests := []struct {
		name   string
		answer func(request []byte, w io.WriteCloser)
		want   error
	}{
		{"other unit", func(q []byte, w io.WriteCloser) { a := registers(q, 7); a[6]++; _, _ = w.Write(a) }, collectors.ErrProtocol},
		{"other function", func(q []byte, w io.WriteCloser) { a := registers(q, 7); a[7]++; _, _ = w.Write(a) }, collectors.ErrProtocol},
		{"too short", func(q []byte, w io.WriteCloser) { _, _ = w.Write(registers(q)) }, collectors.ErrProtocol},
		{"too long", func(q []byte, w io.WriteCloser) { _, _ = w.Write(registers(q, 7, 8)) }, collectors.ErrProtocol},
		{"byte count lies", func(q []byte, w io.WriteCloser) { a := registers(q, 7); a[8] = 4; _, _ = w.Write(a) }, collectors.ErrProtocol},
		{"other protocol", func(q []byte, w io.WriteCloser) { a := registers(q, 7); a[2] = 1; _, _ = w.Write(a) }, collectors.ErrProtocol},
		{"length of nothing", func(q []byte, w io.WriteCloser) { a := registers(q, 7); a[5] = 0; _, _ = w.Write(a) }, collectors.ErrProtocol},
		{"length without end", func(q []byte, w io.WriteCloser) { a := registers(q, 7); a[4] = 0xff; _, _ = w.Write(a) }, collectors.ErrProtocol},
		{"half a frame", func(q []byte, w io.WriteCloser) { _, _ = w.Write(registers(q, 7)[:9]) }, collectors.ErrUnreachable},
		{"half a frame, closed", func(q []byte, w io.WriteCloser) { _, _ = w.Write(registers(q, 7)[:9]); _ = w.Close() }, collectors.ErrUnreachable},
		{"silence", func([]byte, io.WriteCloser) {}, collectors.ErrUnreachable},
		{"closed", func(_ []byte, w io.WriteCloser) { _ = w.Close() }, collectors.ErrUnreachable},
		{"only other transactions", func(q []byte, w io.WriteCloser) {
			a := registers(q, 7)
			a[0]++
			for range maxForeign {
				_, _ = w.Write(a)
			}
		}, collectors.ErrProtocol},
		{"gateway: unit silent", func(q []byte, w io.WriteCloser) { _, _ = w.Write(exceptionFrame(q, 11)) }, collectors.ErrUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := listen(t, func(_ int, q []byte, w io.WriteCloser) { tt.answer(q, w) })
			g := open(t, address, GatewayOptions{Retries: -1})
			data, err := g.read(t.Context(), pace{}, 1, tableHolding, 10, 1)
			if !errors.Is(err, tt.want) {
				t.Errorf("got % x, %v; want %v", data, err, tt.want)
			}
		})
	}
}

// What a gateway says of a unit behind it is told as such, with what to do, and
// counts as a device that does not answer.
func TestGatewaySpeaksOfItsUnit(t *testing.T) {
	for code, want := range map[byte]string{10: "gateway has no path to the unit (exception 10)", 11: "gateway got no answer from the unit (exception 11)"} {
		address := listen(t, func(_ int, q []byte, w io.WriteCloser) { _, _ = w.Write(exceptionFrame(q, code)) })
		g := open(t, address, GatewayOptions{Retries: -1})
		_, err := g.read(t.Context(), pace{}, 1, tableHolding, 10, 1)
		if !errors.Is(err, collectors.ErrUnreachable) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "device does not answer") || exceptionCode(err) != code {
			t.Errorf("exception %d: %v", code, err)
		}
	}
}

func TestLateAnswerIsNotTakenForTheNext(t *testing.T) {
	var mu sync.Mutex
	first := true
	address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
		mu.Lock()
		late := first
		first = false
		mu.Unlock()
		if late {
			time.AfterFunc(400*time.Millisecond, func() { _, _ = w.Write(registers(q, 0xDEAD)) })
			return
		}
		time.Sleep(200 * time.Millisecond) // the late one arrives meanwhile
		_, _ = w.Write(registers(q, 42))
	})
	g := open(t, address, GatewayOptions{Retries: -1})
	if _, err := g.read(t.Context(), pace{}, 1, tableHolding, 1, 1); !errors.Is(err, collectors.ErrUnreachable) {
		t.Fatalf("first read: %v", err)
	}
	data, err := g.read(t.Context(), pace{}, 1, tableHolding, 2, 1)
	if err != nil || binary.BigEndian.Uint16(data) != 42 {
		t.Fatalf("second read: % x, %v; want 42", data, err)
	}
	if s := g.Stats(); s.Timeouts != 1 || s.Reconnects != 2 {
		t.Errorf("stats %+v: want one time-out, two connections", s)
	}
}

func TestForeignTransactionIsSkipped(t *testing.T) {
	address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
		old := registers(q, 0xDEAD)
		old[1]--
		_, _ = w.Write(append(old, registers(q, 42)...))
	})
	g := open(t, address, GatewayOptions{})
	data, err := g.read(t.Context(), pace{}, 1, tableInput, 2, 1)
	if err != nil || binary.BigEndian.Uint16(data) != 42 {
		t.Fatalf("% x, %v; want 42", data, err)
	}
	if g.Stats().Foreign != 1 {
		t.Errorf("foreign frames: %d, want 1", g.Stats().Foreign)
	}
}

func TestRecovery(t *testing.T) {
	t.Run("idle connection closed by the device", func(t *testing.T) {
		address := listen(t, func(_ int, q []byte, w io.WriteCloser) { _, _ = w.Write(registers(q, 42)); _ = w.Close() })
		g := open(t, address, GatewayOptions{Retries: -1})
		for i := range 3 {
			if _, err := g.read(t.Context(), pace{}, 1, tableHolding, 2, 1); err != nil {
				t.Fatalf("read %d: %v", i, err)
			}
		}
	})
	t.Run("busy", func(t *testing.T) {
		n := 0
		address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
			if n++; n == 1 {
				_, _ = w.Write(exceptionFrame(q, 6))
				return
			}
			_, _ = w.Write(registers(q, 42))
		})
		g := open(t, address, GatewayOptions{})
		if _, err := g.read(t.Context(), pace{}, 1, tableHolding, 2, 1); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("exception in two pieces", func(t *testing.T) {
		address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
			e := exceptionFrame(q, 2)
			_, _ = w.Write(e[:8])
			time.Sleep(20 * time.Millisecond)
			_, _ = w.Write(e[8:])
		})
		g := open(t, address, GatewayOptions{})
		if _, err := g.read(t.Context(), pace{}, 1, tableHolding, 2, 1); !refused(err) {
			t.Fatalf("got %v, want a refusal", err)
		}
		if g.Stats().Reconnects != 1 {
			t.Error("an exception must not cost the connection")
		}
	})
	t.Run("nothing listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		_ = l.Close()
		g := open(t, address, GatewayOptions{Retries: -1})
		for range 3 {
			if _, err := g.read(t.Context(), pace{}, 1, tableHolding, 2, 1); !errors.Is(err, collectors.ErrUnreachable) {
				t.Fatalf("got %v", err)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		address := listen(t, func(int, []byte, io.WriteCloser) {})
		g := open(t, address, GatewayOptions{Timeout: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := g.read(ctx, pace{}, 1, tableHolding, 2, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestOneRequestAtATime(t *testing.T) {
	var mu sync.Mutex
	under, most := 0, 0
	address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		under--
		mu.Unlock()
		_, _ = w.Write(registers(q, uint16(q[6])))
	})
	g := open(t, address, GatewayOptions{Timeout: 5 * time.Second})
	var wg sync.WaitGroup
	for unit := byte(1); unit <= 20; unit++ {
		wg.Go(func() {
			data, err := g.read(t.Context(), pace{}, unit, tableHolding, 0, 1)
			if err != nil || binary.BigEndian.Uint16(data) != uint16(unit) {
				t.Errorf("unit %d: % x, %v", unit, data, err)
			}
		})
	}
	wg.Wait()
	if most != 1 || g.Stats().Reconnects != 1 {
		t.Errorf("%d requests at once over %d connections, want 1 and 1", most, g.Stats().Reconnects)
	}
}

func TestSerialFraming(t *testing.T) {
	// MODBUS over Serial Line: the checksum of 02 07 is 41 12, low byte first.
	if got := crc16([]byte{0x02, 0x07}); got != 0x1241 {
		t.Fatalf("checksum %04x, want 1241", got)
	}
	seal := func(b ...byte) []byte { return binary.LittleEndian.AppendUint16(b, crc16(b)) }
	request := seal(5, 3, 0, 10, 0, 1)
	tests := []struct {
		name string
		wire []byte
		ok   bool
	}{
		{"registers", seal(5, 3, 2, 0, 42), true},
		{"exception", seal(5, 0x83, 2), true},
		{"checksum", append(seal(5, 3, 2, 0, 42)[:5], 0, 0), false},
		{"other unit", seal(6, 3, 2, 0, 42), false},
		{"other function", seal(5, 4, 2, 0, 42), false},
		{"too many", seal(5, 3, 4, 0, 42, 0, 43), false},
		{"cut short", seal(5, 3, 2, 0, 42)[:5], false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, w := net.Pipe()
			go func() { _, _ = w.Write(tt.wire); _ = w.Close() }()
			_, matches, err := rtuFraming{}.read(r, 0, request)
			if (err == nil && matches) != tt.ok {
				t.Errorf("matches %v, err %v; want ok %v", matches, err, tt.ok)
			}
			_ = r.Close()
		})
	}
}

// A device that is given up while the gateway is dialled costs the others
// behind it nothing.
func TestCancelledDial(t *testing.T) {
	address := listen(t, func(_ int, q []byte, w io.WriteCloser) { _, _ = w.Write(registers(q, 7)) })
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"removed": context.WithCancel,
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := end(t.Context())
			defer cancel()
			first := true
			g := open(t, address, GatewayOptions{Retries: -1, Timeout: 5 * time.Second, Dial: func(ctx context.Context, a string) (net.Conn, error) {
				if first {
					first = false
					if name == "removed" {
						cancel()
					}
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return new(net.Dialer).DialContext(ctx, "tcp", a)
			}})
			if _, err := g.read(ctx, pace{}, 1, tableHolding, 0, 1); err == nil {
				t.Fatal("answered without a connection")
			}
			if data, err := g.read(t.Context(), pace{}, 2, tableHolding, 0, 1); err != nil {
				t.Errorf("the next one: % x, %v", data, err)
			}
		})
	}
}

func FuzzFraming(f *testing.F) {
	request := []byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2}
	f.Add(registers(request, 1, 2))
	f.Add(exceptionFrame(request, 2))
	f.Add([]byte{1, 0x2B, 0x0E, 1, 1, 0, 0, 255, 0, 1})
	f.Fuzz(func(t *testing.T, wire []byte) {
		frame, matches, err := tcpFraming{}.read(&slowReader{wire}, 1, request)
		if err == nil && matches {
			pdu, err := tcpFraming{}.decode(frame)
			if err != nil || pdu.FunctionCode == 3 && len(pdu.Data) != 5 {
				t.Errorf("accepted % x: %v", wire, err)
			}
		}
		serial := []byte{1, 3, 0, 0, 0, 2, 0, 0}
		body, matches, err := rtuFraming{}.read(&slowReader{wire}, 0, serial)
		if err == nil && matches && body[1] == 3 && len(body) != 7 {
			t.Errorf("accepted % x", wire)
		}
	})
}

// slowReader gives its bytes one by one, as a slow line does.
type slowReader struct{ rest []byte }

func (r *slowReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	p[0] = r.rest[0]
	r.rest = r.rest[1:]
	return 1, nil
}

// The end of one context ends what it asked for, and nothing of others that
// use the same connection.
func TestContextsOfOneConnection(t *testing.T) {
	address := listen(t, func(_ int, q []byte, w io.WriteCloser) {
		if q[9] == 1 {
			time.Sleep(50 * time.Millisecond)
		}
		_, _ = w.Write(registers(q, uint16(q[9])))
	})
	g := open(t, address, GatewayOptions{Retries: -1})
	read := func(ctx context.Context, register uint16) {
		t.Helper()
		data, err := g.read(ctx, pace{}, 1, tableHolding, register, 1)
		if err != nil || binary.BigEndian.Uint16(data) != register {
			t.Errorf("register %d: % x, %v", register, data, err)
		}
	}
	first, endFirst := context.WithCancel(t.Context())
	second, endSecond := context.WithCancel(t.Context())
	defer endSecond()
	read(first, 2)
	time.AfterFunc(20*time.Millisecond, endFirst)
	read(second, 1) // while the first one ends
	third, endThird := context.WithCancel(t.Context())
	read(third, 2)
	endThird()
	time.Sleep(10 * time.Millisecond) // it ends while nothing is under way
	read(second, 2)
	if _, err := g.read(third, pace{}, 1, tableHolding, 1, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("asked by a context that has ended: %v", err)
	}
	read(second, 2)
	if n := g.Stats().Timeouts; n != 0 {
		t.Errorf("%d time-outs", n)
	}
}
