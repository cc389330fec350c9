package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	asteriskconf "contactd/asterisk-conf"
	"contactd/testbed/asterisk"
	"contactd/testbed/phones"
	"contactd/web/shop"
)

// patience is how long a part may take to start or to stop.
const patience = time.Minute

// customerNumber is what the customer gives on the page; the demo's trunk leads every number to the customer's phone.
const customerNumber = "030 1234567"

// Account of somebody in the demo, as testbed/run/demo.json has it.
type Account struct {
	User     string `json:"user"`
	Password string `json:"password,omitempty"`
	// SIP is the account for a softphone.
	SIPUser   string `json:"sip_user"`
	SIPSecret string `json:"sip_secret"`
}

// Demo is what testbed/run/demo.json holds.
type Demo struct {
	Shop       string    `json:"shop"`
	Desk       string    `json:"desk"`
	Contact    string    `json:"contact"`
	Metrics    string    `json:"metrics"`
	SIP        string    `json:"sip"`
	ARI        string    `json:"ari"`
	Number     string    `json:"queue_number"`
	Customer   string    `json:"customer_number"`
	Agents     []Account `json:"agents"`
	Caller     Account   `json:"customer"`
	AutoPhones bool      `json:"automatic_phones"`
	CompanyKey string    `json:"company_key"`
	Config     string    `json:"config"`
	Log        string    `json:"log"`
	PID        int       `json:"pid"`
}

// stage is all that runs.
type stage struct {
	demo   Demo
	failed chan error

	mu    sync.Mutex
	stops []func() error // in the order of the starts
}

// begin starts everything, or stops what it has started.
func begin(ctx context.Context, auto bool, binary, folder string) (_ *stage, err error) {
	s := &stage{failed: make(chan error, 4)}
	defer func() {
		if err != nil {
			err = s.stop(err)
		}
	}()
	s.demo = Demo{
		Number: "8001", Customer: customerNumber, AutoPhones: auto, PID: os.Getpid(),
		Agents: []Account{
			{User: "ann", Password: "demo-ann-1", SIPUser: "ann", SIPSecret: "sip-ann-1"},
			{User: "bob", Password: "demo-bob-1", SIPUser: "bob", SIPSecret: "sip-bob-1"},
		},
		Caller: Account{SIPUser: "customer", SIPSecret: "sip-customer-1"},
		Config: filepath.Join(folder, "contactd.yaml"), Log: filepath.Join(folder, "contactd.log"),
	}
	data := filepath.Join(folder, "data")
	if err := os.RemoveAll(data); err != nil { // A demo begins anew.
		return nil, err
	}

	pbx, err := asterisk.Start(ctx, asterisk.Options{Files: s.files})
	if err != nil {
		return nil, err
	}
	s.later(pbx.Stop)
	go s.watch("Asterisk", pbx.Exited())
	s.demo.SIP, s.demo.ARI = pbx.SIP(), pbx.ARI("contactd").URL

	ports, err := freePorts(8081, 8082, 8083, 8090)
	if err != nil {
		return nil, err
	}
	s.demo.Contact = "http://127.0.0.1:" + ports[0]
	s.demo.Desk = "http://127.0.0.1:" + ports[1]
	s.demo.Metrics = "http://127.0.0.1:" + ports[2] + "/metrics"
	s.demo.Shop = "http://localhost:" + ports[3]
	if err := s.configure(ctx, binary, data, pbx.Settings, ports); err != nil {
		return nil, err
	}
	if err := s.startContactd(ctx, binary); err != nil {
		return nil, err
	}
	if err := s.startShop(ports[3]); err != nil {
		return nil, err
	}
	if auto {
		if err := s.startPhones(ctx); err != nil {
			return nil, err
		}
	}
	key, err := output(ctx, binary, "", "user", "key", "add", "--name", "demo", "--config", s.demo.Config)
	if err != nil {
		return nil, err
	}
	s.demo.CompanyKey = key
	return s, s.tell(folder)
}

// later remembers how something that was started is stopped.
func (s *stage) later(stop func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, stop)
}

// stop stops everything, the last first, and adds what went wrong to err.
func (s *stage) stop(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.stops) - 1; i >= 0; i-- {
		err = errors.Join(err, s.stops[i]())
	}
	s.stops = nil
	return err
}

