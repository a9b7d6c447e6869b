package access_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/dcim/access"
)

var update = flag.Bool("update", false, "write golden files")

// TestMatrix compares every role and operation with the reviewed table.
func TestMatrix(t *testing.T) {
	var b strings.Builder
	for _, op := range access.Operations() {
		fmt.Fprintf(&b, "%-18s", op)
		for _, r := range access.Roles() {
			mark := "-"
			if r.Can(op) {
				mark = string(r)
			}
			fmt.Fprintf(&b, " %s", mark)
		}
		b.WriteByte('\n')
	}
	const golden = "testdata/matrix.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("matrix differs from %s:\n%s", golden, b.String())
	}
}

func TestRequire(t *testing.T) {
	session := func(r access.Role, scope ...uint64) access.Principal {
		return access.Principal{UserID: 1, Name: "u", Role: r, Scope: scope, Via: access.ViaSession}
	}
	tests := []struct {
		name string
		p    access.Principal
		op   access.Operation
		site uint64
		want error
	}{
		{"nobody", access.Principal{}, access.ReadFacility, 0, access.ErrUnauthenticated},
		{"a role without a way in", access.Principal{Role: access.Administrator}, access.ReadFacility, 0, access.ErrUnauthenticated},
		{"viewer reads", session(access.Viewer), access.ReadFacility, 0, nil},
		{"viewer edits", session(access.Viewer), access.EditLayout, 0, access.ErrForbidden},
		{"unknown role", session("root"), access.ReadFacility, 0, access.ErrForbidden},
		{"unknown operation", session(access.Administrator), "everything", 0, access.ErrForbidden},
		{"administrator opens secrets", session(access.Administrator), access.UseCredentials, 0, access.ErrForbidden},
		{"system opens secrets", access.Principal{Via: access.ViaSystem}, access.UseCredentials, 0, nil},
		{"system, unknown operation", access.Principal{Via: access.ViaSystem}, "everything", 0, access.ErrForbidden},
		{"own site", session(access.Engineer, 7), access.EditLayout, 7, nil},
		{"other site", session(access.Engineer, 7), access.EditLayout, 8, access.ErrForbidden},
		{"confined administrator, users", session(access.Administrator, 7), access.ManageUsers, 0, access.ErrForbidden},
		{"token within its owner's role", access.Principal{Role: access.Administrator, Limit: access.Viewer, Via: access.ViaToken}, access.EditLayout, 0, access.ErrForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			told := 0
			ctx := access.WithDenied(access.With(context.Background(), tt.p), func(_ context.Context, op access.Operation, err error) {
				told++
				if op != tt.op || !errors.Is(err, tt.want) {
					t.Errorf("told %s, %v", op, err)
				}
			})
			var err error
			if tt.site != 0 {
				err = access.RequireSite(ctx, tt.op, tt.site)
			} else {
				err = access.Require(ctx, tt.op)
			}
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if (told == 1) != (tt.want != nil) {
				t.Errorf("refusal told %d times", told)
			}
		})
	}
}
