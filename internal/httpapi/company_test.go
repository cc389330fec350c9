package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"contactd/internal/app"
	"contactd/internal/auth"
)

const companyAsk = `{"queue":"sales","kind":"callback_turn","number":"030 123456","reference":"order 7"}`

// key makes an API key as `contactd user key add` does, by the daemon's control socket.
func (d *daemon) key(scopes ...auth.Scope) string {
	d.t.Helper()
	made, err := app.NewControl(d.config).MakeKey(d.t.Context(), app.KeyRequest{Name: "test", Scopes: scopes})
	if err != nil {
		d.t.Fatal(err)
	}
	return made.Text
}

func (d *daemon) company(method, path, body, key string, headers ...string) answer {
	d.t.Helper()
	return d.send(method, d.agent+"/v1/company/contacts"+path, body, append([]string{"Authorization", "Bearer " + key}, headers...)...)
}

func TestCompanyCreatesReadsChangesAndCancels(t *testing.T) {
	d := run(t)
	key := d.key(auth.ContactsRead, auth.ContactsWrite)
	a := d.company("POST", "", companyAsk, key, "Idempotency-Key", "k1")
	if a.Status != http.StatusCreated || a.text("reference") != "order 7" || a.text("state", "state") != "waiting" {
		t.Fatalf("create %d %s", a.Status, a.Body)
	}
	id := a.text("contact")
	if a := d.company("GET", "/"+id, "", key); a.Status != 200 || a.field("state", "place") != 1.0 {
		t.Errorf("read %d %s", a.Status, a.Body)
	}
	if a := d.company("PATCH", "/"+id, `{"number":"0171 2345678"}`, key); a.Status != 200 || a.text("state", "number_hint") != "…78" {
		t.Errorf("change %d %s", a.Status, a.Body)
	}
	list := d.company("GET", "", "", key)
	if contacts, _ := list.field("contacts").([]any); len(contacts) != 1 {
		t.Errorf("list %d %s", list.Status, list.Body)
	}
	if a := d.company("DELETE", "/"+id, "", key); a.Status != http.StatusNoContent {
		t.Errorf("cancel %d %s", a.Status, a.Body)
	}
	d.company("GET", "/nonsense", "", key).expect(t, 404, "contact_gone")
	d.company("PATCH", "/"+strings.Repeat("0", 32), `{"number":"0171 2345678"}`, key).expect(t, 404, "contact_gone")
}

func TestKeysHaveScopesAndCanBeRevoked(t *testing.T) {
	d := run(t)
	reader := d.key(auth.ContactsRead)
	d.company("POST", "", companyAsk, reader, "Idempotency-Key", "k").expect(t, 403, "forbidden")
	if a := d.company("GET", "", "", reader); a.Status != 200 {
		t.Errorf("list %d %s", a.Status, a.Body)
	}
	d.company("GET", "", "", "ck_000000000000_nonsense").expect(t, 401, "unauthorized")
	d.send("GET", d.agent+"/v1/company/contacts", "").expect(t, 401, "unauthorized")
	// A session's cookie is no key, and a key is no session.
	d.send("GET", d.agent+"/v1/company/contacts", "", d.signIn("ann")...).expect(t, 401, "unauthorized")
	d.send("GET", d.agent+"/v1/records", "", "Authorization", "Bearer "+reader).expect(t, 401, "unauthorized")

	id := strings.Split(reader, "_")[1]
	if err := app.NewControl(d.config).RevokeKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	d.company("GET", "", "", reader).expect(t, 401, "unauthorized")
}

