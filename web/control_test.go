package web_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/control"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// switchboard gives every device an outlet and a set-point. Nothing is ever
// written: nobody runs the service.
type switchboard struct{}

// unknown is the device that is still being looked at.
var unknown atomic.Uint64

func (switchboard) Known(id models.DeviceID) bool { return uint64(id) != unknown.Load() }

func (switchboard) Controls(models.DeviceID) []models.ControlSpec {
	return []models.ControlSpec{
		{Key: "outlet/1/switch", Kind: models.ControlCommand, Label: "Outlet 1", Target: "1.3.6.1.4.1.9.1", Options: []models.ControlOption{
			{Name: "on", Severity: models.SeverityInfo}, {Name: "off", Severity: models.SeverityCritical, Warning: "what is plugged in goes dark"},
		}},
		{Key: "setpoint", Kind: models.ControlSetPoint, Label: "Set-point", Class: "temperature", Min: 16, Max: 30, Step: 0.5, Target: "holding 4"},
	}
}

func (switchboard) Intend(_ context.Context, _ models.Device, key string, a control.Action) (control.Intent, error) {
	return control.Intent{Target: "SET " + key, Raw: fmt.Sprint(a.Option, a.Value), Current: "1"}, nil
}

func (switchboard) Write(context.Context, models.Device, string, control.Action, control.Intent) error {
	return control.ErrUnanswered
}

func (switchboard) Poll(models.DeviceID) {}

func (switchboard) Shown(models.DeviceID, string) (float64, time.Time, bool) {
	return 0, time.Time{}, false
}

func TestControlOverTheWire(t *testing.T) {
	h := open(t, nil)
	admin := h.program(access.Administrator)
	path := fmt.Sprintf("/devices/%d/controls", h.pdus[0])
	get := func(c *client) apigen.ControlList {
		t.Helper()
		var out apigen.ControlList
		c.want(200, "GET", path, nil, &out)
		return out
	}
	if l := get(admin); l.Permission.Allowed || len(l.Items) != 0 {
		t.Errorf("before it is allowed: %+v", l)
	}
	for role, want := range map[access.Role]int{access.Engineer: http.StatusForbidden, access.Viewer: http.StatusForbidden, access.Administrator: http.StatusNoContent} {
		if resp, data := h.program(role).do("PUT", path, apigen.ControlPermission{Allowed: true}); resp.StatusCode != want {
			t.Errorf("%s allows control: %d %s", role, resp.StatusCode, data)
		}
	}
	l := get(h.program(access.Viewer))
	if !l.Permission.Allowed || !l.Known || len(l.Items) != 2 || l.Items[0].Options == nil || *(*l.Items[0].Options)[1].Warning == "" || *l.Items[1].Unit != "°C" || *l.Items[1].Max != 30 {
		t.Errorf("controls: %+v", l)
	}
	unknown.Store(uint64(h.pdus[0]))
	if l := get(h.program(access.Viewer)); !l.Permission.Allowed || l.Known {
		t.Errorf("while it is being looked at: %+v", l)
	}
	unknown.Store(0)
	for _, tt := range []struct {
		role access.Role
		what string
		body map[string]any
		want int
		says string
	}{
		{access.Viewer, "/dry-run", map[string]any{"control": "outlet/1/switch", "option": "off"}, http.StatusForbidden, ""},
		{access.Operator, "/dry-run", map[string]any{"control": "outlet/1/switch", "option": "off"}, http.StatusOK, `"warning":"what is plugged in goes dark"`},
		{access.Operator, "/dry-run", map[string]any{"control": "outlet/1/switch", "option": "burn"}, http.StatusUnprocessableEntity, "option"},
		{access.Operator, "/dry-run", map[string]any{"control": "setpoint", "value": 99}, http.StatusUnprocessableEntity, "value"},
		{access.Operator, "/dry-run", map[string]any{"control": "outlet/2/switch", "option": "on"}, http.StatusNotFound, ""},
		{access.Operator, "/requests", map[string]any{"control": "outlet/1/switch", "option": "off"}, http.StatusBadRequest, "reason"},
		// A token of nobody is not the first of two persons.
		{access.Operator, "/requests", map[string]any{"control": "outlet/1/switch", "option": "off", "reason": "server replaced"}, http.StatusForbidden, ""},
	} {
		resp, data := h.program(tt.role).do("POST", path+tt.what, tt.body)
		if resp.StatusCode != tt.want || !strings.Contains(string(data), tt.says) {
			t.Errorf("%s %s %v: %d %s", tt.role, tt.what, tt.body, resp.StatusCode, data)
		}
	}
}

