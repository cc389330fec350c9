package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestDesk: paths and headers hold for a built binary; an unbuilt one must say what to run.
func TestDesk(t *testing.T) {
	desk, err := Desk([]string{"https://shop.example"})
	if errors.Is(err, ErrNotBuilt) {
		if !strings.Contains(err.Error(), "go run ./web/build") {
			t.Errorf("error %q does not name the command that builds the pages", err)
		}
		t.Skip("web/dist is not built")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, match string
		status              int
	}{
		{"GET", "/", "", 200},
		{"GET", "/desk.js", "", 200},
		{"GET", "/desk.css", "", 200},
		{"GET", "/README", "", 404},
		{"GET", "/../web.go", "", 404},
		{"POST", "/", "", 405},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		w := httptest.NewRecorder()
		desk.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s = %d, want %d", c.method, c.path, w.Code, c.status)
		}
		if w.Code != http.StatusOK {
			continue
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-src https://shop.example;") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", c.path, policy)
		}
		again := httptest.NewRequest(c.method, c.path, nil)
		again.Header.Set("If-None-Match", w.Header().Get("ETag"))
		w = httptest.NewRecorder()
		desk.ServeHTTP(w, again)
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s asked again = %d with %d bytes, want 304 with none", c.path, w.Code, w.Body.Len())
		}
	}
}

func TestPageScript(t *testing.T) {
	script, err := Page()
	if errors.Is(err, ErrNotBuilt) {
		t.Skip("web/dist is not built")
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(script.Hash) != 16 || !strings.HasPrefix(script.Integrity, "sha384-") {
		t.Errorf("hash %q, integrity %q", script.Hash, script.Integrity)
	}
	for _, word := range []string{"eval(", "new Function", "innerHTML"} {
		if strings.Contains(string(script.Body), word) {
			t.Errorf("the page script contains %q, which a strict content security policy refuses", word)
		}
	}
}
