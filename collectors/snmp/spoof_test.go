package snmp

import (
	"errors"
	"math/bits"
	"net"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// An answer in another version or under another community than the request is
// no answer, in walks and in polls: it is counted as foreign, and the honest one
// behind it counts.
func TestAnswersOfAnotherCommunity(t *testing.T) {
	for _, x := range []struct {
		name      string
		version   int
		community string
	}{{"another community", 1, "somebody else"}, {"no community", 1, ""}, {"another version", 0, "public"}} {
		for _, only := range []bool{false, true} {
			honest, err := agent.NewTable(testRecording(70))
			if err != nil {
				t.Fatal(err)
			}
			e, _, target := start(t, 70, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
				m, err := ber.Decode(poison(answerOf(honest, q), 0))
				if err != nil {
					t.Error(err)
					return false
				}
				write(ber.Encode(nil, x.version, x.community, m.PDU, m.ID, m.A, m.B, m.Bindings.Rest()))
				return only
			}})
			got, err := readAll(t, e, target)
			if only != errors.Is(err, collectors.ErrUnreachable) || !only && err != nil {
				t.Errorf("%s: %v", x.name, err)
			}
			for key, r := range got {
				if r.Quality != models.Good || r.Value == 8.5 || r.Value == 0x55 {
					t.Errorf("%s: %s is %v, %s", x.name, key, r.Value, r.Quality)
				}
			}
			if s := e.Stats(); s.Foreign == 0 {
				t.Errorf("%s: %+v", x.name, s)
			}
		}
	}
}

// That somebody says so under another community does not make a SET done.
func TestWriteAnsweredUnderAnotherCommunity(t *testing.T) {
	want := []byte{1, 3, 6}
	x := &setting{envelope: community{1, "private"}, name: want, result: make(chan error, 1)}
	x.call.id = 7
	answer := func(version int, name string) []byte {
		return ber.Encode(nil, version, name, ber.Response, 7, 0, 0, ber.AppendBinding(nil, want, 2, []byte{1}))
	}
	for _, b := range [][]byte{answer(1, "public"), answer(0, "private"), answer(1, "")} {
		if ok, _ := x.answer(b); ok {
			t.Errorf("taken: %x", b)
		}
	}
	if ok, _ := x.answer(answer(1, "private")); !ok {
		t.Error("the honest answer is not taken")
	} else if err := <-x.result; err != nil {
		t.Error(err)
	}
}

// No id comes twice, and one says nothing about the next: half of the bits are
// others, under each key in another way.
func TestRequestIDs(t *testing.T) {
	const n = 1 << 18
	var last []int32
	for range 2 {
		g := newIDs()
		seen := make(map[int32]bool, n)
		var first []int32
		differ, steps := 0, map[int32]int{}
		before := g.next()
		seen[before] = true
		for range n - 1 {
			id := g.next()
			if id < 0 || seen[id] {
				t.Fatalf("id %d", id)
			}
			seen[id] = true
			differ += bits.OnesCount32(uint32(id ^ before))
			steps[id-before]++
			if before = id; len(first) < 100 {
				first = append(first, id)
			}
		}
		if mean := float64(differ) / (n - 1); mean < 15.4 || mean > 15.6 {
			t.Errorf("%.2f of 31 bits differ from one id to the next", mean)
		}
		for step, times := range steps {
			if times > 8 {
				t.Errorf("%d times the next id is %d further", times, step)
			}
		}
		if last != nil && first[0] == last[0] && first[1] == last[1] {
			t.Error("two keys give the same ids")
		}
		last = first
	}
}

func BenchmarkRequestID(b *testing.B) {
	g := newIDs()
	for b.Loop() {
		g.next()
	}
}
