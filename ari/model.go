package ari

import (
	"encoding/json"
	"fmt"
	"time"
)

// Time is a moment as Asterisk writes it: ISO 8601 with milliseconds and an offset without a colon.
type Time struct{ time.Time }

// asteriskTime is the layout of the Date type in the api-docs.
const asteriskTime = "2006-01-02T15:04:05.000-0700"

// UnmarshalJSON accepts Asterisk's layout, and RFC 3339 in case it should ever mend its ways.
func (t *Time) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("ari: time: %w", err)
	}
	if text == "" {
		t.Time = time.Time{}
		return nil
	}
	parsed, err := time.Parse(asteriskTime, text)
	if err != nil {
		parsed, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil {
		return fmt.Errorf("ari: time %q is neither Asterisk's layout nor RFC 3339", text)
	}
	t.Time = parsed
	return nil
}

// MarshalJSON writes Asterisk's layout.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return json.Marshal(t.Format(asteriskTime))
}

// ChannelState is the state of a channel.
type ChannelState string

// The states of a channel, complete as of Asterisk 22.
const (
	ChannelDown           ChannelState = "Down"
	ChannelReserved       ChannelState = "Rsrved"
	ChannelOffHook        ChannelState = "OffHook"
	ChannelDialing        ChannelState = "Dialing"
	ChannelRing           ChannelState = "Ring"
	ChannelRinging        ChannelState = "Ringing"
	ChannelUp             ChannelState = "Up"
	ChannelBusy           ChannelState = "Busy"
	ChannelDialingOffHook ChannelState = "Dialing Offhook"
	ChannelPreRing        ChannelState = "Pre-ring"
	ChannelUnknown        ChannelState = "Unknown"
)

// Channel is one leg as Asterisk sees it.
type Channel struct {
	// ID is unique among living channels; the application may have chosen it.
	ID string `json:"id"`
	// ProtocolID is the leg's name in its own protocol, for PJSIP the Call-ID.
	ProtocolID   string         `json:"protocol_id"`
	Name         string         `json:"name"`
	State        ChannelState   `json:"state"`
	Caller       CallerID       `json:"caller"`
	Connected    CallerID       `json:"connected"`
	AccountCode  string         `json:"accountcode"`
	Dialplan     DialplanCEP    `json:"dialplan"`
	CreationTime Time           `json:"creationtime"`
	Language     string         `json:"language"`
	ChannelVars  map[string]any `json:"channelvars,omitempty"`
	CallerRDNIS  string         `json:"caller_rdnis,omitempty"`
	TenantID     string         `json:"tenantid,omitempty"`
}

// CallerID is a name and a number; either may be empty.
type CallerID struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

// DialplanCEP is a place in the dialplan, and what is carried out there.
type DialplanCEP struct {
	Context  string `json:"context"`
	Exten    string `json:"exten"`
	Priority int64  `json:"priority"`
	AppName  string `json:"app_name"`
	AppData  string `json:"app_data"`
}

// BridgeType says how a bridge treats its channels.
type BridgeType string

// The types of a bridge in its description. A request to create one takes a list of [BridgeAttribute] instead.
const (
	BridgeMixing  BridgeType = "mixing"
	BridgeHolding BridgeType = "holding"
)

// Bridge joins channels.
type Bridge struct {
	ID            string         `json:"id"`
	Technology    string         `json:"technology"`
	BridgeType    BridgeType     `json:"bridge_type"`
	BridgeClass   string         `json:"bridge_class"`
	Creator       string         `json:"creator"`
	Name          string         `json:"name"`
	Channels      []string       `json:"channels"`
	VideoMode     string         `json:"video_mode,omitempty"`
	VideoSourceID string         `json:"video_source_id,omitempty"`
	CreationTime  Time           `json:"creationtime"`
	BridgeVars    map[string]any `json:"bridgevars,omitempty"`
}

// PlaybackState is how far a playback is.
type PlaybackState string

// The states of a playback.
const (
	PlaybackStateQueued     PlaybackState = "queued"
	PlaybackStatePlaying    PlaybackState = "playing"
	PlaybackStateContinuing PlaybackState = "continuing"
	PlaybackStateDone       PlaybackState = "done"
	PlaybackStateFailed     PlaybackState = "failed"
)

// Playback is media being played to a channel or bridge.
type Playback struct {
	ID           string        `json:"id"`
	MediaURI     string        `json:"media_uri"`
	NextMediaURI string        `json:"next_media_uri,omitempty"`
	TargetURI    string        `json:"target_uri"`
	Language     string        `json:"language,omitempty"`
	State        PlaybackState `json:"state"`
}

// RecordingState is how far a live recording is.
type RecordingState string

