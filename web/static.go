package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

//go:embed absent.html
var absent []byte

// asset is one file of the user interface, in memory.
type asset struct {
	data      []byte
	mediaType string
	etag      string
	// immutable files have a hash in their name.
	immutable bool

	once sync.Once
	gz   []byte // nil when compression gains nothing
}

// assets serves the user interface. What is not a file is a view of the
// application, which index.html shows.
type assets struct {
	files map[string]*asset
	index *asset
}

// mediaTypes are those that the system's tables may lack or have otherwise.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json",
	".png": "image/png", ".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8", ".map": "application/json",
}

func newAssets(files fs.FS) (*assets, error) {
	a := &assets{files: map[string]*asset{}}
	if files == nil {
		a.index = newAsset("absent.html", absent)
		return a, nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		a.files[name] = newAsset(name, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read user interface: %w", err)
	}
	if a.index = a.files["index.html"]; a.index == nil {
		return nil, fmt.Errorf("read user interface: %w", fs.ErrNotExist)
	}
	return a, nil
}

func newAsset(name string, data []byte) *asset {
	ext := path.Ext(name)
	kind := mediaTypes[ext]
	if kind == "" {
		if kind = mime.TypeByExtension(ext); kind == "" {
			kind = "application/octet-stream"
		}
	}
	sum := sha256.Sum256(data)
	return &asset{
		data: data, mediaType: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, immutable: strings.HasPrefix(name, "assets/"),
	}
}

func (a *asset) compressed() []byte {
	a.once.Do(func() {
		if len(a.data) < 1024 || strings.HasPrefix(a.mediaType, "font/") || a.mediaType == "image/png" {
			return
		}
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(a.data); err != nil || w.Close() != nil {
			return
		}
		if b.Len() < len(a.data)*9/10 {
			a.gz = b.Bytes()
		}
	})
	return a.gz
}

func (a *assets) serve(c echo.Context) error {
	name := strings.TrimPrefix(path.Clean("/"+c.Request().URL.Path), "/")
	f := a.files[name]
	if f == nil {
		if path.Ext(name) != "" && len(a.files) > 0 {
			return echo.ErrNotFound // a missing file, not a view
		}
		f = a.index
	}
	h := c.Response().Header()
	h.Set("ETag", f.etag)
	h.Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if f.immutable {
		h.Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
	} else {
		h.Set(echo.HeaderCacheControl, "no-cache")
	}
	if strings.Contains(c.Request().Header.Get("If-None-Match"), f.etag) {
		return c.NoContent(http.StatusNotModified)
	}
	data := f.data
	if strings.Contains(c.Request().Header.Get(echo.HeaderAcceptEncoding), "gzip") {
		if gz := f.compressed(); gz != nil {
			data = gz
			h.Set(echo.HeaderContentEncoding, "gzip")
		}
	}
	h.Set(echo.HeaderContentLength, fmt.Sprint(len(data)))
	if c.Request().Method == http.MethodHead {
		h.Set(echo.HeaderContentType, f.mediaType)
		return c.NoContent(http.StatusOK)
	}
	return c.Blob(http.StatusOK, f.mediaType, data)
}
