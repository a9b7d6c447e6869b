package modbus

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// layout is what polling needs of a learned device: the points with their
// registers and decoders, without names and texts. Devices that are alike in
// this share one.
type layout struct {
	points  []layoutPoint
	require []span // the registers that the device's settings stand in
	// planner and instead are as they were when the device had been learned.
	planner planner
	instead map[string]string

	mu    sync.Mutex
	plans map[string]*plan // by groups
}

// layoutPoint is a point and where its numbers are.
type layoutPoint struct {
	group  string
	index  int // in what was learned
	value  spot
	extras []spot
	guards []spot
	wants  [][]byte // what each of guards held when the device was learned
	decode func([]profile.Raw) (float64, models.Quality)
	bytes  func([]byte) (float64, models.Quality) // instead of decode, where it can
}

// spot is registers inside a span that comes from one answer.
type spot struct {
	host span
	// at and size are in bytes of the span's data.
	at, size int
}

// plan is a prepared poll of some groups.
type plan struct {
	wants []want
	// items are the spans that wants look at, and where their data are in the
	// data of all blocks.
	items []part
	// require are the items that the device's settings stand in.
	require []int
	blocks  []plannedBlock
	// frames are the requests of blocks, each frameSize long.
	frames []byte
	size   int // of the data of all blocks
}

// plannedBlock is one request of a plan and the items that it answers.
type plannedBlock struct {
	span
	items    []int
	from, to int // in the data of all blocks
}

// part is a span and its place in the data of all blocks.
type part struct {
	span
	from, to int
}

// want is one point of a plan.
type want struct {
	index  int
	value  place
	extras []place
	guards []guard
	decode func([]profile.Raw) (float64, models.Quality)
	bytes  func([]byte) (float64, models.Quality)
}

// place is a register of an item.
type place struct {
	item int
	// at and size are in bytes of the item's data.
	at, size int
}

// guard is a register that must still hold what it held when learned.
type guard struct {
	place
	want []byte
}

// held is what an item holds: registers as on the wire, or a byte for each
// bit. The data count only when quality is Good.
type held struct {
	data    []byte
	quality models.Quality
}

func (p place) bytes(h []held) []byte { return h[p.item].data[p.at : p.at+p.size] }

// width is how many bytes a register or a bit takes in the data of an item.
func (s span) width() int {
	if s.bits() {
		return 1
	}
	return 2
}

// newLayout takes out of a learned device what polling needs, and a text that
// is the same for devices which are polled alike.
func (k *knowledge) newLayout() (*layout, []byte) {
	l := &layout{planner: k.reader.planner, instead: maps.Clone(k.reader.instead), plans: map[string]*plan{}}
	l.planner.cuts = maps.Clone(l.planner.cuts)
	text := fmt.Appendf(nil, "%+v %v\n", l.planner, l.instead)
	for _, r := range k.profile.ModbusRequirements() {
		s := k.units.span(r)
		l.require = append(l.require, s)
		text = fmt.Appendf(text, "%v\n", s)
	}
	for i := range k.device.Points {
		r := &k.device.Points[i]
		if r.Register == nil {
			continue
		}
		x := k.locate(r)
		x.index = i
		l.points = append(l.points, x)
		text = fmt.Appendf(text, "%d %v %v %v %x ", i, x.value, x.extras, x.guards, x.wants)
		text = r.AppendFingerprint(text)
	}
	return l, text
}

// locate finds where the registers of a point are: together in one span where
// they lie close enough, so that they come from one answer.
func (k *knowledge) locate(r *profile.Resolved) layoutPoint {
	own := k.units.span(*r.Register)
	all := own
	others := make([]span, 0, len(r.ExtraRegisters)+len(r.Guards))
	for _, x := range slices.Concat(r.ExtraRegisters, r.Guards) {
		s := k.units.span(x)
		others = append(others, s)
		if s.unit == own.unit && s.table == own.table {
			if wider := join(all, s); k.view.covers(&k.reader.planner, wider) {
				all = wider
			}
		}
	}
	spotOf := func(s span) spot {
		host := s
		if s.unit == all.unit && s.table == all.table && all.from <= s.from && s.to <= all.to {
			host = all
		}
		return spot{host: host, at: s.width() * (s.from - host.from), size: s.width() * (s.to - s.from)}
	}
	p := layoutPoint{group: r.Spec.Group, value: spotOf(own), decode: r.Decode, bytes: r.Bytes}
	for i, s := range others {
		if i < len(r.ExtraRegisters) {
			p.extras = append(p.extras, spotOf(s))
		} else {
			p.guards = append(p.guards, spotOf(s))
			p.wants = append(p.wants, k.view.data[s])
		}
	}
	return p
}

