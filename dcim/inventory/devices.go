package inventory

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/endpoint"
)

// DeviceFilter chooses devices; zero fields choose all.
type DeviceFilter struct {
	// IDs, when not nil, are the only devices to choose from: a state that
	// lives outside the database is filtered for by the devices that have it.
	IDs    []models.DeviceID
	SiteID uint64
	// LocationID chooses what is in a location or beneath it.
	LocationID uint64
	RackID     uint64
	TypeID     uint64
	Kinds      []models.Kind
	Statuses   []models.Status
	// Profile is the one matched or set.
	Profile string
	Vendor  string
	// Protocol is one of models.Polling, or "none".
	Protocol string
	// Polled, when not nil, chooses by whether the device is polled.
	Polled *bool
	// IdentityChanged chooses devices that were replaced by another.
	IdentityChanged bool
	// Search is looked for in names, types, serials, tags, addresses and what
	// the device says of itself, without regard to case and diacritics;
	// several words must all be found.
	Search string
	// Sort is name (the default), kind, status, vendor, model, place, address,
	// created or updated, with a minus before it for the other direction.
	Sort          string
	Limit, Offset int
}

// DeviceSummary is a device of a list with the names of what it refers to.
type DeviceSummary struct {
	models.Device
	SiteName         string
	LocationName     string
	RackName         string
	TypeManufacturer string
	TypeModel        string
}

var deviceOrder = map[string][]string{
	"": {"devices.name"}, "name": {"devices.name"}, "kind": {"devices.kind", "devices.name"},
	"status": {"devices.status", "devices.name"}, "vendor": {"devices.vendor", "devices.model", "devices.name"},
	"model": {"devices.model", "devices.name"}, "address": {"devices.address", "devices.unit_id"},
	"place":   {"sites.name", "locations.name", "racks.name", "devices.position_u", "devices.name"},
	"created": {"devices.created_at"}, "updated": {"devices.updated_at"},
}

const deviceNames = "devices.*, sites.name AS site_name, COALESCE(locations.name, '') AS location_name, " +
	"COALESCE(racks.name, '') AS rack_name, COALESCE(m.name, '') AS type_manufacturer, COALESCE(t.model, '') AS type_model"

func withNames(q *gorm.DB) *gorm.DB {
	return q.Table("devices").Select(deviceNames).Joins("JOIN sites ON sites.id = devices.site_id").
		Joins("LEFT JOIN locations ON locations.id = devices.location_id").
		Joins("LEFT JOIN racks ON racks.id = devices.rack_id").
		Joins("LEFT JOIN device_types AS t ON t.id = devices.device_type_id").
		Joins("LEFT JOIN manufacturers AS m ON m.id = t.manufacturer_id")
}

func (f DeviceFilter) apply(q *gorm.DB) *gorm.DB {
	if f.IDs != nil {
		q = q.Where("devices.id IN ?", f.IDs)
	}
	for _, c := range []struct {
		column string
		id     uint64
	}{{"devices.site_id", f.SiteID}, {"devices.rack_id", f.RackID}, {"devices.device_type_id", f.TypeID}} {
		if c.id != 0 {
			q = q.Where(c.column+" = ?", c.id)
		}
	}
	if f.LocationID != 0 {
		q = q.Where("devices.location_id IN (WITH RECURSIVE down (id) AS (SELECT id FROM locations WHERE id = ? "+
			"UNION SELECT l.id FROM locations AS l JOIN down ON l.parent_id = down.id) SELECT id FROM down)", f.LocationID)
	}
	if len(f.Kinds) > 0 {
		q = q.Where("devices.kind IN ?", f.Kinds)
	}
	if len(f.Statuses) > 0 {
		q = q.Where("devices.status IN ?", f.Statuses)
	}
	if f.Profile != "" {
		q = q.Where("CASE WHEN devices.profile_override <> '' THEN devices.profile_override ELSE devices.profile_matched END = ?", f.Profile)
	}
	if f.Vendor != "" {
		q = q.Where("devices.vendor = ?", f.Vendor)
	}
	switch f.Protocol {
	case "":
	case "none":
		q = q.Where("devices.protocol = ''")
	default:
		q = q.Where("devices.protocol = ?", f.Protocol)
	}
	if f.Polled != nil {
		q = q.Where("devices.poll_enabled = ?", *f.Polled)
	}
	if f.IdentityChanged {
		q = q.Where("devices.identity_changed_at IS NOT NULL")
	}
	for _, term := range layout.SearchTerms(f.Search) {
		q = q.Where(`devices.search_text LIKE ? ESCAPE '\'`, term)
	}
	return q
}

