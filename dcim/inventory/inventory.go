// Package inventory is the things: manufacturers and types, devices with how
// they are polled and what they say of themselves, their points, and the
// collectors that read them. It gives points their identity, keeps a catalogue
// of them in memory, and imports a whole facility at once.
//
// Every method asks package access first; every change that somebody makes is
// in the audit log.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// Options configure a Service. DB and Audit are mandatory.
type Options struct {
	DB    *gorm.DB
	Audit access.Recorder
	Log   *slog.Logger
	// Changed is told, after they are kept, which devices may have to be
	// polled in another way than before, or no more. It must not block.
	Changed func(ids []models.DeviceID)
	// Unwritable is called within the transaction after which a device may not
	// be written as before: the permission was withdrawn or opens with another
	// credential, or it is another device. An error undoes the transaction.
	Unwritable func(ctx context.Context, tx *gorm.DB, id models.DeviceID, why models.ControlCause) error
	// Gone is told, after it is kept, which points their devices have no more.
	// It must not block.
	Gone func(ids []models.PointID)
}

// Service keeps the inventory. It is safe for concurrent use.
type Service struct {
	db      *gorm.DB
	audit   access.Recorder
	log     *slog.Logger
	changed func(ids []models.DeviceID)
	gone    func(ids []models.PointID)
	// unwritable is Options.Unwritable.
	unwritable func(ctx context.Context, tx *gorm.DB, id models.DeviceID, why models.ControlCause) error
	catalog    *Catalog

	// registering keeps the catalogue and the points table in step.
	registering sync.Mutex
}

// New returns a Service; it starts nothing. Load its catalogue with
// LoadCatalog.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Audit == nil {
		return nil, errors.New("inventory: database and audit log are mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func([]models.DeviceID) {}
	}
	if o.Unwritable == nil {
		o.Unwritable = func(context.Context, *gorm.DB, models.DeviceID, models.ControlCause) error { return nil }
	}
	if o.Gone == nil {
		o.Gone = func([]models.PointID) {}
	}
	return &Service{db: o.DB, audit: o.Audit, log: o.Log, changed: o.Changed, gone: o.Gone, unwritable: o.Unwritable, catalog: newCatalog()}, nil
}

// Catalog returns the catalogue of points.
func (s *Service) Catalog() *Catalog { return s.catalog }

// read asks for the right to read and returns a query confined to the
// principal's sites.
func (s *Service) read(ctx context.Context, column string) (*gorm.DB, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	return layout.Confine(ctx, s.db.WithContext(ctx), column), nil
}

func (s *Service) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return db.Tx(ctx, s.db, f)
}

func (s *Service) record(ctx context.Context, tx *gorm.DB, action, object string, id any, name string, before, after any) error {
	return s.audit.Record(ctx, tx, models.AuditEvent{
		Action: action, ObjectType: object, ObjectID: fmt.Sprint(id), ObjectName: name, Before: before, After: after,
	})
}