// TestControlOff: nothing is told of control while it is switched off.
func TestControlOff(t *testing.T) {
	h := open(t, func(o *web.Options) { o.API.Control = nil })
	c := h.program(access.Administrator)
	path := fmt.Sprintf("/devices/%d/controls", h.pdus[0])
	for _, x := range []struct {
		method, path string
		body         any
	}{
		{"GET", path, nil},
		{"PUT", path, apigen.ControlPermission{Allowed: true}},
		{"GET", "/control/requests", nil},
		{"GET", "/control/requests/1", nil},
	} {
		if resp, data := c.do(x.method, x.path, x.body); resp.StatusCode != http.StatusNotFound || !strings.Contains(string(data), "switched off") {
			t.Errorf("%s %s: %d %s", x.method, x.path, resp.StatusCode, data)
		}
	}
	var about apigen.About
	if c.want(200, "GET", "/about", nil, &about); about.Control == nil || *about.Control {
		t.Errorf("about: %+v", about.Control)
	}
}

// everyControl asks for control as an administrator; an engineer decides.
func (c *client) everyControl(h *house) {
	h.t.Helper()
	second := h.signedIn(access.Engineer)
	path := fmt.Sprintf("/devices/%d/controls", h.pdus[1])
	c.want(http.StatusNoContent, "PUT", path, apigen.ControlPermission{Allowed: true}, nil)
	c.want(http.StatusOK, "GET", path, nil, nil)
	off, value := "off", 24.5
	wish := apigen.ControlWish{Control: "outlet/1/switch", Option: &off}
	var dry apigen.ControlDryRun
	c.want(http.StatusOK, "POST", path+"/dry-run", wish, &dry)
	ask := func(in apigen.ControlRequestInput) apigen.ControlRequest {
		h.t.Helper()
		var r apigen.ControlRequest
		in.Reason = "server replaced"
		c.want(http.StatusCreated, "POST", path+"/requests", in, &r)
		if r.State != apigen.ControlStateRequested || !r.Mine || r.ExpiresAt.Sub(r.RequestedAt) != 15*time.Minute {
			h.t.Errorf("request %+v", r)
		}
		return r
	}
	r := ask(apigen.ControlRequestInput{Control: "outlet/1/switch", Option: &off})
	if r.Target != dry.Target || r.Raw != dry.Raw {
		h.t.Errorf("request %+v is not what the dry run said: %+v", r, dry)
	}
	at := fmt.Sprintf("/control/requests/%d", r.Id)
	if p := c.refused(http.StatusConflict, "conflict", "POST", at+"/confirm", apigen.ControlConfirmation{}); *p.Reason != control.SamePerson {
		h.t.Errorf("the same person: %+v", p)
	}
	if p := c.refused(http.StatusConflict, "conflict", "POST", path+"/requests", apigen.ControlRequestInput{Control: "outlet/1/switch", Option: &off, Reason: "once more"}); *p.Reason != control.Open {
		h.t.Errorf("a second request: %+v", p)
	}
	var seen apigen.ControlRequest
	second.want(http.StatusOK, "GET", at, nil, &seen)
	if seen.Mine {
		h.t.Error("the second person is told to have asked")
	}
	second.want(http.StatusOK, "POST", at+"/confirm", apigen.ControlConfirmation{}, &seen)
	if seen.State != apigen.ControlStateConfirmed {
		h.t.Errorf("confirmed: %+v", seen)
	}
	if !seen.Cancellable {
		h.t.Error("who confirmed cannot take it back")
	}
	// Why it ended is for all, addresses and objects are not.
	err := h.db.Exec("UPDATE control_requests SET state = 'failed', ended_at = decided_at, cause = 'unreachable', detail = 'ask 192.0.2.1:161' WHERE id = ?", r.Id).Error
	if err != nil {
		h.t.Fatal(err)
	}
	for role, wants := range map[access.Role]bool{access.Engineer: true, access.Operator: false, access.Viewer: false} {
		var ended apigen.ControlRequest
		h.signedIn(role).want(http.StatusOK, "GET", at, nil, &ended)
		if ended.Cause == nil || *ended.Cause != apigen.ControlCause(models.ControlUnreachable) || (ended.Detail != nil) != wants || ended.Result != nil {
			h.t.Errorf("%s reads of the end: %+v", role, ended)
		}
	}
	r = ask(apigen.ControlRequestInput{Control: "setpoint", Value: &value})
	second.want(http.StatusOK, "POST", fmt.Sprintf("/control/requests/%d/reject", r.Id), apigen.ControlRejection{}, nil)
	r = ask(apigen.ControlRequestInput{Control: "setpoint", Value: &value})
	second.refused(http.StatusForbidden, "forbidden", "POST", fmt.Sprintf("/control/requests/%d/cancel", r.Id), nil)
	c.want(http.StatusOK, "POST", fmt.Sprintf("/control/requests/%d/cancel", r.Id), nil, nil)
	var list apigen.ControlRequestList
	c.want(http.StatusOK, "GET", "/control/requests?state=cancelled&state=rejected&limit=5", nil, &list)
	if len(list.Items) != 2 || *list.Items[0].Value != value || *list.Items[0].Unit != "°C" {
		h.t.Errorf("ended requests: %+v", list)
	}
}

