package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"contactd/internal/app"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Look whether the PBXs are as they must be, and say what to change", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			faults := 0
			app.Examine(cmd.Context(), c, func(f app.Finding) {
				mark := "ok  "
				if !f.OK {
					mark = "FAIL"
					faults++
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s  %s: %s\n", mark, f.What, f.Detail) // The exit code says it too.
			})
			switch faults {
			case 0:
				return nil
			case 1:
				return fmt.Errorf("one fault; see FAIL above")
			default:
				return fmt.Errorf("%d faults; see FAIL above", faults)
			}
		},
	}
}
