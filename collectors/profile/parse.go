package profile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"go.yaml.in/yaml/v3"
)

// Fault is one mistake in a profile.
type Fault struct {
	File string
	// Line is 1-based; 0 when the fault has no single place.
	Line    int
	Message string
}

// Error prints file:line: message.
func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Faults is a list of mistakes as one error.
type Faults []Fault

// Error prints one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// maxFile bounds a profile file in bytes.
const maxFile = 4 << 20

// Parse reads one profile; every fault found is reported. What needs other
// profiles (extends, fallback) is checked by Load.
func Parse(file string, data []byte) (*Profile, Faults) {
	if len(data) > maxFile {
		return nil, Faults{{file, 0, fmt.Sprintf("larger than %d bytes", maxFile)}}
	}
	p := &Profile{file: file}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var faults Faults
	if err := dec.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		faults = append(faults, yamlFaults(file, err)...)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil || len(root.Content) == 0 {
		if len(faults) == 0 {
			faults = append(faults, Fault{file, 1, "empty profile"})
		}
		return nil, faults
	}
	if !IsProfile(data) {
		return nil, Faults{{file, 1, `not a device profile: the key "profile" is missing`}}
	}
	c := checker{file: file, root: root.Content[0]}
	c.spoilt(faults)
	c.profile(p)
	faults = append(faults, c.faults...)
	sort.SliceStable(faults, func(i, j int) bool { return faults[i].Line < faults[j].Line })
	if len(faults) > 0 {
		return nil, faults
	}
	p.warnings = c.warnings
	p.fillDefaults()
	return p, nil
}

// Warnings tells what is no fault of a profile but seldom meant, with lines.
func (p *Profile) Warnings() Faults { return p.warnings }

var (
	yamlLine     = regexp.MustCompile(`line (\d+): (.*)`)
	unknownField = regexp.MustCompile(`field (\S+) not found( in type (?:profile\.)?(\S+))?`)
)

func yamlFaults(file string, err error) Faults {
	var te *yaml.TypeError
	messages := []string{err.Error()}
	if errors.As(err, &te) {
		messages = te.Errors
	}
	var out Faults
	for _, m := range messages {
		f := Fault{File: file, Message: strings.TrimPrefix(m, "yaml: ")}
		if g := yamlLine.FindStringSubmatch(m); g != nil {
			f.Line, _ = strconv.Atoi(g[1])
			f.Message = g[2]
		}
		if g := unknownField.FindStringSubmatch(f.Message); g != nil {
			f.Message = fmt.Sprintf("unknown key %q", g[1])
			if keys := allowedKeys(g[3]); len(keys) > 0 {
				f.Message += ": known are " + strings.Join(keys, ", ")
			}
		}
		out = append(out, f)
	}
	return out
}

// Library is a set of profiles, ready to use. It does not change.
type Library struct {
	labels     Labels
	labelsOnce sync.Once
	profiles   map[string]*Profile
	names      []string
}

// Origin is where a profile of a Library comes from.
type Origin struct {
	// Layer counts the file systems given to Load, from 0.
	Layer int
	// File is its path there.
	File string
	// Replaces tells that an earlier layer has a profile of the same name.
	Replaces bool
}

// File is a profile file that was read.
type File struct {
	// Name is its path in its folder.
	Name string
	// Place is what faults call it; empty means Name.
	Place string
	Data  []byte
}

// maxFiles bounds the profiles of one folder.
const maxFiles = 5000

// profileKey finds the key by which a file is a device profile.
var profileKey = regexp.MustCompile(`(?m)^(\x{FEFF}|\{\s*)?["']?profile["']?[ \t]*:`)

// IsProfile tells whether a file is meant as a device profile: it says
// "profile:", whatever faults it has beside. A file of another program does not.
// An empty file counts as one that was spoilt.
func IsProfile(data []byte) bool {
	return len(bytes.TrimSpace(data)) == 0 || profileKey.Match(data)
}

