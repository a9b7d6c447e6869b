package app

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/problem"
)

// The audit log tells of a change that failed what is on disk.
func TestFailedProfileChangeIsToldTruly(t *testing.T) {
	a := plain(t, t.TempDir())
	ctx := access.System(t.Context(), "test")
	for name, x := range map[string]struct {
		err    error
		detail string
		asked  bool // the API answers with the faults
	}{
		"put-back": {fmt.Errorf("race: %w", &workshop.Refusal{Err: profile.Faults{{File: "x.yaml", Message: "bad"}}}), "nothing was changed", true},
		"on-disk":  {fmt.Errorf("%w: %w", workshop.ErrOnDisk, errors.New("no space")), workshop.ErrOnDisk.Error(), false},
	} {
		out, err := a.bench.change(ctx, "update", name, []byte("x"), func() error { return x.err })
		if (err == nil) != x.asked || x.asked && (len(out.Faults) != 1 || out.Faults[0].Message != "bad") {
			t.Errorf("%s: answer %v, %v", name, out, err)
		}
		log, err := a.core.Audit.List(ctx, audit.Filter{}, audit.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, e := range log {
			found = found || e.ObjectID == name && e.Outcome == "failed" && e.Detail == x.detail
		}
		if !found {
			t.Errorf("%s: the audit log does not say %q", name, x.detail)
		}
	}
}

// A profile is found by the sysObjectIDs of all its matches, each told once.
func TestProfilesTellTheirObjectIDs(t *testing.T) {
	a := plain(t, t.TempDir())
	list, err := a.bench.Profiles(access.System(t.Context(), "test"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, p := range list.Items {
		got[p.Name] = p.ObjectIds
	}
	for name, want := range map[string][]string{"apc-rpdu2": {"1.3.6.1.4.1.318"}, "apc-smart-ups": {}} {
		if !slices.Equal(got[name], want) || got[name] == nil {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// A recording that cannot be read is refused with the line at fault.
func TestBadRecordingIsToldWithItsLine(t *testing.T) {
	a := plain(t, t.TempDir())
	for file, x := range map[string]struct {
		text string
		line int
	}{
		"a.snmprec": {"1.3.6.1.2.1.1.1.0|4|Site meter\n\n1.3.6.1.2.1.1.3.0|67|soon\n", 3},
		"a.modbus":  {"# meter\nholding|70000|0001\n", 2},
	} {
		_, err := a.bench.TestRecording(access.System(t.Context(), "test"), apigen.RecordingTest{Recording: apigen.NamedText{Name: file, Text: x.text}})
		p := problem.From(err)
		if p.Status != http.StatusUnprocessableEntity || len(p.Fields) != 1 || *p.Fields[0].Code != "unreadable" || p.Fields[0].Line == nil || *p.Fields[0].Line != x.line {
			t.Errorf("%s: %+v", file, p)
		}
	}
}
