package snmp

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
)

// BenchmarkPoll reads all points of a device on loopback: in one request, in
// two, in five.
func BenchmarkPoll(b *testing.B) {
	lib, err := profile.Load(fstest.MapFS{"rack-pdu.yaml": {Data: []byte(testProfile)}})
	if err != nil {
		b.Fatal(err)
	}
	for _, outlets := range []int{40, 100, 260} {
		b.Run(fmt.Sprintf("%d", outlets), func(b *testing.B) {
			table, err := agent.NewTable(testRecording(outlets))
			if err != nil {
				b.Fatal(err)
			}
			table.KeepAnswers()
			a, err := agent.Listen("127.0.0.1:0", table, agent.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer a.Close()
			e := New(Options{Library: lib, Timeout: time.Second})
			if err := e.Start(); err != nil {
				b.Fatal(err)
			}
			defer e.Stop()
			d, err := e.NewDriver(collectors.Target{Device: 1, Address: a.Addr(), Protocol: collectors.SNMPv2c, SNMP: collectors.SNMPCredential{Community: "public"}})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			if _, err := d.Learn(b.Context()); err != nil {
				b.Fatal(err)
			}
			var readings []collectors.Reading
			b.ReportAllocs()
			for b.Loop() {
				if readings, err = d.Read(b.Context(), []string{"fast"}, readings[:0]); err != nil || len(readings) != outlets+1 {
					b.Fatalf("%d readings, %v", len(readings), err)
				}
			}
			b.ReportMetric(float64(e.Stats().Requests)/float64(b.N), "requests/op")
		})
	}
}
