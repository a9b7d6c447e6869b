package workshop

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// ShelfOptions of a Shelf.
type ShelfOptions struct {
	// BuiltIn are the profiles of the program.
	BuiltIn fs.FS
	// Folders hold the site's own profiles, which replace those before them
	// of the same name. One that does not exist has none.
	Folders []string
	// Kept is the file where the last good set of site profiles is kept, for
	// a start at which the folders are at fault. Empty keeps none.
	Kept string
	// Every is how often the folders are looked at, 1 s when zero. A change
	// counts when two looks saw the same, so that no file is read half
	// written.
	Every time.Duration
	// Changed is told of each new set, with the one before and the names of
	// the profiles that differ.
	Changed func(lib, old *profile.Library, names []string)
	Log     *slog.Logger
}

// Shelf holds the profiles in use and takes over changes of the site's
// folders while the program runs. A set with a fault is refused as a whole:
// the one before stays in use. It is safe for concurrent use.
type Shelf struct {
	opt     ShelfOptions
	current atomic.Pointer[Set]
	refused atomic.Pointer[Refusal]
	taken   atomic.Uint64
	denied  atomic.Uint64

	mu sync.Mutex // one change at a time
	// stamp is that of the folders as they were last taken or refused.
	stamp string
}

// Set is one set of profiles. It does not change.
type Set struct {
	*profile.Library
	// LoadedAt is when it came into use.
	LoadedAt time.Time
	folders  [][]profile.File
}

// Refusal is why the folders as they are now are not in use.
type Refusal struct {
	At time.Time
	// Faults have places; Err is another reason, such as a folder that cannot
	// be read.
	Faults profile.Faults
	Err    error
}

// Error tells the reason with each place.
func (r *Refusal) Error() string {
	if len(r.Faults) > 0 {
		return r.Faults.Error()
	}
	return r.Err.Error()
}

// NewShelf loads the profiles. When the folders are at fault the last good set
// is used, if one was kept: a program that starts anew must not read devices
// by other profiles than before.
func NewShelf(o ShelfOptions) (*Shelf, error) {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Shelf{opt: o}
	s.stamp = s.look()
	folders, err := s.read()
	if err == nil {
		var lib *profile.Library
		if lib, err = s.load(folders); err == nil {
			s.use(lib, folders)
			return s, nil
		}
	}
	kept, keptErr := s.readKept()
	if keptErr != nil {
		return nil, err
	}
	lib, keptErr := s.load(kept)
	if keptErr != nil {
		return nil, err
	}
	s.current.Store(&Set{Library: lib, LoadedAt: time.Now(), folders: kept})
	_ = s.refuse(err) // the set that was kept is in use
	return s, nil
}

// Set returns the profiles in use.
func (s *Shelf) Set() *Set { return s.current.Load() }

// Refused tells why the folders as they are now are not in use; nil when they
// are.
func (s *Shelf) Refused() *Refusal { return s.refused.Load() }

// Counts tells how many sets were taken and refused since the start.
func (s *Shelf) Counts() (taken, refused uint64) { return s.taken.Load(), s.denied.Load() }

// Run looks at the folders until ctx ends.
func (s *Shelf) Run(ctx context.Context) error {
	tick := time.NewTicker(s.opt.Every)
	defer tick.Stop()
	seen := s.look()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// Not while a change is under way: what was looked at before it would
		// be taken for another one.
		s.mu.Lock()
		now := s.look()
		if now == seen && now != s.stamp {
			_ = s.reload(now) // it is kept as the refusal
		}
		s.mu.Unlock()
		seen = now
	}
}

// reload takes the folders as they are; the caller holds mu.
func (s *Shelf) reload(stamp string) error {
	s.stamp = stamp
	folders, err := s.read()
	if err != nil {
		return s.refuse(err)
	}
	lib, err := s.load(folders)
	if err != nil {
		return s.refuse(err)
	}
	s.use(lib, folders)
	return nil
}

