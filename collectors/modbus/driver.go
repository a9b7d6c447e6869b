package modbus

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
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
	// resolved is when the name of a converter was looked up last; zero where
	// none is needed.
	resolved time.Time
	known    *knowledge
	told     collectors.Repeats
	// silent: the device left a poll unanswered or its converter moved, and
	// nothing has confirmed since that what answers is the device that was
	// learned.
	silent bool
	// nameless: a device with a named profile that identifies itself by nothing.
	nameless bool
	// controls are looked for when the device is learned.
	controls bool
	// progress is told how many requests were answered, of how many.
	progress func(done, all int)
}

var _ collectors.Driver = (*Driver)(nil)

// knowledge is what Learn found out and Read works with.
type knowledge struct {
	profile *profile.Profile
	// device is without its points, of which layout has what polling needs.
	device *profile.Device
	layout *layout
	reader reader
	// units maps the unit ids of the profile to those of this device.
	units unitMap
	// view holds what was read while learning, until then.
	view  *view
	polls []*poll
	unmet []string
	marks marks
	// sunSpec are the registers by which the models of a SunSpec device were
	// found.
	sunSpec []span
}

// keep takes out of the device what polling needs, and forgets the rest.
func (k *knowledge) keep(all *profile.Shared[layout]) {
	own, text := k.newLayout()
	k.layout, _ = all.Of(sha256.Sum256(text), func() (*layout, error) { return own, nil }) // which does not fail
	k.reader.strayed = false
	lean := *k.device
	lean.Points = nil
	k.device, k.view = &lean, nil
}

// poll is the reading of some groups of one device.
type poll struct {
	groups []string
	plan   *plan
	// items and blocks are the device's own while it does not answer all of
	// the plan, and nil otherwise.
	items  []*item
	blocks []block
}

// unfold gives the device items and blocks of its own.
func (p *poll) unfold() {
	if p.items != nil {
		return
	}
	p.items = p.plan.loose()
	p.blocks = make([]block, len(p.plan.blocks))
	for i, b := range p.plan.blocks {
		p.blocks[i].span = b.span
		for _, n := range b.items {
			p.blocks[i].items = append(p.blocks[i].items, p.items[n])
		}
	}
}

func unreachable(err error) bool { return errors.Is(err, collectors.ErrUnreachable) }

// endpoint is where the device is reached. One converter or line has one
// endpoint, whatever names it is given by: two connections to it would talk at
// once, which a serial line does not bear.
func (d *Driver) endpoint(ctx context.Context) (endpoint, error) {
	if d.target.Protocol == collectors.ModbusRTU {
		path, _, _ := strings.Cut(d.target.Address, "?")
		if line, err := filepath.EvalSymlinks(path); err == nil {
			path = line // /dev/serial/by-id/… is a name of the same line
		}
		return endpoint{path, true, true}, nil
	}
	at := endpoint{d.target.Address, d.target.Protocol == collectors.ModbusRTUOverTCP, false}
	host, port, err := net.SplitHostPort(d.target.Address)
	if err != nil {
		return at, err
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(n, 10)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		host = a.Unmap().String()
	} else {
		host = strings.ToLower(host)
		if at.serial {
			a, err := d.resolve(ctx, host)
			if err != nil {
				return at, err
			}
			host = a.String()
		}
	}
	at.address = net.JoinHostPort(host, port)
	return at, nil
}

// resolveEvery is after how long the name of a converter is looked up again.
const resolveEvery = time.Minute

// resolve looks up the address of a converter, the same of several each time,
// and of version 4 if there is one.
func (d *Driver) resolve(ctx context.Context, host string) (netip.Addr, error) {
	timeout := d.engine.opt.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d.resolved = time.Now()
	found, err := d.engine.opt.Lookup(ctx, host)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s has no address", host)
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("resolve %s: %w: %w", host, collectors.ErrUnreachable, err)
	}
	return slices.MinFunc(found, func(a, b netip.Addr) int { return a.Unmap().Compare(b.Unmap()) }).Unmap(), nil
}

// connect takes hold of the gateway, and of another one when the name of a
// converter stands for another address than before.
func (d *Driver) connect(ctx context.Context) error {
	if d.gateway != nil && (d.resolved.IsZero() || time.Since(d.resolved) < resolveEvery) {
		return nil
	}
	at, err := d.endpoint(ctx)
	if d.gateway != nil {
		if err != nil || at == d.at {
			return nil //nolint:nilerr // while a name cannot be resolved, what it was last counts
		}
		if err := d.Close(); err != nil {
			return err
		}
		d.silent = true // nobody knows who is there
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.target.Name, err)
	}
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
	if err := d.connect(ctx); err != nil {
		return dst, err
	}
	k.reader.gateway = d.gateway
	p := k.pollOf(groups)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	out, err := k.reader.poll(ctx, p, s)
	if err != nil {
		return dst, err
	}
	asked, answered := k.heard(p.plan, s.held)
	if asked && !answered {
		d.silent = true
	}
	if out.answers == 0 && out.lost > 0 {
		return dst, fmt.Errorf("read %s (unit %d): %w", d.target.Name, d.target.Modbus.Unit, out.err)
	}
	if answered {
		if err := d.confirm(ctx); err != nil {
			return dst, err
		}
	}
	trusted, changed := k.settings(p.plan, s.held)
	dst, moved := p.plan.decode(s, trusted, dst)
	if changed || moved || out.refused > 0 {
		return dst, collectors.ErrChanged
	}
	return dst, nil
}

// settings checks what the register map depends on. While it does not hold no
// value can be trusted; when it holds again, or no longer, the device must be
// learned anew.
func (k *knowledge) settings(p *plan, h []held) (trusted, changed bool) {
	if len(p.require) == 0 {
		return true, false
	}
	now := &view{units: k.units, data: map[span][]byte{}}
	for _, i := range p.require {
		if h[i].quality == models.CommFailed {
			return false, false
		}
		if h[i].quality == models.Good {
			now.data[p.items[i].span] = h[i].data
		}
	}
	unmet := k.profile.Unmet(now)
	return len(unmet) == 0, !slices.Equal(unmet, k.unmet)
}

// pollOf is the reading of some groups.
func (k *knowledge) pollOf(groups []string) *poll {
	for _, p := range k.polls {
		if slices.Equal(p.groups, groups) {
			return p
		}
	}
	p := &poll{groups: slices.Clone(groups), plan: k.layout.plan(groups)}
	k.polls = append(k.polls, p)
	return p
}

// paceOf is the pace that target and profile ask for, the target first.
func (d *Driver) paceOf(p *profile.Profile) pace {
	out := pace{timeout: d.target.Timeout, retries: d.target.Retries}
	if out.timeout <= 0 && p != nil {
		out.timeout = time.Duration(p.Device.Timeout)
	}
	return out
}
