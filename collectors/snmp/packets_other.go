//go:build !linux

package snmp

import (
	"fmt"
	"net"
	"net/netip"
)

// packets moves datagrams of one socket, one a system call.
type packets struct {
	conn *net.UDPConn
	room [1 << 16]byte
	n    int
	from netip.AddrPort
}

func newPackets(network string) (*packets, error) {
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	_ = conn.SetReadBuffer(4 << 20) // the system may give less
	return &packets{conn: conn}, nil
}

// read waits for a datagram. One goroutine.
func (p *packets) read() (int, error) {
	var err error
	p.n, p.from, err = p.conn.ReadFromUDPAddrPort(p.room[:])
	return 1, err
}

// datagram returns that of the last read; it is good until the next one.
func (p *packets) datagram(int) ([]byte, netip.AddrPort) { return p.room[:p.n], normal(p.from) }

// batchSize is how many calls are sent at a time.
const batchSize = 32

// writeBatch sends datagrams and returns those that the system refused.
func (p *packets) writeBatch(calls []*call) (bad []refusal) {
	for _, c := range calls {
		if err := p.write(c.message, c.to); err != nil {
			bad = append(bad, refusal{c, err})
		}
	}
	return bad
}

func (p *packets) write(b []byte, to netip.AddrPort) error {
	_, err := p.conn.WriteToUDPAddrPort(b, to)
	return err
}

func (p *packets) close() error { return p.conn.Close() }
