package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// stateOf is models.FindingState in SQL.
const stateOf = "CASE WHEN ignored THEN 'ignored' WHEN gone_at IS NOT NULL THEN 'gone' WHEN changed_at IS NOT NULL THEN 'changed' " +
	"WHEN device_id IS NULL THEN 'new' WHEN adopted_at IS NOT NULL THEN 'adopted' ELSE 'known' END"

// FindingSummary is a finding with its state and the names of what it refers
// to.
type FindingSummary struct {
	models.DiscoveryFinding
	State          models.FindingState
	RangeName      string
	SiteID         uint64
	CredentialName string
	DeviceName     string
	DeviceSiteID   uint64
	// DeviceAddress differs from Address when the device was found by its
	// serial number at another address than it is read at.
	DeviceAddress string
}

// FindingFilter chooses findings; zero fields choose all.
type FindingFilter struct {
	IDs     []uint64
	RangeID uint64
	States  []models.FindingState
	// Search is looked for in addresses and what the devices say.
	Search        string
	Limit, Offset int
}

// FindingPage is a part of the findings, by address.
type FindingPage struct {
	layout.Page[FindingSummary]
	// Counts are by state, whatever states were asked for.
	Counts map[models.FindingState]int
}

// Findings returns a page of findings, in three statements.
func (s *Service) Findings(ctx context.Context, f FindingFilter) (FindingPage, error) {
	page := FindingPage{Counts: map[models.FindingState]int{}}
	base, err := s.read(ctx)
	if err != nil {
		return page, err
	}
	q := base.Table("discovery_findings AS f").Joins("JOIN discovery_ranges ON discovery_ranges.id = f.range_id")
	if f.IDs != nil {
		q = q.Where("f.id IN ?", f.IDs)
	}
	if f.RangeID != 0 {
		q = q.Where("f.range_id = ?", f.RangeID)
	}
	for _, term := range layout.SearchTerms(f.Search) {
		q = q.Where(`f.search_text LIKE ? ESCAPE '\'`, term)
	}
	q = q.Session(&gorm.Session{})
	var counts []struct {
		State models.FindingState
		N     int
	}
	if err := q.Select(stateOf + " AS state, COUNT(*) AS n").Group(stateOf).Scan(&counts).Error; err != nil {
		return page, fmt.Errorf("count findings: %w", err)
	}
	for _, c := range counts {
		page.Counts[c.State] = c.N
	}
	if len(f.States) > 0 {
		q = q.Where(stateOf+" IN ?", f.States).Session(&gorm.Session{})
	}
	if err := q.Count(&page.Total).Error; err != nil {
		return page, fmt.Errorf("count findings: %w", err)
	}
	err = q.Select("f.*, " + stateOf + " AS state, discovery_ranges.name AS range_name, discovery_ranges.site_id, " +
		"COALESCE(c.name, '') AS credential_name, COALESCE(d.name, '') AS device_name, COALESCE(d.site_id, 0) AS device_site_id, COALESCE(d.address, '') AS device_address").
		Joins("LEFT JOIN credentials AS c ON c.id = f.credential_id").Joins("LEFT JOIN devices AS d ON d.id = f.device_id").
		Order("f.address_order, f.transport, f.unit_id, f.id").Limit(layout.ClampLimit(f.Limit)).Offset(max(f.Offset, 0)).Find(&page.Items).Error
	if err != nil {
		return page, fmt.Errorf("list findings: %w", err)
	}
	for i := range page.Items {
		mask(ctx, &page.Items[i])
	}
	return page, nil
}

// mask takes out what the principal may not know: credentials, and devices of
// sites that are not his.
func mask(ctx context.Context, f *FindingSummary) {
	if !seesCredentials(ctx) {
		f.CredentialID, f.CredentialName = nil, ""
	}
	if p, _ := access.From(ctx); f.DeviceID != nil && !p.CanSite(access.ReadFacility, f.DeviceSiteID) {
		f.DeviceID, f.DeviceName, f.DeviceAddress = nil, "", ""
	}
}

