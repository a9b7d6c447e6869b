//go:build linux || darwin

package telemetry

import "syscall"

// diskSpace returns how many bytes may still be written to the file system of
// dir and how large it is. ok is false when that cannot be told.
func diskSpace(dir string) (free, total uint64, ok bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, false
	}
	size := uint64(st.Bsize) // the types differ between systems
	return uint64(st.Bavail) * size, st.Blocks * size, true
}
