package inventory

import (
	"context"
	"fmt"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// PowerChain is all that carries power in a site, from the sources to the
// outlets, with the cables between.
type PowerChain struct {
	Sources  []models.PowerSource
	Panels   []models.PowerPanel
	Breakers []models.Breaker
	Feeds    []models.PowerFeed
	Ports    []models.PowerPort
	Outlets  []models.PowerOutlet
	Cables   []models.Cable
	Ends     []models.CableEnd
}

// PowerChain returns the power chain of a site in a constant number of
// statements.
func (s *Service) PowerChain(ctx context.Context, site uint64) (PowerChain, error) {
	var out PowerChain
	if err := access.RequireSite(ctx, access.ReadFacility, site); err != nil {
		return out, err
	}
	const inPanels = "power_panel_id IN (SELECT id FROM power_panels WHERE site_id = ?)"
	const inDevices = "device_id IN (SELECT id FROM devices WHERE site_id = ?)"
	for _, step := range []struct {
		what, where, order string
		into               any
	}{
		{"power sources", "site_id = ?", "name", &out.Sources},
		{"power panels", "site_id = ?", "name", &out.Panels},
		{"breakers", inPanels, "power_panel_id, name", &out.Breakers},
		{"power feeds", inPanels, "power_panel_id, name", &out.Feeds},
		{"power ports", inDevices, "device_id, id", &out.Ports},
		{"power outlets", inDevices, "device_id, id", &out.Outlets},
		{"cables", "site_id = ?", "id", &out.Cables},
		{"cable ends", "cable_id IN (SELECT id FROM cables WHERE site_id = ?)", "cable_id, cable_end", &out.Ends},
	} {
		if err := s.db.WithContext(ctx).Where(step.where, site).Order(step.order).Find(step.into).Error; err != nil {
			return PowerChain{}, fmt.Errorf("read %s: %w", step.what, err)
		}
	}
	return out, nil
}

// CoolingPlant is what moves the heat of a site.
type CoolingPlant struct {
	Loops []models.CoolingLoop
	Units []models.CoolingUnit
}

// CoolingPlant returns the loops and units of a site.
func (s *Service) CoolingPlant(ctx context.Context, site uint64) (CoolingPlant, error) {
	var out CoolingPlant
	if err := access.RequireSite(ctx, access.ReadFacility, site); err != nil {
		return out, err
	}
	q := s.db.WithContext(ctx)
	if err := q.Where("site_id = ?", site).Order("name").Find(&out.Loops).Error; err != nil {
		return CoolingPlant{}, fmt.Errorf("read cooling loops: %w", err)
	}
	err := q.Where("device_id IN (SELECT id FROM devices WHERE site_id = ?)", site).Order("id").Find(&out.Units).Error
	if err != nil {
		return CoolingPlant{}, fmt.Errorf("read cooling units: %w", err)
	}
	return out, nil
}

// Counts are the sizes of what the principal may see, for an overview.
type Counts struct {
	Sites, Locations, Racks, Devices, Polled int64
	ByKind                                   map[models.Kind]int64
	ByStatus                                 map[models.Status]int64
}

// Counts counts sites, locations, racks and devices, in four statements.
func (s *Service) Counts(ctx context.Context) (Counts, error) {
	out := Counts{ByKind: map[models.Kind]int64{}, ByStatus: map[models.Status]int64{}}
	for _, step := range []struct {
		table, column string
		into          *int64
	}{{"sites", "id", &out.Sites}, {"locations", "site_id", &out.Locations}, {"racks", "site_id", &out.Racks}} {
		q, err := s.read(ctx, step.column)
		if err != nil {
			return Counts{}, err
		}
		if err := q.Table(step.table).Count(step.into).Error; err != nil {
			return Counts{}, fmt.Errorf("count %s: %w", step.table, err)
		}
	}
	var rows []struct {
		Kind      models.Kind
		Status    models.Status
		N, Polled int64
	}
	err := layout.Confine(ctx, s.db.WithContext(ctx), "site_id").Table("devices").
		Select("kind, status, COUNT(*) AS n, SUM(CASE WHEN poll_enabled THEN 1 ELSE 0 END) AS polled").
		Group("kind, status").Scan(&rows).Error
	if err != nil {
		return Counts{}, fmt.Errorf("count devices: %w", err)
	}
	for _, r := range rows {
		out.Devices += r.N
		out.Polled += r.Polled
		out.ByKind[r.Kind] += r.N
		out.ByStatus[r.Status] += r.N
	}
	return out, nil
}
