package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/models"
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
