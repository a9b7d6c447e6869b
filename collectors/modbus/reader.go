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

// fetch reads blocks and puts what comes into their items. It returns the
// blocks as they should be asked next time. The error is that of the context.
func (r *reader) fetch(ctx context.Context, blocks []block) ([]block, outcome, error) {
	var out outcome
	lost := map[byte]int{} // in a row, by unit
	next := make([]block, 0, len(blocks))
	// A refused block is replaced by its halves, which are asked at once.
	work := make([]block, len(blocks))
	for i, b := range blocks {
		work[len(blocks)-1-i] = b
	}
	for len(work) > 0 {
		if r.progress != nil {
			r.progress(len(next), len(next)+len(work))
		}
		b := work[len(work)-1]
		work = work[:len(work)-1]
		if lost[b.unit] >= maxLost {
			b.set(nil, models.CommFailed)
			out.lost++
			next = append(next, b)
			continue
		}
		data, err := r.ask(ctx, b.span)
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
				if first, second, ok := r.planner.split(b); ok {
					work = append(work, second, first)
					continue
				}
			}
			if refused(err) {
				out.refused++
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

// ask sends one request, by the function that the device has for the table.
func (r *reader) ask(ctx context.Context, s span) ([]byte, error) {
	table, own := s.table, s.unit == r.planner.unit
	if t, ok := r.instead[table]; ok && own {
		table = t
	}
	if own && r.missing[function(table)] {
		return nil, fmt.Errorf("read %s: the device has no function %d: %w", s, function(table),
			&modbus.ModbusError{FunctionCode: byte(function(table)), ExceptionCode: modbus.ExceptionCodeIllegalFunction})
	}
	data, err := r.gateway.read(ctx, r.pace, s.unit, table, uint16(s.from), uint16(s.to-s.from))
	if exceptionCode(err) == modbus.ExceptionCodeIllegalFunction && own {
		if r.planner.shared && r.instead[s.table] == "" {
			r.instead[s.table] = twin(s.table)
			return r.ask(ctx, s)
		}
		r.missing[function(table)] = true
	}
	return data, err
}

// String names the span for errors: "holding 10..13 of unit 1".
func (s span) String() string {
	return fmt.Sprintf("%s %d..%d of unit %d", s.table, s.from, s.to-1, s.unit)
}

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
