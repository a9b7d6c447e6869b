package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// cycleTime is how long an outlet that is cycled stays dark.
const cycleTime = 5 * time.Second

// Error-status values of a SET that is refused, RFC 3416 section 3.
const (
	wrongType   = 7
	wrongValue  = 10
	notWritable = 17
)

// switchOutlet does what an outlet is told; the caller holds Facility.mu. It
// returns false for what it does not know.
func (w *world) switchOutlet(p *pduState, outlet int, action string) bool {
	if outlet < 1 || outlet > outletsPerPDU {
		return false
	}
	o := outlet - 1
	switch action {
	case "on":
		p.off[o], p.backAt[o] = false, time.Time{}
	case "off":
		p.off[o], p.backAt[o] = true, time.Time{}
	case "cycle":
		p.off[o], p.backAt[o] = true, w.now.Add(cycleTime)
	default:
		return false
	}
	return true
}

// controls lets a device take SET of what its profile says can be written:
// outlets go dark, set-points keep their value.
func (f *Facility) controls(d *device, t *template) error {
	resolved, err := t.profile.Resolve(t.snmp)
	if err != nil {
		return fmt.Errorf("controls of %s: %w", d.info.Name, err)
	}
	byOID := map[string]*profile.ResolvedControl{}
	for i := range resolved.Controls {
		c := &resolved.Controls[i]
		byOID[c.OID] = c
		for _, o := range c.Spec.Options {
			byOID[c.Object(o.Name)] = c
		}
	}
	d.table.AllowWrites(func(oid string, tag byte, raw profile.Raw) int {
		c, ok := byOID[oid]
		if !ok {
			return notWritable
		}
		if tag != c.Tag {
			return wrongType
		}
		return f.take(d, c, oid, raw)
	})
	return nil
}

// take does what a device is told.
func (f *Facility) take(d *device, c *profile.ResolvedControl, _ string, raw profile.Raw) (status int) {
	option, value, ok := c.Value(raw)
	if !ok {
		return wrongValue
	}
	if c.Spec.Kind == models.ControlSetPoint {
		if value < c.Spec.Min || value > c.Spec.Max || d.table.Set(c.OID, 0, raw) != nil {
			return wrongValue
		}
		return 0
	}
	if !strings.HasPrefix(c.Spec.Key, "outlet/") || d.switched == nil {
		return notWritable
	}
	f.mu.Lock()
	done := d.switched(number(split(c.Spec.Key).at(1)), option)
	if done { // what is asked next shows it
		f.world.deliver(0)
	}
	f.mu.Unlock()
	if !done {
		return wrongValue
	}
	if option == "cycle" { // getting the object gives the state
		raw, _ = c.Encode("on", 0)
	}
	_ = d.table.Set(c.OID, 0, raw) // it was there when it was asked about
	d.mu.Lock()
	d.fresh = time.Time{}
	d.mu.Unlock()
	return 0
}
