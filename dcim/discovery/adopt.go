package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Adoption makes devices of findings.
type Adoption struct {
	Findings []uint64
	// SiteID, LocationID or RackID say where; the most exact one counts. All
	// empty mean the site of the finding's range.
	SiteID             uint64
	LocationID, RackID *uint64
	// Pattern gives the names: {name}, {vendor}, {model}, {serial}, {kind},
	// {address}, {unit} and {n}, the first number from 1 with which the name
	// is free in the site.
	Pattern string
}

// Adopted is what became of one finding.
type Adopted struct {
	FindingID uint64
	// DeviceID and Name are those of the device, unless Err says why there is
	// none.
	DeviceID models.DeviceID
	Name     string
	Err      error
}

var (
	placeholder  = regexp.MustCompile(`\{([^{}]*)\}`)
	placeholders = []string{"name", "vendor", "model", "serial", "kind", "address", "unit", "n"}
)

// CheckPattern tells what is wrong with a pattern of names.
func CheckPattern(pattern string) error {
	pattern = strings.TrimSpace(pattern)
	if pattern == "" || len(pattern) > 200 {
		return fault.Invalid("pattern", "required", "must be a name with placeholders, such as {vendor}-{model}-{n}")
	}
	for _, m := range placeholder.FindAllStringSubmatch(pattern, -1) {
		if !slices.Contains(placeholders, m[1]) {
			return fault.Invalid("pattern", "unknown", fmt.Sprintf("%s is not one of {%s}", m[0], strings.Join(placeholders, "}, {")))
		}
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(pattern, ""), "{}") {
		return fault.Invalid("pattern", "format", "has a brace without its partner")
	}
	return nil
}

// expand fills a pattern, but for {n}. What the device does not tell is an
// error: a name with a hole in it helps nobody.
func expand(pattern string, f models.DiscoveryFinding) (string, error) {
	host := f.Address
	if a, err := netip.ParseAddrPort(f.Address); err == nil {
		host = a.Addr().String()
	}
	values := map[string]string{
		"name": f.SysName, "vendor": f.Vendor, "model": f.Model, "serial": f.Serial, "kind": string(f.Kind), "address": host,
	}
	if f.Transport == "modbus" {
		values["unit"] = strconv.Itoa(int(f.UnitID))
	}
	var missing string
	out := placeholder.ReplaceAllStringFunc(strings.TrimSpace(pattern), func(p string) string {
		key := strings.Trim(p, "{}")
		if key == "n" {
			return p
		}
		v := strings.TrimSpace(values[key])
		if v == "" && missing == "" {
			missing = p
		}
		return v
	})
	if missing != "" {
		return "", fault.Invalid("pattern", "empty", fmt.Sprintf("the device tells nothing for %s", missing))
	}
	return out, nil
}

// Adopt makes a device of each finding, with the credential that it answered
// to and the profile proposed, each in a transaction of its own: those that
// fail keep none of the others from being adopted.
func (s *Service) Adopt(ctx context.Context, a Adoption) ([]Adopted, error) {
	for _, op := range []access.Operation{access.DiscoverDevices, access.EditDevices} {
		if err := access.Require(ctx, op); err != nil {
			return nil, err
		}
	}
	if err := CheckPattern(a.Pattern); err != nil {
		return nil, err
	}
	if len(a.Findings) == 0 || len(a.Findings) > maxMarked {
		return nil, fault.Invalid("findings", "range", fmt.Sprintf("must be 1 to %d", maxMarked))
	}
	out := make([]Adopted, 0, len(a.Findings))
	free := names{s: s, sites: map[uint64]map[string]bool{}}
	for i, id := range a.Findings {
		if slices.Contains(a.Findings[:i], id) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		r := Adopted{FindingID: id}
		var d models.Device
		if d, r.Err = s.adopt(ctx, a, id, free); r.Err == nil {
			r.DeviceID = d.ID
		}
		r.Name = d.Name
		out = append(out, r)
	}
	return out, nil
}

