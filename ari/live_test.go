package ari_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"contactd/ari"
	"contactd/testbed/asterisk"
)

// liveApp is the application of the minimal configuration's dialplan.
const liveApp = "test"

func liveClient(t *testing.T, pbx *asterisk.Asterisk, lanes int) (*ari.Client, *stream) {
	t.Helper()
	config := pbx.ARI(liveApp)
	config.Lanes = lanes
	client := newClient(t, config)
	s := run(t, client)
	await(s, func(*ari.EpochBegan) bool { return true })
	return client, s
}

// await returns the next event of type E that is as wanted, whatever comes before it.
func await[E ari.Event](s *stream, wanted func(E) bool) E {
	s.t.Helper()
	var seen []string
	limit := time.After(30 * time.Second)
	for {
		select {
		case ev := <-s.events:
			if unknown, is := ev.(*ari.UnknownEvent); is {
				s.t.Errorf("Asterisk said what we do not know: %s (%v)", unknown.Raw, unknown.Err)
			}
			if e, is := ev.(E); is && wanted(e) {
				return e
			}
			seen = append(seen, fmt.Sprintf("%T", ev))
		case <-limit:
			var zero E
			s.t.Fatalf("no such %T within 30 s, but %v", zero, seen)
			return zero
		}
	}
}

func do[T any](t *testing.T, via ari.Sender, r ari.Request[T]) T {
	t.Helper()
	value, err := ari.Do(t.Context(), via, r)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestLiveCallThroughABridgeOverEveryTransport(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client, s := liveClient(t, pbx, 1)
	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			s := &stream{t: t, events: s.events}
			via := transport.of(client)
			// Two Local channels: what is sent into the second half of one comes out of its first half, which is bridged.
			one, two, bridge := transport.name+"-1", transport.name+"-2", transport.name+"-b"
			other := transport.name + "-3"
			channel := do(t, via, ari.Originate{
				ID: one, OtherChannelID: two, Endpoint: "Local/100@phones/n", App: liveApp, AppArgs: []string{"ours", transport.name},
				CallerID: `"Ann Other" <200>`, Timeout: 20 * time.Second, Variables: map[string]string{"COLOUR": "dark blue"},
			}.Request())
			if channel.ID != one {
				t.Errorf("got channel %q, want %q", channel.ID, one)
			}
			// The Local channel's second half comes from the dialplan, as a caller does.
			inbound := await(s, func(ev *ari.StasisStart) bool { return ev.Channel.ID == two })
			if fmt.Sprint(inbound.Args) != "[phones 100]" || time.Since(inbound.Timestamp.Time) > time.Hour {
				t.Errorf("got %+v", inbound)
			}
			do(t, via, ari.AnswerChannel(two))
			ours := await(s, func(ev *ari.StasisStart) bool { return ev.Channel.ID == one })
			if fmt.Sprint(ours.Args) != fmt.Sprintf("[ours %s]", transport.name) {
				t.Errorf("got %+v", ours)
			}
			if got := do(t, via, ari.GetChannelVariable(one, "COLOUR")).Value; got != "dark blue" {
				t.Errorf("the variable is %q", got)
			}
			odd := `ä b&c=d+e%20;"?#` + transport.name
			do(t, via, ari.SetChannelVariable(one, "ODD", odd))
			if got := do(t, via, ari.GetChannelVariable(one, "ODD")).Value; got != odd {
				t.Errorf("the variable came back as %q, want %q", got, odd)
			}
			do(t, via, ari.StartMusic(two, ""))
			do(t, via, ari.StopMusic(two))
			do(t, via, ari.CreateBridge(bridge, "a name with blanks", ari.AttributeMixing, ari.BridgeDTMFEvents))
			do(t, via, ari.Originate{ID: other, OtherChannelID: other + "-far", Endpoint: "Local/300@phones/n", App: liveApp}.Request())
			await(s, func(ev *ari.StasisStart) bool { return ev.Channel.ID == other+"-far" })
			do(t, via, ari.AnswerChannel(other+"-far"))
			await(s, func(ev *ari.StasisStart) bool { return ev.Channel.ID == other })
			do(t, via, ari.AddChannels(bridge, one, other))
			await(s, func(ev *ari.ChannelEnteredBridge) bool { return len(ev.Bridge.Channels) == 2 })
			if got := do(t, via, ari.GetBridge(bridge)); len(got.Channels) != 2 || got.Name != "a name with blanks" {
				t.Errorf("got %+v", got)
			}
			do(t, via, ari.RecordBridge(bridge, ari.Recording{Name: bridge, Format: "wav", IfExists: ari.IfExistsOverwrite}))
			do(t, via, ari.PlayToBridge(bridge, bridge+"-p", "sound:beep"))
			if done := await(s, func(ev *ari.PlaybackFinished) bool { return ev.Playback.ID == bridge+"-p" }); done.Playback.State != ari.PlaybackStateDone {
				t.Errorf("got %+v", done.Playback)
			}
			do(t, via, ari.SendDTMF(two, ari.DTMF{Keys: "7"}))
			await(s, func(ev *ari.ChannelDtmfReceived) bool { return ev.Digit == "7" && ev.Channel.ID == one })
			do(t, via, ari.StopRecording(bridge))
			await(s, func(ev *ari.RecordingFinished) bool { return ev.Recording.Name == bridge })
			var sound bytes.Buffer
			if n, err := client.DownloadRecording(t.Context(), bridge, &sound); err != nil || n < 44 || !bytes.HasPrefix(sound.Bytes(), []byte("RIFF")) {
				t.Errorf("downloaded %d bytes, %v", n, err)
			}
			do(t, via, ari.HangUp(one, 16))
			await(s, func(ev *ari.StasisEnd) bool { return ev.Channel.ID == two })
			do(t, via, ari.HangUp(one, 16)) // gone already, and no error
			do(t, via, ari.HangUpWith(other, ari.HangUpAnsweredElsewhere))
			do(t, via, ari.DestroyBridge(bridge))
			do(t, via, ari.DestroyBridge(bridge))
			await(s, func(ev *ari.BridgeDestroyed) bool { return ev.Bridge.ID == bridge })
		})
	}
	pbx.AssertNothingLeft(t)
}

