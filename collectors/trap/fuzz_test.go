package trap

import (
	"net/netip"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// FuzzDatagram has a known device send anything at all. Seeds from net-snmp are
// in testdata/fuzz.
func FuzzDatagram(f *testing.F) {
	from := netip.MustParseAddrPort("127.0.0.1:9")
	open := usm.User{Name: "open"}
	senders := []Sender{
		{Device: 1, Version: collectors.SNMPv2c, Credential: collectors.SNMPCredential{Community: "public"}},
		{Device: 2, Version: collectors.SNMPv3, Credential: collectors.SNMPCredential{User: open.Name}},
		{Device: 3, Version: collectors.SNMPv3, Credential: collectors.SNMPCredential{User: "secure", AuthProtocol: "SHA", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}},
		{Device: 4, Version: collectors.SNMPv3, Credential: collectors.SNMPCredential{User: "old", AuthProtocol: "MD5", AuthPassword: "auth password", PrivProtocol: "DES", PrivPassword: "priv password"}},
	}
	r, err := Listen(Options{
		Listen: "127.0.0.1:0", Rate: 1e9, Burst: 1e9,
		Senders: func(netip.Addr) []Sender { return senders },
		Handle: func(t Trap, done func(error)) {
			if t.Device < 1 || t.Device > 4 || t.OID == "" || len(t.Variables) > maxVariables {
				f.Errorf("got %+v", t)
			}
			for _, v := range t.Variables {
				if len(v.Value) > maxText {
					f.Errorf("a value of %d bytes", len(v.Value))
				}
			}
			if done != nil {
				done(nil)
			}
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = r.Close() })
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := r.Stats()
		r.datagram(t.Context(), b, from)
		after := r.Stats()
		if after.Limited+after.Foreign != before.Limited+before.Foreign {
			t.Error("a known device was not looked at")
		}
	})
}
