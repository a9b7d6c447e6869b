package snmp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
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
	was      known
	// at is where the device of the layout was.
	at netip.AddrPort
	// upTime is the last sysUpTime, in hundredths of a second, read at upAt.
	upTime int64
	upAt   time.Time
	gone   int  // points without an object, at most so far
	silent bool // nothing was answered in the last poll
	// extents are what was read when the device was learned; kept counts the
	// looks since then that were not taken because less could be.
	extents  []extent
	kept     int
	rows     rowWatch
	deciders *deciders // nil where nothing decides
	told     collectors.Repeats
	hung     hung
	// controls are looked for when the device is learned; device is what was
	// learned then, nil without controls.
	controls bool
	device   *profile.Device
	// progress is told how many columns were walked, of how many.
	progress func(done, all int)
}

// known is what a device was learned as last, and what it called itself then.
type known struct{ profile, sysObjectID string }

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
	before := len(dst)
	dst, gone := x.readings(dst)
	if d.restarted(x.raws[0]) || x.restarted() {
		return dst, collectors.ErrRestarted
	}
	strays, err := d.decide(ctx, dst[before:])
	if err != nil {
		return dst, err
	}
	if gone > d.gone {
		d.gone = gone
		return dst, collectors.ErrChanged
	}
	grown := d.rows.grown(ctx, d.session)
	if _, err := d.session.envelope(); err != nil { // what SNMPv3 asked with is given back
		return dst, err
	}
	if grown || strays {
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
