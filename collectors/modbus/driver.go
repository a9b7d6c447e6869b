package modbus

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// Driver reads one device over Modbus.
type Driver struct {
	engine  *Engine
	target  collectors.Target
	gateway *Gateway
	at      endpoint // of gateway
	known   *knowledge
	// controls are looked for when the device is learned.
	controls bool
	// progress is told how many requests were answered, of how many.
	progress func(done, all int)
}

var _ collectors.Driver = (*Driver)(nil)

// knowledge is what Learn found out and Read works with.
type knowledge struct {
	profile *profile.Profile
	// device is without its points, of which only what polling needs is kept.
	device *profile.Device
	points []pollPoint
	reader *reader
	// units maps the unit ids of the profile to those of this device.
	units unitMap
	// view holds what was read while learning.
	view  *view
	polls map[string]*poll
	unmet []string
}

// pollPoint is a point without names and texts.
type pollPoint struct {
	group          string
	register       *profile.Register // nil for one that is not read
	extras, guards []profile.Register
	decode         func([]profile.Raw) (float64, models.Quality)
	bytes          func([]byte) (float64, models.Quality) // instead of decode, where it can
}

// keep takes out of the device what polling needs.
func (k *knowledge) keep() {
	k.points = make([]pollPoint, len(k.device.Points))
	for i := range k.device.Points {
		r := &k.device.Points[i]
		k.points[i] = pollPoint{group: r.Spec.Group, register: r.Register, extras: r.ExtraRegisters, guards: r.Guards, decode: r.Decode, bytes: r.Bytes}
	}
	lean := *k.device
	lean.Points = nil
	k.device = &lean
}

// poll is a prepared reading of some groups.
type poll struct {
	items  []*item
	blocks []block
	wants  []want
	// require are the items that the device's settings stand in.
	require []*item
}

// want is one point of a poll and where its numbers are.
type want struct {
	index  int
	decode func([]profile.Raw) (float64, models.Quality)
	bytes  func([]byte) (float64, models.Quality)
	value  place
	extras []place
	guards []guard
}

// place is a register of an item.
type place struct {
	item *item
	// at and size are in bytes of the item's data.
	at, size int
}

func (p place) bytes() []byte { return p.item.data[p.at : p.at+p.size] }

// guard is a register that must still hold what it held when learned.
type guard struct {
	place
	want []byte
}

func unreachable(err error) bool { return errors.Is(err, collectors.ErrUnreachable) }

func (d *Driver) endpoint() endpoint {
	if d.target.Protocol == collectors.ModbusRTU {
		path, _, _ := strings.Cut(d.target.Address, "?")
		if line, err := filepath.EvalSymlinks(path); err == nil {
			path = line // /dev/serial/by-id/… is a name of the same line
		}
		return endpoint{path, true, true}
	}
	return endpoint{d.target.Address, d.target.Protocol == collectors.ModbusRTUOverTCP, false}
}

func (d *Driver) connect() error {
	if d.gateway != nil {
		return nil
	}
	at := d.endpoint()
	g, err := d.engine.acquire(at, d.target.Address)
	if err != nil {
		return fmt.Errorf("%s: %w", d.target.Name, err)
	}
	d.gateway, d.at = g, at
	return nil
}

// Close implements collectors.Driver.
func (d *Driver) Close() error {
	if d.gateway == nil {
		return nil
	}
	d.gateway = nil
	return d.engine.release(d.at)
}

// Read implements collectors.Driver.
func (d *Driver) Read(ctx context.Context, groups []string, dst []collectors.Reading) ([]collectors.Reading, error) {
	k := d.known
	if k == nil {
		return dst, errors.New("read before learn")
	}
	if err := d.connect(); err != nil {
		return dst, err
	}
	k.reader.gateway = d.gateway
	p := k.pollOf(groups)
	blocks, out, err := k.reader.fetch(ctx, p.blocks)
	if err != nil {
		return dst, err
	}
	if len(blocks) > 0 { // one is always asked, or nobody would see it die
		p.blocks = blocks
	}
	if out.answers == 0 && out.lost > 0 {
		return dst, fmt.Errorf("read %s (unit %d): %w", d.target.Name, d.target.Modbus.Unit, out.err)
	}
	trusted, changed := k.settings(p)
	raws := make([]profile.Raw, 0, 4)
	for i := range p.wants {
		w := &p.wants[i]
		r := collectors.Reading{Index: w.index, Quality: w.quality()}
		if r.Quality == models.Good && !trusted {
			r.Quality = models.Bad
		}
		if r.Quality == models.Good && w.moved() {
			r.Quality, changed = models.Bad, true
		}
		if r.Quality == models.Good {
			if w.bytes != nil {
				r.Value, r.Quality = w.bytes(w.value.bytes())
			} else {
				raws = w.raws(raws[:0])
				r.Value, r.Quality = w.decode(raws)
			}
			if r.Quality != models.Good {
				r.Value = 0
			}
		}
		dst = append(dst, r)
	}
	if changed || out.refused > 0 {
		return dst, collectors.ErrChanged
	}
	return dst, nil
}

