package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/collectors"
)

// Exit codes, documented in the help of the root command and in the README.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitAuth        = 4
	exitNoProfile   = 5
	exitFaults      = 6
)

// streams are where a command reads and writes.
type streams struct {
	out, err io.Writer
	in       io.Reader
}

// cli carries what every sub-command needs.
type cli struct {
	streams
	env func(string) (string, bool)
}

// coded is an error with an exit code of its own.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

// usageError marks a fault in the words of the command line.
func usageError(format string, args ...any) error {
	return coded{fmt.Errorf(format, args...), exitUsage}
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, s streams, env func(string) (string, bool)) int {
	c := &cli{streams: s, env: env}
	root := &cobra.Command{
		Use:   "aisle",
		Short: "Datacenter infrastructure management: read the plant, keep its history, show it live",
		Long: `Aisle reads racks, PDUs, UPSs and cooling over SNMP and Modbus, keeps the
history and shows the facility live in the browser.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 device does not answer ·
4 credentials refused · 5 no device profile matches · 6 faults found.`,
		Example: `  aisle demo                       a simulated facility, live in the browser
  aisle serve                      the service, with its data in ~/.local/share/aisle
  aisle probe --address 10.0.0.7:161 --community public`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetIn(s.in)
	root.SetArgs(args)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%w\nsee: %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(commands(c)...) //nolint:contextcheck // each command gets it from cobra
	root.CompletionOptions.HiddenDefaultCmd = true

	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(s.err, "aisle:", err)
	return exitCode(err)
}

func exitCode(err error) int {
	var c coded
	switch {
	case errors.As(err, &c):
		return c.code
	case errors.Is(err, collectors.ErrUnreachable):
		return exitUnreachable
	case errors.Is(err, collectors.ErrAuth):
		return exitAuth
	case errors.Is(err, collectors.ErrNoProfile):
		return exitNoProfile
	}
	return exitFailed
}
