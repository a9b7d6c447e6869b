// Package modbus reads devices over Modbus TCP and over serial framing in a
// TCP stream. The PDU layer is goburrow/modbus; framing, matching and the
// connection are ours, because an answer that comes late must never be taken
// for the answer to the next question. A poll over Modbus TCP sends frames that
// were made when it was planned (burst).
package modbus

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
)

// Function codes that goburrow has no call for.
const (
	funcReportServerID = 0x11
	funcEncapsulated   = 0x2B
	meiDeviceID        = 0x0E
)

// maxPDU is the largest protocol data unit, MODBUS Application Protocol 1.1b3
// section 4.1.
const maxPDU = 253

// framing turns a PDU into what goes over the wire and reads one answer.
type framing interface {
	// encode frames pdu for the unit; id distinguishes requests where the
	// framing has room for it.
	encode(id uint16, unit byte, pdu *modbus.ProtocolDataUnit) []byte
	// read reads one frame. The returned matches is false for a whole frame
	// that answers another request: it may be skipped. An error means that the
	// stream is no longer in step.
	read(r io.Reader, id uint16, request []byte) (frame []byte, matches bool, err error)
	// decode unpacks a frame that read returned as matching.
	decode(frame []byte) (*modbus.ProtocolDataUnit, error)
}

// malformed marks an answer that breaks the protocol.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", collectors.ErrProtocol, fmt.Sprintf(format, args...))
}

// tcpFraming is the MBAP header: transaction, protocol 0, length, unit.
type tcpFraming struct{}

const mbapSize = 7

func (tcpFraming) encode(id uint16, unit byte, pdu *modbus.ProtocolDataUnit) []byte {
	adu := make([]byte, mbapSize+1+len(pdu.Data))
	binary.BigEndian.PutUint16(adu, id)
	binary.BigEndian.PutUint16(adu[4:], uint16(2+len(pdu.Data)))
	adu[6] = unit
	adu[7] = pdu.FunctionCode
	copy(adu[8:], pdu.Data)
	return adu
}

