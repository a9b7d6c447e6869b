package modbus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/models"
)

// said is what a device said of itself before its profile was known. It is nil
// where a person named the profile.
type said struct {
	objects map[byte]string // of device identification, by object id
	// category is the one that objects were asked for by.
	category byte
	server   []byte // identification of function 17
	view     *view  // the registers that match rules look at
}

// marks are what a device was known by when it was learned. Modbus has no clock
// that tells of a restart, so that they alone tell, after a silence, a device
// from another one that took its place.
type marks struct {
	registers []mark // of identity and of the match rules
	// objects and server are as in said; nil where the device gave none.
	objects  map[byte]string
	category byte
	server   []byte
}

// mark is a span and what it held.
type mark struct {
	span
	data []byte
}

func (m marks) empty() bool { return len(m.registers) == 0 && m.objects == nil && m.server == nil }

// marksOf collects the marks of a device that is being learned. A device that
// nothing was asked because a person named its profile is asked now for the
// registers of the match rules; one that has none, and no identity in registers
// either, for its identifications, and never again when it knows neither.
func (d *Driver) marksOf(ctx context.Context, k *knowledge, s *said) (marks, error) {
	var m marks
	for _, r := range slices.Concat(k.profile.ModbusIdentityNeeds(), k.profile.ModbusMatchNeeds()) {
		at := k.units.span(r)
		if slices.ContainsFunc(m.registers, func(x mark) bool { return x.span == at }) {
			continue
		}
		data, ok := k.view.data[at]
		if !ok && s != nil {
			data, ok = s.view.data[at]
		} else if !ok {
			if b, err := k.reader.ask(ctx, at, try{}); err == nil {
				whole := block{span: at}
				data, ok = slices.Clone(whole.part(b, at)), true
			}
		}
		if ok {
			m.registers = append(m.registers, mark{at, data})
		}
	}
	if s != nil {
		m.objects, m.category = s.objects, s.category
		if m.objects == nil {
			m.server = s.server
		}
		return m, ctx.Err()
	}
	if len(m.registers) > 0 || d.nameless {
		return m, ctx.Err()
	}
	var err error
	if m.objects, err = d.gateway.deviceID(ctx, k.reader.pace, k.units.own, 1); err == nil {
		m.category = 1
	} else {
		m.server, _ = d.gateway.serverID(ctx, k.reader.pace, k.units.own)
	}
	d.nameless = m.empty() && ctx.Err() == nil
	return m, ctx.Err()
}

// heard tells whether a poll asked the device under its own unit id, and
// whether it gave any value.
func (k *knowledge) heard(p *plan, h []held) (asked, answered bool) {
	for i := range p.items {
		if p.items[i].unit != k.units.own {
			continue
		}
		if asked = true; h[i].quality == models.Good {
			return true, true
		}
	}
	return asked, false
}

// confirm asks a device that answers again after a silence whether it is the
// one that was learned. The error is ErrOther when it is not; after any other
// it is not known.
func (d *Driver) confirm(ctx context.Context) error {
	k := d.known
	if !d.silent || k.marks.empty() {
		d.silent = false
		return nil
	}
	k.reader.gateway = d.gateway
	same, err := d.bears(ctx, k, k.marks)
	if err != nil {
		return fmt.Errorf("ask %s (unit %d) again what it is: %w", d.target.Name, k.units.own, err)
	}
	if !same {
		return fmt.Errorf("%s (unit %d): %w", d.target.Name, k.units.own, collectors.ErrOther)
	}
	d.silent = false
	return nil
}

// bears tells whether the device bears all marks. One that answers that it has
// no such thing does not.
func (d *Driver) bears(ctx context.Context, k *knowledge, m marks) (bool, error) {
	for _, x := range m.registers {
		data, err := k.reader.ask(ctx, x.span, try{})
		if err != nil {
			return false, unlessRefused(err)
		}
		if whole := (block{span: x.span}); !bytes.Equal(whole.part(data, x.span), x.data) {
			return false, nil
		}
	}
	if m.objects != nil {
		objects, err := d.gateway.deviceID(ctx, k.reader.pace, k.units.own, m.category)
		if err != nil {
			return false, unlessRefused(err)
		}
		if !maps.Equal(objects, m.objects) {
			return false, nil
		}
	}
	if m.server != nil {
		server, err := d.gateway.serverID(ctx, k.reader.pace, k.units.own)
		if err != nil {
			return false, unlessRefused(err)
		}
		return bytes.Equal(server, m.server), nil
	}
	return true, nil
}

// unlessRefused is nil for an exception that says more than "later": it is an
// answer.
func unlessRefused(err error) error {
	if code := exceptionCode(err); code != 0 && !passing(code) && !errors.Is(err, collectors.ErrUnreachable) {
		return nil
	}
	return err
}
