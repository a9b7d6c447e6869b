package profile

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestSharedIsOneForAllAlike(t *testing.T) {
	type big [1 << 16]byte
	var s Shared[big]
	made := 0
	of := func(key Likeness) *big {
		x, err := s.Of(key, func() (*big, error) { made++; return new(big), nil })
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	a, b := of(Likeness{1}), of(Likeness{1})
	if other := of(Likeness{2}); a != b || a == other || made != 2 {
		t.Errorf("%d made", made)
	}
	if _, err := s.Of(Likeness{3}, func() (*big, error) { return nil, errors.New("no") }); err == nil {
		t.Error("the error of the maker is lost")
	}
	runtime.KeepAlive(a)
	// Nobody uses them any more.
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		runtime.GC()
		s.mu.Lock()
		left := len(s.list)
		s.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d are kept", left)
		}
	}
}
