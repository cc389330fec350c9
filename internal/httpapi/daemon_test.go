package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/internal/app"
	"contactd/internal/auth"
	"contactd/internal/config"
)

// patience is how long a test waits for something that must come; only a failing test takes so long.
const patience = 30 * time.Second

const (
	shop     = "http://localhost:8090"
	password = "correct horse"
	number   = "030 123456"
)

// configuration of a daemon whose PBX is away: contacts wait, and nobody is called.
const configuration = `
region: DE
pbxs: {main: {ari_url: "http://127.0.0.1:9/ari", password: x}}
trunks: {out: {dial: "PJSIP/{e164}@out"}}
routes: [{prefix: "+49", trunks: [out]}, {prefix: "+43", trunks: [out], queues: [support]}]
numbers: {countries: [DE, AT], per_number_per_hour: 3, per_address_per_hour: 12, per_network_per_hour: 40}
queues:
  sales: {title: {en: Sales, de: Verkauf}, phone: "+4930123456"}
  support: {title: {en: Support}}
  hidden: {max_waiting: 1}
agents:
  ann: {name: Ann, phone: {endpoint: ann}, queues: [sales, support], password_hash: HASH}
  bob: {name: Bob, phone: {endpoint: bob}, queues: [sales], password_hash: HASH}
reasons: [break, lunch]
sites:
  shop: {origins: ["http://localhost:8090"], secret_parameters: [sid], excluded_paths: [/admin], queues: [sales, support], hotline: "+49 30 1"}
`

// hash is made once: argon2id is slow on purpose.
var hash = func() string {
	h, err := auth.HashPassword(password)
	if err != nil {
		panic(err)
	}
	return h
}()

// daemon is a running contactd and how to talk to it.
type daemon struct {
	t        *testing.T
	config   *config.Config
	customer string
	agent    string
	metrics  string
	stop     func()
}

// start runs a daemon on a folder, which may be an earlier one's.
func start(t *testing.T, dir, text string) *daemon {
	t.Helper()
	c, err := config.Parse([]byte(strings.ReplaceAll(text, "HASH", `"`+hash+`"`)))
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir = dir
	c.Listen.Customer.Address, c.Listen.Agent.Address, c.Listen.Metrics.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	d, err := app.New(c, app.Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("daemon ended with %v", err)
		}
	}
	t.Cleanup(stop)
	select {
	case <-d.Ready():
	case err := <-ended:
		stopped = true
		t.Fatalf("daemon did not start: %v", err)
	case <-time.After(patience):
		t.Fatal("daemon is not ready")
	}
	at := d.Addresses()
	return &daemon{t: t, config: c, customer: "http://" + at.Customer, agent: "http://" + at.Agent, metrics: "http://" + at.Metrics, stop: stop}
}

func run(t *testing.T) *daemon {
	t.Helper()
	return start(t, filepath.Join(t.TempDir(), "data"), configuration)
}

// answer of a request.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// field of a JSON answer by its path.
func (a answer) field(path ...string) any {
	var value any
	if json.Unmarshal(a.Body, &value) != nil {
		return nil
	}
	for _, p := range path {
		m, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = m[p]
	}
	return value
}

func (a answer) text(path ...string) string {
	s, _ := a.field(path...).(string)
	return s
}

// send makes a request; headers are pairs.
func (d *daemon) send(method, url, body string, headers ...string) answer {
	d.t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, raw}
}

// ask asks for a call-back from the shop.
func (d *daemon) ask(fields string) answer {
	d.t.Helper()
	return d.send("POST", d.customer+"/v1/contacts", "{"+fields+"}", "Origin", shop)
}

// signIn returns the headers of a signed-in agent's requests.
func (d *daemon) signIn(user string) []string {
	d.t.Helper()
	a := d.send("POST", d.agent+"/v1/session", `{"user":"`+user+`","password":"`+password+`"}`, "X-Contactd", "1")
	if a.Status != http.StatusOK {
		d.t.Fatalf("sign in: %d %s", a.Status, a.Body)
	}
	cookie, _, _ := strings.Cut(a.Header.Get("Set-Cookie"), ";")
	return []string{"Cookie", cookie, "X-Contactd", "1"}
}

// expect fails when the answer is another.
func (a answer) expect(t *testing.T, status int, code string) {
	t.Helper()
	if a.Status != status || a.text("code") != code {
		t.Errorf("answer %d %s, want %d with code %q", a.Status, a.Body, status, code)
	}
	if code != "" && a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("content type %q, want problem+json", a.Header.Get("Content-Type"))
	}
}

// events of a stream, each as its data.
type events struct {
	t      *testing.T
	data   chan []byte
	cancel context.CancelFunc
}

func (d *daemon) events(url string, headers ...string) *events {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != "text/event-stream" {
		raw, _ := io.ReadAll(response.Body)
		d.t.Fatalf("stream: %d %s %s", response.StatusCode, got, raw)
	}
	e := &events{t: d.t, data: make(chan []byte, 100), cancel: cancel}
	go func() {
		defer close(e.data)
		defer func() { _ = response.Body.Close() }()
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok {
				e.data <- bytes.Clone(data)
			}
		}
	}()
	return e
}

// until reads events until one fulfils the condition.
func (e *events) until(what string, good func(answer) bool) answer {
	e.t.Helper()
	timeout := time.After(patience)
	last := ""
	for {
		select {
		case data, open := <-e.data:
			if !open {
				e.t.Fatalf("the stream ended before %s; last: %s", what, last)
			}
			last = string(data)
			if a := (answer{Body: data}); good(a) {
				return a
			}
		case <-timeout:
			e.t.Fatalf("no event with %s; last: %s", what, last)
		}
	}
}

// ended waits for the stream's end.
func (e *events) ended() {
	e.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case _, open := <-e.data:
			if !open {
				return
			}
		case <-timeout:
			e.t.Fatal("the stream does not end")
		}
	}
}

// search looks for a text in all files below a folder.
func search(t *testing.T, dir, text string) (where string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err == nil && bytes.Contains(raw, []byte(text)) {
			where = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return where
}