// ReadFiles reads the profiles among the *.yaml of a file system, folders named
// testdata and names that begin with a dot left out. place, if not nil, gives
// the Place; other, if not nil, is told the Place of each file that is no
// profile.
func ReadFiles(sys fs.FS, place func(name string) string, other func(place string)) ([]File, error) {
	var out []File
	err := fs.WalkDir(sys, ".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(e.Name(), ".") && file != "."
		if e.IsDir() {
			if hidden || e.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if hidden || path.Ext(file) != ".yaml" {
			return nil
		}
		if len(out) == maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		f := File{Name: file, Place: file}
		if place != nil {
			f.Place = place(file)
		}
		if f.Data, err = readBounded(sys, file); err != nil {
			return err
		}
		if !IsProfile(f.Data) {
			if other != nil {
				other(f.Place)
			}
			return nil
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	return out, nil
}

// readBounded reads a file up to one byte more than a profile may have.
func readBounded(sys fs.FS, file string) ([]byte, error) {
	f, err := sys.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// Load reads the profiles of the file systems. A profile of a later file
// system replaces one of the same name of an earlier one. Any fault refuses
// the whole set.
func Load(systems ...fs.FS) (*Library, error) {
	layers := make([][]File, len(systems))
	for i, sys := range systems {
		var err error
		if layers[i], err = ReadFiles(sys, nil, nil); err != nil {
			return nil, err
		}
	}
	return LoadFiles(layers...)
}

// LoadFiles is Load of files that were read. The error is a Faults.
func LoadFiles(layers ...[]File) (*Library, error) {
	parsed := make([]*Layer, len(layers))
	for i, files := range layers {
		parsed[i] = ParseFiles(files)
	}
	return Link(parsed...)
}

// Layer is files that were parsed, to be linked with those of other layers. It
// does not change and can be used for many libraries.
type Layer struct {
	files []parsedFile
}

type parsedFile struct {
	name, place string
	profile     *Profile
	faults      Faults
}

// ParseFiles parses the files of one folder, several at once.
func ParseFiles(files []File) *Layer {
	l := &Layer{files: make([]parsedFile, len(files))}
	var (
		next atomic.Int64
		wg   sync.WaitGroup
	)
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				x := parsedFile{name: files[i].Name, place: orElse(files[i].Place, files[i].Name)}
				if x.profile, x.faults = Parse(x.place, files[i].Data); x.profile != nil {
					x.profile.digest = sha256.Sum256(files[i].Data)
				}
				l.files[i] = x
			}
		})
	}
	wg.Wait()
	return l
}

// copied returns a profile that linking may change.
func (p *Profile) copied() *Profile {
	c := *p
	c.Identity, c.Groups = maps.Clone(p.Identity), maps.Clone(p.Groups)
	c.Points, c.Controls = slices.Clip(p.Points), slices.Clip(p.Controls)
	return &c
}

// Link makes a library of layers, of which later ones win. The error is a
// Faults.
func Link(layers ...*Layer) (*Library, error) {
	// Those of sets before are not kept; those in use come back with their use.
	patterns.Clear()
	lib := &Library{profiles: map[string]*Profile{}}
	var faults Faults
	spoilt := map[string]bool{}
	for layer, l := range layers {
		seen := map[string]string{}
		for _, file := range l.files {
			faults = append(faults, file.faults...)
			if file.profile == nil {
				spoilt[strings.TrimSuffix(path.Base(file.name), ".yaml")] = true
				continue
			}
			p := file.profile.copied()
			if other, ok := seen[p.Name]; ok {
				faults = append(faults, Fault{file.place, 0, fmt.Sprintf("profile %s is also in %s", p.Name, other)})
			}
			seen[p.Name] = file.place
			_, replaces := lib.profiles[p.Name]
			p.origin = Origin{Layer: layer, File: file.name, Replaces: replaces}
			lib.profiles[p.Name] = p
		}
	}
	for name := range lib.profiles {
		lib.names = append(lib.names, name)
	}
	sort.Strings(lib.names)
	faults = append(faults, lib.link(spoilt)...)
	if len(faults) > 0 {
		return nil, faults
	}
	return lib, nil
}

