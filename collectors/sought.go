package collectors

import (
	"cmp"
	"slices"
)

// sought finds the readings of some points among those of a poll. They mostly
// stand where they stood the last time.
type sought struct {
	index []int32 // of readings
	at    []int32 // where they stood
}

// add has a reading sought, and returns its place for find.
func (s *sought) add(index int32) int32 {
	if i := slices.Index(s.index, index); i >= 0 {
		return int32(i)
	}
	s.index, s.at = append(s.index, index), append(s.at, index)
	return int32(len(s.index) - 1)
}

// find returns the reading at a place, nil when the poll has none of that
// point. The readings are in the order of their index.
func (s *sought) find(readings []Reading, place int32) *Reading {
	index := int(s.index[place])
	if at := int(s.at[place]); at < len(readings) && readings[at].Index == index {
		return &readings[at]
	}
	at, ok := slices.BinarySearchFunc(readings, index, func(r Reading, index int) int { return cmp.Compare(r.Index, index) })
	if !ok {
		return nil
	}
	s.at[place] = int32(at)
	return &readings[at]
}