// The states of a live recording.
const (
	RecordingStateQueued    RecordingState = "queued"
	RecordingStateRecording RecordingState = "recording"
	RecordingStatePaused    RecordingState = "paused"
	RecordingStateDone      RecordingState = "done"
	RecordingStateFailed    RecordingState = "failed"
	RecordingStateCanceled  RecordingState = "canceled"
)

// LiveRecording is a recording in progress. Durations are in seconds and absent unless Asterisk knows them.
type LiveRecording struct {
	Name            string         `json:"name"`
	Format          string         `json:"format"`
	TargetURI       string         `json:"target_uri"`
	State           RecordingState `json:"state"`
	Duration        *int           `json:"duration,omitempty"`
	TalkingDuration *int           `json:"talking_duration,omitempty"`
	SilenceDuration *int           `json:"silence_duration,omitempty"`
	Cause           string         `json:"cause,omitempty"`
}

// StoredRecording is a finished recording.
type StoredRecording struct {
	Name   string `json:"name"`
	Format string `json:"format"`
}

// EndpointState is whether an endpoint can be reached.
type EndpointState string

// The states of an endpoint. A static contact without qualify counts as online.
const (
	EndpointUnknown EndpointState = "unknown"
	EndpointOffline EndpointState = "offline"
	EndpointOnline  EndpointState = "online"
)

// Endpoint is a telephone or trunk that Asterisk knows.
type Endpoint struct {
	Technology string        `json:"technology"`
	Resource   string        `json:"resource"`
	State      EndpointState `json:"state,omitempty"`
	ChannelIDs []string      `json:"channel_ids"`
}

// TextMessage is an out-of-call message.
type TextMessage struct {
	From      string         `json:"from"`
	To        string         `json:"to"`
	Body      string         `json:"body"`
	Variables map[string]any `json:"variables,omitempty"`
}

// DeviceState is the state of a device as queues and hints see it. It is not an agent's state.
type DeviceState struct {
	Name  string           `json:"name"`
	State DeviceStateValue `json:"state"`
}

// DeviceStateValue is one of the closed list below.
type DeviceStateValue string

// The states of a device.
const (
	DeviceUnknown     DeviceStateValue = "UNKNOWN"
	DeviceNotInUse    DeviceStateValue = "NOT_INUSE"
	DeviceInUse       DeviceStateValue = "INUSE"
	DeviceBusy        DeviceStateValue = "BUSY"
	DeviceInvalid     DeviceStateValue = "INVALID"
	DeviceUnavailable DeviceStateValue = "UNAVAILABLE"
	DeviceRinging     DeviceStateValue = "RINGING"
	DeviceRingInUse   DeviceStateValue = "RINGINUSE"
	DeviceOnHold      DeviceStateValue = "ONHOLD"
)

// ContactInfo is what Asterisk knows of one registered address of a telephone.
type ContactInfo struct {
	URI           string `json:"uri"`
	ContactStatus string `json:"contact_status"`
	AOR           string `json:"aor"`
	RoundtripUsec string `json:"roundtrip_usec,omitempty"`
}

// Peer is the reachability of a peer of an older channel technology.
type Peer struct {
	PeerStatus string `json:"peer_status"`
	Cause      string `json:"cause,omitempty"`
	Address    string `json:"address,omitempty"`
	Port       string `json:"port,omitempty"`
	Time       string `json:"time,omitempty"`
}

// ReferTo is where a telephone asks its call to be transferred.
type ReferTo struct {
	RequestedDestination RequiredDestination `json:"requested_destination"`
	// DestinationChannel, ConnectedChannel and Bridge are there for an attended transfer.
	DestinationChannel *Channel `json:"destination_channel,omitempty"`
	ConnectedChannel   *Channel `json:"connected_channel,omitempty"`
	Bridge             *Bridge  `json:"bridge,omitempty"`
}

// ReferredBy is the leg whose telephone asks for a transfer.
type ReferredBy struct {
	SourceChannel    Channel  `json:"source_channel"`
	ConnectedChannel *Channel `json:"connected_channel,omitempty"`
	Bridge           *Bridge  `json:"bridge,omitempty"`
}

// RequiredDestination is the destination of a transfer as the telephone dialled it.
type RequiredDestination struct {
	ProtocolID               string            `json:"protocol_id,omitempty"`
	Destination              string            `json:"destination,omitempty"`
	AdditionalProtocolParams []AdditionalParam `json:"additional_protocol_params,omitempty"`
}

// AdditionalParam is one parameter of a transfer request's URI.
type AdditionalParam struct {
	ParameterName  string `json:"parameter_name"`
	ParameterValue string `json:"parameter_value"`
}

// Application is a Stasis application and what it owns or has subscribed to.
type Application struct {
	Name             string           `json:"name"`
	ChannelIDs       []string         `json:"channel_ids"`
	BridgeIDs        []string         `json:"bridge_ids"`
	EndpointIDs      []string         `json:"endpoint_ids"`
	DeviceNames      []string         `json:"device_names"`
	EventsAllowed    []map[string]any `json:"events_allowed"`
	EventsDisallowed []map[string]any `json:"events_disallowed"`
}

