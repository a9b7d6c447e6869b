package layout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Place puts a device where p says and notes it in the device's history. The
// rack, when there is one, decides site and location; without one p.LocationID
// does. Version is the version of the device that was seen; zero is any.
//
// A fault.Occupied conflict names what is in the way.
func (s *Service) Place(ctx context.Context, device models.DeviceID, p models.Position, version uint64) (models.Device, error) {
	if err := access.Require(ctx, access.EditLayout); err != nil {
		return models.Device{}, err
	}
	old, err := db.Take[models.Device](s.db.WithContext(ctx), "device", device)
	if err != nil {
		return old, err
	}
	if err := access.RequireSite(ctx, access.EditLayout, old.SiteID); err != nil {
		return models.Device{}, err
	}
	if p, err = s.resolve(ctx, p, old.SiteID); err != nil {
		return models.Device{}, err
	}
	if p.SiteID != old.SiteID {
		if err := access.RequireSite(ctx, access.EditLayout, p.SiteID); err != nil {
			return models.Device{}, err
		}
	}
	var out models.Device
	err = s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.Device](tx, "device", device)
		if err != nil {
			return err
		}
		if v := db.Seen(version, before.Version); v != before.Version {
			return db.StaleError("device", before.Name)
		}
		out = before
		out.Position = p
		out.Version, out.UpdatedAt = before.Version+1, db.Now()
		if err := Settle(ctx, tx, &out); err != nil {
			return err
		}
		return s.record(ctx, tx, "place", "device", device, out.Name, before.Position, out.Position)
	})
	return out, err
}

var positionColumns = []string{
	"site_id", "location_id", "rack_id", "position_u", "face", "side", "zero_u_side", "zero_u_offset",
	"x_m", "y_m", "rotation_deg", "version", "updated_at",
}

// Remove takes a device out of its place; it stays in its site.
func (s *Service) Remove(ctx context.Context, device models.DeviceID, version uint64) (models.Device, error) {
	return s.Place(ctx, device, models.Position{}, version)
}

// resolve fills in the site of a position from its rack or location.
func (s *Service) resolve(ctx context.Context, p models.Position, site uint64) (models.Position, error) {
	q := s.db.WithContext(ctx)
	switch {
	case p.RackID != nil:
		r, err := db.Take[models.Rack](q, "rack", *p.RackID)
		if err != nil {
			return p, err
		}
		p.SiteID, p.LocationID = r.SiteID, &r.LocationID
	case p.LocationID != nil:
		l, err := db.Take[models.Location](q, "location", *p.LocationID)
		if err != nil {
			return p, err
		}
		p.SiteID = l.SiteID
	case p.SiteID == 0:
		p.SiteID = site
	}
	return p, nil
}

// Settle puts a device that exists into its position, within tx: the rack
// decides site and location, slots that are taken are a conflict, and the
// history notes the place when it is another one than before. Of the device's
// row it writes the position, the version and when it was changed.
func Settle(ctx context.Context, tx *gorm.DB, d *models.Device) error {
	p := &d.Position
	if err := CheckPosition(p); err != nil {
		return err
	}
	if err := tx.Where("device_id = ?", d.ID).Delete(&models.RackSlot{}).Error; err != nil {
		return fmt.Errorf("free places of device %q: %w", d.Name, err)
	}
	if p.RackID != nil {
		rack, err := db.TakeLocked[models.Rack](tx, "rack", *p.RackID)
		if err != nil {
			return err
		}
		p.SiteID, p.LocationID = rack.SiteID, &rack.LocationID
		var t *models.DeviceType
		if d.DeviceTypeID != nil {
			found, err := db.Take[models.DeviceType](tx, "device type", *d.DeviceTypeID)
			if err != nil {
				return err
			}
			t = &found
		}
		slots, err := Slots(rack, d.ID, *p, BodyOf(t))
		if err != nil {
			return err
		}
		if err := CheckFree(tx, rack, slots); err != nil {
			return err
		}
		if len(slots) > 0 {
			if err := tx.CreateInBatches(slots, 1000).Error; err != nil {
				return fmt.Errorf("take places for device %q: %w", d.Name, db.Explain(err, "rack slot", d.Name))
			}
		}
	}
	if err := tx.Model(d).Select(positionColumns).Updates(d).Error; err != nil {
		return fmt.Errorf("place device %q: %w", d.Name, db.Explain(err, "device", d.Name))
	}
	return note(ctx, tx, d)
}

