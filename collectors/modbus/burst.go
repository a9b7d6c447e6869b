package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// frameSize is the length of a request of Modbus TCP that reads a table.
const frameSize = mbapSize + 5

// try is what became of a request of a plan that was sent in a burst. One that
// was not sent has neither data nor err.
type try struct {
	// data are registers or bits as on the wire.
	data []byte
	err  error
}

func (t try) answered() bool { return t.data != nil || t.err != nil }

// scratch is the memory of one poll, which no device holds between polls.
type scratch struct {
	in    [2048]byte // frames as they come
	out   []byte     // requests
	data  []byte     // of all blocks of a plan
	tries []try      // by block
	held  []held     // by item
	raws  []profile.Raw
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// reset makes room for the answers to a plan.
func (s *scratch) reset(p *plan) {
	s.data = room(s.data, p.size)
	s.tries = room(s.tries, len(p.blocks))
	clear(s.tries)
}

// room returns n elements of any content, in the memory of a if it suffices.
func room[T any](a []T, n int) []T {
	if cap(a) < n {
		return make([]T, n)
	}
	return a[:n]
}

// hold gives every item its part of the data when all blocks were answered.
func (s *scratch) hold(p *plan) {
	for i := range p.blocks {
		if b := &p.blocks[i]; b.bits() {
			spread(s.data[b.from:b.to])
		}
	}
	s.held = room(s.held, len(p.items))
	for i := range p.items {
		x := &p.items[i]
		s.held[i] = held{data: s.data[x.from:x.to], quality: models.Good}
	}
}

// spread turns bits, eight to a byte and least significant first, into a byte
// for each in the same place.
func spread(b []byte) {
	for i := len(b) - 1; i >= 0; i-- { // a byte is overwritten when its bits are taken
		b[i] = b[i/8] >> (i % 8) & 1
	}
}

// burst sends the requests of a plan over Modbus TCP, each once and at most
// most of them under way at once, and puts what comes into s.tries. It stops
// at the first that is not answered.
func (g *Gateway) burst(ctx context.Context, p pace, most int, plan *plan, s *scratch) {
	s.reset(plan)
	p = g.paceOf(p)
	for first := 0; first < len(plan.blocks); first += most {
		if !g.together(ctx, p, plan, s, first, min(first+most, len(plan.blocks))) {
			return
		}
	}
}

// together sends the requests of the blocks from first up to, but not
// including, end at once. It returns false when not all were answered.
func (g *Gateway) together(ctx context.Context, p pace, plan *plan, s *scratch, first, end int) bool {
	if err := g.take(ctx); err != nil {
		s.tries[first].err = err
		return false
	}
	defer g.give()
	for {
		kept := g.conn != nil
		answers, err := g.converse(ctx, p.timeout, plan, s, first, end)
		g.last = time.Now()
		if err == nil {
			return true
		}
		if kept && answers == 0 && errors.Is(err, errClosed) && ctx.Err() == nil {
			continue // an idle connection that the other side gave up counts for nothing
		}
		for i := first; i < end; i++ {
			if x := &s.tries[i]; !x.answered() {
				x.err = err
			}
		}
		return false
	}
}

// converse is together once the turn is ours. It returns the number of
// requests that were answered, refusals included.
func (g *Gateway) converse(ctx context.Context, timeout time.Duration, plan *plan, s *scratch, first, end int) (int, error) {
	g.requests.Add(uint64(end - first))
	if err := g.silence(ctx); err != nil {
		return 0, err
	}
	if g.conn != nil {
		g.watch(ctx)
	} else if err := g.connect(ctx, g.deadline(ctx, timeout)); err != nil {
		return 0, err
	}
	answers, err := g.exchange(ctx, timeout, plan, s, first, end)
	if err != nil {
		// Whatever else arrives on this connection could be taken for the
		// answer to a later question.
		g.drop()
		err = g.describe(err, timeout)
	}
	return answers, err
}

// exchange writes the requests and takes frames until each is answered, in
// whatever order.
func (g *Gateway) exchange(ctx context.Context, timeout time.Duration, plan *plan, s *scratch, first, end int) (answers int, err error) {
	if err := g.arm(ctx, timeout); err != nil {
		return 0, err
	}
	base, count := g.id+1, end-first
	g.id += uint16(count)
	s.out = append(s.out[:0], plan.frames[first*frameSize:end*frameSize]...)
	for i := range count {
		binary.BigEndian.PutUint16(s.out[i*frameSize:], base+uint16(i))
	}
	if _, err := g.conn.Write(s.out); err != nil {
		return 0, err
	}
	in := s.in[:copy(s.in[:], g.rest)]
	g.rest = nil // it is hardly ever needed again
	foreign := 0
	for {
		before := answers
		for answers < count {
			size, err := frameLength(in)
			if err != nil {
				return answers, err
			}
			if size == 0 || size > len(in) {
				break
			}
			frame := in[:size]
			in = in[size:]
			i := first + int(binary.BigEndian.Uint16(frame)-base)
			if i >= end || s.tries[i].answered() {
				g.foreign.Add(1)
				if foreign++; foreign >= maxForeign {
					return answers, malformed("%d frames answer other requests", maxForeign)
				}
				continue
			}
			if err := g.accept(frame, s.out[(i-first)*frameSize:], &plan.blocks[i], s.data, &s.tries[i]); err != nil {
				return answers, err
			}
			answers++
		}
		if answers == count {
			if len(in) > 0 {
				g.rest = slices.Clone(in)
			}
			return answers, nil
		}
		if answers > before { // each of them may take its time
			if err := g.arm(ctx, timeout); err != nil {
				return answers, err
			}
		}
		n := copy(s.in[:], in)
		k, err := g.conn.Read(s.in[n:])
		if err != nil {
			return answers, err
		}
		in = s.in[:n+k]
	}
}

// accept checks an answer against its request and keeps what it says.
func (g *Gateway) accept(frame, request []byte, b *plannedBlock, data []byte, to *try) error {
	if err := verify(frame[6:], request[6:frameSize]); err != nil {
		return err
	}
	if function := frame[7]; function&0x80 != 0 {
		g.exceptions.Add(1)
		to.err = g.exception(b.unit, b.object(), &modbus.ModbusError{FunctionCode: function, ExceptionCode: frame[8]})
		return nil
	}
	to.data = data[b.from : b.from+copy(data[b.from:b.to], frame[9:])]
	return nil
}

// calmPolls is for how many polls a device is asked one thing at a time after
// it left something unanswered that was asked together with others, or said
// that it was busy.
const calmPolls = 100

// most is how many requests may be under way at once.
func (r *reader) most() int {
	if r.calm > 0 || r.gateway.gap.Load() > 0 {
		return 1
	}
	return max(1, r.pipeline)
}

// poll asks for what a plan needs and puts it into s.held. The error is that
// of the context.
func (r *reader) poll(ctx context.Context, p *poll, s *scratch) (outcome, error) {
	var tries []try
	if p.items == nil && !r.gateway.opt.Serial {
		most := r.most()
		r.calm = max(0, r.calm-1)
		r.gateway.burst(ctx, r.pace, most, p.plan, s)
		if ctx.Err() != nil {
			return outcome{}, ctx.Err()
		}
		lost, good := 0, 0
		for _, t := range s.tries {
			switch {
			case t.data != nil:
				good++
			case t.err != nil && (exceptionCode(t.err) == 0 || passing(exceptionCode(t.err)) || unreachable(t.err)):
				lost++ // it may have been too much at once
			}
		}
		if good == len(s.tries) {
			s.hold(p.plan)
			return outcome{answers: good}, nil
		}
		if lost > 0 && most > 1 {
			r.calm = calmPolls
		}
		tries = s.tries
	}
	p.unfold()
	blocks, out, err := r.fetch(ctx, p.blocks, tries)
	if err != nil {
		return out, err
	}
	if len(blocks) > 0 { // one is always asked, or nobody would see it die
		p.blocks = blocks
	}
	s.held = room(s.held, len(p.items))
	for i, x := range p.items {
		s.held[i] = held{data: x.data, quality: x.quality}
	}
	if out.err == nil && out.lost == 0 && !r.strayed {
		p.items, p.blocks = nil, nil
	}
	return out, nil
}

// again asks for what a burst did not bring, as far as retries are left.
func (r *reader) again(ctx context.Context, t try, ask func(pace) ([]byte, error)) ([]byte, error) {
	if t.data != nil {
		return slices.Clone(t.data), nil // it outlives the scratch memory
	}
	p := r.gateway.paceOf(r.pace)
	if t.err != nil {
		code := exceptionCode(t.err)
		if code != 0 && !passing(code) || p.retries <= 0 {
			return nil, t.err
		}
		if p.retries--; p.retries == 0 {
			p.retries = -1
		}
		if code != 0 {
			if err := wait(ctx, busyPause); err != nil {
				return nil, err
			}
		}
	}
	return ask(p)
}
