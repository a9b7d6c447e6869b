package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// NewDriver returns a driver for one device; it opens nothing until it is used.
// It is a collectors.Controller only if the engine has a writer and the target
// allows control.
func (e *Engine) NewDriver(t collectors.Target) (collectors.Driver, error) {
	d := &Driver{engine: e, target: t}
	if e.writer == nil && !e.opt.DryRun || !t.Control {
		return d, nil
	}
	d.controls = true
	return &Controller{Driver: d, writer: e.writer}, nil
}

// Driver reads one device over SNMP.
type Driver struct {
	engine  *Engine
	target  collectors.Target
	session *session
	// resolved is when the name of the device was looked up last; zero where its
	// address is given.
	resolved time.Time
	layout   *layout
	// at is where the device of the layout was.
	at netip.AddrPort
	// upTime is the last sysUpTime, in hundredths of a second, read at upAt.
	upTime int64
	upAt   time.Time
	gone   int  // points without an object, at most so far
	silent bool // nothing was answered in the last poll
	// extents are what was read when the device was learned; kept counts the
	// looks since then that were not taken because less could be.
	extents []extent
	kept    int
	rows    rowWatch
	told    collectors.Repeats
	hung    hung
	// controls are looked for when the device is learned; device is what was
	// learned then, nil without controls.
	controls bool
	device   *profile.Device
	// progress is told how many columns were walked, of how many.
	progress func(done, all int)
}

var _ collectors.Driver = (*Driver)(nil)

var sysUpTime, _ = ber.EncodeOID([]uint32{1, 3, 6, 1, 2, 1, 1, 3, 0})

