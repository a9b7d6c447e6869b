package embedded

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is a buffer that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestReadingTheLogIsTold: what is read, how far it is, and how long it took.
func TestReadingTheLogIsTold(t *testing.T) {
	dir := t.TempDir()
	var out lockedBuffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	startReplay(dir, log, time.Millisecond).end(true)
	if out.String() != "" {
		t.Errorf("told of an empty store: %s", out.String())
	}
	for _, f := range []string{"wal/00000000", "wal/00000001", "wal/checkpoint.00000003/00000000", "wbl/00000000"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := startReplay(dir, log, time.Millisecond)
	quiet := slog.New(&watcher{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError}), nil, r})
	quiet.Info("WAL segment loaded", "segment", 0, "maxSegment", 1)
	quiet.Info("WAL segment loaded", "segment", 1, "maxSegment", 1)
	for !strings.Contains(out.String(), "segments_read=2 segments=4 mb=4") {
		time.Sleep(time.Millisecond)
	}
	r.end(true)
	got := out.String()
	if !strings.Contains(got, `msg="reading the log of the time-series store" segments=4 mb=4`) || !strings.Contains(got, `msg="time-series store is open" took=`) || strings.Contains(got, "maxSegment") {
		t.Errorf("told: %s", got)
	}
	if quiet.Enabled(t.Context(), slog.LevelInfo) {
		t.Error("the library's own log is let through after the end")
	}
}
