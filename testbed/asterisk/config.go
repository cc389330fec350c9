package asterisk

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"text/template"
)

//go:embed conf
var templates embed.FS

// minimal renders the configuration that is used where the caller has none.
func minimal(s Settings) (map[string][]byte, error) {
	files := make(map[string][]byte)
	err := fs.WalkDir(templates, "conf", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := render(name, s)
		files[path.Base(name)] = content
		return err
	})
	delete(files, "asterisk.conf")
	if err != nil {
		return nil, fmt.Errorf("asterisk: minimal configuration: %w", err)
	}
	return files, nil
}

// directories renders asterisk.conf.
func directories(s Settings) ([]byte, error) { return render("conf/asterisk.conf", s) }

func render(name string, s Settings) ([]byte, error) {
	modules, err := filepath.Glob(filepath.Join(s.Root, "usr/lib/*/asterisk/modules"))
	if err != nil || len(modules) != 1 {
		return nil, fmt.Errorf("asterisk: %s has no modules: make it with testbed/asterisk-root.sh", s.Root)
	}
	text, err := template.New(path.Base(name)).Option("missingkey=error").ParseFS(templates, name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := text.Execute(&out, struct {
		Settings
		Modules string
	}{s, modules[0]}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
