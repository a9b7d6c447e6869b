package access_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/access/accesstest"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/models"
)

const (
	good  = "correct horse battery staple"
	other = "violet tractor under moonlight"
	addr  = "192.0.2.10:5000"
)

type fixture struct {
	*access.Service
	db    *gorm.DB
	audit *audit.Log
	log   *bytes.Buffer
	now   time.Time
	sys   context.Context
}

func setUp(t *testing.T, db *gorm.DB) *fixture {
	t.Helper()
	f := &fixture{db: db, log: &bytes.Buffer{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	clock := func() time.Time { return f.now }
	var err error
	if f.audit, err = audit.New(audit.Options{DB: db, Log: log, Now: clock}); err != nil {
		t.Fatal(err)
	}
	f.Service, err = access.New(access.Options{
		DB: db, Audit: f.audit, Log: log, Now: clock, Hash: access.HashParams{MemoryKiB: 64, Passes: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.sys = access.System(context.Background(), "test")
	return f
}

func (f *fixture) user(t *testing.T, name string, r access.Role) models.User {
	t.Helper()
	u, err := f.CreateUser(f.sys, access.NewUser{Name: name, Role: r, Password: good})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (f *fixture) signIn(t *testing.T, name, password string) access.SignedIn {
	t.Helper()
	in, err := f.SignIn(context.Background(), access.SignInRequest{Name: name, Password: password, Address: addr})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// as returns the context of the session's requests.
func (f *fixture) as(t *testing.T, secret string) context.Context {
	t.Helper()
	r, err := f.Resume(context.Background(), secret, addr)
	if err != nil {
		t.Fatal(err)
	}
	return access.With(context.Background(), r.Principal)
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func TestBootstrap(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		if open, err := f.NeedsSetup(t.Context()); err != nil || !open {
			t.Fatal(open, err)
		}
		_, err := f.Bootstrap(t.Context(), access.NewUser{Name: "ada", Password: "short"}, addr)
		is(t, "weak password", err, access.ErrInvalid)

		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				switch _, err := f.Bootstrap(context.Background(), access.NewUser{Name: "ada", Password: good, Role: access.Viewer}, addr); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, access.ErrAlreadySetUp):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 3 {
			t.Fatalf("%d set-ups won, %d lost", won.Load(), lost.Load())
		}
		us, err := f.Users(f.sys)
		if err != nil || len(us) != 1 || us[0].Role != string(access.Administrator) {
			t.Fatal(us, err)
		}
	})
}

func TestSetupGuard(t *testing.T) {
	g := access.NewSetupGuard()
	tok := g.Token()
	if g.Check("") || g.Check(tok+"x") || !g.Check(tok) {
		t.Error("guard does not tell tokens apart")
	}
	g.Spend()
	if g.Check(tok) || g.Check("") || g.Token() != "" {
		t.Error("a spent token is good")
	}
}

func TestSessions(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		u := f.user(t, "Ada", access.Operator)
		in := f.signIn(t, "ADA ", good)
		if !access.CheckCSRF(in.Secret, in.CSRF) || access.CheckCSRF(in.Secret, "") || access.CheckCSRF("", access.CSRFToken("")) {
			t.Error("CSRF token is not bound to the session")
		}
		var row models.Session
		if err := db.Take(&row).Error; err != nil || strings.Contains(row.Hash, in.Secret) {
			t.Fatal("secret is stored", err)
		}
		r, err := f.Resume(t.Context(), in.Secret, addr)
		if err != nil || r.Principal.UserID != u.ID || r.Principal.Role != access.Operator || r.CSRF != in.CSRF {
			t.Fatal(r, err)
		}
		_, err = f.Resume(t.Context(), in.Session.Hash, addr)
		is(t, "hash instead of the secret", err, access.ErrUnauthenticated)

		again, err := f.SignIn(t.Context(), access.SignInRequest{Name: "ada", Password: good, Address: addr, Previous: in.Secret})
		if err != nil || again.Secret == in.Secret {
			t.Fatal("session is not rotated", err)
		}
		_, err = f.Resume(t.Context(), in.Secret, addr)
		is(t, "previous session", err, access.ErrUnauthenticated)

		// In use, it lives beyond the idle time and ends at the absolute one.
		for range 20 {
			f.now = f.now.Add(7 * time.Hour)
			if _, err := f.Resume(t.Context(), again.Secret, addr); err != nil {
				t.Fatal(err)
			}
		}
		f.now = f.now.Add(7 * 24 * time.Hour)
		_, err = f.Resume(t.Context(), again.Secret, addr)
		is(t, "absolute end", err, access.ErrUnauthenticated)

		idle := f.signIn(t, "ada", good)
		f.now = f.now.Add(8 * time.Hour)
		_, err = f.Resume(t.Context(), idle.Secret, addr)
		is(t, "idle end", err, access.ErrUnauthenticated)

		// Another user neither sees nor ends the session.
		mine := f.signIn(t, "ada", good)
		f.user(t, "bob", access.Engineer)
		bob := f.as(t, f.signIn(t, "bob", good).Secret)
		is(t, "end another's", f.RevokeSession(bob, mine.Session.ID), access.ErrNotFound)
		_, err = f.Sessions(bob, u.ID)
		is(t, "list another's", err, access.ErrForbidden)
		ada := f.as(t, mine.Secret)
		if list, err := f.Sessions(ada, u.ID); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
		is(t, "end own", f.RevokeSession(ada, mine.Session.ID), nil)
		_, err = f.Resume(t.Context(), mine.Secret, addr)
		is(t, "revoked", err, access.ErrUnauthenticated)

		out := f.signIn(t, "ada", good)
		is(t, "sign out", f.SignOut(f.as(t, out.Secret), out.Secret), nil)
		_, err = f.Resume(t.Context(), out.Secret, addr)
		is(t, "signed out", err, access.ErrUnauthenticated)
		is(t, "sweep", f.Sweep(f.sys), nil)
	})
}

// TestSignInAnswers checks that every failure looks the same.
func TestSignInAnswers(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		f.user(t, "ada", access.Viewer)
		off := f.user(t, "off", access.Viewer)
		yes := true
		if _, err := f.UpdateUser(f.sys, off.ID, access.UserChange{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.CreateUser(f.sys, access.NewUser{Name: "linked", Role: access.Viewer}); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ name, user, password string }{
			{"wrong password", "ada", other},
			{"empty password", "ada", ""},
			{"unknown user", "nobody", good},
			{"disabled user", "off", good},
			{"no password set", "linked", ""},
			{"no password set, some given", "linked", good},
			{"very long password", "ada", strings.Repeat("a", 1<<20)},
			{"hostile name", "ada' OR '1'='1\x00\xff", good},
		} {
			_, err := f.SignIn(t.Context(), access.SignInRequest{Name: tt.user, Password: tt.password, Address: addr})
			if !errors.Is(err, access.ErrBadCredentials) || err.Error() != access.ErrBadCredentials.Error() {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		es, err := f.audit.List(f.sys, audit.Filter{Action: "sign-in", Outcome: audit.Failed}, audit.Page{})
		if err != nil || len(es) != 8 {
			t.Errorf("%d failures in the audit log, %v", len(es), err)
		}
	})
}

func TestGuessingIsSlowed(t *testing.T) {
	f := setUp(t, accesstest.SQLite(t))
	f.user(t, "ada", access.Viewer)
	try := func(password, address string) error {
		_, err := f.SignIn(context.Background(), access.SignInRequest{Name: "ada", Password: password, Address: address})
		return err
	}
	var slow *access.TooManyAttemptsError
	n := 0
	for n = 0; n < 50; n++ {
		if err := try(other, "198.51.100.1:1"); errors.As(err, &slow) {
			break
		}
	}
	if n != 5 || slow.RetryAfter <= 0 {
		t.Fatalf("slowed after %d tries: %v", n, slow)
	}
	is(t, "right password too soon", try(good, "198.51.100.1:2"), access.ErrTooManyAttempts)
	is(t, "same account from elsewhere", try(good, addr), nil)
	f.now = f.now.Add(time.Minute)
	is(t, "after the wait", try(good, "198.51.100.1:3"), nil)

	// One address trying many accounts is slowed; who signed in from there
	// before is not.
	spray := 0
	for i := range 200 {
		_, err := f.SignIn(context.Background(), access.SignInRequest{Name: "user" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), Password: other, Address: "198.51.100.1:9"})
		if errors.Is(err, access.ErrTooManyAttempts) {
			spray++
		}
	}
	if spray < 150 {
		t.Errorf("only %d of 200 sprayed tries were refused", spray)
	}
	is(t, "known account at a spraying address", try(good, "198.51.100.1:3"), nil)
}

func TestUsers(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		boss := f.user(t, "boss", access.Administrator)
		ada := f.user(t, "ada", access.Viewer)
		_, err := f.CreateUser(f.sys, access.NewUser{Name: "ADA", Role: access.Viewer, Password: good})
		is(t, "same name", err, access.ErrConflict)
		for field, n := range map[string]access.NewUser{
			"name":     {Name: "a b", Role: access.Viewer, Password: good},
			"role":     {Name: "x", Role: "root", Password: good},
			"password": {Name: "x", Role: access.Viewer, Password: "password1234"},
			"language": {Name: "x", Role: access.Viewer, Password: good, Language: "de"},
			"theme":    {Name: "x", Role: access.Viewer, Password: good, Theme: "pink"},
		} {
			_, err := f.CreateUser(f.sys, n)
			var inv *access.InvalidError
			if !errors.As(err, &inv) || inv.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		viewer := f.as(t, f.signIn(t, "ada", good).Secret)
		_, err = f.CreateUser(viewer, access.NewUser{Name: "x", Role: access.Viewer, Password: good})
		is(t, "viewer creates", err, access.ErrForbidden)
		_, err = f.Users(viewer)
		is(t, "viewer lists", err, access.ErrForbidden)
		_, err = f.User(viewer, boss.ID)
		is(t, "viewer looks at another", err, access.ErrForbidden)
		admin := access.Administrator
		_, err = f.UpdateUser(viewer, ada.ID, access.UserChange{Role: &admin})
		is(t, "viewer promotes itself", err, access.ErrForbidden)

		vi, dark := "vi", "dark"
		u, err := f.SetPreferences(viewer, ada.ID, access.Preferences{Language: &vi, Theme: &dark})
		if err != nil || u.Language != "vi" || u.Theme != "dark" {
			t.Fatal(u, err)
		}
		if u, err = f.UserByName(f.sys, "Ada"); err != nil || u.Language != "vi" {
			t.Fatal(u, err)
		}

		yes, role := true, access.Viewer
		_, err = f.UpdateUser(f.sys, boss.ID, access.UserChange{Disabled: &yes})
		is(t, "disable the last administrator", err, access.ErrConflict)
		_, err = f.UpdateUser(f.sys, boss.ID, access.UserChange{Role: &role})
		is(t, "demote the last administrator", err, access.ErrConflict)
		scope := []uint64{1}
		_, err = f.UpdateUser(f.sys, boss.ID, access.UserChange{Scope: &scope})
		is(t, "confine the last administrator", err, access.ErrConflict)

		// A disabled user's session is dead at once.
		_, err = f.UpdateUser(f.sys, ada.ID, access.UserChange{Disabled: &yes})
		is(t, "disable", err, nil)
		var n int64
		if err := db.Model(&models.Session{}).Where("user_id = ?", ada.ID).Count(&n).Error; err != nil || n != 0 {
			t.Error("sessions left:", n, err)
		}
		_, err = f.UpdateUser(f.sys, 999, access.UserChange{})
		is(t, "unknown user", err, access.ErrNotFound)
	})
}

func TestTwoAdministratorsCannotDemoteEachOther(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		a, b := f.user(t, "a", access.Administrator), f.user(t, "b", access.Administrator)
		role := access.Viewer
		var wg sync.WaitGroup
		var done atomic.Int32
		for _, id := range []uint64{a.ID, b.ID} {
			wg.Go(func() {
				if _, err := f.UpdateUser(f.sys, id, access.UserChange{Role: &role}); err == nil {
					done.Add(1)
				} else if !errors.Is(err, access.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done.Load() != 1 {
			t.Errorf("%d of two administrators were demoted", done.Load())
		}
	})
}

func TestPasswords(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		u := f.user(t, "ada", access.Viewer)
		one, two := f.signIn(t, "ada", good), f.signIn(t, "ada", good)
		ctx := f.as(t, one.Secret)
		is(t, "wrong old one", f.ChangePassword(ctx, other, other), access.ErrBadCredentials)
		is(t, "weak new one", f.ChangePassword(ctx, good, "aaaaaaaaaaaaaa"), access.ErrInvalid)
		is(t, "no new one", f.ChangePassword(ctx, good, good), access.ErrInvalid)
		is(t, "change", f.ChangePassword(ctx, good, other), nil)
		f.as(t, one.Secret)
		_, err := f.Resume(t.Context(), two.Secret, addr)
		is(t, "other session", err, access.ErrUnauthenticated)
		_, err = f.SignIn(t.Context(), access.SignInRequest{Name: "ada", Password: good, Address: addr})
		is(t, "old password", err, access.ErrBadCredentials)

		is(t, "reset by a viewer", f.ResetPassword(ctx, u.ID, good), access.ErrForbidden)
		is(t, "reset", f.ResetPassword(f.sys, u.ID, good), nil)
		_, err = f.Resume(t.Context(), one.Secret, addr)
		is(t, "session after reset", err, access.ErrUnauthenticated)
		f.signIn(t, "ada", good)
	})
}

func TestTokens(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		u := f.user(t, "ada", access.Engineer)
		ctx := f.as(t, f.signIn(t, "ada", good).Secret)
		_, _, err := f.CreateToken(ctx, access.NewToken{Name: "ci", Role: access.Administrator})
		is(t, "more than the owner may", err, access.ErrInvalid)
		_, _, err = f.CreateToken(ctx, access.NewToken{Name: "", Role: access.Viewer})
		is(t, "without a name", err, access.ErrInvalid)
		tok, row, err := f.CreateToken(ctx, access.NewToken{Name: "ci", Role: access.Operator, TTL: time.Hour})
		if err != nil || !strings.HasPrefix(tok, "aisle_"+row.Prefix+"_") {
			t.Fatal(tok, err)
		}
		p, err := f.AuthenticateToken(t.Context(), tok, addr)
		if err != nil || p.UserID != u.ID || p.Via != access.ViaToken {
			t.Fatal(p, err)
		}
		tctx := access.With(t.Context(), p)
		is(t, "token acknowledges", access.Require(tctx, access.AckAlarm), nil)
		is(t, "token edits", access.Require(tctx, access.EditDevices), access.ErrForbidden)
		is(t, "token changes the password", f.ChangePassword(tctx, good, other), access.ErrForbidden)
		_, _, err = f.CreateToken(tctx, access.NewToken{Name: "heir", Role: access.Viewer})
		is(t, "token makes a token", err, access.ErrForbidden)
		_, err = f.RevokeOtherSessions(tctx)
		is(t, "token ends sessions", err, access.ErrForbidden)
		sessions, err := f.Sessions(ctx, u.ID)
		if err != nil || len(sessions) == 0 {
			t.Fatal(sessions, err)
		}
		is(t, "token ends a session", f.RevokeSession(tctx, sessions[0].ID), access.ErrForbidden)

		// The owner's loss is the token's.
		role := access.Viewer
		if _, err := f.UpdateUser(f.sys, u.ID, access.UserChange{Role: &role}); err != nil {
			t.Fatal(err)
		}
		p, _ = f.AuthenticateToken(t.Context(), tok, addr)
		is(t, "demoted owner", access.Require(access.With(t.Context(), p), access.AckAlarm), access.ErrForbidden)

		for _, bad := range []string{"", "aisle_", tok[:len(tok)-1] + "!", strings.Replace(tok, "aisle", "other", 1), tok + "x"} {
			_, err := f.AuthenticateToken(t.Context(), bad, addr)
			is(t, "bad token", err, access.ErrUnauthenticated)
		}
		list, err := f.Tokens(f.sys, 0)
		if err != nil || len(list) != 1 || list[0].LastUsedAt == nil {
			t.Fatal(list, err)
		}
		f.now = f.now.Add(time.Hour)
		_, err = f.AuthenticateToken(t.Context(), tok, addr)
		is(t, "expired", err, access.ErrUnauthenticated)

		free, row, err := f.CreateToken(f.sys, access.NewToken{Name: "grafana", Role: access.Viewer})
		if err != nil || row.UserID != nil {
			t.Fatal(row, err)
		}
		if _, err := f.AuthenticateToken(t.Context(), free, addr); err != nil {
			t.Fatal(err)
		}
		is(t, "end another's", f.RevokeToken(f.as(t, f.signIn(t, "ada", good).Secret), row.ID), access.ErrNotFound)
		is(t, "revoke", f.RevokeToken(f.sys, row.ID), nil)
		_, err = f.AuthenticateToken(t.Context(), free, addr)
		is(t, "revoked", err, access.ErrUnauthenticated)
	})
}

