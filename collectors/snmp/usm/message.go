package usm

import (
	"errors"
	"math"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// Errors of messages.
var (
	ErrMalformed  = errors.New("malformed SNMPv3 message")
	ErrDecryption = errors.New("message cannot be decrypted")
)

// Message flags, RFC 3412 section 6.4.
const (
	FlagAuth       = 1
	FlagPriv       = 2
	FlagReportable = 4
)

const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagSequence = 0x30
)

// Message is an SNMPv3 message with its security parameters; its slices alias
// the bytes it was parsed from.
type Message struct {
	ID             int32
	Flags          byte
	EngineID, User []byte
	// Boots and Time, in seconds, are the clock of the authoritative engine.
	Boots, Time uint32

	digest, salt []byte
	scopedTag    byte
	scoped       []byte
}

// Parse takes a message apart as far as it is not encrypted.
func Parse(b []byte) (m Message, err error) {
	content, err := sequence(b)
	if err != nil {
		return m, err
	}
	r := ber.NewReader(content)
	if version, err := integer(&r); err != nil || version != 3 {
		return m, ErrMalformed
	}
	global, err := r.Expect(tagSequence)
	if err != nil {
		return m, err
	}
	g := ber.NewReader(global)
	id, err := integer(&g)
	if err != nil || id < 0 || id > math.MaxInt32 {
		return m, ErrMalformed
	}
	m.ID = int32(id)
	if _, err = integer(&g); err != nil { // what the other side can take
		return m, err
	}
	flags, err := g.Expect(tagOctets)
	if err != nil || len(flags) != 1 {
		return m, ErrMalformed
	}
	m.Flags = flags[0]
	if model, err := integer(&g); err != nil || model != 3 {
		return m, ErrMalformed
	}
	params, err := r.Expect(tagOctets)
	if err != nil {
		return m, err
	}
	if params, err = sequence(params); err != nil {
		return m, err
	}
	p := ber.NewReader(params)
	if m.EngineID, err = p.Expect(tagOctets); err != nil {
		return m, err
	}
	boots, err := integer(&p)
	if err != nil {
		return m, err
	}
	seconds, err := integer(&p)
	if err != nil || boots < 0 || boots > math.MaxInt32 || seconds < 0 || seconds > math.MaxInt32 {
		return m, ErrMalformed
	}
	m.Boots, m.Time = uint32(boots), uint32(seconds)
	for _, to := range []*[]byte{&m.User, &m.digest, &m.salt} {
		if *to, err = p.Expect(tagOctets); err != nil {
			return m, err
		}
	}
	m.scopedTag, m.scoped, err = r.Next()
	return m, err
}

// sequence returns the content of a sequence; what stands behind it, such as
// the padding of DES, does not count.
func sequence(b []byte) ([]byte, error) {
	r := ber.NewReader(b)
	return r.Expect(tagSequence)
}

func integer(r *ber.Reader) (int64, error) {
	b, err := r.Expect(tagInteger)
	if err != nil || len(b) == 0 || len(b) > 8 {
		return 0, ErrMalformed
	}
	n := int64(int8(b[0]))
	for _, c := range b[1:] {
		n = n<<8 | int64(c)
	}
	return n, nil
}

// PDU is what is inside a scoped PDU.
type PDU struct {
	ContextEngineID, Context []byte
	Tag                      byte
	ID                       int32
	// A and B are error-status and error-index, or non-repeaters and
	// max-repetitions.
	A, B     int
	Bindings ber.Reader
}

// ParseScoped reads the content of a scoped PDU.
func ParseScoped(scoped []byte) (p PDU, err error) {
	r := ber.NewReader(scoped)
	if p.ContextEngineID, err = r.Expect(tagOctets); err != nil {
		return p, err
	}
	if p.Context, err = r.Expect(tagOctets); err != nil {
		return p, err
	}
	var body []byte
	if p.Tag, body, err = r.Next(); err != nil {
		return p, err
	}
	b := ber.NewReader(body)
	var n [3]int64
	for i := range n {
		if n[i], err = integer(&b); err != nil {
			return p, err
		}
		if n[i] > math.MaxInt32 || n[i] < math.MinInt32 {
			return p, ErrMalformed
		}
	}
	p.ID, p.A, p.B = int32(n[0]), int(n[1]), int(n[2])
	list, err := b.Expect(tagSequence)
	if err != nil {
		return p, err
	}
	p.Bindings = ber.NewReader(list)
	return p, nil
}

