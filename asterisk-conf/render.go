package asteriskconf

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"
	"time"
)

//go:embed templates/*.conf
var templates embed.FS

// The defaults of [Input].
const (
	DefaultApplication = "contactd"
	DefaultHTTP        = "127.0.0.1:8088"
	DefaultSIP         = "0.0.0.0:5060"
	DefaultMusic       = "default"
	DefaultRing        = 20 * time.Second
	DefaultRTPFrom     = 10000
	DefaultRTPTo       = 20000
)

var parsed = template.Must(template.New("").Option("missingkey=error").Funcs(template.FuncMap{
	"escape":  escape,
	"display": display,
	"host":    hostOf,
	"port":    portOf,
	"seconds": func(d time.Duration) int { return int((d + time.Second - 1) / time.Second) },
	"yesno": func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	},
}).ParseFS(templates, "templates/*.conf"))

// Render returns the files by name. The error names everything in the input that cannot be written.
func Render(in Input) (map[string][]byte, error) {
	in = in.withDefaults()
	if err := in.check(); err != nil {
		return nil, err
	}
	names, err := fs.Glob(templates, "templates/*.conf")
	if err != nil {
		return nil, fmt.Errorf("asteriskconf: %w", err)
	}
	files := make(map[string][]byte, len(names))
	for _, name := range names {
		name = path.Base(name)
		var file bytes.Buffer
		if err := parsed.ExecuteTemplate(&file, name, in); err != nil {
			return nil, fmt.Errorf("asteriskconf: %s: %w", name, err)
		}
		files[name] = file.Bytes()
	}
	return files, nil
}

func (in Input) withDefaults() Input {
	fill(&in.Application, DefaultApplication)
	fill(&in.HTTP.Address, DefaultHTTP)
	fill(&in.SIP.Address, DefaultSIP)
	if in.RTP == (RTP{}) {
		in.RTP = RTP{DefaultRTPFrom, DefaultRTPTo}
	}
	in.Region = strings.ToLower(in.Region)
	if in.Region == "gb" {
		in.Region = "uk" // Asterisk's word for it
	}
	if !hasTones(in.Region) {
		in.Region = "us"
	}
	in.Trunks = append([]Trunk(nil), in.Trunks...)
	for i := range in.Trunks {
		if t := &in.Trunks[i]; len(t.Match) == 0 {
			t.Match = []string{hostOf(t.Host)}
		}
	}
	in.Queues = append([]Queue(nil), in.Queues...)
	for i := range in.Queues {
		q := &in.Queues[i]
		fill(&q.Music, DefaultMusic)
		if q.Ring == 0 {
			q.Ring = DefaultRing
		}
	}
	return in
}

func fill(value *string, with string) {
	if *value == "" {
		*value = with
	}
}

// hasTones tells whether indications.conf has a section for the country.
func hasTones(country string) bool {
	tones, err := templates.ReadFile("templates/indications.conf")
	return err == nil && country != "" && bytes.Contains(tones, []byte("\n["+country+"]\n"))
}

// MusicClasses are the classes that the queues use besides the default one, each once and in order of the queues.
func (in Input) MusicClasses() []string {
	var classes []string
	seen := map[string]bool{DefaultMusic: true}
	for _, q := range in.Queues {
		if !seen[q.Music] {
			seen[q.Music] = true
			classes = append(classes, q.Music)
		}
	}
	return classes
}

// HasBrowsers tells whether any phone is in a browser.
func (in Input) HasBrowsers() bool {
	for _, p := range in.Phones {
		if p.Browser {
			return true
		}
	}
	return false
}
