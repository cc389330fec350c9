package app_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A rule says what a package, or all below a path that ends in "/...", may import, with the reason that a breach prints.
type rule struct {
	packages string
	// only, when not nil, lists all that may be imported from this module.
	only []string
	// never lists what may not be imported, from anywhere; "x/..." means x and all below.
	never []string
	why   string
}

// impure is what does I/O, waits, or draws random numbers. net/url and net/netip only take strings apart.
var impure = []string{
	"context", "net", "net/http/...", "net/smtp", "net/rpc/...", "os/...", "io/...", "log/...", "sync/...", "syscall/...", "math/rand/...", "crypto/rand", "runtime/...",
}

var rules = []rule{
	{"acd", []string{}, impure, "the director is a pure state machine: it must stay replayable"},
	{"sync", []string{}, impure, "what happens in a room is decided by a pure state machine: it must stay replayable"},
	{"acd/engine", []string{"acd"}, []string{"net/..."}, "the engine owns its ports: whoever it talks to is handed in"},
	{"acd/voice", []string{"acd", "ari"}, nil, "the only place where the director's words and Asterisk's meet, and nothing else"},
	{"ari/...", []string{"ari"}, nil, "ari is a library that can be used on its own"},
	{"store", []string{"acd", "sync"}, nil, "the store holds bytes; their meaning is elsewhere"},
	{"sync/wsroom", []string{"sync"}, nil, "the hub asks its log and its verifier through interfaces that it declares"},
	{"internal/httpapi", nil, []string{"contactd/ari/...", "contactd/store", "contactd/acd/voice"}, "the API asks through interfaces that it declares"},
	{"testbed/...", nil, []string{"contactd/internal/..."}, "the testbed talks to the daemon over the wire, as anybody does"},
}

// exclusive lists what only some may import.
var exclusive = []struct {
	imported string
	by       []string
	why      string
}{
	{"go.etcd.io/bbolt", []string{"store", "testbed/bench/journal"}, "bbolt is behind the store (the benchmark compares with it)"},
	{"contactd/internal/app", []string{"cmd/contactd"}, "internal/app wires everything; whoever imports it imports everything"},
}

// clocks are what a pure package may not take from package time.
var clocks = []string{
	"Now", "Since", "Until", "Local", "LoadLocation", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep",
}

const module = "contactd"

// TestWhoMayImportWhom holds every package that is not a test against the rules of the house.
func TestWhoMayImportWhom(t *testing.T) {
	seen := make(map[string]bool)
	each(t, func(pkg, path string, file *ast.File, at func(token.Pos) token.Position) {
		seen[pkg] = true
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if breach := judge(pkg, imported); breach != "" {
				t.Errorf("%s: %s", at(spec.Pos()), breach)
			}
		}
		if pkg == "acd" || pkg == "sync" {
			for _, use := range clockUses(file) {
				t.Errorf("%s: %s uses time.%s: time comes in with the inputs, so that a replay decides the same", at(use.Pos()), pkg, use.Sel.Name)
			}
		}
	})
	for _, must := range []string{"acd", "sync", "acd/engine", "ari", "store"} {
		if !seen[must] {
			t.Errorf("package %s was not looked at", must)
		}
	}
}

// TestTheRulesBite shows that a breach is found.
func TestTheRulesBite(t *testing.T) {
	for _, breach := range [][2]string{
		{"acd", "context"}, {"acd", "net/http"}, {"acd", "contactd/ari"}, {"sync", "sync"}, {"acd/engine", "contactd/store"},
		{"ari/aritest", "contactd/acd"}, {"internal/httpapi", "go.etcd.io/bbolt"}, {"internal/httpapi", "contactd/store"},
		{"testbed/flows", "contactd/internal/config"}, {"web", "contactd/internal/app"},
	} {
		if judge(breach[0], breach[1]) == "" {
			t.Errorf("%s may import %s", breach[0], breach[1])
		}
	}
	for _, fine := range [][2]string{{"acd", "time"}, {"acd/engine", "contactd/acd"}, {"ari/aritest", "contactd/ari"}, {"internal/app", "contactd/store"}} {
		if breach := judge(fine[0], fine[1]); breach != "" {
			t.Error(breach)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package acd\nimport \"time\"\nvar a, b = time.Now(), time.Second", 0)
	if err != nil {
		t.Fatal(err)
	}
	if uses := clockUses(file); len(uses) != 1 || uses[0].Sel.Name != "Now" {
		t.Errorf("uses of the clock: %v", uses)
	}
}

// judge says what is wrong with an import; empty when nothing is.
func judge(pkg, imported string) string {
	for _, r := range rules {
		if !covers(r.packages, pkg) {
			continue
		}
		inner, ours := strings.CutPrefix(imported, module+"/")
		if ours && r.only != nil && !slices.Contains(r.only, inner) {
			return fmt.Sprintf("%s may not import %s: %s", pkg, imported, r.why)
		}
		for _, never := range r.never {
			if covers(never, imported) {
				return fmt.Sprintf("%s may not import %s: %s", pkg, imported, r.why)
			}
		}
	}
	for _, e := range exclusive {
		if imported == e.imported && !slices.Contains(e.by, pkg) {
			return fmt.Sprintf("%s may not import %s: %s", pkg, imported, e.why)
		}
	}
	return ""
}

// covers says whether a pattern means a path.
func covers(pattern, path string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	return path == base || below && strings.HasPrefix(path, base+"/")
}

// clockUses finds what is taken from package time that reads a clock or sets a timer.
func clockUses(file *ast.File) (uses []*ast.SelectorExpr) {
	ast.Inspect(file, func(n ast.Node) bool {
		if use, is := n.(*ast.SelectorExpr); is {
			if from, is := use.X.(*ast.Ident); is && from.Name == "time" && slices.Contains(clocks, use.Sel.Name) {
				uses = append(uses, use)
			}
		}
		return true
	})
	return uses
}

// each parses every Go file of the module that is not a test.
func each(t *testing.T, look func(pkg, path string, file *ast.File, at func(token.Pos) token.Position)) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("the module's root is not where it was: %v", err)
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // something temporary went meanwhile
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		look(filepath.ToSlash(inside), path, file, set.Position)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
