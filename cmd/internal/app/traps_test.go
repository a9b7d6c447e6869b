package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/trap"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/models"
)

// recorded is an agent that answers from a recording.
func recorded(t *testing.T, file string) *agent.Agent {
	t.Helper()
	return recordedAt(t, file, "127.0.0.1:0", agent.Options{})
}

func recordedAt(t *testing.T, file, address string, o agent.Options) *agent.Agent {
	t.Helper()
	data, err := fs.ReadFile(profiles.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	device, err := agent.Listen(address, table, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = device.Close() })
	return device
}

// From the socket to the API: an inform of net-snmp is in the journal when it is
// acknowledged, its device is polled at once, and a flood of traps makes no
// flood of polls. Values are those of polls, whatever a trap says.
func TestTrapsBecomeEvents(t *testing.T) {
	snmptrap := peer(t, "snmp", "snmptrap")
	device := recorded(t, "apc/testdata/apc-rpdu2.snmprec")
	s := &service{App: plain(t, t.TempDir(), func(c *configs.Config) {
		c.Traps.Listen, c.Traps.PollPause, c.Traps.Burst = "127.0.0.1:0", configs.Duration(2*time.Second), 30
	})}
	s.token = token(t, s.App)
	c, err := s.core.Credentials.Create(system(t.Context()), credential.New{Name: "public", Kind: "snmp-community", Secrets: credential.Secrets{Community: "public"}})
	if err != nil {
		t.Fatal(err)
	}
	d := s.testDevice(t, models.Device{Name: "pdu", Polling: models.Polling{
		Enabled: true, Protocol: "snmp-v2c", Address: device.Addr(), CredentialID: &c.ID, IntervalS: 3600,
	}})
	health := func() collectors.Health { h, _ := s.manager.DeviceHealth(d.ID); return h }
	until(t, 20*time.Second, "polled", func() bool { return health().State == collectors.StateOK })
	to := s.traps.Load().Addr().String()
	send := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), snmptrap, append(args, to, "", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.7", "i", "7")...)
		cmd.Env = append(os.Environ(), "MIBS=")
		return cmd.Run()
	}
	before := health()
	if err := send("-v", "2c", "-c", "public", "-Ci", "-t", "2", "-r", "0"); err != nil {
		t.Fatalf("the inform is not acknowledged: %v", err)
	}
	var list struct {
		Items []struct {
			Kind, Source string
			Variables    []models.EventVariable
		}
	}
	if code := s.do(t, http.MethodGet, "/events?kind=trap", "", &list); code != http.StatusOK || len(list.Items) != 1 || list.Items[0].Source != "127.0.0.1" ||
		list.Items[0].Variables[0].Value != "7" {
		t.Errorf("what was acknowledged is not in the journal: %d, %+v", code, list)
	}
	until(t, 5*time.Second, "polled because of the trap", func() bool { return health().LastPoll.After(before.LastPoll) })
	if err := send("-v", "2c", "-c", "wrong", "-Ci", "-t", "0.2", "-r", "0"); err == nil {
		t.Error("an inform with a wrong community was acknowledged")
	}
	polls, since := health().Polls, time.Now()
	for range 60 {
		if err := send("-v", "2c", "-c", "public"); err != nil {
			t.Fatal(err)
		}
	}
	until(t, 10*time.Second, "the flood is over", func() bool {
		x := s.traps.Load().Stats()
		return x.Received+x.Limited == 61
	})
	until(t, 10*time.Second, "polled after the last trap", func() bool {
		s.pokes.mu.Lock()
		defer s.pokes.mu.Unlock()
		return len(s.pokes.waiting) == 0
	})
	if n, most := health().Polls-polls, uint64(time.Since(since)/(2*time.Second))+2; n < 1 || n > most {
		t.Errorf("%d polls because of 60 traps within %s", n, time.Since(since))
	}
	n := (polling{s.App}).Counters()
	if n["traps_refused"] != 1 || n["traps_limited"] == 0 || n["informs_acknowledged"] != 1 || n["polls_after_traps"] < 2 {
		t.Errorf("counters %+v", n)
	}
	if h := health(); h.State != collectors.StateOK || h.Missing != before.Missing {
		t.Errorf("the device does worse: %+v", h)
	}
}

