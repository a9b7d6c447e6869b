//go:build linux

// collectbench measures the collectors against a farm of simulated devices on
// loopback, beside a floor and beside Telegraf and snmp_exporter where those
// are installed. Every client runs as a process of its own; what it polled is
// what the farm served.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/aisle-dcim/aisle/collectors/simulate/farm"
)

type options struct {
	aisle     string
	devices   int
	rounds    int
	duration  time.Duration
	interval  time.Duration
	protocols string
	farm      farm.Options
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "collectbench:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		o     options
		floor string
		port  uint
	)
	flag.StringVar(&o.aisle, "aisle", "bin/aisle", "the program that is measured")
	flag.IntVar(&o.devices, "devices", 1000, "simulated devices")
	flag.IntVar(&o.rounds, "rounds", 2, "how often all clients have their turn; the median counts")
	flag.DurationVar(&o.duration, "duration", 4*time.Second, "time that is counted of each turn")
	flag.DurationVar(&o.interval, "interval", 0, "between polls of a device; 0 polls without pause")
	flag.StringVar(&o.protocols, "protocols", "snmp-v2c,snmp-v3,modbus-tcp", "what is measured")
	flag.DurationVar(&o.farm.Delay, "delay", 0, "of each answer")
	flag.Float64Var(&o.farm.Loss, "loss", 0, "share of requests that get lost")
	flag.Float64Var(&o.farm.Dead, "dead", 0, "share of devices that never answer")
	flag.StringVar(&floor, "floor", "", "be the floor for a protocol: what the others are compared with")
	flag.UintVar(&port, "port", 0, "of the farm, for the floor")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch floor {
	case "snmp-v2c":
		return snmpFloor(o.devices, uint16(port))
	case "modbus-tcp":
		return modbusFloor(ctx, o.devices, uint16(port))
	case "":
	default:
		return fmt.Errorf("there is no floor for %q", floor)
	}
	dir, err := os.MkdirTemp("", "collectbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is a temporary folder
	if err := os.CopyFS(filepath.Join(dir, "profiles"), farm.Profiles()); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	o.farm.Devices = o.devices
	b := &bench{options: o, dir: dir}
	for _, protocol := range strings.Split(o.protocols, ",") {
		if err := b.protocol(ctx, protocol); err != nil {
			return err
		}
	}
	return b.print()
}

// client is a program that polls the farm.
type client struct {
	name string
	argv []string
	// drive makes it poll, where it does not by itself.
	drive func(context.Context)
}

// figure is what one turn of a client cost.
type figure struct {
	cpu, points, seconds float64
	memory               float64 // largest resident memory, MiB
	polls, wanted        float64
}

type bench struct {
	options
	dir  string
	rows []row
}

type row struct {
	protocol, name string
	figures        []figure
}

func (b *bench) protocol(ctx context.Context, protocol string) error {
	var (
		f      *farm.Farm
		err    error
		points float64 = farm.PDUPoints
	)
	o := b.farm
	switch protocol {
	case "snmp-v2c":
		f, err = farm.SNMP(o) //nolint:contextcheck // a farm lives until it is closed
	case "snmp-v3":
		o.V3 = true
		f, err = farm.SNMP(o) //nolint:contextcheck // a farm lives until it is closed
	case "modbus-tcp":
		points = farm.MeterPoints
		f, err = farm.Modbus(o) //nolint:contextcheck // as above
	default:
		return fmt.Errorf("protocol %q is not one of snmp-v2c, snmp-v3, modbus-tcp", protocol)
	}
	if err != nil {
		return err
	}
	clients, err := b.clients(protocol, f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	first := len(b.rows)
	for _, c := range clients {
		b.rows = append(b.rows, row{protocol: protocol, name: c.name})
	}
	for range b.rounds {
		for i, c := range clients {
			x, err := b.turn(ctx, c, f, points)
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", c.name, err), f.Close())
			}
			b.rows[first+i].figures = append(b.rows[first+i].figures, x)
		}
	}
	return f.Close()
}

// clients are those that can poll a farm of this protocol.
func (b *bench) clients(protocol string, f *farm.Farm) ([]client, error) {
	var out []client
	n := strconv.Itoa(b.devices)
	_, port, _ := strings.Cut(f.Target(0), ":")
	if b.interval == 0 && protocol != "snmp-v3" && b.farm.Dead == 0 && b.farm.Loss == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		out = append(out, client{name: "floor", argv: []string{self, "-floor", protocol, "-devices", n, "-port", port}})
	}
	targets := filepath.Join(b.dir, protocol+".txt")
	var list strings.Builder
	for i := range b.devices {
		fmt.Fprintln(&list, f.Target(i))
	}
	if err := os.WriteFile(targets, []byte(list.String()), 0o600); err != nil {
		return nil, err
	}
	profile := "farm-pdu"
	if protocol == "modbus-tcp" {
		profile = "farm-meter"
	}
	argv := []string{
		b.aisle, "collect", "--targets", targets, "--protocol", protocol, "--community", "public", "--profile", profile,
		"--profiles-dir", filepath.Join(b.dir, "profiles"), "--interval", b.interval.String(), "--retries", "2", "--duration", "24h",
	}
	if protocol == "snmp-v3" {
		argv = append(argv, "--v3-user", farm.User, "--v3-auth", "SHA", "--v3-auth-password", farm.AuthPassword, "--v3-priv", "AES", "--v3-priv-password", farm.PrivPassword)
	}
	out = append(out, client{name: "aisle", argv: argv})
	if protocol == "modbus-tcp" {
		return out, nil
	}
	if protocol == "snmp-v2c" && b.interval == 0 {
		out = append(out, client{name: "aisle, stored", argv: append(slices.Clone(argv), "--store", filepath.Join(b.dir, "store"))})
	}
	if protocol != "snmp-v2c" {
		return out, nil
	}
	if path, err := exec.LookPath("telegraf"); err == nil {
		interval := max(b.interval, time.Second)
		file, err := telegrafConfig(b.dir, f, b.devices, interval.String())
		if err != nil {
			return nil, err
		}
		out = append(out, client{name: "telegraf", argv: []string{path, "--config", file}})
	}
	if path, err := exec.LookPath("snmp_exporter"); err == nil && b.interval == 0 {
		file, err := exporterConfig(b.dir)
		if err != nil {
			return nil, err
		}
		out = append(out, client{
			name: "snmp_exporter", argv: []string{path, "--config.file", file, "--log.level=error", "--web.listen-address=" + exporterAddress},
			drive: func(ctx context.Context) { scrape(ctx, f, b.devices) },
		})
	}
	return out, nil
}

