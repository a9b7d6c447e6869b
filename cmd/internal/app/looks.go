package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/api"
	"github.com/aisle-dcim/aisle/web/apigen"
)

const (
	// lookLimit bounds one look at a device, recordLimit one recording.
	lookLimit   = 5 * time.Minute
	recordLimit = 30 * time.Minute
	// maxRecordingBytes bounds the file of a recording: what a test of a
	// profile takes (NamedText of the API).
	maxRecordingBytes = 16 << 20
)

// bench is the profile workshop: looks at devices, recordings of them and the
// profiles. It asks who may.
type bench struct {
	app        *App
	looks      *jobs[lookDone]
	recordings *jobs[recordingDone]
	coverage   coverage
	// putting is held from looking at what a profile replaces until it does.
	putting sync.Mutex
	// counting asks for the coverage of all profiles.
	counting chan struct{}
}

func (a *App) newBench(life context.Context) *bench {
	return &bench{
		app: a, looks: newJobs[lookDone](life, &a.wg, "looks", lookLimit), recordings: newJobs[recordingDone](life, &a.wg, "recordings", recordLimit),
		counting: make(chan struct{}, 1),
	}
}

// lookDone is what came of a look, made out with the profiles of its time.
type lookDone struct {
	target     collectors.Target
	result     *apigen.LookResult
	candidates *[]apigen.ProfileCandidate
}

// size is about how many bytes it takes in memory.
func (d lookDone) size() int {
	n := 1 << 10
	if d.result != nil {
		n += 512 * (len(d.result.Points) + len(d.result.Absent))
	}
	return n
}

// told is what is kept of a target: without its secrets.
func told(t collectors.Target) collectors.Target {
	t.SNMP = collectors.SNMPCredential{}
	return t
}

// size is about how many bytes it takes in memory.
func (d recordingDone) size() int { return 1<<10 + len(d.data) }

// recordingDone is what came of a recording.
type recordingDone struct {
	target           collectors.Target
	file             string
	data             []byte
	leftOut, changed int
	profile          string
	partial          string
}

// target makes out what is to be looked at, and whether who asks may. Its
// secrets are never told.
func (b *bench) target(ctx context.Context, in apigen.LookInput) (collectors.Target, error) {
	var (
		t   collectors.Target
		err error
		id  *uint64
	)
	given := 0
	for _, is := range []bool{in.Device != nil, in.Finding != nil, in.Address != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return t, fault.Invalid("address", "required", "name either a device, a finding or an address")
	}
	switch {
	case in.Device != nil:
		t, id, err = b.ofDevice(ctx, models.DeviceID(*in.Device))
	case in.Finding != nil:
		t, id, err = b.ofFinding(ctx, *in.Finding)
	default:
		t, id, err = b.ofAddress(ctx, in)
	}
	if err != nil {
		return t, err
	}
	if in.Profile != nil {
		t.Profile = *in.Profile
	}
	if t.Profile != "" {
		p, ok := b.app.profiles.Set().Get(t.Profile)
		if !ok {
			return t, fault.Invalid("profile", "unknown", "there is no such profile")
		}
		if p.Abstract || (p.Protocol == profile.SNMP) != isSNMP(t.Protocol) {
			return t, fault.Invalid("profile", "kind", fmt.Sprintf("profile %s is not one for devices of this protocol", t.Profile))
		}
	}
	if at, err := netip.ParseAddrPort(t.Address); err == nil && !b.app.opt.Config.Collectors.AllowsTarget(at.Addr()) {
		return t, fault.Invalid("address", "not_allowed", "the configuration does not allow this address to be polled")
	}
	t.Name = t.Address
	if id != nil {
		if t.SNMP, err = b.app.openCredential(ctx, *id); err != nil {
			if errors.Is(err, credential.ErrKey) || errors.Is(err, credential.ErrDamaged) {
				return t, fault.Invalid("credential", "locked", "its secrets cannot be opened: enter them again")
			}
			return t, err
		}
	} else if isSNMP(t.Protocol) {
		return t, fault.Invalid("credential", "required", "SNMP needs a credential")
	}
	return t, nil
}

func isSNMP(p collectors.Protocol) bool { return strings.HasPrefix(string(p), "snmp") }

