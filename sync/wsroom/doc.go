// Package wsroom is the shell around pagesync: it joins browsers to rooms over WebSockets (docs/room-protocol.md).
//
// # Contract
//
// What is durable is committed to the [Log] before anybody sees it, and in one commit with the sender's last number.
// What is ephemeral is never stored; of what waits for a reader only the newest per person and kind is kept. A reader
// for whom more than [MaxQueued] bytes wait is closed with a code and resumes by position. The daemon's commands
// (OpenRoom, SetRole …) return after their commit and are idempotent, so that they may be repeated after a restart.
//
// # Concurrency
//
// A [Hub] is used by any goroutine. Each connection has one reading goroutine, and a writing one only while something
// is queued; each room has a worker only while something waits to be decided, and the worker alone touches the room's
// State. [Hub.Run] does the keeping alive and, when it ends, has closed all connections and waited for all goroutines.
//
// # Caveats
//
// gorilla/websocket upgrades and reads. Frames are written to the network connection by ourselves, each as one whole
// Write (or one writev of several), so that a frame is encoded once for all its receivers and is never mixed up with
// gorilla's own control frames.
package wsroom
