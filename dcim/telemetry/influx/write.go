package influx

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
)

const measurement = "aisle_point"

// batch is one write that is being gathered. Callers of Append wait for it
// together, so that many small polls make few requests.
type batch struct {
	lines   strings.Builder
	samples int
	markers int
	// done is closed when err is final.
	done chan struct{}
	err  error
}

var tagEscaper = strings.NewReplacer(",", `\,`, "=", `\=`, " ", `\ `, "\n", " ", "\r", " ", `\`, "/")

// Append writes samples; see telemetry.Store. When ctx ends first, the samples
// may be written or not.
func (s *Store) Append(ctx context.Context, samples []models.Sample) error {
	write := make([]models.Sample, 0, len(samples))
	s.gate.Judge(samples, func(x models.Sample, v telemetry.Verdict) {
		switch v {
		case telemetry.Write, telemetry.WriteFirst, telemetry.WriteLate:
			write = append(write, x)
		case telemetry.Elide:
			s.elided.Add(1)
		case telemetry.RefuseFuture:
			s.future.Add(1)
		case telemetry.RefuseDuplicate:
			s.duplicates.Add(1)
		}
	})
	batches, err := s.enqueue(write)
	if err != nil {
		return err
	}
	var failed error
	for _, b := range batches {
		select {
		case <-b.done:
			if b.err != nil {
				failed = b.err
			}
		case <-ctx.Done():
			s.failures.Add(1)
			return fmt.Errorf("write to InfluxDB: %w", ctx.Err())
		}
	}
	if failed != nil {
		s.failures.Add(1)
	}
	return failed
}

// enqueue puts the samples into batches and makes sure that they are written.
func (s *Store) enqueue(samples []models.Sample) ([]*batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, telemetry.ErrClosed
	}
	var used []*batch
	var b *batch
	for _, x := range samples {
		id, ok := s.opts.Catalog.Series(x.Point)
		if !ok || x.Point == 0 {
			s.unknown.Add(1)
			continue
		}
		if b == nil || b.samples >= s.opts.BatchSize {
			if n := len(s.pending); n > 0 && s.pending[n-1].samples < s.opts.BatchSize {
				b = s.pending[n-1]
			} else {
				b = &batch{done: make(chan struct{})}
				s.pending = append(s.pending, b)
			}
			used = append(used, b)
		}
		b.add(x, id)
	}
	for s.busy < writers && s.busy < len(s.pending) {
		s.busy++
		s.done.Go(s.flush)
	}
	return used, nil
}

// add writes one line of the line protocol.
func (b *batch) add(x models.Sample, id telemetry.SeriesID) {
	w := &b.lines
	if b.samples > 0 {
		w.WriteByte('\n')
	}
	w.WriteString(measurement + ",class=")
	w.WriteString(orNone(string(id.Class)))
	w.WriteString(",device=")
	w.WriteString(strconv.FormatUint(uint64(id.Device), 10))
	w.WriteString(",key=")
	w.WriteString(orNone(id.Key))
	w.WriteString(",point=")
	w.WriteString(strconv.FormatUint(uint64(x.Point), 10))
	if x.Quality == models.Good {
		w.WriteString(" value=")
		w.WriteString(strconv.FormatFloat(x.Value, 'g', -1, 64))
	} else {
		w.WriteString(" quality=")
		w.WriteString(strconv.Itoa(int(x.Quality)))
		w.WriteByte('i')
		b.markers++
	}
	w.WriteByte(' ')
	w.WriteString(strconv.FormatInt(x.TimeMS, 10))
	b.samples++
}

// orNone escapes a tag value; empty ones are not allowed.
func orNone(v string) string {
	if v == "" {
		return "-"
	}
	return tagEscaper.Replace(v)
}

// flush writes batches until there is none.
func (s *Store) flush() {
	for {
		s.mu.Lock()
		if len(s.pending) == 0 {
			s.busy--
			s.mu.Unlock()
			return
		}
		b := s.pending[0]
		s.pending = s.pending[1:]
		s.mu.Unlock()
		b.err = s.send(b)
		close(b.done)
	}
}

// send writes one batch. The callers share it, so none of their contexts ends
// it; the time-out of the client does.
func (s *Store) send(b *batch) error {
	err := s.write.WriteRecord(context.Background(), b.lines.String())
	n := uint64(b.samples)
	if dropped, ok := beyondRetention(err); ok && dropped <= n {
		s.tooOld.Add(dropped)
		n -= dropped
		err = nil
	}
	if err != nil {
		return s.explain(fmt.Sprintf("write %d samples to InfluxDB", b.samples), true, err)
	}
	s.appended.Add(n)
	s.markers.Add(uint64(b.markers))
	return nil
}