func TestLiveRefusals(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client, _ := liveClient(t, pbx, 1)
	for _, transport := range transports {
		via := transport.of(client)
		for name, c := range map[string]struct {
			want error
			do   func() error
		}{
			"unknown endpoint": {ari.ErrAllocationFailed, func() error {
				_, err := ari.Do(t.Context(), via, ari.Originate{ID: "x", Endpoint: "PJSIP/nobody", App: liveApp}.Request())
				return err
			}},
			"unregistered endpoint": {ari.ErrAllocationFailed, func() error {
				_, err := ari.Do(t.Context(), via, ari.Originate{ID: "x", Endpoint: "PJSIP/ann", App: liveApp}.Request())
				return err
			}},
			"unknown channel": {ari.ErrNotFound, func() error {
				_, err := ari.Do(t.Context(), via, ari.AnswerChannel("nobody"))
				return err
			}},
		} {
			if err := c.do(); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: got %v, want %v", transport.name, name, err, c.want)
			}
		}
		// A living id is taken.
		id := "twice-" + transport.name
		originate := ari.Originate{ID: id, Endpoint: "Local/100@phones", App: liveApp}.Request()
		do(t, via, originate)
		if _, err := ari.Do(t.Context(), via, originate); !errors.Is(err, ari.ErrConflict) {
			t.Errorf("%s: a second channel of the same id: got %v, want ErrConflict", transport.name, err)
		}
		do(t, via, ari.HangUp(id, 0))
	}
	pbx.AssertNothingLeft(t)
}

