// Package output prints the results of commands as an aligned table, as JSON
// or as CSV.
package output

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Format is how a result is printed.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	CSV   Format = "csv"
)

// String, Set and Type make a Format usable as a command-line flag.
func (f *Format) String() string { return string(*f) }

// Set accepts table, json or csv.
func (f *Format) Set(s string) error {
	switch Format(s) {
	case Table, JSON, CSV:
		*f = Format(s)
		return nil
	}
	return fmt.Errorf("%q is not one of table, json, csv", s)
}

// Type names the value in the help text.
func (f *Format) Type() string { return "table|json|csv" }

// Count tells a number of things: "1 fault", "2 faults". The plural of noun is
// made with an s.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Rows is a result in tabular form.
type Rows struct {
	Columns []string
	Cells   [][]string
}

// Write prints rows as a table or CSV, or value as JSON.
func Write(w io.Writer, f Format, rows Rows, value any) error {
	switch f {
	case JSON:
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(value)
	case CSV:
		c := csv.NewWriter(w)
		if err := c.Write(rows.Columns); err != nil {
			return err
		}
		for _, r := range rows.Cells {
			safe := make([]string, len(r))
			for i, s := range r {
				safe[i] = Neutral(s)
			}
			if err := c.Write(safe); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	return table(w, rows)
}

// Neutral keeps a spreadsheet from taking text of a device for a formula: an
// apostrophe stands before what begins like one and is no number.
func Neutral(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && strings.Trim(s, "+-.0123456789eE") == "" {
		return s
	}
	return "'" + s
}

func table(w io.Writer, rows Rows) error {
	width := make([]int, len(rows.Columns))
	for i, c := range rows.Columns {
		width[i] = utf8.RuneCountInString(c)
	}
	for _, r := range rows.Cells {
		for i, s := range r {
			width[i] = max(width[i], utf8.RuneCountInString(Printable(s)))
		}
	}
	line := func(cells []string) error {
		var b strings.Builder
		for i, s := range cells {
			s = Printable(s)
			b.WriteString(s)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(s)+2))
			}
		}
		_, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
		return err
	}
	if err := line(rows.Columns); err != nil {
		return err
	}
	for _, r := range rows.Cells {
		if err := line(r); err != nil {
			return err
		}
	}
	return nil
}

// Printable keeps control characters in text of a device from reaching the
// terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
