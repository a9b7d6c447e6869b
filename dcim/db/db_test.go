package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/dcim/fault"
)

func TestMigrateFromEmpty(t *testing.T) {
	for _, driver := range []string{db.SQLite, db.Postgres} {
		t.Run(driver, func(t *testing.T) {
			open := dbtest.EmptySQLite
			if driver == db.Postgres {
				open = dbtest.EmptyPostgres
			}
			g := open(t)
			current, known, err := db.Version(t.Context(), g)
			if err != nil || current != 0 || known < 2 {
				t.Fatal(current, known, err)
			}
			from, to, err := db.Migrate(t.Context(), g)
			if err != nil || from != 0 || to != known {
				t.Fatal(from, to, err)
			}
			from, to, err = db.Migrate(t.Context(), g)
			if err != nil || from != known || to != known {
				t.Fatal("second run:", from, to, err)
			}
			if err := g.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", known+1, true).Error; err != nil {
				t.Fatal(err)
			}
			if _, _, err = db.Migrate(t.Context(), g); !errors.Is(err, db.ErrNewerSchema) {
				t.Fatal("newer schema accepted:", err)
			}
		})
	}
}

func TestSQLiteSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder?", "ä%20.db")
	g, err := db.Open(t.Context(), db.Options{Driver: db.SQLite, DSN: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(g) }()
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
	} {
		var got string
		if err := g.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]db.Options{
		"no driver":   {DSN: "x"},
		"no file":     {Driver: db.SQLite},
		"folder":      {Driver: db.SQLite, DSN: t.TempDir()},
		"no dsn":      {Driver: db.Postgres},
		"no server":   {Driver: db.Postgres, DSN: "host=127.0.0.1 port=1 user=x dbname=x password=hush connect_timeout=2"},
		"not a DSN":   {Driver: db.Postgres, DSN: "postgres://a:hush@[::1"},
		"bad options": {Driver: db.Postgres, DSN: "sslmode=nonsense password=hush"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := db.Open(t.Context(), o)
			if err == nil {
				_ = db.Close(g)
				t.Fatal("opened")
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("secret in error: %v", err)
			}
		})
	}
}

// Read-modify-write from many sides: each transaction sees the last one's work
// and none fails for coming late.
func TestConcurrentTransactions(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		if err := g.Exec("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)").Error; err != nil {
			t.Fatal(err)
		}
		if err := g.Exec("INSERT INTO counter VALUES (1, 0)").Error; err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					err := db.Tx(context.Background(), g, func(tx *gorm.DB) error {
						q := "SELECT n FROM counter WHERE id = 1"
						if db.Driver(g) == db.Postgres {
							q += " FOR UPDATE"
						}
						var n int
						if err := tx.Raw(q).Scan(&n).Error; err != nil {
							return err
						}
						return tx.Exec("UPDATE counter SET n = ? WHERE id = 1", n+1).Error
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := g.Raw("SELECT n FROM counter").Scan(&n).Error; err != nil || n != 80 {
			t.Errorf("counter is %d (%v), want 80", n, err)
		}
	})
}

func TestTxRollsBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		boom := errors.New("boom")
		err := db.Tx(t.Context(), g, func(tx *gorm.DB) error {
			if err := tx.Exec("INSERT INTO sites (name, created_at, updated_at) VALUES ('x', ?, ?)", db.Now(), db.Now()).Error; err != nil {
				return err
			}
			return boom
		})
		var n int64
		if cerr := g.Table("sites").Count(&n).Error; !errors.Is(err, boom) || cerr != nil || n != 0 {
			t.Error(err, cerr, n)
		}
	})
}

func TestErrorKinds(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		now := db.Now()
		site := func(name, status string) error {
			return g.Exec("INSERT INTO sites (name, status, created_at, updated_at) VALUES (?, ?, ?, ?)", name, status, now, now).Error
		}
		if err := site("a", "active"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			err  error
			gorm error
			kind error
		}{
			{"unique", site("a", "active"), gorm.ErrDuplicatedKey, fault.ErrConflict},
			{"check", site("b", "sleeping"), gorm.ErrCheckConstraintViolated, fault.ErrInvalid},
			{"not null", g.Exec("INSERT INTO sites (name) VALUES ('c')").Error, gorm.ErrCheckConstraintViolated, fault.ErrInvalid},
			{"foreign key", g.Exec("INSERT INTO rack_rows (location_id, name, created_at, updated_at) VALUES (9, 'r', ?, ?)", now, now).Error, gorm.ErrForeignKeyViolated, fault.ErrConflict},
		} {
			if !errors.Is(c.err, c.gorm) || !errors.Is(c.err, c.kind) {
				t.Errorf("%s: %v is not %v and %v", c.name, c.err, c.gorm, c.kind)
			}
			var v *db.ConstraintError
			if !errors.As(c.err, &v) {
				t.Errorf("%s: %T", c.name, c.err)
			}
		}
	})
}

// Programs that start at the same time migrate the same database once.
func TestMigrateAtOnce(t *testing.T) {
	for _, driver := range []string{db.SQLite, db.Postgres} {
		t.Run(driver, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "x.db")
			if driver == db.Postgres {
				dsn = dbtest.PostgresDSN(t)
			}
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					g, err := db.Open(context.Background(), db.Options{Driver: driver, DSN: dsn, MaxConnections: 2})
					if err != nil {
						t.Error(err)
						return
					}
					defer func() { _ = db.Close(g) }()
					if _, _, err := db.Migrate(context.Background(), g); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}
