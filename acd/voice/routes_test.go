package voice_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"contactd/acd"
	"contactd/acd/voice"
)

func routes(t testing.TB) *voice.Routes {
	t.Helper()
	r, err := voice.NewRoutes(map[string]voice.Trunk{
		"home":   {PBX: "main", Dial: "PJSIP/{e164}@home"},
		"backup": {PBX: "main", Dial: "PJSIP/00{e164}@backup"},
		"world":  {PBX: "main", Dial: "Local/{e164}@outbound"},
		"far":    {PBX: "far", Dial: "PJSIP/{e164}@far"},
	}, []voice.Route{
		{Prefix: "+4", Trunks: []string{"world"}, CallerID: "+4940111"},
		{Prefix: "+49", Trunks: []string{"home", "backup", "far"}, CallerID: "+4930111"},
		{Prefix: "+49", Trunks: []string{"backup"}, CallerID: "+4930222", Queues: []acd.QueueID{"support"}},
		{Prefix: "+1", Trunks: []string{"far"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheLongestPrefixWins(t *testing.T) {
	for _, test := range []struct {
		queue  acd.QueueID
		pbx    acd.PBXID
		number string
		trunks string
		dial   string
		caller string
	}{
		{"sales", "main", "+4930123456", "home backup", "PJSIP/4930123456@home", "+4930111"},
		{"sales", "far", "+4930123456", "far", "PJSIP/4930123456@far", "+4930111"},
		{"support", "main", "+4930123456", "backup", "PJSIP/004930123456@backup", "+4930222"},
		{"sales", "main", "+43151312340", "world", "Local/43151312340@outbound", "+4940111"},
		{"sales", "far", "+12125550123", "far", "PJSIP/12125550123@far", ""},
	} {
		trunks, err := routes(t).Trunks(test.queue, test.pbx, test.number)
		if err != nil || strings.Join(trunks, " ") != test.trunks {
			t.Errorf("%s to %s at %s: trunks %v, %v; want %s", test.queue, test.number, test.pbx, trunks, err, test.trunks)
			continue
		}
		call, err := routes(t).Call(test.queue, trunks[0], test.number)
		if err != nil || call.Dial != test.dial || call.CallerID != test.caller {
			t.Errorf("%s to %s: %+v, %v; want %s from %s", test.queue, test.number, call, err, test.dial, test.caller)
		}
	}
}

func TestNoRoute(t *testing.T) {
	for _, test := range []struct {
		number string
		cause  int
	}{
		{"+33140205050", 3}, // France has no route
		{"+12125550123", 3}, // nor has the United States at this PBX
		{"112", 28}, {"+112", 28}, {"110", 28}, {"911", 28}, {"+1911", 28}, {"+49112", 28}, {"+49110", 28}, {"+49115", 28},
		{"+44999", 28}, {"+491", 28}, {"", 28}, {"+", 28}, {"4930123456", 28}, {"+49 30 123456", 28}, {"+4930123456&PJSIP/x", 28},
		{"+4930123456@evil", 28}, {"+4930123456\n", 28}, {"+49３０123456", 28}, {"+4930123456;ext=1", 28},
		{"+4930" + strings.Repeat("1", 40), 28},
	} {
		_, err := routes(t).Trunks("sales", "main", test.number)
		var refusal *voice.Refusal
		if !errors.As(err, &refusal) || refusal.Cause != test.cause {
			t.Errorf("%q: %v; want cause %d", test.number, err, test.cause)
		}
		if _, err := routes(t).Call("sales", "home", test.number); err == nil {
			t.Errorf("%q would be dialled", test.number)
		}
	}
	// A trunk that no route of the queue names is not used, whoever asks for it.
	for _, trunk := range []string{"home", "none", ""} {
		if call, err := routes(t).Call("support", trunk, "+4930123456"); err == nil {
			t.Errorf("support calls over %q: %+v", trunk, call)
		}
	}
}

func TestRoutesTellAllTheirProblems(t *testing.T) {
	_, err := voice.NewRoutes(map[string]voice.Trunk{
		"two": {Dial: "PJSIP/{e164}@a&PJSIP/{e164}@b"}, "none": {Dial: "PJSIP/x@a"}, "app": {Dial: "Local/{e164},x"},
	}, []voice.Route{
		{Prefix: "49", Trunks: []string{"two"}}, {Prefix: "+49"}, {Prefix: "+49", Trunks: []string{"gone"}, CallerID: "Evil <1>"},
	})
	if err == nil {
		t.Fatal("all of it was accepted")
	}
	for _, want := range []string{"trunk two", "trunk none", "trunk app", `"49" is no prefix`, "route 1: has no trunk", `no trunk "gone"`, `"Evil <1>" is no caller id`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing says %q in:\n%v", want, err)
		}
	}
}

// Whatever the number, only its digits reach a dial string.
func FuzzOnlyDigitsAreDialled(f *testing.F) {
	for _, seed := range []string{"+4930123456", "+49", "112", "+4930123456@x", "+4930123456&", "\x00", "+٤٩30123456"} {
		f.Add(seed)
	}
	r := routes(f)
	dialled := regexp.MustCompile(`^(PJSIP/(00)?[0-9]{7,15}@(home|backup|far)|Local/[0-9]{7,15}@outbound)$`)
	f.Fuzz(func(t *testing.T, number string) {
		for _, pbx := range []acd.PBXID{"main", "far"} {
			trunks, err := r.Trunks("sales", pbx, number)
			if err != nil {
				continue
			}
			for _, trunk := range trunks {
				call, err := r.Call("sales", trunk, number)
				if err != nil || !dialled.MatchString(call.Dial) {
					t.Fatalf("%q over %s: %+v, %v", number, trunk, call, err)
				}
			}
			if len(trunks) == 0 {
				t.Fatalf("%q: neither trunks nor a refusal", number)
			}
		}
	})
}
