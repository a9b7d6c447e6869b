package snmp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

const controlProfile = testProfile + `
  - {key: "outlet/{n}/state", class: state, column: 1.3.6.1.4.1.9.3.1, index: [n], source: outletState, states: {1: {text: "on"}, 2: {text: "off"}}}
  - {key: setpoint, class: temperature, unit: °C, scale: 0.1, oid: 1.3.6.1.4.1.9.4.1.0, source: setpoint}
controls:
  - key: outlet/{n}/switch
    kind: command
    column: 1.3.6.1.4.1.9.3.1
    index: [n]
    type: integer
    source: outletState
    shows: outlet/{n}/state
    options:
      - {name: "on", raw: 1, done: 1, severity: info}
      - {name: "off", raw: 2, done: 2, severity: critical}
  - {key: setpoint, kind: set-point, class: temperature, unit: °C, scale: 0.1, min: 16, max: 30, step: 0.5, oid: 1.3.6.1.4.1.9.4.1.0, type: unsigned, source: setpoint, shows: setpoint}
`

// controlBench is an agent that takes writes, and an engine that may make them.
type controlBench struct {
	engine *Engine
	target collectors.Target
	table  *agent.Table
	opt    agent.Options
	agent  *agent.Agent

	mu   sync.Mutex
	pdus []byte // tags of the requests of version 1 and 2c
	sets []string
	mute bool // SETs get no answer
	deny int
}

func newControlBench(t *testing.T, control bool, user *usm.User) *controlBench {
	t.Helper()
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(controlProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n1.3.6.1.2.1.1.3.0|67|1000\n" +
		"1.3.6.1.4.1.9.3.1.1|2|1\n1.3.6.1.4.1.9.3.1.2|2|2\n1.3.6.1.4.1.9.4.1.0|66|220\n"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	b := &controlBench{table: table}
	table.AllowWrites(func(oid string, tag byte, raw profile.Raw) int {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sets = append(b.sets, oid+"="+raw.String())
		if b.deny != 0 {
			return b.deny
		}
		if err := table.Set(oid, tag, raw); err != nil {
			return ber.GenErr
		}
		return 0
	})
	b.opt = agent.Options{Before: func(request []byte, _ net.Addr, _ func([]byte)) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		m, err := ber.Decode(request)
		if err != nil {
			return false
		}
		b.pdus = append(b.pdus, m.PDU)
		if m.PDU != ber.Set || !b.mute {
			return false
		}
		b.sets = append(b.sets, "unanswered")
		return true
	}}
	b.target = collectors.Target{
		Device: 1, Name: "pdu", Protocol: collectors.SNMPv2c, Control: true,
		SNMP: collectors.SNMPCredential{Community: "public"}, ControlSNMP: collectors.SNMPCredential{Community: "private"},
	}
	if user != nil {
		prepared, err := user.Prepare()
		if err != nil {
			t.Fatal(err)
		}
		if b.opt.USM, err = agent.NewUSM([]byte("\x80\x00\x00\x00\x04agent"), 3, prepared); err != nil {
			t.Fatal(err)
		}
		b.target.Protocol = collectors.SNMPv3
		b.target.SNMP = collectors.SNMPCredential{
			User: user.Name, AuthProtocol: user.AuthProtocol, AuthPassword: user.AuthPassword,
			PrivProtocol: user.PrivProtocol, PrivPassword: user.PrivPassword,
		}
		b.target.ControlSNMP = b.target.SNMP
	}
	if b.agent, err = agent.Listen("127.0.0.1:0", table, b.opt); err != nil {
		t.Fatal(err)
	}
	b.target.Address = b.agent.Addr()
	b.engine = New(Options{Library: lib, Timeout: 150 * time.Millisecond, Retries: 2, Control: control})
	if err := b.engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.engine.Stop(); b.agent.Close() })
	return b
}

func (b *controlBench) sent() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.sets...)
}

