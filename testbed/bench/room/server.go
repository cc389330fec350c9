package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"contactd/store"
	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

// stayOn keeps the process on one core, when there are two.
func stayOn(core int) error {
	var set, allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil || allowed.Count() < 2 {
		return err
	}
	for cpu, seen := 0, 0; ; cpu++ {
		if !allowed.IsSet(cpu) {
			continue
		}
		if seen == core {
			set.Set(cpu)
			break
		}
		seen++
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks { // Threads that are made later inherit it.
		var id int
		if _, err := fmt.Sscan(task.Name(), &id); err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil {
			return err
		}
	}
	return nil
}

// usage of the server's process.
type usage struct {
	CPU time.Duration
	// Anonymous memory in kB.
	Anonymous int
}

// beServer serves until it is told to end, and prints its address first.
func beServer(ctx context.Context) error {
	if err := stayOn(0); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /usage", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("collect") {
			for range 3 { // Stacks shrink by half in each collection.
				debug.FreeOSMemory()
			}
		}
		_ = json.NewEncoder(w).Encode(use())
	})
	ended := make(chan error, 1)
	if *serve == "floor" {
		mux.Handle("GET /v1/room", &floor{rooms: map[string][]*floorConn{}})
		ended <- nil
	} else {
		hub, opened, err := openHub(ctx)
		if err != nil {
			return err
		}
		defer opened.Close()
		go func() { ended <- hub.Run(ctx) }()
		address := func(*http.Request) string { return "127.0.0.1" }
		origin := func(o string) bool { return o == shopOrigin || o == deskOrigin }
		customers := hub.Handler(wsroom.Listener{Origin: origin, Address: address, Customers: true})
		agents := hub.Handler(wsroom.Listener{Origin: origin, Address: address})
		mux.HandleFunc("GET /v1/room", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Origin") == shopOrigin {
				customers.ServeHTTP(w, r)
			} else {
				agents.ServeHTTP(w, r)
			}
		})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

func use() usage {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	status, _ := os.ReadFile("/proc/self/status")
	kb := 0
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			_, _ = fmt.Sscan(rest, &kb)
		}
	}
	return usage{time.Duration(u.Utime.Nano() + u.Stime.Nano()), kb}
}

const (
	shopOrigin = "https://shop.example"
	deskOrigin = "https://desk.example"
)

func roomID(i int) string { return fmt.Sprintf("%032x", i+1) }

// openHub opens the rooms as contactd does, on its store.
func openHub(ctx context.Context) (*wsroom.Hub, *store.Store, error) {
	opened, err := store.Open(filepath.Join(*data, "contactd.db"), store.Options{})
	if err != nil {
		return nil, nil, err
	}
	hub := wsroom.New(wsroom.Options{
		Log: roomLog{opened}, Verifier: wsroom.VerifierFunc(verify), PerAddress: 1 << 20,
		Site: func(string) (pagesync.Site, bool) { return pagesync.Site{Origins: []string{shopOrigin}}, true },
	})
	var group errgroup.Group
	group.SetLimit(64)
	for i := range *rooms {
		group.Go(func() error {
			opening := wsroom.Opening{Site: "shop", URL: shopOrigin + "/", Consent: pagesync.Granted}
			if err := hub.OpenRoom(ctx, roomID(i), opening); err != nil {
				return err
			}
			return hub.SetRole(ctx, roomID(i), "ann", "Ann", pagesync.RoleAgent)
		})
	}
	return hub, opened, group.Wait()
}

// signing is the key of the bench's own tokens; they are checked as contactd's are.
var signing = ed25519.NewKeyFromSeed([]byte("a seed of a benchmark, 32 bytes."))

func token(p wsroom.Person) string {
	payload, _ := json.Marshal(p)
	encode := base64.RawURLEncoding.EncodeToString
	return encode(payload) + "." + encode(ed25519.Sign(signing, payload))
}

func verify(token string) (p wsroom.Person, err error) {
	encoded, signature, _ := strings.Cut(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return p, err
	}
	sum, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !ed25519.Verify(signing.Public().(ed25519.PublicKey), payload, sum) {
		return p, errors.New("the signature is wrong")
	}
	return p, json.Unmarshal(payload, &p)
}

// roomLog keeps rooms in the store.
type roomLog struct{ store *store.Store }

func (l roomLog) Append(ctx context.Context, room string, records []wsroom.Record) error {
	operations := make([]store.RoomOperation, len(records))
	for i, r := range records {
		operations[i] = store.RoomOperation{Offset: r.Offset, Client: r.Client, Number: r.Number, Data: r.Data}
	}
	batch := l.store.Batch()
	batch.AppendRoom(room, operations...)
	return l.store.Write(ctx, batch)
}

func (l roomLog) Load(context.Context, string) (wsroom.Stored, error) {
	return wsroom.Stored{}, wsroom.ErrNoRoom // The folder is new.
}

func (l roomLog) Compact(context.Context, string, uint64, []byte, uint64) error { return nil }

// floor is the least that a server can do: it passes what it reads on to the others in the room.
type floor struct {
	mu    sync.Mutex
	rooms map[string][]*floorConn
}

type floorConn struct {
	mu sync.Mutex
	ws *websocket.Conn
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, Subprotocols: []string{wsroom.Subprotocol}}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	c, id := &floorConn{ws: ws}, r.Header.Get("Room")
	f.mu.Lock()
	f.rooms[id] = append(f.rooms[id], c)
	f.mu.Unlock()
	_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"t":"people"}`))
	for {
		kind, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		f.mu.Lock()
		members := f.rooms[id]
		f.mu.Unlock()
		for _, other := range members {
			if other == c {
				continue
			}
			other.mu.Lock()
			_ = other.ws.WriteMessage(kind, data)
			other.mu.Unlock()
		}
	}
}
