package agent

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // devices still speak it
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // as above
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// User is an SNMPv3 user of an agent.
type User struct {
	Name string
	// AuthProtocol is "", MD5, SHA, SHA224, SHA256, SHA384 or SHA512.
	AuthProtocol, AuthPassword string
	// PrivProtocol is "", DES, AES, AES192, AES256, or AES192C and AES256C,
	// which lengthen a short key in another way.
	PrivProtocol, PrivPassword string
}

// authentication is a protocol of RFC 3414 (MD5, SHA) or RFC 7860.
type authentication struct {
	hash   func() hash.Hash
	length int // of the digest in a message, in bytes
}

var authentications = map[string]authentication{
	"MD5": {md5.New, 12}, "SHA": {sha1.New, 12}, "SHA224": {sha256.New224, 16},
	"SHA256": {sha256.New, 24}, "SHA384": {sha512.New384, 32}, "SHA512": {sha512.New, 48},
}

// privacyKeys gives the key length of each privacy protocol in bytes; that of
// DES holds eight bytes of key and eight of pre-IV.
var privacyKeys = map[string]int{"DES": 16, "AES": 16, "AES192": 24, "AES256": 32, "AES192C": 24, "AES256C": 32}

// USM answers SNMPv3 messages with the user-based security model of RFC 3414.
// It is safe for concurrent use.
type USM struct {
	engineID []byte
	boots    uint32
	start    time.Time
	users    map[string]*usmUser
	salt     atomic.Uint64
	// stats are the usmStats counters by their last sub-identifier.
	stats [7]atomic.Uint32
}

type usmUser struct {
	User
	auth             authentication
	authKey, privKey []byte
}

// The usmStats counters, RFC 3414 section 5.
const (
	unsupportedLevel = 1
	notInTimeWindow  = 2
	unknownUser      = 3
	unknownEngine    = 4
	wrongDigest      = 5
	decryptionError  = 6
)

// timeWindow is how far a message's time may be off, RFC 3414 section 2.2.3.
const timeWindow = 150

// NewUSM makes the security model of an agent. The engine id must be the
// agent's own; boots counts its restarts.
func NewUSM(engineID []byte, boots uint32, users ...*Prepared) (*USM, error) {
	if len(engineID) < 5 || len(engineID) > 32 {
		return nil, fmt.Errorf("engine id of %d bytes is not between 5 and 32 (RFC 3411)", len(engineID))
	}
	u := &USM{engineID: engineID, boots: boots, start: time.Now(), users: map[string]*usmUser{}}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("seed salt: %w", err)
	}
	u.salt.Store(binary.BigEndian.Uint64(seed[:]))
	for _, x := range users {
		k := &usmUser{User: x.User, auth: x.auth}
		if x.authKu != nil {
			k.authKey = localise(k.auth.hash, x.authKu, engineID)
		}
		if x.privKu != nil {
			k.privKey = lengthen(k.auth.hash, localise(k.auth.hash, x.privKu, engineID), engineID, privacyKeys[x.PrivProtocol], strings.HasSuffix(x.PrivProtocol, "C"))
		}
		u.users[x.Name] = k
	}
	return u, nil
}

// Prepared is a user whose passwords were turned into keys, which takes a
// megabyte of hashing each and is the same for every engine.
type Prepared struct {
	User
	auth           authentication
	authKu, privKu []byte
}

// Prepare checks a user and makes its keys.
func (x User) Prepare() (*Prepared, error) {
	p := &Prepared{User: x}
	if x.AuthProtocol != "" {
		var ok bool
		if p.auth, ok = authentications[x.AuthProtocol]; !ok || x.AuthPassword == "" {
			return nil, fmt.Errorf("user %s: authentication protocol %q is not known, or has no password", x.Name, x.AuthProtocol)
		}
		p.authKu = passwordKey(p.auth.hash, []byte(x.AuthPassword))
	}
	if x.PrivProtocol != "" {
		if _, ok := privacyKeys[x.PrivProtocol]; !ok || p.authKu == nil || x.PrivPassword == "" {
			return nil, fmt.Errorf("user %s: privacy protocol %q is not known, or has no password or no authentication beside it", x.Name, x.PrivProtocol)
		}
		p.privKu = passwordKey(p.auth.hash, []byte(x.PrivPassword))
	}
	return p, nil
}

