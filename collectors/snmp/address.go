package snmp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
)

// resolveEvery is after how long the name of a device is looked up again.
const resolveEvery = time.Minute

// resolve returns the address of a target, and whether it was looked up by a
// name. While last is one of those that a name has, it stays; port and all.
func (e *Engine) resolve(ctx context.Context, t collectors.Target, last netip.AddrPort) (to netip.AddrPort, named bool, err error) {
	host, port, err := net.SplitHostPort(t.Address)
	if err != nil {
		return to, false, fmt.Errorf("address %q is not host:port: %w", t.Address, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return to, false, fmt.Errorf("port of %q is not between 1 and 65535", t.Address)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(a, uint16(number)), false, nil
	}
	timeout := e.opt.Timeout
	if t.Timeout > 0 {
		timeout = t.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := e.opt.Lookup(ctx, host)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s has no address", host)
	}
	if err != nil {
		return to, true, fmt.Errorf("look up %s: %w: %w", host, collectors.ErrUnreachable, err)
	}
	for i, a := range found {
		found[i] = a.Unmap()
	}
	if slices.Contains(found, last.Addr()) {
		return last, true, nil
	}
	return netip.AddrPortFrom(found[0], uint16(number)), true, nil
}
