package simulate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// gateway is a Modbus TCP server with one device for each unit id.
type gateway struct {
	facility *Facility
	units    map[uint8]*device
	stalled  atomic.Bool

	listener net.Listener
	mu       sync.Mutex
	open     map[net.Conn]bool
	wg       sync.WaitGroup
}

// Modbus exceptions.
const (
	illegalFunction = 1
	illegalAddress  = 2
	illegalValue    = 3
	targetSilent    = 11
)

func (g *gateway) listen(address string) error {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	g.listener, g.open = l, map[net.Conn]bool{}
	g.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			g.mu.Lock()
			g.open[c] = true
			g.mu.Unlock()
			g.wg.Go(func() { g.serve(c) })
		}
	})
	return nil
}

func (g *gateway) address() string { return g.listener.Addr().String() }

func (g *gateway) close() error {
	if g.listener == nil {
		return nil
	}
	err := g.listener.Close()
	g.mu.Lock()
	for c := range g.open {
		_ = c.Close() // whoever asks will notice
	}
	g.mu.Unlock()
	g.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (g *gateway) serve(c net.Conn) {
	defer func() {
		_ = c.Close()
		g.mu.Lock()
		delete(g.open, c)
		g.mu.Unlock()
	}()
	head := make([]byte, 7)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(head[4:]))
		if n < 2 || n > 254 {
			return
		}
		pdu := make([]byte, n-1)
		if _, err := io.ReadFull(c, pdu); err != nil {
			return
		}
		if g.stalled.Load() {
			continue
		}
		answer := g.answer(head[6], pdu)
		if answer == nil {
			continue
		}
		out := append([]byte(nil), head...)
		binary.BigEndian.PutUint16(out[4:], uint16(len(answer)+1))
		if _, err := c.Write(append(out, answer...)); err != nil {
			return
		}
	}
}

// answer gives the answer to one request; nil is silence.
func (g *gateway) answer(unit byte, pdu []byte) []byte {
	fc := pdu[0]
	fail := func(code byte) []byte { return []byte{fc | 0x80, code} }
	d, ok := g.units[unit]
	if !ok {
		return fail(targetSilent)
	}
	if d.silent.Load() {
		return nil
	}
	table, ok := map[byte]string{1: "coil", 2: "discrete", 3: "holding", 4: "input"}[fc]
	if !ok {
		return fail(illegalFunction) // writing included: the plant is only read
	}
	if len(pdu) != 5 {
		return fail(illegalValue)
	}
	from, count := binary.BigEndian.Uint16(pdu[1:]), binary.BigEndian.Uint16(pdu[3:])
	bits := fc <= 2
	if count < 1 || bits && count > 2000 || !bits && count > 125 || int(from)+int(count) > 65536 {
		return fail(illegalValue)
	}
	g.facility.refresh(d)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !bits {
		data, ok := d.image.Registers(profile.Register{Table: table, Address: from, Count: count})
		if !ok {
			return fail(illegalAddress)
		}
		return append([]byte{fc, byte(len(data))}, data...)
	}
	out := make([]byte, 2+(count+7)/8)
	out[0], out[1] = fc, byte((count+7)/8)
	for k := range count {
		b, ok := d.image.Registers(profile.Register{Table: table, Address: from + k, Count: 1})
		if !ok {
			return fail(illegalAddress)
		}
		out[2+k/8] |= b[0] & 1 << (k % 8)
	}
	return out
}
