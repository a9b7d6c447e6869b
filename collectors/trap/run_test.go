package trap

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What the clocks of senders show is kept without a further message.
func TestStateIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "engine.json")
	synctest.Test(t, func(t *testing.T) {
		e, err := openEngine(file, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r := &Receiver{opt: Options{Log: slog.New(slog.DiscardHandler)}, engine: e}
		ctx, cancel := context.WithCancel(t.Context())
		var keeper sync.WaitGroup
		keeper.Go(func() { r.keep(ctx) })
		e.advance("an engine", 3, 100, digest{}, netip.Addr{}, proof{})
		time.Sleep(saveEvery + time.Second)
		s, _, err := readState(file)
		if err != nil || len(s.Engines) != 1 {
			t.Errorf("kept: %+v, %v", s, err)
		}
		cancel()
		keeper.Wait()
	})
}

// written is a log that can be read meanwhile.
type written struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(b)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// A socket that gives nothing but errors is told once, is left alone in between,
// and read when it does again.
func TestSocketThatFails(t *testing.T) {
	var log written
	r, err := Listen(Options{
		Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&log, nil)),
		Senders: func(netip.Addr) []Sender { return nil }, Handle: func(Trap, func(error)) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	time.Sleep(5 * errorPause)
	if err := r.conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.conn.WriteToUDPAddrPort([]byte("anything"), r.Addr()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); r.Stats().Foreign == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	text := log.String()
	if n := strings.Count(text, "traps cannot be read"); n != 1 || r.Stats().Foreign != 1 {
		t.Errorf("told %d times; %+v", n, r.Stats())
	}
	failed := regexp.MustCompile(`traps are read again" failed=(\d+)`).FindStringSubmatch(text)
	if failed == nil {
		t.Fatalf("not told that it is over: %s", text)
	}
	if n, err := strconv.Atoi(failed[1]); err != nil || n > fewErrors+10 {
		t.Errorf("read %d times, want some %d", n, fewErrors+5)
	}
}
