package acdtest

import (
	"bufio"
	"fmt"
	"reflect"
	"strings"
	"time"

	"contactd/acd"
)

// Scenario is a director that is told a story, one line at a time:
//
//	queue sales needs=sales:3 ring=20s wrap=15s attempts=2 pause=5m
//	agent ann queues=sales skills=sales:5 auto
//	ready ann            sign-in and ready
//	call c1              an inbound call, its leg is "c1-in"
//	callback c1 number=n kind=turn trunks=t1,t2
//	rang, answered, ended LEG cause=16
//	accept|reject ann    the live offer
//	wait 20s             time passes, deadlines are met
//
// Each line prints the facts, then the commands behind "> ". Legs are named by their number: leg 1 is "cd-t-1-1".
type Scenario struct {
	state *acd.State
	start time.Time
	now   time.Time
	conf  acd.Config
	epoch uint64
	facts []acd.Entry
}

// NewScenario begins an empty story at noon.
func NewScenario() *Scenario {
	start := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := &Scenario{state: acd.New(), start: start, now: start}
	s.step(acd.Started{Installation: "t", Boot: 1})
	return s
}

// Tell runs the lines of one block and returns what they print.
func (s *Scenario) Tell(block string) (string, error) {
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(block))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		text, err := s.line(words[0], parse(words[1:]))
		if err != nil {
			return "", fmt.Errorf("%s: %w", lines.Text(), err)
		}
		// A block of one line needs no echo.
		if strings.Count(strings.TrimSpace(block), "\n") > 0 {
			fmt.Fprintf(&out, "%s\n", lines.Text())
		}
		out.WriteString(text)
	}
	return out.String(), s.state.Check()
}

// words of a line: those without "=" in their order, the others by name.
type words struct {
	plain []string
	named map[string]string
}

func parse(in []string) words {
	w := words{named: map[string]string{}}
	for _, word := range in {
		if name, value, is := strings.Cut(word, "="); is {
			w.named[name] = value
		} else {
			w.plain = append(w.plain, word)
		}
	}
	return w
}

func (w words) at(i int) string {
	if i < len(w.plain) {
		return w.plain[i]
	}
	return ""
}

func (w words) or(name, otherwise string) string {
	if v, is := w.named[name]; is {
		return v
	}
	return otherwise
}

func (w words) has(word string) bool {
	for _, p := range w.plain {
		if p == word {
			return true
		}
	}
	return false
}

func (w words) list(name string) []string {
	if w.named[name] == "" {
		return nil
	}
	return strings.Split(w.named[name], ",")
}

func (w words) duration(name, otherwise string) time.Duration {
	d, err := time.ParseDuration(w.or(name, otherwise))
	if err != nil {
		panic(err)
	}
	return d
}

func (w words) number(name string, otherwise int) int {
	n := otherwise
	if v, is := w.named[name]; is {
		if _, err := fmt.Sscan(v, &n); err != nil {
			panic(err)
		}
	}
	return n
}

func (w words) levels(name string) []acd.Need {
	var needs []acd.Need
	for _, one := range w.list(name) {
		skill, level, _ := strings.Cut(one, ":")
		need := acd.Need{Skill: acd.SkillID(skill), Level: 1}
		if level != "" {
			if _, err := fmt.Sscan(level, &need.Level); err != nil {
				panic(err)
			}
		}
		needs = append(needs, need)
	}
	return needs
}

func (s *Scenario) step(in acd.Input) string {
	facts, commands := s.state.Step(s.now, in)
	if len(facts) > 0 {
		s.facts = append(s.facts, acd.Entry{At: s.now, Input: in, Facts: facts})
	}
	var out strings.Builder
	for _, f := range facts {
		if _, count := f.(acd.CommandsIssued); !count {
			fmt.Fprintln(&out, s.show(f))
		}
	}
	for _, c := range commands {
		mark := ">"
		if c.Irreversible {
			mark = fmt.Sprintf("> #%d", c.ID)
		}
		fmt.Fprintln(&out, mark, s.show(c.Do))
	}
	if out.Len() == 0 {
		return "nothing\n"
	}
	return out.String()
}

// show prints a value with its fields that are not zero; times as the distance from the story's begin.
func (s *Scenario) show(v any) string {
	return s.text(reflect.ValueOf(v), true)
}

func (s *Scenario) text(v reflect.Value, name bool) string {
	switch v.Kind() {
	case reflect.Struct:
		if at, is := v.Interface().(time.Time); is {
			return "+" + at.Sub(s.start).String()
		}
		var fields []string
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() && v.Type().Field(i).IsExported() {
				fields = append(fields, v.Type().Field(i).Name+"="+s.text(f, false))
			}
		}
		if name {
			return strings.TrimSpace(v.Type().Name() + " " + strings.Join(fields, " "))
		}
		return "{" + strings.Join(fields, " ") + "}"
	case reflect.Slice:
		var items []string
		for i := range v.Len() {
			items = append(items, s.text(v.Index(i), false))
		}
		return "[" + strings.Join(items, " ") + "]"
	case reflect.Interface, reflect.Pointer:
		return s.text(v.Elem(), true)
	}
	return fmt.Sprint(v.Interface())
}
