package ber_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gosnmp/gosnmp"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

func name(t testing.TB, dotted string) []byte {
	t.Helper()
	oid, err := profile.ParseOID(dotted)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ber.EncodeOID(oid)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOIDs(t *testing.T) {
	for _, dotted := range []string{"0.0", "1.3.6.1.2.1.1.3.0", "1.3.6.1.4.1.318.1.1.26.4.3.1.5.1", "2.999.3", "1.3.127.128.16383.16384.2097151.2097152.4294967295"} {
		b := name(t, dotted)
		oid, err := ber.DecodeOID(b)
		if err != nil || profile.Dotted(oid) != dotted {
			t.Errorf("%s: %x gives %s, %v", dotted, b, profile.Dotted(oid), err)
		}
	}
	for _, b := range [][]byte{nil, {0x80}, {0x2b, 0x86}, {0x2b, 0x90, 0x80, 0x80, 0x80, 0x00}} {
		if oid, err := ber.DecodeOID(b); err == nil {
			t.Errorf("%x gives %v", b, oid)
		}
	}
}

func TestIntegers(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		b := ber.AppendInteger(nil, n)
		if len(b) != ber.SizeInteger(n) {
			t.Errorf("%d takes %d bytes, not %d", n, len(b), ber.SizeInteger(n))
		}
		raw, err := ber.Value(0x02, b[2:])
		if err != nil || raw.Int != n {
			t.Errorf("%d: %x gives %d, %v", n, b, raw.Int, err)
		}
	}
}

// values are bindings of all kinds that devices send.
func values() []gosnmp.SnmpPDU {
	return []gosnmp.SnmpPDU{
		{Name: ".1.3.6.1.2.1.1.3.0", Type: gosnmp.TimeTicks, Value: uint32(math.MaxUint32)},
		{Name: ".1.3.6.1.4.1.9.1.1", Type: gosnmp.Integer, Value: -40},
		{Name: ".1.3.6.1.4.1.9.1.2", Type: gosnmp.Gauge32, Value: uint32(3000000000)},
		{Name: ".1.3.6.1.4.1.9.1.3", Type: gosnmp.Counter64, Value: uint64(math.MaxUint64)},
		{Name: ".1.3.6.1.4.1.9.1.4", Type: gosnmp.OctetString, Value: strings.Repeat("x", 300)},
		{Name: ".1.3.6.1.4.1.9.1.5", Type: gosnmp.ObjectIdentifier, Value: ".1.3.6.1.4.1.9"},
		{Name: ".1.3.6.1.4.1.9.1.6", Type: gosnmp.NoSuchInstance},
		{Name: ".1.3.6.1.4.1.9.1.7." + strings.Repeat("4294967295.", 30) + "1", Type: gosnmp.Integer, Value: 7},
	}
}

