// Package app is the daemon as a value: it opens the store, wires the director's engine with its executors, the PBXs, the
// rooms and the listeners, runs them, and stops them in the right order. It is the only package that imports everything.
//
// # Contract
//
//	daemon, err := app.New(cfg, options)
//	err = daemon.Run(ctx)
//
// Run returns when ctx ends or something failed that the daemon cannot live with: a commit, or a listener. When ctx ends
// it drains: listeners take no new requests and streams end, what the director has begun is committed, calls stay up in
// Asterisk, where the next start finds them. [Daemon.Reload] puts a new configuration in force without a restart and says
// what needs one.
//
// # Concurrency
//
// Every goroutine belongs to Run, which waits for it. Addresses may be asked for once [Daemon.Ready] is closed.
package app
