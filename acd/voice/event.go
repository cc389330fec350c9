package voice

import (
	"cmp"
	"context"
	"log/slog"

	"contactd/acd"
	"contactd/ari"
)

// inboundArgument is the first argument with which the dialplan gives a caller to the application: Stasis(contactd,inbound,sales).
const inboundArgument = "inbound"

// handle turns one event into what the director understands.
func (v *Voice) handle(ctx context.Context, ev ari.Event) {
	switch ev := ev.(type) {
	case *ari.EpochBegan:
		v.began(ctx, ev)
	case *ari.EpochEnded:
		v.tell(acd.PBXDisconnected{PBX: v.pbx, Epoch: ev.Epoch})
	case *ari.StasisStart:
		v.entered(ctx, ev)
	case *ari.StasisEnd:
		v.ended(ev.Channel.ID, 0)
	case *ari.ChannelDestroyed:
		v.ended(ev.Channel.ID, ev.Cause)
	case *ari.ChannelHangupRequest:
		// The end itself comes with StasisEnd, which has no cause. A soft request is Asterisk's own, and what it calls cause
		// is none of Q.850; the other side's BYE out of a bridge is told without one.
		if !ev.Soft {
			v.legs.causeOf(acd.LegID(ev.Channel.ID), cmp.Or(ev.Cause, causeNormal))
		}
	case *ari.ChannelStateChange:
		if ev.Channel.State == ari.ChannelRinging {
			v.rang(ev.Channel.ID)
		}
	case *ari.Dial:
		if ev.DialStatus == "RINGING" {
			v.rang(ev.Peer.ID)
		}
	case *ari.ChannelTransfer:
		v.declineTransfer(ctx, ev)
	case *ari.UnknownEvent:
		if ev.Err != nil {
			v.log.Warn("event not understood", slog.String("type", ev.Type), slog.Any("error", ev.Err))
		}
	}
}

// entered: a channel came into the application; a caller, or a leg of ours that was answered.
func (v *Voice) entered(ctx context.Context, ev *ari.StasisStart) {
	id := acd.LegID(ev.Channel.ID)
	switch {
	case v.mine(ev.Channel.ID):
		v.legs.expect(id)
		if v.legs.first(id, func(l *leg) *bool { return &l.answered }) {
			v.tell(acd.LegAnswered{PBX: v.pbx, Leg: id})
		}
	case len(ev.Args) > 0 && ev.Args[0] == inboundArgument:
		queue := ""
		if len(ev.Args) > 1 {
			queue = ev.Args[1]
		}
		if arrived, fresh := v.arrival(ev.Channel, queue); fresh {
			v.tell(arrived)
		}
	default:
		v.log.Warn("a channel entered the application without saying why; it goes on in the dialplan",
			slog.String("leg", ev.Channel.ID), slog.Any("arguments", ev.Args))
		ari.Start(ctx, v.client, ari.ContinueInDialplan(ev.Channel.ID, "", "", 0), nil)
	}
}

// arrival is what the director is told of a caller. It is not fresh when it was told before.
func (v *Voice) arrival(channel ari.Channel, queue string) (arrived acd.CallArrived, fresh bool) {
	contact, fresh := v.legs.inbound(acd.LegID(channel.ID))
	arrived = acd.CallArrived{Contact: contact, PBX: v.pbx, Leg: acd.LegID(channel.ID), Queue: acd.QueueID(queue)}
	if fresh {
		arrived.Caller = v.directory.CallerArrived(contact, channel.Caller.Number)
	}
	return arrived, fresh
}

func (v *Voice) rang(channel string) {
	if v.mine(channel) && v.legs.first(acd.LegID(channel), func(l *leg) *bool { return &l.rang }) {
		v.tell(acd.LegRang{Leg: acd.LegID(channel)})
	}
}

// ended: a leg is gone. ChannelDestroyed comes for originated legs only, and after StasisEnd when they were answered.
func (v *Voice) ended(channel string, cause int) {
	if cause, known := v.legs.end(acd.LegID(channel), cause); known {
		v.tell(acd.LegEnded{Leg: acd.LegID(channel), Cause: cause})
	}
}

// declineTransfer answers a phone's wish to transfer its call. Transfers are not built yet, and the phone must not believe
// otherwise. The event comes twice; the second answer is refused by Asterisk, which is no harm.
func (v *Voice) declineTransfer(ctx context.Context, ev *ari.ChannelTransfer) {
	source := ev.ReferredBy.SourceChannel.ID
	v.log.Info("transfer by a phone declined", slog.String("leg", source))
	ari.Start(ctx, v.client, ari.ReportTransfer(source, ari.TransferDeclined), nil)
}
