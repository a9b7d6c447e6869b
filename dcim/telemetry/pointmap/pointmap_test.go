package pointmap_test

import (
	"math/rand/v2"
	"testing"

	"github.com/aisle-dcim/aisle/dcim/telemetry/pointmap"
)

func TestMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var m pointmap.Map[int]
	want := map[uint64]int{}
	for i := range 20000 {
		id := r.Uint64N(5000)
		switch r.IntN(20) {
		case 0:
			id = r.Uint64() // anywhere
		case 1:
			id = 1<<26 + r.Uint64N(200) - 100 // around the border of the near pages
		}
		if got := m.Get(id); got != nil && *got != want[id] || got == nil && want[id] != 0 {
			t.Fatalf("%d: %v, want %d", id, got, want[id])
		}
		*m.At(id) = i
		want[id] = i
	}
	var sum, all int
	m.All(func(v *int) { sum += *v })
	for id, v := range want {
		all += v
		if got := m.Get(id); got == nil || *got != v {
			t.Errorf("%d: %v, want %d", id, got, v)
		}
	}
	if sum != all {
		t.Errorf("sum of all %d, want %d", sum, all)
	}
}

func TestValuesDoNotMove(t *testing.T) {
	var m pointmap.Map[int]
	first := m.At(1)
	for id := range uint64(100000) {
		m.At(id)
	}
	*first = 7
	if got := m.Get(1); got != first || *got != 7 {
		t.Error("the value moved")
	}
}
