// Package ber encodes SNMPv1 and SNMPv2c messages and reads their answers:
// the part of the Basic Encoding Rules that RFC 1157 and RFC 3416 use. It
// keeps object identifiers as encoded bytes, so that an answer is compared
// with its request without being taken apart.
package ber

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// Protocol data unit tags, RFC 3416 section 3.
const (
	Get      = 0xA0
	GetNext  = 0xA1
	Response = 0xA2
	Set      = 0xA3
	GetBulk  = 0xA5
	Report   = 0xA8
)

// Error-status values of a response, RFC 3416 section 3.
const (
	NoError    = 0
	TooBig     = 1
	NoSuchName = 2
	GenErr     = 5
)

// Value tags that stand for "no value", RFC 3416 section 3.
const (
	NoSuchObject   = 0x80
	NoSuchInstance = 0x81
	EndOfMibView   = 0x82
)

const (
	tagInteger   = 0x02
	tagOctets    = 0x04
	tagNull      = 0x05
	tagOID       = 0x06
	tagSequence  = 0x30
	tagIP        = 0x40
	tagCounter   = 0x41
	tagGauge     = 0x42
	tagTicks     = 0x43
	tagOpaque    = 0x44
	tagCounter64 = 0x46
	tagUinteger  = 0x47
)

// ErrMalformed marks bytes that are not an SNMP message.
var ErrMalformed = errors.New("malformed message")

// EncodeOID gives the content bytes of an object identifier.
func EncodeOID(oid []uint32) ([]byte, error) {
	if len(oid) < 2 || oid[0] > 2 || oid[0] < 2 && oid[1] > 39 || uint64(oid[0])*40+uint64(oid[1]) > math.MaxUint32 {
		return nil, fmt.Errorf("object identifier %v cannot be encoded", oid)
	}
	out := appendBase128(nil, oid[0]*40+oid[1])
	for _, n := range oid[2:] {
		out = appendBase128(out, n)
	}
	return out, nil
}

func appendBase128(b []byte, n uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			b = append(b, byte(n>>shift)&0x7F|0x80)
		}
	}
	return append(b, byte(n&0x7F))
}

// DecodeOID is the inverse of EncodeOID.
func DecodeOID(b []byte) ([]uint32, error) {
	if len(b) == 0 || len(b) > 512 {
		return nil, ErrMalformed
	}
	out := make([]uint32, 0, len(b)+1)
	var n uint64
	for i, c := range b {
		n = n<<7 | uint64(c&0x7F)
		if n > math.MaxUint32 {
			return nil, ErrMalformed
		}
		if c&0x80 != 0 {
			if i == len(b)-1 {
				return nil, ErrMalformed
			}
			continue
		}
		if len(out) == 0 {
			first := min(n/40, 2)
			out = append(out, uint32(first), uint32(n-first*40))
		} else {
			out = append(out, uint32(n))
		}
		n = 0
	}
	return out, nil
}

func appendLength(b []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n < 0x100:
		return append(b, 0x81, byte(n))
	case n < 0x10000:
		return append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
}

// AppendHeader appends tag and length of n bytes of content that follow.
func AppendHeader(b []byte, tag byte, n int) []byte { return appendLength(append(b, tag), n) }

// AppendTLV appends a value with its tag and length.
func AppendTLV(b []byte, tag byte, content []byte) []byte {
	return append(AppendHeader(b, tag, len(content)), content...)
}

// SizeTLV is how many bytes a value with n bytes of content takes.
func SizeTLV(n int) int {
	switch {
	case n < 0x80:
		return n + 2
	case n < 0x100:
		return n + 3
	case n < 0x10000:
		return n + 4
	}
	return n + 5
}

// SizeInteger is how many bytes an INTEGER takes.
func SizeInteger(n int64) int {
	size := 3
	for n > 127 || n < -128 {
		n >>= 8
		size++
	}
	return size
}

