// Package layout is the place: sites, their locations, rows and racks, and
// where devices are in them. It draws the tree, the plan of a room and the
// elevation of a rack, and keeps the dated history of where each device was.
//
// Every method asks package access first and reads or changes only what the
// principal's sites allow; every change is in the audit log.
package layout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/models"
)

// Options configure a Service. DB and Audit are mandatory.
type Options struct {
	DB    *gorm.DB
	Audit access.Recorder
	Log   *slog.Logger
}

// Service keeps the layout. It is safe for concurrent use.
type Service struct {
	db    *gorm.DB
	audit access.Recorder
	log   *slog.Logger
}

// New returns a Service; it starts nothing.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Audit == nil {
		return nil, errors.New("layout: database and audit log are mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: o.DB, audit: o.Audit, log: o.Log}, nil
}

// Page is a part of a longer list.
type Page[T any] struct {
	Items []T
	// Total counts the whole list.
	Total int64
}

// Limits of a page; Limit zero means DefaultLimit.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// ClampLimit returns a page size within its limits.
func ClampLimit(n int) int {
	switch {
	case n <= 0:
		return DefaultLimit
	case n > MaxLimit:
		return MaxLimit
	}
	return n
}

// read asks for the right to read and returns a query confined to the
// principal's sites; column names the site.
func (s *Service) read(ctx context.Context, column string) (*gorm.DB, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	return Confine(ctx, s.db.WithContext(ctx), column), nil
}

// Confine limits a query to the sites of the principal. Column is a name out
// of the program, never of its input.
func Confine(ctx context.Context, q *gorm.DB, column string) *gorm.DB {
	ids, all := access.Sites(ctx)
	if all {
		return q
	}
	if len(ids) == 0 {
		return q.Where("1 = 0")
	}
	return q.Where(column+" IN ?", ids)
}

func (s *Service) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return db.Tx(ctx, s.db, f)
}

func (s *Service) record(ctx context.Context, tx *gorm.DB, action, object string, id any, name string, before, after any) error {
	return s.audit.Record(ctx, tx, models.AuditEvent{
		Action: action, ObjectType: object, ObjectID: fmt.Sprint(id), ObjectName: name, Before: before, After: after,
	})
}
