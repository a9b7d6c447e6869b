// Package farm is a thousand devices that do nothing but answer, on as many
// loopback addresses: what the collectors are measured against. It needs
// Linux, where all of 127.0.0.0/8 is the machine itself.
package farm

import (
	"embed"
	"fmt"
	"io/fs"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed bench/*.yaml
var bench embed.FS

// Profiles holds the device profiles of the farm: farm-pdu and farm-meter.
func Profiles() fs.FS {
	sub, err := fs.Sub(bench, "bench")
	if err != nil {
		panic("farm: " + err.Error()) // the folder is embedded above
	}
	return sub
}

// Points of a device: 299 of a PDU and sysUpTime.0, 100 of a meter.
const (
	PDUPoints   = 300
	MeterPoints = 100
)

// The SNMPv3 user of the agents (SHA, AES).
const (
	User         = "bench"
	AuthPassword = "authpassword"
	PrivPassword = "privpassword"
)

// Options of a farm.
type Options struct {
	Devices int
	// Port is the same at every address; one that is free when zero.
	Port int
	// Delay of every answer, Loss the share of requests that get lost, Dead
	// the share of devices that never answer.
	Delay      time.Duration
	Loss, Dead float64
	// V3 has the agents speak SNMPv3, which takes keys for each of them.
	V3 bool
}

// variants is how many sets of values there are, churn how often they change.
const (
	variants = 16
	churn    = 5 * time.Second
)

// Address is the address of device i: 127.20.0.1 and up, 250 in a /24.
func Address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, byte(20 + i/62500), byte(i / 250 % 250), byte(i%250 + 1)})
}

// index is the inverse of Address.
func index(a netip.Addr) (int, bool) {
	b := a.As4()
	if b[0] != 127 || b[1] < 20 || b[3] == 0 || b[3] > 250 || b[2] >= 250 {
		return 0, false
	}
	return int(b[1]-20)*62500 + int(b[2])*250 + int(b[3]) - 1, true
}

// counters count what was asked.
type counters struct {
	requests, polls atomic.Uint64
	byDevice        []atomic.Uint32
}

func (c *counters) poll(i int) {
	c.polls.Add(1)
	c.byDevice[i].Add(1)
}

// Stats is what a farm served.
type Stats struct {
	Requests, Polls uint64
	// Polled devices were polled at least once since the last Reset; Least and
	// Most are the polls of one living device.
	Polled      int
	Least, Most uint32
}

// Farm answers until it is closed.
type Farm struct {
	opt   Options
	count counters
	port  int
	close []func() error
	stop  chan struct{}
	wg    sync.WaitGroup
}

func start(o Options) (*Farm, error) {
	if o.Devices < 1 || o.Devices > 200*62500 {
		return nil, fmt.Errorf("a farm of %d devices", o.Devices)
	}
	f := &Farm{opt: o, stop: make(chan struct{})}
	f.count.byDevice = make([]atomic.Uint32, o.Devices)
	return f, nil
}

// dead tells whether a device never answers.
func (f *Farm) dead(i int) bool { return i < f.Dead() }

// Dead is how many devices never answer.
func (f *Farm) Dead() int { return int(f.opt.Dead * float64(f.opt.Devices)) }

// Target is host:port of device i.
func (f *Farm) Target(i int) string {
	return netip.AddrPortFrom(Address(i), uint16(f.port)).String()
}

// every calls f regularly until the farm is closed.
func (f *Farm) every(d time.Duration, do func(round int)) {
	f.wg.Go(func() {
		t := time.NewTicker(d)
		defer t.Stop()
		for round := 1; ; round++ {
			select {
			case <-f.stop:
				return
			case <-t.C:
				do(round)
			}
		}
	})
}

// Stats returns what was served since the start and, of devices, since Reset.
func (f *Farm) Stats() Stats {
	s := Stats{Requests: f.count.requests.Load(), Polls: f.count.polls.Load()}
	for i := range f.count.byDevice {
		n := f.count.byDevice[i].Load()
		if n > 0 {
			s.Polled++
		}
		if f.dead(i) {
			continue
		}
		if i == f.Dead() || n < s.Least {
			s.Least = n
		}
		s.Most = max(s.Most, n)
	}
	return s
}

// Reset forgets the polls of devices.
func (f *Farm) Reset() {
	for i := range f.count.byDevice {
		f.count.byDevice[i].Store(0)
	}
}

// Close ends the farm.
func (f *Farm) Close() error {
	close(f.stop)
	var first error
	for _, c := range f.close {
		if err := c(); err != nil && first == nil {
			first = err
		}
	}
	f.wg.Wait()
	return first
}
