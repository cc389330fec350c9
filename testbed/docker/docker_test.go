package docker

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// record is what these tests read of a contact's record.
type record struct {
	Contact     string
	Kind        string
	Agent       string
	Termination string
	Legs        []struct{ Party, Answered, Ended string }
}

func (d *Desk) await(t *testing.T, done func(record) bool) record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var list struct{ Records []record }
	for {
		if err := d.Do(ctx, http.MethodGet, "/v1/records", nil, &list); err != nil {
			t.Fatalf("records: %v", err)
		}
		for _, r := range list.Records {
			if done(r) {
				return r
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no such record within 90 s; there are %+v", list.Records)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// TestFlows runs flows 1 and 2 with every part on an address of its own.
func TestFlows(t *testing.T) {
	binary := os.Getenv("CONTACTD_DOCKER_BINARY")
	if binary == "" {
		t.Skip("run by make docker-test, which gives it a static contactd and an engine")
	}
	source, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	bed, err := New(t.Context(), source, binary, os.Getenv("BASE"), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := bed.Register(t.Context(), "ann", ann); err != nil {
		t.Fatal(err)
	}
	start(t, bed.Phone(t.Context(), "ann", ann))
	start(t, bed.AwaitOnline(t.Context(), "ann"))
	desk, err := bed.SignIn(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}

	t.Run("a call comes in", func(t *testing.T) {
		start(t, bed.Sipp(t.Context(), "caller", outside, "call", "-s", "8001", "-d", "4000"))
		r := desk.await(t, func(r record) bool { return r.Kind == "inbound" })
		if r.Agent != "ann" || r.Termination != "customer_hung_up" || len(r.Legs) != 2 {
			t.Errorf("the record says %+v", r)
		}
		ended(t, bed, "caller")
		empty(t, bed)
	})

	t.Run("call me now", func(t *testing.T) {
		start(t, bed.Phone(t.Context(), "customer", outside))
		start(t, bed.AwaitOnline(t.Context(), "outside"))
		var made struct{ Contact string }
		asked := map[string]any{"queue": "sales", "kind": "callback_now", "number": "+49 30 7654321", "page": "http://" + ShopAddress + "/", "consent": false, "language": "en"}
		if err := request(t.Context(), bed.Client, http.MethodPost, CustomerURL+"/v1/contacts", "http://"+ShopAddress, asked, &made); err != nil {
			t.Fatal(err)
		}
		connected(t, desk)
		if err := desk.Do(t.Context(), http.MethodPost, "/v1/desk/contacts/"+made.Contact+"/hang-up", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
		r := desk.await(t, func(r record) bool { return r.Contact == made.Contact })
		if r.Agent != "ann" || r.Termination != "agent_hung_up" || len(r.Legs) != 2 {
			t.Errorf("the record says %+v", r)
		}
		empty(t, bed)
	})
}

func start(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connected waits until the desk shows a talk.
func connected(t *testing.T, desk *Desk) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := desk.Follow(ctx, func(state DeskState) bool { return state.Contact != nil && state.Contact.State == "connected" }); err != nil {
		t.Fatalf("the desk shows no talk: %v", err)
	}
}

// ended: SIPp was content.
func ended(t *testing.T, bed *Bed, name string) {
	t.Helper()
	status, output, err := bed.Wait(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if status != "0" {
		t.Errorf("%s ended with %s:\n%s", name, status, output)
	}
	start(t, bed.Remove(t.Context(), name))
}

// empty: no channel and no bridge is left.
func empty(t *testing.T, bed *Bed) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for _, what := range []string{"channels", "bridges"} {
		for {
			var left []map[string]any
			if err := request(t.Context(), bed.Client, http.MethodGet, ariURL+"/"+what+"?api_key=contactd:"+Password, "", nil, &left); err != nil {
				t.Fatal(err)
			}
			if len(left) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s are left: %v", what, left)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}
