// Package db opens the database of the model, SQLite or PostgreSQL, through
// GORM, and keeps its schema: numbered migrations, the same on both.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // the pure Go driver named "sqlite"
)

// The drivers.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options say which database to open.
type Options struct {
	// Driver is SQLite or Postgres.
	Driver string
	// DSN is the file of SQLite, or the connection string of PostgreSQL.
	DSN string
	// MaxConnections bounds the pool; default 8 for SQLite, 20 for PostgreSQL.
	MaxConnections int
	// BusyTimeout is how long SQLite waits for another writer; default 10 s.
	BusyTimeout time.Duration
	// Log takes failed and slow statements, without their values; default none.
	Log *slog.Logger
	// SlowQuery is what counts as slow; default 500 ms.
	SlowQuery time.Duration
}

// Open opens the database and proves that it answers. It does not touch the
// schema: see Migrate. Close it with Close.
//
// SQLite runs with a write-ahead log that is synced at each commit: what was
// acknowledged survives the loss of power. Its transactions take the write
// lock when they begin, so that none fails half-way for being late.
func Open(ctx context.Context, o Options) (*gorm.DB, error) {
	var d gorm.Dialector
	switch o.Driver {
	case SQLite:
		if o.DSN == "" {
			return nil, errors.New("open database: sqlite needs a file")
		}
		raw, err := openSQLite(o)
		if err != nil {
			return nil, fmt.Errorf("open database %s: %w", o.DSN, err)
		}
		setPool(raw, o.MaxConnections, 8)
		// Turning the log on does not wait for others as statements do.
		if err := patiently(ctx, func() error { return raw.PingContext(ctx) }); err != nil {
			_ = raw.Close()
			return nil, fmt.Errorf("open database %s: %w", o.DSN, err)
		}
		d = sqliteDialector{sqlite.New(sqlite.Config{DriverName: "sqlite", Conn: raw}).(*sqlite.Dialector)}
	case Postgres:
		if o.DSN == "" {
			return nil, errors.New("open database: postgres needs a connection string")
		}
		d = postgresDialector{postgres.New(postgres.Config{DSN: o.DSN}).(*postgres.Dialector)}
	default:
		return nil, fmt.Errorf("open database: unknown driver %q (sqlite or postgres)", o.Driver)
	}
	g, err := gorm.Open(d, &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		NowFunc:                Now,
		Logger:                 newLogger(o),
	})
	if err != nil {
		closePool(d)
		return nil, fmt.Errorf("open database: %w", mask(err, o.DSN))
	}
	raw, err := g.DB()
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if o.Driver == Postgres {
		setPool(raw, o.MaxConnections, 20)
	}
	if err := raw.PingContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("reach database: %w", mask(err, o.DSN))
	}
	return g, nil
}

// Close closes the pool of connections.
func Close(g *gorm.DB) error {
	raw, err := g.DB()
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return raw.Close()
}

// Now is the clock of the database: UTC to the millisecond, which both
// databases keep exactly.
func Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// attempts bounds how often a transaction is begun again.
const attempts = 4

// Tx runs f in a transaction: all of it is kept or, when f returns an error or
// panics, nothing. When PostgreSQL ended the transaction because it stood in
// another one's way, f is run again from its beginning.
func Tx(ctx context.Context, g *gorm.DB, f func(tx *gorm.DB) error) error {
	var err error
	for range attempts {
		var kept []func()
		err = g.WithContext(context.WithValue(ctx, keptKey{}, &kept)).Transaction(f)
		if err == nil {
			for _, f := range kept {
				f()
			}
		}
		if err == nil || !lostRace(err) || ctx.Err() != nil {
			break
		}
	}
	return err
}

type keptKey struct{}

// WhenKept has f called once what the transaction tx of Tx did is kept, and not
// at all when it is not.
func WhenKept(tx *gorm.DB, f func()) {
	if kept, ok := tx.Statement.Context.Value(keptKey{}).(*[]func()); ok {
		*kept = append(*kept, f)
	}
}

// Driver returns SQLite or Postgres.
func Driver(g *gorm.DB) string { return g.Name() }

func openSQLite(o Options) (*sql.DB, error) {
	if dir := filepath.Dir(o.DSN); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	// The file is made here so that it is readable by its owner only.
	f, err := os.OpenFile(o.DSN, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	wait := o.BusyTimeout
	if wait <= 0 {
		wait = 10 * time.Second
	}
	q := url.Values{}
	q.Set("_txlock", "immediate")
	q.Set("_time_format", "sqlite")
	// The wait comes first: the other settings may have to wait themselves.
	for _, p := range []string{
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	} {
		q.Add("_pragma", p)
	}
	path := (&url.URL{Path: filepath.ToSlash(o.DSN)}).EscapedPath()
	return sql.Open("sqlite", "file:"+path+"?"+q.Encode())
}

func setPool(raw *sql.DB, n, def int) {
	if n <= 0 {
		n = def
	}
	raw.SetMaxOpenConns(n)
	raw.SetMaxIdleConns(n)
	raw.SetConnMaxIdleTime(5 * time.Minute)
}

func closePool(d gorm.Dialector) {
	if s, ok := d.(sqliteDialector); ok {
		if raw, ok := s.Conn.(*sql.DB); ok {
			_ = raw.Close()
		}
	}
}

// mask keeps the password of a connection string out of messages.
func mask(err error, dsn string) error {
	if dsn == "" || !strings.Contains(err.Error(), dsn) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), dsn, "(connection string)"))
}
