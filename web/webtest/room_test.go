package webtest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	pagesync "contactd/sync"
)

// TestDuplicatedTab copies the customer's tab with its storage: both are mirrored, and both are taken along.
func TestDuplicatedTab(t *testing.T) {
	f, customer, desk := talking(t)
	desk.frame(css("#page"), f.shopURL+"/about").until("the page is in the desk", text(css("h1"), "About us"))
	opened := chromedp.WaitNewTarget(customer.ctx, isPage)
	customer.do(chromedp.Evaluate[chromedp.Void](`void window.open(location.href)`, func(p *runtime.EvaluateParams) { gesture := true; p.UserGesture = &gesture }))
	id, ok := <-opened
	if !ok {
		t.Fatal("no second tab opened")
	}
	copied := customer.attach(id, "copy")
	copied.until("the copy has the contact too", `window.contactd?.state?.state === "waiting" && sessionStorage.contactd`)
	key := func(w *window) string {
		return w.until("its own participant", `JSON.parse(sessionStorage.contactd).room?.resume?.you`)
	}
	mine := key(customer)
	copied.until("the copy is somebody else than "+mine, `(JSON.parse(sessionStorage.contactd).room?.resume?.you ?? `+quote(mine)+`) !== `+quote(mine))
	desk.fill(css("#address"), f.shopURL+"/products/clock")
	desk.press(css("#push"))
	customer.until("the first tab goes along", "location.pathname === '/products/clock'")
	copied.until("the copy goes along", "location.pathname === '/products/clock'")
}

// TestHangUpLeavesThePageToTheAgent: the room closes for the customer and stays readable for the agent.
func TestHangUpLeavesThePageToTheAgent(t *testing.T) {
	f, customer, desk := talking(t)
	frame := desk.frame(css("#page"), f.shopURL+"/about")
	frame.until("the page is in the desk", text(css("h1"), "About us"))
	id, state := f.only()
	if err := f.rooms.CloseRoom(context.Background(), id, false); err != nil {
		t.Fatal(err)
	}
	f.rooms.bind(t, id, pagesync.RoleReader)
	f.change(func() {
		state["state"], state["termination"] = "wrapping_up", "customer_hung_up"
		f.desk["agent"].(object)["state"], f.desk["agent"].(object)["wrap_up_until"] = "wrap_up", "2999-01-01T00:00:00Z"
		f.desk["contact"].(object)["state"], f.desk["contact"].(object)["termination"] = "wrapping_up", "customer_hung_up"
	})
	customer.press(panel(".launch"))
	customer.until("told that it is over", text(panel(".body"), "Thank you"))
	desk.until("told that the page stays readable", text(css(".beside"), "stays readable"))
	desk.until("nothing can be pushed", css("#push")+".disabled")
	frame.until("still readable", text(css("h1"), "About us"))
	desk.shot("reader")
	said := f.rooms.said()
	customer.press(css("nav a[href='/products']"))
	customer.until("the next page knows that it is over", "location.pathname === '/products' && "+text(panel(".body"), "Thank you"))
	if f.rooms.said() != said {
		t.Error("after hang-up the customer's next page was told to the room")
	}
	frame.until("the agent's stays", "location.pathname === '/about'")
}

// TestConsentWithheld: neither an agent nor the room ever learns the page.
func TestConsentWithheld(t *testing.T) {
	f := newFake(t)
	customer := newWindow(t, "customer", f.shopURL+"/about", 1000, 700)
	ask(customer, "030 123456", "no")
	customer.until("not shared", text(panel(".share"), "cannot see"))
	id, _ := f.only()
	f.rooms.bind(t, id, pagesync.RoleAgent)
	desk := newWindow(t, "desk", f.agent.URL, 1280, 800)
	signIn(desk)
	f.change(func() {
		f.desk["agent"].(object)["state"] = "talking"
		f.desk["contact"] = object{"contact": id, "kind": "callback_now", "queue": "sales", "state": "connected", "caller": "+49 30 123456",
			"address": "127.0.0.1", "page_shared": false, "attempt": 1, "connected_at": now(), "termination": "", "agent_name": "Ann",
			"number_hint": "56", "place": 0, "next_attempt": "", "estimate": object{"known": false}}
	})
	desk.until("told that nothing is shared", text(css(".beside"), "does not share a page"))
	customer.press(css("nav a[href='/products']"))
	customer.until("goes on alone", "location.pathname === '/products' && "+text(panel(".share"), "cannot see"))
	desk.until("still nothing", "!"+css("#page")+" && "+text(css(".beside"), "does not share a page"))
	customer.press(panel(".share button"))
	desk.frame(css("#page"), f.shopURL+"/products").until("shared when the customer wants it", text(css("h1"), "Products"))
}
