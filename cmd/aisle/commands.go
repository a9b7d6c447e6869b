package main

import "github.com/spf13/cobra"

// commands lists the sub-commands in the order of the help.
func commands(c *cli) []*cobra.Command {
	return []*cobra.Command{
		probeCommand(c),
		versionCommand(c),
	}
}