// clean makes foreign text fit for the database.
func clean(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""))
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500])
	}
	return s
}

// order sorts addresses as numbers.
func order(address string) string {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return "~" + address
	}
	b := a.Addr().As16()
	return fmt.Sprintf("%x:%05d", b, a.Port())
}

// scanned are the columns that a scan writes.
var scanned = []string{
	"run_id", "protocol", "credential_id", "vendor", "model", "serial", "firmware", "mac", "sys_name", "sys_object_id", "sys_descr", "kind", "profile",
	"confidence", "why", "others", "points", "problem", "last_seen_at", "gone_at", "changed_at", "changes", "device_id", "matched_by", "adopted_at",
	"address_order", "search_text",
}

// Found keeps a device that answered in a scan, and compares it with what
// answered there before. Only the system may.
func (s *Service) Found(ctx context.Context, run models.DiscoveryRun, f models.DiscoveryFinding) error {
	if err := access.RequireSystem(ctx, access.DiscoverDevices); err != nil {
		return err
	}
	for _, text := range []*string{
		&f.Vendor, &f.Model, &f.Serial, &f.Firmware, &f.MAC, &f.SysName, &f.SysObjectID, &f.SysDescr, &f.Profile, &f.Why, &f.Problem,
	} {
		*text = clean(*text)
	}
	f.Transport, _, _ = strings.Cut(f.Protocol, "-")
	return s.tx(ctx, func(tx *gorm.DB) error {
		now := db.Now()
		var had []models.DiscoveryFinding
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("range_id = ? AND address = ? AND transport = ? AND unit_id = ?", run.RangeID, f.Address, f.Transport, f.UnitID).
			Limit(1).Find(&had).Error
		if err != nil {
			return fmt.Errorf("look up finding at %s: %w", f.Address, err)
		}
		row := f
		if len(had) > 0 {
			row = merge(had[0], f)
			if len(row.Changes) > 0 && !slices.Equal(row.Changes, had[0].Changes) {
				row.ChangedAt = &now
			}
		} else {
			row.ID, row.RangeID, row.FirstSeenAt = 0, run.RangeID, now
		}
		row.RunID, row.LastSeenAt, row.GoneAt = run.ID, now, nil
		row.AddressOrder = order(row.Address)
		row.Folded = layout.Fold(row.Address, row.Vendor, row.Model, row.Serial, row.SysName, row.MAC, row.Profile, string(row.Kind))
		before := row.DeviceID
		if err := match(tx, &row); err != nil {
			return err
		}
		if before == nil && row.DeviceID != nil && row.MatchedBy == "address" {
			if err := besideDevice(tx, &row, now); err != nil {
				return err
			}
		}
		if row.ID == 0 {
			err = tx.Create(&row).Error
		} else {
			err = tx.Model(&row).Select(scanned).Updates(&row).Error
		}
		if err != nil {
			return fmt.Errorf("keep finding at %s: %w", f.Address, err)
		}
		return nil
	})
}

// exchanged tells whether another device answers than before. The serial number
// decides where both said one; otherwise what they are: a device may keep silent
// about a fact, but does not become one of another maker or model.
func exchanged(had, f models.DiscoveryFinding) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	if had.Serial != "" && f.Serial != "" {
		return had.Serial != f.Serial
	}
	return differ(had.SysObjectID, f.SysObjectID) || differ(had.Vendor, f.Vendor) || differ(had.Model, f.Model) || differ(had.MAC, f.MAC)
}

