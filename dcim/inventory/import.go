package inventory

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// Import adds a facility in one transaction: all of it or nothing. It can be
// repeated: what exists under the same name in the same place is left as it is,
// but for how its devices are polled, which is brought up to date.
func (s *Service) Import(ctx context.Context, f Facility) (Imported, error) {
	for _, op := range []access.Operation{access.ImportData, access.EditLayout, access.EditDevices} {
		// Site 0: an import may make sites, which nobody confined to sites may.
		if err := access.RequireSite(ctx, op, 0); err != nil {
			return Imported{}, err
		}
	}
	if err := normalise(reflect.ValueOf(&f).Elem(), ""); err != nil {
		return Imported{}, fmt.Errorf("import facility: %w", err)
	}
	var im *importer
	err := s.tx(ctx, func(tx *gorm.DB) error {
		im = s.newImporter(ctx, tx)
		if err := im.facility(f); err != nil {
			return err
		}
		if len(im.out.Created) == 0 && im.out.Readdressed == 0 {
			return nil
		}
		return s.record(ctx, tx, "import", "facility", "", siteNames(f), nil, im.out)
	})
	if err != nil {
		return Imported{}, fmt.Errorf("import facility: %w", err)
	}
	if len(im.changed) > 0 {
		s.changed(im.changed)
	}
	return im.out, nil
}

// normalise gives the texts of a facility, in place, the form in which they are
// stored and compared, so that a name finds what bears it however its
// diacritics were typed. Names must be ones.
func normalise(v reflect.Value, field string) error {
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" {
			return nil
		}
		text := norm.NFC.String(strings.TrimSpace(v.String()))
		if field == "Name" {
			var err error
			if text, err = layout.CheckName("name", text); err != nil {
				return err
			}
		}
		v.SetString(text)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				if err := normalise(v.Field(i), f.Name); err != nil {
					return err
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := normalise(v.Index(i), field); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return normalise(v.Elem(), field)
		}
	default: // numbers and times
	}
	return nil
}

func siteNames(f Facility) string {
	names := make([]string, len(f.Sites))
	for i, x := range f.Sites {
		names[i] = x.Name
	}
	return strings.Join(names, ", ")
}

// importer works on one transaction. What exists is read once a kind, so the
// statements do not grow with the number of things but with that of batches.
type importer struct {
	ctx     context.Context
	tx      *gorm.DB
	out     Imported
	changed []models.DeviceID
	// unwritable is Options.Unwritable.
	unwritable func(ctx context.Context, tx *gorm.DB, id models.DeviceID, why models.ControlCause) error

	manufacturers map[string]uint64
	rackTypes     map[string]models.RackType
	deviceTypes   map[string]models.DeviceType
	typesByID     map[uint64]models.DeviceType
	credentials   map[string]models.Credential
	collectors    map[string]uint64

	// Of the site at hand:
	site      models.Site
	locations map[string]uint64
	rows      map[string]uint64
	racks     map[string]models.Rack
	devices   map[string]models.Device
	loops     map[string]uint64
	sources   map[string]uint64
	panels    map[string]uint64
	breakers  map[string]uint64
	feeds     map[string]uint64
	ports     map[string]uint64
	outlets   map[string]uint64
	plan      []plannedDevice
}

// plannedDevice is a device spec with the place it was found at.
type plannedDevice struct {
	spec *DeviceSpec
	rack *models.Rack
	path []string
}

// sep keeps the parts of a key apart; no name contains it.
const sep = "\x00"

func key(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprint(&b, p)
		b.WriteString(sep)
	}
	return b.String()
}

func (s *Service) newImporter(ctx context.Context, tx *gorm.DB) *importer {
	return &importer{ctx: ctx, tx: tx, unwritable: s.unwritable, out: Imported{Created: map[string]int{}}}
}

func fresh() models.Record {
	now := db.Now()
	return models.Record{Version: 1, CreatedAt: now, UpdatedAt: now}
}

