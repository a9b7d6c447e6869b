package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

A Modbus device is read where its profile reads, or in the --ranges given.`,
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
			lib, err := app.LoadProfiles(f.profilesDir)
			if err != nil {
				return coded{err, exitFaults}
			}
			engines := app.NewEngines(app.EngineOptions{Library: lib, Timeout: f.timeout, Retries: max(f.retries, 0)})
			if err := engines.Start(); err != nil {
				return err
			}
			defer engines.Stop()
			r := recording{cli: c, engines: engines, library: lib, target: target, out: out, raw: raw}
			if f.modbus != "" {
				return r.modbus(cmd.Context(), ranges, hide)
			}
			hide = append(hide, f.snmp.Community, f.snmp.User, f.snmp.AuthPassword, f.snmp.PrivPassword)
			return r.snmp(cmd.Context(), roots, hide)
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

// recording is one device that is being recorded.
type recording struct {
	*cli
	engines *app.Engines
	library *profile.Library
	target  collectors.Target
	out     string
	raw     bool
}

func (r *recording) snmp(ctx context.Context, roots, hide []string) error {
	told := time.Now()
	rec, err := r.engines.SNMP.Record(ctx, r.target, roots, func(n int) {
		if time.Since(told) > 2*time.Second {
			told = time.Now()
			fmt.Fprintf(r.err, "%d objects\n", n)
		}
	})
	if rec == nil || len(rec.Objects) == 0 {
		return errors.Join(err, errors.New("nothing was read"))
	}
	partial := err
	name, count := "", len(rec.Objects)
	identity := map[string]string{}
	if found := r.library.MatchSNMP(rec); len(found) > 0 {
		name = found[0].Profile.Name
		if d, err := found[0].Profile.Resolve(rec); err == nil {
			identity = d.Identity
		}
	}
	if !r.raw {
		s := workshop.NewStripper(identity, hide...)
		rec = s.SNMP(rec)
		dropped, changed := s.Done()
		fmt.Fprintf(r.err, "%d objects left out, %d changed: look through %s before you give it away\n", dropped, changed, r.out)
	}
	if err := r.write(rec.Write); err != nil {
		return err
	}
	fmt.Fprintf(r.cli.out, "%d objects of %d in %s; profile: %s\n", len(rec.Objects), count, r.out, orNone(name))
	if partial != nil {
		return fmt.Errorf("the walk is not whole: %w", partial)
	}
	return nil
}

func (r *recording) modbus(ctx context.Context, text string, hide []string) error {
	var (
		ranges   []modbus.Range
		identity = map[string]string{}
		err      error
	)
	if text != "" {
		if ranges, err = parseRegisterRanges(text); err != nil {
			return err
		}
	} else {
		d, err := r.engines.NewDriver(r.target)
		if err != nil {
			return err
		}
		learned, err := d.Learn(ctx)
		_ = d.Close() // it was only read
		if err != nil {
			return fmt.Errorf("%w\nname the registers with --ranges, or the profile with --profile", err)
		}
		identity["serial"], identity["name"] = learned.Identity.Serial, learned.Identity.Name
		p, _ := r.library.Get(learned.Profile)
		ranges = modbus.Ranges(p)
	}
	told := time.Now()
	rec, err := r.engines.Modbus.Record(ctx, r.target, ranges, func(done, all int) {
		if time.Since(told) > 2*time.Second {
			told = time.Now()
			fmt.Fprintf(r.err, "%d of %d registers\n", done, all)
		}
	})
	if rec == nil {
		return err
	}
	count := 0
	rec.Each(func(int, string, uint16, uint16) { count++ })
	if count == 0 {
		return errors.Join(err, errors.New("no register was read"))
	}
	if !r.raw {
		workshop.NewStripper(identity, hide...).Modbus(rec)
		fmt.Fprintf(r.err, "look through %s before you give it away\n", r.out)
	}
	if werr := r.write(rec.Write); werr != nil {
		return werr
	}
	fmt.Fprintf(r.cli.out, "%d registers in %s\n", count, r.out)
	return err
}

// write makes the file whole or not at all.
func (r *recording) write(f func(io.Writer) error) error {
	var b bytes.Buffer
	if err := f(&b); err != nil {
		return err
	}
	if err := os.WriteFile(r.out, b.Bytes(), 0o600); err != nil {
		return usageError("%w", err)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none fits"
	}
	return s
}

// parseRegisterRanges reads "holding:0-200,input:5".
func parseRegisterRanges(text string) ([]modbus.Range, error) {
	var out []modbus.Range
	for _, part := range strings.Split(text, ",") {
		table, span, found := strings.Cut(strings.TrimSpace(part), ":")
		first, last, isRange := strings.Cut(span, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 0, 16)
		to, err2 := strconv.ParseUint(last, 0, 16)
		if !found || err1 != nil || err2 != nil || to < from || !slices.Contains(profile.Tables, table) {
			return nil, usageError("--ranges %q is not like holding:0-200 with table %s and addresses from 0 to 65535", part, strings.Join(profile.Tables, ", "))
		}
		out = append(out, modbus.Range{Table: table, From: uint16(from), To: uint16(to)})
	}
	return out, nil
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
		RunE: func(cmd *cobra.Command, args []string) error { return c.play(cmd.Context(), args[0], listen) },
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
has to be checked. What could not be guessed is listed at its end.

A register table is a CSV file whose first line names the columns; address and
name are needed; type, unit, scale, table (or function), states (0=off;1=on),
key and class are used where they are.`,
		Example: `  aisle profile new my-pdu --mib MY-PDU-MIB.txt --output my-pdu.yaml
  aisle profile new my-meter --csv registers.csv --output my-meter.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var (
				data []byte
				err  error
			)
			switch {
			case mib != "" && csv == "":
				data, err = workshop.FromMIB(args[0], mib, dirs...)
			case csv != "" && mib == "":
				data, err = draftCSV(args[0], csv)
			default:
				return usageError("give either --mib or --csv")
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
			return os.WriteFile(out, data, 0o644) //nolint:gosec // a profile is no secret
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
			lib, err := app.LoadProfiles(dir)
			if err != nil {
				return coded{err, exitFaults}
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
			fmt.Fprintf(c.err, "%s: %d of %d points covered\n", p.Name, len(list)-uncovered, len(list))
			if uncovered > 0 {
				return coded{fmt.Errorf("%d points of %s are in none of the recordings", uncovered, p.Name), exitFaults}
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
