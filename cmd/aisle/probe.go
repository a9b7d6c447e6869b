package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/models/endpoint"
)

// probeResult is what probe prints.
type probeResult struct {
	Device  probeDevice `json:"device"`
	Profile string      `json:"profile"`
	// Readings have a value each.
	Readings []profile.Reading `json:"readings"`
	// Missing are points that the device did not give a value for; their reason
	// says why.
	Missing []missingReading `json:"missing"`
	// Verdicts are readings that can hardly be true.
	Verdicts []workshop.Verdict `json:"verdicts"`
}

type missingReading struct {
	Key     string `json:"key"`
	Class   string `json:"class"`
	Label   string `json:"label"`
	Quality string `json:"quality"`
	// Reason is a workshop.Reason in words.
	Reason string `json:"reason"`
	Source string `json:"source"`
}

type probeDevice struct {
	Address     string `json:"address"`
	Protocol    string `json:"protocol"`
	Kind        string `json:"kind,omitempty"`
	Vendor      string `json:"vendor,omitempty"`
	Model       string `json:"model,omitempty"`
	Serial      string `json:"serial,omitempty"`
	Firmware    string `json:"firmware,omitempty"`
	MAC         string `json:"mac,omitempty"`
	Name        string `json:"name,omitempty"`
	Location    string `json:"location,omitempty"`
	SysObjectID string `json:"sysObjectID,omitempty"`
	SysDescr    string `json:"sysDescr,omitempty"`
}

// probeFlags are the words of the command line.
type probeFlags struct {
	address, modbus                string
	unit                           int
	serial                         bool
	version                        string
	snmp                           collectors.SNMPCredential
	communityEnv, authEnv, privEnv string
	profile, profilesDir           string
	timeout, limit                 time.Duration
	retries                        int
	verbose                        bool
	format                         output.Format
}

