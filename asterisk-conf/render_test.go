package asteriskconf_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	asteriskconf "contactd/asterisk-conf"
)

var update = flag.Bool("update", false, "write the golden files anew")

// full is an input with everything in it.
func full() asteriskconf.Input {
	return asteriskconf.Input{
		Name: "main", Region: "DE",
		Directories: &asteriskconf.Directories{
			Etc: "/srv/pbx/etc", Modules: "/opt/asterisk/modules", Data: "/opt/asterisk/share", State: "/srv/pbx/state",
		},
		HTTP:    asteriskconf.HTTP{Address: "127.0.0.1:8088", TLSAddress: "0.0.0.0:8089", Cert: "/srv/pbx/cert.pem", Key: "/srv/pbx/key.pem"},
		ARI:     asteriskconf.ARI{Username: "contactd", Password: "a;secret"},
		SIP:     asteriskconf.SIP{Address: "192.0.2.1:5060"},
		RTP:     asteriskconf.RTP{From: 12000, To: 12999},
		Qualify: 30 * time.Second,
		Phones: []asteriskconf.Phone{
			{Endpoint: "ann", Name: "Ann Müller", Secret: "one"},
			{Endpoint: "bob", Name: `Bob "B" <b>`, Secret: `two;\;three`, Browser: true},
		},
		Trunks: []asteriskconf.Trunk{
			{Name: "provider", Host: "sip.provider.example:5060", Username: "+4930123456", Secret: "four", Register: true, Match: []string{"198.51.100.0/24", "2001:db8::1"}},
			{Name: "gateway", Host: "192.0.2.9:5060"},
		},
		Queues: []asteriskconf.Queue{
			{ID: "sales", Numbers: []string{"8001", "+4930123456"}, Ring: 15 * time.Second, WrapUp: 10 * time.Second, Priority: 2, Members: []string{"ann", "bob"}},
			{ID: "support", Numbers: []string{"8002"}, Music: "calm", Members: []string{"bob"}},
		},
	}
}

// minimal is the least that makes sense.
func minimal() asteriskconf.Input {
	return asteriskconf.Input{Name: "main", ARI: asteriskconf.ARI{Username: "contactd", Password: "secret"}}
}

