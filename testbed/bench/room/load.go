package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	pagesync "contactd/sync"
	"contactd/sync/wsroom"
)

// server is a running server with its participants.
type server struct {
	kind    string
	process *exec.Cmd
	address string
	folder  string
	// people of room i are 3i (customer), 3i+1 (agent), 3i+2 (supervisor).
	people []*person
}

type person struct {
	ws *websocket.Conn
	// joined is closed when the person is live.
	joined chan struct{}
	// pointers counts the pointer frames that came.
	pointers atomic.Int64
	// arrived is told the values of the operations that come, when it is set.
	arrived atomic.Pointer[func(value string)]
}

func startServer(ctx context.Context, kind string, rooms int) (*server, error) {
	folder, err := os.MkdirTemp("", "contactd-bench-room-")
	if err != nil {
		return nil, err
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{kind: kind, folder: folder}
	s.process = exec.CommandContext(ctx, executable, "-serve", kind, "-rooms", fmt.Sprint(rooms), "-data", folder)
	s.process.Stderr = os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	s.address = strings.TrimSpace(line)
	return s, nil
}

func (s *server) stop() {
	for _, p := range s.people {
		if p != nil {
			_ = p.ws.Close()
		}
	}
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
	_ = os.RemoveAll(s.folder)
}

// join brings three participants into each room and waits until they are live.
func (s *server) join(rooms int) error {
	s.people = make([]*person, 3*rooms)
	var group errgroup.Group
	group.SetLimit(32)
	for i := range s.people {
		group.Go(func() error {
			who := wsroom.Person{Room: roomID(i / 3), Subject: pagesync.SubjectCustomer}
			header := http.Header{"Origin": {shopOrigin}, "Room": {who.Room}}
			switch i % 3 {
			case 1:
				who.Subject, who.Name = pagesync.AgentSubject("ann"), "Ann"
				header.Set("Origin", deskOrigin)
			case 2:
				who.Subject, who.Name, who.Supervisor = pagesync.AgentSubject("sue"), "Sue", true
				header.Set("Origin", deskOrigin)
			}
			dialer := websocket.Dialer{Subprotocols: []string{wsroom.Subprotocol}, HandshakeTimeout: 30 * time.Second, ReadBufferSize: 2048, WriteBufferSize: 512}
			ws, _, err := dialer.Dial("ws://"+s.address+"/v1/room", header)
			if err != nil {
				return err
			}
			p := &person{ws: ws, joined: make(chan struct{})}
			s.people[i] = p
			if s.kind == "rooms" {
				if err := ws.WriteJSON(map[string]string{"t": "hello", "token": token(who)}); err != nil {
					return err
				}
			}
			go p.read()
			select {
			case <-p.joined:
				return nil
			case <-time.After(30 * time.Second):
				return errors.New("a participant is not let in within 30 s")
			}
		})
	}
	return group.Wait()
}

func (p *person) read() {
	live := false
	for {
		_, data, err := p.ws.ReadMessage()
		if err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(data, []byte(`{"t":"pointer"`)):
			p.pointers.Add(1)
		case bytes.HasPrefix(data, []byte(`{"t":"people"`)):
			if !live {
				live = true
				close(p.joined)
			}
		case bytes.HasPrefix(data, []byte(`{"t":"op"`)):
			var f struct{ Op struct{ Value string } }
			if arrived := p.arrived.Load(); arrived != nil && json.Unmarshal(data, &f) == nil {
				(*arrived)(f.Op.Value)
			}
		}
	}
}

func (s *server) usage(query string) (u usage, err error) {
	response, err := http.Get("http://" + s.address + "/usage" + query)
	if err != nil {
		return u, err
	}
	defer response.Body.Close()
	return u, json.NewDecoder(response.Body).Decode(&u)
}

func (s *server) delivered() (n int64) {
	for _, p := range s.people {
		n += p.pointers.Load()
	}
	return n
}

