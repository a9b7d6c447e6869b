package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aisle-dcim/aisle/models"
)

// ErrSpoolFull tells that the store is down and the spool has reached its bound, so
// that the samples were not kept.
var ErrSpoolFull = errors.New("the spool of samples is full")

const (
	spoolSampleSize  = 25 // point 8, time 8, value 8, quality 1
	spoolHeaderSize  = 8  // length 4, CRC-32C 4
	spoolSegmentSize = 8 << 20
	spoolRecordMax   = 4 << 20
	spoolPrefix      = "spool-"
	// asidePrefix names segments that could not be read; nobody reads them again.
	asidePrefix = "damaged-"

	// damageTries is how often a record must be found damaged, and readTries how
	// often it cannot be read at all, before the rest of its segment is given up.
	// With the pauses of the Recorder these are seconds and some ten minutes.
	damageTries = 4
	readTries   = 25
)

// errSpoolDamaged is a record that was read but is not what was written.
var errSpoolDamaged = errors.New("spool is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// spool keeps samples in files until the store takes them, in the order in which
// they came. What was appended is there after the process is killed. It is safe
// for concurrent use.
type spool struct {
	dir   string
	max   int64
	space *SpaceGuard
	log   *slog.Logger

	mu   sync.Mutex
	segs []spoolSegment // oldest first; w writes to the last one
	w    *os.File
	r    segmentReader // reads segs[0]
	open func(path string) (segmentReader, error)
	roff int64
	// faults counts the tries to read the record at roff.
	faults  int
	bytes   int64
	samples int64 // not yet taken
	damaged uint64
	lost    uint64 // samples of segments that were given up
	buf     []byte
}

type segmentReader interface {
	io.ReaderAt
	io.Closer
}

type spoolSegment struct {
	number  uint64
	size    int64
	samples int64 // not yet taken
}

func (s *spool) path(number uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s%08d", spoolPrefix, number))
}

// openSpool finds what an earlier run left.
func openSpool(dir string, limit int64, log *slog.Logger) (*spool, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make spool folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list spool folder: %w", err)
	}
	s := &spool{dir: dir, max: limit, log: log}
	s.open = func(path string) (segmentReader, error) { return os.Open(path) } //nolint:gosec // a segment of our own folder
	s.space = NewSpaceGuard(dir, 0)
	s.space.reserve /= 2 // it steps in where the store has stopped
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), spoolPrefix)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			continue
		}
		s.segs = append(s.segs, spoolSegment{number: n})
	}
	slices.SortFunc(s.segs, func(a, b spoolSegment) int { return int(int64(a.number - b.number)) })
	for i := range s.segs {
		if err := s.check(&s.segs[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// check finds how much of a segment is whole. A kill in the middle of a write
// leaves a part of a record at the end, which was never acknowledged.
func (s *spool) check(seg *spoolSegment) error {
	f, err := os.Open(s.path(seg.number))
	if err != nil {
		return fmt.Errorf("open spool segment: %w", err)
	}
	defer f.Close() //nolint:errcheck // reading only
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at spool segment: %w", err)
	}
	for {
		payload, err := s.record(f, seg.size)
		if err != nil && !errors.Is(err, errSpoolDamaged) && !errors.Is(err, io.EOF) {
			// The disk does not give it now; it is tried again when its turn comes.
			s.log.Error("spool segment cannot be read yet", "file", f.Name(), "err", err)
			seg.samples += (info.Size() - seg.size) / spoolSampleSize
			seg.size = info.Size()
			break
		}
		if err != nil {
			break
		}
		seg.size += spoolHeaderSize + int64(len(payload))
		seg.samples += int64(len(payload) / spoolSampleSize)
	}
	s.bytes += seg.size
	s.samples += seg.samples
	if seg.size < info.Size() {
		s.damaged++
		s.log.Warn("spool segment has a damaged end, which is passed over",
			"file", f.Name(), "bytes", info.Size()-seg.size)
	}
	return nil
}

// record reads the record at off.
func (s *spool) record(f io.ReaderAt, off int64) ([]byte, error) {
	var head [spoolHeaderSize]byte
	if _, err := f.ReadAt(head[:], off); err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > spoolRecordMax || n%spoolSampleSize != 0 {
		return nil, fmt.Errorf("read spool: impossible length: %w", errSpoolDamaged)
	}
	payload := make([]byte, n)
	if _, err := f.ReadAt(payload, off+spoolHeaderSize); err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, fmt.Errorf("read spool: checksum does not match: %w", errSpoolDamaged)
	}
	return payload, nil
}

// append keeps samples, or returns ErrSpoolFull or why they cannot be written.
func (s *spool) append(samples []models.Sample) error {
	const most = spoolRecordMax / spoolSampleSize
	for len(samples) > most {
		if err := s.append(samples[:most]); err != nil {
			return err
		}
		samples = samples[most:]
	}
	if len(samples) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = append(s.buf[:0], make([]byte, spoolHeaderSize)...)
	for _, x := range samples {
		s.buf = binary.LittleEndian.AppendUint64(s.buf, uint64(x.Point))
		s.buf = binary.LittleEndian.AppendUint64(s.buf, uint64(x.TimeMS))
		s.buf = binary.LittleEndian.AppendUint64(s.buf, math.Float64bits(x.Value))
		s.buf = append(s.buf, byte(x.Quality))
	}
	binary.LittleEndian.PutUint32(s.buf, uint32(len(s.buf)-spoolHeaderSize))
	binary.LittleEndian.PutUint32(s.buf[4:], crc32.Checksum(s.buf[spoolHeaderSize:], castagnoli))
	if s.bytes+int64(len(s.buf)) > s.max {
		return ErrSpoolFull
	}
	if err := s.space.Check(); err != nil {
		return err
	}
	if s.w == nil || s.segs[len(s.segs)-1].size >= spoolSegmentSize {
		if err := s.roll(); err != nil {
			return err
		}
	}
	seg := &s.segs[len(s.segs)-1]
	if _, err := s.w.WriteAt(s.buf, seg.size); err != nil {
		// The half-written record is overwritten by the next one, or passed
		// over when the file is read again.
		return fmt.Errorf("write spool: %w", err)
	}
	seg.size += int64(len(s.buf))
	seg.samples += int64(len(samples))
	s.bytes += int64(len(s.buf))
	s.samples += int64(len(samples))
	return nil
}

// roll starts a new segment.
func (s *spool) roll() error {
	var number uint64 = 1
	if n := len(s.segs); n > 0 {
		number = s.segs[n-1].number + 1
	}
	f, err := os.OpenFile(s.path(number), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("make spool segment: %w", err)
	}
	if s.w != nil {
		if err := s.w.Close(); err != nil {
			s.log.Warn("spool segment did not close", "err", err)
		}
	}
	s.w = f
	s.segs = append(s.segs, spoolSegment{number: number})
	return nil
}

// peek returns the oldest samples, at least one record and about atMost samples,
// and how many bytes they take; no samples mean that the spool is empty.
func (s *spool) peek(atMost int) ([]models.Sample, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.segs) > 0 && s.roff >= s.segs[0].size {
		if err := s.drop(); err != nil {
			return nil, 0, err
		}
	}
	if len(s.segs) == 0 {
		return nil, 0, nil
	}
	if s.r == nil {
		f, err := s.open(s.path(s.segs[0].number))
		if err != nil {
			return nil, 0, s.fault(fmt.Errorf("open spool segment: %w", err))
		}
		s.r = f
	}
	var out []models.Sample
	off := s.roff
	for off < s.segs[0].size && len(out) < atMost {
		payload, err := s.record(s.r, off)
		if err != nil {
			if len(out) > 0 {
				break
			}
			return nil, 0, s.fault(err)
		}
		for p := payload; len(p) > 0; p = p[spoolSampleSize:] {
			out = append(out, models.Sample{
				Point:   models.PointID(binary.LittleEndian.Uint64(p)),
				TimeMS:  int64(binary.LittleEndian.Uint64(p[8:])),
				Value:   math.Float64frombits(binary.LittleEndian.Uint64(p[16:])),
				Quality: models.Quality(p[24]),
			})
		}
		off += spoolHeaderSize + int64(len(payload))
	}
	return out, off - s.roff, nil
}

