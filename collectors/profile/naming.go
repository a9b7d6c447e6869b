package profile

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// indexParts names the parts of a row index; ok is false for rows that the
// point does not want.
func (p *Point) indexParts(src source, index []uint32) (map[string]string, bool) {
	parts := map[string]string{}
	if index == nil {
		return parts, true
	}
	parts["index"] = joinIndex(index)
	parts["last"] = strconv.FormatUint(uint64(index[len(index)-1]), 10)
	for i, n := range index {
		parts[strconv.Itoa(i+1)] = strconv.FormatUint(uint64(n), 10)
	}
	for i, name := range p.Index {
		if i >= len(index) {
			return nil, false
		}
		if rest, ok := strings.CutSuffix(name, "*"); ok {
			parts[rest] = strings.ReplaceAll(joinIndex(index[i:]), ".", "-")
			break
		}
		if rest, ok := strings.CutSuffix(name, "$"); ok {
			parts[rest] = textIndex(index[i:])
			break
		}
		parts[name] = strconv.FormatUint(uint64(index[i]), 10)
	}
	for name, column := range p.Parts {
		text := src.cell(column, index).String()
		switch {
		case text != "":
			parts[name] = slug(text)
		case name == p.Module:
			parts[name] = strconv.Itoa(p.firstUnit()) // an agent that hides the column has one unit
		default:
			parts[name] = parts["last"]
		}
	}
	for name, keep := range p.Rows {
		n, err := strconv.ParseInt(parts[name], 10, 64)
		if err != nil || !containsInt(keep, n) {
			return nil, false
		}
	}
	for name, texts := range p.Names {
		if n, err := strconv.ParseInt(parts[name], 10, 64); err == nil {
			if t, ok := texts[n]; ok {
				parts[name] = t
			}
		}
	}
	return parts, true
}

// textIndex makes a key part of the octets at the end of an index, with or
// without their count before them: letters and digits as they are, other
// octets in hexadecimal, anything else as numbers.
func textIndex(index []uint32) string {
	if n := len(index); n > 1 && int64(index[0]) == int64(n)-1 {
		index = index[1:]
	}
	octets, printable := make([]byte, len(index)), true
	for i, n := range index {
		if n > 255 {
			return strings.ReplaceAll(joinIndex(index), ".", "-")
		}
		octets[i] = byte(n)
		printable = printable && n >= 0x20 && n < 0x7f
	}
	if printable {
		return slug(string(octets))
	}
	return hex.EncodeToString(octets)
}

func joinIndex(index []uint32) string {
	return strings.TrimPrefix(instance(" ", index), " .")
}

var braces = regexp.MustCompile(`\{([A-Za-z0-9_]+)\}`)

func expandKey(key string, parts map[string]string) string {
	if !strings.Contains(key, "{") {
		return key
	}
	return braces.ReplaceAllStringFunc(key, func(m string) string {
		name := m[1 : len(m)-1]
		if name == "label" {
			return slug(parts[name])
		}
		return parts[name]
	})
}

func expandLabel(label string, parts map[string]string) string {
	if !strings.Contains(label, "{") {
		return label
	}
	if parts["label"] == "" && strings.Contains(label, "{label}") {
		return "" // a name that nobody gave leaves only half a label
	}
	return strings.TrimSpace(braces.ReplaceAllStringFunc(label, func(m string) string { return parts[m[1:len(m)-1]] }))
}

// slug makes a text of the device usable in a key.
func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(s) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
			dash = false
		} else if !dash && b.Len() > 0 {
			b.WriteByte('-')
			dash = true
		}
		if b.Len() > 60 {
			break
		}
	}
	out := strings.Trim(b.String(), "-")
	if out == "" {
		return "x"
	}
	return out
}

// labelOf makes words of a key: "outlet/3/apparent-power" is "Outlet 3
// apparent power".
func labelOf(key string) string {
	s := strings.NewReplacer("/", " ", "-", " ").Replace(key)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// maxText bounds a text taken from a device.
const maxText = 255

// cleanText makes text of a device safe to keep: valid UTF-8, printable, one
// line, bounded.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
