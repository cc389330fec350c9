// Package acd is the automatic call director as a pure state machine.
//
// # Contract
//
// A [State] is stepped with one [Input] at a time and answers with the facts that it decided and the commands that
// must now be carried out:
//
//	facts, commands := state.Step(at, input)
//
// Facts are applied by [State.Apply] and by nothing else, so that recovery, which applies the journal's facts and
// never decides again, gives an equal state. The package does no I/O, owns no goroutine, reads no clock and draws no
// random number: time arrives as at (UTC, no monotonic reading, never decreasing), ids of contacts arrive in the
// inputs, ids of legs, bridges, offers and commands are minted from counters in the state.
//
// # Vocabulary
//
// A contact is one customer's wish to talk; it outlives its legs (Asterisk channels), which a bridge mixes. An offer
// is one contact reserved for one agent. Cause is a Q.850 cause value; a termination is one of the closed list in
// termination.go. See the glossary in docs/.
//
// # Concurrency
//
// A State belongs to one goroutine (acd/engine). A [View] is immutable and may be read by any.
package acd
