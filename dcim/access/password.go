package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Bounds of passwords: at least 12 characters (not bytes) and at most 256
// bytes, so that hashing costs the same for all.
const (
	MinPasswordChars = 12
	MaxPasswordBytes = 256
)

// HashParams are the costs of argon2id. The zero value means the defaults:
// 19 MiB, 2 passes, 1 lane, which the OWASP Password Storage Cheat Sheet names
// as its minimum for argon2id.
type HashParams struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

func (p HashParams) orDefault() HashParams {
	if p.MemoryKiB == 0 {
		p.MemoryKiB = 19 * 1024
	}
	if p.Passes == 0 {
		p.Passes = 2
	}
	if p.Lanes == 0 {
		p.Lanes = 1
	}
	return p
}

const (
	saltBytes = 16
	keyBytes  = 32
)

// hasher hashes and verifies passwords, a few at a time: each takes MiBs, and
// a flood of sign-ins must not take all memory.
type hasher struct {
	params HashParams
	slots  chan struct{}
	// dummy is a hash that no password has; unknown users are checked
	// against it so that they take as long as known ones.
	dummy string
}

func newHasher(p HashParams, parallel int) *hasher {
	h := &hasher{params: p.orDefault(), slots: make(chan struct{}, parallel)}
	secret := make([]byte, keyBytes)
	rand.Read(secret)
	h.dummy = h.encode(secret)
	return h
}

func (h *hasher) acquire(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hasher) release() { <-h.slots }

// hash returns the PHC string of the password with a fresh salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.acquire(ctx); err != nil {
		return "", err
	}
	defer h.release()
	return h.encode([]byte(norm.NFC.String(password))), nil
}

func (h *hasher) encode(password []byte) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	p := h.params
	key := argon2.IDKey(password, salt, p.Passes, p.MemoryKiB, p.Lanes, keyBytes)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.MemoryKiB, p.Passes, p.Lanes, b64(salt), b64(key))
}

// verify says whether the password has the hash, and whether the hash was
// made with other parameters and should be renewed. An empty or damaged hash
// costs the same as a good one and never matches.
func (h *hasher) verify(ctx context.Context, encoded, password string) (ok, renew bool, err error) {
	if err := h.acquire(ctx); err != nil {
		return false, false, err
	}
	defer h.release()
	p, salt, want, good := parsePHC(encoded)
	if !good {
		p, salt, want, _ = parsePHC(h.dummy)
	}
	got := argon2.IDKey([]byte(norm.NFC.String(password)), salt, p.Passes, p.MemoryKiB, p.Lanes, uint32(len(want)))
	equal := subtle.ConstantTimeCompare(got, want) == 1
	return equal && good, p != h.params, nil
}

func parsePHC(s string) (p HashParams, salt, key []byte, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return p, nil, nil, false
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return p, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Lanes); err != nil {
		return p, nil, nil, false
	}
	// Bounds keep a manipulated row from exhausting the machine.
	if p.MemoryKiB > 1<<20 || p.Passes == 0 || p.Passes > 64 || p.Lanes == 0 {
		return p, nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, false
	}
	return p, salt, key, true
}

// CheckPassword returns an *InvalidError when the password may not be used by
// the user of that name.
func CheckPassword(password, name, displayName string) error {
	bad := func(code, reason string) error {
		return &InvalidError{Field: "password", Code: code, Reason: reason}
	}
	switch {
	case len(password) > MaxPasswordBytes:
		return bad("too_long", fmt.Sprintf("must be at most %d bytes long", MaxPasswordBytes))
	case !utf8.ValidString(password):
		return bad("encoding", "must be valid UTF-8 text")
	case strings.IndexFunc(password, unicode.IsControl) >= 0:
		return bad("control", "must not contain control characters")
	}
	composed := norm.NFC.String(password)
	if utf8.RuneCountInString(composed) < MinPasswordChars {
		return bad("too_short", fmt.Sprintf("must be at least %d characters long", MinPasswordChars))
	}
	lower := strings.ToLower(composed)
	for _, n := range []string{name, displayName} {
		n = strings.ToLower(strings.TrimSpace(n))
		if utf8.RuneCountInString(n) >= 3 && strings.Contains(lower, n) && tooFewBeyond(lower, n) {
			return bad("name", "must not be made from the user's name")
		}
	}
	if guessable(lower) {
		return bad("common", "is too easy to guess: use several unrelated words or random characters")
	}
	return nil
}

// tooFewBeyond says whether fewer than eight characters remain when the word
// is taken away.
func tooFewBeyond(s, word string) bool {
	return utf8.RuneCountInString(strings.ReplaceAll(s, word, "")) < 8
}

// commonParts are words, names of such products and runs of keys that guessing
// programs try first; a password needs eight characters beyond them.
var commonParts = []string{
	"administrator", "password", "passwort", "passw0rd", "p@ssw0rd", "p@ssword", "pa$$word", "matkhau",
	"qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "qwerty", "1qaz2wsx3edc", "1qaz2wsx", "qazwsx",
	"changeme", "changeit", "letmein", "welcome", "iloveyou", "trustno1", "superman", "sunshine", "princess",
	"football", "baseball", "dragon", "monkey", "master", "secret", "default", "public", "private",
	"datacenter", "datacentre", "aisle", "admin", "root", "guest", "login", "test", "hello", "anhyeuem",
	"01234567890", "0123456789", "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234", "123",
	"9876543210", "987654321", "abcdefghijklmnopqrstuvwxyz", "abcdefgh", "abcdef", "abcd", "abc",
}

// guessable says whether a lower-case password of sufficient length is still
// among the first that anyone would try: few different characters, a short
// block repeated, a run of neighbours, or common words with decoration.
func guessable(s string) bool {
	runes := []rune(s)
	distinct := map[rune]bool{}
	for _, r := range runes {
		distinct[r] = true
	}
	if len(distinct) < 5 {
		return true
	}
	for period := 1; period <= len(runes)/2 && period <= 8; period++ {
		repeats := true
		for i := period; i < len(runes) && repeats; i++ {
			repeats = runes[i] == runes[i-period]
		}
		if repeats {
			return true
		}
	}
	steps := 0
	for i := 1; i < len(runes); i++ {
		if d := runes[i] - runes[i-1]; d >= -1 && d <= 1 {
			steps++
		}
	}
	if steps*4 >= (len(runes)-1)*3 {
		return true
	}
	rest := s
	found := false
	for _, w := range commonParts {
		if strings.Contains(rest, w) {
			rest, found = strings.ReplaceAll(rest, w, ""), true
		}
	}
	if !found {
		return false
	}
	letters := 0
	for _, r := range rest {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return utf8.RuneCountInString(rest) < 8 && letters < 6
}
