package snmp

import (
	"errors"
	"os"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// descriptors is how many the process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// Discovery and walks of SNMPv3 have a socket of their own. A device that is
// not walked holds none, whatever a look at it came to.
func TestSocketsAreGivenBack(t *testing.T) {
	user := usm.User{Name: "monitor", AuthProtocol: "SHA", AuthPassword: "auth password"}
	e, target := usmTarget(t, user)
	noProfile := target
	noProfile.Profile = "none-such"
	b := newControlBench(t, true, &user)
	var drivers []collectors.Driver
	open := func(e *Engine, target collectors.Target) collectors.Driver {
		t.Helper()
		d, err := e.NewDriver(target)
		if err != nil {
			t.Fatal(err)
		}
		drivers = append(drivers, d)
		return d
	}
	defer func() {
		for _, d := range drivers {
			d.Close()
		}
	}()
	for _, x := range []struct {
		name string
		do   func()
	}{
		{"no profile", func() {
			if _, err := open(e, noProfile).Learn(t.Context()); !errors.Is(err, collectors.ErrNoProfile) {
				t.Error(err)
			}
		}},
		{"candidates", func() {
			if _, err := open(e, target).(*Driver).Candidates(t.Context()); err != nil {
				t.Error(err)
			}
		}},
		{"dry run", func() {
			c := open(b.engine, b.target).(*Controller)
			if _, err := c.Learn(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := c.Intend(t.Context(), "outlet/1/switch", collectors.Action{Option: "off"}); err != nil {
				t.Error(err)
			}
		}},
	} {
		before := descriptors(t)
		for range 5 {
			x.do()
		}
		if n := descriptors(t) - before; n != 0 {
			t.Errorf("%s: 5 devices hold %d descriptors", x.name, n)
		}
	}
}
