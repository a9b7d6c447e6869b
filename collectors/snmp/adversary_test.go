package snmp

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// weather spoils what an agent says: answers come late, twice, in another
// order, cut off, with something behind them, from elsewhere, or not at all.
type weather struct {
	mu    sync.Mutex
	r     *rand.Rand
	table *agent.Table
	spoof net.PacketConn
	held  [][]byte // answers that come after a later one
	wg    *sync.WaitGroup
}

func (w *weather) before(q []byte, from net.Addr, write func([]byte)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	honest := answerOf(w.table, q)
	if honest == nil {
		return true
	}
	late := func(b []byte) {
		after := time.Duration(w.r.IntN(100)) * time.Millisecond
		w.wg.Go(func() { time.Sleep(after); write(b) })
	}
	switch w.r.IntN(14) {
	case 0: // lost
		return true
	case 1:
		late(honest)
		return true
	case 2:
		write(honest)
		write(honest)
		late(honest)
	case 3: // after the answer to a later question
		w.held = append(w.held, honest)
		return true
	case 4:
		write(honest[:w.r.IntN(len(honest))])
		return w.r.IntN(2) == 0
	case 5:
		write(append(bytes.Clone(honest), make([]byte, w.r.IntN(60000-len(honest)))...))
		return w.r.IntN(2) == 0
	case 6:
		b := make([]byte, w.r.IntN(3000))
		for i := range b {
			b[i] = byte(w.r.Uint32())
		}
		write(b)
		return false
	case 7: // somebody who saw the request answers first, with other numbers
		_, _ = w.spoof.WriteTo(poison(honest, 0), from)
		return false
	case 8:
		write(poison(honest, int32(w.r.IntN(1000)+1)))
		return false
	case 9: // names in another order, with the values that belong to them
		write(shuffled(w.r, honest))
		return true
	case 10: // fewer or more objects than asked for
		write(cutBindings(w.r, honest))
		return true
	case 11:
		m, err := ber.Decode(honest)
		if err == nil {
			write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, []int{ber.TooBig, ber.GenErr, ber.NoSuchName}[w.r.IntN(3)], w.r.IntN(90), nil))
		}
		return true
	}
	write(honest)
	for _, b := range w.held {
		write(b)
	}
	w.held = nil
	return true
}

func bindings(answer []byte) (m ber.Message, list [][]byte) {
	m, err := ber.Decode(answer)
	if err != nil {
		return m, nil
	}
	for in := m.Bindings; !in.Done(); {
		name, tag, value, err := in.Binding()
		if err != nil {
			return m, list
		}
		list = append(list, ber.AppendBinding(nil, name, tag, value))
	}
	return m, list
}

func shuffled(r *rand.Rand, answer []byte) []byte {
	m, list := bindings(answer)
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, bytes.Join(list, nil))
}

func cutBindings(r *rand.Rand, answer []byte) []byte {
	m, list := bindings(answer)
	if len(list) > 1 && r.IntN(2) == 0 {
		i := r.IntN(len(list))
		list = append(list[:i:i], list[i+1:]...)
	} else {
		list = append(list, list...)
	}
	return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, bytes.Join(list, nil))
}

