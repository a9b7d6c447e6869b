// Package problem turns errors into problem details (RFC 9457). It is the one
// place that decides what a client learns of a failure: the domain's words for
// what the client did, and nothing of the inside.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/dcim/telemetry"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// Codes are stable words for programs and translations.
const (
	Unauthenticated = "unauthenticated"
	Forbidden       = "forbidden"
	NotFound        = "not-found"
	Conflict        = "conflict"
	Invalid         = "invalid"
	BadCredentials  = "bad-credentials"
	TooMany         = "too-many-attempts"
	TooLarge        = "too-large"
	Unavailable     = "unavailable"
	Internal        = "internal"
)

// MediaType is that of problem details.
const MediaType = "application/problem+json"

// Error is an error that knows how it is to be told.
type Error struct {
	Status int
	Code   string
	// Detail is in words fit for a user; it may be empty.
	Detail string
	Fields []apigen.FieldError
	// Reason is the stable word of a conflict; Blockers tell what is in use.
	Reason   string
	Blockers []apigen.Blocker
	// RetryAfter is how long to wait before the next try; zero for no advice.
	RetryAfter time.Duration
	// Cause is for the log only.
	Cause error
}

// New returns an Error.
func New(status int, code, detail string) *Error {
	return &Error{Status: status, Code: code, Detail: detail}
}

// Field returns an Error about one field.
func Field(status int, path, message string) *Error {
	return &Error{Status: status, Code: Invalid, Detail: path + ": " + message, Fields: []apigen.FieldError{{Path: path, Message: message}}}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Cause.Error()
	}
	return e.Code + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// From finds out what err means to a client. Errors that no rule knows are
// internal, and nothing of their text is told.
func From(err error) *Error {
	var (
		own      *Error
		http4    *echo.HTTPError
		big      *http.MaxBytesError
		attempts *access.TooManyAttemptsError
		badField *access.InvalidError
		badCred  *credential.InvalidError
		field    *fault.InvalidError
		conflict *fault.ConflictError
		limit    *telemetry.LimitError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &big):
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: TooLarge, Detail: fmt.Sprintf("a request holds at most %d bytes", big.Limit), Cause: err}
	case errors.As(err, &http4):
		return fromEcho(http4, err)
	case errors.As(err, &attempts):
		return &Error{Status: http.StatusTooManyRequests, Code: TooMany, Detail: attempts.Error(), RetryAfter: attempts.RetryAfter, Cause: err}
	case errors.As(err, &badField):
		return invalid(badField.Field, badField.Code, badField.Reason, err)
	case errors.As(err, &badCred):
		return invalid(badCred.Field, badCred.Code, badCred.Reason, err)
	case errors.As(err, &field):
		e := invalid(field.Field, field.Code, field.Reason, err)
		if field.Line > 0 {
			e.Fields[0].Line = &field.Line
		}
		if len(field.Values) > 0 {
			e.Fields[0].Values = &field.Values
		}
		return e
	case errors.As(err, &conflict):
		return fromConflict(conflict, err)
	case errors.As(err, &limit):
		return &Error{Status: http.StatusUnprocessableEntity, Code: TooLarge, Detail: limit.Error(), Cause: err}
	}
	return fromKind(err)
}

func invalid(field, code, reason string, cause error) *Error {
	e := Field(http.StatusUnprocessableEntity, fieldName(field), reason)
	e.Cause = cause
	if code != "" {
		e.Fields[0].Code = &code
	}
	return e
}

func fromConflict(c *fault.ConflictError, cause error) *Error {
	e := &Error{Status: http.StatusConflict, Code: Conflict, Detail: c.Reason, Reason: c.Code, Cause: cause}
	if c.Field != "" {
		e.Fields = []apigen.FieldError{{Path: fieldName(c.Field), Message: c.Reason, Code: &c.Code}}
	}
	for _, u := range c.Users {
		names := u.Names
		if names == nil {
			names = []string{}
		}
		e.Blockers = append(e.Blockers, apigen.Blocker{Object: strings.ReplaceAll(u.Objects, " ", "-"), Count: u.Count, Names: names})
	}
	return e
}

// fieldName is what the contract calls a field of the model.
func fieldName(s string) string {
	switch s {
	case "site_id", "location_id", "rack_id", "credential_id":
		return strings.TrimSuffix(s, "_id")
	case "parent_id":
		return "parent"
	case "poll_enabled":
		return "enabled"
	case "row_id":
		return "row"
	case "auth_passphrase", "priv_passphrase":
		return strings.TrimSuffix(s, "phrase") + "word"
	case "context_name":
		return "context"
	}
	return s
}