// Devices returns a page of devices with the total, in two statements.
func (s *Service) Devices(ctx context.Context, f DeviceFilter) (layout.Page[DeviceSummary], error) {
	var page layout.Page[DeviceSummary]
	base, err := s.read(ctx, "devices.site_id")
	if err != nil {
		return page, err
	}
	sort, desc := strings.CutPrefix(f.Sort, "-")
	columns, ok := deviceOrder[sort]
	if !ok {
		return page, fault.Invalid("sort", "unknown", "must be name, kind, status, vendor, model, place, address, created or updated")
	}
	q := f.apply(base).Session(&gorm.Session{})
	if err := q.Table("devices").Count(&page.Total).Error; err != nil {
		return page, fmt.Errorf("count devices: %w", err)
	}
	direction := ""
	if desc {
		direction = " DESC"
	}
	order := strings.Join(columns, direction+", ") + direction + ", devices.id" + direction
	err = withNames(q).Order(order).Limit(layout.ClampLimit(f.Limit)).Offset(max(f.Offset, 0)).Find(&page.Items).Error
	if err != nil {
		return page, fmt.Errorf("list devices: %w", err)
	}
	return page, nil
}

// Device returns one device with the names of its place and type.
func (s *Service) Device(ctx context.Context, id models.DeviceID) (DeviceSummary, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return DeviceSummary{}, err
	}
	var rows []DeviceSummary
	if err := withNames(s.db.WithContext(ctx)).Where("devices.id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return DeviceSummary{}, fmt.Errorf("read device %d: %w", id, err)
	}
	if len(rows) == 0 {
		return DeviceSummary{}, fault.NotFound("device", id)
	}
	if err := access.RequireSite(ctx, access.ReadFacility, rows[0].SiteID); err != nil {
		return DeviceSummary{}, err
	}
	return rows[0], nil
}

// Polled returns all devices that are to be polled by a collector; nil is the
// one in this process. Only the system may ask.
func (s *Service) Polled(ctx context.Context, collector *uint64) ([]models.Device, error) {
	if err := access.RequireSystem(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	q := s.db.WithContext(ctx).Where("poll_enabled = ? AND status <> ?", true, models.StatusPlanned)
	if collector == nil {
		q = q.Where("collector_id IS NULL")
	} else {
		q = q.Where("collector_id = ?", *collector)
	}
	var out []models.Device
	if err := q.Order("id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list polled devices: %w", err)
	}
	return out, nil
}

// Addressed returns the devices that have an address, polled or not, with their
// id, site and address alone. Only the system may ask.
func (s *Service) Addressed(ctx context.Context) ([]models.Device, error) {
	if err := access.RequireSystem(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	var out []models.Device
	if err := s.db.WithContext(ctx).Select("id", "site_id", "address").Where("address <> ''").Order("id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list devices with an address: %w", err)
	}
	return out, nil
}

// editing is the right that a change of the device needs: planners may work on
// what is only planned and not polled.
func editing(d models.Device) access.Operation {
	if d.Status == models.StatusPlanned && d.Protocol == "" {
		return access.EditLayout
	}
	return access.EditDevices
}

// credentialKind is what a protocol is opened with; Modbus needs nothing.
var credentialKind = map[string]string{
	"snmp-v1": "snmp-community", "snmp-v2c": "snmp-community", "snmp-v3": "snmp-v3",
	"modbus-tcp": "", "modbus-rtu-tcp": "", "modbus-rtu": "",
}

