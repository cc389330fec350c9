package config

import (
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Validate reports all that is wrong at once; the error is a [Problems].
func (c *Config) Validate() error {
	var p Problems
	if c.DataDir == "" {
		p.add("data_dir", "must name a folder that contactd may write to")
	}
	switch {
	case c.Region == "":
		p.add("region", "must be given: the country of numbers without +, as DE")
	case !isRegion(c.Region):
		p.add("region", "%q is no country; use two capital letters as DE", c.Region)
	}
	oneOf(&p, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(&p, "log.format", c.Log.Format, "text", "json")
	c.validateListeners(&p)
	between(&p, "tokens.contact", c.Tokens.Contact, time.Minute, 30*24*time.Hour)
	between(&p, "tokens.room", c.Tokens.Room, 10*time.Second, time.Hour)
	between(&p, "tokens.session", c.Tokens.Session, time.Minute, 7*24*time.Hour)
	between(&p, "retention.personal", c.Retention.Personal, time.Hour, 10*365*24*time.Hour)
	c.validateNumbers(&p)
	c.validatePBXs(&p)
	c.validateTrunks(&p)
	c.validateRoutes(&p)
	c.validateQueues(&p)
	c.validateAgents(&p)
	c.validateSites(&p)
	return p.err()
}

func (c *Config) validateListeners(p *Problems) {
	seen := map[string]string{}
	address := func(key, value string) {
		if _, port, err := net.SplitHostPort(value); err != nil || !isPort(port, 0) {
			p.add(key, "%q is no address; write host:port as 127.0.0.1:8081, or :8081 for all interfaces", value)
			return
		}
		if first, twice := seen[value]; twice && !strings.HasSuffix(value, ":0") {
			p.add(key, "%s is used by %s already; each listener needs its own", value, first)
		}
		seen[value] = key
	}
	for _, l := range []struct {
		key string
		of  Listener
	}{{"listen.agent", c.Listen.Agent}, {"listen.customer", c.Listen.Customer}} {
		address(l.key+".address", l.of.Address)
		if (l.of.TLS.Cert == "") != (l.of.TLS.Key == "") {
			p.add(l.key+".tls", "needs both cert and key, or neither")
		}
		for i, proxy := range l.of.TrustedProxies {
			if _, err := parseNetwork(proxy); err != nil {
				p.add(l.key+".trusted_proxies["+strconv.Itoa(i)+"]", "%q is no address or network; write it as 10.0.0.0/8", proxy)
			}
		}
		if !isLoopback(l.of.Address) && l.of.TLS.Cert == "" && len(l.of.TrustedProxies) == 0 {
			p.add(l.key+".address", "%s is reachable from outside without TLS; give tls.cert and tls.key, or trusted_proxies that end TLS, or listen on 127.0.0.1", l.of.Address)
		}
		switch {
		case l.of.PublicURL != "":
			if why := originFault(l.of.PublicURL); why != "" {
				p.add(l.key+".public_url", "%q %s", l.of.PublicURL, why)
			}
		case !isLoopback(l.of.Address):
			p.add(l.key+".public_url", "must be given: the origin that browsers see, as https://contact.example.com")
		}
	}
	if a := c.Listen.Metrics.Address; a != "" {
		address("listen.metrics.address", a)
		if !isLoopback(a) {
			p.add("listen.metrics.address", "%s is reachable from outside without TLS; listen on 127.0.0.1, and let a proxy end TLS where the metrics are read from elsewhere", a)
		}
	}
}

func (c *Config) validateNumbers(p *Problems) {
	for i, country := range c.Numbers.Countries {
		if !isRegion(country) {
			p.add("numbers.countries["+strconv.Itoa(i)+"]", "%q is no country; use two capital letters as DE", country)
		}
	}
	for _, limit := range []struct {
		key   string
		value int
	}{
		{"per_number_per_hour", c.Numbers.PerNumberPerHour}, {"per_address_per_hour", c.Numbers.PerAddressPerHour},
		{"per_network_per_hour", c.Numbers.PerNetworkPerHour}, {"calls_per_minute", c.Numbers.CallsPerMinute},
		{"calls_concurrent", c.Numbers.CallsConcurrent},
	} {
		if limit.value < 1 {
			p.add("numbers."+limit.key, "must be at least 1")
		}
	}
}

func (c *Config) validateSites(p *Problems) {
	owner := map[string]string{}
	for _, id := range sorted(c.Sites) {
		site, key := c.Sites[id], "sites."+id
		if len(site.Origins) == 0 {
			p.add(key+".origins", "must list the site's origins, as https://shop.example.com")
		}
		for i, origin := range site.Origins {
			at := key + ".origins[" + strconv.Itoa(i) + "]"
			if why := originFault(origin); why != "" {
				p.add(at, "%q %s", origin, why)
				continue
			}
			if other, taken := owner[origin]; taken {
				p.add(at, "%s belongs to site %s already", origin, other)
			}
			owner[origin] = id
		}
		for i, path := range site.ExcludedPaths {
			if !strings.HasPrefix(path, "/") {
				p.add(key+".excluded_paths["+strconv.Itoa(i)+"]", "%q must begin with /", path)
			}
		}
		known(p, key+".queues", site.Queues, c.Queues, "queue")
	}
}

// originFault says what is wrong with an origin. Plain http is for loopback only: pages with personal data are shared.
func originFault(origin string) string {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(origin, "#"):
		return "is no origin; write scheme and host only, as https://shop.example.com"
	case origin != u.Scheme+"://"+strings.ToLower(u.Host), strings.HasSuffix(u.Host, ":"),
		u.Port() == "443" && u.Scheme == "https", u.Port() == "80" && u.Scheme == "http":
		return "is not as browsers write it: in lower case, without the scheme's own port"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && (u.Hostname() == "localhost" || isLoopback(net.JoinHostPort(u.Hostname(), "0"))):
		return ""
	default:
		return "must be https (plain http is for localhost only)"
	}
}

// Network of a trusted proxy; a single address is a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// Proxies are the listener's trusted proxies as networks.
func (l *Listener) Proxies() []netip.Prefix {
	networks := make([]netip.Prefix, 0, len(l.TrustedProxies))
	for _, text := range l.TrustedProxies {
		if network, err := parseNetwork(text); err == nil { // Validate refused the others.
			networks = append(networks, network)
		}
	}
	return networks
}

// Origin under which browsers reach the listener: the public URL, or the address itself.
func (l *Listener) Origin() string {
	switch {
	case l.PublicURL != "":
		return l.PublicURL
	case l.TLS.Cert != "":
		return "https://" + l.Address
	default:
		return "http://" + l.Address
	}
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func isPort(text string, least int) bool {
	port, err := strconv.Atoi(text)
	return err == nil && port >= least && port <= 65535
}

func isRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

func oneOf(p *Problems, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(key, "%q is not possible; use %s", value, strings.Join(allowed, ", "))
	}
}

func between(p *Problems, key string, value, least, most time.Duration) {
	if value < least || value > most {
		p.add(key, "%s is not possible; use %s to %s", value, least, most)
	}
}

// known reports the names in a list that no entry has, and names given twice.
func known[T any](p *Problems, key string, names []string, entries map[string]T, what string) {
	for i, name := range names {
		at := key + "[" + strconv.Itoa(i) + "]"
		if _, ok := entries[name]; !ok {
			p.add(at, "there is no %s %q; %s", what, name, choose(sorted(entries)))
		}
		if slices.Contains(names[:i], name) {
			p.add(at, "%q is listed twice; keep one", name)
		}
	}
}

func choose(names []string) string {
	if len(names) == 0 {
		return "none is configured"
	}
	return "there are " + strings.Join(names, ", ")
}

func sorted[T any](entries map[string]T) []string { return slices.Sorted(maps.Keys(entries)) }
