package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/collectors/workshop"
)

func profileCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "profile", Short: "List, check, test and write device profiles"}
	cmd.AddCommand(profileList(c), profileLint(c), profileTest(c), profileCoverage(c), profileRecord(c), profileReplay(c), profileNew(c))
	return cmd
}

// profiles loads the built-in profiles and those of a folder. Files of the folder
// that are none are told on standard error.
func (c *cli) profiles(dir string) (*profile.Library, error) {
	lib, err := app.LoadProfiles(dir, c.notAProfile)
	return lib, ofProfiles(err)
}

// ofProfiles gives an error of loading profiles its exit code.
func ofProfiles(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return usageError("%w", err)
	}
	return coded{err, exitFaults}
}

// profilesFor is profiles for the test of one profile, the one of the name or
// that the recordings are named after: faults of others are told on standard
// error, and those are left out.
func (c *cli) profilesFor(dir, name string, recordings ...string) (*profile.Library, error) {
	lib, bad, err := app.LoadSoundProfiles(dir, c.notAProfile)
	if err != nil {
		return nil, ofProfiles(err)
	}
	var own, others profile.Faults
	for _, x := range slices.Sorted(maps.Keys(bad)) {
		if x == name || name == "" && slices.ContainsFunc(recordings, func(r string) bool { return workshop.RecordingOf(r) == x }) {
			own = append(own, bad[x]...)
		} else {
			others = append(others, bad[x]...)
		}
	}
	const told = 20
	for _, f := range others[:min(len(others), told)] {
		fmt.Fprintln(c.err, "left out:", f)
	}
	if n := len(others) - told; n > 0 {
		fmt.Fprintf(c.err, "left out: %s more, see profile lint\n", output.Count(n, "fault"))
	}
	if len(own) > 0 {
		return nil, coded{own, exitFaults}
	}
	return lib, nil
}

func (c *cli) notAProfile(file string) {
	fmt.Fprintf(c.err, "passed over: %s is not a device profile, it has no key \"profile\"\n", file)
}

func profileList(c *cli) *cobra.Command {
	var (
		dir string
		all bool
	)
	format := output.Table
	cmd := &cobra.Command{
		Use: "list", Short: "List the device profiles", Args: cobra.NoArgs,
		Long: `List names the device profiles: those that devices are read by. Bases that
others extend and definitions of traps are counted on standard error and listed
with --all.`,
		RunE: func(*cobra.Command, []string) error {
			lib, err := c.profiles(dir)
			if err != nil {
				return err
			}
			type row struct {
				Name     string `json:"name"`
				Kind     string `json:"kind"`
				Protocol string `json:"protocol"`
				Title    string `json:"title"`
				Points   int    `json:"points"`
			}
			var list []row
			rows := output.Rows{Columns: []string{"NAME", "KIND", "PROTOCOL", "POINTS", "TITLE"}}
			for _, p := range lib.All() {
				kind := p.Kind
				if role := p.Role(); role != profile.DeviceRole {
					if !all {
						continue
					}
					kind = string(role)
				}
				list = append(list, row{p.Name, kind, p.Protocol, p.Title, len(p.Points)})
				rows.Cells = append(rows.Cells, []string{p.Name, kind, p.Protocol, strconv.Itoa(len(p.Points)), p.Title})
			}
			if err := output.Write(c.out, format, rows, list); err != nil {
				return err
			}
			n := lib.Count()
			fmt.Fprintf(c.err, "%d device profiles; beside them %d bases and %d definitions of traps\n", n[profile.DeviceRole], n[profile.BaseRole], n[profile.TrapsRole])
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "profiles-dir", "", "folder of further profiles")
	cmd.Flags().BoolVar(&all, "all", false, "bases and definitions of traps as well")
	cmd.Flags().Var(&format, "format", "output format")
	return cmd
}

func profileLint(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "lint FILE|FOLDER…",
		Short:   "Check profiles; every fault is reported with its line, and what is seldom meant",
		Example: "  aisle profile lint my-profiles/",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var faults profile.Faults
			files := 0
			for _, arg := range args {
				err := filepath.WalkDir(arg, func(path string, e fs.DirEntry, err error) error {
					if err != nil {
						return err
					}
					if e.IsDir() && e.Name() == "testdata" {
						return fs.SkipDir
					}
					if e.IsDir() || filepath.Ext(path) != ".yaml" && path != arg {
						return nil
					}
					data, err := os.ReadFile(path) //nolint:gosec // the person names the file
					if err != nil {
						return err
					}
					if path != arg && !profile.IsProfile(data) {
						c.notAProfile(path)
						return nil
					}
					files++
					p, f := profile.Parse(path, data)
					faults = append(faults, f...)
					if p != nil {
						for _, w := range p.Warnings() {
							fmt.Fprintln(c.err, "warning:", w.Error())
						}
					}
					return nil
				})
				if err != nil {
					return usageError("%w", err)
				}
			}
			if len(faults) > 0 {
				return coded{fmt.Errorf("%s\n%w", output.Count(len(faults), "fault"), faults), exitFaults}
			}
			fmt.Fprintf(c.out, "%s without fault\n", output.Count(files, "profile"))
			return nil
		},
	}
}

