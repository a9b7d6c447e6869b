package app

import (
	"errors"
	"testing"
	"time"

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
