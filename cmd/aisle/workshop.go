package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/collectors/workshop"
)

func profileRecord(c *cli) *cobra.Command {
	f := probeFlags{}
	var (
		out, ranges string
		roots, hide []string
		raw         bool
	)
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Walk a device, or sweep its registers, into a recording",
		Long: `Record reads all that a device has into a recording, from which a profile can
be written and tested without the device. Serial numbers, hardware and IP
addresses, names, the contact and the credentials used are replaced, tables of
users, neighbours and connections are left out; --hide names further texts.
Look through the file before you give it away.

A Modbus device is read where its profile reads and is recognised, or in the
--ranges given. With --profile the recording names the profile, so that
"profile test" applies it.`,
		Example: `  aisle profile record --address 10.0.0.7 --community public --output pdu.snmprec
  aisle profile record --modbus 10.0.0.9 --profile abb-b23 --output meter.modbus
  aisle profile record --modbus 10.0.0.9 --ranges holding:0-200,input:0-99 --output new.modbus`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageError("--output names the file to write")
			}
			target, err := f.target(c.env)
			if err != nil {
				return err
			}
			lib, err := c.profiles(f.profilesDir)
			if err != nil {
				return err
			}
			engines := app.NewEngines(app.EngineOptions{Library: lib, Timeout: f.timeout, Retries: max(f.retries, 0)})
			if err := engines.Start(); err != nil {
				return err
			}
			defer engines.Stop()
			told := time.Now()
			o := workshop.RecordOptions{
				Target: target, Library: lib, SNMP: engines.SNMP, Modbus: engines.Modbus, Roots: roots, Hide: hide, Raw: raw,
				Progress: func(done, all int) {
					if time.Since(told) < 2*time.Second {
						return
					}
					told = time.Now()
					if all > 0 {
						fmt.Fprintf(c.err, "%d of %d registers\n", done, all)
					} else {
						fmt.Fprintln(c.err, output.Count(done, "object"))
					}
				},
			}
			if ranges != "" {
				if o.Ranges, err = modbus.ParseRanges(ranges); err != nil {
					return usageError("--ranges %w", err)
				}
			}
			if _, err := os.Stat(out); err == nil {
				return usageError("%s exists; a recording does not replace it", out)
			}
			return c.record(cmd.Context(), o, out)
		},
	}
	fl := cmd.Flags()
	f.device(fl)
	fl.StringVarP(&out, "output", "o", "", "file to write")
	fl.StringSliceVar(&roots, "roots", []string{"1.3.6.1.2.1", "1.3.6.1.4.1"}, "SNMP subtrees to walk")
	fl.StringVar(&ranges, "ranges", "", "Modbus registers to read, such as holding:0-200,input:0-99")
	fl.StringSliceVar(&hide, "hide", nil, "further texts to take out")
	fl.BoolVar(&raw, "raw", false, "keep serial numbers, names and addresses: never give such a file away")
	return cmd
}

// record makes the file whole or not at all.
func (c *cli) record(ctx context.Context, o workshop.RecordOptions, out string) error {
	rec, err := workshop.Record(ctx, o)
	if errors.Is(err, collectors.ErrNoProfile) {
		return fmt.Errorf("%w\nname the registers with --ranges, or the profile with --profile", err)
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := rec.Write(&b); err != nil {
		return err
	}
	if err := written(out, b.Bytes(), 0o600); err != nil {
		return err
	}
	what := "objects"
	if rec.Ending() == ".modbus" {
		what = "registers"
	} else if !o.Raw {
		fmt.Fprintf(c.err, "%s left out, %d changed\n", output.Count(rec.LeftOut, "object"), rec.Changed)
	}
	if !o.Raw {
		fmt.Fprintf(c.err, "look through %s before you give it away\n", out)
	}
	fmt.Fprintf(c.out, "%d %s of %d in %s; profile: %s\n", rec.Kept, what, rec.Read, out, orNone(rec.Profile))
	if rec.Partial != nil {
		return fmt.Errorf("the recording is not whole: %w", rec.Partial)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none fits"
	}
	return s
}

func profileReplay(c *cli) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "replay RECORDING",
		Short: "Answer on a socket as the recorded device",
		Long: `Replay answers SNMP v1 and v2c (.snmprec) or Modbus TCP (.modbus) as the
recorded device did, to any community and any unit id, until Ctrl-C.`,
		Example: `  aisle profile replay pdu.snmprec --listen 127.0.0.1:1161
  aisle profile replay meter.modbus --listen 127.0.0.1:1502`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := listenAddress("--listen", listen); err != nil {
				return err
			}
			return c.play(cmd.Context(), args[0], listen)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "where the device answers")
	return cmd
}

