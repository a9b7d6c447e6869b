package facility

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// checkEvery is how often the database is asked whether the model changed.
const checkEvery = time.Second

// Reader keeps the newest Index. It is safe for concurrent use.
type Reader struct {
	db      *gorm.DB
	current atomic.Pointer[version]
	stale   atomic.Uint64 // counts Invalidate

	mu sync.Mutex // held while the index is checked or built
}

type version struct {
	index    *Index
	revision string
	checked  time.Time
	stale    uint64
}

// NewReader returns a Reader; it starts nothing.
func NewReader(g *gorm.DB) (*Reader, error) {
	if g == nil {
		return nil, errors.New("facility: a database is mandatory")
	}
	return &Reader{db: g}, nil
}

// Invalidate has the next call of Index look at the database again. Call it
// after a change, so that who made it sees it.
func (r *Reader) Invalidate() { r.stale.Add(1) }

// Index returns the model as it is, or was at most a second ago.
func (r *Reader) Index(ctx context.Context) (*Index, error) {
	v, stale := r.current.Load(), r.stale.Load()
	fresh := v != nil && v.stale == stale
	if fresh && time.Since(v.checked) < checkEvery {
		return v.index, nil
	}
	if fresh {
		// One looks; the others go on with what there is.
		if !r.mu.TryLock() {
			return v.index, nil
		}
	} else {
		r.mu.Lock()
		if now := r.current.Load(); now != nil && now.stale >= stale {
			r.mu.Unlock()
			return now.index, nil
		}
	}
	defer r.mu.Unlock()
	v, stale = r.current.Load(), r.stale.Load()
	next := &version{checked: time.Now(), stale: stale}
	var err error
	if next.revision, err = r.revision(ctx); err != nil {
		return nil, err
	}
	if v != nil && v.revision == next.revision {
		next.index = v.index
	} else if next.index, err = r.load(ctx); err != nil {
		return nil, err
	}
	r.current.Store(next)
	return next.index, nil
}

// revision changes whenever something that the index holds changes.
func (r *Reader) revision(ctx context.Context) (string, error) {
	var parts []string
	for _, table := range []string{"sites", "locations", "rack_rows", "racks", "device_types", "manufacturers", "power_sources", "power_panels"} {
		parts = append(parts, "(SELECT COUNT(*) FROM "+table+")", "(SELECT SUM(version) FROM "+table+")", "(SELECT MAX(updated_at) FROM "+table+")")
	}
	parts = append(parts, "(SELECT COUNT(*) FROM devices)", "(SELECT SUM(version) FROM devices)",
		"(SELECT MAX(updated_at) FROM devices)", "(SELECT SUM(learned_revision) FROM devices)")
	values := make([]any, len(parts))
	for i := range values {
		values[i] = new(any)
	}
	if err := r.db.WithContext(ctx).Raw("SELECT " + strings.Join(parts, ", ")).Row().Scan(values...); err != nil {
		return "", fmt.Errorf("read revision of the model: %w", err)
	}
	var b strings.Builder
	for _, v := range values {
		fmt.Fprint(&b, *v.(*any), " ")
	}
	return b.String(), nil
}