// frameLength is the length of the frame that b begins with, 0 when too little
// of it is there to tell.
func frameLength(b []byte) (int, error) {
	if len(b) < mbapSize {
		return 0, nil
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if proto := binary.BigEndian.Uint16(b[2:]); proto != 0 {
		return 0, malformed("protocol identifier %d, want 0", proto)
	}
	if length < 3 || length > maxPDU+1 {
		return 0, malformed("frame length %d is not between 3 and %d", length, maxPDU+1)
	}
	return mbapSize - 1 + length, nil
}

func (tcpFraming) read(r io.Reader, id uint16, request []byte) ([]byte, bool, error) {
	var head [mbapSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, false, err
	}
	length, err := frameLength(head[:])
	if err != nil {
		return nil, false, err
	}
	frame := make([]byte, length)
	copy(frame, head[:])
	if _, err := io.ReadFull(r, frame[mbapSize:]); err != nil {
		return nil, false, err
	}
	if binary.BigEndian.Uint16(head[:]) != id {
		return nil, false, nil
	}
	return frame, true, verify(frame[6:], request[6:])
}

func (tcpFraming) decode(frame []byte) (*modbus.ProtocolDataUnit, error) {
	return &modbus.ProtocolDataUnit{FunctionCode: frame[7], Data: frame[8:]}, nil
}

// verify checks unit, function and length of an answer against its request;
// both begin with the unit id.
func verify(answer, request []byte) error {
	if answer[0] != request[0] {
		return malformed("answer of unit %d, asked unit %d", answer[0], request[0])
	}
	function := request[1]
	switch answer[1] {
	case function | 0x80:
		if len(answer) != 3 {
			return malformed("exception of %d bytes", len(answer))
		}
		return nil
	case function:
	default:
		return malformed("function %d answered, asked %d", answer[1], function)
	}
	want := -1
	switch function {
	case modbus.FuncCodeReadCoils, modbus.FuncCodeReadDiscreteInputs:
		want = (int(binary.BigEndian.Uint16(request[4:])) + 7) / 8
	case modbus.FuncCodeReadHoldingRegisters, modbus.FuncCodeReadInputRegisters:
		want = 2 * int(binary.BigEndian.Uint16(request[4:]))
	case modbus.FuncCodeWriteSingleCoil, modbus.FuncCodeWriteSingleRegister,
		modbus.FuncCodeWriteMultipleCoils, modbus.FuncCodeWriteMultipleRegisters:
		// Address and value, or address and count, come back as they were sent.
		if len(answer) != 6 || !bytes.Equal(answer[2:], request[2:6]) {
			return malformed("the answer is not of what was written")
		}
		return nil
	}
	if want < 0 {
		if len(answer) < 3 {
			return malformed("empty answer")
		}
		return nil
	}
	if len(answer) != 3+want || int(answer[2]) != want {
		return malformed("answer holds %d bytes (says %d), asked for %d", len(answer)-3, answer[2], want)
	}
	return nil
}

// rtuFraming is the serial frame: unit, PDU, CRC. It has no transaction, so a
// late answer cannot be told from the right one; the connection throws away
// what waits before each request and is closed after a time-out.
type rtuFraming struct{}

func (rtuFraming) encode(_ uint16, unit byte, pdu *modbus.ProtocolDataUnit) []byte {
	adu := make([]byte, 0, 4+len(pdu.Data))
	adu = append(adu, unit, pdu.FunctionCode)
	adu = append(adu, pdu.Data...)
	return binary.LittleEndian.AppendUint16(adu, crc16(adu))
}

func (rtuFraming) read(r io.Reader, _ uint16, request []byte) ([]byte, bool, error) {
	frame := make([]byte, 3, maxPDU+3)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, false, err
	}
	more := func(n int) error {
		at := len(frame)
		if at+n > maxPDU+3 {
			return malformed("serial frame longer than %d bytes", maxPDU+3)
		}
		frame = frame[:at+n]
		_, err := io.ReadFull(r, frame[at:])
		return err
	}
	var err error
	switch {
	case frame[1]&0x80 != 0: // unit, function, code, CRC
		err = more(2)
	case frame[1] == funcEncapsulated:
		err = readDeviceIDTail(&frame, more)
	case writes(frame[1]): // unit, function, address, value or count, CRC
		err = more(5)
	case frame[1] >= 1 && frame[1] <= 4 || frame[1] == funcReportServerID:
		err = more(int(frame[2]) + 2)
	default:
		err = malformed("function %d answered, asked %d", frame[1], request[1])
	}
	if err != nil {
		return nil, false, err
	}
	body := frame[:len(frame)-2]
	if crc16(body) != binary.LittleEndian.Uint16(frame[len(frame)-2:]) {
		return nil, false, malformed("checksum wrong")
	}
	return body, true, verify(body, request)
}

// readDeviceIDTail reads the rest of an answer to function 43/14, whose
// length only its objects tell.
func readDeviceIDTail(frame *[]byte, more func(int) error) error {
	// After unit, function and MEI type: code, conformity, more, next, count.
	if err := more(5); err != nil {
		return err
	}
	count := int((*frame)[7])
	for range count {
		if err := more(2); err != nil {
			return err
		}
		if err := more(int((*frame)[len(*frame)-1])); err != nil {
			return err
		}
	}
	return more(2)
}

func (rtuFraming) decode(body []byte) (*modbus.ProtocolDataUnit, error) {
	return &modbus.ProtocolDataUnit{FunctionCode: body[1], Data: body[2:]}, nil
}

// crc16 is the checksum of Modbus over Serial Line V1.02, appendix B.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			odd := crc&1 != 0
			crc >>= 1
			if odd {
				crc ^= 0xA001
			}
		}
	}
	return crc
}
