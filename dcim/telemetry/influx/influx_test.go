package influx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/influx"
	"github.com/aisle-dcim/aisle/dcim/telemetry/telemetrytest"
	"github.com/aisle-dcim/aisle/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(s *telemetrytest.Influx, bucket string) influx.Options {
	return influx.Options{URL: s.URL, Org: s.Org, Token: s.Token, Bucket: bucket, Catalog: telemetrytest.Catalog}
}

func open(t testing.TB, o influx.Options) *influx.Store {
	t.Helper()
	s, err := influx.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	server := telemetrytest.NeedInflux(t)
	opened := make(map[telemetry.Store]influx.Options)
	telemetrytest.Run(t, telemetrytest.Harness{
		TooOld: 3 * time.Hour,
		Open: func(t *testing.T, c telemetrytest.Options) telemetry.Store {
			keep := time.Duration(0)
			if c.Short {
				keep = time.Hour
			}
			o := options(server, server.Bucket(t, keep))
			o.Catalog, o.Limits, o.MaxFuture = c.Catalog, c.Limits, c.MaxFuture
			s := open(t, o)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			opened[s] = o
			return s
		},
		Reopen: func(t *testing.T, old telemetry.Store) telemetry.Store {
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, opened[old])
		},
	})
}

func TestErrorsAreTold(t *testing.T) {
	server := telemetrytest.NeedInflux(t)
	bucket := server.Bucket(t, 0)
	sample := []models.Sample{{Point: 1, TimeMS: time.Now().UnixMilli(), Value: 1}}
	query := telemetry.Query{Points: []models.PointID{1}, From: time.Now().Add(-time.Hour), To: time.Now()}
	for _, tc := range []struct {
		name   string
		change func(*influx.Options)
		want   error
		text   string
	}{
		{"nobody listens", func(o *influx.Options) { o.URL = "http://127.0.0.1:1" }, telemetry.ErrUnreachable, "127.0.0.1:1"},
		{"wrong token", func(o *influx.Options) { o.Token = "not-the-token" }, telemetry.ErrUnauthorized, "token"},
		{"no bucket", func(o *influx.Options) { o.Bucket = `nope") |> x("` }, telemetry.ErrNoBucket, "influx bucket create"},
		{"no organisation", func(o *influx.Options) { o.Org = "nobody" }, telemetry.ErrNoBucket, "nobody"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options(server, bucket)
			tc.change(&o)
			s := open(t, o)
			_, rangeErr := s.Range(t.Context(), query)
			_, lastErr := s.Last(t.Context(), query.Points, query.From)
			for act, err := range map[string]error{
				"check": s.Check(t.Context()), "append": s.Append(t.Context(), sample), "range": rangeErr, "last": lastErr,
			} {
				if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
					t.Errorf("%s: %v, want %v and %q", act, err, tc.want, tc.text)
				}
				if err != nil && strings.Contains(err.Error(), o.Token) {
					t.Errorf("%s: the token is in %v", act, err)
				}
			}
			if st := s.Stats(); st.Failures != 1 || st.Appended != 0 {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	ok := influx.Options{URL: "http://localhost:8086", Org: "o", Bucket: "b", Catalog: telemetrytest.Catalog}
	for name, change := range map[string]func(*influx.Options){
		"no URL":          func(o *influx.Options) { o.URL = "" },
		"no scheme":       func(o *influx.Options) { o.URL = "localhost:8086" },
		"other scheme":    func(o *influx.Options) { o.URL = "file:///etc/passwd" },
		"secret in URL":   func(o *influx.Options) { o.URL = "http://u:hush@localhost:8086" },
		"no bucket":       func(o *influx.Options) { o.Bucket = "" },
		"no organisation": func(o *influx.Options) { o.Org = "" },
		"no catalog":      func(o *influx.Options) { o.Catalog = nil },
	} {
		o := ok
		change(&o)
		if _, err := influx.New(o); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A server that goes away and comes back costs nothing that was offered.
func TestRecorderOverAnOutage(t *testing.T) {
	server := telemetrytest.NeedInflux(t)
	if !server.Stoppable() {
		t.Skip("the server named by the environment must not be stopped")
	}
	s := open(t, options(server, server.Bucket(t, 0)))
	live := telemetry.NewLive(telemetry.LiveOptions{})
	r, err := telemetry.NewRecorder(telemetry.RecorderOptions{
		Store: s, Live: live, SpoolDir: t.TempDir(), RetryMin: 10 * time.Millisecond, RetryMax: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	defer func() {
		cancel()
		<-done
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()

	base := time.Now().Add(-time.Hour).Truncate(time.Second)
	for i := range 300 {
		switch i {
		case 100:
			server.Stop(t)
		case 200:
			server.Start(t)
		}
		x := models.Sample{Point: 7, TimeMS: base.Add(time.Duration(i) * time.Second).UnixMilli(), Value: float64(i)}
		if err := r.Append(t.Context(), []models.Sample{x}); err != nil {
			t.Fatalf("sample %d: %v", i, err)
		}
		if v := live.Get([]models.PointID{7}); len(v) != 1 || v[0].LastGood != float64(i) {
			t.Fatalf("last value after sample %d is %v", i, v)
		}
	}
	for deadline := time.Now().Add(30 * time.Second); r.Stats().StoreDown; {
		if time.Now().After(deadline) {
			t.Fatalf("the recorder does not catch up: %+v", r.Stats())
		}
		<-time.After(20 * time.Millisecond)
	}
	got, err := s.Range(t.Context(), telemetry.Query{Points: []models.PointID{7}, From: base, To: base.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].Samples); n != 300 {
		t.Fatalf("%d of 300 samples are there", n)
	}
	if st := r.Stats(); st.Spooled == 0 || st.Spooled != st.Recovered || st.Lost != 0 || st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
}