// Whatever the network does to the answers of several devices that share a
// socket, no value is seen on another point or device than its own. Each value
// tells whose it is.
func TestNeverOnTheWrongPoint(t *testing.T) {
	const devices, outlets, polls = 5, 150, 10
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(testProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	spoof, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer spoof.Close()
	e := New(Options{Library: lib, Timeout: 25 * time.Millisecond, Retries: 1, Sockets: 1})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	value := func(device, outlet int) float64 { return float64(device*1000+outlet) / 10 }
	var (
		polling, late sync.WaitGroup
		agents        []*agent.Agent
		mu            sync.Mutex
		good, other   int
	)
	for device := 1; device <= devices; device++ {
		table, err := agent.NewTable(testRecording(outlets))
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i <= outlets; i++ {
			if err := table.Set(fmt.Sprintf("1.3.6.1.4.1.9.2.1.%d", i), 0, profile.Raw{Kind: profile.Int, Int: int64(device*1000 + i)}); err != nil {
				t.Fatal(err)
			}
		}
		w := &weather{r: rand.New(rand.NewPCG(seed, uint64(device))), table: table, spoof: spoof, wg: &late}
		calm := true // until it is learned
		a, err := agent.Listen("127.0.0.1:0", table, agent.Options{Before: func(q []byte, from net.Addr, write func([]byte)) bool {
			w.mu.Lock()
			c := calm
			w.mu.Unlock()
			return !c && w.before(q, from, write)
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		agents = append(agents, a)
		polling.Go(func() {
			d, err := e.NewDriver(collectors.Target{
				Device: models.DeviceID(device), Address: a.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"},
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			l, err := d.Learn(t.Context())
			if err != nil || len(l.Points) != outlets+1 {
				t.Errorf("device %d is not learned: %v", device, err)
				return
			}
			w.mu.Lock()
			calm = false
			w.mu.Unlock()
			for range polls {
				readings, err := d.Read(t.Context(), []string{"fast"}, nil)
				if err != nil && !errors.Is(err, collectors.ErrUnreachable) && !errors.Is(err, collectors.ErrChanged) {
					t.Errorf("device %d: %v", device, err)
				}
				for _, r := range readings {
					mu.Lock()
					if r.Quality == models.Good {
						good++
					} else {
						other++
					}
					mu.Unlock()
					if r.Quality != models.Good {
						continue
					}
					want := 4200.0
					var outlet int
					if _, err := fmt.Sscanf(l.Points[r.Index].Key, "outlet/%d/current", &outlet); err == nil {
						want = value(device, outlet)
					}
					if r.Value != want {
						t.Errorf("device %d, %s: %v, want %v", device, l.Points[r.Index].Key, r.Value, want)
					}
				}
			}
		})
	}
	polling.Wait()
	for _, a := range agents {
		_ = a.Close() // nothing is said any more but what is late
	}
	late.Wait()
	s := e.Stats()
	t.Logf("%d good values, %d marked; %+v", good, other, s)
	if good < devices*outlets*polls/10 || s.Foreign == 0 || s.Malformed == 0 || s.Timeouts == 0 {
		t.Errorf("the weather was not bad, or nothing came through: %d good, %+v", good, s)
	}
}

// An agent that has rows with long texts without end in every column costs a
// bounded look.
func TestOneLookIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(testProfile)
	for i := range 60 {
		fmt.Fprintf(&b, "  - {key: \"t%d/{n}/power\", class: power, unit: W, column: 1.3.6.1.4.1.9.3.%d, index: [n], source: t}\n", i, i+1)
	}
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(b.String())}})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		text string
		says string
	}{{"9", "too many objects"}, {strings.Repeat("9", 400), "too many bytes"}} {
		var objects, bytes atomic.Int64
		e, _, target := start(t, 1, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
			m, err := ber.Decode(q)
			if err != nil || m.PDU != ber.GetBulk && m.PDU != ber.GetNext {
				return false
			}
			repetitions := m.B
			if m.PDU == ber.GetNext {
				repetitions = 1
			}
			var list []byte
			for in := m.Bindings; !in.Done(); {
				name, _, _, err := in.Binding()
				if err != nil {
					return false
				}
				oid, err := ber.DecodeOID(name)
				if err != nil || len(oid) < 9 || oid[7] != 3 {
					return false
				}
				row := uint32(0)
				if len(oid) > 9 {
					row = oid[9]
				}
				for range repetitions {
					row++
					name, err := ber.EncodeOID(append(oid[:9:9], row))
					if err != nil {
						return false
					}
					list = ber.AppendBinding(list, name, 4, []byte(x.text))
					objects.Add(1)
				}
			}
			bytes.Add(int64(len(list)))
			write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, 0, 0, list))
			return true
		}})
		e.SetLibrary(lib)
		d, err := e.NewDriver(target)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		_, err = d.Learn(t.Context())
		if !errors.Is(err, collectors.ErrProtocol) || errors.Is(err, collectors.ErrUnreachable) || !strings.Contains(err.Error(), x.says) {
			t.Errorf("got %v, want an error that says %q", err, x.says)
		}
		if n, size := objects.Load(), bytes.Load(); n > learnObjects+1000 || size > learnBytes+100_000 {
			t.Errorf("%d objects and %d bytes were taken", n, size)
		}
	}
}
