package ari_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"contactd/ari"
)

func conformEvents(t *testing.T, docs apiDocs) {
	theirs := append(docs.models["Event"].SubTypes, "MissingParams")
	common := maps.Clone(docs.models["Message"].Properties)
	maps.Copy(common, docs.models["Event"].Properties)
	for name, makeEmpty := range ari.Makers {
		described, ok := docs.models[name]
		if !ok || !slices.Contains(theirs, name) {
			t.Errorf("they have no event %s", name)
			continue
		}
		properties := maps.Clone(common)
		maps.Copy(properties, described.Properties)
		conformStruct(t, name, reflect.TypeOf(makeEmpty()).Elem(), properties)
	}
	// The client itself speaks these two; what of an answer it does not read need not be told.
	conformStruct(t, "RESTRequest", reflect.TypeFor[ari.RESTRequest](), docs.models["RESTRequest"].Properties)
	answer := maps.Clone(docs.models["Message"].Properties)
	maps.Copy(answer, docs.models["RESTResponse"].Properties)
	conformStruct(t, "RESTResponse", reflect.TypeFor[ari.RESTResponse](), answer)
	for _, name := range theirs {
		if name == "RESTResponse" {
			continue
		}
		if _, ok := ari.Makers[name]; !ok {
			t.Logf("new: the event %s", name)
		}
	}
	if len(ari.Makers) < 45 {
		t.Errorf("we know %d events only", len(ari.Makers))
	}
}

func conformModels(t *testing.T, docs apiDocs) {
	seen := make(map[reflect.Type]bool)
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ == reflect.TypeFor[ari.None]() || typ == reflect.TypeFor[ari.Time]() {
			return
		}
		seen[typ] = true
		name := modelName(typ)
		described, ok := docs.models[name]
		if !ok {
			t.Errorf("they have no model %s", name)
			return
		}
		if _, event := ari.Makers[name]; !event {
			conformStruct(t, name, typ, described.Properties)
		}
		for i := range typ.NumField() {
			if !typ.Field(i).Anonymous {
				visit(typ.Field(i).Type)
			}
		}
	}
	for _, u := range everything() {
		visit(u.result)
	}
	for _, makeEmpty := range ari.Makers {
		visit(reflect.TypeOf(makeEmpty()))
	}
	if len(seen) < 60 {
		t.Errorf("only %d models were compared", len(seen))
	}
}

// conformStruct compares the fields of one of our types with the properties that they describe.
func conformStruct(t *testing.T, name string, typ reflect.Type, properties map[string]property) {
	t.Helper()
	ours := make(map[string]reflect.Type)
	optional := make(map[string]bool)
	for _, field := range reflect.VisibleFields(typ) {
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag != "" {
			ours[tag] = field.Type
			optional[tag] = options == "omitempty" || options == "omitzero"
		}
	}
	for field, fieldType := range ours {
		described, ok := properties[field]
		if !ok {
			t.Errorf("%s: they have no %s", name, field)
			continue
		}
		if !fits(fieldType, described.Type) {
			t.Errorf("%s: %s is a %s with us and a %s with them", name, field, fieldType, described.Type)
		}
		// What may be missing must be seen to be missing where a struct would look like a thing without a name.
		if !described.Required && fieldType.Kind() == reflect.Struct && fieldType != reflect.TypeFor[ari.Time]() {
			t.Errorf("%s: %s may be missing, and is no pointer with us", name, field)
		}
		if described.Required && optional[field] {
			t.Errorf("%s: %s is always there, and optional with us", name, field)
		}
	}
	for field := range properties {
		if _, ok := ours[field]; !ok {
			t.Logf("new: %s of %s", field, name)
		}
	}
}

// fits tells whether one of our types can hold one of theirs.
func fits(ours reflect.Type, theirs string) bool {
	if ours.Kind() == reflect.Pointer {
		ours = ours.Elem()
	}
	if inner, is := strings.CutPrefix(theirs, "List["); is {
		return ours.Kind() == reflect.Slice && fits(ours.Elem(), strings.TrimSuffix(inner, "]"))
	}
	if ours == reflect.TypeFor[ari.Time]() {
		// AsteriskPing's time is described as a string.
		return theirs == "Date" || theirs == "string"
	}
	switch theirs {
	case "string":
		return ours.Kind() == reflect.String
	case "int", "long":
		return ours.Kind() == reflect.Int || ours.Kind() == reflect.Int64
	case "double":
		return ours.Kind() == reflect.Float64
	case "boolean":
		return ours.Kind() == reflect.Bool
	case "object":
		return ours.Kind() == reflect.Map
	}
	return ours.Kind() == reflect.Struct && modelName(ours) == theirs
}

