package discover

import (
	"fmt"
	"net/netip"
	"strings"
)

// maxAddresses bounds one scan: a /16 of IPv4.
const maxAddresses = 1 << 16

// ParseRanges reads address ranges: 10.0.0.0/24, 10.0.0.5-10.0.0.80,
// 10.0.0.5-80 or a single address. The network and broadcast addresses of an
// IPv4 prefix shorter than /31 are left out, addresses named twice are taken
// once. The error names the range that is wrong.
func ParseRanges(texts []string) ([]netip.Addr, error) {
	var out []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, text := range texts {
		from, to, err := parseRange(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		for a := from; ; a = a.Next() {
			if !seen[a] {
				seen[a] = true
				out = append(out, a)
			}
			if len(out) > maxAddresses {
				return nil, fmt.Errorf("range %q: more than %d addresses in one scan", text, maxAddresses)
			}
			if a == to {
				break
			}
		}
	}
	return out, nil
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
		return from, to, fmt.Errorf("range %q is not like 10.0.0.0/24, 10.0.0.5-10.0.0.80 or 10.0.0.7", text)
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
		return from, to, fmt.Errorf("range %q: %q is not an address", text, second)
	}
	if from.Is4() != to.Is4() || to.Less(from) {
		return from, to, fmt.Errorf("range %q ends before it begins", text)
	}
	return from, to, nil
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
