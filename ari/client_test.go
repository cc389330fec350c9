package ari_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"contactd/ari"
	"contactd/ari/aritest"
)

const app = "acd"

// stream runs a client until the test ends and hands its events over one by one.
type stream struct {
	t      *testing.T
	events chan ari.Event
}

func run(t *testing.T, client *ari.Client) *stream {
	t.Helper()
	s := &stream{t: t, events: make(chan ari.Event, 1024)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx, func(ev ari.Event) { s.events <- ev }) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v, want the context's error", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("Run did not return after its context ended")
		}
	})
	return s
}

func (s *stream) next() ari.Event {
	s.t.Helper()
	select {
	case ev := <-s.events:
		return ev
	case <-time.After(30 * time.Second):
		s.t.Fatal("no event came within 30 s")
		return nil
	}
}

// expect returns the next event, which must be of type E.
func expect[E ari.Event](s *stream) E {
	s.t.Helper()
	ev := s.next()
	want, ok := ev.(E)
	if !ok {
		s.t.Fatalf("got %T %+v, want a %T", ev, ev, want)
	}
	return want
}

func newClient(t *testing.T, config ari.Config) *ari.Client {
	t.Helper()
	client, err := ari.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryConnectionIsAnEpochInOneOrderedStream(t *testing.T) {
	server := aritest.New(t)
	client := newClient(t, server.Config(app))
	s := run(t, client)

	began := expect[*ari.EpochBegan](s)
	if began.Epoch != 1 || began.Version != aritest.Version || began.EntityID != "aritest" {
		t.Errorf("got %+v", began)
	}
	for i := range 100 {
		server.Emit(&ari.StasisStart{Args: []string{fmt.Sprint(i)}, Channel: ari.Channel{ID: "c"}})
	}
	for i := range 100 {
		if got := expect[*ari.StasisStart](s).Args[0]; got != fmt.Sprint(i) {
			t.Fatalf("event %d carries %s", i, got)
		}
	}
	server.Drop()
	if ended := expect[*ari.EpochEnded](s); ended.Epoch != 1 || ended.Err == nil {
		t.Errorf("got %+v", ended)
	}
	if began := expect[*ari.EpochBegan](s); began.Epoch != 2 {
		t.Errorf("got %+v", began)
	}
	server.Emit(&ari.StasisEnd{Channel: ari.Channel{ID: "c"}})
	if got := expect[*ari.StasisEnd](s).Channel.ID; got != "c" {
		t.Errorf("got channel %q", got)
	}
	if stats := client.Stats(); stats.Epochs != 2 || stats.Events != 101 {
		t.Errorf("got %+v", stats)
	}
}

func TestWhatIsNotKnownArrivesRaw(t *testing.T) {
	server := aritest.New(t)
	client := newClient(t, server.Config(app))
	s := run(t, client)
	expect[*ari.EpochBegan](s)

	future := `{"type":"ChannelTeleported","application":"acd","timestamp":"2026-11-25T12:00:00.123+0100","where":"RESTResponse"}`
	broken := `{"type":"StasisStart","channel":"not an object"}`
	server.EmitRaw(app, []byte(future))
	server.EmitRaw(app, []byte(broken))

	got := expect[*ari.UnknownEvent](s)
	if string(got.Raw) != future || got.Type != "ChannelTeleported" || got.Err != nil {
		t.Errorf("got %+v", got)
	}
	if want := time.Date(2026, 11, 25, 11, 0, 0, 123e6, time.UTC); !got.Timestamp.Equal(want) {
		t.Errorf("got time %v, want %v", got.Timestamp, want)
	}
	got = expect[*ari.UnknownEvent](s)
	if string(got.Raw) != broken || got.Type != "StasisStart" || got.Err == nil {
		t.Errorf("got %+v", got)
	}
	if stats := client.Stats(); stats.UnknownEvents != 2 {
		t.Errorf("got %+v", stats)
	}
}

func TestHalfOpenSocketIsFoundWithinSixSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := aritest.NewPiped(t)
		s := run(t, newClient(t, server.Config(app)))
		expect[*ari.EpochBegan](s)
		// A quiet socket is not a dead one.
		time.Sleep(time.Hour)
		select {
		case ev := <-s.events:
			t.Fatalf("a quiet hour brought %T %+v", ev, ev)
		default:
		}
		cut := time.Now()
		server.Freeze(true)
		ended := expect[*ari.EpochEnded](s)
		if took := time.Since(cut); took > 6*time.Second {
			t.Errorf("found after %v", took)
		}
		if !errors.Is(ended.Err, ari.ErrDeaf) {
			t.Errorf("got %v, want ErrDeaf", ended.Err)
		}
		server.Freeze(false)
		expect[*ari.EpochBegan](s)
	})
}

