// Package agent is the other end of the wire: an SNMP v1, v2c and v3 agent that
// answers from a table of objects. The simulator and the tests use it.
package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// Table is the objects of an agent in their order. It is safe for concurrent
// use.
type Table struct {
	mu      sync.RWMutex
	objects []object
	at      map[string]int
	write   WriteFunc
	// answers to requests that came before, when they are kept.
	answers map[string]reply
	changes int
}

// reply is an answer that may be given again.
type reply struct {
	status, index int
	list          []byte
}

// maxReplies bounds how many answers are kept.
const maxReplies = 4096

// KeepAnswers has answers given again to the same question until an object
// changes: for agents that are asked the same all day.
func (t *Table) KeepAnswers() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers = map[string]reply{}
}

// WriteFunc is asked about each SET of one object; it keeps what it wants
// itself and returns the error-status of the answer.
type WriteFunc func(oid string, tag byte, raw profile.Raw) (status int)

// AllowWrites has SET requests of objects that exist answered by f. Without it
// every SET is refused.
func (t *Table) AllowWrites(f WriteFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write = f
}

// Raw returns the value of an object; Kind is None when there is none.
func (t *Table) Raw(oid string) profile.Raw {
	t.mu.RLock()
	defer t.mu.RUnlock()
	i, ok := t.at[oid]
	if !ok {
		return profile.Raw{}
	}
	raw, err := ber.Value(t.objects[i].tag, t.objects[i].value)
	if err != nil {
		return profile.Raw{}
	}
	return raw
}

type object struct {
	oid   []uint32
	name  []byte
	tag   byte
	value []byte
}

// NewTable takes the objects of a recording.
func NewTable(rec *profile.Recording) (*Table, error) {
	t := &Table{at: map[string]int{}}
	for _, o := range rec.Objects {
		name, err := ber.EncodeOID(o.OID)
		if err != nil {
			return nil, fmt.Errorf("object %s: %w", profile.Dotted(o.OID), err)
		}
		tag, value, err := ber.EncodeValue(o.Type, o.Raw)
		if err != nil {
			return nil, fmt.Errorf("object %s: %w", profile.Dotted(o.OID), err)
		}
		dotted := profile.Dotted(o.OID)
		if _, ok := t.at[dotted]; ok {
			continue // a recording may hold an object twice; the first counts
		}
		t.at[dotted] = len(t.objects)
		t.objects = append(t.objects, object{o.OID, name, tag, value})
	}
	return t, nil
}

// Set replaces the value of an object that exists; tag 0 keeps its type.
func (t *Table) Set(oid string, tag byte, raw profile.Raw) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.at[oid]
	if !ok {
		return fmt.Errorf("no object %s", oid)
	}
	if tag == 0 {
		tag = t.objects[i].tag
	}
	tag, value, err := ber.EncodeValue(tag, raw)
	if err != nil {
		return err
	}
	t.objects[i].tag, t.objects[i].value = tag, value
	clear(t.answers)
	t.changes++
	return nil
}

// Remove takes objects away: those at or below oid.
func (t *Table) Remove(oid string) {
	parts, err := profile.ParseOID(oid)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.objects[:0]
	for _, o := range t.objects {
		if len(o.oid) < len(parts) || profile.Compare(o.oid[:len(parts)], parts) != 0 {
			kept = append(kept, o)
		}
	}
	t.objects = kept
	clear(t.answers)
	t.changes++
	clear(t.at)
	for i, o := range t.objects {
		t.at[profile.Dotted(o.oid)] = i
	}
}

// search returns the first object at or behind oid.
func (t *Table) search(oid []uint32) int {
	return sort.Search(len(t.objects), func(i int) bool { return profile.Compare(t.objects[i].oid, oid) >= 0 })
}

