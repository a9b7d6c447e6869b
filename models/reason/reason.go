// Package reason holds errors that tell people why what they gave cannot be
// taken, with a code and values from which the same can be said in another
// language.
package reason

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a reason with its code. The text stands for itself: it has the
// values in it.
type Error struct {
	// Code is stable, for translation.
	Code string
	// Values are what the words of the code hold, by their names.
	Values map[string]string
	text   string
}

// New returns an *Error; values are names and values in turn.
func New(code, text string, values ...string) error {
	e := &Error{Code: code, Values: map[string]string{}, text: text}
	for i := 0; i+1 < len(values); i += 2 {
		e.Values[values[i]] = values[i+1]
	}
	return e
}

func (e *Error) Error() string { return e.text }

// maxQuoted bounds what is quoted of foreign text, in characters.
const maxQuoted = 60

// Quote quotes foreign text as Go does, at most some 60 characters of it.
func Quote(s string) string {
	s = s[:min(len(s), utf8.UTFMax*(maxQuoted+1))] // no more is shown, however long it is
	q := []rune(strconv.Quote(strings.ToValidUTF8(s, "\uFFFD")))
	if len(q) > maxQuoted+2 {
		q = append(q[:maxQuoted], '…', '"')
	}
	return string(q)
}
