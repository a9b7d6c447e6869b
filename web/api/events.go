package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/event"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

func eventOf(p access.Principal, e event.Summary) apigen.Event {
	text := e.Text
	if e.Kind == models.EventContact {
		text = pollError(p, text)
	}
	out := apigen.Event{
		Id: e.ID, Time: e.Time(), Device: uint64(e.DeviceID), DeviceName: e.DeviceName, Kind: apigen.EventKind(e.Kind), Severity: apigen.Severity(e.Severity),
		Name: opt(e.Name), Text: opt(text), Clears: opt(e.Clears), Source: opt(e.Source), Point: opt(e.PointKey),
		Variables: make([]apigen.EventVariable, len(e.Variables)),
	}
	for i, v := range e.Variables {
		out.Variables[i] = apigen.EventVariable{Name: opt(v.Name), Oid: opt(v.OID), Value: v.Value}
	}
	return out
}

// ListEvents lists what happened to devices, newest first.
func (a *API) ListEvents(c echo.Context, params apigen.ListEventsParams) error {
	ctx := c.Request().Context()
	f := event.Filter{
		Device: models.DeviceID(or(params.Device, 0)), From: or(params.From, time.Time{}), To: or(params.To, time.Time{}),
		Search: or(params.Q, ""), Before: or(params.Before, ""), Limit: or(params.Limit, 0),
	}
	for _, k := range or(params.Kind, nil) {
		f.Kinds = append(f.Kinds, models.EventKind(k))
	}
	for _, s := range or(params.Severity, nil) {
		f.Severities = append(f.Severities, models.Severity(s))
	}
	for _, m := range or(params.Means, nil) {
		word, stands, _ := strings.Cut(m, "=")
		kind, what, _ := strings.Cut(stands, "/")
		f.Meanings = append(f.Meanings, event.Meaning{Word: word, Kind: models.EventKind(kind), What: what})
	}
	page, err := a.o.Events.List(ctx, f)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	out := apigen.EventList{Items: make([]apigen.Event, len(page.Items)), Next: opt(page.Next)}
	for i, e := range page.Items {
		out.Items[i] = eventOf(p, e)
	}
	return answer(c, http.StatusOK, out)
}
