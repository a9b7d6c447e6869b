package workshop

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

const smallMeter = `profile: NAME
kind: meter
source: A
match: [{sysObjectID: [1.3.6.1.4.1.99999.7]}]
points:
  - {key: input/voltage, class: voltage, unit: V, scale: SCALE, oid: 1.3.6.1.4.1.99999.7.1.0, source: v}
`

func meter(name, scale string) []byte {
	return []byte(strings.NewReplacer("NAME", name, "SCALE", scale).Replace(smallMeter))
}

// A change that loses a race with somebody who writes to the folder leaves the
// file as it was, and the fault is told as such.
func TestChangeThatLosesARace(t *testing.T) {
	for what, x := range map[string]struct {
		before, after []byte
	}{
		"replaced": {meter("meter-a", "2"), meter("meter-a", "3")},
		"new":      {nil, meter("meter-a", "3")},
		"removed":  {meter("meter-a", "2"), nil},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			full := filepath.Join(dir, "meter-a.yaml")
			if x.before != nil {
				if err := os.WriteFile(full, x.before, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := NewShelf(ShelfOptions{BuiltIn: fstest.MapFS{"meter-b.yaml": {Data: meter("meter-b", "1")}}, Folders: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			inUse := s.Set()
			s.mu.Lock()
			defer s.mu.Unlock()
			p, err := s.with("meter-a", x.after)
			if err != nil {
				t.Fatal(err)
			}
			if err := put(full, p.after); err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(dir, "meter-c.yaml")
			if err := os.WriteFile(other, meter("meter-c", "ten"), 0o600); err != nil {
				t.Fatal(err)
			}
			err = s.take(p)
			var faults profile.Faults
			if !errors.As(err, &faults) || faults[0].File != other || errors.Is(err, ErrOnDisk) {
				t.Errorf("error %v", err)
			}
			if now, err := contents(full); err != nil || !same(now, x.before) {
				t.Errorf("the file is %q, %v", now, err)
			}
			if s.Set() != inUse || s.Refused() == nil {
				t.Errorf("another set is in use, refusal %v", s.Refused())
			}
		})
	}
}

// When somebody else wrote the very file, theirs stays.
func TestChangeOfAFileThatSomebodyElseWrote(t *testing.T) {
	dir := t.TempDir()
	s, err := NewShelf(ShelfOptions{BuiltIn: fstest.MapFS{}, Folders: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.with("meter-a", meter("meter-a", "3"))
	if err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "meter-a.yaml")
	if err := os.WriteFile(full, meter("meter-a", "4"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.take(p); err == nil || !strings.Contains(err.Error(), "by somebody else") {
		t.Errorf("error %v", err)
	}
	if got, _ := s.Set().Get("meter-a"); got == nil || *got.Points[0].Scale != 4 {
		t.Errorf("in use: %v", got)
	}
}

// The set that is used at a start at which the folders are at fault was kept
// by a program with other folders.
func TestKeptSetOfOtherFolders(t *testing.T) {
	dir := t.TempDir()
	first, own := filepath.Join(dir, "first"), filepath.Join(dir, "own")
	for file, data := range map[string][]byte{filepath.Join(own, "meter-a.yaml"): meter("meter-a", "2"), filepath.Join(first, "meter-b.yaml"): meter("meter-b", "ten")} {
		if err := writeWhole(file, data); err != nil {
			t.Fatal(err)
		}
	}
	o := ShelfOptions{BuiltIn: fstest.MapFS{}, Folders: []string{own}, Kept: filepath.Join(dir, "kept")}
	if _, err := NewShelf(o); err != nil {
		t.Fatal(err)
	}
	o.Folders = []string{first, own}
	s, err := NewShelf(o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Refused() == nil || !s.Set().Own("meter-a") {
		t.Errorf("refused %v, own %v", s.Refused(), s.Set().Own("meter-a"))
	}
	if data, err := s.Source(s.Set(), "meter-a"); err != nil || string(data) != string(meter("meter-a", "2")) {
		t.Errorf("source %q, %v", data, err)
	}
	if err := s.Check("meter-a", meter("meter-a", "3")); err == nil {
		t.Error("a folder at fault was found good")
	}
	if err := os.RemoveAll(first); err != nil {
		t.Fatal(err)
	}
	if err := s.Put("meter-a", meter("meter-a", "3")); err != nil {
		t.Errorf("after the folder at fault is gone: %v", err)
	}
}
