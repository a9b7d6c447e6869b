package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

type event struct{ name, id, data string }

// events reads a stream until it ends. A comment is an event without a name.
type events struct {
	t      *testing.T
	status int
	c      chan event
	cancel context.CancelFunc
}

func (c *client) stream(query, lastID string) *events {
	t := c.h.t
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", c.h.url+"/api/v1/stream"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := c.http.Do(r) //nolint:bodyclose // the reader closes it
	if err != nil {
		t.Fatal(err)
	}
	e := &events{t: t, status: resp.StatusCode, c: make(chan event, 100), cancel: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(e.c)
		defer func() { _ = resp.Body.Close() }()
		var ev event
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			line := s.Text()
			k, v, _ := strings.Cut(line, ": ")
			switch {
			case line == "":
				if ev != (event{}) {
					e.c <- ev
				}
				ev = event{}
			case k == "event":
				ev.name = v
			case k == "id":
				ev.id = v
			case k == "data":
				ev.data = v
			case strings.HasPrefix(line, ":"):
				ev.data = "comment"
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return e
}

// next returns the next event of the name; ok is false when the stream ended.
func (e *events) next(name string) (event, bool) {
	e.t.Helper()
	timeout := time.After(5 * time.Second)
	for {
		select {
		case ev, ok := <-e.c:
			if !ok || ev.name == name {
				return ev, ok
			}
		case <-timeout:
			e.t.Fatalf("no event %q", name)
		}
	}
}

func (e *events) values() (string, map[uint64]apigen.Value) {
	e.t.Helper()
	ev, ok := e.next("values")
	if !ok {
		e.t.Fatal("the stream ended")
	}
	var sv apigen.StreamValues
	if err := json.Unmarshal([]byte(ev.data), &sv); err != nil || sv.Seq != ev.id {
		e.t.Fatalf("event %+v: %v", ev, err)
	}
	out := map[uint64]apigen.Value{}
	for _, v := range sv.Values {
		out[v.Point] = v
	}
	return ev.id, out
}

func TestStream(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Viewer)
	power, source := uint64(h.points["UPS-1 output/power"]), uint64(h.points["UPS-1 output/source"])
	h.sample("UPS-1 output/source", 3, models.Good)
	h.sample("R1-01-left inlet/1/power", 500, models.Good)
	e := c.stream(fmt.Sprintf("?device=%d", h.ups), "")
	seq, got := e.values()
	if len(got) != 1 || *got[source].State != "normal" || *got[source].Severity != "ok" {
		t.Errorf("first %+v", got)
	}
	h.sample("UPS-1 output/power", 4200, models.Good)
	h.sample("R1-01-left inlet/1/power", 501, models.Good) // of another device
	if _, got = e.values(); len(got) != 1 || *got[power].Value != 4200 {
		t.Errorf("then %+v", got)
	}
	h.server.DeviceChanged(h.ups, "silent", "does not answer")
	ev, _ := e.next("device")
	if !strings.Contains(ev.data, `"state":"silent"`) {
		t.Errorf("device event %+v", ev)
	}
	if ev, _ = e.next(""); ev.data != "comment" {
		t.Errorf("no heartbeat: %+v", ev)
	}
	e.cancel()

	// Who comes back gets what changed meanwhile, and nothing else.
	for _, again := range []*events{c.stream(fmt.Sprintf("?device=%d", h.ups), seq), c.stream(fmt.Sprintf("?device=%d&since=%s", h.ups, seq), "")} {
		if _, got = again.values(); len(got) != 1 || *got[power].Value != 4200 {
			t.Errorf("after coming back %+v", got)
		}
		again.cancel()
	}
	// A lost value comes without a number; P2.
	e = c.stream(fmt.Sprintf("?point=%d&point=%d", power, source), "")
	e.values()
	h.sample("UPS-1 output/power", 0, models.CommFailed)
	if _, got = e.values(); got[power].Value != nil || got[power].Quality != "comm-failed" {
		t.Errorf("lost value %+v", got[power])
	}
	e.cancel()
	e = c.stream(fmt.Sprintf("?room=%d", h.room), "")
	if _, got = e.values(); len(got) != 1 {
		t.Errorf("room %+v", got)
	}
	e.cancel()
	for _, bad := range []string{"?since=x", "?point=0", "?device=x"} {
		c.refused(http.StatusBadRequest, "invalid", "GET", "/stream"+bad, nil)
	}
	c.refused(http.StatusNotFound, "not-found", "GET", "/stream?point=999999", nil)
}

// A stream ends when its session does, or when its user may no longer have it.
func TestStreamEnds(t *testing.T) {
	h := open(t, nil)
	for name, end := range map[string]func(c *client, u uint64){
		"signed out": func(c *client, _ uint64) { c.want(http.StatusNoContent, "DELETE", "/session", nil, nil) },
		"disabled": func(_ *client, u uint64) {
			off := true
			must(h.access.UpdateUser(h.system, u, access.UserChange{Disabled: &off}))(t)
		},
		"another role": func(_ *client, u uint64) {
			role := access.Operator
			must(h.access.UpdateUser(h.system, u, access.UserChange{Role: &role}))(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.signedIn(access.Viewer)
			var s apigen.Session
			c.want(http.StatusOK, "GET", "/session", nil, &s)
			e := c.stream("?device="+itoa(uint64(h.ups)), "")
			if ev, ok := e.next(""); !ok || ev.data != "comment" {
				t.Fatal("the stream does not live")
			}
			end(c, s.User.Id)
			if _, ok := e.next("never"); ok {
				t.Error("the stream goes on")
			}
		})
	}
}

func TestStreamBound(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Viewer)
	var open []*events
	for range 3 {
		e := c.stream("", "")
		e.next("")
		open = append(open, e)
	}
	c.refused(http.StatusTooManyRequests, "too-many-attempts", "GET", "/stream", nil)
	open[0].cancel()
	open[0].next("never") // until it has ended
	deadline := time.Now().Add(5 * time.Second)
	for {
		e := c.stream("", "")
		e.cancel()
		if e.status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place does not become free")
		}
	}
	// Another user has places of his own.
	if e := h.program(access.Viewer).stream("", ""); e.status != http.StatusOK {
		t.Errorf("another user: %d", e.status)
	}
}

