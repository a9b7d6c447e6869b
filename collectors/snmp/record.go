package snmp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
)

// maxRecorded bounds a recording; a rack PDU has some ten thousand objects.
const maxRecorded = 200000

// Record walks whole subtrees of a device, in dotted form, and keeps every
// object with its type. progress, if not nil, is told the number of objects so
// far. Some agents end a walk with an error in the middle: what was read until
// then is returned with the error.
func (e *Engine) Record(ctx context.Context, t collectors.Target, roots []string, progress func(objects int)) (*profile.Recording, error) {
	s, err := e.dial(ctx, t)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.left = &budget{recordObjects, recordBytes}
	rec := &profile.Recording{}
	var faults []error
	for _, r := range roots {
		root, err := profile.ParseOID(r)
		if err != nil {
			return nil, err
		}
		err = s.each(ctx, root, false, func(oid []uint32, b binding) error {
			rec.Objects = append(rec.Objects, profile.Object{OID: oid, Type: b.tag, Raw: b.raw})
			if len(rec.Objects) >= maxRecorded {
				return fmt.Errorf("record %s: more than %d objects", t.Name, maxRecorded)
			}
			if progress != nil {
				progress(len(rec.Objects))
			}
			return nil
		})
		faults = append(faults, err)
		if err != nil && (ctx.Err() != nil || len(rec.Objects) == 0) {
			break
		}
	}
	slices.SortStableFunc(rec.Objects, func(a, b profile.Object) int { return profile.Compare(a.OID, b.OID) })
	return rec, errors.Join(faults...)
}