func TestLiveTelephonesAtRunTime(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client, _ := liveClient(t, pbx, 0)
	aor := ari.ConfigObject{Class: "res_pjsip", Type: "aor", ID: "dora"}
	endpoint := ari.ConfigObject{Class: "res_pjsip", Type: "endpoint", ID: "dora"}
	do(t, client, ari.PutConfig(aor, ari.ConfigTuple{Attribute: "max_contacts", Value: "2"}))
	do(t, client, ari.PutConfig(endpoint, ari.ConfigTuple{Attribute: "aors", Value: "dora"}, ari.ConfigTuple{Attribute: "context", Value: "phones"}))
	if got := do(t, client, ari.GetEndpoint("PJSIP", "dora")); got.State != ari.EndpointOffline {
		t.Errorf("got %+v", got)
	}
	found := false
	for _, tuple := range do(t, client, ari.GetConfig(aor)) {
		found = found || tuple == ari.ConfigTuple{Attribute: "max_contacts", Value: "2"}
	}
	if !found {
		t.Error("the attribute is not there")
	}
	var refusal *ari.StatusError
	if _, err := ari.Do(t.Context(), client, ari.PutConfig(aor, ari.ConfigTuple{Attribute: "colour", Value: "red"})); !errors.As(err, &refusal) || refusal.Status != 400 {
		t.Errorf("a wrong attribute: got %v, want 400", err)
	}
	do(t, client, ari.DeleteConfig(endpoint))
	do(t, client, ari.DeleteConfig(aor))
	do(t, client, ari.DeleteConfig(aor))
	if _, err := ari.Do(t.Context(), client, ari.GetConfig(aor)); !errors.Is(err, ari.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestLiveKilledAsteriskEndsTheEpochAndTheNextFollows(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client, s := liveClient(t, pbx, 1)
	if err := pbx.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if ended := await(s, func(*ari.EpochEnded) bool { return true }); ended.Epoch != 1 {
		t.Errorf("got %+v", ended)
	}
	t.Logf("found after %v", time.Since(killed).Round(time.Millisecond))
	await(s, func(ev *ari.ConnectFailed) bool { return ev.Attempt >= 2 })
	if _, err := ari.Do(t.Context(), client, ari.PingAsterisk()); !errors.Is(err, ari.ErrNotSent) {
		t.Errorf("a request meanwhile: got %v, want ErrNotSent", err)
	}
	if err := pbx.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if began := await(s, func(*ari.EpochBegan) bool { return true }); began.Epoch != 2 {
		t.Errorf("got %+v", began)
	}
	do(t, client, ari.PingAsterisk())
}

func TestLiveFrozenAsteriskEndsTheEpoch(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client, s := liveClient(t, pbx, 0)
	if err := pbx.Pause(); err != nil {
		t.Fatal(err)
	}
	frozen := time.Now()
	results := make(chan error, 1)
	// Asterisk may or may not find it on the old socket when it lives again; this one leaves nothing behind.
	ari.Start(t.Context(), client, ari.SetGlobalVariable("V", "w"), func(_ ari.None, err error) { results <- err })
	if ended := await(s, func(*ari.EpochEnded) bool { return true }); !errors.Is(ended.Err, ari.ErrDeaf) {
		t.Errorf("got %v, want ErrDeaf", ended.Err)
	}
	t.Logf("found after %v", time.Since(frozen).Round(time.Millisecond))
	if err := <-results; !errors.Is(err, ari.ErrOutcomeUnknown) {
		t.Errorf("the request on its way: got %v, want ErrOutcomeUnknown", err)
	}
	if err := pbx.Resume(); err != nil {
		t.Fatal(err)
	}
	await(s, func(ev *ari.EpochBegan) bool { return ev.Epoch == 2 })
	do(t, client, ari.PingAsterisk())
}

func TestLiveSecondClientTakesTheApplicationOver(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	config := pbx.ARI(liveApp)
	config.BackoffMax = time.Hour
	s := run(t, newClient(t, config))
	await(s, func(*ari.EpochBegan) bool { return true })
	liveClient(t, pbx, 0)
	if ended := await(s, func(*ari.EpochEnded) bool { return true }); !errors.Is(ended.Err, ari.ErrReplaced) {
		t.Errorf("got %v, want ErrReplaced", ended.Err)
	}
	wrong := pbx.ARI("other")
	wrong.Password = "wrong"
	if failed := await(run(t, newClient(t, wrong)), func(*ari.ConnectFailed) bool { return true }); !errors.Is(failed.Err, ari.ErrUnauthorized) {
		t.Errorf("a wrong password: got %v, want ErrUnauthorized", failed.Err)
	}
}
