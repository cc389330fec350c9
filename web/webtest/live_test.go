package webtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"contactd/testbed/asterisk"
	"contactd/web/shop"
)

// world is a built contactd with a real Asterisk, telephones and a shop.
type world struct {
	t                     *testing.T
	pbx                   *asterisk.Asterisk
	customer, agent, shop string // origins
	dir, binary           string
	log                   logBuffer
}

// logBuffer takes the daemon's log from one goroutine and gives it to another.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-6000):]
}

// password of all agents.
const password = "a good secret"

var configuration = template.Must(template.New("contactd.yaml").Parse(`
data_dir: {{.Dir}}/data
region: DE
log: {level: debug}
listen:
  customer: {address: "{{.Customer}}", public_url: "http://{{.Customer}}"}
  agent: {address: "{{.Agent}}", public_url: "http://{{.Agent}}"}
  metrics: {address: ""}
pbxs:
  main:
    ari_url: "http://127.0.0.1:{{.PBX.HTTP}}/ari"
    username: "{{.PBX.Username}}"
    password: "{{.PBX.Password}}"
    app: contactd
    sip: {address: "127.0.0.1:{{.PBX.SIP}}"}
    rtp: {from: {{.PBX.RTPFirst}}, to: {{.PBX.RTPLast}}}
trunks:
  demo: {pbx: main, dial: "PJSIP/{e164}@demo", host: "{{.Trunk}}"}
routes:
  - {prefix: "+49", trunks: [demo], caller_id: "+4930123456"}
numbers: {countries: [DE], per_number_per_hour: 50, per_address_per_hour: 100, per_network_per_hour: 200}
skills: [sales]
queues:
  sales: {title: {en: Sales, de: Verkauf}, number: "8001", needs: {sales: 1}, ring: 20s, wrap_up: 120s, wrap_up_extension: 60s, phone: "+4930123456"}
agents:
{{range .Agents}}  {{.}}: {name: "{{.}}", password_hash: "{{$.Hash}}", pbx: main, queues: [sales], skills: {sales: 5}, phone: {endpoint: {{.}}, secret: phone-{{.}}, auto_answer: true}}
{{end}}reasons: [break, lunch]
sites:
  shop: {origins: ["{{.Shop}}"], secret_parameters: [token], excluded_paths: [/admin], queues: [sales], hotline: "+49 30 123456"}
`))

// newWorld starts everything but the telephones; trunk is where calls to customers go.
func newWorld(t *testing.T, trunk string, agents ...string) *world {
	t.Helper()
	if os.Getenv(asterisk.RootVariable) == "" {
		t.Skipf("needs a real Asterisk: set %s to what testbed/asterisk-root.sh prints, or use 'make test'", asterisk.RootVariable)
	}
	w := &world{t: t, dir: t.TempDir(), binary: build(t)}
	server := httptest.NewUnstartedServer(nil)
	t.Cleanup(func() { _ = server.Config.Close(); server.Close() })
	// Another site than contactd's, as a company's pages are.
	w.shop = fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
	w.pbx = asterisk.StartForTest(t, asterisk.Options{Files: func(s asterisk.Settings) (map[string][]byte, error) {
		// Ports that are reserved for this Asterisk and that its configuration does not use.
		w.customer, w.agent = fmt.Sprintf("127.0.0.1:%d", s.HTTPS), fmt.Sprintf("127.0.0.1:%d", s.SIPTLS)
		return w.render(s, trunk, agents)
	}})
	w.customer, w.agent = "http://"+w.customer, "http://"+w.agent
	pages, err := shop.Handler(shop.Options{Contact: w.customer, Desk: w.agent, Queue: "sales", Site: "shop", Phone: "+49 30 123456"})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = pages
	server.Start()
	w.serve()
	return w
}

var (
	buildOnce sync.Once
	built     string
	buildErr  error
)

// build compiles the daemon once, from this source, into a folder that TestMain removes.
func build(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "contactd-webtest-")
		if err != nil {
			buildErr = err
			return
		}
		end := browserEnd
		browserEnd = func() { end(); _ = os.RemoveAll(dir) }
		built = filepath.Join(dir, "contactd")
		if out, err := exec.Command("go", "build", "-o", built, "contactd/cmd/contactd").CombinedOutput(); err != nil {
			buildErr = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return built
}

func (w *world) configFile() string { return filepath.Join(w.dir, "contactd.yaml") }

// render writes contactd's configuration and has contactd render the PBX's from it.
func (w *world) render(s asterisk.Settings, trunk string, agents []string) (map[string][]byte, error) {
	hash := exec.Command(w.binary, "user", "password")
	hash.Stdin = strings.NewReader(password + "\n")
	hashed, err := hash.Output()
	if err != nil {
		return nil, fmt.Errorf("contactd user password: %w", err)
	}
	var text bytes.Buffer
	err = configuration.Execute(&text, map[string]any{"Dir": w.dir, "Customer": w.customer, "Agent": w.agent, "PBX": s,
		"Trunk": trunk, "Agents": agents, "Hash": strings.TrimSpace(string(hashed)), "Shop": w.shop})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.configFile(), text.Bytes(), 0o600); err != nil {
		return nil, err
	}
	out := filepath.Join(w.dir, "pbx")
	if told, err := exec.Command(w.binary, "pbx", "render", "--config", w.configFile(), "--out", out).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("contactd pbx render: %w\n%s\n%s", err, told, text.String())
	}
	files := map[string][]byte{}
	entries, err := os.ReadDir(out)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(out, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// serve starts the daemon and waits until both listeners answer. It is stopped at the test's end.
func (w *world) serve() {
	w.t.Helper()
	cmd := exec.Command(w.binary, "serve", "--config", w.configFile())
	// The tests' own variable is no key of its configuration.
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CONTACTD_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Stdout, cmd.Stderr = &w.log, &w.log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("the end of contactd's log:\n%s", w.log.tail())
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				w.t.Errorf("contactd ended with %v:\n%s", err, w.log.tail())
			}
		case <-time.After(limit):
			w.t.Errorf("contactd did not stop within %v", limit)
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, origin := range []string{w.customer, w.agent} {
		for {
			answer, err := http.Get(origin + "/healthz")
			if err == nil {
				_ = answer.Body.Close()
				break
			}
			select {
			case err := <-ended:
				ended <- err
				w.t.Fatalf("contactd ended: %v\n%s", err, w.log.tail())
			case <-ctx.Done():
				w.t.Fatalf("contactd does not answer at %s: %v\n%s", origin, err, w.log.tail())
			case <-tick.C:
			}
		}
	}
}

// desk opens the desk of an agent, who signs in and goes ready.
func (w *world) desk(agent string) *window {
	w.t.Helper()
	d := newWindow(w.t, agent, w.agent, 1280, 800)
	d.fill(css("#user"), agent)
	d.fill(css("#password"), password)
	d.press(css(".sign-in button"))
	d.until("signed in, with the PBX connected", css("#agent-state")+" && !"+css(".bad-banner"))
	d.press(css("#go-ready"))
	d.until("ready", text(css("#agent-state"), "Ready"))
	return d
}
