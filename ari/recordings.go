package ari

import "time"

// Recording is how to record.
type Recording struct {
	// Name is the recording's, and its file's, chosen by the caller.
	Name string
	// Format is the file's: "wav", "gsm", "ulaw" …
	Format string
	// MaxDuration and MaxSilence end it, rounded to seconds; 0 is no limit.
	MaxDuration, MaxSilence time.Duration
	IfExists                IfExists
	Beep                    bool
	TerminateOn             TerminateOn
}

// IfExists says what becomes of an older recording of the same name.
type IfExists string

// What may become of it; the default is to fail with [ErrConflict].
const (
	IfExistsFail      IfExists = "fail"
	IfExistsOverwrite IfExists = "overwrite"
	IfExistsAppend    IfExists = "append"
)

// TerminateOn is the key that ends a recording.
type TerminateOn string

// The keys; the default is none.
const (
	TerminateOnNone TerminateOn = "none"
	TerminateOnAny  TerminateOn = "any"
	TerminateOnStar TerminateOn = "*"
	TerminateOnHash TerminateOn = "#"
)

func (r Recording) query() map[string][]string {
	return query{}.text("name", r.Name).text("format", r.Format).
		number("maxDurationSeconds", int(r.MaxDuration/time.Second)).number("maxSilenceSeconds", int(r.MaxSilence/time.Second)).
		text("ifExists", string(r.IfExists)).flag("beep", r.Beep).text("terminateOn", string(r.TerminateOn)).values()
}

// ListStoredRecordings lists the finished recordings.
func ListStoredRecordings() Request[[]StoredRecording] {
	return Request[[]StoredRecording]{Method: "GET", Path: "recordings/stored"}
}

// GetStoredRecording describes a finished recording; [Client.DownloadRecording] fetches its sound.
func GetStoredRecording(name string) Request[StoredRecording] {
	return Request[StoredRecording]{Method: "GET", Path: resource("recordings", "stored", name)}
}

// DeleteStoredRecording deletes a recording's file; that it is gone already is no error.
func DeleteStoredRecording(name string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("recordings", "stored", name), GoneIsDone: true}
}

// CopyStoredRecording copies a finished recording.
func CopyStoredRecording(name, to string) Request[StoredRecording] {
	return Request[StoredRecording]{
		Method: "POST", Path: resource("recordings", "stored", name, "copy"),
		Query: query{}.text("destinationRecordingName", to).values(),
	}
}

// GetLiveRecording returns a recording in progress.
func GetLiveRecording(name string) Request[LiveRecording] {
	return Request[LiveRecording]{Method: "GET", Path: resource("recordings", "live", name)}
}

// StopRecording ends a recording and keeps it; that it has ended already is no error.
func StopRecording(name string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("recordings", "live", name, "stop"), GoneIsDone: true}
}

// DiscardRecording ends a recording and throws it away.
func DiscardRecording(name string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("recordings", "live", name), GoneIsDone: true}
}

// PauseRecording stops recording for a while; that time is missing in the file.
func PauseRecording(name string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("recordings", "live", name, "pause")}
}

// UnpauseRecording ends [PauseRecording].
func UnpauseRecording(name string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("recordings", "live", name, "pause")}
}

// MuteRecording records silence for a while.
func MuteRecording(name string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("recordings", "live", name, "mute")}
}

// UnmuteRecording ends [MuteRecording].
func UnmuteRecording(name string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("recordings", "live", name, "mute")}
}