func checkDevice(d *models.Device) (err error) {
	if d.Name, err = layout.CheckName("name", d.Name); err != nil {
		return err
	}
	if d.Status == "" {
		d.Status = models.StatusActive
	}
	if d.Kind == "" {
		d.Kind = models.KindOther
	}
	if !slices.Contains(models.Kinds(), d.Kind) {
		return fault.Invalid("kind", "unknown", "is not a kind of device")
	}
	if !slices.Contains(models.Statuses(), d.Status) {
		return fault.Invalid("status", "unknown", "is not a status")
	}
	if err := checkPolling(&d.Polling); err != nil {
		return err
	}
	for key, role := range d.PointRoles {
		if key == "" || len(key) > 200 || len(role) > 50 {
			return fault.Invalid("point_roles", "format", "must map keys of points to roles")
		}
	}
	if err := layout.CheckText("description", d.Description, "serial", d.Serial, "asset_tag", d.AssetTag); err != nil {
		return err
	}
	d.Folded = folded(d)
	return nil
}

func folded(d *models.Device) string {
	return layout.Fold(d.Name, string(d.Kind), d.Serial, d.AssetTag, d.Address, d.Description, d.Vendor, d.Model,
		d.SerialReported, d.SysName, d.ProfileMatched, d.Profile, d.MAC)
}

// serialAddress has the form of a serial port; the collector that has the line
// checks the rest.
var serialAddress = regexp.MustCompile(`^/dev/(tty|serial/|pts/)[\w./:-]+(\?(baud|data|parity|stop)=\w+(&(baud|data|parity|stop)=\w+)*)?$`)

func checkPolling(p *models.Polling) error {
	p.Address = strings.TrimSpace(p.Address)
	if p.Protocol == "" {
		if p.Enabled {
			return fault.Invalid("protocol", "required", "a device that is polled needs a protocol")
		}
		if p.Address == "" {
			return nil
		}
	} else if _, known := credentialKind[p.Protocol]; !known {
		return fault.Invalid("protocol", "unknown", "must be snmp-v1, snmp-v2c, snmp-v3, modbus-tcp, modbus-rtu-tcp or modbus-rtu")
	}
	if p.Address == "" {
		if p.Enabled {
			return fault.Invalid("address", "required", "a device that is polled needs an address")
		}
	} else if p.Protocol == "modbus-rtu" {
		if !serialAddress.MatchString(p.Address) {
			return fault.Invalid("address", "format", "must be a serial port with its settings, such as /dev/ttyUSB0?baud=9600&parity=even")
		}
	} else {
		host, _, err := endpoint.Parse(p.Address, 0)
		if err != nil {
			return fault.Invalid("address", "format", fmt.Sprintf("must be host:port; %v", err))
		}
		if strings.Contains(host, "%") {
			return fault.Invalid("address", "format", "must be without a zone")
		}
	}
	switch {
	case strings.HasPrefix(p.Protocol, "snmp") && p.Enabled && p.CredentialID == nil:
		return fault.Invalid("credential_id", "required", "SNMP needs a credential")
	case p.IntervalS < 0 || p.IntervalS > 86400:
		return fault.OutOfRange("interval_s", 0, 86400, "seconds")
	case p.TimeoutMS < 0 || p.TimeoutMS > 60000:
		return fault.Invalid("timeout_ms", "range", "must be 0 to 60000 milliseconds")
	case len(p.Profile) > 100:
		return fault.Invalid("profile", "format", "is too long for a profile's name")
	}
	return nil
}

// checkCredential makes sure that a device's credential opens its protocol.
func checkCredential(tx *gorm.DB, p models.Polling) error {
	if p.CredentialID == nil {
		return nil
	}
	var kinds []string
	if err := tx.Model(&models.Credential{}).Where("id = ?", *p.CredentialID).Pluck("kind", &kinds).Error; err != nil {
		return fmt.Errorf("read kind of credential %d: %w", *p.CredentialID, err)
	}
	if len(kinds) == 0 {
		return fault.NotFound("credential", *p.CredentialID)
	}
	return fits(kinds[0], p.Protocol, "credential_id")
}

// fits says whether a kind of credential opens a protocol.
func fits(kind, protocol, field string) error {
	switch want := credentialKind[protocol]; {
	case protocol == "" || kind == want:
		return nil
	case want == "":
		return fault.Invalid(field, "kind", fmt.Sprintf("is of no use: %s needs no credential", protocol))
	default:
		return fault.Invalid(field, "kind", fmt.Sprintf("is of kind %s; %s needs %s", kind, protocol, want))
	}
}