// warmUp is how long a client may take until it has polled every device.
const warmUp = time.Minute

// turn runs a client, waits until it polls, and counts for a while.
func (b *bench) turn(ctx context.Context, c client, f *farm.Farm, points float64) (figure, error) {
	fmt.Fprintf(os.Stderr, "%s …\n", c.name)
	defer os.RemoveAll(filepath.Join(b.dir, "store")) //nolint:errcheck // the folder goes in the end anyway
	f.Reset()
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...) //nolint:gosec // the person names the programs
	if c.argv[0] == b.aisle {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return figure{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() {
		_ = cmd.Process.Kill() // nothing of it is needed any more
		<-ended                //nolint:errcheck // as above
	}()
	if c.drive != nil {
		driving, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			select {
			case <-time.After(time.Second): // it has to listen first
			case <-driving.Done():
			}
			c.drive(driving)
		}()
		defer func() { stop(); <-done }()
	}
	living := b.devices - f.Dead()
	for start := time.Now(); f.Stats().Polled < living && time.Since(start) < warmUp; {
		if err := pause(ctx, ended, 100*time.Millisecond); err != nil {
			return figure{}, err
		}
	}
	// First samples and the back-off of dead devices are not what goes on.
	if err := pause(ctx, ended, 3*time.Second+b.interval); err != nil {
		return figure{}, err
	}
	pid := cmd.Process.Pid
	before, start, polls := cpuTime(pid), time.Now(), f.Stats().Polls
	if err := pause(ctx, ended, max(b.duration, 3*b.interval)); err != nil {
		return figure{}, err
	}
	x := figure{cpu: cpuTime(pid) - before, seconds: time.Since(start).Seconds(), memory: peakMemory(pid)}
	x.polls = float64(f.Stats().Polls - polls)
	if x.polls == 0 {
		return figure{}, errors.New("it polled nothing")
	}
	x.points = x.polls * points
	if b.interval > 0 {
		x.wanted = x.seconds / b.interval.Seconds() * float64(living)
	}
	return x, nil
}

func pause(ctx context.Context, ended chan error, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case err := <-ended:
		ended <- err
		return fmt.Errorf("it ended: %w", err)
	}
}

// cpuTime is the processor time of a process in seconds: fields 14 and 15 of
// /proc/PID/stat, in hundredths.
func cpuTime(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// peakMemory is the largest resident memory of a process in MiB.
func peakMemory(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// median of one figure over the rounds.
func (r row) median(of func(figure) float64) float64 {
	var list []float64
	for _, x := range r.figures {
		list = append(list, of(x))
	}
	slices.Sort(list)
	if n := len(list); n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[len(list)/2]
}

func (b *bench) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "protocol\tclient\tCPU-s/M points\tx floor\tpoints/s\tpoints/s/core\tcores\tMB\tpolls of wanted\t")
	floors := map[string]float64{}
	perPoint := func(x figure) float64 { return x.cpu / max(x.points, 1) }
	for _, r := range b.rows {
		cost := r.median(perPoint)
		if r.name == "floor" {
			floors[r.protocol] = cost
		}
		family, _, _ := strings.Cut(r.protocol, "-")
		ratio, wanted := "-", "-"
		for protocol, floor := range floors { // SNMPv3 is compared with the floor of v2c
			if strings.HasPrefix(protocol, family) && floor > 0 {
				ratio = fmt.Sprintf("%.1f", cost/floor)
			}
		}
		if x := r.median(func(x figure) float64 { return x.wanted }); x > 0 {
			wanted = fmt.Sprintf("%.4f", r.median(func(x figure) float64 { return x.polls })/x)
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%s\t%.0f\t%.0f\t%.3f\t%.0f\t%s\t\n", r.protocol, r.name, cost*1e6, ratio,
			r.median(func(x figure) float64 { return x.points / x.seconds }), r.median(func(x figure) float64 { return x.points / max(x.cpu, 0.001) }),
			r.median(func(x figure) float64 { return x.cpu / x.seconds }), r.median(func(x figure) float64 { return x.memory }), wanted)
	}
	return w.Flush()
}
