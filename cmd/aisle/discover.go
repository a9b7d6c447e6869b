package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/discover"
)

// foundDevice is what discover prints of one device.
type foundDevice struct {
	Address    string              `json:"address"`
	Protocol   string              `json:"protocol"`
	Unit       uint8               `json:"unit,omitempty"`
	Credential string              `json:"credential,omitempty"`
	Kind       string              `json:"kind,omitempty"`
	Vendor     string              `json:"vendor,omitempty"`
	Model      string              `json:"model,omitempty"`
	Serial     string              `json:"serial,omitempty"`
	Name       string              `json:"name,omitempty"`
	Profile    string              `json:"profile,omitempty"`
	Confidence discover.Confidence `json:"confidence"`
	Points     int                 `json:"points"`
	Why        string              `json:"why,omitempty"`
	Others     []string            `json:"others,omitempty"`
	Problem    string              `json:"problem,omitempty"`
}

type discoverFlags struct {
	probe       probeFlags
	communities []string
	units       string
	ports       struct{ snmp, modbus portFlag }
	rate        float64
	parallel    int
	quiet       bool
}

func discoverCommand(c *cli) *cobra.Command {
	f := discoverFlags{probe: probeFlags{format: output.Table}}
	f.ports.snmp, f.ports.modbus = 161, 502
	cmd := &cobra.Command{
		Use:   "discover RANGE...",
		Short: "Look for devices in address ranges",
		Long: `Discover asks each address of the ranges for SNMP agents and, with --units, for
Modbus devices, and prints what answers with the profile proposed. It changes
nothing. The credentials are tried in order: the communities, then the SNMPv3
user. No device is asked for more than two SNMPv3 users that it refused.

A range is 10.0.0.0/24, 10.0.0.5-10.0.0.80, 10.0.0.5-80 or one address. A port
behind it, 10.0.0.7:1161 or [fd00::7]:1161, stands in for --snmp-port and
--modbus-port there.`,
		Example: `  aisle discover 10.20.0.0/24 --community plant,public
  aisle discover 10.20.1.10-40 --units 1-20
  aisle discover 10.20.1.7:1161 10.20.2.0/28:1161
  aisle discover 10.20.0.0/22 --v3-user monitor --v3-auth SHA256 --v3-auth-env AUTH --format csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("no address range is given, for example 10.20.0.0/24")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.discover(cmd.Context(), f, args) },
	}
	fl := cmd.Flags()
	fl.StringSliceVar(&f.communities, "community", []string{"public"}, "SNMP v2c communities in the order they are tried; empty for none")
	f.probe.userSecrets(fl)
	fl.StringVar(&f.units, "units", "", "Modbus unit ids to ask, such as 1-10 or 1,3,20-25")
	fl.Var(&f.ports.snmp, "snmp-port", "UDP port of SNMP agents")
	fl.Var(&f.ports.modbus, "modbus-port", "TCP port of Modbus devices and gateways")
	fl.BoolVar(&f.probe.serial, "modbus-rtu", false, "serial frames in the TCP stream, as cheap converters do")
	fl.StringVar(&f.probe.profilesDir, "profiles-dir", "", "folder of further profiles")
	fl.DurationVar(&f.probe.timeout, "timeout", time.Second, "for one request; each is made twice")
	fl.Float64Var(&f.rate, "rate", 50, "addresses begun in a second")
	fl.IntVar(&f.parallel, "parallel", 64, "addresses looked at together")
	fl.BoolVarP(&f.probe.verbose, "verbose", "v", false, "log to standard error")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
	fl.Var(&f.probe.format, "format", "output format")
	return cmd
}

// credentials are those of the command line in the order they are tried.
func (f *discoverFlags) credentials(env func(string) (string, bool)) ([]discover.Credential, error) {
	if err := f.probe.openSecrets(env); err != nil {
		return nil, err
	}
	var out []discover.Credential
	communities := f.communities
	if f.probe.communityEnv != "" {
		communities = strings.Split(f.probe.snmp.Community, ",")
	}
	for i, community := range communities {
		out = append(out, discover.Credential{
			Name: fmt.Sprintf("community %d", i+1), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: community},
		})
	}
	if f.probe.snmp.User != "" {
		out = append(out, discover.Credential{Name: "user " + f.probe.snmp.User, Protocol: collectors.SNMPv3, SNMP: f.probe.snmp})
	}
	return out, nil
}

func (c *cli) discover(ctx context.Context, f discoverFlags, ranges []string) error {
	o := discover.Options{
		SNMPPort: uint16(f.ports.snmp), ModbusPort: uint16(f.ports.modbus), ModbusRTU: f.probe.serial, Rate: f.rate, Parallel: f.parallel, Timeout: f.probe.timeout,
	}
	var err error
	if o.Addresses, err = discover.ParsePlaces(ranges); err != nil {
		return usageError("%w", err)
	}
	if f.units != "" {
		if o.Units, err = discover.ParseUnits(f.units); err != nil {
			return usageError("--units: %w", err)
		}
	}
	if o.Credentials, err = f.credentials(c.env); err != nil {
		return err
	}
	if err := cmp.Or(positive("--timeout", f.probe.timeout), positive("--rate", f.rate), atLeast("--parallel", f.parallel, 1)); err != nil {
		return err
	}
	if len(o.Credentials) == 0 && len(o.Units) == 0 {
		return usageError("nothing to ask with: give --community, --v3-user or --units")
	}
	lib, err := c.profiles(f.probe.profilesDir)
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if f.probe.verbose {
		log = slog.New(slog.NewTextHandler(c.err, nil))
	}
	engines := app.NewEngines(app.EngineOptions{Library: lib, Log: log, Timeout: f.probe.timeout, Retries: 1})
	if err := engines.Start(); err != nil {
		return err
	}
	defer engines.Stop()
	o.NewDriver, o.Log = engines.NewDriver, log

	found := []foundDevice{}
	told := time.Now()
	err = discover.Scan(ctx, o, func(d discover.Found) { found = append(found, foundRow(d)) }, func(p discover.Progress) {
		if !f.quiet && (time.Since(told) >= 2*time.Second || p.Done == p.Addresses) {
			told = time.Now()
			fmt.Fprintf(c.err, "%d of %d addresses, %d found, %s left\n", p.Done, p.Addresses, p.Found, p.Left.Round(time.Second))
		}
	})
	if err != nil && len(found) == 0 && !errors.Is(err, context.Canceled) {
		return err
	}
	slices.SortStableFunc(found, func(a, b foundDevice) int {
		x, y := netip.MustParseAddrPort(a.Address), netip.MustParseAddrPort(b.Address)
		return cmp.Or(x.Compare(y), cmp.Compare(a.Unit, b.Unit))
	})
	rows := output.Rows{Columns: []string{"address", "unit", "credential", "vendor", "model", "serial", "kind", "profile", "confidence", "points", "problem"}}
	for _, d := range found {
		rows.Cells = append(rows.Cells, []string{
			d.Address, unitText(d), d.Credential, d.Vendor, d.Model, d.Serial, d.Kind, d.Profile, string(d.Confidence), fmt.Sprint(d.Points), d.Problem,
		})
	}
	if werr := output.Write(c.out, f.probe.format, rows, struct {
		Devices []foundDevice `json:"devices"`
	}{found}); werr != nil {
		return werr
	}
	return err
}

func unitText(d foundDevice) string {
	if strings.HasPrefix(d.Protocol, "modbus") {
		return fmt.Sprint(d.Unit)
	}
	return ""
}

func foundRow(d discover.Found) foundDevice {
	return foundDevice{
		Address: d.Address, Protocol: string(d.Protocol), Unit: d.Unit, Credential: d.CredentialName, Kind: d.Kind,
		Vendor: d.Identity.Vendor, Model: d.Identity.Model, Serial: d.Identity.Serial, Name: d.Identity.Name,
		Profile: d.Profile, Confidence: d.Confidence, Points: d.Points, Why: d.Why, Others: d.Others, Problem: d.Problem,
	}
}