// insert adds rows of one kind in batches.
func insert[T any](im *importer, object, objects string, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	if err := im.tx.CreateInBatches(rows, 400).Error; err != nil {
		return fmt.Errorf("create %s: %w", objects, db.Explain(err, object, objects))
	}
	im.out.Created[objects] += len(rows)
	return nil
}

// existing reads all rows that a query chooses and files them by key.
func existing[T, V any](q *gorm.DB, what string, k func(T) string, v func(T) V) (map[string]V, error) {
	var rows []T
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	out := make(map[string]V, len(rows))
	for _, r := range rows {
		out[k(r)] = v(r)
	}
	return out, nil
}

func (im *importer) facility(f Facility) error {
	if err := im.types(f); err != nil {
		return err
	}
	var err error
	im.credentials, err = existing(im.tx.Select("id", "name", "kind"), "credentials",
		func(c models.Credential) string { return c.Name }, func(c models.Credential) models.Credential { return c })
	if err != nil {
		return err
	}
	im.collectors, err = existing(im.tx, "collectors",
		func(c models.Collector) string { return c.Name }, func(c models.Collector) uint64 { return c.ID })
	if err != nil {
		return err
	}
	for i := range f.Sites {
		if err := im.oneSite(&f.Sites[i]); err != nil {
			return fmt.Errorf("site %q: %w", f.Sites[i].Name, err)
		}
	}
	return nil
}

func (im *importer) types(f Facility) error {
	var err error
	im.manufacturers, err = existing(im.tx, "manufacturers",
		func(m models.Manufacturer) string { return m.Name }, func(m models.Manufacturer) uint64 { return m.ID })
	if err != nil {
		return err
	}
	var makers []*models.Manufacturer
	need := func(name string) error {
		clean, err := layout.CheckName("manufacturer", name)
		if err != nil {
			return err
		}
		if _, ok := im.manufacturers[clean]; !ok {
			im.manufacturers[clean] = 0
			makers = append(makers, &models.Manufacturer{Name: clean, Record: fresh()})
		}
		return nil
	}
	for _, x := range f.RackTypes {
		if err := need(x.Manufacturer); err != nil {
			return err
		}
	}
	for _, x := range f.DeviceTypes {
		if err := need(x.Manufacturer); err != nil {
			return err
		}
	}
	if err := insert(im, "manufacturer", "manufacturers", makers); err != nil {
		return err
	}
	for _, m := range makers {
		im.manufacturers[m.Name] = m.ID
	}

	im.rackTypes, err = existing(im.tx, "rack types",
		func(t models.RackType) string { return key(t.ManufacturerID, t.Model) }, func(t models.RackType) models.RackType { return t })
	if err != nil {
		return err
	}
	var racks []*models.RackType
	for _, x := range f.RackTypes {
		t := x.RackType
		if err := rackTypes.check(&t); err != nil {
			return fmt.Errorf("rack type %q: %w", x.Model, err)
		}
		t.ID, t.ManufacturerID, t.Record = 0, im.manufacturers[x.Manufacturer], fresh()
		k := key(t.ManufacturerID, t.Model)
		if _, ok := im.rackTypes[k]; !ok {
			im.rackTypes[k] = t
			racks = append(racks, &t)
		}
	}
	if err := insert(im, "rack type", "rack types", racks); err != nil {
		return err
	}
	for _, t := range racks {
		im.rackTypes[key(t.ManufacturerID, t.Model)] = *t
	}

	im.deviceTypes, err = existing(im.tx, "device types",
		func(t models.DeviceType) string { return key(t.ManufacturerID, t.Model) }, func(t models.DeviceType) models.DeviceType { return t })
	if err != nil {
		return err
	}
	var devices []*models.DeviceType
	for _, x := range f.DeviceTypes {
		t := x.DeviceType
		if err := checkDeviceType(&t); err != nil {
			return fmt.Errorf("device type %q: %w", x.Model, err)
		}
		t.ID, t.ManufacturerID, t.Record = 0, im.manufacturers[x.Manufacturer], fresh()
		k := key(t.ManufacturerID, t.Model)
		if _, ok := im.deviceTypes[k]; !ok {
			im.deviceTypes[k] = t
			devices = append(devices, &t)
		}
	}
	if err := insert(im, "device type", "device types", devices); err != nil {
		return err
	}
	for _, t := range devices {
		im.deviceTypes[key(t.ManufacturerID, t.Model)] = *t
	}
	im.typesByID = make(map[uint64]models.DeviceType, len(im.deviceTypes))
	for _, t := range im.deviceTypes {
		im.typesByID[t.ID] = t
	}
	return nil
}

