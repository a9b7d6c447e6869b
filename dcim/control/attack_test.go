package control_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
	"github.com/aisle-dcim/aisle/models"
)

// TestOnePersonIsNotTwo: one person with two sessions, with a token, or with
// the password or a token of somebody else does not do for two.
func TestOnePersonIsNotTwo(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		token := func(givenBy string) context.Context {
			t.Helper()
			owner := f.users["olga"]
			row := models.APIToken{Prefix: "p" + givenBy, Hash: fmt.Sprintf("%064d", len(givenBy)), Name: "t", UserID: &owner, Role: "engineer", CreatedAt: time.Now()}
			if givenBy != "" {
				by := f.users[givenBy]
				row.GivenBy = &by
			}
			f.ok(g.Create(&row).Error)
			return f.as("olga", access.Engineer, func(p *access.Principal) { p.Via, p.CredentialID = access.ViaToken, row.ID })
		}
		if _, err := f.Request(token("eva"), f.device.ID, off, "in her name"); code(err) != "forbidden" {
			t.Errorf("asked with a token of olga that eva made: %v", err)
		}
		if _, err := f.Request(f.as("olga", access.Engineer, func(p *access.Principal) { p.Via, p.CredentialID = access.ViaToken, 99 }), f.device.ID, off, "in her name"); code(err) != "forbidden" {
			t.Errorf("asked with a token that is not there: %v", err)
		}
		r, err := f.Request(token(""), f.device.ID, off, "by a script of hers")
		f.ok(err)
		for _, credential := range []uint64{1, 2} {
			_, err := f.Confirm(f.as("olga", access.Engineer, func(p *access.Principal) { p.CredentialID = credential }), r.ID, "secret")
			if code(err) != control.SamePerson {
				t.Errorf("confirmed in session %d what a token of the same person asked for: %v", credential, err)
			}
		}
		for _, x := range [][2]string{{"olga", "eva"}, {"eva", "olga"}} {
			f.ok(g.Exec("UPDATE users SET password_given_by = ? WHERE name = ?", f.users[x[1]], x[0]).Error)
			if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != control.PasswordGiven {
				t.Errorf("%s set the password of %s: %v", x[1], x[0], err)
			}
			f.ok(g.Exec("UPDATE users SET password_given_by = ? WHERE name = ?", f.users["anna"], x[0]).Error) // a third person
		}
		if r, err = f.Get(f.eva(), r.ID); err != nil || r.State != models.ControlRequested {
			t.Errorf("%s, %v", r.State, err)
		}
		_, err = f.Confirm(f.eva(), r.ID, "")
		f.ok(err)
	})
}

// TestAResetPasswordIsNotASecondPerson: who sets the password of another user
// can sign in with it and change it, which looks as if its owner had: the two do
// not do for two persons until a day later. A third person may confirm.
func TestAResetPasswordIsNotASecondPerson(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		f.now = time.Now()
		f.Service = f.service(control.Options{Expiry: 100 * time.Hour})
		users, err := access.New(access.Options{DB: g, Audit: f.log, Now: func() time.Time { return f.now }})
		f.ok(err)
		const first, second = "tally-brisk-lantern-06", "tally-brisk-lantern-07"
		anna := f.as("anna", access.Administrator)
		f.ok(users.ResetPassword(anna, f.users["eva"], first))
		r, err := f.Request(anna, f.device.ID, off, "server replaced")
		f.ok(err)
		refused := func(reason, when string) {
			t.Helper()
			if _, err := f.Confirm(f.eva(), r.ID, ""); code(err) != reason {
				t.Errorf("%s: %v", when, err)
			}
		}
		refused(control.PasswordGiven, "anna set the password of eva")
		in, err := users.SignIn(t.Context(), access.SignInRequest{Name: "eva", Password: first})
		f.ok(err)
		f.ok(users.ChangePassword(f.as("eva", access.Engineer, func(p *access.Principal) { p.CredentialID = in.Session.ID }), first, second))
		refused(control.PasswordReset, "and changed it in her name")
		f.now = f.now.Add(23 * time.Hour)
		refused(control.PasswordReset, "a day is not over")
		f.ok(users.ResetPassword(anna, f.users["eva"], first))
		f.now = f.now.Add(25 * time.Hour)
		refused(control.PasswordGiven, "she has not changed what anna set anew")
		f.ok(users.ChangePassword(f.as("eva", access.Engineer), first, second))
		_, err = f.Confirm(f.eva(), r.ID, "")
		f.ok(err)
	})
}

