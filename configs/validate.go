package configs

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/models/endpoint"
)

// validate tells fault of everything that is wrong.
func (c *Config) validate(fault func(path, problem, remedy string)) {
	c.Server.validate(fault)
	c.Database.validate(fault)
	c.Telemetry.validate(fault)
	c.Collectors.validate(fault)
	between(fault, "events.retention_time", c.Events.RetentionTime, time.Hour, 36500*day)
	between(fault, "control.expiry", c.Control.Expiry, time.Minute, day)
	between(fault, "control.fresh_session", c.Control.FreshSession, 0, day)
	between(fault, "control.limit_window", c.Control.LimitWindow, time.Minute, day)
	within(fault, "control.device_limit", c.Control.DeviceLimit, 1, 1000)
	within(fault, "control.total_limit", c.Control.TotalLimit, 1, 10_000)
	within(fault, "events.max", c.Events.Max, 1000, 100_000_000)
	within(fault, "events.per_device", c.Events.PerDevice, 10, 1_000_000)
	c.Traps.validate(fault)
	c.Auth.validate(fault)
	oneOf(fault, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(fault, "log.format", c.Log.Format, "text", "json")
	if !c.Secrets.Key.IsZero() {
		if _, err := DecodeKey(c.Secrets.Key); err != nil {
			fault("secrets.key", err.Error(), "make one with: openssl rand -base64 32")
		}
	}
	within(fault, "demo.base_port", c.Demo.BasePort, 0, 60000)
	within(fault, "demo.speed", c.Demo.Speed, 1, 1000)
}

// DecodeKey returns the 32 bytes of an encryption key in base64 or
// hexadecimal.
func DecodeKey(s Secret) ([]byte, error) {
	text := strings.TrimSpace(s.Reveal())
	if b, err := hex.DecodeString(text); err == nil && len(b) == 32 {
		return b, nil
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(text); err == nil && len(b) == 32 {
			return b, nil
		}
	}
	return nil, fmt.Errorf("must be 32 bytes in base64 or hexadecimal")
}

func (s *Server) validate(fault func(path, problem, remedy string)) {
	host, ok := listens(s.Listen)
	switch {
	case !ok:
		fault("server.listen", fmt.Sprintf("%q is not host:port", clipKey(s.Listen)), "write it as 127.0.0.1:8080 or [::]:8443")
	case s.TLSCert == "" && !s.InsecureHTTP && !loopback(host):
		fault("server.listen", "plain HTTP is allowed on loopback only",
			"set server.tls_cert and server.tls_key, or server.insecure_http: true behind a proxy that does TLS")
	}
	if s.TLSCert != "" && s.TLSKey == "" {
		fault("server.tls_cert", "has no key", "set server.tls_key too")
	}
	if s.TLSKey != "" && s.TLSCert == "" {
		fault("server.tls_key", "has no certificate", "set server.tls_cert too")
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			fault("server.public_url", fmt.Sprintf("%q is not a web address", clipKey(s.PublicURL)), "write it as https://aisle.example.org")
		}
	}
	between(fault, "server.shutdown_timeout", s.ShutdownTimeout, time.Second, 10*time.Minute)
}

// listens says whether a server can listen on an address, host:port with port 0
// for any, and returns its host, which is empty for all of this machine.
func listens(address string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host != "" && endpoint.CheckHost(host) != nil {
		return "", false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return host, err == nil
}

// loopback says whether a listening host is reachable from this machine only.
// The empty host listens everywhere.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func (d *Database) validate(fault func(path, problem, remedy string)) {
	if !oneOf(fault, "database.driver", d.Driver, "sqlite", "postgres") {
		return
	}
	if d.Driver == "postgres" && d.DSN.IsZero() {
		fault("database.dsn", "PostgreSQL needs a connection string",
			"write it into a file named by database.dsn_file: host=db user=aisle password=… dbname=aisle sslmode=verify-full")
	}
	within(fault, "database.max_connections", d.MaxConnections, 2, 1000)
}

