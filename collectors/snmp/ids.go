package snmp

import (
	"hash/maphash"
	"sync/atomic"
)

// ids gives request ids: a permutation of a counter under a random key, so that
// none comes twice in 2^31 and a device that sees its own can hardly foresee
// those of others, whose answers it could make up. The key is of this process,
// which keeps answers to an earlier one from matching. It is safe for concurrent
// use.
type ids struct {
	counter atomic.Uint32
	key     maphash.Seed
}

func newIDs() *ids { return &ids{key: maphash.MakeSeed()} }

// next returns an id of 31 bits: positive, as SNMPv3 wants it.
func (g *ids) next() int32 { return g.permute(g.counter.Add(1) & 0x7FFFFFFF) }

// permute is a Feistel network of six rounds over halves of 16 and 15 bits.
func (g *ids) permute(n uint32) int32 {
	left, right := uint64(n>>15), uint64(n&0x7FFF)
	for round := uint64(0); round < 6; round += 2 {
		left ^= maphash.Comparable(g.key, round<<32|right) & 0xFFFF
		right ^= maphash.Comparable(g.key, (round+1)<<32|left) & 0x7FFF
	}
	return int32(left<<15 | right)
}