// ofDevice: who may have it polled may look at it.
func (b *bench) ofDevice(ctx context.Context, id models.DeviceID) (collectors.Target, *uint64, error) {
	var t collectors.Target
	if err := access.Require(ctx, access.PollDevice); err != nil {
		return t, nil, err
	}
	d, err := b.app.inventory.Device(ctx, id)
	if err != nil {
		return t, nil, err
	}
	if err := access.RequireSite(ctx, access.PollDevice, d.SiteID); err != nil {
		return t, nil, err
	}
	if d.Protocol == "" || d.Address == "" {
		return t, nil, fault.Invalid("device", "not_polled", "the device has no address to be read at")
	}
	return collectors.Target{
		Device: d.ID, Address: d.Address, Protocol: collectors.Protocol(d.Protocol), Profile: d.Profile,
		Modbus: collectors.ModbusAddress{Unit: d.UnitID}, Timeout: time.Duration(d.TimeoutMS) * time.Millisecond,
	}, d.CredentialID, nil
}

// ofFinding: who may adopt it may look at it.
func (b *bench) ofFinding(ctx context.Context, id uint64) (collectors.Target, *uint64, error) {
	f, err := b.app.scanner.service.Own(ctx, id)
	if err != nil {
		return collectors.Target{}, nil, err
	}
	return collectors.Target{
		Address: f.Address, Protocol: collectors.Protocol(f.Protocol), Profile: f.Profile, Modbus: collectors.ModbusAddress{Unit: f.UnitID},
	}, f.CredentialID, nil
}

// ofAddress: who may search for devices may look at an address, with a
// credential that he may know of.
func (b *bench) ofAddress(ctx context.Context, in apigen.LookInput) (collectors.Target, *uint64, error) {
	var t collectors.Target
	if err := access.Require(ctx, access.DiscoverDevices); err != nil {
		return t, nil, err
	}
	if in.Protocol == nil {
		return t, nil, fault.Invalid("protocol", "required", "how the device is spoken to must be said")
	}
	t.Protocol = collectors.Protocol(*in.Protocol)
	if t.Modbus.Unit = 1; in.UnitId != nil {
		t.Modbus.Unit = uint8(*in.UnitId)
	}
	port := 502
	if isSNMP(t.Protocol) {
		port = 161
		if in.Credential != nil {
			if err := access.Require(ctx, access.ReadCredentials); err != nil {
				return t, nil, err
			}
			if err := b.credentialFits(ctx, *in.Credential, t.Protocol); err != nil {
				return t, nil, err
			}
		}
	} else {
		in.Credential = nil
	}
	address := strings.TrimSpace(*in.Address)
	host, p, err := net.SplitHostPort(address)
	if err != nil {
		host, p = strings.Trim(address, "[]"), strconv.Itoa(port)
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || n == 0 || host == "" || len(host) > 253 || strings.ContainsAny(host, " \t/@?#%\"'\\") {
		return t, nil, fault.Invalid("address", "format", "must be host or host:port")
	}
	if host, err = b.confined(ctx, host); err != nil {
		return t, nil, err
	}
	t.Address = net.JoinHostPort(host, p)
	return t, in.Credential, nil
}

// lookupLimit bounds how long names are resolved for one look.
const lookupLimit = 5 * time.Second

// confined lets who is confined to sites look at addresses of devices of those
// sites, and of their discovery ranges, where no device of another site is. It
// returns the host to speak to: an address, so that a name cannot come to mean
// another one afterwards. What is refused is refused in one way, which does not
// tell what there is at other sites.
func (b *bench) confined(ctx context.Context, host string) (string, error) {
	p, _ := access.From(ctx)
	if _, all := access.Sites(ctx); all {
		return host, nil
	}
	limited, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	asked, err := addressesOf(limited, host)
	if err != nil {
		return "", fault.Invalid("address", "unknown", "the name cannot be resolved")
	}
	own := map[netip.Addr]bool{}
	ranges, err := b.app.scanner.service.Ranges(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range ranges {
		list, err := discover.ParseRanges(r.Ranges)
		if err != nil {
			return "", fmt.Errorf("discovery range %s: %w", r.Name, err)
		}
		for _, a := range list {
			own[a.Unmap()] = true
		}
	}
	devices, err := b.app.inventory.Addressed(system(ctx))
	if err != nil {
		return "", err
	}
	others := map[netip.Addr]bool{}
	for _, d := range devices {
		at := d.Address
		if h, _, err := net.SplitHostPort(at); err == nil {
			at = h
		}
		mine := p.CanSite(access.DiscoverDevices, d.SiteID)
		if strings.EqualFold(at, host) && !mine {
			return "", access.RequireSite(ctx, access.DiscoverDevices, 0)
		}
		list, err := addressesOf(limited, at)
		if err != nil {
			continue // a serial port, or a name that leads nowhere
		}
		for _, a := range list {
			if mine {
				own[a] = true
			} else {
				others[a] = true
			}
		}
	}
	for _, a := range asked {
		if others[a] || !own[a] {
			return "", access.RequireSite(ctx, access.DiscoverDevices, 0)
		}
	}
	return asked[0].String(), nil
}

// addressesOf returns at least one address, or an error.
func addressesOf(ctx context.Context, host string) ([]netip.Addr, error) {
	host = strings.Trim(host, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap().WithZone("")}, nil
	}
	if host == "" || strings.ContainsAny(host, "/\\ ") {
		return nil, fmt.Errorf("%q is no host", host)
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = list[i].Unmap().WithZone("")
	}
	return list, nil
}

// credentialFits keeps a credential from being tried where it cannot fit.
func (b *bench) credentialFits(ctx context.Context, id uint64, protocol collectors.Protocol) error {
	list, err := b.app.core.Credentials.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.ID == id {
			if (c.Kind == "snmp-v3") != (protocol == collectors.SNMPv3) {
				return fault.Invalid("credential", "kind", fmt.Sprintf("is of kind %s, which does not open %s", c.Kind, protocol))
			}
			return nil
		}
	}
	return fault.NotFound("credential", id)
}

