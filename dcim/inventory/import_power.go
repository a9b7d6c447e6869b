package inventory

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// power adds sources, panels, breakers, feeds and at last the cables.
func (im *importer) power(x *SiteSpec) error {
	for _, step := range []func(*SiteSpec) error{im.sourcesOf, im.panelsOf, im.breakersOf, im.feedsOf, im.cablesOf} {
		if err := step(x); err != nil {
			return err
		}
	}
	return nil
}

// deviceRef finds the device that something is told of by; empty is none.
func (im *importer) deviceRef(name string) (*models.DeviceID, error) {
	if name == "" {
		return nil, nil
	}
	d, ok := im.devices[name]
	if !ok {
		return nil, fault.NotFound("device", name)
	}
	return &d.ID, nil
}

// locationRef finds a location by its names from the top of the site.
func (im *importer) locationRef(path []string) (*uint64, error) {
	var at *uint64
	for _, name := range path {
		id, ok := im.locations[key(deref(at), name)]
		if !ok {
			return nil, fault.NotFound("location", name)
		}
		at = &id
	}
	return at, nil
}

func (im *importer) sourcesOf(x *SiteSpec) error {
	var err error
	im.sources, err = existing(im.tx.Where("site_id = ?", im.site.ID), "power sources",
		func(v models.PowerSource) string { return v.Name }, func(v models.PowerSource) uint64 { return v.ID })
	if err != nil {
		return err
	}
	var rows []*models.PowerSource
	for _, spec := range x.Sources {
		if _, ok := im.sources[spec.Name]; ok {
			continue
		}
		v := spec.PowerSource
		v.ID, v.SiteID, v.Status, v.Record = 0, im.site.ID, orActive(v.Status), fresh()
		if v.DeviceID, err = im.deviceRef(spec.Device); err != nil {
			return fmt.Errorf("power source %q: %w", v.Name, err)
		}
		im.sources[v.Name] = 0
		rows = append(rows, &v)
	}
	if err := insert(im, "power source", "power sources", rows); err != nil {
		return err
	}
	for _, v := range rows {
		im.sources[v.Name] = v.ID
	}
	return nil
}

func (im *importer) panelsOf(x *SiteSpec) error {
	var err error
	im.panels, err = existing(im.tx.Where("site_id = ?", im.site.ID), "power panels",
		func(v models.PowerPanel) string { return v.Name }, func(v models.PowerPanel) uint64 { return v.ID })
	if err != nil {
		return err
	}
	var rows []*models.PowerPanel
	for _, spec := range x.Panels {
		if _, ok := im.panels[spec.Name]; ok {
			continue
		}
		v := spec.PowerPanel
		v.ID, v.SiteID, v.Status, v.Record = 0, im.site.ID, orActive(v.Status), fresh()
		if v.DeviceID, err = im.deviceRef(spec.Device); err != nil {
			return fmt.Errorf("power panel %q: %w", v.Name, err)
		}
		if v.LocationID, err = im.locationRef(spec.Location); err != nil {
			return fmt.Errorf("power panel %q: %w", v.Name, err)
		}
		im.panels[v.Name] = 0
		rows = append(rows, &v)
	}
	if err := insert(im, "power panel", "power panels", rows); err != nil {
		return err
	}
	for _, v := range rows {
		im.panels[v.Name] = v.ID
	}
	return nil
}

// inPanels chooses what belongs to the panels of the site.
func (im *importer) inPanels() *gorm.DB {
	return im.tx.Where("power_panel_id IN (SELECT id FROM power_panels WHERE site_id = ?)", im.site.ID)
}

func (im *importer) breakersOf(x *SiteSpec) error {
	var err error
	im.breakers, err = existing(im.inPanels(), "breakers",
		func(v models.Breaker) string { return key(v.PowerPanelID, v.Name) }, func(v models.Breaker) uint64 { return v.ID })
	if err != nil {
		return err
	}
	var rows []*models.Breaker
	for _, p := range x.Panels {
		panel := im.panels[p.Name]
		for _, v := range p.Breakers {
			if _, ok := im.breakers[key(panel, v.Name)]; ok {
				continue
			}
			v.ID, v.PowerPanelID, v.Status, v.Record = 0, panel, orActive(v.Status), fresh()
			if v.ContinuousFactor == 0 {
				v.ContinuousFactor, v.FactorReason = 0.8, "site policy: 80 % of the rating for continuous load"
			}
			im.breakers[key(panel, v.Name)] = 0
			rows = append(rows, &v)
		}
	}
	if err := insert(im, "breaker", "breakers", rows); err != nil {
		return err
	}
	for _, v := range rows {
		im.breakers[key(v.PowerPanelID, v.Name)] = v.ID
	}
	return nil
}

