package web_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// nasty are values that have broken programs.
var nasty = []string{
	"", "0", "-1", "1", "2", "3", "18446744073709551615", "18446744073709551616", "1e400", "NaN", "null", "true", "[]", "{}", " ", "%", "%%", "_",
	"\x00", "'", `"`, `\`, "' OR 1=1 --", "<script>", "../../etc/passwd", "Phòng máy", "\u202e", "\xff\xfe", strings.Repeat("9", 400), strings.Repeat("a", 5000),
	"2026-01-01T00:00:00Z", "2026-01-01T00:00:00+07:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", "room", "name", "-name", "ok", "viewer",
}

// generator makes requests that are nearly as the contract says.
type generator struct{ r *rand.Rand }

func (g generator) nasty() string { return nasty[g.r.IntN(len(nasty))] }

func (g generator) value(s *openapi3.Schema, depth int) any {
	if g.r.IntN(25) == 0 || depth > 6 {
		return g.nasty()
	}
	if len(s.Enum) > 0 {
		return s.Enum[g.r.IntN(len(s.Enum))]
	}
	switch {
	case s.Type.Is("object"):
		out := map[string]any{}
		for name, p := range s.Properties {
			if g.r.IntN(3) == 0 || slices.Contains(s.Required, name) && g.r.IntN(30) > 0 {
				out[name] = g.value(p.Value, depth+1)
			}
		}
		return out
	case s.Type.Is("array"):
		out := []any{}
		for range 1 + g.r.IntN(3) {
			out = append(out, g.value(s.Items.Value, depth+1))
		}
		return out
	case s.Type.Is("integer"):
		return 1 + g.r.IntN(12)
	case s.Type.Is("number"):
		return float64(g.r.IntN(80)) / 2
	case s.Type.Is("boolean"):
		return g.r.IntN(2) == 0
	case s.Format == "date-time":
		return time.Now().Add(-time.Duration(g.r.IntN(1e6)) * time.Second).UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("word-%d-%d", g.r.IntN(100), g.r.IntN(1e9))
}

// Whatever is sent, the server answers as the contract says and never with an
// error of its own. AISLE_FUZZ_REQUESTS sets how many requests; default 3000.
func TestContractUnderNonsense(t *testing.T) {
	n := 3000
	if s := os.Getenv("AISLE_FUZZ_REQUESTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, func(o *web.Options) { o.RequestsPerSecond = 1e6 })
	for range 20 {
		h.program(access.Viewer) // to be revoked at random, unlike the one that is used
	}
	c := h.program(access.Administrator)
	doc := must(apigen.GetSpec())(t)
	type target struct {
		method, path string
		op           *openapi3.Operation
		params       openapi3.Parameters
	}
	var targets []target
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID != "GetStream" { // a good one would not end
				targets = append(targets, target{method, path, op, append(item.Parameters, op.Parameters...)})
			}
		}
	}
	g := generator{rand.New(rand.NewPCG(1, uint64(n)))} // the same requests each time
	worked := map[string]bool{}
	for range n {
		x := targets[g.r.IntN(len(targets))]
		path, query := x.path, url.Values{}
		for _, p := range x.params {
			v := p.Value
			switch {
			case v.In == "path":
				path = strings.Replace(path, "{"+v.Name+"}", url.PathEscape(fmt.Sprint(g.value(v.Schema.Value, 0))), 1)
			case v.Required || g.r.IntN(3) == 0:
				values, many := g.value(v.Schema.Value, 0).([]any)
				if !many {
					values = []any{g.value(v.Schema.Value, 0)}
				}
				for _, one := range values {
					query.Add(v.Name, fmt.Sprint(one))
				}
			}
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		var body any
		if x.op.RequestBody != nil {
			body = g.value(x.op.RequestBody.Value.Content["application/json"].Schema.Value, 0)
			if g.r.IntN(20) == 0 {
				body = g.nasty()
			}
		}
		resp, data := c.do(x.method, path, body)
		worked[x.op.OperationID] = worked[x.op.OperationID] || resp.StatusCode < 300
		if resp.StatusCode >= http.StatusInternalServerError {
			t.Errorf("%s %s with %v: %d %s", x.method, path, body, resp.StatusCode, data)
		}
	}
	// Nonsense alone would prove little: most operations must have done their
	// work too.
	var idle []string
	for id, ok := range worked {
		if !ok {
			idle = append(idle, id)
		}
	}
	t.Logf("never worked: %v", idle)
	if n >= 3000 && len(idle) > len(targets)*2/5 {
		t.Errorf("%d of %d operations never worked: %v", len(idle), len(targets), idle)
	}
}
