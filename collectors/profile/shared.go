package profile

import (
	"crypto/sha256"
	"runtime"
	"sync"
	"weak"
)

// Shared keeps one T for all devices that are alike, as long as one of them
// uses it. The zero value is ready.
type Shared[T any] struct {
	mu   sync.Mutex
	list map[Likeness]weak.Pointer[T]
}

// Likeness is the digest of a text that is the same for devices which are
// alike.
type Likeness [sha256.Size]byte

// Of returns the T of devices with a likeness, which is made when there is none.
func (s *Shared[T]) Of(key Likeness, create func() (*T, error)) (*T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.list[key].Value(); x != nil {
		return x, nil
	}
	x, err := create()
	if err != nil {
		return nil, err
	}
	if s.list == nil {
		s.list = map[Likeness]weak.Pointer[T]{}
	}
	w := weak.Make(x)
	s.list[key] = w
	runtime.AddCleanup(x, func(key Likeness) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.list[key] == w {
			delete(s.list, key)
		}
	}, key)
	return x, nil
}