// merge is what is known after a device answered again. What it does not say
// this time stays as known: silence is no change. Of another device at the
// address nothing that the one before said is kept.
func merge(had, f models.DiscoveryFinding) models.DiscoveryFinding {
	out := f
	out.ID, out.RangeID, out.FirstSeenAt, out.Ignored = had.ID, had.RangeID, had.FirstSeenAt, had.Ignored
	out.DeviceID, out.MatchedBy, out.AdoptedAt = had.DeviceID, had.MatchedBy, had.AdoptedAt
	out.ChangedAt, out.Changes = had.ChangedAt, had.Changes
	other := exchanged(had, f)
	silent := f.Vendor == "" && f.Model == "" && f.Serial == "" && f.SysName == "" && f.SysObjectID == "" && f.SysDescr == ""
	for _, x := range []struct {
		field   string
		had, is string
		keep    *string
	}{
		{"vendor", had.Vendor, f.Vendor, &out.Vendor},
		{"model", had.Model, f.Model, &out.Model},
		{"serial", had.Serial, f.Serial, &out.Serial},
		{"firmware", had.Firmware, f.Firmware, &out.Firmware},
		{"mac", had.MAC, f.MAC, &out.MAC},
		{"name", had.SysName, f.SysName, &out.SysName},
		{"object-id", had.SysObjectID, f.SysObjectID, &out.SysObjectID},
	} {
		if x.is == "" && !other {
			*x.keep = x.had
			continue
		}
		if x.had != "" && x.had != x.is {
			out.Changes = noted(out.Changes, x.field, x.had, x.is)
		}
	}
	if f.SysDescr == "" && !other {
		out.SysDescr = had.SysDescr
	}
	switch {
	case f.Profile == "" && (silent || had.Profile == "") && !other:
		// It told nothing this time, as when it refused the credentials.
		out.Profile, out.Confidence, out.Why, out.Others, out.Points, out.Kind = had.Profile, had.Confidence, had.Why, had.Others, had.Points, had.Kind
	case had.Profile != "" && had.Profile != f.Profile:
		out.Changes = noted(out.Changes, "profile", had.Profile, f.Profile)
	}
	if len(out.Changes) == 0 {
		out.ChangedAt = nil
	}
	return out
}

// noted adds a change to those that nobody has seen yet: of a field that
// changed twice the first value counts, and one that is again as it was did
// not change.
func noted(changes []models.FindingChange, field, from, to string) []models.FindingChange {
	out := make([]models.FindingChange, 0, len(changes)+1)
	for _, c := range changes {
		if c.Field == field {
			from = c.From
			continue
		}
		out = append(out, c)
	}
	if from == to {
		return out
	}
	return append(out, models.FindingChange{Field: field, From: from, To: to})
}

// shortestSerial is the least length of a serial number by which a device is
// known: "0", "1" and "N/A" are said by many.
const shortestSerial = 4

// match finds the device that a finding is: the one that is read at the
// address, or the only one with the vendor and serial number.
func match(tx *gorm.DB, f *models.DiscoveryFinding) error {
	before := f.DeviceID
	f.DeviceID, f.MatchedBy = nil, ""
	id, err := deviceAt(tx, *f)
	if err != nil {
		return err
	}
	if id != nil {
		f.DeviceID, f.MatchedBy = id, "address"
	} else if len(f.Serial) >= shortestSerial {
		var ids []models.DeviceID
		err := tx.Model(&models.Device{}).Where("serial_reported = ? AND vendor = ?", f.Serial, f.Vendor).Limit(2).Pluck("id", &ids).Error
		if err != nil {
			return fmt.Errorf("look up device with serial number: %w", err)
		}
		if len(ids) == 1 {
			f.DeviceID, f.MatchedBy = &ids[0], "serial"
		}
	}
	if f.DeviceID == nil || before == nil || *before != *f.DeviceID {
		f.AdoptedAt = nil
	}
	return nil
}

// besideDevice notes what differs between a finding and the device that is read
// at its address, when it is first seen to be that one and is another.
func besideDevice(tx *gorm.DB, f *models.DiscoveryFinding, now time.Time) error {
	d, err := db.Take[models.Device](tx, "device", *f.DeviceID)
	if err != nil {
		return err
	}
	had := models.DiscoveryFinding{Vendor: d.Vendor, Model: d.Model, Serial: d.SerialReported, SysObjectID: d.SysObjectID, MAC: d.MAC}
	if !exchanged(had, *f) {
		return nil
	}
	for _, x := range []struct{ field, had, is string }{
		{"vendor", d.Vendor, f.Vendor}, {"model", d.Model, f.Model}, {"serial", d.SerialReported, f.Serial}, {"mac", d.MAC, f.MAC}, {"object-id", d.SysObjectID, f.SysObjectID},
	} {
		if x.had != "" && x.had != x.is {
			f.Changes = noted(f.Changes, x.field, x.had, x.is)
		}
	}
	f.ChangedAt = &now
	return nil
}

