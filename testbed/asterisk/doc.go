// Package asterisk runs a private, real Asterisk for tests, benchmarks and the demo: from the root that
// testbed/asterisk-root.sh makes, with directories of its own and with ports of its own on 127.0.0.1. Any number of them run
// side by side, and nothing of it stays on the machine.
//
// A test says
//
//	pbx := asterisk.StartForTest(t, asterisk.Options{})
//	client, err := ari.New(pbx.ARI("acd"))
//
// and is skipped when CONTACTD_ASTERISK_ROOT is not set, so that a plain "go test ./..." needs no Asterisk; "make test" sets
// it. Configuration files come from [Options.Files], which is told the ports; without it a minimal configuration is used, in
// which the dialplan sends everything into the application named by the dialled context.
package asterisk
