package snmp

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync/atomic"
)

// ids gives request ids: a permutation of a counter under a random key, so that
// none comes twice in 2^31 and a device that sees its own does not foresee those
// of others, whose answers it could make up. It is safe for concurrent use.
type ids struct {
	counter atomic.Uint32
	key     [2]uint64
}

// seed makes the key anew, which keeps answers to an earlier process from
// matching as well.
func (g *ids) seed() error {
	var key [16]byte
	if _, err := rand.Read(key[:]); err != nil {
		return fmt.Errorf("seed request ids: %w", err)
	}
	g.key = [2]uint64{binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])}
	return nil
}

// next returns an id of 31 bits: positive, as SNMPv3 wants it.
func (g *ids) next() int32 { return g.permute(g.counter.Add(1) & 0x7FFFFFFF) }

// permute is a Feistel network of six rounds over halves of 16 and 15 bits.
func (g *ids) permute(n uint32) int32 {
	left, right := uint64(n>>15), uint64(n&0x7FFF)
	for round := uint64(0); round < 6; round += 2 {
		left ^= g.hash(round<<32|right) & 0xFFFF
		right ^= g.hash((round+1)<<32|left) & 0x7FFF
	}
	return int32(left<<15 | right)
}

// hash is SipHash with one and three rounds over one word, without a length.
func (g *ids) hash(word uint64) uint64 {
	a, b := g.key[0]^0x736f6d6570736575, g.key[1]^0x646f72616e646f6d
	c, d := g.key[0]^0x6c7967656e657261, g.key[1]^0x7465646279746573^word
	for i := range 4 {
		a, c = a+b, c+d
		b, d = bits.RotateLeft64(b, 13)^a, bits.RotateLeft64(d, 16)^c
		a = bits.RotateLeft64(a, 32)
		c, a = c+b, a+d
		b, d = bits.RotateLeft64(b, 17)^c, bits.RotateLeft64(d, 21)^a
		c = bits.RotateLeft64(c, 32)
		if i == 0 {
			a, c = a^word, c^0xFF
		}
	}
	return a ^ b ^ c ^ d
}
