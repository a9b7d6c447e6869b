package snmp

import (
	"context"
	"errors"
	"fmt"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
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
	// unsure is set while something was read behind the last reading of
	// sysUpTime; the objects before sure were read together with the first.
	unsure bool
	sure   int

	// numbers and qualities are of the points of the plan; raws are objects as
	// they came, of which those are good that are known.
	numbers   []float64
	qualities []models.Quality
	raws      []profile.Raw
	known     []bool
	one       [1]profile.Raw
	lost      bool // a request had no answer
	// odd are ranges of objects whose answer was not the plain one: an error,
	// another order. They are read in another way.
	odd      [][2]int
	arena    []byte // octets of values
	answered bool
	silent   int // requests without an answer
	done     chan error
}

// absent stands, within a poll, for an object that the device does not have.
const absent models.Quality = 0xFF

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
	if e.rates.limit > 0 {
		if err := e.rates.wait(ctx, s.to.Addr(), p.requests(s.most)); err != nil {
			return nil, fmt.Errorf("ask %s: %w", s.to, err)
		}
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
	x.engine, x.envelope, x.plan, x.most = e, env, p, most
	x.at, x.end, x.answered, x.silent, x.again, x.lost = 0, 0, false, 0, false, false
	x.unsure, x.sure = false, 0
	if n := len(p.points); cap(x.numbers) < n {
		x.numbers, x.qualities = make([]float64, n), make([]models.Quality, n)
	}
	if cap(x.raws) < p.raws {
		x.raws, x.known = make([]profile.Raw, p.raws), make([]bool, p.raws)
	}
	x.numbers, x.qualities = x.numbers[:len(p.points)], x.qualities[:len(p.points)]
	x.raws, x.known = x.raws[:p.raws], x.known[:p.raws]
	for i := range x.qualities {
		x.qualities[i] = models.CommFailed
	}
	clear(x.raws)
	clear(x.known)
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
	last := x.plan.last()
	if x.end > last || x.at == 0 && x.end == last {
		x.done <- nil
		return nil
	}
	x.at = x.end
	until := last + 1
	if x.at == 0 {
		until = last
	}
	x.end = x.plan.cut(x.at, until, x.most)
	return x.ask()
}

// cut returns the end of the request that begins with an object: at most so
// many, not behind until, and at least those of one point.
func (p *plan) cut(from, until, most int) int {
	to, room := from, answerRoom
	for next := from; next < until; {
		room -= int(p.objects[next].end-p.objects[next].begin) + numberRoom
		if next++; next < until && p.objects[next].joined {
			continue
		}
		if to > from && (next-from > most || room < 0) {
			break
		}
		to = next
	}
	return to
}

// requests is how many a poll takes.
func (p *plan) requests(most int) int {
	n, last := 1, p.last()
	at := p.cut(0, last, most)
	if at == last {
		return n
	}
	for ; at <= last; n++ {
		at = p.cut(at, last+1, most)
	}
	return n
}

// ask makes the request for the objects from at to end.
func (x *poll) ask() *call {
	p := x.plan
	x.call.id, x.call.tries, x.call.paid = x.engine.newID(), 0, false
	x.call.message = x.envelope.seal(x.call.message[:0], x.call.id, p.list[p.objects[x.at].begin:p.objects[x.end-1].end])
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
		x.forget(x.at, x.end)
		x.odd = append(x.odd, [2]int{x.at, x.end})
		return true, x.next()
	}
	if x.at == 0 {
		x.sure = x.end
	} else {
		x.unsure = x.end <= x.plan.last()
	}
	return true, x.next()
}

// fail implements owner.
func (x *poll) fail(err error) *call {
	x.silent++
	if !errors.Is(err, collectors.ErrUnreachable) || !x.answered || x.silent >= silentRequests {
		if x.answered && errors.Is(err, collectors.ErrUnreachable) {
			x.lost = true // what was read before counts
			err = nil
		}
		x.done <- err
		return nil
	}
	x.lost = true
	return x.next()
}

// forget takes back what was read of some objects.
func (x *poll) forget(from, to int) {
	for _, o := range x.plan.objects[from:to] {
		if o.point >= 0 {
			x.qualities[o.point] = models.CommFailed
		} else {
			x.known[o.raw] = false
		}
	}
}

// set takes the value of an object.
func (x *poll) set(o *object, raw profile.Raw) {
	switch {
	case o.point < 0:
		x.raws[o.raw], x.known[o.raw] = raw, true
	case raw.Kind == profile.None:
		x.qualities[o.point] = absent
	default:
		x.one[0] = raw
		x.numbers[o.point], x.qualities[o.point] = x.plan.points[o.point].decode(x.one[:])
	}
}

