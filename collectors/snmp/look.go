package snmp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// Learn implements collectors.Driver.
func (d *Driver) Learn(ctx context.Context) (*collectors.Learned, error) {
	_, l, err := d.look(ctx, true)
	return l, err
}

// Inspect is Learn for a person who looks at the device and sees which profile it
// is read by, and gives what each point was made of as well. It does not wait for
// objects that may come later.
func (d *Driver) Inspect(ctx context.Context) (*profile.Device, *collectors.Learned, error) {
	return d.look(ctx, false)
}

// look identifies the device and learns its points. lasting says that it is
// polled by what is found, so that makeshifts are refused while they may pass.
func (d *Driver) look(ctx context.Context, lasting bool) (_ *profile.Device, _ *collectors.Learned, err error) {
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
			d.hung, d.was = nil, known{}
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
	device, p, fit, err := d.recognise(ctx, f, d.target.Profile, lasting)
	if err != nil {
		return nil, nil, err
	}
	needs := p.Needs(f.Scalar(profile.SysObjectIDOID).String())
	before := d.layout
	if d.layout, err = d.engine.layouts.Of(likeness(device), func() (*layout, error) { return newLayout(device) }); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", collectors.ErrNoProfile, err)
	}
	d.deciders = d.layout.watch(d.engine.decideEvery)
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
	d.was = known{p.Name, f.Scalar(profile.SysObjectIDOID).String()}
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
	d.engine.opt.Log.Log(ctx, d.told.Level("hung at "+oid), "object is not asked for: the device hung at it", "device", d.target.Name, "object", oid, "until", d.hung[oid].until)
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

// bootTime is how long parts of an agent may be away after it began: a management
// card answers long before it knows its device.
const bootTime = 10 * time.Minute

// recognise finds the profile that the device is read by and applies it. One
// that calls itself one of a family and has nothing of it is read by the next
// best profile, else by what its objects tell; if that is to last, not while it
// may pass: see settled.
func (d *Driver) recognise(ctx context.Context, f *fetched, named string, lasting bool) (*profile.Device, *profile.Profile, collectors.Fit, error) {
	t, fit, err := d.identify(ctx, f, named)
	if err != nil {
		return nil, nil, fit, err
	}
	tried := map[*profile.Profile]bool{}
	lib, id := d.engine.library.Load(), f.Scalar(profile.SysObjectIDOID).String()
	best := func(from, to int) (*profile.Device, *profile.Profile, error) {
		var why error
		f.columns = map[string][]profile.Row{} // first rows are not enough any more
		for i := from; i < to; i++ {
			c := t.All[i]
			tried[c.Profile] = true
			device, p, err := d.apply(ctx, f, c.Profile)
			if err == nil && named == "" && lasting {
				err = d.settled(ctx, f, p, i > 0)
			}
			if !errors.Is(err, collectors.ErrNoProfile) {
				if i > 0 {
					fit = fitOf(t.From(i))
				}
				fit.Makeshift = named == "" && (i > 0 || c.Profile.Generic() && lib.Names(id))
				return device, p, err
			}
			if why == nil {
				why = err // of what it says of itself
			}
		}
		return nil, nil, why
	}
	device, p, err := best(0, t.Said)
	if !errors.Is(err, collectors.ErrNoProfile) || named != "" || lib.Foreign(id) {
		return device, p, fit, err
	}
	if err := d.fetch(ctx, f, lib.MatchNeeds("", f.Scalar(profile.SysDescrOID).String())); err != nil {
		return nil, nil, fit, d.tried(err)
	}
	held := lib.Trials(f)
	t.All = t.All[:t.Said:t.Said]
	for _, c := range held.All[held.Said:] {
		if !tried[c.Profile] {
			t.All = append(t.All, c)
		}
	}
	device, p, other := best(t.Said, len(t.All))
	if p == nil && (other == nil || errors.Is(other, collectors.ErrNoProfile)) {
		return nil, nil, fit, err
	}
	return device, p, fit, other
}