// AppendInteger appends an INTEGER.
func AppendInteger(b []byte, n int64) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(n))
	i := 0
	for i < 7 && (raw[i] == 0 && raw[i+1]&0x80 == 0 || raw[i] == 0xFF && raw[i+1]&0x80 != 0) {
		i++
	}
	return AppendTLV(b, tagInteger, raw[i:])
}

// AppendName appends a variable binding of a request: a name with NULL.
func AppendName(b, name []byte) []byte {
	b = AppendHeader(b, tagSequence, SizeTLV(len(name))+2)
	b = AppendTLV(b, tagOID, name)
	return append(b, tagNull, 0)
}

// Encode appends a message. version is 0 for SNMPv1 and 1 for SNMPv2c; a and b
// are error-status and error-index, or non-repeaters and max-repetitions;
// bindings is the content of the list of variable bindings.
func Encode(dst []byte, version int, community string, pdu byte, id int32, a, b int, bindings []byte) []byte {
	body := SizeInteger(int64(id)) + SizeInteger(int64(a)) + SizeInteger(int64(b)) + SizeTLV(len(bindings))
	dst = AppendHeader(dst, tagSequence, SizeInteger(int64(version))+SizeTLV(len(community))+SizeTLV(body))
	dst = AppendInteger(dst, int64(version))
	dst = append(AppendHeader(dst, tagOctets, len(community)), community...)
	dst = AppendHeader(dst, pdu, body)
	dst = AppendInteger(dst, int64(id))
	dst = AppendInteger(dst, int64(a))
	dst = AppendInteger(dst, int64(b))
	return AppendTLV(dst, tagSequence, bindings)
}

// Reader walks over encoded values. The zero length means that it is done.
type Reader struct{ rest []byte }

// NewReader reads from b.
func NewReader(b []byte) Reader { return Reader{b} }

// Done reports whether everything was read.
func (r *Reader) Done() bool { return len(r.rest) == 0 }

// Rest returns what was not read yet.
func (r *Reader) Rest() []byte { return r.rest }

// Next returns tag and content of the next value.
func (r *Reader) Next() (tag byte, content []byte, err error) {
	b := r.rest
	if len(b) < 2 {
		return 0, nil, ErrMalformed
	}
	tag = b[0]
	n, head := int(b[1]), 2
	if n >= 0x80 {
		k := n & 0x7F
		if k == 0 || k > 4 || len(b) < 2+k {
			return 0, nil, ErrMalformed
		}
		n = 0
		for _, c := range b[2 : 2+k] {
			n = n<<8 | int(c)
		}
		head += k
	}
	if n < 0 || n > len(b)-head {
		return 0, nil, ErrMalformed
	}
	r.rest = b[head+n:]
	return tag, b[head : head+n], nil
}

// Expect is Next for a value that must have a certain tag.
func (r *Reader) Expect(tag byte) ([]byte, error) {
	got, content, err := r.Next()
	if err != nil {
		return nil, err
	}
	if got != tag {
		return nil, fmt.Errorf("%w: tag %#x where %#x belongs", ErrMalformed, got, tag)
	}
	return content, nil
}

func (r *Reader) integer() (int64, error) {
	b, err := r.Expect(tagInteger)
	if err != nil {
		return 0, err
	}
	return signed(b)
}

func signed(b []byte) (int64, error) {
	if len(b) == 0 || len(b) > 8 {
		return 0, ErrMalformed
	}
	n := int64(int8(b[0]))
	for _, c := range b[1:] {
		n = n<<8 | int64(c)
	}
	return n, nil
}

