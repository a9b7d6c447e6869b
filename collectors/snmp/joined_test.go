package snmp

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// The objects of one point are read in one request, however the poll is cut: a
// counter in two words that passes 2^32 between two requests would be wrong
// by that much.
func TestOnePointIsReadInOneRequest(t *testing.T) {
	const outlets, low, high = 100, "1.3.6.1.4.1.9.4.1", "1.3.6.1.4.1.9.4.2"
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(testProfile +
		"  - {key: \"outlet/{n}/energy\", class: energy, unit: Wh, column: " + low + ", high: " + high + ", index: [n], source: t}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n1.3.6.1.2.1.1.3.0|67|1000\n1.3.6.1.4.1.9.1.1.0|66|4200\n")
	for _, column := range []string{low, high} {
		for i := 1; i <= outlets; i++ {
			fmt.Fprintf(&b, "%s.%d|66|1\n", column, i)
		}
	}
	rec, err := profile.ReadRecording(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{1472, 500, 320, 110} { // the last holds two objects and no third
		var (
			mu    sync.Mutex
			asked []map[string]bool // objects of each GET
		)
		table, err := agent.NewTable(rec)
		if err != nil {
			t.Fatal(err)
		}
		a, err := agent.Listen("127.0.0.1:0", table, agent.Options{MaxMessage: room, Before: func(q []byte, _ net.Addr, _ func([]byte)) bool {
			m, err := ber.Decode(q)
			if err != nil || m.PDU != ber.Get {
				return false
			}
			names := map[string]bool{}
			for in := m.Bindings; !in.Done(); {
				name, _, _, err := in.Binding()
				if err != nil {
					t.Error(err)
					break
				}
				names[string(name)] = true
			}
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, names)
			return false
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		e, _, target := start(t, 1, agent.Options{})
		e.SetLibrary(lib)
		target.Address = a.Addr()
		d := learnedBy(t, e, target)
		mu.Lock()
		asked = nil
		mu.Unlock()
		for range 3 {
			readings, err := d.Read(t.Context(), []string{"fast", "slow"}, nil)
			if n := goodOf(readings); n != outlets+1 || err != nil {
				t.Errorf("messages of %d bytes: %d good values of %d, %v", room, n, outlets+1, err)
			}
			for _, r := range readings {
				if r.Value != 1<<32+1 && r.Value != 4200 {
					t.Errorf("messages of %d bytes: read %v", room, r.Value)
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for i := 1; i <= outlets; i++ {
			l, _ := encode(fmt.Sprintf("%s.%d", low, i))
			h, _ := encode(fmt.Sprintf("%s.%d", high, i))
			for _, names := range asked {
				if names[string(l)] != names[string(h)] {
					t.Fatalf("messages of %d bytes: outlet %d was read in two requests", room, i)
				}
			}
		}
	}
}
