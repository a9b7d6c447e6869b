package web_test

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/web/api"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// craft stands for the profile workshop. Jobs and profiles whose name begins
// with word- are always there, so that random requests find something.
type craft struct {
	mu       sync.Mutex
	jobs     map[string]string
	profiles map[string]string
}

var _ api.Workshop = (*craft)(nil)

func newCraft() *craft {
	return &craft{jobs: map[string]string{}, profiles: map[string]string{"ups-mib": "profile: ups-mib\n"}}
}

func (w *craft) begin(kind string, in apigen.LookInput) (string, error) {
	if in.Address == nil && in.Device == nil && in.Finding == nil {
		return "", fault.Invalid("address", "required", "name either a device, a finding or an address")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id := strings.ToUpper(kind) + itoa(uint64(len(w.jobs)+1))
	w.jobs[id] = kind
	return id, nil
}

func (w *craft) has(kind, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.jobs[id] != kind && !strings.HasPrefix(id, "word-") {
		return fault.NotFound(kind, id)
	}
	return nil
}

func (w *craft) StartLook(_ context.Context, in apigen.LookInput) (apigen.Look, error) {
	id, err := w.begin("look", in)
	return apigen.Look{Id: id, State: "running", Step: "identify", Address: "192.0.2.1:161", Protocol: "snmp-v2c"}, err
}

func (w *craft) Look(_ context.Context, id string) (apigen.Look, error) {
	out := apigen.Look{Id: id, State: "failed", Step: "learn", Address: "192.0.2.1:161", Protocol: "snmp-v3", Failure: &apigen.LookFailure{
		Kind: "auth", Error: "learn 192.0.2.1:161 as user monitor: credentials refused",
	}}
	return out, w.has("look", id)
}

func (w *craft) end(kind, id string) error {
	if err := w.has(kind, id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.jobs, id)
	return nil
}

func (w *craft) CancelLook(_ context.Context, id string) error { return w.end("look", id) }

func (w *craft) StartRecording(_ context.Context, in apigen.RecordingInput) (apigen.DeviceRecording, error) {
	id, err := w.begin("recording", in.Target)
	return apigen.DeviceRecording{Id: id, State: "running", Address: "192.0.2.1:161", Protocol: "snmp-v2c"}, err
}

func (w *craft) Recording(_ context.Context, id string) (apigen.DeviceRecording, error) {
	file, n := "new.snmprec", 12
	return apigen.DeviceRecording{Id: id, State: "done", Address: "192.0.2.1:161", Protocol: "snmp-v2c", File: &file, Bytes: &n}, w.has("recording", id)
}

func (w *craft) CancelRecording(_ context.Context, id string) error { return w.end("recording", id) }

func (w *craft) RecordingFile(_ context.Context, id string) (string, []byte, error) {
	return "new.snmprec", []byte("1.3.6|2|1\n"), w.has("recording", id)
}

func (w *craft) summary(name string) apigen.ProfileSummary {
	return apigen.ProfileSummary{Name: name, Title: name, Kind: "ups", Protocol: "snmp", Origin: "site", Own: true, Products: []apigen.Product{{Vendor: "V", Model: "M"}}, ObjectIds: []string{}}
}

func (w *craft) Profiles(context.Context) (apigen.ProfileList, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := apigen.ProfileList{Items: []apigen.ProfileSummary{}}
	for name := range w.profiles {
		out.Items = append(out.Items, w.summary(name))
	}
	return out, nil
}

func (w *craft) Profile(_ context.Context, name string) (apigen.ProfileDetail, error) {
	out := apigen.ProfileDetail{
		Summary: w.summary(name), Extends: []string{}, Fallback: []string{}, Matches: []string{"sysObjectID 1.3"},
		Readings: []apigen.ProfilePoint{{Key: "output/power", Class: "power", Unit: "W", Scale: 1, Group: "fast", Source: "a", Place: "1.3.6"}},
	}
	_, err := w.ProfileFile(context.Background(), name)
	return out, err
}

func (w *craft) ProfileFile(_ context.Context, name string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, ok := w.profiles[name]
	if !ok && !strings.HasPrefix(name, "word-") {
		return nil, fault.NotFound("profile", name)
	}
	return []byte(text), nil
}

func (w *craft) CheckProfile(_ context.Context, name, text string) (apigen.ProfileCheck, error) {
	out := apigen.ProfileCheck{Faults: []apigen.ProfileFault{}}
	if !strings.HasPrefix(text, "profile: ") {
		line := 1
		out.Faults = append(out.Faults, apigen.ProfileFault{File: name + ".yaml", Line: &line, Message: "no profile"})
	}
	return out, nil
}

func (w *craft) PutProfile(ctx context.Context, name, text string, _ *string) (apigen.ProfileCheck, error) {
	out, err := w.CheckProfile(ctx, name, text)
	if len(out.Faults) == 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.profiles[name] = text
	}
	return out, err
}

