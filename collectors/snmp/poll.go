package snmp

import (
	"context"
	"errors"
	"fmt"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// envelope puts requests of one device into messages and takes its answers
// out of them.
type envelope interface {
	// seal appends a GET request for encoded bindings.
	seal(dst []byte, id int32, bindings []byte) []byte
	// open returns error-status, error-index and bindings of an answer; it
	// fails with errForeign for a message that is not from the device, and
	// with another error for one that ends the poll or, when it is errAgain,
	// wants the request once more.
	open(datagram []byte, id int32) (status, index int, bindings ber.Reader, err error)
}

var (
	errForeign = errors.New("message is not from the device")
	errAgain   = errors.New("ask again")
	errStale   = errors.New("the agent's engine is not the one that was learned")
)

// poll reads the objects of a plan, one request under way at a time. It lives
// in the lane while it runs; its memory is used again for other devices.
type poll struct {
	call     call
	envelope envelope
	engine   *Engine
	plan     *plan
	most     int // objects in one request
	at, end  int // objects of the request under way
	again    bool

	values []profile.Raw
	failed []bool // objects of requests without an answer
	// odd are ranges of objects whose answer was not the plain one: an error,
	// another order. They are read in another way.
	odd      [][2]int
	arena    []byte // octets of values
	answered bool
	silent   int // requests without an answer
	silence  error
	done     chan error
}

// silentRequests is after how many unanswered requests a poll is given up.
const silentRequests = 2

// answerRoom is how many bytes of bindings a request may ask for, so that the
// answer fits into one Ethernet frame; numbers take up to 5 bytes more than
// the NULL in the request.
const (
	answerRoom = 1400
	numberRoom = 5
)

// poll reads all objects of a plan. The poll that is returned holds the values
// and must be released.
func (e *Engine) poll(ctx context.Context, s *session, env envelope, p *plan) (*poll, error) {
	if err := e.wait(ctx, s.to.Addr(), 1+p.objects()/max(1, s.most)); err != nil {
		return nil, fmt.Errorf("ask %s: %w", s.to, err)
	}
	l, err := e.lane(s.to)
	if err != nil {
		return nil, err
	}
	x := e.polls.Get().(*poll)
	x.begin(e, env, p, s.most)
	x.call = call{to: s.to, message: x.call.message, timeout: s.timeout, retries: s.retries, owner: x}
	l.send(x.next())
	select {
	case err = <-x.done:
	case <-ctx.Done():
		// The lane may just be sending it: its memory is not used again.
		l.drop(&x.call)
		return nil, fmt.Errorf("ask %s: %w", s.to, ctx.Err())
	}
	if err != nil {
		x.release()
		return nil, fmt.Errorf("ask %s: %w", s.to, err)
	}
	return x, nil
}

func (x *poll) begin(e *Engine, env envelope, p *plan, most int) {
	n := p.objects()
	x.engine, x.envelope, x.plan, x.most = e, env, p, most
	x.at, x.end, x.answered, x.silent, x.silence, x.again = 0, 0, false, 0, nil, false
	if cap(x.values) < n {
		x.values, x.failed = make([]profile.Raw, n), make([]bool, n)
	}
	x.values, x.failed = x.values[:n], x.failed[:n]
	clear(x.values)
	clear(x.failed)
	x.odd, x.arena = x.odd[:0], x.arena[:0]
}

// release gives the memory back; the values are not good any more.
func (x *poll) release() {
	e := x.engine
	x.engine, x.envelope, x.plan, x.call.owner = nil, nil, nil, nil
	e.polls.Put(x)
}

// next makes the request for the objects that follow; nil when all are read.
func (x *poll) next() *call {
	x.at = x.end
	p, n := x.plan, x.plan.objects()
	if x.at >= n {
		x.done <- nil
		return nil
	}
	for room := answerRoom; x.end < n && x.end-x.at < x.most; x.end++ {
		room -= int(p.at[x.end+1]-p.at[x.end]) + numberRoom
		if room < 0 && x.end > x.at {
			break
		}
	}
	return x.ask()
}

// ask makes the request for the objects from at to end.
func (x *poll) ask() *call {
	p := x.plan
	x.call.id, x.call.tries = x.engine.newID(), 0
	x.call.message = x.envelope.seal(x.call.message[:0], x.call.id, p.list[p.at[x.at]:p.at[x.end]])
	return &x.call
}

// answer implements owner.
func (x *poll) answer(datagram []byte) (bool, *call) {
	status, _, bindings, err := x.envelope.open(datagram, x.call.id)
	switch {
	case errors.Is(err, errForeign):
		return false, nil
	case errors.Is(err, errAgain) && !x.again:
		x.again = true
		return true, x.ask()
	case err != nil:
		x.done <- err
		return true, nil
	}
	x.answered, x.again = true, false
	if status != ber.NoError || !x.take(bindings) {
		clear(x.values[x.at:x.end])
		x.odd = append(x.odd, [2]int{x.at, x.end})
	}
	return true, x.next()
}

// fail implements owner.
func (x *poll) fail(err error) *call {
	x.silent++
	if !errors.Is(err, collectors.ErrUnreachable) || !x.answered || x.silent >= silentRequests {
		if x.answered && errors.Is(err, collectors.ErrUnreachable) {
			x.lose(x.at, x.plan.objects()) // what was read before counts
			err = nil
		}
		x.done <- err
		return nil
	}
	x.lose(x.at, x.end)
	return x.next()
}

func (x *poll) lose(from, to int) {
	for i := from; i < to; i++ {
		x.failed[i] = true
	}
}

// take reads the values of an answer that holds exactly the objects asked for,
// in their order; it returns false for any other.
func (x *poll) take(r ber.Reader) bool {
	p := x.plan
	for i := x.at; i < x.end; i++ {
		asked := p.list[p.at[i]:p.at[i+1]]
		value, ok := r.Planned(asked)
		if !ok {
			return false
		}
		if value.Kind == profile.Bytes { // of the datagram, whose memory is used again
			from := len(x.arena)
			x.arena = append(x.arena, value.Bytes...)
			value.Bytes = x.arena[from:len(x.arena):len(x.arena)]
		}
		x.values[i] = value
	}
	return r.Done()
}

// community is the envelope of SNMPv1 and SNMPv2c.
type community struct {
	version int // 0 is SNMPv1, 1 is SNMPv2c
	name    string
}

func (c community) seal(dst []byte, id int32, bindings []byte) []byte {
	return ber.Encode(dst, c.version, c.name, ber.Get, id, 0, 0, bindings)
}

func (c community) open(datagram []byte, id int32) (status, index int, bindings ber.Reader, err error) {
	m, err := ber.Decode(datagram)
	if err != nil || m.PDU != ber.Response || m.ID != id {
		return 0, 0, ber.Reader{}, errForeign
	}
	return m.A, m.B, m.Bindings, nil
}

// odds reads what the poll could not take in the plain way.
func (x *poll) odds(ctx context.Context, s *session) error {
	for _, r := range x.odd {
		if err := x.get(ctx, s, r[0], r[1]); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			x.lose(r[0], r[1])
		}
	}
	return nil
}

// get reads some objects of the plan request by request.
func (x *poll) get(ctx context.Context, s *session, from, to int) error {
	names := make([][]byte, 0, to-from)
	for i := from; i < to; i++ {
		names = append(names, x.plan.name(i))
	}
	values, failed, err := s.get(ctx, names)
	if err != nil {
		return err
	}
	copy(x.values[from:to], values)
	copy(x.failed[from:to], failed)
	return nil
}