// point sends pointer frames of all participants, evenly, at so many a second each, and returns how many.
func (s *server) point(perSecond int, duration time.Duration) (sent int64, err error) {
	total := int64(len(s.people) * perSecond)
	begin := time.Now()
	for next := 0; ; {
		elapsed := time.Since(begin)
		if elapsed >= duration {
			return sent, nil
		}
		for due := int64(float64(total) * elapsed.Seconds()); sent < due; sent++ {
			frame := fmt.Appendf(nil, `{"t":"pointer","x":%d,"y":%d.5,"w":1280,"h":4200}`, sent%1280, sent%4200)
			if err := s.people[next].ws.WriteMessage(websocket.TextMessage, frame); err != nil {
				return sent, err
			}
			next = (next + 1) % len(s.people)
		}
		time.Sleep(time.Millisecond)
	}
}

// settle waits until no more frames arrive.
func (s *server) settle() {
	for before := int64(-1); before != s.delivered(); time.Sleep(300 * time.Millisecond) {
		before = s.delivered()
	}
}

// fixedRate returns the server's CPU time in microseconds per delivered frame. A measurement in which frames were
// conflated, because something else had the core for a tenth of a second, is made again.
func fixedRate(s *server) (cpu float64, err error) {
	for range 5 {
		cpu, err = fixedRateOnce(s)
		if !errors.Is(err, errConflated) {
			break
		}
	}
	return cpu, err
}

var errConflated = errors.New("frames were conflated: the machine is too busy to measure at this rate")

func fixedRateOnce(s *server) (float64, error) {
	if _, err := s.point(*rate, time.Second); err != nil { // Everything is warm.
		return 0, err
	}
	s.settle()
	before, err := s.usage("")
	if err != nil {
		return 0, err
	}
	already := s.delivered()
	sent, err := s.point(*rate, *duration)
	if err != nil {
		return 0, err
	}
	s.settle()
	after, err := s.usage("")
	if err != nil {
		return 0, err
	}
	delivered := s.delivered() - already
	if delivered != 2*sent {
		return 0, fmt.Errorf("%d frames were sent to two each and %d arrived: %w", sent, delivered, errConflated)
	}
	return float64((after.CPU - before.CPU).Microseconds()) / float64(delivered), nil
}

// saturate returns how many frames a second are delivered when each participant sends as many as are passed on.
func saturate(s *server) (float64, error) {
	s.settle()
	already, begin := s.delivered(), time.Now()
	_, err := s.point(50, *duration/2)
	return float64(s.delivered()-already) / time.Since(begin).Seconds(), err
}

// durable returns the 99th percentile in milliseconds from sending to the arrival at the agent, at one operation a
// second of each customer.
func durable(s *server) (float64, error) {
	var mu sync.Mutex
	var took []time.Duration
	begun := map[string]time.Time{}
	arrived := func(value string) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		if at, ok := begun[value]; ok {
			took = append(took, now.Sub(at))
		}
	}
	for i := 1; i < len(s.people); i += 3 {
		s.people[i].arrived.Store(&arrived)
	}
	rooms := len(s.people) / 3
	begin, sent := time.Now(), 0
	for time.Since(begin) < *duration {
		for due := int(float64(rooms) * time.Since(begin).Seconds()); sent < due; sent++ {
			value := fmt.Sprint("value ", sent)
			frame := fmt.Appendf(nil, `{"t":"op","n":%d,"op":{"kind":"form","field":"order/city","value":%q}}`, sent/rooms+1, value)
			mu.Lock()
			begun[value] = time.Now()
			mu.Unlock()
			if err := s.people[3*(sent%rooms)].ws.WriteMessage(websocket.TextMessage, frame); err != nil {
				return 0, err
			}
		}
		time.Sleep(time.Millisecond)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		arrived := len(took)
		mu.Unlock()
		if arrived == sent {
			break
		}
		if time.Now().After(end) {
			return 0, fmt.Errorf("%d operations were sent and %d arrived", sent, arrived)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(took)
	return float64(took[len(took)*99/100].Microseconds()) / 1000, nil
}

// idleMemory returns what one connection that says nothing costs the server, in kB: its memory when all have joined,
// less that with the same rooms before anybody came.
func idleMemory(ctx context.Context) (float64, error) {
	s, err := startServer(ctx, "rooms", *idle)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	without, err := s.usage("?collect")
	if err != nil {
		return 0, err
	}
	if err := s.join(*idle); err != nil {
		return 0, err
	}
	with, err := s.usage("?collect")
	if err != nil {
		return 0, err
	}
	return float64(with.Anonymous-without.Anonymous) / float64(len(s.people)), nil
}
