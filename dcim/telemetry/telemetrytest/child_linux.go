package telemetrytest

import "syscall"

// childAttr lets the server end with the test, however that ends.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