func unsigned(b []byte) (uint64, error) {
	if len(b) > 1 && b[0] == 0 && len(b) <= 9 {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 8 {
		return 0, ErrMalformed
	}
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, nil
}

// Message is a decoded message; Bindings and Community alias its bytes.
type Message struct {
	Version   int
	Community []byte
	PDU       byte
	ID        int32
	// A and B are error-status and error-index, or non-repeaters and
	// max-repetitions.
	A, B     int
	Bindings Reader
}

// Decode reads an SNMPv1 or SNMPv2c message.
func Decode(b []byte) (Message, error) {
	var m Message
	outer := Reader{b}
	content, err := outer.Expect(tagSequence)
	if err != nil {
		return m, err
	}
	r := Reader{content}
	v, err := r.integer()
	if err != nil {
		return m, err
	}
	if v != 0 && v != 1 {
		return m, fmt.Errorf("%w: version %d", ErrMalformed, v)
	}
	m.Version = int(v)
	if m.Community, err = r.Expect(tagOctets); err != nil {
		return m, err
	}
	var pdu []byte
	if m.PDU, pdu, err = r.Next(); err != nil {
		return m, err
	}
	if m.PDU&0xE0 != 0xA0 {
		return m, fmt.Errorf("%w: no protocol data unit", ErrMalformed)
	}
	p := Reader{pdu}
	var n [3]int64
	for i := range n {
		if n[i], err = p.integer(); err != nil {
			return m, err
		}
		if n[i] > math.MaxInt32 || n[i] < math.MinInt32 {
			return m, ErrMalformed
		}
	}
	m.ID, m.A, m.B = int32(n[0]), int(n[1]), int(n[2])
	list, err := p.Expect(tagSequence)
	if err != nil {
		return m, err
	}
	m.Bindings = Reader{list}
	return m, nil
}

// Identify returns the request id of an answer of SNMPv1 or SNMPv2c, or the
// message id of an SNMPv3 message, without reading the rest.
func Identify(b []byte) (id int32, ok bool) {
	outer := Reader{b}
	content, err := outer.Expect(tagSequence)
	if err != nil {
		return 0, false
	}
	r := Reader{content}
	version, err := r.integer()
	if err != nil {
		return 0, false
	}
	if version == 3 {
		content, err = r.Expect(tagSequence)
	} else {
		if version > 1 || version < 0 {
			return 0, false
		}
		if _, err = r.Expect(tagOctets); err != nil {
			return 0, false
		}
		content, err = r.Expect(Response)
	}
	if err != nil {
		return 0, false
	}
	r = Reader{content}
	n, err := r.integer()
	return int32(n), err == nil && n >= 0 && n <= math.MaxInt32
}

// Binding returns the next variable binding: the encoded name, and tag and
// content of the value.
func (r *Reader) Binding() (name []byte, tag byte, value []byte, err error) {
	one, err := r.Expect(tagSequence)
	if err != nil {
		return nil, 0, nil, err
	}
	b := Reader{one}
	if name, err = b.Expect(tagOID); err != nil {
		return nil, 0, nil, err
	}
	if tag, value, err = b.Next(); err != nil {
		return nil, 0, nil, err
	}
	return name, tag, value, nil
}

// Planned reads the next variable binding when its name is name: the content
// of an encoded OID with tag and length before it. It returns tag and content
// of the value; ok is false for another name and for malformed bytes.
func (r *Reader) Planned(name []byte) (tag byte, value []byte, ok bool) {
	b := r.rest
	if len(b) < 2 || b[0] != tagSequence {
		return 0, nil, false
	}
	n, head := int(b[1]), 2
	if n >= 0x80 {
		if n, head = longLength(b); head == 0 {
			return 0, nil, false
		}
	}
	if n > len(b)-head || n < len(name)+2 || string(b[head:head+len(name)]) != string(name) {
		return 0, nil, false
	}
	v := b[head+len(name) : head+n]
	r.rest = b[head+n:]
	if size := int(v[1]); size < 0x80 && size == len(v)-2 {
		return v[0], v[2:], true
	}
	inner := Reader{v}
	tag, value, err := inner.Next()
	return tag, value, err == nil && inner.Done()
}

// Whole reads the content of a value that is a whole number of at most 63 bits
// and sign: what Value does for it, and quicker.
func Whole(tag byte, content []byte) (n int64, ok bool) {
	if len(content) == 0 || len(content) > 8 {
		return 0, false
	}
	switch tag {
	case tagInteger:
		n = int64(int8(content[0]))
		for _, c := range content[1:] {
			n = n<<8 | int64(c)
		}
		return n, true
	case tagCounter, tagGauge, tagTicks, tagUinteger, tagCounter64:
		for _, c := range content {
			n = n<<8 | int64(c)
		}
		return n, n >= 0 && (n <= math.MaxUint32 || tag == tagCounter64)
	}
	return 0, false
}

// longLength reads a length of more than one byte at the beginning of b; head
// is zero when it is malformed.
func longLength(b []byte) (n, head int) {
	k := int(b[1] & 0x7F)
	if k == 0 || k > 3 || len(b) < 2+k {
		return 0, 0
	}
	for _, c := range b[2 : 2+k] {
		n = n<<8 | int(c)
	}
	return n, 2 + k
}

// Value reads the content of a value. Octets alias the message. Missing
// objects give a Raw of kind None.
func Value(tag byte, content []byte) (profile.Raw, error) {
	switch tag {
	case tagInteger:
		n, err := signed(content)
		return profile.Raw{Kind: profile.Int, Int: n}, err
	case tagCounter, tagGauge, tagTicks, tagUinteger, tagCounter64:
		n, err := unsigned(content)
		if n > math.MaxUint32 && tag != tagCounter64 {
			// More than the type can hold is no number; the octets are kept.
			return profile.Raw{Kind: profile.Bytes, Bytes: content}, err
		}
		if n > math.MaxInt64 {
			return profile.Raw{Kind: profile.Uint, Uint: n}, err
		}
		return profile.Raw{Kind: profile.Int, Int: int64(n)}, err
	case tagOctets, tagIP:
		return profile.Raw{Kind: profile.Bytes, Bytes: content}, nil
	case tagOID:
		oid, err := DecodeOID(content)
		if err != nil {
			return profile.Raw{}, err
		}
		return profile.Raw{Kind: profile.OID, Bytes: []byte(profile.Dotted(oid))}, nil
	case tagOpaque:
		return profile.OpaqueFloat(content), nil
	case tagNull, NoSuchObject, NoSuchInstance, EndOfMibView:
		return profile.Raw{}, nil
	}
	return profile.Raw{}, fmt.Errorf("%w: value tag %#x", ErrMalformed, tag)
}

// EncodeValue gives tag and content for a value of a recording.
func EncodeValue(tag byte, raw profile.Raw) (byte, []byte, error) {
	switch raw.Kind {
	case profile.Int:
		if tag == tagInteger || raw.Int < 0 {
			return tagInteger, AppendInteger(nil, raw.Int)[2:], nil
		}
		return tag, AppendInteger(nil, raw.Int)[2:], nil
	case profile.Uint:
		content := binary.BigEndian.AppendUint64([]byte{0}, raw.Uint)
		return tag, content, nil
	case profile.Float:
		content := []byte{0x9f, 0x78, 4}
		content = binary.BigEndian.AppendUint32(content, math.Float32bits(float32(raw.Float)))
		return tagOpaque, content, nil
	case profile.Bytes:
		return tag, raw.Bytes, nil
	case profile.OID:
		oid, err := profile.ParseOID(string(raw.Bytes))
		if err != nil {
			return 0, nil, err
		}
		content, err := EncodeOID(oid)
		return tagOID, content, err
	}
	return tagNull, nil, nil
}

// AppendBinding appends a variable binding of an answer.
func AppendBinding(b, name []byte, tag byte, value []byte) []byte {
	one := AppendTLV(nil, tagOID, name)
	one = AppendTLV(one, tag, value)
	return AppendTLV(b, tagSequence, one)
}
