package workshop_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/models/reason"
)

func TestFaultsOfRegisterTablesHaveCodeAndLine(t *testing.T) {
	for name, c := range map[string]struct {
		text, code string
		line       int
		values     map[string]string
	}{
		"address":    {"address,name\n1,a\n99999,b\n", "csv_address", 3, map[string]string{"value": `"99999"`}},
		"type":       {"address,name,type\n1,a,u7\n", "csv_type", 2, map[string]string{"value": `"u7"`}},
		"quotes":     {"address,name\n1,a\"b\n", "csv_quote", 2, map[string]string{"column": "4"}},
		"column":     {"address,volume\n1,a\n", "csv_column", 1, map[string]string{"column": "name"}},
		"no lines":   {"address,name\n", "csv_lines", 0, nil},
		"semicolons": {"address;name\n1;a\n", "csv_semicolons", 0, nil},
	} {
		_, err := workshop.FromCSV("m", "m.csv", strings.NewReader(c.text))
		var r *reason.Error
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
			continue
		}
		line := 0
		if at := (*profile.LineError)(nil); errors.As(err, &at) {
			line = at.Line
		}
		if line != c.line {
			t.Errorf("%s: in line %d, want %d", name, line, c.line)
		}
		for k, want := range c.values {
			if r.Values[k] != want {
				t.Errorf("%s: %s is %s, want %s", name, k, r.Values[k], want)
			}
		}
	}
}

func TestFaultsOfRecordingsQuoteLittle(t *testing.T) {
	binary := strings.Repeat("\x00\x01\xfe", 700)
	for _, text := range []string{binary, "1.3.6|" + binary + "|1", binary + "|2|1", "1.3.6|2|" + binary, "1.3.6|65|" + binary} {
		if _, err := profile.ReadRecording(strings.NewReader(text)); err == nil || len(err.Error()) > 200 {
			t.Errorf("told in %d bytes", len(err.Error()))
		}
	}
	for _, text := range []string{binary, "holding|" + binary + "|1", binary + "|1|1", "holding|1|" + binary, "holding@" + binary + "|1|1"} {
		if _, err := profile.ReadModbusRecording(strings.NewReader(text)); err == nil || len(err.Error()) > 200 {
			t.Errorf("told in %d bytes", len(err.Error()))
		}
	}
}
