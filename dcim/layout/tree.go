package layout

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
)

// SiteNode is a site of the tree.
type SiteNode struct {
	models.Site
	Locations []*LocationNode
	// Devices counts all devices of the site.
	Devices int64
}

// LocationNode is a location of the tree.
type LocationNode struct {
	models.Location
	Locations []*LocationNode
	Rows      []models.Row
	Racks     []RackNode
	// Devices counts the devices in it and in what is beneath it.
	Devices int64
}

// RackNode is a rack of the tree.
type RackNode struct {
	ID            uint64
	Name          string
	Status        models.Status
	LocationID    uint64
	RowID         *uint64
	PositionInRow int
	UHeight       int
	Devices       int64
}

// Tree returns all that the principal may see from the sites to the racks, in
// a constant number of statements.
func (s *Service) Tree(ctx context.Context) ([]*SiteNode, error) {
	q, err := s.read(ctx, "id")
	if err != nil {
		return nil, err
	}
	var sites []models.Site
	if err := q.Order("name").Find(&sites).Error; err != nil {
		return nil, fmt.Errorf("read sites: %w", err)
	}
	confined := func(column string) *gorm.DB { return Confine(ctx, s.db.WithContext(ctx), column) }
	var locations []models.Location
	if err := confined("site_id").Order("name, id").Find(&locations).Error; err != nil {
		return nil, fmt.Errorf("read locations: %w", err)
	}
	var rows []models.Row
	err = confined("l.site_id").Table("rack_rows AS r").Select("r.*").Joins("JOIN locations AS l ON l.id = r.location_id").Order("r.name, r.id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	var racks []RackNode
	err = confined("site_id").Table("racks").Order("row_id, position_in_row, name, id").Find(&racks).Error
	if err != nil {
		return nil, fmt.Errorf("read racks: %w", err)
	}
	var counts []struct {
		SiteID             uint64
		LocationID, RackID *uint64
		N                  int64
	}
	err = confined("site_id").Table("devices").Select("site_id, location_id, rack_id, COUNT(*) AS n").Group("site_id, location_id, rack_id").Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count devices: %w", err)
	}

	bySite := make(map[uint64]*SiteNode, len(sites))
	out := make([]*SiteNode, len(sites))
	for i, x := range sites {
		out[i] = &SiteNode{Site: x}
		bySite[x.ID] = out[i]
	}
	byLocation := make(map[uint64]*LocationNode, len(locations))
	for _, l := range locations {
		byLocation[l.ID] = &LocationNode{Location: l}
	}
	for _, l := range locations {
		n := byLocation[l.ID]
		if l.ParentID != nil && byLocation[*l.ParentID] != nil {
			p := byLocation[*l.ParentID]
			p.Locations = append(p.Locations, n)
		} else if site := bySite[l.SiteID]; site != nil {
			site.Locations = append(site.Locations, n)
		}
	}
	for _, r := range rows {
		if n := byLocation[r.LocationID]; n != nil {
			n.Rows = append(n.Rows, r)
		}
	}
	inRack := map[uint64]int64{}
	for _, c := range counts {
		if site := bySite[c.SiteID]; site != nil {
			site.Devices += c.N
		}
		if c.RackID != nil {
			inRack[*c.RackID] += c.N
		}
		// Depth is bounded by checkNesting.
		for up, depth := c.LocationID, 0; up != nil && depth <= maxDepth; depth++ {
			n := byLocation[*up]
			if n == nil {
				break
			}
			n.Devices += c.N
			up = n.ParentID
		}
	}
	for _, r := range racks {
		r.Devices = inRack[r.ID]
		if n := byLocation[r.LocationID]; n != nil {
			n.Racks = append(n.Racks, r)
		}
	}
	return out, nil
}

// Plan is what stands in a room, for drawing.
type Plan struct {
	models.Location
	// Path names the site and the locations around the room, from the outside.
	Path []string
	// Zones are the locations inside the room.
	Zones []models.Location
	Rows  []models.Row
	Racks []models.Rack
	// Devices stand on the floor.
	Devices []PlanDevice
}

// PlanDevice is a device that stands in a room outside racks.
type PlanDevice struct {
	models.Device
	// TypeWidthMM and TypeDepthMM are its footprint; zero is unknown.
	TypeWidthMM int `gorm:"column:type_width_mm"`
	TypeDepthMM int `gorm:"column:type_depth_mm"`
}