func TestTokensEndWithTrust(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		boss, ada := f.user(t, "boss", access.Administrator), f.user(t, "ada", access.Viewer)
		token := func(owner uint64, r access.Role) string {
			tok, _, err := f.CreateToken(f.sys, access.NewToken{Name: "t", Role: r, UserID: owner})
			if err != nil {
				t.Fatal(err)
			}
			return tok
		}
		works := func(what, tok string, want bool) {
			t.Helper()
			if _, err := f.AuthenticateToken(t.Context(), tok, addr); (err == nil) != want {
				t.Errorf("%s: %v", what, err)
			}
		}
		own, bosses := token(ada.ID, access.Viewer), token(boss.ID, access.Administrator)
		is(t, "change", f.ChangePassword(f.as(t, f.signIn(t, "ada", good).Secret), good, other), nil)
		works("own change of the password", own, true)
		is(t, "reset", f.ResetPassword(f.sys, ada.ID, good), nil)
		works("reset", own, false)
		works("reset of another", bosses, true)

		own = token(ada.ID, access.Viewer)
		for _, off := range []bool{true, false} {
			if _, err := f.UpdateUser(f.sys, ada.ID, access.UserChange{Disabled: &off}); err != nil {
				t.Fatal(err)
			}
			works("disabled, then enabled", own, false)
		}
		p, err := f.AuthenticateToken(t.Context(), bosses, addr)
		is(t, "administrator's token", err, nil)
		as := access.With(t.Context(), p)
		is(t, "token resets the password of its owner", f.ResetPassword(as, boss.ID, other), access.ErrForbidden)
		is(t, "token resets another's", f.ResetPassword(as, ada.ID, other), nil)
	})
}

