package snmp

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// A table that ends early at each look is a warning once.
func TestWarnedOnce(t *testing.T) {
	e, _, target := start(t, 130, agent.Options{MaxMessage: 250, Before: func(q []byte, _ net.Addr, _ func([]byte)) bool {
		_, i := asks(q, "1.3.6.1.4.1.9.2.1.60", ber.GetBulk)
		return i > 0
	}})
	var log bytes.Buffer
	e.opt.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	target.Timeout = 20 * time.Millisecond
	d := learnedBy(t, e, target)
	for range 2 {
		if _, err := d.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if warned, again := strings.Count(log.String(), `WARN msg="walk ended early"`), strings.Count(log.String(), `DEBUG msg="walk ended early"`); warned != 1 || again != 2 {
		t.Errorf("%d warnings, %d repetitions: %s", warned, again, log.String())
	}
}
