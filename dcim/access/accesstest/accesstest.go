// Package accesstest gives tests a database with the tables of users, sessions
// and the audit log: SQLite always, and PostgreSQL when
// AISLE_TEST_POSTGRES names a server on which databases may be created.
package accesstest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // the pure Go driver named "sqlite"
)

// Run runs the test body on each database.
func Run(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { body(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("AISLE_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("AISLE_TEST_POSTGRES names no server")
		}
		body(t, pg(t, dsn))
	})
}

// SQLite opens a fresh database in a temporary folder.
func SQLite(t *testing.T) *gorm.DB {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "test.db") +
		"?_txlock=immediate&_time_format=sqlite&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)"
	db := open(t, sqlite.New(sqlite.Config{DriverName: "sqlite", DSN: dsn}))
	migrate(t, db, goose.DialectSQLite3, "sqlite")
	return db
}

func pg(t *testing.T, dsn string) *gorm.DB {
	t.Helper()
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		_ = admin.Close()
	})
	db := open(t, postgres.Open(fmt.Sprintf("%s dbname=%s", dsn, name)))
	migrate(t, db, goose.DialectPostgres, "postgres")
	return db
}

func open(t *testing.T, d gorm.Dialector) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(d, &gorm.Config{TranslateError: true, Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if raw, err := db.DB(); err == nil {
			_ = raw.Close()
		}
	})
	return db
}

func migrate(t *testing.T, db *gorm.DB, dialect goose.Dialect, folder string) {
	t.Helper()
	raw, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	var files fs.FS = os.DirFS(filepath.Join(root(t), "dcim", "db", "migrations", folder))
	p, err := goose.NewProvider(dialect, raw, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
