package modbus

import (
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// FuzzPlan checks what every plan must keep to, and that whatever a device
// answers goes through the decoder of every type without harm.
func FuzzPlan(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 2, 2, 1, 0, 4, 1}, byte(125), byte(0), byte(10), byte(50), false)
	f.Add([]byte{0, 255, 255, 4, 3, 0, 1, 1, 3, 7, 200, 1}, byte(2), byte(3), byte(0), byte(255), true)
	f.Fuzz(func(t *testing.T, raw []byte, most, cuts, from, count byte, zero bool) {
		tables := []string{tableHolding, tableInput, tableCoil, tableDiscrete}
		var items []*item
		seen := map[span]bool{}
		for ; len(raw) >= 4; raw = raw[4:] {
			size := 1 + int(raw[3])%32
			table := tables[raw[0]%4]
			if raw[0]%4 >= 2 {
				size = 1
			}
			s := span{unit: raw[0] / 128, table: table, from: int(raw[1])<<8 | int(raw[2])}
			s.to = min(s.from+size, 1<<16)
			if s.to-s.from > max(1, min(int(most), maxRegisters)) || seen[s] {
				continue // a value larger than the device takes cannot be planned
			}
			seen[s] = true
			items = append(items, &item{span: s})
		}
		p := &planner{most: int(most % 126), readable: []profile.Block{{Table: tableHolding, Register: int(from), Count: int(count)}}, zeroHoles: zero}
		blocks := p.plan(items)
		check(t, p, blocks, len(items))
		// Refusals split until single items are left.
		for range cuts {
			for i, b := range blocks {
				if first, second, ok := p.split(b); ok {
					blocks = append(blocks[:i:i], append([]block{first, second}, blocks[i+1:]...)...)
					break
				}
			}
			check(t, p, blocks, len(items))
		}
		check(t, p, p.plan(items), len(items))
	})
}

func check(t *testing.T, p *planner, blocks []block, items int) {
	t.Helper()
	n := 0
	for _, b := range blocks {
		size := b.to - b.from
		single := len(b.items) == 1
		if size < 1 || b.to > 1<<16 || size > p.limit(b.span) && !single {
			t.Errorf("request %s of %d", b.span, size)
		}
		data := make([]byte, 2*size)
		if b.bits() {
			data = make([]byte, (size+7)/8)
		}
		b.set(data, models.Good)
		end := b.from
		for _, x := range b.items {
			n++
			if x.unit != b.unit || x.table != b.table || x.from < b.from || x.to > b.to {
				t.Errorf("%s is not in its request %s", x.span, b.span)
			}
			if want := x.to - x.from; !b.bits() && len(x.data) != 2*want || b.bits() && len(x.data) != want {
				t.Errorf("%s got %d bytes", x.span, len(x.data))
			}
			if x.from > end && !p.fills(b.unit, b.table, end, x.from) {
				t.Errorf("request %s runs over %d..%d, which nobody said can be read", b.span, end, x.from-1)
			}
			end = max(end, x.to)
		}
	}
	if n != items {
		t.Errorf("%d of %d values are asked for", n, items)
	}
}

// FuzzDecode puts whatever a device may answer through every point of every
// built-in Modbus profile.
func FuzzDecode(f *testing.F) {
	lib := library(f)
	f.Add([]byte{0x7F, 0xC0, 0, 0, 0x80, 0, 0xFF, 0xFF})
	f.Add([]byte{0, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, p := range lib.All() {
			if p.Protocol != profile.Modbus {
				continue
			}
			d, err := p.ResolveModbus(pattern(raw))
			if err != nil {
				continue // a selector may leave nothing
			}
			for i := range d.Points {
				v, q := d.Points[i].Initial()
				if q == models.Good && (v != v || v-v != 0) {
					t.Errorf("%s %s: good %v", p.Name, d.Points[i].Spec.Key, v)
				}
			}
		}
	})
}

// pattern is a device that holds the same bytes everywhere.
type pattern []byte

func (p pattern) Registers(r profile.Register) ([]byte, bool) {
	if len(p) == 0 {
		return nil, false
	}
	if r.Bit() {
		return []byte{p[0] & 1}, true
	}
	out := make([]byte, 2*int(r.Count))
	for i := range out {
		out[i] = p[(int(r.Address)+i)%len(p)]
	}
	return out, true
}

func BenchmarkRead(b *testing.B) {
	lib := library(b)
	d := newDevice(tableInput, nil)
	p, _ := lib.Get("eastron-sdm630")
	for _, r := range p.ModbusNeeds() {
		for i := range int(r.Count) {
			d.set(1, r.Table, int(r.Address)+i, uint16(0x4000+i))
		}
	}
	bench := newBench(b, d, lib, p.Name)
	bench.learn()
	groups := allGroups(bench.l)
	var dst []collectors.Reading
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = bench.driver.Read(b.Context(), groups, dst[:0]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(dst)), "points/op")
}

func BenchmarkPlan(b *testing.B) {
	var items []*item
	for i := range 1000 {
		items = append(items, &item{span: span{unit: byte(i % 3), table: tableHolding, from: i * 3, to: i*3 + 2}})
	}
	p := &planner{readable: []profile.Block{{Table: tableHolding, Register: 0, Count: 3000}}}
	for b.Loop() {
		if len(p.plan(items)) == 0 {
			b.Fatal("no plan")
		}
	}
}
