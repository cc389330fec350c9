package ari

import (
	"time"
)

// ListChannels lists all channels of this Asterisk, not only the application's.
func ListChannels() Request[[]Channel] {
	return Request[[]Channel]{Method: "GET", Path: "channels"}
}

// GetChannel returns one channel.
func GetChannel(channel string) Request[Channel] {
	return Request[Channel]{Method: "GET", Path: resource("channels", channel)}
}

// Originate makes a channel and dials with it. When it is answered it enters the application (App) or the dialplan
// (Context and Exten). It is not retried by anything in this package: a repeated originate is a second call.
type Originate struct {
	// ID is the channel's id, chosen by the caller and unique among living channels: a living one gives [ErrConflict].
	ID string
	// Endpoint is what to dial: "PJSIP/anna", "PJSIP/+4930…@trunk", "Local/100@queue".
	Endpoint string
	// App with AppArgs, or Context with Extension and Priority (or Label).
	App       string
	AppArgs   []string
	Context   string
	Extension string
	Priority  int
	Label     string
	// CallerID is shown to the called party: `Name <number>` or a number.
	CallerID string
	// Timeout is how long it may ring; rounded up to a second. 0 leaves Asterisk's 30 s, a negative one means no limit.
	Timeout time.Duration
	// Variables are set on the channel before it dials. Setting functions such as CDR(…) at this point has frozen older
	// releases, so that the caller should allow-list names.
	Variables map[string]string
	// OtherChannelID is the second half's id when a Local channel is dialled.
	OtherChannelID string
	// Originator is the id of the channel on whose behalf this one is made: it gives codecs and the linked id. It
	// excludes Formats.
	Originator string
	Formats    []string
}

// Request returns the operation.
func (o Originate) Request() Request[Channel] {
	q := query{}.text("endpoint", o.Endpoint).text("app", o.App).list("appArgs", o.AppArgs).
		text("context", o.Context).text("extension", o.Extension).number("priority", o.Priority).text("label", o.Label).
		text("callerId", o.CallerID).text("otherChannelId", o.OtherChannelID).text("originator", o.Originator).
		list("formats", o.Formats)
	switch {
	case o.Timeout < 0:
		q.text("timeout", "-1")
	case o.Timeout > 0:
		q.number("timeout", int((o.Timeout+time.Second-1)/time.Second))
	}
	path := "channels"
	if o.ID != "" {
		path = resource("channels", o.ID)
	}
	return Request[Channel]{Method: "POST", Path: path, Query: q.values(), Body: variablesBody(o.Variables)}
}

// CreateChannel makes a channel without dialling yet; it enters the application at once, and [DialChannel] dials. Await its
// [StasisStart] before anything else is done with it, else Asterisk answers 409 or 422.
type CreateChannel struct {
	ID             string
	Endpoint       string
	App            string
	AppArgs        []string
	Variables      map[string]string
	OtherChannelID string
	Originator     string
	Formats        []string
}

// Request returns the operation.
func (c CreateChannel) Request() Request[Channel] {
	return Request[Channel]{
		Method: "POST", Path: "channels/create",
		Query: query{}.text("endpoint", c.Endpoint).text("app", c.App).list("appArgs", c.AppArgs).text("channelId", c.ID).
			text("otherChannelId", c.OtherChannelID).text("originator", c.Originator).list("formats", c.Formats).values(),
		Body: variablesBody(c.Variables),
	}
}

// DialChannel dials with a created channel. Caller is the channel that hears the progress, and may be empty; a zero
// timeout is no limit.
func DialChannel(channel, caller string, timeout time.Duration) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "dial"),
		Query: query{}.text("caller", caller).number("timeout", int((timeout+time.Second-1)/time.Second)).values(),
	}
}

// HangUpReason is a word for why a channel is ended.
type HangUpReason string

// The reasons that Asterisk knows.
const (
	HangUpNormal            HangUpReason = "normal"
	HangUpBusy              HangUpReason = "busy"
	HangUpCongestion        HangUpReason = "congestion"
	HangUpNoAnswer          HangUpReason = "no_answer"
	HangUpTimeout           HangUpReason = "timeout"
	HangUpRejected          HangUpReason = "rejected"
	HangUpUnallocated       HangUpReason = "unallocated"
	HangUpNormalUnspecified HangUpReason = "normal_unspecified"
	HangUpNumberIncomplete  HangUpReason = "number_incomplete"
	HangUpCodecMismatch     HangUpReason = "codec_mismatch"
	HangUpInterworking      HangUpReason = "interworking"
	HangUpFailure           HangUpReason = "failure"
	HangUpAnsweredElsewhere HangUpReason = "answered_elsewhere"
)

