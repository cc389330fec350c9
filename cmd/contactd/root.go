package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"contactd/internal/config"
)

// version is set by the linker (-X main.version=…); a build from a checkout tells its commit.
var version = ""

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "contactd",
		Short:         "Contact server for Asterisk: customers on web pages, agents on phones, both on the same page",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	config.Flags(cmd.PersistentFlags())
	cmd.AddCommand(serveCommand(), doctorCommand(), pbxCommand(), userCommand(), embedCommand(), whyCommand(), replayCommand(), versionCommand())
	return cmd
}

// load reads the configuration and tells its warnings.
func load(cmd *cobra.Command) (*config.Config, error) {
	c, err := config.Load(cmd.Flags())
	if err != nil {
		return nil, err
	}
	for _, warning := range c.Warnings {
		if _, err := fmt.Fprintln(cmd.ErrOrStderr(), "warning:", warning); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// logger writes as the configuration says.
func logger(c *config.Config, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}

// group is a command that only has others below it. An unknown one is an error and not a page of help.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("there is no command %q; see contactd %s --help", args[0], use)
		}
		return errors.Join(cmd.Help(), fmt.Errorf("say which of them: contactd %s …", use))
	}}
	cmd.AddCommand(children...)
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "contactd", buildVersion())
			return err
		},
	}
}

// buildVersion is the linker's word, or the commit that the build knows.
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return "development"
	}
	return revision + dirty
}

// isTerminal says whether a person types there.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
