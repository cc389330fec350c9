package shop

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPages: each page renders whole, embeds the script as the guide says, and forbids what its policy should.
func TestPages(t *testing.T) {
	h, err := Handler(Options{Contact: "http://127.0.0.1:8081", Desk: "http://127.0.0.1:8082", Queue: "sales", Site: "shop", Phone: `+49 "30"`})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/products", "/products/lamp", "/products/none", "/checkout", "/about", "/account"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
		if w.Code != 200 || !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
			t.Errorf("%s: status %d, %d bytes", path, w.Code, len(body))
		}
		if !strings.Contains(body, `src="http://127.0.0.1:8081/v1/page.js" data-queue="sales" data-site="shop" data-phone="&#43;49 &#34;30&#34;"`) {
			t.Errorf("%s: no script element with its attributes:\n%s", path, body)
		}
		if strings.Contains(body, "style=") || strings.Contains(body, "onclick") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: inline style or script", path)
		}
		want := "frame-ancestors http://127.0.0.1:8082"
		if path == "/account" {
			want = "frame-ancestors 'none'"
		}
		if !strings.Contains(policy, want) || !strings.Contains(policy, "ws://127.0.0.1:8081") {
			t.Errorf("%s: policy %q, want %q", path, policy, want)
		}
	}
}

func TestNoContactIsRefused(t *testing.T) {
	if _, err := Handler(Options{}); err == nil || !strings.Contains(err.Error(), "Contact") {
		t.Errorf("error %v does not say what is missing", err)
	}
}
