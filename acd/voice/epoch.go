package voice

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"contactd/acd"
	"contactd/ari"
)

// listAgain is the pause before a listing that failed is asked for once more.
const listAgain = 500 * time.Millisecond

// unheard are the events that happen often and tell the director nothing. Asterisk does not send them.
var unheard = []string{
	"ChannelVarset", "ChannelDialplan", "ChannelConnectedLine", "ChannelCallerId", "ChannelCreated", "ChannelToneDetected",
	"BridgeCreated", "BridgeDestroyed", "ChannelEnteredBridge", "ChannelLeftBridge", "PlaybackStarted", "PlaybackFinished",
}

// began lists what Asterisk has and tells it before any event of the epoch. Events wait meanwhile.
func (v *Voice) began(ctx context.Context, ev *ari.EpochBegan) {
	if _, err := ari.Do(ctx, v.client.HTTP(), ari.SetEventFilter(v.application, ari.EventFilter{Disallowed: unheard})); err != nil {
		// They are only many.
		v.log.Warn("the events cannot be chosen", slog.Any("error", err))
	}
	before := v.legs.ids()
	for {
		channels, bridges, err := v.list(ctx)
		if err == nil {
			v.tell(v.connected(ev.Epoch, before, channels, bridges))
			return
		}
		v.log.Error("channels and bridges cannot be listed", slog.Uint64("epoch", ev.Epoch), slog.Any("error", err))
		// Without the listing the director cannot work with this Asterisk, so there is nothing to do but to go on asking,
		// until the connection itself is given up.
		select {
		case <-ctx.Done():
			return
		case <-time.After(listAgain):
		}
		if !v.client.Connected() {
			return
		}
	}
}

func (v *Voice) list(ctx context.Context) ([]ari.Channel, []ari.Bridge, error) {
	// Bridges first: a channel that is joined in between is then seen apart, and joined once more, which changes nothing. The
	// other way round it could be seen in a bridge that it has left.
	bridges, err := ari.Do(ctx, v.client.HTTP(), ari.ListBridges())
	if err != nil {
		return nil, nil, err
	}
	channels, err := ari.Do(ctx, v.client.HTTP(), ari.ListChannels())
	return channels, bridges, err
}

// connected is the listing in the director's words. Legs that were known before and are not listed are gone.
func (v *Voice) connected(epoch uint64, before []acd.LegID, channels []ari.Channel, bridges []ari.Bridge) acd.PBXConnected {
	in := acd.PBXConnected{PBX: v.pbx, Epoch: epoch}
	listed := map[acd.LegID]bool{}
	for _, channel := range channels {
		seen, ours := v.seen(channel)
		if !ours {
			continue
		}
		listed[seen.Leg] = true
		in.Legs = append(in.Legs, seen)
	}
	for _, id := range before {
		if !listed[id] {
			v.legs.forget(id)
		}
	}
	for _, bridge := range bridges {
		if !strings.HasPrefix(bridge.ID, v.ownBridge) {
			continue
		}
		seen := acd.BridgeSeen{Bridge: acd.BridgeID(bridge.ID)}
		for _, channel := range bridge.Channels {
			seen.Legs = append(seen.Legs, acd.LegID(channel))
		}
		in.Bridges = append(in.Bridges, seen)
	}
	return in
}

// seen is one channel of the listing, if it concerns the director: one that it originated, or a caller in the application.
func (v *Voice) seen(channel ari.Channel) (acd.LegSeen, bool) {
	seen := acd.LegSeen{Leg: acd.LegID(channel.ID), Up: channel.State == ari.ChannelUp}
	if v.mine(channel.ID) {
		v.legs.expect(seen.Leg)
		if seen.Up {
			// The listing tells it, so that the event does not have to.
			v.legs.first(seen.Leg, func(l *leg) *bool { return &l.answered })
		}
		return seen, true
	}
	if channel.Dialplan.AppName != "Stasis" {
		return acd.LegSeen{}, false
	}
	arguments := strings.Split(channel.Dialplan.AppData, ",")
	if len(arguments) < 2 || arguments[0] != v.application || arguments[1] != inboundArgument {
		return acd.LegSeen{}, false
	}
	queue := ""
	if len(arguments) > 2 {
		queue = arguments[2]
	}
	arrived, _ := v.arrival(channel, queue)
	// He may have waited since before contactd was there to see him.
	arrived.Since = channel.CreationTime.UTC()
	seen.Arrival = &arrived
	return seen, true
}
