package app

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much garbage may gather beside what is in use. Most of
// the memory is series and last values, which stay for good; polls use theirs
// again. So the collector of garbage has little to do, and half of the usual
// room costs no measurable processor time and saves a quarter of the memory.
const garbagePercent = 50

// TuneMemory sets up the collection of garbage for a process that polls,
// unless the environment says otherwise (GOGC).
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
