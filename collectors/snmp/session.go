package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// binding is one object of an answer; the name is encoded.
type binding struct {
	name []byte
	tag  byte // of the value
	raw  profile.Raw
	end  bool // end of the MIB view
}

// reply is an answer with its error fields.
type reply struct {
	status, index int
	bindings      []binding
	size          int // bytes that it takes
}

// transport performs one request, whatever the version.
type transport interface {
	request(ctx context.Context, pdu byte, repetitions int, names [][]byte) (reply, error)
	// envelope is for polls on the shared sockets; it is nil as long as there
	// can be none.
	envelope() (envelope, error)
	close()
}

// session reads objects of one device. One goroutine at a time uses it.
type session struct {
	transport
	to      netip.AddrPort
	timeout time.Duration
	retries int
	// most is how many objects go into one request; it shrinks when the agent
	// says that an answer would be too big, and grows again as width lets it.
	most int
	// repetitions of a GETBULK; 0 walks with GETNEXT. heads is how many objects
	// a GETNEXT asks for. Both shrink as most does.
	repetitions, heads int
	width              width
	// hangs, while a device is looked at, is told each object that it hangs at;
	// nil otherwise.
	hangs func(name []byte)
	lives bool // it has answered something in this look
	// left is what may still be read; nil sets no bound.
	left *budget
}

// budget is how many objects and bytes one look at a device may take. Agents
// that lie without end are stopped by it, which no honest one comes near to.
type budget struct{ objects, bytes int }

// What a device may make us hold while it is learned, and while all that it has
// is recorded.
const (
	learnObjects, learnBytes   = 100_000, 16 << 20
	recordObjects, recordBytes = 2 * maxRecorded, 64 << 20
)

var errTooMuch = fmt.Errorf("%w: the device does not come to an end", collectors.ErrProtocol)

// request is that of the transport, within the budget.
func (s *session) request(ctx context.Context, pdu byte, repetitions int, names [][]byte) (reply, error) {
	r, err := s.transport.request(ctx, pdu, repetitions, names)
	s.lives = s.lives || err == nil
	if s.left == nil || err != nil {
		return r, err
	}
	s.left.objects -= len(r.bindings)
	s.left.bytes -= r.size
	switch {
	case s.left.objects < 0:
		return reply{}, fmt.Errorf("ask %s: %w: too many objects for one look", s.to, errTooMuch)
	case s.left.bytes < 0:
		return reply{}, fmt.Errorf("ask %s: %w: too many bytes for one look", s.to, errTooMuch)
	}
	return r, nil
}

// The bounds of a request and of a walk. An answer of 60 numbers takes about
// 1,400 bytes, which fits into an Ethernet frame.
const (
	maxObjects  = 60
	leastFirst  = 10 // objects that a request is not cut below after silence
	walkRows    = 50
	maxWalkRows = 20000
)

