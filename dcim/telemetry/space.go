package telemetry

import (
	"fmt"
	"sync"
	"time"
)

// DefaultReserve is how many bytes of the disk the store leaves free, unless that
// is more than a twentieth of the file system.
const DefaultReserve = 256 << 20

// SpaceGuard tells when a disk is about to be full, so that writing stops while
// there is still room for what must be finished. It is safe for concurrent use.
type SpaceGuard struct {
	dir     string
	reserve uint64

	mu      sync.Mutex
	checked time.Time
	err     error
}

// NewSpaceGuard returns a guard that leaves reserve bytes of the file system of
// dir free. Zero means DefaultReserve, on a small disk a twentieth of it;
// negative means none.
func NewSpaceGuard(dir string, reserve int64) *SpaceGuard {
	g := &SpaceGuard{dir: dir, reserve: uint64(max(reserve, 0))}
	if reserve == 0 {
		g.reserve = DefaultReserve
		if _, total, ok := diskSpace(dir); ok {
			g.reserve = min(g.reserve, total/20)
		}
	}
	return g
}

// Check returns ErrDiskFull when less than the reserve is free. It is cheap.
func (g *SpaceGuard) Check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.checked) < 20*time.Millisecond {
		return g.err
	}
	g.checked, g.err = time.Now(), nil
	if free, _, ok := diskSpace(g.dir); ok && free < g.reserve {
		g.err = fmt.Errorf("%w: %d MiB are left in %s, %d MiB are kept in reserve", ErrDiskFull, free>>20, g.dir, g.reserve>>20)
	}
	return g.err
}
