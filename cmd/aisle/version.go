package main

import (
	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
)

func versionCommand(c *cli) *cobra.Command {
	format := output.Table
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  aisle version --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := app.ReadBuild()
			return output.Write(c.out, format, output.Rows{
				Columns: []string{"VERSION", "REVISION", "TIME", "GO"},
				Cells:   [][]string{{b.Version, b.Revision, b.Time, b.Go}},
			}, b)
		},
	}
	cmd.Flags().Var(&format, "format", "output format")
	return cmd
}