// Info describes the running Asterisk. The parts that were not asked for are nil.
type Info struct {
	Build  *BuildInfo  `json:"build,omitempty"`
	System *SystemInfo `json:"system,omitempty"`
	Config *ConfigInfo `json:"config,omitempty"`
	Status *StatusInfo `json:"status,omitempty"`
}

// BuildInfo says how Asterisk was built.
type BuildInfo struct {
	OS      string `json:"os"`
	Kernel  string `json:"kernel"`
	Options string `json:"options"`
	Machine string `json:"machine"`
	Date    string `json:"date"`
	User    string `json:"user"`
}

// SystemInfo names the release and this instance.
type SystemInfo struct {
	Version  string `json:"version"`
	EntityID string `json:"entity_id"`
}

// ConfigInfo holds limits; an absent limit is 0.
type ConfigInfo struct {
	Name            string  `json:"name"`
	DefaultLanguage string  `json:"default_language"`
	MaxChannels     int     `json:"max_channels,omitempty"`
	MaxOpenFiles    int     `json:"max_open_files,omitempty"`
	MaxLoad         float64 `json:"max_load,omitempty"`
	SetID           SetID   `json:"setid"`
}

// SetID is the account that Asterisk runs as.
type SetID struct {
	User  string `json:"user"`
	Group string `json:"group"`
}

// StatusInfo says since when.
type StatusInfo struct {
	StartupTime    Time `json:"startup_time"`
	LastReloadTime Time `json:"last_reload_time"`
}

// Pong is the reply to a ping.
type Pong struct {
	AsteriskID string `json:"asterisk_id"`
	Ping       string `json:"ping"`
	Timestamp  Time   `json:"timestamp"`
}

// Variable is the value of one variable.
type Variable struct {
	Value string `json:"value"`
}

// Variables are the values of several variables.
type Variables struct {
	Variables map[string]any `json:"variables"`
}

// ConfigTuple is one attribute of a dynamic configuration object.
type ConfigTuple struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

// RTPStatistics are a leg's media counters. Times are in seconds, jitter in timestamp units, as res_rtp_asterisk has them.
type RTPStatistics struct {
	ChannelUniqueID        string  `json:"channel_uniqueid"`
	TxCount                int     `json:"txcount"`
	RxCount                int     `json:"rxcount"`
	TxJitter               float64 `json:"txjitter,omitempty"`
	RxJitter               float64 `json:"rxjitter,omitempty"`
	RemoteMaxJitter        float64 `json:"remote_maxjitter,omitempty"`
	RemoteMinJitter        float64 `json:"remote_minjitter,omitempty"`
	RemoteNormDevJitter    float64 `json:"remote_normdevjitter,omitempty"`
	RemoteStdevJitter      float64 `json:"remote_stdevjitter,omitempty"`
	LocalMaxJitter         float64 `json:"local_maxjitter,omitempty"`
	LocalMinJitter         float64 `json:"local_minjitter,omitempty"`
	LocalNormDevJitter     float64 `json:"local_normdevjitter,omitempty"`
	LocalStdevJitter       float64 `json:"local_stdevjitter,omitempty"`
	TxPacketLoss           int     `json:"txploss"`
	RxPacketLoss           int     `json:"rxploss"`
	RemoteMaxRxPacketLoss  float64 `json:"remote_maxrxploss,omitempty"`
	RemoteMinRxPacketLoss  float64 `json:"remote_minrxploss,omitempty"`
	RemoteNormDevRxLoss    float64 `json:"remote_normdevrxploss,omitempty"`
	RemoteStdevRxLoss      float64 `json:"remote_stdevrxploss,omitempty"`
	LocalMaxRxPacketLoss   float64 `json:"local_maxrxploss,omitempty"`
	LocalMinRxPacketLoss   float64 `json:"local_minrxploss,omitempty"`
	LocalNormDevRxLoss     float64 `json:"local_normdevrxploss,omitempty"`
	LocalStdevRxPacketLoss float64 `json:"local_stdevrxploss,omitempty"`
	RTT                    float64 `json:"rtt,omitempty"`
	MaxRTT                 float64 `json:"maxrtt,omitempty"`
	MinRTT                 float64 `json:"minrtt,omitempty"`
	NormDevRTT             float64 `json:"normdevrtt,omitempty"`
	StdevRTT               float64 `json:"stdevrtt,omitempty"`
	LocalSSRC              int64   `json:"local_ssrc"`
	RemoteSSRC             int64   `json:"remote_ssrc"`
	TxOctetCount           int64   `json:"txoctetcount"`
	RxOctetCount           int64   `json:"rxoctetcount"`
}
