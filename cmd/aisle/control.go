package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/models"
)

// controlFlags are the words of the control commands.
type controlFlags struct {
	probeFlags
	control, option string
	value           float64
	valued          bool
}

func controlCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "control",
		Short: "Show what could be written to a device, without writing",
		Long: `Control shows what the profile of a device declares that can be written, and
exactly what a write would send. Nothing is written: that takes the service,
with control.enabled, and two persons.`,
	}
	cmd.AddCommand(controlListCommand(c), controlDryRunCommand(c))
	return cmd
}

func controlListCommand(c *cli) *cobra.Command {
	f := controlFlags{probeFlags: probeFlags{format: output.Table}}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the controls of a device",
		Example: "  aisle control list --address 10.0.0.7 --community public",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.controlList(cmd.Context(), f) },
	}
	f.device(cmd.Flags())
	cmd.Flags().DurationVar(&f.limit, "limit", 2*time.Minute, "for the whole look")
	cmd.Flags().Var(&f.format, "format", "output format")
	return cmd
}

func controlDryRunCommand(c *cli) *cobra.Command {
	f := controlFlags{probeFlags: probeFlags{format: output.Table}}
	cmd := &cobra.Command{
		Use:   "dry-run",
		Short: "Tell exactly what a write would send, and what is there now",
		Example: `  aisle control dry-run --address 10.0.0.7 --community private --control outlet/3/switch --option off
  aisle control dry-run --modbus 10.0.0.9 --profile apc-inrow-sc --control cooling/temperature-setpoint --value 22`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.valued = cmd.Flags().Changed("value")
			return c.controlDryRun(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	f.device(fl)
	fl.StringVar(&f.control, "control", "", "key of the control, as list shows it")
	fl.StringVar(&f.option, "option", "", "option of a command: on, off, …")
	fl.Float64Var(&f.value, "value", 0, "value of a set-point, in the unit that list shows")
	fl.DurationVar(&f.limit, "limit", 2*time.Minute, "for the whole look")
	fl.Var(&f.format, "format", "output format")
	return cmd
}

// withController learns a device with a driver that cannot write.
func (c *cli) withController(ctx context.Context, f controlFlags, do func(context.Context, collectors.Controller, *collectors.Learned) error) error {
	if err := positive("--limit", f.limit); err != nil {
		return err
	}
	target, err := f.target(c.env)
	if err != nil {
		return err
	}
	lib, err := c.profiles(f.profilesDir)
	if err != nil {
		return err
	}
	engines := app.NewEngines(app.EngineOptions{Library: lib, Log: slog.New(slog.DiscardHandler), Retries: 2, DryRun: true})
	if err := engines.Start(); err != nil {
		return err
	}
	defer engines.Stop()
	ctx, cancel := context.WithTimeout(ctx, f.limit)
	defer cancel()
	target.Control, target.ControlSNMP = true, target.SNMP
	driver, err := engines.NewDriver(target)
	if err != nil {
		return usageError("control %s: %w", target.Address, err)
	}
	defer func() { _ = driver.Close() }() // everything was read by then
	learned, err := driver.Learn(ctx)
	if err != nil {
		return fmt.Errorf("control %s: %w", target.Address, err)
	}
	controller, ok := driver.(collectors.Controller)
	if !ok {
		return fmt.Errorf("control %s: %w", target.Address, collectors.ErrReadOnly)
	}
	if err := do(ctx, controller, learned); err != nil {
		return fmt.Errorf("control %s: %w", target.Address, err)
	}
	return nil
}

// controlRow is what list prints of one control.
type controlRow struct {
	Key     string   `json:"key"`
	Label   string   `json:"label"`
	Kind    string   `json:"kind"`
	Options []string `json:"options,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Step    *float64 `json:"step,omitempty"`
	Shows   string   `json:"shows,omitempty"`
	Target  string   `json:"target"`
}

func (c *cli) controlList(ctx context.Context, f controlFlags) error {
	return c.withController(ctx, f, func(_ context.Context, _ collectors.Controller, l *collectors.Learned) error {
		rows := output.Rows{Columns: []string{"KEY", "LABEL", "TAKES", "SHOWN BY", "WRITES"}}
		list := make([]controlRow, 0, len(l.Controls))
		for _, x := range l.Controls {
			row := controlRow{Key: x.Key, Label: x.Label, Kind: string(x.Kind), Shows: x.Shows, Target: x.Target}
			takes := ""
			if x.Kind == models.ControlCommand {
				for _, o := range x.Options {
					row.Options = append(row.Options, o.Name)
				}
				takes = strings.Join(row.Options, ", ")
			} else {
				row.Unit, row.Min, row.Max, row.Step = x.Class.Unit(), &x.Min, &x.Max, &x.Step
				takes = fmt.Sprintf("%.6g to %.6g %s by %.6g", x.Min, x.Max, row.Unit, x.Step)
			}
			list = append(list, row)
			rows.Cells = append(rows.Cells, []string{x.Key, x.Label, takes, x.Shows, x.Target})
		}
		return output.Write(c.out, f.format, rows, list)
	})
}

// dryRun is what dry-run prints.
type dryRun struct {
	Target        string   `json:"target"`
	Raw           string   `json:"raw"`
	Current       string   `json:"current,omitempty"`
	CurrentOption string   `json:"current_option,omitempty"`
	CurrentValue  *float64 `json:"current_value,omitempty"`
	Written       bool     `json:"written"`
}

func (c *cli) controlDryRun(ctx context.Context, f controlFlags) error {
	if f.control == "" || (f.option == "") == !f.valued {
		return usageError("give --control, and either --option or --value")
	}
	return c.withController(ctx, f, func(ctx context.Context, x collectors.Controller, _ *collectors.Learned) error {
		intent, err := x.Intend(ctx, f.control, collectors.Action{Option: f.option, Value: f.value})
		if errors.Is(err, collectors.ErrNoControl) || errors.Is(err, collectors.ErrAction) {
			return coded{err, exitUsage}
		}
		if err != nil {
			return err
		}
		meaning := intent.CurrentOption
		if intent.CurrentValue != nil {
			meaning = strconv.FormatFloat(*intent.CurrentValue, 'g', 6, 64)
		}
		rows := output.Rows{Columns: []string{"WOULD WRITE", "RAW", "THERE NOW", "MEANS", "WRITTEN"}, Cells: [][]string{{intent.Target, intent.Raw, intent.Current, meaning, "no"}}}
		return output.Write(c.out, f.format, rows, dryRun{intent.Target, intent.Raw, intent.Current, intent.CurrentOption, intent.CurrentValue, false})
	})
}
