package app

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/models"
)

// happened returns what is in the journal, oldest first: "kind name".
func (a *App) happened(t *testing.T) (out []string) {
	t.Helper()
	p, err := a.events.List(system(t.Context()), event.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Items {
		out = append(out, string(e.Kind)+" "+e.Name)
	}
	slices.Reverse(out)
	return out
}

// A change of the polling state is an event, told once over restarts of the
// program; that another device answers is one too.
func TestPollingTellsEvents(t *testing.T) {
	dir := t.TempDir()
	a := plain(t, dir)
	d := a.testDevice(t, models.Device{Name: "pdu", Polling: models.Polling{
		Enabled: true, Protocol: "snmp-v2c", Address: freeUDP(t), CredentialID: a.testCredential(t),
	}})
	until(t, 20*time.Second, "told", func() bool { return slices.Equal(a.happened(t), []string{"contact silent"}) })
	reg := registry{a}
	if _, err := reg.Register(t.Context(), d.ID, &collectors.Learned{Identity: collectors.Identity{Serial: "S1"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := reg.Register(t.Context(), d.ID, &collectors.Learned{Identity: collectors.Identity{Serial: "S2"}}); err == nil {
			t.Fatal("another device is taken for the one known")
		}
	}
	until(t, 5*time.Second, "told", func() bool { return slices.Equal(a.happened(t), []string{"contact silent", "exchanged exchanged"}) })
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := plain(t, dir)
	// It is what it was from the first moment on, since when it was so.
	before, err := b.events.List(system(t.Context()), event.Filter{Kinds: []models.EventKind{models.EventContact}})
	if err != nil || len(before.Items) != 1 {
		t.Fatal(before, err)
	}
	for _, polled := range []bool{false, true} {
		h, _ := b.manager.DeviceHealth(d.ID)
		if polled {
			until(t, 20*time.Second, "polled", func() bool { h, _ = b.manager.DeviceHealth(d.ID); return h.Polls > 0 })
		}
		if h.State != collectors.StateSilent || h.Since.UnixMilli() != before.Items[0].TimeMS || h.LastError == "" {
			t.Errorf("after the start, polled %t: %+v", polled, h)
		}
	}
	b.contacts.changed(collectors.Health{Device: d.ID, State: collectors.StateOK, Since: time.Now()})
	until(t, 5*time.Second, "told", func() bool {
		return slices.Equal(b.happened(t), []string{"contact silent", "exchanged exchanged", "contact ok"})
	})
	p, err := b.events.List(system(t.Context()), event.Filter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Items[0]; e.Severity != models.SeverityOK || e.Clears != "silent" {
		t.Errorf("got %+v", e)
	}
}

// What is polled well from the start is no event.
func TestContactsTellNews(t *testing.T) {
	var got []string
	c := &contacts{tell: func(e models.Event) { got = append(got, e.Name) }, last: map[models.DeviceID]string{}}
	for _, s := range []collectors.State{
		collectors.StateOK, collectors.StateSilent, collectors.StateLearning, collectors.StateSilent, collectors.StateAuth, collectors.StateOK, collectors.StateLearning, collectors.StateOK,
	} {
		c.changed(collectors.Health{Device: 1, State: s, Since: time.Now()})
	}
	if want := []string{"silent", "auth-failed", "ok"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The journal is served, and its counters are at /metrics.
func TestEventsAreServed(t *testing.T) {
	s := startService(t, t.TempDir(), nil, t.Output())
	defer s.stop(t)
	d := s.testDevice(t, models.Device{Name: "pdu"})
	s.tell(models.Event{DeviceID: d.ID, Kind: models.EventRestarted, Severity: models.SeverityWarning, Name: "restarted"})
	var list struct {
		Items []struct {
			Kind       string
			DeviceName string `json:"device_name"`
		}
	}
	until(t, 10*time.Second, "served", func() bool {
		if code := s.do(t, http.MethodGet, "/events", "", &list); code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
		return len(list.Items) == 1
	})
	if list.Items[0].Kind != "restarted" || list.Items[0].DeviceName != "pdu" {
		t.Errorf("got %+v", list)
	}
	if n := (polling{s.App}).Counters()["events_kept"]; n != 1 {
		t.Errorf("%v events are counted", n)
	}
}

// What a device can measure more or less than before is told, but not what it
// has at first.
func TestPointsThatComeAndGoAreTold(t *testing.T) {
	a := plain(t, t.TempDir())
	d := a.testDevice(t, models.Device{Name: "pdu"})
	reg := registry{a}
	for _, keys := range [][]string{{"a", "b"}, {"a", "b"}, {"a", "b", "unit/2/a"}, {"b", "unit/2/a"}} {
		l := &collectors.Learned{}
		for _, k := range keys {
			l.Points = append(l.Points, models.PointSpec{Key: k, Class: "power", Group: "fast"})
		}
		if _, err := reg.Register(t.Context(), d.ID, l); err != nil {
			t.Fatal(err)
		}
	}
	until(t, 5*time.Second, "told", func() bool {
		return slices.Equal(a.happened(t), []string{"points-appeared points-appeared", "points-vanished points-vanished"})
	})
	p, err := a.events.List(system(t.Context()), event.Filter{Kinds: []models.EventKind{models.EventPointsAppeared}})
	if err != nil {
		t.Fatal(err)
	}
	if v := p.Items[0].Variables; len(v) != 2 || v[1].Value != "unit/2/a" {
		t.Errorf("got %+v", p.Items[0])
	}
}

// What was known of a dead device is known after a restart of the program too:
// since when it is dead, and when it was read last.
func TestDeadDeviceIsRememberedOverARestart(t *testing.T) {
	dir := t.TempDir()
	a := plain(t, dir)
	d := a.testDevice(t, models.Device{Name: "pdu", Polling: models.Polling{Enabled: false, Protocol: "snmp-v2c", Address: freeUDP(t), CredentialID: a.testCredential(t)}})
	if _, err := a.inventory.RegisterPoints(system(t.Context()), d.ID, []models.PointSpec{{Key: "inlet/1/power", Class: "power"}, {Key: "inlet/1/voltage", Class: "voltage"}}); err != nil {
		t.Fatal(err)
	}
	success, died := time.Now().Add(-time.Hour).Truncate(time.Second), time.Now().Add(-59*time.Minute).Truncate(time.Second)
	a.contacts.changed(collectors.Health{Device: d.ID, State: collectors.StateSilent, Since: died, LastSuccess: success, LastError: "device does not answer"})
	until(t, 5*time.Second, "told", func() bool { return slices.Equal(a.happened(t), []string{"contact silent"}) })
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := plain(t, dir)
	h := b.before(d.ID)
	if h.State != collectors.StateSilent || !h.Since.Equal(died) || !h.LastSuccess.Equal(success) || h.Points != 2 || h.Missing != 2 || h.LastError != "device does not answer" {
		t.Errorf("remembered: %+v", h)
	}
	// One that is polled again later begins anew.
	if h := b.before(d.ID); h.State != "" || h.Points != 2 {
		t.Errorf("remembered again: %+v", h)
	}
}
