package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/dcim/db"
)

func migrateCommand(c *cli) *cobra.Command {
	var (
		s    settings
		dry  bool
		from int64
	)
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date, or say what is missing",
		Long:  "Migrate does what serve does at its start. A migration that fails leaves data and version as they were.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(s)
			if err != nil {
				return err
			}
			g, err := app.OpenDatabase(cmd.Context(), cfg, c.logger(cfg))
			if err != nil {
				return err
			}
			defer func() { _ = db.Close(g) }() // nothing is under way any more
			current, known, err := db.Version(cmd.Context(), g)
			if err != nil {
				return err
			}
			if dry {
				fmt.Fprintf(c.out, "schema version %d, this program knows %d\n", current, known)
				return nil
			}
			if from, current, err = db.Migrate(cmd.Context(), g); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "schema version %d (was %d)\n", current, from)
			return nil
		},
	}
	s.flags(cmd, false)
	cmd.Flags().BoolVar(&dry, "status", false, "only print the versions")
	return cmd
}