// controller learns the device of a bench.
func (b *controlBench) controller(t *testing.T) (collectors.Controller, *collectors.Learned) {
	t.Helper()
	d, err := b.engine.NewDriver(b.target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	l, err := d.Learn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, ok := d.(collectors.Controller)
	if !ok {
		t.Fatalf("%T is no controller", d)
	}
	return c, l
}

func TestControlWritesOnce(t *testing.T) {
	users := map[string]*usm.User{
		"v1": nil, "v2c": nil,
		"v3": {Name: "ops", AuthProtocol: "SHA256", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"},
	}
	for name, user := range users {
		t.Run(name, func(t *testing.T) {
			b := newControlBench(t, true, user)
			if name == "v1" {
				b.target.Protocol = collectors.SNMPv1
			}
			c, l := b.controller(t)
			if len(l.Controls) != 3 || l.Controls[0].Key != "outlet/1/switch" || l.Controls[0].Shows != "outlet/1/state" {
				t.Fatalf("controls: %+v", l.Controls)
			}
			off := collectors.Action{Option: "off"}
			intent, err := c.Intend(t.Context(), "outlet/1/switch", off)
			if err != nil {
				t.Fatal(err)
			}
			if intent.Target != "SET 1.3.6.1.4.1.9.3.1.1" || intent.Raw != "2" || intent.Current != "1" || intent.CurrentOption != "on" {
				t.Errorf("dry run: %+v", intent)
			}
			if got := b.sent(); len(got) != 0 {
				t.Fatalf("a dry run wrote: %v", got)
			}
			if err := c.Write(t.Context(), "outlet/1/switch", off, intent); err != nil {
				t.Fatal(err)
			}
			if got := b.sent(); len(got) != 1 || got[0] != "1.3.6.1.4.1.9.3.1.1=2" {
				t.Errorf("sent: %v", got)
			}
			warm := collectors.Action{Value: 24.5}
			if intent, err = c.Intend(t.Context(), "setpoint", warm); err != nil || intent.Raw != "245" || intent.CurrentValue == nil || *intent.CurrentValue != 22 {
				t.Fatalf("dry run of a set-point: %+v, %v", intent, err)
			}
			if err := c.Write(t.Context(), "setpoint", warm, intent); err != nil {
				t.Fatal(err)
			}
			if intent, err = c.Intend(t.Context(), "setpoint", warm); err != nil || intent.Current != "245" {
				t.Errorf("read back: %+v, %v", intent, err)
			}
		})
	}
}

func TestControlOutcomes(t *testing.T) {
	b := newControlBench(t, true, nil)
	c, _ := b.controller(t)
	off := collectors.Action{Option: "off"}
	intent, err := c.Intend(t.Context(), "outlet/1/switch", off)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		control string
		action  collectors.Action
		intent  collectors.Intent
		mute    bool
		deny    int
		want    error
		sent    int
	}{
		{"not answered", "outlet/1/switch", off, intent, true, 0, collectors.ErrUnanswered, 1},
		{"refused", "outlet/1/switch", off, intent, false, 17, collectors.ErrRejected, 1},
		{"undone in part", "outlet/1/switch", off, intent, false, undoFailed, collectors.ErrUnanswered, 1},
		{"no such control", "outlet/9/switch", off, intent, false, 0, collectors.ErrNoControl, 0},
		{"no such option", "outlet/1/switch", collectors.Action{Option: "burn"}, intent, false, 0, collectors.ErrAction, 0},
		{"above the bound", "setpoint", collectors.Action{Value: 30.5}, intent, false, 0, collectors.ErrAction, 0},
		{"between steps", "setpoint", collectors.Action{Value: 20.2}, intent, false, 0, collectors.ErrAction, 0},
		{"another object than was confirmed", "outlet/2/switch", off, intent, false, 0, collectors.ErrMoved, 0},
		{"another value than was confirmed", "outlet/1/switch", collectors.Action{Option: "on"}, intent, false, 0, collectors.ErrMoved, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.mu.Lock()
			b.sets, b.mute, b.deny = nil, tt.mute, tt.deny
			b.mu.Unlock()
			err := c.Write(t.Context(), tt.control, tt.action, tt.intent)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			// Retries are for reading: a write is sent once.
			time.Sleep(400 * time.Millisecond)
			if got := b.sent(); len(got) != tt.sent {
				t.Errorf("sent %v, want %d", got, tt.sent)
			}
		})
	}
}

// TestNoWriteAfterRestart: after a restart rows may mean other outlets.
func TestNoWriteAfterRestart(t *testing.T) {
	for name, after := range map[string]func(*agent.Table) error{
		"began anew": func(x *agent.Table) error {
			return x.Set("1.3.6.1.2.1.1.3.0", 0x43, profile.Raw{Kind: profile.Int, Int: 10})
		},
		"does not tell": func(x *agent.Table) error { x.Remove("1.3.6.1.2.1.1.3.0"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := newControlBench(t, true, nil)
			c, _ := b.controller(t)
			off := collectors.Action{Option: "off"}
			intent, err := c.Intend(t.Context(), "outlet/1/switch", off)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(t.Context(), []string{"fast"}, nil); err != nil {
				t.Fatal(err)
			}
			if err := after(b.table); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Intend(t.Context(), "outlet/1/switch", off); !errors.Is(err, collectors.ErrMoved) {
				t.Errorf("dry run: %v", err)
			}
			if err := c.Write(t.Context(), "outlet/1/switch", off, intent); !errors.Is(err, collectors.ErrMoved) {
				t.Errorf("write: %v", err)
			}
			if got := b.sent(); len(got) != 0 {
				t.Errorf("sent: %v", got)
			}
			if name != "began anew" {
				return
			}
			// The next poll finds the restart all the same.
			if _, err := c.Read(t.Context(), []string{"fast"}, nil); !errors.Is(err, collectors.ErrRestarted) {
				t.Errorf("poll: %v", err)
			}
		})
	}
}

