// Command demo shows the main job with every part in a container of its own: contactd, Asterisk, two agents' phones and a
// customer's phone that answer by themselves. `make docker-demo` runs it; Ctrl-C or SIGTERM stops all that it started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"contactd/testbed/docker"
	"contactd/web/shop"
)

func main() {
	binary := flag.String("contactd", "bin/contactd-static", "a static contactd")
	base := flag.String("base", "", "base image; one is made locally when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *binary, *base); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "docker-demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, base string) (err error) {
	source, err := filepath.Abs("testbed/docker")
	if err != nil {
		return err
	}
	bed, err := docker.New(ctx, source, binary, base, func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bed.Close()) }()
	if err := bed.Phones(ctx); err != nil {
		return err
	}
	pages, err := shop.Handler(shop.Options{Contact: docker.CustomerURL, Desk: docker.DeskURL, Queue: "sales", Site: "shop", Phone: "+49 30 123456"})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", docker.ShopAddress)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf(`
The certificates are made for this run: let the browser open both addresses once before you begin.
  shop      http://%s/
  customers %s
  desk      %s      sign in as ann or bob, password %s
Any German number is answered by the customer's phone. Ctrl-C stops everything.
`, docker.ShopAddress, docker.CustomerURL+"/healthz", docker.DeskURL, docker.Password)
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	return errors.Join(err, server.Close())
}
