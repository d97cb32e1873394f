package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/cluster"
)

// errNoCoordinator is what a user sees who has not started anything yet.
var errNoCoordinator = contracts.Errorf(contracts.CodeNetwork, "", "no coordinator is running here; start one with 'krako up' or name one with --api")

// client returns a client of the coordinator that the settings point at, with
// the key of this user's own coordinator where no other is given.
func (a *app) client() (*client.Client, error) {
	e, dir, found := a.local()
	switch {
	case a.api != "" && !(found && sameURL(e.API, a.api)):
		return client.New(a.api, client.WithKey(a.key), client.WithPin(a.pin))
	case !found:
		return nil, errNoCoordinator
	}
	key, pin := a.key, a.pin
	if key == "" {
		b, err := os.ReadFile(cluster.KeyFile(dir))
		if err != nil {
			return nil, fmt.Errorf("read the local coordinator's key: %w", err)
		}
		key = strings.TrimSpace(string(b))
	}
	if pin == "" {
		pin = e.Pin
	}
	return client.New(e.API, client.WithKey(key), client.WithPin(pin))
}

func sameURL(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// local finds a coordinator of this user on this machine: that of 'krako up', or
// a krako-coord with its default directory. With --api, the one that has it.
func (a *app) local() (e cluster.Endpoint, dir string, found bool) {
	dirs := []string{cluster.CoordDir(a.dir)}
	if d, err := cli.DataDir("coord"); err == nil {
		dirs = append(dirs, d)
	}
	for _, dir := range dirs {
		e, err := cluster.ReadEndpoint(cluster.EndpointFile(dir))
		if err != nil || a.api != "" && !sameURL(e.API, a.api) {
			continue
		}
		// A cluster that is up starts a coordinator that died again: that is worth
		// waiting for.
		if _, up := runningCluster(a.dir); alive(e.PID) || up && dir == dirs[0] {
			return e, dir, true
		}
	}
	return cluster.Endpoint{}, "", false
}

// configFile returns the file of settings to read, "" for none. One that holds a
// key must be its owner's alone.
func configFile(named string) (string, error) {
	file := named
	if file == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return "", nil
		}
		file = filepath.Join(base, "krako", "config.json")
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) && named == "" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read settings: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read settings: %w", err)
		}
		if strings.Contains(string(b), "api_key") {
			return "", fmt.Errorf("%s holds an API key and others may read it; run: chmod 600 %s", file, file)
		}
	}
	return file, nil
}

func offender(err error) string {
	if e, ok := errors.AsType[*contracts.Error](err); ok {
		return e.Offender
	}
	return ""
}

// advise says what a user can do about a refusal.
func (a *app) advise(err error) {
	after, wait := client.RetryAfter(err)
	switch code := contracts.CodeOf(err); {
	case err == nil:
	case code == contracts.CodeAuth && strings.HasPrefix(offender(err), "https://"):
		fmt.Fprintln(a.stderr, "The coordinator logs its fingerprint as api_pin; set KRAKO_API_PIN to it.")
	case code == contracts.CodeAuth && a.key == "":
		fmt.Fprintln(a.stderr, "No API key was given. Set KRAKO_API_KEY to one from whoever runs this coordinator; 'krako keys new' makes them.")
	case code == contracts.CodeAuth:
		fmt.Fprintln(a.stderr, "The key in use is from KRAKO_API_KEY, --api-key or the settings file. 'krako keys list', with an admin's key, says what each key may do.")
	case wait && (code == contracts.CodeRateLimited || code == contracts.CodeResourceExhausted):
		fmt.Fprintf(a.stderr, "Try again in %s. 'krako quota show' says what is used and allowed.\n", after.Round(time.Second))
	}
}
