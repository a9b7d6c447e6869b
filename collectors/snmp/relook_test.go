package snmp

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// asks tells whether a request is one of some kinds and names an object or one
// behind it in its column.
func asks(q []byte, oid string, kinds ...byte) (m ber.Message, index int) {
	m, err := ber.Decode(q)
	if err != nil {
		return m, 0
	}
	kind := false
	for _, k := range kinds {
		kind = kind || m.PDU == k
	}
	i := 0
	for in := m.Bindings; kind && !in.Done(); {
		name, _, _, err := in.Binding()
		if err != nil {
			return m, 0
		}
		i++
		got, err := ber.DecodeOID(name)
		if err != nil {
			return m, 0
		}
		want, err := profile.ParseOID(oid)
		if err != nil {
			return m, 0
		}
		if len(got) >= 9 && profile.Compare(got[:9], want[:9]) == 0 && profile.Compare(got, want) >= 0 {
			return m, i
		}
	}
	return m, 0
}

// A look at a learned device that could not read as much as the last one leaves
// it as it was: what was not reached is not gone. When it stays so it counts.
func TestLookThatReadLess(t *testing.T) {
	refuse := func(status int) func(q []byte, oid string, write func([]byte), kinds ...byte) bool {
		return func(q []byte, oid string, write func([]byte), kinds ...byte) bool {
			m, i := asks(q, oid, kinds...)
			if i > 0 {
				write(ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, status, i, nil))
			}
			return i > 0
		}
	}
	silent := func(q []byte, oid string, _ func([]byte), kinds ...byte) bool {
		_, i := asks(q, oid, kinds...)
		return i > 0
	}
	for _, x := range []struct {
		name   string
		answer func(q []byte, oid string, write func([]byte), kinds ...byte) bool
		oid    string
		kinds  []byte
	}{
		{"hangs in a table", silent, "1.3.6.1.4.1.9.2.1.60", []byte{ber.GetBulk}},
		{"hangs at a table", silent, "1.3.6.1.4.1.9.2.1", []byte{ber.GetBulk, ber.GetNext}},
		{"refuses a row", refuse(ber.GenErr), "1.3.6.1.4.1.9.2.1.60", []byte{ber.GetBulk}},
		{"refuses a scalar", refuse(ber.GenErr), "1.3.6.1.4.1.9.1.1.0", []byte{ber.Get}},
	} {
		t.Run(x.name, func(t *testing.T) {
			var sick atomic.Bool
			// Answers of some ten rows, so that a walk takes several.
			e, _, target := start(t, 130, agent.Options{MaxMessage: 250, Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
				return sick.Load() && x.answer(q, x.oid, write, x.kinds...)
			}})
			target.Timeout = 40 * time.Millisecond
			d, err := e.NewDriver(target)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			learn := func(least, most int) {
				t.Helper()
				l, err := d.Learn(t.Context())
				if n := pointsOf(l); err != nil || n < least || n > most {
					t.Fatalf("learned %d points, %v; want %d to %d", n, err, least, most)
				}
			}
			learn(131, 131)
			sick.Store(true)
			for range mostKept {
				if l, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
					t.Fatalf("learned %d points, %v; want it to stay as it was", pointsOf(l), err)
				}
				if readings, _ := d.Read(t.Context(), []string{"fast"}, nil); len(readings) != 131 {
					t.Errorf("%d readings of 131", len(readings))
				}
			}
			learn(1, 130)
			learn(1, 130) // as the last time
			sick.Store(false)
			d.(*Driver).hung = nil // what it hung at may be asked for again
			learn(131, 131)
		})
	}
}

// A walk that is not answered once goes on where it was.
func TestWalkGoesOn(t *testing.T) {
	for _, version := range []collectors.Protocol{collectors.SNMPv1, collectors.SNMPv2c} {
		var misses atomic.Int32
		e, _, target := start(t, 130, agent.Options{MaxMessage: 250, Before: func(q []byte, _ net.Addr, _ func([]byte)) bool {
			_, i := asks(q, "1.3.6.1.4.1.9.2.1.60", ber.GetBulk, ber.GetNext)
			return i > 0 && misses.Add(1) <= 2 // the request and its repetition
		}})
		target.Protocol = version
		d, err := e.NewDriver(target)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if l, err := d.Learn(t.Context()); err != nil || len(l.Points) != 131 {
			t.Errorf("%s: learned %d points, %v", version, pointsOf(l), err)
		}
	}
}

// An object that the agent refuses is no object that it does not have: its
// point has no value, and the device is not looked at again for it.
func TestRefusedObjects(t *testing.T) {
	const oid = "1.3.6.1.4.1.9.2.1.3"
	for _, x := range []struct {
		name    string
		version collectors.Protocol
		answer  func(m ber.Message, i int) []byte
		want    models.Quality
		changed bool
	}{
		{"genErr", collectors.SNMPv2c, func(m ber.Message, i int) []byte {
			return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, ber.GenErr, i, nil)
		}, models.CommFailed, false},
		{"genErr of version 1", collectors.SNMPv1, func(m ber.Message, i int) []byte {
			return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, ber.GenErr, i, nil)
		}, models.CommFailed, false},
		{"noSuchName", collectors.SNMPv1, func(m ber.Message, i int) []byte {
			return ber.Encode(nil, m.Version, string(m.Community), ber.Response, m.ID, ber.NoSuchName, i, nil)
		}, models.Bad, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			e, _, target := start(t, 3, agent.Options{Before: func(q []byte, _ net.Addr, write func([]byte)) bool {
				m, i := asks(q, oid, ber.Get)
				if i > 0 {
					write(x.answer(m, i))
				}
				return i > 0
			}})
			target.Protocol = x.version
			d, err := e.NewDriver(target)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			for look := range 3 {
				l, err := d.Learn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				readings, err := d.Read(t.Context(), []string{"fast"}, nil)
				if changed := errors.Is(err, collectors.ErrChanged); err != nil && !changed || changed != (x.changed && look == 0) {
					t.Errorf("look %d: %v", look, err)
				}
				for _, r := range readings {
					want := models.Good
					if l.Points[r.Index].Key == "outlet/3/current" {
						want = x.want
					}
					if r.Quality != want {
						t.Errorf("%s: %s, want %s", l.Points[r.Index].Key, r.Quality, want)
					}
				}
			}
		})
	}
}

func pointsOf(l *collectors.Learned) int {
	if l == nil {
		return 0
	}
	return len(l.Points)
}

// While as many devices are looked at as may be, one that is known is told so at
// once, to be polled on, and one that is not waits.
func TestKnownDevicesDoNotWaitForALook(t *testing.T) {
	e, _, target := start(t, 3, agent.Options{})
	known := learnedBy(t, e, target)
	for range learners {
		e.learning <- struct{}{}
	}
	if _, err := known.Learn(t.Context()); !errors.Is(err, collectors.ErrBusy) {
		t.Errorf("a look without a turn: %v", err)
	}
	fresh, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := fresh.Learn(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the first look without a turn: %v", err)
	}
	<-e.learning
	if _, err := known.Learn(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := fresh.Learn(t.Context()); err != nil {
		t.Error(err)
	}
}
