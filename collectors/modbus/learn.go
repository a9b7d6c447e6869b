package modbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// unitMap gives the registers of a profile their unit id on the wire.
type unitMap struct {
	own byte
	// same are ids that the profile uses for the device itself.
	same []int
}

func (m unitMap) span(r profile.Register) span {
	s := span{unit: m.own, table: r.Table, from: int(r.Address), to: min(int(r.Address)+max(1, int(r.Count)), 1<<16)}
	if r.Unit != nil && !slices.Contains(m.same, int(*r.Unit)) {
		s.unit = *r.Unit
	}
	return s
}

// view holds registers that were read. It is a profile.ModbusView.
type view struct {
	units unitMap
	data  map[span][]byte
}

// Registers implements profile.ModbusView.
func (v *view) Registers(r profile.Register) ([]byte, bool) {
	b, ok := v.data[v.units.span(r)]
	return b, ok
}

func (v *view) keep(x *item) {
	if x.quality == models.Good {
		v.data[x.span] = slices.Clone(x.data)
	}
}

// covers tells whether one request may read s: each of its registers is one
// that the device has, or that may be run over.
func (v *view) covers(p *planner, s span) bool {
	if s.to-s.from > p.limit(s) {
		return false
	}
	at := s.from
	for at < s.to {
		reach, start := at, s.to
		for x := range v.data {
			if x.unit != s.unit || x.table != s.table {
				continue
			}
			if x.from <= at {
				reach = max(reach, x.to)
			} else {
				start = min(start, x.from)
			}
		}
		if reach == at {
			if !p.fills(s.unit, s.table, at, start) {
				return false
			}
			reach = start
		}
		at = reach
	}
	return true
}

// Learn implements collectors.Driver.
func (d *Driver) Learn(ctx context.Context) (*collectors.Learned, error) {
	_, l, err := d.Inspect(ctx)
	return l, err
}

// Inspect is Learn, and gives what each point was made of as well.
func (d *Driver) Inspect(ctx context.Context) (_ *profile.Device, _ *collectors.Learned, err error) {
	defer func() { d.told.End(err) }()
	if err := d.connect(ctx); err != nil {
		return nil, nil, err
	}
	p, told, fit, err := d.choose(ctx)
	if err != nil {
		return nil, nil, err
	}
	if p.Device.Gap > 0 {
		d.gateway.slowDown(time.Duration(p.Device.Gap))
	}
	sunSpec, err := d.sunSpec(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	p = p.On(sunSpec)
	k := d.newKnowledge(p)
	for s := range sunSpec.data {
		k.sunSpec = append(k.sunSpec, s)
	}
	problems, err := d.survey(ctx, k)
	if err != nil {
		return nil, nil, err
	}
	k.device, err = p.ResolveModbus(k.view)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s (unit %d): %w", collectors.ErrNoProfile, d.target.Name, d.target.Modbus.Unit, err)
	}
	k.unmet = p.Unmet(k.view)
	k.device.Problems = append(k.device.Problems, problems...)
	for _, problem := range k.device.Problems {
		d.engine.opt.Log.Log(ctx, d.told.Level(problem), "device does not fit its profile", "device", d.target.Name, "profile", p.Name, "problem", problem)
	}
	if k.marks, err = d.marksOf(ctx, k, told); err != nil {
		return nil, nil, err
	}
	d.known, d.silent = k, false
	var objects map[byte]string
	if told != nil {
		objects = told.objects
	}
	l := learned(k.device, objects)
	l.Fit = fit
	if d.controls {
		for i := range k.device.Controls {
			l.Controls = append(l.Controls, k.device.Controls[i].Spec)
		}
	}
	whole := k.device
	k.keep(&d.engine.layouts)
	return whole, l, nil
}

// sunSpec reads where the models of a SunSpec device begin, if the profile asks
// for one.
func (d *Driver) sunSpec(ctx context.Context, p *profile.Profile) (*view, error) {
	v := &view{units: unitMap{own: d.target.Modbus.Unit}, data: map[span][]byte{}}
	if p.Device.SunSpec == 0 {
		return v, nil
	}
	seeker := &seeker{view: v, driver: d, ctx: ctx, pace: d.paceOf(p)}
	profile.ReadSunSpec(seeker)
	if seeker.lost != nil {
		return nil, fmt.Errorf("learn %s (unit %d): %w", d.target.Name, d.target.Modbus.Unit, seeker.lost)
	}
	return v, nil
}

