// Package auth finds out who sends a request, by the cookie of a session or by
// an API token, and lets no request through that is not allowed: what is not
// declared is refused. The domain checks each operation again.
package auth

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web/problem"
)

// HeaderCSRF carries the CSRF token of a session.
const HeaderCSRF = "X-CSRF-Token"

// Access proves who somebody is; *access.Service does.
type Access interface {
	Resume(ctx context.Context, secret, address string) (access.Resumed, error)
	AuthenticateToken(ctx context.Context, token, address string) (access.Principal, error)
}

// Options configure a Guard. Access is mandatory.
type Options struct {
	Access Access
	// Denied is told of each refusal, for the audit log.
	Denied access.DeniedFunc
	// Secure says that browsers reach the server by TLS, directly or through a
	// proxy: cookies then have the __Host- prefix.
	Secure bool
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// TrustedOrigins are origins, scheme://host[:port], from which browsers may
	// send changes besides the server's own.
	TrustedOrigins []string
	// Proxied says that requests may come through a proxy, so that none is
	// known to come from this machine.
	Proxied bool
	Log     *slog.Logger
}

// Guard checks requests. It is safe for concurrent use.
type Guard struct {
	o      Options
	cookie string
	cross  *http.CrossOriginProtection
	ip     echo.IPExtractor
}

// New returns a Guard.
func New(o Options) (*Guard, error) {
	if o.Access == nil {
		return nil, errors.New("auth: access is mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Guard{o: o, cookie: "aisle_session", cross: http.NewCrossOriginProtection(), ip: echo.ExtractIPDirect()}
	if o.Secure {
		// Browsers take this name only from a TLS host, for the whole host.
		g.cookie = "__Host-aisle_session"
	}
	for _, origin := range o.TrustedOrigins {
		if err := g.cross.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	if len(o.TrustedProxies) > 0 {
		trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
		for _, p := range o.TrustedProxies {
			p = p.Masked()
			trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
		}
		g.ip = echo.ExtractIPFromXFFHeader(trust...)
	}
	return g, nil
}

// IPExtractor tells the client's address, through trusted proxies only.
func (g *Guard) IPExtractor() echo.IPExtractor { return g.ip }

// Identity is who sends a request.
type Identity struct {
	Principal access.Principal
	// Session is nil for tokens; Secret is that of its cookie.
	Session *access.Resumed
	Secret  string

	token string
}

const identityKey = "aisle.identity"

// From returns who sends the request; nil when nobody proved to.
func From(c echo.Context) *Identity {
	id, _ := c.Get(identityKey).(*Identity)
	return id
}

// Secret returns the secret of the session cookie, whether it is good or not.
func (g *Guard) Secret(c echo.Context) string {
	k, err := c.Cookie(g.cookie)
	if err != nil {
		return ""
	}
	return k.Value
}

// SetSession gives the browser the cookie of a fresh session.
func (g *Guard) SetSession(c echo.Context, secret string, expires time.Time) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure wherever there is TLS; without it we are on loopback
		Name: g.cookie, Value: secret, Path: "/", Expires: expires, Secure: g.o.Secure,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// ClearSession takes the cookie away.
func (g *Guard) ClearSession(c echo.Context) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // as above
		Name: g.cookie, Path: "/", MaxAge: -1, Secure: g.o.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// identify returns nil when the request carries no proof, and
// access.ErrUnauthenticated when what it carries is worth nothing. A token
// wins over a cookie.
func (g *Guard) identify(c echo.Context) (*Identity, error) {
	ctx, address := c.Request().Context(), c.RealIP()
	if h := c.Request().Header.Get(echo.HeaderAuthorization); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "bearer") {
			return nil, access.ErrUnauthenticated
		}
		token = strings.TrimSpace(token)
		p, err := g.o.Access.AuthenticateToken(ctx, token, address)
		if err != nil {
			return nil, err
		}
		return &Identity{Principal: p, token: token}, nil
	}
	secret := g.Secret(c)
	if secret == "" {
		return nil, nil //nolint:nilnil // nobody is no error: the way may be open to all
	}
	r, err := g.o.Access.Resume(ctx, secret, address)
	if err != nil {
		return nil, err
	}
	return &Identity{Principal: r.Principal, Session: &r, Secret: secret}, nil
}

// Recheck proves the identity anew and returns the principal of now: the
// session may have ended or been revoked, the role may have changed.
func (g *Guard) Recheck(ctx context.Context, id *Identity) (access.Principal, error) {
	if id.Session != nil {
		r, err := g.o.Access.Resume(ctx, id.Secret, id.Principal.Address)
		return r.Principal, err
	}
	return g.o.Access.AuthenticateToken(ctx, id.token, id.Principal.Address)
}

// Rule says who may use a way in.
type Rule struct {
	// Public ways need no proof of identity.
	Public bool
	// Operation is what the caller must be allowed to do; it is mandatory
	// unless Public.
	Operation access.Operation
	// Person: who calls must have signed in; API tokens may not.
	Person bool
}

// Middleware lets through what the rule allows. The principal is then in the
// request's context, where the domain finds it.
func (g *Guard) Middleware(rule Rule) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// A foreign page must not be able to send changes, sign-ins
			// included, through the browser of a user.
			if err := g.cross.Check(c.Request()); err != nil {
				return problem.New(http.StatusForbidden, problem.Forbidden, "the request comes from a foreign page")
			}
			ctx := c.Request().Context()
			if g.o.Denied != nil {
				ctx = access.WithDenied(ctx, g.o.Denied)
			}
			if rule.Public {
				c.SetRequest(c.Request().WithContext(ctx))
				return next(c)
			}
			id, err := g.identify(c)
			if errors.Is(err, access.ErrUnauthenticated) && g.Secret(c) != "" {
				g.ClearSession(c)
			}
			if err != nil {
				return err
			}
			if id == nil {
				return access.ErrUnauthenticated
			}
			if id.Session != nil && unsafeMethod(c.Request().Method) &&
				!access.CheckCSRF(id.Secret, c.Request().Header.Get(HeaderCSRF)) {
				return problem.New(http.StatusForbidden, problem.Forbidden, "the header "+HeaderCSRF+" is missing or wrong")
			}
			ctx = access.With(ctx, id.Principal)
			c.SetRequest(c.Request().WithContext(ctx))
			c.Set(identityKey, id)
			if err := access.Require(ctx, rule.Operation); err != nil {
				return err
			}
			if rule.Person && id.Session == nil {
				if g.o.Denied != nil {
					g.o.Denied(ctx, rule.Operation, &access.ForbiddenError{Operation: rule.Operation})
				}
				return problem.New(http.StatusForbidden, problem.Forbidden, "API tokens may not do this: sign in with a browser")
			}
			return next(c)
		}
	}
}

