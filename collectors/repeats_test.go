package collectors

import (
	"errors"
	"log/slog"
	"testing"
)

func TestRepeats(t *testing.T) {
	var r Repeats
	look := func(err error, messages map[string]slog.Level) {
		t.Helper()
		for m, want := range messages {
			if got := r.Level(m); got != want {
				t.Errorf("%s: %s, want %s", m, got, want)
			}
		}
		r.End(err)
	}
	const warn, debug = slog.LevelWarn, slog.LevelDebug
	look(nil, map[string]slog.Level{"a": warn, "b": warn})
	look(nil, map[string]slog.Level{"a": debug, "b": debug})
	look(errors.New("silent"), nil)
	look(nil, map[string]slog.Level{"a": debug, "c": warn})
	look(errors.New("cut short"), map[string]slog.Level{"a": debug})
	look(nil, map[string]slog.Level{"a": debug, "b": warn})
	look(nil, nil)
	look(nil, map[string]slog.Level{"a": warn})
}