func (t *Telemetry) validate(fault func(path, problem, remedy string)) {
	within(fault, "telemetry.stale_after", t.StaleAfter, 1, 1000)
	between(fault, "telemetry.embedded.retention_time", t.Embedded.RetentionTime, time.Hour, 36500*day)
	between(fault, "telemetry.embedded.out_of_order", t.Embedded.OutOfOrder, 0, 30*day)
	if t.Embedded.OutOfOrder > t.Embedded.RetentionTime {
		fault("telemetry.embedded.out_of_order", "is longer than telemetry.embedded.retention_time", "make it shorter")
	}
	if s := t.Embedded.RetentionSize; s != 0 && s < 64<<20 {
		fault("telemetry.embedded.retention_size", fmt.Sprintf("%s is too small", s), "give at least 64MiB, or 0 for no bound")
	}
	if !oneOf(fault, "telemetry.store", t.Store, "embedded", "influx") {
		return
	}
	within(fault, "telemetry.influx.batch_size", t.Influx.BatchSize, 1, 100000)
	between(fault, "telemetry.influx.timeout", t.Influx.Timeout, time.Second, 5*time.Minute)
	if t.Store != "influx" {
		return
	}
	u, err := url.Parse(t.Influx.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		fault("telemetry.influx.url", "must be the address of the InfluxDB server", "write it as https://influx.example.org:8086")
	}
	for _, f := range []struct{ path, value string }{
		{"telemetry.influx.org", t.Influx.Org}, {"telemetry.influx.bucket", t.Influx.Bucket},
	} {
		if f.value == "" {
			fault(f.path, "is empty", "name the one to use")
		}
	}
	if t.Influx.Token.IsZero() {
		fault("telemetry.influx.token", "InfluxDB needs a token", "write it into a file named by telemetry.influx.token_file")
	}
}

func (c *Collectors) validate(fault func(path, problem, remedy string)) {
	within(fault, "collectors.subnet_rate", c.SubnetRate, 0, 100000)
	within(fault, "collectors.retries", c.Retries, 0, 10)
	between(fault, "collectors.fast_interval", c.FastInterval, time.Second, day)
	between(fault, "collectors.slow_interval", c.SlowInterval, time.Second, day)
	between(fault, "collectors.timeout", c.Timeout, 50*time.Millisecond, time.Minute)
	if c.SlowInterval < c.FastInterval {
		fault("collectors.slow_interval", "is shorter than collectors.fast_interval", "make it at least as long")
	}
	if len(c.AllowedRanges) == 0 {
		fault("collectors.allowed_ranges", "allows no address at all", "name the ranges of the devices, or remove the key")
	}
}

func (t *Traps) validate(fault func(path, problem, remedy string)) {
	if t.Listen != "" {
		if _, ok := listens(t.Listen); !ok {
			fault("traps.listen", fmt.Sprintf("%q is not host:port", clipKey(t.Listen)), "write it as 0.0.0.0:1162 or [::]:162")
		}
	}
	within(fault, "traps.rate", t.Rate, 1, 10000)
	within(fault, "traps.burst", t.Burst, 1, 100000)
	between(fault, "traps.poll_pause", t.PollPause, time.Second, time.Hour)
}

func (a *Auth) validate(fault func(path, problem, remedy string)) {
	between(fault, "auth.session_idle", a.SessionIdle, time.Minute, 30*day)
	between(fault, "auth.session_absolute", a.SessionAbsolute, time.Minute, 90*day)
	if a.SessionAbsolute < a.SessionIdle {
		fault("auth.session_absolute", "is shorter than auth.session_idle", "make it at least as long")
	}
	if a.PasswordMemory < 19<<20 || a.PasswordMemory > 1<<30 {
		fault("auth.password_memory", fmt.Sprintf("%s is out of range", a.PasswordMemory), "give 19MiB to 1GiB")
	}
	within(fault, "auth.password_parallel", a.PasswordParallel, 1, 64)
}

func oneOf(fault func(path, problem, remedy string), path, value string, allowed ...string) bool {
	if slices.Contains(allowed, value) {
		return true
	}
	remedy := "write one of " + strings.Join(allowed, ", ")
	if near := nearest(value, allowed); near != "" {
		remedy = "did you mean " + near + "?"
	}
	fault(path, fmt.Sprintf("%q is not known", clipKey(value)), remedy)
	return false
}

func within(fault func(path, problem, remedy string), path string, n, low, high int) {
	if n < low || n > high {
		fault(path, fmt.Sprintf("%d is out of range", n), fmt.Sprintf("give %d to %d", low, high))
	}
}

func between(fault func(path, problem, remedy string), path string, d Duration, low, high time.Duration) {
	if d.D() < low || d.D() > high {
		fault(path, fmt.Sprintf("%s is out of range", d), fmt.Sprintf("give %s to %s", Duration(low), Duration(high)))
	}
}

// nearest returns the one word that differs by at most two letters, if any.
func nearest(word string, words []string) string {
	best, bestD := "", 3
	if len(word) > 60 {
		return ""
	}
	for _, w := range words {
		if d := distance(word, w); d < bestD && d < len(w) {
			best, bestD = w, d
		}
	}
	return best
}

// distance is the number of letters to add, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost = 1 + min(prev, row[j], row[j+1])
			}
			prev, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