// TestNoWriteElsewhere: the name of the device stands for another address than
// when it was learned.
func TestNoWriteElsewhere(t *testing.T) {
	b := newControlBench(t, true, nil)
	_, port, _ := net.SplitHostPort(b.target.Address)
	b.target.Address = net.JoinHostPort("pdu-a.example", port)
	at := "127.0.0.1"
	b.engine.opt.Lookup = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr(at)}, nil }
	c, _ := b.controller(t)
	off := collectors.Action{Option: "off"}
	intent, err := c.Intend(t.Context(), "outlet/1/switch", off)
	if err != nil {
		t.Fatal(err)
	}
	at = "127.0.0.2"
	if _, err := c.Intend(t.Context(), "outlet/1/switch", off); !errors.Is(err, collectors.ErrMoved) {
		t.Errorf("dry run: %v", err)
	}
	if err := c.Write(t.Context(), "outlet/1/switch", off, intent); !errors.Is(err, collectors.ErrMoved) {
		t.Errorf("write: %v", err)
	}
	if got := b.sent(); len(got) != 0 {
		t.Errorf("sent: %v", got)
	}
}

// TestWriteToAnotherEngine: the agent that answers now has another SNMPv3
// engine than the one that was asked before.
func TestWriteToAnotherEngine(t *testing.T) {
	user := &usm.User{Name: "ops", AuthProtocol: "SHA256", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}
	b := newControlBench(t, true, user)
	c, _ := b.controller(t)
	off := collectors.Action{Option: "off"}
	intent, err := c.Intend(t.Context(), "outlet/1/switch", off)
	if err != nil {
		t.Fatal(err)
	}
	b.agent.Close()
	prepared, err := user.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	if b.opt.USM, err = agent.NewUSM([]byte("\x80\x00\x00\x00\x04other"), 1, prepared); err != nil {
		t.Fatal(err)
	}
	if b.agent, err = agent.Listen(b.target.Address, b.table, b.opt); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Write(t.Context(), "outlet/1/switch", off, intent); err != nil {
			t.Error(err)
		}
	}
	if got := b.sent(); len(got) != 2 {
		t.Errorf("sent: %v", got)
	}
}

// TestNoWriterWithoutControl: an engine that was not built to write, and a
// device that does not allow it, have nothing to write with; only reading
// leaves the process.
func TestNoWriterWithoutControl(t *testing.T) {
	for name, set := range map[string]struct{ engine, device bool }{"engine": {false, true}, "device": {true, false}, "both": {false, false}} {
		t.Run(name, func(t *testing.T) {
			b := newControlBench(t, set.engine, nil)
			b.target.Control = set.device
			if (b.engine.writer != nil) != set.engine {
				t.Errorf("writer: %v", b.engine.writer)
			}
			d, err := b.engine.NewDriver(b.target)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if _, ok := d.(collectors.Controller); ok {
				t.Errorf("%T can write", d)
			}
			l, err := d.Learn(t.Context())
			if err != nil || len(l.Controls) != 0 {
				t.Errorf("controls %v, %v", l, err)
			}
			if _, err := d.Read(t.Context(), []string{"fast"}, nil); err != nil {
				t.Error(err)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.pdus) == 0 || bytes.IndexByte(b.pdus, ber.Set) >= 0 {
				t.Errorf("requests: %x", b.pdus)
			}
		})
	}
}

