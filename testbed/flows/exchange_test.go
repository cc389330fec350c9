package flows

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/testbed/asterisk"
	"contactd/testbed/phones"
)

// patience bounds what fails.
const patience = 30 * time.Second

// The tones by which the parties are told apart.
const (
	customerTone = 600
	annTone      = 440
	bobTone      = 520
)

// exchange is what all stories share.
type exchange struct {
	dir      string
	contactd string // the program
	hash     string // of every agent's password
	pbx      *asterisk.Asterisk
	// customer is the telephone at the other end of the trunk, whatever number is dialled.
	customer *phones.Phone
	// full is the other end of a trunk that has no line free.
	full *phones.Phone
}

var shared struct {
	once sync.Once
	exchange
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "flows:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// theExchange starts what is shared, at the first story.
func theExchange(t *testing.T) *exchange {
	t.Helper()
	if os.Getenv(asterisk.RootVariable) == "" {
		t.Skipf("needs a real Asterisk: set %s to what testbed/asterisk-root.sh prints, or use 'make flows'", asterisk.RootVariable)
	}
	shared.once.Do(func() { shared.err = shared.open() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return &shared.exchange
}

func (e *exchange) open() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var err error
	if e.dir, err = os.MkdirTemp("", "flows-"); err != nil {
		return err
	}
	e.contactd = os.Getenv("FLOWS_CONTACTD") // one that is built already
	if e.contactd == "" {
		e.contactd = filepath.Join(e.dir, "contactd")
		build := exec.CommandContext(ctx, "go", "build", "-o", e.contactd, "contactd/cmd/contactd")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	hash := exec.CommandContext(ctx, e.contactd, "user", "password")
	hash.Stdin = strings.NewReader(password + "\n")
	out, err := hash.Output()
	if err != nil {
		return fmt.Errorf("contactd user password: %w", err)
	}
	e.hash = strings.TrimSpace(string(out))
	// It is there before Asterisk is, which looks once at start whether its trunks live. It never dials, so that it needs no PBX.
	e.customer, err = phones.New(phones.Options{PBX: "127.0.0.1:9", User: "customer", Tone: customerTone, CallWaiting: true})
	if err != nil {
		return err
	}
	e.full, err = phones.New(phones.Options{PBX: "127.0.0.1:9", User: "full", Behaviour: phones.Reject(503), CallWaiting: true})
	if err != nil {
		return err
	}
	e.pbx, err = asterisk.Start(ctx, asterisk.Options{Files: func(s asterisk.Settings) (map[string][]byte, error) { return e.render(ctx, s) }})
	return err
}

// render has contactd write Asterisk's files, as an administrator does.
func (e *exchange) render(ctx context.Context, s asterisk.Settings) (map[string][]byte, error) {
	file := filepath.Join(e.dir, "render.yaml")
	w := world{exchange: e, settings: s, Data: filepath.Join(e.dir, "none")}.withDefaults()
	if err := w.write(file); err != nil {
		return nil, err
	}
	dir := filepath.Join(e.dir, "asterisk")
	out, err := exec.CommandContext(ctx, e.contactd, "pbx", "render", "--config", file, "--out", dir).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("contactd pbx render: %w\n%s", err, out)
	}
	files := map[string][]byte{}
	entries, err := filepath.Glob(filepath.Join(dir, "*.conf"))
	if err != nil {
		return nil, err
	}
	for _, name := range entries {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (e *exchange) close() error {
	if e.pbx != nil {
		if err := e.pbx.Stop(); err != nil {
			return err
		}
	}
	for _, p := range []*phones.Phone{e.customer, e.full} {
		if p != nil {
			_ = p.Close()
		}
	}
	return os.RemoveAll(e.dir)
}

// complaints are the lines of a log that speak of errors.
func complaints(log []byte) string {
	var found []string
	for line := range bytes.Lines(log) {
		if bytes.Contains(line, []byte("level=ERROR")) || bytes.Contains(line, []byte("panic")) {
			found = append(found, string(line))
		}
	}
	return strings.Join(found, "")
}