// seeker reads registers of a device when they are asked for, and keeps them in
// its view.
type seeker struct {
	*view
	driver *Driver
	ctx    context.Context //nolint:containedctx // it lives as long as one call of ReadSunSpec
	pace   pace
	// note, if not nil, is told how each request ended; an error ends the seeking.
	note func(error) error
	// lost is the last request that was not answered, ended why it was given up.
	lost, ended error
}

// Registers implements profile.ModbusView.
func (s *seeker) Registers(r profile.Register) ([]byte, bool) {
	if b, ok := s.view.Registers(r); ok {
		return b, true
	}
	if s.ended != nil || s.ctx.Err() != nil {
		return nil, false
	}
	at := s.units.span(r)
	data, err := s.driver.gateway.read(s.ctx, s.pace, at.unit, at.table, r.Address, uint16(at.to-at.from))
	if s.note != nil {
		s.ended = s.note(err)
	}
	if err != nil {
		// Some devices answer a failure for what they do not have.
		if !refused(err) && exceptionCode(err) != modbus.ExceptionCodeServerDeviceFailure {
			s.lost = err
		}
		return nil, false
	}
	b := block{span: at}
	s.data[at] = slices.Clone(b.part(data, at))
	return s.data[at], true
}

func (d *Driver) newKnowledge(p *profile.Profile) *knowledge {
	units := unitMap{own: d.target.Modbus.Unit, same: p.Device.UnitAliases}
	if p.Device.Unit != nil {
		units.same = append(slices.Clone(units.same), *p.Device.Unit)
	}
	r := reader{
		progress: d.progress, gateway: d.gateway, pace: d.paceOf(p), pipeline: p.Device.Pipeline, instead: map[string]string{}, missing: map[int]bool{},
		planner: planner{
			most: p.Device.MaxRead, unit: units.own, readable: p.Device.Blocks, shared: p.Device.SharedTables,
			zeroHoles: p.Device.Holes == "zero",
		},
	}
	if f := p.Device.Functions; len(f) > 0 && p.Device.SharedTables {
		for _, t := range []string{tableHolding, tableInput, tableCoil, tableDiscrete} {
			if !slices.Contains(f, function(t)) && slices.Contains(f, function(twin(t))) {
				r.instead[t] = twin(t)
			}
		}
	}
	return &knowledge{profile: p, reader: r, units: units, view: &view{units: units, data: map[span][]byte{}}}
}

// Registers whose request was lost are asked for again: surveyRounds times, and
// as long as more of them are answered, mostRounds times.
const (
	surveyRounds = 2
	mostRounds   = 8
)

