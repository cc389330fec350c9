package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"
)

// Desk is an agent's session.
type Desk struct{ client *http.Client }

// SignIn opens a session and makes the agent ready.
func (b *Bed) SignIn(ctx context.Context, user string) (*Desk, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	d := &Desk{client: &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: b.Client.Transport}}
	if err := d.Do(ctx, http.MethodPost, "/v1/session", map[string]string{"user": user, "password": Password}, nil); err != nil {
		return nil, err
	}
	return d, d.Do(ctx, http.MethodPost, "/v1/desk/ready", struct{}{}, nil)
}

// Do sends a request to the agent listener.
func (d *Desk) Do(ctx context.Context, method, path string, body, into any) error {
	return request(ctx, d.client, method, DeskURL+path, DeskURL, body, into)
}

func request(ctx context.Context, client *http.Client, method, url, origin string, body, into any) error {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Contactd", "1")
	req.Header.Set("Origin", origin)
	response, err := client.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// DeskState is what a desk is told, as far as it is read here.
type DeskState struct {
	Contact *struct{ Contact, State string }
}

// Follow reads the desk's events until one is wanted.
func (d *Desk) Follow(ctx context.Context, wanted func(DeskState) bool) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, DeskURL+"/v1/desk/events", nil)
	if err != nil {
		return err
	}
	streaming := &http.Client{Jar: d.client.Jar, Transport: d.client.Transport}
	response, err := streaming.Do(req)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		raw, is := strings.CutPrefix(lines.Text(), "data:")
		if !is {
			continue
		}
		var state DeskState
		if err := json.Unmarshal([]byte(raw), &state); err != nil {
			return err
		}
		if wanted(state) {
			return nil
		}
	}
	return fmt.Errorf("the stream ended: %w", errors.Join(lines.Err(), ctx.Err()))
}
