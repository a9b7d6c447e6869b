package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// SiteProfiles are the folders of the site's own profiles, those that win
// last: that of the setting, if any, and that of the data folder, which the
// program itself writes to.
func SiteProfiles(cfg *configs.Config) []string {
	own := filepath.Join(cfg.DataDir, "profiles")
	if cfg.ProfilesDir == "" || filepath.Clean(cfg.ProfilesDir) == filepath.Clean(own) {
		return []string{own}
	}
	return []string{cfg.ProfilesDir, own}
}

// newShelf loads the profiles.
func (a *App) newShelf() (*workshop.Shelf, error) {
	cfg := a.opt.Config
	if cfg.ProfilesDir != "" {
		if _, err := os.Stat(cfg.ProfilesDir); err != nil {
			return nil, fmt.Errorf("profiles_dir: %w", err)
		}
	}
	own, err := builtIn()
	if err != nil {
		return nil, err
	}
	return workshop.NewShelf(workshop.ShelfOptions{
		BuiltIn: profiles.FS, Parsed: own, Folders: SiteProfiles(cfg), Kept: filepath.Join(cfg.DataDir, "profiles.kept.json"), Log: a.log,
		Changed: a.profilesChanged,
	})
}

// profilesChanged has the devices learned anew that the change may concern:
// those read by a profile that differs, those that had none, and SNMP devices
// that may be of a family that is recognised in another way than before. Modbus
// devices that were identified as something else are looked at in their turn.
func (a *App) profilesChanged(lib, old *profile.Library, names []string) {
	a.engines.SetLibrary(lib)
	if r := a.traps.Load(); r != nil {
		r.SetLibrary(lib)
	}
	ctx := context.Background()
	changed := make(map[string]bool, len(names))
	var recognised []*profile.Profile
	for _, name := range names {
		changed[name] = true
		if p, ok := lib.Get(name); ok {
			if before, ok := old.Get(name); !ok || !p.RecognisesAs(before) {
				recognised = append(recognised, p)
			}
		}
	}
	said := map[models.DeviceID]models.LearnedFacts{}
	devices, err := a.inventory.Polled(system(ctx), nil)
	if err != nil {
		a.log.ErrorContext(ctx, "devices that new profiles may fit are not looked for", "err", err)
	}
	for _, d := range devices {
		said[d.ID] = d.LearnedFacts
	}
	n := a.manager.Relearn(func(t collectors.Target, h collectors.Health) bool {
		if changed[h.Profile] || changed[t.Profile] || h.State == collectors.StateNoProfile || h.State == collectors.StateLearning {
			return true
		}
		if t.Profile != "" {
			return false
		}
		facts := said[t.Device]
		for _, p := range recognised {
			if p.MayFit(facts.SysObjectID, facts.SysDescr) {
				return true
			}
		}
		return false
	})
	a.log.InfoContext(ctx, "devices are learned anew because of their profiles", "devices", n)
}

// coverage keeps what recordings cover of the profiles of one set.
type coverage struct {
	mu    sync.Mutex
	of    *workshop.Set
	known map[string]covered
}

// covered is what the recordings of a profile cover of it.
type covered struct {
	points     []profile.PointCoverage
	recordings int
	err        error
}

// get counts what recordings cover, once for a set.
func (c *coverage) get(shelf *workshop.Shelf, set *workshop.Set, name string) covered {
	c.mu.Lock()
	if c.of != set {
		c.of, c.known = set, map[string]covered{}
	}
	x, ok := c.known[name]
	c.mu.Unlock()
	if ok {
		return x
	}
	p, _ := set.Get(name)
	devices, err := shelf.Recordings(set, name)
	x = covered{points: profile.Coverage(p, devices...), recordings: len(devices), err: err}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == set {
		c.known[name] = x
	}
	return x
}

// peek is get without counting.
func (c *coverage) peek(set *workshop.Set, name string) (covered, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.known[name]
	return x, ok && c.of == set
}