// take reads the values of an answer that holds exactly the objects asked for,
// in their order; it returns false for any other.
func (x *poll) take(r ber.Reader) bool {
	p := x.plan
	for i := x.at; i < x.end; i++ {
		o := &p.objects[i]
		tag, content, ok := r.Planned(p.list[o.name : o.end-2])
		if !ok {
			return false
		}
		if o.point >= 0 {
			if n, ok := ber.Whole(tag, content); ok {
				x.numbers[o.point], x.qualities[o.point] = p.points[o.point].whole(n)
				continue
			}
		}
		raw, err := ber.Value(tag, content)
		if err != nil {
			return false
		}
		if raw.Kind == profile.Bytes && o.point < 0 { // of the datagram, whose memory is used again
			from := len(x.arena)
			x.arena = append(x.arena, raw.Bytes...)
			raw.Bytes = x.arena[from:len(x.arena):len(x.arena)]
		}
		x.set(o, raw)
	}
	return r.Done()
}

// readings appends what became of the points. gone counts those whose object
// the device does not have.
func (x *poll) readings(dst []collectors.Reading) (_ []collectors.Reading, gone int) {
	for i := range x.plan.points {
		p := &x.plan.points[i]
		r := collectors.Reading{Index: int(p.index), Value: x.numbers[i], Quality: x.qualities[i]}
		if from, to := p.first, p.first+p.count; p.count > 0 && all(x.known[from:to]) {
			r.Value, r.Quality = p.decode(x.raws[from:to])
			if x.raws[from].Kind == profile.None {
				gone++
			}
		} else if r.Quality == absent {
			r.Quality = models.Bad
			gone++
		}
		if r.Quality != models.Good {
			r.Value = 0
		}
		dst = append(dst, r)
	}
	return dst, gone
}

func all(list []bool) bool {
	for _, x := range list {
		if !x {
			return false
		}
	}
	return true
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
	if err != nil || m.ID != id || !c.answers(&m) {
		return 0, 0, ber.Reader{}, errForeign
	}
	return m.A, m.B, m.Bindings, nil
}

// answers reports whether a message is an answer under this community, as RFC
// 1157 section 4.1.5 has it. Whoever makes answers up has to know it.
func (c community) answers(m *ber.Message) bool {
	return m.PDU == ber.Response && m.Version == c.version && string(m.Community) == c.name
}

// odds reads what the poll could not take in the plain way. What is not
// answered this time either stays as it is: not read.
func (x *poll) odds(ctx context.Context, s *session) error {
	for _, r := range x.odd {
		_ = x.get(ctx, s, r[0], r[1])
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if x.unsure && x.silent < silentRequests {
		_ = x.get(ctx, s, x.plan.last(), x.plan.last()+1)
	}
	if x.unsure { // nobody knows whether it restarted meanwhile
		x.forget(x.sure, x.plan.last())
	}
	return ctx.Err()
}

// get reads some objects of the plan request by request, and sysUpTime behind
// them when it is not in the only request.
func (x *poll) get(ctx context.Context, s *session, from, to int) error {
	last, most := x.plan.last(), s.most
	names := x.plan.names(from, to)
	one := from == 0 && to <= min(last, most)
	if !one && to <= last {
		names = append(names, sysUpTime)
	}
	values, failed, err := s.getJoined(ctx, names, func(i int) bool { return from+i < to && x.plan.objects[from+i].joined })
	if err != nil {
		return err
	}
	for i, raw := range values {
		at := from + i
		if at >= to {
			at = last
		}
		if !failed[i] {
			x.set(&x.plan.objects[at], raw)
		}
	}
	switch {
	case !one:
		x.unsure = failed[len(failed)-1]
	case failed[0] || s.most < most: // there were more requests after all
		x.sure, x.unsure = 0, true
	default:
		x.sure, x.unsure = to, false
		x.raws[len(x.raws)-1] = x.raws[0]
	}
	return nil
}

// clockJitter is how far sysUpTime may go back from one request to the next,
// and clockWrap how near to 497 days it must have come before it begins anew,
// in hundredths of a second.
const (
	clockJitter = 100
	clockWrap   = 10 * 60 * 100
)

// restarted reports whether the agent began anew between the first and the last
// request.
func (x *poll) restarted() bool {
	first, last := x.raws[0], x.raws[len(x.raws)-1]
	if first.Kind != profile.Int || last.Kind != profile.Int {
		return false
	}
	back := first.Int - last.Int
	return back > clockJitter && back < 1<<32-clockWrap
}
