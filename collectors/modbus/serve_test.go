package modbus

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

func library(t testing.TB) *profile.Library {
	t.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// shared returns a path of the reference material beside the project.
func shared(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	full := filepath.Join(dir, "..", "shared", path)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("the reference material is not here: %v", err)
	}
	return full
}

// deviceServer builds the reference server of register facts, once.
var deviceServer = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "modbus-serve")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "modbus-serve"), nil
})

func buildServer(t *testing.T) string {
	t.Helper()
	src := shared(t, "tools/modbus-serve")
	program, err := deviceServer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err == nil {
		return program
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	cmd.Dir, cmd.Env = src, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("the reference server cannot be built: %v\n%s", err, out)
	}
	return program
}

// expected is what a correct reader must find.
type expected struct {
	Name, Class, At, Unit string
	Value                 any
	UnitID                int `json:"unit_id"`
	Table                 string
	Register              int
	Type                  string
}

// fact is a point of a facts file, in the order of expected.
type fact struct {
	Name  string
	Field *profile.Field
}

// peer is a running reference server.
type peer struct {
	address string
	unit    uint8
	want    []expected
	facts   []fact
}

var serving = regexp.MustCompile(`points on (\S+), unit (\d+)`)

func serveFacts(t *testing.T, name string, args ...string) *peer {
	t.Helper()
	file := filepath.Join(shared(t, "devices/modbus/facts"), name+".yaml")
	out := filepath.Join(t.TempDir(), "expected.json")
	cmd := exec.CommandContext(t.Context(), buildServer(t), append(append([]string{"-port", "0", "-expected", out}, args...), file)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	m := serving.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the server says %q", line)
	}
	unit, _ := strconv.Atoi(m[2])
	p := &peer{address: m[1], unit: uint8(unit)}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &p.want); err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var facts struct{ Points []fact }
	if err := yaml.Unmarshal(data, &facts); err != nil {
		t.Fatal(err)
	}
	p.facts = facts.Points
	return p
}

// found is what the driver read, by key.
type found map[string]collectors.Reading

func (p *peer) target(name string) collectors.Target {
	return collectors.Target{
		Name: name, Address: p.address, Protocol: collectors.ModbusTCP, Profile: name,
		Modbus: collectors.ModbusAddress{Unit: p.unit}, Timeout: 300 * time.Millisecond, Retries: 1,
	}
}

func allGroups(l *collectors.Learned) []string {
	seen, out := map[string]bool{}, []string{}
	for _, p := range l.Points {
		if !seen[p.Group] {
			seen[p.Group] = true
			out = append(out, p.Group)
		}
	}
	return out
}

func byKey(l *collectors.Learned, readings []collectors.Reading) found {
	out := found{}
	for _, r := range readings {
		out[l.Points[r.Index].Key] = r
	}
	return out
}

// verdict counts what a comparison found.
type verdict struct{ right, marked int }

// compare checks every reading against what the server holds: a value must be
// right or marked. It returns the names of facts that no point shows.
func (p *peer) compare(t *testing.T, prof *profile.Profile, got found, mustBeGood bool) (verdict, []string) {
	t.Helper()
	var v verdict
	var missing []string
	for i, w := range p.want {
		shown := false
		for _, x := range prof.Points {
			if x.Register == nil || *x.Register != w.Register || x.Table != w.Table || p.unitOf(x) != w.UnitID {
				continue
			}
			if f := p.facts[i].Field; f != nil && (x.Field == nil || *x.Field != *f) {
				continue
			}
			if len(x.Bits) == 0 {
				shown = true
				p.check(t, &v, x, p.facts[i], w, got, x.Key, x.Field, mustBeGood)
			}
			for bit, b := range x.Bits {
				shown = true
				key := strings.ReplaceAll(x.Key, "{bit}", b.Name)
				p.check(t, &v, x, p.facts[i], w, got, key, &profile.Field{LSB: bit, Width: 1}, mustBeGood)
			}
		}
		if !shown {
			missing = append(missing, w.Name)
		}
	}
	return v, missing
}