// countCoverage counts all profiles in the background each time that somebody
// wants it; what is known already costs nothing.
func (b *bench) countCoverage(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.counting:
		}
		set := b.app.profiles.Set()
		for _, p := range set.All() {
			if ctx.Err() != nil || b.app.profiles.Set() != set {
				break
			}
			b.coverage.get(b.app.profiles, set, p.Name)
		}
	}
}

func titleOf(p *profile.Profile) string {
	if p.Title != "" {
		return p.Title
	}
	return p.Name
}

// users counts, of the devices that who asks may see, those that are read by
// each profile.
func (b *bench) users(ctx context.Context) (map[string][]models.DeviceID, error) {
	devices, err := b.app.inventory.Polled(system(ctx), nil)
	if err != nil {
		return nil, err
	}
	who, _ := access.From(ctx)
	out := map[string][]models.DeviceID{}
	for _, d := range devices {
		if !who.CanSite(access.ReadFacility, d.SiteID) {
			continue
		}
		if h, ok := b.app.manager.DeviceHealth(d.ID); ok && h.Profile != "" {
			out[h.Profile] = append(out[h.Profile], d.ID)
		}
	}
	return out, nil
}

func (b *bench) summary(set *workshop.Set, p *profile.Profile, devices int) apigen.ProfileSummary {
	o := p.Origin()
	out := apigen.ProfileSummary{
		Name: p.Name, Title: titleOf(p), Kind: p.Kind, Protocol: apigen.ProfileSummaryProtocol(p.Protocol), Products: []apigen.Product{}, ObjectIds: []string{}, Source: p.Source,
		Origin: "built-in", Replaces: o.Replaces, Own: set.Own(p.Name), Abstract: p.Abstract, Synthetic: p.Synthetic, Points: len(p.Points), Devices: devices,
	}
	if o.Layer > 0 {
		out.Origin = "site"
	}
	for _, x := range p.Products {
		out.Products = append(out.Products, apigen.Product{Vendor: x.Vendor, Model: x.Model})
	}
	for _, m := range p.Match {
		for _, id := range m.SysObjectID {
			if !slices.Contains(out.ObjectIds, id) {
				out.ObjectIds = append(out.ObjectIds, id)
			}
		}
	}
	if c, ok := b.coverage.peek(set, p.Name); ok && c.err == nil {
		n := 0
		for _, x := range c.points {
			if x.Readings > 0 {
				n++
			}
		}
		out.Covered = &n
	}
	return out
}

// Profiles lists the profiles in use.
func (b *bench) Profiles(ctx context.Context) (apigen.ProfileList, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return apigen.ProfileList{}, err
	}
	users, err := b.users(ctx)
	if err != nil {
		return apigen.ProfileList{}, err
	}
	select {
	case b.counting <- struct{}{}:
	default: // asked already
	}
	set := b.app.profiles.Set()
	out := apigen.ProfileList{Items: []apigen.ProfileSummary{}, LoadedAt: set.LoadedAt.UTC()}
	for _, p := range set.All() {
		out.Items = append(out.Items, b.summary(set, p, len(users[p.Name])))
	}
	if r := b.app.profiles.Refused(); r != nil {
		x := apigen.ProfileRefusal{At: r.At.UTC(), Faults: faultsOf(ctx, r)}
		out.Refused = &x
	}
	return out, nil
}

// faultsOf lists the faults of an error. Whole paths are for who may edit
// profiles.
func faultsOf(ctx context.Context, err error) []apigen.ProfileFault {
	var faults profile.Faults
	out := []apigen.ProfileFault{}
	who, _ := access.From(ctx)
	if !errors.As(err, &faults) {
		if who.Can(access.EditProfiles) {
			return append(out, apigen.ProfileFault{Message: err.Error()})
		}
		return append(out, apigen.ProfileFault{Message: "the folder of site profiles cannot be read"})
	}
	for _, f := range faults {
		x := apigen.ProfileFault{File: f.File, Message: f.Message}
		if !who.Can(access.EditProfiles) {
			x.File = filepath.Base(f.File)
		}
		if f.Line > 0 {
			x.Line = &f.Line
		}
		out = append(out, x)
	}
	return out
}