// Options of an Agent.
type Options struct {
	// Community is the only one answered; any when empty.
	Community string
	// MaxMessage is the largest answer in bytes; default 1472.
	MaxMessage int
	// Before may answer a datagram itself or keep silent: handled true ends
	// the matter. Tests make bad weather with it.
	Before func(request []byte, from net.Addr, write func([]byte)) (handled bool)
	// Silent makes the agent ignore everything.
	Silent *atomic.Bool
	// USM answers SNMPv3; nil is silence.
	USM *USM
	// Asked is told the first object, encoded, of each request that is
	// answered.
	Asked func(name []byte)
}

// Agent answers on one UDP socket.
type Agent struct {
	conn  net.PacketConn
	table *Table
	opt   Options
	wg    sync.WaitGroup
}

// New returns an agent without a socket: its Answer is called.
func New(table *Table, opt Options) *Agent {
	if opt.MaxMessage <= 0 {
		opt.MaxMessage = 1472
	}
	return &Agent{table: table, opt: opt}
}

// Listen starts an agent on address; port 0 takes a free one.
func Listen(address string, table *Table, opt Options) (*Agent, error) {
	conn, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	a := New(table, opt)
	a.conn = conn
	a.wg.Go(a.serve)
	return a, nil
}

// Addr returns host:port of the agent.
func (a *Agent) Addr() string { return a.conn.LocalAddr().String() }

// Close ends the agent.
func (a *Agent) Close() error {
	err := a.conn.Close()
	a.wg.Wait()
	return err
}

func (a *Agent) serve() {
	buf := make([]byte, 8192)
	for {
		n, from, err := a.conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of some earlier answer
		}
		if a.opt.Silent != nil && a.opt.Silent.Load() {
			continue
		}
		write := func(b []byte) { _, _ = a.conn.WriteTo(b, from) } // a lost answer is the asker's to notice
		if a.opt.Before != nil && a.opt.Before(buf[:n], from, write) {
			continue
		}
		if answer := a.Answer(buf[:n]); answer != nil {
			write(answer)
		}
	}
}

// Answer gives the answer to one message; nil is silence.
func (a *Agent) Answer(request []byte) []byte {
	m, err := ber.Decode(request)
	if err != nil {
		if a.opt.USM != nil {
			return a.opt.USM.answer(request, a.table, a.opt)
		}
		return nil
	}
	if a.opt.Community != "" && string(m.Community) != a.opt.Community {
		return nil
	}
	status, index, list := a.table.respond(m.Version, m.PDU, m.A, m.B, m.Bindings, a.opt.MaxMessage-64-len(m.Community))
	if status < 0 {
		return nil
	}
	a.opt.asked(m.Bindings)
	return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, status, index, list)
}

// asked tells the first object of a request.
func (o *Options) asked(bindings ber.Reader) {
	if o.Asked == nil {
		return
	}
	if name, _, _, err := bindings.Binding(); err == nil {
		o.Asked(name)
	}
}

// respond works out one request whose bindings are still encoded.
func (t *Table) respond(version int, pdu byte, a, b int, bindings ber.Reader, room int) (status, index int, list []byte) {
	t.mu.RLock()
	keeps := t.answers != nil && pdu != ber.Set
	var key []byte
	if keeps {
		key = make([]byte, 0, 2048)
		for _, n := range []int{version, int(pdu), a, b, room} {
			key = binary.BigEndian.AppendUint32(key, uint32(n))
		}
		key = append(key, bindings.Rest()...)
		if r, ok := t.answers[string(key)]; ok {
			t.mu.RUnlock()
			return r.status, r.index, r.list
		}
	}
	changes := t.changes
	t.mu.RUnlock()
	if keeps {
		defer func() { t.keep(key, changes, reply{status, index, list}) }()
	}
	var names [][]byte
	for in := bindings; !in.Done(); {
		name, _, _, err := in.Binding()
		if err != nil {
			return -1, 0, nil
		}
		names = append(names, name)
	}
	if pdu == ber.Set {
		return t.set(bindings)
	}
	return t.Respond(version, pdu, a, b, names, room)
}

// keep keeps an answer, unless an object changed since it was worked out.
func (t *Table) keep(key []byte, changes int, r reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if changes == t.changes && len(t.answers) < maxReplies {
		t.answers[string(key)] = r
	}
}