func probeCommand(c *cli) *cobra.Command {
	f := probeFlags{format: output.Table}
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Identify one device and read every point of it once",
		Long: `Probe identifies a device and reads each of its points once. It prints who made
the device, its model, serial number, firmware and profile as far as they are
known, then the readings in base units with the object or register read, and
apart from them the points without a value, with the reason. With --format csv
all points are one table, in which the last column has the reason; with
--format json they are "readings" and "missing".

Secrets given on the command line can be seen by other users of this machine;
--community-env, --v3-auth-env and --v3-priv-env name environment variables
that hold them instead.`,
		Example: `  aisle probe --address 10.0.0.7:161 --community public
  aisle probe --address 10.0.0.7 --v3-user monitor --v3-auth SHA256 --v3-auth-env AUTH --v3-priv AES --v3-priv-env PRIV
  aisle probe --modbus 10.0.0.9:502 --unit 1 --profile abb-b23 --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.probe(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	f.device(fl)
	fl.DurationVar(&f.limit, "limit", 2*time.Minute, "for the whole probe")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say on standard error what does not fit the profile")
	fl.Var(&f.format, "format", "output format")
	return cmd
}

// device adds the flags that say where one device is and how it is opened.
func (f *probeFlags) device(fl *pflag.FlagSet) {
	fl.StringVar(&f.address, "address", "", "SNMP agent, host[:port] (port 161)")
	fl.StringVar(&f.modbus, "modbus", "", "Modbus device or gateway, host[:port] (port 502), or a serial port such as /dev/ttyUSB0?baud=9600&parity=even")
	fl.IntVar(&f.unit, "unit", 1, "Modbus unit id, 0 to 255")
	fl.BoolVar(&f.serial, "modbus-rtu", false, "serial frames in the TCP stream, as cheap converters do")
	fl.StringVar(&f.version, "snmp-version", "", "1, 2c or 3 (default 2c, or 3 with --v3-user)")
	f.secrets(fl)
	fl.StringVar(&f.profile, "profile", "", "use this profile instead of identifying the device")
	fl.StringVar(&f.profilesDir, "profiles-dir", "", "folder of further profiles")
	fl.DurationVar(&f.timeout, "timeout", 2*time.Second, "for one request")
	fl.IntVar(&f.retries, "retries", 2, "after a time-out")
}

// secrets adds the flags that open an SNMP agent.
func (f *probeFlags) secrets(fl *pflag.FlagSet) {
	fl.StringVar(&f.snmp.Community, "community", "public", "SNMP v1 and v2c community")
	f.userSecrets(fl)
}

// userSecrets adds the flags of SNMPv3 and of secrets in the environment.
func (f *probeFlags) userSecrets(fl *pflag.FlagSet) {
	fl.StringVar(&f.communityEnv, "community-env", "", "environment variable holding the community")
	fl.StringVar(&f.snmp.User, "v3-user", "", "SNMPv3 user")
	fl.StringVar(&f.snmp.AuthProtocol, "v3-auth", "", "MD5, SHA, SHA224, SHA256, SHA384 or SHA512")
	fl.StringVar(&f.snmp.AuthPassword, "v3-auth-password", "", "SNMPv3 authentication password")
	fl.StringVar(&f.authEnv, "v3-auth-env", "", "environment variable holding it")
	fl.StringVar(&f.snmp.PrivProtocol, "v3-priv", "", "DES, AES, AES192, AES256, AES192C or AES256C")
	fl.StringVar(&f.snmp.PrivPassword, "v3-priv-password", "", "SNMPv3 privacy password")
	fl.StringVar(&f.privEnv, "v3-priv-env", "", "environment variable holding it")
	fl.StringVar(&f.snmp.ContextName, "v3-context", "", "SNMPv3 context name")
}

// openSecrets takes the secrets that stand in the environment.
func (f *probeFlags) openSecrets(env func(string) (string, bool)) error {
	for name, to := range map[string]*string{f.communityEnv: &f.snmp.Community, f.authEnv: &f.snmp.AuthPassword, f.privEnv: &f.snmp.PrivPassword} {
		if name == "" {
			continue
		}
		v, ok := env(name)
		if !ok {
			return usageError("environment variable %s is not set", name)
		}
		*to = v
	}
	if f.snmp.User == "" {
		return nil
	}
	if err := snmp.CheckUser(f.snmp); err != nil {
		return usageError("SNMPv3 user %s: %w", f.snmp.User, err)
	}
	return nil
}

// target checks the words and makes a target of them.
func (f *probeFlags) target(env func(string) (string, bool)) (collectors.Target, error) {
	if err := cmp.Or(f.openSecrets(env), positive("--timeout", f.timeout), atLeast("--retries", f.retries, 0)); err != nil {
		return collectors.Target{}, err
	}
	t := collectors.Target{Device: 1, Profile: f.profile, SNMP: f.snmp, Timeout: f.timeout, Retries: f.retries}
	if f.retries == 0 {
		t.Retries = -1
	}
	switch {
	case f.address != "" && f.modbus != "", f.address == "" && f.modbus == "":
		return t, usageError("give either --address (SNMP) or --modbus")
	case f.modbus != "":
		if err := between("--unit", f.unit, 0, 255); err != nil {
			return t, err
		}
		if strings.HasPrefix(f.modbus, "/") {
			if err := modbus.ParseSerial(f.modbus); err != nil {
				return t, usageError("%w", err)
			}
			t.Address, t.Protocol, t.Modbus.Unit = f.modbus, collectors.ModbusRTU, uint8(f.unit)
			break
		}
		var err error
		if t.Address, err = withPort(f.modbus, 502); err != nil {
			return t, err
		}
		t.Protocol = collectors.ModbusTCP
		t.Modbus.Unit = uint8(f.unit)
		if f.serial {
			t.Protocol = collectors.ModbusRTUOverTCP
		}
	default:
		var err error
		if t.Address, err = withPort(f.address, 161); err != nil {
			return t, err
		}
		switch {
		case f.version == "1":
			t.Protocol = collectors.SNMPv1
		case f.version == "3", f.version == "" && f.snmp.User != "":
			t.Protocol = collectors.SNMPv3
		case f.version == "2c", f.version == "":
			t.Protocol = collectors.SNMPv2c
		default:
			return t, usageError("--snmp-version %q is not one of 1, 2c, 3", f.version)
		}
	}
	t.Name = t.Address
	return t, nil
}

// withPort adds the usual port to an address without one, and refuses what
// cannot be an address.
func withPort(address string, port uint16) (string, error) {
	host, at, err := endpoint.Parse(address, port)
	if err != nil {
		return "", usageError("%w", err)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(at))), nil
}

func (c *cli) probe(ctx context.Context, f probeFlags) error {
	target, err := f.target(c.env)
	if err != nil {
		return err
	}
	lib, err := c.profiles(f.profilesDir)
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if f.verbose {
		log = slog.New(slog.NewTextHandler(c.err, nil))
	}
	engines := app.NewEngines(app.EngineOptions{Library: lib, Log: log, Retries: 2})
	if err := engines.Start(); err != nil {
		return err
	}
	defer engines.Stop()
	if err := positive("--limit", f.limit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.limit)
	defer cancel()
	driver, err := engines.NewDriver(target)
	if err != nil {
		return usageError("probe %s: %w", target.Address, err)
	}
	defer func() { _ = driver.Close() }() // everything was read by then
	look, err := workshop.TakeLook(ctx, driver.(workshop.Subject), lib, false, nil)
	if err != nil {
		return fmt.Errorf("probe %s: %w", target.Address, err)
	}
	result := newProbeResult(target, look.Learned, look.Points)
	result.Verdicts = append(result.Verdicts, look.Verdicts...)
	if err := result.write(c.out, f.format, result); err != nil {
		return err
	}
	c.doubts(look.Verdicts)
	return nil
}

// doubts says on standard error which readings can hardly be true.
func (c *cli) doubts(verdicts []workshop.Verdict) {
	for _, v := range verdicts {
		fmt.Fprintln(c.err, "doubtful:", v)
	}
}

func newProbeResult(target collectors.Target, learned *collectors.Learned, points []workshop.LookPoint) probeResult {
	id := learned.Identity
	r := probeResult{
		Profile: learned.Profile,
		Device: probeDevice{
			Address: target.Address, Protocol: string(target.Protocol), Kind: learned.Kind, Vendor: id.Vendor, Model: id.Model,
			Serial: id.Serial, Firmware: id.Firmware, MAC: id.MAC, Name: id.Name, Location: id.Location,
			SysObjectID: id.SysObjectID, SysDescr: id.SysDescr,
		},
		Readings: []profile.Reading{},
		Missing:  []missingReading{},
		Verdicts: []workshop.Verdict{},
	}
	for i := range points {
		x := points[i].Reading()
		if x.Value == nil {
			r.Missing = append(r.Missing, missingReading{x.Key, x.Class, x.Label, x.Quality, reasonText(&points[i]), x.Source})
			continue
		}
		r.Readings = append(r.Readings, x)
	}
	return r
}

// reasonText says in words why a point has no value, with what was sent
// instead.
func reasonText(p *workshop.LookPoint) string {
	switch p.Reason {
	case workshop.Absent:
		return "the device does not have it just now"
	case workshop.Sentinel:
		return "what the device sent stands for no value: " + p.Raw
	case workshop.Undecodable:
		return "what the device sent is no value of this reading, or it marks it as not valid: " + p.Raw
	case workshop.Unanswered:
		return "the device did not answer this request"
	}
	return ""
}

// write prints what was read: as tables for a person, as one table (CSV), or
// value (JSON).
func (r *probeResult) write(w io.Writer, f output.Format, value any) error {
	with := output.Rows{Columns: []string{"KEY", "LABEL", "CLASS", "VALUE", "UNIT", "STATE", "QUALITY", "SOURCE"}}
	for _, x := range r.Readings {
		with.Cells = append(with.Cells, []string{x.Key, x.Label, x.Class, strconv.FormatFloat(*x.Value, 'g', 8, 64), x.Unit, x.State, x.Quality, x.Source})
	}
	if f != output.Table {
		with.Columns = append(with.Columns, "REASON")
		for i := range with.Cells {
			with.Cells[i] = append(with.Cells[i], "")
		}
		for _, x := range r.Missing {
			with.Cells = append(with.Cells, []string{x.Key, x.Label, x.Class, "", "", "", x.Quality, x.Source, x.Reason})
		}
		return output.Write(w, f, with, value)
	}
	d := r.Device
	for _, line := range [][2]string{
		{"address", d.Address}, {"vendor", d.Vendor}, {"model", d.Model}, {"serial", d.Serial}, {"firmware", d.Firmware}, {"kind", d.Kind}, {"profile", r.Profile},
	} {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-9s %s\n", line[0]+":", output.Printable(line[1])); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := output.Write(w, f, with, nil); err != nil || len(r.Missing) == 0 {
		return err
	}
	without := output.Rows{Columns: []string{"WITHOUT A VALUE", "LABEL", "CLASS", "REASON", "SOURCE"}}
	for _, x := range r.Missing {
		without.Cells = append(without.Cells, []string{x.Key, x.Label, x.Class, x.Reason, x.Source})
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return output.Write(w, f, without, nil)
}