func TestOverflowEndsTheEpochAfterWhatWasHeard(t *testing.T) {
	server := aritest.New(t)
	config := server.Config(app)
	config.InboxBytes = 4000
	client := newClient(t, config)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	held, release := make(chan struct{}), make(chan struct{})
	events := make(chan ari.Event, 1024)
	ended := make(chan error, 1)
	first := true
	go func() {
		ended <- client.Run(ctx, func(ev ari.Event) {
			if _, is := ev.(*ari.StasisStart); is && first {
				first = false
				close(held)
				<-release
			}
			events <- ev
		})
	}()
	s := &stream{t: t, events: events}
	expect[*ari.EpochBegan](s)
	raw := func(i int) []byte {
		return fmt.Appendf(nil, `{"type":"StasisStart","args":["%03d"],"pad":"%s"}`, i, strings.Repeat("x", 450))
	}
	server.EmitRaw(app, raw(0))
	<-held
	for i := 1; i < 20; i++ {
		server.EmitRaw(app, raw(i))
	}
	for client.Connected() {
		// Asking is the only way to see it from outside while the handler is held.
		if _, err := ari.Do(ctx, client, ari.PingAsterisk()); err != nil {
			break
		}
	}
	close(release)
	for i := 0; ; i++ {
		ev := s.next()
		if end, is := ev.(*ari.EpochEnded); is {
			if !errors.Is(end.Err, ari.ErrOverflow) {
				t.Errorf("the epoch ended with %v, want ErrOverflow", end.Err)
			}
			if i != 4000/len(raw(0)) {
				t.Errorf("%d events arrived before the end, want the %d that fit", i, 4000/len(raw(0)))
			}
			break
		}
		if got := ev.(*ari.StasisStart).Args[0]; got != fmt.Sprintf("%03d", i) {
			t.Fatalf("event %d carries %s", i, got)
		}
	}
	expect[*ari.EpochBegan](s)
	if got := client.Stats().Overflows; got != 1 {
		t.Errorf("%d overflows were counted, want 1", got)
	}
	cancel()
	<-ended
}

func TestAnotherClientOfTheSameNameEndsTheEpoch(t *testing.T) {
	server := aritest.New(t)
	config := server.Config(app)
	config.BackoffMax = time.Hour // it must not take the application back during the test
	s := run(t, newClient(t, config))
	expect[*ari.EpochBegan](s)
	expect[*ari.EpochBegan](run(t, newClient(t, server.Config(app))))
	expect[*ari.ApplicationReplaced](s)
	if ended := expect[*ari.EpochEnded](s); !errors.Is(ended.Err, ari.ErrReplaced) {
		t.Errorf("got %v, want ErrReplaced", ended.Err)
	}
}

func TestConnectingGoesOnWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := aritest.NewPiped(t)
		server.RefuseAll(http.StatusUnauthorized)
		s := run(t, newClient(t, server.Config(app)))
		last, longest := time.Now(), time.Duration(0)
		for attempt := 1; attempt <= 20; attempt++ {
			failed := expect[*ari.ConnectFailed](s)
			if failed.Attempt != attempt || !errors.Is(failed.Err, ari.ErrUnauthorized) {
				t.Fatalf("got %+v", failed)
			}
			pause := time.Since(last)
			last = time.Now()
			if pause > ari.DefaultBackoffMax {
				t.Errorf("attempt %d came after %v", attempt, pause)
			}
			if attempt == 2 && pause > ari.DefaultBackoffMin {
				t.Errorf("the second attempt came after %v", pause)
			}
			longest = max(longest, pause)
		}
		if longest < ari.DefaultBackoffMax/2 {
			t.Errorf("the longest pause was %v", longest)
		}
		server.RefuseAll(0)
		expect[*ari.EpochBegan](s)
	})
}

func TestBootIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := aritest.NewPiped(t)
		server.NotBooted(5)
		s := run(t, newClient(t, server.Config(app)))
		expect[*ari.EpochBegan](s)
	})
}

func TestDeadlockBehindALivingSocketIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := aritest.NewPiped(t)
		config := server.Config(app)
		config.ProbeEvery = time.Minute
		s := run(t, newClient(t, config))
		expect[*ari.EpochBegan](s)
		stuck := make(chan struct{})
		server.On("GET channels", func(aritest.Request) aritest.Response {
			<-stuck
			return aritest.OK([]ari.Channel{})
		})
		// expect waits 30 s of the bubble's time; the probe needs a minute and the request time-out.
		time.Sleep(2 * time.Minute)
		if stalled := expect[*ari.Stalled](s); !errors.Is(stalled.Err, ari.ErrOutcomeUnknown) {
			t.Errorf("got %v", stalled.Err)
		}
		close(stuck)
		time.Sleep(2 * time.Minute)
		expect[*ari.Recovered](s)
	})
}

func TestConfigNamesAllProblems(t *testing.T) {
	_, err := ari.New(ari.Config{
		URL: "pbx:8088", Application: "a,b", Lanes: -1, PingEvery: time.Minute, InboxBytes: -1, BackoffMin: time.Hour,
	})
	if err == nil {
		t.Fatal("a configuration with nothing right in it was accepted")
	}
	for _, word := range []string{"URL", "Username", "Application", "Lanes", "PingEvery", "InboxBytes", "BackoffMin"} {
		if !strings.Contains(err.Error(), word+":") && !strings.Contains(err.Error(), word+" (") {
			t.Errorf("%s is not named in %q", word, err)
		}
	}
	if _, err := ari.New(ari.Config{URL: "http://a:b@pbx:8088/ari", Username: "u", Application: "a"}); err == nil {
		t.Error("a password in the URL was accepted")
	}
}

func TestConfigDoesNotShowItsPassword(t *testing.T) {
	config := ari.Config{URL: "http://pbx:8088/ari", Username: "u", Password: "hush", Application: app}
	if text := fmt.Sprintf("%v %+v %s", config, config, config); strings.Contains(text, "hush") || !strings.Contains(text, "pbx:8088") {
		t.Errorf("it prints as %s", text)
	}
}

func TestDefaultsFindAHalfOpenSocketInTime(t *testing.T) {
	if ari.DefaultReadTimeout >= 6*time.Second || ari.DefaultPingEvery*2 >= ari.DefaultReadTimeout {
		t.Errorf("ping every %v and a read time-out of %v", ari.DefaultPingEvery, ari.DefaultReadTimeout)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"StasisStart","timestamp":"2026-11-25T12:00:00.123+0000","args":["a"],"channel":{"id":"c","state":"Up"}}`))
	f.Add([]byte(`{"application":"acd","type":"ChannelDestroyed","cause":16,"cause_txt":"Normal","channel":{"id":"c"}}`))
	f.Add([]byte(`{"type":"ChannelTransfer","refer_to":{"requested_destination":{"destination":"1"}},"referred_by":{"source_channel":{"id":"c"}}}`))
	f.Add([]byte(`{"type":"New","timestamp":"yesterday"}`))
	f.Add([]byte(`{"type":"`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ev := ari.Decode(raw)
		if unknown, is := ev.(*ari.UnknownEvent); is {
			if string(unknown.Raw) != string(raw) {
				t.Fatalf("an unknown event lost its content: %q became %q", raw, unknown.Raw)
			}
			return
		}
		meta := ari.MetaOf(ev)
		if meta == nil || meta.Type == "" {
			t.Fatalf("%q became %T without a type", raw, ev)
		}
		// What was understood survives being written and read again.
		again, err := json.Marshal(ev)
		if err != nil {
			t.Fatalf("%T from %q cannot be written: %v", ev, raw, err)
		}
		if back := ari.Decode(again); fmt.Sprintf("%T", back) != fmt.Sprintf("%T", ev) {
			t.Fatalf("%T became %T when written and read again: %s", ev, back, again)
		}
	})
}