func join(a, b span) span {
	a.from, a.to = min(a.from, b.from), max(a.to, b.to)
	return a
}

// plan prepares the requests of some groups.
func (l *layout) plan(groups []string) *plan {
	groups = slices.Sorted(slices.Values(groups))
	key := strings.Join(groups, "\x00")
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.plans[key]; ok {
		return p
	}
	p := &plan{}
	at := map[span]int{}
	item := func(s span) int {
		i, ok := at[s]
		if !ok {
			i = len(p.items)
			at[s] = i
			p.items = append(p.items, part{span: s})
		}
		return i
	}
	placeOf := func(s spot) place { return place{item: item(s.host), at: s.at, size: s.size} }
	for i := range l.points {
		x := &l.points[i]
		if !slices.Contains(groups, x.group) {
			continue
		}
		w := want{index: x.index, decode: x.decode, bytes: x.bytes, value: placeOf(x.value)}
		for _, s := range x.extras {
			w.extras = append(w.extras, placeOf(s))
		}
		for i, s := range x.guards {
			w.guards = append(w.guards, guard{place: placeOf(s), want: x.wants[i]})
		}
		p.wants = append(p.wants, w)
	}
	for _, s := range l.require {
		p.require = append(p.require, item(s))
	}
	p.pack(&l.planner, l.instead, at)
	l.plans[key] = p
	return p
}

// pack makes requests of the items; at gives their places by span.
func (p *plan) pack(by *planner, instead map[string]string, at map[span]int) {
	for _, b := range by.plan(p.loose()) {
		x := plannedBlock{span: b.span, from: p.size}
		for _, i := range b.items {
			n := at[i.span]
			x.items = append(x.items, n)
			p.items[n].from = x.from + b.width()*(i.from-b.from)
			p.items[n].to = x.from + b.width()*(i.to-b.from)
		}
		p.size += b.width() * (b.to - b.from)
		x.to = p.size
		p.blocks = append(p.blocks, x)
		table := b.table
		if b.unit == by.unit {
			table = cmp.Or(instead[table], table)
		}
		address := binary.BigEndian.AppendUint16(nil, uint16(b.from))
		p.frames = append(p.frames, tcpFraming{}.encode(0, b.unit, &modbus.ProtocolDataUnit{
			FunctionCode: byte(function(table)), Data: binary.BigEndian.AppendUint16(address, uint16(b.to-b.from)),
		})...)
	}
}

// loose are items of one device for the items of the plan, without an answer.
func (p *plan) loose() []*item {
	out := make([]*item, len(p.items))
	for i, x := range p.items {
		out[i] = &item{span: x.span, quality: models.Bad}
	}
	return out
}

// decode appends a reading for each point, as far as the device's settings
// can be trusted. It tells whether a register has changed that decides what a
// point means.
func (p *plan) decode(s *scratch, trusted bool, dst []collectors.Reading) ([]collectors.Reading, bool) {
	h, changed := s.held, false
	for i := range p.wants {
		w := &p.wants[i]
		r := collectors.Reading{Index: w.index, Quality: w.quality(h)}
		if r.Quality == models.Good && !trusted {
			r.Quality = models.Bad
		}
		if r.Quality == models.Good && w.moved(h) {
			r.Quality, changed = models.Bad, true
		}
		if r.Quality == models.Good {
			if w.bytes != nil {
				r.Value, r.Quality = w.bytes(w.value.bytes(h))
			} else {
				s.raws = w.raws(p, h, s.raws[:0])
				r.Value, r.Quality = w.decode(s.raws)
			}
			if r.Quality != models.Good {
				r.Value = 0
			}
		}
		dst = append(dst, r)
	}
	return dst, changed
}

// quality is that of the worst of the registers.
func (w *want) quality(h []held) models.Quality {
	q := h[w.value.item].quality
	for _, x := range w.extras {
		q = max(q, h[x.item].quality)
	}
	for _, x := range w.guards {
		q = max(q, h[x.item].quality)
	}
	return q
}

// moved tells whether a register that decides the meaning has changed.
func (w *want) moved(h []held) bool {
	for _, g := range w.guards {
		if string(g.bytes(h)) != string(g.want) {
			return true
		}
	}
	return false
}

func (w *want) raws(p *plan, h []held, dst []profile.Raw) []profile.Raw {
	b := w.value.bytes(h)
	if p.items[w.value.item].bits() {
		dst = append(dst, profile.Raw{Kind: profile.Int, Int: int64(b[0])})
	} else {
		dst = append(dst, profile.Raw{Kind: profile.Bytes, Bytes: b})
	}
	for _, x := range w.extras {
		dst = append(dst, profile.Raw{Kind: profile.Int, Int: signedWord(x.bytes(h))})
	}
	return dst
}
