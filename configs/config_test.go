package configs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/aisle-dcim/aisle/configs"
)

var update = flag.Bool("update", false, "write expected errors")

func environ(pairs ...string) func(string) (string, bool) {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

func TestNoConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  []string
		want string
	}{
		{"nothing", nil, "data"},
		{"home", []string{"HOME", "/home/ada"}, "/home/ada/.local/share/aisle"},
		{"XDG", []string{"HOME", "/home/ada", "XDG_DATA_HOME", "/srv/xdg"}, "/srv/xdg/aisle"},
		{"relative XDG", []string{"XDG_DATA_HOME", "xdg"}, "data"},
		{"named", []string{"HOME", "/home/ada", "AISLE_DATA_DIR", "/var/lib/aisle"}, "/var/lib/aisle"},
	} {
		c, err := configs.Load("", environ(tt.env...))
		if err != nil || c.DataDir != tt.want || c.Server.Listen != "127.0.0.1:8080" {
			t.Errorf("%s: %+v %v", tt.name, c, err)
		}
	}
	if _, err := configs.Load("", nil); err != nil {
		t.Error(err)
	}
	for _, content := range []string{"", "# nothing\n", "---\n", "server:\nlog:\n"} {
		if _, err := configs.Parse("x.yaml", []byte(content), nil); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := configs.Load("testdata/absent.yaml", nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestExample proves that the example shows every key with its default.
func TestExample(t *testing.T) {
	got, err := configs.Load("aisle.example.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := configs.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	// An empty list and none are the same setting.
	got.Server.TrustedProxies, got.Traps.Forwarders = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("example differs from the defaults:\n%+v\n%+v", got, want)
	}
	data, err := os.ReadFile("aisle.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths(reflect.TypeFor[configs.Config](), "") {
		var at any = tree
		for _, k := range strings.Split(path, ".") {
			m, _ := at.(map[string]any)
			var ok bool
			if at, ok = m[k]; !ok {
				t.Errorf("%s is not in the example", path)
				break
			}
		}
	}
}

// paths returns every key of the configuration.
func paths(typ reflect.Type, prefix string) (out []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		p := prefix + f.Tag.Get("yaml")
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[configs.Secret]() {
			out = append(out, paths(f.Type, p+".")...)
			continue
		}
		out = append(out, p)
	}
	return out
}

func TestEnvironmentReachesEveryKey(t *testing.T) {
	sample := map[reflect.Type]string{
		reflect.TypeFor[string](): "some-text", reflect.TypeFor[configs.Secret](): "some-secret",
		reflect.TypeFor[configs.Duration](): "37m", reflect.TypeFor[configs.Size](): "37MiB",
		reflect.TypeFor[bool](): "true", reflect.TypeFor[int](): "37", reflect.TypeFor[[]netip.Prefix](): "10.37.0.0/16,fd00::37",
	}
	fixed := map[string]string{
		"server.listen": "[::1]:99", "server.public_url": "https://a.example", "database.driver": "postgres",
		"telemetry.store": "influx", "telemetry.influx.url": "http://i:8086", "log.level": "debug", "log.format": "json",
		"secrets.key": strings.Repeat("ab", 32), "collectors.retries": "7", "collectors.timeout": "3s",
		"auth.session_absolute": "2d", "server.shutdown_timeout": "37s", "telemetry.embedded.retention_time": "37d",
		"telemetry.embedded.retention_size": "37GiB", "telemetry.influx.timeout": "37s",
		"traps.listen": "127.0.0.1:1162", "traps.poll_pause": "37s", "events.retention_time": "37d", "events.max": "37000",
	}
	def, err := configs.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	values := map[string]reflect.Value{}
	var walk func(v reflect.Value, prefix string)
	walk = func(v reflect.Value, prefix string) {
		for i := range v.NumField() {
			p := prefix + v.Type().Field(i).Tag.Get("yaml")
			if _, leaf := sample[v.Field(i).Type()]; !leaf {
				walk(v.Field(i), p+".")
				continue
			}
			values[p] = v.Field(i)
		}
	}
	walk(reflect.ValueOf(def).Elem(), "")
	before := map[string]any{}
	for p, v := range values {
		before[p] = v.Interface()
		s, ok := fixed[p]
		if !ok {
			s = sample[v.Type()]
		}
		pairs = append(pairs, configs.Variable(p), s)
	}
	got, err := configs.Load("", environ(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	walk(reflect.ValueOf(got).Elem(), "")
	for p, v := range values {
		if reflect.DeepEqual(v.Interface(), before[p]) {
			t.Errorf("%s does not change %s", configs.Variable(p), p)
		}
	}
}

func TestEnvironmentFaults(t *testing.T) {
	_, err := configs.Load("", environ(
		"AISLE_SERVER_LISTEN", "nowhere", "AISLE_COLLECTORS_RETRIES", "x",
		"AISLE_DATABASE_DSN", "topsecret", "AISLE_DATABASE_DSN_FILE", "testdata/empty.secret",
		"AISLE_TELEMETRY_INFLUX_TOKEN_FILE", "testdata/absent"))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`AISLE_SERVER_LISTEN: server.listen: "nowhere" is not host:port`,
		`AISLE_COLLECTORS_RETRIES: collectors.retries: "x" is not a whole number`,
		`AISLE_DATABASE_DSN_FILE: database.dsn: both AISLE_DATABASE_DSN and AISLE_DATABASE_DSN_FILE are set`,
		`AISLE_TELEMETRY_INFLUX_TOKEN_FILE: telemetry.influx.token: secret cannot be read`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "topsecret") {
		t.Error("secret in the message")
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dsn"), []byte("host=db password=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "aisle.yaml")
	if err := os.WriteFile(file, []byte("database:\n  driver: postgres\n  dsn_file: dsn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := configs.Load(file, nil)
	if err != nil || c.Database.DSN.Reveal() != "host=db password=x" {
		t.Fatal(c, err)
	}
	c, err = configs.Load("", environ("AISLE_DATABASE_DSN_FILE", filepath.Join(dir, "dsn")))
	if err != nil || c.Database.DSN.Reveal() != "host=db password=x" {
		t.Fatal(c, err)
	}
	// The environment wins over the file.
	c, err = configs.Load(file, environ("AISLE_DATABASE_DSN", "host=other"))
	if err != nil || c.Database.DSN.Reveal() != "host=other" {
		t.Fatal(c, err)
	}
}

func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) < 30 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := configs.Load(file, nil)
			var faults *configs.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %v", err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, rerr := os.ReadFile(golden)
			if rerr != nil || err.Error()+"\n" != string(want) {
				t.Errorf("got:\n%v\nwant:\n%s%v", err, want, rerr)
			}
		})
	}
}

func TestHugeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(file, bytes.Repeat([]byte("# x\n"), 1<<19), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configs.Load(file, nil); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

func TestSecretIsMasked(t *testing.T) {
	c := configs.Default()
	c.Database.DSN = configs.NewSecret("topsecret")
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		l := slog.New(h)
		l.Info("start", "config", c, "database", c.Database, "dsn", c.Database.DSN)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", c.Database, c.Database.DSN)
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	out.Write(y)
	text := out.String()
	if strings.Contains(text, "topsecret") || strings.Contains(text, fmt.Sprintf("%x", "topsecret")) {
		t.Errorf("secret shows in %s", text)
	}
	if !strings.Contains(string(y), "********") || !strings.Contains(string(y), "retention_time: 400d") {
		t.Errorf("%s", y)
	}
}

func TestValues(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "400d": 400 * 24 * time.Hour, "1d12h": 36 * time.Hour, "500ms": 500 * time.Millisecond, "0s": 0,
	} {
		d, err := configs.ParseDuration(s)
		if err != nil || d.D() != want {
			t.Errorf("%s: %v %v", s, d, err)
		}
		if back, err := configs.ParseDuration(d.String()); err != nil || back != d {
			t.Errorf("%s comes back as %s", s, d)
		}
	}
	for _, s := range []string{"", "5", "-5s", "1x", "d", "-1d", "99999999d", "1d-2h"} {
		if d, err := configs.ParseDuration(s); err == nil {
			t.Errorf("%q is %s", s, d)
		}
	}
	for s, want := range map[string]configs.Size{"0": 0, "1kB": 1000, "1.5GiB": 3 << 29, "20 GB": 20e9, "512B": 512} {
		n, err := configs.ParseSize(s)
		if err != nil || n != want {
			t.Errorf("%s: %d %v", s, n, err)
		}
		if back, err := configs.ParseSize(n.String()); err != nil || back != n {
			t.Errorf("%s comes back as %s", s, n)
		}
	}
	for _, s := range []string{"", "-1", "5 apples", "1e9", "99999999999TB"} {
		if n, err := configs.ParseSize(s); err == nil {
			t.Errorf("%q is %s", s, n)
		}
	}
}

func TestTargets(t *testing.T) {
	c := configs.Default()
	c.Collectors.AllowedRanges = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16")}
	for a, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "192.0.2.1": false, "169.254.169.254": false, "::ffff:169.254.169.254": false, "fe80::1%eth0": false,
	} {
		if got := c.Collectors.AllowsTarget(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.bad.yaml")
	for _, file := range append(files, "aisle.example.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := configs.Parse("x.yaml", data, nil)
		if (c == nil) == (err == nil) {
			t.Fatal(c, err)
		}
	})
}
