package profile

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// written is a number as it stands in a text.
type written struct {
	number     string // for strconv; "" for none that can be read
	behind     string // what stands behind it
	start, end int    // where it stands, with its sign
	comma      bool   // a comma is its decimal sign
}

// firstNumber finds the first decimal number in a text. What may as well be a
// part of another number, of a name, of a list or of a time is none. A counter may be
// written with thousands alone, 1,234,567.
func firstNumber(text string, counter bool) written {
	start := strings.IndexAny(text, "0123456789")
	if start < 0 {
		return written{}
	}
	end := start
	for end < len(text) && isDigit(text[end]) || end+1 < len(text) && (text[end] == '.' || text[end] == ',') && isDigit(text[end+1]) {
		end++
	}
	digits := text[start:end]
	number := plainPoint(digits, counter)
	if start > 0 && isLetter(text[start-1]) { // the 1 of "Probe1: 22.5"
		return written{}
	}
	if number == "" || goesOn.MatchString(validText(text[end:])) {
		return written{}
	}
	w := written{comma: strings.Contains(number, ".") && strings.LastIndexByte(digits, ',') > strings.LastIndexByte(digits, '.')}
	if e := exponent.FindString(text[end:]); e != "" {
		number += e
		end += len(e)
	}
	if start > 0 && text[start-1] == '.' {
		number = "0." + number
		start--
	}
	before := text[:start]
	if alone := strings.TrimSpace(before); alone == "-" || alone == "−" || alone == "–" {
		before = strings.TrimRight(before, " \t")
	}
	for _, minus := range []string{"-", "−", "–"} {
		if strings.HasSuffix(before, minus) {
			number, start = "-"+number, len(before)-len(minus)
			break
		}
	}
	w.number, w.start, w.end, w.behind = number, start, end, strings.TrimSpace(text[end:])
	return w
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// exponent is that of a number such as 2.34e+01.
var exponent = regexp.MustCompile(`^[eE][+-]?\d{1,2}\b`)

// goesOn finds behind digits what makes them a part of something else: further
// thousands, 1 234 or 1'234, a time, 1:30, or a range, 20-25.
var goesOn = regexp.MustCompile(`^(?:[ '’\x{a0}\x{2009}\x{202f}]\d{3}(?:\D|$)|[:-]\d)`)

// validText is a text of a device in UTF-8: one that is not is in Latin-1.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// plainPoint writes digits with points and commas as a decimal number; "" is
// one that cannot be read, or in more than one way. A single sign is the decimal
// one; but a single comma before three digits may part thousands as well, 1,234.
// More signs are thousands, one to three digits and then three in each group,
// and one decimal sign, which is the other one.
func plainPoint(digits string, counter bool) string {
	points, commas := strings.Count(digits, "."), strings.Count(digits, ",")
	switch {
	case commas == 0 && points <= 1:
		return digits
	case points == 0 && commas == 1:
		if comma := strings.IndexByte(digits, ','); len(digits)-comma == 4 && comma <= 3 && digits[0] != '0' {
			return ""
		}
		return strings.Replace(digits, ",", ".", 1)
	}
	for _, sign := range []struct{ thousands, decimal string }{{",", "."}, {".", ","}} {
		whole, fraction, decimals := strings.Cut(digits, sign.decimal)
		groups := strings.Split(whole, sign.thousands)
		if !thousands(groups) || strings.ContainsAny(fraction, ".,") {
			continue
		}
		number := strings.Join(groups, "")
		switch {
		case counter && !decimals:
			return number
		case decimals && (counter || len(groups) == 2 || len(groups[0]) < 3): // 230,231,229.5 may be three voltages
			return number + "." + fraction
		}
	}
	return ""
}

// thousands tells whether the groups of digits are those of one number.
func thousands(groups []string) bool {
	if len(groups) < 2 || len(groups[0]) < 1 || len(groups[0]) > 3 || groups[0][0] == '0' {
		return false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return false
		}
	}
	return true
}

// decimalComma is a number and nothing else, written with a comma.
var decimalComma = regexp.MustCompile(`^[+-]?\d+,\d+$`)

// numberAlone is a text that is a number and nothing else, with a decimal
// point; other texts stay as they are.
func numberAlone(text string) string {
	if !decimalComma.MatchString(text) {
		return text
	}
	sign := strings.TrimLeft(text, "+-")
	if n := plainPoint(sign, false); n != "" {
		return text[:len(text)-len(sign)] + n
	}
	return text
}
