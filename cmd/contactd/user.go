package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"contactd/internal/app"
	"contactd/internal/auth"
)

func userCommand() *cobra.Command {
	return group("user", "Agents' passwords and the keys of the company's servers", passwordCommand(), keyCommand())
}

func passwordCommand() *cobra.Command {
	return &cobra.Command{
		Use: "password", Short: "Read a password and print its hash, for agents.<name>.password_hash", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, err := readPassword(cmd)
			if err != nil {
				return err
			}
			hash, err := auth.HashPassword(password)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash)
			return err
		},
	}
}

// readPassword reads a line. On a terminal it is asked for and not shown.
func readPassword(cmd *cobra.Command) (string, error) {
	in := cmd.InOrStdin()
	if file, ok := in.(*os.File); ok && isTerminal(file) {
		if _, err := fmt.Fprint(cmd.ErrOrStderr(), "Password: "); err != nil {
			return "", err
		}
		if restore, err := hideInput(int(file.Fd())); err == nil {
			defer restore()
			defer func() { _, _ = fmt.Fprintln(cmd.ErrOrStderr()) }() // The line end was not shown either.
		}
	}
	line, err := bufio.NewReader(io.LimitReader(in, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", errors.New("no password was given: type it, or send it in by a pipe")
	}
	return password, nil
}

func hideInput(fd int) (restore func(), err error) {
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}

func keyCommand() *cobra.Command {
	var name string
	var scopes []string
	var life time.Duration
	add := &cobra.Command{
		Use: "add", Short: "Make a key for a server of the company; it is printed once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if life < 0 {
				return errors.New("--life must not be negative")
			}
			request := app.KeyRequest{Name: name, Life: life}
			for _, s := range scopes {
				if !slices.Contains(auth.Scopes, auth.Scope(s)) {
					return fmt.Errorf("--scope %q does not exist; there are %v", s, auth.Scopes)
				}
				request.Scopes = append(request.Scopes, auth.Scope(s))
			}
			made, err := app.NewControl(c).MakeKey(cmd.Context(), request)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), made.Text)
			return err
		},
	}
	add.Flags().StringVar(&name, "name", "", "what the key is for")
	add.Flags().StringSliceVar(&scopes, "scope", []string{string(auth.ContactsRead), string(auth.ContactsWrite)}, "rights of the key")
	add.Flags().DurationVar(&life, "life", 0, "how long it is good; 0 is for ever")
	if err := add.MarkFlagRequired("name"); err != nil {
		panic(err) // The flag is defined above.
	}
	list := &cobra.Command{
		Use: "list", Short: "List the keys", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			keys, err := app.NewControl(c).Keys(cmd.Context())
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "ID\tNAME\tSCOPES\tMADE\tEXPIRES") // Flush tells of errors.
			for _, key := range keys {
				expires := "never"
				if !key.Expires.IsZero() {
					expires = key.Expires.Format(time.RFC3339)
				}
				_, _ = fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\n", key.ID, key.Name, key.Scopes, key.Made.Format(time.RFC3339), expires)
			}
			return w.Flush()
		},
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "Take a key's rights away at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.NewControl(c).RevokeKey(cmd.Context(), args[0])
		},
	}
	return group("key", "Keys of the company's servers, for the company API", add, list, revoke)
}
