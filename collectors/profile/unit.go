package profile

import (
	"slices"
	"strconv"
)

// unitPrefix is the prefix of the keys of a daisy-chained unit: none for the first
// one, "unit/2/" for the second, whether the device counts from 0 or from 1.
func (s source) unitPrefix(module string, parts map[string]string) string {
	m := parts[module]
	if module == "" || m == "" || m == "0" {
		return ""
	}
	if s.fromZero {
		if n, err := strconv.ParseUint(m, 10, 32); err == nil {
			m = strconv.FormatUint(n+1, 10)
		}
	}
	if m == "1" {
		return ""
	}
	return "unit/" + m + "/"
}

// countsFromZero tells whether a column has rows of a unit 0 and of a unit 1.
func (s source) countsFromZero(points []Point) bool {
	for i := range points {
		p := &points[i]
		if p.Module == "" || p.Column == "" {
			continue
		}
		zero, one := false, false
		for _, row := range s.column(p.Column) {
			m := p.moduleOf(s, row.Index)
			zero, one = zero || m == "0", one || m == "1"
			if zero && one {
				return true
			}
		}
	}
	return false
}

// moduleOf is the part of a row that counts units.
func (p *Point) moduleOf(src source, index []uint32) string {
	if column, ok := p.Parts[p.Module]; ok {
		return src.cell(column, index).String()
	}
	i := slices.Index(p.Index, p.Module)
	if i < 0 || i >= len(index) {
		return ""
	}
	if t, ok := p.Names[p.Module][int64(index[i])]; ok {
		return t
	}
	return strconv.FormatUint(uint64(index[i]), 10)
}
