package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Parameters of new password hashes (RFC 9106, for a server with little memory): 64 MiB, 3 passes, 1 lane. Stored
// hashes carry their own.
const (
	argonMemory  = 64 << 10 // KiB
	argonPasses  = 3
	argonLanes   = 1
	argonKey     = 32
	argonSalt    = 16
	maxPassword  = 1024
	minPassword  = 8
	maxArgonMem  = 1 << 20 // KiB; a hash that asks for more is refused
	maxArgonPass = 64
)

// working bounds how many hashes are computed at once, and with them the memory that strangers can make us use.
var working = make(chan struct{}, 2)

// HashPassword returns the hash of a new password in PHC string form ("$argon2id$v=19$m=…").
func HashPassword(password string) (string, error) {
	switch {
	case len(password) < minPassword:
		return "", fmt.Errorf("the password is too short: at least %d characters", minPassword)
	case len(password) > maxPassword:
		return "", fmt.Errorf("the password is too long: at most %d bytes", maxPassword)
	}
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // Never fails (crypto/rand).
	sum := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b64(salt), b64(sum)), nil
}

// CheckPassword says whether the password belongs to the hash. A broken hash is an error for the operator. An empty
// hash (an unknown user) takes as long as a wrong password, so that the time tells nobody who exists.
func CheckPassword(hash, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	p := phc{memory: argonMemory, passes: argonPasses, lanes: argonLanes, salt: make([]byte, argonSalt), sum: make([]byte, argonKey)}
	if hash != "" {
		var err error
		if p, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	working <- struct{}{}
	defer func() { <-working }()
	sum := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.sum)))
	return subtle.ConstantTimeCompare(sum, p.sum) == 1 && hash != "", nil
}

// ValidHash says what is wrong with a password hash of the configuration.
func ValidHash(hash string) error {
	_, err := parsePHC(hash)
	return err
}

type phc struct {
	memory, passes uint32
	lanes          uint8
	salt, sum      []byte
}

var errHash = errors.New("is no argon2id hash: make one with `contactd user password`")

func parsePHC(hash string) (p phc, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil || n != 3 {
		return p, errHash
	}
	if p.memory < 8 || p.memory > maxArgonMem || p.passes < 1 || p.passes > maxArgonPass || p.lanes < 1 {
		return p, fmt.Errorf("%w (its cost is out of range)", errHash)
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 {
		return p, errHash
	}
	if p.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(p.sum) < 16 || len(p.sum) > 128 {
		return p, errHash
	}
	return p, nil
}
