package usm

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"testing"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// The examples of RFC 3414, appendix A.3.
func TestKeysOfTheStandard(t *testing.T) {
	engine := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}
	password := []byte("maplesyrup")
	check := func(what string, got []byte, want string) {
		t.Helper()
		if hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, want %s", what, got, want)
		}
	}
	ku := passwordKey(md5.New, password)
	check("MD5 Ku", ku, "9faf3283884e92834ebc9847d8edd963")
	check("MD5 Kul", localise(md5.New, ku, engine), "526f5eed9fcce26f8964c2930787d82b")
	ku = passwordKey(sha1.New, password)
	check("SHA Ku", ku, "9fb5cc0381497b3793528939ff788d5d79145211")
	check("SHA Kul", localise(sha1.New, ku, engine), "6695febc9288e36282235fc7151f128497b38f3f")
}

var testEngine = []byte("\x80\x00\x00\x00\x04engine")

// testKeys of one user at testEngine.
func testKeys(t testing.TB, auth, priv string) *Keys {
	t.Helper()
	u := User{Name: "monitor", AuthProtocol: auth, AuthPassword: "auth password"}
	if priv != "" {
		u.PrivProtocol, u.PrivPassword = priv, "priv password"
	}
	p, err := u.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.Localise(testEngine)
	if err != nil {
		t.Fatal(err)
	}
	k.salt = [8]byte{} // the same in every process
	return k
}

func testMessage(k *Keys) []byte {
	list := ber.AppendBinding(nil, []byte{0x2B, 6, 1, 2, 1, 1, 3, 0}, 0x43, []byte{1, 2, 3})
	m := Message{ID: 77, Flags: k.Flags(), EngineID: testEngine, User: []byte("monitor"), Boots: 3, Time: 4000}
	return Append(nil, m, k, PDU{ContextEngineID: testEngine, Tag: ber.Response, ID: 77}, list)
}

// Whatever single byte of a message is changed on its way, it is refused.
func TestAChangedMessageIsRefused(t *testing.T) {
	for _, x := range []struct{ auth, priv string }{{"MD5", "DES"}, {"SHA", "AES"}, {"SHA256", ""}, {"SHA512", "AES256"}} {
		k := testKeys(t, x.auth, x.priv)
		whole := testMessage(k)
		accepted := func(b []byte) bool {
			m, err := Parse(b)
			return err == nil && bytes.Equal(m.EngineID, testEngine) && k.Authentic(b, &m)
		}
		if !accepted(bytes.Clone(whole)) {
			t.Fatalf("%s/%s: the message itself is refused", x.auth, x.priv)
		}
		for i := range whole {
			for _, flip := range []byte{1, 0x80, 0xFF} {
				b := bytes.Clone(whole)
				b[i] ^= flip
				if accepted(b) {
					t.Errorf("%s/%s: byte %d changed by %02x is accepted", x.auth, x.priv, i, flip)
				}
			}
		}
		if accepted(append(bytes.Clone(whole), 0)) {
			t.Errorf("%s/%s: a byte behind the message is accepted", x.auth, x.priv)
		}
	}
}

// FuzzMessage: no message makes the reader crash, and none is accepted that
// was not made with the keys.
func FuzzMessage(f *testing.F) {
	keys := []*Keys{testKeys(f, "MD5", "DES"), testKeys(f, "SHA", "AES"), testKeys(f, "SHA256", "")}
	known := map[string]bool{}
	for _, k := range keys {
		b := testMessage(k)
		known[string(b)] = true
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range keys {
			c := bytes.Clone(b)
			m, err := Parse(c)
			if err != nil {
				continue
			}
			if k.Authentic(c, &m) && !known[string(b)] {
				t.Errorf("% x was taken for a message of the user", b)
			}
			scoped, err := k.Scoped(&m)
			if err != nil {
				continue
			}
			p, err := ParseScoped(scoped)
			if err != nil {
				continue
			}
			for !p.Bindings.Done() {
				if _, _, _, err := p.Bindings.Binding(); err != nil {
					break
				}
			}
		}
	})
}
