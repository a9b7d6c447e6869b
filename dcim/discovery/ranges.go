package discovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// RangeSummary is a range with how its scans do.
type RangeSummary struct {
	models.DiscoveryRange
	SiteName string
	// CredentialNames are in the order of Credentials. Both are empty for who
	// may not see which credentials there are.
	CredentialNames []string
	// Last is the newest scan; nil when there was none.
	Last *models.DiscoveryRun
	// Next is when the schedule starts one; nil when it does not.
	Next *time.Time
	// Counts are its findings by state.
	Counts map[models.FindingState]int
}

// The bounds of a range. Sixteen SNMP credentials are sixteen questions to
// each silent address.
const (
	maxTexts       = 200
	maxCredentials = 16
	defaultRate    = 50
)

type rangeCredential struct {
	RangeID      uint64
	Position     int
	CredentialID uint64
}

func (rangeCredential) TableName() string { return "discovery_range_credentials" }

// check makes a range fit to be kept or tells why it is not.
func (s *Service) check(r *models.DiscoveryRange) (err error) {
	if r.Name, err = layout.CheckName("name", r.Name); err != nil {
		return err
	}
	texts := []string{}
	for _, t := range r.Ranges {
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	r.Ranges, r.Units = texts, strings.TrimSpace(r.Units)
	if r.SNMPPort == 0 {
		r.SNMPPort = 161
	}
	if r.ModbusPort == 0 {
		r.ModbusPort = 502
	}
	if r.Rate == 0 {
		r.Rate = defaultRate
	}
	switch {
	case len(texts) == 0:
		return fault.Invalid("ranges", "required", "at least one address range is needed")
	case len(texts) > maxTexts:
		return fault.Invalid("ranges", "range", fmt.Sprintf("must be at most %d ranges", maxTexts))
	case len(r.Credentials) == 0 && r.Units == "":
		return fault.Invalid("credentials", "required", "name credentials for SNMP, or unit ids for Modbus, or both")
	case len(r.Credentials) > maxCredentials:
		return fault.Invalid("credentials", "range", fmt.Sprintf("must be at most %d", maxCredentials))
	case r.Rate < 1 || r.Rate > 1000:
		return fault.OutOfRange("rate", 1, 1000, "addresses a second")
	case r.IntervalH < 0 || r.IntervalH > 8760:
		return fault.OutOfRange("interval_h", 0, 8760, "hours")
	}
	for i, c := range r.Credentials {
		if slices.Contains(r.Credentials[:i], c) {
			return fault.Invalid("credentials", "format", "names a credential twice")
		}
	}
	if err := layout.CheckText("description", r.Description); err != nil {
		return err
	}
	plan, err := s.plan(r.Ranges, r.Units)
	if err != nil {
		return err
	}
	if plan.Addresses == 0 {
		return fault.Invalid("ranges", "not_allowed", "the configuration allows none of these addresses to be polled")
	}
	return nil
}

// Ranges returns all ranges by name, in four statements.
func (s *Service) Ranges(ctx context.Context) ([]RangeSummary, error) {
	q, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return s.summaries(ctx, q)
}

// Range returns one range.
func (s *Service) Range(ctx context.Context, id uint64) (RangeSummary, error) {
	if _, err := s.own(ctx, access.ReadFacility, id); err != nil {
		return RangeSummary{}, err
	}
	list, err := s.summaries(ctx, s.db.WithContext(ctx).Where("discovery_ranges.id = ?", id))
	if err != nil {
		return RangeSummary{}, err
	}
	if len(list) == 0 {
		return RangeSummary{}, fault.NotFound(rangeObject, id)
	}
	return list[0], nil
}

func (s *Service) summaries(ctx context.Context, q *gorm.DB) ([]RangeSummary, error) {
	var rows []struct {
		models.DiscoveryRange
		SiteName string
	}
	err := q.Table("discovery_ranges").Select("discovery_ranges.*, sites.name AS site_name").
		Joins("JOIN sites ON sites.id = discovery_ranges.site_id").Order("discovery_ranges.name").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list discovery ranges: %w", err)
	}
	out := make([]RangeSummary, len(rows))
	ids := make([]uint64, len(rows))
	at := map[uint64]*RangeSummary{}
	for i, r := range rows {
		out[i] = RangeSummary{DiscoveryRange: r.DiscoveryRange, SiteName: r.SiteName, Counts: map[models.FindingState]int{}}
		ids[i], at[r.ID] = r.ID, &out[i]
	}
	if len(ids) == 0 {
		return out, nil
	}
	g := s.db.WithContext(ctx)
	if seesCredentials(ctx) {
		var used []struct {
			RangeID, CredentialID uint64
			Name                  string
		}
		err := g.Table("discovery_range_credentials AS rc").Select("rc.range_id, rc.credential_id, c.name").Joins("JOIN credentials AS c ON c.id = rc.credential_id").
			Where("rc.range_id IN ?", ids).Order("rc.range_id, rc.position").Find(&used).Error
		if err != nil {
			return nil, fmt.Errorf("list credentials of discovery ranges: %w", err)
		}
		for _, u := range used {
			r := at[u.RangeID]
			r.Credentials, r.CredentialNames = append(r.Credentials, u.CredentialID), append(r.CredentialNames, u.Name)
		}
	}
	var runs []models.DiscoveryRun
	err = g.Where("id IN (?)", g.Model(&models.DiscoveryRun{}).Select("MAX(id)").Where("range_id IN ?", ids).Group("range_id")).Find(&runs).Error
	if err != nil {
		return nil, fmt.Errorf("read last scans: %w", err)
	}
	for _, r := range runs {
		at[r.RangeID].Last = &r
	}
	var counts []struct {
		RangeID uint64
		State   models.FindingState
		N       int
	}
	err = g.Table("discovery_findings").Select("range_id, "+stateOf+" AS state, COUNT(*) AS n").
		Where("range_id IN ?", ids).Group("range_id, " + stateOf).Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count findings: %w", err)
	}
	for _, c := range counts {
		at[c.RangeID].Counts[c.State] = c.N
	}
	for i := range out {
		out[i].Next = next(out[i].DiscoveryRange, out[i].Last)
	}
	return out, nil
}

