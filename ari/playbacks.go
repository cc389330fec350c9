package ari

// GetPlayback returns a playback, until it has ended.
func GetPlayback(playback string) Request[Playback] {
	return Request[Playback]{Method: "GET", Path: resource("playbacks", playback)}
}

// StopPlayback ends a playback; that it has ended already is no error.
func StopPlayback(playback string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("playbacks", playback), GoneIsDone: true}
}

// PlaybackOperation is what can be done to a playback.
type PlaybackOperation string

// The operations.
const (
	PlaybackRestart PlaybackOperation = "restart"
	PlaybackPause   PlaybackOperation = "pause"
	PlaybackUnpause PlaybackOperation = "unpause"
	PlaybackReverse PlaybackOperation = "reverse"
	PlaybackForward PlaybackOperation = "forward"
)

// ControlPlayback pauses, restarts or winds a playback.
func ControlPlayback(playback string, operation PlaybackOperation) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("playbacks", playback, "control"),
		Query: query{}.text("operation", string(operation)).values(),
	}
}
