package app

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
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
