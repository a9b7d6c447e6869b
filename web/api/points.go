package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
	"github.com/aisle-dcim/aisle/web/facility"
	"github.com/aisle-dcim/aisle/web/live"
	"github.com/aisle-dcim/aisle/web/problem"
)

var goVersion = runtime.Version()

// seq is the number of the newest change. It is taken before the values, so
// that a stream which starts from it misses nothing.
func (a *API) seq() string { return strconv.FormatUint(a.o.Live.Seq(), 10) }

// points reads points in one statement.
func (a *API) points(ctx context.Context, q func(*gorm.DB) *gorm.DB) ([]models.Point, error) {
	if err := access.Require(ctx, access.ReadTelemetry); err != nil {
		return nil, err
	}
	db := a.o.DB.WithContext(ctx)
	if sites, all := access.Sites(ctx); !all {
		if len(sites) == 0 {
			return nil, nil
		}
		db = db.Where("device_id IN (SELECT id FROM devices WHERE site_id IN ?)", sites)
	}
	var out []models.Point
	if err := q(db).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	return out, nil
}

func (a *API) deviceRows(ctx context.Context, d *facility.Device) ([]models.Point, error) {
	return a.points(ctx, func(q *gorm.DB) *gorm.DB {
		return q.Where("device_id = ? AND retired_at IS NULL", d.ID).Order("ordinal, id")
	})
}

// withValues tells points with their last values.
func (a *API) withValues(m visible, rows []models.Point, seq string) apigen.PointValues {
	wanted := make([]models.PointID, len(rows))
	for i, p := range rows {
		wanted[i] = p.ID
	}
	l := a.last(wanted)
	out := apigen.PointValues{Items: make([]apigen.PointValue, len(rows)), Seq: seq}
	for i := range rows {
		out.Items[i] = a.pointValue(l, &rows[i], deviceName(m, rows[i].DeviceID))
	}
	return out
}

func deviceName(m visible, id models.DeviceID) string {
	if d := m.Device(id); d != nil {
		return d.Name
	}
	return ""
}

// GetDevicePoints tells the points of a device, in one statement.
func (a *API) GetDevicePoints(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	d, err := m.device(id)
	if err != nil {
		return err
	}
	seq := a.seq()
	rows, err := a.deviceRows(ctx, d)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, a.withValues(m, rows, seq))
}

// SearchPoints finds points by words in their name or their device's.
func (a *API) SearchPoints(c echo.Context, params apigen.SearchPointsParams) error {
	ctx := c.Request().Context()
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	seq := a.seq()
	rows, err := a.points(ctx, func(q *gorm.DB) *gorm.DB {
		if params.Id != nil {
			// Retired points too: their history is still there.
			q = q.Where("id IN ?", *params.Id)
		} else {
			q = q.Where("retired_at IS NULL")
		}
		if params.Device != nil {
			q = q.Where("device_id = ?", *params.Device)
		}
		if params.Class != nil && *params.Class != "" {
			q = q.Where("class = ?", *params.Class)
		}
		for _, w := range facility.Words(or(params.Q, "")) {
			like := "%" + likeEscaper.Replace(w) + "%"
			q = q.Where(`(LOWER(label) LIKE ? ESCAPE '\' OR LOWER(key) LIKE ? ESCAPE '\' OR class LIKE ? ESCAPE '\' OR `+
				`device_id IN (SELECT id FROM devices WHERE search_text LIKE ? ESCAPE '\' OR LOWER(name) LIKE ? ESCAPE '\'))`,
				like, like, like, like, like)
		}
		return q.Order("device_id, ordinal, id").Limit(or(params.Limit, 50))
	})
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, a.withValues(m, rows, seq))
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// steps are the widths of buckets that people can read.
var steps = func() []time.Duration {
	const s, m, h = time.Second, time.Minute, time.Hour
	return []time.Duration{
		s, 2 * s, 5 * s, 10 * s, 15 * s, 20 * s, 30 * s, m, 2 * m, 3 * m, 5 * m, 10 * m, 15 * m, 20 * m, 30 * m,
		h, 2 * h, 3 * h, 6 * h, 12 * h, 24 * h, 48 * h, 7 * 24 * h, 28 * 24 * h,
	}
}()

