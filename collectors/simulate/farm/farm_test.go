//go:build linux

package farm

import (
	"errors"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
	"github.com/aisle-dcim/aisle/models"
)

// What is counted as a poll must be one: all points of a device, each good.
func TestFarm(t *testing.T) {
	lib, err := profile.Load(Profiles())
	if err != nil {
		t.Fatal(err)
	}
	speak := snmp.New(snmp.Options{Library: lib})
	if err := speak.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(speak.Stop)
	registers := modbus.New(modbus.Options{Library: lib})
	t.Cleanup(registers.Stop)
	v3 := collectors.SNMPCredential{Community: "public", User: User, AuthProtocol: "SHA", AuthPassword: AuthPassword, PrivProtocol: "AES", PrivPassword: PrivPassword}
	for _, x := range []struct {
		protocol  collectors.Protocol
		profile   string
		points    int
		start     func(Options) (*Farm, error)
		newDriver func(collectors.Target) (collectors.Driver, error)
	}{
		{collectors.SNMPv2c, "farm-pdu", PDUPoints - 1, SNMP, speak.NewDriver},
		{collectors.SNMPv3, "farm-pdu", PDUPoints - 1, SNMP, speak.NewDriver},
		{collectors.ModbusTCP, "farm-meter", MeterPoints, Modbus, registers.NewDriver},
	} {
		t.Run(string(x.protocol), func(t *testing.T) {
			f, err := x.start(Options{Devices: 4, Dead: 0.25, Delay: time.Millisecond, V3: true})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for i := range 4 {
				d, err := x.newDriver(collectors.Target{
					Name: f.Target(i), Address: f.Target(i), Protocol: x.protocol, Profile: x.profile,
					SNMP: v3, Modbus: collectors.ModbusAddress{Unit: 1}, Timeout: 2 * time.Second, Retries: -1,
				})
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				learned, err := d.Learn(t.Context())
				if i == 0 {
					if !errors.Is(err, collectors.ErrUnreachable) {
						t.Errorf("the dead device answers: %v", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				f.Reset()
				before := f.Stats()
				var groups []string
				for g := range learned.Intervals {
					groups = append(groups, g)
				}
				readings, err := d.Read(t.Context(), groups, nil)
				if err != nil {
					t.Fatal(err)
				}
				good := 0
				for _, r := range readings {
					if r.Quality == models.Good {
						good++
					}
				}
				if good != x.points {
					t.Errorf("%d good readings, want %d", good, x.points)
				}
				if s := f.Stats(); s.Polls-before.Polls != 1 || s.Polled != 1 {
					t.Errorf("one poll is counted as %d of %d devices", s.Polls-before.Polls, s.Polled)
				}
			}
		})
	}
}
