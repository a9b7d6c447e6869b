package event

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/layout"
	"github.com/aisle-dcim/aisle/models"
)

// Summary is an event with the name of its device.
type Summary struct {
	models.Event
	DeviceName string
}

// Filter chooses events; zero fields choose all.
type Filter struct {
	Device     models.DeviceID
	Kinds      []models.EventKind
	Severities []models.Severity
	// Search wants each of its words in the text, name, point or source of the
	// event, or in what its device is found by. Case does not count, marks of
	// letters do in what a device told. Why a device could not be read is not
	// searched: not everybody may read it.
	Search string
	// Meanings are what words of Search stand for where the reader sees other
	// words than those that are kept: a word is also found in such an event.
	Meanings []Meaning
	// From is inclusive, To exclusive.
	From, To time.Time
	// Before is the Next of the page before; empty begins with the newest.
	Before string
	// Limit is at most 200; zero means 50.
	Limit int
}

// Meaning is what a word of a search stands for in the language of a reader.
type Meaning struct {
	Word string
	Kind models.EventKind
	// What is the name of the event, or words of its text but for that of
	// contact; empty means every event of the kind.
	What string
}

// Page is a part of the events, newest first.
type Page struct {
	Items []Summary
	// Next gives the page after this one; empty at the end.
	Next string
}

const (
	defaultPage = 50
	maxPage     = 200
	// maxWords of a search count; each costs a look at every event.
	maxWords = 10
	// maxMeanings of a search count.
	maxMeanings = 100
)

// List returns a page of events, newest first, in one statement.
func (j *Journal) List(ctx context.Context, f Filter) (Page, error) {
	var page Page
	if err := access.Require(ctx, access.ReadTelemetry); err != nil {
		return page, err
	}
	q := layout.Confine(ctx, j.o.DB.WithContext(ctx), "d.site_id").Table("device_events AS e").Select("e.*, d.name AS device_name").
		Joins("JOIN devices AS d ON d.id = e.device_id")
	if f.Device != 0 {
		q = q.Where("e.device_id = ?", f.Device)
	}
	if len(f.Kinds) > 0 {
		q = q.Where("e.kind IN ?", f.Kinds)
	}
	if len(f.Severities) > 0 {
		q = q.Where("e.severity IN ?", f.Severities)
	}
	words := strings.Fields(f.Search)
	for _, word := range words[:min(len(words), maxWords)] {
		told, found := layout.LikeTerm(strings.ToLower(word)), layout.LikeTerm(layout.Fold(word))
		meant, args := f.meant(word)
		q = q.Where(`(e.kind <> ? AND LOWER(e.text) LIKE ? ESCAPE '\' OR LOWER(e.name) LIKE ? ESCAPE '\' OR LOWER(e.point_key) LIKE ? ESCAPE '\'`+
			` OR e.source LIKE ? ESCAPE '\' OR d.search_text LIKE ? ESCAPE '\'`+meant+`)`, append([]any{models.EventContact, told, told, told, told, found}, args...)...)
	}
	if !f.From.IsZero() {
		q = q.Where("e.time_ms >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		q = q.Where("e.time_ms < ?", f.To.UnixMilli())
	}
	if f.Before != "" {
		ms, id, err := parseCursor(f.Before)
		if err != nil {
			return page, err
		}
		q = q.Where("e.time_ms <= ? AND (e.time_ms < ? OR e.id < ?)", ms, ms, id)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, maxPage)
	// One more tells whether there is a next page.
	if err := q.Order("e.time_ms DESC, e.id DESC").Limit(limit + 1).Find(&page.Items).Error; err != nil {
		return page, fmt.Errorf("list events: %w", err)
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = fmt.Sprintf("%d.%d", last.TimeMS, last.ID)
	}
	return page, nil
}

// meant is the further condition that finds what a word stands for.
func (f Filter) meant(word string) (condition string, args []any) {
	for _, m := range f.Meanings[:min(len(f.Meanings), maxMeanings)] {
		switch {
		case !strings.EqualFold(m.Word, word):
		case m.What == "":
			condition += " OR e.kind = ?"
			args = append(args, m.Kind)
		case m.Kind == models.EventContact:
			condition += " OR e.kind = ? AND e.name = ?"
			args = append(args, m.Kind, m.What)
		default:
			condition += ` OR e.kind = ? AND (e.name = ? OR LOWER(e.text) LIKE ? ESCAPE '\')`
			args = append(args, m.Kind, m.What, layout.LikeTerm(strings.ToLower(m.What)))
		}
	}
	return condition, args
}

func parseCursor(s string) (ms int64, id uint64, err error) {
	a, b, ok := strings.Cut(s, ".")
	if ok {
		if ms, err = strconv.ParseInt(a, 10, 64); err == nil {
			id, err = strconv.ParseUint(b, 10, 63)
		}
	}
	if !ok || err != nil {
		return 0, 0, fault.Invalid("before", "format", "is not the next of a page")
	}
	return ms, id, nil
}

// LastContacts returns the newest change of the polling state of each device:
// time, name, text and variables. Only the system may.
func (j *Journal) LastContacts(ctx context.Context) (map[models.DeviceID]models.Event, error) {
	if err := access.RequireSystem(ctx, access.ReadTelemetry); err != nil {
		return nil, err
	}
	var rows []models.Event
	newest := j.o.DB.WithContext(ctx).Model(&models.Event{}).Select("MAX(id)").Where("kind = ?", models.EventContact).Group("device_id")
	if err := j.o.DB.WithContext(ctx).Select("device_id, time_ms, name, text, variables").Where("id IN (?)", newest).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read last polling states: %w", err)
	}
	out := make(map[models.DeviceID]models.Event, len(rows))
	for _, e := range rows {
		out[e.DeviceID] = e
	}
	return out, nil
}
