package voice

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/http"
	"strings"

	"contactd/acd"
	"contactd/ari"
)

// Switchboard is several Asterisks. It gives each command to the one that it names.
type Switchboard map[acd.PBXID]*Voice

// Execute carries out a command; see [Voice.Execute].
func (s Switchboard) Execute(ctx context.Context, c acd.Command, settle func(acd.CommandSettled)) {
	v := s[pbxOf(c.Do)]
	if v == nil {
		settle(acd.CommandSettled{Command: c.ID, Outcome: acd.Refused, Cause: causeTemporaryFailure, Detail: "no such PBX is configured"})
		return
	}
	v.Execute(ctx, c, settle)
}

// pbxOf is the Asterisk that an action is meant for, empty when it is meant for none.
func pbxOf(do acd.Action) acd.PBXID {
	switch do := do.(type) {
	case acd.OriginateLeg:
		return do.PBX
	case acd.AnswerLeg:
		return do.PBX
	case acd.HangUpLeg:
		return do.PBX
	case acd.StartMusic:
		return do.PBX
	case acd.StartRingback:
		return do.PBX
	case acd.StopSound:
		return do.PBX
	case acd.CreateBridge:
		return do.PBX
	case acd.JoinLegs:
		return do.PBX
	case acd.DestroyBridge:
		return do.PBX
	}
	return ""
}

// Execute sends what the command asks for and returns. settle is called with the outcome, at most once: of repeatable commands
// only Refused and Unknown are told. It may be called on the goroutine that reads from Asterisk, and must not block.
func (v *Voice) Execute(ctx context.Context, c acd.Command, settle func(acd.CommandSettled)) {
	o := order{voice: v, via: v.client.Lane(lane(c.Contact)), command: c, settle: settle}
	switch do := c.Do.(type) {
	case acd.OriginateLeg:
		o.originate(ctx, do)
	case acd.AnswerLeg:
		send(ctx, o, ari.AnswerChannel(string(do.Leg)))
	case acd.HangUpLeg:
		v.legs.causeOf(do.Leg, do.Cause)
		o.hangUp(ctx, do)
	case acd.StartMusic:
		send(ctx, o, ari.StartMusic(string(do.Leg), do.Class))
	case acd.StartRingback:
		send(ctx, o, ari.PlayToChannel(string(do.Leg), ringback(do.Leg), "tone:ring"))
	case acd.StopSound:
		if do.Music {
			send(ctx, o, ari.StopMusic(string(do.Leg)))
		} else {
			send(ctx, o, ari.StopPlayback(ringback(do.Leg)))
		}
	case acd.CreateBridge:
		// Without dtmf_events a bridge of two becomes native and swallows the keys that a party presses.
		send(ctx, o, ari.CreateBridge(string(do.Bridge), "contactd", ari.AttributeMixing, ari.BridgeDTMFEvents))
	case acd.JoinLegs:
		legs := make([]string, len(do.Legs))
		for i, l := range do.Legs {
			legs[i] = string(l)
		}
		send(ctx, o, ari.AddChannels(string(do.Bridge), legs...))
	case acd.DestroyBridge:
		send(ctx, o, ari.DestroyBridge(string(do.Bridge)))
	default:
		o.refuse(0, "no action on a PBX")
	}
}

// ringback is the id of a leg's ringing tone.
func ringback(l acd.LegID) string { return "ringback-" + string(l) }

var laneSeed = maphash.MakeSeed()

// lane is the same for all commands of a contact, so that they keep their order.
func lane(contact acd.ContactID) uint64 { return maphash.String(laneSeed, string(contact)) }

// order is a command that is being carried out.
type order struct {
	voice   *Voice
	via     ari.Sender
	command acd.Command
	settle  func(acd.CommandSettled)
}

// send carries out an order that is one request.
func send[T any](ctx context.Context, o order, r ari.Request[T]) {
	ari.Start(ctx, o.via, r, func(_ T, err error) { o.answered(err) })
}

// hangUp ends a leg. One that Asterisk does not have is told as ended, because no event will: nobody waits for it for ever.
func (o order) hangUp(ctx context.Context, do acd.HangUpLeg) {
	request := ari.HangUp(string(do.Leg), do.Cause)
	request.GoneIsDone = false
	ari.Start(ctx, o.via, request, func(_ ari.None, err error) {
		if errors.Is(err, ari.ErrNotFound) {
			cause, _ := o.voice.legs.end(do.Leg, 0)
			o.voice.telling.Go(func() { o.voice.tell(acd.LegEnded{Leg: do.Leg, Cause: cause}) })
			return
		}
		o.answered(err)
	})
}

