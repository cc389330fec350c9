package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"contactd/internal/auth"
)

func TestAgentSignsInAndOut(t *testing.T) {
	d := run(t)
	session := d.agent + "/v1/session"
	d.send("GET", session, "").expect(t, 401, "unauthorized")
	d.send("POST", session, `{"user":"ann","password":"wrong"}`, "X-Contactd", "1").expect(t, 401, "sign_in_refused")
	d.send("POST", session, `{"user":"nobody","password":"wrong"}`, "X-Contactd", "1").expect(t, 401, "sign_in_refused")
	d.send("POST", session, `{"user":"ann","password":"`+password+`"}`).expect(t, 403, "forbidden")
	d.send("POST", session, `{"user":"ann","password":"`+password+`"}`, "X-Contactd", "1", "Sec-Fetch-Site", "cross-site").expect(t, 403, "forbidden")

	ann := d.signIn("ann")
	if a := d.send("GET", session, "", ann...); a.Status != 200 || a.text("agent") != "ann" || a.text("name") != "Ann" {
		t.Errorf("session %d %s", a.Status, a.Body)
	}
	a := d.send("POST", session, `{"user":"ann","password":"`+password+`"}`, "X-Contactd", "1")
	if cookie := a.Header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("cookie %q", cookie)
	}
	if a := d.send("DELETE", session, "", ann...); a.Status != http.StatusNoContent {
		t.Errorf("sign out %d %s", a.Status, a.Body)
	}
	d.send("GET", session, "", ann...).expect(t, 401, "unauthorized")
	// Attempts are counted in quarters of the clock: when one ends in the middle, the next must refuse.
	for began := (time.Time{}); a.Status != http.StatusTooManyRequests && !began.Equal(time.Now().Truncate(15*time.Minute)); {
		began = time.Now().Truncate(15 * time.Minute)
		for range 10 {
			a = d.send("POST", session, `{"user":"bob","password":"wrong"}`, "X-Contactd", "1")
		}
		a = d.send("POST", session, `{"user":"bob","password":"`+password+`"}`, "X-Contactd", "1")
	}
	a.expect(t, 429, "limit_sign_in")
}

// Whoever has a stolen session loses it with the password.
func TestNewPasswordEndsSessions(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir, configuration)
	ann, bob := d.signIn("ann"), d.signIn("bob")
	d.stop()
	other, err := auth.HashPassword("another horse")
	if err != nil {
		t.Fatal(err)
	}
	d = start(t, dir, strings.Replace(configuration, "password_hash: HASH", `password_hash: "`+other+`"`, 1)) // ann's
	d.send("GET", d.agent+"/v1/session", "", ann...).expect(t, 401, "unauthorized")
	if a := d.send("GET", d.agent+"/v1/session", "", bob...); a.Status != http.StatusOK {
		t.Errorf("another agent's session %d %s", a.Status, a.Body)
	}
}

func TestDeskShowsWhatTheAgentDoes(t *testing.T) {
	d := run(t)
	ann := d.signIn("ann")
	stream := d.events(d.agent+"/v1/desk/events", ann...)
	first := stream.until("the whole state", func(answer) bool { return true })
	if first.text("agent", "state") != "not_ready" || first.field("pbx_connected") != false || first.text("now") == "" {
		t.Errorf("first event %s", first.Body)
	}
	post := func(path, body string) answer { return d.send("POST", d.agent+"/v1/desk/"+path, body, ann...) }
	if a := post("ready", ""); a.Status != http.StatusNoContent {
		t.Fatalf("ready %d %s", a.Status, a.Body)
	}
	stream.until("ready", func(a answer) bool { return a.text("agent", "state") == "ready" })
	post("not-ready", `{"reason":"holiday"}`).expect(t, 422, "reason_unknown")
	if a := post("not-ready", `{"reason":"lunch"}`); a.Status != http.StatusNoContent {
		t.Fatalf("not ready %d %s", a.Status, a.Body)
	}
	stream.until("not ready for lunch", func(a answer) bool { return a.text("agent", "reason") == "lunch" })
	d.ask(askSales + `,"number":"030 123456"`)
	stream.until("a contact in line", func(a answer) bool {
		queues, _ := a.field("queues").([]any)
		for _, q := range queues {
			if q := q.(map[string]any); q["id"] == "sales" {
				return q["waiting"] == 1.0
			}
		}
		return false
	})
	post("offers/1/accept", "").expect(t, 409, "stale_offer")
	post("offers/x/reject", "").expect(t, 404, "stale_offer")
	post("wrap-up/end", "").expect(t, 409, "wrong_state")
	post("contacts/"+strings.Repeat("0", 32)+"/hang-up", "").expect(t, 404, "unknown_contact")
	post("contacts/"+strings.Repeat("0", 32)+"/room-token", "{}").expect(t, 404, "contact_gone")
	d.send("POST", d.agent+"/v1/desk/ready", "", ann[0], ann[1]).expect(t, 403, "forbidden")
	d.send("GET", d.agent+"/v1/desk/events", "").expect(t, 401, "unauthorized")
	d.stop() // Streams end with the daemon, and do not hold it up.
	stream.ended()
}

