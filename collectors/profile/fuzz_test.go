package profile_test

import (
	"bytes"
	"io/fs"
	"math"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// FuzzLoad feeds arbitrary YAML to the loader: it reports faults and never
// panics.
func FuzzLoad(f *testing.F) {
	files, err := fs.Glob(profiles.FS, "*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(profiles.FS, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("profile: x\nkind: pdu\nsource: s\nmatch: [{sysDescr: '('}]\npoints: [{key: a, class: power, oid: 1.3}]\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: data}})
		if err != nil {
			return
		}
		for _, p := range lib.All() {
			p.Needs("")
			_, _ = p.Resolve(&profile.Recording{})
		}
	})
}

// FuzzRecording reads arbitrary text as a recording; what is read must
// resolve without a panic.
func FuzzRecording(f *testing.F) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.318\n1.3.6.1.2.1.33.1.2.4.0|2|98\n"))
	f.Add([]byte("1.3.6.1.2.1.33.1.4.4.1.3.1|4x|00ff\n1.3|68|zz\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		rec, err := profile.ReadRecording(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, c := range lib.MatchSNMP(rec) {
			if d, err := c.Profile.Resolve(rec); err == nil {
				d.Readings()
			}
		}
	})
}

// FuzzDecode gives every point of a PDU and a UPS arbitrary raw values: good
// values are finite numbers.
func FuzzDecode(f *testing.F) {
	var points []profile.Resolved
	for _, name := range []string{"apc/testdata/apc-rpdu2", "raritan/testdata/raritan-pdu2", "generic/testdata/ups-mib", "eaton/testdata/eaton-epdu"} {
		points = append(points, device(f, name).Points...)
	}
	f.Add(0, uint8(1), int64(42), 1.5, []byte("23.4 C"))
	f.Add(7, uint8(3), int64(-1), math.Inf(1), []byte{0xff, 0, 1, 2})
	f.Fuzz(func(t *testing.T, at int, kind uint8, i int64, x float64, b []byte) {
		p := points[uint(at)%uint(len(points))]
		raw := profile.Raw{Kind: profile.RawKind(kind % 6), Int: i, Uint: uint64(i), Float: x, Bytes: b}
		for _, raws := range [][]profile.Raw{nil, {raw}, {raw, raw}, {raw, raw, raw}} {
			v, q := p.Decode(raws)
			if q == models.Good && (math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Errorf("%s: %v from %+v", p.Spec.Key, v, raws)
			}
		}
	})
}

// device resolves the built-in profile of a recording.
func device(tb testing.TB, file string) *profile.Device {
	tb.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := fs.ReadFile(profiles.FS, file+".snmprec")
	if err != nil {
		tb.Fatal(err)
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	name, _, _ := strings.Cut(path.Base(file), "~")
	p, ok := lib.Get(name)
	if !ok {
		tb.Fatalf("there is no profile %q", name)
	}
	d, err := p.Resolve(rec)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// TestDecodeAllocates holds decoding of plain numbers free of allocations.
func TestDecodeAllocates(t *testing.T) {
	for _, p := range device(t, "apc/testdata/apc-rpdu2").Points {
		if len(p.Extra) > 0 {
			continue
		}
		raws := []profile.Raw{{Kind: profile.Int, Int: 412}}
		if n := testing.AllocsPerRun(100, func() { p.Decode(raws) }); n > 0 {
			t.Fatalf("%s: %v allocations for each value", p.Spec.Key, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	points := device(b, "apc/testdata/apc-rpdu2").Points
	raws := []profile.Raw{{Kind: profile.Int, Int: 412}, {Kind: profile.Int, Int: 2}}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		points[n%len(points)].Decode(raws)
		n++
	}
}

func BenchmarkResolve(b *testing.B) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		b.Fatal(err)
	}
	data, err := fs.ReadFile(profiles.FS, "raritan/testdata/raritan-pdu2.snmprec")
	if err != nil {
		b.Fatal(err)
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	p, _ := lib.Get("raritan-pdu2")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Resolve(rec); err != nil {
			b.Fatal(err)
		}
	}
}
