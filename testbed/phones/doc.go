// Package phones has small SIP telephones and callers for tests, the demo and benchmarks. They speak SIP over UDP on
// 127.0.0.1, register with or without a password, answer or refuse as they are told, send a tone, keep what they hear and
// say when everything happened.
//
//	ann, err := phones.New(phones.Options{PBX: pbx.SIP(), User: "ann", Tone: 440, Behaviour: phones.Answer(0)})
//	err = ann.Register(ctx)
//	call, err := caller.Call(ctx, "8001")   // returns when answered
//	err = call.AwaitTone(ctx, 440)          // the caller hears Ann
//	err = call.HangUp(ctx)
//
// A test waits for events ([Phone.Await]) and for tones ([Call.AwaitTone]), never for time. Sound is G.711 at 8 kHz; there
// is no jitter buffer, so that what was heard is what arrived, in the order in which it arrived.
package phones
