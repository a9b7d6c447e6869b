package modbus

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What does not fit at each look is a warning once.
func TestWarnedOnce(t *testing.T) {
	d := newDevice(tableHolding, map[int]uint16{0: 1, 1: 0, 2: 2, 3: 3, 10: 4})
	d.fail[3] = 4
	b := setUp(t, d, counts)
	var log bytes.Buffer
	b.engine.opt.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for range 3 {
		b.learn()
	}
	if warned, again := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "level=DEBUG"); warned != 1 || again != 2 {
		t.Errorf("%d warnings, %d repetitions: %s", warned, again, log.String())
	}
}
