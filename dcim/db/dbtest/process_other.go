//go:build !unix

package dbtest

import (
	"os"
	"syscall"
)

func owner(string) (*syscall.SysProcAttr, error) { return nil, nil }

func quit(p *os.Process) error { return p.Kill() }
