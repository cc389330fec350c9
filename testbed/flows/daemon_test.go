package flows

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// daemon is the real contactd with a configuration and a database of its own.
type daemon struct {
	t       *testing.T
	world   world
	file    string
	log     string
	process *exec.Cmd
	ended   chan struct{}
}

// startDaemon starts contactd and waits until it answers.
func startDaemon(t *testing.T, w world) *daemon {
	t.Helper()
	dir := t.TempDir()
	w.Data = filepath.Join(dir, "data")
	w.CustomerPort, w.AgentPort = freePort(t), freePort(t)
	d := &daemon{t: t, world: w.withDefaults(), file: filepath.Join(dir, "contactd.yaml"), log: filepath.Join(dir, "log")}
	if err := os.MkdirAll(w.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.world.write(d.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.stop()
		log, _ := os.ReadFile(d.log)
		if t.Failed() {
			t.Logf("contactd's log:\n%s", log)
		} else if found := complaints(log); found != "" {
			t.Errorf("contactd complained:\n%s", found)
		}
	})
	d.start()
	return d
}

// start runs the program, also again after kill.
func (d *daemon) start() {
	d.t.Helper()
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	d.process = exec.Command(d.world.contactd, "serve", "--config", d.file)
	d.process.Stdout, d.process.Stderr = log, log
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	process, ended := d.process, make(chan struct{})
	d.ended = ended
	go func() { defer close(ended); _ = process.Wait() }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, url := range []string{d.customerURL(), d.agentURL()} {
		for !healthy(ctx, url) {
			select {
			case <-ended:
				log, _ := os.ReadFile(d.log)
				d.t.Fatalf("contactd ended:\n%s", log)
			case <-ctx.Done():
				d.t.Fatalf("contactd did not answer at %s within %v", url, patience)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func healthy(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode < 300
}

// kill ends contactd as a power cut does.
func (d *daemon) kill() {
	d.t.Helper()
	if err := d.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		d.t.Fatal(err)
	}
	<-d.ended
}

// stop ends contactd in an orderly way.
func (d *daemon) stop() {
	d.t.Helper()
	_ = d.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(patience):
		d.t.Errorf("contactd did not stop within %v", patience)
		_ = d.process.Process.Kill()
		<-d.ended
	}
}

func (d *daemon) customerURL() string { return "http://127.0.0.1:" + itoa(d.world.CustomerPort) }
func (d *daemon) agentURL() string    { return "http://127.0.0.1:" + itoa(d.world.AgentPort) }

// freePort is one that was free a moment ago, below those that Linux gives to outgoing connections, so that it is free again
// after a restart.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := nextPort()
		listener, err := net.Listen("tcp", "127.0.0.1:"+itoa(port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