func profileTest(c *cli) *cobra.Command {
	var (
		dir, name, golden string
		write             bool
	)
	format := output.Table
	cmd := &cobra.Command{
		Use:   "test RECORDING",
		Short: "Apply a profile to a recording and show, or compare, what comes out",
		Long: `Test reads a recording (.snmprec: OID|TYPE|VALUE lines; .modbus:
TABLE|ADDRESS|VALUES lines), applies the profile that fits and prints what
"aisle probe" prints of a device. With --golden it compares the readings with a
file of expected ones. A recording that cannot be read, or has nothing in it, is
at fault.

A profile of --profiles-dir that has faults is named on standard error and left
out; it ends the test only when it is the one that is tested.`,
		Example: `  aisle profile test pdu.snmprec
  aisle profile test pdu.snmprec --golden pdu.expected.json
  aisle profile test meter.modbus --profile abb-b23 --golden meter.expected.json --write`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			lib, err := c.profilesFor(dir, name, args...)
			if err != nil {
				return err
			}
			device, err := applyProfile(lib, name, args[0])
			if err != nil {
				return err
			}
			g := profile.Golden{Profile: device.Profile, Identity: device.Identity, Readings: device.Readings()}
			switch {
			case golden != "" && write:
				data, err := json.MarshalIndent(g, "", " ")
				if err != nil {
					return err
				}
				return written(golden, append(data, '\n'), 0o644)
			case golden != "":
				return c.compareGolden(golden, device)
			}
			points := workshop.Points(device)
			slices.SortFunc(points, func(a, b workshop.LookPoint) int { return strings.Compare(a.Key, b.Key) })
			shown := newProbeResult(collectors.Target{}, snmp.Describe(device), points)
			if err := shown.write(c.out, format, g); err != nil {
				return err
			}
			for _, p := range device.Problems {
				fmt.Fprintln(c.err, "problem:", p)
			}
			verdicts, _ := workshop.Inspect(device)
			c.doubts(verdicts)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "profiles-dir", "", "folder of further profiles")
	cmd.Flags().StringVar(&name, "profile", "", "profile to apply (default: the one that fits)")
	cmd.Flags().StringVar(&golden, "golden", "", "file of expected readings")
	cmd.Flags().BoolVar(&write, "write", false, "write the golden file instead of comparing")
	cmd.Flags().Var(&format, "format", "output format")
	return cmd
}

// written writes a file that a person named.
func written(file string, data []byte, mode fs.FileMode) error {
	if err := os.WriteFile(file, data, mode); err != nil {
		return usageError("%w", err)
	}
	return nil
}

func (c *cli) compareGolden(file string, device *profile.Device) error {
	data, err := os.ReadFile(file) //nolint:gosec // the person names the file
	if err != nil {
		return usageError("%w", err)
	}
	var want profile.Golden
	if err := json.Unmarshal(data, &want); err != nil {
		return coded{fmt.Errorf("%s: %w", file, err), exitFaults}
	}
	if diffs := want.Compare(device); len(diffs) > 0 {
		return coded{fmt.Errorf("%s\n%s", output.Count(len(diffs), "difference"), strings.Join(diffs, "\n")), exitFaults}
	}
	fmt.Fprintf(c.out, "%s as expected\n", output.Count(len(want.Readings), "reading"))
	return nil
}

// applyProfile resolves a profile over a recording file.
func applyProfile(lib *profile.Library, name, file string) (*profile.Device, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the person names the file
	if err != nil {
		return nil, usageError("%w", err)
	}
	d, err := workshop.Apply(lib, name, file, data)
	hint := ""
	if name == "" {
		hint = "; --profile names one"
	}
	switch {
	case errors.Is(err, workshop.ErrUnknownProfile):
		return nil, coded{err, exitNoProfile}
	case errors.Is(err, workshop.ErrRecording):
		return nil, coded{fmt.Errorf("%s: %w", file, err), exitFaults}
	case errors.Is(err, workshop.ErrNothingFits):
		return nil, coded{fmt.Errorf("%s: %w%s", file, err, hint), exitNoProfile}
	}
	return d, err
}
