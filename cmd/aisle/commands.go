package main

import "github.com/spf13/cobra"

// commands lists the sub-commands in the order of the help.
func commands(c *cli) []*cobra.Command {
	return []*cobra.Command{
		serveCommand(c),
		demoCommand(c),
		simulateCommand(c),
		probeCommand(c), discoverCommand(c), collectCommand(c), controlCommand(c),
		trapCommand(c),
		profileCommand(c),
		checkConfigCommand(c),
		userCommand(c),
		migrateCommand(c),
		healthcheckCommand(c),
		versionCommand(c),
	}
}