// Traps within the pause lead to one poll, at its end.
func TestPokes(t *testing.T) {
	var polled []models.DeviceID
	p := &pokes{pause: 10 * time.Second, last: map[models.DeviceID]time.Time{}, waiting: map[models.DeviceID]bool{}, poll: func(id models.DeviceID) error {
		polled = append(polled, id)
		if id == 9 {
			return errors.New("not polled")
		}
		return nil
	}}
	at := time.Unix(1000, 0)
	for range 100 {
		p.want(1, at)
	}
	p.want(9, at)
	p.due(at.Add(9 * time.Second))
	if len(polled) != 2 || p.count() != 1 {
		t.Errorf("polled %v", polled)
	}
	p.due(at.Add(10 * time.Second))
	p.due(at.Add(11 * time.Second))
	if len(polled) != 3 || polled[2] != 1 {
		t.Errorf("polled %v", polled)
	}
	p.due(at.Add(time.Minute))
	if len(p.last)+len(p.waiting) != 0 {
		t.Errorf("remembers %v, %v", p.last, p.waiting)
	}
}

// A device that is given by name sends from the addresses of the name.
func TestSendersByName(t *testing.T) {
	var s senders
	s.set([]collectors.Target{
		{Device: 1, Address: "localhost:161", Protocol: collectors.SNMPv2c},
		{Device: 2, Address: "127.0.0.1:161", Protocol: collectors.SNMPv3},
		{Device: 3, Address: "[::ffff:192.0.2.1]:502", Protocol: collectors.ModbusTCP},
		{Device: 4, Address: "/dev/ttyUSB0?baud=9600", Protocol: collectors.ModbusRTU},
	})
	ids := func(a string) (out []models.DeviceID) {
		for _, x := range s.at(netip.MustParseAddr(a)) {
			out = append(out, x.Device)
		}
		return out
	}
	if got := ids("127.0.0.1"); len(got) != 1 || got[0] != 2 {
		t.Errorf("before it is resolved: %v", got)
	}
	if got := ids("192.0.2.1"); len(got) != 1 || got[0] != 3 {
		t.Errorf("mapped address: %v", got)
	}
	go func() { _ = s.resolve(t.Context()) }()
	until(t, 10*time.Second, "resolved", func() bool { return len(ids("127.0.0.1")) == 2 })
}

// A name that is hard to resolve does not hold up the others, and what a name was
// is forgotten with it.
func TestSlowNames(t *testing.T) {
	s := senders{lookup: func(ctx context.Context, name string) ([]netip.Addr, error) {
		if strings.HasPrefix(name, "slow") {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.1")}, nil
	}}
	var targets []collectors.Target
	for i := range 20 {
		targets = append(targets, collectors.Target{Device: models.DeviceID(i), Address: fmt.Sprintf("slow%d:161", i)})
	}
	targets = append(targets, collectors.Target{Device: 50, Address: "a:161"}, collectors.Target{Device: 51, Address: "a:502"}, collectors.Target{Device: 52, Address: "b:161"})
	s.set(targets)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- s.resolve(ctx) }()
	ids := func() (out []models.DeviceID) {
		for _, x := range s.at(netip.MustParseAddr("192.0.2.1")) {
			out = append(out, x.Device)
		}
		slices.Sort(out)
		return out
	}
	for !slices.Equal(ids(), []models.DeviceID{50, 51, 52}) {
		if time.Since(began) > resolveLimit {
			t.Fatalf("after %s: devices %v", time.Since(began), ids())
		}
		time.Sleep(time.Millisecond)
	}
	s.set(targets[:len(targets)-1])
	if got := ids(); !slices.Equal(got, []models.DeviceID{50, 51}) {
		t.Errorf("after a device is gone: %v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What keeps traps from being received costs the traps alone, is told, and is
// tried again until it works.
func TestTrapsLater(t *testing.T) {
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	state := filepath.Join(dir, "snmp-engine.json")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	a := plain(t, dir, func(c *configs.Config) { c.Traps.Listen = taken.LocalAddr().String() })
	listening := func() float64 {
		families, err := a.metrics().Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "aisle_traps_listening" {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	if x := listening(); x != 0 || (polling{a}).Counters()["traps_start_failures"] != 1 {
		t.Errorf("the port is taken: listening %v, %v", x, (polling{a}).Counters())
	}
	_ = taken.Close()
	until(t, 10*time.Second, "the state file cannot be read", func() bool { return (polling{a}).Counters()["traps_start_failures"] > 2 })
	if x := listening(); x != 0 {
		t.Errorf("without a state file: listening %v", x)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	until(t, 20*time.Second, "traps are received", func() bool { return listening() == 1 })
}

// A port that needs a privilege is told with its remedy.
func TestTrapPortNeedsPrivilege(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("this user may listen on any port")
	}
	cfg := configs.Default()
	cfg.DataDir, cfg.Server.Listen, cfg.Traps.Listen = t.TempDir(), "127.0.0.1:0", "127.0.0.1:162"
	var said bytes.Buffer
	a := New(Options{Config: cfg, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop(t, a)
	if !strings.Contains(said.String(), trap.ErrPrivileged.Error()) || !strings.Contains(said.String(), "1162") {
		t.Errorf("said %q", said.String())
	}
}