func TestRecordsArePagedAndComplete(t *testing.T) {
	d := run(t)
	ann := d.signIn("ann")
	for _, n := range []string{"1", "2", "3"} {
		a := d.ask(askSales + `,"number":"030 12345` + n + `"`)
		d.send("DELETE", d.customer+"/v1/contacts/"+a.text("contact"), "", "Authorization", "Bearer "+a.text("token"))
		stream := d.events(d.customer+"/v1/contacts/"+a.text("contact")+"/events", "Authorization", "Bearer "+a.text("token"))
		stream.until("the record", func(a answer) bool { return a.text("state") == "ended" })
	}
	page := d.send("GET", d.agent+"/v1/records?limit=2", "", ann...)
	records, _ := page.field("records").([]any)
	if len(records) != 2 || page.text("next") == "" {
		t.Fatalf("first page %s", page.Body)
	}
	last := d.send("GET", d.agent+"/v1/records?limit=2&cursor="+page.text("next"), "", ann...)
	rest, _ := last.field("records").([]any)
	if len(rest) != 1 || last.text("next") != "" {
		t.Fatalf("last page %s", last.Body)
	}
	id, _ := rest[0].(map[string]any)["contact"].(string)
	if one := d.send("GET", d.agent+"/v1/records/"+id, "", ann...); one.text("termination") != "cancelled" || strings.Contains(string(one.Body), "123451") {
		t.Errorf("record %d %s", one.Status, one.Body)
	}
	d.send("GET", d.agent+"/v1/records?cursor=nonsense", "", ann...).expect(t, 422, "cursor_invalid")
	d.send("GET", d.agent+"/v1/records/none", "", ann...).expect(t, 404, "contact_gone")
	d.send("GET", d.agent+"/v1/records", "").expect(t, 401, "unauthorized")
}

func TestBothListenersDescribeThemselves(t *testing.T) {
	d := run(t)
	for name, url := range map[string]string{"customer": d.customer, "agent": d.agent} {
		a := d.send("GET", url+"/v1/openapi.json", "")
		if a.Status != 200 || !strings.HasPrefix(a.text("openapi"), "3.1") {
			t.Errorf("%s: %d %.200s", name, a.Status, a.Body)
		}
		for _, must := range map[string][]string{
			"customer": {`"/v1/contacts/{id}/events"`, `"text/event-stream"`, `"application/problem+json"`},
			"agent":    {`"/v1/desk/events"`, `"/v1/company/contacts"`, `"Idempotency-Key"`},
		}[name] {
			if !strings.Contains(string(a.Body), must) {
				t.Errorf("%s does not describe %s", name, must)
			}
		}
		if a := d.send("GET", url+"/healthz", ""); a.Status != 200 {
			t.Errorf("%s health %d", name, a.Status)
		}
	}
	desk := d.send("GET", d.agent+"/", "")
	if policy := desk.Header.Get("Content-Security-Policy"); desk.Status != 200 || !strings.Contains(policy, "frame-src "+shop) {
		t.Errorf("desk %d, policy %q", desk.Status, policy)
	}
	if script := d.send("GET", d.customer+"/v1/page.js", ""); script.Status != 200 || script.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("page script %d %v", script.Status, script.Header)
	}
	if m := d.send("GET", d.metrics+"/metrics", ""); !strings.Contains(string(m.Body), `contactd_contacts{queue="sales",state="waiting"} 0`) {
		t.Errorf("metrics %d %.300s", m.Status, m.Body)
	}
}
