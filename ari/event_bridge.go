package ari

// Events about bridges.

// BridgeCreated: a bridge came into being.
type BridgeCreated struct {
	Meta
	Bridge Bridge `json:"bridge"`
}

// BridgeDestroyed: a bridge is gone.
type BridgeDestroyed struct {
	Meta
	Bridge Bridge `json:"bridge"`
}

// BridgeMerged: the channels of BridgeFrom were moved into Bridge.
type BridgeMerged struct {
	Meta
	Bridge     Bridge `json:"bridge"`
	BridgeFrom Bridge `json:"bridge_from"`
}

// BridgeVideoSourceChanged: another channel's video is shown.
type BridgeVideoSourceChanged struct {
	Meta
	Bridge           Bridge `json:"bridge"`
	OldVideoSourceID string `json:"old_video_source_id,omitempty"`
}

// BridgeBlindTransfer: a blind transfer that Asterisk carried out by itself ended.
type BridgeBlindTransfer struct {
	Meta
	Channel        Channel  `json:"channel"`
	ReplaceChannel *Channel `json:"replace_channel,omitempty"`
	Transferee     *Channel `json:"transferee,omitempty"`
	Exten          string   `json:"exten"`
	Context        string   `json:"context"`
	Result         string   `json:"result"`
	IsExternal     bool     `json:"is_external"`
	Bridge         *Bridge  `json:"bridge,omitempty"`
}

// BridgeAttendedTransfer: an attended transfer that Asterisk carried out by itself ended.
type BridgeAttendedTransfer struct {
	Meta
	TransfererFirstLeg         Channel  `json:"transferer_first_leg"`
	TransfererSecondLeg        Channel  `json:"transferer_second_leg"`
	ReplaceChannel             *Channel `json:"replace_channel,omitempty"`
	Transferee                 *Channel `json:"transferee,omitempty"`
	TransferTarget             *Channel `json:"transfer_target,omitempty"`
	Result                     string   `json:"result"`
	IsExternal                 bool     `json:"is_external"`
	TransfererFirstLegBridge   *Bridge  `json:"transferer_first_leg_bridge,omitempty"`
	TransfererSecondLegBridge  *Bridge  `json:"transferer_second_leg_bridge,omitempty"`
	DestinationType            string   `json:"destination_type"`
	DestinationBridge          string   `json:"destination_bridge,omitempty"`
	DestinationApplication     string   `json:"destination_application,omitempty"`
	DestinationLinkFirstLeg    *Channel `json:"destination_link_first_leg,omitempty"`
	DestinationLinkSecondLeg   *Channel `json:"destination_link_second_leg,omitempty"`
	DestinationThreewayChannel *Channel `json:"destination_threeway_channel,omitempty"`
	DestinationThreewayBridge  *Bridge  `json:"destination_threeway_bridge,omitempty"`
}

// The methods that make the set of events closed.
func (*BridgeAttendedTransfer) event()   {}
func (*BridgeBlindTransfer) event()      {}
func (*BridgeCreated) event()            {}
func (*BridgeDestroyed) event()          {}
func (*BridgeMerged) event()             {}
func (*BridgeVideoSourceChanged) event() {}
