package snmp

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The size of a batch and of the room for one datagram. The largest UDP
// payload is 65507 bytes; memory that no datagram reaches is never touched.
const (
	batchSize    = 32
	datagramRoom = 1 << 16
)

// packets moves datagrams of one socket in batches, many a system call.
type packets struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	v6   bool
	rx   batch

	sending sync.Mutex
	tx      batch // of who holds sending
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr    unix.Msghdr
	length uint32
}

// batch is the memory that the system calls work on.
type batch struct {
	headers [batchSize]mmsghdr
	vectors [batchSize]unix.Iovec
	names   [batchSize]unix.RawSockaddrInet6 // big enough for both families
	room    []byte

	// once is the system call, made once so that no call allocates: it takes the
	// headers from one to another and leaves how many were done.
	once           func(fd uintptr) bool
	from, to, done int
	errno          unix.Errno
}

func newPackets(network string) (*packets, error) {
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	_ = conn.SetReadBuffer(4 << 20) // the system may give less
	_ = conn.SetWriteBuffer(4 << 20)
	p := &packets{conn: conn, v6: network == "udp6"}
	if p.raw, err = conn.SyscallConn(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("UDP socket: %w", err)
	}
	p.rx.room = make([]byte, batchSize*datagramRoom)
	for i := range p.rx.headers {
		p.rx.vectors[i].Base = &p.rx.room[i*datagramRoom]
	}
	for _, b := range []*batch{&p.rx, &p.tx} {
		for i := range b.headers {
			b.headers[i].hdr.Iov = &b.vectors[i]
			b.headers[i].hdr.SetIovlen(1)
			b.headers[i].hdr.Name = (*byte)(unsafe.Pointer(&b.names[i])) //nolint:gosec // the system call's own form
		}
	}
	p.rx.once = p.rx.caller(unix.SYS_RECVMMSG)
	p.tx.once = p.tx.caller(unix.SYS_SENDMMSG)
	return p, nil
}

// caller makes a system call on the headers of the batch.
func (b *batch) caller(number uintptr) func(fd uintptr) bool {
	return func(fd uintptr) bool {
		n, _, errno := unix.Syscall6(number, fd, uintptr(unsafe.Pointer(&b.headers[b.from])), uintptr(b.to-b.from), unix.MSG_DONTWAIT, 0, 0) //nolint:gosec // the system call's own form
		b.done, b.errno = int(n), errno
		return errno != unix.EAGAIN
	}
}

// read waits for datagrams and takes up to a batch of them. One goroutine.
func (p *packets) read() (int, error) {
	for i := range p.rx.headers {
		h := &p.rx.headers[i]
		h.hdr.Namelen = unix.SizeofSockaddrInet6
		p.rx.vectors[i].SetLen(datagramRoom)
	}
	p.rx.to = batchSize
	if err := p.raw.Read(p.rx.once); err != nil {
		return 0, err
	}
	if p.rx.errno != 0 {
		return 0, p.rx.errno
	}
	return p.rx.done, nil
}

// datagram returns the i-th of the last read; it is good until the next one.
func (p *packets) datagram(i int) ([]byte, netip.AddrPort) {
	name := &p.rx.names[i]
	b := p.rx.room[i*datagramRoom:][:min(p.rx.headers[i].length, datagramRoom)]
	port := name.Port<<8 | name.Port>>8
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name)) //nolint:gosec // the family tells which it is
		return b, netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
	}
	return b, netip.AddrPortFrom(netip.AddrFrom16(name.Addr), port)
}

// writeBatch sends datagrams and returns those that the system refused.
func (p *packets) writeBatch(calls []*call) (bad []refusal) {
	p.sending.Lock()
	defer p.sending.Unlock()
	tx := &p.tx
	for len(calls) > 0 {
		some := calls[:min(len(calls), batchSize)]
		calls = calls[len(some):]
		for i, c := range some {
			p.address(&tx.names[i], &tx.headers[i].hdr, c.to)
			tx.vectors[i].Base = &c.message[0]
			tx.vectors[i].SetLen(len(c.message))
		}
		for tx.from, tx.to = 0, len(some); tx.from < tx.to; {
			if err := p.raw.Write(tx.once); err != nil {
				for _, c := range some[tx.from:] {
					bad = append(bad, refusal{c, err})
				}
				break
			}
			if tx.errno == 0 {
				tx.from += tx.done
				continue
			}
			if tx.errno != unix.EINTR {
				bad = append(bad, refusal{some[tx.from], tx.errno}) // it is the first one that was refused
				tx.from++
			}
		}
		clear(tx.vectors[:len(some)]) // the messages are not ours to keep
	}
	return bad
}

func (p *packets) address(name *unix.RawSockaddrInet6, h *unix.Msghdr, to netip.AddrPort) {
	port := to.Port()<<8 | to.Port()>>8
	if !p.v6 {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name)) //nolint:gosec // the family tells which it is
		v4.Family, v4.Port, v4.Addr = unix.AF_INET, port, to.Addr().As4()
		h.Namelen = unix.SizeofSockaddrInet4
		return
	}
	name.Family, name.Port, name.Addr = unix.AF_INET6, port, to.Addr().As16()
	h.Namelen = unix.SizeofSockaddrInet6
}

// write sends one datagram; any goroutine may call it.
func (p *packets) write(b []byte, to netip.AddrPort) error {
	_, err := p.conn.WriteToUDPAddrPort(b, to)
	return err
}

func (p *packets) close() error { return p.conn.Close() }
