package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A body that was read sets no deadline for the answer: a slow answer (a password that is checked on a busy machine) must
// not be taken for a client that went away.
func TestNoDeadlineOutlivesTheBody(t *testing.T) {
	inner := &deadlines{ResponseWriter: httptest.NewRecorder()}
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"a":1}`))
	if p := bounded(inner, r); p != nil {
		t.Fatal(p)
	}
	if err := huma.SetReadDeadline(&recorder{ResponseWriter: inner}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if len(inner.set) != 2 || inner.set[0].IsZero() || !inner.set[1].IsZero() {
		t.Errorf("deadlines %v, want one for the body and then none", inner.set)
	}
}

type deadlines struct {
	http.ResponseWriter
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

func TestDepth(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `1`: 0, `{}`: 1, `[[{}]]`: 3, `{"a":"[[[["}`: 1, `{"a\"[[[":[]}`: 2, `"\\"[`: 1, `]]][`: 0,
	} {
		if got := depth([]byte(text)); got != want {
			t.Errorf("depth of %s is %d, want %d", text, got, want)
		}
	}
}
