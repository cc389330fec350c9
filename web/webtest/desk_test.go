package webtest

import (
	"testing"

	pagesync "contactd/sync"
)

func signIn(w *window) {
	w.t.Helper()
	w.fill(css("#user"), "ann")
	w.fill(css("#password"), "secret")
	w.press(css(".sign-in button"))
	w.until("signed in", css("#agent-state"))
}

func TestDeskSignInAndReady(t *testing.T) {
	f := newFake(t)
	w := newWindow(t, "desk", f.agent.URL, 1280, 800)
	w.until("asked to sign in", css("#user"))
	w.shot("desk-sign-in")
	w.fill(css("#user"), "ann")
	w.fill(css("#password"), "wrong")
	w.press(css(".sign-in button"))
	w.until("told that it is wrong", text(css(".bad"), "wrong"))
	w.fill(css("#password"), "secret")
	w.press(css(".sign-in button"))
	w.until("not ready", text(css("#agent-state"), "Not ready"))
	w.until("queues are shown", text(css("[data-queue=support]"), "cannot tell"))

	w.press(css("#go-ready"))
	f.wasAsked("POST", "desk/ready")
	agent := f.desk["agent"].(object)
	f.change(func() { agent["state"] = "ready" })
	w.until("ready", text(css("#agent-state"), "Ready"))
	w.shot("desk-ready")
	w.press(css("#go-not-ready"))
	w.press(css("[data-reason=lunch]"))
	if got := f.wasAsked("POST", "desk/not-ready").Body["reason"]; got != "lunch" {
		t.Errorf("reason %v, want lunch", got)
	}
	f.change(func() { agent["state"], agent["reason"] = "not_ready", "missed" })
	w.until("told why", text(css(".card.idle"), "did not answer the last call"))

	// A reload and a second tab show the same and ask for nothing.
	f.mu.Lock()
	before := len(f.asked)
	f.mu.Unlock()
	w.reload()
	w.until("the same after a reload", text(css("#agent-state"), "Missed a call"))
	second := w.tab("desk2", f.agent.URL)
	second.until("the same in a second tab", text(css("#agent-state"), "Missed a call"))
	f.mu.Lock()
	if len(f.asked) != before {
		t.Errorf("a reload and a second tab asked for %v", f.asked[before:])
	}
	f.mu.Unlock()

	second.do(pickLanguage)
	second.until("German", text(css("#agent-state"), "Nicht bereit · Anruf verpasst"))

	f.mu.Lock()
	f.deskAlive = false
	f.mu.Unlock()
	f.endStreams()
	w.until("told that the connection is lost", text(css("#banners"), "Connection lost"))
	f.mu.Lock()
	f.deskAlive = true
	f.mu.Unlock()
	w.until("told that it is back", "!"+css("#banners")+".textContent.includes('Connection lost')")
	w.press(css("#sign-out"))
	w.until("signed out", css("#user"))
}

func TestDeskOfferToWrapUp(t *testing.T) {
	f := newFake(t)
	w := newWindow(t, "desk", f.agent.URL, 1280, 800)
	signIn(w)
	agent := f.desk["agent"].(object)
	id := random()
	if err := f.rooms.begin(id, "", false); err != nil {
		t.Fatal(err)
	}
	f.rooms.bind(t, id, pagesync.RolePreview)
	f.change(func() {
		agent["state"] = "offered"
		f.desk["offer"] = object{"offer": "41", "contact": id, "queue": "sales", "title": "Sales", "kind": "callback_now",
			"made": now(), "until": "2999-01-01T00:00:00Z", "accepted": false}
	})
	w.until("the offer is shown", text(css("#offer"), "Call-back now"))
	w.until("it rings", `document.documentElement.dataset.ringing === "41"`)
	w.until("a notification says so", `window.notified.some(n => n.title === "Call for you" && n.tag === "contactd-offer-41")`)
	w.shot("desk-offer")
	w.alt("a")
	f.wasAsked("POST", "desk/offers/41/accept")
	contact := object{"contact": id, "kind": "callback_now", "queue": "sales", "state": "calling", "caller": "+49 30 123456",
		"address": "192.0.2.7", "page_shared": false, "attempt": 1, "connected_at": "", "termination": "", "agent_name": "Ann", "number_hint": "56",
		"place": 0, "next_attempt": "", "estimate": object{"known": false}}
	f.change(func() { agent["state"], f.desk["offer"], f.desk["contact"] = "talking", nil, contact })
	w.until("the customer is called", text(css("#contact"), "Calling the customer"))
	w.until("the ringing ended", `document.documentElement.dataset.ringing === undefined`)
	f.change(func() { contact["state"], contact["connected_at"] = "connected", now() })
	w.until("connected, with number and clock", text(css("#contact"), "+49 30 123456")+" && /0:0[1-9]/.test("+css("#contact .clock")+"?.textContent)")
	w.until("no page is shared", text(css(".beside"), "does not share a page"))
	w.press(css("#hang-up"))
	f.wasAsked("POST", "desk/contacts/"+id+"/hang-up")
	f.change(func() {
		agent["state"], agent["wrap_up_until"] = "wrap_up", "2999-01-01T00:00:00Z"
		contact["state"], contact["termination"] = "wrapping_up", "agent_hung_up"
	})
	w.until("wrap-up with time left", text(css("#wrap-up"), "Wrap-up ends in"))
	w.shot("desk-wrap-up")
	w.press(css("#extend-wrap-up"))
	f.wasAsked("POST", "desk/wrap-up/extend")
	w.press(css("#end-wrap-up"))
	f.wasAsked("POST", "desk/wrap-up/end")
	w.alt("k")
	w.until("shortcuts are listed", text(css("dialog"), "Hang up"))
	w.shot("desk-keys")
}