// note writes into the audit log that a device is read for somebody.
func (b *bench) note(ctx context.Context, action string, t collectors.Target) error {
	after := map[string]any{"address": t.Address, "protocol": t.Protocol, "profile": t.Profile}
	if !isSNMP(t.Protocol) {
		after["unit_id"] = t.Modbus.Unit
	}
	e := models.AuditEvent{Action: action, ObjectType: "address", ObjectID: t.Address, ObjectName: t.Address, After: after}
	if t.Device != 0 {
		e.ObjectType, e.ObjectID = "device", fmt.Sprint(t.Device)
	}
	return b.app.core.Audit.Write(ctx, e)
}

// StartLook begins to read a device once.
func (b *bench) StartLook(ctx context.Context, in apigen.LookInput) (apigen.Look, error) {
	t, err := b.target(ctx, in)
	if err != nil {
		return apigen.Look{}, err
	}
	if err := b.note(ctx, "look", t); err != nil {
		return apigen.Look{}, err
	}
	j, err := b.looks.start(ctx, lookDone{target: told(t)}, func(ctx context.Context, j *job[lookDone]) (out lookDone, err error) {
		out.target = told(t)
		// Its polling waits meanwhile.
		err = b.app.manager.Hold(ctx, t.Device, func(ctx context.Context) error {
			return b.look(ctx, t, chosenBy(in, t), &out, func(s workshop.Step, done, all int) { b.looks.tell(j, string(s), done, all) })
		})
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("%w (%s): %w", errTooLong, lookLimit, err)
		}
		return out, err
	})
	if err != nil {
		return apigen.Look{}, err
	}
	return lookOf(snapshot[lookDone]{id: j.id, state: jobRunning, result: lookDone{target: told(t)}}), nil
}

// look reads a device once and makes out what is told of it.
func (b *bench) look(ctx context.Context, t collectors.Target, by apigen.LookResultChosenBy, out *lookDone, progress func(s workshop.Step, done, all int)) error {
	d, err := b.app.engines.NewDriver(t)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // everything was read by then
	lib := b.app.profiles.Set().Library
	x, err := workshop.TakeLook(ctx, d.(workshop.Subject), lib, t.Profile != "", progress)
	if x != nil && len(x.Candidates) > 0 {
		list := candidatesOf(lib, x.Candidates)
		out.candidates = &list
	}
	if err != nil {
		return err
	}
	r := lookResult(lib, x, by)
	out.result = &r
	return nil
}

