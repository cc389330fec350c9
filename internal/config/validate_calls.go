package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"contactd/internal/auth"
)

var (
	endpointForm  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,80}$`)
	extensionForm = regexp.MustCompile(`^[0-9*#]{1,20}$`)
	musicForm     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	prefixForm    = regexp.MustCompile(`^\+[0-9]{1,15}$`)
	callerIDForm  = regexp.MustCompile(`^\+?[0-9]{2,15}$`)
	// dialForm is a dial string with the number in it once. Characters that would end it or begin a second
	// destination (& , ; ( ) quotes, spaces) are not in it.
	dialForm = regexp.MustCompile(`^[A-Za-z0-9]+/[A-Za-z0-9@._:/+-]*\{e164\}[A-Za-z0-9@._:/+-]*$`)
)

const (
	leastLevel, mostLevel = 1, 10
	mostAttempts          = 10
	mostMisses            = 100
	mostPriority          = 1000
)

func (c *Config) validatePBXs(p *Problems) {
	if len(c.PBXs) == 0 {
		p.add("pbxs", "must have at least one PBX, as main: {ari_url: http://127.0.0.1:8088/ari, password: …}")
	}
	for _, id := range sorted(c.PBXs) {
		pbx, key := c.PBXs[id], "pbxs."+id
		u, err := url.Parse(pbx.ARIURL)
		switch {
		case pbx.ARIURL == "":
			p.add(key+".ari_url", "must be given, as http://127.0.0.1:8088/ari")
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https":
			p.add(key+".ari_url", "%q is no URL of ARI; write it as http://127.0.0.1:8088/ari, without user and password", pbx.ARIURL)
		case u.Scheme == "http" && u.Hostname() != "localhost" && !isLoopback(net.JoinHostPort(u.Hostname(), "0")) && !isPrivate(u.Hostname()):
			p.add(key+".ari_url", "would send the password in the clear over a public network; use https")
		}
		if pbx.Username == "" {
			p.add(key+".username", "must be the user of ari.conf")
		}
		if pbx.Password == "" {
			p.add(key+".password", "must be given, best as $%sPBXS_%s_PASSWORD", EnvPrefix, strings.ToUpper(strings.ReplaceAll(id, "-", "_")))
		}
		if !musicForm.MatchString(pbx.App) {
			p.add(key+".app", "%q is no name of an ARI application; use letters, digits, _ and -", pbx.App)
		}
		if _, port, err := net.SplitHostPort(pbx.SIP.Address); err != nil || !isPort(port, 1) {
			p.add(key+".sip.address", "%q is no address; write host:port", pbx.SIP.Address)
		}
		if pbx.RTP.From < 1024 || pbx.RTP.To > 65535 || pbx.RTP.From >= pbx.RTP.To {
			p.add(key+".rtp", "from %d to %d is no range of ports; use 10000 to 20000", pbx.RTP.From, pbx.RTP.To)
		}
	}
}

func (c *Config) validateTrunks(p *Problems) {
	for _, id := range sorted(c.Trunks) {
		trunk, key := c.Trunks[id], "trunks."+id
		c.knownPBX(p, key+".pbx", trunk.PBX)
		if !dialForm.MatchString(trunk.Dial) || strings.Count(trunk.Dial, "{") != 1 {
			p.add(key+".dial", "%q is no dial template; write it as PJSIP/{e164}@%s, with {e164} once", trunk.Dial, id)
		}
		if trunk.Host != "" {
			if _, port, err := net.SplitHostPort(trunk.Host); err != nil || !isPort(port, 1) {
				p.add(key+".host", "%q is no address; write host:port", trunk.Host)
			}
		}
	}
}

func (c *Config) validateRoutes(p *Problems) {
	for i, route := range c.Routes {
		key := "routes[" + strconv.Itoa(i) + "]"
		if !prefixForm.MatchString(route.Prefix) {
			p.add(key+".prefix", "%q is no prefix; write + and digits, as +49", route.Prefix)
		}
		if len(route.Trunks) == 0 {
			p.add(key+".trunks", "must list the trunks to try, in order")
		}
		known(p, key+".trunks", route.Trunks, c.Trunks, "trunk")
		known(p, key+".queues", route.Queues, c.Queues, "queue")
		if route.CallerID != "" && !callerIDForm.MatchString(route.CallerID) {
			p.add(key+".caller_id", "%q is no caller id; write digits, with or without +", route.CallerID)
		}
		for j, other := range c.Routes[:i] {
			if other.Prefix == route.Prefix && overlap(other.Queues, route.Queues) {
				p.add(key+".prefix", "routes[%d] has the prefix %s for the same queues already", j, route.Prefix)
			}
		}
	}
}