// chooseStep returns the smallest readable step that makes no more than n
// buckets of the range. One bucket may be cut at each end.
func chooseStep(span time.Duration, n int) time.Duration {
	room := time.Duration(max(n-1, 1))
	for _, s := range steps {
		if span <= s*room {
			return s
		}
	}
	day := 24 * time.Hour
	return (span/room/day + 1) * day
}

const maxRange = 20 * 366 * 24 * time.Hour

// GetTrends tells the history of points.
func (a *API) GetTrends(c echo.Context, params apigen.GetTrendsParams) error {
	ctx := c.Request().Context()
	span := params.To.Sub(params.From)
	if span <= 0 {
		return problem.Field(http.StatusBadRequest, "from", "must be before to")
	}
	if span > maxRange {
		return problem.Field(http.StatusBadRequest, "from", "the range is at most 20 years")
	}
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	rows, err := a.points(ctx, func(q *gorm.DB) *gorm.DB { return q.Where("id IN ?", params.Point) })
	if err != nil {
		return err
	}
	byID := make(map[models.PointID]*models.Point, len(rows))
	for i := range rows {
		byID[rows[i].ID] = &rows[i]
	}
	step := chooseStep(span, or(params.MaxBuckets, 600))
	out := apigen.Trends{From: params.From.UTC(), To: params.To.UTC(), StepMs: step.Milliseconds(), Series: []apigen.TrendSeries{}}
	// States must not be averaged: they are asked for apart.
	asked := map[telemetry.Aggregate][]models.PointID{}
	var order []*models.Point
	seen := map[models.PointID]bool{}
	for _, id := range params.Point {
		p := byID[models.PointID(id)]
		if p == nil {
			return notFound("point: " + strconv.FormatUint(id, 10))
		}
		if seen[p.ID] {
			continue
		}
		seen[p.ID] = true
		order = append(order, p)
		asked[aggregate(p)] = append(asked[aggregate(p)], p.ID)
	}
	// Long ranges cost memory: only so many are read at once.
	select {
	case a.reading <- struct{}{}:
		defer func() { <-a.reading }()
	case <-ctx.Done():
		return fmt.Errorf("wait for other queries: %w", ctx.Err())
	}
	got := map[models.PointID]telemetry.Series{}
	for agg, wanted := range asked {
		series, err := a.o.History.Range(ctx, telemetry.Query{Points: wanted, From: params.From, To: params.To, Step: step, Aggregate: agg})
		if err != nil {
			return err
		}
		for _, s := range series {
			got[s.Point] = s
		}
	}
	for _, p := range order {
		s := series(got[p.ID], step, a.staleAfter(p))
		s.Point = a.point(p, deviceName(m, p.DeviceID))
		out.Series = append(out.Series, s)
	}
	return answer(c, http.StatusOK, out)
}

func aggregate(p *models.Point) telemetry.Aggregate {
	if quantity.Class(p.Class).Enumerated() {
		return telemetry.Last
	}
	return telemetry.Band
}

// series tells buckets. Steps shorter than the poll interval leave buckets
// empty between readings: those are left out. Where nothing came for longer
// than a value is fresh, one bucket without a value marks the gap.
func series(in telemetry.Series, step, fresh time.Duration) apigen.TrendSeries {
	n := len(in.Buckets)
	out := apigen.TrendSeries{
		TimeMs: make([]int64, 0, n), Mean: make([]*float64, 0, n), Min: make([]*float64, 0, n), Max: make([]*float64, 0, n), Count: make([]int, 0, n),
	}
	add := func(ms int64, mean, low, high *float64, count int) {
		out.TimeMs = append(out.TimeMs, ms)
		out.Mean, out.Min, out.Max = append(out.Mean, mean), append(out.Min, low), append(out.Max, high)
		out.Count = append(out.Count, count)
	}
	stepMS := step.Milliseconds()
	gap := max(stepMS, fresh.Milliseconds()) + stepMS
	for i, b := range in.Buckets {
		if i > 0 && b.TimeMS-in.Buckets[i-1].TimeMS > gap {
			add(in.Buckets[i-1].TimeMS+stepMS, nil, nil, nil, 0)
		}
		if !b.Known() || math.IsNaN(b.Value) {
			add(b.TimeMS, nil, nil, nil, 0)
			continue
		}
		mean, low, high := b.Value, b.Min, b.Max
		if math.IsNaN(low) || math.IsNaN(high) {
			low, high = mean, mean
		}
		add(b.TimeMS, &mean, &low, &high, int(max(b.Count, 1)))
	}
	return out
}