func TestSignInLinks(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		u, err := f.CreateUser(f.sys, access.NewUser{Name: "demo", Role: access.Operator})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.CreateSignInLink(access.With(t.Context(), access.Principal{UserID: u.ID, Role: access.Administrator, Via: access.ViaSession}), u.ID, 0)
		is(t, "made by an administrator", err, access.ErrForbidden)
		link, err := f.CreateSignInLink(f.sys, u.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				in, err := f.SignInWithLink(context.Background(), link, access.SignInRequest{Address: addr})
				if err == nil && in.User.ID == u.ID {
					won.Add(1)
				} else if !errors.Is(err, access.ErrBadCredentials) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("link worked %d times", won.Load())
		}
		late, err := f.CreateSignInLink(f.sys, u.ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		f.now = f.now.Add(time.Minute)
		_, err = f.SignInWithLink(t.Context(), late, access.SignInRequest{})
		is(t, "expired link", err, access.ErrBadCredentials)
	})
}

// TestNothingSecretIsWritten looks for secrets in the log, the audit log and
// every text of the tables.
func TestNothingSecretIsWritten(t *testing.T) {
	f := setUp(t, accesstest.SQLite(t))
	u := f.user(t, "ada", access.Viewer)
	in := f.signIn(t, "ada", good)
	tok, _, err := f.CreateToken(f.sys, access.NewToken{Name: "ci", Role: access.Viewer, UserID: u.ID})
	if err != nil {
		t.Fatal(err)
	}
	link, err := f.CreateSignInLink(f.sys, u.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.SignIn(t.Context(), access.SignInRequest{Name: "ada", Password: other, Address: addr})
	all := f.log.String()
	for _, table := range []string{"users", "sessions", "api_tokens", "sign_in_links", "audit_entries"} {
		var rows []map[string]any
		if err := f.db.Table(table).Find(&rows).Error; err != nil || len(rows) == 0 {
			t.Fatal(table, err)
		}
		for _, r := range rows {
			for _, v := range r {
				if s, ok := v.(string); ok {
					all += "\n" + s
				}
			}
		}
	}
	for name, secret := range map[string]string{
		"password": good, "wrong password": other, "session": in.Secret, "CSRF": in.CSRF, "token": tok,
		"token secret": tok[len(tok)-43:], "link": link,
	} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is written somewhere", name)
		}
	}
	var es []models.AuditEntry
	if err := f.db.Find(&es).Error; err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if strings.Contains(e.Before+e.After, "argon2id") {
			t.Errorf("entry %d holds a password hash", e.Seq)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	tests := []struct{ password, code string }{
		{"correct horse battery staple", ""},
		{"kX9#vQ2!mZ7p", ""},
		{"mật khẩu của tôi rất dài", ""},
		{"elevenchars", "too_short"},
		{"mậtkhẩungắn", "too_short"},
		{strings.Repeat("ab1!", 65), "too_long"},
		{"aaaaaaaaaaaaaaaa", "common"},
		{"abcabcabcabcabc", "common"},
		{"abcdefghijklmnop", "common"},
		{"Password123456", "common"},
		{"administrator1!", "common"},
		{"qwertyuiop123", "common"},
		{"adalovelace2026", "name"},
		{"tab\tin the password", "control"},
		{"bytes \xff\xfe that are no text", "encoding"},
	}
	for _, tt := range tests {
		err := access.CheckPassword(tt.password, "adalovelace", "Ada Lovelace")
		var inv *access.InvalidError
		code := ""
		if errors.As(err, &inv) {
			code = inv.Code
			if strings.Contains(err.Error(), tt.password) {
				t.Errorf("%q is in the message", tt.password)
			}
		}
		if code != tt.code {
			t.Errorf("%q: got %q, want %q", clipTo(tt.password, 30), code, tt.code)
		}
	}
}

