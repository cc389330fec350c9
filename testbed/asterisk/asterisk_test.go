package asterisk_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"contactd/ari"
	"contactd/testbed/asterisk"
)

func TestLiveTwoInstancesSideBySideWithRestart(t *testing.T) {
	first := asterisk.StartForTest(t, asterisk.Options{})
	second := asterisk.StartForTest(t, asterisk.Options{})
	if first.SIP() == second.SIP() {
		t.Fatalf("both are at %s", first.SIP())
	}
	id := func(a *asterisk.Asterisk) string {
		client, err := ari.New(a.ARI("test"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := ari.Do(t.Context(), client.HTTP(), ari.GetInfo("system"))
		if err != nil {
			t.Fatal(err)
		}
		return info.System.EntityID
	}
	if id(first) == id(second) {
		t.Errorf("both have the id %s", id(first))
	}
	before := first.PID()
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := first.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first.PID() == before {
		t.Error("the restarted instance is the same process")
	}
	id(first)
	first.AssertNothingLeft(t)
	if out, err := first.CLI(t.Context(), "core show version"); err != nil || !strings.HasPrefix(out, "Asterisk 22.") {
		t.Errorf("the console said %q, %v", out, err)
	}
}

func TestLiveWhatIsLeftIsNamed(t *testing.T) {
	a := asterisk.StartForTest(t, asterisk.Options{})
	client, err := ari.New(a.ARI("test"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ari.Do(t.Context(), client.HTTP(), ari.CreateBridge("forgotten", "")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := a.AwaitEmpty(ctx); err == nil || !strings.Contains(err.Error(), "bridge forgotten") {
		t.Errorf("got %v, want the bridge's name", err)
	}
	if _, err := ari.Do(t.Context(), client.HTTP(), ari.DestroyBridge("forgotten")); err != nil {
		t.Fatal(err)
	}
	a.AssertNothingLeft(t)
}

func TestLiveBrokenConfigurationIsShown(t *testing.T) {
	if os.Getenv(asterisk.RootVariable) == "" {
		t.Skipf("needs a real Asterisk: set %s", asterisk.RootVariable)
	}
	_, err := asterisk.Start(t.Context(), asterisk.Options{Files: func(asterisk.Settings) (map[string][]byte, error) {
		return map[string][]byte{"modules.conf": []byte("[modules]\nautoload = no\nrequire = res_not_there.so\n")}, nil
	}})
	if err == nil || !strings.Contains(err.Error(), "res_not_there") {
		t.Errorf("got %v, want the log's complaint", err)
	}
}

func TestWithoutRootTheCureIsNamed(t *testing.T) {
	t.Setenv(asterisk.RootVariable, "")
	_, err := asterisk.Start(t.Context(), asterisk.Options{})
	if err == nil || !strings.Contains(err.Error(), "asterisk-root.sh") {
		t.Errorf("got %v", err)
	}
	_, err = asterisk.Start(t.Context(), asterisk.Options{Root: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "asterisk-root.sh") {
		t.Errorf("got %v", err)
	}
}