// CheckPosition makes a position whole or tells, as a fault.Invalid, what in it
// contradicts itself. It does not ask whether the place is free.
func CheckPosition(p *models.Position) error {
	if p.RackID == nil {
		if p.PositionU != nil || p.ZeroUSide != "" || p.Side != "" || p.Face != "" {
			return fault.Invalid("rack_id", "required", "a place in a rack needs the rack")
		}
	} else {
		if p.XM != nil || p.YM != nil {
			return fault.Invalid("x_m", "in-rack", "a device in a rack has no place of its own on the plan")
		}
		p.RotationDeg = 0
	}
	if p.PositionU == nil {
		p.Side = ""
	}
	switch {
	case p.ZeroUSide != "" && p.PositionU != nil:
		return fault.Invalid("zero_u_side", "position", "a device is either in units or at a side")
	case p.ZeroUSide != "" && p.ZeroUSide != models.Left && p.ZeroUSide != models.Right:
		return fault.Invalid("zero_u_side", "unknown", "must be left or right")
	case p.Side != "" && p.Side != models.Left && p.Side != models.Right:
		return fault.Invalid("side", "unknown", "must be left or right")
	case p.XM != nil && p.LocationID == nil:
		return fault.Invalid("location_id", "required", "a place on a plan needs the room")
	case p.ZeroUOffset < 0 || p.ZeroUOffset > 100:
		return fault.Invalid("zero_u_offset", "range", "must be 0 to 100 units")
	}
	if p.ZeroUSide == "" {
		p.ZeroUOffset = 0
	}
	return checkPlan(p.XM, p.YM, &p.RotationDeg)
}

// note closes the open entry of the device's history and opens another, unless
// the place is the same.
func note(ctx context.Context, tx *gorm.DB, d *models.Device) error {
	path, err := placeNames(tx, d.Position)
	if err != nil {
		return err
	}
	now := placement(ctx, d, path)
	var open models.Placement
	err = tx.Where("device_id = ? AND to_at IS NULL", d.ID).Take(&open).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
	case err != nil:
		return fmt.Errorf("read history of device %q: %w", d.Name, err)
	case open.Place == now.Place && equal(open.RackID, now.RackID) && equal(open.LocationID, now.LocationID):
		return nil
	default:
		if now.FromAt.Before(open.FromAt) {
			now.FromAt = open.FromAt // the clock was set back
		}
		if err := tx.Model(&open).Update("to_at", now.FromAt).Error; err != nil {
			return fmt.Errorf("close history of device %q: %w", d.Name, err)
		}
	}
	if err := tx.Create(&now).Error; err != nil {
		return fmt.Errorf("add to history of device %q: %w", d.Name, err)
	}
	return nil
}

