package ari_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/ari"
	"contactd/testbed/asterisk"
)

// apiDocs is Asterisk's own description of its interface, as it serves it.
type apiDocs struct {
	operations []operation
	models     map[string]model
}

type operation struct {
	Method     string `json:"httpMethod"`
	Path       string
	Response   string      `json:"responseClass"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Kind     string `json:"paramType"`
	Name     string `json:"name"`
	Type     string `json:"dataType"`
	Required bool   `json:"required"`
	Multiple bool   `json:"allowMultiple"`
	Allowed  struct {
		Values []string `json:"values"`
	} `json:"allowableValues"`
}

type model struct {
	Properties map[string]property `json:"properties"`
	SubTypes   []string            `json:"subTypes"`
}

type property struct {
	Type     string `json:"type"`
	Required bool   `json:"required"`
	Allowed  struct {
		Values []string `json:"values"`
	} `json:"allowableValues"`
}

// TestConformsToTheRunningAsterisk compares all that this package knows with the description that a running Asterisk serves.
// It fails on what we use and they do not have, and prints what they have and we do not know.
func TestConformsToTheRunningAsterisk(t *testing.T) {
	pbx := asterisk.StartForTest(t, asterisk.Options{})
	client := newClient(t, pbx.ARI(liveApp))
	version := do(t, client.HTTP(), ari.GetInfo("system")).System.Version
	if !strings.HasPrefix(version, "22.") {
		t.Fatalf("this is Asterisk %s, and contactd is made for 22. Run it against 22 (testbed/asterisk-root.sh), or go through "+
			"docs/testbed.md, \"A new major version\", and change the major in testbed/asterisk-root.sh and here", version)
	}
	docs := fetchDocs(t, pbx)
	t.Logf("Asterisk %s: %d operations, %d models", version, len(docs.operations), len(docs.models))
	t.Run("requests", func(t *testing.T) { conformRequests(t, docs) })
	t.Run("events", func(t *testing.T) { conformEvents(t, docs) })
	t.Run("models", func(t *testing.T) { conformModels(t, docs) })
	t.Run("values", func(t *testing.T) { conformValues(t, docs) })
}

func fetchDocs(t *testing.T, pbx *asterisk.Asterisk) apiDocs {
	t.Helper()
	docs := apiDocs{models: make(map[string]model)}
	fetch := func(path string, into any) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "GET", pbx.ARI("").URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Close = true
		request.SetBasicAuth(pbx.Settings.Username, pbx.Settings.Password)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, response.Status)
		}
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	var index struct {
		APIs []struct{ Path string } `json:"apis"`
	}
	fetch("/api-docs/resources.json", &index)
	for _, entry := range index.APIs {
		var file struct {
			APIs []struct {
				Path       string      `json:"path"`
				Operations []operation `json:"operations"`
			} `json:"apis"`
			Models map[string]model `json:"models"`
		}
		fetch(strings.Replace(entry.Path, "{format}", "json", 1), &file)
		for _, api := range file.APIs {
			for _, op := range api.Operations {
				op.Path = strings.TrimPrefix(api.Path, "/")
				docs.operations = append(docs.operations, op)
			}
		}
		maps.Copy(docs.models, file.Models)
	}
	return docs
}

// use is one request with everything filled in that can be.
type use struct {
	name   string
	method string
	path   string
	query  map[string][]string
	body   any
	result reflect.Type
}

func used[T any](name string, r ari.Request[T]) use {
	return use{name, r.Method, r.Path, r.Query, r.Body, reflect.TypeFor[T]()}
}

// everything is every request of this package; TestEveryRequestIsCompared sees to it that none is missing.
func everything() []use {
	vars := map[string]string{"V": "w"}
	object := ari.ConfigObject{Class: "c", Type: "t", ID: "x"}
	recording := ari.Recording{Name: "n", Format: "wav", MaxDuration: time.Second, MaxSilence: time.Second, IfExists: ari.IfExistsFail, Beep: true, TerminateOn: ari.TerminateOnHash}
	return []use{
		used("AddChannels", ari.AddChannels("x", "y")),
		used("AnswerChannel", ari.AnswerChannel("x")),
		used("ClaimChannel", ari.ClaimChannel("x", "y")),
		used("ContinueInDialplan", ari.ContinueInDialplan("x", "c", "e", 1)),
		used("ControlPlayback", ari.ControlPlayback("x", ari.PlaybackPause)),
		used("CopyStoredRecording", ari.CopyStoredRecording("x", "y")),
		used("CreateBridge", ari.CreateBridge("x", "n", ari.AttributeMixing)),
		used("CreateChannel", ari.CreateChannel{ID: "x", Endpoint: "e", App: "a", AppArgs: []string{"b"}, Variables: vars, OtherChannelID: "y", Originator: "o", Formats: []string{"f"}}.Request()),
		used("DeleteConfig", ari.DeleteConfig(object)),
		used("DeleteStoredRecording", ari.DeleteStoredRecording("x")),
		used("DestroyBridge", ari.DestroyBridge("x")),
		used("DialChannel", ari.DialChannel("x", "y", time.Second)),
		used("DiscardRecording", ari.DiscardRecording("x")),
		used("ExternalMedia", ari.ExternalMedia{ID: "x", App: "a", Host: "h", Format: "f", Encapsulation: "rtp", Transport: "udp", ConnectionType: "client", Data: "d", Variables: vars}.Request()),
		used("GetApplication", ari.GetApplication("x")),
		used("GetBridge", ari.GetBridge("x")),
		used("GetChannel", ari.GetChannel("x")),
		used("GetChannelVariable", ari.GetChannelVariable("x", "v")),
		used("GetConfig", ari.GetConfig(object)),
		used("GetDeviceState", ari.GetDeviceState("x")),
		used("GetEndpoint", ari.GetEndpoint("x", "y")),
		used("GetGlobalVariable", ari.GetGlobalVariable("v")),
		used("GetInfo", ari.GetInfo("system")),
		used("GetLiveRecording", ari.GetLiveRecording("x")),
		used("GetPlayback", ari.GetPlayback("x")),
		used("GetRTPStatistics", ari.GetRTPStatistics("x")),
		used("GetStoredRecording", ari.GetStoredRecording("x")),
		used("HangUp", ari.HangUp("x", 16)),
		used("HangUpWith", ari.HangUpWith("x", ari.HangUpBusy)),
		used("Hold", ari.Hold("x")),
		used("Join", ari.Join{Bridge: "x", Channels: []string{"y"}, Role: "r", AbsorbDTMF: true, Mute: true, InhibitConnectedLineUpdates: true}.Request()),
		used("ListApplications", ari.ListApplications()),
		used("ListBridges", ari.ListBridges()),
		used("ListChannels", ari.ListChannels()),
		used("ListDeviceStates", ari.ListDeviceStates()),
		used("ListEndpoints", ari.ListEndpoints("")),
		used("ListEndpoints", ari.ListEndpoints("x")),
		used("ListStoredRecordings", ari.ListStoredRecordings()),
		used("MoveChannel", ari.MoveChannel("x", "a", "b")),
		used("Mute", ari.Mute("x", ari.DirectionIn)),
		used("MuteRecording", ari.MuteRecording("x")),
		used("Originate", ari.Originate{Endpoint: "e", App: "a"}.Request()),
		used("Originate", ari.Originate{ID: "x", Endpoint: "e", App: "a", AppArgs: []string{"b"}, Context: "c", Extension: "d", Priority: 1, Label: "l", CallerID: "i", Timeout: time.Second, Variables: vars, OtherChannelID: "y", Originator: "o", Formats: []string{"f"}}.Request()),
		used("PauseRecording", ari.PauseRecording("x")),
		used("PingAsterisk", ari.PingAsterisk()),
		used("PlayToBridge", ari.PlayToBridge("x", "y", "m")),
		used("PlayToChannel", ari.PlayToChannel("x", "y", "m")),
		used("Progress", ari.Progress("x")),
		used("PutConfig", ari.PutConfig(object, ari.ConfigTuple{Attribute: "a", Value: "b"})),
		used("RecordBridge", ari.RecordBridge("x", recording)),
		used("RecordChannel", ari.RecordChannel("x", recording)),
		used("RedirectChannel", ari.RedirectChannel("x", "e")),
		used("RemoveChannels", ari.RemoveChannels("x", "y")),
		used("ReportTransfer", ari.ReportTransfer("x", ari.TransferAnswered)),
		used("SendDTMF", ari.SendDTMF("x", ari.DTMF{Keys: "1", Before: time.Second, Between: time.Second, Duration: time.Second, After: time.Second})),
		used("SendUserEvent", ari.SendUserEvent("x", "a", vars)),
		used("SetChannelVariable", ari.SetChannelVariable("x", "v", "w")),
		used("SetDeviceState", ari.SetDeviceState("x", ari.DeviceBusy)),
		used("SetEventFilter", ari.SetEventFilter("x", ari.EventFilter{Allowed: []string{"StasisStart"}})),
		used("SetGlobalVariable", ari.SetGlobalVariable("v", "w")),
		used("ShowVideoOf", ari.ShowVideoOf("x", "y")),
		used("Snoop", ari.Snoop{Channel: "x", ID: "y", Spy: ari.DirectionBoth, Whisper: ari.DirectionOut, App: "a", AppArgs: []string{"b"}}.Request()),
		used("StartBridgeMusic", ari.StartBridgeMusic("x", "m")),
		used("StartMusic", ari.StartMusic("x", "m")),
		used("StartRinging", ari.StartRinging("x")),
		used("StartSilence", ari.StartSilence("x")),
		used("StopBridgeMusic", ari.StopBridgeMusic("x")),
		used("StopMusic", ari.StopMusic("x")),
		used("StopPlayback", ari.StopPlayback("x")),
		used("StopRecording", ari.StopRecording("x")),
		used("StopRinging", ari.StopRinging("x")),
		used("StopSilence", ari.StopSilence("x")),
		used("Subscribe", ari.Subscribe("x", "channel:y")),
		used("Unhold", ari.Unhold("x")),
		used("Unmute", ari.Unmute("x", ari.DirectionIn)),
		used("UnmuteRecording", ari.UnmuteRecording("x")),
		used("UnpauseRecording", ari.UnpauseRecording("x")),
		used("Unsubscribe", ari.Unsubscribe("x", "channel:y")),
	}
}

// TestEveryRequestIsCompared reads this package's source for what returns a Request.
func TestEveryRequestIsCompared(t *testing.T) {
	compared := make(map[string]bool)
	for _, u := range everything() {
		compared[u.name] = true
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			fn, is := declaration.(*ast.FuncDecl)
			if !is || !fn.Name.IsExported() || fn.Type.Results == nil || len(fn.Type.Results.List) != 1 {
				continue
			}
			generic, is := fn.Type.Results.List[0].Type.(*ast.IndexExpr)
			if !is || fmt.Sprint(generic.X) != "Request" {
				continue
			}
			name := fn.Name.Name
			if fn.Recv != nil {
				name = fmt.Sprint(fn.Recv.List[0].Type)
			}
			found++
			if !compared[name] {
				t.Errorf("%s is missing in everything()", name)
			}
		}
	}
	if found < 70 {
		t.Errorf("only %d requests were found in the source", found)
	}
}

func conformRequests(t *testing.T, docs apiDocs) {
	knownQuery := make(map[string]map[string]bool)
	for _, u := range everything() {
		op, ok := docs.find(u.method, u.path)
		if !ok {
			t.Errorf("%s: they have no %s %s", u.name, u.method, u.path)
			continue
		}
		if knownQuery[op.Method+" "+op.Path] == nil {
			knownQuery[op.Method+" "+op.Path] = make(map[string]bool)
		}
		parameters, body := make(map[string]parameter), false
		for _, p := range op.Parameters {
			body = body || p.Kind == "body"
			if p.Kind != "query" {
				continue
			}
			parameters[p.Name] = p
			if _, given := u.query[p.Name]; p.Required && !given {
				t.Errorf("%s: they require the parameter %s", u.name, p.Name)
			}
		}
		for name, values := range u.query {
			knownQuery[op.Method+" "+op.Path][name] = true
			p, ok := parameters[name]
			if !ok {
				t.Errorf("%s: they have no parameter %s at %s %s", u.name, name, op.Method, op.Path)
			}
			for _, value := range values {
				if len(p.Allowed.Values) > 0 && !slices.Contains(p.Allowed.Values, value) {
					t.Errorf("%s: %s may not be %q, only %v", u.name, name, value, p.Allowed.Values)
				}
			}
		}
		if u.body != nil && !body {
			t.Errorf("%s: they take no body at %s %s", u.name, op.Method, op.Path)
		}
		if got := modelName(u.result); got != op.Response {
			t.Errorf("%s: we read a %s, they answer with a %s", u.name, got, op.Response)
		}
	}
	for _, op := range docs.operations {
		key := op.Method + " " + op.Path
		known, ok := knownQuery[key]
		if !ok {
			t.Logf("not used by us: %s", key)
			continue
		}
		for _, p := range op.Parameters {
			if p.Kind == "query" && !known[p.Name] {
				t.Logf("not used by us: the parameter %s of %s", p.Name, key)
			}
		}
	}
}

// find returns the operation for a path, a literal one rather than one with a placeholder.
func (d apiDocs) find(method, path string) (operation, bool) {
	best, placeholders := operation{}, -1
	have := strings.Split(path, "/")
	for _, op := range d.operations {
		want := strings.Split(op.Path, "/")
		if op.Method != method || len(want) != len(have) {
			continue
		}
		count := 0
		for i, part := range want {
			if strings.HasPrefix(part, "{") {
				count++
			} else if part != have[i] {
				count = -1
				break
			}
		}
		if count >= 0 && (placeholders < 0 || count < placeholders) {
			best, placeholders = op, count
		}
	}
	return best, placeholders >= 0
}

// modelNames are those of our types that have another name with us.
var modelNames = map[string]string{
	"None": "void", "Info": "AsteriskInfo", "Pong": "AsteriskPing", "RTPStatistics": "RTPstat", "SetID": "SetId",
}

func modelName(t reflect.Type) string {
	if t.Kind() == reflect.Slice {
		return "List[" + modelName(t.Elem()) + "]"
	}
	if name, ok := modelNames[t.Name()]; ok {
		return name
	}
	return t.Name()
}