func (s *Shelf) refuse(err error) error {
	r := &Refusal{At: time.Now(), Err: err}
	errors.As(err, &r.Faults)
	s.refused.Store(r)
	s.denied.Add(1)
	s.opt.Log.Error("site profiles are refused, those before stay in use: correct or remove what is at fault", "folders", s.opt.Folders, "faults", max(1, len(r.Faults)), "err", err)
	return r
}

// use puts a set into use.
func (s *Shelf) use(lib *profile.Library, folders [][]profile.File) {
	old := s.current.Swap(&Set{Library: lib, LoadedAt: time.Now(), folders: folders})
	s.refused.Store(nil)
	s.taken.Add(1)
	if err := s.keep(folders); err != nil {
		s.opt.Log.Error("the set of site profiles is in use, but not kept for the next start", "err", err)
	}
	if old == nil {
		return
	}
	names := lib.Changed(old.Library)
	s.opt.Log.Info("site profiles taken over", "changed", names)
	if s.opt.Changed != nil {
		s.opt.Changed(lib, old.Library, names)
	}
}

// look returns what tells whether a file has changed: names, sizes and times.
func (s *Shelf) look() string {
	var b bytes.Buffer
	for _, dir := range s.opt.Folders {
		err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && e.Name() == "testdata":
				return fs.SkipDir
			case e.IsDir() || filepath.Ext(file) != ".yaml":
				return nil
			}
			i, err := os.Stat(file) // of what a link leads to
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%q %d %d\n", file, i.Size(), i.ModTime().UnixNano())
			return nil
		})
		if err != nil {
			fmt.Fprintf(&b, "%q %v\n", dir, err)
		}
	}
	return b.String()
}

func (s *Shelf) read() ([][]profile.File, error) {
	out := make([][]profile.File, len(s.opt.Folders))
	for i, dir := range s.opt.Folders {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			// A folder that is away, perhaps for a moment, is not an empty one.
			if x := s.current.Load(); x != nil && len(x.folders[i]) > 0 {
				return nil, fmt.Errorf("folder %s is gone: make it again, empty if its profiles are not wanted any more", dir)
			}
			continue
		}
		files, err := profile.ReadFiles(os.DirFS(dir), func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) })
		if err != nil {
			return nil, err
		}
		out[i] = files
	}
	return out, nil
}

func (s *Shelf) load(folders [][]profile.File) (*profile.Library, error) {
	built, err := profile.ReadFiles(s.opt.BuiltIn, nil)
	if err != nil {
		return nil, err
	}
	return profile.LoadFiles(append([][]profile.File{built}, folders...)...)
}

func (s *Shelf) keep(folders [][]profile.File) error {
	if s.opt.Kept == "" {
		return nil
	}
	data, err := json.Marshal(folders)
	if err != nil {
		return err
	}
	return writeWhole(s.opt.Kept, data)
}

