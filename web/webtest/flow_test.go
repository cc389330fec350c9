package webtest

import (
	"context"
	"strings"
	"testing"

	"contactd/testbed/phones"
)

// nowhere is the PBX of a telephone outside, which is only called.
const nowhere = "127.0.0.1:9"

// telephone makes a telephone of the test's.
func telephone(t *testing.T, options phones.Options) *phones.Phone {
	t.Helper()
	p, err := phones.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("telephone %q: %v", options.User, p.Events())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// within bounds a wait.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// register gives an agent the telephone that the configuration speaks of.
func (w *world) register(agent string, behaviour phones.Behaviour, tone float64) *phones.Phone {
	w.t.Helper()
	p := telephone(w.t, phones.Options{PBX: w.pbx.SIP(), User: agent, Password: "phone-" + agent, Behaviour: behaviour, AutoAnswer: true, Tone: tone})
	if err := p.Register(within(w.t)); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func awaitEvent(t *testing.T, p *phones.Phone, kind phones.Kind) phones.Event {
	t.Helper()
	event, err := p.Await(within(t), kind)
	if err != nil {
		t.Fatalf("%s: %v; there were %v", kind, err, p.Events())
	}
	return event
}

// TestLiveCallMeNow is the product's main flow: page, offer, two telephones, one shared page.
func TestLiveCallMeNow(t *testing.T) {
	outside := telephone(t, phones.Options{PBX: nowhere, User: "customer", CallWaiting: true, Tone: 700})
	w := newWorld(t, outside.Address(), "ann")
	ann := w.register("ann", phones.RingOnly(), 440)
	desk := w.desk("ann")
	customer := newWindow(t, "customer", w.shop+"/about", 1000, 700)
	ask(customer, "030 123456", "yes")

	// Offered, with a sound, a notification and the page, before anybody has answered.
	desk.until("offered", text(css("#offer"), "Call-back now"))
	desk.until("it rings", "document.documentElement.dataset.ringing && window.notified.length === 1")
	frame := desk.frame(css("#page"), w.shop+"/about")
	frame.until("the page is there already", text(css("h1"), "About us"))
	desk.until("a preview may not push", css("#push")+".disabled")
	awaitEvent(t, ann, phones.Invited)
	customer.until("told that somebody is asked", text(panel(".lead"), "asking an agent"))
	desk.shot("live-offer")

	// Accepting on the desk answers a telephone that can; then the customer is called.
	desk.press(css("#accept"))
	annCall := awaitEvent(t, ann, phones.Answered).Call
	outsideCall := awaitEvent(t, outside, phones.Answered).Call
	if got := outsideCall.Number; !strings.HasSuffix(got, "4930123456") {
		t.Errorf("%q was called, want 4930123456", got)
	}
	desk.until("connected", text(css("#contact-state"), "Connected"))
	customer.until("told who it is", text(panel(".lead"), "talking to ann"))
	for _, heard := range []struct {
		call *phones.Call
		hz   float64
	}{{annCall, 700}, {outsideCall, 440}} {
		if err := heard.call.AwaitTone(within(t), heard.hz); err != nil {
			t.Errorf("no sound of %v Hz: %v", heard.hz, err)
		}
	}
	desk.until("number and address are shown", text(css("#contact"), "123456")+" && "+text(css("#contact"), "127.0.0.1"))

	// Navigation, scroll and pointers.
	customer.press(panel(".close"))
	customer.until("scrolls", "(scrollTo(0, 200), scrollY === 200)")
	frame.until("the desk's page follows", "scrollY === 200")
	frame.until("the agent scrolls", "(scrollTo(0, 60), scrollY === 60)")
	customer.until("the customer's page follows", "scrollY === 60")
	customer.point(css("h2"))
	frame.until("the customer's pointer", pointer)
	frame.point(css("h2:nth-of-type(3)"))
	customer.until("the agent's pointer", pointer)
	customer.shot("live-talk")
	desk.shot("live-talk")
	customer.press(css("nav a[href='/checkout']"))
	frame = desk.frame(css("#page"), w.shop+"/checkout")
	customer.until("mirrored again", "location.pathname === '/checkout' && !!window.contactd")

	// Marked fields are shared, others never leave the browser.
	customer.fill(css("#password"), "private-password")
	customer.fill(css("#card"), "4111111111111111")
	customer.fill(css("#note"), "private-note")
	customer.fill(css("#town"), "Freiburg")
	frame.until("the shared field follows", css("#town")+".value === 'Freiburg'")
	if sent := customer.until("what was sent", "window.sent.join()"); strings.Contains(sent, "private-") || strings.Contains(sent, "4111") {
		t.Errorf("a private field left the browser: %s", sent)
	}
	desk.shot("live-form")

	// The agent pushes a page; a second tab and a reload change nothing.
	desk.fill(css("#address"), w.shop+"/products/lamp")
	desk.press(css("#push"))
	customer.until("taken along", "location.pathname === '/products/lamp'")
	desk.reload()
	desk.until("still connected after a reload", text(css("#contact-state"), "Connected"))
	desk.frame(css("#page"), w.shop+"/products/lamp").until("with the page", text(css("h1"), "Reading lamp"))
	second := desk.tab("ann2", w.agent)
	second.until("the same in a second tab", text(css("#contact-state"), "Connected"))
	customer.reload()
	customer.until("the customer's page too", text(panel(".launch"), "talking to ann"))
	desk.until("the talk goes on", text(css("#contact-state"), "Connected"))
	if events := ann.Events(); events[len(events)-1].Kind == phones.Ended {
		t.Error("a reload or a second tab ended the call")
	}

	// Hang-up: both legs end, the room closes for the customer, the agent reads on and wraps up.
	desk.press(css("#hang-up"))
	awaitEvent(t, ann, phones.Ended)
	awaitEvent(t, outside, phones.Ended)
	customer.until("told that it is over", text(panel(".launch"), "has ended"))
	desk.until("wraps up", text(css("#wrap-up"), "Wrap-up ends in"))
	desk.until("the page stays readable", text(css(".beside"), "stays readable"))
	desk.shot("live-wrap-up")
	before := desk.until("time left", css("#wrap-up .clock")+".textContent")
	desk.press(css("#extend-wrap-up"))
	desk.until("more time than "+before, `(() => { const s = t => t.split(":").reduce((a, b) => a * 60 + +b, 0); return s(`+css("#wrap-up .clock")+`.textContent) > s(`+quote(before)+`); })()`)
	desk.press(css("#end-wrap-up"))
	desk.until("ready again", text(css("#agent-state"), "Ready"))
	second.until("in the second tab too", text(css("#agent-state"), "Ready"))
	w.pbx.AssertNothingLeft(t)
}

// TestLiveTwoCustomersNeverMix: two customers behind one network address, one of whom shares nothing.
func TestLiveTwoCustomersNeverMix(t *testing.T) {
	outside := telephone(t, phones.Options{PBX: nowhere, User: "customer", CallWaiting: true})
	w := newWorld(t, outside.Address(), "ann", "bob")
	w.register("ann", phones.Answer(0), 0)
	w.register("bob", phones.Answer(0), 0)
	ann, bob := w.desk("ann"), w.desk("bob")

	first := newWindow(t, "first", w.shop+"/products/kettle", 900, 700)
	ask(first, "030 111111", "yes")
	desk, other := ann, bob
	if _, ok := ann.await(limit, text(css("#contact-state"), "Connected")); !ok {
		desk, other = bob, ann
		desk.until("connected", text(css("#contact-state"), "Connected"))
	}
	second := newWindow(t, "second", w.shop+"/about", 900, 700)
	ask(second, "030 222222", "no")
	other.until("connected", text(css("#contact-state"), "Connected"))
	desk.frame(css("#page"), w.shop+"/products/kettle").until("the first one's page", text(css("h1"), "Copper kettle"))
	desk.until("the first one's number", text(css("#caller"), "111111"))
	other.until("the second one's number", text(css("#caller"), "222222"))
	other.until("nothing is shared", text(css(".beside"), "does not share a page"))

	second.press(css("nav a[href='/products']"))
	second.until("goes on alone", "location.pathname === '/products'")
	desk.fill(css("#address"), w.shop+"/products/chair")
	desk.press(css("#push"))
	first.until("taken along", "location.pathname === '/products/chair'")
	second.until("left alone", "location.pathname === '/products'")
	other.until("still nothing is shared", "!"+css("#page")+" && "+text(css(".beside"), "does not share a page"))

	// The first one withdraws; the second one starts to share.
	first.press(panel(".share button"))
	desk.until("withdrawn", text(css(".beside"), "stopped sharing"))
	second.press(panel(".share button"))
	other.frame(css("#page"), w.shop+"/products").until("shared now", text(css("h1"), "Products"))
	desk.until("the first one's is still gone", "!"+css("#page"))

	// A customer who hangs up ends it for both.
	for _, call := range outside.Calls() {
		if err := call.HangUp(within(t)); err != nil {
			t.Error(err)
		}
	}
	ann.until("ann wraps up", text(css("#wrap-up"), "Wrap-up ends in"))
	bob.until("bob wraps up", text(css("#wrap-up"), "Wrap-up ends in"))
	w.pbx.AssertNothingLeft(t)
}

// TestLiveDesk: what an agent does beside talking, and what happens when he does not answer.
func TestLiveDesk(t *testing.T) {
	outside := telephone(t, phones.Options{PBX: nowhere, User: "customer", CallWaiting: true})
	w := newWorld(t, outside.Address(), "ann")
	ann := w.register("ann", phones.RingOnly(), 0)
	desk := w.desk("ann")
	desk.press(css("#go-not-ready"))
	desk.press(css("[data-reason=lunch]"))
	desk.until("not ready, with the reason", text(css("#agent-state"), "Not ready · Lunch"))

	customer := newWindow(t, "customer", w.shop+"/", 1000, 760)
	customer.press(panel(".launch"))
	customer.until("told that nobody is free", text(panel(".lead"), "Everyone is talking"))
	customer.fill(panel("#number"), "030 123456")
	customer.press(panel("[name=consent][value=no]"))
	customer.press(panel("button[type=submit]"))
	customer.until("told the place", text(panel(".lead"), "next in line"))
	desk.until("the queue shows one waiting", text(css("[data-queue=sales]"), "1 waiting"))
	customer.shot("live-waiting")

	desk.press(css("#go-ready"))
	desk.until("offered", css("#offer"))
	awaitEvent(t, ann, phones.Invited)
	desk.press(css("#reject"))
	awaitEvent(t, ann, phones.Cancelled)
	desk.until("no offer any more", "!"+css("#offer"))
	customer.until("keeps the place", text(panel(".lead"), "next in line"))

	customer.press(panel(".cancel"))
	customer.until("cancelled", text(panel(".body"), "cancelled"))
	desk.until("nobody waits", text(css("[data-queue=sales]"), "0 waiting"))
	desk.press(css("#sign-out"))
	desk.until("signed out", css("#user"))
	w.pbx.AssertNothingLeft(t)
}
