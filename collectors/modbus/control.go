package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// reads tells the functions that change nothing in a device.
func reads(function byte) bool {
	switch function {
	case modbus.FuncCodeReadCoils, modbus.FuncCodeReadDiscreteInputs, modbus.FuncCodeReadHoldingRegisters,
		modbus.FuncCodeReadInputRegisters, funcReportServerID, funcEncapsulated:
		return true
	}
	return false
}

// writes tells the functions that a writer may send.
func writes(function byte) bool {
	switch function {
	case modbus.FuncCodeWriteSingleCoil, modbus.FuncCodeWriteSingleRegister,
		modbus.FuncCodeWriteMultipleCoils, modbus.FuncCodeWriteMultipleRegisters:
		return true
	}
	return false
}

// writer is the only thing that sends functions that write. An engine has one
// only when it was built to write.
type writer struct{}

// Controller is a Driver of a device that may be written.
type Controller struct {
	*Driver
	writer *writer // nil for dry runs only
}

var _ collectors.Controller = (*Controller)(nil)

// control finds a control that was learned, and what it would write.
func (c *Controller) control(key string, a collectors.Action) (*profile.ResolvedControl, profile.Raw, error) {
	if c.known == nil {
		return nil, profile.Raw{}, fmt.Errorf("%w: it was not learned yet", collectors.ErrNoControl)
	}
	for i := range c.known.device.Controls {
		x := &c.known.device.Controls[i]
		if x.Spec.Key != key {
			continue
		}
		raw, err := x.Encode(a.Option, a.Value)
		if err != nil {
			return nil, raw, fmt.Errorf("%w: %w", collectors.ErrAction, err)
		}
		return x, raw, nil
	}
	return nil, profile.Raw{}, fmt.Errorf("%w: %s", collectors.ErrNoControl, key)
}

func (c *Controller) intent(x *profile.ResolvedControl, raw profile.Raw) collectors.Intent {
	return collectors.Intent{Target: fmt.Sprintf("%s, unit %d", x.Spec.Target, c.known.units.span(*x.Register).unit), Raw: x.Text(raw)}
}

// Intend implements collectors.Controller.
func (c *Controller) Intend(ctx context.Context, key string, a collectors.Action) (collectors.Intent, error) {
	x, raw, err := c.control(key, a)
	if err != nil {
		return collectors.Intent{}, err
	}
	out := c.intent(x, raw)
	if err := c.stands(ctx, x); err != nil {
		return out, err
	}
	if !x.Readable {
		return out, nil
	}
	now, err := c.current(ctx, x)
	if err != nil {
		return out, err
	}
	out.Current = x.Text(now)
	option, value, ok := x.Value(now)
	out.CurrentOption = option
	if ok && option == "" && x.Spec.Kind == models.ControlSetPoint {
		out.CurrentValue = &value
	}
	return out, nil
}

// current reads the register of a control.
func (c *Controller) current(ctx context.Context, x *profile.ResolvedControl) (profile.Raw, error) {
	if err := c.connect(ctx); err != nil {
		return profile.Raw{}, err
	}
	s := c.known.units.span(*x.Register)
	data, err := c.gateway.read(ctx, c.paceOf(c.known.profile), s.unit, s.table, uint16(s.from), uint16(s.to-s.from))
	if err != nil {
		return profile.Raw{}, err
	}
	if x.Register.Bit() && len(data) > 0 {
		data = []byte{data[0] & 1}
	}
	return profile.Raw{Kind: profile.Bytes, Bytes: data}, nil
}

// stands reads what it depends on what the register of a control is: that the
// device is the one that was learned, also without a silence since, the settings
// that the profile requires and the control's own conditions. When one does not
// hold the error is ErrMoved.
func (c *Controller) stands(ctx context.Context, x *profile.ResolvedControl) error {
	k := c.known
	if err := c.connect(ctx); err != nil {
		return err
	}
	c.silent = true
	if err := c.confirm(ctx); errors.Is(err, collectors.ErrOther) {
		return fmt.Errorf("%w: %w", collectors.ErrMoved, err)
	} else if err != nil {
		return err
	}
	needs := append(k.profile.ModbusRequirements(), x.Guards()...)
	if len(needs) == 0 {
		return nil
	}
	k.reader.gateway = c.gateway
	now := &view{units: k.units, data: map[span][]byte{}}
	for _, r := range needs {
		s := k.units.span(r)
		if _, ok := now.data[s]; ok {
			continue
		}
		data, err := k.reader.ask(ctx, s, try{})
		switch {
		case err == nil:
			b := block{span: s}
			now.data[s] = b.part(data, s)
		case !refused(err): // what the device does not have any more holds no condition
			return err
		}
	}
	if unmet := k.profile.Unmet(now); len(unmet) > 0 {
		return fmt.Errorf("%w: %s", collectors.ErrMoved, strings.Join(unmet, "; "))
	}
	if !k.profile.HoldsModbus(x, now) {
		return fmt.Errorf("%w: the device has no %s as it is set now", collectors.ErrMoved, x.Spec.Key)
	}
	return nil
}

