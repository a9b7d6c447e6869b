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

// RackFilter chooses racks; zero fields choose all.
type RackFilter struct {
	SiteID, LocationID, RowID uint64
	Status                    models.Status
	// Search is looked for in name, serial, asset tag and description, without
	// regard to case and diacritics; several words must all be found.
	Search string
	// Sort is name (the default), status, u_height, position or used, with a
	// minus before it for the other direction.
	Sort          string
	Limit, Offset int
}

// RackSummary is a rack of a list with what is in it.
type RackSummary struct {
	models.Rack
	Devices int64
	// UsedU counts the units that are taken on either face.
	UsedU float64
}

var rackOrder = map[string]string{
	"": "racks.name, racks.id", "name": "racks.name, racks.id", "-name": "racks.name DESC, racks.id DESC",
	"status": "racks.status, racks.name, racks.id", "-status": "racks.status DESC, racks.name, racks.id",
	"u_height": "racks.u_height, racks.name, racks.id", "-u_height": "racks.u_height DESC, racks.name, racks.id",
	"position": "racks.row_id, racks.position_in_row, racks.id", "-position": "racks.row_id DESC, racks.position_in_row DESC, racks.id",
	"used": "used.n, racks.name, racks.id", "-used": "used.n DESC, racks.name, racks.id",
}

// Racks returns a page of racks, in a constant number of statements.
func (s *Service) Racks(ctx context.Context, f RackFilter) (Page[RackSummary], error) {
	var page Page[RackSummary]
	q, err := s.read(ctx, "racks.site_id")
	if err != nil {
		return page, err
	}
	order, ok := rackOrder[f.Sort]
	if !ok {
		return page, fault.Invalid("sort", "unknown", "must be name, status, u_height, position or used")
	}
	q = q.Model(&models.Rack{})
	for column, v := range map[string]uint64{"racks.site_id": f.SiteID, "racks.location_id": f.LocationID, "racks.row_id": f.RowID} {
		if v != 0 {
			q = q.Where(column+" = ?", v)
		}
	}
	if f.Status != "" {
		q = q.Where("racks.status = ?", f.Status)
	}
	for _, term := range SearchTerms(f.Search) {
		q = q.Where(`racks.search_text LIKE ? ESCAPE '\'`, term)
	}
	if err := q.Session(&gorm.Session{}).Count(&page.Total).Error; err != nil {
		return page, fmt.Errorf("count racks: %w", err)
	}
	if f.Sort == "used" || f.Sort == "-used" {
		q = q.Select("racks.*").Joins("LEFT JOIN (SELECT rack_id, COUNT(DISTINCT half_unit) AS n FROM rack_slots GROUP BY rack_id) AS used " +
			"ON used.rack_id = racks.id")
		order = "COALESCE(used.n, 0)" + order[len("used.n"):]
	}
	var racks []models.Rack
	if err := q.Order(order).Limit(ClampLimit(f.Limit)).Offset(max(f.Offset, 0)).Find(&racks).Error; err != nil {
		return page, fmt.Errorf("list racks: %w", err)
	}
	page.Items, err = s.summaries(ctx, racks)
	return page, err
}

func (s *Service) summaries(ctx context.Context, racks []models.Rack) ([]RackSummary, error) {
	out := make([]RackSummary, len(racks))
	ids := make([]uint64, len(racks))
	at := make(map[uint64]int, len(racks))
	for i, r := range racks {
		out[i].Rack, ids[i], at[r.ID] = r, r.ID, i
	}
	if len(racks) == 0 {
		return out, nil
	}
	var counts []struct {
		RackID  uint64
		Devices int64
		Halves  int64
	}
	err := s.db.WithContext(ctx).Raw("SELECT rack_id, SUM(d) AS devices, SUM(h) AS halves FROM ("+
		"SELECT rack_id, COUNT(*) AS d, 0 AS h FROM devices WHERE rack_id IN ? GROUP BY rack_id UNION ALL "+
		"SELECT rack_id, 0, COUNT(DISTINCT half_unit) FROM rack_slots WHERE rack_id IN ? GROUP BY rack_id) AS c GROUP BY rack_id",
		ids, ids).Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count devices of racks: %w", err)
	}
	for _, c := range counts {
		i := at[c.RackID]
		out[i].Devices, out[i].UsedU = c.Devices, float64(c.Halves)/2
	}
	return out, nil
}

// Rack returns one rack.
func (s *Service) Rack(ctx context.Context, id uint64) (models.Rack, error) {
	return s.rack(ctx, access.ReadFacility, id)
}

func (s *Service) rack(ctx context.Context, op access.Operation, id uint64) (models.Rack, error) {
	if err := access.Require(ctx, op); err != nil {
		return models.Rack{}, err
	}
	x, err := db.Take[models.Rack](s.db.WithContext(ctx), "rack", id)
	if err != nil {
		return x, err
	}
	if err := access.RequireSite(ctx, op, x.SiteID); err != nil {
		return models.Rack{}, err
	}
	return x, nil
}

