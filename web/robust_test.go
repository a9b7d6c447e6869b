package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// Errors tell what the client did and nothing of the inside; S18.
func TestProblems(t *testing.T) {
	h := open(t, nil)
	c := h.signedIn(access.Administrator)
	c.refused(http.StatusNotFound, "not-found", "GET", "/nothing", nil)
	c.refused(http.StatusNotFound, "not-found", "PATCH", "/overview", nil)
	c.refused(http.StatusBadRequest, "invalid", "GET", "/devices/abc", nil)
	c.refused(http.StatusBadRequest, "invalid", "GET", "/devices/0", nil)
	for _, bad := range []string{"", "{", "[]", `"x"`, "null", `{"name":"x"}`, `{"name":"x","password":"hunter2","role":"god"}`, `{"name":"x","password":"hunter2","role":"viewer","admin":true}`, `{"name":1,"password":"hunter2","role":"viewer"}`} {
		resp, data := c.do("POST", "/users", bad)
		if resp.StatusCode != http.StatusBadRequest || strings.Contains(string(data), "hunter2") {
			t.Errorf("%s: %d %s", bad, resp.StatusCode, data)
		}
	}
	resp, _ := c.do("POST", "/users", `{"name":"`+strings.Repeat("x", 2<<20)+`"}`)
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("2 MB: %d", resp.StatusCode)
	}
	c.header.Set("Content-Type", "text/plain")
	c.refused(http.StatusBadRequest, "invalid", "POST", "/users", `{"name":"x","password":"y","role":"viewer"}`)
	c.header.Del("Content-Type")

	h.plant.panics = true
	p := c.refused(http.StatusInternalServerError, "internal", "GET", "/devices", nil)
	if p.Detail != nil && strings.Contains(*p.Detail, "swordfish") || p.RequestId == nil {
		t.Errorf("problem %+v", p)
	}
	h.plant.panics = false
	c.want(http.StatusOK, "GET", "/devices", nil, nil)
	if raw, err := h.db.DB(); err == nil {
		_ = raw.Close()
	}
	p = c.refused(http.StatusInternalServerError, "internal", "GET", "/devices", nil)
	if p.Detail != nil && strings.Contains(*p.Detail, "sql") {
		t.Errorf("problem %+v", p)
	}
}

func (h *house) get(path string, header ...string) (reply, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), "GET", h.url+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := h.client().http.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{StatusCode: resp.StatusCode, Header: resp.Header, Uncompressed: resp.Uncompressed}, string(b)
}