// next is when the schedule scans a range: an interval after the last scan was
// started, whatever became of it, and at once when there was none.
func next(r models.DiscoveryRange, last *models.DiscoveryRun) *time.Time {
	if !r.Enabled || r.IntervalH == 0 || last != nil && last.State == models.RunRunning {
		return nil
	}
	t := r.UpdatedAt
	if last != nil {
		t = last.StartedAt.Add(time.Duration(r.IntervalH) * time.Hour)
	}
	return &t
}

// may asks for what defining a range needs. To name credentials is to send
// them to the addresses of the range: that is for those who may see them.
func (s *Service) may(ctx context.Context, r models.DiscoveryRange) error {
	if err := access.RequireSite(ctx, access.DiscoverDevices, r.SiteID); err != nil {
		return err
	}
	if len(r.Credentials) == 0 {
		return nil
	}
	return access.Require(ctx, access.ReadCredentials)
}

// CreateRange adds a range.
func (s *Service) CreateRange(ctx context.Context, r models.DiscoveryRange) (models.DiscoveryRange, error) {
	if err := s.may(ctx, r); err != nil {
		return r, err
	}
	if err := s.check(&r); err != nil {
		return r, err
	}
	r.ID = 0
	err := s.tx(ctx, func(tx *gorm.DB) error {
		r.ID = 0
		if err := checkRefs(tx, r); err != nil {
			return err
		}
		if err := db.Create(tx, rangeObject, r.Name, &r, &r.Record); err != nil {
			return err
		}
		if err := setCredentials(tx, r); err != nil {
			return err
		}
		return s.record(ctx, tx, "create", rangeObject, r.ID, r.Name, nil, r)
	})
	return r, err
}

