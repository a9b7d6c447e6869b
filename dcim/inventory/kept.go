package inventory

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/models"
)

// kept is how a plain kind of entity, one that belongs to no site, is listed,
// created, changed and deleted.
type kept[T any] struct {
	object string
	op     access.Operation
	order  string
	name   func(*T) string
	id     func(*T) *uint64
	record func(*T) *models.Record
	// check makes a row fit to be kept or tells why it is not.
	check func(*T) error
	// replace is asked before a row is changed.
	replace func(tx *gorm.DB, before, after *T) error
	// refs may refer to a row.
	refs []db.Reference
}

func list[T any](ctx context.Context, s *Service, k kept[T]) ([]T, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		return nil, err
	}
	var out []T
	if err := s.db.WithContext(ctx).Order(k.order).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list each %s: %w", k.object, err)
	}
	return out, nil
}

func get[T any](ctx context.Context, s *Service, k kept[T], id uint64) (T, error) {
	if err := access.Require(ctx, access.ReadFacility); err != nil {
		var none T
		return none, err
	}
	return db.Take[T](s.db.WithContext(ctx), k.object, id)
}

func create[T any](ctx context.Context, s *Service, k kept[T], x T) (T, error) {
	if err := access.Require(ctx, k.op); err != nil {
		return x, err
	}
	if err := k.check(&x); err != nil {
		return x, err
	}
	*k.id(&x) = 0
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := db.Create(tx, k.object, k.name(&x), &x, k.record(&x)); err != nil {
			return err
		}
		return s.record(ctx, tx, "create", k.object, *k.id(&x), k.name(&x), nil, x)
	})
	return x, err
}

func replace[T any](ctx context.Context, s *Service, k kept[T], x T) (T, error) {
	if err := access.Require(ctx, k.op); err != nil {
		return x, err
	}
	if err := k.check(&x); err != nil {
		return x, err
	}
	callers := k.record(&x).Version
	err := s.tx(ctx, func(tx *gorm.DB) error {
		before, err := db.TakeLocked[T](tx, k.object, *k.id(&x))
		if err != nil {
			return err
		}
		if k.replace != nil {
			if err := k.replace(tx, &before, &x); err != nil {
				return err
			}
		}
		k.record(&x).CreatedAt = k.record(&before).CreatedAt
		if err := db.Replace(tx, k.object, k.name(&x), &x, k.record(&x), db.Seen(callers, k.record(&before).Version)); err != nil {
			return err
		}
		return s.record(ctx, tx, "update", k.object, *k.id(&x), k.name(&x), before, x)
	})
	return x, err
}

func remove[T any](ctx context.Context, s *Service, k kept[T], id uint64) error {
	if err := access.Require(ctx, k.op); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		x, err := db.TakeLocked[T](tx, k.object, id)
		if err != nil {
			return err
		}
		if err := db.CheckUnused(tx, k.object, k.name(&x), id, k.refs...); err != nil {
			return err
		}
		if err := db.Delete[T](tx, k.object, k.name(&x), id); err != nil {
			return err
		}
		return s.record(ctx, tx, "delete", k.object, id, k.name(&x), x, nil)
	})
}
