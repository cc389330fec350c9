package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"encoding/base64"
)

// Addresses on the bed's network.
const (
	subnet   = "172.31.77.0/24"
	asterisk = "172.31.77.10"
	contactd = "172.31.77.20"
	ann      = "172.31.77.31"
	bob      = "172.31.77.32"
	outside  = "172.31.77.40" // the trunk: callers come from here, customers are reached here
)

// Password of the bed's agents, phones and ARI account.
const Password = "docker-secret"

// DeskURL and CustomerURL are contactd's two listeners.
const (
	DeskURL     = "https://" + contactd + ":8082"
	CustomerURL = "https://" + contactd + ":8081"
	ariURL      = "http://" + asterisk + ":8088/ari"
)

// ShopAddress is where a demo's shop is served on the machine itself, whose pages the bed's contactd knows.
const ShopAddress = "localhost:8090"

// Bed is a network with Asterisk and contactd on it.
type Bed struct {
	name    string
	dir     string
	source  string // this folder
	log     func(format string, args ...any)
	running []string
	// Client trusts contactd's certificate.
	Client *http.Client
}

// New builds the images and starts Asterisk and contactd. base is the base image; empty means one made locally.
func New(ctx context.Context, source, binary, base string, log func(string, ...any)) (_ *Bed, err error) {
	b := &Bed{name: fmt.Sprintf("contactd-%d", os.Getpid()), source: source, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.dir, err = os.MkdirTemp("", "contactd-docker-"); err != nil {
		return nil, err
	}
	if base == "" {
		base = "contactd/debian:sid"
		if err := b.run(ctx, filepath.Join(source, "base.sh")); err != nil {
			return nil, err
		}
	}
	if err := b.images(ctx, binary, base); err != nil {
		return nil, err
	}
	if _, err := b.docker(ctx, "network", "create", "--subnet", subnet, b.name); err != nil {
		return nil, err
	}
	if err := b.configure(ctx); err != nil {
		return nil, err
	}
	if err := b.Start(ctx, "asterisk", asterisk, []string{"-v", b.dir + "/pbx:/etc/asterisk:ro"}, "contactd/asterisk"); err != nil {
		return nil, err
	}
	if err := b.await(ctx, "asterisk", ariURL+"/asterisk/ping?api_key=contactd:"+Password); err != nil {
		return nil, err
	}
	if err := b.Start(ctx, "contactd", contactd, []string{"-v", b.dir + "/etc:/etc/contactd:ro"}, "contactd/contactd"); err != nil {
		return nil, err
	}
	return b, b.await(ctx, "contactd", DeskURL+"/healthz")
}

func (b *Bed) images(ctx context.Context, binary, base string) error {
	build := filepath.Join(b.dir, "build")
	if err := os.MkdirAll(build, 0o755); err != nil {
		return err
	}
	raw, err := os.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("docker: contactd's binary (make docker-test builds it): %w", err)
	}
	if err := os.WriteFile(filepath.Join(build, "contactd"), raw, 0o755); err != nil {
		return err
	}
	for _, image := range []string{"asterisk", "sipp", "contactd"} {
		b.log("building contactd/%s", image)
		if _, err := b.docker(ctx, "build", "-q", "--network", "host", "--build-arg", "BASE="+base, "-t", "contactd/"+image, "-f", filepath.Join(b.source, image+".Dockerfile"), build); err != nil {
			return err
		}
	}
	return nil
}

// configure writes contactd's file and lets contactd render the PBX's.
func (b *Bed) configure(ctx context.Context) error {
	etc, pbx := filepath.Join(b.dir, "etc"), filepath.Join(b.dir, "pbx")
	for _, dir := range []string{etc, pbx} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	transport, err := certify(etc)
	if err != nil {
		return err
	}
	b.Client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	salt := []byte("docker-bed-salt!")
	sum := argon2.IDKey([]byte(Password), salt, 1, 64, 1, 32)
	b64 := base64.RawStdEncoding.EncodeToString
	hash := fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", b64(salt), b64(sum))
	text := strings.NewReplacer("HASH", hash, "PASSWORD", Password, "ASTERISK", asterisk, "OUTSIDE", outside, "SHOP", ShopAddress, "DESK", DeskURL, "CUSTOMER", CustomerURL).Replace(configuration)
	if err := os.WriteFile(filepath.Join(etc, "contactd.yaml"), []byte(text), 0o644); err != nil {
		return err
	}
	_, err = b.docker(ctx, "run", "--rm", "--network", "none", "-v", etc+":/etc/contactd:ro", "-v", pbx+":/pbx", "contactd/contactd",
		"pbx", "render", "--config", "/etc/contactd/contactd.yaml", "--out", "/pbx")
	return err
}

const configuration = `
data_dir: /var/lib/contactd
region: DE
listen:
  customer: {address: "0.0.0.0:8081", public_url: "CUSTOMER", tls: {cert: /etc/contactd/cert.pem, key: /etc/contactd/key.pem}}
  agent: {address: "0.0.0.0:8082", public_url: "DESK", tls: {cert: /etc/contactd/cert.pem, key: /etc/contactd/key.pem}}
  metrics: {address: ""}
pbxs:
  main: {ari_url: "http://ASTERISK:8088/ari", username: contactd, password: "PASSWORD", sip: {address: "0.0.0.0:5060"}}
trunks:
  outside: {dial: "PJSIP/{e164}@outside", host: "OUTSIDE:5060"}
routes:
  - {prefix: "+49", trunks: [outside], caller_id: "+4930123456"}
queues:
  sales: {number: "8001", ring: 10s, wrap_up: 5s, phone: "+4930123456", call_back: {attempts: 1, pause: 10s, ring: 10s}}
agents:
  ann: {name: Ann, password_hash: "HASH", phone: {endpoint: ann, secret: "PASSWORD"}, queues: [sales]}
  bob: {name: Bob, password_hash: "HASH", phone: {endpoint: bob, secret: "PASSWORD"}, queues: [sales]}
sites:
  shop: {origins: ["http://SHOP"], queues: [sales], hotline: "+49 30 123456"}
`

