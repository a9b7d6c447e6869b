package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/app"
	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/dcim/access"
)

func userCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Manage users and API tokens",
		Long:  "User works on the data folder directly; the service may be running.",
	}
	cmd.AddCommand(userAdd(c), userList(c), userPassword(c), userDisable(c), userToken(c), userLink(c))
	return cmd
}

// withCore opens the data folder for one command.
func (c *cli) withCore(ctx context.Context, s settings, f func(context.Context, *app.Core) error) error {
	cfg, err := c.load(s)
	if err != nil {
		return err
	}
	core, err := app.OpenCore(ctx, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	err = f(access.System(ctx, "command line"), core)
	if errors.Is(err, access.ErrInvalid) || errors.Is(err, access.ErrNotFound) || errors.Is(err, access.ErrConflict) {
		err = coded{err, exitUsage} // the words of the command line cannot be
	}
	if closing := core.Close(); err == nil {
		err = closing
	}
	return err
}

// readPassword takes the first line of standard input.
func (c *cli) readPassword() (string, error) {
	fmt.Fprintln(c.err, "password (one line on standard input):")
	line := bufio.NewScanner(c.in)
	if !line.Scan() {
		return "", usageError("no password on standard input")
	}
	return strings.TrimRight(line.Text(), "\r"), nil
}

func userAdd(c *cli) *cobra.Command {
	var (
		s    settings
		role string
	)
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add a user; the password is read from standard input",
		Example: "  echo \"$PASSWORD\" | aisle user add lan --role operator",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := c.readPassword()
			if err != nil {
				return err
			}
			return c.withCore(cmd.Context(), s, func(ctx context.Context, core *app.Core) error {
				u, err := core.Access.CreateUser(ctx, access.NewUser{Name: args[0], Role: access.Role(role), Password: password})
				if err != nil {
					return err
				}
				fmt.Fprintf(c.out, "user %s added as %s\n", u.Name, u.Role)
				return nil
			})
		},
	}
	s.flags(cmd, false)
	cmd.Flags().StringVar(&role, "role", "viewer", "viewer, operator, engineer, planner or administrator")
	return cmd
}

func userList(c *cli) *cobra.Command {
	var s settings
	format := output.Table
	cmd := &cobra.Command{
		Use: "list", Short: "List users", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withCore(cmd.Context(), s, func(ctx context.Context, core *app.Core) error {
				users, err := core.Access.Users(ctx)
				if err != nil {
					return err
				}
				type user struct {
					ID       uint64 `json:"id"`
					Name     string `json:"name"`
					Role     string `json:"role"`
					Disabled bool   `json:"disabled"`
				}
				rows := output.Rows{Columns: []string{"ID", "NAME", "ROLE", "DISABLED"}}
				list := make([]user, 0, len(users))
				for _, u := range users {
					x := user{u.ID, u.Name, string(u.Role), u.Disabled}
					list = append(list, x)
					rows.Cells = append(rows.Cells, []string{strconv.FormatUint(x.ID, 10), x.Name, x.Role, strconv.FormatBool(x.Disabled)})
				}
				return output.Write(c.out, format, rows, list)
			})
		},
	}
	s.flags(cmd, false)
	cmd.Flags().Var(&format, "format", "output format")
	return cmd
}

func userPassword(c *cli) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use: "passwd NAME", Short: "Set a user's password, read from standard input; ends the user's sessions and tokens", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := c.readPassword()
			if err != nil {
				return err
			}
			return c.withCore(cmd.Context(), s, func(ctx context.Context, core *app.Core) error {
				u, err := core.Access.UserByName(ctx, args[0])
				if err != nil {
					return err
				}
				if err := core.Access.ResetPassword(ctx, u.ID, password); err != nil {
					return err
				}
				fmt.Fprintf(c.out, "password of %s set\n", u.Name)
				return nil
			})
		},
	}
	s.flags(cmd, false)
	return cmd
}

func userDisable(c *cli) *cobra.Command {
	var (
		s      settings
		enable bool
	)
	cmd := &cobra.Command{
		Use: "disable NAME", Short: "Disable a user, which ends sessions and tokens, or enable it again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withCore(cmd.Context(), s, func(ctx context.Context, core *app.Core) error {
				u, err := core.Access.UserByName(ctx, args[0])
				if err != nil {
					return err
				}
				off := !enable
				_, err = core.Access.UpdateUser(ctx, u.ID, access.UserChange{Disabled: &off})
				return err
			})
		},
	}
	s.flags(cmd, false)
	cmd.Flags().BoolVar(&enable, "enable", false, "enable the user again")
	return cmd
}

func userToken(c *cli) *cobra.Command {
	var (
		s          settings
		role, name string
		days       int
	)
	format := output.Table
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "Make a token for the API; it is shown this once",
		Example: "  aisle user token --role viewer --name grafana --days 365",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := between("--days", days, 1, 3650); err != nil {
				return err
			}
			return c.withCore(cmd.Context(), s, func(ctx context.Context, core *app.Core) error {
				text, row, err := core.Access.CreateToken(ctx, access.NewToken{Name: name, Role: access.Role(role), TTL: time.Duration(days) * 24 * time.Hour})
				if err != nil {
					return err
				}
				if format == output.Table { // for $(…) in a shell
					fmt.Fprintln(c.out, text)
					return nil
				}
				return output.Write(c.out, format, output.Rows{Columns: []string{"ID", "NAME", "ROLE", "TOKEN"}, Cells: [][]string{{strconv.FormatUint(row.ID, 10), row.Name, string(row.Role), text}}},
					map[string]any{"id": row.ID, "name": row.Name, "role": row.Role, "token": text})
			})
		},
	}
	s.flags(cmd, false)
	cmd.Flags().StringVar(&role, "role", "viewer", "viewer, operator, engineer, planner or administrator")
	cmd.Flags().StringVar(&name, "name", "command line", "what the token is for")
	cmd.Flags().IntVar(&days, "days", 90, "days until it expires")
	cmd.Flags().Var(&format, "format", "output format")
	return cmd
}

func userLink(c *cli) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use: "link NAME", Short: "Make a one-time sign-in link for a user, good for 15 minutes", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withCore(cmd.Context(), s, func(ctx context.Context, core *app.Core) error {
				u, err := core.Access.UserByName(ctx, args[0])
				if err != nil {
					return err
				}
				secret, err := core.Access.CreateSignInLink(ctx, u.ID, app.LinkLife)
				if err != nil {
					return err
				}
				fmt.Fprintln(c.out, app.SignInURL(core.Config, core.Config.Server.Listen, secret))
				return nil
			})
		},
	}
	s.flags(cmd, true)
	return cmd
}