// fromKind maps the sentinels.
func fromKind(err error) *Error {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	e := &Error{Cause: err}
	switch {
	case is(access.ErrBadCredentials):
		e.Status, e.Code, e.Detail = http.StatusUnauthorized, BadCredentials, access.ErrBadCredentials.Error()
	case is(access.ErrUnauthenticated):
		e.Status, e.Code, e.Detail = http.StatusUnauthorized, Unauthenticated, access.ErrUnauthenticated.Error()
	case is(access.ErrForbidden):
		e.Status, e.Code, e.Detail = http.StatusForbidden, Forbidden, access.ErrForbidden.Error()
	case is(access.ErrAlreadySetUp):
		e.Status, e.Code, e.Detail = http.StatusConflict, Conflict, access.ErrAlreadySetUp.Error()
	case is(access.ErrNotFound, credential.ErrNotFound, fault.ErrNotFound, gorm.ErrRecordNotFound):
		e.Status, e.Code, e.Detail = http.StatusNotFound, NotFound, "there is no such thing"
	case is(gorm.ErrDuplicatedKey):
		e.Status, e.Code, e.Detail = http.StatusConflict, Conflict, "the name, tag or place is taken"
	case is(gorm.ErrForeignKeyViolated):
		e.Status, e.Code, e.Detail = http.StatusConflict, Conflict, "other things refer to it, or what it refers to does not exist"
	case is(access.ErrConflict, credential.ErrConflict, fault.ErrConflict):
		e.Status, e.Code, e.Detail = http.StatusConflict, Conflict, err.Error()
	case is(access.ErrInvalid, fault.ErrInvalid, gorm.ErrCheckConstraintViolated):
		e.Status, e.Code, e.Detail = http.StatusUnprocessableEntity, Invalid, "a value is out of its range"
	case is(telemetry.ErrInvalidQuery):
		e.Status, e.Code, e.Detail = http.StatusBadRequest, Invalid, err.Error()
	case is(telemetry.ErrUnreachable, telemetry.ErrUnauthorized, telemetry.ErrNoBucket, telemetry.ErrClosed):
		e.Status, e.Code, e.Detail = http.StatusServiceUnavailable, Unavailable, "the time-series store does not answer"
	case is(context.DeadlineExceeded):
		e.Status, e.Code, e.Detail = http.StatusServiceUnavailable, Unavailable, "the answer took too long"
	default:
		e.Status, e.Code, e.Detail = http.StatusInternalServerError, Internal, "something went wrong inside; the log says more under this request's id"
	}
	return e
}

func fromEcho(he *echo.HTTPError, err error) *Error {
	e := &Error{Status: he.Code, Cause: err}
	switch he.Code {
	case http.StatusUnauthorized:
		e.Code = Unauthenticated
	case http.StatusForbidden:
		e.Code = Forbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Code = NotFound
	case http.StatusConflict:
		e.Code = Conflict
	case http.StatusRequestEntityTooLarge:
		e.Code = TooLarge
	case http.StatusTooManyRequests:
		e.Code, e.RetryAfter = TooMany, time.Second
	case http.StatusServiceUnavailable:
		e.Code = Unavailable
	default:
		e.Code = Invalid
		if he.Code >= 500 {
			return &Error{Status: he.Code, Code: Internal, Cause: err}
		}
	}
	if s, ok := he.Message.(string); ok && s != http.StatusText(he.Code) {
		e.Detail = s
	}
	return e
}

// Body is the problem as it is sent.
func (e *Error) Body(requestID string) apigen.Problem {
	p := apigen.Problem{Title: http.StatusText(e.Status), Status: e.Status, Code: e.Code}
	if p.Title == "" {
		p.Title = "Error"
	}
	if e.Detail != "" {
		p.Detail = &e.Detail
	}
	if requestID != "" {
		p.RequestId = &requestID
	}
	if e.Reason != "" {
		p.Reason = &e.Reason
	}
	if len(e.Blockers) > 0 {
		p.Blockers = &e.Blockers
	}
	if len(e.Fields) > 0 {
		p.Errors = &e.Fields
	}
	if e.RetryAfter > 0 {
		s := int(math.Ceil(e.RetryAfter.Seconds()))
		p.RetryAfterS = &s
	}
	return p
}

// Handler answers every error of the server.
func Handler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
			return // the client is gone
		}
		e := From(err)
		id := c.Response().Header().Get(echo.HeaderXRequestID)
		if e.Status >= 500 {
			log.Error("request failed", "request", id, "method", c.Request().Method, "route", c.Path(), "status", e.Status, "err", e.Error())
		}
		if c.Response().Committed {
			return
		}
		h := c.Response().Header()
		h.Set(echo.HeaderCacheControl, "no-store")
		h.Set(echo.HeaderContentType, MediaType)
		if e.RetryAfter > 0 {
			h.Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
		if e.Status == http.StatusUnauthorized && e.Code == Unauthenticated {
			h.Set(echo.HeaderWWWAuthenticate, `Bearer realm="aisle"`)
		}
		c.Response().WriteHeader(e.Status)
		if c.Request().Method == http.MethodHead {
			return
		}
		if err := json.NewEncoder(c.Response()).Encode(e.Body(id)); err != nil {
			log.Debug("problem not sent", "request", id, "err", err)
		}
	}
}