func (p *peer) unitOf(x profile.Point) int {
	if x.UnitID != nil {
		return *x.UnitID
	}
	return int(p.unit)
}

func (p *peer) check(t *testing.T, v *verdict, x profile.Point, f fact, w expected, got found, key string, field *profile.Field, mustBeGood bool) {
	t.Helper()
	r, ok := got[key]
	if !ok {
		t.Errorf("%s (%s): no reading", key, w.Name)
		return
	}
	if r.Quality != models.Good {
		v.marked++
		if w.Value != nil && mustBeGood && !isReason(x, w) {
			t.Errorf("%s (%s): %s, want %v", key, w.Name, r.Quality, w.Value)
		}
		return
	}
	if w.Value == nil {
		t.Errorf("%s (%s): good %v, but the device has no value", key, w.Name, r.Value)
		return
	}
	want, err := base(x, f, w, field)
	if err != nil {
		t.Errorf("%s (%s): %v", key, w.Name, err)
		return
	}
	if math.Abs(r.Value-want) > 1e-6*math.Max(math.Abs(want), 1e-3) {
		t.Errorf("%s (%s): %v, want %v (%v %s)", key, w.Name, r.Value, want, w.Value, w.Unit)
		return
	}
	v.right++
}

// isReason tells a number that the profile knows to mean something else.
func isReason(x profile.Point, w expected) bool {
	n, ok := w.Value.(float64)
	return ok && x.Valid.Min != nil && n < *x.Valid.Min
}

// base turns an expected value into the base unit of the point.
func base(x profile.Point, f fact, w expected, field *profile.Field) (float64, error) {
	var n float64
	switch value := w.Value.(type) {
	case bool:
		if value {
			n = 1
		}
		return n, nil
	case float64:
		n = value
	default:
		return 0, fmt.Errorf("expected value %v is no number", w.Value)
	}
	if field != nil && f.Field == nil {
		return float64(uint64(n) >> uint(field.LSB) & (1<<uint(field.Width) - 1)), nil
	}
	if x.Class.Enumerated() {
		return n, nil
	}
	unit := w.Unit
	switch unit {
	case "deg":
		unit = "°"
	case "dm":
		n, unit = n/10, "m"
	}
	scale, offset, err := x.Class.Conversion(unit)
	return n*scale + offset, err
}

// leftOut reads which facts a profile leaves out on purpose.
func leftOut(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("testdata/left-out.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out[line] = true
		}
	}
	return out
}

// factProfiles lists the profiles that have a facts file.
func factProfiles(t *testing.T, lib *profile.Library) []*profile.Profile {
	t.Helper()
	dir := shared(t, "devices/modbus/facts")
	var out []*profile.Profile
	for _, p := range lib.All() {
		if p.Protocol != profile.Modbus {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, p.Name+".yaml")); err == nil {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		t.Fatal("no profile has register facts")
	}
	return out
}

func newEngine(t testing.TB, lib *profile.Library) *Engine {
	t.Helper()
	e := New(Options{Library: lib, Timeout: time.Second})
	t.Cleanup(e.Stop)
	return e
}