// Start runs a container in the background.
func (b *Bed) Start(ctx context.Context, name, address string, options []string, image string, args ...string) error {
	full := b.name + "-" + name
	command := append([]string{"run", "-d", "--name", full, "--network", b.name, "--ip", address}, options...)
	command = append(append(command, image), args...)
	if _, err := b.docker(ctx, command...); err != nil {
		return err
	}
	b.running = append(b.running, full)
	return nil
}

// Wait waits for a container's end and returns its exit status and what it printed.
func (b *Bed) Wait(ctx context.Context, name string) (status, output string, err error) {
	full := b.name + "-" + name
	if status, err = b.docker(ctx, "wait", full); err != nil {
		return "", "", err
	}
	output, err = b.docker(ctx, "logs", full)
	return strings.TrimSpace(status), output, err
}

// Remove removes an ended container, so that its name and address are free again.
func (b *Bed) Remove(ctx context.Context, name string) error {
	full := b.name + "-" + name
	b.running = slices.DeleteFunc(b.running, func(other string) bool { return other == full })
	_, err := b.docker(ctx, "rm", "-f", full)
	return err
}

// Phone is a SIPp that answers every call until it is removed.
func (b *Bed) Phone(ctx context.Context, name, address string) error {
	return b.sipp(ctx, name, address, "answer", "-rtp_echo")
}

// Phones brings the agents' and the customer's phones, and returns when Asterisk reaches them all.
func (b *Bed) Phones(ctx context.Context) error {
	for user, address := range map[string]string{"ann": ann, "bob": bob} {
		if err := b.Register(ctx, user, address); err != nil {
			return err
		}
		if err := b.Phone(ctx, user, address); err != nil {
			return err
		}
	}
	if err := b.Phone(ctx, "customer", outside); err != nil {
		return err
	}
	for _, endpoint := range []string{"ann", "bob", "outside"} {
		if err := b.AwaitOnline(ctx, endpoint); err != nil {
			return err
		}
	}
	return nil
}

// Sipp runs a scenario of testbed/sipp once, in the background; its exit status says whether all went as written.
func (b *Bed) Sipp(ctx context.Context, name, address, scenario string, args ...string) error {
	return b.sipp(ctx, name, address, scenario, append([]string{"-m", "1", "-timeout", "60", "-timeout_error"}, args...)...)
}

func (b *Bed) sipp(ctx context.Context, name, address, scenario string, args ...string) error {
	mounts := []string{"-v", filepath.Join(b.source, "..", "sipp") + ":/scenarios:ro"}
	all := append([]string{asterisk + ":5060", "-sf", "/scenarios/" + scenario + ".xml", "-i", address, "-p", "5060", "-mi", address, "-nostdin", "-trace_err"}, args...)
	return b.Start(ctx, name, address, mounts, "contactd/sipp", all...)
}

// AwaitOnline waits until Asterisk reaches an endpoint: it asks each half a minute.
func (b *Bed) AwaitOnline(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	for {
		var seen struct{ State string }
		err := request(ctx, b.Client, http.MethodGet, ariURL+"/endpoints/PJSIP/"+endpoint+"?api_key=contactd:"+Password, "", nil, &seen)
		if err == nil && seen.State == "online" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("docker: endpoint %s is %q after 90 s: %w", endpoint, seen.State, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Register signs a phone in, and returns when it is.
func (b *Bed) Register(ctx context.Context, user, address string) error {
	if err := b.Sipp(ctx, "register-"+user, address, "register", "-s", user, "-au", user, "-ap", Password); err != nil {
		return err
	}
	status, output, err := b.Wait(ctx, "register-"+user)
	if err == nil && status != "0" {
		err = fmt.Errorf("docker: %s does not register (%s):\n%s", user, status, output)
	}
	return errors.Join(err, b.Remove(ctx, "register-"+user))
}

func (b *Bed) await(ctx context.Context, name, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil); err == nil {
			if response, err := b.Client.Do(request); err == nil {
				response.Body.Close()
				if response.StatusCode == http.StatusOK {
					return nil
				}
			}
		}
		select {
		case <-ctx.Done():
			output, _ := b.docker(context.Background(), "logs", "--tail", "40", b.name+"-"+name)
			return fmt.Errorf("docker: %s does not answer at %s:\n%s", name, url, output)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Close removes everything that New and Start made.
func (b *Bed) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	if len(b.running) > 0 {
		_, err := b.docker(ctx, append([]string{"rm", "-f"}, b.running...)...)
		errs = append(errs, err)
	}
	if networks, err := b.docker(ctx, "network", "ls", "-q", "--filter", "name="+b.name); err == nil && networks != "" {
		_, err := b.docker(ctx, "network", "rm", b.name)
		errs = append(errs, err)
	}
	if b.dir != "" {
		errs = append(errs, os.RemoveAll(b.dir))
	}
	return errors.Join(errs...)
}

func (b *Bed) docker(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "docker", args...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w\n%s%s", args[0], err, out.String(), errs.String())
	}
	if args[0] == "logs" {
		return out.String() + errs.String(), nil
	}
	return strings.TrimSpace(out.String()), nil
}

func (b *Bed) run(ctx context.Context, name string) error {
	command := exec.CommandContext(ctx, name)
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}