func response(t testing.TB, version gosnmp.SnmpVersion, vars []gosnmp.SnmpPDU) []byte {
	t.Helper()
	p := gosnmp.SnmpPacket{Version: version, Community: "public", PDUType: gosnmp.GetResponse, RequestID: 77, Variables: vars}
	b, err := p.MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same compares what two readers made of one binding.
func same(v gosnmp.SnmpPDU, dotted string, raw profile.Raw) error {
	if strings.TrimPrefix(v.Name, ".") != dotted {
		return fmt.Errorf("name %s, gosnmp reads %s", dotted, v.Name)
	}
	text := ""
	if _, octets := v.Value.([]byte); raw.Kind == profile.Bytes && !octets && len(raw.Bytes) > 4 {
		return nil // more than 32 bits, of which gosnmp keeps the lower ones
	}
	switch x := v.Value.(type) {
	case nil:
		if raw.Kind != profile.None {
			return fmt.Errorf("%s: %+v, gosnmp reads nothing", dotted, raw)
		}
		return nil
	case []byte:
		if !bytes.Equal(raw.Bytes, x) {
			return fmt.Errorf("%s: %x, gosnmp reads %x", dotted, raw.Bytes, x)
		}
		return nil
	case float32, float64:
		text = fmt.Sprint(x)
		if f, ok := x.(float32); ok {
			text = fmt.Sprint(float64(f))
		}
	default:
		text = strings.TrimPrefix(fmt.Sprint(x), ".")
	}
	if got := raw.String(); v.Type != gosnmp.IPAddress && raw.Kind != profile.None && got != text && !(raw.Kind == profile.Float && fmt.Sprint(raw.Float) == text) {
		return fmt.Errorf("%s: %s (%d), gosnmp reads %s (%v)", dotted, got, raw.Kind, text, v.Type)
	}
	return nil
}

// read gives the bindings of a message, or what is wrong with it.
func read(b []byte) (dotted []string, raws []profile.Raw, err error) {
	m, err := ber.Decode(b)
	if err != nil {
		return nil, nil, err
	}
	for !m.Bindings.Done() {
		name, tag, value, err := m.Bindings.Binding()
		if err != nil {
			return nil, nil, err
		}
		oid, err := ber.DecodeOID(name)
		if err != nil {
			return nil, nil, err
		}
		raw, err := ber.Value(tag, value)
		if err != nil {
			return nil, nil, err
		}
		dotted, raws = append(dotted, profile.Dotted(oid)), append(raws, raw)
	}
	return dotted, raws, nil
}

func TestDecodeAsGosnmp(t *testing.T) {
	want := values()
	b := response(t, gosnmp.Version2c, want)
	dotted, raws, err := read(b)
	if err != nil || len(raws) != len(want) {
		t.Fatalf("%d bindings, %v", len(raws), err)
	}
	decoded, err := new(gosnmp.GoSNMP).SnmpDecodePacket(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range decoded.Variables {
		if err := same(v, dotted[i], raws[i]); err != nil {
			t.Error(err)
		}
	}
	if id, ok := ber.Identify(b); !ok || id != 77 {
		t.Errorf("id %d, %t", id, ok)
	}
}

func TestPlanned(t *testing.T) {
	vars := values()
	m, err := ber.Decode(response(t, gosnmp.Version2c, vars))
	if err != nil {
		t.Fatal(err)
	}
	r, plain := m.Bindings, m.Bindings
	for _, v := range vars {
		before := r
		if _, _, ok := r.Planned(encoded(name(t, v.Name[1:]+".1"))); ok {
			t.Errorf("%s is taken for another object", v.Name)
		}
		r = before
		tag, content, ok := r.Planned(encoded(name(t, v.Name[1:])))
		_, wantTag, want, err := plain.Binding()
		if err != nil {
			t.Fatal(err)
		}
		if !ok || tag != wantTag || !bytes.Equal(content, want) {
			t.Errorf("%s: %#x %x, %t, want %#x %x", v.Name, tag, content, ok, wantTag, want)
		}
	}
	if !r.Done() {
		t.Error("something is left")
	}
}

// FuzzDecode compares with gosnmp's decoder: what both can read must be the
// same. Ours may refuse what gosnmp lets pass.
func FuzzDecode(f *testing.F) {
	f.Add(response(f, gosnmp.Version2c, values()))
	f.Add(response(f, gosnmp.Version1, values()[:3]))
	f.Add(ber.Encode(nil, 1, "public", ber.Response, 5, 2, 1, ber.AppendName(nil, name(f, "1.3.6.1.2.1.1.3.0"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		dotted, raws, err := read(b)
		if err != nil {
			return
		}
		m, _ := ber.Decode(b)
		if id, ok := ber.Identify(b); m.PDU == ber.Response && m.ID >= 0 && (!ok || id != m.ID) {
			t.Errorf("identified as %d, %t; it is %d", id, ok, m.ID)
		}
		decoded, err := new(gosnmp.GoSNMP).SnmpDecodePacket(bytes.Clone(b))
		if err != nil || decoded.PDUType != gosnmp.GetResponse || len(decoded.Variables) != len(raws) {
			return
		}
		for i, v := range decoded.Variables {
			if err := same(v, dotted[i], raws[i]); err != nil {
				t.Error(err)
			}
		}
	})
}

// encoded is an object identifier with tag and length.
func encoded(name []byte) []byte { return ber.AppendTLV(nil, 6, name) }

// FuzzPlanned: the quick reader takes nothing that the plain one does not
// read alike.
func FuzzPlanned(f *testing.F) {
	m, err := ber.Decode(response(f, gosnmp.Version2c, values()))
	if err != nil {
		f.Fatal(err)
	}
	whole := m.Bindings
	for !whole.Done() {
		n, tag, value, err := whole.Binding()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ber.AppendBinding(nil, n, tag, value), n)
	}
	f.Fuzz(func(t *testing.T, list, n []byte) {
		if len(n) == 0 || len(n) > 1000 {
			return
		}
		quick, plain := ber.NewReader(list), ber.NewReader(list)
		gotTag, got, ok := quick.Planned(encoded(n))
		if !ok {
			return
		}
		name, tag, content, err := plain.Binding()
		if err != nil || !bytes.Equal(name, n) || gotTag != tag || !bytes.Equal(got, content) {
			t.Fatalf("taken for %x: %#x %x; it is %x: %#x %x, %v", n, gotTag, got, name, tag, content, err)
		}
		raw, err := ber.Value(tag, content)
		if whole, ok := ber.Whole(tag, content); ok != (err == nil && raw.Kind == profile.Int) || ok && whole != raw.Int {
			t.Errorf("whole number %d, %t; it is %+v, %v", whole, ok, raw, err)
		}
		if quick.Done() != plain.Done() {
			t.Error("another length was taken")
		}
	})
}
