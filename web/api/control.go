package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/problem"
)

// Control keeps requests to write to devices; *control.Service does.
type Control interface {
	Controls(ctx context.Context, id models.DeviceID) (list []control.Control, allowed bool, err error)
	Known(id models.DeviceID) bool
	DryRun(ctx context.Context, id models.DeviceID, w control.Wish) (control.Plan, error)
	Request(ctx context.Context, id models.DeviceID, w control.Wish, reason string) (models.ControlRequest, error)
	Confirm(ctx context.Context, id uint64, password string) (models.ControlRequest, error)
	Reject(ctx context.Context, id uint64, why string) (models.ControlRequest, error)
	Cancel(ctx context.Context, id uint64) (models.ControlRequest, error)
	Requests(ctx context.Context, f control.Filter) ([]models.ControlRequest, error)
	Get(ctx context.Context, id uint64) (models.ControlRequest, error)
}

var _ Control = (*control.Service)(nil)

// controlling returns what keeps the requests, or that there is no such thing.
func (a *API) controlling() (Control, error) {
	if a.o.Control == nil {
		return nil, problem.New(http.StatusNotFound, problem.NotFound, "control of devices is switched off")
	}
	return a.o.Control, nil
}

func (a *API) controlRequest(p access.Principal, r models.ControlRequest) apigen.ControlRequest {
	out := apigen.ControlRequest{
		Id: r.ID, DeviceName: r.DeviceName, Control: r.Control, Label: r.Label, LabelOfProfile: a.ownLabel(r.Control, r.Label), Kind: apigen.ControlRequestKind(r.Kind), Option: opt(r.Option), Value: r.Value,
		Class: opt(r.Class), Unit: opt(quantity.Class(r.Class).Unit()), Target: r.Target, Raw: r.Raw, Before: opt(r.Before), Reason: r.Reason,
		State: apigen.ControlState(r.State), Requester: r.Requester, Mine: p.UserID != 0 && p.UserID == r.RequesterID, RequestedAt: r.RequestedAt.UTC(),
		ExpiresAt: r.ExpiresAt.UTC(), Decider: opt(r.Decider), DecidedAt: r.DecidedAt, StartedAt: r.StartedAt, EndedAt: r.EndedAt, Result: opt(r.Result),
		Cancellable: control.Cancels(p, r) && (r.State == models.ControlRequested || r.State == models.ControlConfirmed),
	}
	if r.Cause != "" {
		out.Cause = opt(apigen.ControlCause(r.Cause))
	}
	if r.SiteID != nil && p.CanSite(access.EditDevices, *r.SiteID) {
		out.Detail = opt(r.Detail)
	}
	if r.DeviceID != nil {
		out.Device = opt(uint64(*r.DeviceID))
	}
	return out
}

// ListControls tells what can be written to a device, with what it shows now.
func (a *API) ListControls(c echo.Context, id apigen.ID) error {
	service, err := a.controlling()
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	list, allowed, err := service.Controls(ctx, models.DeviceID(id))
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	out := apigen.ControlList{Permission: apigen.ControlPermission{Allowed: allowed}, Known: allowed && service.Known(models.DeviceID(id)), Items: []apigen.Control{}}
	if p.Can(access.AllowControl) {
		d, err := a.o.Inventory.Device(ctx, models.DeviceID(id))
		if err != nil {
			return err
		}
		out.Permission.Credential = d.ControlCredentialID
	}
	points, err := a.controlPoints(ctx, models.DeviceID(id), list)
	if err != nil {
		return err
	}
	for _, x := range list {
		item := apigen.Control{Key: x.Key, Label: x.Label, LabelOfProfile: a.ownLabel(x.Key, x.Label), Kind: apigen.ControlKind(x.Kind), Target: x.Target}
		if pt, ok := points[x.Shows]; ok && x.Shows != "" {
			item.Point = opt(uint64(pt.ID))
			item.State = a.shown(pt)
		}
		if x.Kind == models.ControlCommand {
			options := make([]apigen.ControlOption, len(x.Options))
			for i, o := range x.Options {
				options[i] = apigen.ControlOption{Name: o.Name, Severity: apigen.ControlOptionSeverity(o.Severity), Warning: opt(o.Warning)}
				if o.Done != nil && item.State != nil && float64(*o.Done) == item.State.Value {
					options[i].IsNow = opt(true)
				}
			}
			item.Options = &options
		} else {
			item.Class, item.Unit, item.Min, item.Max, item.Step = opt(string(x.Class)), opt(x.Class.Unit()), &x.Min, &x.Max, &x.Step
		}
		if x.Open != nil {
			open := a.controlRequest(p, *x.Open)
			item.Open = &open
		}
		out.Items = append(out.Items, item)
	}
	return answer(c, http.StatusOK, out)
}

