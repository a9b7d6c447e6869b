// Package usm is the user-based security model of SNMPv3 (RFC 3414) as
// manager and agent both need it: keys of users, digests, encryption, and the
// message around a scoped PDU. It keeps no state of an engine.
package usm

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
	"fmt"
	"hash"
	"strings"
)

// User is an SNMPv3 user.
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

// Localise makes the keys of a user for one engine.
func (p *Prepared) Localise(engineID []byte) (*Keys, error) {
	k := &Keys{user: p.Name}
	if _, err := rand.Read(k.salt[:]); err != nil {
		return nil, fmt.Errorf("seed salt: %w", err)
	}
	if p.authKu == nil {
		return k, nil
	}
	k.digest = p.auth.length
	k.mac = hmac.New(p.auth.hash, localise(p.auth.hash, p.authKu, engineID))
	if p.privKu == nil {
		return k, nil
	}
	again := strings.HasSuffix(p.PrivProtocol, "C")
	key := lengthen(p.auth.hash, localise(p.auth.hash, p.privKu, engineID), engineID, privacyKeys[p.PrivProtocol], again)
	var err error
	if p.PrivProtocol == "DES" {
		k.block, err = des.NewCipher(key[:8]) //nolint:gosec // the protocol's own
		k.preIV = key[8:16]
	} else {
		k.block, err = aes.NewCipher(key)
	}
	if err != nil {
		return nil, fmt.Errorf("privacy key of user %s: %w", p.Name, err)
	}
	return k, nil
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

// Keys are a user's keys at one engine. One goroutine at a time uses them.
type Keys struct {
	user   string
	digest int // bytes of it in a message; 0 without authentication
	mac    hash.Hash
	block  cipher.Block // nil without privacy
	preIV  []byte       // of DES
	salt   [8]byte
	sum    []byte
}

// Flags are the message flags for these keys, RFC 3412 section 6.4.
func (k *Keys) Flags() byte {
	var f byte
	if k.digest > 0 {
		f |= FlagAuth
	}
	if k.block != nil {
		f |= FlagPriv
	}
	return f
}

// sign computes the digest of a message whose digest field is all zero. The
// result is good until the next call.
func (k *Keys) sign(message []byte) []byte {
	k.mac.Reset()
	k.mac.Write(message)
	k.sum = k.mac.Sum(k.sum[:0])
	return k.sum[:k.digest]
}

// Authentic reports whether a message, as parsed from b, bears the digest of
// these keys. It clears the digest field in b.
func (k *Keys) Authentic(b []byte, m *Message) bool {
	if k.digest == 0 || m.Flags&FlagAuth == 0 || len(m.digest) != k.digest {
		return false
	}
	var got [64]byte
	n := copy(got[:], m.digest)
	clear(m.digest)
	return hmac.Equal(got[:n], k.sign(b))
}

// Scoped gives the content of the scoped PDU of a message that was found
// authentic. An encrypted one is decrypted in place, in the bytes that m was
// parsed from: CBC-DES of RFC 3414 section 8, or AES-CFB of RFC 3826.
func (k *Keys) Scoped(m *Message) ([]byte, error) {
	if m.Flags&FlagPriv == 0 {
		if m.scopedTag != tagSequence {
			return nil, ErrMalformed
		}
		return m.scoped, nil
	}
	if k.block == nil || m.scopedTag != tagOctets || len(m.salt) != 8 {
		return nil, ErrDecryption
	}
	if k.preIV != nil {
		if len(m.scoped) == 0 || len(m.scoped)%8 != 0 {
			return nil, ErrDecryption
		}
		cipher.NewCBCDecrypter(k.block, k.desIV(m.salt)).CryptBlocks(m.scoped, m.scoped)
	} else {
		iv := aesIV(m.Boots, m.Time, m.salt)
		cipher.NewCFBDecrypter(k.block, iv[:]).XORKeyStream(m.scoped, m.scoped) //nolint:staticcheck // RFC 3826 is CFB
	}
	content, err := sequence(m.scoped)
	if err != nil {
		return nil, ErrDecryption
	}
	return content, nil
}

// encrypt encrypts the bytes of b from on, in place; DES pads them.
func (k *Keys) encrypt(b []byte, from int, boots, seconds uint32) []byte {
	binary.BigEndian.PutUint64(k.salt[:], binary.BigEndian.Uint64(k.salt[:])+1)
	if k.preIV != nil {
		for (len(b)-from)%8 != 0 {
			b = append(b, 0)
		}
		cipher.NewCBCEncrypter(k.block, k.desIV(k.salt[:])).CryptBlocks(b[from:], b[from:])
		return b
	}
	iv := aesIV(boots, seconds, k.salt[:])
	cipher.NewCFBEncrypter(k.block, iv[:]).XORKeyStream(b[from:], b[from:]) //nolint:staticcheck // as above
	return b
}

func (k *Keys) desIV(salt []byte) []byte {
	iv := make([]byte, 8)
	for i := range iv {
		iv[i] = k.preIV[i] ^ salt[i]
	}
	return iv
}

func aesIV(boots, seconds uint32, salt []byte) (iv [16]byte) {
	binary.BigEndian.PutUint32(iv[:], boots)
	binary.BigEndian.PutUint32(iv[4:], seconds)
	copy(iv[8:], salt)
	return iv
}