// passwordKey makes a key of a password, RFC 3414 appendix A.2.
func passwordKey(h func() hash.Hash, password []byte) []byte {
	d := h()
	block := make([]byte, 64)
	for i := 0; i < 1<<20; {
		for k := range block {
			block[k] = password[i%len(password)]
			i++
		}
		d.Write(block)
	}
	return d.Sum(nil)
}

// localise makes a key good for one engine only, RFC 3414 section 2.6.
func localise(h func() hash.Hash, ku, engineID []byte) []byte {
	d := h()
	d.Write(ku)
	d.Write(engineID)
	d.Write(ku)
	return d.Sum(nil)
}

// lengthen gives a key n bytes: by hashing it on (draft-blumenthal-aes-usm), or
// by localising it again as if it were a password (draft-reeder-snmpv3-usm).
func lengthen(h func() hash.Hash, key, engineID []byte, n int, again bool) []byte {
	last := key
	for len(key) < n {
		if again {
			last = localise(h, passwordKey(h, last), engineID)
		} else {
			d := h()
			d.Write(key)
			last = d.Sum(nil)
		}
		key = append(bytes.Clone(key), last...)
	}
	return key[:n]
}

// v3 is a message taken apart; its slices alias the message.
type v3 struct {
	id                     int64
	flags                  byte
	engineID, user         []byte
	boots, time            uint32
	authParams, privParams []byte
	scopedTag              byte
	scoped                 []byte
}

var errV3 = errors.New("malformed SNMPv3 message")

func integerOf(r *ber.Reader) (int64, error) {
	b, err := r.Expect(0x02)
	if err != nil || len(b) == 0 || len(b) > 8 {
		return 0, errV3
	}
	n := int64(int8(b[0]))
	for _, c := range b[1:] {
		n = n<<8 | int64(c)
	}
	return n, nil
}

func parseV3(b []byte) (m v3, err error) {
	outer := ber.NewReader(b)
	content, err := outer.Expect(0x30)
	if err != nil {
		return m, err
	}
	r := ber.NewReader(content)
	if version, err := integerOf(&r); err != nil || version != 3 {
		return m, errV3
	}
	global, err := r.Expect(0x30)
	if err != nil {
		return m, err
	}
	g := ber.NewReader(global)
	if m.id, err = integerOf(&g); err != nil {
		return m, err
	}
	if _, err = integerOf(&g); err != nil { // what the other side can take
		return m, err
	}
	flags, err := g.Expect(0x04)
	if err != nil || len(flags) != 1 {
		return m, errV3
	}
	m.flags = flags[0]
	if model, err := integerOf(&g); err != nil || model != 3 {
		return m, errV3
	}
	params, err := r.Expect(0x04)
	if err != nil {
		return m, err
	}
	p := ber.NewReader(params)
	if params, err = p.Expect(0x30); err != nil {
		return m, err
	}
	p = ber.NewReader(params)
	if m.engineID, err = p.Expect(0x04); err != nil {
		return m, err
	}
	boots, err := integerOf(&p)
	if err != nil {
		return m, err
	}
	seconds, err := integerOf(&p)
	if err != nil {
		return m, err
	}
	m.boots, m.time = uint32(boots), uint32(seconds)
	for _, to := range []*[]byte{&m.user, &m.authParams, &m.privParams} {
		if *to, err = p.Expect(0x04); err != nil {
			return m, err
		}
	}
	m.scopedTag, m.scoped, err = r.Next()
	return m, err
}

// Message flags, RFC 3412 section 6.4.
const (
	flagAuth       = 1
	flagPriv       = 2
	flagReportable = 4
)