// HangUp ends a channel; that it is gone already is no error. Cause is a Q.850 value (16 normal, 17 busy, 26 answered
// elsewhere …); 0 leaves Asterisk's normal clearing.
func HangUp(channel string, cause int) Request[None] {
	return Request[None]{
		Method: "DELETE", Path: resource("channels", channel), GoneIsDone: true,
		Query: query{}.number("reason_code", cause).values(),
	}
}

// HangUpWith is [HangUp] with a word for the cause.
func HangUpWith(channel string, reason HangUpReason) Request[None] {
	return Request[None]{
		Method: "DELETE", Path: resource("channels", channel), GoneIsDone: true,
		Query: query{}.text("reason", string(reason)).values(),
	}
}

// AnswerChannel answers a channel.
func AnswerChannel(channel string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("channels", channel, "answer")}
}

// StartRinging tells an unanswered caller that it rings (SIP 180), or plays a ringing tone to an answered one.
func StartRinging(channel string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("channels", channel, "ring")}
}

// StopRinging ends [StartRinging].
func StopRinging(channel string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("channels", channel, "ring"), GoneIsDone: true}
}

// Progress tells an unanswered caller that media comes (SIP 183).
func Progress(channel string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("channels", channel, "progress")}
}

// StartMusic plays music on hold to a channel that is in no bridge. It must be stopped before the channel joins one.
func StartMusic(channel, class string) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "moh"), Query: query{}.text("mohClass", class).values(),
	}
}

// StopMusic ends [StartMusic].
func StopMusic(channel string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("channels", channel, "moh"), GoneIsDone: true}
}

// StartSilence plays silence, which keeps a leg's media path open.
func StartSilence(channel string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("channels", channel, "silence")}
}

// StopSilence ends [StartSilence].
func StopSilence(channel string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("channels", channel, "silence"), GoneIsDone: true}
}

// Hold puts a channel's telephone on hold.
func Hold(channel string) Request[None] {
	return Request[None]{Method: "POST", Path: resource("channels", channel, "hold")}
}

// Unhold ends [Hold].
func Unhold(channel string) Request[None] {
	return Request[None]{Method: "DELETE", Path: resource("channels", channel, "hold"), GoneIsDone: true}
}

// Direction is one of a channel's ways, seen from Asterisk: in is what the party says, out is what the party hears.
type Direction string

// The directions. DirectionNone is for [Snoop] only.
const (
	DirectionNone Direction = "none"
	DirectionBoth Direction = "both"
	DirectionIn   Direction = "in"
	DirectionOut  Direction = "out"
)

// Mute silences a channel.
func Mute(channel string, way Direction) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "mute"), Query: query{}.text("direction", string(way)).values(),
	}
}

// Unmute ends [Mute].
func Unmute(channel string, way Direction) Request[None] {
	return Request[None]{
		Method: "DELETE", Path: resource("channels", channel, "mute"), GoneIsDone: true,
		Query: query{}.text("direction", string(way)).values(),
	}
}

// DTMF is a row of keys sent to a channel; its times are milliseconds, and 0 leaves Asterisk's defaults (0, 100, 100, 0).
type DTMF struct {
	Keys                             string
	Before, Between, Duration, After time.Duration
}

// SendDTMF sends keys to a channel.
func SendDTMF(channel string, keys DTMF) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "dtmf"),
		Query: query{}.text("dtmf", keys.Keys).number("before", milliseconds(keys.Before)).
			number("between", milliseconds(keys.Between)).number("duration", milliseconds(keys.Duration)).
			number("after", milliseconds(keys.After)).values(),
	}
}

func milliseconds(d time.Duration) int { return int(d / time.Millisecond) }

// PlayToChannel plays media ("sound:hello-world", "tone:ring", "recording:name", "digits:12") one after the other. ID is
// the playback's, chosen by the caller. An unanswered channel hears it as early media.
func PlayToChannel(channel, id string, media ...string) Request[Playback] {
	return Request[Playback]{
		Method: "POST", Path: resource("channels", channel, "play", id), Query: query{}.list("media", media).values(),
	}
}