func (s *Service) adopt(ctx context.Context, a Adoption, id uint64, free names) (models.Device, error) {
	var d models.Device
	if err := s.ownFinding(ctx, id); err != nil {
		return d, err
	}
	g := s.db.WithContext(ctx)
	f, err := db.Take[models.DiscoveryFinding](g, findingObject, id)
	if err != nil {
		return d, err
	}
	d.SiteID, d.LocationID, d.RackID = a.SiteID, a.LocationID, a.RackID
	if err := s.place(g, &d, f); err != nil {
		return d, err
	}
	if d.Name, err = expand(a.Pattern, f); err != nil {
		return d, err
	}
	if d.Name, err = free.pick(ctx, d.SiteID, d.Name); err != nil {
		return d, err
	}
	if f.Transport == "snmp" && f.CredentialID == nil {
		return d, fault.Invalid("credential", "required", "none of the credentials was accepted by the device")
	}
	d.Kind, d.Status = f.Kind, models.StatusActive
	if !slices.Contains(models.Kinds(), d.Kind) {
		d.Kind = models.KindOther
	}
	d.Polling = models.Polling{Enabled: true, Protocol: f.Protocol, Address: f.Address, CredentialID: f.CredentialID, UnitID: f.UnitID, Profile: f.Profile}
	name := d.Name
	d, err = s.devices.CreateDeviceWith(ctx, d, func(tx *gorm.DB, d models.Device) error { return s.take(ctx, tx, f, d) })
	if err != nil {
		return models.Device{Name: name}, err
	}
	free.take(d.SiteID, d.Name)
	return d, nil
}

// place finds the site that a device comes to.
func (s *Service) place(g *gorm.DB, d *models.Device, f models.DiscoveryFinding) error {
	switch {
	case d.RackID != nil:
		r, err := db.Take[models.Rack](g, "rack", *d.RackID)
		d.SiteID = r.SiteID
		return err
	case d.LocationID != nil:
		l, err := db.Take[models.Location](g, "location", *d.LocationID)
		d.SiteID = l.SiteID
		return err
	case d.SiteID == 0:
		r, err := db.Take[models.DiscoveryRange](g, rangeObject, f.RangeID)
		d.SiteID = r.SiteID
		return err
	}
	return nil
}

// take makes the finding that of its device, in the transaction that creates
// the device; so it does with what other ranges found at the address.
func (s *Service) take(ctx context.Context, tx *gorm.DB, f models.DiscoveryFinding, d models.Device) error {
	if _, err := db.TakeLocked[models.DiscoveryFinding](tx, findingObject, f.ID); err != nil {
		return err
	}
	other, err := deviceAt(tx.Where("id <> ?", d.ID), f)
	if err != nil {
		return err
	}
	if other != nil {
		return s.taken(ctx, tx, *other)
	}
	at := db.Now()
	err = tx.Model(&models.DiscoveryFinding{}).Where("id = ?", f.ID).Updates(map[string]any{
		"device_id": d.ID, "matched_by": "address", "adopted_at": at, "ignored": false, "changed_at": nil, "changes": nil,
	}).Error
	if err != nil {
		return fmt.Errorf("adopt finding %d: %w", f.ID, err)
	}
	err = tx.Model(&models.DiscoveryFinding{}).Where("address = ? AND transport = ? AND unit_id = ? AND id <> ?", f.Address, f.Transport, f.UnitID, f.ID).
		Updates(map[string]any{"device_id": d.ID, "matched_by": "address", "adopted_at": nil}).Error
	if err != nil {
		return fmt.Errorf("adopt finding %d: %w", f.ID, err)
	}
	return s.record(ctx, tx, "adopt", findingObject, f.ID, f.Address, nil, map[string]any{"device": d.ID, "name": d.Name})
}

// taken tells which device is read at the address, if the principal may know.
func (s *Service) taken(ctx context.Context, tx *gorm.DB, id models.DeviceID) error {
	other, err := db.Take[models.Device](tx, "device", id)
	if err != nil {
		return err
	}
	if p, _ := access.From(ctx); !p.CanSite(access.ReadFacility, other.SiteID) {
		return fault.Conflict(KnownDevice, "address", "a device of another site is read at this address")
	}
	return fault.Conflict(KnownDevice, "address", fmt.Sprintf("device %q is read at this address", other.Name), other.Name)
}

// names picks names that are free in a site. The database has the last word.
type names struct {
	s     *Service
	sites map[uint64]map[string]bool
}

// mostNumbered bounds the search for a free number.
const mostNumbered = 100_000

func (n names) pick(ctx context.Context, site uint64, name string) (string, error) {
	if !strings.Contains(name, "{n}") {
		return name, nil
	}
	taken, ok := n.sites[site]
	if !ok {
		var list []string
		if err := n.s.db.WithContext(ctx).Model(&models.Device{}).Where("site_id = ?", site).Pluck("name", &list).Error; err != nil {
			return "", fmt.Errorf("list names: %w", err)
		}
		taken = make(map[string]bool, len(list))
		for _, x := range list {
			taken[x] = true
		}
		n.sites[site] = taken
	}
	for i := 1; i <= mostNumbered; i++ {
		if numbered := strings.ReplaceAll(name, "{n}", strconv.Itoa(i)); !taken[numbered] {
			return numbered, nil
		}
	}
	return "", errors.New("no number is free")
}

func (n names) take(site uint64, name string) {
	if m := n.sites[site]; m != nil {
		m[name] = true
	}
}
