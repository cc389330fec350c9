// Command contactd is the contact server: an automatic call director for an Asterisk PBX, with the customer's page shared
// between customer and agent. `contactd help` lists its commands.
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	if err := root().ExecuteContext(context.Background()); err != nil {
		fmt.Fprintf(os.Stderr, "contactd: %v\n", err)
		os.Exit(1)
	}
}
