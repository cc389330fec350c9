// Package aritest is a small scripted Asterisk: a real HTTP and WebSocket server that stands on the other side of the
// wire. It records every request, answers as Asterisk would when all goes well or as the test says with [Server.On], and
// sends the events that the test emits. It has no telephony in it: what an Asterisk would do by itself the test must say.
//
// [New] listens on the loopback network. [NewPiped] has no network at all, so that it can be used inside a testing/synctest
// bubble; the client's Dial comes with [Server.Config] in both cases.
package aritest
