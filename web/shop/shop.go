package shop

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages
var pages embed.FS

// Options say where contactd is and what the script element is given.
type Options struct {
	// Contact is the origin of contactd's customer listener, as the browser sees it.
	Contact string
	// Desk is the origin at which agents' desks may show these pages in a frame; empty forbids framing.
	Desk string
	// Queue, Site and Phone become the script's data-queue, data-site and data-phone.
	Queue, Site, Phone string
	// Language of the pages' script: "en" when empty.
	Language string
}

// Handler serves the shop. Its policy allows scripts and connections of its own and of contactd only, no inline script or
// style, and framing by the desk only; docs/embedding.md lists the same lines.
func Handler(o Options) (http.Handler, error) {
	if o.Contact == "" {
		return nil, fmt.Errorf("shop: Options.Contact is empty; give the origin of contactd's customer listener")
	}
	if o.Language == "" {
		o.Language = "en"
	}
	all, err := template.ParseFS(pages, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("shop: %w", err)
	}
	style, err := pages.ReadFile("pages/shop.css")
	if err != nil {
		return nil, fmt.Errorf("shop: %w", err)
	}
	ancestors := "'none'"
	if o.Desk != "" {
		ancestors = o.Desk
	}
	socket := "ws" + strings.TrimPrefix(o.Contact, "http")
	policyFor := func(ancestors string) string {
		return fmt.Sprintf("default-src 'none'; script-src %s; connect-src %s %s; style-src 'self'; img-src 'self' data:; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors %s; require-trusted-types-for 'script'", o.Contact, o.Contact, socket, ancestors)
	}

	mux := http.NewServeMux()
	page := func(pattern, name string, data func(*http.Request) any) {
		policy := policyFor(ancestors)
		if name == "account.html" {
			// One page that no frame may hold, as a company's may be: the desk shows it in a window of its own.
			policy = policyFor("'none'")
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Set("Content-Type", "text/html; charset=utf-8")
			header.Set("Content-Security-Policy", policy)
			header.Set("Cache-Control", "no-store")
			view := view{Options: o}
			if data != nil {
				view.Data = data(r)
			}
			// The browser may have gone; there is nobody left to tell.
			_ = all.ExecuteTemplate(w, name, view)
		})
	}
	page("GET /{$}", "home.html", func(*http.Request) any { return products })
	page("GET /products", "products.html", func(*http.Request) any { return products })
	page("GET /products/{id}", "product.html", func(r *http.Request) any { return find(r.PathValue("id")) })
	page("GET /checkout", "checkout.html", nil)
	page("POST /checkout", "thanks.html", nil)
	page("GET /about", "about.html", nil)
	page("GET /account", "account.html", nil)
	page("GET /admin", "about.html", nil)
	mux.HandleFunc("GET /shop.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style)
	})
	return mux, nil
}

type view struct {
	Options
	Data any
}

// Product of the shop.
type Product struct{ ID, Name, Text, Price, Mark string }

var products = []Product{
	{"kettle", "Copper kettle", "Boils a litre in two minutes and keeps it warm for an hour.", "€ 79", "☕"},
	{"lamp", "Reading lamp", "Warm light from a folding arm; dims by a touch.", "€ 54", "☀"},
	{"chair", "Oak chair", "Solid oak with a woven seat, made in the Black Forest.", "€ 189", "⌂"},
	{"clock", "Wall clock", "Silent movement, 30 cm, readable from across the room.", "€ 39", "◷"},
	{"radio", "Kitchen radio", "DAB+ and FM, splash-proof, two weeks on one charge.", "€ 99", "♫"},
	{"basket", "Willow basket", "Hand-woven, holds a week's bread and apples.", "€ 28", "❀"},
}

func find(id string) Product {
	for _, p := range products {
		if p.ID == id {
			return p
		}
	}
	return Product{ID: id, Name: "Not in stock", Text: "We do not have this any more.", Mark: "–"}
}
