package simulate

import (
	"bytes"
	"encoding/binary"
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

// outlet is the number of the outlet that a control switches; 0 when it
// switches none.
func outlet(key string) int {
	if k := split(key); k.at(0) == "outlet" {
		return number(k.at(1))
	}
	return 0
}

// controls lets a device take what its profile says can be written: outlets go
// dark, machines stop, set-points keep their value.
func (f *Facility) controls(d *device, list []profile.ResolvedControl) {
	if d.table == nil {
		d.controls = list
		return
	}
	byOID := map[string]*profile.ResolvedControl{}
	for i := range list {
		c := &list[i]
		byOID[c.Object("")] = c
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
		return f.set(d, c, oid, raw)
	})
}

// set does what a device is told by SNMP.
func (f *Facility) set(d *device, c *profile.ResolvedControl, oid string, raw profile.Raw) (status int) {
	if c.Spec.Kind == models.ControlSetPoint {
		if !within(c, raw) || d.table.Set(oid, 0, raw) != nil {
			return wrongValue
		}
		return 0
	}
	option, ok := told(c, oid, raw)
	switch {
	case !ok:
		return wrongValue
	case d.told == nil:
		return notWritable
	case !f.tell(d, c, option):
		return wrongValue
	}
	if option == "cycle" { // getting the object gives the state
		raw, _ = c.Encode("on", 0)
	}
	if oid == c.OID {
		_ = d.table.Set(oid, 0, raw) // it was there when it was asked about
	}
	return 0
}

// within tells whether a set-point takes a value.
func within(c *profile.ResolvedControl, raw profile.Raw) bool {
	_, value, ok := c.Value(raw)
	if !ok {
		return false
	}
	_, err := c.Encode("", value)
	return err == nil
}

// told finds the option of a command that is this value in this object; the
// object is empty for registers.
func told(c *profile.ResolvedControl, oid string, raw profile.Raw) (option string, ok bool) {
	for _, o := range c.Spec.Options {
		want, err := c.Encode(o.Name, 0)
		if err == nil && c.Object(o.Name) == oid && want.Kind == raw.Kind && want.Int == raw.Int && bytes.Equal(want.Bytes, raw.Bytes) {
			return o.Name, true
		}
	}
	return "", false
}

// tell has a device do what it is told, so that what is asked next shows it. It
// returns false for what the device does not know.
func (f *Facility) tell(d *device, c *profile.ResolvedControl, option string) bool {
	f.mu.Lock()
	done := d.told(c.Spec.Key, option)
	if done {
		f.world.deliver(0)
	}
	f.mu.Unlock()
	d.mu.Lock()
	d.fresh = time.Time{}
	d.mu.Unlock()
	return done
}

// write answers a Modbus request that writes.
func (f *Facility) write(d *device, pdu []byte) []byte {
	fail := func(code byte) []byte { return []byte{pdu[0] | 0x80, code} }
	if len(d.controls) == 0 {
		return fail(illegalFunction) // the plant is only read
	}
	address, data, ok := written(pdu)
	if !ok {
		return fail(illegalValue)
	}
	for i := range d.controls {
		c := &d.controls[i]
		if c.Register.Unit != nil || c.Register.Address != address || c.Function != pdu[0] {
			continue
		}
		raw := profile.Raw{Kind: profile.Bytes, Bytes: data}
		option, known := "", false
		if c.Spec.Kind == models.ControlSetPoint {
			known = len(data) == 2*int(c.Register.Count) && within(c, raw)
		} else {
			option, known = told(c, "", raw)
		}
		if !known || option != "" && d.told != nil && !f.tell(d, c, option) {
			return fail(illegalValue)
		}
		d.keep(c, data)
		return pdu[:5]
	}
	return fail(illegalAddress)
}

// keep puts what was written into the registers, for who reads them, unless it
// was a command of which nothing stays.
func (d *device) keep(c *profile.ResolvedControl, data []byte) {
	if c.Spec.Kind == models.ControlCommand && c.Spec.Shows == "" {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.Register.Bit() {
		d.image.Set(*c.Register, 0, uint16(data[0]))
		return
	}
	for k := 0; k+1 < len(data); k += 2 {
		d.image.Set(*c.Register, uint16(k/2), binary.BigEndian.Uint16(data[k:]))
	}
}

// written takes a request that writes apart: where to, and the bytes of
// registers, or one byte for a coil. It knows what one control takes.
func written(pdu []byte) (address uint16, data []byte, ok bool) {
	if len(pdu) < 5 {
		return 0, nil, false
	}
	address = binary.BigEndian.Uint16(pdu[1:])
	value := binary.BigEndian.Uint16(pdu[3:]) // or how many follow
	switch pdu[0] {
	case 5:
		return address, []byte{byte(value >> 8 & 1)}, len(pdu) == 5 && (value == 0xFF00 || value == 0)
	case 6:
		return address, pdu[3:], len(pdu) == 5
	case 15:
		return address, []byte{pdu[len(pdu)-1] & 1}, len(pdu) == 7 && value == 1 && pdu[5] == 1
	case 16:
		return address, pdu[min(6, len(pdu)):], len(pdu) > 6 && len(pdu) == 6+int(pdu[5]) && int(pdu[5]) == 2*int(value)
	}
	return 0, nil, false
}