// Profile tells of one profile, and what covers its points.
func (b *bench) Profile(ctx context.Context, name string) (apigen.ProfileDetail, error) {
	var out apigen.ProfileDetail
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return out, err
	}
	set := b.app.profiles.Set()
	p, ok := set.Get(name)
	if !ok {
		return out, fault.NotFound("profile", name)
	}
	users, err := b.users(ctx)
	if err != nil {
		return out, err
	}
	c := b.coverage.get(b.app.profiles, set, name)
	out = apigen.ProfileDetail{
		Summary: b.summary(set, p, len(users[name])), Extends: append([]string{}, p.Extends...), Fallback: append([]string{}, p.Fallback...),
		Matches: []string{}, Readings: make([]apigen.ProfilePoint, len(p.Points)),
	}
	if c.err == nil {
		out.Recordings = &c.recordings
	} else {
		text := c.err.Error()
		if who, _ := access.From(ctx); !who.Can(access.EditProfiles) {
			text = "they cannot be read"
		}
		out.RecordingsError = &text
	}
	for i := range p.Match {
		out.Matches = append(out.Matches, p.Match[i].String())
	}
	recorded := map[string]profile.PointCoverage{}
	for _, x := range c.points {
		recorded[x.Place+" "+x.Key] = x
	}
	seen := b.seen(p, users[name])
	for i := range p.Points {
		out.Readings[i] = profilePoint(&p.Points[i])
		if x, ok := recorded[p.Points[i].Place()]; ok && c.err == nil {
			out.Readings[i].Recorded, out.Readings[i].RecordedGood = &x.Readings, &x.Good
		}
		out.Readings[i].Seen = seen[i]
	}
	if r := b.app.profiles.Refused(); r != nil {
		var faults []apigen.ProfileFault
		for _, f := range faultsOf(ctx, r) {
			if filepath.Base(f.File) == name+".yaml" {
				faults = append(faults, f)
			}
		}
		if len(faults) > 0 {
			out.Faults = &faults
		}
	}
	return out, nil
}

func profilePoint(x *profile.Point) apigen.ProfilePoint {
	out := apigen.ProfilePoint{
		Key: x.Key, Label: optional(x.Label), Class: string(x.Class), Unit: x.Unit, Scale: 1, Offset: x.Offset, Group: x.Group, Source: x.Source,
		Place: strings.TrimSuffix(x.Place(), " "+x.Key), Limits: x.Limits != (profile.LimitRefs{}),
	}
	if x.Scale != nil {
		out.Scale = *x.Scale
	}
	return out
}

// seen counts for each point of a profile the devices that give a good value
// for it now, by the object or register that was read.
func (b *bench) seen(p *profile.Profile, devices []models.DeviceID) []int {
	out := make([]int, len(p.Points))
	exact, columns := map[string][]int{}, map[string][]int{}
	for i := range p.Points {
		x := &p.Points[i]
		if x.Column != "" {
			columns[x.Column] = append(columns[x.Column], i)
		} else {
			place := strings.TrimSuffix(x.Place(), " "+x.Key)
			exact[place] = append(exact[place], i)
		}
	}
	for _, d := range devices {
		points := b.app.inventory.Catalog().Device(d)
		ids := make([]models.PointID, len(points))
		for i, x := range points {
			ids[i] = x.ID
		}
		found := map[int]bool{}
		for i, v := range b.app.live.Get(ids) {
			if v.Quality != models.Good {
				continue
			}
			source := points[i].Source
			for _, n := range exact[source] {
				found[n] = true
			}
			for at := len(source); at > 0; at = strings.LastIndexByte(source[:at], '.') {
				for _, n := range columns[source[:at]] {
					found[n] = true
				}
			}
		}
		for n := range found {
			out[n]++
		}
	}
	return out
}

