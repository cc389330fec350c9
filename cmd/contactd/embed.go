package main

import (
	"fmt"
	"html"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"contactd/web"
)

func embedCommand() *cobra.Command {
	var site, queue string
	cmd := &cobra.Command{
		Use: "embed", Short: "Print the script element for a site's pages, with its integrity", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			s, ok := c.Sites[site]
			if !ok {
				return fmt.Errorf("there is no site %q; there are %v (--site)", site, slices.Sorted(maps.Keys(c.Sites)))
			}
			if queue == "" && len(s.Queues) > 0 {
				queue = s.Queues[0]
			}
			if _, ok := c.Queues[queue]; !ok {
				return fmt.Errorf("there is no queue %q; there are %v (--queue)", queue, slices.Sorted(maps.Keys(c.Queues)))
			}
			if len(s.Queues) > 0 && !slices.Contains(s.Queues, queue) {
				return fmt.Errorf("the site %s may not ask for the queue %q; it may for %v", site, queue, s.Queues)
			}
			script, err := web.Page()
			if err != nil {
				return err
			}
			origin := c.Listen.Customer.Origin()
			_, err = fmt.Fprintf(cmd.OutOrStdout(),
				"<script src=\"%s/v1/page-%s.js\" integrity=\"%s\" crossorigin=\"anonymous\"\n  data-queue=\"%s\" data-site=\"%s\" data-phone=\"%s\" defer></script>\n",
				html.EscapeString(origin), script.Hash, script.Integrity, html.EscapeString(queue), html.EscapeString(site), html.EscapeString(s.Hotline))
			return err
		},
	}
	cmd.Flags().StringVar(&site, "site", "", "name of the site in the configuration")
	cmd.Flags().StringVar(&queue, "queue", "", "queue that the pages ask for (default: the site's first)")
	if err := cmd.MarkFlagRequired("site"); err != nil {
		panic(err) // The flag is defined above.
	}
	return cmd
}
