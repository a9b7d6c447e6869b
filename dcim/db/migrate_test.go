package db

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// later returns the program's own migrations and two more, of which the second
// fails after it has changed something.
func later(t *testing.T, down string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(embedded, path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files["migrations/sqlite/9001_good.sql"] = &fstest.MapFile{
		Data: []byte("-- +goose Up\nCREATE TABLE extra (id INTEGER);\n-- +goose Down\n" + down + "\n"),
	}
	files["migrations/sqlite/9002_bad.sql"] = &fstest.MapFile{
		Data: []byte("-- +goose Up\nUPDATE sites SET name = 'spoilt';\nINSERT INTO nowhere VALUES (1);\n-- +goose Down\n"),
	}
	return files
}

func TestFailedMigration(t *testing.T) {
	for name, c := range map[string]struct {
		down  string
		stays bool
	}{
		"taken back":           {"DROP TABLE extra;", true},
		"cannot be taken back": {"DROP TABLE not_there;", false},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Open(t.Context(), Options{Driver: SQLite, DSN: filepath.Join(t.TempDir(), "x.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = Close(g) }()
			_, was, err := Migrate(t.Context(), g)
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Exec("INSERT INTO sites (name, created_at, updated_at) VALUES ('a', ?, ?)", Now(), Now()).Error; err != nil {
				t.Fatal(err)
			}
			_, left, err := migrate(t.Context(), g, later(t, c.down))
			var failed *MigrationError
			if !errors.As(err, &failed) || failed.Failed != 9002 || failed.From != was {
				t.Fatalf("%v", err)
			}
			if (left == was) != c.stays {
				t.Errorf("left at %d, was %d", left, was)
			}
			var site string
			if err := g.Raw("SELECT name FROM sites").Scan(&site).Error; err != nil || site != "a" {
				t.Errorf("site %q, %v", site, err)
			}
			if current, _, err := Version(t.Context(), g); err == nil && c.stays && current != was {
				t.Errorf("version %d, was %d", current, was)
			}
			if c.stays {
				if _, _, err := Migrate(t.Context(), g); err != nil {
					t.Errorf("the release before cannot go on: %v", err)
				}
			}
		})
	}
}

// Every migration exists for both databases.
func TestMigrationsPair(t *testing.T) {
	names := map[string]int{}
	for _, d := range []string{SQLite, Postgres} {
		files, err := fs.Glob(embedded, "migrations/"+d+"/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, f := range files {
			names[filepath.Base(f)]++
		}
	}
	for n, c := range names {
		if c != 2 {
			t.Errorf("%s exists for one database only", n)
		}
	}
}
