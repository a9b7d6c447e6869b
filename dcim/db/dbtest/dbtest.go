// Package dbtest gives tests a migrated database of their own: SQLite always,
// and PostgreSQL from AISLE_TEST_POSTGRES (a connection string of a server on
// which databases may be created) or, where its programs are installed, from a
// server that is started for the test.
//
// Without PostgreSQL those tests are skipped with the reason; with
// AISLE_REQUIRE_PEERS=1 they fail instead.
package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
)

// Run runs the body once on each database.
func Run(t *testing.T, body func(t *testing.T, g *gorm.DB)) {
	t.Helper()
	t.Run(db.SQLite, func(t *testing.T) { body(t, SQLite(t)) })
	t.Run(db.Postgres, func(t *testing.T) { body(t, Postgres(t)) })
}

// SQLite returns a migrated database in a temporary folder.
func SQLite(t testing.TB) *gorm.DB {
	t.Helper()
	return migrated(t, EmptySQLite(t))
}

// EmptySQLite returns a database without a schema.
func EmptySQLite(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, db.Options{Driver: db.SQLite, DSN: filepath.Join(t.TempDir(), "test.db")})
}

// Postgres returns a migrated database on a PostgreSQL server, or skips t.
func Postgres(t testing.TB) *gorm.DB {
	t.Helper()
	return migrated(t, EmptyPostgres(t))
}

// EmptyPostgres returns a database without a schema, or skips t.
func EmptyPostgres(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, db.Options{Driver: db.Postgres, DSN: PostgresDSN(t), MaxConnections: 8})
}

// PostgresDSN returns the connection string of a new, empty database which is
// dropped after t, or skips t.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	dsn, reason := server(t)
	if dsn == "" {
		if os.Getenv("AISLE_REQUIRE_PEERS") == "1" {
			t.Fatalf("PostgreSQL is required: %s", reason)
		}
		t.Skipf("no PostgreSQL: %s", reason)
	}
	admin, err := db.Open(t.Context(), db.Options{Driver: db.Postgres, DSN: dsn, MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	name := "aisle_" + strings.ToLower(rand.Text())
	if err := admin.Exec("CREATE DATABASE " + name).Error; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended.
		if err := admin.WithContext(context.Background()).Exec("DROP DATABASE " + name + " WITH (FORCE)").Error; err != nil {
			t.Error(err)
		}
		if err := db.Close(admin); err != nil {
			t.Error(err)
		}
	})
	return withDatabase(dsn, name)
}

// withDatabase names another database in a connection string of either form.
func withDatabase(dsn, name string) string {
	if scheme, rest, ok := strings.Cut(dsn, "://"); ok {
		rest, query, hasQuery := strings.Cut(rest, "?")
		host, _, _ := strings.Cut(rest, "/")
		dsn = scheme + "://" + host + "/" + name
		if hasQuery {
			dsn += "?" + query
		}
		return dsn
	}
	return fmt.Sprintf("%s dbname=%s", dsn, name)
}

func open(t testing.TB, o db.Options) *gorm.DB {
	t.Helper()
	g, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(g); err != nil {
			t.Error(err)
		}
	})
	return g
}

func migrated(t testing.TB, g *gorm.DB) *gorm.DB {
	t.Helper()
	if _, _, err := db.Migrate(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	return g
}

// Counter counts the statements that a database is given.
type Counter struct{ n atomic.Int64 }

// Count returns a Counter of all statements on g, and a session of g that
// counts. Beginning and ending transactions does not count.
func Count(t testing.TB, g *gorm.DB) *Counter {
	t.Helper()
	c := &Counter{}
	inc := func(*gorm.DB) { c.n.Add(1) }
	name := "dbtest:count:" + rand.Text()
	cb := g.Callback()
	for _, err := range []error{
		cb.Query().After("gorm:query").Register(name, inc), cb.Row().After("gorm:row").Register(name, inc),
		cb.Raw().After("gorm:raw").Register(name, inc), cb.Create().After("gorm:create").Register(name, inc),
		cb.Update().After("gorm:update").Register(name, inc), cb.Delete().After("gorm:delete").Register(name, inc),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Reset sets the count to zero.
func (c *Counter) Reset() { c.n.Store(0) }

// Statements returns the count.
func (c *Counter) Statements() int { return int(c.n.Load()) }
