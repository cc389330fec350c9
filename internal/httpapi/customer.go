package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"contactd/acd"
	"contactd/web"
)

// Customer is the handler of the customer listener.
func (s *Server) Customer() (http.Handler, error) {
	mux := http.NewServeMux()
	if err := s.serveScript(mux); err != nil {
		return nil, err
	}
	health(mux)
	api := s.api(mux, "contactd for pages", "What the page script asks, and any page may: who is free, call me, where am I in line.", bearer)
	s.availability(api)
	s.contacts(api)
	described := s.guard("customer", s.cors(fallback(mux)))

	outer := http.NewServeMux()
	outer.Handle("/", described)
	outer.Handle("GET /v1/room", s.CustomerRoom)
	return outer, nil
}

// serveScript mounts the page script under its stable and under its versioned name.
func (s *Server) serveScript(mux *http.ServeMux) error {
	script, err := web.Page()
	if err != nil {
		return fmt.Errorf("httpapi: page script: %w", err)
	}
	serve := func(cache string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			header := w.Header()
			header.Set("Content-Type", "text/javascript; charset=utf-8")
			header.Set("Cache-Control", cache)
			header.Set("ETag", `"`+script.Hash+`"`)
			// Any page may load it; it does something on the pages of the sites only. With integrity it is fetched by CORS.
			header.Set("Access-Control-Allow-Origin", "*")
			header.Set("Cross-Origin-Resource-Policy", "cross-origin")
			if r.Header.Get("If-None-Match") == `"`+script.Hash+`"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = w.Write(script.Body)
		}
	}
	mux.HandleFunc("GET /v1/page.js", serve("public, max-age=300"))
	mux.HandleFunc("GET /v1/page-"+script.Hash+".js", serve("public, max-age=31536000, immutable"))
	return nil
}

// Availability of a queue, for everybody.
type Availability struct {
	Queue    string   `json:"queue"`
	Title    string   `json:"title"`
	Free     int      `json:"free" doc:"Agents who could take a contact now."`
	Waiting  int      `json:"waiting" doc:"Contacts in line."`
	Estimate Estimate `json:"estimate" doc:"What a newcomer would wait."`
	Phone    string   `json:"phone" doc:"The number to call oneself."`
}

type availabilityOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Availability
}

// SiteInfo is what the page script asks about its own site.
type SiteInfo struct {
	DeskOrigins []string `json:"desk_origins" doc:"Origins of the desk, which may frame the site's pages and speak to the script."`
	Origins     []string `json:"origins" doc:"Origins of the site's pages: an agent may take the customer to these."`
	Phone       string   `json:"phone" doc:"Shown where contactd cannot be reached."`
}

type siteOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         SiteInfo
}

func (s *Server) availability(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "availability", Method: http.MethodGet, Path: "/v1/availability", Summary: "Who is free, and how long is the wait",
		Errors: []int{http.StatusNotFound},
	}, func(_ context.Context, in *struct {
		Queue    string `query:"queue" required:"true" maxLength:"80"`
		Language string `query:"language" maxLength:"20" doc:"Of the title, as de."`
	}) (*availabilityOutput, error) {
		c := s.Config()
		queue, ok := c.Queues[in.Queue]
		if !ok {
			return nil, problem(http.StatusNotFound, CodeQueueUnknown, "there is no queue %q", in.Queue)
		}
		out := &availabilityOutput{CacheControl: "public, max-age=2"}
		out.Body = Availability{Queue: in.Queue, Title: title(queue, in.Queue, in.Language), Phone: queue.Phone}
		if v, ok := s.Director.View().Queues[acd.QueueID(in.Queue)]; ok {
			out.Body.Free, out.Body.Waiting, out.Body.Estimate = v.Free, v.Waiting, estimateOf(v.Estimate)
		} else {
			out.Body.Estimate.Reason = "starting"
		}
		return out, nil
	})

	huma.Register(api, huma.Operation{
		OperationID: "site", Method: http.MethodGet, Path: "/v1/site", Summary: "What the page script must know of its site",
		Errors: []int{http.StatusNotFound},
	}, func(_ context.Context, in *struct {
		Site string `query:"site" required:"true" maxLength:"80"`
	}) (*siteOutput, error) {
		c := s.Config()
		site, ok := c.Sites[in.Site]
		if !ok {
			return nil, problem(http.StatusNotFound, CodeNotFound, "there is no site %q; data-site must be one of contactd's configuration", in.Site)
		}
		out := &siteOutput{CacheControl: "public, max-age=60"}
		out.Body = SiteInfo{DeskOrigins: []string{c.Listen.Agent.Origin()}, Origins: site.Origins, Phone: site.Hotline}
		return out, nil
	})
}