func clipTo(s string, n int) string { return s[:min(n, len(s))] }

// TestWhoCanActForAnother: who knows the password or the token of somebody else
// is kept, until that one changed it.
func TestWhoCanActForAnother(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		f := setUp(t, db)
		boss := f.user(t, "boss", access.Administrator)
		ctx := f.as(t, f.signIn(t, "boss", good).Secret)
		ada, err := f.CreateUser(ctx, access.NewUser{Name: "ada", Role: access.Engineer, Password: good})
		is(t, "create", err, nil)
		givenBy := func(when string, want uint64) {
			t.Helper()
			u, err := f.User(f.sys, ada.ID)
			if got := uint64(0); err == nil {
				if u.PasswordGivenBy != nil {
					got = *u.PasswordGivenBy
				}
				if got != want {
					t.Errorf("%s: password given by %d, want %d", when, got, want)
				}
			} else {
				t.Error(err)
			}
		}
		givenBy("created", boss.ID)
		is(t, "change", f.ChangePassword(f.as(t, f.signIn(t, "ada", good).Secret), good, other), nil)
		givenBy("changed", 0)
		is(t, "reset", f.ResetPassword(ctx, ada.ID, good), nil)
		givenBy("reset by the boss", boss.ID)
		is(t, "reset", f.ResetPassword(f.sys, ada.ID, good), nil)
		givenBy("reset on the server", 0)

		_, row, err := f.CreateToken(ctx, access.NewToken{Name: "for ada", UserID: ada.ID, Role: access.Engineer})
		if err != nil || row.GivenBy == nil || *row.GivenBy != boss.ID {
			t.Errorf("a token for somebody else: %+v, %v", row, err)
		}
		if _, row, err = f.CreateToken(ctx, access.NewToken{Name: "own", Role: access.Engineer}); err != nil || row.GivenBy != nil {
			t.Errorf("a token of one's own: %+v, %v", row, err)
		}
	})
}
