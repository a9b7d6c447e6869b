package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
)

// controlledService is a service with a facility that takes writes.
func controlledService(t *testing.T, enabled bool, log io.Writer) (*service, *simulate.Facility) {
	t.Helper()
	site, err := simulate.ParseSite([]byte(smallSite))
	if err != nil {
		t.Fatal(err)
	}
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	f, err := simulate.New(simulate.Options{Site: site, Profiles: lib, Recordings: profiles.FS, Control: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop() })
	return serviceWith(t, f, log, func(c *configs.Config) { c.Control.Enabled = enabled }), f
}

func serviceWith(t *testing.T, f *simulate.Facility, log io.Writer, edit func(*configs.Config)) *service {
	t.Helper()
	cfg := configs.Default()
	cfg.DataDir, cfg.Server.Listen = t.TempDir(), "127.0.0.1:0"
	edit(cfg)
	a := New(Options{Config: cfg, Facility: f, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, _, err := a.core.Access.CreateToken(access.System(t.Context(), "test"), access.NewToken{Name: "test", Role: access.Administrator, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s := &service{a, token}
	t.Cleanup(func() { s.stop(t) })
	return s
}

// person is a signed-in browser.
type person struct {
	s      *service
	client *http.Client
	csrf   string
}

// person makes a user of a role and signs in.
func (s *service) person(t *testing.T, name string, role access.Role) *person {
	t.Helper()
	const password = "correct horse battery"
	_, err := s.core.Access.CreateUser(access.System(t.Context(), "test"), access.NewUser{Name: name, Role: role, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{s: s, client: &http.Client{Jar: jar}}
	var in struct {
		Token string `json:"csrf_token"`
	}
	if code := p.do(t, http.MethodPost, "/session", fmt.Sprintf(`{"name":%q,"password":%q}`, name, password), &in); code != http.StatusOK {
		t.Fatalf("sign in %s: %d", name, code)
	}
	p.csrf = in.Token
	return p
}

func (p *person) do(t *testing.T, method, path, body string, out any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.s.Addr().String()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if p.csrf != "" {
		req.Header.Set("X-CSRF-Token", p.csrf)
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 500 {
		t.Fatalf("%s %s: %s: %s", method, path, res.Status, data)
	}
	if out != nil && len(data) > 0 {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, data)
		}
	}
	return res.StatusCode
}

type controlReply struct {
	ID                                          uint64
	State, Cause, Target, Raw, Current          string
	Requester, Decider, Severity, CurrentOption string
	Action, Who                                 string
	Items                                       []controlReply
}

type controlsReply struct {
	Items []struct {
		Key     string
		Options []struct {
			Name  string
			IsNow bool `json:"is_now"`
		}
	}
	Permission struct{ Allowed bool }
}

func (s *service) pduOf(t *testing.T, name string) uint64 {
	t.Helper()
	var id uint64
	until(t, 60*time.Second, name+" answers", func() bool {
		for _, d := range s.devices(t, "state=ok").Items {
			if d.Name == name {
				id = d.ID
			}
		}
		return id != 0
	})
	return id
}

// TestOutletIsSwitchedByTwoPersons goes the whole way: one outlet of a
// simulated PDU, asked for by one person, confirmed by another, written by
// SNMP, read back, and all of it in the audit log.
func TestOutletIsSwitchedByTwoPersons(t *testing.T) {
	var log transcript
	s, _ := controlledService(t, true, &log)
	olga, eva := s.person(t, "olga", access.Operator), s.person(t, "eva", access.Engineer)
	pdu := s.pduOf(t, "A-01-01-PDU-A")
	path := fmt.Sprintf("/devices/%d/controls", pdu)
	outlet := ""
	for n := 1; n <= 24 && outlet == ""; n++ { // one with load
		if w, _, _ := s.value(t, pdu, fmt.Sprintf("outlet/%d/power", n)); w != nil && *w > 0 {
			outlet = fmt.Sprintf("outlet/%d", n)
		}
	}
	var list controlsReply
	if code := olga.do(t, http.MethodGet, path, "", &list); code != http.StatusOK || list.Permission.Allowed || len(list.Items) != 0 {
		t.Fatalf("before it is allowed: %d %+v", code, list)
	}
	if code := eva.do(t, http.MethodPut, path, `{"allowed":true}`, nil); code != http.StatusForbidden {
		t.Errorf("an engineer allowed it: %d", code)
	}
	if code := s.do(t, http.MethodPut, path, `{"allowed":true}`, nil); code != http.StatusNoContent {
		t.Fatalf("allow: %d", code)
	}
	until(t, 60*time.Second, "24 outlets can be switched", func() bool {
		list = controlsReply{}
		olga.do(t, http.MethodGet, path, "", &list)
		return len(list.Items) == 24
	})
	for _, o := range list.Items[0].Options {
		if o.IsNow != (o.Name == "on") {
			t.Errorf("of an outlet that is on, %q is so already: %v", o.Name, o.IsNow)
		}
	}
	wish := fmt.Sprintf(`{"control":"%s/switch","option":"off"`, outlet)
	var dry controlReply
	if code := olga.do(t, http.MethodPost, path+"/dry-run", wish+"}", &dry); code != http.StatusOK || dry.Raw != "2" || dry.Current != "1" || dry.Severity != "critical" ||
		!strings.HasPrefix(dry.Target, "SET 1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.") {
		t.Fatalf("dry run: %d %+v\n%s", code, dry, &log)
	}
	var asked controlReply
	if code := olga.do(t, http.MethodPost, path+"/requests", wish+`,"reason":"server is being replaced"}`, &asked); code != http.StatusCreated || asked.State != "requested" {
		t.Fatalf("request: %d %+v", code, asked)
	}
	confirm := fmt.Sprintf("/control/requests/%d/confirm", asked.ID)
	for who, code := range map[string]int{"who asked": olga.do(t, http.MethodPost, confirm, "{}", nil), "a token": s.do(t, http.MethodPost, confirm, "{}", nil)} {
		if code != http.StatusForbidden && code != http.StatusConflict {
			t.Errorf("%s confirmed: %d", who, code)
		}
	}
	if code := eva.do(t, http.MethodPost, confirm, `{"password":"not hers"}`, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("with a wrong password: %d", code)
	}
	time.Sleep(2 * time.Second)
	if _, _, state := s.value(t, pdu, outlet+"/state"); state != "on" {
		t.Fatalf("the outlet is %s before the second person confirmed", state)
	}
	if code := eva.do(t, http.MethodPost, confirm, "{}", nil); code != http.StatusOK {
		t.Fatalf("confirm: %d", code)
	}
	var done controlReply
	until(t, 40*time.Second, "it is done", func() bool {
		eva.do(t, http.MethodGet, fmt.Sprintf("/control/requests/%d", asked.ID), "", &done)
		return done.State != "confirmed" && done.State != "executing"
	})
	if done.State != "done" || done.Decider != "eva" || done.Requester != "olga" || done.Cause != "shown" {
		t.Errorf("ended: %+v", done)
	}
	if _, _, state := s.value(t, pdu, outlet+"/state"); state != "off" {
		t.Errorf("the outlet is %s", state)
	}
	if w, _, _ := s.value(t, pdu, outlet+"/power"); w == nil || *w != 0 {
		t.Errorf("it draws %v W", w)
	}
	until(t, 10*time.Second, "it is an event of the device", func() bool {
		var events struct {
			Items []struct {
				Kind, Name, Severity, Text string
				Variables                  []models.EventVariable
			}
		}
		s.do(t, http.MethodGet, fmt.Sprintf("/events?kind=control&device=%d", pdu), "", &events)
		if len(events.Items) == 0 {
			return false
		}
		e, want := events.Items[0], []models.EventVariable{
			{Name: "request", Value: fmt.Sprint(asked.ID)}, {Name: "control", Value: outlet + "/switch"}, {Name: "option", Value: "off"}, {Name: "cause", Value: "shown"},
		}
		if len(events.Items) > 1 || e.Name != "done" || e.Severity != "info" || e.Text == "" || !slices.Equal(e.Variables, want) {
			t.Errorf("events: %+v", events.Items)
		}
		return true
	})
	var entries controlReply
	s.do(t, http.MethodGet, "/audit?limit=100", "", &entries)
	var steps []string
	for _, e := range entries.Items {
		if strings.HasPrefix(e.Action, "control-") || e.Action == "allow-control" {
			steps = append(steps, e.Action+" "+e.Who)
		}
	}
	slices.Reverse(steps)
	if want := []string{"allow-control token test", "control-request olga", "control-confirm eva", "control-execute control", "control-done control"}; !slices.Equal(steps, want) {
		t.Errorf("audit: %v, want %v", steps, want)
	}
	res, err := http.Get("http://" + s.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	metrics, _ := io.ReadAll(res.Body)
	for _, want := range []string{`aisle_control_total{event="done"} 1`, `aisle_control_total{event="requested"} 1`, `aisle_control_total{event="outcome-unknown"} 0`} {
		if !bytes.Contains(metrics, []byte(want)) {
			t.Errorf("/metrics has no %s", want)
		}
	}
}

// tap passes datagrams or a stream on and keeps what goes to the device.
type tap struct {
	mu   sync.Mutex
	sent [][]byte
}

func (x *tap) note(b []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sent = append(x.sent, bytes.Clone(b))
}

func (x *tap) all() [][]byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.sent)
}

// udp listens in front of an SNMP agent.
func (x *tap) udp(t *testing.T, device string) string {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.Dial("udp", device)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { front.Close(); back.Close(); wg.Wait() })
	var mu sync.Mutex
	var asker net.Addr
	wg.Go(func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := front.ReadFrom(buf)
			if err != nil {
				return
			}
			mu.Lock()
			asker = from
			mu.Unlock()
			x.note(buf[:n])
			_, _ = back.Write(buf[:n])
		}
	})
	wg.Go(func() {
		buf := make([]byte, 65536)
		for {
			n, err := back.Read(buf)
			if err != nil {
				return
			}
			mu.Lock()
			to := asker
			mu.Unlock()
			_, _ = front.WriteTo(buf[:n], to)
		}
	})
	return front.LocalAddr().String()
}

// tcp listens in front of a Modbus server; what it keeps are whole requests.
func (x *tap) tcp(t *testing.T, device string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d, err := net.Dial("tcp", device)
			if err != nil {
				c.Close()
				return
			}
			go func() { _, _ = io.Copy(c, d); c.Close() }()
			go func() {
				defer d.Close()
				head := make([]byte, 6)
				for {
					if _, err := io.ReadFull(c, head); err != nil {
						return
					}
					body := make([]byte, int(head[4])<<8|int(head[5]))
					if _, err := io.ReadFull(c, body); err != nil {
						return
					}
					x.note(body)
					_, _ = d.Write(append(bytes.Clone(head), body...))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestNothingIsWrittenWithoutControl: with control switched off no SET and no
// Modbus function that writes leaves the process, whoever asks and whatever
// the database says. Devices, credentials and profiles here would all allow it.
func TestNothingIsWrittenWithoutControl(t *testing.T) {
	var log transcript
	_, f := controlledService(t, true, &log) // its devices take writes
	var snmpTap, modbusTap tap
	var pduAddress, meterAddress string
	var unit uint8
	for _, d := range f.Devices() {
		switch d.Name {
		case "A-01-01-PDU-A":
			pduAddress = snmpTap.udp(t, d.Address)
		case "MSB-A":
			meterAddress, unit = modbusTap.tcp(t, d.Address), d.Unit
		}
	}
	// A profile that says that the meter can be written.
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, "writable.yaml"), []byte(`
profile: writable
kind: meter
protocol: modbus
source: test
identity: {vendor: {const: Test}, model: {const: Meter}}
defaults: {table: holding, source: test}
points:
  - {key: voltage, class: voltage, unit: V, register: 19000, type: f32}
controls:
  - {key: reset, kind: command, register: 19000, type: u16, write_only: true, options: [{name: reset, raw: 1}]}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := serviceWith(t, nil, &log, func(c *configs.Config) { c.ProfilesDir = dir })
	var made struct{ ID uint64 }
	post := func(path, body string) uint64 {
		t.Helper()
		if code := s.do(t, http.MethodPost, path, body, &made); code != http.StatusCreated {
			t.Fatalf("POST %s: %d", path, code)
		}
		return made.ID
	}
	site := post("/sites", `{"name":"S"}`)
	community := post("/credentials", fmt.Sprintf(`{"name":"c","kind":"snmp-community","community":%q}`, f.Community()))
	pdu := post("/devices", fmt.Sprintf(`{"name":"pdu","kind":"pdu","site":%d,"status":"active","protocol":"snmp-v2c","address":%q,"credential":%d,"enabled":true}`, site, pduAddress, community))
	meter := post("/devices", fmt.Sprintf(`{"name":"meter","kind":"meter","site":%d,"status":"active","protocol":"modbus-tcp","address":%q,"unit_id":%d,"profile":"writable","enabled":true}`, site, meterAddress, unit))
	if err := s.core.DB.Exec("UPDATE devices SET control_allowed = TRUE").Error; err != nil {
		t.Fatal(err)
	}
	s.reloadTargets()
	until(t, 60*time.Second, "both devices are read", func() bool { return len(s.devices(t, "state=ok").Items) == 2 })

	eva, anna := s.person(t, "eva", access.Administrator), s.person(t, "anna", access.Administrator)
	for _, device := range []uint64{pdu, meter} {
		path := fmt.Sprintf("/devices/%d/controls", device)
		for _, try := range []struct{ method, path, body string }{
			{http.MethodGet, path, ""},
			{http.MethodPut, path, `{"allowed":true}`},
			{http.MethodPost, path + "/dry-run", `{"control":"outlet/1/switch","option":"off"}`},
			{http.MethodPost, path + "/requests", `{"control":"outlet/1/switch","option":"off","reason":"let us see"}`},
			{http.MethodGet, "/control/requests", ""},
			{http.MethodPost, "/control/requests/1/confirm", "{}"},
		} {
			for _, who := range []*person{eva, anna} {
				if code := who.do(t, try.method, try.path, try.body, nil); code != http.StatusNotFound {
					t.Errorf("%s %s: %d, want 404", try.method, try.path, code)
				}
			}
		}
		s.do(t, http.MethodPost, fmt.Sprintf("/devices/%d/poll", device), "", nil)
	}
	// Not even a target that says it may be written gets a driver that can.
	for _, target := range []collectors.Target{
		{Device: 1, Address: pduAddress, Protocol: collectors.SNMPv2c, Control: true},
		{Device: 2, Address: meterAddress, Protocol: collectors.ModbusTCP, Profile: "writable", Control: true},
	} {
		d, err := s.engines.NewDriver(target)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := d.(collectors.Controller); ok {
			t.Errorf("%T can write", d)
		}
	}
	time.Sleep(2 * time.Second)
	var about struct{ Control bool }
	if s.do(t, http.MethodGet, "/about", "", &about); about.Control {
		t.Error("about says that control is on")
	}
	if n := len(snmpTap.all()); n < 3 {
		t.Errorf("only %d SNMP requests were seen", n)
	}
	for _, b := range snmpTap.all() {
		m, err := ber.Decode(b)
		if err != nil || m.PDU != ber.Get && m.PDU != ber.GetNext && m.PDU != ber.GetBulk {
			t.Errorf("request %x, %v", m.PDU, err)
		}
	}
	if n := len(modbusTap.all()); n < 2 {
		t.Errorf("only %d Modbus requests were seen", n)
	}
	for _, b := range modbusTap.all() {
		if !slices.Contains([]byte{1, 2, 3, 4, 17, 43}, b[1]) {
			t.Errorf("function %d", b[1])
		}
	}
}

// TestNetSNMPAgentTakesWrites sets an object of Debian's snmpd in all versions
// and reads it back with snmpget. The community that reads cannot write.
func TestNetSNMPAgentTakesWrites(t *testing.T) {
	binary := peer(t, "snmpd", "/usr/sbin/snmpd", "snmpd")
	get := peer(t, "snmp", "snmpget")
	dir, address := t.TempDir(), freeUDP(t)
	conf := filepath.Join(dir, "snmpd.conf")
	err := os.WriteFile(conf, []byte(`
rocommunity public 127.0.0.1
rwcommunity private 127.0.0.1
createUser ops SHA-256 "auth password" AES "priv password"
rwuser ops authPriv
sysName peer
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SNMP_PERSISTENT_DIR", dir)
	run(t, binary, "-f", "-Lo", "-C", "-c", conf, "-I", "-smux", "udp:"+address)
	lib := func() *profile.Library {
		dir := t.TempDir()
		text := `
profile: writable-host
kind: other
source: SNMPv2-MIB
match: [{sysObjectID: [1.3.6.1.4.1.8072]}]
identity: {vendor: {const: net-snmp}}
points:
  - {key: services, class: count, oid: 1.3.6.1.2.1.1.7.0, source: sysServices}
  - {key: uptime, class: duration, unit: s, scale: 0.01, oid: 1.3.6.1.2.1.1.3.0, source: sysUpTime}
  - {key: traps, class: state, oid: 1.3.6.1.2.1.11.30.0, source: snmpEnableAuthenTraps, states: {1: {text: enabled}, 2: {text: disabled}}}
controls:
  - {key: place, kind: command, oid: 1.3.6.1.2.1.1.6.0, type: text, source: sysLocation, options: [{name: hall-a, text: Hall A}, {name: hall-b, text: Hall B}]}
  - {key: traps, kind: command, oid: 1.3.6.1.2.1.11.30.0, type: integer, source: snmpEnableAuthenTraps, shows: traps, options: [{name: enable, raw: 1, done: 1}, {name: disable, raw: 2, done: 2}]}
  - {key: descr, kind: command, oid: 1.3.6.1.2.1.1.1.0, type: text, source: sysDescr, options: [{name: other, text: other}]}
`
		if err := os.WriteFile(filepath.Join(dir, "writable-host.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		lib, err := profile.Load(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		return lib
	}()
	e := NewEngines(EngineOptions{Library: lib, Timeout: time.Second, Retries: 2, Control: true})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	ops := collectors.SNMPCredential{User: "ops", AuthProtocol: "SHA256", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}
	read, write := collectors.SNMPCredential{Community: "public"}, collectors.SNMPCredential{Community: "private"}
	for i, tt := range []struct {
		protocol      collectors.Protocol
		read, control collectors.SNMPCredential
		want          error
	}{
		{collectors.SNMPv1, read, write, nil},
		{collectors.SNMPv2c, read, write, nil},
		{collectors.SNMPv3, ops, ops, nil},
		{collectors.SNMPv2c, read, read, collectors.ErrRejected},
	} {
		t.Run(fmt.Sprint(tt.protocol, tt.want), func(t *testing.T) {
			d, err := e.NewDriver(collectors.Target{Device: 1, Name: "host", Address: address, Protocol: tt.protocol, SNMP: tt.read, ControlSNMP: tt.control, Control: true})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var l *collectors.Learned
			until(t, 20*time.Second, "snmpd answers", func() bool { l, err = d.Learn(t.Context()); return err == nil })
			c := d.(collectors.Controller)
			if len(l.Controls) != 3 {
				t.Fatalf("%+v", l.Controls)
			}
			option := []string{"hall-a", "hall-b"}[i%2]
			text := []string{"Hall A", "Hall B"}[i%2]
			do := func(control, option string) error {
				t.Helper()
				a := collectors.Action{Option: option}
				intent, err := c.Intend(t.Context(), control, a)
				if err != nil {
					t.Fatal(err)
				}
				return c.Write(t.Context(), control, a, intent)
			}
			if err := do("place", option); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			out, err := exec.CommandContext(t.Context(), get, "-v2c", "-c", "public", "-Oqvn", address, "1.3.6.1.2.1.1.6.0").CombinedOutput()
			if said := strings.Contains(string(out), text); err != nil || said != (tt.want == nil) {
				t.Errorf("snmpget: %v, %s", err, out)
			}
			if err := do("traps", []string{"enable", "disable"}[i%2]); !errors.Is(err, tt.want) {
				t.Errorf("integer: got %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				if again, err := c.Intend(t.Context(), "traps", collectors.Action{Option: "enable"}); err != nil || again.CurrentOption != []string{"enable", "disable"}[i%2] {
					t.Errorf("read back: %+v, %v", again, err)
				}
			}
			if err := do("descr", "other"); !errors.Is(err, collectors.ErrRejected) {
				t.Errorf("an object that cannot be written: %v", err)
			}
		})
	}
}
