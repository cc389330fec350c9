package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"contactd/acd/engine"
	"contactd/internal/app"
)

func replayCommand() *cobra.Command {
	var from uint64
	cmd := &cobra.Command{
		Use: "replay", Short: "Decide the journal again and list what would come out differently", Args: cobra.NoArgs,
		Long: "Decide the journal's inputs again with this version's rules and list every entry whose facts come out differently.\nWithin one version of the rules there is none. The daemon must not be running.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			differences := 0
			decided, err := app.Replay(cmd.Context(), c, from, func(d engine.Difference) {
				differences++
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "entry %d at %s: %T %+v\n  was %+v\n  now %+v\n", d.Seq, d.At.Format("2006-01-02T15:04:05.000Z"), d.Input, d.Input, d.Was, d.Now) // The exit code says it too.
			})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%d entries decided again, %d differ\n", decided, differences); err != nil {
				return err
			}
			if differences > 0 {
				return errors.New("the rules decide otherwise now; recovery follows the journal all the same")
			}
			return nil
		},
	}
	cmd.Flags().Uint64Var(&from, "from", 0, "number of the first entry (0: the oldest that is kept)")
	return cmd
}