func TestUserInterface(t *testing.T) {
	script := strings.Repeat("console.log('aisle');", 200)
	h := open(t, func(o *web.Options) {
		o.UI = fstest.MapFS{
			"index.html": {Data: []byte("<html>app</html>")}, "assets/app-1234.js": {Data: []byte(script)}, "favicon.svg": {Data: []byte("<svg/>")},
		}
	})
	for _, path := range []string{"/", "/racks/12", "/rooms/1?at=now"} {
		resp, body := h.get(path)
		if resp.StatusCode != http.StatusOK || body != "<html>app</html>" || resp.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %q %v", path, resp.StatusCode, body, resp.Header)
		}
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "script-src 'self';") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "http") {
			t.Errorf("policy %q", csp)
		}
	}
	resp, body := h.get("/assets/app-1234.js")
	if body != script || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") || resp.Header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		!resp.Uncompressed || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("asset: %v, compressed: %v", resp.Header, resp.Uncompressed)
	}
	if again, _ := h.get("/assets/app-1234.js", "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("same asset again: %d", again.StatusCode)
	}
	for _, path := range []string{"/assets/gone.js", "/api/v2/x", "/api/", "/../go.mod", "/assets/../../server.go"} {
		if resp, _ := h.get(path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestWithoutUserInterface(t *testing.T) {
	h := open(t, nil)
	resp, body := h.get("/")
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "make build") || !strings.Contains(body, "giao diện") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestHealth(t *testing.T) {
	var broken error
	h := open(t, func(o *web.Options) {
		o.Ready = func(context.Context) map[string]error { return map[string]error{"database": nil, "telemetry": broken} }
	})
	if resp, _ := h.get("/healthz"); resp.StatusCode != http.StatusOK {
		t.Errorf("healthz %d", resp.StatusCode)
	}
	if resp, body := h.get("/readyz"); resp.StatusCode != http.StatusOK || !strings.Contains(body, `"ready":true`) {
		t.Errorf("readyz %d %s", resp.StatusCode, body)
	}
	broken = errors.New("the disk is full")
	if resp, body := h.get("/readyz"); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "the disk is full") {
		t.Errorf("readyz %d %s", resp.StatusCode, body)
	}
	if _, body := h.get("/readyz", "X-Forwarded-For", "203.0.113.9"); strings.Contains(body, "disk") || !strings.Contains(body, "failed") {
		t.Errorf("readyz from elsewhere: %s", body)
	}
	if resp, body := h.get("/metrics"); resp.StatusCode != http.StatusOK || !strings.Contains(body, `aisle_http_requests_total{code="200",method="GET",route="/healthz"} 1`) {
		t.Errorf("metrics %d %s", resp.StatusCode, body)
	}
	if resp, _ := h.get("/metrics", "X-Forwarded-For", "203.0.113.9"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("metrics from elsewhere: %d", resp.StatusCode)
	}
	token, _, err := h.access.CreateToken(h.system, access.NewToken{Name: "prometheus", Role: access.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	if resp, _ := h.get("/metrics", "X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer "+token); resp.StatusCode != http.StatusOK {
		t.Errorf("metrics with a token: %d", resp.StatusCode)
	}
}

func TestRateLimit(t *testing.T) {
	h := open(t, func(o *web.Options) { o.RequestsPerSecond = 5 })
	c := h.client()
	refused := 0
	for range 30 {
		resp, _ := c.do("GET", "/setup", nil)
		if resp.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 10 {
		t.Errorf("%d of 30 requests refused", refused)
	}
	if resp, _ := h.get("/healthz"); resp.StatusCode != http.StatusOK {
		t.Errorf("health check refused: %d", resp.StatusCode)
	}
}

// certificate writes a self-signed certificate of loopback.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// S7: TLS 1.3 and nothing older, over which the cookie is bound to the host.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	h := open(t, func(o *web.Options) { o.TLSCert, o.TLSKey = cert, key })
	if !strings.HasPrefix(h.url, "https://") {
		t.Fatal(h.url)
	}
	pemCert, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pemCert)
	c := h.client()
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	c.http.Transport = tr
	must(h.access.CreateUser(h.system, access.NewUser{Name: "ann", Password: password, Role: access.Viewer}))(t)
	resp, _ := c.do("POST", "/session", apigen.SignInRequest{Name: "ann", Password: password})
	if resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("HTTP/%d, TLS %x, %v", resp.ProtoMajor, resp.TLS.Version, resp.Header)
	}
	if k := resp.Cookies(); len(k) != 1 || k[0].Name != "__Host-aisle_session" || !k[0].Secure {
		t.Errorf("cookies %v", k)
	}
	c.want(http.StatusOK, "GET", "/session", nil, nil)
	e := c.stream("", "") // streams over HTTP/2
	if ev, ok := e.next(""); !ok || ev.data != "comment" {
		t.Error("no stream over TLS")
	}
	e.cancel()
	conn, err := tls.Dial("tcp", h.server.Addr().String(), &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS12})
	if err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 is spoken")
	}
}

// Plain HTTP stays on loopback unless somebody insists.
func TestPlainHTTP(t *testing.T) {
	h := open(t, nil)
	for _, insist := range []bool{false, true} {
		o := web.Options{Listen: "0.0.0.0:0", InsecureHTTP: insist, Access: h.access, API: apiOptions(h)}
		s := must(web.New(o))(t)
		err := s.Start(t.Context())
		if insist != (err == nil) || !insist && !errors.Is(err, web.ErrPlainHTTP) {
			t.Errorf("insist %v: %v", insist, err)
		}
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
