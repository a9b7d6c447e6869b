package snmp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// users are the SNMPv3 users whose passwords were turned into keys, once for
// all agents. It is safe for concurrent use.
type users struct {
	key [32]byte // of the digests by which users are found, instead of passwords

	mu       sync.Mutex
	prepared map[[sha256.Size]byte]*preparation
}

// preparation is a user being prepared, which takes megabytes of hashing: only
// those wait that need this one.
type preparation struct {
	once     sync.Once
	prepared *usm.Prepared
	err      error
}

// maxUsers is how many are kept; beyond it all are prepared anew when they are
// needed, which sites with so many have time for.
const maxUsers = 1024

func newUsers() *users {
	u := &users{prepared: map[[sha256.Size]byte]*preparation{}}
	_, _ = rand.Read(u.key[:]) // it never fails
	return u
}

func (u *users) prepare(user usm.User) (*usm.Prepared, error) {
	h := hmac.New(sha256.New, u.key[:])
	var b []byte
	for _, s := range []string{user.Name, user.AuthProtocol, user.AuthPassword, user.PrivProtocol, user.PrivPassword} {
		b = append(binary.BigEndian.AppendUint64(b[:0], uint64(len(s))), s...)
		h.Write(b)
	}
	digest := [sha256.Size]byte(h.Sum(nil))
	u.mu.Lock()
	p, ok := u.prepared[digest]
	if !ok {
		if len(u.prepared) >= maxUsers {
			clear(u.prepared)
		}
		p = &preparation{}
		u.prepared[digest] = p
	}
	u.mu.Unlock()
	p.once.Do(func() { p.prepared, p.err = user.Prepare() })
	return p.prepared, p.err
}
