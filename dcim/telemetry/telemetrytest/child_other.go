//go:build !linux

package telemetrytest

import "syscall"

func childAttr() *syscall.SysProcAttr { return nil }