// link applies extends and fallback. Profiles that are missing because of faults
// of their own are in spoilt.
func (l *Library) link(spoilt map[string]bool) Faults {
	var faults Faults
	const unseen, open, done = 0, 1, 2
	state := map[string]int{}
	var visit func(p *Profile)
	visit = func(p *Profile) {
		state[p.Name] = open
		for _, name := range p.Extends {
			base, ok := l.profiles[name]
			switch {
			case !ok && spoilt[name]:
				continue // its own faults are told
			case !ok:
				faults = append(faults, Fault{p.file, 0, fmt.Sprintf("extends: there is no profile %q", name)})
				continue
			case state[name] == open:
				faults = append(faults, Fault{p.file, 0, fmt.Sprintf("extends: %s and %s extend each other", p.Name, name)})
				continue
			case state[name] == unseen:
				visit(base)
			}
			p.inherit(base)
		}
		for _, name := range p.Fallback {
			base, ok := l.profiles[name]
			if !ok && spoilt[name] {
				continue
			}
			if !ok {
				faults = append(faults, Fault{p.file, 0, fmt.Sprintf("fallback: there is no profile %q", name)})
				continue
			}
			p.fallback = append(p.fallback, base)
		}
		state[p.Name] = done
	}
	for _, name := range l.names {
		if state[name] == unseen {
			visit(l.profiles[name])
		}
	}
	// What is fallen back to is looked at with its own bases taken over.
	for _, name := range l.names {
		p := l.profiles[name]
		sum := sha256.New()
		_, _ = sum.Write(p.digest[:]) // a hash takes everything
		for _, f := range p.fallback {
			_, _ = sum.Write(f.digest[:])
		}
		p.whole = [sha256.Size]byte(sum.Sum(nil))
	}
	if len(faults) == 0 {
		for _, name := range l.names {
			faults = append(faults, l.profiles[name].checkControls()...)
		}
	}
	return faults
}

// Origin tells where a profile of the library comes from.
func (p *Profile) Origin() Origin { return p.origin }

