package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/configs"
)

// settings are the flags of every command that reads the configuration.
type settings struct {
	config, dataDir, listen string
}

func (s *settings) flags(cmd *cobra.Command, server bool) {
	cmd.Flags().StringVar(&s.config, "config", "", "configuration file (or AISLE_CONFIG)")
	cmd.Flags().StringVar(&s.dataDir, "data-dir", "", "folder of all data (or AISLE_DATA_DIR)")
	if server {
		cmd.Flags().StringVar(&s.listen, "listen", "", "HOST:PORT of the web server (or AISLE_SERVER_LISTEN)")
	}
}

// load reads the configuration; flags win over the environment, that over the
// file.
func (c *cli) load(s settings) (*configs.Config, error) {
	path := s.config
	if path == "" {
		path, _ = c.env("AISLE_CONFIG")
	}
	cfg, err := configs.Load(path, c.env)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError("%w", err)
	}
	if err != nil {
		return nil, coded{err, exitFaults}
	}
	if s.dataDir != "" {
		cfg.DataDir = s.dataDir
	}
	if s.listen != "" {
		if err := listenAddress("--listen", s.listen); err != nil {
			return nil, err
		}
		cfg.Server.Listen = s.listen
	}
	if err := cfg.Validate(); err != nil {
		return nil, coded{err, exitFaults}
	}
	return cfg, nil
}

// logger is the program's log on standard error.
func (c *cli) logger(cfg *configs.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // the configuration was checked
	o := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(c.err, o))
	}
	return slog.New(slog.NewTextHandler(c.err, o))
}

func checkConfigCommand(c *cli) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:     "check-config [FILE]",
		Short:   "Check a configuration file and report every fault with its place",
		Example: "  aisle check-config /etc/aisle/aisle.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				if s.config != "" {
					return usageError("two files are named: %s and %s", args[0], s.config)
				}
				s.config = args[0]
			}
			if s.config != "" {
				if _, err := os.Stat(s.config); err != nil {
					return usageError("%w", err)
				}
			}
			cfg, err := c.load(s)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "configuration is good; data folder %s\n", cfg.DataDir)
			return nil
		},
	}
	cmd.Flags().StringVar(&s.config, "config", "", "configuration file, as an argument")
	return cmd
}