// LocalOr lets through what comes from this machine and what the rule allows.
func (g *Guard) LocalOr(rule Rule) echo.MiddlewareFunc {
	guarded := g.Middleware(rule)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		checked := guarded(next)
		return func(c echo.Context) error {
			if g.Local(c.Request()) {
				return next(c)
			}
			return checked(c)
		}
	}
}

func unsafeMethod(m string) bool {
	return m != http.MethodGet && m != http.MethodHead && m != http.MethodOptions
}

// Local says whether the request was made on this machine: the connection is
// of loopback, no proxy passed it on, and the browser was told a loopback name
// (a foreign name that resolves to loopback is an attack). A proxy that is set
// up without telling of itself looks the same: where one is configured, nothing
// is local.
func (g *Guard) Local(r *http.Request) bool {
	if g.o.Proxied || len(g.o.TrustedProxies) > 0 {
		return false
	}
	for h := range r.Header {
		if strings.HasPrefix(h, "X-Forwarded") || slices.Contains([]string{"Forwarded", "X-Real-Ip", "Via"}, h) {
			return false
		}
	}
	// nginx, left to itself, tells nothing and names the inner address as host;
	// but it speaks HTTP/1.0, as no browser does, and leaves Origin alone.
	if !r.ProtoAtLeast(1, 1) {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return false
		}
	}
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !ap.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
