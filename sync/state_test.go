package pagesync

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

var begin = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// bench is a room under test that logs what it applies.
type bench struct {
	t   interface{ Fatalf(string, ...any) }
	s   *State
	log []Entry
}

func (b *bench) apply(from string, n uint64, op Op) {
	e := Entry{Offset: b.s.Offset + 1, At: begin.Add(time.Duration(b.s.Offset) * time.Second), From: from, N: n, Op: op}
	if err := b.s.Apply(e); err != nil {
		b.t.Fatalf("apply %v: %v", e, err)
	}
	b.log = append(b.log, e)
}

// try does what somebody wants, if it may be.
func (b *bench) try(from string, n uint64, op Op) Code {
	decided, refusal := b.s.Decide(from, op, shop)
	if refusal != nil {
		return refusal.Code
	}
	b.apply(from, n, decided)
	return ""
}

// newBench opens a room with a customer p1, an agent p2 and a supervisor p3.
func newBench(t interface{ Fatalf(string, ...any) }, consent Choice) *bench {
	b := &bench{t: t, s: New()}
	b.apply("", 0, RoomOpened{Epoch: "e1", Site: "shop", URL: "https://shop.example/", Consent: consent})
	b.apply("", 0, RoleSet{"ann", "Ann", RolePreview})
	b.apply("", 0, Joined{ID: "p1", Subject: SubjectCustomer, Address: "192.0.2.1", Next: "h1"})
	b.apply("", 0, Joined{ID: "p2", Subject: AgentSubject("ann"), Next: "h2"})
	b.apply("", 0, Joined{ID: "p3", Subject: AgentSubject("sue"), Name: "Sue", Supervisor: true, Next: "h3"})
	return b
}

func (b *bench) sight(you string) (v struct {
	Role    Role
	May     []Right
	URL     string
	Fields  map[string]string
	Consent Choice
}) {
	if err := json.Unmarshal(b.s.SnapshotFrame(you), &v); err != nil {
		b.t.Fatalf("%v", err)
	}
	return v
}

func (b *bench) want(from string, op Op, code Code) {
	if got := b.try(from, b.s.Offset, op); got != code {
		b.t.Fatalf("%s wants %#v: got %q, want %q", from, op, got, code)
	}
}

func TestWithoutConsentNothingIsSeenOrKept(t *testing.T) {
	b := newBench(t, Unasked)
	b.want("p1", Navigate{"https://shop.example/a"}, NoConsent)
	b.want("p1", Form{Field: "f/city", Value: "Bonn"}, NoConsent)
	b.apply("", 0, RoleSet{"ann", "Ann", RoleAgent})
	b.want("p2", Push{"https://shop.example/a"}, NoConsent)
	b.want("p2", Consent{true}, NotAllowed)
	b.want("p2", Chat{"Hello"}, "")
	if b.s.URL != "" || len(b.s.Fields) != 0 {
		t.Fatalf("the state holds %q %v", b.s.URL, b.s.Fields)
	}
	b.want("p1", Consent{true}, "")
	b.want("p1", Navigate{"https://shop.example/a"}, "")
	b.want("p1", Form{Field: "f/city", Value: "Bonn"}, "")
	for _, who := range []string{"p1", "p2", "p3"} {
		if v := b.sight(who); v.URL != "https://shop.example/a" || v.Fields["f/city"] != "Bonn" {
			t.Fatalf("%s sees %+v", who, v)
		}
	}
	b.want("p1", Consent{false}, "")
	for _, who := range []string{"p1", "p2", "p3"} {
		if v := b.sight(who); v.URL != "" || len(v.Fields) != 0 || v.Consent != Withdrawn {
			t.Fatalf("%s still sees %+v", who, v)
		}
	}
}

func TestRoles(t *testing.T) {
	b := newBench(t, Granted)
	page := "https://shop.example/b"
	if v := b.sight("p2"); v.URL != "https://shop.example/" || v.Role != RolePreview || len(v.May) != 0 {
		t.Fatalf("preview sees %+v", v)
	}
	b.want("p2", Push{page}, NotAllowed)
	b.want("p3", Push{page}, NotAllowed)
	b.want("p3", Chat{"listening"}, "")
	b.want("p9", Chat{"stranger"}, NotAllowed)
	b.apply("", 0, RoleSet{"ann", "Ann", RoleAgent})
	b.want("p2", Navigate{page}, NotAllowed)
	b.want("p2", Push{page}, "")
	b.want("p2", Form{Field: "f/city", Value: "Bonn"}, "")
	b.want("p1", Control{false}, "")
	b.want("p2", Form{Field: "f/city", Value: "Köln"}, NotAllowed)
	b.want("p2", RoleSet{"ann", "Ann", RoleAgent}, NotAllowed)
	b.want("p1", RoomClosed{}, NotAllowed)
	b.apply("", 0, RoomClosed{})
	b.apply("", 0, RoleSet{"ann", "Ann", RoleReader})
	if v := b.sight("p2"); v.URL != page || len(v.May) != 0 {
		t.Fatalf("the agent in wrap-up sees %+v", v)
	}
	b.want("p1", Consent{false}, RoomIsClosed)
	b.want("p2", Chat{"late"}, RoomIsClosed)
	if b.s.Admits(RoleCustomer) || !b.s.Admits(RoleReader) || b.s.Admits(RoleNone) {
		t.Fatal("a room closed for the customer admits the wrong people")
	}
	b.apply("", 0, RoomClosed{All: true})
	if b.s.Admits(RoleReader) {
		t.Fatal("a closed room admits a reader")
	}
}