func (im *importer) feedsOf(x *SiteSpec) error {
	var err error
	im.feeds, err = existing(im.inPanels(), "power feeds",
		func(v models.PowerFeed) string { return key(v.PowerPanelID, v.Name) }, func(v models.PowerFeed) uint64 { return v.ID })
	if err != nil {
		return err
	}
	var rows []*models.PowerFeed
	for _, p := range x.Panels {
		panel := im.panels[p.Name]
		for _, spec := range p.Feeds {
			if _, ok := im.feeds[key(panel, spec.Name)]; ok {
				continue
			}
			v := spec.PowerFeed
			v.ID, v.PowerPanelID, v.BreakerID, v.RackID, v.Status, v.Record = 0, panel, nil, nil, orActive(v.Status), fresh()
			if v.MaxUtilization == 0 {
				v.MaxUtilization = 80
			}
			if spec.Breaker != "" {
				id, ok := im.breakers[key(panel, spec.Breaker)]
				if !ok {
					return fmt.Errorf("power feed %q: %w", v.Name, fault.NotFound("breaker", spec.Breaker))
				}
				v.BreakerID = &id
			}
			if spec.Rack != "" {
				l, err := im.locationRef(spec.RackLocation)
				if err != nil {
					return fmt.Errorf("power feed %q: %w", v.Name, err)
				}
				rack, ok := im.racks[key(deref(l), spec.Rack)]
				if !ok {
					return fmt.Errorf("power feed %q: %w", v.Name, fault.NotFound("rack", spec.Rack))
				}
				v.RackID = &rack.ID
			}
			im.feeds[key(panel, v.Name)] = 0
			rows = append(rows, &v)
		}
	}
	if err := insert(im, "power feed", "power feeds", rows); err != nil {
		return err
	}
	for _, v := range rows {
		im.feeds[key(v.PowerPanelID, v.Name)] = v.ID
	}
	return nil
}

// cablesOf adds the cables of which neither end is taken by the very same
// terminal on the same side already.
func (im *importer) cablesOf(x *SiteSpec) error {
	var taken []models.CableEnd
	err := im.tx.Where("cable_id IN (SELECT id FROM cables WHERE site_id = ?)", im.site.ID).Find(&taken).Error
	if err != nil {
		return fmt.Errorf("read cable ends: %w", err)
	}
	pairs := map[uint64][2]string{}
	for _, e := range taken {
		p := pairs[e.CableID]
		if e.End == "A" {
			p[0] = terminal(e)
		} else {
			p[1] = terminal(e)
		}
		pairs[e.CableID] = p
	}
	known := map[[2]string]bool{}
	for _, p := range pairs {
		known[p] = true
	}
	var cables []*models.Cable
	var ends []models.CableEnd
	for i, spec := range x.Cables {
		a, err := im.end(spec.A, "A")
		if err != nil {
			return fmt.Errorf("cable %d (%s): %w", i+1, spec.Label, err)
		}
		b, err := im.end(spec.B, "B")
		if err != nil {
			return fmt.Errorf("cable %d (%s): %w", i+1, spec.Label, err)
		}
		pair := [2]string{terminal(a), terminal(b)}
		if known[pair] {
			continue
		}
		known[pair] = true
		c := spec.Cable
		c.ID, c.SiteID, c.Status, c.Record = 0, im.site.ID, orActive(c.Status), fresh()
		if err := layout.CheckText("label", c.Label, "comments", c.Comments); err != nil {
			return err
		}
		cables = append(cables, &c)
		ends = append(ends, a, b)
	}
	if err := insert(im, "cable", "cables", cables); err != nil {
		return err
	}
	for i := range ends {
		ends[i].CableID = cables[i/2].ID
	}
	for part := range slices.Chunk(ends, 1000) {
		if err := im.tx.Create(part).Error; err != nil {
			if errors.Is(err, gorm.ErrDuplicatedKey) {
				err = fault.Conflict(fault.Taken, "cables", "a port, outlet, feed or breaker has a cable on that side already")
			}
			return fmt.Errorf("plug in cables: %w", err)
		}
	}
	return nil
}

// terminal is a key for what an end is plugged into.
func terminal(e models.CableEnd) string {
	return key(deref(e.PowerPortID), deref(e.PowerOutletID), deref(e.PowerFeedID), deref(e.BreakerID), deref(e.PowerPanelID), deref(e.PowerSourceID))
}

// end finds the terminal that a cable's end names.
func (im *importer) end(x EndSpec, side string) (e models.CableEnd, err error) {
	e.End = side
	find := func(m map[string]uint64, k, object, name string) *uint64 {
		id, ok := m[k]
		if !ok {
			err = fault.NotFound(object, name)
			return nil
		}
		return &id
	}
	switch {
	case x.Device != "":
		d, ok := im.devices[x.Device]
		switch {
		case !ok:
			err = fault.NotFound("device", x.Device)
		case x.Port != "":
			e.PowerPortID = find(im.ports, key(d.ID, x.Port), "power port", x.Device+" "+x.Port)
		default:
			e.PowerOutletID = find(im.outlets, key(d.ID, x.Outlet), "power outlet", x.Device+" "+x.Outlet)
		}
	case x.Panel != "":
		panel := find(im.panels, x.Panel, "power panel", x.Panel)
		switch {
		case err != nil:
		case x.Breaker != "":
			e.BreakerID = find(im.breakers, key(*panel, x.Breaker), "breaker", x.Panel+" "+x.Breaker)
		case x.Feed != "":
			e.PowerFeedID = find(im.feeds, key(*panel, x.Feed), "power feed", x.Panel+" "+x.Feed)
		default:
			e.PowerPanelID = panel
		}
	case x.Source != "":
		e.PowerSourceID = find(im.sources, x.Source, "power source", x.Source)
	default:
		err = fault.Invalid("end", "required", "a cable's end names a device, a panel or a source")
	}
	return e, err
}
