//go:build unix

package dbtest

import (
	"os"
	"syscall"
)

// owner gives dir to the user that the server shall run as.
func owner(dir string) (*syscall.SysProcAttr, error) {
	// A group of its own keeps the terminal's signals from it.
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	uid, gid, err := ids()
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

// quit is PostgreSQL's immediate shutdown.
func quit(p *os.Process) error { return p.Signal(syscall.SIGQUIT) }
