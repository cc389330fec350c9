package ari

import "strings"

// BridgeAttribute is one word of a new bridge's type.
type BridgeAttribute string

// The words. Without [BridgeDTMFEvents] or [BridgeProxyMedia] a two-party bridge becomes native: it is the quickest, and
// swallows [ChannelDtmfReceived].
const (
	AttributeMixing     BridgeAttribute = "mixing"
	AttributeHolding    BridgeAttribute = "holding"
	BridgeDTMFEvents    BridgeAttribute = "dtmf_events"
	BridgeProxyMedia    BridgeAttribute = "proxy_media"
	BridgeVideoSFU      BridgeAttribute = "video_sfu"
	BridgeVideoSingle   BridgeAttribute = "video_single"
	BridgeSDPLabel      BridgeAttribute = "sdp_label"
	bridgeTypeSeparator                 = ","
)

// ListBridges lists all bridges of this Asterisk.
func ListBridges() Request[[]Bridge] {
	return Request[[]Bridge]{Method: "GET", Path: "bridges"}
}

// GetBridge returns one bridge.
func GetBridge(bridge string) Request[Bridge] {
	return Request[Bridge]{Method: "GET", Path: resource("bridges", bridge)}
}

// CreateBridge makes a bridge with an id of the caller's choice; if there is one with that id it is kept. Without
// attributes it is a mixing bridge.
func CreateBridge(bridge, name string, attributes ...BridgeAttribute) Request[Bridge] {
	words := make([]string, len(attributes))
	for i, word := range attributes {
		words[i] = string(word)
	}
	return Request[Bridge]{
		Method: "POST", Path: resource("bridges", bridge),
		Query: query{}.text("type", strings.Join(words, bridgeTypeSeparator)).text("name", name).values(),
	}
}

// DestroyBridge takes a bridge down; that it is gone already is no error. Hang the channels up first: those still in it
// stay in the application. A bridge that is just going is refused with 409 ("not in Stasis application"), which is no error
// either.
func DestroyBridge(bridge string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("bridges", bridge), GoneIsDone: true, ConflictIsDone: true}
}

// AddChannels joins channels to a bridge. The channels must be in the application and play no music ([StopMusic]).
func AddChannels(bridge string, channels ...string) Request[None] {
	return Join{Bridge: bridge, Channels: channels}.Request()
}

// Join is [AddChannels] with all that can be said.
type Join struct {
	Bridge   string
	Channels []string
	// Role is, in a holding bridge, "participant" or "announcer".
	Role string
	// AbsorbDTMF keeps keys from the other parties, Mute silences the newcomers, and InhibitConnectedLineUpdates keeps
	// their names from the telephones' displays.
	AbsorbDTMF                  bool
	Mute                        bool
	InhibitConnectedLineUpdates bool
}

// Request returns the operation.
func (j Join) Request() Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("bridges", j.Bridge, "addChannel"),
		Query: query{}.list("channel", j.Channels).text("role", j.Role).flag("absorbDTMF", j.AbsorbDTMF).flag("mute", j.Mute).
			flag("inhibitConnectedLineUpdates", j.InhibitConnectedLineUpdates).values(),
	}
}

// RemoveChannels takes channels out of a bridge; they stay in the application.
func RemoveChannels(bridge string, channels ...string) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("bridges", bridge, "removeChannel"),
		Query: query{}.list("channel", channels).values(),
	}
}

// PlayToBridge plays media to everybody in a bridge, one after the other. ID is the playback's, chosen by the caller.
func PlayToBridge(bridge, id string, media ...string) Request[Playback] {
	return Request[Playback]{
		Method: "POST", Path: resource("bridges", bridge, "play", id), Query: query{}.list("media", media).values(),
	}
}

// StartBridgeMusic plays music on hold to everybody in a bridge.
func StartBridgeMusic(bridge, class string) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("bridges", bridge, "moh"), Query: query{}.text("mohClass", class).values(),
	}
}

// StopBridgeMusic ends [StartBridgeMusic].
func StopBridgeMusic(bridge string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("bridges", bridge, "moh"), GoneIsDone: true}
}

// RecordBridge records what is said in a bridge. Destroying the bridge ends it and keeps the file.
func RecordBridge(bridge string, r Recording) Request[LiveRecording] {
	return Request[LiveRecording]{Method: "POST", Path: resource("bridges", bridge, "record"), Query: r.query()}
}

// ShowVideoOf makes one channel's video the one that all see.
func ShowVideoOf(bridge, channel string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("bridges", bridge, "videoSource", channel)}
}