// Plan returns the plan of a location and of all beneath it, in a constant
// number of statements.
func (s *Service) Plan(ctx context.Context, location uint64) (Plan, error) {
	l, err := s.location(ctx, access.ReadFacility, location)
	if err != nil {
		return Plan{}, err
	}
	out := Plan{Location: l}
	q := s.db.WithContext(ctx)
	if out.Path, err = placeNames(q, models.Position{SiteID: l.SiteID, LocationID: l.ParentID}); err != nil {
		return Plan{}, err
	}
	var all []models.Location
	if err := q.Where("site_id = ?", l.SiteID).Order("name, id").Find(&all).Error; err != nil {
		return Plan{}, fmt.Errorf("read locations: %w", err)
	}
	inside := map[uint64]bool{l.ID: true}
	ids := []uint64{l.ID}
	for grown := true; grown; {
		grown = false
		for _, z := range all {
			if z.ParentID != nil && inside[*z.ParentID] && !inside[z.ID] {
				inside[z.ID], grown = true, true
				ids = append(ids, z.ID)
				out.Zones = append(out.Zones, z)
			}
		}
	}
	if err := q.Where("location_id IN ?", ids).Order("name, id").Find(&out.Rows).Error; err != nil {
		return Plan{}, fmt.Errorf("read rows: %w", err)
	}
	if err := q.Where("location_id IN ?", ids).Order("row_id, position_in_row, name, id").Find(&out.Racks).Error; err != nil {
		return Plan{}, fmt.Errorf("read racks: %w", err)
	}
	err = q.Table("devices").Select("devices.*, COALESCE(t.width_mm, 0) AS type_width_mm, COALESCE(t.depth_mm, 0) AS type_depth_mm").
		Joins("LEFT JOIN device_types AS t ON t.id = devices.device_type_id").
		Where("devices.location_id IN ? AND devices.rack_id IS NULL", ids).Order("devices.name, devices.id").Find(&out.Devices).Error
	if err != nil {
		return Plan{}, fmt.Errorf("read devices on the floor: %w", err)
	}
	return out, nil
}

// Elevation is a rack with what is mounted in it.
type Elevation struct {
	models.Rack
	// Path names the site, the locations and the rack, from the outside.
	Path    []string
	Devices []Mounted
}

// Mounted is a device in a rack, with what its type says.
type Mounted struct {
	models.Device
	TypeManufacturer string
	TypeModel        string
	TypeUHeight      float64 `gorm:"column:type_u_height"`
	TypeFullDepth    bool
	TypeHalfWidth    bool
	TypeWeightKg     float64
	TypeRatedPowerW  float64 `gorm:"column:type_rated_power_w"`
}

// Elevation returns a rack and its devices: first those in units from the top
// down, then those at the sides and those at no stated height.
func (s *Service) Elevation(ctx context.Context, rack uint64) (Elevation, error) {
	r, err := s.rack(ctx, access.ReadFacility, rack)
	if err != nil {
		return Elevation{}, err
	}
	out := Elevation{Rack: r}
	q := s.db.WithContext(ctx)
	if out.Path, err = placeNames(q, models.Position{SiteID: r.SiteID, LocationID: &r.LocationID, RackID: &r.ID}); err != nil {
		return Elevation{}, err
	}
	err = q.Table("devices").Select("devices.*, COALESCE(m.name, '') AS type_manufacturer, COALESCE(t.model, '') AS type_model, "+
		"COALESCE(t.u_height, 1) AS type_u_height, COALESCE(t.full_depth, TRUE) AS type_full_depth, "+
		"COALESCE(t.half_width, FALSE) AS type_half_width, COALESCE(t.weight_kg, 0) AS type_weight_kg, "+
		"COALESCE(t.rated_power_w, 0) AS type_rated_power_w").
		Joins("LEFT JOIN device_types AS t ON t.id = devices.device_type_id").
		Joins("LEFT JOIN manufacturers AS m ON m.id = t.manufacturer_id").
		Where("devices.rack_id = ?", rack).
		Order("CASE WHEN devices.position_u IS NULL THEN 1 ELSE 0 END, devices.position_u DESC, devices.name, devices.id").
		Find(&out.Devices).Error
	if err != nil {
		return Elevation{}, fmt.Errorf("read devices of rack %q: %w", r.Name, err)
	}
	return out, nil
}

// Path returns the names of the site, the locations and the rack around a
// device's place, from the outside.
func (s *Service) Path(ctx context.Context, p models.Position) ([]string, error) {
	if err := access.RequireSite(ctx, access.ReadFacility, p.SiteID); err != nil {
		return nil, err
	}
	return placeNames(s.db.WithContext(ctx), p)
}
