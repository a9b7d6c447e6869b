package discovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Codes of conflicts that are discovery's own; see fault.ConflictError.
const (
	// Running: the range is being scanned.
	Running = "running"
	// Disabled: the range is not to be scanned.
	Disabled = "disabled"
	// Busy: as many scans run as may.
	Busy = "busy"
	// Ended: the scan does not run any more.
	Ended = "ended"
	// KnownDevice: what is to be adopted is a device already.
	KnownDevice = "known-device"
)

// keptRuns is how many scans of a range are remembered.
const keptRuns = 50

const runObject = "scan"

// Begin notes that a scan of a range starts, and returns the range with its
// credentials. It is a conflict while another one runs, and when the range is
// disabled.
func (s *Service) Begin(ctx context.Context, rangeID uint64) (models.DiscoveryRun, models.DiscoveryRange, error) {
	var run models.DiscoveryRun
	r, err := s.own(ctx, access.DiscoverDevices, rangeID)
	if err != nil {
		return run, r, err
	}
	plan, err := s.plan(r.Ranges, r.Units)
	if err != nil {
		return run, r, err
	}
	switch {
	case !r.Enabled:
		return run, r, fault.Conflict(Disabled, "", fmt.Sprintf("%q is disabled", r.Name), r.Name)
	case plan.Addresses == 0:
		return run, r, fault.Invalid("ranges", "not_allowed", "the configuration allows none of these addresses to be polled")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if r.Credentials, err = credentialsOf(tx, rangeID); err != nil {
			return err
		}
		run = models.DiscoveryRun{
			RangeID: rangeID, State: models.RunRunning, StartedAt: db.Now(), Addresses: plan.Addresses, Skipped: plan.Skipped, Actor: actor(ctx),
		}
		if err := tx.Create(&run).Error; err != nil {
			if errors.Is(err, gorm.ErrDuplicatedKey) {
				return fault.Conflict(Running, "", fmt.Sprintf("%q is being scanned already", r.Name), r.Name)
			}
			return fmt.Errorf("begin scan of %q: %w", r.Name, err)
		}
		old := tx.Model(&models.DiscoveryRun{}).Select("id").Where("range_id = ?", rangeID).Order("id DESC").Limit(1).Offset(keptRuns)
		if err := tx.Where("range_id = ? AND id <= (?)", rangeID, old).Delete(&models.DiscoveryRun{}).Error; err != nil {
			return fmt.Errorf("forget old scans of %q: %w", r.Name, err)
		}
		return s.record(ctx, tx, "scan", rangeObject, r.ID, r.Name, nil, run)
	})
	return run, r, err
}

// Progress notes how far a scan is; left is zero when that cannot be told.
// Only the system may.
func (s *Service) Progress(ctx context.Context, run uint64, done, found int, left time.Duration) error {
	if err := access.RequireSystem(ctx, access.DiscoverDevices); err != nil {
		return err
	}
	var ms *int64
	if left > 0 {
		n := left.Milliseconds()
		ms = &n
	}
	err := s.db.WithContext(ctx).Model(&models.DiscoveryRun{}).Where("id = ? AND state = ?", run, models.RunRunning).
		Updates(map[string]any{"done": done, "found": found, "left_ms": ms}).Error
	if err != nil {
		return fmt.Errorf("note progress of scan %d: %w", run, err)
	}
	return nil
}

// Outcome is how a scan ended.
type Outcome struct {
	// State is one of done, cancelled, failed and interrupted.
	State       models.DiscoveryRunState
	Done, Found int
	// Error says why it failed.
	Error string
	// By names who cancelled it.
	By string
	// Asked tells whether the scan has looked for a finding. What it has and
	// what did not answer is gone, if the scan was done to its end.
	Asked func(models.DiscoveryFinding) bool
}

// End notes how a scan ended, and compares what answered with what answered
// before. Only the system may.
func (s *Service) End(ctx context.Context, id uint64, o Outcome) (models.DiscoveryRun, error) {
	var run models.DiscoveryRun
	if err := access.RequireSystem(ctx, access.DiscoverDevices); err != nil {
		return run, err
	}
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var err error
		if run, err = db.TakeLocked[models.DiscoveryRun](tx, runObject, id); err != nil {
			return err
		}
		if run.State != models.RunRunning {
			return fault.Conflict(Ended, "", "the scan has ended already")
		}
		now := db.Now()
		run.State, run.EndedAt, run.LeftMS, run.Done, run.Found, run.Error = o.State, &now, nil, o.Done, o.Found, clean(o.Error)
		if o.State == models.RunDone {
			if err := compare(tx, &run, o.Asked); err != nil {
				return err
			}
		}
		if err := tx.Model(&run).Select("*").Omit("id").Updates(&run).Error; err != nil {
			return fmt.Errorf("end scan %d: %w", id, err)
		}
		var name string
		if err := tx.Model(&models.DiscoveryRange{}).Where("id = ?", run.RangeID).Pluck("name", &name).Error; err != nil {
			return fmt.Errorf("end scan %d: %w", id, err)
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "scan-" + string(run.State), ObjectType: rangeObject, ObjectID: fmt.Sprint(run.RangeID), ObjectName: name, After: run, Detail: o.By,
		})
	})
	return run, err
}

