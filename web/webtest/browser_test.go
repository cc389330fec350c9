package webtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// limit is how long a state may take to come; the machine may be busy.
const limit = 30 * time.Second

var (
	browserOnce sync.Once
	browserCtx  context.Context
	browserErr  error
	browserEnd  = func() {}
)

func TestMain(m *testing.M) {
	code := m.Run()
	browserEnd()
	os.Exit(code)
}

// browser starts Chromium once for all tests; each window gets a profile of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	browserOnce.Do(func() {
		var path string
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil {
				path = found
				break
			}
		}
		if path == "" {
			browserErr = errors.New("no Chromium found; run testbed/packages.sh")
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path),
			chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("disable-popup-blocking", false),
			chromedp.Flag("lang", "en-US"),
			chromedp.WSURLReadTimeout(60*time.Second),
		)
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, stop := chromedp.NewContext(allocator)
		browserEnd = func() { stop(); stopAllocator() }
		if err := chromedp.Do(ctx); err != nil {
			browserErr = fmt.Errorf("start %s: %w", path, err)
			return
		}
		browserCtx = ctx
	})
	if browserErr != nil {
		t.Fatal(browserErr)
	}
	return browserCtx
}

// window is one browser window, or a page inside one (see frame).
type window struct {
	t    *testing.T
	name string
	ctx  context.Context
	// outer is the window that holds this frame, with the frame's selector there.
	outer    *window
	selector string
}

// newWindow opens a window with a profile of its own: no cookie or storage is shared with another.
func newWindow(t *testing.T, name, url string, width, height int64) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	w := &window{t: t, name: name, ctx: ctx}
	w.do(chromedp.EmulateViewport(width, height))
	w.do(chromedp.Func(func(ctx context.Context, tgt *chromedp.Target) error {
		// Notifications are recorded, for a headless browser shows none.
		_, err := cdp.Call(ctx, tgt, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: spy})
		return err
	}))
	w.open(url)
	t.Cleanup(func() {
		if t.Failed() {
			w.shot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
		}
	})
	return w
}

// spy replaces notifications, and counts the messages that go out on sockets.
const spy = `(() => {
	window.notified = [];
	window.Notification = class { static permission = "granted"; static requestPermission() { return Promise.resolve("granted"); }
		constructor(title, options) { window.notified.push({title, ...options}); } close() {} };
	window.sent = [];
	const send = WebSocket.prototype.send;
	WebSocket.prototype.send = function (data) { window.sent.push(data); return send.call(this, data); };
})();`

// tab opens another tab in this window's profile.
func (w *window) tab(name, url string) *window {
	w.t.Helper()
	own := chromedp.FromContext(w.ctx)
	ctx, cancel := chromedp.NewContext(browser(w.t), chromedp.WithExistingBrowserContext(own.BrowserContextID))
	w.t.Cleanup(cancel)
	other := &window{t: w.t, name: name, ctx: ctx}
	other.open(url)
	return other
}

func (w *window) do(action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	// The first Do of a context must not have a limit, see chromedp.NewContext.
	if chromedp.FromContext(w.ctx).Target == nil {
		if err := chromedp.Do(w.ctx); err != nil {
			w.t.Fatalf("%s: open: %v", w.name, err)
		}
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
}

func (w *window) open(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
}

func (w *window) reload() {
	w.t.Helper()
	w.do(chromedp.Reload())
}

// eval evaluates an expression once. It may fail while a page is loading.
func eval[T any](w *window, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// until waits until the expression is truthy, over page loads too, and returns its value as text.
func (w *window) until(what, expression string) string {
	w.t.Helper()
	began := time.Now()
	value, ok := w.await(limit, expression)
	if took := time.Since(began); ok && took > 3*time.Second {
		w.t.Logf("%s: %s took %v", w.name, what, took.Round(100*time.Millisecond))
	}
	if !ok {
		w.t.Fatalf("%s: waited for: %s\nexpression: %s\nbut: %s\nat: %s", w.name, what, expression, value, w.where())
	}
	return value
}

func (w *window) await(most time.Duration, expression string) (string, bool) {
	deadline := time.Now().Add(most)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		got, err := eval[string](w, `(() => { const value = (`+expression+`); return value ? "+" + value : "-" + value })()`)
		switch {
		case err != nil:
			last = err.Error()
		case strings.HasPrefix(got, "+"):
			return got[1:], true
		default:
			last = strings.TrimPrefix(got, "-")
		}
		if time.Now().After(deadline) {
			return last, false
		}
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			return w.ctx.Err().Error(), false
		}
	}
}

func (w *window) where() string {
	got, err := eval[string](w, `location.href + "\n" + document.body.innerText.slice(0, 600)`)
	if err != nil {
		return err.Error()
	}
	return got
}

// css is an expression for an element of the document; panel for one inside the page script's own panel.
func css(selector string) string { return "document.querySelector(" + strconv.Quote(selector) + ")" }

