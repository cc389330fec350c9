// Command demo shows the main job to a newcomer: it starts a real Asterisk, contactd and a demo shop, prints what to open
// and who may sign in, and runs until Ctrl-C or SIGTERM, when it stops all that it started. `make demo` runs it.
//
// The shop is on localhost and contactd on 127.0.0.1, which are different sites to a browser, as a company's pages and its
// contact server are. With -phones=auto three telephones that answer by themselves stand in for softphones. What was
// printed is in testbed/run/demo.json too, for programs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	phones := flag.String("phones", "none", "none: use softphones; auto: telephones that answer by themselves")
	binary := flag.String("contactd", "bin/contactd", "the program")
	folder := flag.String("run", "testbed/run", "folder for the demo's files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *phones, *binary, *folder); err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, telephones, binary, folder string) (err error) {
	if telephones != "none" && telephones != "auto" {
		return fmt.Errorf("-phones=%s is not possible; use none or auto", telephones)
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%s is not there (make build): %w", binary, err)
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	s, err := begin(ctx, telephones == "auto", binary, folder)
	if err != nil {
		if ctx.Err() != nil {
			return nil // It was stopped while it started.
		}
		return err
	}
	fmt.Print(s.description())
	select {
	case <-ctx.Done():
		fmt.Println("\nstopping …")
	case err = <-s.failed:
	}
	return s.stop(err)
}
