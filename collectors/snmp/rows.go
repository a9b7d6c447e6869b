package snmp

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// rowWatch notices rows that come behind the last one of a table: a sensor
// that was plugged in, a unit at the end of a daisy chain. Rows that come in
// the middle are found when the device is learned anew.
type rowWatch struct {
	tails []tail
	next  time.Time
	// suspects are last rows of tables that were said to have grown. Where one
	// is still the last after learning, its table is not watched.
	suspects map[string]bool
}

// tail is the end of a table.
type tail struct {
	// last is the encoded name of the last row of one of its columns, or of the
	// column when it has none; the column is its first bytes.
	last   []byte
	column int
}

const (
	watchEvery = time.Minute
	// maxTails bounds what is asked for each time; a device with more tables
	// has mostly empty ones.
	maxTails = 60
)

// watch begins to watch the tables of columns, with the rows that were walked.
func (w *rowWatch) watch(columns []string, walked map[string][]profile.Row) error {
	type table struct {
		column string
		rows   []profile.Row
	}
	tables := map[string]table{}
	for _, column := range columns {
		rows := walked[column]
		entry := column[:max(0, strings.LastIndexByte(column, '.'))]
		if t, ok := tables[entry]; !ok || len(rows) > len(t.rows) || len(rows) == len(t.rows) && column < t.column {
			tables[entry] = table{column, rows}
		}
	}
	w.tails = w.tails[:0]
	var still map[string]bool
	for _, t := range tables {
		oid, err := profile.ParseOID(t.column)
		if err != nil {
			return err
		}
		column, err := ber.EncodeOID(oid)
		if err != nil {
			return err
		}
		last := column
		if n := len(t.rows); n > 0 {
			if last, err = ber.EncodeOID(append(oid, t.rows[n-1].Index...)); err != nil {
				return err
			}
		}
		if w.suspects[string(last)] {
			if still == nil {
				still = map[string]bool{}
			}
			still[string(last)] = true
			continue
		}
		w.tails = append(w.tails, tail{last, len(column)})
	}
	// Tables with rows are the likelier ones to grow.
	slices.SortFunc(w.tails, func(a, b tail) int {
		return cmp.Or(cmp.Compare(min(1, len(b.last)-b.column), min(1, len(a.last)-a.column)), bytes.Compare(a.last, b.last))
	})
	w.tails = slices.Clip(w.tails[:min(maxTails, len(w.tails))])
	w.suspects, w.next = still, time.Now().Add(watchEvery)
	return nil
}

// grown asks, at most once in watchEvery, whether a table has more rows. A
// device that does not answer that has none as far as anyone knows.
func (w *rowWatch) grown(ctx context.Context, s *session) bool {
	now := time.Now()
	if now.Before(w.next) {
		return false
	}
	w.next = now.Add(watchEvery)
	names := make([][]byte, len(w.tails))
	for i, t := range w.tails {
		names[i] = t.last
	}
	found, err := s.following(ctx, names)
	if err != nil {
		return false
	}
	for i, b := range found {
		t := w.tails[i]
		if b.raw.Kind != profile.None && !bytes.Equal(b.name, t.last) && bytes.HasPrefix(b.name, t.last[:t.column]) {
			if w.suspects == nil {
				w.suspects = map[string]bool{}
			}
			w.suspects[string(t.last)] = true
			return true
		}
	}
	return false
}
