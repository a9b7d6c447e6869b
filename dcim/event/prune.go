package event

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/models"
)

var severities = []models.Severity{
	models.SeverityOK, models.SeverityInfo, models.SeverityWarning, models.SeverityCritical, models.SeverityUnknown,
}

// slice bounds the events that go in one transaction: others want to write too.
const slice = 2000

// tidy takes out what is too old or too much.
func (j *Journal) tidy(ctx context.Context) {
	if err := j.Prune(ctx, time.Now()); err != nil && ctx.Err() == nil {
		j.log.WarnContext(ctx, "take out old events", "err", err)
	}
	j.sincePrune = 0
}

// Prune takes out events that are too old at now, and the oldest of those that
// are too many, of a device or of all.
func (j *Journal) Prune(ctx context.Context, now time.Time) error {
	if err := j.before(ctx, now.Add(-j.o.MaxAge).UnixMilli(), 0); err != nil {
		return err
	}
	var many []struct {
		DeviceID models.DeviceID
		Severity models.Severity
	}
	err := j.o.DB.WithContext(ctx).Model(&models.Event{}).Select("device_id, severity").Group("device_id, severity").
		Having("COUNT(*) > ?", j.o.PerDevice).Find(&many).Error
	if err != nil {
		return fmt.Errorf("count events of devices: %w", err)
	}
	for _, m := range many {
		if err := j.pruneDevice(ctx, m.DeviceID, m.Severity); err != nil {
			return err
		}
	}
	var last []models.Event
	err = j.o.DB.WithContext(ctx).Select("id, time_ms").Order("time_ms DESC, id DESC").Offset(j.o.MaxEvents).Limit(1).Find(&last).Error
	if err != nil {
		return fmt.Errorf("count events: %w", err)
	}
	if len(last) == 0 {
		return nil
	}
	return j.before(ctx, last[0].TimeMS, last[0].ID)
}

// before takes out the events up to a place in the order of time and id.
func (j *Journal) before(ctx context.Context, ms int64, id uint64) error {
	for {
		n, err := j.remove(ctx, func(q *gorm.DB) *gorm.DB {
			return q.Where("time_ms < ? OR (time_ms = ? AND id <= ?)", ms, ms, id).Order("time_ms, id").Limit(slice)
		})
		if err != nil || n < slice {
			return err
		}
	}
}

// pruneDevice takes out the oldest events of a severity of a device.
func (j *Journal) pruneDevice(ctx context.Context, device models.DeviceID, severity models.Severity) error {
	for {
		n, err := j.remove(ctx, func(q *gorm.DB) *gorm.DB {
			return q.Where("device_id = ? AND severity = ?", device, severity).Order("time_ms DESC, id DESC").Offset(j.o.PerDevice).Limit(slice)
		})
		if err != nil || n < slice {
			return err
		}
	}
}

func (j *Journal) remove(ctx context.Context, which func(*gorm.DB) *gorm.DB) (int64, error) {
	var n int64
	err := db.Tx(ctx, j.o.DB, func(tx *gorm.DB) error {
		r := tx.Where("id IN (?)", which(tx.Model(&models.Event{}).Select("id"))).Delete(&models.Event{})
		n = r.RowsAffected
		return r.Error
	})
	if err != nil {
		return 0, fmt.Errorf("take out events: %w", err)
	}
	j.pruned.Add(uint64(n))
	return n, nil
}
