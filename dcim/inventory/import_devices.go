package inventory

import (
	"fmt"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// placeDevices adds the devices of the site with their places, ports, outlets
// and cooling units.
func (im *importer) placeDevices() error {
	if err := im.readTerminals(); err != nil {
		return err
	}
	var rows []*models.Device
	var at []plannedDevice
	for _, p := range im.plan {
		d, err := im.device(p)
		if err != nil {
			return fmt.Errorf("device %q: %w", p.spec.Name, err)
		}
		have, ok := im.devices[d.Name]
		switch {
		case ok && have.ID == 0:
			return fault.Conflict(fault.Taken, "name", fmt.Sprintf("device %q is listed twice", d.Name), d.Name)
		case ok:
			if err := im.readdress(have, d); err != nil {
				return err
			}
		default:
			im.devices[d.Name] = models.Device{}
			rows, at = append(rows, d), append(at, p)
		}
	}
	if err := insert(im, "device", "devices", rows); err != nil {
		return err
	}
	who, _ := access.From(im.ctx)
	var slots []models.RackSlot
	places := make([]models.Placement, len(rows))
	names := make(map[models.DeviceID]string, len(rows))
	for i, d := range rows {
		im.devices[d.Name], names[d.ID] = *d, d.Name
		im.changed = append(im.changed, d.ID)
		p := at[i]
		if p.rack != nil {
			s, err := layout.Slots(*p.rack, d.ID, d.Position, im.body(d))
			if err != nil {
				return fmt.Errorf("device %q: %w", d.Name, err)
			}
			slots = append(slots, s...)
		}
		places[i] = models.Placement{
			DeviceID: d.ID, SiteID: &im.site.ID, LocationID: d.LocationID, RackID: d.RackID, PositionU: d.PositionU, Face: d.Face,
			Place: layout.PlaceText(p.path, d.Position), FromAt: db.Now(), Actor: who.Name,
		}
	}
	if err := im.checkSlots(slots, names); err != nil {
		return err
	}
	if len(slots) > 0 {
		if err := im.tx.CreateInBatches(slots, 2000).Error; err != nil {
			return fmt.Errorf("take places in racks: %w", db.Explain(err, "rack slot", im.site.Name))
		}
	}
	if len(places) > 0 {
		if err := im.tx.CreateInBatches(places, 1000).Error; err != nil {
			return fmt.Errorf("note places of devices: %w", err)
		}
	}
	return im.terminals()
}

// device makes the row of a spec.
func (im *importer) device(p plannedDevice) (*models.Device, error) {
	d := p.spec.Device
	d.ID, d.SiteID, d.LearnedFacts, d.Controlling, d.Generation, d.Record = 0, im.site.ID, models.LearnedFacts{}, models.Controlling{}, 1, fresh()
	d.DeviceTypeID, d.CredentialID, d.CollectorID = nil, nil, nil
	if p.spec.Type != "" {
		t, ok := im.deviceTypes[key(im.manufacturers[p.spec.Manufacturer], p.spec.Type)]
		if !ok {
			return nil, fault.NotFound("device type", p.spec.Manufacturer+" "+p.spec.Type)
		}
		d.DeviceTypeID = &t.ID
		if d.Kind == "" {
			d.Kind = t.Kind
		}
	}
	if p.spec.Credential != "" {
		c, ok := im.credentials[p.spec.Credential]
		if !ok {
			return nil, fault.NotFound("credential", p.spec.Credential)
		}
		if err := fits(c.Kind, d.Protocol, "credential"); err != nil {
			return nil, err
		}
		d.CredentialID = &c.ID
	}
	if p.spec.Collector != "" {
		c, ok := im.collectors[p.spec.Collector]
		if !ok {
			return nil, fault.NotFound("collector", p.spec.Collector)
		}
		d.CollectorID = &c
	}
	if err := checkDevice(&d); err != nil {
		return nil, err
	}
	if err := layout.CheckPosition(&d.Position); err != nil {
		return nil, err
	}
	return &d, nil
}

func (im *importer) body(d *models.Device) layout.Body {
	if d.DeviceTypeID != nil {
		if t, ok := im.typesByID[*d.DeviceTypeID]; ok {
			return layout.BodyOf(&t)
		}
	}
	return layout.BodyOf(nil)
}

// checkSlots names the two devices that would be in one place. The database
// would refuse them too, but cannot name them.
func (im *importer) checkSlots(slots []models.RackSlot, names map[models.DeviceID]string) error {
	if len(slots) == 0 {
		return nil
	}
	var taken []models.RackSlot
	err := im.tx.Where("rack_id IN (SELECT id FROM racks WHERE site_id = ?)", im.site.ID).Find(&taken).Error
	if err != nil {
		return fmt.Errorf("read places in racks: %w", err)
	}
	for _, d := range im.devices {
		names[d.ID] = d.Name
	}
	type place struct {
		rack uint64
		half int
		face models.Face
		side models.Side
	}
	by := make(map[place]models.DeviceID, len(taken)+len(slots))
	for _, s := range append(taken, slots...) {
		p := place{s.RackID, s.HalfUnit, s.Face, s.Side}
		if other, ok := by[p]; ok {
			return fault.Conflict(fault.Occupied, "position_u", fmt.Sprintf("devices %q and %q are both at U%v %s of one rack",
				names[other], names[s.DeviceID], float64(s.HalfUnit)/2, s.Face), names[other])
		}
		by[p] = s.DeviceID
	}
	return nil
}

// readdress brings the polling of a device that exists up to date.
func (im *importer) readdress(have models.Device, want *models.Device) error {
	want.Name, want.Status = have.Name, have.Status
	if !pollingChanged(have, *want) {
		return nil
	}
	moved := reachedElsewhere(have, *want)
	have.Polling = want.Polling
	if moved {
		have.Controlling = models.Controlling{}
		if err := im.unwritable(im.ctx, im.tx, have.ID, models.ControlReplaced); err != nil {
			return err
		}
	}
	have.Folded = folded(&have)
	have.Version++
	have.UpdatedAt = db.Now()
	err := im.tx.Model(&have).Select("poll_enabled", "protocol", "address", "credential_id", "unit_id", "profile_override", "interval_s",
		"timeout_ms", "collector_id", "control_allowed", "control_credential_id", "search_text", "version", "updated_at").Updates(&have).Error
	if err != nil {
		return fmt.Errorf("update device %q: %w", have.Name, db.Explain(err, "device", have.Name))
	}
	im.devices[have.Name] = have
	im.changed = append(im.changed, have.ID)
	im.out.Readdressed++
	return nil
}

func (im *importer) readTerminals() error {
	var err error
	inSite := "device_id IN (SELECT id FROM devices WHERE site_id = ?)"
	im.ports, err = existing(im.tx.Where(inSite, im.site.ID), "power ports",
		func(p models.PowerPort) string { return key(p.DeviceID, p.Name) }, func(p models.PowerPort) uint64 { return p.ID })
	if err != nil {
		return err
	}
	im.outlets, err = existing(im.tx.Where(inSite, im.site.ID), "power outlets",
		func(p models.PowerOutlet) string { return key(p.DeviceID, p.Name) }, func(p models.PowerOutlet) uint64 { return p.ID })
	return err
}

// terminals adds the ports, then the outlets, then the cooling units.
func (im *importer) terminals() error {
	var ports []*models.PowerPort
	for _, p := range im.plan {
		id := im.devices[p.spec.Name].ID
		for _, x := range p.spec.Ports {
			if _, ok := im.ports[key(id, x.Name)]; !ok {
				x.ID, x.DeviceID = 0, id
				im.ports[key(id, x.Name)] = 0
				ports = append(ports, &x)
			}
		}
	}
	if err := insert(im, "power port", "power ports", ports); err != nil {
		return err
	}
	for _, x := range ports {
		im.ports[key(x.DeviceID, x.Name)] = x.ID
	}
	var outlets []*models.PowerOutlet
	for _, p := range im.plan {
		id := im.devices[p.spec.Name].ID
		for _, spec := range p.spec.Outlets {
			x := spec.PowerOutlet
			if _, ok := im.outlets[key(id, x.Name)]; ok {
				continue
			}
			x.ID, x.DeviceID, x.PowerPortID = 0, id, nil
			if spec.Port != "" {
				port, ok := im.ports[key(id, spec.Port)]
				if !ok {
					return fmt.Errorf("outlet %q of device %q: %w", x.Name, p.spec.Name, fault.NotFound("power port", spec.Port))
				}
				x.PowerPortID = &port
			}
			im.outlets[key(id, x.Name)] = 0
			outlets = append(outlets, &x)
		}
	}
	if err := insert(im, "power outlet", "power outlets", outlets); err != nil {
		return err
	}
	for _, x := range outlets {
		im.outlets[key(x.DeviceID, x.Name)] = x.ID
	}
	return im.coolingUnits()
}

func (im *importer) coolingUnits() error {
	have, err := existing(im.tx.Where("device_id IN (SELECT id FROM devices WHERE site_id = ?)", im.site.ID), "cooling units",
		func(u models.CoolingUnit) string { return key(u.DeviceID) }, func(models.CoolingUnit) bool { return true })
	if err != nil {
		return err
	}
	var units []*models.CoolingUnit
	for _, p := range im.plan {
		if p.spec.Cooling == nil {
			continue
		}
		u := *p.spec.Cooling
		u.ID, u.DeviceID, u.LoopID, u.Record = 0, im.devices[p.spec.Name].ID, nil, fresh()
		if have[key(u.DeviceID)] {
			continue
		}
		if p.spec.Loop != "" {
			loop, ok := im.loops[p.spec.Loop]
			if !ok {
				return fmt.Errorf("device %q: %w", p.spec.Name, fault.NotFound("cooling loop", p.spec.Loop))
			}
			u.LoopID = &loop
		}
		units = append(units, &u)
	}
	return insert(im, "cooling unit", "cooling units", units)
}
