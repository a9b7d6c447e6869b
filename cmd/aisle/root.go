package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/models/endpoint"
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

Exit codes:
  0  done
  1  failed: a port is taken, a database is away, the recording is not whole
  2  wrong usage: an unknown command or flag, a value that cannot be (out of
     range, a port or address that is none, a password too short), a file,
     folder or user that is named and not there, or there already
  3  the device does not answer, or none of those that were to be read
  4  the device refused the credentials
  5  no device profile matches: none fits, or the one named does not or is not
     there
  6  faults found: in a configuration, profile, recording or MIB, readings that
     differ from those expected, points that no recording covers`,
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
		return usageError("%w\nsee: %s --help", flagFault(err), cmd.CommandPath())
	})
	root.AddCommand(commands(c)...) //nolint:contextcheck // each command gets it from cobra
	strict(root)
	root.CompletionOptions.HiddenDefaultCmd = true

	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(s.err, "aisle:", err)
	return exitCode(err)
}

// strict makes words that a command does not take a wrong usage, of a group of
// commands too.
func strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			hint := ""
			cmd.SuggestionsMinimumDistance = 2
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "; is " + strings.Join(near, " or ") + " meant?"
			}
			return usageError("unknown command %q for %q%s\nsee: %s --help", args[0], cmd.CommandPath(), hint, cmd.CommandPath())
		}
		cmd.Args = cobra.ArbitraryArgs
		return
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError("%w\nsee: %s --help", err, cmd.CommandPath())
			}
			return nil
		}
	}
}

// portFlag is a port that is connected to.
type portFlag uint16

// String, Set and Type make a portFlag usable as a command-line flag.
func (p *portFlag) String() string { return strconv.Itoa(int(*p)) }

// Set accepts 1 to 65535.
func (p *portFlag) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return errors.New("a port is 1 to 65535")
	}
	*p = portFlag(n)
	return nil
}

// Type names the value in the help text.
func (p *portFlag) Type() string { return "port" }

// flagValues are the values that flags of a type take, in words.
var flagValues = map[string]string{
	"int": "a whole number", "float64": "a number", "duration": "a time such as 500ms, 2s or 1m30s", "bool": "true or false",
}

// flagFault says what the value of a flag should have been, in place of what
// the library found that parsed it.
func flagFault(err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return err
	}
	f := bad.GetFlag()
	switch want, ok := flagValues[f.Value.Type()]; {
	case !ok:
		return err
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("--%s %s is out of range", f.Name, bad.GetValue())
	default:
		return fmt.Errorf("--%s %q is not %s", f.Name, bad.GetValue(), want)
	}
}

// atLeast checks a number that a flag gives.
func atLeast[T cmp.Ordered](flag string, value, least T) error {
	if value < least {
		return usageError("%s %v is less than %v", flag, value, least)
	}
	return nil
}

// between checks a number that a flag gives.
func between(flag string, value, least, most int) error {
	if value < least || value > most {
		return usageError("%s %d is not between %d and %d", flag, value, least, most)
	}
	return nil
}

// positive checks a time or rate that a flag gives.
func positive[T time.Duration | float64](flag string, value T) error {
	if value <= 0 {
		return usageError("%s %v is not more than 0", flag, value)
	}
	return nil
}

// listenAddress checks where a command is to listen: host:port, port 0 takes a
// free one.
func listenAddress(flag, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return usageError("%s %q is not host:port with a port from 0 to 65535", flag, address)
	}
	if host != "" {
		err = endpoint.CheckHost(host)
	}
	if err != nil {
		return usageError("%s: %w", flag, err)
	}
	return nil
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
