package app

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much garbage may gather beside what is in use. Most of
// the memory is series and last values, which stay for good; polls use theirs
// again. Half of the usual room saves a fifth of the memory and costs, with a
// store that writes as fast as it can, a twentieth of the processor time.
const garbagePercent = 50

// TuneMemory sets up the collection of garbage for a process that polls,
// unless the environment says otherwise (GOGC).
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
