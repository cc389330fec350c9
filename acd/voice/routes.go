package voice

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"contactd/acd"
)

// Trunk carries calls to customers.
type Trunk struct {
	PBX acd.PBXID
	// Dial is the dial string, in which {e164} stands for the number's digits with country code and without a plus:
	// "PJSIP/{e164}@provider", "Local/{e164}@outbound".
	Dial string
}

// Route names the trunks for numbers with a prefix.
type Route struct {
	// Prefix of the number, "+49". The longest one that fits wins.
	Prefix string
	// Trunks in the order in which they are tried.
	Trunks []string
	// CallerID is the number that the customer sees.
	CallerID string
	// Queues limits the route to contacts of these queues. Of two routes with the same prefix the limited one wins.
	Queues []acd.QueueID
}

// Routes decide how a number is called. They do not change after [NewRoutes].
type Routes struct {
	trunks map[string]Trunk
	routes []Route
}

// placeholder stands for the number in a dial string.
const placeholder = "{e164}"

var (
	// dialForm allows nothing that would end a dial string or begin a second destination: no &, comma, semicolon, bracket,
	// quote or blank.
	dialForm     = regexp.MustCompile(`^[A-Za-z0-9]+/[A-Za-z0-9@._:/+-]*\{e164\}[A-Za-z0-9@._:/+-]*$`)
	prefixForm   = regexp.MustCompile(`^\+[0-9]{1,15}$`)
	callerIDForm = regexp.MustCompile(`^(\+?[0-9]{2,15})?$`)
	e164Form     = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)
)

// NewRoutes checks trunks and routes. The error names all that is wrong with them.
func NewRoutes(trunks map[string]Trunk, routes []Route) (*Routes, error) {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(trunks)) {
		if t := trunks[name]; !dialForm.MatchString(t.Dial) {
			problems = append(problems, fmt.Errorf("voice: trunk %s: %q is no dial string with %s in it once, as PJSIP/%s@%s", name, t.Dial, placeholder, placeholder, name))
		}
	}
	for i, r := range routes {
		if !prefixForm.MatchString(r.Prefix) {
			problems = append(problems, fmt.Errorf("voice: route %d: %q is no prefix, as +49", i, r.Prefix))
		}
		if !callerIDForm.MatchString(r.CallerID) {
			problems = append(problems, fmt.Errorf("voice: route %d: %q is no caller id of digits", i, r.CallerID))
		}
		if len(r.Trunks) == 0 {
			problems = append(problems, fmt.Errorf("voice: route %d: has no trunk", i))
		}
		for _, name := range r.Trunks {
			if _, known := trunks[name]; !known {
				problems = append(problems, fmt.Errorf("voice: route %d: there is no trunk %q", i, name))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b Route) int {
		return cmp.Or(cmp.Compare(len(b.Prefix), len(a.Prefix)), cmp.Compare(min(len(b.Queues), 1), min(len(a.Queues), 1)))
	})
	return &Routes{trunks: maps.Clone(trunks), routes: sorted}, nil
}

// Trunks returns the trunks of a PBX that may carry a call for the queue to the number (E.164, with the plus), in the order
// in which they are tried. The error is a [*Refusal].
func (r *Routes) Trunks(queue acd.QueueID, pbx acd.PBXID, number string) ([]string, error) {
	route, err := r.find(queue, pbx, number)
	if err != nil {
		return nil, err
	}
	return r.of(route, pbx), nil
}

// Call returns how the number is dialled over one of its trunks. The error is a [*Refusal].
func (r *Routes) Call(queue acd.QueueID, trunk, number string) (Call, error) {
	t, known := r.trunks[trunk]
	if !known {
		return Call{}, &Refusal{Cause: causeNoRoute, Reason: "there is no trunk " + trunk}
	}
	route, err := r.find(queue, t.PBX, number)
	if err != nil {
		return Call{}, err
	}
	if !slices.Contains(route.Trunks, trunk) {
		// The configuration has changed since the trunks were chosen.
		return Call{}, &Refusal{Cause: causeNoRoute, Reason: "no route leads over the trunk " + trunk}
	}
	digits := strings.TrimPrefix(number, "+")
	return Call{Dial: strings.Replace(t.Dial, placeholder, digits, 1), CallerID: route.CallerID}, nil
}

// find returns the first route that fits and has a trunk at the PBX.
func (r *Routes) find(queue acd.QueueID, pbx acd.PBXID, number string) (Route, error) {
	if err := callable(number); err != nil {
		return Route{}, err
	}
	for _, route := range r.routes {
		if !strings.HasPrefix(number, route.Prefix) || len(route.Queues) > 0 && !slices.Contains(route.Queues, queue) {
			continue
		}
		if len(r.of(route, pbx)) > 0 {
			return route, nil
		}
	}
	return Route{}, &Refusal{Cause: causeNoRoute, Reason: "no route leads to the number"}
}

// of returns the route's trunks at a PBX.
func (r *Routes) of(route Route, pbx acd.PBXID) []string {
	return slices.DeleteFunc(slices.Clone(route.Trunks), func(name string) bool { return r.trunks[name].PBX != pbx })
}

// callable refuses what no route may ever lead to: whatever is not a subscriber's whole number. Emergency numbers and short
// codes are none, also with a country code before them. This is the last gate before the dial string, behind that of the API.
func callable(number string) error {
	if !e164Form.MatchString(number) {
		return &Refusal{Cause: causeInvalidNumber, Reason: "the number is not in E.164"}
	}
	parsed, err := phonenumbers.Parse(number, "")
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return &Refusal{Cause: causeInvalidNumber, Reason: "the number is no subscriber's: emergency and short numbers are not called"}
	}
	region := phonenumbers.GetRegionCodeForNumber(parsed)
	if phonenumbers.IsEmergencyNumber(phonenumbers.GetNationalSignificantNumber(parsed), region) {
		return &Refusal{Cause: causeInvalidNumber, Reason: "emergency numbers are not called"}
	}
	return nil
}
