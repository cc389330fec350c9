// Package ari is a typed client of the Asterisk REST Interface, for Asterisk 22. It knows nothing of call centres and can be
// used on its own.
//
// # Requests
//
// An operation is a value, a [Request] of its result's type, made by a function or struct that is named after it; [Do]
// carries it out and waits, [Start] only sends it:
//
//	channel, err := ari.Do(ctx, client, ari.Originate{ID: "l12", Endpoint: "PJSIP/anna", App: "acd"}.Request())
//	ari.Start(ctx, client, ari.AnswerChannel("l11"), nil)
//
// Ids of channels, bridges, playbacks and recordings are chosen by the caller, so that an event can be matched before the
// request that caused it is answered. What takes something away succeeds when it is gone already.
//
// There are three transports. The client itself sends over the WebSocket that brings the events: it is the quickest way
// from an event to the answer to it, and it keeps the order of what was sent. Asterisk serves the requests of one WebSocket
// one after the other; [Client.Lane] gives more of them. [Client.HTTP] is for bulk, for listings, and for the time between
// two connections.
//
// # Outcomes
//
// An error tells what became of the request. A [*StatusError] is Asterisk's refusal: nothing was done. A [*TransportError]
// is either [ErrNotSent], so that it may be repeated, or [ErrOutcomeUnknown]: look up whether it was carried out, and never
// simply repeat an originate. A [*DecodeError] means that it was carried out.
//
// # Events
//
// [Client.Run] calls one function for all events, in order. Every connection is an epoch, between [EpochBegan] and
// [EpochEnded]; what happened between two epochs is lost, and Asterisk does not repeat it, so that the application has to
// list channels and bridges after each EpochBegan. Nothing is dropped silently: what this package does not know arrives as
// [UnknownEvent], and if the handler does not keep up the epoch ends with [ErrOverflow].
//
// # Concurrency
//
// All methods may be called from several goroutines. Requests may be made inside the handler, but waiting for one there
// keeps the events waiting. The functions given to [Start] run on the goroutine that reads the socket and must not block.
//
// # Caveats
//
//   - A second client with the same application name takes it over and the first is told [ErrReplaced]. It takes the
//     application back after [Config.BackoffMax]; give every client its own name.
//   - [ChannelDestroyed] comes only for channels that the application originated. Rely on [StasisEnd].
//   - An originate to an endpoint without a reachable contact is refused with 500 and no event follows.
//   - While Asterisk loads its modules, HTTP answers 404 to everything, and only then 503. Over HTTP, therefore, believe an
//     [ErrNotFound] only while there is an epoch.
//   - Set websocket_write_timeout in ari.conf higher than its 100 ms, or Asterisk disconnects at every hiccup.
package ari
