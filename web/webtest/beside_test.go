package webtest

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	pagesync "contactd/sync"
)

// pickLanguage chooses German on the desk.
var pickLanguage = chromedp.Evaluate[chromedp.Void](`(() => { const s = document.querySelector("#language"); s.value = "de"; s.dispatchEvent(new Event("change", {bubbles: true})); })()`)

// talking brings a customer with a shared page and an agent together, on the fake server.
func talking(t *testing.T) (f *fake, customer, desk *window) {
	t.Helper()
	return talkingAt(t, func(*fake) {})
}

func talkingAt(t *testing.T, change func(*fake)) (f *fake, customer, desk *window) {
	t.Helper()
	f = newFake(t)
	change(f)
	customer = newWindow(t, "customer", f.shopURL+"/about", 1000, 700)
	ask(customer, "030 123456", "yes")
	customer.until("shared", text(panel(".share"), "agent can see"))
	customer.press(panel(".close"))
	desk = newWindow(t, "desk", f.agent.URL, 1280, 800)
	signIn(desk)
	id, _ := f.only()
	f.rooms.bind(t, id, pagesync.RoleAgent)
	f.change(func() {
		f.desk["agent"].(object)["state"] = "talking"
		f.desk["contact"] = object{"contact": id, "kind": "callback_now", "queue": "sales", "state": "connected", "caller": "+49 30 123456",
			"address": "127.0.0.1", "page_shared": true, "attempt": 1, "connected_at": now(), "termination": "", "agent_name": "Ann",
			"number_hint": "56", "place": 0, "next_attempt": "", "estimate": object{"known": false}}
	})
	return f, customer, desk
}

// pointer is an expression for where the other one's pointer is drawn.
const pointer = `(() => { const p = document.querySelector("[data-contactd-ui=pointer]"); if (!p || p.hidden) return "";
	const r = p.getBoundingClientRect(); return Math.round(r.x) + "," + Math.round(r.y); })()`

