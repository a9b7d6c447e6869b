package main

import (
	"strings"
	"testing"
)

// TestControlCommands: what could be written is told, and nothing is: the
// agent would refuse it, and the command has no word for it.
func TestControlCommands(t *testing.T) {
	at := []string{"--address", serveRecording(t, "apc/testdata/apc-rpdu2.snmprec"), "--community", "public"}
	code, out, errs := command(t, append([]string{"control", "list", "--format", "csv"}, at...)...)
	if code != exitOK || strings.Count(out, "/switch,") != 24 || !strings.Contains(out, "\"on, off, cycle\",outlet/3/state,1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.3") {
		t.Errorf("list: %d %s\n%s", code, errs, out)
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--control", "outlet/3/switch", "--option", "off", "--format", "json"}, exitOK, `"written": false`},
		{[]string{"--control", "outlet/3/switch", "--option", "off"}, exitOK, "SET 1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.3"},
		{[]string{"--control", "outlet/3/switch", "--option", "burn"}, exitUsage, "no option"},
		{[]string{"--control", "outlet/99/switch", "--option", "off"}, exitUsage, "no such control"},
		{[]string{"--control", "outlet/3/switch"}, exitUsage, "--option or --value"},
	} {
		code, out, errs := command(t, append(append([]string{"control", "dry-run"}, tt.args...), at...)...)
		if code != tt.code || !strings.Contains(out+errs, tt.says) {
			t.Errorf("%v: exit %d, want %d\n%s%s", tt.args, code, tt.code, out, errs)
		}
	}
}
