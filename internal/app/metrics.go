package app

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/ari"
	"contactd/sync/wsroom"
)

// metrics are the daemon's figures for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	offers   *prometheus.CounterVec
	ended    *prometheus.CounterVec
	refused  prometheus.Counter
	commits  prometheus.Histogram
	requests *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		offers:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "contactd_offers_total", Help: "Offers of recorded contacts by outcome."}, []string{"outcome"}),
		ended:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "contactd_contacts_ended_total", Help: "Recorded contacts by queue and termination."}, []string{"queue", "termination"}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "contactd_calls_capped_total", Help: "Calls to customers that were not made because of numbers.calls_per_minute or calls_concurrent."}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "contactd_commit_seconds", Help: "From handing entries to the journal until they are on the disk.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .5, 2},
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "contactd_request_seconds", Help: "HTTP requests by listener, route and status; streams until their end.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10},
		}, []string{"listener", "route", "status"}),
	}
	m.registry.MustRegister(m.offers, m.ended, m.refused, m.commits, m.requests,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe is httpapi's teller.
func (m *metrics) observe(listener, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(listener, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// record counts what a complete contact tells.
func (m *metrics) record(r acd.Record) {
	m.ended.WithLabelValues(string(r.Queue), string(r.Termination)).Inc()
	for _, offer := range r.Offers {
		m.offers.WithLabelValues(string(offer.Outcome)).Inc()
	}
}

// journal measures the commits of the journal below it.
type journal struct {
	engine.Journal
	commits prometheus.Observer
}

func (j journal) AppendAsync(entries [][]byte, done func(first uint64, err error)) error {
	began := time.Now()
	return j.Journal.AppendAsync(entries, func(first uint64, err error) {
		j.commits.Observe(time.Since(began).Seconds())
		done(first, err)
	})
}

// scrape tells what is read at the time of a scrape.
type scrape struct {
	engine *engine.Engine
	hub    *wsroom.Hub
	pbxs   map[acd.PBXID]*ari.Client
}

var (
	descContacts   = prometheus.NewDesc("contactd_contacts", "Open contacts by queue and state.", []string{"queue", "state"}, nil)
	descAgents     = prometheus.NewDesc("contactd_agents", "Agents by state.", []string{"state"}, nil)
	descConnected  = prometheus.NewDesc("contactd_pbx_connected", "1 when the PBX is connected.", []string{"pbx"}, nil)
	descEpochs     = prometheus.NewDesc("contactd_ari_epochs_total", "Connections to the PBX since the start.", []string{"pbx"}, nil)
	descOverflows  = prometheus.NewDesc("contactd_ari_overflows_total", "Connections ended because events were not taken in time.", []string{"pbx"}, nil)
	descInbox      = prometheus.NewDesc("contactd_inbox_inputs", "Inputs that wait to be stepped.", nil, nil)
	descSteps      = prometheus.NewDesc("contactd_steps_total", "Inputs that were stepped.", nil, nil)
	descRooms      = prometheus.NewDesc("contactd_room_connections", "Connections to page rooms.", nil, nil)
	descSlow       = prometheus.NewDesc("contactd_room_slow_total", "Room connections closed because they did not keep up.", nil, nil)
	descDivergence = prometheus.NewDesc("contactd_divergences_total", "Checkpoints at which the follower's state differed from the owner's; must be 0.", nil, nil)
)

// Describe and Collect make it a prometheus.Collector.
func (s scrape) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, out) }

func (s scrape) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	counter := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, labels...)
	}
	view := s.engine.View()
	type place struct {
		queue acd.QueueID
		state acd.ContactState
	}
	contacts := map[place]int{}
	for id := range view.Queues {
		for _, state := range []acd.ContactState{acd.Waiting, acd.Paused, acd.Offered, acd.Calling, acd.Connected, acd.WrappingUp} {
			contacts[place{id, state}] = 0
		}
	}
	for _, c := range view.Contacts {
		contacts[place{c.Queue, c.State}]++
	}
	for at, n := range contacts {
		gauge(descContacts, float64(n), string(at.queue), string(at.state))
	}
	agents := map[acd.AgentState]int{acd.LoggedOut: 0, acd.NotReady: 0, acd.Ready: 0, acd.AgentOffered: 0, acd.Talking: 0, acd.WrapUp: 0}
	for _, a := range view.Agents {
		agents[a.State]++
	}
	for state, n := range agents {
		gauge(descAgents, float64(n), string(state))
	}
	stats := s.engine.Stats()
	gauge(descInbox, float64(stats.Inbox))
	counter(descSteps, float64(stats.Steps))
	counter(descDivergence, float64(stats.Divergences))
	rooms := s.hub.Stats()
	gauge(descRooms, float64(rooms.Connections))
	counter(descSlow, float64(rooms.Slow))
	for id, client := range s.pbxs {
		connected := 0.0
		if client.Connected() {
			connected = 1
		}
		gauge(descConnected, connected, string(id))
		counter(descEpochs, float64(client.Stats().Epochs), string(id))
		counter(descOverflows, float64(client.Stats().Overflows), string(id))
	}
}