// oneSite imports a site from the outside inwards, and at last what crosses it.
func (im *importer) oneSite(x *SiteSpec) error {
	sites, err := existing(im.tx.Where("name = ?", x.Name), "sites",
		func(v models.Site) string { return v.Name }, func(v models.Site) models.Site { return v })
	if err != nil {
		return err
	}
	found, ok := sites[x.Name]
	if !ok {
		found = x.Site
		if found.Name, err = layout.CheckName("name", found.Name); err != nil {
			return err
		}
		if found.Status == "" {
			found.Status = models.StatusActive
		}
		found.ID, found.Record = 0, fresh()
		if err := insert(im, "site", "sites", []*models.Site{&found}); err != nil {
			return err
		}
	}
	im.site, im.plan = found, nil
	if err := im.readSite(); err != nil {
		return err
	}
	var walk func(specs []LocationSpec, parent *uint64, path []string) error
	walk = func(specs []LocationSpec, parent *uint64, path []string) error {
		for i := range specs {
			if err := im.location(&specs[i], parent, path, walk); err != nil {
				return fmt.Errorf("location %q: %w", specs[i].Name, err)
			}
		}
		return nil
	}
	if err := im.loopsOf(x); err != nil {
		return err
	}
	if err := walk(x.Locations, nil, []string{found.Name}); err != nil {
		return err
	}
	if err := im.placeDevices(); err != nil {
		return err
	}
	return im.power(x)
}

func (im *importer) readSite() error {
	id := im.site.ID
	inSite := func() *gorm.DB { return im.tx.Where("site_id = ?", id) }
	var err error
	steps := []func(){
		func() {
			im.locations, err = existing(inSite(), "locations", func(l models.Location) string { return key(deref(l.ParentID), l.Name) },
				func(l models.Location) uint64 { return l.ID })
		},
		func() {
			im.rows, err = existing(im.tx.Where("location_id IN (SELECT id FROM locations WHERE site_id = ?)", id), "rows",
				func(r models.Row) string { return key(r.LocationID, r.Name) }, func(r models.Row) uint64 { return r.ID })
		},
		func() {
			im.racks, err = existing(inSite(), "racks", func(r models.Rack) string { return key(r.LocationID, r.Name) },
				func(r models.Rack) models.Rack { return r })
		},
		func() {
			im.devices, err = existing(inSite(), "devices", func(d models.Device) string { return d.Name },
				func(d models.Device) models.Device { return d })
		},
		func() {
			im.loops, err = existing(inSite(), "cooling loops", func(l models.CoolingLoop) string { return l.Name },
				func(l models.CoolingLoop) uint64 { return l.ID })
		},
	}
	for _, step := range steps {
		if step(); err != nil {
			return err
		}
	}
	return nil
}

func deref(p *uint64) uint64 {
	if p == nil {
		return 0
	}
	return *p
}

func (im *importer) loopsOf(x *SiteSpec) error {
	var rows []*models.CoolingLoop
	for _, l := range x.Loops {
		if _, ok := im.loops[l.Name]; ok {
			continue
		}
		l.ID, l.SiteID, l.Record, l.Status = 0, im.site.ID, fresh(), orActive(l.Status)
		im.loops[l.Name] = 0
		rows = append(rows, &l)
	}
	if err := insert(im, "cooling loop", "cooling loops", rows); err != nil {
		return err
	}
	for _, l := range rows {
		im.loops[l.Name] = l.ID
	}
	return nil
}

