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
	// Parsed is what BuiltIn holds, where it was parsed before.
	Parsed *profile.Layer
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
	builtIn *profile.Layer
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

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Err }

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
	s := &Shelf{opt: o, builtIn: o.Parsed}
	if s.builtIn == nil {
		built, err := profile.ReadFiles(o.BuiltIn, nil, nil)
		if err != nil {
			return nil, err
		}
		s.builtIn = profile.ParseFiles(built)
	}
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
		files, err := profile.ReadFiles(os.DirFS(dir), func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) },
			func(file string) {
				s.opt.Log.Warn("not a device profile, passed over: it has no key profile", "file", file)
			})
		if err != nil {
			return nil, err
		}
		out[i] = files
	}
	return out, nil
}

func (s *Shelf) load(folders [][]profile.File) (*profile.Library, error) {
	layers := []*profile.Layer{s.builtIn}
	for _, files := range folders {
		layers = append(layers, profile.ParseFiles(files))
	}
	return profile.Link(layers...)
}

// keptFolder is a folder as it was when the set was last good.
type keptFolder struct {
	Path  string         `json:"path"`
	Files []profile.File `json:"files"`
}

func (s *Shelf) keep(folders [][]profile.File) error {
	if s.opt.Kept == "" {
		return nil
	}
	kept := make([]keptFolder, len(folders))
	for i, files := range folders {
		kept[i] = keptFolder{Path: filepath.Clean(s.opt.Folders[i]), Files: files}
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return writeWhole(s.opt.Kept, data)
}

// readKept returns what was kept of the folders that there are now; one that
// there was not has nothing.
func (s *Shelf) readKept() ([][]profile.File, error) {
	if s.opt.Kept == "" {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(s.opt.Kept)
	if err != nil {
		return nil, err
	}
	var kept []keptFolder
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.opt.Kept, err)
	}
	out := make([][]profile.File, len(s.opt.Folders))
	for i, dir := range s.opt.Folders {
		for _, k := range kept {
			if k.Path == filepath.Clean(dir) {
				out[i] = k.Files
			}
		}
	}
	return out, nil
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
	_, err := s.with(name, data)
	return err
}

// ErrOnDisk means that a change was refused after all, but that its file could
// not be put back as it was.
var ErrOnDisk = errors.New("it is written to the folder, but not in use")

// plan is a change of one profile of the last folder that was found good.
type plan struct {
	// file is its path in the folder.
	file string
	// before and after are what it holds; nil where there is none.
	before, after []byte
	folders       [][]profile.File
	lib           *profile.Library
}

// with plans a profile of the last folder as it is in data, or its removal when
// data is nil; the caller holds mu. The name is that of the file in the folder.
func (s *Shelf) with(name string, data []byte) (plan, error) {
	folders, err := s.read()
	if err != nil {
		return plan{}, err
	}
	p := plan{folders: folders, after: data}
	last := len(folders) - 1
	dir := s.opt.Folders[last]
	at := slices.IndexFunc(folders[last], func(f profile.File) bool { return path.Base(f.Name) == name+".yaml" })
	if at >= 0 {
		p.file, p.before = folders[last][at].Name, folders[last][at].Data
	}
	switch {
	case data == nil && at < 0:
		return plan{}, ErrNoSiteProfile
	case data == nil:
		folders[last] = slices.Delete(folders[last], at, at+1)
	case at < 0:
		if !profile.ValidName(name) {
			return plan{}, profile.Faults{{File: name + ".yaml", Message: fmt.Sprintf("name %q is not of lower case letters, digits and dashes", name)}}
		}
		p.file = name + ".yaml"
		folders[last] = append(folders[last], profile.File{Name: p.file, Place: filepath.Join(dir, p.file), Data: data})
	default:
		folders[last][at].Data = data
	}
	p.lib, err = s.load(folders)
	return p, err
}

// Put writes a profile into the last folder and puts the set into use, after
// the whole set was found good. On an error nothing is changed, except on an
// ErrOnDisk.
func (s *Shelf) Put(name string, data []byte) error { return s.change(name, append([]byte{}, data...)) }

// Remove takes a profile out of the last folder, after the set without it was
// found good: what it replaced is in use again. Its errors are those of Put.
func (s *Shelf) Remove(name string) error { return s.change(name, nil) }

func (s *Shelf) change(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.with(name, data)
	if err != nil {
		return err
	}
	full := s.full(p.file)
	if err := put(full, p.after); err != nil {
		return s.undo(full, p, err)
	}
	return s.take(p)
}

// full is where a file of the last folder is.
func (s *Shelf) full(file string) string {
	return filepath.Join(s.opt.Folders[len(s.opt.Folders)-1], filepath.FromSlash(file))
}

// put makes a file hold data, or not be there when data is nil.
func put(full string, data []byte) error {
	if data != nil {
		return writeWhole(full, data)
	}
	if err := os.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(filepath.Dir(full))
}

// take puts a plan whose file was written into use; the caller holds mu. When
// somebody else changed the folders meanwhile, what they hold now counts.
func (s *Shelf) take(p plan) error {
	full := s.full(p.file)
	stamp := s.look()
	folders, err := s.read()
	if err == nil && slices.EqualFunc(folders, p.folders, sameFiles) {
		s.stamp = stamp
		s.use(p.lib, folders)
		return nil
	}
	err = s.reload(stamp)
	now, readErr := contents(full)
	switch {
	case readErr == nil && !same(now, p.after):
		return errors.Join(errors.New("the file was changed by somebody else at the same time"), err)
	case err != nil:
		return s.undo(full, p, fmt.Errorf("the folders were changed by somebody else at the same time: %w", err))
	}
	return nil
}

// undo puts the file of a plan that failed because of err back; the caller
// holds mu.
func (s *Shelf) undo(full string, p plan, err error) error {
	now, readErr := contents(full)
	if readErr == nil && !same(now, p.after) {
		return err // it was not written, or is somebody else's by now
	}
	if back := put(full, p.before); back != nil {
		return fmt.Errorf("%w: %w (put back: %w)", ErrOnDisk, err, back)
	}
	_ = s.reload(s.look()) // it is kept as the refusal
	return err
}

// contents reads a file, nil when there is none.
func contents(full string) ([]byte, error) {
	data, err := os.ReadFile(full) //nolint:gosec // callers keep it inside a folder of profiles
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// same compares contents; none is not the same as empty.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// sameFiles compares files of a folder, whatever their order.
func sameFiles(a, b []profile.File) bool {
	if len(a) != len(b) {
		return false
	}
	of := make(map[string][]byte, len(a))
	for _, f := range a {
		of[f.Name] = f.Data
	}
	for _, f := range b {
		if data, ok := of[f.Name]; !ok || !bytes.Equal(data, f.Data) {
			return false
		}
	}
	return true
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