// GetStream sends values as they change.
func (a *API) GetStream(c echo.Context, params apigen.GetStreamParams) error {
	ctx := c.Request().Context()
	m, err := a.model(ctx)
	if err != nil {
		return err
	}
	wanted, err := a.streamed(ctx, m, params)
	if err != nil {
		return err
	}
	since, err := resumeFrom(c.Request(), params.Since)
	if err != nil {
		return err
	}
	who := auth.From(c)
	r := live.Request{
		User: fmt.Sprintf("%s/%d", who.Principal.Via, who.Principal.UserID), Since: since,
		Value:   func(v telemetry.Value) apigen.Value { return value(wanted[v.Point], v) },
		Devices: func(id models.DeviceID) bool { return a.mayHear(who.Principal, id) },
		State: func(s apigen.DeviceState) apigen.DeviceState {
			s.Error = opt(pollError(who.Principal, or(s.Error, "")))
			return s
		},
		Allowed: func(ctx context.Context) error {
			now, err := a.o.Guard.Recheck(ctx, who)
			if err != nil {
				return err
			}
			if !sameRights(who.Principal, now) {
				return access.ErrUnauthenticated // the stream was made for other rights
			}
			return access.Require(access.With(ctx, now), access.ReadTelemetry)
		},
	}
	if who.Principal.UserID == 0 {
		r.User = fmt.Sprintf("token/%d", who.Principal.CredentialID)
	}
	for id := range wanted {
		r.Points = append(r.Points, id)
	}
	return a.o.Streams.Serve(c, r)
}

func sameRights(a, b access.Principal) bool {
	if a.Role != b.Role || a.Limit != b.Limit || len(a.Scope) != len(b.Scope) {
		return false
	}
	for i := range a.Scope {
		if a.Scope[i] != b.Scope[i] {
			return false
		}
	}
	return true
}

// mayHear says whether a principal may hear of a device's state.
func (a *API) mayHear(p access.Principal, id models.DeviceID) bool {
	if len(p.Scope) == 0 {
		return true
	}
	d := a.reader.Known(id)
	return d != nil && p.CanSite(access.ReadFacility, d.SiteID)
}

func resumeFrom(r *http.Request, since *string) (uint64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = or(since, "")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, problem.Field(http.StatusBadRequest, "since", "is not a sequence number")
	}
	return n, nil
}

// streamed gathers the points of a stream. What belongs to several of the
// parameters comes once; with none of them only states of devices come.
func (a *API) streamed(ctx context.Context, m visible, params apigen.GetStreamParams) (map[models.PointID]*models.Point, error) {
	out := map[models.PointID]*models.Point{}
	if ids := or(params.Point, nil); len(ids) > 0 {
		rows, err := a.points(ctx, func(q *gorm.DB) *gorm.DB { return q.Where("id IN ?", ids) })
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out[rows[i].ID] = &rows[i]
		}
		for _, id := range ids {
			if out[models.PointID(id)] == nil {
				return nil, notFound("point: " + strconv.FormatUint(id, 10))
			}
		}
	}
	if params.Device != nil {
		d, err := m.device(*params.Device)
		if err != nil {
			return nil, err
		}
		rows, err := a.deviceRows(ctx, d)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out[rows[i].ID] = &rows[i]
		}
	}
	add := func(ps []*facility.Point) {
		for _, p := range ps {
			out[p.ID] = &p.Point
		}
	}
	if params.Rack != nil {
		r, err := m.rack(*params.Rack)
		if err != nil {
			return nil, err
		}
		add(r.Inlets)
		add(r.Power())
	}
	if params.Room != nil {
		room, err := m.location(*params.Room)
		if err != nil {
			return nil, err
		}
		_, racks, _ := inRoom(room)
		for _, r := range racks {
			add(r.Inlets)
			add(r.Power())
		}
	}
	return out, nil
}
