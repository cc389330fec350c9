package voice

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"contactd/acd"
	"contactd/ari"
)

// DefaultApplication is the Stasis application's name.
const DefaultApplication = "contactd"

// The prefixes of the ids that the director mints; see acd/id.go.
const (
	legPrefix    = "cd-"
	bridgePrefix = "cdb-"
)

// Options make a [Voice]. Client, Directory and Tell must be given.
type Options struct {
	PBX    acd.PBXID
	Client *ari.Client
	// Application is the client's; [DefaultApplication] when empty.
	Application string
	// Installation limits what is adopted, and what is hung up as an orphan, to the legs and bridges that the director of this
	// installation minted. Several may then share one Asterisk. Empty means all.
	Installation string
	Directory    Directory
	// Tell hands an input to the director. It may block; see the package's documentation.
	Tell func(acd.Input)
	Log  *slog.Logger
}

// Voice is one Asterisk in the director's words.
type Voice struct {
	pbx         acd.PBXID
	client      *ari.Client
	application string
	ownLeg      string
	ownBridge   string
	directory   Directory
	tell        func(acd.Input)
	log         *slog.Logger
	legs        legs
	// telling are inputs on their way that no event brought; they do not hold up the reader, which brought the answer.
	telling sync.WaitGroup
}

// New returns the voice of one Asterisk. It does nothing before [Voice.Run].
func New(o Options) (*Voice, error) {
	if o.PBX == "" || o.Client == nil || o.Directory == nil || o.Tell == nil {
		return nil, errors.New("voice: options need PBX, Client, Directory and Tell")
	}
	v := &Voice{
		pbx: o.PBX, client: o.Client, application: o.Application, directory: o.Directory, tell: o.Tell, log: o.Log,
		ownLeg: legPrefix, ownBridge: bridgePrefix, legs: legs{all: map[acd.LegID]*leg{}},
	}
	if o.Installation != "" {
		v.ownLeg, v.ownBridge = legPrefix+o.Installation+"-", bridgePrefix+o.Installation+"-"
	}
	if v.application == "" {
		v.application = DefaultApplication
	}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	v.log = v.log.With(slog.String("pbx", string(v.pbx)))
	return v, nil
}

// Run connects to Asterisk and tells the director what happens there, until ctx ends.
func (v *Voice) Run(ctx context.Context) error {
	defer v.telling.Wait()
	return v.client.Run(ctx, func(ev ari.Event) { v.handle(ctx, ev) })
}

// newContact returns 128 random bits.
func newContact() acd.ContactID {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails: crypto/rand ends the program instead
	return acd.ContactID(hex.EncodeToString(bits[:]))
}

// mine tells whether the director of this installation minted the leg's id.
func (v *Voice) mine(channel string) bool { return strings.HasPrefix(channel, v.ownLeg) }
