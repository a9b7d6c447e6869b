package discover_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/models/reason"
)

func TestRangesThatAreRefusedTellWhy(t *testing.T) {
	for text, code := range map[string]string{
		"10.0.0.0/8": "range_too_many", "::/0": "range_too_many", "127.0.1.20-127.0.1.10": "range_reversed", "hello": "range_form",
		"10.0.0.1-fe80::1": "range_mixed", "10.0.0.1-x.y": "range_address", "[fd00::1": "range_bracket", "10.0.0.1:99999": "range_port",
		"10.0.0.1:161": "range_has_port",
	} {
		_, err := discover.ParseRanges([]string{"127.0.0.1", text})
		var r *reason.Error
		if !errors.As(err, &r) || r.Code != code {
			t.Errorf("%s: got %v, want %s", text, err, code)
			continue
		}
		if code != "range_has_port" && r.Values["part"] != `"`+text+`"` {
			t.Errorf("%s: the part is told as %s", text, r.Values["part"])
		}
	}
	_, err := discover.ParseRanges([]string{strings.Repeat("\x00", 5000)})
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("a long part is told in %d bytes", len(err.Error()))
	}
}