// watch tells when a part ends by itself.
func (s *stage) watch(name string, ended <-chan struct{}) {
	<-ended
	select {
	case s.failed <- fmt.Errorf("%s has ended by itself", name):
	default: // Somebody else was first, or it was stopped.
	}
}

// files of the PBX, for the ports that it was given.
func (s *stage) files(at asterisk.Settings) (map[string][]byte, error) {
	in := asteriskconf.Input{
		Name: "main", Region: "DE", Qualify: 30 * time.Second,
		HTTP: asteriskconf.HTTP{Address: net.JoinHostPort(at.Address, fmt.Sprint(at.HTTP))},
		ARI:  asteriskconf.ARI{Username: at.Username, Password: at.Password},
		SIP:  asteriskconf.SIP{Address: net.JoinHostPort(at.Address, fmt.Sprint(at.SIP))},
		RTP:  asteriskconf.RTP{From: at.RTPFirst, To: at.RTPLast},
	}
	members := []string{}
	for _, a := range s.demo.Agents {
		in.Phones = append(in.Phones, asteriskconf.Phone{Endpoint: a.SIPUser, Name: strings.ToUpper(a.User[:1]) + a.User[1:], Secret: a.SIPSecret})
		members = append(members, a.SIPUser)
	}
	// The customer's telephone is an account too, so that any softphone can be it: the trunk leads there.
	in.Phones = append(in.Phones, asteriskconf.Phone{Endpoint: s.demo.Caller.SIPUser, Name: "Customer", Secret: s.demo.Caller.SIPSecret})
	in.Queues = []asteriskconf.Queue{{ID: "sales", Numbers: []string{s.demo.Number}, Members: members}}
	return asteriskconf.Render(in)
}

// configure writes contactd's configuration.
func (s *stage) configure(ctx context.Context, binary, data string, at asterisk.Settings, ports []string) error {
	var agents strings.Builder
	for _, a := range s.demo.Agents {
		hash, err := output(ctx, binary, a.Password+"\n", "user", "password")
		if err != nil {
			return err
		}
		fmt.Fprintf(&agents, `  %s:
    name: %s
    password_hash: "%s"
    phone: {endpoint: %s, auto_answer: %t}
    queues: [sales]
    skills: {sales: 5}
`, a.User, strings.ToUpper(a.User[:1])+a.User[1:], hash, a.SIPUser, s.demo.AutoPhones)
	}
	text := fmt.Sprintf(`# Written by testbed/demo; see contactd.example.yaml for what each key means.
data_dir: %q
region: DE
listen:
  customer: {address: "127.0.0.1:%s", public_url: %q}
  agent: {address: "127.0.0.1:%s", public_url: %q}
  metrics: {address: "127.0.0.1:%s"}
pbxs:
  main: {ari_url: "http://%s:%d/ari", username: %q, password: %q}
trunks:
  demo: {dial: "PJSIP/{e164}@%s"}
routes: [{prefix: "+49", trunks: [demo], caller_id: "+4930123456"}]
numbers: {per_number_per_hour: 1000, per_address_per_hour: 1000, per_network_per_hour: 1000}
skills: [sales]
queues:
  sales:
    title: {en: Sales, de: Verkauf}
    number: %q
    needs: {sales: 1}
    phone: "+4930123456"
    call_back: {pause: 30s}
agents:
%sreasons: [break, lunch, training]
sites:
  shop: {origins: [%q], secret_parameters: [token], excluded_paths: [/admin], queues: [sales], hotline: "+49 30 123456"}
`, data, ports[0], s.demo.Contact, ports[1], s.demo.Desk, ports[2], at.Address, at.HTTP, at.Username, at.Password,
		s.demo.Caller.SIPUser, s.demo.Number, agents.String(), s.demo.Shop)
	return os.WriteFile(s.demo.Config, []byte(text), 0o600)
}

