package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/models"
)

// reader asks one device for blocks and learns from its refusals.
type reader struct {
	progress func(done, all int)
	gateway  *Gateway
	pace     pace
	planner  planner
	// instead names the table that is asked in place of another one that the
	// device has no function for; only where both are the same.
	instead map[string]string
	// missing are functions that the device said it does not have.
	missing map[int]bool
	// pipeline is how many requests the profile lets be under way at once; calm
	// for how many polls it is one all the same.
	pipeline, calm int
	// strayed: the device is asked otherwise than its layout says, because of
	// what it refused.
	strayed bool
}

// outcome is how a round of requests went.
type outcome struct {
	// answers counts requests that were answered, refusals included; lost
	// those that were not.
	answers, lost int
	// refused counts blocks that the device says it does not have.
	refused int
	// err is the last failure.
	err error
}

// maxLost is after how many requests in a row without an answer the others of
// the same unit are not even asked: a dead unit costs its time-out each.
const maxLost = 2

// fetch reads blocks one after the other and puts what comes into their items.
// What a burst has brought already is in tries, by block, or tries is nil. It
// returns the blocks as they should be asked next time. The error is that of
// the context.
func (r *reader) fetch(ctx context.Context, blocks []block, tries []try) ([]block, outcome, error) {
	var out outcome
	lost := map[byte]int{} // in a row, by unit
	next := make([]block, 0, len(blocks))
	// A refused block is replaced by its halves, which are asked at once.
	type job struct {
		block
		try
	}
	work := make([]job, len(blocks))
	for i, b := range blocks {
		x := &work[len(blocks)-1-i]
		x.block = b
		if tries != nil {
			x.try = tries[i]
		}
	}
	for len(work) > 0 {
		if r.progress != nil {
			r.progress(len(next), len(next)+len(work))
		}
		b, first := work[len(work)-1].block, work[len(work)-1].try
		work = work[:len(work)-1]
		if lost[b.unit] >= maxLost && first.data == nil {
			b.set(nil, models.CommFailed)
			out.lost++
			next = append(next, b)
			continue
		}
		data, err := r.ask(ctx, b.span, first)
		if ctx.Err() != nil {
			return blocks, out, ctx.Err()
		}
		switch {
		case err == nil:
			out.answers++
			lost[b.unit] = 0
			b.set(data, models.Good)
			next = append(next, b)
		case exceptionCode(err) != 0 && !unreachable(err): // it is there and says that it cannot
			out.answers++
			out.err = err
			lost[b.unit] = 0
			if divisible(err) {
				if left, right, ok := r.planner.split(b); ok {
					r.strayed = true
					work = append(work, job{block: right}, job{block: left})
					continue
				}
			}
			if refused(err) {
				out.refused++
				r.strayed = true
				b.set(nil, models.Bad)
			} else {
				b.set(nil, models.CommFailed)
				out.lost++
				next = append(next, b)
			}
			for _, x := range b.items {
				x.absent, x.exception = refused(err), exceptionCode(err)
			}
		default:
			lost[b.unit]++
			out.lost++
			out.err = err
			b.set(nil, models.CommFailed)
			next = append(next, b)
		}
	}
	return next, out, nil
}

// divisible tells whether a part of the request may be answered: one of its
// registers is not there, they are too many, or one cannot be read just now.
func divisible(err error) bool {
	switch exceptionCode(err) {
	case modbus.ExceptionCodeIllegalDataAddress, modbus.ExceptionCodeIllegalDataValue, modbus.ExceptionCodeServerDeviceFailure:
		return true
	}
	return false
}

// ask sends one request, by the function that the device has for the table,
// unless a burst has brought the answer.
func (r *reader) ask(ctx context.Context, s span, first try) ([]byte, error) {
	table, own := s.table, s.unit == r.planner.unit
	if t, ok := r.instead[table]; ok && own {
		table = t
	}
	if own && r.missing[function(table)] {
		return nil, fmt.Errorf("read %s: the device has no function %d: %w", s, function(table),
			&modbus.ModbusError{FunctionCode: byte(function(table)), ExceptionCode: modbus.ExceptionCodeIllegalFunction})
	}
	data, err := r.again(ctx, first, func(p pace) ([]byte, error) {
		return r.gateway.read(ctx, p, s.unit, table, uint16(s.from), uint16(s.to-s.from))
	})
	if exceptionCode(err) == modbus.ExceptionCodeIllegalFunction && own {
		r.strayed = true
		if r.planner.shared && r.instead[s.table] == "" {
			r.instead[s.table] = twin(s.table)
			return r.ask(ctx, s, try{})
		}
		r.missing[function(table)] = true
	}
	return data, err
}

// String names the span for errors: "holding 10..13 of unit 1".
func (s span) String() string {
	return fmt.Sprintf("%s of unit %d", s.object(), s.unit)
}

// object names the span within its unit.
func (s span) object() string { return fmt.Sprintf("%s %d..%d", s.table, s.from, s.to-1) }

// set gives every item of the block its part of an answer.
func (b *block) set(data []byte, q models.Quality) {
	for _, x := range b.items {
		x.quality, x.exception = q, 0
		if q != models.Good {
			x.data = nil
			continue
		}
		x.data = b.part(data, x.span)
	}
}

// part cuts the bytes of s out of the answer to b. Registers stay a part of it.
func (b *block) part(data []byte, s span) []byte {
	if !b.bits() {
		return data[2*(s.from-b.from) : 2*(s.to-b.from)]
	}
	dst := make([]byte, 0, s.to-s.from)
	for i := s.from - b.from; i < s.to-b.from; i++ {
		dst = append(dst, data[i/8]>>(i%8)&1)
	}
	return dst
}

// exceptionCode is the code of an exception answer, 0 for any other error.
func exceptionCode(err error) byte {
	var e *modbus.ModbusError
	if errors.As(err, &e) {
		return e.ExceptionCode
	}
	return 0
}

// signedWord reads a register as a signed number, or a bit.
func signedWord(b []byte) int64 {
	if len(b) == 1 {
		return int64(b[0])
	}
	return int64(int16(binary.BigEndian.Uint16(b)))
}
