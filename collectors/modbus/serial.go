package modbus

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goburrow/serial"
)

// line is a connection to devices: TCP, or a serial port.
type line interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
}

// serialLine is the port and the settings of an address such as
// /dev/ttyUSB0?baud=19200&parity=even&stop=1.
type serialLine struct {
	serial.Config
}

// ParseSerial checks the address of a serial line. The settings are those of
// Modbus over Serial Line V1.02 section 2.5.1 when they are not given: 19200
// baud, even parity, one stop bit; two without parity.
func ParseSerial(address string) error {
	_, err := parseSerial(address)
	return err
}

func parseSerial(address string) (*serialLine, error) {
	path, settings, _ := strings.Cut(address, "?")
	if !isSerialPort(path) {
		return nil, fmt.Errorf("%q is not a serial port such as /dev/ttyUSB0 or /dev/serial/by-id/…", path)
	}
	s := &serialLine{serial.Config{Address: path, BaudRate: 19200, DataBits: 8, Parity: "E"}}
	values, err := url.ParseQuery(settings)
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", path, err)
	}
	for name, list := range values {
		value := list[0]
		number := func(to *int, allowed ...int) error {
			n, err := strconv.Atoi(value)
			for _, a := range allowed {
				if err == nil && n == a {
					*to = n
					return nil
				}
			}
			return fmt.Errorf("%s of %s is %q, not one of %v", name, path, value, allowed)
		}
		switch name {
		case "baud":
			err = number(&s.BaudRate, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
		case "data":
			err = number(&s.DataBits, 7, 8)
		case "stop":
			err = number(&s.StopBits, 1, 2)
		case "parity":
			parity, ok := map[string]string{"none": "N", "even": "E", "odd": "O"}[value]
			if !ok {
				err = fmt.Errorf("parity of %s is %q, not none, even or odd", path, value)
			}
			s.Parity = parity
		default:
			err = fmt.Errorf("setting %q of %s is not one of baud, data, parity, stop", name, path)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.StopBits == 0 {
		s.StopBits = 1
		if s.Parity == "N" {
			s.StopBits = 2
		}
	}
	return s, nil
}

// like tells whether two addresses want the line the same way.
func (s *serialLine) like(o *serialLine) bool {
	return s.BaudRate == o.BaudRate && s.DataBits == o.DataBits && s.Parity == o.Parity && s.StopBits == o.StopBits
}

// String names the settings as people do: 19200 8E1.
func (s *serialLine) String() string {
	return fmt.Sprintf("%d %d%s%d", s.BaudRate, s.DataBits, s.Parity, s.StopBits)
}

// isSerialPort keeps other files from being opened.
func isSerialPort(path string) bool {
	if filepath.Clean(path) != path {
		return false
	}
	for _, prefix := range []string{"/dev/tty", "/dev/serial/", "/dev/pts/", "/dev/cu."} {
		if strings.HasPrefix(path, prefix) && len(path) > len(prefix) {
			return true
		}
	}
	return false
}

// silence is how long the line must be quiet between frames: 3.5 characters
// of 11 bits, and 1.75 ms above 19200 baud (section 2.5.1.1).
func (s *serialLine) silence() time.Duration {
	if s.BaudRate > 19200 {
		return 1750 * time.Microsecond
	}
	return time.Duration(3.5 * 11 / float64(s.BaudRate) * float64(time.Second))
}