// dial resolves the address of a target and returns a session.
func (e *Engine) dial(ctx context.Context, t collectors.Target) (*session, error) {
	to, _, err := e.resolve(ctx, t, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	return e.open(t, to)
}

// open returns a session of a target at an address.
func (e *Engine) open(t collectors.Target, to netip.AddrPort) (*session, error) {
	var err error
	if e.opt.Allow != nil && !e.opt.Allow(to.Addr()) {
		return nil, fmt.Errorf("%s: %w", to.Addr(), collectors.ErrNotAllowed)
	}
	timeout, retries := e.opt.Timeout, max(0, e.opt.Retries)
	if t.Timeout > 0 {
		timeout = t.Timeout
	}
	if t.Retries != 0 {
		retries = max(0, t.Retries)
	}
	s := &session{to: normal(to), timeout: timeout, retries: retries, most: maxObjects, repetitions: walkRows, heads: mostHeads}
	switch t.Protocol {
	case collectors.SNMPv1:
		s.repetitions = 0
		s.transport = newPlain(e, s, community{0, t.SNMP.Community})
	case collectors.SNMPv2c:
		s.transport = newPlain(e, s, community{1, t.SNMP.Community})
	case collectors.SNMPv3:
		s.transport, err = newV3(e, to, t.SNMP, timeout, retries)
		if err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("protocol %q is not SNMP", t.Protocol)
	}
	return s, nil
}

// plain is SNMP v1 and v2c over the shared sockets.
type plain struct {
	engine    *Engine
	session   *session
	community community
	sealed    envelope // the community, made once
}

func newPlain(e *Engine, s *session, c community) *plain {
	return &plain{engine: e, session: s, community: c, sealed: c}
}

func (p *plain) close() {}

func (p *plain) envelope() (envelope, error) { return p.sealed, nil }

func (p *plain) request(ctx context.Context, pdu byte, repetitions int, names [][]byte) (reply, error) {
	var list []byte
	for _, n := range names {
		list = ber.AppendName(list, n)
	}
	id, to := p.engine.newID(), p.session.to
	message := ber.Encode(nil, p.community.version, p.community.name, pdu, id, 0, repetitions, list)
	raw, err := p.engine.exchange(ctx, to, p.community, id, message, p.session.timeout, p.session.retries)
	if err != nil {
		return reply{}, err
	}
	m, err := ber.Decode(raw)
	if err != nil {
		p.engine.malformed.Add(1)
		return reply{}, fmt.Errorf("ask %s: %w: %w", to, collectors.ErrProtocol, err)
	}
	r := reply{status: m.A, index: m.B, size: len(raw)}
	for !m.Bindings.Done() {
		name, tag, value, err := m.Bindings.Binding()
		if err != nil {
			p.engine.malformed.Add(1)
			return reply{}, fmt.Errorf("ask %s: %w: %w", to, collectors.ErrProtocol, err)
		}
		raw, err := ber.Value(tag, value)
		if err != nil {
			raw = profile.Raw{}
			p.engine.malformed.Add(1) // it costs its own object only
		}
		r.bindings = append(r.bindings, binding{name: name, tag: tag, raw: raw, end: tag == ber.EndOfMibView})
	}
	return r, nil
}

// get reads objects by exact name; those the device does not have come back
// as None. When some requests fail and others do not, the objects of the
// failed ones are reported in failed.
func (s *session) get(ctx context.Context, names [][]byte) (values []profile.Raw, failed []bool, err error) {
	return s.getJoined(ctx, names, func(int) bool { return false })
}

// getJoined is get of objects some of which must be read in one request with
// the one before.
func (s *session) getJoined(ctx context.Context, names [][]byte, joined func(i int) bool) (values []profile.Raw, failed []bool, err error) {
	values, failed = make([]profile.Raw, len(names)), make([]bool, len(names))
	answered := false
	// Within the objects up to end, at one of which the agent may hang, no more
	// than few are asked for; wide is how many were before.
	few, wide, end := 0, s.most, 0
	for from := 0; from < len(names); {
		if from >= end {
			few, wide = 0, s.most
		}
		limit := s.most
		if few > 0 {
			limit = min(limit, few)
		}
		least, n := 0, 0 // the fewest that can be asked for, and how many are
		for next := from + 1; next <= len(names); next++ {
			if next < len(names) && joined(next) {
				continue
			}
			if n > 0 && next-from > limit {
				break
			}
			if n = next - from; least == 0 {
				least = n
			}
		}
		err := s.getSome(ctx, names[from:from+n], values[from:from+n], failed[from:from+n])
		switch {
		case errors.Is(err, errTooBig) && n > least:
			s.narrow(max(1, n/2))
			continue
		case err != nil && ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case errors.Is(err, errTooMuch):
			return nil, nil, err
		case errors.Is(err, collectors.ErrUnreachable) && (answered || n > leastFirst || s.hangs != nil && s.lives):
			if s.ping(ctx) != nil {
				return nil, nil, err // the device fell silent
			}
			if n > max(leastFirst, least) { // perhaps the answer is too big for the way
				end = max(end, from+n)
				s.narrow(max(leastFirst, n/2))
				continue
			}
			if s.hangs != nil && n > least { // which one it is
				few, end = max(1, n/2), max(end, from+n)
				continue
			}
			if s.hangs != nil {
				s.hangs(names[from])
				s.most = max(s.most, wide) // it was not the size
			}
			for i := from; i < from+n; i++ { // the agent hangs at one of them
				failed[i] = true
			}
		case err != nil && !answered && !errors.Is(err, errRefused):
			return nil, nil, err // nothing was answered so far: the device is silent
		case err != nil:
			for i := from; i < from+n; i++ {
				failed[i] = true
			}
		default:
			answered = true
		}
		from += n
	}
	return values, failed, nil
}

// ping asks what every agent has and no way is too narrow for.
func (s *session) ping(ctx context.Context) error {
	_, err := s.request(ctx, ber.Get, 0, [][]byte{sysUpTime})
	return err
}

// answerError is a collectors.ErrAnswered.
type answerError string

// Error implements error.
func (e answerError) Error() string { return string(e) }

// Is makes every answerError a collectors.ErrAnswered.
func (e answerError) Is(target error) bool { return target == collectors.ErrAnswered }

const (
	errTooBig  answerError = "answer too big"
	errRefused answerError = "request refused"
)

// getSome reads what fits into one request. An agent that cannot read one of
// the objects refuses them all: that one is left out and the rest is asked
// again. Only noSuchName, which SNMPv1 has instead of a value for
// it, says that the device does not have the object.
func (s *session) getSome(ctx context.Context, names [][]byte, values []profile.Raw, failed []bool) error {
	clear(values)
	clear(failed)
	open := make([]int, len(names))
	for i := range open {
		open[i] = i
	}
	for len(open) > 0 {
		ask := make([][]byte, len(open))
		for i, k := range open {
			ask[i] = names[k]
		}
		r, err := s.request(ctx, ber.Get, 0, ask)
		if err != nil {
			return err
		}
		switch {
		case r.status == ber.NoError:
			return take(r.bindings, open, names, values)
		case r.status == ber.TooBig:
			return errTooBig
		case r.index >= 1 && r.index <= len(open):
			failed[open[r.index-1]] = r.status != ber.NoSuchName
			open = slices.Delete(open, r.index-1, r.index)
		case len(open) == 1:
			failed[open[0]] = r.status != ber.NoSuchName
			return nil
		default:
			return fmt.Errorf("%w: error-status %d", errRefused, r.status)
		}
	}
	return nil
}

// take puts answers where they belong, by name. An object that was not asked
// for never becomes a value. Agents that leave out what has no room in their
// answer are told by errTooBig.
func take(got []binding, open []int, names [][]byte, values []profile.Raw) error {
	inOrder := len(got) == len(open)
	for i := 0; inOrder && i < len(open); i++ {
		inOrder = bytes.Equal(got[i].name, names[open[i]])
	}
	if inOrder {
		for i, k := range open {
			values[k] = got[i].raw
		}
		return nil
	}
	byName := make(map[string]profile.Raw, len(got))
	for _, b := range got {
		byName[string(b.name)] = b.raw
	}
	found := 0
	for _, k := range open {
		if raw, ok := byName[string(names[k])]; ok {
			values[k] = raw
			found++
		}
	}
	if found < len(open) {
		for _, k := range open {
			values[k] = profile.Raw{}
		}
		return fewer(len(got), found, len(open))
	}
	return nil
}

// fewer is the error of an answer of got objects, of which those found are of
// those asked for.
func fewer(got, found, asked int) error {
	if got < asked {
		return fmt.Errorf("%w: %w: %d of %d objects answered", collectors.ErrProtocol, errTooBig, got, asked)
	}
	return fmt.Errorf("%w: %d of %d objects answered", collectors.ErrProtocol, found, asked)
}

// mostHeads is how many objects one GETNEXT asks for: some of their values are
// texts.
const mostHeads = 20

// following returns what comes behind each name; its name is empty where
// nothing does.
func (s *session) following(ctx context.Context, names [][]byte) ([]binding, error) {
	found := make([]binding, len(names))
	for from, most := 0, s.heads; from < len(names); {
		n := min(most, s.most, len(names)-from)
		err := s.follow(ctx, names[from:from+n], found[from:from+n])
		switch {
		case err == nil:
			if from += n; most < s.heads {
				s.heads = most
				s.width.narrowed(time.Now())
			}
		case n > 1 && errors.Is(err, errTooBig):
			most = n / 2
		case n > 1 && errors.Is(err, collectors.ErrUnreachable) && s.ping(ctx) == nil:
			most = max(1, n/s.width.step(5)) // perhaps the answer is too big for the way
		default:
			return nil, err
		}
	}
	return found, nil
}

// follow is following for what fits into one request.
func (s *session) follow(ctx context.Context, names [][]byte, found []binding) error {
	open := make([]int, len(names))
	for i := range open {
		open[i] = i
	}
	for len(open) > 0 {
		ask := make([][]byte, len(open))
		for i, k := range open {
			ask[i] = names[k]
		}
		r, err := s.request(ctx, ber.GetNext, 0, ask)
		switch {
		case err != nil:
			return err
		case r.status == ber.TooBig:
			return errTooBig
		case r.status == ber.NoSuchName && r.index >= 1 && r.index <= len(open): // version 1 at the end of the tree
			open = slices.Delete(open, r.index-1, r.index)
			continue
		case r.status != ber.NoError:
			return fmt.Errorf("%w: error-status %d", errRefused, r.status)
		case len(r.bindings) != len(open):
			return fewer(len(r.bindings), 0, len(open))
		}
		for i, k := range open {
			if b := r.bindings[i]; !b.end {
				found[k] = b
			}
		}
		return nil
	}
	return nil
}

// walk reads a subtree, up to most rows when that is not zero. What was read
// before an error is returned with it.
func (s *session) walk(ctx context.Context, root []byte, most int) ([]profile.Row, error) {
	at, err := ber.DecodeOID(root)
	if err != nil {
		return nil, err
	}
	var rows []profile.Row
	err = s.each(ctx, at, most == 1, func(oid []uint32, b binding) error {
		rows = append(rows, profile.Row{Index: oid[len(at):], Raw: b.raw})
		switch {
		case most > 0 && len(rows) >= most:
			return errEnough
		case len(rows) >= maxWalkRows:
			return fmt.Errorf("walk %s: %w: more than %d rows", profile.Dotted(at), collectors.ErrProtocol, maxWalkRows)
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// each calls f for the objects of a subtree in their order, until f returns an
// error, which it returns.
func (s *session) each(ctx context.Context, root []uint32, single bool, f func(oid []uint32, b binding) error) error {
	last := root
	at, err := ber.EncodeOID(root)
	if err != nil {
		return err
	}
	seen, again := 0, false
	pdu, n := byte(ber.GetNext), 0
	if s.repetitions > 0 && !single {
		pdu, n = ber.GetBulk, s.repetitions
	}
	for {
		r, err := s.request(ctx, pdu, n, [][]byte{at})
		if errors.Is(err, collectors.ErrUnreachable) && (n > 1 || !again) && s.ping(ctx) == nil {
			// Perhaps the answer is too big for the way; one row is asked for
			// twice at most.
			n = min(n, max(1, n/s.width.step(7)))
			again = n <= 1
			continue
		}
		if err != nil {
			return err
		}
		again = false
		switch r.status {
		case ber.NoError:
			if pdu == ber.GetBulk && n < s.repetitions {
				s.repetitions = n // with fewer it was answered
				s.width.narrowed(time.Now())
			}
		case ber.NoSuchName: // version 1 says so at the end of the tree
			return nil
		case ber.TooBig:
			if n <= 1 {
				return fmt.Errorf("walk %s: %w", profile.Dotted(root), errTooBig)
			}
			n /= 2
			continue
		default:
			return fmt.Errorf("walk %s: %w: error-status %d", profile.Dotted(root), errRefused, r.status)
		}
		if len(r.bindings) == 0 {
			return fmt.Errorf("walk %s: %w: empty answer", profile.Dotted(root), collectors.ErrProtocol)
		}
		for _, b := range r.bindings {
			oid, err := ber.DecodeOID(b.name)
			if err != nil {
				return fmt.Errorf("walk %s: %w: %w", profile.Dotted(root), collectors.ErrProtocol, err)
			}
			if b.end || len(oid) <= len(root) || profile.Compare(oid[:len(root)], root) != 0 {
				return nil
			}
			if profile.Compare(oid, last) <= 0 {
				return fmt.Errorf("walk %s: %w: object identifiers do not increase at %s", profile.Dotted(root), collectors.ErrProtocol, profile.Dotted(oid))
			}
			last, at = oid, b.name
			if seen++; seen > maxRecorded {
				return fmt.Errorf("walk %s: more than %d objects", profile.Dotted(root), maxRecorded)
			}
			if b.raw.Kind == profile.None {
				continue
			}
			if err := f(oid, b); err != nil {
				return err
			}
		}
	}
}
