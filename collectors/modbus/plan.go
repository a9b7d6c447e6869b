package modbus

import (
	"cmp"
	"slices"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// span is a run of registers or bits that must come from one request: a value,
// or a value with the registers that tell its scale or validity.
type span struct {
	unit  byte
	table string
	// from is the first address, to the one behind the last.
	from, to int
}

func (s span) bits() bool { return s.table == tableCoil || s.table == tableDiscrete }

// item is a span with what the device last held there.
type item struct {
	span
	// data is as on the wire for registers and one byte for each bit; it counts
	// only when quality is Good.
	data    []byte
	quality models.Quality
	// absent: the device answered that it has no such registers.
	absent bool
	// exception is the code of the last answer when it was one.
	exception byte
}

// block is one request and the items that it answers, in order of address.
type block struct {
	span
	items []*item
}

// cut is a place where two spans must not be read by one request, because the
// device refused a request across it.
type cut struct {
	unit  byte
	table string
	at    int // the first address behind the cut
}

// planner makes requests of spans.
type planner struct {
	// most registers in one request; bits have the protocol's own limit.
	most int
	// readable are ranges that the device, under its own unit id, answers as a
	// whole, gaps included.
	unit     byte
	readable []profile.Block
	// shared: holding and input are the same registers, coil and discrete the
	// same bits, so that readable counts for both.
	shared bool
	// zeroHoles: a request that begins at a defined register may run over
	// undefined ones.
	zeroHoles bool
	// alone keeps every span in a request of its own.
	alone bool
	cuts  map[cut]bool
}

// maxHole bounds how many registers are read for nothing where gaps are
// readable: beyond that a second request is no dearer.
const maxHole = 32

// plan packs items into requests. Every item lies whole in one request, and no
// request runs over registers that nobody said can be read. Items that the
// device does not have are left out.
func (p *planner) plan(items []*item) []block {
	sorted := make([]*item, 0, len(items))
	for _, x := range items {
		if !x.absent {
			sorted = append(sorted, x)
		}
	}
	slices.SortStableFunc(sorted, func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.table, b.table), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	var out []block
	for _, x := range sorted {
		if n := len(out) - 1; n >= 0 && p.joins(out[n].span, x.span) {
			out[n].to = max(out[n].to, x.to)
			out[n].items = append(out[n].items, x)
			continue
		}
		out = append(out, block{span: x.span, items: []*item{x}})
	}
	return out
}

// limit is the most addresses in one request of a table.
func (p *planner) limit(s span) int {
	if s.bits() {
		return maxBits
	}
	if p.most > 0 {
		return min(p.most, maxRegisters)
	}
	return maxRegisters
}

// joins tells whether s may be read by the request that reads b; s does not
// begin before b.
func (p *planner) joins(b, s span) bool {
	if p.alone || b.unit != s.unit || b.table != s.table {
		return false
	}
	if max(b.to, s.to)-b.from > p.limit(b) || p.cuts[cut{s.unit, s.table, s.from}] {
		return false
	}
	gap := s.from - b.to
	return gap <= 0 || gap <= maxHole && p.fills(b.unit, b.table, b.to, s.from)
}

// fills tells whether a request may run over the undefined registers from up
// to, but not including, to.
func (p *planner) fills(unit byte, table string, from, to int) bool {
	if p.zeroHoles {
		return true
	}
	if unit != p.unit {
		return false
	}
	for _, r := range p.readable {
		if (r.Table == table || p.shared && twin(r.Table) == table) && r.Register <= from && to <= r.Register+r.Count {
			return true
		}
	}
	return false
}

// split divides a refused request between two of its spans, where the widest
// gap is, or in the middle. It remembers the cut. A request of one span cannot
// be divided: ok is false.
func (p *planner) split(b block) (first, second block, ok bool) {
	if len(b.items) < 2 {
		return b, block{}, false
	}
	at, widest := len(b.items)/2, 0
	end := b.items[0].to
	for i := 1; i < len(b.items); i++ {
		if gap := b.items[i].from - end; gap > widest {
			at, widest = i, gap
		}
		end = max(end, b.items[i].to)
	}
	if p.cuts == nil {
		p.cuts = map[cut]bool{}
	}
	p.cuts[cut{b.unit, b.table, b.items[at].from}] = true
	return newBlock(b.items[:at]), newBlock(b.items[at:]), true
}

func newBlock(items []*item) block {
	b := block{span: items[0].span, items: items}
	for _, s := range items {
		b.to = max(b.to, s.to)
	}
	return b
}

// twin is the table that holds the same values on devices with shared tables.
func twin(table string) string {
	switch table {
	case tableHolding:
		return tableInput
	case tableInput:
		return tableHolding
	case tableCoil:
		return tableDiscrete
	case tableDiscrete:
		return tableCoil
	}
	return table
}

// function is the code that reads a table.
func function(table string) int {
	switch table {
	case tableCoil:
		return 1
	case tableDiscrete:
		return 2
	case tableInput:
		return 4
	}
	return 3
}
