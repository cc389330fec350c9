package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"contactd/ari"
	"contactd/internal/config"
)

// Finding is one thing that the doctor looked at.
type Finding struct {
	// What was looked at, as "PBX main: version".
	What string
	OK   bool
	// Detail says what was seen, and for a fault what to change.
	Detail string
}

// wantedMajor is the Asterisk release that contactd is made for.
const wantedMajor = "22"

// Examine looks at every PBX of the configuration and tells what it found.
func Examine(ctx context.Context, c *config.Config, tell func(Finding)) {
	for _, name := range slices.Sorted(maps.Keys(c.PBXs)) {
		examinePBX(ctx, c, name, tell)
	}
}

func examinePBX(ctx context.Context, c *config.Config, name string, tell func(Finding)) {
	pbx := c.PBXs[name]
	say := func(what string, ok bool, format string, args ...any) {
		tell(Finding{What: "PBX " + name + ": " + what, OK: ok, Detail: fmt.Sprintf(format, args...)})
	}
	ariConfig, err := ARIConfig(pbx)
	if err != nil {
		say("configuration", false, "%s", err)
		return
	}
	client, err := ari.New(ariConfig)
	if err != nil {
		say("configuration", false, "%s", err)
		return
	}
	sender := client.HTTP()
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()

	info, err := ari.Do(ctx, sender, ari.GetInfo("system"))
	var status *ari.StatusError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusUnauthorized:
		say("credentials", false, "user %q is refused: make pbxs.%s.username and password those of a section in the PBX's ari.conf, and reload it (ari reload)", pbx.Username, name)
		return
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		say("reachable", false, "%s answers, but not as ARI: set enabled=yes in ari.conf, load res_ari.so, and look at prefix in http.conf", pbx.ARIURL)
		return
	case errors.As(err, &status) && status.Status == http.StatusServiceUnavailable:
		say("reachable", false, "Asterisk is still starting: try again in a moment")
		return
	case err != nil:
		say("reachable", false, "%s does not answer (%s): start Asterisk, set enabled=yes and bindaddr in its http.conf, and see to it that a firewall lets contactd through", pbx.ARIURL, err)
		return
	}
	say("reachable", true, "%s", pbx.ARIURL)
	say("credentials", true, "user %q", pbx.Username)
	version := ""
	if info.System != nil {
		version = info.System.Version
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "certified/"), ".")
	if major != wantedMajor {
		say("version", false, "Asterisk %s runs there; contactd is made for Asterisk %s (LTS): install that", version, wantedMajor)
	} else {
		say("version", true, "Asterisk %s", version)
	}

	switch _, err := ari.Do(ctx, sender, ari.GetApplication(pbx.App)); {
	case err == nil:
		say("application", true, "%q is registered: contactd is connected", pbx.App)
	case errors.As(err, &status) && status.Status == http.StatusNotFound:
		say("application", false, "%q is not registered: start `contactd serve`; until then the dialplan queues callers itself", pbx.App)
	default:
		say("application", false, "could not be asked for: %s", err)
	}
	examineEndpoints(ctx, c, name, sender, say)
}

// examineEndpoints looks whether the agents' phones and the trunks exist, and who is registered.
func examineEndpoints(ctx context.Context, c *config.Config, name string, sender ari.Sender, say func(what string, ok bool, format string, args ...any)) {
	endpoints, err := ari.Do(ctx, sender, ari.ListEndpoints("PJSIP"))
	if err != nil {
		say("endpoints", false, "PJSIP's endpoints could not be listed (%s): load chan_pjsip.so and res_pjsip.so", err)
		return
	}
	state := map[string]ari.EndpointState{}
	for _, e := range endpoints {
		state[e.Resource] = e.State
	}
	for _, id := range slices.Sorted(maps.Keys(c.Agents)) {
		a := c.Agents[id]
		if a.PBX != name {
			continue
		}
		what, endpoint := "phone of "+id, a.Phone.Endpoint
		switch s, exists := state[endpoint]; {
		case !exists:
			say(what, false, "there is no endpoint %q: add it to pjsip.conf (contactd pbx render shows how) and reload (pjsip reload), or mend agents.%s.phone.endpoint", endpoint, id)
		case s != ari.EndpointOnline:
			say(what, false, "%q is %s: sign the phone in at the PBX with user %q and its secret", endpoint, s, endpoint)
		default:
			say(what, true, "%q is online", endpoint)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Trunks)) {
		t := c.Trunks[id]
		if t.PBX != name || !strings.HasPrefix(t.Dial, "PJSIP/") {
			continue
		}
		what, endpoint := "trunk "+id, trunkEndpoint(id, t.Dial)
		switch s, exists := state[endpoint]; {
		case !exists:
			say(what, false, "there is no endpoint %q: add it to pjsip.conf, or mend trunks.%s.dial", endpoint, id)
		case s == ari.EndpointOffline:
			say(what, false, "%q is offline: is the other side reachable, and does it answer SIP OPTIONS?", endpoint)
		default:
			say(what, true, "%q is %s", endpoint, s)
		}
	}
}

// ARIConfig is how a PBX is connected to.
func ARIConfig(pbx config.PBX) (ari.Config, error) {
	out := ari.Config{URL: pbx.ARIURL, Username: pbx.Username, Password: pbx.Password.Reveal(), Application: pbx.App}
	if pbx.CA == "" {
		return out, nil
	}
	pem, err := os.ReadFile(pbx.CA)
	if err != nil {
		return ari.Config{}, fmt.Errorf("read ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return ari.Config{}, fmt.Errorf("ca: %s has no certificate (PEM)", pbx.CA)
	}
	out.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return out, nil
}
