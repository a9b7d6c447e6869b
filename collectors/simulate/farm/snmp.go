package farm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// base is the subtree of the PDU.
var base = []uint32{1, 3, 6, 1, 4, 1, 55555, 7}

// pdu is what a PDU holds; round moves its readings.
func pdu(variant, round int) []profile.Object {
	system := func(n uint32) []uint32 { return []uint32{1, 3, 6, 1, 2, 1, 1, n, 0} }
	objects := []profile.Object{
		{OID: system(1), Type: 4, Raw: profile.Raw{Kind: profile.Bytes, Bytes: []byte("Farm PDU, 48 outlets")}},
		{OID: system(2), Type: 6, Raw: profile.Raw{Kind: profile.OID, Bytes: []byte(profile.Dotted(base))}},
		{OID: system(3), Type: 67, Raw: profile.Raw{Kind: profile.Int, Int: 123456}},
		{OID: system(5), Type: 4, Raw: profile.Raw{Kind: profile.Bytes, Bytes: []byte("farm")}},
	}
	add := func(value int64, parts ...uint32) {
		oid := append(append([]uint32(nil), base...), parts...)
		objects = append(objects, profile.Object{OID: oid, Type: 66, Raw: profile.Raw{Kind: profile.Int, Int: value}})
	}
	moving := func(n int64) int64 { return n + int64(variant) + int64(round*7+variant)%13 }
	share := func(n int64) int64 { return 80 + n%20 }
	for c := range uint32(7) {
		value := moving(4000 + int64(c)*10)
		switch c {
		case 3: // power factor in percent
			value = share(value)
		case 5:
			value = 1
		}
		add(value, 1, 1, c+1, 0)
	}
	table := func(entry, columns, rows uint32, unit bool, state, factor uint32) {
		for c := uint32(1); c <= columns; c++ {
			for row := uint32(1); row <= rows; row++ {
				value := moving(1000*int64(c) + 10*int64(row))
				switch c {
				case state:
					value = 1
				case factor:
					value = share(value)
				}
				if unit {
					add(value, entry, 1, 1, c, 1, row)
				} else {
					add(value, entry, 1, 1, c, row)
				}
			}
		}
	}
	table(2, 6, 6, true, 0, 5)
	table(3, 5, 48, true, 5, 0)
	for row := uint32(1); row <= 48; row++ {
		oid := append(append([]uint32(nil), base...), 3, 1, 1, 6, 1, row)
		objects = append(objects, profile.Object{OID: oid, Type: 4, Raw: profile.Raw{Kind: profile.Bytes, Bytes: fmt.Appendf(nil, "Outlet %d", row)}})
	}
	table(4, 2, 8, false, 2, 0)
	return objects
}

// Names are the objects of a PDU that are polled, encoded: sysUpTime.0 and all
// numbers.
func Names() ([][]byte, error) {
	names := [][]byte{upTime}
	for _, x := range pdu(0, 0) {
		if x.Type != 66 {
			continue
		}
		name, err := ber.EncodeOID(x.OID)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// SNMP starts a farm of PDUs that speak SNMP v2c and, where asked for, v3.
func SNMP(o Options) (*Farm, error) {
	f, err := start(o)
	if err != nil {
		return nil, err
	}
	tables := make([]*agent.Table, variants)
	for v := range tables {
		if tables[v], err = agent.NewTable(&profile.Recording{Objects: pdu(v, 0)}); err != nil {
			return nil, err
		}
		tables[v].KeepAnswers()
	}
	agents := make([]*agent.Agent, o.Devices)
	var user *usm.Prepared
	if o.V3 {
		user, err = usm.User{Name: User, AuthProtocol: "SHA", AuthPassword: AuthPassword, PrivProtocol: "AES", PrivPassword: PrivPassword}.Prepare()
		if err != nil {
			return nil, err
		}
	}
	for i := range agents {
		opt := agent.Options{Asked: func(name []byte) {
			if string(name) == string(upTime) {
				f.count.poll(i)
			}
		}}
		if o.V3 {
			engine := binary.BigEndian.AppendUint32([]byte{0x80, 0, 0, 1, 5}, uint32(i))
			if opt.USM, err = agent.NewUSM(engine, 1, user); err != nil {
				return nil, err
			}
		}
		agents[i] = agent.New(tables[i%variants], opt)
	}
	// One socket for all addresses: an answer leaves from where the request
	// went. What does not come from this machine is not answered.
	conn, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp4", fmt.Sprintf("0.0.0.0:%d", o.Port))
	if err != nil {
		return nil, fmt.Errorf("farm: %w", err)
	}
	udp := conn.(*net.UDPConn)
	_ = udp.SetReadBuffer(4 << 20) // the system may give less
	_ = udp.SetWriteBuffer(4 << 20)
	f.port = int(netip.MustParseAddrPort(udp.LocalAddr().String()).Port())
	p := ipv4.NewPacketConn(udp)
	if err := p.SetControlMessage(ipv4.FlagDst, true); err != nil {
		return nil, errors.Join(fmt.Errorf("farm: %w", err), udp.Close())
	}
	f.close = append(f.close, udp.Close)
	f.wg.Go(func() { f.answer(p, agents) })
	f.every(churn, func(round int) {
		for v, t := range tables {
			for _, x := range pdu(v, round) {
				_ = t.Set(profile.Dotted(x.OID), 0, x.Raw) // it is there since the start
			}
		}
	})
	return f, nil
}

const batch = 64

// answer serves requests in batches.
func (f *Farm) answer(p *ipv4.PacketConn, agents []*agent.Agent) {
	in := make([]ipv4.Message, batch)
	for i := range in {
		in[i].Buffers = [][]byte{make([]byte, 2048)}
		in[i].OOB = ipv4.NewControlMessage(ipv4.FlagDst)
	}
	out := make([]ipv4.Message, 0, batch)
	for {
		n, err := p.ReadBatch(in, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of some earlier answer
		}
		out = out[:0]
		for k := range in[:n] {
			m := &in[k]
			var c ipv4.ControlMessage
			from, ok := m.Addr.(*net.UDPAddr)
			if err := c.Parse(m.OOB[:m.NN]); err != nil || !ok || !from.IP.IsLoopback() {
				continue
			}
			to, _ := netip.AddrFromSlice(c.Dst.To4())
			i, ok := index(to)
			if !ok || i >= len(agents) || f.dead(i) {
				continue
			}
			f.count.requests.Add(1)
			if f.opt.Loss > 0 && rand.Float64() < f.opt.Loss { //nolint:gosec // bad weather needs no secrecy
				continue
			}
			answer := agents[i].Answer(m.Buffers[0][:m.N])
			if answer == nil {
				continue
			}
			out = append(out, ipv4.Message{
				Buffers: [][]byte{answer}, Addr: from, OOB: (&ipv4.ControlMessage{Src: c.Dst}).Marshal(),
			})
		}
		if f.opt.Delay > 0 {
			later := append([]ipv4.Message(nil), out...)
			time.AfterFunc(f.opt.Delay, func() { write(p, later) })
			continue
		}
		write(p, out)
	}
}

// write sends messages; one that the system refuses is lost.
func write(p *ipv4.PacketConn, out []ipv4.Message) {
	for len(out) > 0 {
		n, err := p.WriteBatch(out, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			n = max(1, n)
		}
		out = out[n:]
	}
}

// upTime is sysUpTime.0, encoded: whoever polls asks for it once a poll.
var upTime = []byte{0x2B, 6, 1, 2, 1, 1, 3, 0}
