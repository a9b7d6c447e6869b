package discover

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models/reason"
)

// maxAddresses bounds one scan: a /16 of IPv4.
const maxAddresses = 1 << 16

// ParseRanges reads address ranges: 10.0.0.0/24, 10.0.0.5-10.0.0.80,
// 10.0.0.5-80 or a single address. The network and broadcast addresses of an
// IPv4 prefix shorter than /31 are left out, addresses named twice are taken
// once. The error names the range that is wrong.
func ParseRanges(texts []string) ([]netip.Addr, error) {
	places, err := ParsePlaces(texts)
	if err != nil {
		return nil, err
	}
	out := make([]netip.Addr, len(places))
	for i, p := range places {
		if p.Port() != 0 {
			return nil, reason.New("range_has_port", fmt.Sprintf("range with port %d: the ports of SNMP and Modbus are given apart from the addresses", p.Port()), "port", strconv.Itoa(int(p.Port())))
		}
		out[i] = p.Addr()
	}
	return out, nil
}

// ParsePlaces is ParseRanges of ranges that may have a port of their own behind
// a colon, 10.0.0.0/24:1161 or [fd00::1-fd00::f]:1161, in place of the usual
// one. The port is 0 where none is given.
func ParsePlaces(texts []string) ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	seen := map[netip.AddrPort]bool{}
	for _, text := range texts {
		addresses, port, err := cutPort(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		from, to, err := parseRange(addresses)
		if err != nil {
			return nil, err
		}
		for a := from; ; a = a.Next() {
			if p := netip.AddrPortFrom(a, port); !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
			if len(out) > maxAddresses {
				return nil, wrong("range_too_many", text, fmt.Sprintf(": more than %d addresses in one scan", maxAddresses), "max", strconv.Itoa(maxAddresses))
			}
			if a == to {
				break
			}
		}
	}
	return out, nil
}

// cutPort parts a range from the port behind it: 0 when there is none. Colons
// are of an IPv6 address when there are several, unless brackets tell.
func cutPort(text string) (addresses string, port uint16, err error) {
	given, bracketed := "", false
	if addresses, bracketed = strings.CutPrefix(text, "["); bracketed {
		var closed bool
		if addresses, given, closed = strings.Cut(addresses, "]"); !closed {
			return "", 0, wrong("range_bracket", text, ": the bracket is not closed")
		}
	} else if at := strings.IndexByte(text, ':'); at >= 0 && strings.Count(text, ":") == 1 {
		addresses, given = text[:at], text[at:]
	}
	if given == "" {
		return addresses, 0, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(given, ":"), 10, 16)
	if err != nil || n == 0 || given[0] != ':' {
		return "", 0, wrong("range_port", text, ": the port is not between 1 and 65535")
	}
	return addresses, uint16(n), nil
}

func parseRange(text string) (from, to netip.Addr, err error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		from, to = p.Masked().Addr(), last(p)
		if p.Addr().Is4() && p.Bits() < 31 {
			from, to = from.Next(), to.Prev()
		}
		return from, to, nil
	}
	first, second, isRange := strings.Cut(text, "-")
	if from, err = netip.ParseAddr(strings.TrimSpace(first)); err != nil {
		return from, to, wrong("range_form", text, " is not like 10.0.0.0/24, 10.0.0.5-10.0.0.80 or 10.0.0.7")
	}
	if !isRange {
		return from, from, nil
	}
	second = strings.TrimSpace(second)
	if !strings.ContainsAny(second, ".:") { // the last part only: 10.0.0.5-80
		head := from.String()
		second = head[:strings.LastIndexAny(head, ".:")+1] + second
	}
	if to, err = netip.ParseAddr(second); err != nil {
		return from, to, wrong("range_address", text, fmt.Sprintf(": %s is not an address", reason.Quote(second)), "address", reason.Quote(second))
	}
	if from.Is4() != to.Is4() {
		return from, to, wrong("range_mixed", text, " begins and ends in different versions of IP")
	}
	if to.Less(from) {
		return from, to, wrong("range_reversed", text, " ends before it begins")
	}
	return from, to, nil
}

// wrong tells what is wrong with one range of those that were given.
func wrong(code, text, what string, values ...string) error {
	part := reason.Quote(text)
	return reason.New(code, "range "+part+what, append([]string{"part", part}, values...)...)
}

// last is the highest address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