// compare counts what is new and changed, and marks what is gone.
func compare(tx *gorm.DB, run *models.DiscoveryRun, asked func(models.DiscoveryFinding) bool) error {
	findings := func() *gorm.DB { return tx.Model(&models.DiscoveryFinding{}).Where("range_id = ?", run.RangeID) }
	var fresh, changed int64
	if err := findings().Where("first_seen_at >= ? AND device_id IS NULL AND NOT ignored", run.StartedAt).Count(&fresh).Error; err != nil {
		return fmt.Errorf("count what is new: %w", err)
	}
	if err := findings().Where("changed_at >= ? AND NOT ignored", run.StartedAt).Count(&changed).Error; err != nil {
		return fmt.Errorf("count what changed: %w", err)
	}
	var missing []models.DiscoveryFinding
	if err := findings().Where("run_id <> ? AND gone_at IS NULL", run.ID).Find(&missing).Error; err != nil {
		return fmt.Errorf("look for what is gone: %w", err)
	}
	var gone []uint64
	told := 0
	for _, f := range missing {
		if asked != nil && asked(f) {
			gone = append(gone, f.ID)
			if !f.Ignored {
				told++
			}
		}
	}
	for part := gone; len(part) > 0; {
		n := min(len(part), 500)
		if err := tx.Model(&models.DiscoveryFinding{}).Where("id IN ?", part[:n]).Update("gone_at", *run.EndedAt).Error; err != nil {
			return fmt.Errorf("mark what is gone: %w", err)
		}
		part = part[n:]
	}
	a, b := int(fresh), int(changed)
	run.New, run.Changed, run.Gone = &a, &b, &told
	return nil
}

// Interrupt marks the scans that ran when the program ended. Only the system
// may, before it starts any.
func (s *Service) Interrupt(ctx context.Context) (int, error) {
	if err := access.RequireSystem(ctx, access.DiscoverDevices); err != nil {
		return 0, err
	}
	res := s.db.WithContext(ctx).Model(&models.DiscoveryRun{}).Where("state = ?", models.RunRunning).
		Updates(map[string]any{"state": models.RunInterrupted, "ended_at": db.Now(), "left_ms": nil})
	if res.Error != nil {
		return 0, fmt.Errorf("mark interrupted scans: %w", res.Error)
	}
	return int(res.RowsAffected), nil
}

// Due returns the ranges that the schedule wants to be scanned by now, the one
// that has waited longest first. Only the system may ask.
func (s *Service) Due(ctx context.Context, now time.Time) ([]uint64, error) {
	if err := access.RequireSystem(ctx, access.DiscoverDevices); err != nil {
		return nil, err
	}
	var rows []struct {
		models.DiscoveryRange
		LastState models.DiscoveryRunState
		LastStart *time.Time
	}
	err := s.db.WithContext(ctx).Table("discovery_ranges").
		Select("discovery_ranges.*, COALESCE(last.state, '') AS last_state, last.started_at AS last_start").
		Joins("LEFT JOIN discovery_runs AS last ON last.id = (SELECT MAX(id) FROM discovery_runs WHERE range_id = discovery_ranges.id)").
		Where("discovery_ranges.enabled AND discovery_ranges.interval_h > 0").Order("last.started_at, discovery_ranges.id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for scans that are due: %w", err)
	}
	var out []uint64
	for _, r := range rows {
		var last *models.DiscoveryRun
		if r.LastStart != nil {
			last = &models.DiscoveryRun{State: r.LastState, StartedAt: *r.LastStart}
		}
		if t := next(r.DiscoveryRange, last); t != nil && !t.After(now) {
			out = append(out, r.ID)
		}
	}
	return out, nil
}

// Runs returns the newest scans of a range, newest first.
func (s *Service) Runs(ctx context.Context, rangeID uint64) ([]models.DiscoveryRun, error) {
	if _, err := s.own(ctx, access.ReadFacility, rangeID); err != nil {
		return nil, err
	}
	var out []models.DiscoveryRun
	if err := s.db.WithContext(ctx).Where("range_id = ?", rangeID).Order("id DESC").Limit(keptRuns).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list scans: %w", err)
	}
	return out, nil
}

// Cancellable returns a scan that runs and that the principal may cancel.
func (s *Service) Cancellable(ctx context.Context, id uint64) (models.DiscoveryRun, error) {
	if err := access.Require(ctx, access.DiscoverDevices); err != nil {
		return models.DiscoveryRun{}, err
	}
	run, err := db.Take[models.DiscoveryRun](s.db.WithContext(ctx), runObject, id)
	if err != nil {
		return run, err
	}
	if _, err := s.own(ctx, access.DiscoverDevices, run.RangeID); errors.Is(err, fault.ErrNotFound) {
		return models.DiscoveryRun{}, fault.NotFound(runObject, id)
	} else if err != nil {
		return models.DiscoveryRun{}, err
	}
	if run.State != models.RunRunning {
		return run, fault.Conflict(Ended, "", "the scan has ended already")
	}
	return run, nil
}