// fault counts a try to read the oldest record that failed with err. A disk that
// is busy or a cable that is loose is waited for; what stays unreadable is put
// aside and counted as lost.
func (s *spool) fault(err error) error {
	if s.r != nil {
		_ = s.r.Close() // it is opened anew
		s.r = nil
	}
	s.faults++
	limit := readTries
	// It was whole when it was written or checked, so a shorter file is damage too.
	if errors.Is(err, errSpoolDamaged) || errors.Is(err, io.EOF) || errors.Is(err, os.ErrNotExist) {
		limit = damageTries
	}
	if s.faults < limit {
		return err
	}
	seg := &s.segs[0]
	aside := filepath.Join(s.dir, fmt.Sprintf("%s%08d", asidePrefix, seg.number))
	if rerr := os.Rename(s.path(seg.number), aside); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("put spool segment aside: %w", rerr))
	}
	s.damaged++
	s.lost += uint64(max(seg.samples, 0))
	s.log.Error("spool segment cannot be read, its rest is lost", "file", aside, "samples", seg.samples, "err", err)
	s.samples -= seg.samples
	return errors.Join(err, s.drop())
}

// advance forgets what peek returned.
func (s *spool) advance(bytes int64, samples int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roff += bytes
	s.faults = 0
	s.samples -= int64(samples)
	if len(s.segs) > 0 {
		s.segs[0].samples -= int64(samples)
	}
	for len(s.segs) > 0 && s.roff >= s.segs[0].size {
		if err := s.drop(); err != nil {
			return err
		}
	}
	return nil
}

// drop removes the oldest segment, all of which was taken.
func (s *spool) drop() error {
	if s.r != nil {
		_ = s.r.Close() // reading only
		s.r = nil
	}
	if len(s.segs) == 1 && s.w != nil {
		_ = s.w.Close() // the file goes
		s.w = nil
	}
	err := os.Remove(s.path(s.segs[0].number))
	s.bytes -= s.segs[0].size
	s.segs = s.segs[1:]
	s.roff, s.faults = 0, 0
	if len(s.segs) == 0 {
		s.samples = 0
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove spool segment: %w", err)
	}
	return nil
}

func (s *spool) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.segs) == 0
}

func (s *spool) size() (samples, bytes int64, damaged uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.samples, 0), s.bytes, s.damaged
}

// gone is how many samples were in segments that were given up.
func (s *spool) gone() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.r != nil {
		_ = s.r.Close() // reading only
		s.r = nil
	}
	if s.w != nil {
		errs = append(errs, s.w.Sync(), s.w.Close())
		s.w = nil
	}
	return errors.Join(errs...)
}