// UpdateRange replaces a range. r.Version is the version that the change was
// made to; zero overwrites whatever is there. A scan that runs goes on as it
// was begun.
func (s *Service) UpdateRange(ctx context.Context, r models.DiscoveryRange) (models.DiscoveryRange, error) {
	old, err := s.own(ctx, access.DiscoverDevices, r.ID)
	if err != nil {
		return r, err
	}
	if old.Credentials, err = credentialsOf(s.db.WithContext(ctx), r.ID); err != nil {
		return r, err
	}
	// Other addresses would be sent the credentials that it had, too.
	for _, x := range []models.DiscoveryRange{old, r} {
		if err := s.may(ctx, x); err != nil {
			return r, err
		}
	}
	if err := s.check(&r); err != nil {
		return r, err
	}
	callers := r.Version
	err = s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[models.DiscoveryRange](tx, rangeObject, r.ID)
		if err != nil {
			return err
		}
		if before.Credentials, err = credentialsOf(tx, r.ID); err != nil {
			return err
		}
		if err := checkRefs(tx, r); err != nil {
			return err
		}
		seen := callers
		if seen == 0 {
			seen = before.Version
		}
		r.CreatedAt = before.CreatedAt
		if err := db.Replace(tx, rangeObject, r.Name, &r, &r.Record, seen); err != nil {
			return err
		}
		if err := setCredentials(tx, r); err != nil {
			return err
		}
		return s.record(ctx, tx, "update", rangeObject, r.ID, r.Name, before, r)
	})
	return r, err
}

// DeleteRange removes a range with its scans and findings; devices that were
// adopted stay. It is a conflict while a scan runs.
func (s *Service) DeleteRange(ctx context.Context, id uint64) error {
	if _, err := s.own(ctx, access.DiscoverDevices, id); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		r, err := db.TakeLocked[models.DiscoveryRange](tx, rangeObject, id)
		if err != nil {
			return err
		}
		var running int64
		if err := tx.Model(&models.DiscoveryRun{}).Where("range_id = ? AND state = ?", id, models.RunRunning).Count(&running).Error; err != nil {
			return fmt.Errorf("look for a running scan: %w", err)
		}
		if running > 0 {
			return fault.Conflict(Running, "", fmt.Sprintf("%q is being scanned: cancel the scan first", r.Name), r.Name)
		}
		if r.Credentials, err = credentialsOf(tx, id); err != nil {
			return err
		}
		if err := db.Delete[models.DiscoveryRange](tx, rangeObject, r.Name, id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", rangeObject, id, r.Name, r, nil)
	})
}

// checkRefs tells in words what a range refers to in vain: SQLite does not.
func checkRefs(tx *gorm.DB, r models.DiscoveryRange) error {
	if _, err := db.Take[models.Site](tx, "site", r.SiteID); err != nil {
		return err
	}
	if len(r.Credentials) == 0 {
		return nil
	}
	var kinds []string
	if err := tx.Model(&models.Credential{}).Where("id IN ?", r.Credentials).Pluck("kind", &kinds).Error; err != nil {
		return fmt.Errorf("read credentials: %w", err)
	}
	if len(kinds) != len(r.Credentials) {
		return fault.Invalid("credentials", "unknown", "names a credential that does not exist")
	}
	for _, k := range kinds {
		if _, ok := Protocols[k]; !ok {
			return fault.Invalid("credentials", "kind", "names a credential that is of no use for SNMP")
		}
	}
	return nil
}

// Protocols are what the kinds of credentials open.
var Protocols = map[string]string{"snmp-community": "snmp-v2c", "snmp-v3": "snmp-v3"}

func setCredentials(tx *gorm.DB, r models.DiscoveryRange) error {
	if err := tx.Where("range_id = ?", r.ID).Delete(&rangeCredential{}).Error; err != nil {
		return fmt.Errorf("set credentials of discovery range %q: %w", r.Name, err)
	}
	rows := make([]rangeCredential, len(r.Credentials))
	for i, c := range r.Credentials {
		rows[i] = rangeCredential{r.ID, i + 1, c}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("set credentials of discovery range %q: %w", r.Name, db.Explain(err, rangeObject, r.Name))
	}
	return nil
}

func credentialsOf(q *gorm.DB, id uint64) ([]uint64, error) {
	var out []uint64
	err := q.Model(&rangeCredential{}).Where("range_id = ?", id).Order("position").Pluck("credential_id", &out).Error
	if err != nil {
		return nil, fmt.Errorf("read credentials of discovery range %d: %w", id, err)
	}
	return out, nil
}
