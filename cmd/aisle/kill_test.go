package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is how often the service is killed.
const kills = 10

// TestServiceSurvivesKills kills the real program ten times while it polls.
// Each time it must start again without a database error, and every value
// that the API had given as stored must be in the history.
func TestServiceSurvivesKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes about a minute")
	}
	binary := filepath.Join(t.TempDir(), "aisle")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	dir := t.TempDir()
	site := filepath.Join(dir, "site.yaml")
	err := os.WriteFile(site, []byte(`
site: Kill
seed: 3
halls:
  - {name: Hall, code: K, rows: 2, racks_per_row: 10, cooling_units: 2, rack_kw: [3, 5], ups_rating_kw: 200, ups_minutes: 5, cooling_unit_kw: 60, pdu_profiles: [apc-rpdu2], ups_profile: ups-mib, cooling_profile: apc-inrow-rc}
plant: {chillers: 1, chiller_kw: 160, generator_kw: 300, fuel_l: 500}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	k := &killed{t: t, binary: binary, site: site, data: filepath.Join(dir, "data"), listen: freeAddress(t), journal: map[string]float64{}}
	for round := range kills {
		k.start()
		k.live(time.Duration(1500+400*(round%4)) * time.Millisecond)
		k.kill()
	}
	k.start()
	defer k.kill()
	k.check()
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// killed is the program under test with the journal of its client.
type killed struct {
	t                          *testing.T
	binary, site, data, listen string
	cmd                        *exec.Cmd
	token                      string
	// faults collects the error lines of the log.
	mu     sync.Mutex
	faults []string
	read   sync.WaitGroup
	// journal holds what the API showed: "point time" and the value.
	journal map[string]float64
	points  []uint64
}

func (k *killed) start() {
	k.t.Helper()
	k.cmd = exec.CommandContext(context.Background(), k.binary, "demo", "--listen", k.listen, "--data-dir", k.data, "--site", k.site)
	errs, err := k.cmd.StderrPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.read.Go(func() {
		lines := bufio.NewScanner(errs)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "level=ERROR") {
				k.mu.Lock()
				k.faults = append(k.faults, lines.Text())
				k.mu.Unlock()
			}
		}
	})
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if k.get("/readyz", nil) == nil {
			break
		}
		if time.Now().After(end) {
			k.t.Fatal("the service did not become ready")
		}
	}
	if k.token == "" {
		out, err := exec.CommandContext(k.t.Context(), k.binary, "user", "token", "--data-dir", k.data, "--role", "viewer", "--format", "json").Output()
		if err != nil {
			k.t.Fatalf("make token: %v", err)
		}
		var got struct{ Token string }
		if err := json.Unmarshal(out, &got); err != nil {
			k.t.Fatal(err)
		}
		k.token = got.Token
	}
}

func (k *killed) kill() {
	_ = k.cmd.Process.Kill()
	k.read.Wait()
	_ = k.cmd.Wait() // killed, as it should be
	if len(k.faults) > 0 {
		k.t.Errorf("errors in the log:\n%s", strings.Join(k.faults, "\n"))
		k.faults = nil
	}
}

func (k *killed) get(path string, out any) error {
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodGet, "http://"+k.listen+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, res.Status)
	}
	if out == nil {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}

type shown struct {
	Items []struct {
		Point   struct{ ID uint64 }
		Current struct {
			Value   *float64
			Quality string
			Time    time.Time
		}
	}
}

// live watches the values for a while. A value counts as acknowledged half a
// second after its reading: by then the store has answered.
func (k *killed) live(d time.Duration) {
	if len(k.points) == 0 {
		var found shown
		for end := time.Now().Add(30 * time.Second); len(found.Items) < 20 && time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			if err := k.get("/api/v1/points?class=power&limit=60", &found); err != nil {
				k.t.Fatal(err)
			}
		}
		for _, p := range found.Items {
			k.points = append(k.points, p.Point.ID)
		}
	}
	query := "/api/v1/points?limit=100"
	for _, id := range k.points {
		query += fmt.Sprintf("&id=%d", id)
	}
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var now shown
		if err := k.get(query, &now); err != nil {
			k.t.Fatal(err)
		}
		for _, p := range now.Items {
			if p.Current.Value != nil && p.Current.Quality == "good" && time.Since(p.Current.Time) > 500*time.Millisecond {
				k.journal[fmt.Sprintf("%d %d", p.Point.ID, p.Current.Time.UnixMilli())] = *p.Current.Value
			}
		}
	}
}

// check finds every journaled value in the history.
func (k *killed) check() {
	if len(k.journal) < 100 {
		k.t.Fatalf("only %d values were seen: the test would prove nothing", len(k.journal))
	}
	missing := 0
	for entry, value := range k.journal {
		var point uint64
		var ms int64
		if _, err := fmt.Sscan(entry, &point, &ms); err != nil {
			k.t.Fatal(err)
		}
		at := time.UnixMilli(ms).UTC()
		var got struct {
			Series []struct{ Min, Max []*float64 }
		}
		err := k.get(fmt.Sprintf("/api/v1/trends?point=%d&from=%s&to=%s&max_buckets=100", point,
			at.Add(-time.Second).Format(time.RFC3339Nano), at.Add(2*time.Second).Format(time.RFC3339Nano)), &got)
		if err != nil {
			k.t.Fatal(err)
		}
		found := false
		for _, s := range got.Series {
			for i := range s.Min {
				found = found || s.Min[i] != nil && *s.Min[i] <= value+1e-6 && *s.Max[i] >= value-1e-6
			}
		}
		if !found {
			missing++
		}
	}
	if missing > 0 {
		k.t.Errorf("%d of %d values that were shown are not in the history", missing, len(k.journal))
	}
	k.t.Logf("%d values of %d points found after %d kills", len(k.journal)-missing, len(k.points), kills)
}