// ProfileFile returns the file of a profile in use.
func (b *bench) ProfileFile(ctx context.Context, name string) ([]byte, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	data, err := b.app.profiles.Source(b.app.profiles.Set(), name)
	if errors.Is(err, workshop.ErrNoSiteProfile) {
		return nil, fault.NotFound("profile", name)
	}
	return data, err
}

// CheckProfile tells the faults that a profile would have.
func (b *bench) CheckProfile(ctx context.Context, name, text string) (apigen.ProfileCheck, error) {
	if err := access.Require(ctx, access.EditProfiles); err != nil {
		return apigen.ProfileCheck{}, err
	}
	return check(ctx, b.app.profiles.Check(name, []byte(text)))
}

// check makes the answer of faults; another error is none.
func check(ctx context.Context, err error) (apigen.ProfileCheck, error) {
	var faults profile.Faults
	if err == nil || errors.As(err, &faults) && !errors.Is(err, workshop.ErrOnDisk) {
		out := apigen.ProfileCheck{Faults: []apigen.ProfileFault{}}
		if err != nil {
			out.Faults = faultsOf(ctx, err)
		}
		return out, nil
	}
	return apigen.ProfileCheck{}, err
}

// digest is what the audit log keeps of a profile.
type digest struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func digestOf(data []byte) *digest {
	if data == nil {
		return nil
	}
	return &digest{len(data), fmt.Sprintf("%x", sha256.Sum256(data))}
}

// replaceable tells why a profile in use must not be replaced by somebody who
// saw its file as seen; nil for who saw none.
func (b *bench) replaceable(name string, seen *string) error {
	now, err := b.app.profiles.Source(b.app.profiles.Set(), name)
	switch {
	case errors.Is(err, workshop.ErrNoSiteProfile) && seen == nil:
		return nil
	case errors.Is(err, workshop.ErrNoSiteProfile):
		return fault.Conflict(fault.Stale, "replaces", "the profile to be replaced is gone")
	case err != nil:
		return err
	case seen == nil:
		return fault.Conflict(fault.Taken, "replaces", "a profile of this name is in use; who means to replace it gives its file", name)
	case *seen != string(now):
		return fault.Conflict(fault.Stale, "replaces", "the profile in use is not the one that was seen", name)
	}
	return nil
}

// PutProfile puts a profile of the site into use. One that is in use already
// is replaced by who gives its file as seen.
func (b *bench) PutProfile(ctx context.Context, name, text string, seen *string) (apigen.ProfileCheck, error) {
	if err := access.Require(ctx, access.EditProfiles); err != nil {
		return apigen.ProfileCheck{}, err
	}
	data := []byte(text)
	if err := b.app.profiles.Check(name, data); err != nil {
		return check(ctx, err)
	}
	b.putting.Lock()
	defer b.putting.Unlock()
	if err := b.replaceable(name, seen); err != nil {
		return apigen.ProfileCheck{}, err
	}
	return b.change(ctx, "update", name, data, func() error { return b.app.profiles.Put(name, data) })
}

// RemoveProfile takes a profile of the site out of use.
func (b *bench) RemoveProfile(ctx context.Context, name string) (apigen.ProfileCheck, error) {
	if err := access.Require(ctx, access.EditProfiles); err != nil {
		return apigen.ProfileCheck{}, err
	}
	if !b.app.profiles.Set().Own(name) {
		return apigen.ProfileCheck{}, fault.NotFound("site profile", name)
	}
	return b.change(ctx, "delete", name, nil, func() error { return b.app.profiles.Remove(name) })
}