// Stopping does not wait for clients.
func TestStopWithStreams(t *testing.T) {
	h := open(t, nil)
	e := h.program(access.Viewer).stream("", "")
	e.next("")
	began := time.Now()
	if err := h.server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if _, ok := e.next("never"); ok || time.Since(began) > 3*time.Second {
		t.Errorf("stopped after %s", time.Since(began))
	}
}

// What happened to devices while a client was away is told when it is back, and
// to each in the words that it may read.
func TestStatesSinceAway(t *testing.T) {
	h := open(t, nil)
	const reason = "ask 192.0.2.1:161 as secret-user: credentials refused"
	viewer, engineer := h.program(access.Viewer), h.program(access.Engineer)
	h.live.Update([]models.Sample{{Point: h.points["UPS-1 output/power"], TimeMS: time.Now().UnixMilli(), Value: 1}})
	before := h.live.Seq()
	h.server.DeviceChanged(h.ups, "silent", "")
	h.server.DeviceChanged(h.ups, "auth-failed", reason)
	state := func(c *client, since uint64) (s apigen.DeviceState) {
		t.Helper()
		e := c.stream(fmt.Sprintf("?device=%d", h.ups), fmt.Sprint(since))
		defer e.cancel()
		ev, ok := e.next("device")
		if !ok {
			t.Fatal("the stream ended")
		}
		if err := json.Unmarshal([]byte(ev.data), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := state(engineer, before); s.Device != uint64(h.ups) || s.State != "auth-failed" || s.Error == nil || *s.Error != reason {
		t.Errorf("engineer: %+v", s)
	}
	if s := state(viewer, before); s.State != "auth-failed" || s.Error == nil || *s.Error != "credentials refused" {
		t.Errorf("viewer: %+v", s)
	}
	// Who came after it has it from the API.
	h.live.Update([]models.Sample{{Point: h.points["UPS-1 output/power"], TimeMS: time.Now().UnixMilli() + 1, Value: 2}})
	e := viewer.stream("", fmt.Sprint(h.live.Seq()))
	for range 3 {
		select {
		case ev := <-e.c:
			if ev.name == "device" {
				t.Errorf("told again: %+v", ev)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("nothing comes")
		}
	}
}

// Errors of polling name users and folders: who does not edit devices is told
// their kind.
func TestErrorsByRole(t *testing.T) {
	h := open(t, nil)
	const reason = "ask 192.0.2.1:161 as secret-user: device does not answer within 2s"
	h.plant.mu.Lock()
	health := h.plant.health[h.ups]
	health.State, health.Error = "silent", reason
	h.plant.health[h.ups] = health
	h.plant.mu.Unlock()
	for role, want := range map[access.Role]string{
		access.Viewer: "device does not answer", access.Operator: "device does not answer", access.Engineer: reason, access.Administrator: reason,
	} {
		c := h.program(role)
		for _, path := range []string{"/devices/" + itoa(uint64(h.ups)), "/devices", "/collectors"} {
			_, body := c.do("GET", path, nil)
			if !strings.Contains(string(body), `"error":"`+want+`"`) || role != access.Engineer && role != access.Administrator && strings.Contains(string(body), "secret-user") {
				t.Errorf("%s: GET %s: %s", role, path, body)
			}
		}
	}
}
