package modbus

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// pseudoTerminal opens a pair and returns its master and the slave's path.
func pseudoTerminal(t *testing.T) (*os.File, string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		missingPeer(t, "no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	var number int
	err = control(master, func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	if err != nil {
		missingPeer(t, "no pseudo-terminals: %v", err)
	}
	path := fmt.Sprintf("/dev/pts/%d", number)
	// Kept open, the slave outlives those who open and close it.
	keep, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		missingPeer(t, "no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { _ = keep.Close() })
	err = control(keep, func(fd int) error { // no echo before the others set it up
		s, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		s.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG
		s.Iflag, s.Oflag = 0, 0
		return unix.IoctlSetTermios(fd, unix.TCSETS, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	return master, path
}

// cable joins two lines; damage may change what passes from b to a.
func cable(t *testing.T, a, b *os.File, damage func([]byte) []byte) {
	t.Helper()
	pass := func(from, to *os.File, change func([]byte) []byte) {
		var buf [512]byte
		for {
			n, err := from.Read(buf[:])
			if n > 0 {
				out := buf[:n]
				if change != nil {
					out = change(out)
				}
				if _, err := to.Write(out); err != nil {
					return
				}
			}
			if err != nil && !errors.Is(err, unix.EIO) {
				return
			}
		}
	}
	go pass(a, b, nil)
	go pass(b, a, damage)
}

func TestSerialLine(t *testing.T) {
	ours, path := pseudoTerminal(t)
	theirs, server := pseudoTerminal(t)
	cable(t, ours, theirs, nil)
	if said := libmodbusServer(t, server); said != "ready" {
		t.Fatalf("server says %q", said)
	}
	target := collectors.Target{Name: "meter", Address: path + "?baud=19200&parity=even", Protocol: collectors.ModbusRTU, Profile: "peer", Modbus: collectors.ModbusAddress{Unit: 1}}
	e, d := readPeer(t, target)
	if n := e.Connections(); n != 1 {
		t.Errorf("%d connections to one line", n)
	}
	// Another unit on the same line is silent; ours goes on after it.
	target.Modbus.Unit, target.Timeout, target.Retries = 9, 200*time.Millisecond, -1
	silent := newDriver(t, e, target)
	if _, err := silent.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
		t.Errorf("silent unit: %v", err)
	}
	if _, err := d.Read(t.Context(), []string{"fast"}, nil); err != nil {
		t.Errorf("read after a silent unit: %v", err)
	}
}

func TestSerialLineDamaged(t *testing.T) {
	ours, path := pseudoTerminal(t)
	theirs, server := pseudoTerminal(t)
	n := 0
	cable(t, ours, theirs, func(b []byte) []byte {
		if n++; n%3 == 0 {
			b[len(b)/2] ^= 0x10
		}
		return b
	})
	libmodbusServer(t, server)
	readPeer(t, collectors.Target{
		Name: "meter", Address: path, Protocol: collectors.ModbusRTU, Profile: "peer", Modbus: collectors.ModbusAddress{Unit: 1},
		Timeout: 300 * time.Millisecond, Retries: 5,
	})
}

func TestSerialAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"/dev/ttyUSB0":                          "",
		"/dev/ttyS1?baud=9600&parity=none":      "",
		"/dev/serial/by-id/usb-x?data=7&stop=2": "",
		"/dev/ttyUSB0?baud=12":                  "baud",
		"/dev/ttyUSB0?speed=9600":               "speed",
		"/dev/ttyUSB0?parity=mark":              "parity",
		"/etc/passwd":                           "not a serial port",
		"/dev/tty/../../etc/passwd":             "not a serial port",
		"/dev/tty":                              "not a serial port",
		"COM1":                                  "not a serial port",
	} {
		err := ParseSerial(address)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	s, err := parseSerial("/dev/ttyUSB0?parity=none")
	if err != nil || s.StopBits != 2 || s.BaudRate != 19200 {
		t.Errorf("%+v, %v", s, err)
	}
	lib, err := profile.Load(fstest.MapFS{"peer.yaml": {Data: []byte(peerProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Library: lib})
	d, err := e.NewDriver(collectors.Target{Name: "x", Address: "/dev/ttyNONE0", Protocol: collectors.ModbusRTU, Profile: "peer"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) || !strings.Contains(err.Error(), "/dev/ttyNONE0") {
		t.Errorf("missing port: %v", err)
	}
}

// One line has one owner, by whatever name it is called.
func TestSerialLineHasOneOwner(t *testing.T) {
	e := New(Options{})
	defer e.Stop()
	use := func(address string) error {
		d := &Driver{engine: e, target: collectors.Target{Name: "meter", Address: address, Protocol: collectors.ModbusRTU}}
		return d.connect(t.Context())
	}
	for _, same := range []string{"/dev/ttyS0", "/dev/ttyS0?baud=19200", "/dev/ttyS0?parity=even&baud=19200"} {
		if err := use(same); err != nil {
			t.Fatalf("%s: %v", same, err)
		}
	}
	if n := e.Connections(); n != 1 {
		t.Errorf("%d gateways on one line", n)
	}
	if err := use("/dev/ttyS0?baud=9600"); err == nil || !strings.Contains(err.Error(), "9600 8E1") || !strings.Contains(err.Error(), "19200 8E1") {
		t.Errorf("other settings: %v", err)
	}
}