// Changed returns the names of the profiles that l has anew or with another
// content than old, those of what they extend and fall back to included, and
// of the profiles that only old has; sorted.
func (l *Library) Changed(old *Library) []string {
	var out []string
	for name, p := range l.profiles {
		if before, ok := old.profiles[name]; !ok || before.whole != p.whole {
			out = append(out, name)
		}
	}
	for name := range old.profiles {
		if _, ok := l.profiles[name]; !ok {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// inherit takes over from base what p does not say itself.
func (p *Profile) inherit(base *Profile) {
	p.digest = sha256.Sum256(append(p.digest[:], base.digest[:]...))
	p.Base = orElse(p.Base, base.Base)
	for name, f := range base.Identity {
		if _, ok := p.Identity[name]; !ok {
			if p.Identity == nil {
				p.Identity = map[string]IdentityField{}
			}
			p.Identity[name] = f
		}
	}
	for g, t := range base.Groups {
		if _, ok := p.Groups[g]; !ok {
			if p.Groups == nil {
				p.Groups = map[string]Duration{}
			}
			p.Groups[g] = t
		}
	}
	own := map[string]bool{}
	for i := range p.Points {
		own[p.Points[i].Key] = true
	}
	for i := range base.Points {
		if !own[base.Points[i].Key] {
			p.Points = append(p.Points, base.Points[i])
		}
	}
	own = map[string]bool{}
	for i := range p.Controls {
		own[p.Controls[i].Key] = true
	}
	for i := range base.Controls {
		if !own[base.Controls[i].Key] {
			p.Controls = append(p.Controls, base.Controls[i])
		}
	}
}

// fillDefaults gives every point what it does not say itself.
func (p *Profile) fillDefaults() {
	d := p.Defaults
	p.Protocol = orElse(p.Protocol, SNMP)
	for i := range p.Points {
		x := &p.Points[i]
		x.Group = orElse(x.Group, orElse(d.Group, "fast"))
		x.Source = orElse(x.Source, d.Source)
		x.Module, x.FirstUnit = orElse(x.Module, d.Module), orElse(x.FirstUnit, d.FirstUnit)
		if x.Index == nil {
			x.Index = d.Index
		}
		if x.Register != nil {
			x.Table = orElse(x.Table, d.Table)
			x.WordOrder = orElse(x.WordOrder, d.WordOrder)
			x.ByteOrder = orElse(x.ByteOrder, d.ByteOrder)
			if x.Invalid == nil {
				x.Invalid = d.ByType[x.Type]
			}
			for _, r := range x.refs() {
				if r.Register != nil {
					r.Table = orElse(r.Table, x.Table)
				}
			}
		}
		if x.Invalid == nil {
			x.Invalid = d.Invalid
		}
	}
	for i := range p.Controls {
		x := &p.Controls[i]
		x.Source, x.Module, x.FirstUnit = orElse(x.Source, d.Source), orElse(x.Module, d.Module), orElse(x.FirstUnit, d.FirstUnit)
		if x.Index == nil {
			x.Index = d.Index
		}
		if x.Register != nil {
			x.Table = orElse(x.Table, d.Table)
			x.WordOrder, x.ByteOrder = orElse(x.WordOrder, d.WordOrder), orElse(x.ByteOrder, d.ByteOrder)
			for _, r := range x.refs() {
				if r.Register != nil {
					r.Table = orElse(r.Table, x.Table)
				}
			}
		}
	}
	for name, f := range p.Identity {
		if f.Register != nil {
			f.Table = orElse(f.Table, d.Table)
			p.Identity[name] = f
		}
	}
	for i := range p.Device.Require {
		if r := &p.Device.Require[i].Ref; r.Register != nil {
			r.Table = orElse(r.Table, d.Table)
		}
	}
	for i := range p.Device.Blocks {
		p.Device.Blocks[i].Table = orElse(p.Device.Blocks[i].Table, d.Table)
	}
	for i := range p.Match {
		for k := range p.Match[i].Where {
			if r := &p.Match[i].Where[k].Ref; r.Register != nil {
				r.Table = orElse(r.Table, d.Table)
			}
		}
	}
}

// refs lists the neighbouring values that a point looks at when learned.
func (p *Point) refs() []*Ref {
	var out []*Ref
	for i := range p.When {
		out = append(out, &p.When[i].Ref)
	}
	for i := range p.Where {
		out = append(out, &p.Where[i].Ref)
	}
	for i := range p.Select {
		b := p.Select[i].Balance
		if b == nil {
			out = append(out, &p.Select[i].Ref)
			continue
		}
		for k := range b.Sum {
			out = append(out, &b.Sum[k])
		}
		for k := range b.Equals {
			out = append(out, &b.Equals[k])
		}
	}
	if p.LabelFrom != nil {
		out = append(out, p.LabelFrom)
	}
	if p.ValidFrom != nil {
		out = append(out, &p.ValidFrom.Ref)
	}
	if p.StatesFrom != nil {
		out = append(out, &p.StatesFrom.Ref)
	}
	for _, r := range []*LimitRef{p.Limits.LowCritical, p.Limits.LowWarning, p.Limits.HighWarning, p.Limits.HighCritical} {
		if r != nil {
			out = append(out, &r.Ref)
			if r.Enabled != nil {
				out = append(out, &r.Enabled.Ref)
			}
			for i := range r.Where {
				out = append(out, &r.Where[i].Ref)
			}
		}
	}
	return out
}

// Get returns a profile by name.
func (l *Library) Get(name string) (*Profile, bool) {
	p, ok := l.profiles[name]
	return p, ok
}

// Count counts the profiles by what they are there for.
func (l *Library) Count() map[Role]int {
	out := map[Role]int{}
	for _, p := range l.profiles {
		out[p.Role()]++
	}
	return out
}

// All returns the profiles in the order of their names.
func (l *Library) All() []*Profile {
	out := make([]*Profile, len(l.names))
	for i, n := range l.names {
		out[i] = l.profiles[n]
	}
	return out
}
