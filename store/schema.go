package store

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// The buckets. Numbers in keys are big-endian, so that the order of keys is the order of numbers; contact and room ids
// are their 16 bytes.
var (
	bucketMeta        = []byte("meta")         // name → value
	bucketJournal     = []byte("journal")      // seq → checksum, entry
	bucketSnapshots   = []byte("snapshots")    // seq → checksum, state
	bucketRooms       = []byte("rooms")        // room → roomHead
	bucketRoomLog     = []byte("room_log")     // room, offset → sealed operation
	bucketRoomClients = []byte("room_clients") // room, client → last number
	bucketRoomSnaps   = []byte("room_snaps")   // room → sealed snapshot
	bucketRecords     = []byte("records")      // contact → time, record
	bucketRecordTimes = []byte("record_times") // time, contact → nothing
	bucketPersonKeys  = []byte("person_keys")  // contact → wrapped key
	bucketPersonal    = []byte("personal")     // contact, field → sealed value
	bucketErased      = []byte("erased")       // contact → time
	bucketTables      = []byte("tables")       // table, 0, key → expiry, value
	bucketExpires     = []byte("expires")      // kind, what → time
	bucketExpiry      = []byte("expiry")       // time, kind, what → nothing
)

var metaSchema = []byte("schema")

// migrations bring a database from version i to i+1; the schema's version is their number. Only append to the list.
var migrations = []func(tx *bolt.Tx) error{
	createBuckets,
}

func createBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{
		bucketMeta, bucketJournal, bucketSnapshots, bucketRooms, bucketRoomLog, bucketRoomClients, bucketRoomSnaps,
		bucketRecords, bucketRecordTimes, bucketPersonKeys, bucketPersonal, bucketErased, bucketTables,
		bucketExpires, bucketExpiry,
	} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return nil
}

// migrate runs in one transaction: an upgrade is whole or not at all.
func migrate(tx *bolt.Tx) error {
	version, err := schemaVersion(tx)
	if err != nil {
		return err
	}
	for ; version < uint64(len(migrations)); version++ {
		if err := migrations[version](tx); err != nil {
			return fmt.Errorf("bring the schema from version %d to %d: %w", version, version+1, err)
		}
	}
	return tx.Bucket(bucketMeta).Put(metaSchema, be64(version))
}

// checkSchema is what a reader, who cannot migrate, asks for.
func checkSchema(tx *bolt.Tx) error {
	version, err := schemaVersion(tx)
	if err != nil {
		return err
	}
	if version != uint64(len(migrations)) {
		return fmt.Errorf("the database has schema %d, this contactd reads %d: start `contactd serve` once to bring it up to date", version, len(migrations))
	}
	return nil
}

func schemaVersion(tx *bolt.Tx) (uint64, error) {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return 0, fmt.Errorf("%w: the file is a bbolt database of something else (it has a bucket %q)", ErrCorrupt, name)
		}
		return 0, nil
	}
	value := meta.Get(metaSchema)
	if len(value) != 8 {
		return 0, fmt.Errorf("%w: no schema version", ErrCorrupt)
	}
	version := binary.BigEndian.Uint64(value)
	if version > uint64(len(migrations)) {
		return 0, fmt.Errorf("the database has schema %d and was written by a newer contactd, this one knows up to %d: run the newer one, or restore the backup made before the upgrade", version, len(migrations))
	}
	return version, nil
}

func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
