package db

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	driver "modernc.org/sqlite"

	"github.com/aisle-dcim/aisle/dcim/fault"
)

// ConstraintError is a violated rule of the schema. It is one of
// gorm.ErrDuplicatedKey, gorm.ErrForeignKeyViolated and
// gorm.ErrCheckConstraintViolated, and a fault.ErrConflict (the first two) or
// fault.ErrInvalid.
type ConstraintError struct {
	// Kind is the error of GORM.
	Kind error
	// Constraint is the name of the rule, or for a unique index of SQLite its
	// columns. It is empty for foreign keys of SQLite, which names none.
	Constraint string
	err        error
}

func (e *ConstraintError) Error() string {
	if e.Constraint == "" {
		return e.Kind.Error()
	}
	return fmt.Sprintf("%s (%s)", e.Kind, e.Constraint)
}

// Is tells the kinds of error that it is.
func (e *ConstraintError) Is(target error) bool {
	switch target {
	case e.Kind:
		return true
	case fault.ErrInvalid:
		return e.Kind == gorm.ErrCheckConstraintViolated
	case fault.ErrConflict:
		return e.Kind != gorm.ErrCheckConstraintViolated
	}
	return false
}

// Unwrap returns the driver's error.
func (e *ConstraintError) Unwrap() error { return e.err }

type sqliteDialector struct{ *sqlite.Dialector }

type postgresDialector struct{ *postgres.Dialector }

var (
	_ gorm.ErrorTranslator               = sqliteDialector{}
	_ gorm.ErrorTranslator               = postgresDialector{}
	_ gorm.SavePointerDialectorInterface = sqliteDialector{}
	_ gorm.SavePointerDialectorInterface = postgresDialector{}
)

// Extended result codes, https://www.sqlite.org/rescode.html.
const (
	sqliteBusy       = 5 // the low byte
	sqliteCheck      = 275
	sqliteForeignKey = 787
	sqliteNotNull    = 1299
	sqlitePrimaryKey = 1555
	sqliteTrigger    = 1811
	sqliteUnique     = 2067
)

// Translate turns the codes of the pure Go driver into ConstraintErrors.
func (sqliteDialector) Translate(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	var kind error
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		kind = gorm.ErrDuplicatedKey
	case sqliteForeignKey, sqliteTrigger:
		// 1811 is what ON DELETE RESTRICT raises.
		if e.Code() == sqliteTrigger && !strings.Contains(e.Error(), "FOREIGN KEY") {
			return err
		}
		kind = gorm.ErrForeignKeyViolated
	case sqliteCheck, sqliteNotNull:
		kind = gorm.ErrCheckConstraintViolated
	default:
		return err
	}
	return &ConstraintError{Kind: kind, Constraint: sqliteConstraint(e.Error()), err: err}
}

// sqliteConstraint finds the name in "constraint failed: UNIQUE constraint
// failed: sites.name (2067)".
func sqliteConstraint(msg string) string {
	_, rest, ok := strings.Cut(msg, "constraint failed: ")
	for more := ok; more; {
		var after string
		if _, after, more = strings.Cut(rest, "constraint failed: "); more {
			rest = after
		}
	}
	if !ok || strings.HasPrefix(rest, "FOREIGN KEY") {
		return ""
	}
	if i := strings.LastIndex(rest, " ("); i >= 0 {
		rest = rest[:i]
	}
	return strings.Trim(strings.TrimPrefix(rest, "index "), "'")
}

// Translate turns the codes of PostgreSQL into ConstraintErrors.
func (postgresDialector) Translate(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	var kind error
	switch e.Code {
	case "23505":
		kind = gorm.ErrDuplicatedKey
	case "23503":
		kind = gorm.ErrForeignKeyViolated
	case "23514", "23502": // check, not null
		kind = gorm.ErrCheckConstraintViolated
	default:
		return err
	}
	name := e.ConstraintName
	if name == "" && e.ColumnName != "" {
		name = e.TableName + "." + e.ColumnName
	}
	return &ConstraintError{Kind: kind, Constraint: name, err: err}
}

// lostRace says whether PostgreSQL chose this transaction to give way, in a
// deadlock or a clash of serialisable transactions.
func lostRace(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001")
}