// CreateDevice adds a device, in its place when Position names one. What is
// learned from the device itself is left out.
func (s *Service) CreateDevice(ctx context.Context, d models.Device) (models.Device, error) {
	return s.CreateDeviceWith(ctx, d, nil)
}

// CreateDeviceWith is CreateDevice with more to do in the same transaction;
// when also returns an error, there is no device. A nil also is nothing.
func (s *Service) CreateDeviceWith(ctx context.Context, d models.Device, also func(tx *gorm.DB, d models.Device) error) (models.Device, error) {
	if err := checkDevice(&d); err != nil {
		return models.Device{}, err
	}
	if err := access.Require(ctx, editing(d)); err != nil {
		return models.Device{}, err
	}
	if err := s.resolve(ctx, &d.Position); err != nil {
		return models.Device{}, err
	}
	if err := access.RequireSite(ctx, editing(d), d.SiteID); err != nil {
		return models.Device{}, err
	}
	d.ID, d.LearnedFacts, d.Controlling, d.Generation = 0, models.LearnedFacts{}, models.Controlling{}, 1
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := checkCredential(tx, d.Polling); err != nil {
			return err
		}
		place := d.Position
		d.ID, d.Position = 0, models.Position{SiteID: place.SiteID}
		if err := db.Create(tx, "device", d.Name, &d, &d.Record); err != nil {
			return err
		}
		d.Position = place
		if err := layout.Settle(ctx, tx, &d); err != nil {
			return err
		}
		if also != nil {
			if err := also(tx, d); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, "create", "device", d.ID, d.Name, nil, d)
	})
	if err != nil {
		return models.Device{}, err
	}
	s.changed([]models.DeviceID{d.ID})
	return d, nil
}

// resolve finds the site of a position from its rack or location.
func (s *Service) resolve(ctx context.Context, p *models.Position) error {
	q := s.db.WithContext(ctx)
	switch {
	case p.RackID != nil:
		r, err := db.Take[models.Rack](q, "rack", *p.RackID)
		if err != nil {
			return err
		}
		p.SiteID, p.LocationID = r.SiteID, &r.LocationID
	case p.LocationID != nil:
		l, err := db.Take[models.Location](q, "location", *p.LocationID)
		if err != nil {
			return err
		}
		p.SiteID = l.SiteID
	case p.SiteID == 0:
		return fault.Invalid("site_id", "required", "a device belongs to a site")
	}
	return nil
}

// reachedElsewhere reports whether what may be written of a device is not there
// any more, or somewhere else.
func reachedElsewhere(before, after models.Device) bool {
	return after.Protocol != before.Protocol || after.Address != before.Address || after.UnitID != before.UnitID || after.Profile != before.Profile
}

// UpdateDevice replaces what people decide of a device. Its place stays (see
// layout.Service.Place), the permission to write it (see AllowControl) too
// unless it is another device afterwards, and so do the roles of its points (see SetPointRole)
// and what was learned from it. d.Version is the version that the change was
// made to; zero overwrites whatever is there.
func (s *Service) UpdateDevice(ctx context.Context, d models.Device) (models.Device, error) {
	if err := checkDevice(&d); err != nil {
		return models.Device{}, err
	}
	if err := access.Require(ctx, editing(d)); err != nil {
		return models.Device{}, err
	}
	old, err := db.Take[models.Device](s.db.WithContext(ctx), "device", d.ID)
	if err != nil {
		return models.Device{}, err
	}
	for _, op := range []access.Operation{editing(old), editing(d)} {
		if err := access.RequireSite(ctx, op, old.SiteID); err != nil {
			return models.Device{}, err
		}
	}
	callers := d.Version
	var repoll bool
	err = s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.Device](tx, "device", d.ID)
		if err != nil {
			return err
		}
		if err := checkCredential(tx, d.Polling); err != nil {
			return err
		}
		d.Position, d.LearnedFacts, d.Generation = before.Position, before.LearnedFacts, before.Generation
		d.Controlling = before.Controlling
		if reachedElsewhere(before, d) {
			d.Controlling = models.Controlling{}
			if err := s.unwritable(ctx, tx, d.ID, models.ControlReplaced); err != nil {
				return err
			}
		}
		d.PointRoles, d.CreatedAt = before.PointRoles, before.CreatedAt
		d.Folded = folded(&d)
		if err := db.Replace(tx, "device", d.Name, &d, &d.Record, db.Seen(callers, before.Version)); err != nil {
			return err
		}
		if !sameID(d.DeviceTypeID, before.DeviceTypeID) {
			if err := layout.Settle(ctx, tx, &d); err != nil {
				return err
			}
		}
		repoll = pollingChanged(before, d)
		return s.record(ctx, tx, "update", "device", d.ID, d.Name, before, d)
	})
	if err != nil {
		return models.Device{}, err
	}
	if repoll {
		s.changed([]models.DeviceID{d.ID})
	}
	return d, nil
}

