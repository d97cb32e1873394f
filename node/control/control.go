// Package control is the private way from a person to the node that runs on the
// same machine: HTTP over a socket in the node's data directory, which only its
// owner may open, or, where there are no such sockets or the directory's name is
// too long for one, over a loopback port with a token that only the owner can
// read. It promises no more than the file system does, and it does not know the
// commands.
package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

const (
	socketFile   = "control.sock"
	endpointFile = "control.json"
	// maxSocketName is what every system takes for the path of a socket.
	maxSocketName = 100
	// patience bounds one command, maxAnswer what comes back.
	patience  = 10 * time.Second
	maxAnswer = 4 << 20
)

// endpoint is how to reach a node that has no socket.
type endpoint struct {
	Addr  string `json:"addr"`
	Token string `json:"token"`
}

// Serve answers with h in the given data directory, which nobody else serves,
// until stop is called.
func Serve(dir string, h http.Handler, log *slog.Logger) (stop func(), err error) {
	listener, h, err := listen(dir, h)
	if err != nil {
		return nil, fmt.Errorf("serve control: %w", err)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control is no longer served", "error", err)
		}
	}()
	return func() {
		_ = server.Close() // its connections are of no more use to anybody
		<-done
		_ = os.Remove(filepath.Join(dir, socketFile))
		_ = os.Remove(filepath.Join(dir, endpointFile))
	}, nil
}

func listen(dir string, h http.Handler) (net.Listener, http.Handler, error) {
	// What a node that was killed left behind is nobody's: the data directory's lock
	// says so.
	for _, name := range []string{socketFile, endpointFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	if path := filepath.Join(dir, socketFile); hasSockets && len(path) <= maxSocketName {
		l, err := net.Listen("unix", path)
		if err != nil {
			return nil, nil, err
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, nil, errors.Join(err, l.Close())
		}
		return l, h, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	e := endpoint{Addr: l.Addr().String(), Token: rand.Text()}
	text, err := json.Marshal(e)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, endpointFile), text, 0o600)
	}
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, guard(e.Token, h), nil
}

// guard lets only requests with the token through: every user of the machine, and
// every page in a browser on it, can reach a loopback port.
func guard(token string, h http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Client gives commands to the node of one data directory.
type Client struct {
	dir   string
	token string
	http  http.Client
	base  string
}

// Dial finds the node. The error is NETWORK_ERROR naming the directory when none
// runs there, which may also show when the first command is given.
func Dial(dir string) (*Client, error) {
	c := &Client{dir: dir, base: "http://krako-node", http: http.Client{Timeout: patience}}
	text, err := os.ReadFile(filepath.Join(dir, endpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		path := filepath.Join(dir, socketFile)
		c.http.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}
		return c, nil
	}
	if err != nil {
		return nil, c.absent(err)
	}
	var e endpoint
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, c.absent(err)
	}
	c.base, c.token = "http://"+e.Addr, e.Token
	c.http.Transport = &http.Transport{}
	return c, nil
}

func (c *Client) absent(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return contracts.Errorf(contracts.CodeNetwork, c.dir, "the node of this data directory belongs to another user: %w", err)
	}
	return contracts.Errorf(contracts.CodeNetwork, c.dir, "no node runs with this data directory: %w", err)
}

// Do gives one command and returns the answer. in is sent as JSON if it is not
// nil. Errors are NETWORK_ERROR when there is no node, VALIDATION_ERROR when it
// refused.
func (c *Client) Do(ctx context.Context, method, path string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.absent(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, c.absent(err)
	}
	if res.StatusCode >= 300 {
		return nil, contracts.Errorf(contracts.CodeValidation, path, "%s", strings.TrimSpace(string(answer)))
	}
	return answer, nil
}
