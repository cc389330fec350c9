package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"

	asteriskconf "contactd/asterisk-conf"
	"contactd/testbed/asterisk"
)

const (
	members     = 300
	fullMembers = 60
	secret      = "bench-secret"
)

// bed is an Asterisk with a queue, a contactd in front of it, and the load.
type bed struct {
	dir       string
	asterisk  *asterisk.Asterisk
	contactd  *exec.Cmd
	load      *load
	desk      string
	customers string
	desks     []*http.Client
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("m%03d", i)
	}
	return all
}

func newBed(ctx context.Context, binary string) (_ *bed, err error) {
	b := &bed{}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "contactd-calls-*"); err != nil {
		return nil, err
	}
	if b.asterisk, err = asterisk.Start(ctx, asterisk.Options{Files: pbxFiles, RTPPorts: 4000}); err != nil {
		return nil, err
	}
	if b.load, err = newLoad(fmt.Sprintf("127.0.0.1:%d", b.asterisk.Settings.SIP)); err != nil {
		return nil, err
	}
	if err = b.load.signIn(names(members), secret); err != nil {
		return nil, err
	}
	if err = b.startContactd(ctx, binary); err != nil {
		return nil, err
	}
	return b, b.signIn(ctx)
}

// pbxFiles are contactd's own, with two numbers more that lead into native queues.
func pbxFiles(s asterisk.Settings) (map[string][]byte, error) {
	in := asteriskconf.Input{
		Name: "main", Region: "DE",
		HTTP: asteriskconf.HTTP{Address: fmt.Sprintf("127.0.0.1:%d", s.HTTP)},
		ARI:  asteriskconf.ARI{Username: s.Username, Password: s.Password},
		SIP:  asteriskconf.SIP{Address: fmt.Sprintf("127.0.0.1:%d", s.SIP)},
		RTP:  asteriskconf.RTP{From: s.RTPFirst, To: s.RTPLast},
		// The callers come as a trunk does.
		Trunks: []asteriskconf.Trunk{{Name: "callers", Host: "127.0.0.1:9", Match: []string{"127.0.0.1"}}},
	}
	for _, name := range names(members) {
		in.Phones = append(in.Phones, asteriskconf.Phone{Endpoint: name, Name: name, Secret: secret})
	}
	in.Queues = []asteriskconf.Queue{
		{ID: "all", Numbers: []string{numberDirector}, Members: names(members), Ring: 20 * time.Second},
		{ID: "few", Numbers: []string{numberDirectorFull}, Members: names(fullMembers), Ring: 20 * time.Second},
	}
	files, err := asteriskconf.Render(in)
	if err != nil {
		return nil, err
	}
	var queues bytes.Buffer
	for _, q := range []struct {
		name string
		n    int
	}{{"native", members}, {"nativefull", fullMembers}} {
		fmt.Fprintf(&queues, "\n[%s]\nstrategy=leastrecent\nautofill=yes\nringinuse=no\nwrapuptime=0\ntimeout=20\nretry=1\nmusicclass=default\n", q.name)
		for _, name := range names(q.n) {
			fmt.Fprintf(&queues, "member => PJSIP/%s\n", name)
		}
	}
	files["queues.conf"] = append(files["queues.conf"], queues.Bytes()...)
	files["extensions.conf"] = append(files["extensions.conf"], fmt.Sprintf(`
[contactd-trunks](+)
exten => %s,1,Answer(0,i)
 same => n,Queue(native)
 same => n,Hangup()
exten => %s,1,Answer(0,i)
 same => n,Queue(nativefull)
 same => n,Hangup()
`, numberQueue, numberQueueFull)...)
	return files, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (b *bed) startContactd(ctx context.Context, binary string) error {
	var ports [2]int
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	b.customers, b.desk = fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	salt := make([]byte, 16)
	sum := argon2.IDKey([]byte(secret), salt, 1, 8, 1, 32)
	b64 := base64.RawStdEncoding.EncodeToString
	hash := fmt.Sprintf("$argon2id$v=19$m=8,t=1,p=1$%s$%s", b64(salt), b64(sum))
	var y strings.Builder
	fmt.Fprintf(&y, "data_dir: %s\nregion: DE\nlog: {level: warn}\n", filepath.Join(b.dir, "data"))
	fmt.Fprintf(&y, "listen:\n  customer: {address: \"127.0.0.1:%d\", public_url: %q}\n  agent: {address: \"127.0.0.1:%d\", public_url: %q, trusted_proxies: [127.0.0.1]}\n  metrics: {address: \"\"}\n", ports[0], b.customers, ports[1], b.desk)
	fmt.Fprintf(&y, "pbxs:\n  main: {ari_url: \"http://127.0.0.1:%d/ari\", username: %s, password: %q}\n", b.asterisk.Settings.HTTP, b.asterisk.Settings.Username, b.asterisk.Settings.Password)
	fmt.Fprintf(&y, "reasons: [break]\nqueues:\n  all: {number: %q, ring: 20s, wrap_up: 0s}\n  few: {number: %q, ring: 20s, wrap_up: 0s}\nagents:\n", numberDirector, numberDirectorFull)
	for i, name := range names(members) {
		queues := "[all]"
		if i < fullMembers {
			queues = "[all, few]"
		}
		fmt.Fprintf(&y, "  %s: {name: %s, password_hash: %q, phone: {endpoint: %s}, queues: %s}\n", name, name, hash, name, queues)
	}
	file := filepath.Join(b.dir, "contactd.yaml")
	if err := os.WriteFile(file, []byte(y.String()), 0o600); err != nil {
		return err
	}
	b.contactd = exec.Command(binary, "serve", "--config", file)
	b.contactd.Stderr = os.Stderr
	b.contactd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := b.contactd.Start(); err != nil {
		return err
	}
	for range 300 {
		if resp, err := http.Get(b.desk + "/healthz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("contactd does not answer at %s/healthz", b.desk)
}

func (b *bed) post(client *http.Client, path string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, b.desk+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Contactd", "1")
	req.Header.Set("Origin", b.desk)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		var problem bytes.Buffer
		_, _ = problem.ReadFrom(resp.Body)
		return fmt.Errorf("POST %s: %s: %s", path, resp.Status, problem.String())
	}
	return nil
}

// forwarded adds the address for which a proxy speaks.
type forwarded string

func (f forwarded) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

// signIn signs every agent in at the desk.
func (b *bed) signIn(ctx context.Context) error {
	for i, name := range names(members) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		// Each agent sits at an address of his own, as a proxy would tell.
		client := &http.Client{Jar: jar, Timeout: 10 * time.Second, Transport: forwarded(fmt.Sprintf("192.0.2.%d", i%250))}
		if err := b.post(client, "/v1/session", map[string]string{"user": name, "password": secret}); err != nil {
			return err
		}
		b.desks = append(b.desks, client)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// staff makes all members ready, or only those of the full line.
func (b *bed) staff(ctx context.Context, few bool) error {
	for i, client := range b.desks {
		var err error
		if few && i >= fullMembers {
			err = b.post(client, "/v1/desk/not-ready", map[string]string{"reason": "break"})
		} else {
			err = b.post(client, "/v1/desk/ready", struct{}{})
		}
		if err != nil {
			return err
		}
	}
	return b.rest(ctx)
}

// rest waits until the PBX has no channel left, so that one run does not burden the next.
func (b *bed) rest(ctx context.Context) error {
	url := fmt.Sprintf("http://127.0.0.1:%d/ari/channels?api_key=%s:%s", b.asterisk.Settings.HTTP, b.asterisk.Settings.Username, b.asterisk.Settings.Password)
	for range 300 {
		resp, err := http.Get(url)
		if err != nil {
			return err
		}
		var channels []json.RawMessage
		err = json.NewDecoder(resp.Body).Decode(&channels)
		resp.Body.Close()
		if err != nil {
			return err
		}
		if len(channels) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("channels are left 30 s after the last call")
}

func (b *bed) close() {
	if b.contactd != nil && b.contactd.Process != nil {
		_ = b.contactd.Process.Signal(syscall.SIGTERM)
		ended := make(chan struct{})
		go func() { _ = b.contactd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = b.contactd.Process.Kill()
		}
	}
	if b.load != nil {
		b.load.close()
	}
	if b.asterisk != nil {
		_ = b.asterisk.Stop()
	}
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
	}
}
