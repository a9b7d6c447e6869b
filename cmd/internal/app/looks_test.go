package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// doubtfulProfile reads a meter with three faults: the voltage ten times too
// large, the sum of the phases wrong, and a percentage above 100.
const doubtfulProfile = `profile: site-meter
title: Meter of this site
kind: meter
products: [{vendor: Site, model: Meter}]
source: SITE-METER-MIB
match: [{sysObjectID: [1.3.6.1.4.1.99999.1]}]
identity:
  serial: {oid: 1.3.6.1.4.1.99999.1.9.0}
points:
  - {key: input/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.99999.1.1.0, source: siteVoltage, limits: {high_critical: {oid: 1.3.6.1.4.1.99999.1.6.0}}}
  - {key: input/power, class: power, unit: W, oid: 1.3.6.1.4.1.99999.1.2.0, source: sitePower}
  - {key: input/L1/power, class: power, unit: W, oid: 1.3.6.1.4.1.99999.1.3.1.0, source: sitePower1}
  - {key: input/L2/power, class: power, unit: W, oid: 1.3.6.1.4.1.99999.1.3.2.0, source: sitePower2}
  - {key: input/L3/power, class: power, unit: W, oid: 1.3.6.1.4.1.99999.1.3.3.0, source: sitePower3}
  - {key: battery/charge, class: charge, unit: "%", oid: 1.3.6.1.4.1.99999.1.4.0, source: siteCharge}
  - {key: sensor/temperature, class: temperature, unit: °C, oid: 1.3.6.1.4.1.99999.1.5.0, source: siteTemperature, invalid: [-999]}
  - {key: gone, class: count, oid: 1.3.6.1.4.1.99999.1.7.0, source: siteGone}
  - {key: mode, class: state, oid: 1.3.6.1.4.1.99999.1.8.0, source: siteMode, states: {2: {text: on bypass, severity: warning}}}
`

const doubtfulRecording = `1.3.6.1.2.1.1.1.0|4|Site meter
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
1.3.6.1.2.1.1.3.0|67|1000
1.3.6.1.2.1.1.5.0|4|meter-of-hall-1
1.3.6.1.4.1.99999.1.1.0|2|23010
1.3.6.1.4.1.99999.1.2.0|2|30000
1.3.6.1.4.1.99999.1.3.1.0|2|1000
1.3.6.1.4.1.99999.1.3.2.0|2|1000
1.3.6.1.4.1.99999.1.3.3.0|2|1000
1.3.6.1.4.1.99999.1.4.0|2|950
1.3.6.1.4.1.99999.1.5.0|2|-999
1.3.6.1.4.1.99999.1.6.0|2|253
1.3.6.1.4.1.99999.1.8.0|2|2
1.3.6.1.4.1.99999.1.9.0|4|SN-4711
1.3.6.1.4.1.99999.1.10.0|4|my community is not public
`

