package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/internal/config"
	"contactd/internal/httpapi"
	"contactd/store"
)

const patience = 30 * time.Second

const plain = `
region: DE
pbxs: {main: {ari_url: "http://127.0.0.1:9/ari", password: x}}
trunks: {out: {dial: "PJSIP/{e164}@out"}}
routes: [{prefix: "+49", trunks: [out], caller_id: "+4930"}]
queues: {sales: {number: "8001"}}
agents: {ann: {name: Ann, phone: {endpoint: ann}, queues: [sales]}}
sites: {shop: {origins: ["http://localhost:8090"]}}
`

func parsed(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.Listen.Customer.Address, c.Listen.Agent.Address, c.Listen.Metrics.Address = "127.0.0.1:0", "127.0.0.1:0", ""
	return c
}

func running(t *testing.T, c *config.Config) *Daemon {
	t.Helper()
	d, err := New(c, Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("daemon ended with %v", err)
		}
	})
	select {
	case <-d.Ready():
	case <-time.After(patience):
		t.Fatal("daemon is not ready")
	}
	return d
}

// eventually asks until the answer is good; it is for what has no event.
func eventually(t *testing.T, what string, good func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !good() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		}
	}
}

func TestReloadPutsQueuesInForceAndSaysWhatMustWait(t *testing.T) {
	c := parsed(t, plain)
	c.DataDir = t.TempDir()
	d := running(t, c)
	availability := func(queue string) int {
		answer, err := http.Get("http://" + d.Addresses().Customer + "/v1/availability?queue=" + queue)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		var body struct{ Estimate struct{ Reason string } }
		if err := json.NewDecoder(answer.Body).Decode(&body); err == nil && body.Estimate.Reason == "starting" {
			return http.StatusServiceUnavailable // The director does not have it yet.
		}
		return answer.StatusCode
	}
	if got := availability("support"); got != http.StatusNotFound {
		t.Fatalf("support before the reload: %d", got)
	}
	next := parsed(t, strings.Replace(plain, `queues: {`, `queues: {support: {}, `, 1))
	next.DataDir, next.Listen.Metrics.Address = c.DataDir, "127.0.0.1:7"
	later, err := d.Reload(next)
	if err != nil || !slices.Equal(later, []string{"listen"}) {
		t.Errorf("reload: %v, later %v; want listen", err, later)
	}
	eventually(t, "support is a queue of the director", func() bool { return availability("support") == http.StatusOK })

	// A queue of a PBX that does not run yet cannot be taken.
	other := parsed(t, strings.Replace(plain, `pbxs: {main`, `pbxs: {far`, 1))
	other.DataDir = c.DataDir
	if _, err := d.Reload(other); err == nil || !strings.Contains(err.Error(), "pbxs") {
		t.Errorf("reload with another PBX: %v", err)
	}
	if got := availability("support"); got != http.StatusOK {
		t.Errorf("after a refused reload: %d", got)
	}
}

func TestOneDaemonOnAFolder(t *testing.T) {
	c := parsed(t, plain)
	c.DataDir = t.TempDir()
	running(t, c)
	second, err := New(c, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("second daemon: %v", err)
	}
}

func TestTakenAddressEndsTheStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	c := parsed(t, plain)
	c.DataDir, c.Listen.Agent.Address = t.TempDir(), taken.Addr().String()
	d, err := New(c, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listen.agent.address") {
		t.Errorf("start: %v", err)
	}
}