// settled tells whether a device is to be read by a profile that is not the one
// of its family: next says that a better one found nothing. The error is
// ErrNoProfile while that may pass. What a device was learned by it stays, as long
// as it calls itself so.
func (d *Driver) settled(ctx context.Context, f *fetched, p *profile.Profile, next bool) error {
	lib, id := d.engine.library.Load(), f.Scalar(profile.SysObjectIDOID).String()
	if !next && p.Priority >= 0 {
		return nil
	}
	if was, ok := lib.Get(d.was.profile); ok && d.was.sysObjectID == id {
		if was == p || !next && was.Priority < 0 {
			return nil
		}
		return fmt.Errorf("%w: the device was learned as %s, and just now only profile %s fits", collectors.ErrNoProfile, was.Name, p.Name)
	}
	if !next && (!p.Generic() || !lib.Names(id)) {
		return nil
	}
	if err := d.fetch(ctx, f, profile.Needs{Scalars: []string{profile.SysUpTimeOID}}); err != nil {
		return d.tried(err)
	}
	up := f.Scalar(profile.SysUpTimeOID)
	if known := up.Kind == profile.Int; !known && next || known && time.Duration(up.Int)*10*time.Millisecond < bootTime {
		return fmt.Errorf("%w: only profile %s fits the device that calls itself %s, and its agent has been up for %s", collectors.ErrNoProfile, p.Name, id, upText(up))
	}
	return nil
}

func upText(raw profile.Raw) string {
	if raw.Kind != profile.Int {
		return "nobody knows how long"
	}
	return (time.Duration(raw.Int) * 10 * time.Millisecond).Round(time.Second).String() + " only"
}

func (d *Driver) identify(ctx context.Context, f *fetched, name string) (profile.Trials, collectors.Fit, error) {
	lib := d.engine.library.Load()
	fit := collectors.Fit{Why: "named by a person"}
	if name != "" {
		p, ok := lib.Get(name)
		if !ok {
			return profile.Trials{}, fit, fmt.Errorf("%w: there is no profile %q", collectors.ErrNoProfile, name)
		}
		if p.Protocol != profile.SNMP {
			return profile.Trials{}, fit, fmt.Errorf("%w: profile %q is for %s", collectors.ErrNoProfile, name, p.Protocol)
		}
		return profile.Trials{All: []profile.Candidate{{Profile: p}}, Said: 1}, fit, nil
	}
	id, descr := f.Scalar(profile.SysObjectIDOID).String(), f.Scalar(profile.SysDescrOID).String()
	if err := d.fetch(ctx, f, lib.MatchNeeds(id, descr)); err != nil {
		return profile.Trials{}, fit, d.tried(err)
	}
	t := lib.Trials(f)
	if t.Said == 0 {
		return t, fit, &collectors.UnknownDevice{
			Identity: collectors.Identity{SysObjectID: id, SysDescr: strings.ToValidUTF8(descr, "")},
			Reason:   fmt.Sprintf("sysObjectID %q, sysDescr %.80q", id, descr),
		}
	}
	return t, fitOf(t.From(0)), nil
}

func fitOf(found []profile.Candidate) (fit collectors.Fit) {
	fit.Why, fit.Others, fit.Generic, fit.Close = profile.Choice(found)
	fit.Candidates = listed(found)
	return fit
}

// apply reads what a profile needs and applies it. The error is ErrNoProfile
// when the device holds nothing of it.
func (d *Driver) apply(ctx context.Context, f *fetched, p *profile.Profile) (*profile.Device, *profile.Profile, error) {
	id := f.Scalar(profile.SysObjectIDOID).String()
	if err := d.fetch(ctx, f, p.Needs(id)); err != nil {
		return nil, nil, d.tried(err)
	}
	if d.controls {
		if err := d.fetch(ctx, f, p.ControlNeeds(id)); err != nil {
			return nil, nil, d.tried(err)
		}
	}
	device, err := p.Resolve(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", collectors.ErrNoProfile, err)
	}
	return device, p, nil
}

func listed(found []profile.Candidate) []collectors.Candidate {
	out := make([]collectors.Candidate, len(found))
	for i, c := range found {
		out[i] = collectors.Candidate{Profile: c.Profile.Name, Why: c.Why}
	}
	return out
}

// Candidates asks the device what it is and returns the profiles that fit, best
// first, whatever profile the target names: from the one on that it would be read
// by, or those that fit what it says of itself when it holds nothing of any.
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
	_, _, fit, err := d.recognise(ctx, f, "", false)
	if errors.Is(err, collectors.ErrNoProfile) {
		err = nil
	}
	return fit.Candidates, err
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