// Error-status values of a SET, RFC 3416 section 4.2.5.
const (
	noAccess    = 6
	wrongType   = 7
	notWritable = 17
)

// set answers a SET: of one object, for that is all that is ever sent.
func (t *Table) set(bindings ber.Reader) (status, index int, list []byte) {
	in := bindings
	name, tag, value, err := in.Binding()
	if err != nil {
		return -1, 0, nil
	}
	echo := ber.AppendBinding(nil, name, tag, value)
	if !in.Done() {
		return ber.GenErr, 0, echo
	}
	raw, err := ber.Value(tag, value)
	oid, oerr := ber.DecodeOID(name)
	if err != nil || oerr != nil {
		return wrongType, 1, echo
	}
	dotted := profile.Dotted(oid)
	t.mu.RLock()
	_, known := t.at[dotted]
	write := t.write
	t.mu.RUnlock()
	switch {
	case write == nil:
		return noAccess, 1, echo
	case !known:
		return notWritable, 1, echo
	}
	if status := write(dotted, tag, raw); status != 0 {
		return status, 1, echo
	}
	return 0, 0, echo
}

// Respond works out one request: error-status, error-index and the encoded
// bindings of the answer, at most room bytes. A negative status is silence.
func (t *Table) Respond(version int, pdu byte, a, b int, names [][]byte, room int) (status, index int, list []byte) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	echo := func() []byte {
		var out []byte
		for _, n := range names {
			out = ber.AppendBinding(out, n, 0x05, nil)
		}
		return out
	}
	one := func(name []byte, next bool) (object, bool, error) {
		oid, err := ber.DecodeOID(name)
		if err != nil {
			return object{}, false, err
		}
		i := t.search(oid)
		if next {
			if i < len(t.objects) && profile.Compare(t.objects[i].oid, oid) == 0 {
				i++
			}
			if i < len(t.objects) {
				return t.objects[i], true, nil
			}
			return object{name: name, tag: ber.EndOfMibView}, false, nil
		}
		if i < len(t.objects) && profile.Compare(t.objects[i].oid, oid) == 0 {
			return t.objects[i], true, nil
		}
		return object{name: name, tag: ber.NoSuchInstance}, false, nil
	}
	switch pdu {
	case ber.Get, ber.GetNext:
		for i, n := range names {
			o, ok, err := one(n, pdu == ber.GetNext)
			if err != nil {
				return -1, 0, nil
			}
			if !ok && version == 0 {
				return ber.NoSuchName, i + 1, echo()
			}
			list = ber.AppendBinding(list, o.name, o.tag, o.value)
		}
		if len(list) > room {
			return ber.TooBig, 0, nil
		}
		return 0, 0, list
	case ber.GetBulk:
		if version == 0 {
			return -1, 0, nil
		}
		return t.bulk(a, b, names, room, one)
	}
	return ber.GenErr, 0, echo() // the plant is only read
}

func (t *Table) bulk(nonRepeaters, repetitions int, names [][]byte, room int, one func([]byte, bool) (object, bool, error)) (int, int, []byte) {
	var list []byte
	add := func(o object) bool {
		longer := ber.AppendBinding(list, o.name, o.tag, o.value)
		if len(longer) > room && len(list) > 0 {
			return false
		}
		list = longer
		return true
	}
	nonRepeaters = max(0, min(nonRepeaters, len(names)))
	for _, n := range names[:nonRepeaters] {
		o, _, err := one(n, true)
		if err != nil {
			return -1, 0, nil
		}
		if !add(o) {
			return 0, 0, list
		}
	}
	at := append([][]byte(nil), names[nonRepeaters:]...)
	for range min(max(repetitions, 0), 1000) {
		ended := true
		for i := range at {
			o, ok, err := one(at[i], true)
			if err != nil {
				return -1, 0, nil
			}
			ended = ended && !ok
			if !add(o) {
				return 0, 0, list
			}
			at[i] = o.name
		}
		if ended {
			break
		}
	}
	return 0, 0, list
}
