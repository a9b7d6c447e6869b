package snmp

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// An agent that begins anew in the middle of a poll may have other rows behind
// the same indexes from then on: the poll is not kept, however many requests it
// has and whichever of them the agent refuses.
func TestRestartInAPoll(t *testing.T) {
	const outlets = 130
	for _, x := range []struct {
		name string
		at   int // request before which it restarts
		odd  int // request that is answered with an error; 0 for none
		mute int // request from which on it is silent; 0 for never
		want error
	}{
		{name: "behind the first request", at: 2, want: collectors.ErrRestarted},
		{name: "before the last request", at: 3, want: collectors.ErrRestarted},
		{name: "before the first is asked again", at: 2, odd: 1, want: collectors.ErrRestarted},
		{name: "before the second is asked again", at: 4, odd: 2, want: collectors.ErrRestarted},
		{name: "before the last is asked again", at: 3, odd: 3, want: collectors.ErrRestarted},
		{name: "then it is silent", at: 2, mute: 3},
		{name: "not at all", at: 100},
	} {
		t.Run(x.name, func(t *testing.T) {
			var (
				table *agent.Table
				mu    sync.Mutex
				n     int
				armed bool
			)
			set := func(oid string, value int64) {
				if err := table.Set(oid, 0, profile.Raw{Kind: profile.Int, Int: value}); err != nil {
					t.Error(err)
				}
			}
			e, table, target := start(t, outlets, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
				mu.Lock()
				defer mu.Unlock()
				if !armed {
					return false
				}
				if n++; n == x.at {
					set(profile.SysUpTimeOID, 5)
					for i := 1; i <= outlets; i++ {
						set(fmt.Sprintf("1.3.6.1.4.1.9.2.1.%d", i), 7777)
					}
				}
				if n == x.odd {
					m, err := ber.Decode(q)
					if err != nil {
						t.Error(err)
					}
					write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, ber.GenErr, 0, nil))
					return true
				}
				return x.mute > 0 && n >= x.mute
			}})
			set(profile.SysUpTimeOID, 10_000_000)
			d := learnedBy(t, e, target)
			if _, err := d.Read(t.Context(), []string{"fast"}, nil); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			armed = true
			mu.Unlock()
			readings, err := d.Read(t.Context(), []string{"fast"}, nil)
			if !errors.Is(err, x.want) || x.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, x.want)
			}
			good, wrong := 0, 0
			for _, r := range readings {
				if r.Quality == models.Good {
					good++
					if r.Value == 777.7 {
						wrong++
					}
				}
			}
			if err == nil && wrong > 0 || good == 0 {
				t.Errorf("%d good values, %d of them of after the restart: %v", good, wrong, err)
			}
		})
	}
}

// The clock of an agent may be a little uneven, and begins anew after 497 days.
func TestClockInAPoll(t *testing.T) {
	for _, x := range []struct {
		first, last int64
		want        bool
	}{
		{first: 1000, last: 1000},
		{first: 1000, last: 1100},
		{first: 1000, last: 950},
		{first: 1000, last: 20, want: true},
		{first: 3_000_000_000, last: 50, want: true},
		{first: 1<<32 - 30, last: 20},
	} {
		p := &poll{raws: []profile.Raw{{Kind: profile.Int, Int: x.first}, {}, {Kind: profile.Int, Int: x.last}}}
		if got := p.restarted(); got != x.want {
			t.Errorf("from %d to %d: %t", x.first, x.last, got)
		}
	}
}

// A device whose points fit into one request is asked one request.
func TestOneRequestWhereOneIsEnough(t *testing.T) {
	for outlets, want := range map[int]uint64{1: 1, 50: 1, 70: 2} {
		e, _, target := start(t, outlets, agent.Options{})
		d := learnedBy(t, e, target)
		before := e.Stats().Requests
		if _, err := d.Read(t.Context(), []string{"fast"}, nil); err != nil {
			t.Fatal(err)
		}
		if n := e.Stats().Requests - before; n != want {
			t.Errorf("%d outlets: %d requests, want %d", outlets, n, want)
		}
	}
}
