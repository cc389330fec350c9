// Package flows has whole call flows as stories: a real Asterisk, configured by `contactd pbx render`; the real contactd, built
// from this tree and spoken to over its HTTP API as browsers do; and telephones that ring, answer, send a tone and listen.
//
// One Asterisk and one customer's telephone (behind a trunk) serve the whole package. Every story has a contactd of its own with
// an empty database, and telephones of its own for the agents. It ends by asserting the contact's record, and that Asterisk has
// no channel and no bridge left.
//
// Stories wait for what contactd and the telephones say, never for time; a limit of 30 s only bounds what fails. Whoever hangs
// up first waits until contactd shows the talk as connected.
//
// The package is skipped without CONTACTD_ASTERISK_ROOT; `make flows` sets it.
package flows
