// Package pagesync decides what happens in a contact's room: who may do what, what everybody sees, what is refused.
//
// # Contract
//
// A [State] is one room. What somebody wants to do is an [Op]; [State.Decide] says whether it may happen, and in which
// form; an [Entry] says that it did, and [State.Apply] is all that changes a State. Recovery applies the entries of the
// durable log (after a snapshot, if there is one) and decides nothing again. The package does no I/O, owns no
// goroutine, reads no clock and draws no random number: time, secrets' hashes and ids of rooms come in.
//
// Offsets of entries grow by one. A client numbers its operations; the highest number that is committed is part of the
// State, so that an operation that is sent again has no second effect.
//
// The frames on the wire are described in docs/room-protocol.md. This package decodes what a browser sends, which is
// never trusted, and encodes what it is told.
//
// # Privacy
//
// Without the customer's consent a State holds nothing of the page, agents see nothing of it, and the customer's
// operations on it are refused. Fields that look like passwords or cards are refused whatever the browser thinks of
// them. Addresses lose secret-like parameters and their fragment before they are kept.
//
// # Concurrency
//
// A State belongs to one goroutine at a time.
package pagesync