func (s *Shelf) readKept() ([][]profile.File, error) {
	if s.opt.Kept == "" {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(s.opt.Kept)
	if err != nil {
		return nil, err
	}
	var out [][]profile.File
	return out, json.Unmarshal(data, &out)
}

// writeWhole makes the file whole or not at all, and durable.
func writeWhole(name string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error counts
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // a folder of ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ErrNoSiteProfile means that the site has no profile of this name in the
// folder that Put writes to.
var ErrNoSiteProfile = errors.New("the site has no profile of this name")

// Check tells whether the set would be good with a profile as it is in data.
// The error is a profile.Faults where the set is at fault.
func (s *Shelf) Check(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, err := s.with(name, data)
	return err
}

// with returns the set with a profile of the last folder as it is in data, or
// without it when data is nil; the caller holds mu. The name is that of the
// file in the folder.
func (s *Shelf) with(name string, data []byte) (folders [][]profile.File, file string, err error) {
	if folders, err = s.read(); err != nil {
		return nil, "", err
	}
	last := len(folders) - 1
	dir := s.opt.Folders[last]
	at := slices.IndexFunc(folders[last], func(f profile.File) bool { return path.Base(f.Name) == name+".yaml" })
	switch {
	case data == nil && at < 0:
		return nil, "", ErrNoSiteProfile
	case data == nil:
		file = folders[last][at].Name
		folders[last] = slices.Delete(folders[last], at, at+1)
	case at < 0:
		if !profile.ValidName(name) {
			return nil, "", profile.Faults{{File: name + ".yaml", Message: fmt.Sprintf("name %q is not of lower case letters, digits and dashes", name)}}
		}
		file = name + ".yaml"
		folders[last] = append(folders[last], profile.File{Name: file, Place: filepath.Join(dir, file), Data: data})
	default:
		file = folders[last][at].Name
		folders[last][at].Data = data
	}
	_, err = s.load(folders)
	return folders, file, err
}

// Put writes a profile into the last folder and puts the set into use, after
// the whole set was found good.
func (s *Shelf) Put(name string, data []byte) error { return s.change(name, append([]byte{}, data...)) }

// Remove takes a profile out of the last folder, after the set without it was
// found good: what it replaced is in use again.
func (s *Shelf) Remove(name string) error { return s.change(name, nil) }

func (s *Shelf) change(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	folders, file, err := s.with(name, data)
	if err != nil {
		return err
	}
	full := filepath.Join(s.opt.Folders[len(folders)-1], filepath.FromSlash(file))
	if data == nil {
		if err := os.Remove(full); err != nil {
			return err
		}
		if err := syncFolder(filepath.Dir(full)); err != nil {
			return err
		}
	} else if err := writeWhole(full, data); err != nil {
		return err
	}
	if err := s.reload(s.look()); err != nil {
		return fmt.Errorf("the file was changed by somebody else at the same time: %w", err)
	}
	return nil
}

// Own tells whether the last folder has the profile, as it is in use: only
// such a one can be removed by Remove.
func (x *Set) Own(name string) bool {
	p, ok := x.Get(name)
	return ok && len(x.folders) > 0 && p.Origin().Layer == len(x.folders)
}

// Source returns the file that a profile in use was read from.
func (s *Shelf) Source(x *Set, name string) ([]byte, error) {
	p, ok := x.Get(name)
	if !ok {
		return nil, ErrNoSiteProfile
	}
	o := p.Origin()
	if o.Layer == 0 {
		return fs.ReadFile(s.opt.BuiltIn, o.File)
	}
	for _, f := range x.folders[o.Layer-1] {
		if f.Name == o.File {
			return f.Data, nil
		}
	}
	return nil, ErrNoSiteProfile
}

// maxRecordingFile bounds a recording that covers a profile, in bytes.
const maxRecordingFile = 64 << 20

// Recordings applies a profile in use to the recordings beside it: files
// PROFILE.snmprec, PROFILE~VARIANT.modbus … in the folder testdata.
func (s *Shelf) Recordings(x *Set, name string) ([]*profile.Device, error) {
	p, ok := x.Get(name)
	if !ok {
		return nil, ErrNoSiteProfile
	}
	o := p.Origin()
	sys := s.opt.BuiltIn
	if o.Layer > 0 {
		sys = os.DirFS(s.opt.Folders[o.Layer-1])
	}
	dir := path.Join(path.Dir(o.File), "testdata")
	entries, err := fs.ReadDir(sys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var out []*profile.Device
	for _, e := range entries {
		if RecordingOf(e.Name()) != name || e.IsDir() {
			continue
		}
		if i, err := e.Info(); err != nil || i.Size() > maxRecordingFile {
			return nil, cmp.Or(err, fmt.Errorf("%s is larger than %d bytes", e.Name(), maxRecordingFile))
		}
		data, err := fs.ReadFile(sys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		d, err := Apply(x.Library, name, e.Name(), data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		out = append(out, d)
	}
	return out, nil
}