// Write implements collectors.Controller.
func (c *Controller) Write(ctx context.Context, key string, a collectors.Action, want collectors.Intent) error {
	if c.writer == nil {
		return collectors.ErrReadOnly
	}
	x, raw, err := c.control(key, a)
	if err != nil {
		return err
	}
	if got := c.intent(x, raw); !got.Same(want) {
		return fmt.Errorf("%w: %s to %s", collectors.ErrMoved, got.Target, got.Raw)
	}
	if err := c.stands(ctx, x); err != nil {
		return err
	}
	if x.Readable {
		// A device that does not answer is not written to, and a connection
		// that the other side gave up is found out by reading.
		if _, err := c.current(ctx, x); err != nil {
			return err
		}
	}
	if err := c.connect(ctx); err != nil {
		return err
	}
	s := c.known.units.span(*x.Register)
	if err := c.writer.write(ctx, c.gateway, c.paceOf(c.known.profile), s.unit, request(x, uint16(s.from), raw.Bytes)); err != nil {
		return fmt.Errorf("write %s of unit %d at %s: %w", s, s.unit, c.gateway.address, err)
	}
	return nil
}

// request is the request that writes a control.
func request(x *profile.ResolvedControl, address uint16, data []byte) *modbus.ProtocolDataUnit {
	pdu := &modbus.ProtocolDataUnit{FunctionCode: x.Function, Data: binary.BigEndian.AppendUint16(nil, address)}
	switch x.Function {
	case modbus.FuncCodeWriteSingleCoil:
		pdu.Data = append(pdu.Data, 0xFF*data[0], 0)
	case modbus.FuncCodeWriteMultipleCoils:
		pdu.Data = append(pdu.Data, 0, 1, 1, data[0])
	case modbus.FuncCodeWriteMultipleRegisters:
		pdu.Data = binary.BigEndian.AppendUint16(pdu.Data, uint16(len(data)/2))
		pdu.Data = append(append(pdu.Data, byte(len(data))), data...)
	default:
		pdu.Data = append(pdu.Data, data...)
	}
	return pdu
}

// write sends one request that writes, once, in turn with all that read over
// the gateway.
func (w *writer) write(ctx context.Context, g *Gateway, p pace, unit byte, pdu *modbus.ProtocolDataUnit) error {
	if !writes(pdu.FunctionCode) {
		return fmt.Errorf("function %d does not write", pdu.FunctionCode)
	}
	p = g.paceOf(p)
	if err := g.take(ctx); err != nil {
		return err
	}
	defer g.give()
	if err := g.connect(ctx, time.Now().Add(p.timeout)); err != nil {
		return err // nothing was sent
	}
	answer, err := g.once(ctx, p.timeout, unit, pdu)
	g.last = time.Now()
	if err != nil {
		return fmt.Errorf("%w: %w", collectors.ErrUnanswered, err)
	}
	if answer.FunctionCode&0x80 == 0 {
		return nil
	}
	exception := &modbus.ModbusError{FunctionCode: answer.FunctionCode, ExceptionCode: first(answer.Data)}
	switch exception.ExceptionCode {
	case modbus.ExceptionCodeAcknowledge: // accepted, and it takes a while
		return nil
	case modbus.ExceptionCodeGatewayTargetDeviceFailedToRespond, modbus.ExceptionCodeServerDeviceFailure:
		return fmt.Errorf("%w: %w", collectors.ErrUnanswered, error(exception))
	}
	return fmt.Errorf("%w: %w", collectors.ErrRejected, error(exception))
}
