package layout

import (
	"context"
	"fmt"
	"math"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

func checkRow(x *models.Row) (err error) {
	if x.Name, err = CheckName("name", x.Name); err != nil {
		return err
	}
	if err := checkPlan(x.XM, x.YM, &x.RotationDeg); err != nil {
		return err
	}
	return CheckText("description", x.Description)
}

// checkPlan makes sure that coordinates are whole and finite, and brings an
// angle into 0 to 360 degrees.
func checkPlan(x, y, rotation *float64) error {
	if (x == nil) != (y == nil) {
		return fault.Invalid("x_m", "required", "x and y go together")
	}
	for _, v := range []*float64{x, y} {
		if v != nil && (math.IsNaN(*v) || math.Abs(*v) > 10_000) {
			return fault.Invalid("x_m", "range", "must be within 10 km")
		}
	}
	if math.IsNaN(*rotation) || math.IsInf(*rotation, 0) {
		return fault.Invalid("rotation_deg", "range", "must be an angle")
	}
	*rotation = math.Mod(math.Mod(*rotation, 360)+360, 360)
	return nil
}

// Rows returns the rows of a location by name, or all rows when it is zero.
func (s *Service) Rows(ctx context.Context, location uint64) ([]models.Row, error) {
	q, err := s.read(ctx, "l.site_id")
	if err != nil {
		return nil, err
	}
	q = q.Table("rack_rows AS r").Select("r.*").Joins("JOIN locations AS l ON l.id = r.location_id")
	if location != 0 {
		q = q.Where("r.location_id = ?", location)
	}
	var out []models.Row
	if err := q.Order("r.name, r.id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list rows: %w", err)
	}
	return out, nil
}

// Row returns one row.
func (s *Service) Row(ctx context.Context, id uint64) (models.Row, error) {
	return s.row(ctx, access.ReadFacility, id)
}

func (s *Service) row(ctx context.Context, op access.Operation, id uint64) (models.Row, error) {
	if err := access.Require(ctx, op); err != nil {
		return models.Row{}, err
	}
	x, err := db.Take[models.Row](s.db.WithContext(ctx), "row", id)
	if err != nil {
		return x, err
	}
	if _, err := s.location(ctx, op, x.LocationID); err != nil {
		return models.Row{}, err
	}
	return x, nil
}

// CreateRow adds a row to a location.
func (s *Service) CreateRow(ctx context.Context, x models.Row) (models.Row, error) {
	if _, err := s.location(ctx, access.EditLayout, x.LocationID); err != nil {
		return models.Row{}, err
	}
	if err := checkRow(&x); err != nil {
		return models.Row{}, err
	}
	x.ID = 0
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := db.Create(tx, "row", x.Name, &x, &x.Record); err != nil {
			return err
		}
		return s.record(ctx, tx, "create", "row", x.ID, x.Name, nil, x)
	})
	return x, err
}

// UpdateRow replaces a row; it stays in its location. See UpdateSite for the
// version.
func (s *Service) UpdateRow(ctx context.Context, x models.Row) (models.Row, error) {
	old, err := s.row(ctx, access.EditLayout, x.ID)
	if err != nil {
		return models.Row{}, err
	}
	if err := checkRow(&x); err != nil {
		return models.Row{}, err
	}
	if x.LocationID == 0 {
		x.LocationID = old.LocationID
	}
	if x.LocationID != old.LocationID {
		return models.Row{}, fault.Invalid("location_id", "fixed", "a row cannot move to another location")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.Row](tx, "row", x.ID)
		if err != nil {
			return err
		}
		x.CreatedAt = before.CreatedAt
		if err := db.Replace(tx, "row", x.Name, &x, &x.Record, db.Seen(x.Version, before.Version)); err != nil {
			return err
		}
		return s.record(ctx, tx, "update", "row", x.ID, x.Name, before, x)
	})
	return x, err
}

// DeleteRow removes a row without racks.
func (s *Service) DeleteRow(ctx context.Context, id uint64) error {
	if _, err := s.row(ctx, access.EditLayout, id); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		x, err := db.TakeLocked[models.Row](tx, "row", id)
		if err != nil {
			return err
		}
		err = db.CheckUnused(tx, "row", x.Name, id, db.Reference{Objects: "racks", Table: "racks", Column: "row_id"})
		if err != nil {
			return err
		}
		if err := db.Delete[models.Row](tx, "row", x.Name, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", "row", id, x.Name, x, nil)
	})
}
