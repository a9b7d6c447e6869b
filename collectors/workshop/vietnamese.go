package workshop

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// vietnamese are the words of register tables for what is measured and where,
// without their marks, and the English ones that quantities are guessed from.
// Longer ones come before those that they begin with or hold.
var vietnamese = translations(
	"hệ số công suất", "power factor",
	"công suất tác dụng", "active power",
	"công suất phản kháng", "reactive power",
	"công suất biểu kiến", "apparent power",
	"công suất", "power",
	"điện năng tác dụng", "active energy",
	"điện năng phản kháng", "reactive energy",
	"điện năng biểu kiến", "apparent energy",
	"điện năng", "energy",
	"năng lượng tác dụng", "active energy",
	"năng lượng phản kháng", "reactive energy",
	"năng lượng biểu kiến", "apparent energy",
	"năng lượng", "energy",
	"điện áp", "voltage",
	"dòng điện", "current",
	"tần số", "frequency",
	"nhiệt độ điểm sương", "dew point",
	"điểm sương", "dew point",
	"nhiệt độ", "temperature",
	"độ ẩm", "humidity",
	"độ méo sóng hài", "harmonic distortion",
	"sóng hài", "harmonic",
	"mất cân bằng", "unbalance",
	"thời gian lưu điện", "runtime",
	"mức sạc", "battery charge",
	"chênh áp", "differential pressure",
	"áp suất", "pressure",
	"lưu lượng gió", "air flow",
	"lưu lượng nước", "water flow",
	"tốc độ quạt", "fan speed",
	"trung tính", "neutral",
	"ắc quy", "battery",
	"đầu vào", "input",
	"đầu ra", "output",
	"tổng", "total",
	"pha", "phase",
)

type translation struct {
	words   *regexp.Regexp
	english string
}

func translations(pairs ...string) []translation {
	out := make([]translation, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		words := strings.ReplaceAll(unmarked(pairs[i]), " ", " +")
		out = append(out, translation{regexp.MustCompile(`(?i)\b` + words + `\b`), pairs[i+1]})
	}
	return out
}

// inEnglish is a name without the marks of its letters, and with the English
// words for the Vietnamese ones that are known. It is for guesses and keys; a
// person is shown the name itself.
func inEnglish(name string) string {
	plain := unmarked(name)
	spaced := strings.NewReplacer("_", " ", "-", " ").Replace(plain)
	out := spaced
	for _, t := range vietnamese {
		out = t.words.ReplaceAllString(out, t.english)
	}
	if out == spaced { // no word of it is known, and "-" and "_" may count
		return plain
	}
	return out
}

// unmarked takes the marks off letters: "Điện áp" is "Dien ap".
func unmarked(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		case r == 'Đ':
			return 'D'
		}
		return r
	}, norm.NFD.String(s))
}
