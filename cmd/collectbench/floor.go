//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors/simulate/farm"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// The floor is the least that a poll can cost in plain Go: requests encoded
// beforehand, answers compared as bytes, numbers read and thrown away. There
// are no profiles, no credentials, no time-outs but one, no store.

// perRequest is how many objects the floor asks for at once; their answer
// fits into one Ethernet frame.
const perRequest = 55

// snmpFloor polls agents over one socket by one goroutine, one request under
// way for each.
func snmpFloor(devices int, port uint16) error {
	names, err := farm.Names()
	if err != nil {
		return err
	}
	type plan struct {
		message []byte
		names   [][]byte // with tag and length
	}
	var plans []plan
	for len(names) > 0 {
		n := min(perRequest, len(names))
		var p plan
		var list []byte
		for _, name := range names[:n] {
			list = ber.AppendName(list, name)
			p.names = append(p.names, ber.AppendTLV(nil, 6, name))
		}
		p.message = ber.Encode(nil, 1, "public", ber.Get, floorID, 0, 0, list)
		plans = append(plans, p)
		names = names[n:]
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	defer conn.Close()              //nolint:errcheck // it ends with the process
	_ = conn.SetReadBuffer(4 << 20) // the system may give less
	type device struct {
		to netip.AddrPort
		at int
	}
	list := make([]device, devices)
	byAddress := make(map[netip.AddrPort]*device, devices)
	ask := func(d *device) {
		_, _ = conn.WriteToUDPAddrPort(plans[d.at].message, d.to) // what is lost is asked again
	}
	for i := range list {
		list[i].to = netip.AddrPortFrom(farm.Address(i), port)
		byAddress[list[i].to] = &list[i]
		ask(&list[i])
	}
	buf := make([]byte, 4096)
	var sum int64
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			for i := range list {
				ask(&list[i]) // nobody answers any more: what was under way is lost
			}
		} else if err == nil {
			d, p := byAddress[from], plan{}
			if d == nil {
				continue
			}
			p = plans[d.at]
			m, err := ber.Decode(buf[:n])
			if err != nil || m.ID != floorID {
				continue
			}
			for _, name := range p.names {
				tag, value, ok := m.Bindings.Planned(name)
				if !ok {
					return fmt.Errorf("floor: %s answers other objects", from)
				}
				x, _ := ber.Whole(tag, value)
				sum += x
			}
			d.at = (d.at + 1) % len(plans)
			ask(d)
			continue
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
	}
}

// floorID is the request id of the floor: it has one request under way for
// each agent, and none is ever late.
const floorID = 0x1234567

// modbusFloor polls meters over a connection each; both requests of a poll go
// out together.
func modbusFloor(ctx context.Context, devices int, port uint16) error {
	var both []byte
	for i := range 2 {
		both = append(both, 0, byte(i), 0, 0, 0, 6, 1, 3, 0, byte(100*i), 0, 100)
	}
	failed := make(chan error, devices)
	var wg sync.WaitGroup
	for i := range devices {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp4", netip.AddrPortFrom(farm.Address(i), port).String())
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		wg.Go(func() {
			defer conn.Close() //nolint:errcheck // it ends with the process
			in := bufio.NewReaderSize(conn, 512)
			answer := make([]byte, 2*209)
			var sum float64
			for {
				if _, err := conn.Write(both); err != nil {
					failed <- err
					return
				}
				if _, err := io.ReadFull(in, answer); err != nil {
					failed <- err
					return
				}
				for k := range 2 {
					frame := answer[209*k:]
					if frame[1] != byte(k) || frame[7] != 3 || frame[8] != 200 {
						failed <- errors.New("floor: another answer than the one asked for")
						return
					}
					for j := range 50 {
						sum += float64(math.Float32frombits(binary.BigEndian.Uint32(frame[9+4*j:])))
					}
				}
			}
		})
	}
	wg.Wait()
	return <-failed
}
