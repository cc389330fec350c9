// Command withasterisk runs a command while a private, real Asterisk is running, and tells the command by environment
// variables where it is:
//
//	go run ./testbed/withasterisk [-conf dir] [-v] -- sh -c 'curl -u $CONTACTD_ARI_USERNAME:$CONTACTD_ARI_PASSWORD $CONTACTD_ARI_URL/channels'
//
// Without a command it waits for Ctrl-C. It ends with the command's status. The variables are CONTACTD_ARI_URL,
// CONTACTD_ARI_USERNAME, CONTACTD_ARI_PASSWORD, CONTACTD_SIP_ADDRESS and CONTACTD_ASTERISK_CONF (for asterisk -rx).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"contactd/testbed/asterisk"
)

func main() {
	confDir := flag.String("conf", "", "directory with configuration files, which replace those of the minimal configuration")
	verbose := flag.Bool("v", false, "show Asterisk's log in the end")
	flag.Parse()
	status, err := run(*confDir, *verbose, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "withasterisk:", err)
	}
	os.Exit(status)
}

func run(confDir string, verbose bool, command []string) (status int, err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	options := asterisk.Options{}
	if confDir != "" {
		options.Files = func(asterisk.Settings) (map[string][]byte, error) { return readDir(confDir) }
	}
	if verbose {
		options.Verbose = 4
	}
	pbx, err := asterisk.Start(ctx, options)
	if err != nil {
		return 1, err
	}
	defer func() {
		if verbose {
			fmt.Fprintln(os.Stderr, pbx.LogTail(200))
		}
		if stopped := pbx.Stop(); stopped != nil {
			status, err = 1, errors.Join(err, stopped)
		}
	}()
	if len(command) == 0 {
		fmt.Println(strings.Join(pbx.Environment(), "\n"))
		<-ctx.Done()
		return 0, nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pbx.Environment()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

func readDir(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		if files[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}
