package modbus

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// Range is a stretch of one table, both ends included.
type Range struct {
	Table    string
	From, To uint16
}

// ParseRanges reads ranges such as "holding:0-200,input:5".
func ParseRanges(text string) ([]Range, error) {
	var out []Range
	for _, part := range strings.Split(text, ",") {
		table, span, found := strings.Cut(strings.TrimSpace(part), ":")
		first, last, isRange := strings.Cut(span, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(strings.TrimSpace(first), 0, 16)
		to, err2 := strconv.ParseUint(strings.TrimSpace(last), 0, 16)
		if !found || err1 != nil || err2 != nil || to < from || !slices.Contains(profile.Tables, table) {
			return nil, fmt.Errorf("%q is not like holding:0-200 with table %s and addresses from 0 to 65535", part, strings.Join(profile.Tables, ", "))
		}
		out = append(out, Range{Table: table, From: uint16(from), To: uint16(to)})
	}
	return out, nil
}

// recordBlock is how many registers a sweep asks for at once; devices that
// refuse so many are asked for fewer.
const recordBlock = 32

// maxSilent is how many requests in a row may stay unanswered before a sweep
// gives up.
const maxSilent = 5

// Ranges are the registers that the profile of a learned device reads and those
// that it is recognised by, merged; none before Learn.
func (d *Driver) Ranges() []Range {
	k := d.known
	if k == nil {
		return nil
	}
	var out []Range
	for _, r := range slices.Concat(k.profile.ModbusIdentityNeeds(), k.profile.ModbusMatchNeeds(), k.profile.ModbusRequirements(), k.profile.ModbusNeeds()) {
		if r.Unit != nil {
			continue // of another device
		}
		out = append(out, Range{r.Table, r.Address, uint16(min(int(r.Address)+max(1, int(r.Count))-1, 1<<16-1))})
	}
	for _, s := range k.sunSpec {
		out = append(out, Range{s.table, uint16(s.from), uint16(s.to - 1)})
	}
	return merge(out)
}

func merge(in []Range) []Range {
	slices.SortFunc(in, func(a, b Range) int {
		if a.Table != b.Table {
			return slices.Index(profile.Tables, a.Table) - slices.Index(profile.Tables, b.Table)
		}
		return int(a.From) - int(b.From)
	})
	var out []Range
	for _, r := range in {
		if n := len(out); n > 0 && out[n-1].Table == r.Table && int(r.From) <= int(out[n-1].To)+1 {
			out[n-1].To = max(out[n-1].To, r.To)
			continue
		}
		out = append(out, r)
	}
	return out
}

// Record reads all registers of the ranges that the device has, and what it
// says of itself by functions 43/14 and 17. progress, if not nil, is told how
// many registers were asked for and how many there are to ask for.
func (e *Engine) Record(ctx context.Context, t collectors.Target, ranges []Range, progress func(done, all int)) (*profile.ModbusRecording, error) {
	made, err := e.NewDriver(t)
	if err != nil {
		return nil, err
	}
	d := made.(*Driver)
	defer func() { _ = d.Close() }() // it was only read
	if err := d.connect(ctx); err != nil {
		return nil, err
	}
	s := &sweep{driver: d, pace: d.paceOf(nil), rec: &profile.ModbusRecording{DeviceID: map[int]string{}}, progress: progress}
	ranges = merge(slices.Clone(ranges))
	for _, r := range ranges {
		s.all += int(r.To) - int(r.From) + 1
	}
	if err := s.identify(ctx); err != nil {
		return nil, err
	}
	for _, r := range ranges {
		for from := int(r.From); from <= int(r.To); from += recordBlock {
			if err := s.read(ctx, r.Table, from, min(from+recordBlock-1, int(r.To))); err != nil {
				return s.rec, err
			}
		}
	}
	return s.rec, nil
}

// sweep is one recording that is being made.
type sweep struct {
	driver    *Driver
	pace      pace
	rec       *profile.ModbusRecording
	progress  func(done, all int)
	done, all int
	silent    int
}

func (s *sweep) identify(ctx context.Context) error {
	g, unit := s.driver.gateway, s.driver.target.Modbus.Unit
	for _, category := range []byte{1, 3} {
		objects, err := g.deviceID(ctx, s.pace, unit, category)
		if err != nil {
			break // the function is optional
		}
		for n, text := range objects {
			s.rec.DeviceID[int(n)] = clean([]byte(text))
		}
	}
	if b, err := g.serverID(ctx, s.pace, unit); err == nil {
		s.rec.ServerID = clean(b)
	}
	return ctx.Err()
}

// read keeps the registers from..to, in halves where the device refuses the
// whole.
func (s *sweep) read(ctx context.Context, table string, from, to int) error {
	d := s.driver
	data, err := d.gateway.read(ctx, s.pace, d.target.Modbus.Unit, table, uint16(from), uint16(to-from+1))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		s.silent = 0
		b := block{span: span{unit: d.target.Modbus.Unit, table: table, from: from, to: to + 1}}
		for at := from; at <= to; at++ {
			one := b.part(data, span{unit: b.unit, table: table, from: at, to: at + 1})
			v := uint16(one[0])
			if len(one) > 1 {
				v = v<<8 | uint16(one[1])
			}
			s.rec.Set(profile.Register{Table: table, Address: uint16(at)}, 0, v)
		}
	case unreachable(err):
		if s.silent++; s.silent >= maxSilent {
			return fmt.Errorf("record %s: no answer %d times in a row: %w", d.target.Name, s.silent, err)
		}
	default:
		s.silent = 0
		if from < to {
			middle := (from + to) / 2
			if err := s.read(ctx, table, from, middle); err != nil {
				return err
			}
			return s.read(ctx, table, middle+1, to)
		}
	}
	s.done += to - from + 1
	if s.progress != nil {
		s.progress(s.done, s.all)
	}
	return nil
}