func equal[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

func placement(ctx context.Context, d *models.Device, path []string) models.Placement {
	who, _ := access.From(ctx)
	site := d.SiteID
	return models.Placement{
		DeviceID: d.ID, SiteID: &site, LocationID: d.LocationID, RackID: d.RackID, PositionU: d.PositionU,
		Face: d.Face, Place: PlaceText(path, d.Position), FromAt: db.Now(), Actor: who.Name,
	}
}

// PlaceText writes a place in words: the names from the site down, and the
// place in the rack.
func PlaceText(path []string, p models.Position) string {
	text := strings.Join(path, " / ")
	switch {
	case p.PositionU != nil:
		text += " / U" + unit(int(*p.PositionU*2)) + " " + string(p.Face)
		if p.Side != "" {
			text += " " + string(p.Side)
		}
	case p.ZeroUSide != "":
		text += " / 0U " + string(p.ZeroUSide)
		if p.Face != "" {
			text += " " + string(p.Face)
		}
	case p.XM != nil && p.YM != nil:
		text += fmt.Sprintf(" / x %.2f m, y %.2f m", *p.XM, *p.YM)
	}
	return text
}

// placeNames returns the names from the site down to the rack, in one
// statement.
func placeNames(tx *gorm.DB, p models.Position) ([]string, error) {
	var names []string
	err := tx.Raw("WITH RECURSIVE up (parent_id, name, depth) AS ("+
		"SELECT parent_id, name, 1 FROM locations WHERE id = ? UNION ALL "+
		"SELECT l.parent_id, l.name, up.depth + 1 FROM locations AS l JOIN up ON l.id = up.parent_id WHERE up.depth < 50) "+
		"SELECT name FROM (SELECT name, 1000 AS depth FROM sites WHERE id = ? UNION ALL SELECT name, depth FROM up "+
		"UNION ALL SELECT name, 0 FROM racks WHERE id = ?) AS path ORDER BY depth DESC",
		orZero(p.LocationID), p.SiteID, orZero(p.RackID)).Scan(&names).Error
	if err != nil {
		return nil, fmt.Errorf("read names of a place: %w", err)
	}
	return names, nil
}

func orZero(p *uint64) uint64 {
	if p == nil {
		return 0
	}
	return *p
}

// moveDevices notes in the history of a rack's devices that it has moved.
func moveDevices(ctx context.Context, tx *gorm.DB, rack models.Rack) error {
	var devices []models.Device
	if err := tx.Where("rack_id = ?", rack.ID).Find(&devices).Error; err != nil {
		return fmt.Errorf("read devices of rack %q: %w", rack.Name, err)
	}
	if len(devices) == 0 {
		return nil
	}
	path, err := placeNames(tx, models.Position{SiteID: rack.SiteID, LocationID: &rack.LocationID, RackID: &rack.ID})
	if err != nil {
		return err
	}
	fresh := make([]models.Placement, len(devices))
	ids := make([]models.DeviceID, len(devices))
	for i := range devices {
		fresh[i], ids[i] = placement(ctx, &devices[i], path), devices[i].ID
		fresh[i].FromAt = fresh[0].FromAt
	}
	if err := tx.Model(&models.Placement{}).Where("device_id IN ? AND to_at IS NULL", ids).
		Update("to_at", fresh[0].FromAt).Error; err != nil {
		return fmt.Errorf("close history of devices of rack %q: %w", rack.Name, err)
	}
	if err := tx.CreateInBatches(fresh, 500).Error; err != nil {
		return fmt.Errorf("add to history of devices of rack %q: %w", rack.Name, err)
	}
	return nil
}

// History returns where a device has been, latest first.
func (s *Service) History(ctx context.Context, device models.DeviceID) ([]models.Placement, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", device)
	if err != nil {
		return nil, err
	}
	if err := access.RequireSite(ctx, access.ReadFacility, d.SiteID); err != nil {
		return nil, err
	}
	var out []models.Placement
	err = s.db.WithContext(ctx).Where("device_id = ?", device).Order("from_at DESC, id DESC").Limit(MaxLimit).Find(&out).Error
	if err != nil {
		return nil, fmt.Errorf("read history of device %q: %w", d.Name, err)
	}
	return out, nil
}

// PlacedAt returns what was in a site at a moment, one entry for each device.
func (s *Service) PlacedAt(ctx context.Context, site uint64, at time.Time) ([]models.Placement, error) {
	if err := access.RequireSite(ctx, access.ReadFacility, site); err != nil {
		return nil, err
	}
	var out []models.Placement
	err := s.db.WithContext(ctx).Where("site_id = ? AND from_at <= ? AND (to_at IS NULL OR to_at > ?)", site, at.UTC(), at.UTC()).
		Order("device_id").Find(&out).Error
	if err != nil {
		return nil, fmt.Errorf("read places at a moment: %w", err)
	}
	return out, nil
}
