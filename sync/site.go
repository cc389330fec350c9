package pagesync

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// Site has the rules for the addresses of one of the company's web sites.
type Site struct {
	// Origins whose pages may be shown, as browsers write them ("https://shop.example").
	Origins []string
	// SecretParameters are stripped besides those whose names look secret.
	SecretParameters []string
	// ExcludedPaths are never shown: each and all below it.
	ExcludedPaths []string
}

// Check returns the address as it may be shown to everybody, without fragment and secret-like parameters. The rest of
// it stays byte by byte what the browser sent, so that the browser recognises its own address.
func (s Site) Check(address string) (string, *Refusal) {
	if len(address) > MaxURL {
		return "", refuse(TooLong, "the address has %d bytes, at most %d are allowed", len(address), MaxURL)
	}
	for i := range len(address) {
		// Browsers drop tabs and line ends and take a backslash for a slash: what they mean by such an address is not
		// what it says.
		if c := address[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return "", refuse(URLInvalid, "the address has a space, a control character or a backslash in it")
		}
	}
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return "", refuse(URLInvalid, "only https addresses can be shown")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return "", refuse(URLInvalid, "this is not an address of a web page")
	}
	if u.User != nil {
		return "", refuse(URLInvalid, "an address with a user name or password in it cannot be shown")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", refuse(URLInvalid, "only https addresses can be shown (http on this machine alone)")
	}
	if !s.HasOrigin(origin(u)) {
		return "", refuse(URLNotAllowed, "%s is not one of this site's origins", origin(u))
	}
	if s.excludes(u.Path) {
		return "", refuse(URLExcluded, "this page of the site is not shared")
	}
	return s.strip(address), nil
}

// HasOrigin says whether the origin is one of the site's.
func (s Site) HasOrigin(o string) bool {
	return slices.ContainsFunc(s.Origins, func(own string) bool {
		u, err := url.Parse(own)
		return err == nil && origin(u) == o
	})
}

// origin as browsers write it: lower case, without the scheme's own port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	case u.Scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return strings.ToLower(u.Scheme) + "://" + strings.TrimSuffix(host, ":")
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || host == "127.0.0.1"
}

// excludes looks at the path as a server would understand it, and as a sloppy one would.
func (s Site) excludes(p string) bool {
	clean := strings.ToLower(path.Clean("/" + p))
	for _, excluded := range s.ExcludedPaths {
		excluded = strings.ToLower(path.Clean("/" + excluded))
		if excluded == "/" || clean == excluded || strings.HasPrefix(clean, excluded+"/") {
			return true
		}
	}
	return false
}

// strip takes away fragment, session ids in the path and secret parameters.
func (s Site) strip(address string) string {
	address, _, _ = strings.Cut(address, "#")
	before, query, asked := strings.Cut(address, "?")
	if i := strings.Index(strings.ToLower(before), ";jsessionid="); i >= 0 {
		before = before[:i]
	}
	if !asked {
		return before
	}
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	kept := slices.DeleteFunc(slices.Clone(pairs), s.secretPair)
	switch len(kept) {
	case len(pairs):
		return before + "?" + query
	case 0:
		return before
	}
	return before + "?" + strings.Join(kept, "&")
}

var secretParts = []string{"token", "secret", "passw", "session", "auth", "signature", "credential", "apikey", "api_key"}

var secretNames = []string{"sid", "key", "code", "sig", "otp", "jwt", "pwd", "pin", "ticket", "assertion", "saml"}

func (s Site) secretPair(pair string) bool {
	name, value, _ := strings.Cut(pair, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	if decoded, err := url.QueryUnescape(value); err == nil {
		value = decoded
	}
	name = strings.ToLower(name)
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	own := func(parameter string) bool { return strings.EqualFold(parameter, name) }
	if slices.Contains(secretNames, name) || slices.ContainsFunc(s.SecretParameters, own) {
		return true
	}
	// A JSON Web Token under another name, an e-mail's card number.
	return strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 || privateText(value)
}
