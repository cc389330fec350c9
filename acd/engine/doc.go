// Package engine owns an [acd.State]: the shell around the pure director.
//
// # Contract
//
// Inputs go into a bounded inbox by [Engine.Tell] (events of the PBX, outcomes) or [Engine.Ask] (requests of people and
// programs, who are answered). One goroutine takes all that wait, steps them together, and hands their entries to the
// journal in one commit. Then, in this order: the commit, the new [acd.View] is published and whoever asked is answered,
// irreversible commands are executed. Repeatable commands may be executed while the commit is in flight, and the next
// inputs may be stepped meanwhile; but the commands of one contact that one executor carries out (a lane) are always
// begun in their order, so that a hang-up never overtakes the originate that it ends.
//
// Time is clamped: it never decreases, also when the machine's clock is set back, and then goes on at the monotonic
// pace. Deadlines are the state's own ([acd.State.NextDeadline]); there is one timer.
//
// At start the newest usable snapshot is restored and the journal's facts after it are applied; nothing is decided
// again. Irreversible commands without an outcome are executed again, except originates: their outcome is told to be
// unknown, and the PBX's listing shows what came of them. A follower, a second State fed from the journal, writes the
// snapshots; each time its hash is compared with the owner's, and a difference is a loud error and writes nothing.
//
// # Back-pressure
//
// A full inbox, or a commit that takes longer than Options.StallAfter, refuses with [ErrOverloaded]: the API answers
// 503 with Retry-After, the PBX's side ends its connection epoch and resynchronises. Requests are refused at half the
// inbox, so that events still find room. A commit that fails ends Run with its error: nothing more is acknowledged, and
// the process is to exit and start again.
//
// # Concurrency
//
// [Engine.Run] is the owner and waits for every goroutine that it started. All other methods may be called from any
// goroutine; none of them blocks the owner. A subscriber waits on [Engine.Changed].
//
// # Caveats
//
// Taking the hash at a checkpoint encodes the whole state on the owner's goroutine, which is some milliseconds with
// thousands of agents; Options.SnapshotEvery and SnapshotInterval say how often. A command is begun in order, not
// finished in order: an executor that needs the latter blocks in Execute.
package engine