// TestOneOfManyConfirms: of many who confirm at once one does, it is written
// once, and the others take nothing of the limit.
func TestOneOfManyConfirms(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		f.Service = f.service(control.Options{DeviceLimit: 20, TotalLimit: 20, Window: 24 * time.Hour})
		f.run(f.Service)
		r := f.ask(off)
		var mu sync.Mutex
		var wg sync.WaitGroup
		got := map[string]int{}
		for i := range 16 {
			who := []context.Context{f.eva(), f.as("anna", access.Administrator)}[i%2]
			wg.Go(func() {
				_, err := f.Confirm(who, r.ID, "")
				mu.Lock()
				defer mu.Unlock()
				got[code(err)]++
			})
		}
		wg.Wait()
		if got["<nil>"] != 1 || got[control.Ended] != 15 {
			t.Errorf("confirmed: %v", got)
		}
		if r = f.ends(r.ID); r.State != models.ControlDone || len(f.plant.sent()) != 1 {
			t.Errorf("%s, written %v", r.State, f.plant.sent())
		}
		for i := range 20 { // the first write counts, nothing else does
			r := f.ask(off)
			_, err := f.Confirm(f.eva(), r.ID, "")
			if want := map[bool]string{true: control.Limited, false: "<nil>"}[i == 19]; code(err) != want {
				t.Fatalf("write %d of the day: %v, want %s", i+2, err, want)
			}
			if err == nil {
				f.ends(r.ID)
			}
		}
	})
}

// TestConfirmAgainstCancel: who takes back and who confirms at once agree about
// what became of it.
func TestConfirmAgainstCancel(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		f.Service = f.service(control.Options{DeviceLimit: 100, TotalLimit: 100})
		f.run(f.Service)
		written := 0
		for range 20 {
			r := f.ask(off)
			var cancelled error
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = f.Confirm(f.eva(), r.ID, "") }) // it may come too late
			wg.Go(func() { _, cancelled = f.Cancel(f.olga(), r.ID) })
			wg.Wait()
			r = f.ends(r.ID)
			if r.State != models.ControlCancelled {
				written++
			}
			if (cancelled == nil) != (r.State == models.ControlCancelled) || len(f.plant.sent()) != written {
				t.Fatalf("ended %s, taken back: %v, written %d times, want %d", r.State, cancelled, len(f.plant.sent()), written)
			}
		}
	})
}

// TestTheLimitOfAll: what one device may get does not come on top of what all
// may, and a device that was made anew has no new share of that.
func TestTheLimitOfAll(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		f.Service = f.service(control.Options{DeviceLimit: 2, TotalLimit: 3, Window: 24 * time.Hour})
		f.run(f.Service)
		confirm := func(d models.DeviceID) error {
			t.Helper()
			r, err := f.Request(f.olga(), d, off, "server replaced")
			f.ok(err)
			if _, err = f.Confirm(f.eva(), r.ID, ""); err == nil {
				f.ends(r.ID)
			}
			return err
		}
		f.ok(confirm(f.device.ID))
		f.ok(confirm(f.device.ID))
		f.ok(f.stock.DeleteDevice(f.sys, f.device.ID))
		again, err := f.stock.CreateDevice(f.sys, models.Device{Name: "PDU-A", Kind: models.KindPDU, Status: models.StatusActive, Position: models.Position{SiteID: f.site}})
		f.ok(err)
		f.ok(f.stock.AllowControl(f.as("anna", access.Administrator), again.ID, models.Controlling{ControlAllowed: true}))
		f.ok(confirm(again.ID))
		if err := confirm(again.ID); code(err) != control.Limited {
			t.Errorf("the fourth write: %v", err)
		}
	})
}

// TestAnotherOutletByNow: the device was learned anew, and what has the key of
// the control is called otherwise.
func TestAnotherOutletByNow(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		r := f.ask(off)
		_, err := f.Confirm(f.eva(), r.ID, "")
		f.ok(err)
		f.plant.mu.Lock()
		f.plant.label = "Storage 1"
		f.plant.mu.Unlock()
		f.run(f.Service)
		if r = f.ends(r.ID); r.State != models.ControlFailed || r.Cause != models.ControlChanged || r.Label != "Web 1" {
			t.Errorf("%s, %s, %q", r.State, r.Cause, r.Detail)
		}
		if got := f.plant.sent(); len(got) != 0 {
			t.Errorf("written: %v", got)
		}
	})
}

// TestDeletedDeviceEndsItsRequests: nothing waits for a device that is gone.
func TestDeletedDeviceEndsItsRequests(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		f := setUp(t, g)
		f.allow()
		value := 24.0
		waits, confirmed := f.ask(off), f.ask(control.Wish{Control: "setpoint", Value: &value})
		_, err := f.Confirm(f.eva(), confirmed.ID, "")
		f.ok(err)
		f.ok(f.stock.DeleteDevice(f.sys, f.device.ID))
		f.run(f.Service)
		for _, id := range []uint64{waits.ID, confirmed.ID} {
			if r := f.ends(id); r.State != models.ControlFailed || r.Cause != models.ControlReplaced || r.DeviceID != nil {
				t.Errorf("%s, %s, device %v", r.State, r.Cause, r.DeviceID)
			}
		}
		if n := f.Stats()["failed"]; n != 2 || len(f.plant.sent()) != 0 {
			t.Errorf("%d counted as failed, written %v", n, f.plant.sent())
		}
		if !slices.Contains(f.journal(), "control-failed test failed") {
			t.Errorf("audit: %v", f.journal())
		}
	})
}