func newDriver(t testing.TB, e *Engine, target collectors.Target) *Driver {
	t.Helper()
	d, err := e.NewDriver(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d.(*Driver)
}

func TestEveryProfileAgainstTheReferenceServer(t *testing.T) {
	lib, left := library(t), leftOut(t)
	for _, p := range factProfiles(t, lib) {
		t.Run(p.Name, func(t *testing.T) {
			for _, args := range [][]string{{"-seed", "1"}, {"-seed", "2", "-invalid", "3"}, {"-seed", "3", "-framing", "rtu"}} {
				server := serveFacts(t, p.Name, args...)
				e := newEngine(t, lib)
				target := server.target(p.Name)
				if args[len(args)-1] == "rtu" {
					target.Protocol = collectors.ModbusRTUOverTCP
				}
				d := newDriver(t, e, target)
				l, err := d.Learn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if l.Identity.Vendor == "" || l.Identity.Model == "" {
					t.Errorf("identity %+v: vendor or model missing", l.Identity)
				}
				before := e.Stats()
				readings, err := d.Read(t.Context(), allGroups(l), nil)
				if err != nil {
					t.Fatal(err)
				}
				if len(readings) != len(l.Points) {
					t.Errorf("%d readings of %d points", len(readings), len(l.Points))
				}
				v, missing := server.compare(t, p, byKey(l, readings), true)
				for _, name := range missing {
					if !left[p.Name+" "+name] {
						t.Errorf("no point shows %s", name)
					}
				}
				if x := e.Stats().Exceptions - before.Exceptions; x > 0 {
					t.Errorf("%d requests refused: the plan does not fit the device", x)
				}
				t.Logf("%v: %d right, %d without a value, %d requests to learn, %d to read", args, v.right, v.marked, before.Requests, e.Stats().Requests-before.Requests)
			}
		})
	}
}

func TestIdentification(t *testing.T) {
	lib := library(t)
	for _, p := range factProfiles(t, lib) {
		t.Run(p.Name, func(t *testing.T) {
			server := serveFacts(t, p.Name)
			target := server.target("")
			d := newDriver(t, newEngine(t, lib), target)
			l, err := d.Learn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if l.Profile != p.Name {
				t.Errorf("taken for %s", l.Profile)
			}
		})
	}
	t.Run("nothing to go by", func(t *testing.T) {
		server := serveFacts(t, "abb-ats022")
		other, err := fs.Sub(profiles.FS, "eastron")
		if err != nil {
			t.Fatal(err)
		}
		eastron, err := profile.Load(other)
		if err != nil {
			t.Fatal(err)
		}
		d := newDriver(t, newEngine(t, eastron), server.target(""))
		if _, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrNoProfile) {
			t.Errorf("got %v, want no profile", err)
		}
	})
}

func TestBadWeather(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for many time-outs")
	}
	lib := library(t)
	weather := [][]string{
		{"-delay", "30ms"},
		{"-late-every", "5", "-late-by", "450ms"},
		{"-drop-every", "7"},
		{"-close-every", "9"},
		{"-busy-every", "4"},
		{"-max-conns", "1"},
		{"-max-conns", "1", "-late-every", "4", "-late-by", "350ms", "-framing", "rtu"},
		{"-drop-every", "3", "-close-every", "5", "-invalid", "2"},
	}
	for _, name := range []string{"janitza-umg604", "deepsea-gencomm", "sunspec-meter-203", "apc-smart-ups"} {
		p, _ := lib.Get(name)
		for _, args := range weather {
			t.Run(name+" "+strings.Join(args, " "), func(t *testing.T) {
				t.Parallel()
				server := serveFacts(t, name, args...)
				e := newEngine(t, lib)
				target := server.target(name)
				target.Timeout = 200 * time.Millisecond
				if args[len(args)-1] == "rtu" {
					target.Protocol = collectors.ModbusRTUOverTCP
				}
				d := newDriver(t, e, target)
				var l *collectors.Learned
				var err error
				for range 10 {
					if l, err = d.Learn(t.Context()); err == nil {
						break
					}
				}
				if err != nil {
					t.Fatalf("never learned: %v", err)
				}
				var sum verdict
				for range 5 {
					readings, err := d.Read(t.Context(), allGroups(l), nil)
					if errors.Is(err, collectors.ErrUnreachable) {
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					v, _ := server.compare(t, p, byKey(l, readings), false)
					sum.right += v.right
					sum.marked += v.marked
				}
				if sum.right == 0 {
					t.Error("not one value")
				}
				t.Logf("%d right, %d marked, %+v", sum.right, sum.marked, e.Stats())
			})
		}
	}
}