// settings checks what the register map depends on. While it does not hold no
// value can be trusted; when it holds again, or no longer, the device must be
// learned anew.
func (k *knowledge) settings(p *poll) (trusted, changed bool) {
	if len(p.require) == 0 {
		return true, false
	}
	now := &view{units: k.units, data: map[span][]byte{}}
	for _, x := range p.require {
		if x.quality == models.CommFailed {
			return false, false
		}
		now.keep(x)
	}
	unmet := k.profile.Unmet(now)
	return len(unmet) == 0, !slices.Equal(unmet, k.unmet)
}

// quality is that of the worst of the registers.
func (w *want) quality() models.Quality {
	q := w.value.item.quality
	for _, x := range w.extras {
		q = max(q, x.item.quality)
	}
	for _, x := range w.guards {
		q = max(q, x.item.quality)
	}
	return q
}

// moved tells whether a register that decides the meaning has changed.
func (w *want) moved() bool {
	for _, g := range w.guards {
		if string(g.bytes()) != string(g.want) {
			return true
		}
	}
	return false
}

func (w *want) raws(dst []profile.Raw) []profile.Raw {
	b := w.value.bytes()
	if w.value.item.bits() {
		dst = append(dst, profile.Raw{Kind: profile.Int, Int: int64(b[0])})
	} else {
		dst = append(dst, profile.Raw{Kind: profile.Bytes, Bytes: b})
	}
	for _, x := range w.extras {
		dst = append(dst, profile.Raw{Kind: profile.Int, Int: signedWord(x.bytes())})
	}
	return dst
}

// pollOf prepares the reading of some groups.
func (k *knowledge) pollOf(groups []string) *poll {
	key := strings.Join(groups, " ")
	if p, ok := k.polls[key]; ok {
		return p
	}
	p := &poll{}
	at := map[span]*item{}
	get := func(s span) *item {
		x, ok := at[s]
		if !ok {
			x = &item{span: s, quality: models.Bad}
			at[s] = x
			p.items = append(p.items, x)
		}
		return x
	}
	for i := range k.points {
		r := &k.points[i]
		if r.register == nil || !slices.Contains(groups, r.group) {
			continue
		}
		p.wants = append(p.wants, k.want(i, r, get))
	}
	for _, r := range k.profile.ModbusRequirements() {
		p.require = append(p.require, get(k.units.span(r)))
	}
	p.blocks = k.reader.planner.plan(p.items)
	k.polls[key] = p
	return p
}

// want finds the place of a point's registers: together in one item where
// they lie close enough, so that they come from one answer.
func (k *knowledge) want(index int, r *pollPoint, get func(span) *item) want {
	own := k.units.span(*r.register)
	all := own
	others := make([]span, 0, len(r.extras)+len(r.guards))
	for _, x := range slices.Concat(r.extras, r.guards) {
		s := k.units.span(x)
		others = append(others, s)
		if s.unit == own.unit && s.table == own.table {
			if wider := join(all, s); k.view.covers(&k.reader.planner, wider) {
				all = wider
			}
		}
	}
	locate := func(s span) place {
		width := 2
		if s.bits() {
			width = 1
		}
		host := s
		if s.unit == all.unit && s.table == all.table && all.from <= s.from && s.to <= all.to {
			host = all
		}
		return place{item: get(host), at: width * (s.from - host.from), size: width * (s.to - s.from)}
	}
	w := want{index: index, decode: r.decode, bytes: r.bytes, value: locate(own)}
	for i, s := range others {
		if i < len(r.extras) {
			w.extras = append(w.extras, locate(s))
		} else {
			w.guards = append(w.guards, guard{place: locate(s), want: k.view.data[s]})
		}
	}
	return w
}

func join(a, b span) span {
	a.from, a.to = min(a.from, b.from), max(a.to, b.to)
	return a
}

// paceOf is the pace that target and profile ask for, the target first.
func (d *Driver) paceOf(p *profile.Profile) pace {
	out := pace{timeout: d.target.Timeout, retries: d.target.Retries}
	if out.timeout <= 0 && p != nil {
		out.timeout = time.Duration(p.Device.Timeout)
	}
	return out
}
