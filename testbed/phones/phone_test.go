package phones_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"contactd/testbed/phones"
)

func newPhone(t *testing.T, options phones.Options) *phones.Phone {
	t.Helper()
	p, err := phones.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s: %v", options.User, p.Events())
		}
	})
	return p
}

// pair makes a telephone and a caller that calls it directly, without a PBX.
func pair(t *testing.T, b phones.Behaviour) (phone, caller *phones.Phone) {
	t.Helper()
	phone = newPhone(t, phones.Options{PBX: "127.0.0.1:1", User: "ann", Behaviour: b, Tone: 440})
	caller = newPhone(t, phones.Options{PBX: phone.Address(), User: "100", Tone: 660})
	return phone, caller
}

func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func await(t *testing.T, p *phones.Phone, kind phones.Kind) phones.Event {
	t.Helper()
	ev, err := p.Await(patience(t), kind)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestTwoTelephonesHearEachOther(t *testing.T) {
	phone, caller := pair(t, phones.Answer(0))
	ctx := patience(t)
	call, err := caller.Call(ctx, "8001")
	if err != nil {
		t.Fatal(err)
	}
	taken := await(t, phone, phones.Answered).Call
	if taken.Number != "100" || taken.ID != call.ID || !taken.Incoming {
		t.Errorf("got %+v", taken)
	}
	if err := call.AwaitTone(ctx, 440); err != nil {
		t.Error(err)
	}
	if err := taken.AwaitTone(ctx, 660); err != nil {
		t.Error(err)
	}
	call.SetTone(0)
	if err := taken.AwaitNoTone(ctx, 660); err != nil {
		t.Error(err)
	}
	if err := call.Press("4#"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"4", "#"} {
		if got := await(t, phone, phones.Keyed).Detail; got != key {
			t.Errorf("got key %s, want %s", got, key)
		}
	}
	if err := call.Press("x"); err == nil {
		t.Error("a key that there is not was pressed")
	}
	if err := taken.HangUp(ctx); err != nil {
		t.Error(err)
	}
	if got := await(t, caller, phones.Ended).Detail; got != "them" {
		t.Errorf("the caller's call was ended by %s", got)
	}
	if got := await(t, phone, phones.Ended).Detail; got != "us" {
		t.Errorf("the telephone's call was ended by %s", got)
	}
	if err := call.HangUp(ctx); err != nil {
		t.Errorf("hanging up again: %v", err)
	}
	if len(phone.Calls())+len(caller.Calls()) != 0 {
		t.Error("there are calls left")
	}
}

func TestRefusals(t *testing.T) {
	for _, status := range []int{480, 486, 603} {
		phone, caller := pair(t, phones.Reject(status))
		_, err := caller.Call(patience(t), "8001")
		var refused *phones.RefusedError
		if !errors.As(err, &refused) || refused.Status != status {
			t.Errorf("got %v, want %d", err, status)
		}
		if got := await(t, phone, phones.Refused).Status; got != status {
			t.Errorf("the telephone says %d", got)
		}
	}
}

func TestCallerGivesUp(t *testing.T) {
	phone, caller := pair(t, phones.RingOnly())
	call, answer, err := caller.Dial(patience(t), "8001")
	if err != nil {
		t.Fatal(err)
	}
	if got := await(t, caller, phones.Progressed).Status; got != 180 {
		t.Errorf("got %d", got)
	}
	if err := call.HangUp(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	await(t, phone, phones.Cancelled)
	await(t, caller, phones.Cancelled)
	// The next behaviour holds for the next call.
	phone.Behave(phones.Answer(0))
	if _, err := caller.Call(patience(t), "8001"); err != nil {
		t.Error(err)
	}
}

func TestSecondCallFindsItBusy(t *testing.T) {
	phone, caller := pair(t, phones.Answer(0))
	if _, err := caller.Call(patience(t), "8001"); err != nil {
		t.Fatal(err)
	}
	second := newPhone(t, phones.Options{PBX: phone.Address(), User: "101"})
	_, err := second.Call(patience(t), "8001")
	var refused *phones.RefusedError
	if !errors.As(err, &refused) || refused.Status != 486 {
		t.Errorf("got %v, want 486", err)
	}
}

func TestNumbersAreChecked(t *testing.T) {
	_, caller := pair(t, phones.Answer(0))
	if _, err := caller.Call(patience(t), "8001@elsewhere"); err == nil {
		t.Error("an address was taken for a number")
	}
	if _, err := phones.New(phones.Options{User: "ann"}); err == nil {
		t.Error("a telephone without a PBX was made")
	}
}
