package layout

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// rank orders the kinds of locations from the outside inwards.
var rank = map[models.LocationKind]int{models.Building: 1, models.Floor: 2, models.Room: 3, models.Zone: 4}

// maxDepth bounds how deep locations nest.
const maxDepth = 12

func checkLocation(x *models.Location) (err error) {
	if x.Name, err = CheckName("name", x.Name); err != nil {
		return err
	}
	if rank[x.Kind] == 0 {
		return fault.Invalid("kind", "unknown", "must be building, floor, room or zone")
	}
	if x.Status == "" {
		x.Status = models.StatusActive
	}
	return CheckText("description", x.Description)
}

// Locations returns the locations of a site by name, or of all sites when site
// is zero.
func (s *Service) Locations(ctx context.Context, site uint64) ([]models.Location, error) {
	q, err := s.read(ctx, "site_id")
	if err != nil {
		return nil, err
	}
	if site != 0 {
		q = q.Where("site_id = ?", site)
	}
	var out []models.Location
	if err := q.Order("name, id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list locations: %w", err)
	}
	return out, nil
}

// Location returns one location.
func (s *Service) Location(ctx context.Context, id uint64) (models.Location, error) {
	return s.location(ctx, access.ReadFacility, id)
}

// location reads a location and asks for op in its site.
func (s *Service) location(ctx context.Context, op access.Operation, id uint64) (models.Location, error) {
	if err := access.Require(ctx, op); err != nil {
		return models.Location{}, err
	}
	x, err := db.Take[models.Location](s.db.WithContext(ctx), "location", id)
	if err != nil {
		return x, err
	}
	if err := access.RequireSite(ctx, op, x.SiteID); err != nil {
		return models.Location{}, err
	}
	return x, nil
}

// CreateLocation adds a location.
func (s *Service) CreateLocation(ctx context.Context, x models.Location) (models.Location, error) {
	if err := access.RequireSite(ctx, access.EditLayout, x.SiteID); err != nil {
		return models.Location{}, err
	}
	if err := checkLocation(&x); err != nil {
		return models.Location{}, err
	}
	x.ID = 0
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if _, err := db.TakeLocked[models.Site](tx, "site", x.SiteID); err != nil {
			return err
		}
		if err := checkNesting(tx, &x); err != nil {
			return err
		}
		if err := db.Create(tx, "location", x.Name, &x, &x.Record); err != nil {
			return err
		}
		return s.record(ctx, tx, "create", "location", x.ID, x.Name, nil, x)
	})
	return x, err
}

// UpdateLocation replaces a location; it stays in its site. See UpdateSite for
// the version.
func (s *Service) UpdateLocation(ctx context.Context, x models.Location) (models.Location, error) {
	old, err := s.location(ctx, access.EditLayout, x.ID)
	if err != nil {
		return models.Location{}, err
	}
	if err := checkLocation(&x); err != nil {
		return models.Location{}, err
	}
	if x.SiteID == 0 {
		x.SiteID = old.SiteID
	}
	if x.SiteID != old.SiteID {
		return models.Location{}, fault.Invalid("site_id", "fixed", "a location cannot move to another site")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		// The site's lock lets one change of its tree through at a time, so
		// that two cannot make a circle together.
		if _, err := db.TakeLocked[models.Site](tx, "site", x.SiteID); err != nil {
			return err
		}
		before, err := db.TakeLocked[models.Location](tx, "location", x.ID)
		if err != nil {
			return err
		}
		if err := checkNesting(tx, &x); err != nil {
			return err
		}
		x.CreatedAt = before.CreatedAt
		if err := db.Replace(tx, "location", x.Name, &x, &x.Record, db.Seen(x.Version, before.Version)); err != nil {
			return err
		}
		return s.record(ctx, tx, "update", "location", x.ID, x.Name, before, x)
	})
	return x, err
}

// checkNesting makes sure that x is inside its parent and around its children,
// and not inside itself.
func checkNesting(tx *gorm.DB, x *models.Location) error {
	var all []models.Location
	if err := tx.Select("id", "parent_id", "kind", "name").Where("site_id = ?", x.SiteID).Find(&all).Error; err != nil {
		return fmt.Errorf("read locations: %w", err)
	}
	byID := make(map[uint64]models.Location, len(all))
	for _, l := range all {
		byID[l.ID] = l
		if x.ID != 0 && l.ParentID != nil && *l.ParentID == x.ID && rank[l.Kind] < rank[x.Kind] {
			return fault.Invalid("kind", "nesting", fmt.Sprintf("a %s cannot contain %s %q", x.Kind, l.Kind, l.Name))
		}
	}
	depth := 1
	for up := x.ParentID; up != nil; depth++ {
		if x.ID != 0 && *up == x.ID {
			return fault.Invalid("parent_id", "circle", "a location cannot be inside itself")
		}
		p, ok := byID[*up]
		if !ok {
			return fault.Invalid("parent_id", "unknown", "is not a location of the same site")
		}
		if depth == 1 && rank[p.Kind] > rank[x.Kind] {
			return fault.Invalid("parent_id", "nesting", fmt.Sprintf("a %s cannot be inside %s %q", x.Kind, p.Kind, p.Name))
		}
		if depth >= maxDepth {
			return fault.Invalid("parent_id", "depth", fmt.Sprintf("locations nest at most %d deep", maxDepth))
		}
		up = p.ParentID
	}
	return nil
}

// DeleteLocation removes an empty location; a fault.InUse conflict tells what
// is in it.
func (s *Service) DeleteLocation(ctx context.Context, id uint64) error {
	if _, err := s.location(ctx, access.EditLayout, id); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		x, err := db.TakeLocked[models.Location](tx, "location", id)
		if err != nil {
			return err
		}
		err = db.CheckUnused(tx, "location", x.Name, id,
			db.Reference{Objects: "locations", Table: "locations", Column: "parent_id"},
			db.Reference{Objects: "rows", Table: "rack_rows", Column: "location_id"},
			db.Reference{Objects: "racks", Table: "racks", Column: "location_id"},
			db.Reference{Objects: "devices", Table: "devices", Column: "location_id"},
			db.Reference{Objects: "power panels", Table: "power_panels", Column: "location_id"})
		if err != nil {
			return err
		}
		if err := db.Delete[models.Location](tx, "location", x.Name, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", "location", id, x.Name, x, nil)
	})
}
