// Package discovery keeps what is searched for devices and what was found:
// address ranges with the credentials to try, the scans of them, and what
// answered, compared with the scan before. It makes devices of findings.
//
// The scanning itself is done elsewhere (collectors/discover); package app
// brings both together.
//
// Every method asks package access first and reads or changes only what the
// principal's sites allow; every change that somebody makes is in the audit
// log.
package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// Plan is what a scan of a range would look at.
type Plan struct {
	// Addresses may be looked at; Skipped are not allowed by the configuration.
	Addresses, Skipped int
}

// Planner reads address ranges and Modbus unit ids as the scanner does. Its
// error is a fault.Invalid of the field at fault: ranges or units.
type Planner func(ranges []string, units string) (Plan, error)

// Devices creates devices; *inventory.Service does.
type Devices interface {
	CreateDeviceWith(ctx context.Context, d models.Device, also func(tx *gorm.DB, d models.Device) error) (models.Device, error)
}

var _ Devices = (*inventory.Service)(nil)

// Options configure a Service. All but Log are mandatory.
type Options struct {
	DB      *gorm.DB
	Audit   access.Recorder
	Devices Devices
	Plan    Planner
	Log     *slog.Logger
}

// Service keeps ranges, scans and findings. It is safe for concurrent use.
type Service struct {
	db      *gorm.DB
	audit   access.Recorder
	devices Devices
	plan    Planner
	log     *slog.Logger
}

// New returns a Service; it starts nothing.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Audit == nil || o.Devices == nil || o.Plan == nil {
		return nil, errors.New("discovery: database, audit log, devices and planner are mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: o.DB, audit: o.Audit, devices: o.Devices, plan: o.Plan, log: o.Log}, nil
}

// read asks for the right to read and returns a query confined to the
// principal's sites.
func (s *Service) read(ctx context.Context) (*gorm.DB, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	return layout.Confine(ctx, s.db.WithContext(ctx), "discovery_ranges.site_id"), nil
}

// own returns a range that the principal may do op with. One of a site that the
// principal does not see is not found, as if there were none.
func (s *Service) own(ctx context.Context, op access.Operation, id uint64) (models.DiscoveryRange, error) {
	if err := access.Require(ctx, op); err != nil {
		return models.DiscoveryRange{}, err
	}
	r, err := db.Take[models.DiscoveryRange](s.db.WithContext(ctx), rangeObject, id)
	if err != nil {
		return r, err
	}
	err = access.RequireSite(ctx, op, r.SiteID)
	if errors.Is(err, access.ErrForbidden) && access.RequireSite(ctx, access.ReadFacility, r.SiteID) != nil {
		return models.DiscoveryRange{}, fault.NotFound(rangeObject, id)
	}
	return r, err
}

func (s *Service) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return db.Tx(ctx, s.db, f)
}

const rangeObject = "discovery range"

func (s *Service) record(ctx context.Context, tx *gorm.DB, action, object string, id any, name string, before, after any) error {
	return s.audit.Record(ctx, tx, models.AuditEvent{
		Action: action, ObjectType: object, ObjectID: fmt.Sprint(id), ObjectName: name, Before: before, After: after,
	})
}

// actor names who acts.
func actor(ctx context.Context) string {
	p, _ := access.From(ctx)
	return p.Name
}

// seesCredentials tells whether the principal may know which credentials there
// are.
func seesCredentials(ctx context.Context) bool {
	p, ok := access.From(ctx)
	return ok && p.Can(access.ReadCredentials)
}