// answered settles the order by what Asterisk said.
func (o order) answered(err error) {
	var refusal *ari.StatusError
	var decode *ari.DecodeError
	switch {
	case err == nil, errors.As(err, &decode):
		if o.command.Irreversible {
			o.settle(acd.CommandSettled{Command: o.command.ID, Outcome: acd.Done})
		}
	case errors.As(err, &refusal) && !errors.Is(err, ari.ErrOutcomeUnknown):
		o.voice.log.Debug("refused", slog.Any("error", err), slog.String("contact", string(o.command.Contact)))
		o.refuse(causeOf(refusal), refusal.Error())
	default:
		o.voice.log.Warn("outcome unknown", slog.Any("error", err), slog.String("contact", string(o.command.Contact)))
		// Also what was certainly not sent, because there is no connection: the next one's listing tells the truth of it, and
		// meanwhile nobody's phone is to blame.
		o.settle(acd.CommandSettled{Command: o.command.ID, Outcome: acd.Unknown, Detail: err.Error()})
	}
}

func (o order) refuse(cause int, detail string) {
	o.settle(acd.CommandSettled{Command: o.command.ID, Outcome: acd.Refused, Cause: cause, Detail: detail})
}

// causeOf is the cause that a refusal means for an originate: no event will tell one.
func causeOf(refusal *ari.StatusError) int {
	switch refusal.Status {
	case http.StatusInternalServerError: // "Allocation failed": no reachable contact, or no such endpoint
		return causeAbsent
	case http.StatusBadRequest:
		return causeInvalidNumber
	default:
		return causeTemporaryFailure
	}
}

// originate dials.
func (o order) originate(ctx context.Context, do acd.OriginateLeg) {
	var call Call
	var err error
	if do.Agent != "" {
		call, err = o.voice.directory.AgentCall(do.Agent, o.command.Contact)
	} else {
		call, err = o.voice.directory.CustomerCall(o.command.Contact, do.Trunk)
	}
	if err != nil {
		o.voice.log.Warn("call not made", slog.Any("error", err), slog.String("contact", string(o.command.Contact)),
			slog.String("agent", string(do.Agent)), slog.String("trunk", do.Trunk))
		o.refuse(refused(err))
		return
	}
	request := ari.Originate{
		ID: string(do.Leg), Endpoint: call.Dial, App: o.voice.application, AppArgs: []string{"leg"}, CallerID: call.CallerID,
		Timeout: do.Timeout, Originator: string(do.Originator), Variables: variables(do, call),
	}
	o.voice.legs.expect(do.Leg)
	ari.Start(ctx, o.via, request.Request(), func(_ ari.Channel, err error) {
		var refusal *ari.StatusError
		if errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest && request.Originator != "" {
			// The leg on whose behalf this one is made has just gone, and it is certain that nothing was dialled. What follows
			// from its end is the director's to say, and not that the phone cannot be reached.
			request.Originator = ""
			o.originateAgain(ctx, do.Leg, request, err)
			return
		}
		o.originated(do.Leg, err)
	})
}

// originateAgain dials a leg whose first request was refused, unless the director has hung it up meanwhile: his request came
// before this one and found no channel, and the phone would ring for nobody.
func (o order) originateAgain(ctx context.Context, id acd.LegID, request ari.Originate, refusal error) {
	if !o.voice.legs.wanted(id) {
		o.originated(id, refusal)
		return
	}
	ari.Start(ctx, o.via, request.Request(), func(_ ari.Channel, err error) { o.originated(id, err) })
	if !o.voice.legs.wanted(id) {
		// Hung up between the look and the request; whichever was first on the wire, this comes behind both.
		ari.Start(ctx, o.via, ari.HangUp(string(id), causeNormal), nil)
	}
}

// originated settles an originate.
func (o order) originated(id acd.LegID, err error) {
	var refusal *ari.StatusError
	switch {
	case errors.Is(err, ari.ErrConflict):
		// A leg of this id lives, so that the call was made, by whatever way.
		o.settle(acd.CommandSettled{Command: o.command.ID, Outcome: acd.Unknown, Detail: err.Error()})
		return
	case errors.As(err, &refusal) && !errors.Is(err, ari.ErrOutcomeUnknown):
		// A leg that Asterisk did not make will not end either.
		o.voice.legs.forget(id)
	}
	o.answered(err)
}

// variables are all that is ever set on a leg before it dials, by name: setting others at that point has frozen Asterisks.
func variables(do acd.OriginateLeg, call Call) map[string]string {
	if do.Agent == "" || !strings.HasPrefix(call.Dial, "PJSIP/") {
		return nil
	}
	// A phone's REFER comes to the application, and Asterisk does nothing by itself.
	set := map[string]string{"PJSIP_TRANSFER_HANDLING()": "ari-only"}
	if do.AutoAnswer {
		// Two ways, because phones know one or the other.
		set["PJSIP_HEADER(add,Call-Info)"] = "<sip:contactd>;answer-after=0"
		set["PJSIP_HEADER(add,Alert-Info)"] = "<http://contactd>;info=alert-autoanswer;delay=0"
	}
	return set
}
