package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const askSales = `"queue":"sales","kind":"callback_turn","consent":true,"language":"de","site":"shop"`

func TestCustomerAsksChangesAndCancels(t *testing.T) {
	d := run(t)
	a := d.send("GET", d.customer+"/v1/availability?queue=sales&language=de", "", "Origin", shop)
	if a.Status != 200 || a.text("title") != "Verkauf" || a.text("phone") != "+4930123456" || a.field("waiting") != 0.0 {
		t.Fatalf("availability %d %s", a.Status, a.Body)
	}
	if got := a.Header.Get("Cache-Control"); got != "public, max-age=2" {
		t.Errorf("Cache-Control %q", got)
	}
	if got := a.Header.Get("Access-Control-Allow-Origin"); got != shop {
		t.Errorf("Access-Control-Allow-Origin %q", got)
	}

	a = d.ask(askSales + `,"number":"030 123456","page":"http://localhost:8090/cart?sid=secret&item=7#top"`)
	if a.Status != http.StatusCreated {
		t.Fatalf("create %d %s", a.Status, a.Body)
	}
	id, token := a.text("contact"), a.text("token")
	if a.text("state", "state") != "waiting" || a.field("state", "place") != 1.0 || a.text("state", "number_hint") != "…56" || a.text("room_token") == "" {
		t.Errorf("created %s", a.Body)
	}
	bearer := []string{"Authorization", "Bearer " + token, "Origin", shop}
	stream := d.events(d.customer+"/v1/contacts/"+id+"/events", bearer...)
	stream.until("the state of the beginning", func(a answer) bool { return a.text("state") == "waiting" })

	d.ask(askSales+`,"number":"+49 30 123 456"`).expect(t, http.StatusConflict, "duplicate_number")

	a = d.send("PATCH", d.customer+"/v1/contacts/"+id, `{"number":"0171 2345678"}`, bearer...)
	if a.Status != 200 || a.text("number_hint") != "…78" {
		t.Errorf("change %d %s", a.Status, a.Body)
	}
	stream.until("the changed number", func(a answer) bool { return a.text("number_hint") == "…78" })
	d.send("PATCH", d.customer+"/v1/contacts/"+id, `{"number":"110"}`, bearer...).expect(t, 422, "number_emergency")
	if a := d.send("POST", d.customer+"/v1/contacts/"+id+"/room-token", "{}", bearer...); a.Status != 200 || a.text("token") == "" {
		t.Errorf("room token %d %s", a.Status, a.Body)
	}
	// The number that is free again may be asked for.
	if a := d.ask(askSales + `,"number":"030 123456"`); a.Status != http.StatusCreated || a.field("state", "place") != 2.0 {
		t.Errorf("second contact %d %s", a.Status, a.Body)
	}

	if a := d.send("DELETE", d.customer+"/v1/contacts/"+id, "", bearer...); a.Status != http.StatusNoContent {
		t.Errorf("cancel %d %s", a.Status, a.Body)
	}
	stream.until("the end", func(a answer) bool { return a.text("state") == "ended" && a.text("termination") == "cancelled" })
	stream.ended()
	if a := d.send("GET", d.customer+"/v1/contacts/"+id, "", bearer...); a.text("termination") != "cancelled" {
		t.Errorf("state after the end %d %s", a.Status, a.Body)
	}
	d.send("POST", d.customer+"/v1/contacts/"+id+"/room-token", "{}", bearer...).expect(t, 404, "contact_gone")
	d.send("DELETE", d.customer+"/v1/contacts/"+id, "", bearer...).expect(t, 404, "unknown_contact")
}

func TestRestartKeepsPlaceTokenAndNumber(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir, configuration)
	first := d.ask(askSales + `,"number":"030 123456"`)
	second := d.ask(askSales + `,"number":"030 123457"`)
	d.stop()
	d = start(t, dir, configuration)
	a := d.send("GET", d.customer+"/v1/contacts/"+second.text("contact"), "", "Authorization", "Bearer "+second.text("token"))
	if a.Status != 200 || a.field("place") != 2.0 || a.text("number_hint") != "…57" {
		t.Errorf("after the restart %d %s", a.Status, a.Body)
	}
	if got := first.field("state", "place"); got != 1.0 {
		t.Errorf("place %v", got)
	}
}

