package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/collect"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/models"
)

func collectCommand(c *cli) *cobra.Command {
	var (
		probe                         = probeFlags{format: output.Table}
		file                          string
		interval, warm, d             time.Duration
		store, cpuProfile, memProfile string
		sockets, window               int
		v                             bool
	)
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Poll a list of devices and say what it costs",
		Long: `Collect polls the devices of a list as the service does, without its database
and screens, and prints statistics: polls, points, processor time for a million
points, lateness, memory. Without --interval each device is polled again as
soon as it has answered.

The list has one device a line: host:port, and for a Modbus device the unit id
behind a comma. Lines that begin with # are passed over; - reads from standard
input. The samples are discarded unless --store names a folder.`,
		Example: `  aisle collect --targets pdus.txt --community public --interval 10s --duration 60s
  aisle collect --targets meters.txt --protocol modbus-tcp --profile abb-b23 --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app.TuneMemory()
			if err := cmp.Or(positive("--timeout", probe.timeout), atLeast("--retries", probe.retries, 0), positive("--duration", d), atLeast("--warm-up", warm, 0),
				atLeast("--window", window, 1), atLeast("--sockets", sockets, 0)); err != nil {
				return err
			}
			if interval != 0 && interval < time.Second {
				return usageError("--interval %v is neither 0 nor 1s or more", interval)
			}
			targets, err := readTargets(c, file, probe)
			if err != nil {
				return err
			}
			lib, err := c.profiles(probe.profilesDir)
			if err != nil {
				return err
			}
			log := slog.New(slog.DiscardHandler)
			if v {
				log = slog.New(slog.NewTextHandler(c.err, nil))
			}
			engines := app.NewEngines(app.EngineOptions{Library: lib, Log: log, Timeout: probe.timeout, Retries: max(probe.retries, 0), Sockets: sockets})
			if err := engines.Start(); err != nil {
				return err
			}
			defer engines.Stop()
			profiles := profiler{cpu: cpuProfile, memory: memProfile}
			stats, err := collect.Run(cmd.Context(), collect.Options{
				Engines: engines, Targets: targets, Interval: interval, Window: window, WarmUp: warm, Duration: d, StoreDir: store, Log: log,
				AtStart: profiles.start, AtEnd: profiles.end,
			})
			if err = errors.Join(err, profiles.err); err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
			if err := output.Write(c.out, probe.format, collectRows(stats), stats); err != nil {
				return err
			}
			if stats.Learned == 0 && cmd.Context().Err() == nil {
				return coded{fmt.Errorf("none of %d devices could be read: %s", stats.Devices, cmp.Or(stats.FirstError, "no answer")), exitUnreachable}
			}
			if n := stats.Devices - stats.Learned; n > 0 {
				fmt.Fprintf(c.err, "%d of %d devices could not be read: %s\n", n, stats.Devices, stats.FirstError)
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&file, "targets", "", "file with the list of devices, - for standard input")
	fl.BoolVar(&probe.serial, "modbus-rtu", false, "serial frames in the TCP stream")
	fl.StringVar(&probe.modbus, "protocol", "snmp-v2c", "snmp-v1, snmp-v2c, snmp-v3 or modbus-tcp")
	probe.secrets(fl)
	fl.StringVar(&probe.profile, "profile", "", "use this profile instead of identifying each device")
	fl.StringVar(&probe.profilesDir, "profiles-dir", "", "folder of further profiles")
	fl.DurationVar(&probe.timeout, "timeout", 2*time.Second, "for one request")
	fl.IntVar(&probe.retries, "retries", 1, "after a time-out")
	fl.DurationVar(&interval, "interval", 0, "between polls of a device, at least 1s; 0 polls without pause")
	fl.IntVar(&window, "window", 256, "devices polled at the same time without --interval")
	fl.DurationVar(&warm, "warm-up", 3*time.Second, "time that is not counted")
	fl.DurationVar(&d, "duration", 30*time.Second, "time that is counted")
	fl.StringVar(&store, "store", "", "keep the samples in an embedded store in this folder")
	fl.IntVar(&sockets, "sockets", 0, "shared UDP sockets (default 2)")
	fl.StringVar(&cpuProfile, "cpu-profile", "", "write a processor profile of the time that is counted to this file")
	fl.StringVar(&memProfile, "memory-profile", "", "write a profile of the memory in use to this file")
	fl.BoolVarP(&v, "verbose", "v", false, "log to standard error")
	fl.Var(&probe.format, "format", "output format")
	return cmd
}

// profiler writes profiles of the time that is counted; an empty name means
// none.
type profiler struct {
	cpu, memory string
	file        *os.File
	err         error
}

func (p *profiler) start() {
	if p.cpu == "" {
		return
	}
	if p.file, p.err = os.Create(p.cpu); p.err == nil {
		p.err = pprof.StartCPUProfile(p.file)
	}
}

func (p *profiler) end() {
	if p.file != nil {
		pprof.StopCPUProfile()
		p.err = errors.Join(p.err, p.file.Close())
	}
	if p.memory == "" {
		return
	}
	f, err := os.Create(p.memory)
	if err != nil {
		p.err = errors.Join(p.err, err)
		return
	}
	runtime.GC()
	p.err = errors.Join(p.err, pprof.WriteHeapProfile(f), f.Close())
}

// readTargets reads the list of devices.
func readTargets(c *cli, file string, f probeFlags) ([]collectors.Target, error) {
	protocol := collectors.Protocol(f.modbus)
	switch protocol {
	case collectors.SNMPv1, collectors.SNMPv2c, collectors.SNMPv3, collectors.ModbusTCP, collectors.ModbusRTUOverTCP, collectors.ModbusRTU:
	default:
		return nil, usageError("--protocol %q is not one of snmp-v1, snmp-v2c, snmp-v3, modbus-tcp, modbus-rtu-tcp, modbus-rtu", f.modbus)
	}
	if err := f.openSecrets(c.env); err != nil {
		return nil, err
	}
	in := c.in
	switch file {
	case "":
		return nil, usageError("--targets names the file with the list of devices")
	case "-":
	default:
		r, err := os.Open(file) //nolint:gosec // the person names the file
		if err != nil {
			return nil, usageError("%w", err)
		}
		defer func() { _ = r.Close() }() // it is only read
		in = r
	}
	port := uint16(161)
	if protocol == collectors.ModbusTCP || protocol == collectors.ModbusRTUOverTCP {
		port = 502
	}
	var (
		targets []collectors.Target
		faults  []string
	)
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		t, err := targetOf(line, protocol, port, f)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s, line %d: %v", file, n, err))
			continue
		}
		t.Device = models.DeviceID(n)
		targets = append(targets, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if n := len(faults); n > 0 {
		const told = 20
		return nil, usageError("%d lines cannot be read:\n%s", n, strings.Join(faults[:min(n, told)], "\n"))
	}
	if len(targets) == 0 {
		return nil, usageError("%s lists no device", file)
	}
	return targets, nil
}

// targetOf reads a line of the list: host:port, and a unit id behind a comma.
func targetOf(line string, protocol collectors.Protocol, port uint16, f probeFlags) (collectors.Target, error) {
	address, unit, hasUnit := strings.Cut(line, ",")
	t := collectors.Target{
		Address: strings.TrimSpace(address), Protocol: protocol, Profile: f.profile,
		SNMP: f.snmp, Timeout: f.timeout, Retries: f.retries, Modbus: collectors.ModbusAddress{Unit: 1},
	}
	if protocol == collectors.ModbusRTU {
		if err := modbus.ParseSerial(t.Address); err != nil {
			return t, err
		}
	} else {
		var err error
		if t.Address, err = withPort(t.Address, port); err != nil {
			return t, err
		}
	}
	t.Name = t.Address
	if f.retries == 0 {
		t.Retries = -1
	}
	if hasUnit {
		u, err := strconv.ParseUint(strings.TrimSpace(unit), 10, 8)
		if err != nil {
			return t, fmt.Errorf("unit id %q is not between 0 and 255", unit)
		}
		t.Modbus.Unit = uint8(u)
	}
	return t, nil
}

func collectRows(s collect.Stats) output.Rows {
	rows := output.Rows{Columns: []string{"WHAT", "FIGURE"}}
	add := func(what, format string, args ...any) {
		rows.Cells = append(rows.Cells, []string{what, fmt.Sprintf(format, args...)})
	}
	add("devices, of which learned", "%d, %d", s.Devices, s.Learned)
	add("polls, failed, skipped", "%d, %d, %d", s.Polls, s.Failed, s.Skipped)
	add("points, of which good", "%d, %d", s.Points, s.Good)
	add("points stored, streamed", "%d, %d", s.Stored, s.Stream)
	add("points a second", "%.0f", s.PointsPerS)
	add("processor time for a million points", "%.3f s", s.CPUPerMillion)
	add("cores busy", "%.3f", s.CPU/max(s.Seconds, 1e-9))
	add("late: median, 99 %, worst", "%.3f, %.3f, %.3f ms", s.LateMS[0], s.LateMS[1], s.LateMS[2])
	add("requests, time-outs, foreign, malformed", "%d, %d, %d, %d", s.Requests, s.Timeouts, s.Foreign, s.Malformed)
	add("largest memory", "%.0f MB", s.PeakMB)
	if s.FirstError != "" {
		add("first error", "%s", s.FirstError)
	}
	return rows
}
