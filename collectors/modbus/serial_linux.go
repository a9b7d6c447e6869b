package modbus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/goburrow/serial"
	"golang.org/x/sys/unix"
)

// port is an open serial line. One descriptor holds the settings and gives
// back those found; the other one is read with deadlines.
type port struct {
	*os.File
	settings serial.Port
}

func (s *serialLine) open(_ context.Context) (line, error) {
	settings, err := serial.Open(&s.Config)
	if err != nil {
		return nil, fmt.Errorf("open serial port %s: %w", s.Address, err)
	}
	fail := func(err error) (line, error) {
		return nil, errors.Join(fmt.Errorf("open serial port %s: %w", s.Address, err), settings.Close())
	}
	f, err := os.OpenFile(s.Address, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fail(err)
	}
	// Without a least number of characters an empty line reads as its end.
	err = control(f, func(fd int) error {
		t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
			return err
		}
		return unix.IoctlSetInt(fd, unix.TIOCEXCL, 0) // a second program on the line would mix answers up
	})
	if err == nil {
		err = f.SetDeadline(time.Time{}) // it must be one that has deadlines
	}
	if err != nil {
		return fail(errors.Join(err, f.Close()))
	}
	return &port{f, settings}, nil
}

func control(f *os.File, act func(fd int) error) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) { failed = act(int(fd)) })
	return errors.Join(err, failed)
}

// Close implements io.Closer.
func (p *port) Close() error { return errors.Join(p.File.Close(), p.settings.Close()) }