// Snoop makes a channel that listens to another one and may speak into it. It follows the spied channel through bridges and
// ends with it.
type Snoop struct {
	// Channel is the spied one, ID the new one's id.
	Channel, ID string
	// Spy says what is heard, Whisper who hears what is spoken: out the party, in those it talks to.
	Spy, Whisper Direction
	App          string
	AppArgs      []string
}

// Request returns the operation.
func (s Snoop) Request() Request[Channel] {
	return Request[Channel]{
		Method: "POST", Path: resource("channels", s.Channel, "snoop", s.ID),
		Query: query{}.text("spy", string(s.Spy)).text("whisper", string(s.Whisper)).text("app", s.App).
			list("appArgs", s.AppArgs).values(),
	}
}

// MoveChannel gives a channel to another application, or to the same one anew: [StasisStart] follows there, or
// [ApplicationMoveFailed] here.
func MoveChannel(channel, app string, args ...string) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "move"),
		Query: query{}.text("app", app).list("appArgs", args).values(),
	}
}

// ContinueInDialplan sends a channel back into the dialplan. Empty parts leave it where it was, one step further.
func ContinueInDialplan(channel, context, extension string, priority int) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "continue"),
		Query: query{}.text("context", context).text("extension", extension).number("priority", priority).values(),
	}
}

// RedirectChannel answers a leg's invitation with a redirection to another endpoint (SIP 302).
func RedirectChannel(channel, endpoint string) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "redirect"), Query: query{}.text("endpoint", endpoint).values(),
	}
}

// GetChannelVariable returns the value of a variable or function, [ErrNotFound] if it is not set.
func GetChannelVariable(channel, variable string) Request[Variable] {
	return Request[Variable]{
		Method: "GET", Path: resource("channels", channel, "variable"), Query: query{}.text("variable", variable).values(),
	}
}

// SetChannelVariable sets a variable.
func SetChannelVariable(channel, variable, value string) Request[None] {
	q := query{}.text("variable", variable).values()
	q.Set("value", value)
	return Request[None]{Method: "POST", Path: resource("channels", channel, "variable"), Query: q}
}

// RecordChannel records a channel. An unanswered one is answered by it.
func RecordChannel(channel string, r Recording) Request[LiveRecording] {
	return Request[LiveRecording]{Method: "POST", Path: resource("channels", channel, "record"), Query: r.query()}
}

// GetRTPStatistics returns a leg's media counters.
func GetRTPStatistics(channel string) Request[RTPStatistics] {
	return Request[RTPStatistics]{Method: "GET", Path: resource("channels", channel, "rtp_statistics")}
}

// TransferState is how far a transfer that the application carries out for a telephone is.
type TransferState string

// The states of a transfer. They reach the telephone as NOTIFY with 100, 180, 200 and 503.
const (
	TransferProgress    TransferState = "channel_progress"
	TransferAnswered    TransferState = "channel_answered"
	TransferUnavailable TransferState = "channel_unavailable"
	TransferDeclined    TransferState = "channel_declined"
)

// ReportTransfer tells the telephone that asked for a transfer how far it is. Channel is the referring leg.
func ReportTransfer(channel string, state TransferState) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("channels", channel, "transfer_progress"),
		Query: query{}.text("states", string(state)).values(),
	}
}

// ClaimChannel claims a broadcast call for an application: exactly one claimer wins, the others get [ErrConflict].
func ClaimChannel(channel, app string) Request[None] {
	return Request[None]{
		Method: "POST", Path: "events/claim", Query: query{}.text("channelId", channel).text("application", app).values(),
	}
}

// ExternalMedia makes a channel whose sound comes from and goes to a program.
type ExternalMedia struct {
	ID             string
	App            string
	Host           string // host:port
	Format         string // "ulaw", "slin16"
	Encapsulation  string // rtp, audiosocket or none
	Transport      string // udp, tcp or websocket
	ConnectionType string // client or server
	Data           string
	Variables      map[string]string
}

// Request returns the operation.
func (e ExternalMedia) Request() Request[Channel] {
	return Request[Channel]{
		Method: "POST", Path: "channels/externalMedia",
		Query: query{}.text("channelId", e.ID).text("app", e.App).text("external_host", e.Host).text("format", e.Format).
			text("encapsulation", e.Encapsulation).text("transport", e.Transport).
			text("connection_type", e.ConnectionType).text("data", e.Data).values(),
		Body: variablesBody(e.Variables),
	}
}
