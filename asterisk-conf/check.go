package asteriskconf

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// word is what may name a section, an endpoint or a queue: nothing that any of the files gives a meaning.
	word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	// user is what may name a SIP account.
	user = regexp.MustCompile(`^[A-Za-z0-9+][A-Za-z0-9+._-]{0,63}$`)
	// number is what can be dialled. No letters: a leading underscore would make a pattern of it.
	number = regexp.MustCompile(`^(\+[0-9]{1,31}|[0-9*#]{1,32})$`)
	domain = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
)

// reserved are the names of sections that the files use themselves.
var reserved = map[string]bool{
	"general": true, "global": true, "globals": true, "system": true, "acl": true,
	"phone": true, "phone-aor": true, "browser": true, "trunk": true,
	"transport-udp": true, "transport-tcp": true, "transport-ws": true, "transport-wss": true,
}

// problems collects what is wrong.
type problems []error

func (p *problems) add(format string, args ...any) {
	*p = append(*p, fmt.Errorf("asteriskconf: "+format, args...))
}

func (p *problems) word(place, value string) {
	if !word.MatchString(value) {
		p.add("%s: %q is no name: use letters, digits, - . and _, at most 64, a letter or digit first", place, value)
	} else if reserved[value] {
		p.add("%s: %q has a meaning of its own in Asterisk's files: choose another name", place, value)
	}
}

// text refuses what no escaping can keep on one line.
func (p *problems) text(place, value string) {
	switch {
	case !utf8.ValidString(value):
		p.add("%s: is not UTF-8", place)
	case strings.ContainsFunc(value, unicode.IsControl):
		p.add("%s: holds a control character: take it out", place)
	case len(value) > 128:
		p.add("%s: is longer than 128 bytes", place)
	}
}

func (p *problems) secret(place, value string) {
	if value == "" {
		p.add("%s: is empty: give a secret", place)
		return
	}
	p.text(place, value)
	// Asterisk trims what it reads, so that the secret that it knows would be another one.
	if strings.TrimFunc(value, unicode.IsSpace) != value {
		p.add("%s: begins or ends with a blank: take it out", place)
	}
}

func (p *problems) address(place, value string) {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		p.add("%s: %q is not host:port", place, value)
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		p.add("%s: %q has no port between 1 and 65535", place, value)
	}
	p.host(place, host)
}

func (p *problems) host(place, host string) {
	if address, err := netip.ParseAddr(host); err == nil && address.Zone() == "" {
		return
	}
	if !domain.MatchString(host) {
		p.add("%s: %q is neither an address nor a host's name", place, host)
	}
}

func (p *problems) path(place, value string) {
	p.text(place, value)
	if !filepath.IsAbs(value) {
		p.add("%s: %q is not an absolute path", place, value)
	}
}

// check tells everything that is wrong at once.
func (in Input) check() error {
	var p problems
	p.word("name", in.Name)
	p.word("application", in.Application)
	p.address("HTTP address", in.HTTP.Address)
	if in.HTTP.TLSAddress != "" {
		p.address("HTTP TLS address", in.HTTP.TLSAddress)
		p.path("HTTP certificate", in.HTTP.Cert)
		p.path("HTTP key", in.HTTP.Key)
	}
	p.word("ARI username", in.ARI.Username)
	p.secret("ARI password", in.ARI.Password)
	p.address("SIP address", in.SIP.Address)
	if in.RTP.From < 1024 || in.RTP.To > 65535 || in.RTP.To-in.RTP.From < 3 {
		p.add("RTP ports: %d to %d is no range of four or more ports between 1024 and 65535", in.RTP.From, in.RTP.To)
	}
	if in.Qualify < 0 {
		p.add("qualify: %v is negative", in.Qualify)
	}
	if d := in.Directories; d != nil {
		p.path("directory of the files", d.Etc)
		p.path("directory of the modules", d.Modules)
		p.path("directory of the data", d.Data)
		p.path("directory of the state", d.State)
	}
	endpoints := in.checkEndpoints(&p)
	in.checkQueues(&p, endpoints)
	return errors.Join(p...)
}

// checkEndpoints returns the phones' names. Phones and trunks share the names of pjsip.conf.
func (in Input) checkEndpoints(p *problems) map[string]bool {
	phones, taken := map[string]bool{}, map[string]bool{}
	for _, phone := range in.Phones {
		place := "phone " + strconv.Quote(phone.Endpoint)
		p.word(place, phone.Endpoint)
		p.secret(place+": secret", phone.Secret)
		p.text(place+": name", phone.Name)
		if taken[phone.Endpoint] {
			p.add("%s: there are two of that name", place)
		}
		phones[phone.Endpoint], taken[phone.Endpoint] = true, true
	}
	for _, trunk := range in.Trunks {
		place := "trunk " + strconv.Quote(trunk.Name)
		p.word(place, trunk.Name)
		p.address(place+": host", trunk.Host)
		for _, match := range trunk.Match {
			if _, err := netip.ParsePrefix(match); err != nil {
				p.host(place+": match", match)
			}
		}
		if taken[trunk.Name] {
			p.add("%s: a phone or another trunk has that name", place)
		}
		taken[trunk.Name] = true
		switch {
		case trunk.Username != "":
			if !user.MatchString(trunk.Username) {
				p.add("%s: username %q: use letters, digits, + . - and _, at most 64", place, trunk.Username)
			}
			p.secret(place+": secret", trunk.Secret)
		case trunk.Register:
			p.add("%s: cannot register without a username", place)
		}
	}
	return phones
}

func (in Input) checkQueues(p *problems, phones map[string]bool) {
	numbers, queues := map[string]string{}, map[string]bool{}
	for _, q := range in.Queues {
		place := "queue " + strconv.Quote(q.ID)
		p.word(place, q.ID)
		if queues[q.ID] {
			p.add("%s: there are two of that name", place)
		}
		queues[q.ID] = true
		if q.Music != DefaultMusic {
			p.word(place+": music", q.Music)
		}
		if q.Ring < 0 || q.WrapUp < 0 {
			p.add("%s: ring and wrap-up cannot be negative", place)
		}
		for _, n := range q.Numbers {
			if !number.MatchString(n) {
				p.add("%s: number %q: only digits, * and #, or + and digits can be dialled", place, n)
			}
			if other, taken := numbers[n]; taken {
				p.add("%s: number %s leads to queue %q already", place, n, other)
			}
			numbers[n] = q.ID
		}
		for _, member := range q.Members {
			if !phones[member] {
				p.add("%s: member %q is none of the phones", place, member)
			}
		}
	}
}

// escape keeps a semicolon from beginning a comment. Everything else that could end a value is refused by check.
func escape(value string) string { return strings.ReplaceAll(value, ";", `\;`) }

// display is a name as it may stand between quotation marks in a caller id: what has a meaning there is replaced.
func display(name string) string {
	return escape(strings.NewReplacer(`"`, "'", `\`, "/", "<", "(", ">", ")").Replace(name))
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
