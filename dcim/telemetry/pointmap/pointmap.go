// Package pointmap maps point ids to state that is looked up for every
// sample. Ids come from a database that numbers them one after the other, and
// the points of a device lie together: pages of neighbours are found without
// hashing, and a poll touches few of them.
package pointmap

const (
	pageBits = 6
	pageSize = 1 << pageBits
	// Ids beyond near pages are kept in a map of pages, so that one huge id
	// does not take memory for all below it.
	near = 1 << 20
)

// Map maps ids to values of T, which never move. The zero Map is empty. Like a
// map it is for one writer or several readers at a time.
type Map[T any] struct {
	pages []*[pageSize]T
	far   map[uint64]*[pageSize]T
}

// Get returns the value of an id, nil where nothing near it was ever asked for
// with At.
func (m *Map[T]) Get(id uint64) *T {
	page := id >> pageBits
	if page < uint64(len(m.pages)) {
		if p := m.pages[page]; p != nil {
			return &p[id%pageSize]
		}
		return nil
	}
	if p := m.far[page]; p != nil {
		return &p[id%pageSize]
	}
	return nil
}

// At returns the value of an id, making room for it.
func (m *Map[T]) At(id uint64) *T {
	if v := m.Get(id); v != nil {
		return v
	}
	page := id >> pageBits
	fresh := new([pageSize]T)
	if page >= near {
		if m.far == nil {
			m.far = map[uint64]*[pageSize]T{}
		}
		m.far[page] = fresh
		return &fresh[id%pageSize]
	}
	if n := uint64(len(m.pages)); page >= n {
		m.pages = append(m.pages, make([]*[pageSize]T, max(page+1-n, n/4))...)
	}
	m.pages[page] = fresh
	return &fresh[id%pageSize]
}

// All calls f with every value that there is room for, set or not.
func (m *Map[T]) All(f func(*T)) {
	for _, p := range m.pages {
		if p != nil {
			for i := range p {
				f(&p[i])
			}
		}
	}
	for _, p := range m.far {
		for i := range p {
			f(&p[i])
		}
	}
}
