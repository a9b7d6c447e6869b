package layout

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

func checkSite(x *models.Site) (err error) {
	if x.Name, err = CheckName("name", x.Name); err != nil {
		return err
	}
	if x.Status == "" {
		x.Status = models.StatusActive
	}
	if x.TimeZone != "" {
		if _, err := time.LoadLocation(x.TimeZone); err != nil || x.TimeZone == "Local" {
			return fault.Invalid("time_zone", "unknown", "is not a time zone's name, such as Asia/Ho_Chi_Minh")
		}
	}
	return CheckText("description", x.Description, "address", x.Address, "facility", x.Facility)
}

// Sites returns the sites by name.
func (s *Service) Sites(ctx context.Context) ([]models.Site, error) {
	q, err := s.read(ctx, "id")
	if err != nil {
		return nil, err
	}
	var out []models.Site
	if err := q.Order("name").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	return out, nil
}

// Site returns one site.
func (s *Service) Site(ctx context.Context, id uint64) (models.Site, error) {
	if err := access.RequireSite(ctx, access.ReadFacility, id); err != nil {
		return models.Site{}, err
	}
	return db.Take[models.Site](s.db.WithContext(ctx), "site", id)
}

// CreateSite adds a site. A principal that is confined to sites cannot.
func (s *Service) CreateSite(ctx context.Context, x models.Site) (models.Site, error) {
	if err := access.RequireSite(ctx, access.EditLayout, 0); err != nil {
		return models.Site{}, err
	}
	if err := checkSite(&x); err != nil {
		return models.Site{}, err
	}
	x.ID = 0
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := db.Create(tx, "site", x.Name, &x, &x.Record); err != nil {
			return err
		}
		return s.record(ctx, tx, "create", "site", x.ID, x.Name, nil, x)
	})
	return x, err
}

// UpdateSite replaces a site. x.Version is the version that the change was
// made to; zero overwrites whatever is there.
func (s *Service) UpdateSite(ctx context.Context, x models.Site) (models.Site, error) {
	if err := access.RequireSite(ctx, access.EditLayout, x.ID); err != nil {
		return models.Site{}, err
	}
	if err := checkSite(&x); err != nil {
		return models.Site{}, err
	}
	err := s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.Site](tx, "site", x.ID)
		if err != nil {
			return err
		}
		x.CreatedAt = before.CreatedAt
		if err := db.Replace(tx, "site", x.Name, &x, &x.Record, db.Seen(x.Version, before.Version)); err != nil {
			return err
		}
		return s.record(ctx, tx, "update", "site", x.ID, x.Name, before, x)
	})
	return x, err
}

// DeleteSite removes an empty site; a fault.InUse conflict tells what is in it.
func (s *Service) DeleteSite(ctx context.Context, id uint64) error {
	if err := access.RequireSite(ctx, access.EditLayout, id); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		x, err := db.TakeLocked[models.Site](tx, "site", id)
		if err != nil {
			return err
		}
		err = db.CheckUnused(tx, "site", x.Name, id,
			db.Reference{Objects: "locations", Table: "locations", Column: "site_id"},
			db.Reference{Objects: "racks", Table: "racks", Column: "site_id"},
			db.Reference{Objects: "devices", Table: "devices", Column: "site_id"},
			db.Reference{Objects: "power panels", Table: "power_panels", Column: "site_id"},
			db.Reference{Objects: "power sources", Table: "power_sources", Column: "site_id"},
			db.Reference{Objects: "cables", Table: "cables", Column: "site_id", Unnamed: true},
			db.Reference{Objects: "cooling loops", Table: "cooling_loops", Column: "site_id"},
			db.Reference{Objects: "discovery ranges", Table: "discovery_ranges", Column: "site_id"})
		if err != nil {
			return err
		}
		if err := db.Delete[models.Site](tx, "site", x.Name, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", "site", id, x.Name, x, nil)
	})
}
