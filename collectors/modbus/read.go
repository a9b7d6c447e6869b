package modbus

import (
	"context"
	"errors"
	"fmt"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
)

// The tables of a device, as profiles name them.
const (
	tableHolding  = "holding"
	tableInput    = "input"
	tableCoil     = "coil"
	tableDiscrete = "discrete"
)

// limits of one request, MODBUS Application Protocol 1.1b3 sections 6.1–6.4.
const (
	maxRegisters = 125
	maxBits      = 2000
)

// read asks for count registers (two bytes each) or bits (eight to a byte,
// least significant first) of a table.
func (g *Gateway) read(ctx context.Context, p pace, unit byte, table string, address, count uint16) ([]byte, error) {
	c := g.client(ctx, p, unit)
	var (
		data []byte
		err  error
	)
	switch table {
	case tableHolding:
		data, err = c.ReadHoldingRegisters(address, count)
	case tableInput:
		data, err = c.ReadInputRegisters(address, count)
	case tableCoil:
		data, err = c.ReadCoils(address, count)
	case tableDiscrete:
		data, err = c.ReadDiscreteInputs(address, count)
	default:
		return nil, fmt.Errorf("table %q is not one of holding, input, coil, discrete", table)
	}
	if err != nil {
		return nil, g.exception(unit, span{table: table, from: int(address), to: int(address) + int(count)}.object(), err)
	}
	return data, nil
}

// gatewayError is the word of a gateway about a unit behind it that it cannot
// reach (Modbus application protocol 1.1b3, section 7, exceptions 10 and 11):
// the gateway answers, the unit does not.
type gatewayError struct{ exception *modbus.ModbusError }

func (e *gatewayError) Error() string {
	if e.exception.ExceptionCode == modbus.ExceptionCodeGatewayPathUnavailable {
		return "gateway has no path to the unit (exception 10): look at its table of unit ids and its serial port"
	}
	return "gateway got no answer from the unit (exception 11): look at the unit id, the line behind the gateway and its timeout"
}

// Unwrap makes it an unreachable device and keeps the exception.
func (e *gatewayError) Unwrap() []error { return []error{collectors.ErrUnreachable, e.exception} }

// exception names the object of a refused request. A gateway that cannot
// reach the unit behind it means a device that does not answer.
func (g *Gateway) exception(unit byte, object string, err error) error {
	var e *modbus.ModbusError
	if !errors.As(err, &e) {
		return err
	}
	if e.ExceptionCode == modbus.ExceptionCodeGatewayPathUnavailable ||
		e.ExceptionCode == modbus.ExceptionCodeGatewayTargetDeviceFailedToRespond {
		return fmt.Errorf("read %s of unit %d at %s: %w", object, unit, g.address, &gatewayError{e})
	}
	return fmt.Errorf("read %s of unit %d at %s: %w", object, unit, g.address, err)
}

// refused tells whether the device answered that it has no such registers or
// does not know the function, rather than failing to answer.
func refused(err error) bool {
	var e *modbus.ModbusError
	return errors.As(err, &e) &&
		(e.ExceptionCode == modbus.ExceptionCodeIllegalFunction ||
			e.ExceptionCode == modbus.ExceptionCodeIllegalDataAddress ||
			e.ExceptionCode == modbus.ExceptionCodeIllegalDataValue)
}

// maxIdentifyRounds bounds a device that says "more follows" for ever.
const maxIdentifyRounds = 16

// deviceID reads the identification objects of function 43/14 by
// object id: 0 vendor, 1 product code, 2 revision, 3 vendor URL, 4 product
// name, 5 model, 128 and up the vendor's own. Category 1 asks for the basic
// ones, 3 for all. A device without that function gives an error for
// which refused is true.
func (g *Gateway) deviceID(ctx context.Context, p pace, unit, category byte) (map[byte]string, error) {
	objects := map[byte]string{}
	next := byte(0)
	for range maxIdentifyRounds {
		pdu, err := g.do(ctx, p, unit, &modbus.ProtocolDataUnit{FunctionCode: funcEncapsulated, Data: []byte{meiDeviceID, category, next}})
		if err != nil {
			return nil, err
		}
		if pdu.FunctionCode != funcEncapsulated {
			return nil, g.exception(unit, "device identification", &modbus.ModbusError{FunctionCode: pdu.FunctionCode, ExceptionCode: first(pdu.Data)})
		}
		d := pdu.Data // MEI type, code, conformity, more, next, count, objects
		if len(d) < 6 || d[0] != meiDeviceID {
			return nil, malformed("device identification of %d bytes", len(d))
		}
		more, count, rest := d[3], int(d[5]), d[6:]
		next = d[4]
		for range count {
			if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
				return nil, malformed("device identification cut short")
			}
			objects[rest[0]] = string(rest[2 : 2+int(rest[1])])
			rest = rest[2+int(rest[1]):]
		}
		if more == 0 {
			return objects, nil
		}
	}
	return nil, malformed("device identification has no end")
}

// serverID reads the answer of function 17: bytes whose meaning is the
// vendor's own.
func (g *Gateway) serverID(ctx context.Context, p pace, unit byte) ([]byte, error) {
	pdu, err := g.do(ctx, p, unit, &modbus.ProtocolDataUnit{FunctionCode: funcReportServerID})
	if err != nil {
		return nil, err
	}
	if pdu.FunctionCode != funcReportServerID {
		return nil, g.exception(unit, "server identification", &modbus.ModbusError{FunctionCode: pdu.FunctionCode, ExceptionCode: first(pdu.Data)})
	}
	if len(pdu.Data) < 1 || len(pdu.Data) < 1+int(pdu.Data[0]) {
		return nil, malformed("server identification cut short")
	}
	return pdu.Data[1 : 1+int(pdu.Data[0])], nil
}

func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}
