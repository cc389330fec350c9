package flows

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

var lastPort atomic.Int64

// nextPort counts through a range, from a place of this process's own.
func nextPort() int {
	lastPort.CompareAndSwap(0, int64(os.Getpid()*7+rand.IntN(1000)))
	return 20000 + int(lastPort.Add(1)%12000)
}

// contactState is a contact as its customer sees it.
type contactState struct {
	Contact     string `json:"contact"`
	Kind        string `json:"kind"`
	State       string `json:"state"`
	Place       int    `json:"place"`
	NumberHint  string `json:"number_hint"`
	Attempt     int    `json:"attempt"`
	NextAttempt string `json:"next_attempt"`
	ConnectedAt string `json:"connected_at"`
	Termination string `json:"termination"`
	LastOutcome string `json:"last_outcome"`
	AgentName   string `json:"agent_name"`
}

// desk is an agent's desk.
type deskState struct {
	Agent struct {
		State       string `json:"state"`
		Reason      string `json:"reason"`
		WrapUpUntil string `json:"wrap_up_until"`
	} `json:"agent"`
	Offer *struct {
		Offer    string `json:"offer"`
		Contact  string `json:"contact"`
		Kind     string `json:"kind"`
		Accepted bool   `json:"accepted"`
	} `json:"offer"`
	Contact *struct {
		contactState
		Caller string `json:"caller"`
	} `json:"contact"`
	Queues []struct {
		ID      string `json:"id"`
		Waiting int    `json:"waiting"`
		Free    int    `json:"free"`
	} `json:"queues"`
	PBX bool `json:"pbx_connected"`
}

// record is the story of a contact that has ended.
type record struct {
	Contact     string     `json:"contact"`
	Kind        string     `json:"kind"`
	Queue       string     `json:"queue"`
	Arrived     time.Time  `json:"arrived"`
	Connected   *time.Time `json:"connected"`
	Ended       time.Time  `json:"ended"`
	WrappedUp   *time.Time `json:"wrapped_up"`
	Agent       string     `json:"agent"`
	Termination string     `json:"termination"`
	Offers      []struct {
		Agent   string `json:"agent"`
		Rule    string `json:"rule"`
		Outcome string `json:"outcome"`
		Cause   int    `json:"cause"`
	} `json:"offers"`
	Legs []struct {
		Leg      string     `json:"leg"`
		Party    string     `json:"party"`
		Agent    string     `json:"agent"`
		Trunk    string     `json:"trunk"`
		Attempt  int        `json:"attempt"`
		Rang     *time.Time `json:"rang"`
		Answered *time.Time `json:"answered"`
		Ended    *time.Time `json:"ended"`
		Cause    int        `json:"cause"`
	} `json:"legs"`
}

// outcomes are those of the offers, "ann ring_no_answer, bob accepted".
func (r record) outcomes() string {
	var all []string
	for _, o := range r.Offers {
		all = append(all, o.Agent+" "+o.Outcome)
	}
	return strings.Join(all, ", ")
}

// calls counts the legs to the customer, by attempt.
func (r record) calls() map[int]int {
	calls := map[int]int{}
	for _, l := range r.Legs {
		if l.Party == "customer" && l.Attempt > 0 {
			calls[l.Attempt]++
		}
	}
	return calls
}

// problem is an answer that refuses.
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// browser is a client of one listener.
type browser struct {
	t      *testing.T
	base   string
	client http.Client
	header map[string]string
}

func newBrowser(t *testing.T, base string, header map[string]string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, client: http.Client{Jar: jar}, header: header}
}

func (b *browser) request(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, b.base+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.header {
		request.Header.Set(name, value)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	p := &problem{Status: response.StatusCode}
	_ = json.NewDecoder(response.Body).Decode(p)
	return nil, p
}

// ask asks and reads the answer into result, unless it is nil.
func (b *browser) ask(method, path string, body, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := b.request(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(result); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// must is ask, and a refusal ends the test.
func (b *browser) must(method, path string, body, result any) {
	b.t.Helper()
	if err := b.ask(method, path, body, result); err != nil {
		b.t.Fatal(err)
	}
}

// snapshot reads the first event of a stream, which is the whole state.
func (b *browser) snapshot(path string, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := b.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
			return json.Unmarshal([]byte(data), result)
		}
	}
	return fmt.Errorf("GET %s: no event: %w", path, io.ErrUnexpectedEOF)
}

// until asks again and again until the answer is as wanted. Failures to connect are waited out, because contactd may be
// restarting.
func until[T any](t *testing.T, what string, ask func() (T, error), wanted func(T) bool) T {
	t.Helper()
	limit := time.After(patience)
	for {
		got, err := ask()
		if err == nil && wanted(got) {
			return got
		}
		select {
		case <-limit:
			t.Fatalf("%s: not within %v; last seen: %s, %v", what, patience, shown(got), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// shown is a value as a failed test prints it.
func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%T", value)
	}
	return string(text)
}