// connect opens a session, and another one when the name of the device stands
// for another address than before. A look has the name looked up in any case.
func (d *Driver) connect(ctx context.Context, look bool) error {
	var last netip.AddrPort // after a silence any address of the name is as good
	if d.session != nil {
		if d.resolved.IsZero() || !look && time.Since(d.resolved) < resolveEvery {
			return nil
		}
		last = d.session.to
	}
	to, named, err := d.engine.resolve(ctx, d.target, last)
	if named {
		d.resolved = time.Now()
	}
	if d.session != nil {
		if err != nil || to == last {
			return nil //nolint:nilerr // while a name cannot be resolved, what it was last counts
		}
		if err := d.Close(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	d.session, err = d.engine.open(d.target, to)
	return err
}

// elsewhere is told of a device whose name stands for another address than when
// it was learned: nobody knows who is there.
func (d *Driver) elsewhere() error {
	if d.session.to == d.at {
		return nil
	}
	return fmt.Errorf("%w: its name stood for %s and stands for %s", collectors.ErrOther, d.at, d.session.to)
}

// Close implements collectors.Driver.
func (d *Driver) Close() error {
	if d.session != nil {
		d.session.close()
		d.session = nil
	}
	return nil
}

// fetched is a View of what was read from a device.
type fetched struct {
	scalars map[string]profile.Raw
	columns map[string][]profile.Row
	extents []extent
}

func newFetched() *fetched {
	return &fetched{scalars: map[string]profile.Raw{}, columns: map[string][]profile.Row{}}
}

// extent is how much there was of something: rows of a walk, or one for a
// scalar. What it was is hashed, since every device keeps this.
type extent struct {
	what uint32
	rows int32
}

// extentOf is of a walk of most rows, or with a negative most of a scalar.
func extentOf(oid string, most, rows int) extent {
	h := fnv.New32a()
	fmt.Fprint(h, oid, most)
	return extent{h.Sum32(), int32(rows)}
}

func (f *fetched) Scalar(oid string) profile.Raw   { return f.scalars[oid] }
func (f *fetched) Column(oid string) []profile.Row { return f.columns[oid] }

// fetch reads what is needed and not there yet. A subtree that cannot be
// walked to its end costs its own points only.
func (d *Driver) fetch(ctx context.Context, f *fetched, n profile.Needs) error {
	var names [][]byte
	var oids []string
	for _, o := range n.Scalars {
		if _, ok := f.scalars[o]; ok {
			continue
		}
		if d.skips(ctx, o) {
			f.scalars[o] = profile.Raw{}
			if err := d.cutShort(o, extentOf(o, -1, 0), errHung); err != nil {
				return err
			}
			continue
		}
		name, err := encode(o)
		if err != nil {
			return err
		}
		names, oids = append(names, name), append(oids, o)
	}
	if len(names) > 0 {
		values, failed, err := d.session.get(ctx, names)
		if err != nil {
			return err
		}
		for i, o := range oids {
			f.scalars[o] = values[i]
			if values[i].Kind != profile.None {
				f.extents = append(f.extents, extentOf(o, -1, 1))
				d.hung.answered(o)
			}
			if failed[i] {
				if err := d.cutShort(o, extentOf(o, -1, 0), errRefused); err != nil {
					return err
				}
			}
		}
	}
	walk := func(roots []string, most int) error {
		d.heads(ctx, f, roots, most == 1)
		for i, root := range roots {
			if d.progress != nil {
				d.progress(i, len(roots))
			}
			if _, ok := f.columns[root]; ok {
				continue
			}
			if d.skips(ctx, root) {
				f.columns[root] = nil
				if err := d.cutShort(root, extentOf(root, most, 0), errHung); err != nil {
					return err
				}
				continue
			}
			name, err := encode(root)
			if err != nil {
				return err
			}
			rows, err := d.session.walk(ctx, name, most)
			if err != nil && (errors.Is(err, collectors.ErrUnreachable) && d.session.ping(ctx) != nil || errors.Is(err, collectors.ErrAuth) || errors.Is(err, errTooMuch) || ctx.Err() != nil) {
				// Rows that were not reached would count as gone.
				return err
			}
			if err != nil {
				d.engine.opt.Log.Log(ctx, d.told.Level(root+err.Error()), "walk ended early", "device", d.target.Name, "root", root, "rows", len(rows), "err", err)
				if err := d.cutShort(root, extentOf(root, most, len(rows)), err); err != nil {
					return err
				}
			}
			if err == nil || len(rows) > 0 {
				d.hung.answered(root)
			} else if errors.Is(err, collectors.ErrUnreachable) {
				d.hung.at(root, time.Now())
			}
			if len(rows) > 0 {
				f.extents = append(f.extents, extentOf(root, most, len(rows)))
			}
			if most == 0 {
				f.columns[root] = rows
			} else if _, ok := f.columns[root]; !ok {
				f.columns[root] = rows
			}
		}
		return nil
	}
	if err := walk(n.Columns, 0); err != nil {
		return err
	}
	return walk(n.Present, 1)
}

// mostKept is how many looks in a row are not taken because less could be read
// than when the device was learned.
const mostKept = 2

var errKept = fmt.Errorf("%w to all that it did when it was learned", collectors.ErrUnreachable)

// cutShort is called for something that cannot be read to its end. For a device
// that was learned with more of it the look is over: its points would count as
// gone, which are not known to be.
func (d *Driver) cutShort(oid string, now extent, err error) error {
	i := slices.IndexFunc(d.extents, func(x extent) bool { return x.what == now.what })
	if i < 0 || now.rows >= d.extents[i].rows || d.kept >= mostKept {
		return nil
	}
	d.kept++
	return fmt.Errorf("%w: %s: %d rows of %d: %w", errKept, oid, now.rows, d.extents[i].rows, err)
}

// heads finds the subtrees that are empty, which are most of those that a
// family may have, many with one request. With single it keeps the first object
// of the others, which is all that is asked. What it cannot find out is left to
// walks.
func (d *Driver) heads(ctx context.Context, f *fetched, roots []string, single bool) {
	var (
		names [][]byte
		open  []string
	)
	for _, root := range roots {
		if _, ok := f.columns[root]; ok || d.hung.rests(root, time.Now()) {
			continue
		}
		name, err := encode(root)
		if err != nil {
			return
		}
		names, open = append(names, name), append(open, root)
	}
	if len(open) < 2 {
		return
	}
	found, err := d.session.following(ctx, names)
	if err != nil {
		return
	}
	for i, b := range found {
		if !bytes.HasPrefix(b.name, names[i]) || bytes.Equal(b.name, names[i]) {
			f.columns[open[i]] = nil
			continue
		}
		oid, err := ber.DecodeOID(b.name)
		if !single || err != nil || b.raw.Kind == profile.None {
			continue
		}
		root, err := ber.DecodeOID(names[i])
		if err != nil {
			continue
		}
		f.columns[open[i]] = []profile.Row{{Index: oid[len(root):], Raw: b.raw}}
		f.extents = append(f.extents, extentOf(open[i], 1, 1))
	}
}

func encode(oid string) ([]byte, error) {
	parts, err := profile.ParseOID(oid)
	if err != nil {
		return nil, err
	}
	return ber.EncodeOID(parts)
}

// Learn implements collectors.Driver.
func (d *Driver) Learn(ctx context.Context) (*collectors.Learned, error) {
	_, l, err := d.Inspect(ctx)
	return l, err
}

// Inspect is Learn, and gives what each point was made of as well.
func (d *Driver) Inspect(ctx context.Context) (_ *profile.Device, _ *collectors.Learned, err error) {
	defer func() { d.told.End(err) }()
	// What a device tells takes memory and time to work on, so not all devices
	// are learned at once. One that is polled is polled on rather than waiting.
	done := func() {}
	defer func() { done() }()
	if d.layout != nil {
		if done, err = d.engine.takeTurn(ctx, false); err != nil {
			return nil, nil, err
		}
	}
	if err := d.connect(ctx, true); err != nil {
		return nil, nil, err
	}
	if d.session.to != d.at {
		d.extents = nil // of another device, as far as anyone knows
		if d.at.IsValid() {
			d.hung = nil
		}
	}
	d.begin()
	defer d.rest()
	f := newFetched()
	if err := d.fetch(ctx, f, profile.Needs{Scalars: []string{profile.SysDescrOID, profile.SysObjectIDOID}}); err != nil {
		return nil, nil, d.tried(err)
	}
	if d.layout == nil { // it lives: now it may wait for its turn
		if done, err = d.engine.takeTurn(ctx, true); err != nil {
			return nil, nil, err
		}
	}
	p, fit, err := d.identify(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	f.columns = map[string][]profile.Row{} // first rows are not enough any more
	needs := p.Needs(f.Scalar(profile.SysObjectIDOID).String())
	if err := d.fetch(ctx, f, needs); err != nil {
		return nil, nil, d.tried(err)
	}
	if d.controls {
		if err := d.fetch(ctx, f, p.ControlNeeds(f.Scalar(profile.SysObjectIDOID).String())); err != nil {
			return nil, nil, d.tried(err)
		}
	}
	device, err := p.Resolve(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", collectors.ErrNoProfile, err)
	}
	before := d.layout
	if d.layout, err = d.engine.layouts.Of(likeness(device), func() (*layout, error) { return newLayout(device) }); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", collectors.ErrNoProfile, err)
	}
	if err := d.rows.watch(needs.Columns, f.columns); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", collectors.ErrNoProfile, err)
	}
	if _, err := d.session.envelope(); err != nil { // from here on it is only polled
		return nil, nil, err
	}
	d.at, d.upTime, d.upAt = d.session.to, 0, time.Time{}
	if d.layout != before { // else what is gone is known
		d.gone = 0
	}
	d.extents, d.kept = slices.Clip(f.extents), 0
	for _, problem := range device.Problems {
		d.engine.opt.Log.Log(ctx, d.told.Level(problem), "device does not fit its profile", "device", d.target.Name, "profile", p.Name, "problem", problem)
	}
	l := learned(device, f)
	l.Fit = fit
	if d.controls {
		d.device = device
		for i := range device.Controls {
			l.Controls = append(l.Controls, device.Controls[i].Spec)
		}
	}
	return device, l, nil
}

// begin begins a look: it may take so much, requests may grow again, and what
// the agent hangs at is remembered.
func (d *Driver) begin() {
	now := time.Now()
	d.session.left = &budget{learnObjects, learnBytes}
	d.session.lives = false
	d.session.widen(now, d.target.Protocol)
	d.session.hangs = func(name []byte) {
		if oid, err := ber.DecodeOID(name); err == nil {
			d.hung.at(profile.Dotted(oid), now)
		}
	}
}

// rest takes the bound of a look away, and gives back what SNMPv3 asked with: a
// device that is not polled holds no socket.
func (d *Driver) rest() {
	if d.session == nil {
		return
	}
	d.session.left, d.session.hangs = nil, nil
	if env, err := d.session.envelope(); env == nil || err != nil {
		d.session.close()
	}
}

// skips tells whether an object or subtree is left out of a look because the
// agent hung at it in the last ones, and logs it.
func (d *Driver) skips(ctx context.Context, oid string) bool {
	if !d.hung.rests(oid, time.Now()) {
		return false
	}
	d.engine.opt.Log.WarnContext(ctx, "object is not asked for: the device hung at it", "device", d.target.Name, "object", oid, "until", d.hung[oid].until)
	return true
}

// tried adds to a silent device what was tried, for whoever has to find out.
func (d *Driver) tried(err error) error {
	if !errors.Is(err, collectors.ErrUnreachable) || errors.Is(err, errKept) {
		return err
	}
	if _, named := netip.ParseAddrPort(d.target.Address); named != nil {
		_ = d.Close() // its name may stand for another address by now
	}
	switch d.target.Protocol {
	case collectors.SNMPv1, collectors.SNMPv2c:
		return fmt.Errorf("%w (%s; an agent also keeps silent when the community is wrong or the manager's address is not allowed)", err, d.target.Protocol)
	}
	return err
}

func (d *Driver) identify(ctx context.Context, f *fetched) (*profile.Profile, collectors.Fit, error) {
	lib := d.engine.library.Load()
	fit := collectors.Fit{Why: "named by a person"}
	if name := d.target.Profile; name != "" {
		p, ok := lib.Get(name)
		if !ok {
			return nil, fit, fmt.Errorf("%w: there is no profile %q", collectors.ErrNoProfile, name)
		}
		if p.Protocol != profile.SNMP {
			return nil, fit, fmt.Errorf("%w: profile %q is for %s", collectors.ErrNoProfile, name, p.Protocol)
		}
		return p, fit, nil
	}
	found, err := d.candidates(ctx, lib, f)
	if err != nil {
		return nil, fit, err
	}
	if len(found) == 0 {
		id, descr := f.Scalar(profile.SysObjectIDOID).String(), f.Scalar(profile.SysDescrOID).String()
		return nil, fit, &collectors.UnknownDevice{
			Identity: collectors.Identity{SysObjectID: id, SysDescr: strings.ToValidUTF8(descr, "")},
			Reason:   fmt.Sprintf("sysObjectID %q, sysDescr %.80q", id, descr),
		}
	}
	fit.Why, fit.Others, fit.Generic, fit.Close = profile.Choice(found)
	fit.Candidates = listed(found)
	return found[0].Profile, fit, nil
}

// candidates asks what the match rules look at, and returns what fits.
func (d *Driver) candidates(ctx context.Context, lib *profile.Library, f *fetched) ([]profile.Candidate, error) {
	id, descr := f.Scalar(profile.SysObjectIDOID).String(), f.Scalar(profile.SysDescrOID).String()
	if err := d.fetch(ctx, f, lib.MatchNeeds(id, descr)); err != nil {
		return nil, d.tried(err)
	}
	return lib.MatchSNMP(f), nil
}

func listed(found []profile.Candidate) []collectors.Candidate {
	out := make([]collectors.Candidate, len(found))
	for i, c := range found {
		out[i] = collectors.Candidate{Profile: c.Profile.Name, Why: c.Why}
	}
	return out
}

// Candidates asks the device what it is and returns the profiles that fit,
// best first, whatever profile the target names.
func (d *Driver) Candidates(ctx context.Context) ([]collectors.Candidate, error) {
	if err := d.connect(ctx, true); err != nil {
		return nil, err
	}
	d.begin()
	defer d.rest()
	f := newFetched()
	if err := d.fetch(ctx, f, profile.Needs{Scalars: []string{profile.SysDescrOID, profile.SysObjectIDOID}}); err != nil {
		return nil, d.tried(err)
	}
	found, err := d.candidates(ctx, d.engine.library.Load(), f)
	return listed(found), err
}

// OnProgress has f told how far a look at the device is: parts that are done,
// of all. Call it before Inspect.
func (d *Driver) OnProgress(f func(done, all int)) { d.progress = f }

func learned(device *profile.Device, f *fetched) *collectors.Learned {
	l := Describe(device)
	l.Identity.SysObjectID = f.Scalar(profile.SysObjectIDOID).String()
	l.Identity.SysDescr = strings.ToValidUTF8(f.Scalar(profile.SysDescrOID).String(), "")
	return l
}

// Describe turns a resolved profile into what a driver reports.
func Describe(device *profile.Device) *collectors.Learned {
	id := device.Identity
	l := &collectors.Learned{
		Profile: device.Profile, Kind: device.Kind, Intervals: device.Intervals,
		Identity: collectors.Identity{
			Vendor: id["vendor"], Model: id["model"], Serial: id["serial"], Firmware: id["firmware"], MAC: id["mac"],
			Name: id["name"], Location: id["location"], Contact: id["contact"],
		},
		Points: make([]models.PointSpec, len(device.Points)),
	}
	for i := range device.Points {
		l.Points[i] = device.Points[i].Spec
	}
	return l
}

// Read implements collectors.Driver.
func (d *Driver) Read(ctx context.Context, groups []string, dst []collectors.Reading) ([]collectors.Reading, error) {
	if d.layout == nil {
		return dst, errors.New("read before learn")
	}
	if err := d.connect(ctx, false); err != nil {
		return dst, err
	}
	if err := d.elsewhere(); err != nil {
		return dst, err
	}
	defer d.rest()
	p := d.layout.plan(groups)
	x, err := d.reach(ctx, p)
	if err != nil {
		return dst, d.tried(err)
	}
	defer x.release()
	dst, gone := x.readings(dst)
	if d.restarted(x.raws[0]) || x.restarted() {
		return dst, collectors.ErrRestarted
	}
	if gone > d.gone {
		d.gone = gone
		return dst, collectors.ErrChanged
	}
	grown := d.rows.grown(ctx, d.session)
	if _, err := d.session.envelope(); err != nil { // what SNMPv3 asked with is given back
		return dst, err
	}
	if grown {
		return dst, collectors.ErrChanged
	}
	return dst, nil
}

// reach is read of a device that may have been silent the last time. When it
// answers a small request and then not a full one, its answers are too big for
// the way, and the next ones are smaller.
func (d *Driver) reach(ctx context.Context, p *plan) (*poll, error) {
	lives := d.silent
	if d.silent {
		if err := d.session.ping(ctx); err != nil {
			return nil, err
		}
	}
	x, err := d.read(ctx, p)
	for lives && errors.Is(err, collectors.ErrUnreachable) && d.session.most > leastFirst {
		d.session.narrow(max(leastFirst, d.session.most/2))
		x, err = d.read(ctx, p)
	}
	d.silent = errors.Is(err, collectors.ErrUnreachable)
	return x, err
}

// read polls the objects of a plan. Where there is no envelope for the shared
// sockets yet, or the agent does not accept it any more, they are read one
// request after the other.
func (d *Driver) read(ctx context.Context, p *plan) (*poll, error) {
	env, err := d.session.envelope()
	if err != nil {
		return nil, err
	}
	if env != nil {
		x, err := d.engine.poll(ctx, d.session, env, p)
		switch {
		case err == nil:
			if x.lost && d.session.most > leastFirst {
				// The agent lives, but a request got lost: perhaps its answer
				// is too big for the way.
				d.session.narrow(max(leastFirst, d.session.most/2))
			}
			if err := x.odds(ctx, d.session); err != nil {
				x.release()
				return nil, err
			}
			return x, nil
		case !errors.Is(err, errStale):
			d.session.close() // the next poll discovers an engine anew
			return nil, err
		}
		d.session.close()
	}
	x := d.engine.polls.Get().(*poll)
	x.begin(d.engine, nil, p, d.session.most)
	err = x.get(ctx, d.session, 0, p.last())
	if err == nil {
		err = x.odds(ctx, d.session)
	}
	if err != nil {
		x.release()
		return nil, err
	}
	return x, nil
}

// restartSlack is how far a clock of an agent may be behind ours between two
// polls, in hundredths of a second, beside a tenth of the time between them.
const restartSlack = 60 * 100

// restarted reports whether sysUpTime is not where it must be by now: the
// agent began anew, and its table indexes may mean something else. The counter
// wraps after 497 days (32 bits).
func (d *Driver) restarted(raw profile.Raw) bool {
	if raw.Kind != profile.Int {
		return false
	}
	now := time.Now()
	again := d.began(raw, now)
	d.upTime, d.upAt = raw.Int, now
	return again
}

// began is restarted of a number read now, of which nothing is kept.
func (d *Driver) began(raw profile.Raw, now time.Time) bool {
	before, at := d.upTime, d.upAt
	if before == 0 || at.IsZero() || raw.Int == before { // or its clock stands still
		return false
	}
	elapsed := int64(now.Sub(at) / (10 * time.Millisecond))
	slack := restartSlack + elapsed/10
	if raw.Int > before {
		return before+elapsed-raw.Int > slack
	}
	wrapped := before + elapsed - 1<<32 - raw.Int // about zero when it did
	return wrapped < -slack || wrapped > slack
}
