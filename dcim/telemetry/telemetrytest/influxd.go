package telemetrytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Influx is a real InfluxDB 2 server.
type Influx struct {
	URL, Org, Token string

	bin, dir string
	cmd      *exec.Cmd
	exited   chan struct{}
	log      *os.File
}

// NeedInflux returns a server for a test, or skips the test with the reason. It
// uses the server named by AISLE_TEST_INFLUX_URL, AISLE_TEST_INFLUX_ORG and
// AISLE_TEST_INFLUX_TOKEN, or starts the influxd binary named by
// AISLE_TEST_INFLUXD or built by .ci/influxd. With AISLE_REQUIRE_PEERS=1 its
// absence is a failure.
func NeedInflux(t testing.TB) *Influx {
	t.Helper()
	if u := os.Getenv("AISLE_TEST_INFLUX_URL"); u != "" {
		return &Influx{URL: u, Org: os.Getenv("AISLE_TEST_INFLUX_ORG"), Token: os.Getenv("AISLE_TEST_INFLUX_TOKEN")}
	}
	bin := influxBinary()
	if bin == "" {
		const reason = "no InfluxDB 2 server: run .ci/influxd and set AISLE_TEST_INFLUXD to what it prints, or set AISLE_TEST_INFLUX_URL, _ORG and _TOKEN"
		if os.Getenv("AISLE_REQUIRE_PEERS") == "1" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	dir := t.TempDir()
	s := &Influx{Org: "aisle-test", bin: bin, dir: dir}
	t.Cleanup(func() {
		s.Stop(t)
		if s.log != nil {
			_ = s.log.Close()
		}
	})
	var err error
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil { //nolint:gosec // in a folder of the test
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.URL = "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.Start(t)
	var setup struct {
		Auth struct {
			Token string `json:"token"`
		} `json:"auth"`
	}
	if err := s.call(t.Context(), http.MethodPost, "/api/v2/setup", map[string]any{
		"username": "test", "password": fmt.Sprintf("test-%d", time.Now().UnixNano()), "org": s.Org, "bucket": "first",
	}, &setup); err != nil {
		t.Fatalf("set up InfluxDB: %v", err)
	}
	s.Token = setup.Auth.Token
	return s
}

func influxBinary() string {
	if bin := os.Getenv("AISLE_TEST_INFLUXD"); bin != "" {
		return bin
	}
	cache := os.Getenv("AISLE_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(home, ".cache", "aisle")
	}
	found, err := filepath.Glob(filepath.Join(cache, "influxd-*.*.*"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// Stoppable tells whether Stop and Start may be used.
func (s *Influx) Stoppable() bool { return s.bin != "" }

// Start starts the server and waits until it answers.
func (s *Influx) Start(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command(s.bin, "--reporting-disabled", "--log-level", "error", //nolint:noctx,gosec // ended by Stop; the path is the tester's own
		"--http-bind-address", strings.TrimPrefix(s.URL, "http://"),
		"--bolt-path", filepath.Join(s.dir, "influxd.bolt"),
		"--sqlite-path", filepath.Join(s.dir, "influxd.sqlite"),
		"--engine-path", filepath.Join(s.dir, "engine"))
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Env = append(os.Environ(), "INFLUXD_CONFIG_PATH="+s.dir)
	s.cmd.SysProcAttr = childAttr()
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", s.bin, err)
	}
	exited := make(chan struct{})
	s.exited = exited
	cmd := s.cmd
	go func() { // ends with the server, which Stop waits for
		_ = cmd.Wait()
		close(exited)
	}()
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := s.call(t.Context(), http.MethodGet, "/health", nil, nil)
		if err == nil {
			return
		}
		select {
		case <-exited:
			text, _ := os.ReadFile(s.log.Name())
			t.Fatalf("influxd ended at once: %s", text)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("influxd does not answer: %v", err)
		}
	}
}

// Stop ends the server; its data stay for Start.
func (s *Influx) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		t.Error("influxd did not end by itself")
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	s.cmd = nil
}

var bucketNumber atomic.Int64

// Bucket makes a bucket that keeps samples for the given time, zero means for
// ever, and removes it after the test.
func (s *Influx) Bucket(t testing.TB, keep time.Duration) string {
	t.Helper()
	var orgs struct {
		Orgs []struct {
			ID string `json:"id"`
		} `json:"orgs"`
	}
	if err := s.call(t.Context(), http.MethodGet, "/api/v2/orgs?org="+s.Org, nil, &orgs); err != nil || len(orgs.Orgs) == 0 {
		t.Fatalf("find organisation %s: %v", s.Org, err)
	}
	name := fmt.Sprintf("test-%d-%d", time.Now().UnixNano(), bucketNumber.Add(1))
	rules := []map[string]any{}
	if keep > 0 {
		rules = append(rules, map[string]any{"type": "expire", "everySeconds": int(keep.Seconds())})
	}
	var bucket struct {
		ID string `json:"id"`
	}
	if err := s.call(t.Context(), http.MethodPost, "/api/v2/buckets", map[string]any{"orgID": orgs.Orgs[0].ID, "name": name, "retentionRules": rules}, &bucket); err != nil {
		t.Fatalf("make bucket: %v", err)
	}
	t.Cleanup(func() {
		if s.Stoppable() {
			return // the whole server goes
		}
		if err := s.call(context.Background(), http.MethodDelete, "/api/v2/buckets/"+bucket.ID, nil, nil); err != nil {
			t.Errorf("remove bucket: %v", err)
		}
	})
	return name
}

func (s *Influx) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Close = true
	if s.Token != "" {
		req.Header.Set("Authorization", "Token "+s.Token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close() //nolint:errcheck // reading only
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode/100 != 2 {
		return errors.New(method + " " + path + ": " + res.Status + ": " + string(text))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
