package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// MaxPoints bounds the points of one device, against tables without end.
const MaxPoints = 50_000

// pointBatch is how many points go into one statement: sixteen values each, of
// the 32,766 that SQLite takes.
const pointBatch = 1000

// RegisterPoints makes sure that each spec is a point of the device and returns
// their ids in the order of specs. A point that the device had before keeps its
// id; one that it has no more is retired, never deleted. A key that now
// measures another class is another point: histories of different units do not
// mix. When nothing changed, the database is not asked.
func (s *Service) RegisterPoints(ctx context.Context, device models.DeviceID, specs []models.PointSpec) ([]models.PointID, error) {
	if err := access.Require(ctx, access.EditDevices); err != nil {
		return nil, err
	}
	if err := checkSpecs(specs); err != nil {
		return nil, fmt.Errorf("register points of device %d: %w", device, err)
	}
	s.registering.Lock()
	defer s.registering.Unlock()
	have := map[string]*models.Point{}
	for _, p := range s.catalog.Device(device) {
		have[p.Key] = p
	}
	if ids, ok := unchanged(have, specs); ok {
		return ids, nil
	}
	var live []*models.Point
	now := db.Now()
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var err error
		live, err = register(tx, device, have, specs)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("register points of device %d: %w", device, err)
	}
	s.gone(s.catalog.set(device, live, now))
	ids := make([]models.PointID, len(live))
	for i, p := range live {
		ids[i] = p.ID
	}
	return ids, nil
}

func checkSpecs(specs []models.PointSpec) error {
	if len(specs) > MaxPoints {
		return fault.Invalid("points", "range", fmt.Sprintf("%d points are more than %d", len(specs), MaxPoints))
	}
	keys := make(map[string]struct{}, len(specs))
	for _, x := range specs {
		if x.Key == "" || x.Class == "" || len(x.Key) > 300 {
			return fault.Invalid("key", "format", fmt.Sprintf("point %q needs a key and a class", x.Key))
		}
		if _, twice := keys[x.Key]; twice {
			return fault.Invalid("key", "twice", fmt.Sprintf("point %q is listed twice", x.Key))
		}
		keys[x.Key] = struct{}{}
	}
	return nil
}

func unchanged(have map[string]*models.Point, specs []models.PointSpec) ([]models.PointID, bool) {
	if len(have) != len(specs) {
		return nil, false
	}
	ids := make([]models.PointID, len(specs))
	for i, x := range specs {
		p := have[x.Key]
		if p == nil || !same(p, x, i) {
			return nil, false
		}
		ids[i] = p.ID
	}
	return ids, true
}

func same(p *models.Point, x models.PointSpec, ordinal int) bool {
	return p.Class == string(x.Class) && p.Component == x.Component && p.Label == clean(x.Label) && p.Group == x.Group &&
		p.IntervalMS == x.Interval.Milliseconds() && p.Step == x.Step &&
		p.Source == x.Source && p.Ordinal == ordinal && maps.Equal(p.States, x.States) && sameLimits(p.Limits, x.Limits)
}

func sameLimits(a, b models.Limits) bool {
	eq := func(x, y *float64) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	return eq(a.LowCritical, b.LowCritical) && eq(a.LowWarning, b.LowWarning) &&
		eq(a.HighWarning, b.HighWarning) && eq(a.HighCritical, b.HighCritical)
}

// clean makes a device's own words fit for the database.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200])
	}
	return s
}

