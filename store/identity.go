package store

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

var (
	metaInstallation = []byte("installation")
	metaBoot         = []byte("boot")
)

// Installation is a random name of this database, 8 hexadecimal digits, for ever the same.
func (s *Store) Installation() string { return s.installation }

// Boot is how often the database was opened for writing. Ids minted from installation, boot and a counter are unique.
func (s *Store) Boot() uint64 { return s.boot }

func (s *Store) readIdentity() error {
	if s.options.ReadOnly {
		return s.db.View(func(tx *bolt.Tx) error {
			meta := tx.Bucket(bucketMeta)
			s.installation = string(meta.Get(metaInstallation))
			s.boot = bootNumber(meta)
			return nil
		})
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		name := meta.Get(metaInstallation)
		if name == nil {
			var random [4]byte
			rand.Read(random[:])
			name = []byte(hex.EncodeToString(random[:]))
			if err := meta.Put(metaInstallation, name); err != nil {
				return err
			}
		}
		s.installation = string(name)
		s.boot = bootNumber(meta) + 1
		return meta.Put(metaBoot, be64(s.boot))
	})
}

func bootNumber(meta *bolt.Bucket) uint64 {
	if value := meta.Get(metaBoot); len(value) == 8 {
		return binary.BigEndian.Uint64(value)
	}
	return 0
}

// idSize is the length of a contact's or room's id in keys.
const idSize = 16

// parseID turns the 32 lower-case hexadecimal digits of a contact or room into the 16 bytes used in keys. Upper case is
// refused, so that one id has one spelling.
func parseID(id string) ([]byte, error) {
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return nil, fmt.Errorf("contact or room id %q: must be 32 lower-case hexadecimal digits", id)
		}
	}
	if len(id) != 2*idSize {
		return nil, fmt.Errorf("contact or room id %q: must be 32 lower-case hexadecimal digits", id)
	}
	return hex.DecodeString(id)
}