// overlap says that a queue may be meant by both lists and neither is the more special one.
func overlap(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return slices.ContainsFunc(a, func(q string) bool { return slices.Contains(b, q) })
}

func (c *Config) validateQueues(p *Problems) {
	extension := map[string]string{}
	for _, id := range sorted(c.Queues) {
		q, key := c.Queues[id], "queues."+id
		c.knownPBX(p, key+".pbx", q.PBX)
		c.knownSkills(p, key+".needs", q.Needs)
		if q.Number != "" {
			switch other, taken := extension[q.Number]; {
			case !extensionForm.MatchString(q.Number):
				p.add(key+".number", "%q is no extension; write digits, as 8001", q.Number)
			case taken:
				p.add(key+".number", "%s is the number of queue %s already", q.Number, other)
			}
			extension[q.Number] = id
		}
		if q.Priority < 0 || q.Priority > mostPriority {
			p.add(key+".priority", "%d is not possible; use 0 to %d", q.Priority, mostPriority)
		}
		if q.MaxWaiting < 0 {
			p.add(key+".max_waiting", "must be 0 (no limit) or more")
		}
		if !musicForm.MatchString(q.Music) {
			p.add(key+".music", "%q is no name of a music-on-hold class", q.Music)
		}
		between(p, key+".ring", q.Ring, time.Second, 5*time.Minute)
		between(p, key+".wrap_up", q.WrapUp, 0, time.Hour)
		between(p, key+".wrap_up_extension", q.WrapUpExtension, 0, time.Hour)
		if q.CallBack.Attempts < 1 || q.CallBack.Attempts > mostAttempts {
			p.add(key+".call_back.attempts", "%d is not possible; use 1 to %d", q.CallBack.Attempts, mostAttempts)
		}
		between(p, key+".call_back.pause", q.CallBack.Pause, 0, 24*time.Hour)
		between(p, key+".call_back.ring", q.CallBack.Ring, time.Second, 5*time.Minute)
	}
}

func (c *Config) validateAgents(p *Problems) {
	endpoint := map[string]string{}
	for _, id := range sorted(c.Agents) {
		a, key := c.Agents[id], "agents."+id
		c.knownPBX(p, key+".pbx", a.PBX)
		oneOf(p, key+".role", a.Role, RoleAgent, RoleSupervisor)
		if hash := a.PasswordHash.Reveal(); hash != "" {
			if err := auth.ValidHash(hash); err != nil {
				p.add(key+".password_hash", "%s", err)
			}
		}
		on := a.PBX + "/" + a.Phone.Endpoint
		switch other, taken := endpoint[on]; {
		case !endpointForm.MatchString(a.Phone.Endpoint):
			p.add(key+".phone.endpoint", "%q is no PJSIP endpoint; use its name in pjsip.conf, as %s", a.Phone.Endpoint, id)
		case taken:
			p.add(key+".phone.endpoint", "%s is the phone of agent %s already", a.Phone.Endpoint, other)
		}
		endpoint[on] = id
		known(p, key+".queues", a.Queues, c.Queues, "queue")
		for i, q := range a.Queues {
			if queue, ok := c.Queues[q]; ok && queue.PBX != a.PBX {
				p.add(key+".queues["+strconv.Itoa(i)+"]", "queue %s is on PBX %q and the agent's phone on %q; they must be on one", q, queue.PBX, a.PBX)
			}
		}
		c.knownSkills(p, key+".skills", a.Skills)
		if a.MaxMisses < 1 || a.MaxMisses > mostMisses {
			p.add(key+".max_misses", "%d is not possible; use 1 to %d", a.MaxMisses, mostMisses)
		}
	}
}

func (c *Config) knownPBX(p *Problems, key, name string) {
	if len(c.PBXs) == 0 {
		return // told once
	}
	if _, ok := c.PBXs[name]; !ok {
		if name == "" {
			p.add(key, "must be given, since there is more than one PBX; %s", choose(sorted(c.PBXs)))
			return
		}
		p.add(key, "there is no PBX %q; %s", name, choose(sorted(c.PBXs)))
	}
}

func (c *Config) knownSkills(p *Problems, key string, levels map[string]int) {
	for _, skill := range sorted(levels) {
		if !slices.Contains(c.Skills, skill) {
			p.add(key+"."+skill, "is no skill; add it to the list skills, or use one of it: %s", strings.Join(c.Skills, ", "))
		}
		if levels[skill] < leastLevel || levels[skill] > mostLevel {
			p.add(key+"."+skill, "level %d is not possible; use %d to %d", levels[skill], leastLevel, mostLevel)
		}
	}
}

// isPrivate says that a host's literal address is in a private network.
func isPrivate(host string) bool {
	ip := net.ParseIP(host)
	return ip == nil || ip.IsPrivate() // A name may be an internal one: that is the admin's to know.
}
