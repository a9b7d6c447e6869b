package inventory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

var manufacturers = kept[models.Manufacturer]{
	object: "manufacturer", op: access.EditLayout, order: "name",
	name:   func(x *models.Manufacturer) string { return x.Name },
	id:     func(x *models.Manufacturer) *uint64 { return &x.ID },
	record: func(x *models.Manufacturer) *models.Record { return &x.Record },
	check: func(x *models.Manufacturer) (err error) {
		if x.Name, err = layout.CheckName("name", x.Name); err != nil {
			return err
		}
		return layout.CheckText("description", x.Description)
	},
	refs: []db.Reference{
		{Objects: "rack types", Table: "rack_types", Column: "manufacturer_id", Unnamed: true},
		{Objects: "device types", Table: "device_types", Column: "manufacturer_id", Unnamed: true},
	},
}

// Manufacturers returns all manufacturers by name.
func (s *Service) Manufacturers(ctx context.Context) ([]models.Manufacturer, error) {
	return list(ctx, s, manufacturers)
}

// CreateManufacturer adds a manufacturer.
func (s *Service) CreateManufacturer(ctx context.Context, x models.Manufacturer) (models.Manufacturer, error) {
	return create(ctx, s, manufacturers, x)
}

// UpdateManufacturer replaces a manufacturer. x.Version is the version that the
// change was made to; zero overwrites whatever is there.
func (s *Service) UpdateManufacturer(ctx context.Context, x models.Manufacturer) (models.Manufacturer, error) {
	return replace(ctx, s, manufacturers, x)
}

// DeleteManufacturer removes a manufacturer without types.
func (s *Service) DeleteManufacturer(ctx context.Context, id uint64) error {
	return remove(ctx, s, manufacturers, id)
}

var rackTypes = kept[models.RackType]{
	object: "rack type", op: access.EditLayout, order: "manufacturer_id, model",
	name:   func(x *models.RackType) string { return x.Model },
	id:     func(x *models.RackType) *uint64 { return &x.ID },
	record: func(x *models.RackType) *models.Record { return &x.Record },
	check: func(x *models.RackType) (err error) {
		if x.Model, err = layout.CheckName("model", x.Model); err != nil {
			return err
		}
		if x.UHeight < 1 || x.UHeight > 100 {
			return fault.Invalid("u_height", "range", "must be 1 to 100")
		}
		return layout.CheckText("description", x.Description)
	},
	refs: []db.Reference{{Objects: "racks", Table: "racks", Column: "rack_type_id"}},
}

// RackTypes returns all rack types.
func (s *Service) RackTypes(ctx context.Context) ([]models.RackType, error) {
	return list(ctx, s, rackTypes)
}

// CreateRackType adds a rack type.
func (s *Service) CreateRackType(ctx context.Context, x models.RackType) (models.RackType, error) {
	return create(ctx, s, rackTypes, x)
}

// UpdateRackType replaces a rack type; racks keep the size they were made with.
func (s *Service) UpdateRackType(ctx context.Context, x models.RackType) (models.RackType, error) {
	return replace(ctx, s, rackTypes, x)
}

// DeleteRackType removes a rack type that no rack is of.
func (s *Service) DeleteRackType(ctx context.Context, id uint64) error {
	return remove(ctx, s, rackTypes, id)
}

func checkDeviceType(x *models.DeviceType) (err error) {
	if x.Model, err = layout.CheckName("model", x.Model); err != nil {
		return err
	}
	if x.Kind == "" {
		x.Kind = models.KindOther
	}
	if !slices.Contains(models.Kinds(), x.Kind) {
		return fault.Invalid("kind", "unknown", "is not a kind of device")
	}
	if x.UHeight < 0 || x.UHeight > 100 || x.UHeight*2 != math.Trunc(x.UHeight*2) {
		return fault.Invalid("u_height", "format", "must be 0 to 100 in steps of 0.5")
	}
	return layout.CheckText("description", x.Description, "part_number", x.PartNumber, "airflow", x.Airflow)
}