// load reads everything in one transaction, so that it fits together.
func (r *Reader) load(ctx context.Context) (*Index, error) {
	b := &builder{
		x: &Index{
			locations: map[uint64]*Location{}, racks: map[uint64]*Rack{},
			devices: map[models.DeviceID]*Device{}, points: map[models.PointID]*Point{},
		},
		sites: map[uint64]*Site{}, rows: map[uint64]*Row{},
	}
	read := func(tx *gorm.DB) error {
		for _, step := range []func(*gorm.DB) error{b.places, b.equipment, b.measuring} {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	}
	o := &sql.TxOptions{ReadOnly: true}
	if db.Driver(r.db) == db.Postgres {
		// What is read last must belong to what was read first, as it does on
		// SQLite by itself.
		o.Isolation = sql.LevelRepeatableRead
	}
	if err := r.db.WithContext(ctx).Transaction(read, o); err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	b.finish()
	return b.x, nil
}

type builder struct {
	x     *Index
	sites map[uint64]*Site
	rows  map[uint64]*Row
}

func all[T any](tx *gorm.DB) ([]T, error) {
	var rows []T
	err := tx.Find(&rows).Error
	return rows, err
}

func (b *builder) places(tx *gorm.DB) error {
	sites, err := all[models.Site](tx)
	if err != nil {
		return err
	}
	for _, s := range sites {
		site := &Site{Site: s}
		b.sites[s.ID] = site
		b.x.Sites = append(b.x.Sites, site)
	}
	locations, err := all[models.Location](tx)
	if err != nil {
		return err
	}
	for _, l := range locations {
		b.x.locations[l.ID] = &Location{Location: l, Site: b.sites[l.SiteID]}
	}
	for _, l := range b.x.locations {
		if l.ParentID == nil {
			l.Site.Top = append(l.Site.Top, l)
		} else if l.Parent = b.x.locations[*l.ParentID]; l.Parent != nil {
			l.Parent.Children = append(l.Parent.Children, l)
		}
	}
	rows, err := all[models.Row](tx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		row := &Row{Row: r}
		b.rows[r.ID] = row
		l := b.x.locations[r.LocationID]
		l.Rows = append(l.Rows, row)
	}
	racks, err := all[models.Rack](tx)
	if err != nil {
		return err
	}
	for _, r := range racks {
		rack := &Rack{Rack: r, Location: b.x.locations[r.LocationID]}
		b.x.racks[r.ID] = rack
		rack.Location.Racks = append(rack.Location.Racks, rack)
		rack.Location.Site.Racks = append(rack.Location.Site.Racks, rack)
		if r.RowID != nil {
			rack.Row = b.rows[*r.RowID]
			rack.Row.Racks = append(rack.Row.Racks, rack)
		}
	}
	return nil
}

func (b *builder) equipment(tx *gorm.DB) error {
	makers, err := all[models.Manufacturer](tx)
	if err != nil {
		return err
	}
	makerOf := make(map[uint64]string, len(makers))
	for _, m := range makers {
		makerOf[m.ID] = m.Name
	}
	types, err := all[models.DeviceType](tx)
	if err != nil {
		return err
	}
	typeOf := make(map[uint64]*models.DeviceType, len(types))
	for i := range types {
		typeOf[types[i].ID] = &types[i]
	}
	devices, err := all[models.Device](tx)
	if err != nil {
		return err
	}
	for _, d := range devices {
		dev := &Device{Device: d, Site: b.sites[d.SiteID]}
		if d.DeviceTypeID != nil {
			if dev.Type = typeOf[*d.DeviceTypeID]; dev.Type != nil {
				dev.Maker = makerOf[dev.Type.ManufacturerID]
			}
		}
		if d.LocationID != nil {
			dev.Location = b.x.locations[*d.LocationID]
		}
		if d.RackID != nil {
			dev.Rack = b.x.racks[*d.RackID]
			dev.Rack.Devices = append(dev.Rack.Devices, dev)
		} else if dev.Location != nil {
			dev.Location.Devices = append(dev.Location.Devices, dev)
		}
		dev.Site.Devices = append(dev.Site.Devices, dev)
		b.x.devices[d.ID] = dev
		dev.folded = Fold(dev.text())
	}
	return b.intake(tx)
}

// intake finds what measures the power that a site takes in: its main boards,
// behind which utility and generator take turns, or else the sources
// themselves.
func (b *builder) intake(tx *gorm.DB) error {
	note := func(site uint64, id *models.DeviceID) {
		s := b.sites[site]
		if id == nil || b.x.devices[*id] == nil {
			s.Unmetered++
			return
		}
		s.Intake = append(s.Intake, b.x.devices[*id])
	}
	var panels []models.PowerPanel
	if err := tx.Where("kind = ?", "main").Find(&panels).Error; err != nil {
		return err
	}
	boards := map[uint64]bool{}
	for _, p := range panels {
		boards[p.SiteID] = true
		note(p.SiteID, p.DeviceID)
	}
	sources, err := all[models.PowerSource](tx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if !boards[s.SiteID] {
			note(s.SiteID, s.DeviceID)
		}
	}
	return nil
}

// text is what searches look in.
func (d *Device) text() string {
	words := []string{
		d.Name, string(d.Kind), string(d.Status), d.Vendor(), d.ModelName(), d.LearnedFacts.Vendor, d.Model, d.Serial,
		d.SerialReported, d.AssetTag, d.Address, d.SysName, d.MAC, d.ProfileName(),
	}
	for _, s := range d.Place() {
		words = append(words, s.Name)
	}
	return strings.Join(words, "\n")
}

// pointRow leaves states and limits as text, for most of them are alike.
type pointRow struct {
	ID         models.PointID
	DeviceID   models.DeviceID
	Key        string
	Class      string
	Component  string
	Label      string
	States     sql.NullString
	Limits     sql.NullString
	PollGroup  string
	Source     string
	Role       string
	Ordinal    int
	Generation uint32
}

func (b *builder) measuring(tx *gorm.DB) error {
	rows, err := tx.Table("points").
		Select("id, device_id, key, class, component, label, COALESCE(states, 'null'), COALESCE(limits, 'null'), poll_group, source, role, ordinal, generation").
		Where("retired_at IS NULL").
		Where("role <> '' OR class IN ? OR (class = ? AND component NOT LIKE '%outlet%')",
			[]string{string(quantity.State), string(quantity.Alarm)}, string(quantity.Power)).
		Order("device_id, ordinal, id").Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	states := map[string]map[int64]models.StateText{}
	limits := map[string]models.Limits{}
	for rows.Next() {
		var p pointRow
		err := rows.Scan(&p.ID, &p.DeviceID, &p.Key, &p.Class, &p.Component, &p.Label, &p.States, &p.Limits, &p.PollGroup,
			&p.Source, &p.Role, &p.Ordinal, &p.Generation)
		if err != nil {
			return err
		}
		d := b.x.devices[p.DeviceID]
		if d == nil {
			continue
		}
		st, err := shared(states, p.States)
		if err != nil {
			return fmt.Errorf("states of point %d: %w", p.ID, err)
		}
		lim, err := shared(limits, p.Limits)
		if err != nil {
			return fmt.Errorf("limits of point %d: %w", p.ID, err)
		}
		b.add(d, &Point{Device: d, Point: models.Point{
			ID: p.ID, DeviceID: p.DeviceID, Key: p.Key, Class: p.Class, Component: p.Component, Label: p.Label,
			States: st, Limits: lim, Group: p.PollGroup, Source: p.Source, Role: p.Role, Ordinal: p.Ordinal, Generation: p.Generation,
		}})
	}
	return rows.Err()
}

// shared decodes JSON, once for all that have the same text.
func shared[T any](known map[string]T, text sql.NullString) (T, error) {
	v, ok := known[text.String]
	if ok || text.String == "" {
		return v, nil
	}
	if err := json.Unmarshal([]byte(text.String), &v); err != nil {
		return v, err
	}
	known[text.String] = v
	return v, nil
}

func (b *builder) add(d *Device, p *Point) {
	b.x.points[p.ID] = p
	class := quantity.Class(p.Class)
	switch {
	case class.Enumerated():
		d.States = append(d.States, p)
	case class == quantity.Power:
		d.candidates = append(d.candidates, p)
	case class == quantity.Temperature && p.Role == models.RoleRackInlet && d.Rack != nil:
		d.Rack.Inlets = append(d.Rack.Inlets, p)
	}
}

// finish puts everything in order.
func (b *builder) finish() {
	for _, d := range b.x.devices {
		d.Power = totalPower(d.Kind, d.candidates)
		d.candidates = nil
	}
	slices.SortFunc(b.x.Sites, func(a, c *Site) int { return natural(a.Name, c.Name) })
	byRack := func(a, c *Rack) int {
		return cmp.Or(cmp.Compare(a.PositionInRow, c.PositionInRow), natural(a.Name, c.Name))
	}
	byDevice := func(a, c *Device) int { return natural(a.Name, c.Name) }
	for _, s := range b.x.Sites {
		slices.SortFunc(s.Top, byLocation)
		slices.SortFunc(s.Racks, byRack)
		slices.SortFunc(s.Devices, byDevice)
	}
	for _, l := range b.x.locations {
		slices.SortFunc(l.Children, byLocation)
		slices.SortFunc(l.Rows, func(a, c *Row) int { return natural(a.Name, c.Name) })
		slices.SortFunc(l.Racks, byRack)
		slices.SortFunc(l.Devices, byDevice)
	}
	for _, r := range b.rows {
		slices.SortFunc(r.Racks, byRack)
	}
	for _, r := range b.x.racks {
		slices.SortFunc(r.Devices, byDevice)
	}
}

func byLocation(a, b *Location) int { return natural(a.Name, b.Name) }

// Compare orders names as people do: rack 2 before rack 10.
func Compare(a, b string) int { return natural(a, b) }

func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			nx, ny := number(x), number(y)
			tx, ty := strings.TrimLeft(x[:nx], "0"), strings.TrimLeft(y[:ny], "0")
			if c := cmp.Or(cmp.Compare(len(tx), len(ty)), strings.Compare(tx, ty)); c != 0 {
				return c
			}
			x, y = x[nx:], y[ny:]
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func number(s string) int {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return n
}

// Known returns a device as the index of now has it, without asking the
// database; nil when there is none.
func (r *Reader) Known(id models.DeviceID) *Device {
	if v := r.current.Load(); v != nil {
		return v.index.devices[id]
	}
	return nil
}
