package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"contactd/acd"
	"contactd/internal/auth"
	"contactd/internal/config"
	"contactd/store"
)

// The daemon holds the database, so that the commands of the same machine's administrator ask it over a socket in the
// data folder, which only the daemon's user can open. When no daemon runs they open the database themselves.

const (
	controlSocket = "control.sock"
	databaseFile  = "contactd.db"
	tableKeys     = "api-keys"
)

// KeyRequest asks for an API key.
type KeyRequest struct {
	Name   string        `json:"name"`
	Scopes []auth.Scope  `json:"scopes"`
	Life   time.Duration `json:"life"`
}

// NewKey is an API key that was made; Text is told once.
type NewKey struct {
	Text string      `json:"text"`
	Key  auth.APIKey `json:"key"`
}

// control answers the administrator's commands.
func control(keys *auth.APIKeys, explain func(context.Context, acd.ContactID) (acd.Explanation, error)) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, value any, err error) {
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			value = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(value) // The command may have been given up.
	}
	mux.HandleFunc("POST /keys", func(w http.ResponseWriter, r *http.Request) {
		var request KeyRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&request); err != nil {
			answer(w, nil, err)
			return
		}
		text, key, err := keys.Make(r.Context(), request.Name, request.Scopes, request.Life)
		answer(w, NewKey{Text: text, Key: key}, err)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		list, err := keys.List()
		answer(w, list, err)
	})
	mux.HandleFunc("DELETE /keys/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, struct{}{}, keys.Revoke(r.Context(), r.PathValue("id")))
	})
	mux.HandleFunc("GET /explain/{contact}", func(w http.ResponseWriter, r *http.Request) {
		why, err := explain(r.Context(), acd.ContactID(r.PathValue("contact")))
		answer(w, why, err)
	})
	return mux
}

// listenControl opens the socket; one that a killed daemon left is replaced. The store's lock says that none runs.
func listenControl(dir string) (net.Listener, error) {
	name := filepath.Join(dir, controlSocket)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("app: control socket: %w", err)
	}
	listener, err := net.Listen("unix", name)
	if err != nil {
		return nil, fmt.Errorf("app: control socket: %w", err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("app: control socket: %w", err), listener.Close())
	}
	return listener, nil
}

// Control asks the daemon of a data folder, or stands in for it.
type Control struct{ config *config.Config }

// NewControl is for the daemon of this configuration.
func NewControl(c *config.Config) Control { return Control{c} }

// MakeKey makes an API key.
func (c Control) MakeKey(ctx context.Context, request KeyRequest) (made NewKey, err error) {
	err = c.ask(ctx, http.MethodPost, "/keys", request, &made, func(keys *auth.APIKeys) error {
		made.Text, made.Key, err = keys.Make(ctx, request.Name, request.Scopes, request.Life)
		return err
	})
	return made, err
}

// Keys lists the API keys.
func (c Control) Keys(ctx context.Context) (list []auth.APIKey, err error) {
	err = c.ask(ctx, http.MethodGet, "/keys", nil, &list, func(keys *auth.APIKeys) error {
		list, err = keys.List()
		return err
	})
	return list, err
}

// RevokeKey takes an API key's rights away at once.
func (c Control) RevokeKey(ctx context.Context, id string) error {
	return c.ask(ctx, http.MethodDelete, "/keys/"+id, nil, &struct{}{}, func(keys *auth.APIKeys) error { return keys.Revoke(ctx, id) })
}

// Explain says why a contact has the agent it has, or none. It needs the daemon.
func (c Control) Explain(ctx context.Context, contact string) (why acd.Explanation, err error) {
	err = c.ask(ctx, http.MethodGet, "/explain/"+contact, nil, &why, nil)
	return why, err
}

// ask goes to the daemon; when none runs, alone does the same on the database.
func (c Control) ask(ctx context.Context, method, path string, in, out any, alone func(*auth.APIKeys) error) error {
	socket := filepath.Join(c.config.DataDir, controlSocket)
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}
	err := request(ctx, client, method, "http://daemon"+path, in, out)
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	if alone == nil {
		return fmt.Errorf("no contactd runs on %s: start `contactd serve` (%w)", c.config.DataDir, err)
	}
	opened, err := store.Open(filepath.Join(c.config.DataDir, databaseFile), store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(alone(auth.NewAPIKeys(opened.Table(tableKeys), nil)), opened.Close())
}

func request(ctx context.Context, client *http.Client, method, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		var told struct{ Error string }
		if err := json.NewDecoder(answer.Body).Decode(&told); err != nil || told.Error == "" {
			return fmt.Errorf("the daemon answered %s", answer.Status)
		}
		return errors.New(told.Error)
	}
	return json.NewDecoder(answer.Body).Decode(out)
}
