package workshop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/models"
)

// Subject is a device that can be looked at: the drivers of both protocols are.
type Subject interface {
	collectors.Driver
	// Candidates asks the device what it is and returns the profiles that fit.
	Candidates(ctx context.Context) ([]collectors.Candidate, error)
	// Inspect is Learn, and gives what each point was made of as well.
	Inspect(ctx context.Context) (*profile.Device, *collectors.Learned, error)
	OnProgress(func(done, all int))
}

// Step is what a look does.
type Step string

// The steps, in their order.
const (
	StepIdentify Step = "identify"
	StepLearn    Step = "learn"
	StepRead     Step = "read"
)

// Look is what was seen at one look at a device or a recording.
type Look struct {
	Learned *collectors.Learned
	// Candidates fit what the device says of itself, best first; CandidatesErr
	// tells why they are not known.
	Candidates    []collectors.Candidate
	CandidatesErr error
	Points        []LookPoint
	// Absent are readings of the profile that the device does not have.
	Absent   []profile.PointCoverage
	Verdicts []Verdict
	Checks   []Check
	// Problems are faults of device or profile that cost points, in words.
	Problems []string
	Took     time.Duration
}

// LookPoint is one point with its value.
type LookPoint struct {
	models.PointSpec
	// Raw is as it came from the wire: a number, a text in quotes or
	// hexadecimal octets. It is foreign text.
	Raw string
	// Value is in the base unit, meaningful when Quality is Good.
	Value   float64
	Quality models.Quality
	// Reason tells why there is no value; empty with a good one.
	Reason Reason
}

// Reason is why a point has no value.
type Reason string

// The reasons.
const (
	// Absent: the device does not have the object or register just now.
	Absent Reason = "absent"
	// Sentinel: the device says itself that it has no value.
	Sentinel Reason = "sentinel"
	// Undecodable: what it sent is no value of this reading.
	Undecodable Reason = "undecodable"
	// Unanswered: the request was not answered.
	Unanswered Reason = "unanswered"
)

// TakeLook reads a device once. named tells that its target names a profile;
// then what else would fit is asked for as well. progress, if not nil, is told
// how far each step is; all is zero where that is not known.
//
// The value of a point is that of the raw value shown beside it. That it can
// be polled is tried as well: a point that a poll gives no value for has none.
func TakeLook(ctx context.Context, d Subject, lib *profile.Library, named bool, progress func(s Step, done, all int)) (*Look, error) {
	if progress == nil {
		progress = func(Step, int, int) {}
	}
	began := time.Now()
	step := StepIdentify
	d.OnProgress(func(done, all int) { progress(step, done, all) })
	progress(step, 0, 0)
	x := &Look{}
	if named {
		x.Candidates, x.CandidatesErr = d.Candidates(ctx)
		if ctx.Err() != nil {
			return x, ctx.Err()
		}
		if errors.Is(x.CandidatesErr, collectors.ErrAuth) || errors.Is(x.CandidatesErr, collectors.ErrRefused) {
			return x, x.CandidatesErr
		}
	}
	step = StepLearn
	progress(step, 0, 0)
	device, learned, err := inspect(ctx, d)
	if err != nil {
		return x, err
	}
	if !named {
		x.Candidates = learned.Fit.Candidates
	}
	x.Learned, x.Problems = learned, device.Problems
	step = StepRead
	progress(step, 0, 0)
	groups := make([]string, 0, len(learned.Intervals))
	for g := range learned.Intervals {
		groups = append(groups, g)
	}
	polled, err := d.Read(ctx, groups, nil)
	if err != nil && !errors.Is(err, collectors.ErrChanged) {
		return x, err
	}
	x.Points = Points(device)
	for _, r := range polled {
		if p := &x.Points[r.Index]; r.Quality != models.Good || p.Quality != models.Good {
			p.Value, p.Quality = r.Value, r.Quality
			p.Reason = reasonOf(p.Quality, p.Raw)
		}
	}
	x.judge(lib, device)
	x.Took = time.Since(began)
	return x, nil
}