// Look tells how far a look is, and what it saw.
func (b *bench) Look(ctx context.Context, id string) (apigen.Look, error) {
	s, err := b.looks.get(ctx, id)
	if err != nil {
		return apigen.Look{}, err
	}
	return lookOf(s), nil
}

// CancelLook ends a look and forgets it.
func (b *bench) CancelLook(ctx context.Context, id string) error { return b.looks.end(ctx, id) }

func lookOf(s snapshot[lookDone]) apigen.Look {
	t := s.result.target
	out := apigen.Look{
		Id: s.id, State: apigen.JobState(s.state), Step: apigen.LookStep(s.step), ElapsedS: float32(s.elapsed.Seconds()), Address: t.Address, Protocol: string(t.Protocol),
	}
	if s.step == "" {
		out.Step = apigen.LookStep(workshop.StepIdentify)
	}
	if s.all > 0 {
		out.Done, out.Total = &s.at, &s.all
	}
	if t.Protocol != "" && !isSNMP(t.Protocol) {
		unit := int(t.Modbus.Unit)
		out.UnitId = &unit
	}
	switch s.state {
	case jobDone:
		out.Step = "done"
		out.Result = s.result.result
	case jobFailed:
		f := failureOf(s.err)
		f.Candidates = s.result.candidates
		out.Failure = &f
	}
	return out
}

func candidatesOf(lib *profile.Library, list []collectors.Candidate) []apigen.ProfileCandidate {
	out := []apigen.ProfileCandidate{}
	for _, c := range list {
		title := c.Profile
		if p, ok := lib.Get(c.Profile); ok {
			title = titleOf(p)
		}
		out = append(out, apigen.ProfileCandidate{Profile: c.Profile, Title: title, Why: api.MatchReasons(c.Why)})
	}
	return out
}