func TestSameIdempotencyKeyMakesOneContact(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir, configuration)
	key := d.key(auth.ContactsRead, auth.ContactsWrite)
	d.company("POST", "", companyAsk, key).expect(t, 400, "idempotency_key_missing")

	answers := make([]answer, 8)
	var senders sync.WaitGroup
	for i := range answers {
		senders.Go(func() { answers[i] = d.company("POST", "", companyAsk, key, "Idempotency-Key", "order-7") })
	}
	senders.Wait()
	fresh := 0
	for _, a := range answers {
		if a.Status != http.StatusCreated || string(a.Body) != string(answers[0].Body) {
			t.Errorf("answer %d %s differs from %s", a.Status, a.Body, answers[0].Body)
		}
		if a.Header.Get("Idempotency-Replayed") != "true" {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d answers are first ones, want 1", fresh)
	}
	other := strings.Replace(companyAsk, "123456", "123457", 1)
	d.company("POST", "", other, key, "Idempotency-Key", "order-7").expect(t, 422, "idempotency_key_reused")

	// A refusal is an answer too; a refusal that passes with time is not.
	bad := strings.Replace(companyAsk, "030 123456", "112", 1)
	for range 2 {
		d.company("POST", "", bad, key, "Idempotency-Key", "bad").expect(t, 422, "number_emergency")
	}

	d.stop()
	d = start(t, dir, configuration)
	again := d.company("POST", "", companyAsk, key, "Idempotency-Key", "order-7")
	if string(again.Body) != string(answers[0].Body) || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("after a restart %d %s, want %s", again.Status, again.Body, answers[0].Body)
	}
	list := d.company("GET", "", "", key)
	if contacts, _ := list.field("contacts").([]any); len(contacts) != 1 {
		t.Errorf("contacts %s", list.Body)
	}
	// Another key's words are its own.
	d.company("POST", "", companyAsk, d.key(auth.ContactsWrite), "Idempotency-Key", "order-7").expect(t, 409, "duplicate_number")
}

func TestFullQueueMayBeTriedAgainWithTheSameKey(t *testing.T) {
	d := run(t)
	key := d.key(auth.ContactsRead, auth.ContactsWrite)
	ask := func(number, word string) answer {
		return d.company("POST", "", fmt.Sprintf(`{"queue":"hidden","kind":"callback_turn","number":%q}`, number), key, "Idempotency-Key", word)
	}
	first := ask("030 123456", "one")
	ask("030 123457", "two").expect(t, 503, "queue_full")
	d.company("DELETE", "/"+first.text("contact"), "", key)
	if a := ask("030 123457", "two"); a.Status != http.StatusCreated {
		t.Errorf("tried again: %d %s", a.Status, a.Body)
	}
}

func TestNothingPersonalIsInJournalOrTables(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir, configuration)
	key := d.key(auth.ContactsRead, auth.ContactsWrite)
	if a := d.company("POST", "", companyAsk, key, "Idempotency-Key", "k"); a.Status != http.StatusCreated {
		t.Fatalf("create %d %s", a.Status, a.Body)
	}
	if a := d.ask(askSales + `,"number":"030 7654321","page":"http://localhost:8090/cart?item=unusual"`); a.Status != http.StatusCreated {
		t.Fatalf("create %d %s", a.Status, a.Body)
	}
	d.stop()
	for _, secret := range []string{"4930123456", "30123456", "49307654321", "7654321", "order 7", "item=unusual", password} {
		if where := search(t, dir, secret); where != "" {
			t.Errorf("%q is readable in %s", secret, where)
		}
	}
	if search(t, dir, "sales") == "" {
		t.Error("the search finds nothing at all: it would miss the others too")
	}
}

func TestProblemsAreDocuments(t *testing.T) {
	d := run(t)
	a := d.ask(`"queue":"sales","kind":"x","number":7`)
	a.expect(t, 422, "invalid_request")
	var p struct {
		Type, Title, Detail string
		Status              int
		Errors              []struct{ Location, Message string }
	}
	if err := json.Unmarshal(a.Body, &p); err != nil || p.Type != "about:blank" || p.Status != 422 || len(p.Errors) < 2 {
		t.Errorf("%v %s", err, a.Body)
	}
	if strings.Contains(string(a.Body), `"value"`) {
		t.Errorf("the problem repeats what was sent: %s", a.Body)
	}
}