func TestWhatIsNotCalled(t *testing.T) {
	d := run(t)
	for number, code := range map[string]string{
		"":                      "number_invalid",
		"hello":                 "number_invalid",
		"030 123456;ext=1":      "number_invalid",
		"030 123456&PJSIP/evil": "number_invalid",
		"0800 CALLNOW":          "number_invalid",
		"112":                   "number_emergency",
		"110":                   "number_emergency",
		"11833":                 "number_kind_not_allowed",
		"115":                   "number_kind_not_allowed",
		"0900 1 123456":         "number_kind_not_allowed",
		"+49 180 5 123456":      "number_kind_not_allowed",
		"+881 6 12345678":       "number_kind_not_allowed",
		"+870 773 123456":       "number_kind_not_allowed",
		"+1 212 555 2368":       "number_country_not_allowed",
		"+33 1 23 45 67 89":     "number_country_not_allowed",
		"+49 1":                 "number_invalid",
		"030 12345678901234567": "number_invalid",
		"+43 1 234567890":       "number_no_route", // The route to Austria is for support only.
	} {
		t.Run(number, func(t *testing.T) {
			d.ask(fmt.Sprintf(askSales+`,"number":%q`, number)).expect(t, 422, code)
		})
	}
}

func TestBadRequests(t *testing.T) {
	d := run(t)
	const good = askSales + `,"number":"030 123456"`
	url := d.customer + "/v1/contacts"
	post := func(body string, headers ...string) answer { return d.send("POST", url, body, headers...) }
	for name, test := range map[string]struct {
		answer answer
		status int
		code   string
	}{
		"no origin":          {post("{" + good + "}"), 403, "origin_missing"},
		"another origin":     {post("{"+good+"}", "Origin", "https://evil.example"), 403, "origin_not_allowed"},
		"another site":       {d.ask(strings.Replace(good, `"shop"`, `"other"`, 1)), 403, "origin_not_allowed"},
		"unknown queue":      {d.ask(strings.Replace(good, `"sales"`, `"none"`, 1)), 422, "queue_unknown"},
		"queue of others":    {d.ask(strings.Replace(good, `"sales"`, `"hidden"`, 1)), 403, "queue_not_allowed"},
		"unknown kind":       {d.ask(strings.Replace(good, "callback_turn", "inbound", 1)), 422, "invalid_request"},
		"unknown member":     {d.ask(good + `,"priority":9`), 422, "invalid_request"},
		"wrong type":         {d.ask(good + `,"language":7`), 422, "invalid_request"},
		"missing member":     {d.ask(`"queue":"sales"`), 422, "invalid_request"},
		"page elsewhere":     {d.ask(good + `,"page":"https://evil.example/"`), 422, "page_not_allowed"},
		"page with password": {d.ask(good + `,"page":"http://a:b@localhost:8090/"`), 422, "page_not_allowed"},
		"page script":        {d.ask(good + `,"page":"javascript:alert(1)"`), 422, "page_not_allowed"},
		"no JSON":            {post("{", "Origin", shop), 400, "malformed_request"},
		"deep":               {post(strings.Repeat("[", 1000)+strings.Repeat("]", 1000), "Origin", shop), 400, "too_deep"},
		"deep in brackets":   {post(`{"a":"\"]]]]]]]]]]]]]]]]","b":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+"}", "Origin", shop), 400, "too_deep"},
		"large":              {post(`{"page":"`+strings.Repeat("x", 70<<10)+`"}`, "Origin", shop), 413, "too_large"},
		"media type":         {post("queue=sales", "Origin", shop, "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"},
		"method":             {d.send("PUT", url, "{}", "Origin", shop), 405, "method_not_allowed"},
		"address":            {d.send("GET", d.customer+"/v2/contacts", ""), 404, "not_found"},
		"unknown parameter":  {d.send("GET", d.customer+"/v1/availability?queue=sales&x=1", ""), 422, "invalid_request"},
		"availability":       {d.send("GET", d.customer+"/v1/availability?queue=none", ""), 404, "queue_unknown"},
		"no token":           {d.send("GET", url+"/"+strings.Repeat("0", 32), ""), 401, "unauthorized"},
		"forged token":       {d.send("GET", url+"/"+strings.Repeat("0", 32), "", "Authorization", "Bearer v1.a.b.c"), 401, "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) { test.answer.expect(t, test.status, test.code) })
	}
	// A page that the site does not share is no obstacle to a call.
	if a := d.ask(good + `,"page":"http://localhost:8090/admin/users"`); a.Status != http.StatusCreated {
		t.Errorf("excluded page: %d %s", a.Status, a.Body)
	}
}

func TestTokenIsForItsContactOnly(t *testing.T) {
	d := run(t)
	a := d.ask(askSales + `,"number":"030 123456"`)
	b := d.ask(askSales + `,"number":"030 123457"`)
	for _, method := range []string{"GET", "DELETE"} {
		d.send(method, d.customer+"/v1/contacts/"+b.text("contact"), "", "Authorization", "Bearer "+a.text("token")).expect(t, 401, "unauthorized")
	}
	d.send("GET", d.customer+"/v1/contacts/"+a.text("contact"), "", "Authorization", "Bearer "+a.text("room_token")).expect(t, 401, "unauthorized")
}

func TestPreflight(t *testing.T) {
	d := run(t)
	a := d.send("OPTIONS", d.customer+"/v1/contacts", "", "Origin", shop, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if a.Status != 204 || a.Header.Get("Access-Control-Allow-Origin") != shop || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Errorf("preflight %d %v", a.Status, a.Header)
	}
	if got := a.Header.Get("Access-Control-Allow-Credentials"); got != "" {
		t.Errorf("credentials are allowed: %q", got)
	}
	d.send("OPTIONS", d.customer+"/v1/contacts", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST").expect(t, 403, "origin_not_allowed")
}

// Counts end with the clock's hour: a run that an hour's end cut in two says nothing and is made again.
func TestLimits(t *testing.T) {
	for {
		hour := time.Now().Truncate(time.Hour)
		byNumber, afterRestart, byAddress := exhaust(t)
		if !time.Now().Truncate(time.Hour).Equal(hour) {
			continue
		}
		byNumber.expect(t, 429, "limit_number")
		if byNumber.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		afterRestart.expect(t, 429, "limit_number") // A restart forgets nothing.
		byAddress.expect(t, 429, "limit_address")
		return
	}
}

// exhaust uses up the limits of a number and of an address and returns the answers to the requests above them.
func exhaust(t *testing.T) (byNumber, afterRestart, byAddress answer) {
	t.Helper()
	dir := t.TempDir()
	d := start(t, dir, configuration)
	cancel := func(a answer) {
		t.Helper()
		if a.Status != http.StatusCreated {
			t.Fatalf("create %d %s", a.Status, a.Body)
		}
		if a := d.send("DELETE", d.customer+"/v1/contacts/"+a.text("contact"), "", "Authorization", "Bearer "+a.text("token")); a.Status != 204 {
			t.Fatalf("cancel %d %s", a.Status, a.Body)
		}
	}
	for range 3 {
		cancel(d.ask(askSales + `,"number":"030 123456"`))
	}
	byNumber = d.ask(askSales + `,"number":"+4930123456"`)
	d.stop()
	d = start(t, dir, configuration)
	afterRestart = d.ask(askSales + `,"number":"030 123456"`)
	for i := range 9 {
		cancel(d.ask(fmt.Sprintf(askSales+`,"number":"030 12340%d"`, i)))
	}
	byAddress = d.ask(askSales + `,"number":"030 987654"`)
	d.stop()
	return byNumber, afterRestart, byAddress
}
