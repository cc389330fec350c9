package acdtest

import (
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestScenarios runs the stories in testdata; `go test ./acd/acdtest -run Scenarios -rewrite` writes what they print anew.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := NewScenario()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "tell" {
				d.Fatalf(t, "a block begins with tell, not %s", d.Cmd)
			}
			out, err := s.Tell(d.Input)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			return out
		})
	})
}
