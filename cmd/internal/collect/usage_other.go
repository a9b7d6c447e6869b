//go:build !unix

package collect

import "time"

// This system does not tell; the statistics show zero.
func cpuTime() time.Duration { return 0 }

func peakMB() float64 { return 0 }
