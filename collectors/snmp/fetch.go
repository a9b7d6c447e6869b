package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// fetched is a View of what was read from a device.
type fetched struct {
	scalars map[string]profile.Raw
	columns map[string][]profile.Row
	extents []extent
}

func newFetched() *fetched {
	return &fetched{scalars: map[string]profile.Raw{}, columns: map[string][]profile.Row{}}
}

// extent is how much there was of something: rows of a walk, or one for a
// scalar. What it was is hashed, since every device keeps this.
type extent struct {
	what uint32
	rows int32
}

// extentOf is of a walk of most rows, or with a negative most of a scalar.
func extentOf(oid string, most, rows int) extent {
	h := fnv.New32a()
	fmt.Fprint(h, oid, most)
	return extent{h.Sum32(), int32(rows)}
}

func (f *fetched) Scalar(oid string) profile.Raw   { return f.scalars[oid] }
func (f *fetched) Column(oid string) []profile.Row { return f.columns[oid] }

// fetch reads what is needed and not there yet. A subtree that cannot be
// walked to its end costs its own points only.
func (d *Driver) fetch(ctx context.Context, f *fetched, n profile.Needs) error {
	var names [][]byte
	var oids []string
	for _, o := range n.Scalars {
		if _, ok := f.scalars[o]; ok {
			continue
		}
		if d.skips(ctx, o) {
			f.scalars[o] = profile.Raw{}
			if err := d.cutShort(o, extentOf(o, -1, 0), errHung); err != nil {
				return err
			}
			continue
		}
		name, err := encode(o)
		if err != nil {
			return err
		}
		names, oids = append(names, name), append(oids, o)
	}
	if len(names) > 0 {
		values, failed, err := d.session.get(ctx, names)
		if err != nil {
			return err
		}
		for i, o := range oids {
			f.scalars[o] = values[i]
			if values[i].Kind != profile.None {
				f.extents = append(f.extents, extentOf(o, -1, 1))
				d.hung.answered(o)
			}
			if failed[i] {
				if err := d.cutShort(o, extentOf(o, -1, 0), errRefused); err != nil {
					return err
				}
			}
		}
	}
	walk := func(roots []string, most int) error {
		d.heads(ctx, f, roots, most == 1)
		for i, root := range roots {
			if d.progress != nil {
				d.progress(i, len(roots))
			}
			if _, ok := f.columns[root]; ok {
				continue
			}
			if d.skips(ctx, root) {
				f.columns[root] = nil
				if err := d.cutShort(root, extentOf(root, most, 0), errHung); err != nil {
					return err
				}
				continue
			}
			name, err := encode(root)
			if err != nil {
				return err
			}
			rows, err := d.session.walk(ctx, name, most)
			if err != nil && (errors.Is(err, collectors.ErrUnreachable) && d.session.ping(ctx) != nil || errors.Is(err, collectors.ErrAuth) || errors.Is(err, errTooMuch) || ctx.Err() != nil) {
				// Rows that were not reached would count as gone.
				return err
			}
			if err != nil {
				d.engine.opt.Log.Log(ctx, d.told.Level(root+err.Error()), "walk ended early", "device", d.target.Name, "root", root, "rows", len(rows), "err", err)
				if err := d.cutShort(root, extentOf(root, most, len(rows)), err); err != nil {
					return err
				}
			}
			if err == nil || len(rows) > 0 {
				d.hung.answered(root)
			} else if errors.Is(err, collectors.ErrUnreachable) {
				d.hung.at(root, time.Now())
			}
			if len(rows) > 0 {
				f.extents = append(f.extents, extentOf(root, most, len(rows)))
			}
			if most == 0 {
				f.columns[root] = rows
			} else if _, ok := f.columns[root]; !ok {
				f.columns[root] = rows
			}
		}
		return nil
	}
	if err := walk(n.Columns, 0); err != nil {
		return err
	}
	return walk(n.Present, 1)
}

// mostKept is how many looks in a row are not taken because less could be read
// than when the device was learned.
const mostKept = 2

var errKept = fmt.Errorf("%w to all that it did when it was learned", collectors.ErrUnreachable)

// cutShort is called for something that cannot be read to its end. For a device
// that was learned with more of it the look is over: its points would count as
// gone, which are not known to be.
func (d *Driver) cutShort(oid string, now extent, err error) error {
	i := slices.IndexFunc(d.extents, func(x extent) bool { return x.what == now.what })
	if i < 0 || now.rows >= d.extents[i].rows || d.kept >= mostKept {
		return nil
	}
	d.kept++
	return fmt.Errorf("%w: %s: %d rows of %d: %w", errKept, oid, now.rows, d.extents[i].rows, err)
}

// heads finds the subtrees that are empty, which are most of those that a
// family may have, many with one request. With single it keeps the first object
// of the others, which is all that is asked. What it cannot find out is left to
// walks.
func (d *Driver) heads(ctx context.Context, f *fetched, roots []string, single bool) {
	var (
		names [][]byte
		open  []string
	)
	for _, root := range roots {
		if _, ok := f.columns[root]; ok || d.hung.rests(root, time.Now()) {
			continue
		}
		name, err := encode(root)
		if err != nil {
			return
		}
		names, open = append(names, name), append(open, root)
	}
	if len(open) < 2 {
		return
	}
	found, err := d.session.following(ctx, names)
	if err != nil {
		return
	}
	for i, b := range found {
		if !bytes.HasPrefix(b.name, names[i]) || bytes.Equal(b.name, names[i]) {
			f.columns[open[i]] = nil
			continue
		}
		oid, err := ber.DecodeOID(b.name)
		if !single || err != nil || b.raw.Kind == profile.None {
			continue
		}
		root, err := ber.DecodeOID(names[i])
		if err != nil {
			continue
		}
		f.columns[open[i]] = []profile.Row{{Index: oid[len(root):], Raw: b.raw}}
		f.extents = append(f.extents, extentOf(open[i], 1, 1))
	}
}

func encode(oid string) ([]byte, error) {
	parts, err := profile.ParseOID(oid)
	if err != nil {
		return nil, err
	}
	return ber.EncodeOID(parts)
}