// startContactd runs the daemon until it answers.
func (s *stage) startContactd(ctx context.Context, binary string) error {
	log, err := os.Create(s.demo.Log)
	if err != nil {
		return err
	}
	command := exec.Command(binary, "serve", "--config", s.demo.Config)
	command.Stdout, command.Stderr = log, log
	// Ctrl-C goes to the demo alone, which stops the parts in their order; what it leaves behind when it is killed ends.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error), make(chan struct{})
	var result error
	go func() {
		// The death signal is sent when the thread that started the child ends, so that this one must stay until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer func() { _ = log.Close() }()
		err := command.Start()
		started <- err
		if err == nil {
			result = command.Wait()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.later(func() error {
		select {
		case <-ended:
			return nil // told already
		default:
		}
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case <-ended:
			return result
		case <-time.After(patience):
			return errors.Join(errors.New("contactd did not stop in time"), command.Process.Kill())
		}
	})
	if err := answers(ctx, s.demo.Contact+"/healthz", ended); err != nil {
		tail, _ := os.ReadFile(s.demo.Log)
		return fmt.Errorf("contactd did not start: %w\n%s", err, last(string(tail), 20))
	}
	go s.watch("contactd (see "+s.demo.Log+")", ended)
	return nil
}

// startShop serves the shop on localhost.
func (s *stage) startShop(port string) error {
	handler, err := shop.Handler(shop.Options{Contact: s.demo.Contact, Desk: s.demo.Desk, Queue: "sales", Site: "shop", Phone: "+49 30 123456"})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "localhost:"+port)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	s.later(server.Close)
	return nil
}

// startPhones registers telephones that answer by themselves.
func (s *stage) startPhones(ctx context.Context) error {
	for i, account := range append(append([]Account{}, s.demo.Agents...), s.demo.Caller) {
		phone, err := phones.New(phones.Options{
			PBX: s.demo.SIP, User: account.SIPUser, Password: account.SIPSecret, AutoAnswer: true,
			Behaviour: phones.Answer(3 * time.Second), Tone: float64(400 + 150*i),
		})
		if err != nil {
			return err
		}
		s.later(phone.Close)
		if err := phone.Register(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tell writes demo.json, whole or not at all, when everything runs.
func (s *stage) tell(folder string) error {
	raw, err := json.MarshalIndent(s.demo, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(folder, "demo.json")
	s.later(func() error { return os.Remove(name) })
	if err := os.WriteFile(name+".tmp", append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

// description is what a person is told.
func (s *stage) description() string {
	d := s.demo
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe demo runs.\n\n  Shop         %s   (give the number %s)\n  Agent desk   %s\n", d.Shop, d.Customer, d.Desk)
	for _, a := range d.Agents {
		fmt.Fprintf(&b, "    sign in    %s / %s\n", a.User, a.Password)
	}
	fmt.Fprintf(&b, "\n  Telephones   SIP server %s\n", d.SIP)
	if d.AutoPhones {
		b.WriteString("    ann, bob and the customer have telephones that answer by themselves after 3 s.\n")
	} else {
		for _, a := range append(append([]Account{}, d.Agents...), d.Caller) {
			fmt.Fprintf(&b, "    softphone  %s / %s\n", a.SIPUser, a.SIPSecret)
		}
		b.WriteString("    No softphone at hand? Stop this and run: make demo PHONES=auto\n")
	}
	fmt.Fprintf(&b, "    dial %s to reach the agents as a caller\n", d.Number)
	fmt.Fprintf(&b, "\n  1. Sign in at the desk as ann and press Ready.\n  2. On the shop page ask to be called at %s.\n  3. Take the call on the desk, and browse: both see the same page.\n", d.Customer)
	fmt.Fprintf(&b, "\n  Addresses and accounts for programs: testbed/run/demo.json   contactd's log: %s\n  Ctrl-C stops everything.\n", d.Log)
	return b.String()
}

// output runs the program and returns what it prints.
func output(ctx context.Context, binary, in string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, binary, args...)
	command.Stdin = strings.NewReader(in)
	var fault strings.Builder
	command.Stderr = &fault
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(binary), strings.Join(args, " "), err, fault.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// answers waits until a URL answers with 200.
func answers(ctx context.Context, url string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ticker.C:
		case <-ended:
			return errors.New("it has ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// freePorts prefers the usual ports, and takes others where these are in use.
func freePorts(wanted ...int) ([]string, error) {
	var ports []string
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for _, port := range wanted {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				return nil, err
			}
		}
		held = append(held, listener)
		_, text, err := net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, text)
	}
	return ports, nil
}

// last lines of a text.
func last(text string, lines int) string {
	var all []string
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		all = append(all, scanner.Text())
	}
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
