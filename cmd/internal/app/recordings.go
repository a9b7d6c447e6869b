package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// recordingDone is what came of a recording.
type recordingDone struct {
	target           collectors.Target
	file             string
	data             []byte
	leftOut, changed int
	profile          string
	partial          string
}

// size is about how many bytes it takes in memory.
func (d recordingDone) size() int { return 1<<10 + len(d.data) }

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
