package output

import (
	"bytes"
	"testing"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 faults", 1: "1 fault", 2: "2 faults"} {
		if got := Count(n, "fault"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	rows := Rows{
		Columns: []string{"KEY", "VALUE"},
		Cells:   [][]string{{"phòng/nhiệt độ", "-3.5"}, {"=cmd()", "a\x1b[2Jb"}},
	}
	tests := []struct {
		format Format
		want   string
	}{
		{Table, "KEY             VALUE\nphòng/nhiệt độ  -3.5\n=cmd()          a [2Jb\n"},
		{CSV, "KEY,VALUE\nphòng/nhiệt độ,-3.5\n'=cmd(),a\x1b[2Jb\n"},
		{JSON, "[\n  \"x<y\"\n]\n"},
	}
	for _, tt := range tests {
		t.Run(string(tt.format), func(t *testing.T) {
			var b bytes.Buffer
			if err := Write(&b, tt.format, rows, []string{"x<y"}); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got %q, want %q", b.String(), tt.want)
			}
		})
	}
}

func TestNeutral(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "-3.5": "-3.5", "+1e-05": "+1e-05", "-": "'-", "-1+2": "'-1+2", "-Inf": "'-Inf", "=1": "'=1", "+84 24": "'+84 24", "@x": "'@x", "\tx": "'\tx", "nhiệt độ": "nhiệt độ", "1-2": "1-2",
	} {
		if got := Neutral(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestFormatRefusesUnknown(t *testing.T) {
	var f Format
	if err := f.Set("xml"); err == nil {
		t.Error("xml was accepted")
	}
}