func (w *craft) RemoveProfile(_ context.Context, name string) (apigen.ProfileCheck, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.profiles[name]; !ok && !strings.HasPrefix(name, "word-") {
		return apigen.ProfileCheck{}, fault.NotFound("site profile", name)
	}
	delete(w.profiles, name)
	return apigen.ProfileCheck{Faults: []apigen.ProfileFault{}}, nil
}

func (w *craft) TestRecording(_ context.Context, in apigen.RecordingTest) (apigen.LookResult, error) {
	if in.Recording.Text == "" {
		return apigen.LookResult{}, fault.Invalid("recording", "format", "is empty")
	}
	return apigen.LookResult{
		ChosenBy: "match",
		Profile:  "ups-mib", Title: "UPS", Kind: "ups", Candidates: []apigen.ProfileCandidate{}, Points: []apigen.LookPoint{}, Absent: []apigen.AbsentPoint{},
		Verdicts: []apigen.Verdict{}, Checks: []apigen.VerdictCheck{}, Problems: []string{},
	}, nil
}

func (w *craft) DraftProfile(_ context.Context, in apigen.DraftInput) (string, error) {
	return "profile: " + in.Name + "\n", nil
}

// everyWorkshop looks at a device, records it and changes a profile.
func (c *client) everyWorkshop() {
	h, t := c.h, c.h.t
	t.Helper()
	address, protocol := "192.0.2.1", apigen.LookInputProtocol("snmp-v2c")
	target := apigen.LookInput{Address: &address, Protocol: &protocol}
	c.refused(http.StatusUnprocessableEntity, "invalid", "POST", "/looks", apigen.LookInput{})
	var look apigen.Look
	c.want(http.StatusCreated, "POST", "/looks", target, &look)
	c.want(http.StatusOK, "GET", "/looks/"+look.Id, nil, &look)
	if !strings.Contains(look.Failure.Error, "monitor") {
		t.Errorf("an administrator is told %+v", look.Failure)
	}
	// The name of an SNMPv3 user is not for everybody who polls devices.
	h.program(access.Operator).want(http.StatusOK, "GET", "/looks/"+look.Id, nil, &look)
	if look.Failure.Error != "credentials refused" {
		t.Errorf("an operator is told %+v", look.Failure)
	}
	c.want(http.StatusNoContent, "DELETE", "/looks/"+look.Id, nil, nil)
	c.refused(http.StatusNotFound, "not-found", "GET", "/looks/"+look.Id, nil)

	var rec apigen.DeviceRecording
	c.want(http.StatusCreated, "POST", "/recordings", apigen.RecordingInput{Target: target}, &rec)
	c.want(http.StatusOK, "GET", "/recordings/"+rec.Id, nil, &rec)
	head := c.want(http.StatusOK, "GET", "/recordings/"+rec.Id+"/file", nil, nil)
	if head.Get("Content-Disposition") != "attachment; filename=new.snmprec" || !strings.HasPrefix(head.Get("Content-Type"), "text/plain") {
		t.Errorf("the file comes with %v", head)
	}
	c.want(http.StatusNoContent, "DELETE", "/recordings/"+rec.Id, nil, nil)

	c.want(http.StatusOK, "GET", "/profiles", nil, nil)
	var check apigen.ProfileCheck
	c.want(http.StatusOK, "POST", "/profile-checks", apigen.NamedText{Name: "meter", Text: "nonsense"}, &check)
	if len(check.Faults) != 1 || *check.Faults[0].Line != 1 {
		t.Errorf("faults %+v", check)
	}
	c.want(http.StatusOK, "PUT", "/profiles/meter", apigen.ProfileInput{Text: "profile: meter\n"}, &check)
	c.want(http.StatusOK, "GET", "/profiles/meter", nil, nil)
	head = c.want(http.StatusOK, "GET", "/profiles/meter/file", nil, nil)
	if head.Get("Content-Disposition") != "attachment; filename=meter.yaml" {
		t.Errorf("the file comes with %v", head)
	}
	c.want(http.StatusOK, "DELETE", "/profiles/meter", nil, nil)
	c.refused(http.StatusNotFound, "not-found", "DELETE", "/profiles/meter", nil)
	c.refused(http.StatusBadRequest, "invalid", "GET", "/profiles/Meter", nil)

	// Files are larger than other requests, but bounded.
	big := apigen.RecordingTest{Recording: apigen.NamedText{Name: "x.snmprec", Text: strings.Repeat("x", 2<<20)}}
	c.want(http.StatusOK, "POST", "/profile-tests", big, nil)
	c.refused(http.StatusRequestEntityTooLarge, "too-large", "POST", "/looks", strings.Repeat(" ", 2<<20)+"{}")
	c.refused(http.StatusRequestEntityTooLarge, "too-large", "POST", "/profile-tests", strings.Repeat(" ", 25<<20)+"{}")
	var draft apigen.ProfileInput
	c.want(http.StatusOK, "POST", "/profile-drafts", apigen.DraftInput{Name: "meter", From: "csv", File: apigen.NamedText{Name: "m.csv", Text: "address,name\n"}}, &draft)
	if draft.Text != "profile: meter\n" {
		t.Errorf("draft %+v", draft)
	}
}
