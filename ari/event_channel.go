package ari

// Events about channels.

// ChannelCreated: a channel came into being.
type ChannelCreated struct {
	Meta
	Channel Channel `json:"channel"`
}

// ChannelDestroyed: a channel is gone. It is told only for channels that the application originated; for others rely
// on [StasisEnd]. Cause is a Q.850 value, TechCause the protocol's own (a SIP status).
type ChannelDestroyed struct {
	Meta
	Cause     int     `json:"cause"`
	CauseText string  `json:"cause_txt"`
	TechCause int     `json:"tech_cause,omitempty"`
	Channel   Channel `json:"channel"`
}

// ChannelEnteredBridge: a channel was joined to a bridge.
type ChannelEnteredBridge struct {
	Meta
	Bridge  Bridge   `json:"bridge"`
	Channel *Channel `json:"channel,omitempty"`
}

// ChannelLeftBridge: a channel was taken out of a bridge, or hung up in it.
type ChannelLeftBridge struct {
	Meta
	Bridge  Bridge  `json:"bridge"`
	Channel Channel `json:"channel"`
}

// ChannelStateChange: a channel's state changed: Ringing, Up ….
type ChannelStateChange struct {
	Meta
	Channel Channel `json:"channel"`
}

// ChannelDtmfReceived: the other side pressed a key. A plain mixing bridge swallows it; see [BridgeDTMFEvents].
type ChannelDtmfReceived struct {
	Meta
	Digit      string  `json:"digit"`
	DurationMS int     `json:"duration_ms"`
	Channel    Channel `json:"channel"`
}

// ChannelDialplan: a channel went to another place in the dialplan.
type ChannelDialplan struct {
	Meta
	Channel         Channel `json:"channel"`
	DialplanApp     string  `json:"dialplan_app"`
	DialplanAppData string  `json:"dialplan_app_data"`
}

// ChannelCallerId: a channel's caller id changed.
type ChannelCallerId struct {
	Meta
	CallerPresentation     int     `json:"caller_presentation"`
	CallerPresentationText string  `json:"caller_presentation_txt"`
	Channel                Channel `json:"channel"`
}

// ChannelUserevent: somebody sent an event of his own, with free content.
type ChannelUserevent struct {
	Meta
	EventName string         `json:"eventname"`
	Channel   *Channel       `json:"channel,omitempty"`
	Bridge    *Bridge        `json:"bridge,omitempty"`
	Endpoint  *Endpoint      `json:"endpoint,omitempty"`
	UserEvent map[string]any `json:"userevent"`
}

// ChannelHangupRequest: the other side, or somebody here, wants the channel to end. Cause is a Q.850 value.
type ChannelHangupRequest struct {
	Meta
	Cause     int     `json:"cause,omitempty"`
	TechCause int     `json:"tech_cause,omitempty"`
	Soft      bool    `json:"soft,omitempty"`
	Channel   Channel `json:"channel"`
}

// ChannelVarset: a variable was set. Channel is nil for a global one.
type ChannelVarset struct {
	Meta
	Variable string   `json:"variable"`
	Value    string   `json:"value"`
	Channel  *Channel `json:"channel,omitempty"`
}

// ChannelHold: the telephone put the call on hold.
type ChannelHold struct {
	Meta
	Channel    Channel `json:"channel"`
	MusicClass string  `json:"musicclass,omitempty"`
}

// ChannelUnhold: the telephone took the call back.
type ChannelUnhold struct {
	Meta
	Channel Channel `json:"channel"`
}

// ChannelToneDetected: TONE_DETECT found its tone.
type ChannelToneDetected struct {
	Meta
	Channel Channel `json:"channel"`
}

// ChannelTalkingStarted: TALK_DETECT heard speech begin.
type ChannelTalkingStarted struct {
	Meta
	Channel Channel `json:"channel"`
}

// ChannelTalkingFinished: TALK_DETECT heard speech end. Duration is in milliseconds.
type ChannelTalkingFinished struct {
	Meta
	Channel  Channel `json:"channel"`
	Duration int     `json:"duration"`
}

// Dial: an originated or dialled channel made progress. DialStatus is empty at first, then RINGING, PROGRESS, ANSWER,
// BUSY, NOANSWER, CANCEL, CONGESTION or CHANUNAVAIL.
type Dial struct {
	Meta
	Caller     *Channel `json:"caller,omitempty"`
	Peer       Channel  `json:"peer"`
	Forward    string   `json:"forward,omitempty"`
	Forwarded  *Channel `json:"forwarded,omitempty"`
	DialString string   `json:"dialstring,omitempty"`
	DialStatus string   `json:"dialstatus"`
}

// StasisEnd: a channel left the application: hung up, moved away, or sent back into the dialplan.
type StasisEnd struct {
	Meta
	Channel Channel `json:"channel"`
}

// StasisStart: a channel entered the application. It is not repeated after a reconnection.
type StasisStart struct {
	Meta
	Args           []string `json:"args"`
	Channel        Channel  `json:"channel"`
	ReplaceChannel *Channel `json:"replace_channel,omitempty"`
}

// ChannelConnectedLine: a channel's connected line changed.
type ChannelConnectedLine struct {
	Meta
	Channel Channel `json:"channel"`
}

// ChannelTransfer: a telephone asks for a transfer (REFER) of a leg whose PJSIP_TRANSFER_HANDLING() is ari-only. It is
// delivered twice and has no channel at the top.
type ChannelTransfer struct {
	Meta
	State      string     `json:"state,omitempty"`
	ReferTo    ReferTo    `json:"refer_to"`
	ReferredBy ReferredBy `json:"referred_by"`
}

// CallBroadcast: a call is offered to several applications (StasisBroadcast); see [ClaimChannel].
type CallBroadcast struct {
	Meta
	Channel Channel `json:"channel"`
	Caller  string  `json:"caller,omitempty"`
	Called  string  `json:"called,omitempty"`
}

// CallClaimed: a broadcast call has found its application, WinnerApp.
type CallClaimed struct {
	Meta
	Channel   Channel `json:"channel"`
	WinnerApp string  `json:"winner_app"`
}

// The methods that make the set of events closed.
func (*CallBroadcast) event()          {}
func (*CallClaimed) event()            {}
func (*ChannelCallerId) event()        {}
func (*ChannelConnectedLine) event()   {}
func (*ChannelCreated) event()         {}
func (*ChannelDestroyed) event()       {}
func (*ChannelDialplan) event()        {}
func (*ChannelDtmfReceived) event()    {}
func (*ChannelEnteredBridge) event()   {}
func (*ChannelHangupRequest) event()   {}
func (*ChannelHold) event()            {}
func (*ChannelLeftBridge) event()      {}
func (*ChannelStateChange) event()     {}
func (*ChannelTalkingFinished) event() {}
func (*ChannelTalkingStarted) event()  {}
func (*ChannelToneDetected) event()    {}
func (*ChannelTransfer) event()        {}
func (*ChannelUnhold) event()          {}
func (*ChannelUserevent) event()       {}
func (*ChannelVarset) event()          {}
func (*Dial) event()                   {}
func (*StasisEnd) event()              {}
func (*StasisStart) event()            {}
