package embedded

import (
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/telemetrytest"
)

func TestContract(t *testing.T) {
	telemetrytest.Run(t, telemetrytest.Harness{
		TooOld: 3 * time.Hour,
		Open: func(t *testing.T, c telemetrytest.Options) telemetry.Store {
			o := Options{Dir: t.TempDir(), Catalog: c.Catalog, Limits: c.Limits, MaxFuture: c.MaxFuture}
			if c.Short {
				o.OutOfOrder = time.Hour
			}
			return open(t, o)
		},
		Reopen: func(t *testing.T, old telemetry.Store) telemetry.Store {
			o := old.(*Store).opts
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, o)
		},
	})
}
