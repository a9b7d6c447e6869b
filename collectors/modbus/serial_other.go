//go:build !linux

package modbus

import (
	"context"
	"fmt"
)

func (s *serialLine) open(context.Context) (line, error) {
	return nil, fmt.Errorf("open serial port %s: serial lines are read on Linux only", s.Address)
}
