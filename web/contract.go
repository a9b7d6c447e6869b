package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
	"github.com/aisle-dcim/aisle/web/problem"
)

// basePath is that of every operation of the contract.
const basePath = "/api/v1"

// operationMiddleware builds, for each operation of the contract, what stands
// before its handler: who may, then whether the request is as the contract
// says. An operation without a rule, or a rule without an operation, is an
// error.
func operationMiddleware(g *auth.Guard, around func(id string) []echo.MiddlewareFunc) (map[string][]echo.MiddlewareFunc, error) {
	doc, err := apigen.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	rules := auth.Rules()
	out := map[string][]echo.MiddlewareFunc{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			// The embedded contract has the ids as Go spells them.
			id := strings.ToLower(op.OperationID[:1]) + op.OperationID[1:]
			rule, ok := rules[id]
			if !ok {
				return nil, fmt.Errorf("operation %s of the contract has no rule", id)
			}
			delete(rules, id)
			route := &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
			out[id] = append(around(id), g.Middleware(rule), validated(route))
		}
	}
	for id := range rules {
		return nil, fmt.Errorf("rule %s is of no operation", id)
	}
	return out, nil
}

// validated refuses requests that are not as the contract says.
func validated(route *routers.Route) echo.MiddlewareFunc {
	options := &openapi3filter.Options{
		MultiError: true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			params := make(map[string]string, len(c.ParamNames()))
			for i, name := range c.ParamNames() {
				params[name] = c.ParamValues()[i]
			}
			in := &openapi3filter.RequestValidationInput{
				Request: c.Request(), PathParams: params, QueryParams: c.QueryParams(), Route: route, Options: options,
			}
			if err := openapi3filter.ValidateRequest(c.Request().Context(), in); err != nil {
				return contractError(err)
			}
			return next(c)
		}
	}
}

// contractError names the fields at fault, never their values: those may be
// secrets.
func contractError(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return err
	}
	e := problem.New(http.StatusBadRequest, problem.Invalid, "the request is not as the contract says")
	e.Cause = errors.New("request is not as the contract says")
	collect(err, "", e)
	return e
}

func collect(err error, path string, into *problem.Error) {
	if len(into.Fields) >= 50 {
		return
	}
	var (
		many   openapi3.MultiError
		reqErr *openapi3filter.RequestError
		schema *openapi3.SchemaError
	)
	switch x := err.(type) { //nolint:errorlint // each layer is taken off by itself
	case openapi3.MultiError:
		for _, one := range x {
			collect(one, path, into)
		}
		return
	case *openapi3filter.RequestError:
		if x.Parameter != nil {
			path = x.Parameter.Name
		}
		if x.Err != nil {
			collect(x.Err, path, into)
			return
		}
		add(into, path, x.Reason)
		return
	case *openapi3.SchemaError:
		if at := strings.Join(x.JSONPointer(), "."); at != "" {
			path = strings.Trim(path+"."+at, ".")
		}
		addSchema(into, path, x)
		return
	}
	switch {
	case errors.As(err, &many):
		collect(many, path, into)
	case errors.As(err, &reqErr):
		collect(reqErr, path, into)
	case errors.As(err, &schema):
		collect(schema, path, into)
	case path != "":
		add(into, path, "is not of the expected form")
	default:
		add(into, "body", "is not of the expected form")
	}
}

// addSchema tells what the contract asks of a value, by code and with its bounds.
func addSchema(e *problem.Error, path string, x *openapi3.SchemaError) {
	if len(e.Fields) >= 50 {
		return
	}
	add(e, path, x.Reason)
	f, s := &e.Fields[len(e.Fields)-1], x.Schema
	told := func(code, message string, values map[string]string) {
		f.Code, f.Message = &code, message
		if len(values) > 0 {
			f.Values = &values
		}
	}
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	switch x.SchemaField {
	case "minLength":
		if x.Value == "" {
			told("empty", "must not be empty", nil)
		} else {
			told("too_short", x.Reason, nil)
		}
	case "maxLength":
		told("too_long", x.Reason, nil)
	case "required":
		told("required", x.Reason, nil)
	case "enum":
		told("unknown", x.Reason, nil)
	case "pattern", "format", "type":
		told("format", x.Reason, nil)
	case "minimum", "maximum":
		if s.Min == nil || s.Max == nil {
			told("range", x.Reason, nil)
			return
		}
		low, high := number(*s.Min), number(*s.Max)
		told("range", "must be "+low+" to "+high, map[string]string{"min": low, "max": high})
	}
}

func add(e *problem.Error, path, reason string) {
	if path == "" {
		path = "body"
	}
	if reason == "" {
		reason = "is not allowed"
	}
	e.Fields = append(e.Fields, apigen.FieldError{Path: path, Message: reason})
}