// AllowControl says whether a device may be written.
func (a *API) AllowControl(c echo.Context, id apigen.ID) error {
	if _, err := a.controlling(); err != nil {
		return err
	}
	in, err := body[apigen.ControlPermission](c)
	if err != nil {
		return err
	}
	err = a.o.Inventory.AllowControl(c.Request().Context(), models.DeviceID(id), models.Controlling{ControlAllowed: in.Allowed, ControlCredentialID: in.Credential})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// DryRunControl tells what would be written.
func (a *API) DryRunControl(c echo.Context, id apigen.ID) error {
	service, err := a.controlling()
	if err != nil {
		return err
	}
	in, err := body[apigen.ControlWish](c)
	if err != nil {
		return err
	}
	plan, err := service.DryRun(c.Request().Context(), models.DeviceID(id), control.Wish{Control: in.Control, Option: or(in.Option, ""), Value: in.Value})
	if err != nil {
		return err
	}
	x := plan.Intent
	out := apigen.ControlDryRun{
		Target: x.Target, Raw: x.Raw, Current: opt(x.Current), CurrentOption: opt(x.CurrentOption), CurrentValue: x.CurrentValue, Warning: opt(plan.Option.Warning),
	}
	if plan.Option.Severity != "" {
		severity := apigen.ControlDryRunSeverity(plan.Option.Severity)
		out.Severity = &severity
	}
	return answer(c, http.StatusOK, out)
}

// RequestControl asks for a control to be written.
func (a *API) RequestControl(c echo.Context, id apigen.ID) error {
	service, err := a.controlling()
	if err != nil {
		return err
	}
	in, err := body[apigen.ControlRequestInput](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	r, err := service.Request(ctx, models.DeviceID(id), control.Wish{Control: in.Control, Option: or(in.Option, ""), Value: in.Value}, in.Reason)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	return answer(c, http.StatusCreated, a.controlRequest(p, r))
}

// ListControlRequests lists requests, newest first.
func (a *API) ListControlRequests(c echo.Context, params apigen.ListControlRequestsParams) error {
	service, err := a.controlling()
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	f := control.Filter{DeviceID: models.DeviceID(or(params.Device, 0)), Before: or(params.Before, 0), Limit: or(params.Limit, 100)}
	for _, s := range or(params.State, nil) {
		f.States = append(f.States, models.ControlState(s))
	}
	rows, err := service.Requests(ctx, f)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	out := apigen.ControlRequestList{Items: make([]apigen.ControlRequest, len(rows))}
	for i, r := range rows {
		out.Items[i] = a.controlRequest(p, r)
	}
	return answer(c, http.StatusOK, out)
}

// oneRequest answers with a request after something was done with it.
func (a *API) oneRequest(c echo.Context, do func(ctx context.Context, s Control) (models.ControlRequest, error)) error {
	service, err := a.controlling()
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	r, err := do(ctx, service)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	return answer(c, http.StatusOK, a.controlRequest(p, r))
}

// GetControlRequest tells of one request.
func (a *API) GetControlRequest(c echo.Context, id apigen.ID) error {
	return a.oneRequest(c, func(ctx context.Context, s Control) (models.ControlRequest, error) { return s.Get(ctx, id) })
}

// ConfirmControl is the word of the second person.
func (a *API) ConfirmControl(c echo.Context, id apigen.ID) error {
	in, err := body[apigen.ControlConfirmation](c)
	if err != nil {
		return err
	}
	return a.oneRequest(c, func(ctx context.Context, s Control) (models.ControlRequest, error) {
		return s.Confirm(ctx, id, or(in.Password, ""))
	})
}

// RejectControl is the other word of the second person.
func (a *API) RejectControl(c echo.Context, id apigen.ID) error {
	in, err := body[apigen.ControlRejection](c)
	if err != nil {
		return err
	}
	return a.oneRequest(c, func(ctx context.Context, s Control) (models.ControlRequest, error) {
		return s.Reject(ctx, id, or(in.Reason, ""))
	})
}

// CancelControl takes a request back.
func (a *API) CancelControl(c echo.Context, id apigen.ID) error {
	return a.oneRequest(c, func(ctx context.Context, s Control) (models.ControlRequest, error) { return s.Cancel(ctx, id) })
}

// controlPoints are the points that show the effects of controls, by key.
func (a *API) controlPoints(ctx context.Context, id models.DeviceID, list []control.Control) (map[string]models.Point, error) {
	if len(list) == 0 {
		return nil, nil
	}
	m, err := a.model(ctx)
	if err != nil {
		return nil, err
	}
	d, err := m.device(uint64(id))
	if err != nil {
		return nil, err
	}
	rows, err := a.deviceRows(ctx, d)
	if err != nil {
		return nil, err
	}
	out := make(map[string]models.Point, len(rows))
	for _, p := range rows {
		out[p.Key] = p
	}
	return out, nil
}

// shown is the value of a point now, nil when it has none.
func (a *API) shown(p models.Point) *apigen.ControlShown {
	for _, v := range a.o.Live.Get([]models.PointID{p.ID}) {
		if v.Quality != models.Good {
			continue
		}
		out := apigen.ControlShown{Value: v.Value, At: time.UnixMilli(v.TimeMS).UTC()}
		if s, ok := p.States[int64(v.Value)]; ok {
			severity := apigen.ControlShownSeverity(s.Severity)
			out.Text, out.Severity = &s.Text, &severity
		}
		return &out
	}
	return nil
}
