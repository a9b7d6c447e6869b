// Package influx keeps the history of points on an InfluxDB v2 server (OSS or
// its clustered and cloud editions).
//
// Every point is a series of the measurement aisle_point with the tags point,
// device, key and class. A good sample is the field value (float); any other is
// the field quality (integer, as in models.Quality), and has no value. Samples
// are written in acknowledged batches and read with Flux.
//
// The server cannot refuse a second value for a moment that has one. The newest
// sample of each point is guarded here; for older moments the last write wins.
// How late a sample may come is for the retention of the bucket to say.
package influx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
)

var _ telemetry.Store = (*Store)(nil)

// Options say where the server is.
type Options struct {
	// URL is http(s)://host:port of the server.
	URL string
	// Org and Bucket must exist; Token must allow to read and write the bucket.
	Org, Bucket, Token string
	// Catalog gives points their identity. Required.
	Catalog telemetry.Catalog
	// BatchSize is how many samples one write carries at most; zero means 5,000.
	BatchSize int
	// Timeout bounds one request; zero means 20 s.
	Timeout time.Duration
	// MaxFuture is how far ahead of the clock a sample may lie; zero means
	// telemetry.DefaultMaxFuture.
	MaxFuture time.Duration
	// Limits bound queries; Scan is not used.
	Limits telemetry.Limits
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// writers is how many writes may be under way at the same time.
const writers = 2

// Store is a telemetry.Store on an InfluxDB v2 server.
type Store struct {
	opts      Options
	client    influxdb2.Client
	transport *http.Transport
	write     api.WriteAPIBlocking
	query     api.QueryAPI
	gate      *telemetry.Gate

	mu      sync.Mutex
	closed  bool
	pending []*batch
	busy    int
	done    sync.WaitGroup

	appended, markers, elided           atomic.Uint64
	duplicates, tooOld, future, unknown atomic.Uint64
	failures                            atomic.Uint64
}

// New returns a store. It does not contact the server: use Check for that.
func New(o Options) (*Store, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return nil, errors.New("open InfluxDB store: the URL must look like http://host:8086")
	case u.User != nil:
		return nil, errors.New("open InfluxDB store: the URL must not carry a user name or password")
	case o.Org == "" || o.Bucket == "":
		return nil, errors.New("open InfluxDB store: organisation and bucket are needed")
	case o.Catalog == nil:
		return nil, errors.New("open InfluxDB store: no catalog given")
	}
	if o.BatchSize <= 0 {
		o.BatchSize = 5000
	}
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxFuture <= 0 {
		o.MaxFuture = telemetry.DefaultMaxFuture
	}
	o.Limits = o.Limits.WithDefaults()

	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // as the standard library documents
	transport.MaxIdleConnsPerHost = 8
	httpClient := &http.Client{
		Transport: transport,
		Timeout:   o.Timeout,
		// A redirect would carry the token to another place.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client := influxdb2.NewClientWithOptions(strings.TrimSuffix(o.URL, "/"), o.Token,
		influxdb2.DefaultOptions().SetHTTPClient(httpClient).SetUseGZip(true).SetPrecision(time.Millisecond).SetApplicationName("aisle"))
	return &Store{
		opts:      o,
		client:    client,
		transport: transport,
		write:     client.WriteAPIBlocking(o.Org, o.Bucket),
		query:     client.QueryAPI(o.Org),
		gate:      telemetry.NewGate(o.Now, o.MaxFuture),
	}, nil
}

// Check asks the server whether the bucket can be read. It returns
// telemetry.ErrUnreachable, ErrUnauthorized or ErrNoBucket, each with what to do.
func (s *Store) Check(ctx context.Context) error {
	flux := fmt.Sprintf(`from(bucket: %s) |> range(start: 0, stop: 1) |> limit(n: 1)`, fluxString(s.opts.Bucket))
	res, err := s.query.Query(ctx, flux)
	if err == nil {
		for res.Next() {
			continue // only the error is of interest
		}
		err = errors.Join(res.Err(), res.Close())
	}
	return s.explain("check InfluxDB", false, err)
}

// explain wraps err with the sentinel that it stands for. Only what was refused
// while writing is ErrRejected.
func (s *Store) explain(act string, writing bool, err error) error {
	if err == nil {
		return nil
	}
	var he *influxhttp.Error
	if !errors.As(err, &he) || he.StatusCode == 0 {
		text := err.Error()
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("%s at %s: %w", act, s.opts.URL, err)
		case strings.Contains(text, "could not find bucket"), strings.Contains(text, "bucket not found"):
			return s.noBucket(act, text)
		case strings.Contains(text, "unauthorized"):
			return s.unauthorized(act, text)
		}
		var ue *url.Error
		if errors.As(err, &ue) {
			return fmt.Errorf("%s at %s: %w: %w (is it running, and is the URL right?)", act, s.opts.URL, telemetry.ErrUnreachable, ue.Err)
		}
		return fmt.Errorf("%s at %s: %w", act, s.opts.URL, err)
	}
	detail := fmt.Sprintf("status %d, %s", he.StatusCode, he.Message)
	switch he.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return s.unauthorized(act, detail)
	case http.StatusNotFound:
		return s.noBucket(act, detail)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("%s at %s: %w: %s", act, s.opts.URL, telemetry.ErrUnreachable, detail)
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		if strings.Contains(he.Message, "organization name") {
			return s.noBucket(act, detail)
		}
		if !writing {
			break
		}
		return fmt.Errorf("%s at %s: %w: %s", act, s.opts.URL, telemetry.ErrRejected, detail)
	}
	return fmt.Errorf("%s at %s: status %d: %w", act, s.opts.URL, he.StatusCode, err)
}

func (s *Store) unauthorized(act, detail string) error {
	return fmt.Errorf("%s at %s: %w (bucket %q of organisation %q; give it a token that may read and write the bucket): %s",
		act, s.opts.URL, telemetry.ErrUnauthorized, s.opts.Bucket, s.opts.Org, detail)
}

func (s *Store) noBucket(act, detail string) error {
	return fmt.Errorf("%s at %s: %w: bucket %q of organisation %q (create it: influx bucket create --name %s --org %s): %s",
		act, s.opts.URL, telemetry.ErrNoBucket, s.opts.Bucket, s.opts.Org, s.opts.Bucket, s.opts.Org, detail)
}

var droppedByRetention = regexp.MustCompile(`(?:outside|beyond) retention policy.*dropped=(\d+)`)

// beyondRetention tells how many samples of a write the server left out because
// the bucket does not keep anything so old; the rest of it was written.
func beyondRetention(err error) (uint64, bool) {
	var he *influxhttp.Error
	if !errors.As(err, &he) || he.StatusCode != http.StatusUnprocessableEntity {
		return 0, false
	}
	m := droppedByRetention.FindStringSubmatch(he.Message)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	return n, err == nil
}

// Stats returns counters since the start; the size on the server is not known.
func (s *Store) Stats() telemetry.StoreStats {
	return telemetry.StoreStats{
		Appended: s.appended.Load(), Markers: s.markers.Load(), Elided: s.elided.Load(),
		Duplicates: s.duplicates.Load(), TooOld: s.tooOld.Load(), Future: s.future.Load(), Unknown: s.unknown.Load(),
		Failures: s.failures.Load(), Series: uint64(s.gate.Len()),
	}
}

// Close waits for writes under way and closes the connections.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.done.Wait()
	s.client.Close()
	s.transport.CloseIdleConnections()
	return nil
}
