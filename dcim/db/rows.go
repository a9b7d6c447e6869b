package db

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// Take returns the row with this id, or a fault.NotFound of the object.
func Take[T any](q *gorm.DB, object string, id any) (T, error) {
	var row T
	err := q.Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fault.NotFound(object, id)
	}
	if err != nil {
		return row, fmt.Errorf("read %s %v: %w", object, id, err)
	}
	return row, nil
}

// TakeLocked is Take within a transaction, and keeps others from changing the
// row until it ends.
func TakeLocked[T any](tx *gorm.DB, object string, id any) (T, error) {
	return Take[T](tx.Clauses(clause.Locking{Strength: "UPDATE"}), object, id)
}

// Create inserts a row with version 1; rec is its Record. A violated rule comes
// back in words.
func Create[T any](tx *gorm.DB, object, name string, row *T, rec *models.Record) error {
	now := Now()
	*rec = models.Record{Version: 1, CreatedAt: now, UpdatedAt: now}
	if err := tx.Create(row).Error; err != nil {
		return fmt.Errorf("create %s %q: %w", object, name, Explain(err, object, name))
	}
	return nil
}

// Replace writes all columns of a row when its version is still seen, and
// counts the version up; otherwise it returns a fault.Stale conflict. rec is
// the row's Record.
func Replace[T any](tx *gorm.DB, object, name string, row *T, rec *models.Record, seen uint64) error {
	rec.Version, rec.UpdatedAt = seen+1, Now()
	res := tx.Model(row).Where("version = ?", seen).Select("*").Omit("id", "created_at").Updates(row)
	if res.Error != nil {
		return fmt.Errorf("update %s %q: %w", object, name, Explain(res.Error, object, name))
	}
	if res.RowsAffected == 0 {
		return StaleError(object, name)
	}
	return nil
}

// Seen returns the version that a change was made to: what the caller saw, or
// what is there when he does not say.
func Seen(callers, current uint64) uint64 { return cmp.Or(callers, current) }

// StaleError is what a change gets that was made to an older version.
func StaleError(object, name string) error {
	return fault.Conflict(fault.Stale, "version",
		fmt.Sprintf("%s %q was changed by somebody else in the meantime", object, name), name)
}

// Delete removes a row; a fault.InUse conflict when something refers to it.
func Delete[T any](tx *gorm.DB, object, name string, id any) error {
	err := tx.Where("id = ?", id).Delete(new(T)).Error
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return fault.Conflict(fault.InUse, "", fmt.Sprintf("%s %q is still referred to", object, name))
	}
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", object, name, err)
	}
	return nil
}

// Reference is a column that may refer to a thing. Table and Column are part of
// the program, never of its input.
type Reference struct {
	// Objects is the plural in words: "racks".
	Objects       string
	Table, Column string
	// Unnamed things have no column "name".
	Unnamed bool
}

// namedUsers is how many users of a row a conflict names.
const namedUsers = 3

// CheckUnused returns a fault.InUse conflict that tells how many things refer
// to the row and names the first of them. It takes one statement when there are
// none.
func CheckUnused(tx *gorm.DB, object, name string, id any, refs ...Reference) error {
	parts := make([]string, len(refs))
	args := make([]any, len(refs))
	for i, r := range refs {
		parts[i] = fmt.Sprintf("SELECT %d AS i, COUNT(*) AS n FROM %s WHERE %s = ?", i, r.Table, r.Column)
		args[i] = id
	}
	var counts []struct {
		I int
		N int64
	}
	if err := tx.Raw(strings.Join(parts, " UNION ALL ")+" ORDER BY i", args...).Scan(&counts).Error; err != nil {
		return fmt.Errorf("look for users of %s %q: %w", object, name, err)
	}
	var users []fault.Users
	for _, c := range counts {
		if c.N == 0 {
			continue
		}
		r := refs[c.I]
		u := fault.Users{Objects: r.Objects, Count: c.N}
		if !r.Unnamed {
			err := tx.Table(r.Table).Where(r.Column+" = ?", id).Order("name, id").Limit(namedUsers).Pluck("name", &u.Names).Error
			if err != nil {
				return fmt.Errorf("name users of %s %q: %w", object, name, err)
			}
		}
		users = append(users, u)
	}
	if len(users) == 0 {
		return nil
	}
	return fault.Used(fmt.Sprintf("%s %q", object, name), users...)
}

// Explain puts a violated rule of the schema into words; other errors are
// returned as they are. The names of rules begin with the object.
func Explain(err error, object, name string) error {
	var c *ConstraintError
	if !errors.As(err, &c) {
		return err
	}
	twice := errors.Is(c, gorm.ErrDuplicatedKey)
	switch {
	case twice && strings.Contains(c.Constraint, "asset_tag"):
		return fault.Conflict(fault.Taken, "asset_tag", "the asset tag is used by another "+object)
	case twice && strings.Contains(c.Constraint, "slot"):
		return fault.Conflict(fault.Occupied, "position_u", "the place is taken by another device")
	case twice && strings.Contains(c.Constraint, "model"):
		return fault.Conflict(fault.Taken, "model", fmt.Sprintf("%s %q exists already", object, name), name)
	case twice:
		return fault.Conflict(fault.Taken, "name", fmt.Sprintf("%s %q exists already", object, name), name)
	case errors.Is(c, gorm.ErrCheckConstraintViolated):
		field := strings.TrimPrefix(c.Constraint, strings.ReplaceAll(object, " ", "_")+"_")
		return fault.Invalid(field, "range", "has a value that is not permitted")
	default:
		field := strings.TrimPrefix(c.Constraint, strings.ReplaceAll(object, " ", "_")+"_")
		return fault.Invalid(field, "unknown", "refers to something that does not exist, or not in this place")
	}
}
