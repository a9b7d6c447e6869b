package snmp

import (
	"context"
	"slices"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// decision is one request for objects that decide what points mean: each object
// once, however many points hang on it.
type decision struct {
	plan   *plan
	checks []check
}

// check is what an object decided for some points.
type check struct {
	profile.Decider
	raw    int32   // of the plan
	points []int32 // that hang on it, in what was learned
}

// decideEvery is in what time all objects are read that decide what points mean:
// a minute, less the time until the next poll.
const decideEvery = 50 * time.Second

// decisions makes the requests for the objects that decide what points of a
// device mean.
func decisions(device *profile.Device) ([]decision, error) {
	type place struct{ decision, check int }
	var (
		all  []decision
		room int
		raws = map[string][2]int32{} // of objects: decision and raw
		at   = map[profile.Decider]place{}
	)
	for i := range device.Points {
		for _, x := range device.Points[i].Deciders {
			if p, ok := at[x]; ok {
				c := &all[p.decision].checks[p.check]
				c.points = append(c.points, int32(i))
				continue
			}
			raw, ok := raws[x.OID]
			if !ok {
				name, err := encode(x.OID)
				if err != nil {
					return nil, err
				}
				size := ber.SizeTLV(len(name)) + x.Size + 8
				if room -= size; len(all) == 0 || room < 0 || all[len(all)-1].plan.raws >= maxObjects {
					p := &plan{}
					p.add(sysUpTime, -1)
					all, room = append(all, decision{plan: p}), answerRoom-2*len(sysUpTime)-size
				}
				n := len(all) - 1
				raw = [2]int32{int32(n), all[n].plan.add(name, -1)}
				raws[x.OID] = raw
			}
			d := &all[raw[0]]
			at[x] = place{int(raw[0]), len(d.checks)}
			d.checks = append(d.checks, check{Decider: x, raw: raw[1], points: []int32{int32(i)}})
		}
	}
	for i := range all {
		all[i].plan.add(sysUpTime, -1)
		all[i].checks = slices.Clip(all[i].checks)
	}
	return slices.Clip(all), nil
}

// deciders watches the objects by which it was decided what points mean.
type deciders struct {
	next time.Time // of the next request
	turn int       // which it is
	// strays are the checks that do not hold; nil while all do.
	strays map[*check]bool
}

// watch begins to watch a device that was just looked at; it returns nil where
// nothing is to be watched.
func (l *layout) watch(every time.Duration) *deciders {
	if len(l.decisions) == 0 {
		return nil
	}
	return &deciders{next: time.Now().Add(l.pause(every))}
}

// pause is that between two of the decisions that are made once in a time.
func (l *layout) pause(every time.Duration) time.Duration {
	return every / time.Duration(len(l.decisions))
}

// decide reads, behind a poll, what is due of the objects that decide what the
// points mean, and takes the values away from readings of those that mean
// something else by now; it reports whether there are such points. What is not
// answered decides nothing: it is asked again when its turn comes.
func (d *Driver) decide(ctx context.Context, readings []collectors.Reading) (strays bool, err error) {
	w, l := d.deciders, d.layout
	if w == nil {
		return false, nil
	}
	now, pause := time.Now(), l.pause(d.engine.decideEvery)
	for range l.decisions {
		if w.next.After(now) {
			break
		}
		x := &l.decisions[w.turn]
		w.turn = (w.turn + 1) % len(l.decisions)
		w.next = w.next.Add(pause)
		p, err := d.read(ctx, x.plan)
		if err != nil { // the next poll tells how the device does
			w.next = now.Add(pause)
			break
		}
		restarted := d.restarted(p.raws[0]) || p.restarted()
		w.judge(x, p)
		p.release()
		if restarted {
			return true, collectors.ErrRestarted
		}
	}
	if w.next.Before(now) { // after a silence all were asked for
		w.next = now.Add(pause)
	}
	return w.distrust(readings), nil
}

// judge compares what was answered with what it was when the device was learned.
func (w *deciders) judge(x *decision, p *poll) {
	for i := range x.checks {
		c := &x.checks[i]
		switch {
		case !p.known[c.raw] || p.raws[c.raw].Kind == profile.None:
		case c.Holds(p.raws[c.raw]):
			delete(w.strays, c)
		default:
			if w.strays == nil {
				w.strays = map[*check]bool{}
			}
			w.strays[c] = true
		}
	}
}

// distrust takes the values away from readings of points that mean something
// else by now, and reports whether there are such points.
func (w *deciders) distrust(readings []collectors.Reading) bool {
	for c := range w.strays {
		for _, point := range c.points {
			i, ok := slices.BinarySearchFunc(readings, int(point), func(r collectors.Reading, point int) int { return r.Index - point })
			if ok && readings[i].Quality == models.Good {
				readings[i].Value, readings[i].Quality = 0, models.Bad
			}
		}
	}
	return len(w.strays) > 0
}
