package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-dcim/aisle/cmd/internal/output"
	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/trap"
	"github.com/aisle-dcim/aisle/models"
)

// heardTrap is what trap listen prints of one trap.
type heardTrap struct {
	Time      time.Time              `json:"time"`
	From      string                 `json:"from"`
	Version   string                 `json:"version"`
	Inform    bool                   `json:"inform"`
	OID       string                 `json:"oid"`
	Name      string                 `json:"name"`
	Severity  models.Severity        `json:"severity"`
	Text      string                 `json:"text,omitempty"`
	Clears    string                 `json:"clears,omitempty"`
	Variables []models.EventVariable `json:"variables,omitempty"`
}

func trapCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "trap", Short: "SNMP traps on a bench"}
	cmd.AddCommand(trapListenCommand(c))
	return cmd
}

type trapFlags struct {
	probe  probeFlags
	listen string
	count  int
}

func trapListenCommand(c *cli) *cobra.Command {
	f := trapFlags{probe: probeFlags{format: output.Table}}
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Print the traps and informs that arrive",
		Long: `Listen prints each trap that arrives, from any address, as the device profiles
explain it, and acknowledges informs. Nothing is kept. Traps of versions 1 and
2c are taken with any community; those of version 3 need the user. With --format
json each trap is a line. Datagrams that do not count, of an unknown user or no
SNMP at all, are told with the reason on standard error and counted at the end.`,
		Example: `  aisle trap listen --listen 0.0.0.0:1162
  aisle trap listen --v3-user monitor --v3-auth SHA256 --v3-auth-env AUTH --v3-priv AES --v3-priv-env PRIV --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.trapListen(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:1162", "host:port")
	fl.IntVar(&f.count, "count", 0, "end after so many traps; 0 goes on until interrupted")
	f.probe.userSecrets(fl)
	_ = fl.MarkHidden("community-env") // any community is taken
	fl.StringVar(&f.probe.profilesDir, "profiles-dir", "", "folder of further profiles")
	fl.Var(&f.probe.format, "format", "output format")
	return cmd
}

func (c *cli) trapListen(ctx context.Context, f trapFlags) error {
	if err := cmp.Or(f.probe.openSecrets(c.env), listenAddress("--listen", f.listen), atLeast("--count", f.count, 0)); err != nil {
		return err
	}
	lib, err := c.profiles(f.probe.profilesDir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	senders := []trap.Sender{{Device: 1, Version: collectors.SNMPv2c}}
	if f.probe.snmp.User != "" {
		senders = append(senders, trap.Sender{Device: 1, Version: collectors.SNMPv3, Credential: f.probe.snmp})
	}
	printed, heard := error(nil), 0
	show := c.trapPrinter(f.probe.format)
	drops := droppedTraps{out: c.err, now: time.Now}
	r, err := trap.Listen(trap.Options{
		Listen: f.listen, Library: lib, AnyCommunity: true, Rate: 1000, Burst: 1000,
		Senders: func(netip.Addr) []trap.Sender { return senders },
		Dropped: drops.note,
		Handle: func(t trap.Trap, done func(error)) {
			if f.count > 0 && heard >= f.count {
				return
			}
			heard++
			printed = errors.Join(printed, show(t))
			if done != nil {
				done(nil)
			}
			if printed != nil || heard == f.count {
				cancel()
			}
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.err, "listening on %s, engine id %x\n", r.Addr(), r.EngineID())
	if err := errors.Join(r.Run(ctx), printed); err != nil {
		return err
	}
	if s := r.Stats(); s.Refused+s.Malformed+s.Outdated+s.Limited+s.Lost > 0 {
		fmt.Fprintf(c.err, "dropped: %d with wrong credentials, %d that cannot be read, %d outside the time window, %d too many at once, %d lost before they were read\n", s.Refused, s.Malformed, s.Outdated, s.Limited, s.Lost)
	}
	return nil
}

// droppedTraps tells which datagrams do not count: of each kind of reason the
// first at once, and then how many there were, at most each dropsEvery.
type droppedTraps struct {
	out  io.Writer
	now  func() time.Time
	told map[string]*dropped
}

type dropped struct {
	at   time.Time
	more int // since at
}

const dropsEvery = 10 * time.Second

func (d *droppedTraps) note(from netip.Addr, why error) {
	reason, now := output.Printable(why.Error()), d.now()
	kind, _, _ := strings.Cut(reason, ": ")
	x := d.told[kind]
	if x == nil {
		if d.told == nil {
			d.told = map[string]*dropped{}
		}
		d.told[kind] = &dropped{at: now}
		fmt.Fprintf(d.out, "dropped a datagram of %s: %s\n", from, reason)
		return
	}
	x.more++
	if now.Sub(x.at) < dropsEvery {
		return
	}
	fmt.Fprintf(d.out, "dropped %d more, the last of %s: %s\n", x.more, from, reason)
	x.at, x.more = now, 0
}

// trapPrinter prints one trap after the other in a format.
func (c *cli) trapPrinter(format output.Format) func(trap.Trap) error {
	enc, rows := json.NewEncoder(c.out), csv.NewWriter(c.out)
	enc.SetEscapeHTML(false)
	if format == output.CSV {
		_ = rows.Write([]string{"time", "from", "version", "inform", "oid", "name", "severity", "text", "variables"}) // an error stays until the next one
	}
	return func(t trap.Trap) error {
		var variables []string
		for _, v := range t.Variables {
			name := v.Name
			if name == "" {
				name = v.OID
			}
			variables = append(variables, name+"="+v.Value)
		}
		at := t.Time.UTC()
		switch format {
		case output.JSON:
			return enc.Encode(heardTrap{at, t.From.String(), t.Version, t.Inform, t.OID, t.Name, t.Severity, t.Text, t.Clears, t.Variables})
		case output.CSV:
			cells := []string{at.Format(time.RFC3339), t.From.String(), t.Version, fmt.Sprint(t.Inform), t.OID, t.Name, string(t.Severity), t.Text, strings.Join(variables, "; ")}
			for i := range cells {
				cells[i] = output.Neutral(cells[i])
			}
			if err := rows.Write(cells); err != nil {
				return err
			}
			rows.Flush()
			return rows.Error()
		}
		_, err := fmt.Fprintf(c.out, "%s  %s  %s  %-8s  %s  %s\n", at.Format(time.RFC3339), t.From, t.Version, t.Severity, output.Printable(t.Name), output.Printable(t.Text))
		for _, v := range variables {
			if err == nil {
				_, err = fmt.Fprintf(c.out, "    %s\n", output.Printable(v))
			}
		}
		return err
	}
}
