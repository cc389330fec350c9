package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// memTable is a table in memory whose entries expire by the test's clock.
type memTable struct {
	now     func() time.Time
	entries map[string]memEntry
}

type memEntry struct {
	value   []byte
	expires time.Time
}

func (m *memTable) Put(_ context.Context, key string, value []byte, expires time.Time) error {
	m.entries[key] = memEntry{bytes.Clone(value), expires}
	return nil
}

func (m *memTable) Delete(_ context.Context, key string) error {
	delete(m.entries, key)
	return nil
}

func (m *memTable) Each(prefix string, fn func(string, []byte) bool) error {
	for _, key := range slices.Sorted(maps.Keys(m.entries)) {
		e := m.entries[key]
		if strings.HasPrefix(key, prefix) && (e.expires.IsZero() || m.now().Before(e.expires)) && !fn(key, e.value) {
			return nil
		}
	}
	return nil
}

// clock is moved by the test.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func setUp() (*clock, *memTable) {
	c := &clock{time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	return c, &memTable{c.now, map[string]memEntry{}}
}

func open(t *testing.T, c *clock, table Table) *Tokens {
	t.Helper()
	tokens, err := OpenTokens(context.Background(), TokenOptions{
		Table: table, Contact: 24 * time.Hour, Room: 2 * time.Minute, Rotate: 48 * time.Hour, Now: c.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

const contact = "0123456789abcdef0123456789abcdef"

func TestPasswords(t *testing.T) {
	hash, err := HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$") || ValidHash(hash) != nil {
		t.Errorf("hash %s (%v)", hash, ValidHash(hash))
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false, strings.Repeat("x", 5000): false} {
		if ok, err := CheckPassword(hash, password); ok != want || err != nil {
			t.Errorf("%.20q: %v %v", password, ok, err)
		}
	}
	if ok, err := CheckPassword("", ""); ok || err != nil {
		t.Errorf("an unknown user signs in: %v %v", ok, err)
	}
	for _, broken := range []string{
		"plain", "$argon2i$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=1,t=0,p=0$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=99999999,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=64,t=3,p=1$$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=64,t=3,p=1$c2FsdHNhbHQ$",
	} {
		if _, err := CheckPassword(broken, "x"); err == nil || ValidHash(broken) == nil {
			t.Errorf("%q passes for a hash", broken)
		}
	}
	if _, err := HashPassword("short"); err == nil {
		t.Error("a short password is accepted")
	}
}

func TestTokens(t *testing.T) {
	c, table := setUp()
	ctx := context.Background()
	tokens := open(t, c, table)
	forContact, err := tokens.IssueContact(ctx, contact)
	if err != nil {
		t.Fatal(err)
	}
	who := Person{Room: contact, Subject: SubjectAgent + "ann", Name: "Ann", Supervisor: true}
	inRoom, err := tokens.IssueRoom(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.IssueRoom(ctx, Person{Room: contact, Subject: "root"}); err == nil {
		t.Error("a token is issued for nobody we know")
	}
	tokens = open(t, c, table) // Keys outlive a restart.
	if got, err := tokens.VerifyContact(forContact); got != contact || err != nil {
		t.Errorf("contact token: %s %v", got, err)
	}
	if got, err := tokens.VerifyRoom(inRoom); got != who || err != nil {
		t.Errorf("room token: %+v %v", got, err)
	}
	if _, err := tokens.VerifyContact(inRoom); !errors.Is(err, ErrInvalid) {
		t.Errorf("a room token passes for a contact's: %v", err)
	}
	if _, err := tokens.VerifyRoom(forContact); !errors.Is(err, ErrInvalid) {
		t.Errorf("a contact token passes for a room's: %v", err)
	}
	c.at = c.at.Add(2 * time.Minute)
	if _, err := tokens.VerifyRoom(inRoom); !errors.Is(err, ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
}

// No change of a single character, and no key of another installation, gives a token that passes.
func TestForgedTokens(t *testing.T) {
	c, table := setUp()
	tokens := open(t, c, table)
	token, err := tokens.IssueContact(context.Background(), contact)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(token) {
		for _, x := range []byte("A.b1") {
			if token[i] == x {
				continue
			}
			forged := token[:i] + string(x) + token[i+1:]
			if got, err := tokens.VerifyContact(forged); err == nil {
				t.Fatalf("changed at %d it passes for %s", i, got)
			}
		}
	}
	_, elsewhere := setUp()
	foreign, err := open(t, c, elsewhere).IssueContact(context.Background(), contact)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{foreign, "", "v1", "v1...", token + ".", strings.Repeat("a.", 5000), strings.TrimPrefix(token, "v1.")} {
		if _, err := tokens.VerifyContact(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

func TestKeysRotateAndOldOnesVerify(t *testing.T) {
	c, table := setUp()
	ctx := context.Background()
	tokens := open(t, c, table)
	old, err := tokens.IssueContact(ctx, contact)
	if err != nil {
		t.Fatal(err)
	}
	kid := func(token string) string { return strings.Split(token, ".")[1] }
	c.at = c.at.Add(47 * time.Hour)
	late, err := tokens.IssueContact(ctx, contact)
	if err != nil || kid(late) != kid(old) {
		t.Fatalf("rotated before its time (%v)", err)
	}
	c.at = c.at.Add(2 * time.Hour)
	next, err := tokens.IssueContact(ctx, contact)
	if err != nil || kid(next) == kid(old) {
		t.Fatalf("not rotated (%v)", err)
	}
	for _, tokens := range []*Tokens{tokens, open(t, c, table)} {
		if _, err := tokens.VerifyContact(late); err != nil {
			t.Errorf("a token of the key before: %v", err)
		}
	}
	c.at = c.at.Add(30 * 24 * time.Hour)
	if _, err := open(t, c, table).VerifyContact(late); err == nil {
		t.Error("a token of a key that is gone passes")
	}
}

func TestRevokedWithTheContact(t *testing.T) {
	c, table := setUp()
	ctx := context.Background()
	tokens := open(t, c, table)
	customer := func(room string) string {
		token, err := tokens.IssueRoom(ctx, Person{Room: room, Subject: SubjectCustomer})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	before, other := customer(contact), customer("fedcba9876543210fedcba9876543210")
	reading, _ := tokens.IssueContact(ctx, contact)
	wrapUp, _ := tokens.IssueRoom(ctx, Person{Room: contact, Subject: SubjectAgent + "ann"})
	if _, err := tokens.VerifyRoom(before); err != nil {
		t.Fatalf("before the end: %v", err)
	}
	if err := tokens.Revoke(ctx, contact); err != nil {
		t.Fatal(err)
	}
	tokens = open(t, c, table) // A restart changes nothing.
	for name, token := range map[string]string{"before": before, "after": customer(contact)} {
		if _, err := tokens.VerifyRoom(token); !errors.Is(err, ErrInvalid) {
			t.Errorf("the customer's room token from %s the end: %v", name, err)
		}
	}
	if _, err := tokens.VerifyRoom(other); err != nil {
		t.Errorf("another contact's token: %v", err)
	}
	if _, err := tokens.VerifyRoom(wrapUp); err != nil {
		t.Errorf("the agent in wrap-up: %v", err)
	}
	if _, err := tokens.VerifyContact(reading); err != nil {
		t.Errorf("the customer who reads how it ended: %v", err)
	}
}

func TestSessions(t *testing.T) {
	c, table := setUp()
	ctx := context.Background()
	sessions := NewSessions(table, time.Hour, c.now)
	id, _, err := sessions.Start(ctx, "ann", "hash")
	if err != nil {
		t.Fatal(err)
	}
	for key, e := range table.entries {
		if strings.Contains(key, id) || bytes.Contains(e.value, []byte(id)) {
			t.Error("the session's id is stored in clear")
		}
	}
	for range 5 { // Used, it lives on.
		c.at = c.at.Add(50 * time.Minute)
		if s, err := sessions.Find(ctx, id); err != nil || s.User != "ann" {
			t.Fatalf("%v %v", s, err)
		}
	}
	for _, bad := range []string{"", "x", id + "x", strings.Repeat("x", 1000)} {
		if _, err := sessions.Find(ctx, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	c.at = c.at.Add(61 * time.Minute)
	if _, err := sessions.Find(ctx, id); err == nil {
		t.Error("an idle session lives on")
	}
	one, _, _ := sessions.Start(ctx, "ann", "hash")
	two, kept, _ := sessions.Start(ctx, "bob", "hash")
	if err := sessions.End(ctx, one); err != nil {
		t.Fatal(err)
	}
	if _, err := sessions.Find(ctx, one); !errors.Is(err, ErrInvalid) {
		t.Errorf("after the end: %v", err)
	}
	if found, err := sessions.Find(ctx, two); err != nil || !found.Holds("hash") || !kept.Holds("hash") {
		t.Errorf("another's session: %+v %v", found, err)
	}
	for hash, want := range map[string]bool{"hash": true, "another": false} {
		users, err := sessions.Users(func(string) string { return hash })
		if err != nil || users["bob"] != want || users["ann"] {
			t.Errorf("with the password %s: %v %v", hash, users, err)
		}
	}
	if kept.Holds("another") {
		t.Error("a session outlives a new password")
	}
}

func TestCookieAndUnsafeRequests(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := httptest.NewRecorder()
		SetCookie(w, "id", secure)
		header := w.Header().Get("Set-Cookie")
		if !strings.Contains(header, "HttpOnly") || !strings.Contains(header, "SameSite=Strict") || strings.Contains(header, "Secure") != secure {
			t.Errorf("cookie %s", header)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
		if Cookie(r, secure) != "id" || Cookie(r, !secure) != "" {
			t.Error("the cookie is not read as it was set")
		}
	}
	request := func(method string, header http.Header) error {
		r := httptest.NewRequest(method, "/v1/desk/ready", nil)
		r.Header = header
		return CheckUnsafe(r)
	}
	ours := http.Header{UnsafeHeader: {"1"}}
	if request("GET", nil) != nil || request("POST", ours) != nil || request("DELETE", http.Header{UnsafeHeader: {"1"}, "Sec-Fetch-Site": {"same-origin"}}) != nil {
		t.Error("the desk's own requests are refused")
	}
	for _, site := range []string{"cross-site", "same-site"} {
		if err := request("POST", http.Header{UnsafeHeader: {"1"}, "Sec-Fetch-Site": {site}}); !errors.Is(err, ErrForbidden) {
			t.Errorf("a %s request: %v", site, err)
		}
	}
	if err := request("POST", nil); !errors.Is(err, ErrForbidden) {
		t.Errorf("a request without the header: %v", err)
	}
}

func TestAPIKeys(t *testing.T) {
	c, table := setUp()
	ctx := context.Background()
	keys := NewAPIKeys(table, c.now)
	text, made, err := keys.Make(ctx, "shop", []Scope{ContactsRead}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table.entries {
		if bytes.Contains(e.value, []byte(text)) {
			t.Error("the key is stored in clear")
		}
	}
	got, err := keys.Find(text)
	if err != nil || got.Name != "shop" || !got.Allows(ContactsRead) || got.Allows(ContactsWrite) {
		t.Fatalf("%+v %v", got, err)
	}
	for _, bad := range []string{"", "ck__", "ck_" + made.ID + "_x", text + "x", strings.ToUpper(text), "ck_" + made.ID[:6] + "_" + base64.RawURLEncoding.EncodeToString(make([]byte, 32))} {
		if _, err := keys.Find(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.30q: %v", bad, err)
		}
	}
	for _, c := range []struct {
		name   string
		scopes []Scope
	}{{"", []Scope{ContactsRead}}, {"x", nil}, {"x", []Scope{"everything"}}} {
		if _, _, err := keys.Make(ctx, c.name, c.scopes, 0); err == nil {
			t.Errorf("a key %+v is made", c)
		}
	}
	if list, err := keys.List(); err != nil || len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("list %v %v", list, err)
	}
	if err := keys.Revoke(ctx, "unknown"); !errors.Is(err, ErrInvalid) {
		t.Errorf("revoking an unknown key: %v", err)
	}
	if err := keys.Revoke(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Find(text); !errors.Is(err, ErrInvalid) {
		t.Errorf("a revoked key: %v", err)
	}
	short, _, _ := keys.Make(ctx, "short", []Scope{ContactsRead}, time.Minute)
	c.at = c.at.Add(time.Minute)
	if _, err := keys.Find(short); err == nil {
		t.Error("a key passes after its time")
	}
}
