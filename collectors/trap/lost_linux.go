package trap

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// lostRoom is what a message needs of room for the count of those that were lost.
var lostRoom = unix.CmsgSpace(4)

// reportLost has the system tell with each message how many were lost before it.
func reportLost(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1) }); err != nil {
		return err
	}
	if set != nil {
		return fmt.Errorf("set SO_RXQ_OVFL: %w", set)
	}
	return nil
}

// lostSoFar reads what the system told with a message: how many were lost since
// the socket was opened. It says nothing while none were.
func lostSoFar(oob []byte) (n uint32, ok bool) {
	for len(oob) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0, false
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SO_RXQ_OVFL && len(data) >= 4 {
			return binary.NativeEndian.Uint32(data), true
		}
		oob = rest
	}
	return 0, false
}