// TestNoSetWhenTheRowIsAnother: what a control was found by is read again in
// the moment of the write, and with something else than before nothing is sent.
func TestNoSetWhenTheRowIsAnother(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(testProfile + `
identity: {vendor: {const: Test}, serial: {column: 1.3.6.1.4.1.9.6.1}, mac: {oid: 1.3.6.1.4.1.9.6.2.0, format: mac}}
controls:
  - key: outlet/{n}/switch
    kind: command
    column: 1.3.6.1.4.1.9.3.1
    index: [row]
    parts: {n: 1.3.6.1.4.1.9.3.2}
    label_from: {column: 1.3.6.1.4.1.9.3.3}
    when: [{oid: 1.3.6.1.4.1.9.5.0, in: ["1"]}]
    where: [{column: 1.3.6.1.4.1.9.3.4, not: ["2"]}]
    rows_from: 1.3.6.1.4.1.9.3.2
    write_only: true
    type: integer
    source: outletState
    options: [{name: "on", raw: 1, severity: info}, {name: "off", raw: 2, severity: critical}]
`)}})
	if err != nil {
		t.Fatal(err)
	}
	number := func(n int64) profile.Raw { return profile.Raw{Kind: profile.Int, Int: n} }
	for name, tt := range map[string]struct {
		oid  string // removed where raw is none
		raw  profile.Raw
		want error
	}{
		"nothing":             {"1.3.6.1.4.1.9.3.1.2", number(7), nil},
		"a neighbour":         {"1.3.6.1.4.1.9.3.3.1", profile.Raw{Kind: profile.Bytes, Bytes: []byte("Mail")}, nil},
		"condition of device": {"1.3.6.1.4.1.9.5.0", number(2), collectors.ErrMoved},
		"no such condition":   {"1.3.6.1.4.1.9.5.0", profile.Raw{}, collectors.ErrMoved},
		"condition of row":    {"1.3.6.1.4.1.9.3.4.2", number(2), collectors.ErrMoved},
		"number of outlet":    {"1.3.6.1.4.1.9.3.2.2", number(9), collectors.ErrMoved},
		"name of outlet":      {"1.3.6.1.4.1.9.3.3.2", profile.Raw{Kind: profile.Bytes, Bytes: []byte("Mail")}, collectors.ErrMoved},
		"row":                 {"1.3.6.1.4.1.9.3.2.2", profile.Raw{}, collectors.ErrMoved},
		"serial number":       {"1.3.6.1.4.1.9.6.1.2", profile.Raw{Kind: profile.Bytes, Bytes: []byte("A2")}, collectors.ErrMoved},
		"MAC address":         {"1.3.6.1.4.1.9.6.2.0", profile.Raw{Kind: profile.Bytes, Bytes: []byte{0, 1, 2, 3, 4, 6}}, collectors.ErrMoved},
		"no such serial":      {"1.3.6.1.4.1.9.6.1.2", profile.Raw{}, collectors.ErrMoved},
	} {
		t.Run(name, func(t *testing.T) {
			b := newControlBench(t, true, nil)
			rec, err := profile.ReadRecording(strings.NewReader("1.3.6.1.2.1.1.1.0|4|Test PDU\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.7\n1.3.6.1.2.1.1.3.0|67|1000\n" +
				"1.3.6.1.4.1.9.1.1.0|66|4200\n1.3.6.1.4.1.9.3.1.1|2|1\n1.3.6.1.4.1.9.3.1.2|2|1\n1.3.6.1.4.1.9.3.2.1|2|1\n1.3.6.1.4.1.9.3.2.2|2|2\n" +
				"1.3.6.1.4.1.9.3.3.1|4|Web 1\n1.3.6.1.4.1.9.3.3.2|4|Web 2\n1.3.6.1.4.1.9.3.4.1|2|1\n1.3.6.1.4.1.9.3.4.2|2|1\n1.3.6.1.4.1.9.5.0|2|1\n" +
				"1.3.6.1.4.1.9.6.1.1|4|\n1.3.6.1.4.1.9.6.1.2|4|A1\n1.3.6.1.4.1.9.6.2.0|4x|000102030405\n"))
			if err != nil {
				t.Fatal(err)
			}
			if b.table, err = agent.NewTable(rec); err != nil {
				t.Fatal(err)
			}
			b.table.AllowWrites(func(oid string, _ byte, raw profile.Raw) int {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.sets = append(b.sets, oid+"="+raw.String())
				return 0
			})
			address := b.target.Address
			b.agent.Close()
			if b.agent, err = agent.Listen(address, b.table, b.opt); err != nil {
				t.Fatal(err)
			}
			b.engine.library.Store(lib)
			c, l := b.controller(t)
			if len(l.Controls) != 2 || l.Controls[1].Label != "Web 2" {
				t.Fatalf("controls: %+v", l.Controls)
			}
			off := collectors.Action{Option: "off"}
			intent, err := c.Intend(t.Context(), "outlet/2/switch", off)
			if err != nil {
				t.Fatal(err)
			}
			if tt.raw.Kind == profile.None {
				b.table.Remove(tt.oid)
			} else if err := b.table.Set(tt.oid, 0, tt.raw); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Intend(t.Context(), "outlet/2/switch", off); !errors.Is(err, tt.want) {
				t.Errorf("dry run: %v, want %v", err, tt.want)
			}
			if err := c.Write(t.Context(), "outlet/2/switch", off, intent); !errors.Is(err, tt.want) {
				t.Errorf("write: %v, want %v", err, tt.want)
			}
			if got := b.sent(); (len(got) == 1) != (tt.want == nil) {
				t.Errorf("sent: %v", got)
			}
		})
	}
}