// register writes what differs: at most one statement to retire points, one a
// thousand to add or change them, one to count the change, and two to read.
func register(tx *gorm.DB, device models.DeviceID, have map[string]*models.Point, specs []models.PointSpec) ([]*models.Point, error) {
	var d models.Device
	res := tx.Select("id", "generation", "point_roles").Where("id = ?", device).Limit(1).Find(&d)
	if res.Error != nil {
		return nil, fmt.Errorf("read device: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, fault.NotFound("device", device)
	}
	now := db.Now()
	live := make([]*models.Point, len(specs))
	var fresh []*models.Point
	gone := maps.Clone(have)
	for i, x := range specs {
		p := have[x.Key]
		if p != nil && p.Class == string(x.Class) {
			delete(gone, x.Key)
			if same(p, x, i) {
				live[i] = p
				continue
			}
		}
		live[i] = &models.Point{
			DeviceID: device, Generation: d.Generation, Key: x.Key, Class: string(x.Class), Component: x.Component,
			Label: clean(x.Label), States: x.States, Limits: x.Limits, Group: x.Group, Source: x.Source,
			IntervalMS: x.Interval.Milliseconds(), Step: x.Step, Role: d.PointRoles[x.Key], Ordinal: i, CreatedAt: now,
		}
		if p != nil && p.Class == string(x.Class) {
			live[i].CreatedAt, live[i].Role = p.CreatedAt, p.Role
		}
		fresh = append(fresh, live[i])
	}
	if len(gone) > 0 {
		ids := make([]models.PointID, 0, len(gone))
		for _, p := range gone {
			ids = append(ids, p.ID)
		}
		for part := range slices.Chunk(ids, 10_000) {
			if err := tx.Model(&models.Point{}).Where("id IN ?", part).Update("retired_at", now).Error; err != nil {
				return nil, fmt.Errorf("retire points: %w", err)
			}
		}
	}
	if len(fresh)+len(gone) > 0 {
		if err := revise(tx, device); err != nil {
			return nil, err
		}
	}
	if len(fresh) == 0 {
		return live, nil
	}
	err := tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "device_id"}, {Name: "generation"}, {Name: "key"}, {Name: "class"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"component", "label", "states", "limits", "poll_group", "interval_ms", "step", "source", "ordinal", "retired_at",
		}),
	}).CreateInBatches(fresh, pointBatch).Error
	if err != nil {
		return nil, fmt.Errorf("write points: %w", err)
	}
	// What was retired came back under its old id and with its old role.
	var written []struct {
		ID   models.PointID
		Key  string
		Role string
	}
	err = tx.Table("points").Select("id, key, role").Where("device_id = ? AND retired_at IS NULL", device).Find(&written).Error
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	byKey := make(map[string]int, len(written))
	for i, w := range written {
		byKey[w.Key] = i
	}
	for _, p := range fresh {
		i, ok := byKey[p.Key]
		if !ok {
			return nil, fmt.Errorf("point %q was not written", p.Key)
		}
		p.ID, p.Role = written[i].ID, written[i].Role
	}
	return live, nil
}

// revise counts a change of what was learned of a device, by which readers of
// the model see that theirs is old.
func revise(tx *gorm.DB, device models.DeviceID) error {
	if err := tx.Exec("UPDATE devices SET learned_revision = learned_revision + 1 WHERE id = ?", device).Error; err != nil {
		return fmt.Errorf("count change of device %d: %w", device, err)
	}
	return nil
}

func sortPoints(ps []*models.Point) {
	slices.SortFunc(ps, func(a, b *models.Point) int {
		if a.Ordinal != b.Ordinal {
			return a.Ordinal - b.Ordinal
		}
		return strings.Compare(a.Key, b.Key)
	})
}

// SetPointRole gives a point a role, or none; the device keeps it for the
// point's key, whatever becomes of the point.
func (s *Service) SetPointRole(ctx context.Context, id models.PointID, role string) error {
	if err := access.Require(ctx, access.EditDevices); err != nil {
		return err
	}
	if !slices.Contains([]string{
		"", models.RoleRackInlet, models.RoleRackExhaust, models.RoleSupplyAir, models.RoleReturnAir, models.RoleRoom,
	}, role) {
		return fault.Invalid("role", "unknown", "is not a role of points")
	}
	p, ok := s.catalog.Point(id)
	if !ok {
		return fault.NotFound("point", id)
	}
	d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", p.DeviceID)
	if err != nil {
		return err
	}
	if err := access.RequireSite(ctx, access.EditDevices, d.SiteID); err != nil {
		return err
	}
	s.registering.Lock()
	defer s.registering.Unlock()
	err = s.tx(ctx, func(tx *gorm.DB) error {
		d, err := db.TakeLocked[models.Device](tx, "device", p.DeviceID)
		if err != nil {
			return err
		}
		before := d.PointRoles[p.Key]
		roles := maps.Clone(d.PointRoles)
		if roles == nil {
			roles = map[string]string{}
		}
		if roles[p.Key] = role; role == "" {
			delete(roles, p.Key)
		}
		d.PointRoles = roles
		if err := tx.Model(&d).Select("point_roles").Updates(&d).Error; err != nil {
			return fmt.Errorf("keep roles of device %q: %w", d.Name, err)
		}
		if err := tx.Model(&models.Point{}).Where("id = ?", id).Update("role", role).Error; err != nil {
			return fmt.Errorf("set role of point %d: %w", id, err)
		}
		if err := revise(tx, p.DeviceID); err != nil {
			return err
		}
		return s.record(ctx, tx, "set-role", "point", id, d.Name+" "+p.Key, before, role)
	})
	if err != nil {
		return err
	}
	s.catalog.setRole(id, role)
	return nil
}

func (c *Catalog) setRole(id models.PointID, role string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.points[id]
	if !ok {
		return
	}
	p := *old
	p.Role = role
	c.points[id] = &p
	// The slice may be in somebody's hands.
	live := slices.Clone(c.devices[p.DeviceID])
	for i := range live {
		if live[i].ID == id {
			live[i] = &p
		}
	}
	if len(live) > 0 {
		c.devices[p.DeviceID] = live
	}
}