// inspect learns in a goroutine of its own, as polling does, so that a panic
// in a driver comes to the caller.
func inspect(ctx context.Context, d Subject) (device *profile.Device, learned *collectors.Learned, err error) {
	crash := make(chan any, 1)
	go func() {
		defer func() { crash <- recover() }()
		device, learned, err = d.Inspect(ctx)
	}()
	if c := <-crash; c != nil {
		return nil, nil, fmt.Errorf("driver panicked: %v", c)
	}
	return device, learned, err
}

// LookAtRecording is a look at a device as it was recorded; see Apply.
func LookAtRecording(lib *profile.Library, name, file string, data []byte) (*Look, error) {
	device, err := Apply(lib, name, file, data)
	if err != nil {
		return nil, err
	}
	x := &Look{Learned: snmp.Describe(device), Problems: device.Problems}
	if rec, err := profile.ReadRecording(bytes.NewReader(data)); err == nil && path.Ext(file) != ".modbus" {
		x.Learned.Identity.SysObjectID = rec.Scalar(profile.SysObjectIDOID).String()
		x.Learned.Identity.SysDescr = strings.ToValidUTF8(rec.Scalar(profile.SysDescrOID).String(), "")
		_, found := lib.Recognise(rec)
		for _, c := range found {
			x.Candidates = append(x.Candidates, collectors.Candidate{Profile: c.Profile.Name, Why: c.Why})
		}
	}
	x.Points = Points(device)
	x.judge(lib, device)
	return x, nil
}

// Points gives the points of a device as they were when it was learned.
func Points(device *profile.Device) []LookPoint {
	out := make([]LookPoint, len(device.Points))
	for i := range device.Points {
		p := &device.Points[i]
		v, q := p.Initial()
		out[i] = LookPoint{PointSpec: p.Spec, Raw: RawText(p), Value: v, Quality: q}
		out[i].Reason = reasonOf(q, out[i].Raw)
	}
	return out
}

func (x *Look) judge(lib *profile.Library, device *profile.Device) {
	x.Verdicts, x.Checks = Inspect(device)
	if p, ok := lib.Get(device.Profile); ok {
		for _, c := range profile.Coverage(p, device) {
			if c.Readings == 0 {
				x.Absent = append(x.Absent, c)
			}
		}
	}
}

func reasonOf(q models.Quality, raw string) Reason {
	switch {
	case q == models.Good:
		return ""
	case q == models.CommFailed:
		return Unanswered
	case raw == "":
		return Absent
	case q == models.Sentinel:
		return Sentinel
	}
	return Undecodable
}

// Reading is the point as commands print it.
func (p *LookPoint) Reading() profile.Reading {
	return profile.NewReading(p.PointSpec, p.Value, p.Quality)
}

// State is the meaning of the value of an enumerated point.
func (p *LookPoint) State() (models.StateText, bool) {
	if p.Quality != models.Good || !p.Class.Enumerated() {
		return models.StateText{}, false
	}
	return profile.StateOf(p.States, p.Value), true
}

// maxRawText bounds a raw text, in characters.
const maxRawText = 80

// RawText is what the device held for a point, in words for a person; empty
// when it held nothing.
func RawText(p *profile.Resolved) string {
	raw := p.Raw()
	switch raw.Kind {
	case profile.None:
		return ""
	case profile.Bytes:
		if p.Register != nil {
			return registerText(raw.Bytes)
		}
		text := strings.TrimRight(string(raw.Bytes), "\x00 \r\n")
		if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return `"` + cut(text) + `"`
		}
		return cut(fmt.Sprintf("0x%x", raw.Bytes))
	case profile.OID:
		return cut(string(raw.Bytes))
	}
	return raw.String()
}

// registerText shows one register as number and words, several as words.
func registerText(b []byte) string {
	var words []string
	for i := 0; i+1 < len(b); i += 2 {
		words = append(words, fmt.Sprintf("%02x%02x", b[i], b[i+1]))
	}
	text := "0x" + strings.Join(words, " ")
	if len(b) == 2 {
		text = strconv.Itoa(int(b[0])<<8|int(b[1])) + " (" + text + ")"
	}
	return cut(text)
}

func cut(s string) string {
	if r := []rune(s); len(r) > maxRawText {
		return string(r[:maxRawText]) + "…"
	}
	return s
}
