package simulate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// gateway is a Modbus TCP server with one device for each unit id.
type gateway struct {
	// recording answers to every unit id when it is there.
	recording *profile.ModbusRecording
	facility  *Facility
	units     map[uint8]*device
	stalled   atomic.Bool

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

// maxUnits is how many devices answer behind one gateway.
const maxUnits = 247

// behind puts a Modbus device behind a gateway.
func (f *Facility) behind(name string, d *device) error {
	if d.image == nil {
		return nil
	}
	g, ok := f.gateways[name]
	if !ok {
		g = &gateway{facility: f, units: map[uint8]*device{}}
		f.gateways[name] = g
	}
	if len(g.units) == maxUnits {
		return fmt.Errorf("device %s: behind gateway %s are %d already", d.info.Name, name, maxUnits)
	}
	g.units[uint8(len(g.units)+1)] = d
	return nil
}

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
	if g.recording != nil {
		return answer(g.recording, pdu)
	}
	d, ok := g.units[unit]
	if !ok {
		return []byte{pdu[0] | 0x80, targetSilent}
	}
	if d.silent.Load() {
		return nil
	}
	switch pdu[0] {
	case 5, 6, 15, 16:
		return g.facility.write(d, pdu)
	}
	g.facility.refresh(d)
	d.mu.Lock()
	defer d.mu.Unlock()
	return answer(d.image, pdu)
}

// answer gives what a device with this image answers.
func answer(image *profile.ModbusRecording, pdu []byte) []byte {
	fc := pdu[0]
	fail := func(code byte) []byte { return []byte{fc | 0x80, code} }
	switch fc {
	case 17:
		if image.ServerID != "" {
			return append([]byte{fc, byte(len(image.ServerID))}, image.ServerID...)
		}
	case 43:
		if len(pdu) == 4 && pdu[1] == 14 && len(image.DeviceID) > 0 {
			return deviceID(image.DeviceID, pdu[2])
		}
	}
	table, ok := map[byte]string{1: "coil", 2: "discrete", 3: "holding", 4: "input"}[fc]
	if !ok {
		return fail(illegalFunction) // writing included
	}
	if len(pdu) != 5 {
		return fail(illegalValue)
	}
	from, count := binary.BigEndian.Uint16(pdu[1:]), binary.BigEndian.Uint16(pdu[3:])
	bits := fc <= 2
	if count < 1 || bits && count > 2000 || !bits && count > 125 || int(from)+int(count) > 65536 {
		return fail(illegalValue)
	}
	if !bits {
		data, ok := image.Registers(profile.Register{Table: table, Address: from, Count: count})
		if !ok {
			return fail(illegalAddress)
		}
		return append([]byte{fc, byte(len(data))}, data...)
	}
	out := make([]byte, 2+(count+7)/8)
	out[0], out[1] = fc, byte((count+7)/8)
	for k := range count {
		b, ok := image.Registers(profile.Register{Table: table, Address: from + k, Count: 1})
		if !ok {
			return fail(illegalAddress)
		}
		out[2+k/8] |= b[0] & 1 << (k % 8)
	}
	return out
}

// deviceID answers function 43/14 with all objects of the category that fit
// into one frame: 1 basic (0 to 2), 2 regular (to 0x7f), 3 extended.
func deviceID(objects map[int]string, category byte) []byte {
	last := map[byte]int{1: 2, 2: 0x7f, 3: 0xff}[category]
	out := []byte{43, 14, category, category, 0, 0, 0}
	for _, id := range slices.Sorted(maps.Keys(objects)) {
		text := objects[id]
		if id > last || len(out)+2+len(text) > 250 {
			continue
		}
		out = append(append(out, byte(id), byte(len(text))), text...)
		out[6]++
	}
	return out
}

// PlayModbus answers as one recorded Modbus TCP device, to every unit id,
// until ctx ends. ready is told the address.
func PlayModbus(ctx context.Context, address string, rec *profile.ModbusRecording, ready func(address string)) error {
	g := &gateway{recording: rec}
	if err := g.listen(address); err != nil { //nolint:contextcheck // it listens until it is closed
		return err
	}
	ready(g.address())
	<-ctx.Done()
	return g.close()
}
