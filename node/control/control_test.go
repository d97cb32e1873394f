package control

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// serve answers in dir with what it is told.
func serve(t *testing.T, dir string) (stop func()) {
	t.Helper()
	stop, err := Serve(dir, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/bad" {
			http.Error(w, "not like this", http.StatusUnprocessableEntity)
			return
		}
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body))
	}), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

// TestBothWays serves over a socket and, in a directory with a long name, over a
// port with a token.
func TestBothWays(t *testing.T) {
	for name, long := range map[string]bool{"socket": false, "port": true} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "krako") // short
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			if long {
				dir = filepath.Join(dir, strings.Repeat("long", 30))
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			stop := serve(t, dir)
			c, err := Dial(dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Do(context.Background(), http.MethodPost, "/pause", map[string]int{"seconds": 3})
			if err != nil || string(got) != `POST /pause {"seconds":3}` {
				t.Errorf("%q, %v", got, err)
			}
			if _, err := c.Do(context.Background(), http.MethodGet, "/bad", nil); contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), "not like this") {
				t.Errorf("a refusal: %v", err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Fatal(entries, err)
			}
			if info, err := entries[0].Info(); hasSockets && (err != nil || info.Mode().Perm() != 0o600) {
				t.Errorf("%s has mode %v, %v", info.Name(), info.Mode(), err)
			}
			stop()
			if _, err := c.Do(context.Background(), http.MethodGet, "/", nil); contracts.CodeOf(err) != contracts.CodeNetwork {
				t.Errorf("nobody there: %v", err)
			}
			defer serve(t, dir)() // the directory can be served again
		})
	}
}

func TestPortWantsItsToken(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	defer serve(t, dir)()
	text, err := os.ReadFile(filepath.Join(dir, endpointFile))
	if err != nil {
		t.Fatal(err)
	}
	var e endpoint
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]int{"": 401, "Bearer ": 401, "Bearer " + e.Token + "x": 401, "Bearer " + e.Token: 200} {
		req, err := http.NewRequest(http.MethodGet, "http://"+e.Addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%q: %d, want %d", token, res.StatusCode, want)
		}
	}
}

// TestLeftoversAreReplaced serves where a node was killed.
func TestLeftoversAreReplaced(t *testing.T) {
	dir, err := os.MkdirTemp("", "krako")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{socketFile, endpointFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	defer serve(t, dir)()
	c, err := Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(context.Background(), http.MethodGet, "/", nil); err != nil {
		t.Error(err)
	}
}
