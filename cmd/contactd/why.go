package main

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"contactd/internal/app"
)

var contactForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

func whyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "why CONTACT", Short: "Say why an open contact has the agent it has, and what speaks against the others", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !contactForm.MatchString(args[0]) {
				return fmt.Errorf("%q is no contact: give its 32 hexadecimal digits", args[0])
			}
			c, err := load(cmd)
			if err != nil {
				return err
			}
			why, err := app.NewControl(c).Explain(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			encoder := json.NewEncoder(cmd.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(why)
		},
	}
}
