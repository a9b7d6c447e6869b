package db_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
)

// crashChild, when set, makes the test program write to the named database
// until it is killed, and print each name once it was acknowledged.
const crashChild = "AISLE_TEST_CRASH_CHILD"

func TestCrashChild(t *testing.T) {
	path := os.Getenv(crashChild)
	if path == "" {
		t.Skip("runs only as a child of TestKillKeepsWhatWasAcknowledged")
	}
	g, err := db.Open(t.Context(), db.Options{Driver: db.SQLite, DSN: path})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d-%d", os.Getpid(), i)
		err := db.Tx(context.Background(), g, func(tx *gorm.DB) error {
			// Two rows that belong together: never one without the other.
			for _, kind := range []string{"a", "b"} {
				err := tx.Exec("INSERT INTO sites (name, created_at, updated_at) VALUES (?, ?, ?)", kind+name, db.Now(), db.Now()).Error
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("kept %s\n", name)
	}
}

func TestKillKeepsWhatWasAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	g, err := db.Open(t.Context(), db.Options{Driver: db.SQLite, DSN: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Migrate(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(g); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for round := range 5 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestCrashChild$")
		child.Env = append(os.Environ(), crashChild+"="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); {
			var name string
			if _, err := fmt.Sscanf(lines.Text(), "kept %s", &name); err != nil {
				continue
			}
			kept = append(kept, name)
			if n++; n == 20+7*round {
				// What it still prints before it dies is acknowledged too.
				_ = child.Process.Kill()
			}
		}
		_ = child.Wait()
	}
	if len(kept) < 100 {
		t.Fatalf("%d transactions only", len(kept))
	}
	g, err = db.Open(t.Context(), db.Options{Driver: db.SQLite, DSN: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(g) }()
	var verdict string
	if err := g.Raw("PRAGMA integrity_check").Scan(&verdict).Error; err != nil || verdict != "ok" {
		t.Errorf("integrity: %s %v", verdict, err)
	}
	var names []string
	if err := g.Raw("SELECT name FROM sites").Scan(&names).Error; err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, n := range names {
		there[n] = true
	}
	for _, n := range kept {
		if !there["a"+n] {
			t.Errorf("acknowledged %s is lost", strconv.Quote(n))
		}
	}
	for n := range there {
		other := map[byte]string{'a': "b", 'b': "a"}[n[0]] + n[1:]
		if !there[other] {
			t.Errorf("%s is there without %s", n, other)
		}
	}
	t.Logf("%d transactions acknowledged in 5 rounds, %d there", len(kept), len(names)/2)
}
