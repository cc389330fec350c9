package app

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	asteriskconf "contactd/asterisk-conf"
	"contactd/internal/config"
)

// qualifyEvery is how often Asterisk asks phones and trunks whether they live.
const qualifyEvery = 30 * time.Second

// PBXInput is the PBX's side of the configuration, for asterisk-conf.
func PBXInput(c *config.Config, name string) (asteriskconf.Input, error) {
	pbx, ok := c.PBXs[name]
	if !ok {
		return asteriskconf.Input{}, fmt.Errorf("there is no PBX %q in the configuration; there are: %s", name, strings.Join(slices.Sorted(maps.Keys(c.PBXs)), ", "))
	}
	u, err := url.Parse(pbx.ARIURL)
	if err != nil {
		return asteriskconf.Input{}, fmt.Errorf("pbxs.%s.ari_url: %w", name, err)
	}
	in := asteriskconf.Input{
		Name: name, Application: pbx.App, Region: c.Region,
		ARI:     asteriskconf.ARI{Username: pbx.Username, Password: pbx.Password.Reveal()},
		SIP:     asteriskconf.SIP{Address: pbx.SIP.Address},
		RTP:     asteriskconf.RTP{From: pbx.RTP.From, To: pbx.RTP.To},
		Qualify: qualifyEvery,
	}
	if u.Scheme == "http" {
		port := u.Port()
		if port == "" {
			port = "80"
		}
		in.HTTP.Address = net.JoinHostPort(u.Hostname(), port)
	}
	members := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(c.Agents)) {
		a := c.Agents[id]
		if a.PBX != name {
			continue
		}
		in.Phones = append(in.Phones, asteriskconf.Phone{Endpoint: a.Phone.Endpoint, Name: a.Name, Secret: a.Phone.Secret.Reveal()})
		for _, q := range a.Queues {
			members[q] = append(members[q], a.Phone.Endpoint)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Trunks)) {
		t := c.Trunks[id]
		if t.PBX == name && t.Host != "" {
			in.Trunks = append(in.Trunks, asteriskconf.Trunk{Name: trunkEndpoint(id, t.Dial), Host: t.Host})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Queues)) {
		q := c.Queues[id]
		if q.PBX != name {
			continue
		}
		queue := asteriskconf.Queue{ID: id, Music: q.Music, Ring: q.Ring, WrapUp: q.WrapUp, Priority: q.Priority, Members: members[id]}
		if q.Number != "" {
			queue.Numbers = append(queue.Numbers, q.Number)
		}
		if digits := strings.TrimPrefix(q.Phone, "+"); digits != "" && strings.Trim(digits, "0123456789") == "" {
			queue.Numbers = append(queue.Numbers, q.Phone) // as a trunk delivers it
		}
		in.Queues = append(in.Queues, queue)
	}
	return in, nil
}

// trunkEndpoint is the PJSIP endpoint that a dial template names (PJSIP/{e164}@provider), or the trunk's own name.
func trunkEndpoint(id, dial string) string {
	if rest, ok := strings.CutPrefix(dial, "PJSIP/"); ok {
		if _, endpoint, ok := strings.Cut(rest, "@"); ok {
			return endpoint
		}
	}
	return id
}