// CheckRack makes a rack fit to be kept: defaults are set, what cannot be is a
// fault.Invalid.
func CheckRack(x *models.Rack) (err error) {
	if x.Name, err = CheckName("name", x.Name); err != nil {
		return err
	}
	if x.Status == "" {
		x.Status = models.StatusActive
	}
	if x.UHeight < 1 || x.UHeight > 100 {
		return fault.Invalid("u_height", "range", "must be 1 to 100")
	}
	if err := checkPlan(x.XM, x.YM, &x.RotationDeg); err != nil {
		return err
	}
	if err := CheckText("description", x.Description, "serial", x.Serial, "asset_tag", x.AssetTag); err != nil {
		return err
	}
	x.Folded = Fold(x.Name, x.Serial, x.AssetTag, x.Description)
	return nil
}

// CreateRack adds a rack to a location; its site is the location's. Width,
// depth, height and load that are zero come from its type; a starting unit of
// zero is 1.
func (s *Service) CreateRack(ctx context.Context, x models.Rack) (models.Rack, error) {
	l, err := s.location(ctx, access.EditLayout, x.LocationID)
	if err != nil {
		return models.Rack{}, err
	}
	x.ID, x.SiteID = 0, l.SiteID
	if x.StartingUnit == 0 {
		x.StartingUnit = 1
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if x.RackTypeID != nil {
			rt, err := db.Take[models.RackType](tx, "rack type", *x.RackTypeID)
			if err != nil {
				return err
			}
			FillFromType(&x, rt)
		}
		if err := CheckRack(&x); err != nil {
			return err
		}
		if err := db.Create(tx, "rack", x.Name, &x, &x.Record); err != nil {
			return err
		}
		return s.record(ctx, tx, "create", "rack", x.ID, x.Name, nil, x)
	})
	return x, err
}

// FillFromType gives a rack what its type knows and it does not say itself.
func FillFromType(x *models.Rack, rt models.RackType) {
	for _, f := range []struct {
		have *int
		from int
	}{{&x.UHeight, rt.UHeight}, {&x.WidthMM, rt.WidthMM}, {&x.DepthMM, rt.DepthMM}} {
		if *f.have == 0 {
			*f.have = f.from
		}
	}
	if x.MaxWeightKg == 0 {
		x.MaxWeightKg = rt.MaxWeightKg
	}
}

// UpdateRack replaces a rack. It may move to another location of its site; its
// devices come along, and their history notes it. It cannot shrink below what
// is mounted in it. See UpdateSite for the version.
func (s *Service) UpdateRack(ctx context.Context, x models.Rack) (models.Rack, error) {
	old, err := s.rack(ctx, access.EditLayout, x.ID)
	if err != nil {
		return models.Rack{}, err
	}
	x.SiteID = old.SiteID
	if err := CheckRack(&x); err != nil {
		return models.Rack{}, err
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.Rack](tx, "rack", x.ID)
		if err != nil {
			return err
		}
		if err := checkMounted(tx, &x); err != nil {
			return err
		}
		x.CreatedAt = before.CreatedAt
		if err := db.Replace(tx, "rack", x.Name, &x, &x.Record, db.Seen(x.Version, before.Version)); err != nil {
			return err
		}
		if x.LocationID != before.LocationID || x.Name != before.Name {
			if err := moveDevices(ctx, tx, x); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, "update", "rack", x.ID, x.Name, before, x)
	})
	return x, err
}

// checkMounted makes sure that the units of x still hold what is mounted.
func checkMounted(tx *gorm.DB, x *models.Rack) error {
	var out []string
	err := tx.Raw("SELECT DISTINCT d.name FROM rack_slots AS s JOIN devices AS d ON d.id = s.device_id "+
		"WHERE s.rack_id = ? AND (s.half_unit < ? OR s.half_unit >= ?) ORDER BY d.name LIMIT 5",
		x.ID, 2*x.StartingUnit, 2*(x.StartingUnit+x.UHeight)).Scan(&out).Error
	if err != nil {
		return fmt.Errorf("read places in rack %q: %w", x.Name, err)
	}
	if len(out) > 0 {
		return fault.Conflict(fault.InUse, "u_height",
			fmt.Sprintf("rack %q would not have the units that %s is mounted in", x.Name, list(out)), out...)
	}
	return nil
}

// DeleteRack removes an empty rack; a fault.InUse conflict tells what is in it.
func (s *Service) DeleteRack(ctx context.Context, id uint64) error {
	if _, err := s.rack(ctx, access.EditLayout, id); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		x, err := db.TakeLocked[models.Rack](tx, "rack", id)
		if err != nil {
			return err
		}
		err = db.CheckUnused(tx, "rack", x.Name, id,
			db.Reference{Objects: "devices", Table: "devices", Column: "rack_id"},
			db.Reference{Objects: "power feeds", Table: "power_feeds", Column: "rack_id"})
		if err != nil {
			return err
		}
		if err := db.Delete[models.Rack](tx, "rack", x.Name, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", "rack", id, x.Name, x, nil)
	})
}