// Answer answers one message from the table; nil is silence.
func (u *USM) Answer(request []byte, t *Table, maxMessage int) []byte {
	request = bytes.Clone(request)
	m, err := parseV3(request)
	if err != nil {
		return nil
	}
	if !bytes.Equal(m.engineID, u.engineID) {
		return u.report(m, unknownEngine, nil)
	}
	user, ok := u.users[string(m.user)]
	if !ok {
		return u.report(m, unknownUser, nil)
	}
	auth, priv := m.flags&flagAuth != 0, m.flags&flagPriv != 0
	if auth != (user.authKey != nil) || priv != (user.privKey != nil) || priv && !auth {
		return u.report(m, unsupportedLevel, nil)
	}
	if auth {
		digest := bytes.Clone(m.authParams)
		clear(m.authParams)
		if !hmac.Equal(digest, user.digest(request)) {
			return u.report(m, wrongDigest, nil)
		}
		if off := int64(m.time) - int64(u.seconds()); m.boots != u.boots || off > timeWindow || off < -timeWindow {
			return u.report(m, notInTimeWindow, user)
		}
	}
	scoped := m.scoped
	if priv {
		if m.scopedTag != 0x04 {
			return u.report(m, decryptionError, nil)
		}
		plain, err := user.crypt(m.scoped, m.privParams, m.boots, m.time, false)
		if err != nil {
			return u.report(m, decryptionError, nil)
		}
		r := ber.NewReader(plain)
		if scoped, err = r.Expect(0x30); err != nil {
			return u.report(m, decryptionError, nil)
		}
	} else if m.scopedTag != 0x30 {
		return nil
	}
	return u.respond(m, user, scoped, t, maxMessage)
}

// respond works out the answer to a scoped PDU.
func (u *USM) respond(m v3, user *usmUser, scoped []byte, t *Table, maxMessage int) []byte {
	r := ber.NewReader(scoped)
	if _, err := r.Expect(0x04); err != nil { // context engine id
		return nil
	}
	context, err := r.Expect(0x04)
	if err != nil {
		return nil
	}
	pdu, body, err := r.Next()
	if err != nil {
		return nil
	}
	p := ber.NewReader(body)
	var n [3]int64
	for i := range n {
		if n[i], err = integerOf(&p); err != nil {
			return nil
		}
	}
	list, err := p.Expect(0x30)
	if err != nil {
		return nil
	}
	var names [][]byte
	for in := ber.NewReader(list); !in.Done(); {
		name, _, _, err := in.Binding()
		if err != nil {
			return nil
		}
		names = append(names, name)
	}
	const overhead = 200 // header, security parameters and padding
	status, index, bindings := t.Respond(1, pdu, int(n[1]), int(n[2]), names, maxMessage-overhead)
	if status < 0 {
		return nil
	}
	return u.seal(m, user, context, ber.Response, n[0], status, index, bindings)
}

// report says why a message was refused; with a user it is authenticated, so
// that the time in it can be trusted.
func (u *USM) report(m v3, counter int, user *usmUser) []byte {
	n := u.stats[counter].Add(1)
	if m.flags&flagReportable == 0 {
		return nil
	}
	name, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 6, 3, 15, 1, 1, uint32(counter), 0})
	if err != nil {
		return nil
	}
	const reportPDU = 0xA8
	binding := ber.AppendBinding(nil, name, 0x41, ber.AppendInteger(nil, int64(n))[2:])
	return u.seal(m, user, nil, reportPDU, 0, 0, 0, binding)
}

func (u *USM) seconds() uint32 { return uint32(time.Since(u.start) / time.Second) }

