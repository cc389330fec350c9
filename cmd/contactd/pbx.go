package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"maps"

	"github.com/spf13/cobra"

	asteriskconf "contactd/asterisk-conf"
	"contactd/internal/app"
)

func pbxCommand() *cobra.Command {
	var name, out string
	render := &cobra.Command{
		Use: "render", Short: "Write the PBX's configuration files that go with this configuration", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if name == "" {
				if len(c.PBXs) != 1 {
					return fmt.Errorf("say which PBX by --pbx; there are %v", slices.Sorted(maps.Keys(c.PBXs)))
				}
				for only := range c.PBXs {
					name = only
				}
			}
			in, err := app.PBXInput(c, name)
			if err != nil {
				return err
			}
			files, err := asteriskconf.Render(in)
			if err != nil {
				return err
			}
			return writeFiles(cmd, out, files)
		},
	}
	render.Flags().StringVar(&name, "pbx", "", "name of the PBX in the configuration (may be left out when there is one)")
	render.Flags().StringVar(&out, "out", "", "folder to write to; it is made, and must be empty or hold files of an earlier run only")
	if err := render.MarkFlagRequired("out"); err != nil {
		panic(err) // The flag is defined above.
	}
	return group("pbx", "The PBX's side of the configuration", render)
}

// writeFiles writes the files, which hold secrets, for their owner and group only. It never overwrites a file of
// another origin: the folder may be an administrator's own /etc/asterisk.
func writeFiles(cmd *cobra.Command, dir string, files map[string][]byte) error {
	const mark = ".contactd-rendered"
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	case len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == mark }):
		return fmt.Errorf("%s is not empty and was not made by this command: give another --out and copy from there what you need", dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, mark), nil, 0o640); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o640); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), path); err != nil {
			return err
		}
	}
	return nil
}