// token makes a client of another role.
func (s *service) as(t *testing.T, role access.Role, sites ...uint64) *service {
	t.Helper()
	system := access.System(t.Context(), "test")
	name := fmt.Sprint(role, time.Now().UnixNano())
	u, err := s.core.Access.CreateUser(system, access.NewUser{Name: name, Role: role, Scope: sites})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := s.core.Access.CreateToken(system, access.NewToken{Name: name, Role: role, UserID: u.ID, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return &service{s.App, token}
}

// look takes a look and waits for its end.
func (s *service) look(t *testing.T, in string) apigen.Look {
	t.Helper()
	var l apigen.Look
	if code := s.do(t, http.MethodPost, "/looks", in, &l); code != http.StatusCreated {
		t.Fatalf("look at %s: %d", in, code)
	}
	until(t, 30*time.Second, "the look is done", func() bool {
		id := l.Id
		l = apigen.Look{}
		return s.do(t, http.MethodGet, "/looks/"+id, "", &l) == http.StatusOK && l.State != "running"
	})
	return l
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (s *service) engineer(t *testing.T, dir string, edit ...func(*configs.Config)) *service {
	t.Helper()
	s.App = plain(t, dir, edit...)
	return s.as(t, access.Engineer)
}

// A profile is put in use over the API, a device is looked at before it is in
// the model, and all that cannot be true is told with its points.
func TestLookAtDevice(t *testing.T) {
	e := (&service{}).engineer(t, t.TempDir(), func(c *configs.Config) {
		c.Collectors.RefusedRanges = []netip.Prefix{netip.MustParsePrefix("127.9.0.0/16")}
		c.Collectors.Timeout = configs.Duration(200 * time.Millisecond)
	})
	address, cred := snmpDevice(t, doubtfulRecording), *e.testCredential(t)
	target := func(more string) string {
		return fmt.Sprintf(`{"address":%q,"protocol":"snmp-v2c","credential":%d%s}`, address, cred, more)
	}
	l := e.look(t, target(""))
	if l.State != "failed" || l.Failure == nil || l.Failure.Kind != "no-profile" || l.Failure.Identity == nil || *l.Failure.Identity.SysDescr != "Site meter" {
		t.Fatalf("a device without profile: %s", text(t, l))
	}
	var check apigen.ProfileCheck
	bad := strings.Replace(doubtfulProfile, "class: voltage", "class: tension", 1)
	if code := e.do(t, http.MethodPut, "/profiles/site-meter", text(t, apigen.ProfileInput{Text: bad}), &check); code != http.StatusOK || len(check.Faults) == 0 || *check.Faults[0].Line != 10 {
		t.Fatalf("a bad profile: %d %s", code, text(t, check))
	}
	if code := e.do(t, http.MethodPut, "/profiles/site-meter", text(t, apigen.ProfileInput{Text: doubtfulProfile}), &check); code != http.StatusOK || len(check.Faults) != 0 {
		t.Fatalf("a good profile: %d %s", code, text(t, check))
	}
	// What is in use is not overwritten by somebody who has not seen it.
	other, another := doubtfulProfile+"# other\n", "# another\n"
	for what, in := range map[string]apigen.ProfileInput{"unseen": {Text: other}, "as it was before": {Text: other, Replaces: &another}} {
		if code := e.do(t, http.MethodPut, "/profiles/site-meter", text(t, in), nil); code != http.StatusConflict {
			t.Errorf("a profile %s is replaced: %d", what, code)
		}
	}
	if code := e.do(t, http.MethodPut, "/profiles/ups-mib", text(t, apigen.ProfileInput{Text: strings.Replace(doubtfulProfile, "site-meter", "ups-mib", 1)}), nil); code != http.StatusConflict {
		t.Errorf("a built-in profile is replaced unseen: %d", code)
	}
	seen := doubtfulProfile
	for _, step := range []apigen.ProfileInput{{Text: other, Replaces: &seen}, {Text: doubtfulProfile, Replaces: &other}} {
		if code := e.do(t, http.MethodPut, "/profiles/site-meter", text(t, step), &check); code != http.StatusOK || len(check.Faults) != 0 {
			t.Errorf("a profile that was seen is not replaced: %d %s", code, text(t, check))
		}
	}

	l = e.look(t, target(""))
	if l.State != "done" || l.Result == nil {
		t.Fatalf("look: %s", text(t, l))
	}
	r := *l.Result
	if r.Profile != "site-meter" || r.ChosenBy != "match" || len(r.Candidates) == 0 || r.Candidates[0].Profile != "site-meter" || len(r.Candidates[0].Why) == 0 || *r.Identity.Serial != "SN-4711" {
		t.Errorf("identity: %s", text(t, r))
	}
	points := map[string]apigen.LookPoint{}
	for _, p := range r.Points {
		points[p.Key] = p
	}
	if p := points["input/voltage"]; p.Value == nil || *p.Value != 23010 || p.Raw != "23010" || p.Source != "1.3.6.1.4.1.99999.1.1.0" || p.Limits == nil || *p.Limits.HighCritical != 253 || p.Verdicts == nil {
		t.Errorf("voltage: %s", text(t, p))
	}
	if p := points["sensor/temperature"]; p.Value != nil || p.Reason == nil || *p.Reason != "sentinel" || p.Raw != "-999" {
		t.Errorf("temperature: %s", text(t, p))
	}
	if p := points["mode"]; p.State == nil || *p.State != "on bypass" || *p.Severity != "warning" {
		t.Errorf("mode: %s", text(t, p))
	}
	if len(r.Absent) != 1 || r.Absent[0].Key != "gone" {
		t.Errorf("absent: %s", text(t, r.Absent))
	}
	var rules []string
	for i, v := range r.Verdicts {
		rules = append(rules, string(v.Rule)+" "+v.Keys[0])
		for _, k := range v.Keys {
			if p := points[k]; p.Verdicts == nil || !slices.Contains(*p.Verdicts, i) {
				t.Errorf("%s is not marked by verdict %d", k, i)
			}
		}
	}
	if want := []string{"percent battery/charge", "sum-of-phases input/power", "factor input/voltage"}; !slices.Equal(rules, want) {
		t.Errorf("verdicts %v, want %v", rules, want)
	}
	if v := r.Verdicts[2]; v.Factor == nil || *v.Factor != 0.01 || v.Unit != "V" || *v.Expected != 230.1 {
		t.Errorf("verdict on the voltage: %s", text(t, v))
	}
	if s := text(t, l); strings.Contains(s, "not public") {
		t.Errorf("the community came back: %s", s)
	}

	// Another profile can be chosen; the one that fits is told beside.
	for what, name := range map[string]string{"a Modbus profile": "abb-b23", "one to be extended": "mib2-system", "one that is not there": "nothing"} {
		if code := e.do(t, http.MethodPost, "/looks", target(fmt.Sprintf(`,"profile":%q`, name)), nil); code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", what, code)
		}
	}
	l = e.look(t, target(`,"profile":"ups-mib"`))
	if f := l.Failure; f == nil || f.Kind != "no-profile" || f.Candidates == nil || (*f.Candidates)[0].Profile != "site-meter" {
		t.Errorf("with a profile that does not fit: %s", text(t, l))
	}
	if l = e.look(t, target(`,"profile":"site-meter"`)); l.Result == nil || l.Result.ChosenBy != "person" || l.Result.Candidates[0].Profile != "site-meter" {
		t.Errorf("with a profile that a person chose: %s", text(t, l))
	}

	// What is not to be asked is not asked; what is dead is told as dead.
	for in, want := range map[string]int{
		fmt.Sprintf(`{"address":"127.9.0.1","protocol":"snmp-v2c","credential":%d}`, cred): http.StatusUnprocessableEntity,
		`{"address":"127.0.0.1","protocol":"snmp-v2c"}`:                                    http.StatusUnprocessableEntity,
		`{"address":"127.0.0.1","protocol":"snmp-v2c","credential":77}`:                    http.StatusNotFound,
		fmt.Sprintf(`{"address":"127.0.0.1","protocol":"snmp-v3","credential":%d}`, cred):  http.StatusUnprocessableEntity,
		`{"address":"127.0.0.1","protocol":"modbus-rtu"}`:                                  http.StatusBadRequest,
		`{"address":"http://127.0.0.1/x","protocol":"modbus-tcp"}`:                         http.StatusUnprocessableEntity,
		`{"address":"300.300.1.1","protocol":"modbus-tcp"}`:                                http.StatusUnprocessableEntity,
		`{"address":"[fe80::1%lo]:502","protocol":"modbus-tcp"}`:                           http.StatusUnprocessableEntity,
		`{"device":4711}`:               http.StatusNotFound,
		`{"finding":4711}`:              http.StatusNotFound,
		`{"device":1,"address":"::1"}`:  http.StatusUnprocessableEntity,
		`{}`:                            http.StatusUnprocessableEntity,
		`{"device":1,"community":"no"}`: http.StatusBadRequest,
	} {
		if code := e.do(t, http.MethodPost, "/looks", in, nil); code != want {
			t.Errorf("look at %s: %d, want %d", in, code, want)
		}
	}
	dead := freeUDP(t)
	if l := e.look(t, fmt.Sprintf(`{"address":%q,"protocol":"snmp-v2c","credential":%d}`, dead, cred)); l.Failure == nil || l.Failure.Kind != "unreachable" {
		t.Errorf("a dead SNMP device: %s", text(t, l))
	}
	if l := e.look(t, `{"address":"127.0.0.1:1","protocol":"modbus-tcp"}`); l.Failure == nil || l.Failure.Kind != "refused" {
		t.Errorf("nothing listens: %s", text(t, l))
	}

	// Who may do it.
	viewer, operator := e.as(t, access.Viewer), e.as(t, access.Operator)
	d := e.testDevice(t, models.Device{Name: "meter", Polling: models.Polling{Enabled: true, Protocol: "snmp-v2c", Address: address, CredentialID: &cred}})
	device := fmt.Sprintf(`{"device":%d}`, d.ID)
	for what, x := range map[string]struct {
		who  *service
		in   string
		want int
	}{
		"a viewer at a device":                      {viewer, device, http.StatusForbidden},
		"an operator at an address":                 {operator, target(""), http.StatusForbidden},
		"an engineer of another site":               {e.as(t, access.Engineer, d.SiteID+1), device, http.StatusForbidden},
		"an engineer of one site with a credential": {e.as(t, access.Engineer, d.SiteID), target(""), http.StatusForbidden},
	} {
		if code := x.who.do(t, http.MethodPost, "/looks", x.in, nil); code != x.want {
			t.Errorf("%s: %d, want %d", what, code, x.want)
		}
	}
	if l := operator.look(t, device); l.State != "done" || l.Result.Profile != "site-meter" {
		t.Errorf("an operator looks at a device: %s", text(t, l))
	} else if code := e.do(t, http.MethodGet, "/looks/"+l.Id, "", nil); code != http.StatusNotFound {
		t.Errorf("another one sees the look: %d", code)
	}
	if code := operator.do(t, http.MethodPut, "/profiles/site-meter", text(t, apigen.ProfileInput{Text: doubtfulProfile}), nil); code != http.StatusForbidden {
		t.Errorf("an operator changes a profile: %d", code)
	}

	// What the profile covers, here and in recordings.
	until(t, 20*time.Second, "the profile is seen on a device", func() bool {
		var p apigen.ProfileDetail
		return e.do(t, http.MethodGet, "/profiles/site-meter", "", &p) == http.StatusOK && p.Summary.Devices == 1 && p.Readings[0].Seen == 1
	})
	var p apigen.ProfileDetail
	e.do(t, http.MethodGet, "/profiles/site-meter", "", &p)
	if p.Summary.Origin != "site" || p.Summary.Replaces || !p.Summary.Own || *p.Recordings != 0 || p.Readings[6].Seen != 0 || p.Readings[0].Scale != 1 || !p.Readings[0].Limits {
		t.Errorf("profile: %s", text(t, p))
	}

	// Gone is gone, and in the log.
	if code := e.do(t, http.MethodDelete, "/profiles/site-meter", "", &check); code != http.StatusOK || len(check.Faults) != 0 {
		t.Errorf("removal: %d %s", code, text(t, check))
	}
	if code := e.do(t, http.MethodDelete, "/profiles/ups-mib", "", nil); code != http.StatusNotFound {
		t.Errorf("a built-in profile is removed: %d", code)
	}
	log, err := e.core.Audit.List(access.System(t.Context(), "test"), audit.Filter{}, audit.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, x := range log {
		if x.ObjectType == "device profile" || x.Action == "look" {
			acts = append(acts, x.Action)
		}
	}
	for _, want := range []string{"look", "update", "delete"} {
		if !slices.Contains(acts, want) {
			t.Errorf("the audit log has no %q: %v", want, acts)
		}
	}
}

// A look that takes long shows how far it is, and can be ended.
func TestLookIsEnded(t *testing.T) {
	e := (&service{}).engineer(t, t.TempDir(), func(c *configs.Config) { c.Collectors.Timeout = configs.Duration(20 * time.Second) })
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	in := fmt.Sprintf(`{"address":%q,"protocol":"snmp-v2c","credential":%d}`, silent.LocalAddr(), *e.testCredential(t))
	var l, second apigen.Look
	e.do(t, http.MethodPost, "/looks", in, &l)
	if code := e.do(t, http.MethodGet, "/looks/"+l.Id, "", &l); code != http.StatusOK || l.State != "running" || l.Address != silent.LocalAddr().String() {
		t.Fatalf("%d %s", code, text(t, l))
	}
	e.do(t, http.MethodPost, "/looks", in, &second)
	if code := e.do(t, http.MethodPost, "/looks", in, nil); code != http.StatusConflict {
		t.Errorf("a third look at once: %d", code)
	}
	began := time.Now()
	for _, id := range []string{l.Id, second.Id} {
		if code := e.do(t, http.MethodDelete, "/looks/"+id, "", nil); code != http.StatusNoContent {
			t.Errorf("end: %d", code)
		}
	}
	if time.Since(began) > 5*time.Second {
		t.Errorf("the end took %s", time.Since(began))
	}
	if code := e.do(t, http.MethodGet, "/looks/"+l.Id, "", nil); code != http.StatusNotFound {
		t.Errorf("after the end: %d", code)
	}
}

// A device is recorded without what is private, and the recording can be read
// by a profile.
func TestRecordDevice(t *testing.T) {
	e := (&service{}).engineer(t, t.TempDir())
	address, cred := snmpDevice(t, doubtfulRecording), *e.testCredential(t)
	var check apigen.ProfileCheck
	e.do(t, http.MethodPut, "/profiles/site-meter", text(t, apigen.ProfileInput{Text: doubtfulProfile}), &check)
	record := func(in string) (apigen.DeviceRecording, string) {
		t.Helper()
		var r apigen.DeviceRecording
		if code := e.do(t, http.MethodPost, "/recordings", in, &r); code != http.StatusCreated {
			t.Fatalf("record %s: %d", in, code)
		}
		until(t, 30*time.Second, "recorded", func() bool {
			id := r.Id
			r = apigen.DeviceRecording{}
			return e.do(t, http.MethodGet, "/recordings/"+id, "", &r) == http.StatusOK && r.State != "running"
		})
		if r.State != "done" {
			t.Fatalf("recording: %s", text(t, r))
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.Addr().String()+"/api/v1/recordings/"+r.Id+"/file", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+e.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, string(data)
	}
	r, file := record(fmt.Sprintf(`{"target":{"address":%q,"protocol":"snmp-v2c","credential":%d},"hide":["Hall-1"]}`, address, cred))
	if *r.File != "site-meter.snmprec" || !strings.Contains(file, "1.3.6.1.4.1.99999.1.1.0|2|23010\n") {
		t.Errorf("recording %s:\n%s", text(t, r), file)
	}
	for _, private := range []string{"SN-4711", "hall-1", "not public"} {
		if strings.Contains(file, private) {
			t.Errorf("%q is in the recording:\n%s", private, file)
		}
	}
	var result apigen.LookResult
	in := text(t, apigen.RecordingTest{Recording: apigen.NamedText{Name: *r.File, Text: file}})
	if code := e.do(t, http.MethodPost, "/profile-tests", in, &result); code != http.StatusOK || result.Profile != "site-meter" || len(result.Verdicts) != 3 || result.Candidates[0].Profile != "site-meter" {
		t.Errorf("test of the recording: %d %s", code, text(t, result))
	}
	if code := e.do(t, http.MethodPost, "/profile-tests", text(t, apigen.RecordingTest{Recording: apigen.NamedText{Name: "x.snmprec", Text: "nonsense"}}), nil); code != http.StatusUnprocessableEntity {
		t.Errorf("test of nonsense: %d", code)
	}
	var p apigen.Problem
	if e.do(t, http.MethodPost, "/profile-tests", text(t, apigen.RecordingTest{Recording: apigen.NamedText{Name: "x.snmprec"}}), &p); p.Errors == nil || *(*p.Errors)[0].Code != "empty_file" {
		t.Errorf("test of nothing: %s", text(t, p))
	}

	meter, err := profile.ReadModbusRecording(strings.NewReader("device-id|0|Site\nholding|0|0901 0000 1234 5678\n"))
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan string, 1), make(chan struct{})
	ctx := t.Context()
	go func() {
		defer close(ended)
		_ = simulate.PlayModbus(ctx, "127.0.0.1:0", meter, func(a string) { ready <- a })
	}()
	at := <-ready
	e.do(t, http.MethodPut, "/profiles/site-modbus", text(t, apigen.ProfileInput{Text: `profile: site-modbus
kind: meter
protocol: modbus
source: manual
identity: {serial: {register: 2, table: holding, type: u32}}
defaults: {table: holding}
points:
  - {key: input/voltage, class: voltage, unit: V, scale: 0.1, register: 0, type: u16, source: voltage}
`}), &check)
	if len(check.Faults) > 0 {
		t.Fatal(text(t, check))
	}
	_, file = record(fmt.Sprintf(`{"target":{"address":%q,"protocol":"modbus-tcp","unit_id":1,"profile":"site-modbus"}}`, at))
	if !strings.Contains(file, "holding|0|0901") || strings.Contains(file, "1234") || strings.Contains(file, "5678") {
		t.Errorf("a serial number that is a number is in the recording:\n%s", file)
	}
	_, file = record(fmt.Sprintf(`{"target":{"address":%q,"protocol":"modbus-tcp","unit_id":1},"ranges":"holding:0-1"}`, at))
	if !strings.Contains(file, "holding|0|0901 0000") {
		t.Errorf("the ranges are not in the recording:\n%s", file)
	}
	l := e.look(t, fmt.Sprintf(`{"address":%q,"protocol":"modbus-tcp","unit_id":1,"profile":"site-modbus"}`, at))
	if l.Result == nil || len(l.Result.Points) != 1 || l.Result.Points[0].Raw != "2305 (0x0901)" || *l.Result.Points[0].Value != 230.5 || l.Result.Points[0].Source != "holding 0" {
		t.Errorf("look at a Modbus device: %s", text(t, l))
	}
}

// A draft comes from a table of registers and from a MIB file.
func TestDraftProfile(t *testing.T) {
	e := (&service{}).engineer(t, t.TempDir())
	for name, in := range map[string]apigen.DraftInput{
		"csv": {Name: "my-meter", From: "csv", File: apigen.NamedText{Name: "m.csv", Text: "address,name,type,unit,scale\n0,Voltage L1,u16,V,0.1\n"}},
		"mib": {Name: "my-meter", From: "mib", File: apigen.NamedText{Name: "../m.txt", Text: `MY-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, MODULE-IDENTITY, OBJECT-TYPE, Integer32 FROM SNMPv2-SMI;
my MODULE-IDENTITY LAST-UPDATED "202001010000Z" ORGANIZATION "o" CONTACT-INFO "c" DESCRIPTION "d" ::= { enterprises 99999 }
myVoltage OBJECT-TYPE SYNTAX Integer32 UNITS "0.1 Volts" MAX-ACCESS read-only STATUS current DESCRIPTION "Voltage" ::= { my 1 }
END
`}},
	} {
		var out apigen.ProfileInput
		if code := e.do(t, http.MethodPost, "/profile-drafts", text(t, in), &out); code != http.StatusOK || !strings.Contains(out.Text, "class: voltage") {
			t.Errorf("%s: %d %s", name, code, out.Text)
			continue
		}
		var check apigen.ProfileCheck
		if code := e.do(t, http.MethodPost, "/profile-checks", text(t, apigen.NamedText{Name: in.Name, Text: out.Text}), &check); code != http.StatusOK || len(check.Faults) > 0 {
			t.Errorf("%s: the draft has faults: %s\n%s", name, text(t, check), out.Text)
		}
	}
	bad := apigen.DraftInput{Name: "my-meter", From: "mib", File: apigen.NamedText{Name: "m.txt", Text: "no MIB"}}
	if code := e.do(t, http.MethodPost, "/profile-drafts", text(t, bad), nil); code != http.StatusUnprocessableEntity {
		t.Errorf("no MIB: %d", code)
	}
	for content, want := range map[string]string{"": "empty_file", "address,name\n99999,a\n": "csv_address"} {
		var p apigen.Problem
		e.do(t, http.MethodPost, "/profile-drafts", text(t, apigen.DraftInput{Name: "my-meter", From: "csv", File: apigen.NamedText{Name: "m.csv", Text: content}}), &p)
		if p.Errors == nil || *(*p.Errors)[0].Code != want {
			t.Errorf("draft of %q: %s", content, text(t, p))
		}
	}
}