// seal builds a message; without a user it is neither authenticated nor
// encrypted, and a report is never encrypted.
func (u *USM) seal(m v3, user *usmUser, context []byte, pdu byte, id int64, a, b int, bindings []byte) []byte {
	body := ber.AppendInteger(nil, id)
	body = ber.AppendInteger(body, int64(a))
	body = ber.AppendInteger(body, int64(b))
	body = append(body, ber.List(bindings)...)
	scoped := ber.AppendTLV(nil, 0x04, u.engineID)
	scoped = ber.AppendTLV(scoped, 0x04, context)
	scoped = ber.AppendTLV(scoped, pdu, body)
	scoped = ber.AppendTLV(nil, 0x30, scoped)

	now := u.seconds()
	var flags byte
	var authParams, privParams, name []byte
	if user != nil {
		name = []byte(user.Name)
		if user.authKey != nil {
			flags |= flagAuth
			authParams = make([]byte, user.auth.length)
		}
		if user.privKey != nil && pdu == ber.Response {
			flags |= flagPriv
			privParams = binary.BigEndian.AppendUint64(nil, u.salt.Add(1))
			sealed, err := user.crypt(scoped, privParams, u.boots, now, true)
			if err != nil {
				return nil
			}
			scoped = ber.AppendTLV(nil, 0x04, sealed)
		}
	}
	params := ber.AppendTLV(nil, 0x04, u.engineID)
	params = ber.AppendInteger(params, int64(u.boots))
	params = ber.AppendInteger(params, int64(now))
	for _, x := range [][]byte{name, authParams, privParams} {
		params = ber.AppendTLV(params, 0x04, x)
	}
	global := ber.AppendInteger(nil, m.id)
	global = ber.AppendInteger(global, 65507)
	global = ber.AppendTLV(global, 0x04, []byte{flags})
	global = ber.AppendInteger(global, 3)
	message := ber.AppendInteger(nil, 3)
	message = ber.AppendTLV(message, 0x30, global)
	message = ber.AppendTLV(message, 0x04, ber.AppendTLV(nil, 0x30, params))
	message = append(message, scoped...)
	message = ber.AppendTLV(nil, 0x30, message)
	if flags&flagAuth != 0 {
		made, err := parseV3(message)
		if err != nil {
			return nil
		}
		copy(made.authParams, user.digest(message))
	}
	return message
}

// digest authenticates a message whose digest field is all zero.
func (k *usmUser) digest(message []byte) []byte {
	h := hmac.New(k.auth.hash, k.authKey)
	h.Write(message)
	return h.Sum(nil)[:k.auth.length]
}

// crypt encrypts or decrypts a scoped PDU: CBC-DES of RFC 3414 section 8, or
// AES-CFB of RFC 3826.
func (k *usmUser) crypt(in, salt []byte, boots, seconds uint32, encrypt bool) ([]byte, error) {
	if len(salt) != 8 {
		return nil, errV3
	}
	if k.PrivProtocol == "DES" {
		block, err := des.NewCipher(k.privKey[:8]) //nolint:gosec // the protocol's own
		if err != nil {
			return nil, err
		}
		iv := make([]byte, 8)
		for i := range iv {
			iv[i] = k.privKey[8+i] ^ salt[i]
		}
		if encrypt {
			in = append(bytes.Clone(in), make([]byte, (8-len(in)%8)%8)...)
		}
		if len(in)%8 != 0 {
			return nil, errV3
		}
		out := make([]byte, len(in))
		if encrypt {
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, in)
		} else {
			cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, in)
		}
		return out, nil
	}
	block, err := aes.NewCipher(k.privKey)
	if err != nil {
		return nil, err
	}
	iv := binary.BigEndian.AppendUint32(nil, boots)
	iv = binary.BigEndian.AppendUint32(iv, seconds)
	iv = append(iv, salt...)
	out := make([]byte, len(in))
	if encrypt {
		cipher.NewCFBEncrypter(block, iv).XORKeyStream(out, in) //nolint:staticcheck // RFC 3826 is CFB
	} else {
		cipher.NewCFBDecrypter(block, iv).XORKeyStream(out, in) //nolint:staticcheck // as above
	}
	return out, nil
}
