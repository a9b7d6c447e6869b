package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/workshop"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
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
	return workshop.NewShelf(workshop.ShelfOptions{
		BuiltIn: profiles.FS, Folders: SiteProfiles(cfg), Kept: filepath.Join(cfg.DataDir, "profiles.kept.json"), Log: a.log,
		Changed: a.profilesChanged,
	})
}

// profilesChanged has the devices learned anew that the change may concern:
// those read by a profile that differs, those that had none, and SNMP devices
// that were identified and may be of a family that differs. Modbus devices
// that were identified as something else are looked at in their turn.
func (a *App) profilesChanged(lib, _ *profile.Library, names []string) {
	a.engines.SetLibrary(lib)
	if r := a.traps.Load(); r != nil {
		r.SetLibrary(lib)
	}
	ctx := context.Background()
	changed := make(map[string]*profile.Profile, len(names))
	for _, name := range names {
		changed[name], _ = lib.Get(name) // nil when it is gone
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
		if _, ok := changed[h.Profile]; ok {
			return true
		}
		if _, ok := changed[t.Profile]; ok || h.State == collectors.StateNoProfile || h.State == collectors.StateLearning {
			return true
		}
		if t.Profile != "" {
			return false
		}
		facts := said[t.Device]
		for _, p := range changed {
			if p != nil && p.MayFit(facts.SysObjectID, facts.SysDescr) {
				return true
			}
		}
		return false
	})
	a.log.InfoContext(ctx, "devices are learned anew because of their profiles", "devices", n)
}
