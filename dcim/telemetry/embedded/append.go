package embedded

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

const (
	labelName  = "__name__"
	metricName = "aisle_point"
	labelPoint = "point"
)

// qualityNaN is a quiet NaN; its last byte is the quality. It differs from the
// two that Prometheus uses (0x7ff8…01 and 0x7ff0…02).
const qualityNaN = 0x7ff8_0000_0000_a100

func encode(s models.Sample) float64 {
	if s.Quality == models.Good {
		return s.Value
	}
	return math.Float64frombits(qualityNaN | uint64(s.Quality))
}

func decode(v float64) models.Quality {
	if !math.IsNaN(v) {
		return models.Good
	}
	bits := math.Float64bits(v)
	if bits&^0xff == qualityNaN && bits&0xff != 0 {
		return models.Quality(bits & 0xff)
	}
	if value.IsStaleNaN(v) {
		return models.Stale
	}
	return models.Bad
}

// Append writes samples; see telemetry.Store.
func (s *Store) Append(ctx context.Context, samples []models.Sample) error {
	err := s.tryAppend(ctx, samples)
	if err != nil {
		s.failures.Add(1)
	}
	return err
}

func (s *Store) tryAppend(ctx context.Context, samples []models.Sample) error {
	if s.broken.Load() { // without waiting for the repair
		return telemetry.ErrRepairing
	}
	if err := s.space.Check(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return err
	}
	return s.append(ctx, samples)
}

// scratch is memory of one append.
type scratch struct {
	write []models.Sample
	refs  []storage.SeriesRef
	late  []int // positions in write that the store may have a sample for
	fresh []int // positions in write whose series got a new reference
}

func (s *Store) append(ctx context.Context, samples []models.Sample) error {
	x := s.scratch.Get().(*scratch)
	defer s.scratch.Put(x)
	return s.appendWith(ctx, samples, x)
}

func (s *Store) appendWith(ctx context.Context, samples []models.Sample, m *scratch) error {
	write, late := m.write[:0], m.late[:0]
	s.gate.Judge(samples, func(x models.Sample, v telemetry.Verdict) {
		switch v {
		case telemetry.WriteFirst:
			if x.TimeMS <= s.opened {
				late = append(late, len(write))
			}
			write = append(write, x)
		case telemetry.WriteLate:
			late = append(late, len(write))
			write = append(write, x)
		case telemetry.Write:
			write = append(write, x)
		case telemetry.Elide:
			s.elided.Add(1)
		case telemetry.RefuseFuture:
			s.future.Add(1)
		case telemetry.RefuseDuplicate:
			s.duplicates.Add(1)
		}
	})
	m.write, m.late = write, late
	if len(late) > 0 {
		var err error
		if write, err = s.dropStored(ctx, write, late); err != nil {
			return err
		}
	}
	if len(write) == 0 {
		return nil
	}

	refs, fresh := m.refs[:0], m.fresh[:0]
	s.refMu.RLock()
	for i := range write {
		var ref storage.SeriesRef
		if known := s.refs.Get(uint64(write[i].Point)); known != nil {
			ref = *known
		}
		refs = append(refs, ref)
	}
	s.refMu.RUnlock()

	app := s.db.Appender(ctx)
	var appended, markers uint64
	for i, x := range write {
		ref, err := s.appendOne(app, refs[i], x)
		switch {
		case err == nil:
			appended++
			if x.Quality != models.Good {
				markers++
			}
		case errors.Is(err, errUnknown):
			s.unknown.Add(1)
		case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
			s.duplicates.Add(1)
		case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds):
			s.tooOld.Add(1)
		default:
			return errors.Join(fmt.Errorf("append sample of point %d: %w", x.Point, err), app.Rollback())
		}
		if ref != 0 && ref != refs[i] {
			refs[i] = ref
			fresh = append(fresh, i)
		}
	}
	m.refs, m.fresh = refs, fresh
	if err := s.commit(app); err != nil {
		return fmt.Errorf("write %d samples to the time-series store: %w", len(write), err)
	}
	s.appended.Add(appended)
	s.markers.Add(markers)
	if len(fresh) > 0 {
		s.refMu.Lock()
		for _, i := range fresh {
			*s.refs.At(uint64(write[i].Point)) = refs[i]
		}
		s.refMu.Unlock()
	}
	return nil
}

// commit writes what was appended. Once it failed, nothing is committed until the
// store was opened anew.
func (s *Store) commit(app storage.Appender) error {
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	if s.broken.Load() {
		return errors.Join(telemetry.ErrRepairing, app.Rollback())
	}
	err := app.Commit()
	if err == nil && s.lateLost.Load() {
		err = errors.New("late samples could not be logged")
	}
	if err != nil {
		s.breakDown(err)
	}
	return err
}

var errUnknown = errors.New("point is not in the catalog")

// appendOne uses the remembered series; only when there is none, or it has left
// memory, are the labels built and hashed.
func (s *Store) appendOne(app storage.Appender, ref storage.SeriesRef, x models.Sample) (storage.SeriesRef, error) {
	v := encode(x)
	if ref != 0 {
		r, err := app.Append(ref, labels.EmptyLabels(), x.TimeMS, v)
		if err == nil || !errors.Is(err, tsdb.ErrInvalidSample) {
			return r, err
		}
	}
	id, ok := s.opts.Catalog.Series(x.Point)
	if !ok || x.Point == 0 {
		return 0, errUnknown
	}
	series := labels.FromStrings(
		labelName, metricName,
		"class", string(id.Class),
		"device", strconv.FormatUint(uint64(id.Device), 10),
		"key", id.Key,
		labelPoint, strconv.FormatUint(uint64(x.Point), 10),
	)
	s.createMu.Lock()
	defer s.createMu.Unlock()
	return app.Append(0, series, x.TimeMS, v)
}

// dropStored removes from write the samples at the given positions that the
// store already has one for at the same time.
func (s *Store) dropStored(ctx context.Context, write []models.Sample, late []int) ([]models.Sample, error) {
	have, ok := s.bounds()
	if !ok {
		return write, nil
	}
	// Only what lies within the span of the store can be there already.
	times := make(map[models.PointID]map[int64]float64)
	var points []models.PointID
	var r span
	for _, i := range late {
		x := write[i]
		if x.TimeMS > have.max || x.TimeMS < have.min {
			continue
		}
		m := times[x.Point]
		if m == nil {
			m = make(map[int64]float64, 1)
			times[x.Point] = m
			points = append(points, x.Point)
			if len(points) == 1 {
				r = span{x.TimeMS, x.TimeMS}
			}
		}
		m[x.TimeMS] = math.Inf(1) // not found yet; infinities are never stored
		r.min, r.max = min(r.min, x.TimeMS), max(r.max, x.TimeMS)
	}
	if len(points) == 0 {
		return write, nil
	}
	err := s.scan(ctx, points, r.min, r.max, func(p models.PointID, it iterator) error {
		for it.Next() {
			ms, v := it.At()
			if _, asked := times[p][ms]; asked {
				times[p][ms] = v
			}
		}
		return it.Err()
	})
	if err != nil {
		return nil, err
	}
	isLate := make(map[int]bool, len(late))
	for _, i := range late {
		isLate[i] = true
	}
	kept := write[:0]
	for i, x := range write {
		if isLate[i] {
			if stored, asked := times[x.Point][x.TimeMS]; asked && !math.IsInf(stored, 1) {
				if math.Float64bits(stored) != math.Float64bits(encode(x)) {
					s.duplicates.Add(1)
				}
				continue
			}
		}
		kept = append(kept, x)
	}
	return kept, nil
}
