package workshop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
)

// shelfProfile is a profile of one reading with a scale.
func shelfProfile(name, scale, extra string) []byte {
	return []byte("profile: " + name + "\nkind: meter\nsource: A\nmatch: [{sysObjectID: [1.3.6.1.4.1.99999.7]}]\n" + extra +
		"points:\n  - {key: input/voltage, class: voltage, unit: V, scale: " + scale + ", oid: 1.3.6.1.4.1.99999.7.1.0, source: v}\n")
}

func openShelf(t *testing.T, dir string, changed func(names []string)) *workshop.Shelf {
	t.Helper()
	s, err := workshop.NewShelf(workshop.ShelfOptions{
		BuiltIn: fstest.MapFS{
			"v/meter-a.yaml":             {Data: shelfProfile("meter-a", "1", "")},
			"v/meter-b.yaml":             {Data: shelfProfile("meter-b", "1", "fallback: [meter-a]\n")},
			"v/meter-c.yaml":             {Data: shelfProfile("meter-c", "1", "")},
			"v/testdata/meter-a.snmprec": {Data: []byte("1.3.6.1.4.1.99999.7.1.0|2|5\n")},
		},
		Folders: []string{filepath.Join(dir, "first"), filepath.Join(dir, "own")}, Kept: filepath.Join(dir, "kept"), Every: 10 * time.Millisecond,
		Changed: func(_, _ *profile.Library, names []string) {
			if changed != nil {
				changed(names)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scaleOf(t *testing.T, s *workshop.Shelf, name string) float64 {
	t.Helper()
	p, ok := s.Set().Get(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return *p.Points[0].Scale
}

func TestShelfPutAndRemove(t *testing.T) {
	dir := t.TempDir()
	var changes [][]string
	s := openShelf(t, dir, func(names []string) { changes = append(changes, names) })
	if err := s.Put("meter-a", shelfProfile("meter-a", "2", "")); err != nil {
		t.Fatal(err)
	}
	if got := scaleOf(t, s, "meter-a"); got != 2 || !s.Set().Own("meter-a") || s.Set().Own("meter-b") {
		t.Errorf("scale %v, own %v", got, s.Set().Own("meter-a"))
	}
	if data, err := s.Source(s.Set(), "meter-a"); err != nil || string(data) != string(shelfProfile("meter-a", "2", "")) {
		t.Errorf("source: %s, %v", data, err)
	}

	// What is at fault is refused with its line, and nothing is written.
	for name, x := range map[string]struct {
		profile string
		data    []byte
		says    string
	}{
		"a scale that is no number": {"meter-a", shelfProfile("meter-a", "ten", ""), "meter-a.yaml:6:"},
		"another name":              {"meter-a", shelfProfile("meter-b", "1", ""), "meter-a.yaml:1:"},
		"a base that is not there":  {"meter-d", shelfProfile("meter-d", "1", "extends: [nowhere]\n"), "there is no profile \"nowhere\""},
		"a way out of the folder":   {"../meter-d", shelfProfile("meter-d", "1", ""), "lower case letters"},
		"an empty file":             {"meter-d", []byte{}, "empty profile"},
	} {
		for what, err := range map[string]error{"check": s.Check(x.profile, x.data), "put": s.Put(x.profile, x.data)} {
			var faults profile.Faults
			if !errors.As(err, &faults) || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	if len(files) != 1 || scaleOf(t, s, "meter-a") != 2 {
		t.Errorf("files %v, scale %v", files, scaleOf(t, s, "meter-a"))
	}

	// A profile that others extend cannot be taken away from them.
	if err := s.Put("meter-d", shelfProfile("meter-d", "3", "")); err != nil {
		t.Fatal(err)
	}
	if err := s.Put("meter-e", shelfProfile("meter-e", "4", "extends: [meter-d]\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("meter-d"); err == nil || !strings.Contains(err.Error(), "meter-e.yaml") {
		t.Errorf("removed what meter-e extends: %v", err)
	}
	if err := s.Remove("meter-c"); !errors.Is(err, workshop.ErrNoSiteProfile) {
		t.Errorf("removed a built-in profile: %v", err)
	}
	if err := s.Remove("meter-a"); err != nil || scaleOf(t, s, "meter-a") != 1 {
		t.Errorf("after the removal: %v, scale %v", err, scaleOf(t, s, "meter-a"))
	}
	// meter-b falls back to meter-a, so it changes with it; meter-c never does.
	want := [][]string{{"meter-a", "meter-b"}, {"meter-d"}, {"meter-e"}, {"meter-a", "meter-b"}}
	if !slices.EqualFunc(changes, want, slices.Equal[[]string]) {
		t.Errorf("changes %v, want %v", changes, want)
	}
}

func TestShelfFollowsItsFolders(t *testing.T) {
	dir := t.TempDir()
	own, first := filepath.Join(dir, "own", "sub", "meter-a.yaml"), filepath.Join(dir, "first", "meter-a.yaml")
	write := func(file string, data []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := openShelf(t, dir, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not within 5 s: %s", what)
			}
		}
	}
	write(first, shelfProfile("meter-a", "2", ""))
	wait("the first folder is taken", func() bool { return scaleOf(t, s, "meter-a") == 2 })
	write(own, shelfProfile("meter-a", "3", ""))
	write(filepath.Join(dir, "own", ".meter-a.yaml"), []byte("half of"))
	write(filepath.Join(dir, "own", "testdata", "x.yaml"), []byte("no profile"))
	wait("the folder that is named last wins", func() bool { return scaleOf(t, s, "meter-a") == 3 })
	write(own, []byte("profile: meter-a\nkind: [\n"))
	wait("a broken file is refused", func() bool { return s.Refused() != nil })
	if got := scaleOf(t, s, "meter-a"); got != 3 || !strings.Contains(s.Refused().Error(), own+":") {
		t.Errorf("scale %v, refusal %v", got, s.Refused())
	}
	// Another profile cannot be put beside it, but the broken one be replaced.
	if err := s.Put("meter-d", shelfProfile("meter-d", "1", "")); err == nil {
		t.Error("a profile was put beside a broken one")
	}

	// A program that starts now takes the last good set.
	again := openShelf(t, dir, nil)
	if got := scaleOf(t, again, "meter-a"); got != 3 || again.Refused() == nil {
		t.Errorf("after a start: scale %v, refusal %v", got, again.Refused())
	}

	if err := s.Put("meter-a", shelfProfile("meter-a", "4", "")); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(own); err != nil || !strings.Contains(string(data), "scale: 4") {
		t.Errorf("the file in its place: %s, %v", data, err)
	}
	if s.Refused() != nil || scaleOf(t, s, "meter-a") != 4 {
		t.Errorf("refused %v, scale %v", s.Refused(), scaleOf(t, s, "meter-a"))
	}

	// A folder that is away is not an empty one.
	if err := os.Rename(filepath.Join(dir, "own"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	wait("the folder is missed", func() bool { return s.Refused() != nil && strings.Contains(s.Refused().Error(), "is gone") })
	if got := scaleOf(t, s, "meter-a"); got != 4 {
		t.Errorf("scale %v without the folder", got)
	}
	if err := os.Mkdir(filepath.Join(dir, "own"), 0o700); err != nil {
		t.Fatal(err)
	}
	wait("an empty folder counts", func() bool { return s.Refused() == nil && scaleOf(t, s, "meter-a") == 2 })
}

func TestShelfRecordings(t *testing.T) {
	s := openShelf(t, t.TempDir(), nil)
	list, err := s.Recordings(s.Set(), "meter-a")
	if err != nil || len(list) != 1 || len(list[0].Points) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := s.Recordings(s.Set(), "meter-b"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
