// Package endpoint reads where a device is reached over a network: a host name
// or address with a port.
package endpoint

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// maxHost bounds a host name, RFC 1035 section 2.3.4, in characters as it is
// written.
const maxHost = 253

var (
	// hostName is what a name service may be asked for; underscores are met.
	hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)
	// dotted is the form of an IPv4 address and of no name: no top-level domain
	// is a number (RFC 3696 section 2).
	dotted = regexp.MustCompile(`^[0-9]*\.[0-9.]*$`)
)

// Parse parts an address into its host, an address or a name, and the port from
// 1 to 65535; port is the one of addresses that have none, 0 when they must
// have one. Spaces around it do not count. An IPv6 address with a port stands
// in brackets, and may have a zone. Nothing is looked up: a name that is well
// formed need not exist.
func Parse(address string, port uint16) (host string, at uint16, err error) {
	address = strings.TrimSpace(address)
	host, given, err := net.SplitHostPort(address)
	switch {
	case err == nil:
		n, err := strconv.ParseUint(given, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("%q: the port is not between 1 and 65535", address)
		}
		at = uint16(n)
	case port == 0:
		return "", 0, fmt.Errorf("%q is not host:port", address)
	default:
		host, at = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"), port
	}
	if err := CheckHost(host); err != nil {
		return "", 0, err
	}
	return host, at, nil
}

// CheckHost tells what is neither an IP address nor a name that a name service
// may be asked for. What is written like an IPv4 address, as 300.1.1.1 is, and
// is none, is no name either.
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	switch {
	case dotted.MatchString(host):
		return fmt.Errorf("%q is not an IPv4 address: those have four numbers from 0 to 255, without leading zeros", host)
	case len(host) > maxHost || !hostName.MatchString(host):
		return fmt.Errorf("%q is not a host name or address", host)
	}
	return nil
}
