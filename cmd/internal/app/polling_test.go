package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
)

func (a *App) testCredential(t *testing.T) *uint64 {
	t.Helper()
	c, err := a.core.Credentials.Create(system(t.Context()), credential.New{
		Name: "c", Kind: "snmp-community", Secrets: credential.Secrets{Community: "not public"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &c.ID
}

// A device that was accepted after it had been exchanged is learned anew at once.
func TestAcceptedDeviceIsLearned(t *testing.T) {
	a := plain(t, t.TempDir())
	d := a.testDevice(t, models.Device{Name: "pdu", Polling: models.Polling{
		Enabled: true, Protocol: "snmp-v2c", Address: freeUDP(t), CredentialID: a.testCredential(t),
	}})
	ctx := system(t.Context())
	if err := a.inventory.UpdateLearned(ctx, d.ID, inventory.Learned{Serial: "S1"}); err != nil {
		t.Fatal(err)
	}
	if err := a.inventory.UpdateLearned(ctx, d.ID, inventory.Learned{Serial: "S2"}); !errors.Is(err, fault.ErrConflict) {
		t.Fatal(err)
	}
	var since time.Time
	until(t, 10*time.Second, "polled", func() bool {
		h, ok := a.manager.DeviceHealth(d.ID)
		since = h.Since
		return ok
	})
	if err := a.inventory.AcceptIdentity(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "begun anew", func() bool {
		h, _ := a.manager.DeviceHealth(d.ID)
		return h.Since.After(since) && h.State == "learning"
	})
}

// A database that is away for a while costs a delay, not the change.
func TestTargetsAreTriedAgain(t *testing.T) {
	a := plain(t, t.TempDir())
	var failing atomic.Bool
	var failed atomic.Int32
	err := a.core.DB.Callback().Query().Before("gorm:query").Register("busy", func(tx *gorm.DB) {
		if _, ok := tx.Statement.Dest.(*[]models.Device); ok && failing.Load() {
			failed.Add(1)
			_ = tx.AddError(errors.New("the database is busy"))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	d := a.testDevice(t, models.Device{Name: "pdu", Polling: models.Polling{
		Enabled: true, Protocol: "modbus-tcp", Address: "127.0.0.1:1",
	}})
	until(t, 10*time.Second, "failed", func() bool { return failed.Load() > 0 })
	if _, ok := a.manager.DeviceHealth(d.ID); ok {
		t.Error("polled without the database")
	}
	failing.Store(false)
	until(t, 10*time.Second, "polled", func() bool { _, ok := a.manager.DeviceHealth(d.ID); return ok })
}

// A credential that cannot be opened is told of its devices, until it is
// entered again. Nothing is taken for a trap of theirs meanwhile.
func TestLockedCredentialIsTold(t *testing.T) {
	a := plain(t, t.TempDir())
	id := a.testCredential(t)
	if err := a.core.DB.Exec("UPDATE credentials SET secret = 'spoilt' WHERE id = ?", *id).Error; err != nil {
		t.Fatal(err)
	}
	polling := models.Polling{Enabled: true, Protocol: "snmp-v2c", Address: freeUDP(t), CredentialID: id}
	d := a.testDevice(t, models.Device{Name: "pdu", Polling: polling})
	state := func() collectors.Health { h, _ := a.manager.DeviceHealth(d.ID); return h }
	until(t, 20*time.Second, "refused", func() bool { return state().State == collectors.StateAuth })
	if h := state(); !strings.Contains(h.LastError, "credential cannot be opened") {
		t.Errorf("%+v", h)
	}
	loopback := netip.MustParseAddr("127.0.0.1")
	if x := a.senders.at(loopback); len(x) != 0 {
		t.Errorf("traps are taken of %+v", x)
	}
	_, err := a.core.Credentials.Update(system(t.Context()), *id, credential.Change{Secrets: &credential.Secrets{Community: "not public either"}})
	if err != nil {
		t.Fatal(err)
	}
	a.reloadTargets()
	until(t, 20*time.Second, "tried with it", func() bool { return state().State == collectors.StateSilent })
	if x := a.senders.at(loopback); len(x) != 1 {
		t.Errorf("traps are taken of %+v", x)
	}
}

// That a credential for control cannot be opened is a warning once, however often
// the targets are read.
func TestLockedControlIsToldOnce(t *testing.T) {
	core := plain(t, t.TempDir()).core
	id := (&App{core: core}).testCredential(t)
	if err := core.DB.Exec("UPDATE credentials SET secret = 'spoilt' WHERE id = ?", *id).Error; err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a := &App{core: core, log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 3 {
		x, err := a.controlled(t.Context(), collectors.Target{}, models.Device{ID: 1, Name: "pdu", Controlling: models.Controlling{ControlCredentialID: id}})
		if err != nil || x.Control {
			t.Fatalf("%+v, %v", x, err)
		}
		a.told.End(nil)
	}
	if n := strings.Count(log.String(), "the device is only read"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

// subnet_rate slows what is asked of a subnet.
func TestSubnetRate(t *testing.T) {
	device := recorded(t, "apc/testdata/apc-rpdu2.snmprec")
	learn := func(limit int) error {
		a := plain(t, t.TempDir(), func(c *configs.Config) { c.Collectors.SubnetRate = limit })
		d, err := a.newDriver(collectors.Target{
			Device: 1, Address: device.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err = d.Learn(ctx)
		return err
	}
	if err := learn(0); err != nil {
		t.Fatal(err)
	}
	if err := learn(1); err == nil {
		t.Error("a device was learned in three requests")
	}
}