func TestFields(t *testing.T) {
	b := newBench(t, Granted)
	b.want("p1", Form{Field: "", Value: "x"}, Invalid)
	b.want("p1", Form{Field: "f/password", Value: "x"}, Private)
	b.want("p1", Form{Field: "f/remark", Value: "4111 1111 1111 1111"}, Private)
	b.want("p1", Chat{"4111 1111 1111 1111"}, Private)
	b.want("p1", Form{Field: strings.Repeat("f", MaxField+1)}, TooLong)
	b.want("p1", Form{Field: "f", Value: strings.Repeat("v", MaxValue+1)}, TooLong)
	b.want("p1", Form{Field: "f", Value: "v", Page: b.s.Page + 1}, StalePage)
	b.want("p1", Form{Field: "f", Value: "v", Page: b.s.Page}, "")
	b.want("p1", Chat{strings.Repeat("ä", MaxText)}, "")
	b.want("p1", Chat{strings.Repeat("ä", MaxText+1)}, TooLong)
	for _, hidden := range []string{"https://shop.example/admin", "https://bank.example/", "http://shop.example/", "about:blank"} {
		b.want("p1", Navigate{"https://shop.example/next"}, "")
		if len(b.s.Fields) != 0 || !b.s.Points(RoleCustomer) {
			t.Fatal("a new page keeps the old one's fields, or nobody may point at it")
		}
		b.want("p1", Form{Field: "f", Value: "v"}, "")
		b.want("p1", Navigate{hidden}, "")
		if b.s.URL != "" || len(b.s.Fields) != 0 || b.s.Points(RoleCustomer) {
			t.Fatalf("on %s the page before stays: %q %v", hidden, b.s.URL, b.s.Fields)
		}
		b.want("p1", Form{Field: "f", Value: "v"}, StalePage)
	}
	b.want("p1", Navigate{"https://shop.example/next"}, "")
	for i := 0; ; i++ {
		code := b.try("p1", 1, Form{Field: "f" + strings.Repeat("x", i%150) + string(rune('a'+i/150)), Value: "v"})
		if code == TooMany {
			if len(b.s.Fields) != MaxFields {
				t.Fatalf("refused at %d fields", len(b.s.Fields))
			}
			break
		}
		if i > 2*MaxFields {
			t.Fatal("fields have no limit")
		}
	}
}

func TestResumeSecrets(t *testing.T) {
	b := newBench(t, Granted)
	if b.s.ResumedBy("p1", SubjectCustomer, "h1") == nil {
		t.Fatal("the secret that was given does not resume")
	}
	for _, c := range [][3]string{{"p1", AgentSubject("ann"), "h1"}, {"p2", SubjectCustomer, "h2"}, {"p1", SubjectCustomer, ""}, {"p1", SubjectCustomer, "h2"}, {"p8", SubjectCustomer, "h1"}} {
		if b.s.ResumedBy(c[0], c[1], c[2]) != nil {
			t.Fatalf("%v resumes", c)
		}
	}
	b.apply("", 0, Resumed{ID: "p1", Current: "h1", Next: "h4"})
	if b.s.ResumedBy("p1", SubjectCustomer, "h1") == nil || b.s.ResumedBy("p1", SubjectCustomer, "h4") == nil {
		t.Fatal("until the new secret is used both are valid")
	}
	b.apply("", 0, Resumed{ID: "p1", Current: "h4", Next: "h5"})
	if b.s.ResumedBy("p1", SubjectCustomer, "h1") != nil {
		t.Fatal("the old secret is valid after the new one was used")
	}
}

