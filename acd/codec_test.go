package acd

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

// filled sets every field of a value to something that is not zero, so that the golden file shows all of them.
func filled(v reflect.Value, deep int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(v.Index(0), deep+1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), deep+1)
	case reflect.Interface:
		v.Set(reflect.ValueOf(OriginateLeg{Leg: "leg", PBX: "main", Agent: "ann", Timeout: time.Second}))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)))
			return
		}
		for i := range v.NumField() {
			filled(v.Field(i), deep+1)
		}
	}
}

func everyEntry(t *testing.T) []Entry {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var facts []Fact
	for tag := 1; tag <= len(factTags.types); tag++ {
		v := reflect.New(factTags.types[tag])
		filled(v.Elem(), 0)
		facts = append(facts, v.Elem().Interface().(Fact))
	}
	var entries []Entry
	for tag := 1; tag <= len(inputTags.types); tag++ {
		v := reflect.New(inputTags.types[tag])
		filled(v.Elem(), 0)
		e := Entry{At: at, Input: v.Elem().Interface().(Input)}
		if tag == 1 {
			e.Facts = facts
		}
		entries = append(entries, e)
	}
	for tag := 1; tag <= len(actionTags.types); tag++ {
		v := reflect.New(actionTags.types[tag])
		filled(v.Elem(), 0)
		kept := Command{ID: 1, Contact: "c", Irreversible: true, Do: v.Elem().Interface().(Action)}
		entries = append(entries, Entry{At: at, Input: DeadlineReached{}, Facts: []Fact{CommandsIssued{Last: 1, Kept: []Command{kept}}}})
	}
	return entries
}

// TestCodec: what a journal of today holds is read by every later version as it was meant.
func TestCodec(t *testing.T) {
	var written bytes.Buffer
	for _, e := range everyEntry(t) {
		raw, err := AppendEntry(nil, e.At, e.Input, e.Facts)
		if err != nil {
			t.Fatal(err)
		}
		written.Write(append(raw, '\n'))
		back, err := DecodeEntry(raw)
		if err != nil {
			t.Fatalf("%T: %v", e.Input, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Errorf("%T comes back as\n%+v, was\n%+v", e.Input, back, e)
		}
	}
	const golden = "testdata/entries.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, written.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, written.Bytes()) {
		t.Error("entries are written otherwise than in testdata/entries.golden: raise RulesVersion, read the old form too, and run with -update")
	}
}

// FuzzDecodeEntry: a damaged journal gives an error and never a panic.
func FuzzDecodeEntry(f *testing.F) {
	raw, err := AppendEntry(nil, time.Unix(0, 0).UTC(), CallArrived{Contact: "c", Leg: "l"}, []Fact{LegUp{Leg: "l"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"in":{"t":99}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := DecodeEntry(raw)
		if err != nil {
			return
		}
		if _, err := AppendEntry(nil, e.At, e.Input, e.Facts); err != nil {
			t.Fatalf("decoded %q and cannot write it again: %v", raw, err)
		}
	})
}