// survey reads all that the profile looks at. It returns problems that cost
// points, in words.
func (d *Driver) survey(ctx context.Context, k *knowledge) ([]string, error) {
	seen := map[span]*item{}
	list := func(registers []profile.Register) []*item {
		var out []*item
		for _, r := range registers {
			s := k.units.span(r)
			if seen[s] == nil {
				seen[s] = &item{span: s, quality: models.CommFailed}
				out = append(out, seen[s])
			}
		}
		return out
	}
	// Some devices answer a register that is read alone with another thing
	// than the same register among others: identity is asked alone.
	identity := list(k.profile.ModbusIdentityNeeds())
	rest := list(k.profile.ModbusNeeds())
	if d.controls {
		rest = append(rest, list(k.profile.ModbusControlNeeds())...)
	}
	var (
		answers int
		last    error
	)
	for round, open := 0, len(seen); round < mostRounds; round++ {
		left := len(pending(identity)) + len(pending(rest))
		if left == 0 || round >= surveyRounds && left == open {
			break
		}
		open = left
		single := k.reader.planner
		single.alone = true
		// Where holes read as zero, only a request of its own tells whether
		// the device has a register.
		lone, others := identity, rest
		if k.reader.planner.zeroHoles {
			lone, others = append(slices.Clone(identity), rest...), nil
		}
		for _, blocks := range [][]block{single.plan(pending(lone)), k.reader.planner.plan(pending(others))} {
			_, out, err := k.reader.fetch(ctx, blocks, nil)
			if err != nil {
				return nil, err
			}
			answers += out.answers
			if out.err != nil {
				last = out.err
			}
			if answers == 0 && out.lost > 0 {
				return nil, fmt.Errorf("read %s (unit %d): %w", d.target.Name, d.target.Modbus.Unit, last)
			}
		}
	}
	silent := map[byte]bool{}
	var problems []string
	for _, x := range seen {
		k.view.keep(x)
		if x.quality != models.CommFailed {
			continue
		}
		if x.exception != 0 && !passing(x.exception) {
			problems = append(problems, fmt.Sprintf("%s: the device answers exception %d: its points are left out", x.span, x.exception))
			continue
		}
		if x.unit == k.units.own || unitAnswered(seen, x.unit) {
			// Points left out now would be missing for good.
			return nil, fmt.Errorf("learn %s: %s: %w", d.target.Name, x.span, last)
		}
		silent[x.unit] = true
	}
	if len(k.view.data) == 0 {
		return nil, fmt.Errorf("%w: %s (unit %d) has none of the registers of profile %s: %w",
			collectors.ErrNoProfile, d.target.Name, d.target.Modbus.Unit, k.profile.Name, last)
	}
	for unit := range silent {
		problems = append(problems, fmt.Sprintf("unit %d does not answer: its points are left out", unit))
	}
	for f := range k.reader.missing {
		problems = append(problems, fmt.Sprintf("the device does not know function %d: points of that table are left out", f))
	}
	slices.Sort(problems)
	return problems, nil
}

// passing tells exceptions that ask to come back later.
func passing(code byte) bool {
	return code == modbus.ExceptionCodeAcknowledge || code == modbus.ExceptionCodeServerDeviceBusy
}

// pending are the items without an answer.
func pending(items []*item) []*item {
	var out []*item
	for _, x := range items {
		if x.quality == models.CommFailed {
			out = append(out, x)
		}
	}
	return out
}

func unitAnswered(items map[span]*item, unit byte) bool {
	for _, x := range items {
		if x.unit == unit && x.quality != models.CommFailed {
			return true
		}
	}
	return false
}

// choose takes the profile that the target names, or the one that fits best
// what the device says of itself.
func (d *Driver) choose(ctx context.Context) (*profile.Profile, *said, collectors.Fit, error) {
	lib := d.engine.library.Load()
	fit := collectors.Fit{Why: "named by a person"}
	if lib == nil {
		return nil, nil, fit, errors.New("no profile library")
	}
	if name := d.target.Profile; name != "" {
		p, ok := lib.Get(name)
		if !ok {
			return nil, nil, fit, fmt.Errorf("%w: there is no profile %q", collectors.ErrNoProfile, name)
		}
		if p.Protocol != profile.Modbus {
			return nil, nil, fit, fmt.Errorf("%w: profile %q is for %s", collectors.ErrNoProfile, name, p.Protocol)
		}
		return p, nil, fit, nil
	}
	id, told, err := d.identify(ctx, lib)
	if err != nil {
		return nil, nil, fit, err
	}
	found := lib.MatchModbus(id)
	if objects := told.objects; len(found) == 0 {
		return nil, nil, fit, &collectors.UnknownDevice{
			Identity: collectors.Identity{Vendor: objects[0], Model: objects[1], Firmware: objects[2]},
			Reason: fmt.Sprintf("%s (unit %d) gives device identification %q and server identification %q; name a profile",
				d.target.Name, d.target.Modbus.Unit, texts(id.DeviceID), id.ServerID),
		}
	}
	fit.Why, fit.Others, fit.Generic, fit.Close = profile.Choice(found)
	fit.Candidates = listed(found)
	return found[0].Profile, told, fit, nil
}

func listed(found []profile.Candidate) []collectors.Candidate {
	out := make([]collectors.Candidate, len(found))
	for i, c := range found {
		out[i] = collectors.Candidate{Profile: c.Profile.Name, Why: c.Why}
	}
	return out
}

