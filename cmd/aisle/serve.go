package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

func serveCommand(c *cli) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service: read the plant, keep its history, show it",
		Long: `Serve runs everything in one process. It needs no configuration: data go to
the data folder, the web server listens on 127.0.0.1:8080. The first start
prints how to create the administrator.`,
		Example: `  aisle serve
  aisle serve --data-dir /var/lib/aisle --listen 127.0.0.1:8080
  aisle serve --config /etc/aisle/aisle.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(s)
			if err != nil {
				return err
			}
			return c.runApp(cmd.Context(), cfg, nil)
		},
	}
	s.flags(cmd, true)
	return cmd
}

func demoCommand(c *cli) *cobra.Command {
	var (
		s    settings
		site string
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the service with a simulated facility on real sockets",
		Long: `Demo simulates two halls with 240 racks that obey physics, answers for their
devices on loopback sockets by SNMP and Modbus, and polls them like real ones.
It prints a one-time sign-in link. Its data live in a folder of their own.`,
		Example: `  aisle demo
  aisle demo --listen 127.0.0.1:9090 --site my-hall.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(s)
			if err != nil {
				return err
			}
			if s.dataDir == "" {
				cfg.DataDir = filepath.Join(cfg.DataDir, "demo")
			}
			if site != "" {
				cfg.Demo.Site = site
			}
			facility, err := c.facility(cfg)
			if err != nil {
				return err
			}
			if err := facility.Start(); err != nil {
				return err
			}
			err = c.runApp(cmd.Context(), cfg, facility)
			return errors.Join(err, facility.Stop())
		},
	}
	s.flags(cmd, true)
	cmd.Flags().StringVar(&site, "site", "", "site file of the facility (default: the built-in one)")
	return cmd
}

// facility builds the simulated facility of the configuration.
func (c *cli) facility(cfg *configs.Config) (*simulate.Facility, error) {
	site, err := simulate.DefaultSite()
	if cfg.Demo.Site != "" {
		var data []byte
		if data, err = os.ReadFile(cfg.Demo.Site); err != nil {
			return nil, usageError("%w", err)
		}
		site, err = simulate.ParseSite(data)
	}
	if err != nil {
		return nil, coded{err, exitFaults}
	}
	lib, err := c.profiles(cfg.ProfilesDir)
	if err != nil {
		return nil, err
	}
	var recordings fs.FS = profiles.FS
	return simulate.New(simulate.Options{
		Control: cfg.Control.Enabled,
		Site:    site, Profiles: lib, Recordings: recordings, Log: c.logger(cfg),
		BasePort: cfg.Demo.BasePort, Speed: float64(cfg.Demo.Speed),
	})
}

// runApp runs the service until ctx ends.
func (c *cli) runApp(ctx context.Context, cfg *configs.Config, facility *simulate.Facility) error {
	app.TuneMemory()
	log := c.logger(cfg)
	a := app.New(app.Options{
		Config: cfg, Log: log, Facility: facility,
		Notice: func(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) },
	})
	if err := a.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	log.Info("stopping")
	stop, cancel := context.WithTimeout(context.Background(), cfg.Server.ShutdownTimeout.D())
	defer cancel()
	return a.Stop(stop) //nolint:contextcheck // as above
}

func healthcheckCommand(c *cli) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running service whether it is ready; for container health checks",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(s)
			if err != nil {
				return err
			}
			scheme := "http"
			if cfg.TLS() {
				scheme = "https"
			}
			host := strings.Replace(strings.Replace(cfg.Server.Listen, "0.0.0.0", "127.0.0.1", 1), "[::]", "127.0.0.1", 1)
			ctx, cancel := context.WithTimeout(cmd.Context(), 4*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+"/readyz", nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }() // only the status counts
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("not ready: %s", res.Status)
			}
			return nil
		},
	}
	s.flags(cmd, true)
	return cmd
}
