package modbus

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
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
