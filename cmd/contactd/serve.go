package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"contactd/internal/app"
	"contactd/internal/config"
)

func serveCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the contact server", Args: cobra.NoArgs,
		Long: "Run the contact server in the foreground.\n\nSIGHUP reads the configuration again. The first SIGTERM or SIGINT ends requests and saves what was begun;\na second one stops at once. Calls stay up in Asterisk, and the next start finds them.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if check {
				if err := app.Check(c); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "the configuration is good")
				return err
			}
			return serve(cmd, c)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "look at the configuration and end")
	return cmd
}

func serve(cmd *cobra.Command, c *config.Config) error {
	log, err := logger(c, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	daemon, err := app.New(c, app.Options{Log: log, Version: buildVersion()})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)

	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx) }() // Awaited below in every case but the second signal's.
	for {
		select {
		case err := <-ended:
			return err
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				reload(cmd, daemon, log)
			case ctx.Err() != nil:
				return errors.New("stopped by a second signal")
			default:
				log.Info("draining; a second signal stops at once", "signal", s.String())
				stop()
			}
		}
	}
}

// reload puts a changed file in force. What is wrong with it is told, and the configuration before stays.
func reload(cmd *cobra.Command, daemon *app.Daemon, log *slog.Logger) {
	c, err := config.Load(cmd.Flags())
	if err != nil {
		log.Error("configuration not reloaded", "error", err)
		return
	}
	later, err := daemon.Reload(c)
	if err != nil {
		log.Error("configuration not reloaded", "error", err)
		return
	}
	log.Info("configuration reloaded")
	if len(later) > 0 {
		log.Warn("some keys take effect at the next start only", "keys", later)
	}
}
