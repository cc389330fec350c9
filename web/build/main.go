// Command build makes web/dist from the TypeScript sources: the page script, the agent desk and the script of its
// companion window. Run it from the repository's root: `go run ./web/build`.
//
// npm only fetches packages, and only when web/node_modules is missing or older than the lock file; esbuild, a Go library
// here, does the bundling. The build fails when the types do not check and when the page script outgrows its budget:
// it is loaded by every page of the company, so that its size is a promise.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// pageBudget is the page script's greatest size in bytes after gzip.
const pageBudget = 12000

func main() {
	skipTypes := flag.Bool("skip-types", false, "do not check the types (for quick rounds while writing)")
	root := flag.String("web", "web", "folder of the sources")
	flag.Parse()
	if err := build(*root, !*skipTypes); err != nil {
		fmt.Fprintf(os.Stderr, "web/build: %v\n", err)
		os.Exit(1)
	}
}

func build(root string, types bool) error {
	if _, err := os.Stat(filepath.Join(root, "package.json")); err != nil {
		return fmt.Errorf("%s has no package.json; run this from the repository's root", root)
	}
	if err := install(root); err != nil {
		return err
	}
	if types {
		if err := run(root, filepath.Join("node_modules", ".bin", "tsc"), "--noEmit", "-p", "."); err != nil {
			return fmt.Errorf("types: %w", err)
		}
	}
	dist := filepath.Join(root, "dist")
	if err := os.MkdirAll(filepath.Join(dist, "desk"), 0o755); err != nil {
		return err
	}
	if err := page(root, dist); err != nil {
		return err
	}
	return desk(root, filepath.Join(dist, "desk"))
}

// install fetches the npm packages when the installed ones are not those of the lock file.
func install(root string) error {
	lock, err := os.Stat(filepath.Join(root, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	// npm writes this file last, so that an interrupted installation is not taken for a whole one.
	installed, err := os.Stat(filepath.Join(root, "node_modules", ".package-lock.json"))
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("install: %w", err)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("npm is missing; run testbed/packages.sh, or install nodejs and npm")
	}
	if err := run(root, "npm", "ci", "--loglevel=error"); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return nil
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	if strings.Contains(name, string(filepath.Separator)) {
		abs, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		cmd = exec.Command(abs, args...)
	}
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// page bundles the script that companies embed and holds it to its budget.
func page(root, dist string) error {
	out, err := bundle(api.BuildOptions{
		EntryPoints: []string{filepath.Join(root, "page", "page.ts")},
		Format:      api.FormatIIFE,
		Outfile:     filepath.Join(dist, "page.js"),
		Loader:      map[string]api.Loader{".css": api.LoaderText},
		Plugins:     []api.Plugin{shortCSS()},
	})
	if err != nil {
		return err
	}
	size, err := gzipSize(out)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "web/build: page script %d bytes, %d gzipped (limit %d)\n", len(out), size, pageBudget)
	if size > pageBudget {
		return fmt.Errorf("the page script has %d bytes gzipped, %d over its budget", size, size-pageBudget)
	}
	return os.WriteFile(filepath.Join(dist, "page.js"), out, 0o644)
}

// shortCSS hands style sheets to the page script as minified text: they become constructed style sheets, which a strict
// content security policy allows.
func shortCSS() api.Plugin {
	return api.Plugin{Name: "short-css", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			source, err := os.ReadFile(args.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			result := api.Transform(string(source), api.TransformOptions{
				Loader: api.LoaderCSS, MinifySyntax: true, MinifyWhitespace: true, LogLevel: api.LogLevelWarning})
			if len(result.Errors) > 0 {
				return api.OnLoadResult{}, fmt.Errorf("%s: %s", args.Path, result.Errors[0].Text)
			}
			text := strings.TrimSpace(string(result.Code))
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderText}, nil
		})
	}}
}

// desk bundles the agent desk and copies its document.
func desk(root, dist string) error {
	for _, part := range []struct{ entry, out string }{
		{"main.tsx", "desk.js"},
		{"desk.css", "desk.css"},
	} {
		out, err := bundle(api.BuildOptions{
			EntryPoints:     []string{filepath.Join(root, "desk", part.entry)},
			Format:          api.FormatESModule,
			Outfile:         filepath.Join(dist, part.out),
			JSX:             api.JSXAutomatic,
			JSXImportSource: "preact",
			LegalComments:   api.LegalCommentsEndOfFile,
		})
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dist, part.out), out, 0o644); err != nil {
			return err
		}
	}
	document, err := os.ReadFile(filepath.Join(root, "desk", "index.html"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dist, "index.html"), document, 0o644)
}

func bundle(options api.BuildOptions) ([]byte, error) {
	options.Bundle = true
	options.Charset = api.CharsetUTF8
	options.Target = api.ES2022
	options.MinifyWhitespace, options.MinifyIdentifiers, options.MinifySyntax = true, true, true
	options.LogLevel = api.LogLevelWarning
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%s: %d errors, see above", options.EntryPoints[0], len(result.Errors))
	}
	if len(result.OutputFiles) != 1 {
		return nil, fmt.Errorf("%s: %d files came out, want one", options.EntryPoints[0], len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents, nil
}

func gzipSize(data []byte) (int, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(data); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return buf.Len(), nil
}