// TestControlIsNotTricked: a page of another origin, somebody of another site
// and one person with two accounts decide nothing, and a request stays as it was
// asked for.
func TestControlIsNotTricked(t *testing.T) {
	h := open(t, nil)
	boss, eva := h.signedIn(access.Administrator), h.signedIn(access.Engineer)
	path := fmt.Sprintf("/devices/%d/controls", h.pdus[0])
	boss.want(http.StatusNoContent, "PUT", path, apigen.ControlPermission{Allowed: true}, nil)
	off := "off"
	wish := apigen.ControlRequestInput{Control: "outlet/1/switch", Option: &off, Reason: "server replaced"}
	var r apigen.ControlRequest
	boss.want(http.StatusCreated, "POST", path+"/requests", wish, &r)
	at := fmt.Sprintf("/control/requests/%d", r.Id)
	stays := func(after string) {
		t.Helper()
		var now apigen.ControlRequest
		eva.want(http.StatusOK, "GET", at, nil, &now)
		if now.State != apigen.ControlStateRequested || now.Raw != r.Raw || *now.Option != "off" {
			t.Fatalf("after %s: %+v", after, now)
		}
	}
	ways := []struct {
		path string
		body any
	}{{at + "/confirm", apigen.ControlConfirmation{}}, {at + "/reject", apigen.ControlRejection{}}, {at + "/cancel", nil}, {path + "/requests", wish}, {path + "/dry-run", apigen.ControlWish{Control: wish.Control, Option: &off}}}
	for _, way := range ways {
		good := eva.csrf
		for _, bad := range []string{"", "x", boss.csrf} {
			eva.csrf = bad
			eva.refused(http.StatusForbidden, "forbidden", "POST", way.path, way.body)
		}
		eva.csrf = good
		eva.header.Set("Sec-Fetch-Site", "cross-site")
		eva.refused(http.StatusForbidden, "forbidden", "POST", way.path, way.body)
		eva.header.Del("Sec-Fetch-Site")
	}
	stays("forged requests")
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		if resp, _ := eva.do(method, at, wish); resp.StatusCode != http.StatusMethodNotAllowed && resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s of a request: %d", method, resp.StatusCode)
		}
	}
	stays("an attempt to change it")

	must(h.access.CreateUser(h.system, access.NewUser{Name: "far", Password: password, Role: access.Engineer, Scope: []uint64{h.site + 1}}))(t)
	far := h.client()
	var s apigen.Session
	far.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "far", Password: password}, &s)
	far.csrf = s.CsrfToken
	for _, way := range ways {
		if resp, data := far.do("POST", way.path, way.body); resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %d %s", way.path, resp.StatusCode, data)
		}
	}
	far.refused(http.StatusNotFound, "not-found", "GET", at, nil)
	stays("somebody of another site")

	// The administrator makes a second account, and signs in with it.
	var two apigen.User
	boss.want(http.StatusCreated, "POST", "/users", map[string]any{"name": "second", "password": password, "role": "engineer"}, &two)
	second := h.client()
	second.want(http.StatusOK, "POST", "/session", apigen.SignInRequest{Name: "second", Password: password}, &s)
	second.csrf = s.CsrfToken
	if p := second.refused(http.StatusConflict, "conflict", "POST", at+"/confirm", apigen.ControlConfirmation{}); *p.Reason != control.PasswordGiven || p.Blockers == nil || !slices.Equal((*p.Blockers)[0].Names, []string{"second"}) {
		t.Errorf("a second account: %+v", p)
	}
	stays("a second account")
	second.want(http.StatusNoContent, "PUT", "/session/password", apigen.PasswordChange{Old: password, New: "another good phrase here"}, nil)
	if p := second.refused(http.StatusConflict, "conflict", "POST", at+"/confirm", apigen.ControlConfirmation{}); *p.Reason != control.PasswordReset || p.Blockers == nil || !slices.Equal((*p.Blockers)[0].Names, []string{"second"}) {
		t.Errorf("a second account that changed its password at once: %+v", p)
	}
	stays("a second account that changed its password at once")
	eva.want(http.StatusOK, "POST", at+"/confirm", apigen.ControlConfirmation{}, nil)
	for _, who := range []*client{second, eva} {
		if p := who.refused(http.StatusConflict, "conflict", "POST", at+"/confirm", apigen.ControlConfirmation{}); *p.Reason != control.Ended {
			t.Errorf("confirmed once more: %+v", p)
		}
	}
}
