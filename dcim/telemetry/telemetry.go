// Package telemetry keeps what was measured: the history of every point in a
// time-series store, and its newest value in memory.
//
// Three parts stand here. Store is the interface of the history, with one
// implementation in package embedded and one in package influx. Live holds the
// last values and tells subscribers of changes. Recorder ties both together: it
// takes the samples of the collectors, and when the store fails it keeps them on
// disk until the store is back.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Store is the history of all points. It is safe for concurrent use.
type Store interface {
	// Append writes samples. When it returns nil, every sample is either kept
	// (it is there after the process is killed) or was refused for good and
	// counted in Stats: too old, too far in the future, another value for a
	// moment that already has one, or of a point that the Catalog does not
	// know. An error means that the samples may be offered again, unless it is
	// ErrRejected.
	Append(ctx context.Context, samples []models.Sample) error
	// Range answers a query with one Series for each point of the query, in
	// its order. Points without samples have empty series. It returns
	// ErrInvalidQuery or a *LimitError for queries that are not answered.
	Range(ctx context.Context, q Query) ([]Series, error)
	// Last returns the newest sample of each point at or after since. Points
	// without one are absent from the map.
	Last(ctx context.Context, points []models.PointID, since time.Time) (map[models.PointID]models.Sample, error)
	// Stats returns counters since the start.
	Stats() StoreStats
	// Close releases the store. Nothing may be called afterwards.
	Close() error
}

// SeriesID is what a series is known by in a store. It is the identity of the
// point and never its place, so that moving a device does not break its history.
type SeriesID struct {
	Device models.DeviceID
	Key    string
	Class  quantity.Class
}

// Catalog knows the identity of points. It is asked for every point once in a
// while and must answer from memory.
type Catalog interface {
	Series(models.PointID) (SeriesID, bool)
}

// CatalogFunc is a Catalog made of a function.
type CatalogFunc func(models.PointID) (SeriesID, bool)

// Series calls f.
func (f CatalogFunc) Series(p models.PointID) (SeriesID, bool) { return f(p) }

// Errors that callers tell apart.
var (
	// ErrInvalidQuery: the query makes no sense; its text says why.
	ErrInvalidQuery = errors.New("invalid query")
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("the time-series store is in use by another process")
	// ErrUnreachable: the server of the store does not answer.
	ErrUnreachable = errors.New("the time-series server does not answer")
	// ErrUnauthorized: the server of the store refuses the token.
	ErrUnauthorized = errors.New("the time-series server refuses the token")
	// ErrNoBucket: the bucket or organisation does not exist.
	ErrNoBucket = errors.New("the bucket does not exist on the time-series server")
	// ErrRejected: the store will never take these samples; offering them again
	// is of no use.
	ErrRejected = errors.New("samples rejected by the time-series store")
	// ErrDiskFull: writing was stopped before the disk is full.
	ErrDiskFull = errors.New("the disk is full")
	// ErrRepairing: the store found its files damaged, mostly by a full disk, and
	// is opening them anew.
	ErrRepairing = errors.New("the time-series store is being repaired")
	// ErrClosed: the store or recorder was closed.
	ErrClosed = errors.New("the time-series store is closed")
)

// LimitError is returned for a query that would cost more than is allowed.
type LimitError struct {
	// What is bounded: "points", "buckets", "samples returned", "samples read".
	What string
	// Limit is the bound, Wanted what the query would need; Wanted is Limit+1
	// when the true number is not known.
	Limit, Wanted int
	// Remedy says what to ask instead.
	Remedy string
}

// Error states the bound and the remedy.
func (e *LimitError) Error() string {
	if e.Wanted > e.Limit+1 {
		return fmt.Sprintf("the query needs %d %s, at most %d are allowed: %s", e.Wanted, e.What, e.Limit, e.Remedy)
	}
	return fmt.Sprintf("the query needs more than the allowed %d %s: %s", e.Limit, e.What, e.Remedy)
}

// StoreStats are the counters of a store since its start.
type StoreStats struct {
	// Appended samples were written, Markers of them are changes of quality
	// without a value.
	Appended, Markers uint64
	// Elided are non-good samples that repeated the quality before them and
	// need no marker of their own.
	Elided uint64
	// Duplicates had another value for a moment that already has one; TooOld
	// came later than the out-of-order window allows; Future lay too far ahead
	// of the clock; Unknown belong to points that the catalog does not know.
	Duplicates, TooOld, Future, Unknown uint64
	// Failures counts calls of Append that returned an error.
	Failures uint64
	// Series is the number of series in use, Bytes their size on disk and
	// OldestMS the time of the oldest sample; zero where the store cannot tell.
	Series   uint64
	Bytes    int64
	OldestMS int64
	// Repairs counts damaged files that were mended when the store was opened.
	Repairs uint64
}

// DefaultMaxFuture is how far ahead of the clock a sample may lie. Clocks of
// remote collectors differ by seconds; more is a fault.
const DefaultMaxFuture = 5 * time.Minute

// MarkerInterval is how often an unchanged quality without a value is noted
// again, so that a long gap can be told from one that nothing is known of.
const MarkerInterval = 5 * time.Minute
