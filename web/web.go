package web

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist has one committed file, README, so that this package compiles before the first build.
//
//go:embed dist
var dist embed.FS

// ErrNotBuilt is returned when the binary was compiled without the built pages.
var ErrNotBuilt = errors.New("web: the page script and the desk are not in this binary; run `go run ./web/build`, then build it again")

// Script is the page script with what is needed to embed it safely.
type Script struct {
	Body []byte
	// Hash names this version in /v1/page-<hash>.js, which may be cached for ever.
	Hash string
	// Integrity is the value of the script element's integrity attribute.
	Integrity string
}

// Page returns the script that companies embed.
func Page() (Script, error) {
	body, err := dist.ReadFile("dist/page.js")
	if err != nil {
		return Script{}, ErrNotBuilt
	}
	short := sha256.Sum256(body)
	long := sha512.Sum384(body)
	return Script{
		Body:      body,
		Hash:      hex.EncodeToString(short[:8]),
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
	}, nil
}

// Files returns the desk's files: index.html, desk.js, desk.css.
func Files() (fs.FS, error) {
	files, err := fs.Sub(dist, "dist/desk")
	if err != nil {
		return nil, ErrNotBuilt
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil, ErrNotBuilt
	}
	return files, nil
}

// Desk serves the agent desk at "/", with a content security policy that lets it frame the pages of frameOrigins (the
// sites' origins) and nothing else. Unknown paths are 404, so that it can be mounted below an API's routes.
func Desk(frameOrigins []string) (http.Handler, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	assets := map[string]asset{}
	for name, kind := range map[string]string{
		"index.html": "text/html; charset=utf-8",
		"desk.js":    "text/javascript; charset=utf-8",
		"desk.css":   "text/css; charset=utf-8",
	} {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("%w (%s is missing)", ErrNotBuilt, name)
		}
		sum := sha256.Sum256(body)
		assets["/"+name] = asset{body: body, kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	assets["/"] = assets["/index.html"]
	frames := "'none'"
	if len(frameOrigins) > 0 {
		frames = strings.Join(frameOrigins, " ")
	}
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
		"frame-src " + frames + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return deskHandler{assets: assets, policy: policy}, nil
}

type asset struct {
	body       []byte
	kind, etag string
}

type deskHandler struct {
	assets map[string]asset
	policy string
}

// ServeHTTP answers GET and HEAD. Files are revalidated at each load: an agent who reloads gets the desk of the daemon
// that runs now.
func (h deskHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := h.assets[path.Clean("/"+r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", found.kind)
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", found.etag)
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	// No Cross-Origin-Opener-Policy: the companion window must keep the desk as its opener to be handed its channel.
	if r.Header.Get("If-None-Match") == found.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method == http.MethodGet {
		// The client may have gone; there is nobody left to tell.
		_, _ = w.Write(found.body)
	}
}
