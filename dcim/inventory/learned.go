package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Learned is what a device says of itself; empty fields were not offered.
type Learned struct {
	Profile string
	// Kind is what the profile takes the device for.
	Kind                                 models.Kind
	Vendor, Model, Serial, Firmware, MAC string
	SysName, SysObjectID, SysDescr       string
}

// IdentityError means that another device than before answers at the address:
// its values must not be mixed with those of the one before. It is a
// fault.ErrConflict.
type IdentityError struct {
	Device models.DeviceID
	Name   string
	// What is "serial number" or "MAC address"; Known and Found are its values.
	What, Known, Found string
	// Again: it was marked before.
	Again bool
}

func (e *IdentityError) Error() string {
	return fmt.Sprintf("another device answers for %q: %s was %s, is %s", e.Name, e.What, e.Known, e.Found)
}

// Is makes every IdentityError a fault.ErrConflict.
func (e *IdentityError) Is(target error) bool { return target == fault.ErrConflict }

// UpdateLearned keeps what a device says of itself. When its serial number, or
// without one its MAC address, is not the one known, nothing is overwritten:
// the device is marked and an *IdentityError returned, until AcceptIdentity
// says that the new device is meant, or the old one answers again. Unchanged
// facts write nothing.
func (s *Service) UpdateLearned(ctx context.Context, device models.DeviceID, l Learned) error {
	if err := access.Require(ctx, access.EditDevices); err != nil {
		return err
	}
	for _, f := range []*string{&l.Profile, &l.Vendor, &l.Model, &l.Serial, &l.Firmware, &l.MAC, &l.SysName, &l.SysObjectID, &l.SysDescr} {
		*f = strings.TrimSpace(clean(*f))
	}
	known, err := db.Take[models.Device](s.db.WithContext(ctx), "device", device)
	if err != nil {
		return err
	}
	if e := identity(known, l); e != nil {
		if known.IdentityNote == e.Error() {
			e.Again = true
			return e
		}
		return s.markReplaced(ctx, device, e)
	}
	fresh := known
	adopt(&fresh, l)
	if fresh.LearnedFacts == known.LearnedFacts && fresh.Kind == known.Kind {
		return nil
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		d, err := db.TakeLocked[models.Device](tx, "device", device)
		if err != nil {
			return err
		}
		returned := d.IdentityChangedAt != nil
		adopt(&d, l)
		now := db.Now()
		d.LearnedAt = &now
		d.Folded = folded(&d)
		// The version stays: facts are no change that somebody could overwrite.
		if err := tx.Model(&d).Select(learnedColumns).Updates(&d).Error; err != nil {
			return fmt.Errorf("keep facts of device %q: %w", d.Name, db.Explain(err, "device", d.Name))
		}
		if err := revise(tx, device); err != nil {
			return err
		}
		if returned {
			return s.record(ctx, tx, "identity-restored", "device", d.ID, d.Name, nil, nil)
		}
		return nil
	})
}

var learnedColumns = []string{
	"kind", "vendor", "model", "firmware", "serial_reported", "mac", "sys_name", "sys_object_id", "sys_descr", "profile_matched",
	"learned_at", "identity_changed_at", "identity_note", "search_text", "updated_at",
}

// identity returns what shows that l is another device than d: its serial
// number, else its MAC address; of a device that tells neither, who made it and
// what it is. These come from the profile, so that one that was edited or chosen
// anew makes no other device of one that says of itself the same as before.
func identity(d models.Device, l Learned) *IdentityError {
	e := &IdentityError{Device: d.ID, Name: d.Name}
	other := func(what, known, found string) bool {
		e.What, e.Known, e.Found = what, known, found
		return known != "" && found != "" && !strings.EqualFold(known, found)
	}
	switch {
	case d.SerialReported != "" && l.Serial != "":
		if other("serial number", d.SerialReported, l.Serial) {
			return e
		}
	case d.MAC != "" && l.MAC != "":
		if other("MAC address", d.MAC, l.MAC) {
			return e
		}
	case d.SysObjectID == l.SysObjectID && d.SysDescr == l.SysDescr && (d.SysObjectID+d.SysDescr != "" || d.ProfileMatched != l.Profile):
	case other("vendor", d.Vendor, l.Vendor), other("model", d.Model, l.Model):
		return e
	}
	return nil
}

