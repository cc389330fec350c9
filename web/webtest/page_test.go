package webtest

import (
	"strings"
	"testing"
)

// ask fills the customer's form and sends it.
func ask(w *window, number, consent string) {
	w.t.Helper()
	w.press(panel(".launch"))
	w.fill(panel("#number"), number)
	w.press(panel("[name=consent][value=" + consent + "]"))
	w.press(panel("button[type=submit]"))
}

func TestCustomerAsksAndIsTold(t *testing.T) {
	f := newFake(t)
	w := newWindow(t, "customer", f.shopURL+"/", 1000, 760)
	w.press(panel(".launch"))
	w.until("told that somebody is free", text(panel(".lead"), "free to talk"))
	w.until("button says so", text(panel("button[type=submit]"), "Call me now"))
	w.shot("page-ask")

	// Nothing is sent before number and consent are given.
	w.press(panel("button[type=submit]"))
	w.until("asked for the number", text(panel(".body .bad"), "fill this in"))
	w.fill(panel("#number"), "123")
	w.press(panel("button[type=submit]"))
	w.until("asked for the choice", text(panel(".body .bad"), "choose one"))
	w.press(panel("[name=consent][value=no]"))
	w.press(panel("button[type=submit]"))
	w.until("told that the number is wrong", text(panel(".body .bad"), "not a telephone number"))
	w.fill(panel("#number"), "030 123456")
	w.press(panel("button[type=submit]"))

	w.until("told the place", text(panel(".lead"), "number 3 in line"))
	_, state := f.only()
	w.shot("page-waiting")
	f.change(func() { state["place"] = 1 })
	w.until("told that he is next", text(panel(".lead"), "next in line"))

	// The number is changed, over a page load in between.
	w.press(css("nav a[href='/about']"))
	w.until("the next page knows", "location.pathname === '/about' && "+text(panel(".lead"), "next in line"))
	w.press(panel(".change"))
	w.fill(panel("#number"), "030 123477")
	w.press(panel("form button[type=submit]"))
	w.until("the new number is shown", text(panel(".body"), "ending in 77"))

	f.change(func() { state["state"], state["place"] = "calling", 0 })
	w.until("told of the call", text(panel(".lead"), "calling you now"))
	f.change(func() { state["state"], state["agent_name"], state["connected_at"] = "connected", "Ann", now() })
	w.until("told who it is", text(panel(".lead"), "talking to Ann"))
	f.change(func() { state["state"], state["termination"] = "ended", "agent_hung_up" })
	w.until("told that it is over", text(panel(".body"), "Thank you"))
	w.shot("page-ended")
	w.press(panel(".body > div > .main"))
	w.until("may ask again", text(panel("button[type=submit]"), "Call me now"))
	if sent := w.until("what was sent", "'sent: ' + window.sent.join()"); sent != "sent: " {
		t.Errorf("without consent a socket carried %s", sent)
	}
}

func TestCustomerCancels(t *testing.T) {
	f := newFake(t)
	f.avail["free"], f.avail["waiting"] = 0, 4
	w := newWindow(t, "customer", f.shopURL+"/products", 1000, 760)
	w.press(panel(".launch"))
	w.until("told that all are busy", text(panel(".lead"), "Everyone is talking"))
	w.until("told place and wait", text(panel(".body"), "number 5 in line. Expected wait"))
	w.until("offered his turn", text(panel("button[type=submit]"), "when it is my turn"))
	w.shot("page-busy")
	w.fill(panel("#number"), "030 123456")
	w.press(panel("[name=consent][value=no]"))
	w.press(panel("button[type=submit]"))
	body := f.wasAsked("POST", "contacts").Body
	if kind := body["kind"]; kind != "callback_turn" {
		t.Errorf("kind %v was asked, want callback_turn", kind)
	}
	if page, told := body["page"]; told {
		t.Errorf("without consent the page %v was told", page)
	}
	w.press(panel(".cancel"))
	w.until("told that it is cancelled", text(panel(".body"), "cancelled"))
}

func TestUnreachableShowsPhone(t *testing.T) {
	f := newFake(t)
	w := newWindow(t, "customer", f.shopURL+"/", 1000, 760)
	w.until("the script is there", "!!window.contactd && !!"+panel(".launch"))
	f.mu.Lock()
	f.down = true
	f.mu.Unlock()
	w.press(panel(".launch"))
	w.until("told that nothing is reachable", text(panel(".lead"), "cannot be reached"))
	w.until("shown the plain number", panel("a[href='tel:+4930123456']")+"?.checkVisibility()")
	w.shot("page-unreachable")
	f.mu.Lock()
	f.down = false
	f.mu.Unlock()
	w.until("back when the server is", text(panel(".lead"), "free to talk"))
}

func TestHeadlessAndEvents(t *testing.T) {
	f := newFake(t)
	w := newWindow(t, "customer", f.shopURL+"/headless", 1000, 760)
	w.until("the script is there", "window.contactd?.availability?.free === 1")
	w.until("no panel is shown", "!document.querySelector('[data-contactd-ui]')")
	if _, err := eval[bool](w, `(() => { window.heard = []; for (const n of ["state", "problem"]) addEventListener("contactd:" + n, e => heard.push([n, e.detail.state || e.detail.code]));
		contactd.request("callback_now", "1", false).catch(() => contactd.request("callback_now", "030 123456", false)); return true })()`); err != nil {
		t.Fatal(err)
	}
	w.until("the page's code heard both", `JSON.stringify(heard).includes('["problem","number_invalid"],["state","waiting"]')`)
	w.until("cancels", "!window.cancelling && (window.cancelling = contactd.cancel(), true)")
	w.until("and heard of it", `heard.at(-1)[1] === "ended"`)
}

// TestPrivateFieldsStay types into every field and looks at every byte that left the browser.
func TestPrivateFieldsStay(t *testing.T) {
	f := newFake(t)
	w := newWindow(t, "customer", f.shopURL+"/checkout?token=secret-in-address&size=3#fragment", 1000, 900)
	ask(w, "030 123456", "yes")
	w.until("told that the page is shared", text(panel(".share"), "agent can see"))
	w.press(panel(".close"))
	for _, field := range []struct{ id, value string }{
		{"name", "shared-name"}, {"town", "shared-town"}, {"note", "private-note"}, {"email", "private-mail"},
		{"password", "private-password"}, {"card", "4111111111111111"}, {"cvc", "private-cvc"}, {"pin", "private-pin"}, {"street", "shared-street"},
	} {
		w.fill(css("#"+field.id), field.value)
	}
	w.press(css("#gift"))
	w.until("the last field left", `window.sent.join().includes("order/gift/yes")`)
	sent := w.until("what was sent", "window.sent.join('\\n')")
	for _, shared := range []string{"shared-name", "shared-town", "shared-street"} {
		if !strings.Contains(sent, shared) {
			t.Errorf("%q is marked as shared and was not sent", shared)
		}
	}
	if page := f.wasAsked("POST", "contacts").Body["page"]; page != f.shopURL+"/checkout?size=3" {
		t.Errorf("the request told the page %v", page)
	}
	for _, secret := range []string{"private-", "4111", "secret-in-address", "fragment"} {
		if strings.Contains(sent, secret) {
			t.Errorf("%q left the browser: %s", secret, sent)
		}
	}
}
