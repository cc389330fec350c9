package pagesync

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestDecodeFrame(t *testing.T) {
	f, err := DecodeFrame([]byte(`{"t":"hello","token":"v1.x","resume":{"you":"p1","secret":"s","epoch":"e","offset":7},"later":1}`))
	if want := (Hello{"v1.x", Resume{"p1", "s", "e", 7}}); err != nil || f != want {
		t.Fatalf("got %v %v", f, err)
	}
	f, err = DecodeFrame([]byte(`{"t":"op","n":3,"op":{"kind":"form","field":"f","value":"[{[{\"[["}}`))
	if want := (Wish{N: 3, Op: Form{"f", `[{[{"[[`, 0}}); err != nil || f != want {
		t.Fatalf("got %v %v", f, err)
	}
	for text, code := range map[string]Code{
		`{"t":"op","n":3,"op":{"kind":"applet"}}`:                  UnknownKind,
		`{"t":"op","n":3,"op":{}}`:                                 UnknownKind,
		`{"t":"op","n":3,"op":[]}`:                                 Invalid,
		`{"t":"op","n":3,"op":{"kind":"navigate","url":7}}`:        Invalid,
		`{"t":"op","n":3,"op":{"kind":"form","page":-1}}`:          Invalid,
		`{"t":"op","n":3,"op":{"kind":"consent","granted":"yes"}}`: Invalid,
	} {
		f, err := DecodeFrame([]byte(text))
		if w, ok := f.(Wish); err != nil || !ok || w.N != 3 || w.Refusal == nil || w.Refusal.Code != code {
			t.Errorf("%s: got %+v %v, want a refusal %s", text, f, err, code)
		}
	}
	for _, text := range []string{
		``, `null`, `[]`, `"op"`, `{}`, `{"t":"mirror"}`, `{"t":"op"}`, `{"t":"op","n":0,"op":{}}`, `{"t":"op","n":1}`, `{"t":"op","n":-1,"op":{}}`,
		`{"t":"op","n":1.5,"op":{}}`, `{"t":"op","n":1,"op":{"a":[[[1]]]}}`, `{"t":"hello"} x`, "{\"t\":\"hello\",\"token\":\"\xff\"}",
		strings.Repeat(`[`, 5000), `{"t":"hello","token":"` + strings.Repeat("x", MaxFrame) + `"}`,
	} {
		if f, err := DecodeFrame([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.60s: got %v %v, want malformed", text, f, err)
		}
	}
}

func TestFleeting(t *testing.T) {
	for text, want := range map[string]string{
		`{"t":"pointer","x":120,"y":644.5,"w":1280,"h":4200}`:       `{"t":"pointer","from":"p3","x":120,"y":644.5,"w":1280,"h":4200}`,
		` { "h" : 1 , "x":-0.5,"y":0,"w":10000000, "t":"scroll" } `: `{"t":"scroll","from":"p3","x":-0.5,"y":0,"w":10000000,"h":1}`,
		`{"t":"pointer","gone":true}`:                               `{"t":"pointer","from":"p3","gone":true}`,
		`{"t":"typing","on":true}`:                                  `{"t":"typing","from":"p3","on":true}`,
		`{"t":"typing","on":false}`:                                 `{"t":"typing","from":"p3","on":false}`,
		`{"t":"pointer","x":1,"y":2,"w":3}`:                         "",
		`{"t":"pointer","x":1e9,"y":2,"w":3,"h":4}`:                 "",
		`{"t":"pointer","x":10000001,"y":2,"w":3,"h":4}`:            "",
		`{"t":"pointer","x":01,"y":2,"w":3,"h":4}`:                  "",
		`{"t":"pointer","x":"1","y":2,"w":3,"h":4}`:                 "",
		`{"t":"pointer","x":1,"y":2,"w":3,"h":4,"from":"p1"}`:       "",
		`{"t":"pointer","x":1,"y":2,"w":3,"h":4}}`:                  "",
		`{"t":"pointer","x":1,"y":2,"w":3,"h":4,}`:                  "",
		`{"t":"typing"}`:        "",
		`{"t":"op","on":true}`:  "",
		`{"on":true}`:           "",
		`{"t":"typing","on":1}`: "",
		`{`:                     "",
		``:                      "",
	} {
		got, _, ok := AppendFleeting(nil, "p3", []byte(text))
		if string(got) != want || ok != (want != "") {
			t.Errorf("%s: got %s %v", text, got, ok)
		}
	}
}

// Whatever comes in, what goes out is JSON of one of the three kinds from the right sender.
func FuzzFleeting(f *testing.F) {
	f.Add([]byte(`{"t":"pointer","x":120,"y":644.5,"w":1280,"h":4200}`))
	f.Add([]byte(`{"t":"typing","on":true}`))
	f.Add([]byte(`{"t":"pointer","gone":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, kind, ok := AppendFleeting(nil, "p3", data)
		if !ok {
			return
		}
		var v struct{ T, From string }
		if err := json.Unmarshal(out, &v); err != nil || v.From != "p3" || v.T != fleetingNames[kind] {
			t.Fatalf("%q gives %q", data, out)
		}
		if !json.Valid(data) {
			t.Fatalf("%q is no JSON and passes", data)
		}
	})
}

// A frame either is malformed or says what it is; what is decoded is encoded and decoded to the same.
func FuzzDecodeFrame(f *testing.F) {
	f.Add([]byte(`{"t":"hello","token":"v1.x","resume":{"you":"p1","secret":"s","epoch":"e","offset":7}}`))
	f.Add([]byte(`{"t":"op","n":3,"op":{"kind":"form","field":"f","value":"v","page":3}}`))
	f.Add([]byte(`{"t":"op","n":3,"op":{"kind":"role","agent":"a","role":"none"}}`))
	f.Add([]byte(`{"t":"typing","on":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := DecodeFrame(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		wish, ok := frame.(Wish)
		if !ok || wish.Refusal != nil {
			return
		}
		one, err := AppendOp(nil, wish.Op)
		if err != nil {
			return // A time out of JSON's range.
		}
		op, err := decodeOp(one)
		if err != nil {
			t.Fatalf("%q is decoded, and encoded to %q: %v", data, one, err)
		}
		if two, err := AppendOp(nil, op); err != nil || string(one) != string(two) {
			t.Fatalf("%q, then %q (%v)", one, two, err)
		}
	})
}

func BenchmarkFleeting(b *testing.B) {
	data := []byte(`{"t":"pointer","x":120,"y":644.5,"w":1280,"h":4200}`)
	out := make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		out, _, _ = AppendFleeting(out[:0], "p3", data)
	}
}
