package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
)

// defaultControl is where a simulation takes its fault commands.
const defaultControl = "127.0.0.1:18161"

func simulateCommand(c *cli) *cobra.Command {
	var (
		s                                settings
		site, control, recording, listen string
		base, speed                      int
		example                          bool
	)
	format := output.Table
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Simulate a facility that answers on SNMP and Modbus sockets",
		Long: `Simulate builds a hall from a site file (default: two halls, 240 racks) that
obeys physics, and answers for its devices on loopback. It prints where each
device listens. With --recording it plays one recorded SNMP device instead.

Faults are injected with "aisle simulate fault", or in the browser of the demo.`,
		Example: `  aisle simulate --base-port 20000
  aisle simulate --site my-hall.yaml --format csv
  aisle simulate --recording ups.snmprec --listen 127.0.0.1:1161
  aisle simulate fault add utility-loss both`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example {
				_, err := c.out.Write(simulate.DefaultSiteFile())
				return err
			}
			if err := cmp.Or(listenAddress("--listen", listen), listenAddress("--control", control), between("--base-port", base, 0, 60000), between("--speed", speed, 1, 1000)); err != nil {
				return err
			}
			if recording != "" {
				return c.play(cmd.Context(), recording, listen)
			}
			cfg, err := c.load(s)
			if err != nil {
				return err
			}
			if site != "" {
				cfg.Demo.Site = site
			}
			cfg.Demo.BasePort, cfg.Demo.Speed = base, speed
			f, err := c.facility(cfg)
			if err != nil {
				return err
			}
			if err := f.Start(); err != nil {
				return err
			}
			devices := f.Devices()
			rows := output.Rows{Columns: []string{"NAME", "KIND", "PROTOCOL", "ADDRESS", "UNIT", "PROFILE", "RACK"}}
			for _, d := range devices {
				rows.Cells = append(rows.Cells, []string{d.Name, d.Kind, d.Protocol, d.Address, strconv.Itoa(int(d.Unit)), d.Profile, d.Rack})
			}
			if err := output.Write(c.out, format, rows, devices); err != nil {
				return err
			}
			fmt.Fprintf(c.err, "%s simulated; fault commands at %s; end with Ctrl-C\n", output.Count(len(devices), "device"), control)
			err = simulate.ServeControl(cmd.Context(), control, f)
			if stopping := f.Stop(); err == nil {
				err = stopping
			}
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&site, "site", "", "site file (default: the built-in facility)")
	fl.BoolVar(&example, "print-site", false, "print the built-in site file and end")
	fl.StringVar(&control, "control", defaultControl, "loopback address for fault commands")
	fl.StringVar(&recording, "recording", "", "play this recording of one SNMP device")
	fl.StringVar(&listen, "listen", "127.0.0.1:1161", "where the recorded device answers")
	fl.IntVar(&base, "base-port", 0, "first port of the devices, to 60000 (default: free ports)")
	fl.IntVar(&speed, "speed", 1, "how much faster than real the time runs, 1 to 1000")
	fl.Var(&format, "format", "output format of the device list")
	cmd.AddCommand(faultCommand(c))
	return cmd
}

func (c *cli) playSNMP(ctx context.Context, file string, data []byte, listen string) error {
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		return coded{fmt.Errorf("%s: %w", file, err), exitFaults}
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		return coded{fmt.Errorf("%s: %w", file, err), exitFaults}
	}
	a, err := agent.Listen(listen, table, agent.Options{}) //nolint:contextcheck // it listens until it is closed
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s to be asked for on %s\n", output.Count(len(rec.Objects), "object"), a.Addr())
	<-ctx.Done()
	return a.Close()
}

func faultCommand(c *cli) *cobra.Command {
	var control string
	cmd := &cobra.Command{Use: "fault", Short: "Inject, list and clear faults of a running simulation"}
	cmd.PersistentFlags().StringVar(&control, "control", defaultControl, "address of the simulation's fault commands")
	call := func(ctx context.Context, method, path string, in, out any) error {
		var body bytes.Buffer
		if in != nil {
			if err := json.NewEncoder(&body).Encode(in); err != nil {
				return err
			}
		}
		if err := listenAddress("--control", control); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, method, "http://"+control+path, &body)
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			if request := (*url.Error)(nil); errors.As(err, &request) {
				err = request.Err
			}
			return coded{fmt.Errorf("no simulation answers at %s: %w", control, err), exitUnreachable}
		}
		defer func() { _ = res.Body.Close() }() // it was read to its end
		if res.StatusCode >= 300 {
			var e struct {
				Error string `json:"error"`
			}
			_ = json.NewDecoder(res.Body).Decode(&e) // the status says enough
			return fmt.Errorf("%s: %s", res.Status, e.Error)
		}
		if out == nil {
			return nil
		}
		return json.NewDecoder(res.Body).Decode(out)
	}
	format := output.Table
	list := &cobra.Command{
		Use: "list", Short: "List active faults and what can be broken", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var got simulate.ControlState
			if err := call(cmd.Context(), http.MethodGet, "/faults", nil, &got); err != nil {
				return err
			}
			rows := output.Rows{Columns: []string{"KIND", "TARGET", "ACTIVE SINCE"}}
			for _, f := range got.Active {
				rows.Cells = append(rows.Cells, []string{f.Kind, f.Target, f.Since.Format(time.RFC3339)})
			}
			for _, k := range got.Kinds {
				example := ""
				if len(k.Targets) > 0 {
					example = fmt.Sprintf("%s (%d targets)", k.Targets[0], len(k.Targets))
				}
				rows.Cells = append(rows.Cells, []string{k.Kind, example, ""})
			}
			return output.Write(c.out, format, rows, got)
		},
	}
	list.Flags().Var(&format, "format", "output format")
	add := &cobra.Command{
		Use: "add KIND TARGET", Short: "Break something", Example: "  aisle simulate fault add crah-failure CRAH-A-01", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f simulate.Fault
			if err := call(cmd.Context(), http.MethodPost, "/faults", simulate.Fault{Kind: args[0], Target: args[1]}, &f); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s\n", f.ID)
			return nil
		},
	}
	remove := &cobra.Command{
		Use: "clear KIND TARGET", Short: "Mend it", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(cmd.Context(), http.MethodDelete, "/faults/"+args[0]+":"+args[1], nil, nil)
		},
	}
	cmd.AddCommand(list, add, remove)
	return cmd
}
