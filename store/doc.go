// Package store keeps what must outlive the process: the director's journal and snapshots, the rooms' logs, the
// contacts' records and personal data, and small tables for others. It holds bytes and knows nothing of their meaning;
// codecs live with their owners. It is one bbolt file with a write-ahead log for the journal beside it, and bbolt is
// imported nowhere else.
//
// # Contract
//
// What is written together goes into one [Batch]: all of it is kept, or nothing. [Store.Write] and [Store.WriteAsync]
// report success only after the batch is on the disk (fdatasync). A group committer collects every batch that waits into
// one commit, so that many writers share one sync. There are two: batches of journal entries alone go into the log, whose
// commit is one write and one sync, and everything else into a transaction of the database. Each applies its batches in
// the order in which they were handed in; a batch that holds journal entries and other things is one transaction too.
//
// A batch may be refused by itself (a room offset that does not follow, a key that exists already, an erased person):
// it gets its error, the others of its group are written. An error of the commit is final: every waiter and all later
// callers get an error that wraps [ErrFailed], [Store.Failed] is closed, and the daemon is to stop acknowledging and
// to exit. What was acknowledged before is safe.
//
// # Concurrency
//
// All methods may be called from any goroutine. A committer's goroutine exists only while something waits; [Store.Close]
// waits for both, after they have written what was handed in before. Callbacks given to WriteAsync run on that goroutine in
// the order of the commits and must not block.
//
// # Personal data
//
// Personal fields, room logs and room snapshots are sealed with a key of their contact (XChaCha20-Poly1305), which is
// wrapped by a master key kept in its own file beside the database. Erasing a contact deletes its key, its fields and
// its room, and leaves a mark that refuses later writes.
//
// # Caveats
//
// Only one process can have the file open ([ErrInUse]). Do not copy the files while the daemon runs, use [Store.Backup],
// which needs no log beside it: remove path + ".wal" when a backup is put back. The master key file is not in the backup:
// whoever has both can read everything, whoever lost it can read no personal data. bbolt writes copies and reuses pages
// later, so that a deleted (wrapped) key can remain in free pages of the file, and in backups made before, until they are
// overwritten or thrown away. The file never shrinks. Long reads keep old pages from being reused; everything here reads
// in short transactions, except Backup. fsync must mean what it says: on a disk that lies about it, nothing can be
// promised.
package store
