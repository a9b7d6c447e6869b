package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/dcim/telemetry/embedded"
	"github.com/aisle-dcim/aisle/dcim/telemetry/influx"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// staleGrace is added to the freshness limit for what a poll itself takes.
const staleGrace = 2 * time.Second

// restoreSpan is how far back last values are looked for at the start.
const restoreSpan = 24 * time.Hour

// openTelemetry opens the time-series store and shows the last values again,
// with their age.
func (a *App) openTelemetry(ctx context.Context) error {
	cfg := a.opt.Config.Telemetry
	catalog := telemetry.CatalogFunc(func(id models.PointID) (telemetry.SeriesID, bool) {
		p, ok := a.inventory.Catalog().Point(id)
		if !ok {
			return telemetry.SeriesID{}, false
		}
		return telemetry.SeriesID{Device: p.DeviceID, Key: p.Key, Class: quantity.Class(p.Class)}, true
	})
	var err error
	switch cfg.Store {
	case "influx":
		a.store, err = influx.New(influx.Options{
			URL: cfg.Influx.URL, Org: cfg.Influx.Org, Bucket: cfg.Influx.Bucket, Token: cfg.Influx.Token.Reveal(),
			Catalog: catalog, BatchSize: cfg.Influx.BatchSize, Timeout: cfg.Influx.Timeout.D(),
		})
	default:
		a.store, err = embedded.Open(embedded.Options{ //nolint:contextcheck // the store lives until it is closed
			Dir: filepath.Join(a.opt.Config.DataDir, "telemetry"), Catalog: catalog,
			RetentionTime: cfg.Embedded.RetentionTime.D(), RetentionSize: int64(cfg.Embedded.RetentionSize),
			OutOfOrder: cfg.Embedded.OutOfOrder.D(), Logger: a.log,
		})
	}
	if err != nil {
		return fmt.Errorf("open time-series store: %w", err)
	}
	a.later(func(context.Context) error { return a.store.Close() })
	a.live = telemetry.NewLive(telemetry.LiveOptions{StaleFactor: float64(cfg.StaleAfter), StaleGrace: staleGrace})
	a.recorder, err = telemetry.NewRecorder(telemetry.RecorderOptions{Store: a.store, Live: a.live, SpoolDir: a.spoolDir(), Logger: a.log})
	if err != nil {
		return err
	}
	a.later(func(context.Context) error { return a.recorder.Close() })
	var ids []models.PointID
	points := a.inventory.Catalog().All()
	for _, p := range points {
		ids = append(ids, p.ID)
	}
	a.track(points)
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := a.recorder.Restore(ctx, ids, time.Now().Add(-restoreSpan)); err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		// Values come with the next poll; a store that is away must not keep
		// the plant from being read.
		a.log.WarnContext(ctx, "last values could not be restored", "err", err)
	}
	return nil
}