// change notes a change in the audit log and makes it; one that fails after
// all is noted as such. The log comes first: no change is without its entry.
func (b *bench) change(ctx context.Context, action, name string, data []byte, do func() error) (apigen.ProfileCheck, error) {
	e := models.AuditEvent{Action: action, ObjectType: "device profile", ObjectID: name, ObjectName: name, After: digestOf(data)}
	if before, err := b.app.profiles.Source(b.app.profiles.Set(), name); err == nil {
		e.Before = digestOf(before)
	}
	if err := b.app.core.Audit.Write(ctx, e); err != nil {
		return apigen.ProfileCheck{}, err
	}
	err := do()
	if err != nil {
		e.Outcome, e.Detail = "failed", "nothing was changed"
		if errors.Is(err, workshop.ErrOnDisk) {
			e.Detail = workshop.ErrOnDisk.Error()
		}
		if werr := b.app.core.Audit.Write(ctx, e); werr != nil {
			return apigen.ProfileCheck{}, errors.Join(err, werr)
		}
	}
	if errors.Is(err, workshop.ErrNoSiteProfile) {
		return apigen.ProfileCheck{}, fault.NotFound("site profile", name)
	}
	return check(ctx, err)
}

// TestRecording applies a profile to a recording.
func (b *bench) TestRecording(ctx context.Context, in apigen.RecordingTest) (apigen.LookResult, error) {
	if err := access.Require(ctx, access.EditProfiles); err != nil {
		return apigen.LookResult{}, err
	}
	if in.Recording.Text == "" {
		return apigen.LookResult{}, emptyFile("recording")
	}
	set, name := b.app.profiles.Set(), ""
	if in.Profile != nil {
		name = *in.Profile
	}
	look, err := workshop.LookAtRecording(set.Library, name, in.Recording.Name, []byte(in.Recording.Text))
	switch {
	case errors.Is(err, workshop.ErrUnknownProfile):
		return apigen.LookResult{}, fault.Invalid("profile", "unknown", "there is no such profile")
	case errors.Is(err, workshop.ErrNothingFits):
		return apigen.LookResult{}, fault.Invalid("profile", "no_match", err.Error())
	case err != nil:
		return apigen.LookResult{}, unreadable("recording", err)
	}
	by := apigen.LookResultChosenByMatch
	if name != "" {
		by = apigen.LookResultChosenByPerson
	}
	return lookResult(set.Library, look, by), nil
}

func emptyFile(field string) error { return fault.Invalid(field, "empty_file", "the file is empty") }

// unreadable tells that a text which was given cannot be read, and in which
// line, where that is known.
func unreadable(field string, err error) error {
	out := fault.Because(field, "unreadable", err)
	if line := (*profile.LineError)(nil); errors.As(err, &line) {
		out.Line = line.Line
	}
	return out
}

// DraftProfile drafts a profile from a MIB file or a table of registers.
func (b *bench) DraftProfile(ctx context.Context, in apigen.DraftInput) (string, error) {
	if err := access.Require(ctx, access.EditProfiles); err != nil {
		return "", err
	}
	if !profile.ValidName(in.Name) {
		return "", fault.Invalid("name", "format", "must be of lower case letters, digits and dashes")
	}
	if in.File.Text == "" {
		return "", emptyFile("file")
	}
	var (
		data []byte
		err  error
	)
	if in.From == "csv" {
		data, err = workshop.FromCSV(in.Name, in.File.Name, strings.NewReader(in.File.Text))
	} else {
		files := []workshop.MIBFile{{Name: in.File.Name, Text: in.File.Text}}
		if in.Imports != nil {
			for _, f := range *in.Imports {
				files = append(files, workshop.MIBFile{Name: f.Name, Text: f.Text})
			}
		}
		data, err = workshop.FromMIBFiles(in.Name, files...)
	}
	if err != nil {
		return "", unreadable("file", err)
	}
	return string(data), nil
}
