package collectors

import (
	"hash/fnv"
	"log/slog"
	"slices"
)

// Repeats tells what was said of a device before: what stays as it is from one
// look to the next is a warning once. The zero value knows of nothing. One
// goroutine at a time uses it.
type Repeats struct {
	before, now []uint32 // hashes, since every device keeps them
}

// Level is that of a message: slog.LevelWarn, or slog.LevelDebug when the look
// before, or this one, had the same.
func (r *Repeats) Level(message string) slog.Level {
	h := fnv.New32a()
	_, _ = h.Write([]byte(message)) // it never fails
	sum := h.Sum32()
	if slices.Contains(r.now, sum) {
		return slog.LevelDebug
	}
	r.now = append(r.now, sum)
	if slices.Contains(r.before, sum) {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// End ends a look. One that failed before it said anything says nothing about
// what holds.
func (r *Repeats) End(err error) {
	if err == nil || len(r.now) > 0 {
		r.before, r.now = r.now, r.before[:0]
	}
}
