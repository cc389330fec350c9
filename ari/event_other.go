package ari

// Events about media, the application and devices.

// MissingParams: Asterisk refused a message of ours for want of parameters.
type MissingParams struct {
	Meta
	Params []string `json:"params"`
}

// DeviceStateChanged: a device's state changed.
type DeviceStateChanged struct {
	Meta
	DeviceState DeviceState `json:"device_state"`
}

// PlaybackStarted: media began to play.
type PlaybackStarted struct {
	Meta
	Playback Playback `json:"playback"`
}

// PlaybackContinuing: the next of several media began to play.
type PlaybackContinuing struct {
	Meta
	Playback Playback `json:"playback"`
}

// PlaybackFinished: media ended, or could not be played: see Playback.State.
type PlaybackFinished struct {
	Meta
	Playback Playback `json:"playback"`
}

// RecordingStarted: a recording began.
type RecordingStarted struct {
	Meta
	Recording LiveRecording `json:"recording"`
}

// RecordingFinished: a recording ended; its file is stored.
type RecordingFinished struct {
	Meta
	Recording LiveRecording `json:"recording"`
}

// RecordingFailed: a recording came to nothing.
type RecordingFailed struct {
	Meta
	Recording LiveRecording `json:"recording"`
}

// ApplicationMoveFailed: a channel that was moved to Destination could not be given to it.
type ApplicationMoveFailed struct {
	Meta
	Channel     Channel  `json:"channel"`
	Destination string   `json:"destination"`
	Args        []string `json:"args"`
}

// ApplicationRegistered: an application came into being.
type ApplicationRegistered struct {
	Meta
}

// ApplicationUnregistered: an application is gone.
type ApplicationUnregistered struct {
	Meta
}

// ApplicationReplaced: another socket has taken the application over; this one hears nothing more. The client ends the
// epoch after it.
type ApplicationReplaced struct {
	Meta
}

// ContactStatusChange: the reachability of a telephone's registered address changed.
type ContactStatusChange struct {
	Meta
	Endpoint    Endpoint    `json:"endpoint"`
	ContactInfo ContactInfo `json:"contact_info"`
}

// PeerStatusChange: the reachability of a peer changed.
type PeerStatusChange struct {
	Meta
	Endpoint Endpoint `json:"endpoint"`
	Peer     Peer     `json:"peer"`
}

// EndpointStateChange: the reachability of an endpoint changed.
type EndpointStateChange struct {
	Meta
	Endpoint Endpoint `json:"endpoint"`
}

// TextMessageReceived: an out-of-call message came in. Endpoint is nil unless it was sent by one that Asterisk knows.
type TextMessageReceived struct {
	Meta
	Message  TextMessage `json:"message"`
	Endpoint *Endpoint   `json:"endpoint,omitempty"`
}

// The methods that make the set of events closed.
func (*ApplicationMoveFailed) event()   {}
func (*ApplicationRegistered) event()   {}
func (*ApplicationReplaced) event()     {}
func (*ApplicationUnregistered) event() {}
func (*ContactStatusChange) event()     {}
func (*DeviceStateChanged) event()      {}
func (*EndpointStateChange) event()     {}
func (*MissingParams) event()           {}
func (*PeerStatusChange) event()        {}
func (*PlaybackContinuing) event()      {}
func (*PlaybackFinished) event()        {}
func (*PlaybackStarted) event()         {}
func (*RecordingFailed) event()         {}
func (*RecordingFinished) event()       {}
func (*RecordingStarted) event()        {}
func (*TextMessageReceived) event()     {}
