package farm

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// registers is how many holding registers a meter has.
const registers = 2 * MeterPoints

// Modbus starts a farm of meters that speak Modbus TCP under unit id 1.
func Modbus(o Options) (*Farm, error) {
	f, err := start(o)
	if err != nil {
		return nil, err
	}
	var images atomic.Pointer[[variants][]byte]
	images.Store(meters(0))
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", fmt.Sprintf("0.0.0.0:%d", o.Port))
	if err != nil {
		return nil, fmt.Errorf("farm: %w", err)
	}
	f.port = int(netip.MustParseAddrPort(listener.Addr().String()).Port())
	var (
		mu    sync.Mutex
		conns = map[net.Conn]bool{}
	)
	f.close = append(f.close, func() error {
		err := listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for c := range conns {
			_ = c.Close() // its reader ends with it
		}
		return err
	})
	f.every(churn, func(round int) { images.Store(meters(round)) })
	f.wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			local, peer := netip.MustParseAddrPort(conn.LocalAddr().String()), netip.MustParseAddrPort(conn.RemoteAddr().String())
			i, ok := index(local.Addr())
			if !ok || i >= o.Devices || !peer.Addr().IsLoopback() {
				_ = conn.Close() // nobody is there
				continue
			}
			mu.Lock()
			conns[conn] = true
			mu.Unlock()
			f.wg.Go(func() {
				_ = f.serve(conn, i, &images) // it ends with the connection
				mu.Lock()
				delete(conns, conn)
				mu.Unlock()
				_ = conn.Close()
			})
		}
	})
	return f, nil
}

func meters(round int) *[variants][]byte {
	var images [variants][]byte
	for v := range images {
		for i := range MeterPoints {
			x := float32(100+10*v+i+(round*7+i)%13) + 0.25
			images[v] = binary.BigEndian.AppendUint32(images[v], math.Float32bits(x))
		}
	}
	return &images
}

// serve answers functions 3 and 4 on one connection.
func (f *Farm) serve(conn net.Conn, i int, images *atomic.Pointer[[variants][]byte]) error {
	in := bufio.NewReaderSize(conn, 512)
	var request [12]byte
	var out []byte
	for {
		if _, err := io.ReadFull(in, request[:]); err != nil {
			return err
		}
		if binary.BigEndian.Uint16(request[4:]) != 6 {
			return errors.New("not a request for registers")
		}
		f.count.requests.Add(1)
		lost := f.opt.Loss > 0 && rand.Float64() < f.opt.Loss //nolint:gosec // bad weather needs no secrecy
		if f.dead(i) || lost {
			continue
		}
		from, n := int(binary.BigEndian.Uint16(request[8:])), int(binary.BigEndian.Uint16(request[10:]))
		out = append(out[:0], request[0], request[1], 0, 0)
		switch {
		case request[7] != 3 && request[7] != 4:
			out = append(out, 0, 3, request[6], request[7]|0x80, 1)
		case n < 1 || n > 125 || from+n > registers:
			out = append(out, 0, 3, request[6], request[7]|0x80, 2)
		default:
			image := images.Load()[i%variants]
			out = append(out, 0, byte(3+2*n), request[6], request[7], byte(2*n))
			out = append(out, image[2*from:2*(from+n)]...)
			if from == 0 {
				f.count.poll(i)
			}
		}
		if f.opt.Delay > 0 {
			time.Sleep(f.opt.Delay)
		}
		if _, err := conn.Write(out); err != nil {
			return err
		}
	}
}