func panel(selector string) string {
	return `document.querySelector("[data-contactd-ui=panel]")?.shadowRoot.querySelector(` + strconv.Quote(selector) + `)`
}

// text is an expression that is true when the element's visible text contains the words.
func text(element, words string) string {
	return "(" + element + ")?.checkVisibility() && (" + element + ").textContent.includes(" + strconv.Quote(words) + ")"
}

// spot waits until the element is visible, enabled and uncovered, and returns its middle in this window's coordinates.
func (w *window) spot(element string) (x, y float64) {
	w.t.Helper()
	// Another tab of the same window may lie over this one, and then takes what the mouse does.
	w.hand().do(chromedp.Func(func(ctx context.Context, tgt *chromedp.Target) error {
		_, err := cdp.Call(ctx, tgt, page.BringToFront, cdp.Empty{})
		return err
	}))
	got := w.until("visible and enabled: "+element, `(() => {
		const e = `+element+`;
		if (!e || e.disabled || !e.checkVisibility()) return "";
		e.scrollIntoView({block: "nearest", behavior: "instant"});
		const r = e.getBoundingClientRect();
		if (!r.width || !r.height) return "";
		const x = r.x + r.width / 2, y = r.y + r.height / 2;
		const hit = e.getRootNode().elementFromPoint(x, y);
		return hit && (e.contains(hit) || hit.contains(e)) ? x + " " + y : "";
	})()`)
	if _, err := fmt.Sscanf(got, "%g %g", &x, &y); err != nil {
		w.t.Fatalf("%s: %q: %v", w.name, got, err)
	}
	if w.outer == nil {
		return x, y
	}
	// A frame's pixels are scaled in the desk, so that its input goes through the window that holds it.
	frame := w.outer.until("the frame's place", `(() => { const f = `+w.selector+`; if (!f) return ""; const r = f.getBoundingClientRect();
		return [r.x, r.y, r.width / f.clientWidth].join(" "); })()`)
	var left, top, scale float64
	if _, err := fmt.Sscanf(frame, "%g %g %g", &left, &top, &scale); err != nil {
		w.t.Fatalf("%s: %q: %v", w.name, frame, err)
	}
	return left + x*scale, top + y*scale
}

func (w *window) hand() *window {
	if w.outer != nil {
		return w.outer
	}
	return w
}

// press presses the element with the mouse.
func (w *window) press(element string) {
	w.t.Helper()
	x, y := w.spot(element)
	w.hand().do(chromedp.MouseClickXY(x, y))
}

// point moves the mouse to the element's middle.
func (w *window) point(element string) {
	w.t.Helper()
	x, y := w.spot(element)
	w.hand().do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
}

// fill presses the field, selects what it holds and types the text.
func (w *window) fill(element, words string) {
	w.t.Helper()
	w.press(element)
	w.until("focused and empty: "+element, `(() => { const e = `+element+`; e.focus(); e.select?.(); return e.getRootNode().activeElement === e; })()`)
	w.hand().do(chromedp.KeyEvent(words))
	w.until("typed "+words, "("+element+")?.value === "+strconv.Quote(words))
}

// key presses a key with Alt held.
func (w *window) alt(key string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(key, chromedp.KeyModifiers(kb.ModifierAlt)))
}

// frame waits for a page of another site inside this window, whose address begins with prefix, and attaches to it.
func (w *window) frame(selector, prefix string) *window {
	w.t.Helper()
	own := chromedp.FromContext(w.ctx).BrowserContextID
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var seen []string
	for {
		ctx, cancel := context.WithTimeout(w.ctx, limit)
		infos, err := chromedp.Targets(ctx)
		cancel()
		if err != nil {
			w.t.Fatalf("%s: targets: %v", w.name, err)
		}
		seen = nil
		for _, info := range infos {
			seen = append(seen, info.Type+" "+info.URL)
			if info.Type != "iframe" || info.BrowserContextID != own || !strings.HasPrefix(info.URL, prefix) {
				continue
			}
			if f := w.attach(info.TargetID, w.name+"'s frame"); f != nil {
				f.outer, f.selector = w, selector
				return f
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: no frame at %s; there are %q", w.name, prefix, seen)
		}
		<-tick.C
	}
}

func (w *window) attach(id target.ID, name string) *window {
	ctx, cancel := chromedp.NewContext(w.ctx, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel())
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		return nil // The frame went while we reached for it; another comes.
	}
	w.t.Cleanup(cancel)
	return &window{t: w.t, name: name, ctx: ctx}
}

// shot writes a picture of the window to CONTACTD_SHOTS, when that is set.
func (w *window) shot(name string) {
	folder := os.Getenv("CONTACTD_SHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Logf("%s: picture: %v", w.name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name+"-"+w.name+".png"), picture, 0o644); err != nil {
		w.t.Logf("%s: picture: %v", w.name, err)
	}
}