func TestGolden(t *testing.T) {
	for name, in := range map[string]asteriskconf.Input{"full": full(), "minimal": minimal()} {
		t.Run(name, func(t *testing.T) {
			files, err := asteriskconf.Render(in)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join("testdata", name)
			if *update {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				for file, content := range files {
					if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var golden []string
			for _, e := range entries {
				golden = append(golden, e.Name())
			}
			if diff := cmp.Diff(golden, slices.Sorted(maps.Keys(files))); diff != "" {
				t.Fatalf("other files than the golden ones (-golden +rendered); -update writes them anew:\n%s", diff)
			}
			for file, content := range files {
				want, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(content)); diff != "" {
					t.Errorf("%s (-golden +rendered):\n%s", file, diff)
				}
			}
		})
	}
}

// settings are the lines that Asterisk obeys: comments out as its own parser takes them out.
func settings(file []byte) []string {
	var lines []string
	for line := range strings.Lines(string(file)) {
		kept := ""
		for i := 0; i < len(line); i++ {
			if line[i] == ';' {
				if !strings.HasSuffix(kept, `\`) {
					break
				}
				kept = strings.TrimSuffix(kept, `\`)
			}
			kept += line[i : i+1]
		}
		if kept = strings.TrimSpace(kept); kept != "" {
			lines = append(lines, kept)
		}
	}
	return lines
}

// A value that fits must come out of Asterisk's parser as it went in, and change no other line.
func FuzzNoValueEscapesItsLine(f *testing.F) {
	for _, seed := range []string{
		"plain", "a;b", `a\;b`, `a\\;b`, ";-- comment", "--;", "> x", "=> y", "[section]", "${EVIL}", "a\nexten => 1,1,System(x)",
		"a\r[admin]", "a\u2028b", " lead", "trail ", "#include x", `"><"`, "\x00", "\xff", "%{x}", "käse", "",
	} {
		f.Add(seed)
	}
	plain, err := asteriskconf.Render(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, value string) {
		in := full()
		in.ARI.Password, in.Phones[1].Secret, in.Trunks[0].Secret, in.Phones[0].Name = value, value, value, value
		files, err := asteriskconf.Render(in)
		if err != nil {
			return
		}
		for name, file := range files {
			before, after := settings(plain[name]), settings(file)
			if len(before) != len(after) {
				t.Fatalf("%s has %d settings and not %d:\n%s", name, len(after), len(before), file)
			}
			for i := range after {
				if before[i] == after[i] {
					continue
				}
				secret := "password = " + value
				callerID := strings.HasPrefix(after[i], `callerid = "`) && strings.HasSuffix(after[i], `" <ann>`) && strings.Count(after[i], `"`) == 2
				if after[i] != secret && !callerID {
					t.Fatalf("%s: %q became %q", name, before[i], after[i])
				}
			}
		}
	})
}

func TestEveryProblemIsTold(t *testing.T) {
	in := asteriskconf.Input{
		Name:        "two words",
		Application: "contactd)\nexten",
		HTTP:        asteriskconf.HTTP{Address: "localhost", TLSAddress: "0.0.0.0:8089", Cert: "cert.pem", Key: "/k\ney"},
		ARI:         asteriskconf.ARI{Username: "general", Password: ""},
		SIP:         asteriskconf.SIP{Address: "a b:5060"},
		RTP:         asteriskconf.RTP{From: 20000, To: 10000},
		Qualify:     -1,
		Directories: &asteriskconf.Directories{Etc: "etc", Modules: "/m", Data: "/d", State: "/s"},
		Phones: []asteriskconf.Phone{
			{Endpoint: "ann", Name: "A\nB", Secret: " x"},
			{Endpoint: "ann", Secret: "x"},
		},
		Trunks: []asteriskconf.Trunk{
			{Name: "ann", Host: "h:0", Match: []string{"10.0.0.0/99"}, Register: true},
			{Name: "t", Host: "h:5060", Username: "u@evil", Secret: "x\x00"},
		},
		Queues: []asteriskconf.Queue{
			{ID: "sales", Numbers: []string{"8001", "_X."}, Music: "../etc", Ring: -1, Members: []string{"nobody"}},
			{ID: "sales", Numbers: []string{"8001"}},
		},
	}
	_, err := asteriskconf.Render(in)
	if err == nil {
		t.Fatal("all of it was accepted")
	}
	for _, want := range []string{
		`name: "two words" is no name`, `application: "contactd)\nexten" is no name`, `HTTP address: "localhost" is not host:port`,
		`HTTP certificate: "cert.pem" is not an absolute path`, `HTTP key: holds a control character`,
		`ARI username: "general" has a meaning of its own`, `ARI password: is empty`, `SIP address: "a b" is neither`,
		`RTP ports: 20000 to 10000`, `qualify: -1ns is negative`, `directory of the files: "etc"`,
		`phone "ann": name: holds a control character`, `phone "ann": secret: begins or ends with a blank`,
		`phone "ann": there are two`, `trunk "ann": host: "h:0" has no port`, `trunk "ann": match: "10.0.0.0/99"`,
		`trunk "ann": a phone or another trunk has that name`, `trunk "ann": cannot register without a username`,
		`trunk "t": username "u@evil"`, `trunk "t": secret: holds a control character`,
		`queue "sales": number "_X."`, `queue "sales": music: "../etc"`, `queue "sales": ring and wrap-up cannot be negative`,
		`queue "sales": member "nobody" is none`, `queue "sales": there are two`, `number 8001 leads to queue "sales" already`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing says %q in:\n%v", want, err)
		}
	}
}

// The traps that cost others days stay avoided.
func TestTraps(t *testing.T) {
	files, err := asteriskconf.Render(full())
	if err != nil {
		t.Fatal(err)
	}
	for _, trap := range []struct{ file, line string }{
		{"ari.conf", "websocket_write_timeout = 5000"},
		{"http.conf", "session_keep_alive = 120000"},
		{"pjsip.conf", "endpoint_identifier_order = auth_username,username,ip"},
		{"pjsip.conf", "rtp_timeout = 60"},
		{"pjsip.conf", `password = two;\;three`},
		{"extensions.conf", `same => n,GotoIf($["${STASISSTATUS}" != "FAILED"]?end)`},
		{"extensions.conf", "same => n,Answer(0,i)"},
		{"queues.conf", "ringinuse = no"},
		{"sorcery.conf", "endpoint = memory"},
		{"indications.conf", "country = de"},
	} {
		if !slices.Contains(settings(files[trap.file]), trap.line) {
			t.Errorf("%s has no line %q", trap.file, trap.line)
		}
	}
}