// No call to a customer passes above the caps; calls to agents are not counted.
func TestCallsAreCapped(t *testing.T) {
	c := parsed(t, plain)
	c.Numbers.CallsPerMinute, c.Numbers.CallsConcurrent = 2, 3
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	opened, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	view := &acd.View{Contacts: map[acd.ContactID]*acd.ContactView{}}
	made := 0
	gate := originating{
		next: engine.ExecutorFunc(func(_ context.Context, command acd.Command, settle func(acd.CommandSettled)) {
			made++
			settle(acd.CommandSettled{Command: command.ID, Outcome: acd.Done})
		}),
		limits:   httpapi.NewLimits(table{opened.Table("limits")}, people{opened}.Pseudonym, func() time.Time { return clock }),
		settings: func() settings { return settings{config: c} }, view: func() *acd.View { return view },
		calls: &calls{}, metrics: newMetrics(), log: slog.New(slog.DiscardHandler),
	}
	call := func(do acd.OriginateLeg) (outcome acd.CommandSettled) {
		gate.Execute(t.Context(), acd.Command{ID: 1, Contact: "new", Irreversible: true, Do: do}, func(s acd.CommandSettled) { outcome = s })
		return outcome
	}
	for range 5 {
		if got := call(acd.OriginateLeg{Agent: "ann"}); got.Outcome != acd.Done {
			t.Fatalf("call to an agent: %+v", got)
		}
	}
	made = 0
	for i := range 4 {
		want := acd.Done
		if i >= 2 {
			want = acd.Postponed
		}
		if got := call(acd.OriginateLeg{Trunk: "out"}); got.Outcome != want || want == acd.Postponed && got.Cause != causeCongestion {
			t.Errorf("call %d: %+v", i, got)
		}
	}
	if made != 2 {
		t.Errorf("%d calls were made, want 2", made)
	}
	clock = clock.Add(time.Minute)
	if got := call(acd.OriginateLeg{Trunk: "out"}); got.Outcome != acd.Done {
		t.Errorf("a minute later: %+v", got)
	}
	for _, id := range []acd.ContactID{"a", "b", "c"} {
		view.Contacts[id] = &acd.ContactView{ID: id, Kind: acd.CallBackNow, State: acd.Connected}
	}
	gate.calls = &calls{} // as after a start
	if got := call(acd.OriginateLeg{Trunk: "out"}); got.Outcome != acd.Postponed || got.Cause != causeCongestion {
		t.Errorf("with 3 calls in progress: %+v", got)
	}
}

// TestCallsOfOneStepDoNotGiveWayToEachOther: the picture shows both as calling before either is made.
func TestCallsOfOneStepDoNotGiveWayToEachOther(t *testing.T) {
	view := &acd.View{Contacts: map[acd.ContactID]*acd.ContactView{}}
	k := &calls{}
	if n := k.others("before", view); n != 0 {
		t.Fatalf("%d others in an empty house", n)
	}
	for _, id := range []acd.ContactID{"a", "b"} {
		view.Contacts[id] = &acd.ContactView{ID: id, Kind: acd.CallBackNow, State: acd.Calling}
	}
	if n := k.others("a", view); n != 0 {
		t.Errorf("the first sees %d others, want none", n)
	}
	if n := k.others("b", view); n != 1 {
		t.Errorf("the second sees %d others, want 1", n)
	}
	k.leave("b")
	if n := k.others("c", view); n != 1 {
		t.Errorf("when the second has given way, a third sees %d others, want 1", n)
	}
}

func TestPBXInputHasAgentsQueuesAndTrunks(t *testing.T) {
	c := parsed(t, strings.Replace(plain, `@out"}`, `@provider", host: "sip.example:5060"}`, 1))
	in, err := PBXInput(c, "main")
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Phones) != 1 || in.Phones[0].Endpoint != "ann" || len(in.Queues) != 1 || !slices.Equal(in.Queues[0].Members, []string{"ann"}) {
		t.Errorf("phones %+v, queues %+v", in.Phones, in.Queues)
	}
	// The endpoint must have the name that the dial template uses.
	if len(in.Trunks) != 1 || in.Trunks[0].Name != "provider" || in.Trunks[0].Host != "sip.example:5060" {
		t.Errorf("trunks %+v", in.Trunks)
	}
	if in.HTTP.Address != "127.0.0.1:9" {
		t.Errorf("HTTP address %q", in.HTTP.Address)
	}
	if _, err := PBXInput(c, "none"); err == nil {
		t.Error("an unknown PBX is rendered")
	}
}

func TestCertificateIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	pair := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	write := func(serial int64, at time.Time) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		of := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
		raw, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		rawKey, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for name, block := range map[string]*pem.Block{pair.cert: {Type: "CERTIFICATE", Bytes: raw}, pair.key: {Type: "EC PRIVATE KEY", Bytes: rawKey}} {
			if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(name, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	serial := func() int64 {
		t.Helper()
		pair.looked = time.Time{} // as if the last look were long ago
		loaded, err := pair.get(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(loaded.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	began := time.Now().Add(-time.Hour)
	if _, err := pair.get(nil); err == nil {
		t.Error("missing files are no error")
	}
	write(1, began)
	if got := serial(); got != 1 {
		t.Errorf("serial %d", got)
	}
	write(2, began.Add(time.Minute))
	if got := serial(); got != 2 {
		t.Errorf("serial after the renewal %d", got)
	}
	if err := os.WriteFile(pair.cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("serial while a renewal is half written %d", got)
	}
}
