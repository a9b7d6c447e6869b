package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// runEvents writes events until the test ends.
func (h *house) runEvents() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- h.events.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
}

// tell keeps an event.
func (h *house) tell(e models.Event) {
	h.t.Helper()
	done := make(chan error, 1)
	h.events.Tell(e, func(err error) { done <- err })
	if err := <-done; err != nil {
		h.t.Fatal(err)
	}
}

// everyEvent reads the journal as a browser does.
func (c *client) everyEvent() {
	c.h.t.Helper()
	var list apigen.EventList
	c.want(http.StatusOK, "GET", "/events", nil, &list)
	if len(list.Items) != 0 || list.Next != nil {
		c.h.t.Errorf("events %+v", list)
	}
}

func TestEvents(t *testing.T) {
	h := open(t, nil)
	h.runEvents()
	const reason = "ask 192.0.2.1:161 as secret-user: credentials refused"
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h.tell(models.Event{
		DeviceID: h.ups, TimeMS: at.UnixMilli(), Kind: models.EventTrap, Severity: models.SeverityCritical, Name: "upsOnBattery", Text: "<script>alert(1)</script>",
		Source: "192.0.2.7", Variables: []models.EventVariable{{Name: "upsRemaining", OID: "1.3.6.1.2.1.33.1.2.3.0", Value: "12"}},
	})
	h.tell(models.Event{DeviceID: h.ups, TimeMS: at.Add(time.Minute).UnixMilli(), Kind: models.EventContact, Severity: models.SeverityWarning, Name: "auth-failed", Text: reason})
	h.tell(models.Event{DeviceID: h.pdus[0], TimeMS: at.Add(2 * time.Minute).UnixMilli(), Kind: models.EventRestarted, Severity: models.SeverityWarning, Name: "restarted"})
	c := h.program(access.Engineer)
	get := func(c *client, query string) (out []string) {
		t.Helper()
		var list apigen.EventList
		c.want(http.StatusOK, "GET", "/events"+query, nil, &list)
		for _, e := range list.Items {
			out = append(out, *e.Name)
		}
		return out
	}
	for query, want := range map[string][]string{
		"":                             {"restarted", "auth-failed", "upsOnBattery"},
		fmt.Sprint("?device=", h.ups):  {"auth-failed", "upsOnBattery"},
		"?kind=trap&kind=restarted":    {"restarted", "upsOnBattery"},
		"?severity=critical":           {"upsOnBattery"},
		"?from=2026-03-01T12:01:00Z":   {"restarted", "auth-failed"},
		"?to=2026-03-01T12:01:00Z":     {"upsOnBattery"},
		"?device=999999":               nil,
		"?severity=info&kind=contact":  nil,
		"?limit=1&severity=warning":    {"restarted"},
		"?from=2026-03-01T12%3A02:00Z": {"restarted"},
		"?q=script":                    {"upsOnBattery"},
		"?q=ups-1%20auth":              {"auth-failed"},
		"?q=secret-user":               nil,
		"?q=T%E1%BB%AB%20ch%E1%BB%91i&means=t%E1%BB%AB%3Dcontact%2Fauth-failed&means=ch%E1%BB%91i%3Dcontact%2Fauth-failed": {"auth-failed"},
		"?q=quay&means=quay%3Drestarted": {"restarted"},
	} {
		if got := get(c, query); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	var page apigen.EventList
	c.want(http.StatusOK, "GET", "/events?limit=2", nil, &page)
	if len(page.Items) != 2 || page.Next == nil {
		t.Fatalf("page %+v", page)
	}
	next := *page.Next
	page = apigen.EventList{}
	c.want(http.StatusOK, "GET", "/events?limit=2&before="+next, nil, &page)
	if len(page.Items) != 1 || page.Next != nil {
		t.Fatalf("last page %+v", page)
	}
	e := page.Items[0]
	if e.DeviceName != "UPS-1" || !e.Time.Equal(at) || *e.Text != "<script>alert(1)</script>" || *e.Source != "192.0.2.7" || e.Point != nil || len(e.Variables) != 1 || *e.Variables[0].Name != "upsRemaining" {
		t.Errorf("event %+v", e)
	}
	for _, bad := range []string{"?kind=gossip", "?severity=bad", "?limit=0", "?limit=201", "?before=1", "?means=x", "?means=%3Dtrap", "?device=0", "?from=yesterday"} {
		c.refused(http.StatusBadRequest, "invalid", "GET", "/events"+bad, nil)
	}
	// Reasons name users and addresses: not for everybody.
	_, body := h.program(access.Viewer).do("GET", "/events?kind=contact", nil)
	if strings.Contains(string(body), "secret-user") || !strings.Contains(string(body), "credentials refused") {
		t.Errorf("viewer reads %s", body)
	}
	// A user of another site sees none; P11.
	must(h.access.CreateUser(h.system, access.NewUser{Name: "far", Password: password, Role: access.Engineer, Scope: []uint64{h.site + 1}}))(t)
	far := h.client()
	far.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "far", Password: password}, nil)
	if got := get(far, ""); got != nil {
		t.Errorf("user of another site sees %v", got)
	}
}

// Browsers are told which devices have new events, and only of those they may
// see.
func TestEventsArriveLive(t *testing.T) {
	h := open(t, nil)
	h.runEvents()
	must(h.access.CreateUser(h.system, access.NewUser{Name: "far", Password: password, Role: access.Viewer, Scope: []uint64{h.site + 1}}))(t)
	far := h.client()
	far.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "far", Password: password}, nil)
	var tree apigen.Tree
	far.want(http.StatusOK, "GET", "/tree", nil, &tree) // the model is known by now
	near, away := h.program(access.Viewer).stream("", ""), far.stream("", "")
	near.next("")
	away.next("")
	h.tell(models.Event{DeviceID: h.ups, Kind: models.EventTrap, Name: "x"})
	ev, _ := near.next("journal")
	var s apigen.StreamJournal
	if err := json.Unmarshal([]byte(ev.data), &s); err != nil || s.Devices == nil || !slices.Equal(*s.Devices, []uint64{uint64(h.ups)}) {
		t.Errorf("told %+v: %v", ev, err)
	}
	// Too many to name.
	many := make([]models.DeviceID, 150)
	for i := range many {
		many[i] = models.DeviceID(i + 1000)
	}
	h.server.EventsKept(many)
	if ev, _ = near.next("journal"); ev.data != "{}" {
		t.Errorf("told %+v", ev)
	}
	for range 3 {
		select {
		case ev := <-away.c:
			if ev.name == "journal" {
				t.Errorf("a user of another site is told %+v", ev)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("nothing comes")
		}
	}
}
