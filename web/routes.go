package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/time/rate"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
	"github.com/aisle-dcim/aisle/web/problem"
)

const (
	// maxBody bounds the body of a request.
	maxBody = 1 << 20
	// MaxFile bounds it where a file is sent: a recording, a MIB, a profile.
	MaxFile = 24 << 20
	// apiTimeout bounds the answer to a request; streams have no bound.
	apiTimeout = 30 * time.Second

	// pageCSP lets the user interface load its own files and nothing else. No
	// script stands in a page. Styles may: the component library writes its
	// variables into style elements.
	pageCSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; " +
		"frame-ancestors 'none'"
	apiCSP = "default-src 'none'; frame-ancestors 'none'"
)

func (s *Server) routes(g *auth.Guard) error {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = problem.Handler(s.log)
	e.IPExtractor = g.IPExtractor()
	s.echo = e

	observe, err := s.observe()
	if err != nil {
		return err
	}
	e.Use(observe, requestID, s.headers, s.recovered, limitBody, s.compress())
	limit := s.rateLimit()

	ops, err := operationMiddleware(g, func(id string) []echo.MiddlewareFunc {
		if id == "getStream" {
			return []echo.MiddlewareFunc{limit}
		}
		return []echo.MiddlewareFunc{limit, bounded}
	})
	if err != nil {
		return err
	}
	apigen.RegisterHandlersWithOptions(e, s.api, apigen.RegisterHandlersOptions{BaseURL: basePath, OperationMiddlewares: ops})
	e.Any("/api/*", func(echo.Context) error { return echo.ErrNotFound })

	metrics := promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	e.GET("/metrics", echo.WrapHandler(metrics), limit, g.LocalOr(auth.Rule{Operation: access.ReadCollectors}))
	e.GET("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) })
	e.GET("/readyz", s.ready(g))

	ui, err := newAssets(s.o.UI)
	if err != nil {
		return err
	}
	e.GET("/*", ui.serve)
	e.HEAD("/*", ui.serve)
	return nil
}

// observe counts and times requests by route, and answers their errors.
func (s *Server) observe() (echo.MiddlewareFunc, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_http_requests_total", Help: "Requests answered, by route.",
	}, []string{"method", "route", "code"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "aisle_http_request_seconds", Help: "Time to answer a request, by route; streams are not in it.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"method", "route"})
	streams := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "aisle_http_streams", Help: "Open streams of live values.",
	}, func() float64 { return float64(s.streams.Clients()) })
	for _, c := range []prometheus.Collector{requests, seconds, streams} {
		if err := s.o.Metrics.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of the web server: %w", err)
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			if err := next(c); err != nil {
				c.Error(err)
			}
			r, route := c.Request(), c.Path()
			method := r.Method
			if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
				method = "other"
			}
			if route == "" {
				route = "none"
			}
			requests.WithLabelValues(method, route, strconv.Itoa(c.Response().Status)).Inc()
			took := time.Since(began)
			if route != basePath+"/stream" {
				seconds.WithLabelValues(method, route).Observe(took.Seconds())
			}
			s.log.Debug("request", "request", c.Response().Header().Get(echo.HeaderXRequestID), "method", method, "route", route,
				"status", c.Response().Status, "took", took, "address", c.RealIP())
			return nil
		}
	}, nil
}

func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderXRequestID, rand.Text()[:16])
		return next(c)
	}
}

func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", pageCSP)
		if p := c.Request().URL.Path; len(p) >= 5 && p[:5] == "/api/" {
			h.Set("Content-Security-Policy", apiCSP)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=(), usb=()")
		if s.tls != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// recovered turns a panic into an internal error, and its stack into a line of
// the log.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return middleware.RecoverWithConfig(middleware.RecoverConfig{
		DisablePrintStack: true,
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			s.log.Error("panic in a request", "request", c.Response().Header().Get(echo.HeaderXRequestID), "route", c.Path(),
				"err", err, "stack", string(stack))
			return err
		},
	})(next)
}

func limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Body != nil {
			// The server's own writer: it closes the connection after an excess.
			limit := int64(maxBody)
			if takesFile(r) {
				limit = MaxFile
			}
			r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, limit)
		}
		return next(c)
	}
}

// takesFile tells the operations that a file is sent to.
func takesFile(r *http.Request) bool {
	switch r.Method {
	case http.MethodPost:
		return slices.Contains([]string{basePath + "/profile-checks", basePath + "/profile-tests", basePath + "/profile-drafts"}, r.URL.Path)
	case http.MethodPut:
		return strings.HasPrefix(r.URL.Path, basePath+"/profiles/")
	}
	return false
}

// compress compresses answers of the API; files come compressed already, and
// events must not wait in a buffer.
func (s *Server) compress() echo.MiddlewareFunc {
	return middleware.GzipWithConfig(middleware.GzipConfig{
		Level: 3, MinLength: 1024,
		Skipper: func(c echo.Context) bool {
			p := c.Request().URL.Path
			return len(p) < len(basePath) || p[:len(basePath)] != basePath || p == basePath+"/stream"
		},
	})
}

func (s *Server) rateLimit() echo.MiddlewareFunc {
	store := middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
		Rate: rate.Limit(s.o.RequestsPerSecond), Burst: int(2 * s.o.RequestsPerSecond), ExpiresIn: time.Minute,
	})
	return middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
		Store:               store,
		IdentifierExtractor: func(c echo.Context) (string, error) { return c.RealIP(), nil },
		DenyHandler: func(echo.Context, string, error) error {
			return &problem.Error{
				Status: http.StatusTooManyRequests, Code: problem.TooMany, Detail: "too many requests", RetryAfter: time.Second,
			}
		},
	})
}

// bounded ends what takes too long. Databases tell an end by time in words of
// their own, so the clock decides what it was.
func bounded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), apiTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		err := next(c)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = &problem.Error{Status: http.StatusServiceUnavailable, Code: problem.Unavailable, Detail: "the answer took too long", Cause: err}
		}
		return err
	}
}

// ready tells whether the server can do its work. Why not is told in words on
// this machine only; elsewhere just what is wanting.
func (s *Server) ready(g *auth.Guard) echo.HandlerFunc {
	type report struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}
	return func(c echo.Context) error {
		out := report{Ready: true, Checks: map[string]string{}}
		if s.o.Ready != nil {
			ctx, cancel := context.WithTimeout(c.Request().Context(), 5*time.Second)
			defer cancel()
			checks := s.o.Ready(ctx)
			for _, name := range slices.Sorted(maps.Keys(checks)) {
				out.Checks[name] = "ok"
				if err := checks[name]; err != nil {
					out.Ready, out.Checks[name] = false, "failed"
					if g.Local(c.Request()) {
						out.Checks[name] = err.Error()
					}
				}
			}
		}
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		if !out.Ready {
			return c.JSON(http.StatusServiceUnavailable, out)
		}
		return c.JSON(http.StatusOK, out)
	}
}