func sameID(a, b *uint64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func pollingChanged(a, b models.Device) bool {
	p, q := a.Polling, b.Polling
	same := sameID(p.CredentialID, q.CredentialID) && sameID(p.CollectorID, q.CollectorID)
	p.CredentialID, q.CredentialID, p.CollectorID, q.CollectorID = nil, nil, nil, nil
	return !same || p != q || a.Name != b.Name ||
		(a.Status == models.StatusPlanned) != (b.Status == models.StatusPlanned)
}

// AllowControl says whether a device may be written, and with which credential;
// nil is the one by which it is read.
func (s *Service) AllowControl(ctx context.Context, id models.DeviceID, c models.Controlling) error {
	if err := access.Require(ctx, access.AllowControl); err != nil {
		return err
	}
	old, err := db.Take[models.Device](s.db.WithContext(ctx), "device", id)
	if err != nil {
		return err
	}
	if err := access.RequireSite(ctx, access.AllowControl, old.SiteID); err != nil {
		return err
	}
	if !c.ControlAllowed {
		c.ControlCredentialID = nil
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.Device](tx, "device", id)
		if err != nil {
			return err
		}
		if c.ControlCredentialID != nil {
			if err := checkCredential(tx, models.Polling{Protocol: before.Protocol, CredentialID: c.ControlCredentialID}); err != nil {
				return err
			}
		}
		d := before
		d.Controlling = c
		if !c.ControlAllowed || !sameID(c.ControlCredentialID, before.ControlCredentialID) {
			if err := s.unwritable(ctx, tx, id, models.ControlWithdrawn); err != nil {
				return err
			}
		}
		if err := db.Replace(tx, "device", d.Name, &d, &d.Record, before.Version); err != nil {
			return err
		}
		return s.record(ctx, tx, "allow-control", "device", id, d.Name, before.Controlling, c)
	})
	if err != nil {
		return err
	}
	s.changed([]models.DeviceID{id})
	return nil
}

// DeleteDevice removes a device with its points and its history of places. A
// fault.InUse conflict tells of cables that are plugged into it.
func (s *Service) DeleteDevice(ctx context.Context, id models.DeviceID) error {
	if err := access.Require(ctx, access.EditLayout); err != nil {
		return err
	}
	old, err := db.Take[models.Device](s.db.WithContext(ctx), "device", id)
	if err != nil {
		return err
	}
	if err := access.RequireSite(ctx, editing(old), old.SiteID); err != nil {
		return err
	}
	s.registering.Lock()
	defer s.registering.Unlock()
	err = s.tx(ctx, func(tx *gorm.DB) error {
		d, err := db.TakeLocked[models.Device](tx, "device", id)
		if err != nil {
			return err
		}
		var cables int64
		err = tx.Raw("SELECT COUNT(*) FROM cable_ends WHERE power_port_id IN (SELECT id FROM power_ports WHERE device_id = ?) "+
			"OR power_outlet_id IN (SELECT id FROM power_outlets WHERE device_id = ?)", id, id).Scan(&cables).Error
		if err != nil {
			return fmt.Errorf("count cables of device %q: %w", d.Name, err)
		}
		if cables > 0 {
			return fault.Used(fmt.Sprintf("device %q", d.Name), fault.Users{Objects: "cables", Count: cables})
		}
		if err := s.unwritable(ctx, tx, id, models.ControlReplaced); err != nil {
			return err
		}
		if err := db.Delete[models.Device](tx, "device", d.Name, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", "device", id, d.Name, d, nil)
	})
	if err != nil {
		return err
	}
	s.gone(s.catalog.remove(id))
	s.changed([]models.DeviceID{id})
	return nil
}
