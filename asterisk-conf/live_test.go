package asteriskconf_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	asteriskconf "contactd/asterisk-conf"
)

// patience bounds a test that fails.
const patience = 30 * time.Second

// A real Asterisk loads the files, says nothing about them, and knows what they speak of.
func TestLiveAsteriskLoadsTheFiles(t *testing.T) {
	root := os.Getenv("CONTACTD_ASTERISK_ROOT")
	if root == "" {
		t.Skip("needs a real Asterisk: CONTACTD_ASTERISK_ROOT=$(testbed/asterisk-root.sh)")
	}
	// The path of Asterisk's command line socket must be short (sun_path).
	dir, err := os.MkdirTemp("", "conf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	modules, err := filepath.Glob(filepath.Join(root, "usr/lib/*/asterisk/modules"))
	if err != nil || len(modules) != 1 {
		t.Fatalf("%s has no directory of modules: %v %v", root, modules, err)
	}
	httpPort, sipPort, media := freePort(t), freePort(t), freePort(t)
	media = media&^1%40000 + 20000
	in := full()
	in.Directories = &asteriskconf.Directories{
		Etc: filepath.Join(dir, "etc"), Modules: modules[0], Data: filepath.Join(root, "usr/share/asterisk"), State: filepath.Join(dir, "state"),
	}
	in.HTTP = asteriskconf.HTTP{Address: fmt.Sprintf("127.0.0.1:%d", httpPort)}
	in.SIP.Address = fmt.Sprintf("127.0.0.1:%d", sipPort)
	in.RTP = asteriskconf.RTP{From: media, To: media + 99}
	// Nothing beyond this machine: a provider's name would be asked for, and it would be registered with.
	in.Trunks[0].Host, in.Trunks[0].Match, in.Trunks[0].Register = "127.0.0.1:9", []string{"127.0.0.1"}, false
	in.Trunks[1].Host, in.Trunks[1].Match = "127.0.0.2:9", nil
	in.Qualify = 0
	// A class of music of one's own needs files of one's own.
	in.Queues[1].Music = ""
	files, err := asteriskconf.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"etc", "state/lib", "state/cache", "state/spool", "state/run", "state/log"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, "etc", name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(dir, "etc/asterisk.conf")
	var console bytes.Buffer
	asterisk := exec.Command(filepath.Join(root, "asterisk"), "-C", conf, "-f")
	asterisk.Stdout, asterisk.Stderr = &console, &console
	if err := asterisk.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _ = asterisk.Wait() }()
	t.Cleanup(func() {
		_ = asterisk.Process.Signal(syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(patience):
			_ = asterisk.Process.Kill()
			<-gone
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !answers(ctx, "http://"+in.HTTP.Address+"/ari/asterisk/ping", in.ARI) {
		select {
		case <-gone:
			t.Fatalf("asterisk ended:\n%s", console.String())
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(dir, "state/log/messages.log"))
			t.Fatalf("asterisk did not answer ARI within %v:\n%s", patience, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	tell := func(command string) string {
		out, err := exec.CommandContext(ctx, filepath.Join(root, "asterisk"), "-C", conf, "-rx", command).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	tell("core waitfullybooted")
	for _, question := range []struct{ command, want string }{
		{"pjsip show endpoint ann", "rtp_timeout"},
		{"pjsip show auth bob", `two;\;three`},
		{"pjsip show endpoint provider", "identify_by"},
		{"pjsip show identifiers", "username"},
		{"pjsip show transports", "transport-ws"},
		{"ari show user contactd", "contactd"},
		{"dialplan show 8001@contactd-trunks", "Stasis(contactd,inbound,sales)"},
		{"dialplan show +4930123456@contactd-trunks", "Queue(sales)"},
		{"queue show sales", "PJSIP/bob"},
		{"moh show classes", "default"},
		{"indication show de", "425/1000,0/4000"},
	} {
		if out := tell(question.command); !strings.Contains(out, question.want) {
			t.Errorf("%s says nothing of %q:\n%s", question.command, question.want, out)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "state/log/messages.log"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "WARNING") || strings.Contains(line, "ERROR") {
			t.Errorf("asterisk complains: %s", line)
		}
	}
}

func answers(ctx context.Context, url string, account asteriskconf.ARI) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	request.SetBasicAuth(account.Username, account.Password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// freePort is one that was free a moment ago, for UDP and TCP.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		socket, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		_ = listener.Close()
		if err == nil {
			_ = socket.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