// ops that a browser may wish for, good and bad.
func drawOp(t *rapid.T) Op {
	url := rapid.SampledFrom([]string{"https://shop.example/a?token=1", "https://shop.example/b", "https://evil.example/", "javascript:1"})
	switch rapid.IntRange(0, 8).Draw(t, "op") {
	case 0:
		return Navigate{url.Draw(t, "url")}
	case 1:
		return Push{url.Draw(t, "url")}
	case 2:
		return Form{rapid.SampledFrom([]string{"f/a", "f/b", "f/password"}).Draw(t, "field"), rapid.String().Draw(t, "value"), 0}
	case 3:
		return Chat{rapid.String().Draw(t, "text")}
	case 4:
		return Consent{rapid.Bool().Draw(t, "granted")}
	case 5:
		return Control{rapid.Bool().Draw(t, "fill")}
	case 6:
		return CallState{"connected", begin}
	case 7:
		return RoomClosed{true}
	}
	return RoleSet{"ann", "Ann", RoleAgent}
}

// Whatever people wish for: without consent no agent sees anything of the page, nothing secret is kept, the log gives
// an equal state, and so does a snapshot followed by the rest of the log.
func TestPropertiesOfARoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(t, rapid.SampledFrom([]Choice{Unasked, Granted}).Draw(t, "consent"))
		cut, saved := rapid.IntRange(0, 40).Draw(t, "cut"), []byte(nil)
		for i := range rapid.IntRange(0, 40).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "told") == 0 {
				b.apply("", 0, RoleSet{"ann", "Ann", rapid.SampledFrom([]Role{RoleNone, RolePreview, RoleAgent, RoleReader}).Draw(t, "role")})
			} else {
				b.try(rapid.SampledFrom([]string{"p1", "p2", "p3", "p4"}).Draw(t, "who"), uint64(i+1), drawOp(t))
			}
			for _, agent := range []string{"p2", "p3"} {
				if v := b.sight(agent); b.s.Consent != Granted && (v.URL != "" || len(v.Fields) != 0) {
					t.Fatalf("without consent %s sees %+v", agent, v)
				}
			}
			if strings.Contains(b.s.URL, "token") || strings.Contains(b.s.URL, "evil") || b.s.Fields["f/password"] != "" {
				t.Fatalf("kept: %q %v", b.s.URL, b.s.Fields)
			}
			if i == cut {
				var err error
				if saved, err = b.s.Snapshot(); err != nil {
					t.Fatalf("%v", err)
				}
			}
		}
		again := New()
		if saved != nil {
			var err error
			if again, err = Restore(saved); err != nil {
				t.Fatalf("%v", err)
			}
		}
		for _, e := range b.log[again.Offset:] {
			data, err := AppendEntry(nil, e)
			if err != nil {
				t.Fatalf("%v", err)
			}
			decoded, err := DecodeEntry(e.Offset, data)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if err := again.Apply(decoded); err != nil {
				t.Fatalf("%v", err)
			}
		}
		one, _ := b.s.Snapshot()
		two, _ := again.Snapshot()
		if !bytes.Equal(one, two) || again.fieldBytes != b.s.fieldBytes {
			t.Fatalf("recovery differs:\n%s\n%s", one, two)
		}
	})
}

func TestApplyRefusesABrokenLog(t *testing.T) {
	s := New()
	if s.Apply(Entry{Offset: 1, Op: Chat{"x"}}) == nil {
		t.Error("a log may begin without opened")
	}
	b := newBench(t, Granted)
	if b.s.Apply(Entry{Offset: b.s.Offset + 2, Op: Chat{"x"}}) == nil {
		t.Error("a log may have gaps")
	}
	if b.s.Apply(Entry{Offset: b.s.Offset + 1, Op: RoomOpened{}}) == nil {
		t.Error("a room may open twice")
	}
}

// The log's form is kept by stores for years: see testdata/log.golden.
func TestLogGolden(t *testing.T) {
	ops := []Op{
		RoomOpened{"e1", "shop", "https://shop.example/", Granted}, RoleSet{"ann", "Ann", RoleAgent}, RoleSet{"bob", "", RoleNone},
		Joined{"p1", SubjectCustomer, "", false, "192.0.2.1", "h1", ""}, Joined{"p2", AgentSubject("ann"), "Ann", true, "", "h2", "p1"},
		Resumed{"p1", "192.0.2.2", "h1", "h3"}, Navigate{"https://shop.example/a"}, Push{"https://shop.example/b"},
		Form{"f/city", "Köln <b>", 8}, Chat{"Hello"}, Consent{false}, Control{true}, CallState{"connected", begin}, MediaState{"voice", "up"},
		RoomClosed{true},
	}
	var lines []byte
	for i, op := range ops {
		e := Entry{Offset: uint64(i + 1), At: begin, Op: op}
		if i >= 6 && i < 12 {
			e.From, e.N = "p1", uint64(i)
		}
		line, err := AppendEntry(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeEntry(e.Offset, line)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s decodes as %+v (%v)", line, got, err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if *update {
		if err := os.WriteFile("testdata/log.golden", lines, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/log.golden")
	if err != nil || !bytes.Equal(lines, want) {
		t.Fatalf("the log's form changed (%v): old rooms could not be read any more\n%s", err, lines)
	}
}
