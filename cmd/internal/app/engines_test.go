package app

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// What is configured for repetitions is what is done: none are none.
func TestRetriesAreThoseConfigured(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"meter.yaml": {Data: []byte(`
profile: meter
kind: meter
protocol: modbus
source: manual
points:
  - {key: inlet/1/power, class: power, unit: W, table: input, register: 0, type: u16, source: manual}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, retries := range []int{0, 1, 2} {
		var datagrams, frames atomic.Int32
		udp, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			b := make([]byte, 2000)
			for {
				if _, _, err := udp.ReadFrom(b); err != nil {
					return
				}
				datagrams.Add(1)
			}
		})
		wg.Go(func() {
			for {
				c, err := tcp.Accept()
				if err != nil {
					return
				}
				wg.Go(func() {
					defer c.Close()
					b := make([]byte, 12) // a request to read
					for {
						if _, err := io.ReadFull(c, b); err != nil {
							return
						}
						frames.Add(1)
					}
				})
			}
		})
		e := NewEngines(EngineOptions{Library: lib, Timeout: 100 * time.Millisecond, Retries: retries})
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		for _, target := range []collectors.Target{
			{Device: 1, Address: udp.LocalAddr().String(), Protocol: collectors.SNMPv2c},
			{Device: 2, Address: tcp.Addr().String(), Protocol: collectors.ModbusTCP, Profile: "meter", Modbus: collectors.ModbusAddress{Unit: 1}},
		} {
			d, err := e.NewDriver(target)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Learn(t.Context())
			if err == nil {
				_, err = d.Read(t.Context(), []string{"fast"}, nil)
			}
			if err == nil {
				t.Errorf("%s: a silent device was read", target.Protocol)
			}
			_ = d.Close()
		}
		e.Stop()
		_ = udp.Close()
		_ = tcp.Close()
		wg.Wait()
		if n := int(datagrams.Load()); n != retries+1 {
			t.Errorf("%d retries: %d SNMP requests", retries, n)
		}
		if n := int(frames.Load()); n != retries+1 {
			t.Errorf("%d retries: %d Modbus requests", retries, n)
		}
	}
}
