package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"contactd/internal/auth"
)

const least = `
region: DE
pbxs: {main: {ari_url: "http://127.0.0.1:8088/ari", password: secret-word}}
`

// loaded reads a configuration that must be right.
func loaded(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExampleIsValidAndItsDefaultsAreTheDefaults(t *testing.T) {
	raw, err := os.ReadFile("../../contactd.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := loaded(t, string(raw))
	if good, err := auth.CheckPassword(c.Agents["ann"].PasswordHash.Reveal(), "change-me"); err != nil || !good {
		t.Errorf("the example's password is not the one that it says: %v", err)
	}
	if got := c.Queues["sales"].Title["de"]; got != "Verkauf" {
		t.Errorf("title = %q", got)
	}
	// What the example marks as a default must be the value that contactd uses when the line is left out.
	var kept []string
	marked := 0
	for line := range strings.SplitSeq(string(raw), "\n") {
		if strings.Contains(line, "# default") && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			marked++
			continue
		}
		kept = append(kept, line)
	}
	if marked < 25 {
		t.Fatalf("only %d lines of the example are marked as defaults", marked)
	}
	if diff := cmp.Diff(c, loaded(t, strings.Join(kept, "\n"))); diff != "" {
		t.Errorf("the example's defaults are not the defaults (-example +default):\n%s", diff)
	}
}

func TestEveryProblemIsToldAtOnceWithItsKey(t *testing.T) {
	_, err := Parse([]byte(`
pbxs:
  main: {ari_url: "ftp://x", rtp: {from: 9, to: 3}}
trunks:
  t: {dial: "PJSIP/x&y/{e164}"}
routes: [{prefix: "49", trunks: [gone]}]
skills: [german]
queues:
  sales: {number: "80 01", needs: {sales: 30}, ring: 1ms, call_back: {attempts: 0}}
agents:
  ann: {role: boss, password_hash: plain, phone: {endpoint: "a b"}, queues: [sales, sales, other]}
sites:
  shop: {origins: ["http://shop.example.com", "https://shop.example.com/path"], excluded_paths: [admin]}
listen:
  customer: {address: "0.0.0.0:8081"}
  agent: {address: "nowhere"}
  metrics: {address: ":8083"}
numbers: {countries: [XX], calls_per_minute: 0}
`))
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error = %v, want Problems", err)
	}
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	want := []string{
		"agents.ann.password_hash", "agents.ann.phone.endpoint", "agents.ann.queues[1]", "agents.ann.queues[2]", "agents.ann.role",
		"listen.agent.address", "listen.agent.address", "listen.agent.public_url", "listen.customer.address", "listen.customer.public_url",
		"listen.metrics.address",
		"numbers.calls_per_minute", "numbers.countries[0]",
		"pbxs.main.ari_url", "pbxs.main.password", "pbxs.main.rtp",
		"queues.sales.call_back.attempts", "queues.sales.needs.sales", "queues.sales.needs.sales", "queues.sales.number", "queues.sales.ring",
		"region", "routes[0].prefix", "routes[0].trunks[0]",
		"sites.shop.excluded_paths[0]", "sites.shop.origins[0]", "sites.shop.origins[1]", "trunks.t.dial",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, err)
	}
}

func TestWhatTheFileSaysIsNotBent(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unknown key":           {least + "regoin: DE\n", "regoin: unknown key (line 4)"},
		"unknown key below":     {least + "queues: {sales: {rng: 20s}}\n", "queues.sales.rng: unknown key (line 4)"},
		"unknown empty key":     {least + "regoin:\n", "regoin: unknown key (line 4)"},
		"same key twice":        {least + "region: FR\n", "region: given twice (lines 2 and 4)"},
		"capitals":              {least + "queues: {Sales: {}}\n", "queues.Sales: names are made of a-z"},
		"dots":                  {least + "queues: {a.b: {}}\n", "queues.a.b: names are made of a-z"},
		"number for a time":     {least + "queues: {sales: {ring: 20}}\n", "queues.sales.ring: 20 has no unit"},
		"word for a time":       {least + "queues: {sales: {ring: soon}}\n", `queues.sales.ring: "soon" is no duration`},
		"word for a number":     {least + "queues: {sales: {priority: high}}\n", "queues.sales.priority: "},
		"list for a word":       {least + "log: {level: [info]}\n", "log.level: must be a single value"},
		"word for a list":       {least + "skills: german\n", "skills: must be a list"},
		"word for keys":         {least + "log: info\n", "log: must have keys below it"},
		"alias":                 {least + "skills: &a [x]\nreasons: *a\n", "reasons: YAML aliases are not supported"},
		"two documents":         {least + "---\nregion: FR\n", "more than one YAML document"},
		"not YAML":              {"region: [", "not readable as YAML"},
		"list of keys":          {"- region\n", "must have keys below it"},
		"password in the URL":   {"region: DE\npbxs: {main: {ari_url: 'http://a:b@127.0.0.1/ari', password: x}}", "without user and password"},
		"password in the clear": {"region: DE\npbxs: {main: {ari_url: 'http://203.0.113.9/ari', password: x}}", "use https"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
		})
	}
	c := loaded(t, least+`
queues: {sales: {number: 0301}, support: }
trunks: {t: {dial: "PJSIP/{e164}@t"}}
routes: [{prefix: +49, trunks: [t]}]
numbers: {countries: [NO]}
`)
	if got := c.Queues["sales"].Number; got != "0301" {
		t.Errorf("number = %q: read as octal", got)
	}
	if got := c.Routes[0].Prefix; got != "+49" {
		t.Errorf("prefix = %q: the + was lost", got)
	}
	if got := c.Numbers.Countries[0]; got != "NO" {
		t.Errorf("country = %q", got)
	}
	if got := c.Queues["support"].Ring; got != DefaultRing {
		t.Errorf("an entry with nothing below it has ring %s, want the default", got)
	}
	if got := c.Queues["support"].PBX; got != "main" {
		t.Errorf("pbx = %q, want the only one", got)
	}
}