// deviceAt returns the device that is read at a finding's address; nil when
// there is none.
func deviceAt(tx *gorm.DB, f models.DiscoveryFinding) (*models.DeviceID, error) {
	q := tx.Model(&models.Device{}).Where("address = ?", f.Address)
	if f.Transport == "snmp" {
		q = q.Where("protocol IN ?", []string{"snmp-v1", "snmp-v2c", "snmp-v3"})
	} else {
		q = q.Where("protocol IN ? AND unit_id = ?", []string{"modbus-tcp", "modbus-rtu-tcp"}, f.UnitID)
	}
	var ids []models.DeviceID
	if err := q.Order("id").Limit(1).Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("look up device at %s: %w", f.Address, err)
	}
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // an address without a device is no error
	}
	return &ids[0], nil
}

// Marking is what somebody decides about findings.
type Marking string

// The markings.
const (
	// Ignore leaves findings out until Restore takes them back.
	Ignore  Marking = "ignore"
	Restore Marking = "restore"
	// Accept says that the changes were seen.
	Accept Marking = "accept"
)

// maxMarked bounds the findings that are marked or adopted at once.
const maxMarked = 1000

// Mark marks findings: all of them or, with an error, none.
func (s *Service) Mark(ctx context.Context, ids []uint64, m Marking) error {
	if err := access.Require(ctx, access.DiscoverDevices); err != nil {
		return err
	}
	if len(ids) == 0 || len(ids) > maxMarked {
		return fault.Invalid("findings", "range", fmt.Sprintf("must be 1 to %d", maxMarked))
	}
	var change map[string]any
	switch m {
	case Ignore, Restore:
		change = map[string]any{"ignored": m == Ignore}
	case Accept:
		change = map[string]any{"changed_at": nil, "changes": nil}
	default:
		return fault.Invalid("mark", "unknown", "must be ignore, restore or accept")
	}
	for _, id := range ids {
		if err := s.ownFinding(ctx, id); err != nil {
			return err
		}
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		for _, id := range ids {
			f, err := db.TakeLocked[models.DiscoveryFinding](tx, findingObject, id)
			if err != nil {
				return err
			}
			if err := tx.Model(&models.DiscoveryFinding{}).Where("id = ?", id).Updates(change).Error; err != nil {
				return fmt.Errorf("%s finding %d: %w", m, id, err)
			}
			if err := s.record(ctx, tx, string(m), findingObject, id, f.Address, nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

const findingObject = "finding"

// Own returns a finding that the principal may look at and adopt, with its
// credential.
func (s *Service) Own(ctx context.Context, id uint64) (models.DiscoveryFinding, error) {
	if err := access.Require(ctx, access.DiscoverDevices); err != nil {
		return models.DiscoveryFinding{}, err
	}
	if err := s.ownFinding(ctx, id); err != nil {
		return models.DiscoveryFinding{}, err
	}
	return db.Take[models.DiscoveryFinding](s.db.WithContext(ctx), findingObject, id)
}

// ownFinding asks whether the principal may decide about a finding.
func (s *Service) ownFinding(ctx context.Context, id uint64) error {
	f, err := db.Take[models.DiscoveryFinding](s.db.WithContext(ctx), findingObject, id)
	if err != nil {
		return err
	}
	if _, err := s.own(ctx, access.DiscoverDevices, f.RangeID); err != nil {
		if errors.Is(err, access.ErrForbidden) || errors.Is(err, fault.ErrNotFound) {
			return fault.NotFound(findingObject, id)
		}
		return err
	}
	return nil
}