// failureOf tells why a device could not be read. The kinds are for
// translation.
func failureOf(err error) apigen.LookFailure {
	f := apigen.LookFailure{Kind: "other", Error: err.Error()}
	var unknown *collectors.UnknownDevice
	switch {
	case errors.Is(err, collectors.ErrNotAllowed):
		f.Kind = "not-allowed"
	case errors.Is(err, errTooLong):
		f.Kind = "too-long"
	case errors.As(err, &unknown):
		f.Kind = "no-profile"
		id := identityOf(unknown.Identity)
		f.Identity = &id
	case errors.Is(err, collectors.ErrAuth):
		f.Kind = "auth"
	case errors.Is(err, collectors.ErrNoProfile):
		f.Kind = "no-profile"
	case errors.Is(err, collectors.ErrRefused):
		f.Kind = "refused"
	case errors.Is(err, collectors.ErrUnreachable):
		f.Kind = "unreachable"
	case errors.Is(err, collectors.ErrProtocol):
		f.Kind = "protocol"
	}
	return f
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func identityOf(id collectors.Identity) apigen.DeviceIdentity {
	return apigen.DeviceIdentity{
		Vendor: optional(id.Vendor), Model: optional(id.Model), Serial: optional(id.Serial), Firmware: optional(id.Firmware), Mac: optional(id.MAC),
		Name: optional(id.Name), Location: optional(id.Location), SysObjectId: optional(id.SysObjectID), SysDescr: optional(id.SysDescr),
	}
}

// chosenBy tells who or what chose the profile that a target is read with.
func chosenBy(in apigen.LookInput, t collectors.Target) apigen.LookResultChosenBy {
	switch {
	case in.Profile != nil && *in.Profile != "":
		return apigen.LookResultChosenByPerson
	case t.Profile == "":
		return apigen.LookResultChosenByMatch
	case in.Finding != nil:
		return apigen.LookResultChosenByFinding
	}
	return apigen.LookResultChosenByDevice
}

func lookResult(lib *profile.Library, x *workshop.Look, by apigen.LookResultChosenBy) apigen.LookResult {
	l := x.Learned
	out := apigen.LookResult{
		Profile: l.Profile, Title: l.Profile, Kind: l.Kind, ChosenBy: by, Identity: identityOf(l.Identity), Problems: append([]string{}, x.Problems...),
		Candidates: candidatesOf(lib, x.Candidates), Points: make([]apigen.LookPoint, len(x.Points)), Absent: []apigen.AbsentPoint{},
		Verdicts: make([]apigen.Verdict, len(x.Verdicts)), Checks: make([]apigen.VerdictCheck, len(x.Checks)),
	}
	if p, ok := lib.Get(l.Profile); ok {
		out.Title, out.Synthetic = titleOf(p), &p.Synthetic
	}
	if x.CandidatesErr != nil {
		text := x.CandidatesErr.Error()
		out.CandidatesError = &text
	}
	if x.Took > 0 {
		s := float32(x.Took.Seconds())
		out.TookS = &s
	}
	concerned := map[string][]int{}
	for i, v := range x.Verdicts {
		out.Verdicts[i] = apigen.Verdict{Rule: apigen.VerdictRule(v.Rule), Keys: v.Keys, Value: v.Value, Unit: v.Unit, Expected: v.Expected}
		if v.Factor != 0 {
			out.Verdicts[i].Factor = &v.Factor
		}
		for _, k := range v.Keys {
			concerned[k] = append(concerned[k], i)
		}
	}
	for i, c := range x.Checks {
		out.Checks[i] = apigen.VerdictCheck{Rule: apigen.VerdictRule(c.Rule), Checked: c.Checked}
	}
	for i := range x.Points {
		out.Points[i] = lookPoint(lib, &x.Points[i], concerned)
	}
	for _, a := range x.Absent {
		out.Absent = append(out.Absent, apigen.AbsentPoint{Key: a.Key, Place: a.Place})
	}
	return out
}

func lookPoint(lib *profile.Library, p *workshop.LookPoint, concerned map[string][]int) apigen.LookPoint {
	out := apigen.LookPoint{
		Key: p.Key, Component: p.Component, Label: p.Label, Class: string(p.Class), Unit: p.Class.Unit(), Quality: apigen.Quality(p.Quality.String()),
		Raw: p.Raw, Source: p.Source, Group: p.Group,
	}
	if lib.Labels().Own(p.Key, p.Label) {
		own := true
		out.LabelOfProfile = &own
	}
	if p.Quality == models.Good {
		out.Value = &p.Value
	}
	if p.Step > 0 {
		out.Step = &p.Step
	}
	if p.Reason != "" {
		r := apigen.LookPointReason(p.Reason)
		out.Reason = &r
	}
	if s, ok := p.State(); ok {
		severity := apigen.Severity(s.Severity)
		out.State, out.Severity = &s.Text, &severity
		if s.Severity == "" {
			out.Severity = nil
		}
	}
	if l := p.Limits; l != (models.Limits{}) {
		out.Limits = &apigen.Limits{LowCritical: l.LowCritical, LowWarning: l.LowWarning, HighWarning: l.HighWarning, HighCritical: l.HighCritical}
	}
	if v := concerned[p.Key]; len(v) > 0 {
		out.Verdicts = &v
	}
	return out
}

// writeSecret is the credential that a device is written with, if it has one of
// its own. One that cannot be opened cannot be hidden in a recording either.
func (b *bench) writeSecret(ctx context.Context, id models.DeviceID) (collectors.SNMPCredential, error) {
	d, err := b.app.inventory.Device(ctx, id)
	if err != nil || d.ControlCredentialID == nil {
		return collectors.SNMPCredential{}, err
	}
	secret, err := b.app.openCredential(ctx, *d.ControlCredentialID)
	if errors.Is(err, credential.ErrKey) || errors.Is(err, credential.ErrDamaged) {
		return secret, fault.Invalid("credential", "locked", "the secrets for control cannot be opened, so that a recording could not hide them: enter them again")
	}
	return secret, err
}

// StartRecording begins to record a device.
func (b *bench) StartRecording(ctx context.Context, in apigen.RecordingInput) (apigen.DeviceRecording, error) {
	if err := access.Require(ctx, access.EditProfiles); err != nil {
		return apigen.DeviceRecording{}, err
	}
	t, err := b.target(ctx, in.Target)
	if err != nil {
		return apigen.DeviceRecording{}, err
	}
	if in.Target.Device != nil {
		// What opens the device for writing is among what it may tell of itself.
		if t.ControlSNMP, err = b.writeSecret(ctx, models.DeviceID(*in.Target.Device)); err != nil {
			return apigen.DeviceRecording{}, err
		}
	}
	o := workshop.RecordOptions{Target: t, Library: b.app.profiles.Set().Library, SNMP: b.app.engines.SNMP, Modbus: b.app.engines.Modbus}
	if in.Hide != nil {
		o.Hide = *in.Hide
	}
	if in.Ranges != nil && *in.Ranges != "" && !isSNMP(t.Protocol) {
		if o.Ranges, err = modbus.ParseRanges(*in.Ranges); err != nil {
			return apigen.DeviceRecording{}, fault.Invalid("ranges", "format", err.Error())
		}
	}
	if err := b.note(ctx, "record", t); err != nil {
		return apigen.DeviceRecording{}, err
	}
	j, err := b.recordings.start(ctx, recordingDone{target: told(t)}, func(ctx context.Context, j *job[recordingDone]) (recordingDone, error) {
		o.Progress = func(done, all int) { b.recordings.tell(j, "", done, all) }
		return record(ctx, o)
	})
	if err != nil {
		return apigen.DeviceRecording{}, err
	}
	return recordingOf(snapshot[recordingDone]{id: j.id, state: jobRunning, result: recordingDone{target: told(t)}}), nil
}

func record(ctx context.Context, o workshop.RecordOptions) (recordingDone, error) {
	out := recordingDone{target: told(o.Target)}
	rec, err := workshop.Record(ctx, o)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("%w (%s): %w", errTooLong, recordLimit, err)
		}
		return out, err
	}
	var buf bytes.Buffer
	if err := rec.Write(&buf); err != nil {
		return out, err
	}
	if !fitsTest(buf.Bytes()) {
		return out, fmt.Errorf("the recording has %d bytes, more than a test of a profile takes (%d)", buf.Len(), maxRecordingBytes)
	}
	out.data, out.leftOut, out.changed, out.profile = buf.Bytes(), rec.LeftOut, rec.Changed, rec.Profile
	if rec.Partial != nil {
		out.partial = rec.Partial.Error()
	}
	out.file = "new"
	if out.profile != "" {
		out.file = out.profile
	}
	out.file += rec.Ending()
	return out, nil
}

