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
// # Rules
//
//   - A waiting contact goes to the agent who has been idle longest among those who are eligible; of two who have been
//     idle equally long, to the first in the configuration. An agent who becomes free takes the first contact that he is
//     eligible for: by the queue's priority, then by age, then in the order of arrival.
//   - Eligible is one function, for the router, its explanation and [State.Check]: the agent is ready, serves the queue
//     with the levels that it needs, his phone is on the contact's PBX, which is connected, and has no leg left, and he
//     has not rejected or missed this contact within the last 30 s.
//   - Who rejects, or loses an offer because the customer went away, stays ready and keeps his place among the idle. Who
//     misses as many in a row as he may, or whose phone is busy or cannot be reached, becomes not-ready.
//   - What an agent asks for while he has a contact (not-ready, signing out) takes effect when he is done with it.
//   - A call-back's agent is called first, then the customer. An attempt counts when the customer's phone was dialled, on
//     however many trunks, and also when nobody knows what came of it. Between attempts the contact pauses and keeps its
//     age. Wrap-up follows a talk, not an attempt.
//   - While its PBX is away an offer or call ends by its deadline, and nobody is blamed: rescinded, pbx_lost.
//
// # Invariants
//
// [State.Check] holds, after every step: contacts that arrived are closed or open; an agent has one contact at most, and
// a contact one offer; every offer, call, pause, wrap-up and hang-up has a deadline that is noted and has not passed;
// nobody who is eligible is idle while a contact waits; a leg that is not being hung up is one that its contact still
// wants; lines, groups, counts and numbers agree with the contacts and agents that they are derived from.
//
// # Vocabulary
//
// A contact is one customer's wish to talk; it outlives its legs (Asterisk channels), which a bridge mixes. An offer
// is one contact reserved for one agent. Cause is a Q.850 cause value; a termination is one of the closed list in
// record.go. See also docs/glossary.md.
//
// # Concurrency
//
// A State belongs to one goroutine (acd/engine). A [View] is immutable and may be read by any.
package acd