// play answers as one recorded device until ctx ends.
func (c *cli) play(ctx context.Context, file, listen string) error {
	data, err := os.ReadFile(file) //nolint:gosec // the person names the file
	if err != nil {
		return usageError("%w", err)
	}
	if filepath.Ext(file) == ".modbus" {
		rec, err := profile.ReadModbusRecording(bytes.NewReader(data))
		if err != nil {
			return coded{fmt.Errorf("%s: %w", file, err), exitFaults}
		}
		return simulate.PlayModbus(ctx, listen, rec, func(address string) { fmt.Fprintf(c.out, "the recorded device answers on %s\n", address) })
	}
	return c.playSNMP(ctx, file, data, listen)
}

func profileNew(c *cli) *cobra.Command {
	var mib, csv, out string
	var dirs []string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Draft a profile from a MIB file or a table of registers",
		Long: `New writes a draft of a profile: names, quantities, units, scales and
severities are guessed from names, units and descriptions, so every line of it
has to be checked; those that are unsure say why. What could not be guessed is
listed at its end.

A register table is a CSV file whose first line names the columns; address and
name are needed; type, unit, scale, table (or function), states (0=off;1=on),
word order (big or little), key and class are used where they are. Names may be
in English or Vietnamese. Addresses are those of the protocol, from 0; where all
are written as 40001, 30001 or 10001 they are converted, which the draft says.`,
		Example: `  aisle profile new my-pdu --mib MY-PDU-MIB.txt --output my-pdu.yaml
  aisle profile new my-meter --csv registers.csv --output my-meter.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var (
				data []byte
				err  error
			)
			switch {
			case !profile.ValidName(args[0]):
				return usageError("name %q is not of lower case letters, digits and dashes", args[0])
			case mib != "" && csv == "":
				data, err = workshop.FromMIB(args[0], mib, dirs...)
			case csv != "" && mib == "":
				data, err = draftCSV(args[0], csv)
			default:
				return usageError("give either --mib or --csv")
			}
			if errors.Is(err, fs.ErrNotExist) {
				return usageError("%w", err)
			}
			if err != nil {
				return coded{err, exitFaults}
			}
			if _, faults := profile.Parse(args[0]+".yaml", data); len(faults) > 0 {
				return coded{fmt.Errorf("the name or a column does not fit: %w", faults), exitFaults}
			}
			if out == "" {
				_, err = c.out.Write(data)
				return err
			}
			if _, err := os.Stat(out); err == nil {
				return usageError("%s exists; a draft does not replace it", out)
			}
			return written(out, data, 0o644)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&mib, "mib", "", "MIB file")
	fl.StringSliceVar(&dirs, "mib-dir", nil, "folders of MIB files that it imports")
	fl.StringVar(&csv, "csv", "", "table of registers")
	fl.StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	return cmd
}

func draftCSV(name, file string) ([]byte, error) {
	f, err := os.Open(file) //nolint:gosec // the person names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	return workshop.FromCSV(name, file, f)
}

func profileCoverage(c *cli) *cobra.Command {
	var dir, name string
	format := output.Table
	cmd := &cobra.Command{
		Use:   "coverage RECORDING...",
		Short: "Show which points of a profile the recordings give a value for",
		Long: `Coverage applies a profile to recordings and lists its points with the number
of readings and of good values that each recording gave. A point that no
recording covers is one that nobody has seen working.`,
		Example: "  aisle profile coverage pdu-1phase.snmprec pdu-3phase.snmprec",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			lib, err := c.profilesFor(dir, name, args...)
			if err != nil {
				return err
			}
			var devices []*profile.Device
			for _, file := range args {
				d, err := applyProfile(lib, name, file)
				if err != nil {
					return err
				}
				if len(devices) > 0 && d.Profile != devices[0].Profile {
					return usageError("%s gives profile %s, the others %s; name one with --profile", file, d.Profile, devices[0].Profile)
				}
				devices = append(devices, d)
			}
			p, _ := lib.Get(devices[0].Profile)
			list := profile.Coverage(p, devices...)
			rows := output.Rows{Columns: []string{"POINT", "SOURCE", "READINGS", "GOOD"}}
			uncovered := 0
			for _, x := range list {
				if x.Readings == 0 {
					uncovered++
				}
				rows.Cells = append(rows.Cells, []string{x.Key, x.Place, strconv.Itoa(x.Readings), strconv.Itoa(x.Good)})
			}
			if err := output.Write(c.out, format, rows, list); err != nil {
				return err
			}
			fmt.Fprintf(c.err, "%s: %d of %s covered\n", p.Name, len(list)-uncovered, output.Count(len(list), "point"))
			if uncovered > 0 {
				return coded{fmt.Errorf("%s of %s in none of the recordings", output.Count(uncovered, "point"), p.Name), exitFaults}
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&dir, "profiles-dir", "", "folder of further profiles")
	fl.StringVar(&name, "profile", "", "profile to apply (default: the one that fits)")
	fl.Var(&format, "format", "output format")
	return cmd
}
