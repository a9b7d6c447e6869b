package profile

import "strconv"

// unitPrefix is the prefix of the keys of a daisy-chained unit: none for the first
// one, "unit/2/" for the second, whether they are counted from 0 or from 1. What
// other units there are just now does not matter: a key is that of one unit.
func (p *Point) unitPrefix(parts map[string]string) string {
	m := parts[p.Module]
	if p.Module == "" || m == "" {
		return ""
	}
	if n, err := strconv.ParseUint(m, 10, 32); err == nil && p.firstUnit() == 0 {
		m = strconv.FormatUint(n+1, 10)
	}
	if m == "1" {
		return ""
	}
	return "unit/" + m + "/"
}

// firstUnit is the number of the first unit of a chain.
func (p *Point) firstUnit() int {
	if p.FirstUnit == nil {
		return 1
	}
	return *p.FirstUnit
}