// Largest is the largest message that this side takes, in bytes.
const Largest = 65507

// Append appends a whole message around a scoped PDU. m gives id, flags,
// engine id, boots and time; flags decide whether k signs and encrypts.
// bindings is the content of the list of variable bindings.
func Append(dst []byte, m Message, k *Keys, p PDU, bindings []byte) []byte {
	// Everything is laid out from the inside outwards by its lengths, so that
	// the message is written once, from front to back.
	pdu := ber.SizeInteger(int64(p.ID)) + ber.SizeInteger(int64(p.A)) + ber.SizeInteger(int64(p.B)) + ber.SizeTLV(len(bindings))
	content := ber.SizeTLV(len(p.ContextEngineID)) + ber.SizeTLV(len(p.Context)) + ber.SizeTLV(pdu)
	scoped := ber.SizeTLV(content)
	var digest, salt int
	user := m.User
	if m.Flags&FlagAuth != 0 {
		digest = k.digest
	}
	data := scoped
	if m.Flags&FlagPriv != 0 {
		salt = 8
		if k.preIV != nil {
			scoped = (scoped + 7) / 8 * 8
		}
		data = ber.SizeTLV(scoped)
	}
	params := ber.SizeTLV(len(m.EngineID)) + ber.SizeInteger(int64(m.Boots)) + ber.SizeInteger(int64(m.Time)) +
		ber.SizeTLV(len(user)) + ber.SizeTLV(digest) + ber.SizeTLV(salt)
	global := ber.SizeInteger(int64(m.ID)) + ber.SizeInteger(Largest) + ber.SizeTLV(1) + ber.SizeInteger(3)
	whole := ber.SizeInteger(3) + ber.SizeTLV(global) + ber.SizeTLV(ber.SizeTLV(params)) + data

	start := len(dst)
	dst = ber.AppendHeader(dst, tagSequence, whole)
	dst = ber.AppendInteger(dst, 3)
	dst = ber.AppendHeader(dst, tagSequence, global)
	dst = ber.AppendInteger(dst, int64(m.ID))
	dst = ber.AppendInteger(dst, Largest)
	dst = ber.AppendTLV(dst, tagOctets, []byte{m.Flags})
	dst = ber.AppendInteger(dst, 3)
	dst = ber.AppendHeader(dst, tagOctets, ber.SizeTLV(params))
	dst = ber.AppendHeader(dst, tagSequence, params)
	dst = ber.AppendTLV(dst, tagOctets, m.EngineID)
	dst = ber.AppendInteger(dst, int64(m.Boots))
	dst = ber.AppendInteger(dst, int64(m.Time))
	dst = ber.AppendTLV(dst, tagOctets, user)
	dst = ber.AppendHeader(dst, tagOctets, digest)
	digestAt := len(dst)
	dst = append(dst, make([]byte, digest)...)
	dst = ber.AppendHeader(dst, tagOctets, salt)
	saltAt := len(dst)
	dst = append(dst, make([]byte, salt)...)
	if m.Flags&FlagPriv != 0 {
		dst = ber.AppendHeader(dst, tagOctets, scoped)
	}
	scopedAt := len(dst)
	dst = ber.AppendHeader(dst, tagSequence, content)
	dst = ber.AppendTLV(dst, tagOctets, p.ContextEngineID)
	dst = ber.AppendTLV(dst, tagOctets, p.Context)
	dst = ber.AppendHeader(dst, p.Tag, pdu)
	dst = ber.AppendInteger(dst, int64(p.ID))
	dst = ber.AppendInteger(dst, int64(p.A))
	dst = ber.AppendInteger(dst, int64(p.B))
	dst = ber.AppendTLV(dst, tagSequence, bindings)
	if m.Flags&FlagPriv != 0 {
		dst = k.encrypt(dst, scopedAt, m.Boots, m.Time)
		copy(dst[saltAt:], k.salt[:])
	}
	if digest > 0 {
		copy(dst[digestAt:digestAt+digest], k.sign(dst[start:]))
	}
	return dst
}
