package wsroom

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	pagesync "contactd/sync"
)

// Subprotocol that clients offer.
const Subprotocol = "contactd.room.1"

// Listener says who may connect on one of the daemon's listeners.
type Listener struct {
	// Origin says whether pages of this origin may connect. A request without Origin is refused before it is asked.
	Origin func(origin string) bool
	// Address is the observed network address of the request, behind declared proxies: see [Observed].
	Address func(*http.Request) string
	// Customers is true on the customer listener, where customers alone may join; agents alone may on the other.
	Customers bool
}

// Handler serves /v1/room on a listener.
func (h *Hub) Handler(l Listener) http.Handler {
	upgrader := websocket.Upgrader{
		ReadBufferSize:  512,
		WriteBufferSize: 512, // For gorilla's own control frames.
		WriteBufferPool: buffers,
		Subprotocols:    []string{Subprotocol},
		CheckOrigin:     func(*http.Request) bool { return true }, // Checked below, where a missing one can be told.
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		address := l.Address(r)
		switch {
		case !websocket.IsWebSocketUpgrade(r):
			w.Header().Set("Upgrade", "websocket")
			http.Error(w, "rooms speak WebSocket with the subprotocol "+Subprotocol, http.StatusUpgradeRequired)
			return
		case origin == "" || !l.Origin(origin):
			http.Error(w, "pages of this origin may not connect: is it one of the site's origins in the configuration?", http.StatusForbidden)
			return
		case !offers(r):
			http.Error(w, "the subprotocol "+Subprotocol+" is needed", http.StatusBadRequest)
			return
		case h.full(address):
			http.Error(w, "too many connections from this network address", http.StatusTooManyRequests)
			return
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // It has answered.
		}
		c := &conn{
			hub: h, listener: &l, ws: ws, raw: ws.NetConn(), address: address, origin: origin,
			gone: make(chan struct{}), beat: time.Now(),
		}
		if !h.add(c) {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeRestarting.code, closeRestarting.reason()), time.Now().Add(time.Second))
			_ = ws.Close()
			return
		}
		c.begin()
	})
}

func offers(r *http.Request) bool {
	for _, offered := range websocket.Subprotocols(r) {
		if offered == Subprotocol {
			return true
		}
	}
	return false
}

// admits says whether the listener is for such a person.
func (l *Listener) admits(p Person) bool {
	if p.Subject == pagesync.SubjectCustomer {
		return l.Customers
	}
	return pagesync.IsAgent(p.Subject) && !l.Customers
}
