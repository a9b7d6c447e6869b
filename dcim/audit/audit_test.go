package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/access/accesstest"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/models"
)

var key = bytes.Repeat([]byte{7}, 32)

func newLog(t *testing.T, db *gorm.DB, now func() time.Time) *audit.Log {
	t.Helper()
	l, err := audit.New(audit.Options{DB: db, Key: key, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func admin(ctx context.Context) context.Context {
	return access.With(ctx, access.Principal{UserID: 3, Name: "ada", Role: access.Administrator, Via: access.ViaSession, Address: "192.0.2.1"})
}

func verify(t *testing.T, l *audit.Log) audit.Report {
	t.Helper()
	r, err := l.Verify(admin(context.Background()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecord(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := newLog(t, db, nil)
		ctx := admin(t.Context())
		if err := l.Record(ctx, db, audit.Entry{Action: "create"}); !errors.Is(err, audit.ErrNoTransaction) {
			t.Errorf("outside a transaction: %v", err)
		}
		before := map[string]any{"name": "a\x00b", "password": "hunter2hunter2", "nested": []any{map[string]any{"snmp_community": "s3cr3t"}}, "revoked_at": "2026-01-01"}
		if err := l.Write(ctx, audit.Entry{Action: "update", ObjectType: "device", ObjectID: "5", ObjectName: "p\x00du\xff", Before: before, After: strings.Repeat("x", 100<<10)}); err != nil {
			t.Fatal(err)
		}
		// What is rolled back leaves no entry and no gap.
		boom := errors.New("boom")
		err := db.Transaction(func(tx *gorm.DB) error {
			if err := l.Record(ctx, tx, audit.Entry{Action: "update"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := l.Write(access.System(t.Context(), "poller"), audit.Entry{Action: "start"}); err != nil {
			t.Fatal(err)
		}
		es, err := l.List(ctx, audit.Filter{}, audit.Page{})
		if err != nil || len(es) != 2 || es[0].Seq != 2 || es[0].Actor != "poller" || es[0].Via != "system" {
			t.Fatalf("%+v %v", es, err)
		}
		e := es[1]
		if e.Actor != "ada" || e.ActorID != 3 || e.Address != "192.0.2.1" || e.Outcome != audit.OK {
			t.Errorf("%+v", e)
		}
		if strings.Contains(e.Before, "hunter2") || strings.Contains(e.Before, "s3cr3t") || !strings.Contains(e.Before, `"revoked_at":"2026-01-01"`) {
			t.Errorf("before: %s", e.Before)
		}
		if !json.Valid([]byte(e.Before)) || !json.Valid([]byte(e.After)) || len(e.After) > 200 {
			t.Errorf("after: %.100s", e.After)
		}
		if r := verify(t, l); !r.Intact || r.Checked != 2 {
			t.Errorf("%+v", r)
		}
		if _, err := l.List(access.With(t.Context(), access.Principal{Role: access.Engineer, Via: access.ViaSession}), audit.Filter{}, audit.Page{}); !errors.Is(err, access.ErrForbidden) {
			t.Error("engineer reads the audit log:", err)
		}
	})
}

func TestAppendOnly(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := newLog(t, db, nil)
		if err := l.Write(admin(t.Context()), audit.Entry{Action: "create"}); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{"UPDATE audit_entries SET actor = 'eve'", "DELETE FROM audit_entries"} {
			if err := db.Exec(q).Error; err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

func TestConcurrentChain(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := newLog(t, db, nil)
		const writers, each = 8, 15
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					err := db.Transaction(func(tx *gorm.DB) error {
						if err := l.Record(admin(context.Background()), tx, audit.Entry{Action: "update", ObjectID: fmt.Sprint(w, i)}); err != nil {
							return err
						}
						if i%5 == 4 {
							return errors.New("rolled back")
						}
						// A second entry of the same transaction.
						return l.Record(admin(context.Background()), tx, audit.Entry{Action: "note"})
					})
					if err != nil && err.Error() != "rolled back" {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if r := verify(t, l); !r.Intact || r.Checked != writers*each*4/5*2 {
			t.Errorf("%+v", r)
		}
		n := 0
		if err := l.Each(admin(t.Context()), audit.Filter{Action: "note"}, func(models.AuditEntry) error { n++; return nil }); err != nil || n != writers*each*4/5 {
			t.Error(n, err)
		}
	})
}

// TestTampering drops the guards of the table, as somebody with the database
// in hand could, and changes the log in each way.
func TestTampering(t *testing.T) {
	tests := []struct {
		name, sql string
		at        uint64
	}{
		{"untouched", "SELECT 1", 0},
		{"changed text", "UPDATE audit_entries SET actor = 'eve' WHERE seq = 3", 3},
		{"changed time", "UPDATE audit_entries SET time_us = time_us + 1 WHERE seq = 5", 5},
		{"text moved between fields", "UPDATE audit_entries SET object_type = 'devic', object_id = 'e1' WHERE seq = 1", 1},
		{"removed in the middle", "DELETE FROM audit_entries WHERE seq = 4", 4},
		{"removed at the end", "DELETE FROM audit_entries WHERE seq = 6", 6},
		{"removed and renumbered", "DELETE FROM audit_entries WHERE seq = 5; UPDATE audit_entries SET seq = 5 WHERE seq = 6; UPDATE audit_head SET seq = 5", 5},
		{"removed at the start", "DELETE FROM audit_entries WHERE seq = 1", 1},
		{"swapped hashes", "UPDATE audit_entries SET hash = 'x' WHERE seq = 2", 2},
		{"head moved", "UPDATE audit_head SET hash = 'x'", 6},
		{"all removed", "DELETE FROM audit_entries", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := accesstest.SQLite(t)
			l := newLog(t, db, nil)
			for i := range 6 {
				if err := l.Write(admin(t.Context()), audit.Entry{Action: "update", ObjectType: "device", ObjectID: fmt.Sprint(i + 1)}); err != nil {
					t.Fatal(err)
				}
			}
			for _, q := range append([]string{"DROP TRIGGER audit_entries_no_update", "DROP TRIGGER audit_entries_no_delete"}, strings.Split(tt.sql, "; ")...) {
				if err := db.Exec(q).Error; err != nil {
					t.Fatal(err)
				}
			}
			r := verify(t, l)
			if r.Intact != (tt.at == 0) || r.BrokenAt != tt.at {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestWithoutTheKeyNoChain(t *testing.T) {
	db := accesstest.SQLite(t)
	forger, err := audit.New(audit.Options{DB: db})
	if err != nil {
		t.Fatal(err)
	}
	if err := forger.Write(admin(t.Context()), audit.Entry{Action: "update"}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, newLog(t, db, nil)); r.Intact {
		t.Error("a chain made without the key is accepted")
	}
}

func TestList(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		l := newLog(t, db, func() time.Time { return now })
		for i := range 7 {
			now = now.Add(time.Hour)
			err := l.Write(admin(t.Context()), audit.Entry{Action: []string{"create", "update"}[i%2], ObjectType: "rack", ObjectID: fmt.Sprint(i)})
			if err != nil {
				t.Fatal(err)
			}
		}
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, tt := range []struct {
			name string
			f    audit.Filter
			p    audit.Page
			want []uint64
		}{
			{"newest", audit.Filter{}, audit.Page{Limit: 2}, []uint64{7, 6}},
			{"next page", audit.Filter{}, audit.Page{BeforeSeq: 6, Limit: 2}, []uint64{5, 4}},
			{"action", audit.Filter{Action: "update"}, audit.Page{}, []uint64{6, 4, 2}},
			{"object", audit.Filter{ObjectType: "rack", ObjectID: "3"}, audit.Page{}, []uint64{4}},
			{"time", audit.Filter{From: start.Add(2 * time.Hour), To: start.Add(4 * time.Hour)}, audit.Page{}, []uint64{3, 2}},
			{"hostile filter", audit.Filter{Actor: "' OR 1=1 --"}, audit.Page{}, nil},
		} {
			es, err := l.List(admin(t.Context()), tt.f, tt.p)
			var got []uint64
			for _, e := range es {
				got = append(got, e.Seq)
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%s: %v %v", tt.name, got, err)
			}
		}
	})
}

func TestDenied(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		now := time.Now()
		var out bytes.Buffer
		l, err := audit.New(audit.Options{DB: db, Key: key, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&out, nil))})
		if err != nil {
			t.Fatal(err)
		}
		viewer := access.With(t.Context(), access.Principal{UserID: 9, Name: "vi", Role: access.Viewer, Via: access.ViaSession})
		// A request that was given up still leaves its entry.
		ctx, cancel := context.WithCancel(access.WithDenied(viewer, l.Denied))
		cancel()
		for range 100 {
			if err := access.RequireSite(ctx, access.EditLayout, 4); !errors.Is(err, access.ErrForbidden) {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Minute)
		_ = access.RequireSite(ctx, access.EditLayout, 4)
		es, err := l.List(admin(t.Context()), audit.Filter{Outcome: audit.Denied}, audit.Page{})
		if err != nil || len(es) != 6 {
			t.Fatal(len(es), err, out.String())
		}
		if e := es[0]; e.Actor != "vi" || e.ObjectID != string(access.EditLayout) || e.ObjectName != "site 4" || !strings.Contains(e.Detail, "95 more") {
			t.Errorf("%+v", e)
		}
	})
}
