package flows

import (
	"bytes"
	"os"
	"text/template"
	"time"

	"contactd/testbed/asterisk"
)

// password is every agent's, on the desk and at the telephone.
const password = "correct horse"

// world is a configuration of contactd. The zero values of the times are replaced.
type world struct {
	*exchange
	settings asterisk.Settings
	Data     string
	// The ports of the two listeners; 0 where nothing listens.
	CustomerPort, AgentPort int

	Ring, WrapUp, Pause, CustomerRing time.Duration
	Attempts                          int
	MaxMisses                         int
}

func (w world) withDefaults() world {
	for _, v := range []struct {
		value *time.Duration
		with  time.Duration
	}{{&w.Ring, 20 * time.Second}, {&w.WrapUp, 30 * time.Second}, {&w.Pause, time.Second}, {&w.CustomerRing, 20 * time.Second}} {
		if *v.value == 0 {
			*v.value = v.with
		}
	}
	if w.Attempts == 0 {
		w.Attempts = 2
	}
	if w.MaxMisses == 0 {
		w.MaxMisses = 1
	}
	if w.CustomerPort == 0 {
		w.CustomerPort, w.AgentPort = 8081, 8082 // for what only reads the file
	}
	return w
}

var configuration = template.Must(template.New("").Parse(`
data_dir: {{.Data}}
region: DE
log: {level: debug}
listen:
  customer: {address: "127.0.0.1:{{.CustomerPort}}", public_url: "http://127.0.0.1:{{.CustomerPort}}"}
  agent: {address: "127.0.0.1:{{.AgentPort}}", public_url: "http://127.0.0.1:{{.AgentPort}}"}
  metrics: {address: ""}
pbxs:
  main:
    ari_url: "http://127.0.0.1:{{.Settings.HTTP}}/ari"
    username: {{.Settings.Username}}
    password: "{{.Settings.Password}}"
    sip: {address: "127.0.0.1:{{.Settings.SIP}}"}
    rtp: {from: {{.Settings.RTPFirst}}, to: {{.Settings.RTPLast}}}
trunks:
  outside: {dial: "PJSIP/{e164}@outside", host: "{{.Trunk}}"}
  full: {dial: "PJSIP/{e164}@full", host: "{{.FullTrunk}}"}
routes:
  - {prefix: "+4940", trunks: [full, outside], caller_id: "+4940111111"}
  - {prefix: "+49", trunks: [outside], caller_id: "+4930111111"}
numbers: {countries: [DE], per_number_per_hour: 100, per_address_per_hour: 1000, per_network_per_hour: 1000, calls_per_minute: 1000}
skills: [sales]
queues:
  sales:
    title: {en: Sales}
    number: "8001"
    needs: {sales: 1}
    ring: {{.Ring}}
    wrap_up: {{.WrapUp}}
    phone: "+4930111111"
    call_back: {attempts: {{.Attempts}}, pause: {{.Pause}}, ring: {{.CustomerRing}}}
agents:
{{- range .Agents}}
  {{.}}:
    name: {{.}}
    password_hash: "{{$.Hash}}"
    phone: {endpoint: {{.}}, secret: "{{$.Password}}", auto_answer: true}
    queues: [sales]
    skills: {sales: 5}
    max_misses: {{$.MaxMisses}}
{{- end}}
reasons: [break]
sites:
  shop: {origins: ["` + origin + `"], queues: [sales], hotline: "+49 30 111111"}
`))

// origin is where the customer's page comes from.
const origin = "http://localhost:8090"

// What the template asks for.
func (w world) Settings() asterisk.Settings { return w.settings }
func (w world) Trunk() string               { return w.customer.Address() }
func (w world) FullTrunk() string           { return w.full.Address() }
func (w world) Hash() string                { return w.hash }
func (w world) Password() string            { return password }
func (w world) Agents() []string            { return []string{"ann", "bob"} }

func (w world) write(file string) error {
	var text bytes.Buffer
	if err := configuration.Execute(&text, w); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o600)
}
