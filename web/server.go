// Package web is the way in for people and programs: one HTTP server with the
// API of openapi.yaml, the user interface, live values, metrics and health.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/api"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
	"github.com/aisle-dcim/aisle/web/live"
)

// Options configure a Server. API (without Guard and Streams, which the server
// makes) and Access are mandatory.
type Options struct {
	// Listen is host:port; port 0 picks a free one.
	Listen string
	// TLSCert and TLSKey are PEM files; without them the server speaks plain
	// HTTP, which it does on loopback only unless InsecureHTTP is set.
	TLSCert, TLSKey string
	InsecureHTTP    bool
	// PublicURL is how browsers reach the server when that is not Listen.
	PublicURL string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// ShutdownTimeout bounds an orderly end; default 20 s.
	ShutdownTimeout time.Duration
	// UI is the built user interface; nil serves a page that says how to
	// build it.
	UI fs.FS
	// Access proves who somebody is; *access.Service does.
	Access auth.Access
	// Denied is told of each refusal; (*audit.Log).Denied is meant.
	Denied access.DeniedFunc
	// Setup is told, when the server starts and no user exists, where the
	// first administrator is created and the token that is needed from
	// elsewhere than this machine. Nil writes both to the log.
	Setup func(url, token string)
	// Ready tells what the server needs and what is wrong with it: nil when
	// all is well. Nil means always ready.
	Ready func(context.Context) map[string]error
	// Metrics takes the server's metrics and gives those of the program at
	// /metrics; nil means a registry of its own.
	Metrics *prometheus.Registry
	// Live are the bounds of streams; Values is taken from API.
	Live live.Options
	// RequestsPerSecond bounds one client address; default 1000, with bursts
	// of twice as many.
	RequestsPerSecond float64
	API               api.Options
	Log               *slog.Logger
}

// Server is the HTTP server.
type Server struct {
	o       Options
	log     *slog.Logger
	echo    *echo.Echo
	http    *http.Server
	api     *api.API
	streams *live.Hub
	tls     *tls.Config

	mu       sync.Mutex
	listener net.Listener
	served   chan error
	stopped  bool
}

// New returns a Server; it starts nothing.
func New(o Options) (*Server, error) {
	if o.Access == nil {
		return nil, errors.New("web: access is mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ShutdownTimeout <= 0 {
		o.ShutdownTimeout = 20 * time.Second
	}
	if o.RequestsPerSecond <= 0 {
		o.RequestsPerSecond = 1000
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	s := &Server{o: o, log: o.Log}
	if err := s.setUpTLS(); err != nil {
		return nil, err
	}
	g, err := s.guard()
	if err != nil {
		return nil, err
	}
	lo := o.Live
	lo.Values = o.API.Live
	if lo.Log == nil {
		lo.Log = o.Log
	}
	if s.streams, err = live.New(lo); err != nil {
		return nil, err
	}
	ao := o.API
	ao.Guard, ao.Streams = g, s.streams
	if ao.Log == nil {
		ao.Log = o.Log
	}
	if s.api, err = api.New(ao); err != nil {
		return nil, err
	}
	if err := s.routes(g); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           s.echo,
		TLSConfig:         s.tls,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

func (s *Server) setUpTLS() error {
	if s.o.TLSCert == "" && s.o.TLSKey == "" {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(s.o.TLSCert, s.o.TLSKey)
	if err != nil {
		return fmt.Errorf("load TLS certificate: %w", err)
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	return nil
}

func (s *Server) guard() (*auth.Guard, error) {
	o := auth.Options{
		Access: s.o.Access, Denied: s.o.Denied, Secure: s.tls != nil, TrustedProxies: s.o.TrustedProxies,
		Proxied: s.o.PublicURL != "" || s.o.InsecureHTTP, Log: s.log,
	}
	if s.o.PublicURL != "" {
		u, err := url.Parse(s.o.PublicURL)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("public URL %q is not a URL", s.o.PublicURL)
		}
		o.Secure = o.Secure || u.Scheme == "https"
		o.TrustedOrigins = []string{u.Scheme + "://" + u.Host}
	}
	return auth.New(o)
}

// ErrPlainHTTP means that the server would speak plain HTTP beyond loopback.
var ErrPlainHTTP = errors.New("plain HTTP is served on loopback only: set a TLS certificate, or insecure_http behind a proxy that does TLS")

// Start listens and serves; Stop must be called afterwards.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errors.New("start server: it was stopped")
	}
	if s.listener != nil {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.o.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.o.Listen, err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok && s.tls == nil && !s.o.InsecureHTTP && !a.IP.IsLoopback() {
		_ = l.Close()
		return fmt.Errorf("listen on %s: %w", s.o.Listen, ErrPlainHTTP)
	}
	s.listener, s.served = l, make(chan error, 1)
	go func() {
		var err error
		if s.tls != nil {
			err = s.http.ServeTLS(l, "", "")
		} else {
			err = s.http.Serve(l)
		}
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		s.served <- err
		close(s.served)
	}()
	s.log.Info("web server listens", "url", s.url())
	s.announce(ctx)
	return nil
}

// announce tells whoever started the program how to create the first
// administrator.
func (s *Server) announce(ctx context.Context) {
	needed, err := s.o.API.Accounts.NeedsSetup(ctx)
	if err != nil {
		s.log.Error("set-up state unknown", "err", err)
		return
	}
	if !needed {
		return
	}
	if s.o.Setup != nil {
		s.o.Setup(s.url(), s.o.API.Setup.Token())
		return
	}
	s.log.Warn("no user exists yet: create the first administrator", "url", s.url(), "one_time_code", s.o.API.Setup.Token())
}

// Addr is the address that the server listens on, nil before Start.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// URL is where browsers find the server; empty before Start.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url()
}

func (s *Server) url() string {
	if s.o.PublicURL != "" {
		return strings.TrimSuffix(s.o.PublicURL, "/")
	}
	if s.listener == nil {
		return ""
	}
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	host := s.listener.Addr().String()
	if a, ok := s.listener.Addr().(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		host = net.JoinHostPort("localhost", fmt.Sprint(a.Port))
	}
	return scheme + "://" + host
}

// Run serves until ctx ends or serving fails.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return s.Stop(context.WithoutCancel(ctx))
	case err := <-s.served:
		return errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
}

// Stop ends streams, lets requests finish within the shutdown time, and waits.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	started := s.listener != nil
	s.mu.Unlock()
	if !first {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.ShutdownTimeout)
	defer cancel()
	s.streams.Close()
	if !started {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("stop web server: %w", err), s.http.Close())
	}
	return errors.Join(err, <-s.served)
}

// DeviceChanged tells browsers that the polling state of a device changed. It
// does not wait.
func (s *Server) DeviceChanged(id models.DeviceID, state, reason string) {
	st := apigen.DeviceState{Device: uint64(id), State: apigen.PollState(state)}
	if !st.State.Valid() {
		st.State = "error"
	}
	if reason != "" {
		st.Error = &reason
	}
	s.streams.Notify(st)
}

// EventsKept tells browsers which devices have new events. It does not wait.
func (s *Server) EventsKept(ids []models.DeviceID) { s.streams.Journal(ids) }

// ModelChanged has the next request read the model anew. Call it after changes
// that did not come through the API.
func (s *Server) ModelChanged() { s.api.Reader().Invalidate() }

// Handler returns the whole server as a handler, for tests.
func (s *Server) Handler() http.Handler { return s.echo }