// adopt puts what was learned into d; what the device did not say this time
// stays as known.
func adopt(d *models.Device, l Learned) {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&d.Vendor, l.Vendor},
		{&d.Model, l.Model},
		{&d.Firmware, l.Firmware},
		{&d.SerialReported, l.Serial},
		{&d.MAC, l.MAC},
		{&d.SysName, l.SysName},
		{&d.SysObjectID, l.SysObjectID},
		{&d.SysDescr, l.SysDescr},
		{&d.ProfileMatched, l.Profile},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if d.Kind == models.KindOther && slices.Contains(models.Kinds(), l.Kind) {
		d.Kind = l.Kind
	}
	d.IdentityChangedAt, d.IdentityNote = nil, ""
	if d.LearnedAt == nil {
		now := db.Now()
		d.LearnedAt = &now
	}
}

func (s *Service) markReplaced(ctx context.Context, device models.DeviceID, e *IdentityError) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		now := db.Now()
		err := tx.Model(&models.Device{}).Where("id = ?", device).
			Updates(map[string]any{"identity_changed_at": now, "identity_note": e.Error()}).Error
		if err != nil {
			return fmt.Errorf("mark device %q as replaced: %w", e.Name, err)
		}
		if err := revise(tx, device); err != nil {
			return err
		}
		return s.record(ctx, tx, "identity-changed", "device", device, e.Name,
			map[string]string{"what": e.What, "value": e.Known}, map[string]string{"what": e.What, "value": e.Found})
	})
	if err != nil {
		return err
	}
	s.log.WarnContext(ctx, "another device answers", "device", e.Name, "what", e.What, "was", e.Known, "is", e.Found)
	return e
}

// AcceptIdentity says that the device which now answers is meant. What was
// known of the one before is forgotten; its points are retired with their
// histories, and the new device gets points of its own.
func (s *Service) AcceptIdentity(ctx context.Context, device models.DeviceID) error {
	if err := access.Require(ctx, access.EditDevices); err != nil {
		return err
	}
	d, err := db.Take[models.Device](s.db.WithContext(ctx), "device", device)
	if err != nil {
		return err
	}
	if err := access.RequireSite(ctx, access.EditDevices, d.SiteID); err != nil {
		return err
	}
	s.registering.Lock()
	defer s.registering.Unlock()
	now := db.Now()
	err = s.tx(ctx, func(tx *gorm.DB) error {
		d, err := db.TakeLocked[models.Device](tx, "device", device)
		if err != nil {
			return err
		}
		if d.IdentityChangedAt == nil {
			return fault.Conflict(fault.Stale, "", fmt.Sprintf("device %q is the one that was known", d.Name))
		}
		before := d
		callers := d.Version
		d.LearnedFacts, d.Controlling = models.LearnedFacts{}, models.Controlling{}
		d.Generation++
		if err := s.unwritable(ctx, tx, device, models.ControlReplaced); err != nil {
			return err
		}
		d.Folded = folded(&d)
		if err := db.Replace(tx, "device", d.Name, &d, &d.Record, callers); err != nil {
			return err
		}
		err = tx.Model(&models.Point{}).Where("device_id = ? AND retired_at IS NULL", device).Update("retired_at", now).Error
		if err != nil {
			return fmt.Errorf("retire points of device %q: %w", d.Name, err)
		}
		if err := revise(tx, device); err != nil {
			return err
		}
		return s.record(ctx, tx, "accept-identity", "device", device, d.Name, before.LearnedFacts, nil)
	})
	if err != nil {
		return err
	}
	s.gone(s.catalog.set(device, nil, now))
	s.changed([]models.DeviceID{device})
	return nil
}
