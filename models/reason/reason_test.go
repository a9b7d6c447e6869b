package reason_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aisle-dcim/aisle/models/reason"
)

func TestNewKeepsItsValues(t *testing.T) {
	err := fmt.Errorf("m.csv: %w", reason.New("csv_address", `address "x" is no number`, "value", "x"))
	var r *reason.Error
	if !errors.As(err, &r) || r.Code != "csv_address" || r.Values["value"] != "x" || r.Error() != `address "x" is no number` {
		t.Errorf("got %v", r)
	}
}

func TestQuoteIsBounded(t *testing.T) {
	for in, want := range map[string]string{"hello": `"hello"`, "": `""`, "mất điện": `"mất điện"`, "a\x00b": `"a\x00b"`} {
		if got := reason.Quote(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{strings.Repeat("\x00", 500), strings.Repeat("x", 61), strings.Repeat("ệ", 5000), strings.Repeat("\xff", 70)} {
		got := reason.Quote(in)
		if n := utf8.RuneCountInString(got); n > 64 || !strings.HasSuffix(got, "\"") || !utf8.ValidString(got) {
			t.Errorf("%d characters: %s", n, got)
		}
	}
	// What is cut says so, whatever its letters take.
	if got := reason.Quote(strings.Repeat("ệ", 61)); !strings.HasSuffix(got, "…\"") || utf8.RuneCountInString(got) < 60 {
		t.Errorf("cut: %s", got)
	}
}
