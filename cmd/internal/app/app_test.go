package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/dcim/access"
)

const smallSite = `
site: Test
seed: 7
halls:
  - {name: Hall A, code: A, rows: 2, racks_per_row: 2, cooling_units: 2, rack_kw: [3, 5], ups_rating_kw: 40, ups_minutes: 5, cooling_unit_kw: 20, pdu_profiles: [apc-rpdu2], ups_profile: ups-mib, cooling_profile: apc-inrow-rc}
plant: {chillers: 1, chiller_kw: 60, generator_kw: 100, fuel_l: 500, meter_profile: janitza-umg604}
`

// smallFacility simulates four racks on free ports.
func smallFacility(t *testing.T) *simulate.Facility {
	t.Helper()
	site, err := simulate.ParseSite([]byte(smallSite))
	if err != nil {
		t.Fatal(err)
	}
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	f, err := simulate.New(simulate.Options{Site: site, Profiles: lib, Recordings: profiles.FS})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// service is a running app with a client for its API.
type service struct {
	*App
	token string
}

func startService(t *testing.T, dir string, f *simulate.Facility, log io.Writer) *service {
	t.Helper()
	cfg := configs.Default()
	cfg.DataDir, cfg.Server.Listen = dir, "127.0.0.1:0"
	a := New(Options{Config: cfg, Facility: f, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &service{a, token(t, a)}
}

// token lets an administrator in.
func token(t *testing.T, a *App) string {
	t.Helper()
	secret, _, err := a.core.Access.CreateToken(access.System(t.Context(), "test"), access.NewToken{Name: fmt.Sprint("test ", time.Now().UnixNano()), Role: access.Administrator, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func (s *service) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func (s *service) do(t *testing.T, method, path, body string, out any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr().String()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
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
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, data)
		}
	}
	return res.StatusCode
}

// until waits for a condition on the real clock: sockets know no other.
func until(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

type deviceList struct {
	Items []struct {
		ID                uint64
		Name, Kind, State string
		Profile           string
		Points, Missing   int
	}
	Total int
}

type pointValues struct {
	Items []struct {
		Point struct {
			ID  uint64
			Key string
		}
		Current struct {
			Value          *float64
			Quality, State string
			Time           time.Time
		}
	}
	Seq string
}

func (s *service) devices(t *testing.T, query string) deviceList {
	var l deviceList
	s.do(t, http.MethodGet, "/devices?limit=1000&"+query, "", &l)
	return l
}

func (s *service) value(t *testing.T, device uint64, key string) (value *float64, quality, state string) {
	var v pointValues
	s.do(t, http.MethodGet, fmt.Sprintf("/devices/%d/points", device), "", &v)
	for _, p := range v.Items {
		if p.Point.Key == key {
			return p.Current.Value, p.Current.Quality, p.Current.State
		}
	}
	t.Fatalf("device %d has no point %s", device, key)
	return nil, "", ""
}

// TestSocketToScreen runs the whole program against simulated devices on real
// sockets: values arrive and change, faults are seen within two polls, silence
// is marked, and a restart keeps what was shown.
func TestSocketToScreen(t *testing.T) {
	f := smallFacility(t)
	dir := t.TempDir()
	var log transcript
	s := startService(t, dir, f, &log)
	polled := len(f.Devices())
	until(t, 60*time.Second, "every device answers", func() bool {
		return len(s.devices(t, "state=ok").Items) == polled
	})
	var ups, pdu uint64
	for _, d := range s.devices(t, "state=ok").Items {
		if d.Missing > 0 || d.Points == 0 {
			t.Errorf("%s: %d of %d points have no value", d.Name, d.Missing, d.Points)
		}
		switch d.Name {
		case "UPS-A-A":
			ups = d.ID
		case "A-01-01-PDU-A":
			pdu = d.ID
		}
	}
	t.Run("values change", func(t *testing.T) {
		first, quality, _ := s.value(t, pdu, "inlet/1/power")
		if first == nil || quality != "good" {
			t.Fatalf("power %v, %s", first, quality)
		}
		until(t, 60*time.Second, "another value", func() bool {
			v, _, _ := s.value(t, pdu, "inlet/1/power")
			return v != nil && *v != *first
		})
	})
	t.Run("stream", func(t *testing.T) { s.stream(t, pdu) })
	t.Run("fault is seen within two polls", func(t *testing.T) {
		if code := s.do(t, http.MethodPost, "/simulation/faults", `{"kind":"utility-loss","target":"A"}`, nil); code != http.StatusCreated {
			t.Fatalf("inject: %d", code)
		}
		until(t, 25*time.Second, "on battery", func() bool {
			_, _, state := s.value(t, ups, "output/source")
			return state == "on battery"
		})
		if code := s.do(t, http.MethodDelete, "/simulation/faults/utility-loss:A", "", nil); code != http.StatusNoContent {
			t.Fatalf("clear: %d", code)
		}
		if code := s.do(t, http.MethodPost, "/simulation/faults", `{"kind":"utility-loss","target":"Z"}`, nil); code != http.StatusBadRequest && code != http.StatusUnprocessableEntity {
			t.Errorf("unknown target: %d", code)
		}
	})
	t.Run("silence is marked", func(t *testing.T) {
		s.do(t, http.MethodPost, "/simulation/faults", `{"kind":"device-silent","target":"A-01-01-PDU-A"}`, nil)
		until(t, 60*time.Second, "no value is shown as good", func() bool {
			_, quality, _ := s.value(t, pdu, "inlet/1/power")
			return quality != "good"
		})
		s.do(t, http.MethodDelete, "/simulation/faults/device-silent:A-01-01-PDU-A", "", nil)
		until(t, 90*time.Second, "the device is back", func() bool {
			_, quality, _ := s.value(t, pdu, "inlet/1/power")
			return quality == "good"
		})
	})
	before, _, _ := s.value(t, ups, "battery/charge")
	s.stop(t)
	t.Run("restart", func(t *testing.T) {
		s := startService(t, dir, f, &log)
		defer s.stop(t)
		after, quality, _ := s.value(t, ups, "battery/charge")
		if after == nil || quality == "none" {
			t.Fatalf("after the restart %v, %s; before %v", after, quality, *before)
		}
		if n := s.devices(t, "").Total; n < polled {
			t.Errorf("%d devices after the restart, want at least %d", n, polled)
		}
	})
	for _, secret := range []string{s.token, f.Community() + `"`} {
		if strings.Contains(log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// stream reads live values of a device as server-sent events.
func (s *service) stream(t *testing.T, device uint64) {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/api/v1/stream?device=%d", s.Addr(), device), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for events := 0; lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "event: values") {
			if events++; events == 2 {
				return
			}
		}
	}
	t.Fatalf("the stream ended early: %v", lines.Err())
}
