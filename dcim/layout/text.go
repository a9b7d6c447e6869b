package layout

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/aisle-dcim/aisle/dcim/fault"
)

// maxName bounds names, in characters.
const maxName = 100

// maxText bounds descriptions and the like, in characters.
const maxText = 4000

// CheckName returns name without spaces around it, in Unicode's composed form,
// or a fault.Invalid of the field.
func CheckName(field, name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	if name == "" {
		return "", fault.Invalid(field, "required", "must not be empty")
	}
	if utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return "", fault.Invalid(field, "format", fmt.Sprintf("must be at most %d printable characters", maxName))
	}
	return name, nil
}

// CheckText bounds free text; fields are pairs of a name and its value.
func CheckText(fields ...string) error {
	for i := 0; i+1 < len(fields); i += 2 {
		text := fields[i+1]
		if utf8.RuneCountInString(text) > maxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fault.Invalid(fields[i], "format", fmt.Sprintf("must be at most %d characters of text", maxText))
		}
	}
	return nil
}

// Fold returns texts as searches compare them: lower case, without diacritics,
// the Vietnamese đ as d. Each text is a line of its own.
func Fold(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		if t == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		for _, r := range norm.NFKD.String(t) {
			switch {
			case unicode.Is(unicode.Mn, r), r == 0, r == utf8.RuneError:
			case r == 'đ', r == 'Đ':
				b.WriteByte('d')
			default:
				b.WriteRune(unicode.ToLower(r))
			}
		}
	}
	return b.String()
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// SearchTerms splits what a person typed into patterns for
// LIKE ? ESCAPE '\'; a row is found when it has all of them.
func SearchTerms(search string) []string {
	words := strings.Fields(Fold(search))
	if len(words) > 10 {
		words = words[:10]
	}
	for i, w := range words {
		words[i] = LikeTerm(w)
	}
	return words
}

// LikeTerm is the pattern for LIKE ? ESCAPE '\' of texts that hold a word.
func LikeTerm(word string) string { return "%" + likeEscaper.Replace(word) + "%" }