// An origin is compared with what browsers send: one that they never send would refuse a site's pages without a word.
func TestOriginsAreWrittenAsBrowsersWriteThem(t *testing.T) {
	for origin, good := range map[string]bool{
		"https://shop.example.com": true, "https://shop.example.com:8443": true, "http://localhost:8090": true, "http://[::1]:8090": true,
		"https://Shop.example.com": false, "HTTPS://shop.example.com": false, "https://shop.example.com:443": false,
		"http://localhost:80": false, "https://shop.example.com:": false, "https://shop.example.com/": false,
	} {
		if why := originFault(origin); (why == "") != good {
			t.Errorf("%s: %q", origin, why)
		}
	}
}

func TestFlagGoesBeforeEnvironmentBeforeFile(t *testing.T) {
	text := least + "data_dir: /file\nlog: {level: debug}\nqueues: {sales-de: {ring: 10s}}\nreasons: [a]\n"
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	Flags(flags)
	if err := flags.Parse([]string{"--data-dir", "/flag"}); err != nil {
		t.Fatal(err)
	}
	c, err := read([]byte(text), flags, []string{
		"CONTACTD_DATA_DIR=/environment", "CONTACTD_LOG_LEVEL=warn", "CONTACTD_QUEUES_SALES_DE_RING=11s",
		"CONTACTD_QUEUES_SALES_DE_CALL_BACK_ATTEMPTS=7", "CONTACTD_PBXS_MAIN_PASSWORD=other-word", "CONTACTD_REASONS=break, lunch",
		"CONTACTD_LISTEN_METRICS_ADDRESS=", "CONTACTD_LOG_FROMAT=json", "CONTACTD_CONFIG=x",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.DataDir, c.Log.Level, c.Queues["sales-de"].Ring, c.Queues["sales-de"].CallBack.Attempts, c.PBXs["main"].Password.Reveal(),
		c.Reasons, c.Listen.Metrics.Address, c.Warnings}
	want := []any{"/flag", "warn", 11 * time.Second, 7, "other-word", []string{"break", "lunch"}, "",
		[]string{"$CONTACTD_LOG_FROMAT sets nothing: no key of the configuration has this name"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = read([]byte(text), nil, []string{"CONTACTD_ROUTES=+49", "CONTACTD_QUEUES_SALES_DE_NEEDS=x"})
	if err == nil || !strings.Contains(err.Error(), "routes: cannot be set by $CONTACTD_ROUTES") || !strings.Contains(err.Error(), "queues.sales-de.needs") {
		t.Errorf("error = %v", err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c := loaded(t, least)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "config", c, "password", c.PBXs["main"].Password)
	slog.New(slog.NewTextHandler(&log, nil)).Info("configuration", "config", c, "password", c.PBXs["main"].Password)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.PBXs["main"].Password), log.String()} {
		if strings.Contains(text, "secret-word") {
			t.Errorf("the password is printed: %s", text)
		}
	}
	if c.PBXs["main"].Password.Reveal() != "secret-word" {
		t.Error("the password is lost")
	}
}

func TestDigestChangesWithWhatTheDirectorIsTold(t *testing.T) {
	a := loaded(t, least+"skills: [x]\nqueues: {one: {needs: {x: 1}}, two: {}}\n").Core()
	b := loaded(t, least+"queues: {two: {}, one: {needs: {x: 1}}}\nskills: [x]\nlog: {level: debug}\n").Core()
	c := loaded(t, least+"skills: [x]\nqueues: {one: {needs: {x: 2}}, two: {}}\n").Core()
	if a.Digest != b.Digest || a.Digest == "" {
		t.Errorf("digests of equal configurations differ: %s and %s", a.Digest, b.Digest)
	}
	if a.Digest == c.Digest {
		t.Error("a changed need does not change the digest")
	}
}

// What a fuzzed file gives is a valid configuration or problems with keys, and never a panic; a valid one is valid when
// it is validated again.
func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("../../contactd.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(least))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("queues: {? [a] : b}\npbxs: !!binary x\nskills: !foo [~]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Parse(raw)
		var problems Problems
		switch {
		case err == nil:
			if err := c.Validate(); err != nil {
				t.Errorf("a configuration that was accepted is not valid: %v", err)
			}
			c.Core()
		case !errors.As(err, &problems) || len(problems) == 0:
			t.Errorf("error %v (%T), want Problems", err, err)
		}
	})
}