// Candidates asks the device what it is and returns the profiles that fit,
// best first, whatever profile the target names. Profiles without a match rule
// are not among them.
func (d *Driver) Candidates(ctx context.Context) ([]collectors.Candidate, error) {
	lib := d.engine.library.Load()
	if lib == nil {
		return nil, errors.New("no profile library")
	}
	if err := d.connect(ctx); err != nil {
		return nil, err
	}
	id, _, err := d.identify(ctx, lib)
	if err != nil {
		return nil, err
	}
	return listed(lib.MatchModbus(id)), nil
}

// OnProgress has f told how far a look at the device is: requests that are
// done, of all. Call it before Inspect.
func (d *Driver) OnProgress(f func(done, all int)) { d.progress = f }

// maxMute is how many questions of different kinds a device may leave
// unanswered before it counts as not there.
const maxMute = 3

// identify asks for what the match rules of the library look at. Devices may
// refuse any of it, and some keep silent to functions they do not know.
func (d *Driver) identify(ctx context.Context, lib *profile.Library) (profile.ModbusIdentity, *said, error) {
	unit, at := d.target.Modbus.Unit, d.paceOf(nil)
	v := &view{units: unitMap{own: unit}, data: map[span][]byte{}}
	id := profile.ModbusIdentity{DeviceID: map[int]string{}, ModbusView: v}
	answered, mute := false, 0
	note := func(err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil || exceptionCode(err) != 0 && !unreachable(err):
			answered = true
		default:
			if mute++; !answered && mute >= maxMute {
				return fmt.Errorf("identify %s (unit %d): %w", d.target.Name, unit, err)
			}
		}
		return nil
	}
	seek := &seeker{view: v, driver: d, ctx: ctx, pace: at, note: note}
	if lib.HasSunSpec() {
		profile.ReadSunSpec(seek)
	}
	for _, r := range lib.MatchModbusNeeds() {
		seek.Registers(r)
		if seek.ended != nil {
			return id, nil, seek.ended
		}
	}
	told := &said{view: v, category: 1}
	objects, err := d.gateway.deviceID(ctx, at, unit, told.category)
	if e := note(err); e != nil {
		return id, nil, e
	}
	if err == nil {
		// The vendor's own objects; what fails here was answered in part.
		if more, err := d.gateway.deviceID(ctx, at, unit, 3); err == nil {
			objects, told.category = more, 3
		}
	}
	told.objects = objects
	for n, text := range objects {
		id.DeviceID[int(n)] = clean([]byte(text))
	}
	server, err := d.gateway.serverID(ctx, at, unit)
	if e := note(err); e != nil {
		return id, nil, e
	}
	told.server, id.ServerID = server, clean(server)
	switch {
	case !answered:
		return id, nil, fmt.Errorf("identify %s (unit %d): %w", d.target.Name, unit, err)
	case seek.lost != nil:
		// A rule that could not be checked might have been the right one.
		return id, nil, fmt.Errorf("identify %s (unit %d): %w", d.target.Name, unit, seek.lost)
	}
	return id, told, nil
}

// clean makes text of a device fit for matching, logs and errors.
func clean(b []byte) string {
	s := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), ""))
	return strings.TrimSpace(s)
}

func texts(m map[int]string) []string {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = m[k]
	}
	return out
}

// learned turns a resolved profile into what a driver reports. Identification
// objects fill what the profile's registers do not tell.
func learned(device *profile.Device, objects map[byte]string) *collectors.Learned {
	id := device.Identity
	or := func(name string, objectIDs ...byte) string {
		if id[name] != "" {
			return id[name]
		}
		for _, n := range objectIDs {
			if t := clean([]byte(objects[n])); t != "" {
				return t
			}
		}
		return ""
	}
	l := &collectors.Learned{
		Profile: device.Profile, Kind: device.Kind, Intervals: device.Intervals,
		Identity: collectors.Identity{
			Vendor: or("vendor", 0), Model: or("model", 5, 4, 1), Serial: id["serial"], Firmware: or("firmware", 2), MAC: id["mac"],
			Name: id["name"], Location: id["location"], Contact: id["contact"],
		},
		Points: make([]models.PointSpec, len(device.Points)),
	}
	for i := range device.Points {
		l.Points[i] = device.Points[i].Spec
	}
	return l
}
