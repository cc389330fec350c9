package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/acd"
	"contactd/acd/engine"
	"contactd/store"
)

var (
	_ engine.Journal   = (*store.Store)(nil)
	_ engine.Snapshots = (*store.Store)(nil)
)

// killPath, when set, makes this test binary a director on a real database that acknowledges on its output until it is
// killed.
const killPath = "CONTACTD_ENGINE_KILL_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(killPath); path != "" {
		fmt.Println("ended:", directUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// onStore runs an engine on a real database; stop ends both.
func onStore(path string) (e *engine.Engine, s *store.Store, stop func() error, err error) {
	if s, err = store.Open(path, store.Options{}); err != nil {
		return nil, nil, nil, err
	}
	if e, err = engine.New(engine.Options{
		Journal: s, Snapshots: s, Executors: (&hands{settle: acd.Done}).executors(), Config: config(),
		Installation: s.Installation(), Boot: s.Boot(), SnapshotEvery: 40,
	}); err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	return e, s, func() error { cancel(); err := <-ended; s.Close(); return err }, nil
}

// directUntilKilled has call-backs requested and every third cancelled.
func directUntilKilled(path string) error {
	e, s, _, err := onStore(path)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for n := 0; ; n++ {
		id := acd.ContactID(fmt.Sprintf("%016x%016x", s.Boot(), n))
		if err := e.Ask(ctx, acd.CallBackRequested{Contact: id, Queue: "sales", Kind: acd.CallBackTurn, Caller: string(id), Trunks: []string{"demo"}}); err != nil {
			return err
		}
		fmt.Println("waits", id)
		if n%3 == 2 {
			if err := e.Ask(ctx, acd.ContactCancelled{Contact: id}); err != nil {
				return err
			}
			fmt.Println("cancelled", id)
		}
	}
}

// TestKilledAndRecovered kills a director several times: whoever was told that he waits still waits, in his place, and
// whoever was told that it is cancelled does not; the facts are the same when decided again.
func TestKilledAndRecovered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "contactd.db")
	waits := make(map[string]bool)
	var order []string
	for round := range 4 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), killPath+"="+path)
		output, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(output)
		for n := 0; lines.Scan(); n++ {
			verb, id, whole := strings.Cut(lines.Text(), " ")
			switch {
			case verb == "ended:":
				t.Fatal(lines.Text())
			case !whole || len(id) != 32: // cut by the kill
			case verb == "waits":
				waits[id] = true
				order = append(order, id)
			case verb == "cancelled":
				waits[id] = false
			}
			if n == 60+45*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		child.Wait()

		e, s, stop, err := onStore(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Ask(t.Context(), acd.AgentSignedIn{Agent: "ann"}); err != nil {
			t.Fatal(err)
		}
		verifyWaiting(t, e.View(), waits, order)
		if err := e.Look(t.Context(), func(state *acd.State) {
			if err := state.Check(); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		decided, err := engine.Replay(t.Context(), s, s, 1, func(one engine.Difference) { t.Errorf("decided otherwise: %+v", one) })
		if err != nil || decided == 0 {
			t.Errorf("replayed %d entries: %v", decided, err)
		}
		if e.Stats().Divergences != 0 {
			t.Error("the follower differs")
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func verifyWaiting(t *testing.T, v *acd.View, waits map[string]bool, order []string) {
	t.Helper()
	place := 0
	for _, id := range order {
		c := v.Contacts[acd.ContactID(id)]
		switch {
		case !waits[id] && c != nil:
			t.Errorf("contact %s was cancelled and is %s", id, c.State)
		case waits[id] && c == nil:
			// The last one of a round may have been cancelled without having been told.
			if i := slices.Index(order, id); i+1 < len(order) && order[i+1][:16] == id[:16] {
				t.Errorf("contact %s was lost", id)
			}
			waits[id] = false
		case waits[id] && c.State != acd.Waiting:
			t.Errorf("contact %s is %s", id, c.State)
		case waits[id]:
			if c.Place <= place {
				t.Errorf("contact %s has place %d behind %d", id, c.Place, place)
			}
			place = c.Place
		}
	}
	if len(order) == 0 || place == 0 {
		t.Error("nobody waits; the test shows nothing")
	}
}
