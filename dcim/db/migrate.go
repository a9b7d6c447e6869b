package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"
	driver "modernc.org/sqlite"
)

//go:embed migrations
var embedded embed.FS

// ErrNewerSchema means that the database was written by a newer release of
// the program, which this one cannot understand.
var ErrNewerSchema = errors.New("the database has a newer schema than this program knows")

// MigrationError says which migration failed. The database is as it was
// before, unless Left says otherwise.
type MigrationError struct {
	// From is the version the database had, Failed the one that could not be
	// reached, Left the one it has now.
	From, Failed, Left int64
	err                error
	// overtaken: another process has gone further than this one.
	overtaken bool
}

func (e *MigrationError) Error() string {
	if e.Left != e.From {
		return fmt.Sprintf("migration %d failed, schema left at version %d (was %d): %v", e.Failed, e.Left, e.From, e.err)
	}
	return fmt.Sprintf("migration %d failed, schema stays at version %d: %v", e.Failed, e.From, e.err)
}

// Unwrap returns the cause.
func (e *MigrationError) Unwrap() error { return e.err }

// Migrate brings the schema to the version that this program knows and returns
// the version before and after. Each migration is one transaction; when one
// fails, those that ran before it in the same call are taken back, so that the
// release before can go on. Several processes may call it at once: one works,
// the others wait. It returns ErrNewerSchema when the database is newer than
// the program.
func Migrate(ctx context.Context, g *gorm.DB) (from, to int64, err error) {
	err = patiently(ctx, func() (err error) {
		from, to, err = migrate(ctx, g, embedded)
		return err
	})
	return from, to, err
}

// patiently runs f again while another process, with which SQLite lets it
// collide at the birth of a database, is at the same work.
func patiently(ctx context.Context, f func() error) error {
	const tries, pause = 100, 50 * time.Millisecond
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == tries || !collided(err) {
			return err
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-timer.C:
		}
	}
}

func collided(err error) bool {
	var m *MigrationError
	if errors.As(err, &m) && m.overtaken {
		return true
	}
	var e *driver.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqliteBusy || strings.Contains(e.Error(), "goose_db_version already exists"))
}

// Version returns the version of the schema and the one this program knows.
// An empty database has version 0.
func Version(ctx context.Context, g *gorm.DB) (current, known int64, err error) {
	p, err := provider(g, embedded)
	if err != nil {
		return 0, 0, err
	}
	current, known, err = p.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	return current, known, nil
}

func migrate(ctx context.Context, g *gorm.DB, files fs.FS) (from, to int64, err error) {
	p, err := provider(g, files)
	if err != nil {
		return 0, 0, err
	}
	from, known, err := p.GetVersions(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read schema version: %w", err)
	}
	if from > known {
		return from, from, fmt.Errorf("schema version %d, known up to %d: %w", from, known, ErrNewerSchema)
	}
	if _, err := p.Up(ctx); err != nil {
		m := &MigrationError{From: from, Left: from, err: err}
		var part *goose.PartialError
		if errors.As(err, &part) {
			m.Failed, m.err = part.Failed.Source.Version, part.Err
			if done := takeBack(ctx, p, part, known, m); done {
				return from, known, nil
			}
		}
		return from, m.Left, m
	}
	return from, known, nil
}

// takeBack undoes what a failed Up did before it failed. It leaves alone a
// schema that another process, which came at the same time, has brought
// further; done tells that it is even at its end.
func takeBack(ctx context.Context, p *goose.Provider, part *goose.PartialError, known int64, m *MigrationError) (done bool) {
	// The caller may be gone; the schema must not stay half-way.
	ctx = context.WithoutCancel(ctx)
	reached := m.From
	for _, r := range part.Applied {
		reached = r.Source.Version
	}
	current, err := p.GetDBVersion(ctx)
	if err == nil && current == reached && reached != m.From {
		if _, derr := p.DownTo(ctx, m.From); derr != nil {
			m.err = errors.Join(m.err, fmt.Errorf("take back earlier migrations: %w", derr))
		}
		current, err = p.GetDBVersion(ctx)
	}
	if err != nil {
		m.err = errors.Join(m.err, fmt.Errorf("read schema version: %w", err))
		return false
	}
	m.Left, m.overtaken = current, current > reached
	return current == known
}

func provider(g *gorm.DB, files fs.FS) (*goose.Provider, error) {
	raw, err := g.DB()
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	var opts []goose.ProviderOption
	if Driver(g) == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("open migrations: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	folder, err := fs.Sub(files, "migrations/"+Driver(g))
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, raw, folder, opts...)
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	return p, nil
}
