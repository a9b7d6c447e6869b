package app

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/configs"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/models"
)

// Traps of a device with a new management card, whose boots fell, are refused
// and that is told; they are taken as soon as the device is polled.
func TestTrapsOfANewCard(t *testing.T) {
	engineID := []byte("\x80\x00\x00\x00\x01\x7f\x00\x00\x01")
	user := usm.User{Name: "monitor", AuthProtocol: "SHA256", AuthPassword: "auth password"}
	prepared, err := user.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := prepared.Localise(engineID)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	state := fmt.Sprintf(`{"engine_id": "8000000005aabbccdd", "boots": 1, "engines": {%q: [17, 1000]}}`, hex.EncodeToString(engineID))
	if err := os.WriteFile(filepath.Join(dir, "snmp-engine.json"), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &service{App: plain(t, dir, func(c *configs.Config) { c.Traps.Listen = "127.0.0.1:0" })}
	s.token = token(t, s.App)
	c, err := s.core.Credentials.Create(system(t.Context()), credential.New{Name: "v3", Kind: credential.SNMPv3, Secrets: credential.Secrets{
		User: user.Name, AuthProtocol: user.AuthProtocol, AuthPassphrase: user.AuthPassword,
	}})
	if err != nil {
		t.Fatal(err)
	}
	address := freeUDP(t)
	d := s.testDevice(t, models.Device{Name: "pdu", Polling: models.Polling{
		Enabled: true, Protocol: "snmp-v3", Address: address, CredentialID: &c.ID, IntervalS: 3600,
	}})
	health := func() collectors.Health { h, _ := s.manager.DeviceHealth(d.ID); return h }
	until(t, 30*time.Second, "silent", func() bool { return health().State == collectors.StateSilent })

	conn, err := net.Dial("udp", s.traps.Load().Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	name, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	value, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 6, 3, 1, 1, 5, 1})
	if err != nil {
		t.Fatal(err)
	}
	send := func(id int32) {
		t.Helper()
		m := usm.Message{ID: id, Flags: keys.Flags(), EngineID: engineID, User: []byte(user.Name), Boots: 1, Time: 5}
		pdu := usm.PDU{ContextEngineID: engineID, Tag: 0xA7, ID: id}
		if _, err := conn.Write(usm.Append(nil, m, keys, pdu, ber.AppendBinding(nil, name, 0x06, value))); err != nil {
			t.Fatal(err)
		}
	}
	told := func() (names []string) {
		var list struct{ Items []struct{ Name string } }
		if code := s.do(t, http.MethodGet, "/events?kind=trap", "", &list); code != http.StatusOK {
			t.Fatalf("events: %d", code)
		}
		for _, x := range list.Items {
			names = append(names, x.Name)
		}
		return names
	}
	send(1)
	send(2)
	until(t, 10*time.Second, "told", func() bool { return len(told()) > 0 })
	if x := s.traps.Load().Stats(); x.Received != 0 || told()[0] != "trapsRefused" {
		t.Errorf("%+v, %v", x, told())
	}

	security, err := agent.NewUSM(engineID, 1, prepared)
	if err != nil {
		t.Fatal(err)
	}
	recordedAt(t, "apc/testdata/apc-rpdu2.snmprec", address, agent.Options{USM: security})
	until(t, 30*time.Second, "polled", func() bool { _ = s.manager.Poll(d.ID); return health().State == collectors.StateOK })
	send(3)
	until(t, 10*time.Second, "taken", func() bool { return len(told()) == 2 })
	if x := s.traps.Load().Stats(); x.Received != 1 || x.Outdated != 2 {
		t.Errorf("%+v, %v", x, told())
	}
}