var deviceTypes = kept[models.DeviceType]{
	object: "device type", op: access.EditLayout, order: "manufacturer_id, model",
	name:   func(x *models.DeviceType) string { return x.Model },
	id:     func(x *models.DeviceType) *uint64 { return &x.ID },
	record: func(x *models.DeviceType) *models.Record { return &x.Record },
	check:  checkDeviceType,
	replace: func(tx *gorm.DB, before, after *models.DeviceType) error {
		if layout.BodyOf(before) == layout.BodyOf(after) {
			return nil
		}
		var n int64
		if err := tx.Model(&models.Device{}).Where("device_type_id = ? AND position_u IS NOT NULL", before.ID).Count(&n).Error; err != nil {
			return fmt.Errorf("count devices of type %q: %w", before.Model, err)
		}
		if n > 0 {
			return fault.Conflict(fault.InUse, "u_height",
				fmt.Sprintf("%d devices of type %q are mounted in racks; its height, depth and width cannot change", n, before.Model))
		}
		return nil
	},
	refs: []db.Reference{{Objects: "devices", Table: "devices", Column: "device_type_id"}},
}

// DeviceTypes returns all device types.
func (s *Service) DeviceTypes(ctx context.Context) ([]models.DeviceType, error) {
	return list(ctx, s, deviceTypes)
}

// DeviceType returns one device type.
func (s *Service) DeviceType(ctx context.Context, id uint64) (models.DeviceType, error) {
	return get(ctx, s, deviceTypes, id)
}

// CreateDeviceType adds a device type.
func (s *Service) CreateDeviceType(ctx context.Context, x models.DeviceType) (models.DeviceType, error) {
	return create(ctx, s, deviceTypes, x)
}

// UpdateDeviceType replaces a device type. Its body cannot change while devices
// of it are mounted.
func (s *Service) UpdateDeviceType(ctx context.Context, x models.DeviceType) (models.DeviceType, error) {
	return replace(ctx, s, deviceTypes, x)
}

// DeleteDeviceType removes a device type that no device is of.
func (s *Service) DeleteDeviceType(ctx context.Context, id uint64) error {
	return remove(ctx, s, deviceTypes, id)
}

var collectors = kept[models.Collector]{
	object: "collector", op: access.EditCollectors, order: "name",
	name:   func(x *models.Collector) string { return x.Name },
	id:     func(x *models.Collector) *uint64 { return &x.ID },
	record: func(x *models.Collector) *models.Record { return &x.Record },
	check: func(x *models.Collector) (err error) {
		if x.Name, err = layout.CheckName("name", x.Name); err != nil {
			return err
		}
		return layout.CheckText("description", x.Description, "software", x.Software)
	},
	refs: []db.Reference{{Objects: "devices", Table: "devices", Column: "collector_id"}},
}

// Collectors returns all collectors by name.
func (s *Service) Collectors(ctx context.Context) ([]models.Collector, error) {
	return list(ctx, s, collectors)
}

// Collector returns one collector.
func (s *Service) Collector(ctx context.Context, id uint64) (models.Collector, error) {
	return get(ctx, s, collectors, id)
}

// CreateCollector adds a collector.
func (s *Service) CreateCollector(ctx context.Context, x models.Collector) (models.Collector, error) {
	return create(ctx, s, collectors, x)
}

// UpdateCollector replaces a collector.
func (s *Service) UpdateCollector(ctx context.Context, x models.Collector) (models.Collector, error) {
	return replace(ctx, s, collectors, x)
}

// DeleteCollector removes a collector that reads no device.
func (s *Service) DeleteCollector(ctx context.Context, id uint64) error {
	return remove(ctx, s, collectors, id)
}

// SeenCollector makes sure that a collector of this name exists and notes that
// it is alive; only the system may.
func (s *Service) SeenCollector(ctx context.Context, name, software string, remote bool) (models.Collector, error) {
	if err := access.RequireSystem(ctx, access.EditCollectors); err != nil {
		return models.Collector{}, err
	}
	now := db.Now()
	var rows []models.Collector
	res := s.db.WithContext(ctx).Model(&models.Collector{}).Where("name = ?", name).
		Updates(map[string]any{"last_seen_at": now, "software": software})
	if res.Error != nil {
		return models.Collector{}, fmt.Errorf("note collector %q: %w", name, res.Error)
	}
	if res.RowsAffected == 0 {
		return s.CreateCollector(ctx, models.Collector{Name: name, Software: software, Remote: remote, Enabled: true, LastSeenAt: &now})
	}
	if err := s.db.WithContext(ctx).Where("name = ?", name).Limit(1).Find(&rows).Error; err != nil {
		return models.Collector{}, fmt.Errorf("read collector %q: %w", name, err)
	}
	if len(rows) == 0 {
		return models.Collector{}, fault.NotFound("collector", name)
	}
	return rows[0], nil
}