func words[T ~string](values ...T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

func conformValues(t *testing.T, docs apiDocs) {
	compare := func(what string, ours, theirs []string) {
		t.Helper()
		if len(theirs) == 0 {
			t.Errorf("%s: they do not list the values any more", what)
		}
		for _, value := range ours {
			if !slices.Contains(theirs, value) {
				t.Errorf("%s: %q is none of theirs: %v", what, value, theirs)
			}
		}
		for _, value := range theirs {
			if !slices.Contains(ours, value) {
				t.Logf("new: %s may be %q", what, value)
			}
		}
	}
	property := func(model, name string) []string { return docs.models[model].Properties[name].Allowed.Values }
	parameter := func(method, path, name string) []string {
		op, _ := docs.find(method, path)
		for _, p := range op.Parameters {
			if p.Name == name {
				return p.Allowed.Values
			}
		}
		return nil
	}
	compare("Channel.state", words(ari.ChannelDown, ari.ChannelReserved, ari.ChannelOffHook, ari.ChannelDialing, ari.ChannelRing,
		ari.ChannelRinging, ari.ChannelUp, ari.ChannelBusy, ari.ChannelDialingOffHook, ari.ChannelPreRing, ari.ChannelUnknown),
		property("Channel", "state"))
	compare("Bridge.bridge_type", words(ari.BridgeMixing, ari.BridgeHolding), property("Bridge", "bridge_type"))
	compare("Playback.state", words(ari.PlaybackStateQueued, ari.PlaybackStatePlaying, ari.PlaybackStateContinuing,
		ari.PlaybackStateDone, ari.PlaybackStateFailed), property("Playback", "state"))
	compare("LiveRecording.state", words(ari.RecordingStateQueued, ari.RecordingStateRecording, ari.RecordingStatePaused,
		ari.RecordingStateDone, ari.RecordingStateFailed, ari.RecordingStateCanceled), property("LiveRecording", "state"))
	compare("Endpoint.state", words(ari.EndpointUnknown, ari.EndpointOffline, ari.EndpointOnline), property("Endpoint", "state"))
	compare("DeviceState.state", words(ari.DeviceUnknown, ari.DeviceNotInUse, ari.DeviceInUse, ari.DeviceBusy, ari.DeviceInvalid,
		ari.DeviceUnavailable, ari.DeviceRinging, ari.DeviceRingInUse, ari.DeviceOnHold), property("DeviceState", "state"))
	compare("hang-up reason", words(ari.HangUpNormal, ari.HangUpBusy, ari.HangUpCongestion, ari.HangUpNoAnswer, ari.HangUpTimeout,
		ari.HangUpRejected, ari.HangUpUnallocated, ari.HangUpNormalUnspecified, ari.HangUpNumberIncomplete,
		ari.HangUpCodecMismatch, ari.HangUpInterworking, ari.HangUpFailure, ari.HangUpAnsweredElsewhere),
		parameter("DELETE", "channels/x", "reason"))
	compare("mute direction", words(ari.DirectionBoth, ari.DirectionIn, ari.DirectionOut), parameter("POST", "channels/x/mute", "direction"))
	compare("snoop direction", words(ari.DirectionNone, ari.DirectionBoth, ari.DirectionIn, ari.DirectionOut),
		parameter("POST", "channels/x/snoop/y", "whisper"))
	compare("recording's ifExists", words(ari.IfExistsFail, ari.IfExistsOverwrite, ari.IfExistsAppend),
		parameter("POST", "bridges/x/record", "ifExists"))
	compare("recording's terminateOn", words(ari.TerminateOnNone, ari.TerminateOnAny, ari.TerminateOnStar, ari.TerminateOnHash),
		parameter("POST", "bridges/x/record", "terminateOn"))
	compare("playback operation", words(ari.PlaybackRestart, ari.PlaybackPause, ari.PlaybackUnpause, ari.PlaybackReverse,
		ari.PlaybackForward), parameter("POST", "playbacks/x/control", "operation"))
}
