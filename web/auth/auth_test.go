package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web/auth"
)

type nobody struct{}

func (nobody) Resume(context.Context, string, string) (access.Resumed, error) {
	return access.Resumed{}, access.ErrUnauthenticated
}

func (nobody) AuthenticateToken(context.Context, string, string) (access.Principal, error) {
	return access.Principal{}, access.ErrUnauthenticated
}

// What a proxy passed on is not of this machine, whatever the proxy tells.
func TestLocal(t *testing.T) {
	header := func(k, v string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(k, v) }
	}
	for name, c := range map[string]struct {
		o    auth.Options
		edit func(*http.Request)
		want bool
	}{
		"browser here":        {edit: func(*http.Request) {}, want: true},
		"by name":             {edit: func(r *http.Request) { r.Host = "localhost:8080" }, want: true},
		"IPv6":                {edit: func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:4000", "[::1]:8080" }, want: true},
		"own page":            {edit: header("Origin", "http://127.0.0.1:8080"), want: true},
		"elsewhere":           {edit: func(r *http.Request) { r.RemoteAddr = "192.0.2.1:4000" }},
		"foreign name":        {edit: func(r *http.Request) { r.Host = "rebound.example" }},
		"X-Forwarded-For":     {edit: header("X-Forwarded-For", "192.0.2.1")},
		"empty header":        {edit: header("X-Forwarded-For", "")},
		"X-Forwarded-Proto":   {edit: header("X-Forwarded-Proto", "https")},
		"X-Forwarded-Host":    {edit: header("X-Forwarded-Host", "aisle.example")},
		"Forwarded":           {edit: header("Forwarded", "for=192.0.2.1")},
		"X-Real-IP":           {edit: header("X-Real-IP", "192.0.2.1")},
		"Via":                 {edit: header("Via", "1.1 proxy")},
		"silent nginx":        {edit: func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 1, 0 }},
		"page of a proxy":     {edit: header("Origin", "https://aisle.example")},
		"configured proxy":    {o: auth.Options{Proxied: true}, edit: func(*http.Request) {}},
		"trusted proxy":       {o: auth.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, edit: func(*http.Request) {}},
		"address without end": {edit: func(r *http.Request) { r.RemoteAddr = "@" }},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Access = nobody{}
			g, err := auth.New(c.o)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
			r.RemoteAddr, r.Host = "127.0.0.1:4000", "127.0.0.1:8080"
			c.edit(r)
			if got := g.Local(r); got != c.want {
				t.Errorf("local: %v", got)
			}
		})
	}
}
