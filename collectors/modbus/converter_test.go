package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
)

// TestConverterThatPassesLateAnswers plays a serial converter: what the line
// says goes to whoever is connected, so that a late answer reaches the next
// connection. Both questions are alike in unit, function and length; only the
// silence after a time-out keeps the first answer from the second question.
func TestConverterThatPassesLateAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		now  net.Conn // whoever is connected
		line = make(chan byte, 16)
	)
	say := func(value uint16) {
		b := binary.BigEndian.AppendUint16([]byte{1, 3, 2}, value)
		b = binary.LittleEndian.AppendUint16(b, crc16(b))
		mu.Lock()
		defer mu.Unlock()
		if now != nil {
			_, _ = now.Write(b)
		}
	}
	// The device on the line takes 150 ms for register 1, longer than the
	// reader waits, and is quick with the others.
	wg.Go(func() {
		for register := range line {
			if register == 1 {
				time.Sleep(150 * time.Millisecond)
			}
			say(1000 + uint16(register))
		}
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			now = c
			mu.Unlock()
			for {
				q := make([]byte, 8)
				if _, err := io.ReadFull(c, q); err != nil {
					break
				}
				line <- q[3]
			}
			mu.Lock()
			now = nil
			mu.Unlock()
			_ = c.Close()
		}
	})
	g := NewGateway(l.Addr().String(), GatewayOptions{Serial: true, Timeout: 100 * time.Millisecond, Retries: -1})
	t.Cleanup(func() {
		_ = g.Close()
		_ = l.Close()
		close(line)
		wg.Wait()
	})
	if data, err := g.read(t.Context(), pace{}, 1, tableHolding, 1, 1); err == nil {
		t.Fatalf("register 1 answered % x in time", data)
	}
	data, err := g.read(t.Context(), pace{}, 1, tableHolding, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := binary.BigEndian.Uint16(data); got != 1002 {
		t.Errorf("register 2 is %d, want 1002: the answer to another question was taken", got)
	}
}

// sealed is a serial frame.
func sealed(b ...byte) []byte { return binary.LittleEndian.AppendUint16(b, crc16(b)) }

// After a damaged frame the line is left alone before it is asked again: what
// comes behind the damage looks like an answer.
func TestQuietAfterADamagedFrame(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var asked atomic.Int32
	var damaged time.Time
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			q := make([]byte, 8)
			for {
				if _, err := io.ReadFull(c, q); err != nil {
					break
				}
				if asked.Add(1) == 1 {
					damaged = time.Now()
					_, _ = c.Write(append(sealed(1, 3, 2, 0, 1)[:5], 0, 0))
					continue
				}
				if gap := time.Since(damaged); gap < 250*time.Millisecond {
					t.Errorf("asked again after %s", gap)
				}
				_, _ = c.Write(sealed(1, 3, 2, 0, 42))
			}
			_ = c.Close()
		}
	})
	g := NewGateway(l.Addr().String(), GatewayOptions{Serial: true, Timeout: 300 * time.Millisecond, Retries: 1})
	defer wg.Wait()
	defer func() { _, _ = g.Close(), l.Close() }()
	data, err := g.read(t.Context(), pace{}, 1, tableHolding, 1, 1)
	if err != nil || binary.BigEndian.Uint16(data) != 42 {
		t.Errorf("% x, %v", data, err)
	}
	if n := asked.Load(); n != 2 || g.Stats().Malformed != 1 {
		t.Errorf("asked %d times, %+v", n, g.Stats())
	}
}

// Nothing is asked while something still comes over a serial line.
func TestNothingIsAskedIntoAFrame(t *testing.T) {
	for _, x := range []struct {
		name   string
		pieces int // of the late frame; -1 for no end
		want   error
	}{{"the rest of a frame", 20, nil}, {"without end", -1, collectors.ErrProtocol}} {
		t.Run(x.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			began := make(chan struct{}, 1)
			wg.Go(func() {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer func() { _ = c.Close() }()
				var still atomic.Bool
				answered := make(chan struct{})
				wg.Go(func() {
					defer close(answered)
					q := make([]byte, 8)
					if _, err := io.ReadFull(c, q); err != nil {
						return
					}
					if !still.Load() {
						t.Error("asked while the line was busy")
					}
					_, _ = c.Write(sealed(1, 3, 2, 0, 42))
				})
				late := sealed(1, 3, 2, 0xDE, 0xAD)
				for i := 0; i != x.pieces; i++ {
					if i == x.pieces-1 {
						still.Store(true)
					}
					if _, err := c.Write(late[i%len(late):][:1]); err != nil {
						return
					}
					if i == 0 {
						began <- struct{}{}
					}
					time.Sleep(2 * time.Millisecond)
				}
				<-answered
			})
			g := NewGateway(l.Addr().String(), GatewayOptions{
				Serial: true, Timeout: time.Second, Retries: -1, Gap: 200 * time.Millisecond,
				Dial: func(ctx context.Context, a string) (net.Conn, error) {
					c, err := new(net.Dialer).DialContext(ctx, "tcp", a)
					<-began
					return c, err
				},
			})
			defer wg.Wait()
			defer func() { _, _ = g.Close(), l.Close() }()
			data, err := g.read(t.Context(), pace{}, 1, tableHolding, 1, 1)
			if !errors.Is(err, x.want) || err == nil && binary.BigEndian.Uint16(data) != 42 {
				t.Errorf("% x, %v", data, err)
			}
		})
	}
}