// fitsTest tells whether a recording can be sent to a test of a profile, where
// it stands in quotes.
func fitsTest(file []byte) bool {
	const around = 4 << 10 // names, and what stands around them
	text, err := json.Marshal(string(file))
	return err == nil && len(file) <= maxRecordingBytes && len(text)+around <= web.MaxFile
}

// Recording tells how far a recording is.
func (b *bench) Recording(ctx context.Context, id string) (apigen.DeviceRecording, error) {
	s, err := b.recordings.get(ctx, id)
	if err != nil {
		return apigen.DeviceRecording{}, err
	}
	return recordingOf(s), nil
}

// CancelRecording ends a recording and forgets it.
func (b *bench) CancelRecording(ctx context.Context, id string) error {
	return b.recordings.end(ctx, id)
}

// RecordingFile returns the file of a recording that is done.
func (b *bench) RecordingFile(ctx context.Context, id string) (string, []byte, error) {
	s, err := b.recordings.get(ctx, id)
	if err != nil {
		return "", nil, err
	}
	if s.state != jobDone {
		return "", nil, fault.NotFound("recording", id)
	}
	return s.result.file, s.result.data, nil
}

func recordingOf(s snapshot[recordingDone]) apigen.DeviceRecording {
	r := s.result
	out := apigen.DeviceRecording{
		Id: s.id, State: apigen.JobState(s.state), ElapsedS: float32(s.elapsed.Seconds()), Address: r.target.Address, Protocol: string(r.target.Protocol),
	}
	if s.at > 0 {
		out.Done = &s.at
	}
	if s.all > 0 {
		out.Total = &s.all
	}
	switch s.state {
	case jobFailed:
		f := failureOf(s.err)
		out.Failure = &f
	case jobDone:
		n := len(r.data)
		out.File, out.Bytes, out.Profile, out.Partial = &r.file, &n, optional(r.profile), optional(r.partial)
		if isSNMP(r.target.Protocol) {
			out.LeftOut, out.Changed = &r.leftOut, &r.changed
		}
	}
	return out
}