func TestBothSeeTheSamePage(t *testing.T) {
	f, customer, desk := talking(t)
	frame := desk.frame(css("#page"), f.shopURL+"/about")
	frame.until("the page is in the desk", text(css("h1"), "About us"))
	desk.until("the address is shown", css("#address")+".value === "+quote(f.shopURL+"/about"))

	// Scroll, both ways.
	frame.until("at the customer's size", "innerWidth === 1000 && innerHeight === 700")
	customer.until("customer scrolls", "(scrollTo(0, 260), scrollY === 260)")
	frame.until("the desk's page follows", "scrollY === 260")
	frame.until("agent scrolls", "(scrollTo(0, 90), scrollY === 90)")
	customer.until("the customer's page follows", "scrollY === 90")

	// Pointers, both ways: the same spot of the page.
	customer.point(css("h2"))
	frame.until("the customer's pointer", pointer)
	want := customer.until("the customer's spot", `(() => { const r = document.querySelector("h2").getBoundingClientRect(); return Math.round(r.x + r.width / 2) + "," + Math.round(r.y + r.height / 2); })()`)
	frame.until("at the same place "+want, near(pointer, want))
	frame.point(css("h2:nth-of-type(3)"))
	customer.until("the agent's pointer, with the name", `document.querySelector("[data-contactd-ui=pointer]")?.shadowRoot.textContent === "Ann" && `+pointer)
	customer.shot("both")
	desk.shot("both")

	// The customer goes on; the desk's page follows.
	customer.press(css("nav a[href='/checkout']"))
	frame = desk.frame(css("#page"), f.shopURL+"/checkout")
	frame.until("checkout is in the desk", text(css("h1"), "Checkout"))
	customer.until("the customer's page is mirrored again", "document.title && location.pathname === '/checkout' && !!window.contactd")
	customer.fill(css("#town"), "Freiburg")
	frame.until("the shared field follows", css("#town")+".value === 'Freiburg'")
	customer.fill(css("#email"), "me@example.org")
	customer.fill(css("#street"), "Mill Lane 2")
	frame.until("what came later is there", css("#street")+".value === 'Mill Lane 2'")
	frame.until("the private one is not", css("#email")+".value === '' ? 'empty' : ''")
	frame.fill(css("#name"), "Jo")
	customer.until("the agent's help follows", css("#name")+".value === 'Jo'")
	desk.shot("form")

	// The agent pushes a page, and follows a link in the frame: both take the customer along.
	desk.fill(css("#address"), f.shopURL+"/products")
	desk.press(css("#push"))
	customer.until("the customer is taken along", "location.pathname === '/products'")
	frame = desk.frame(css("#page"), f.shopURL+"/products")
	frame.press(css("#lamp a"))
	customer.until("a link in the frame takes both", "location.pathname === '/products/lamp'")
	frame = desk.frame(css("#page"), f.shopURL+"/products/lamp")
	frame.until("and the frame", text(css("h1"), "Reading lamp"))

	// Foreign and dangerous addresses are refused.
	for _, bad := range []string{"https://elsewhere.example/", "javascript:alert(1)", "data:text/html,x"} {
		desk.fill(css("#address"), bad)
		desk.press(css("#push"))
		desk.until("refused: "+bad, text(css("#address-bad"), "Only pages of the shared sites"))
	}

	// A cut connection comes back, and nothing is lost or doubled.
	before := f.rooms.said()
	f.network.cut()
	customer.press(css("a.logo"))
	desk.frame(css("#page"), f.shopURL+"/").until("followed over a lost connection", text(css("h1"), "quiet kitchen"))
	if before == f.rooms.said() {
		t.Error("the navigation after the lost connection did not reach the room")
	}

	// Consent withdrawn: nothing is shown any more, and nothing leaves.
	customer.press(panel(".launch"))
	customer.press(panel(".share button"))
	desk.until("told of it", text(css(".beside"), "stopped sharing"))
	desk.until("the page is gone", "!"+css("#page"))
	said := f.rooms.said()
	customer.press(css("nav a[href='/about']"))
	customer.until("still not shared", "location.pathname === '/about' && "+text(panel(".share"), "cannot see"))
	if now := f.rooms.said(); now != said {
		t.Errorf("after the withdrawal the room was told: %s", now[len(said)-1:])
	}
	customer.press(panel(".share button"))
	desk.frame(css("#page"), f.shopURL+"/about").until("shared again", text(css("h1"), "About us"))
}

// TestFrameForbidden serves a page that forbids framing by the desk: the desk offers a window of its own.
func TestFrameForbidden(t *testing.T) {
	f, customer, desk := talking(t)
	desk.frame(css("#page"), f.shopURL+"/about")
	customer.press(css("nav a[href='/account']"))
	desk.until("the desk offers a window", css("#companion"))
	desk.shot("companion")
	opened := chromedp.WaitNewTarget(desk.ctx, isPage)
	desk.press(css("#companion"))
	id, ok := <-opened
	if !ok {
		t.Fatal("no companion window opened")
	}
	other := desk.attach(id, "companion")
	other.until("the page is in the companion window", text(css("h1"), "Your account"))
	customer.until("scrolls", "(scrollTo(0, 120), scrollY === 120)")
	other.until("the window follows", "scrollY === 120")
	other.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 300, 200))
	customer.until("the agent's pointer", pointer)
	customer.press(css("nav a[href='/products']"))
	other.until("the window follows the customer", "location.pathname === '/products'")
}

// TestForeignDeskGetsNoChannel: the page script speaks to the configured desk only, whoever frames it.
func TestForeignDeskGetsNoChannel(t *testing.T) {
	f, _, desk := talkingAt(t, func(f *fake) { f.deskOrigin = "http://127.0.0.1:9" })
	frame := desk.frame(css("#page"), f.shopURL+"/about")
	desk.until("no channel was given", css("#companion"))
	frame.until("the page took itself for a customer's own", "!!window.contactd")
	frame.until("it opened no socket", "window.sent === undefined || window.sent.length === 0")
}
