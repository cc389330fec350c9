// Package voice is where the words of the director and of Asterisk meet, and the only place: ari events become acd inputs, acd
// commands become ARI requests.
//
// # Contract
//
// A [Voice] is one Asterisk. [Voice.Run] listens; [Voice.Execute] carries out a command. A [Switchboard] of several gives each
// command to the Asterisk that it names, and is what the engine is given as the executor of all actions on the PBX.
//
// Every connection epoch begins with a listing of channels and bridges, told as [acd.PBXConnected] before any event of the
// epoch, and ends with [acd.PBXDisconnected]. Within an epoch each leg's life is told once: it rang, it was answered, it ended.
//
// The commands of one contact are sent in their order without waiting for answers, over one WebSocket, which Asterisk serves
// one after the other. What came of a command is settled when the answer comes: Done, Refused when Asterisk said no, Unknown
// when it said nothing. Of repeatable commands only Refused and Unknown are told. Nothing here repeats an originate that
// Asterisk may have carried out.
//
// # Concurrency
//
// Run calls Tell on one goroutine, in order. Tell may block: events then wait in ari's inbox, and if they do not fit there the
// epoch ends and the next begins with a listing, so that nothing is lost silently. Execute may be called from any goroutine
// and blocks no longer than the [Directory].
//
// # Caveats
//
// The ids of inbound legs are Asterisk's own. With several Asterisks each must have a systemname (asterisk.conf), or two legs
// may have one id.
package voice