func orActive(s models.Status) models.Status {
	if s == "" {
		return models.StatusActive
	}
	return s
}

func (im *importer) location(x *LocationSpec, parent *uint64, path []string,
	walk func([]LocationSpec, *uint64, []string) error,
) error {
	name, err := layout.CheckName("name", x.Name)
	if err != nil {
		return err
	}
	id, ok := im.locations[key(deref(parent), name)]
	if !ok {
		l := x.Location
		l.ID, l.SiteID, l.ParentID, l.Name, l.Record, l.Status = 0, im.site.ID, parent, name, fresh(), orActive(l.Status)
		if err := insert(im, "location", "locations", []*models.Location{&l}); err != nil {
			return err
		}
		id = l.ID
		im.locations[key(deref(parent), name)] = id
	}
	path = append(path[:len(path):len(path)], name)
	if err := im.rowsAndRacks(x, id, path); err != nil {
		return err
	}
	for i := range x.Devices {
		x.Devices[i].LocationID, x.Devices[i].RackID = &id, nil
		im.plan = append(im.plan, plannedDevice{spec: &x.Devices[i], path: path})
	}
	return walk(x.Locations, &id, path)
}

func (im *importer) rowsAndRacks(x *LocationSpec, location uint64, path []string) error {
	var rows []*models.Row
	for _, r := range x.Rows {
		k := key(location, r.Name)
		if _, ok := im.rows[k]; ok {
			continue
		}
		r.ID, r.LocationID, r.Record = 0, location, fresh()
		im.rows[k] = 0
		rows = append(rows, &r)
	}
	if err := insert(im, "row", "rows", rows); err != nil {
		return err
	}
	for _, r := range rows {
		im.rows[key(location, r.Name)] = r.ID
	}
	var racks []*models.Rack
	for i := range x.Racks {
		spec := &x.Racks[i]
		r := spec.Rack
		if _, ok := im.racks[key(location, r.Name)]; ok {
			continue
		}
		r.ID, r.SiteID, r.LocationID, r.RowID, r.RackTypeID, r.Record = 0, im.site.ID, location, nil, nil, fresh()
		if spec.Row != "" {
			row, ok := im.rows[key(location, spec.Row)]
			if !ok {
				return fmt.Errorf("rack %q: %w", r.Name, fault.NotFound("row", spec.Row))
			}
			r.RowID = &row
		}
		if spec.Type != "" {
			t, ok := im.rackTypes[key(im.manufacturers[spec.Manufacturer], spec.Type)]
			if !ok {
				return fmt.Errorf("rack %q: %w", r.Name, fault.NotFound("rack type", spec.Type))
			}
			r.RackTypeID = &t.ID
			layout.FillFromType(&r, t)
		}
		if r.StartingUnit == 0 {
			r.StartingUnit = 1
		}
		if err := layout.CheckRack(&r); err != nil {
			return fmt.Errorf("rack %q: %w", spec.Name, err)
		}
		im.racks[key(location, r.Name)] = r
		racks = append(racks, &r)
	}
	if err := insert(im, "rack", "racks", racks); err != nil {
		return err
	}
	for _, r := range racks {
		im.racks[key(location, r.Name)] = *r
	}
	for i := range x.Racks {
		rack := im.racks[key(location, x.Racks[i].Name)]
		if rack.ID == 0 {
			return fault.NotFound("rack", x.Racks[i].Name)
		}
		for j := range x.Racks[i].Devices {
			spec := &x.Racks[i].Devices[j]
			spec.LocationID, spec.RackID = &location, &rack.ID
			im.plan = append(im.plan, plannedDevice{spec: spec, rack: &rack, path: append(path[:len(path):len(path)], rack.Name)})
		}
	}
	return nil
}
