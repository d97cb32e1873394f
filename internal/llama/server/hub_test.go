//go:build unix

package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/llama/server"
)

// hub plays the part of Hugging Face's hub that llama-server asks: where a
// repository's branch stands, which files it has then, and the files.
type hub struct {
	repo, file string
	model      []byte
	commit     string

	mu    sync.Mutex
	asked []string
	keys  []string
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked = append(h.asked, r.Method+" "+r.URL.Path)
	h.keys = append(h.keys, r.Header.Get("Authorization"))
	h.mu.Unlock()
	sum := sha256.Sum256(h.model)
	oid := hex.EncodeToString(sum[:])
	say := func(v any) { _ = json.NewEncoder(w).Encode(v) } // who hangs up has asked enough
	type object map[string]any
	switch r.URL.Path {
	case "/api/models/" + h.repo + "/refs":
		say(object{"branches": []object{{"name": "main", "ref": "refs/heads/main", "targetCommit": h.commit}}, "tags": []object{}, "converts": []object{}})
	case "/api/models/" + h.repo + "/tree/" + h.commit:
		say([]object{{"type": "file", "path": h.file, "size": len(h.model), "oid": strings.Repeat("b", 40), "lfs": object{"oid": oid, "size": len(h.model), "pointerSize": 134}}})
	case "/" + h.repo + "/resolve/" + h.commit + "/" + h.file:
		w.Header().Set("ETag", `"`+oid+`"`)
		http.ServeContent(w, r, h.file, time.Time{}, strings.NewReader(string(h.model)))
	default:
		http.NotFound(w, r)
	}
}

func (h *hub) seen() (asked, keys []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked), slices.Clone(h.keys)
}

// TestServerDownloadsFromTheHubItIsToldOf has the real server fetch a repository's
// model from a hub on this machine, with the token of its owner, and serve it.
func TestServerDownloadsFromTheHubItIsToldOf(t *testing.T) {
	cfg := llamatest.Config(t, "")
	model, err := os.ReadFile(llamatest.Nonsense(t))
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{repo: "krako/nonsense", file: "nonsense-F16.gguf", model: model, commit: strings.Repeat("a", 40)}
	site := httptest.NewServer(h)
	defer site.Close()
	t.Setenv("HF_ENDPOINT", site.URL)
	t.Setenv("HF_TOKEN", "hf_of_its_owner")
	cache := t.TempDir()
	t.Setenv("LLAMA_CACHE", cache)
	cfg.HF = "krako/nonsense:F16"
	_, st := llamatest.Start(t, cfg)
	got, err := generate(t, st)
	if err != nil || got.OutputTokens != 16 {
		t.Fatalf("%d tokens, %v", got.OutputTokens, err)
	}
	own := llamatest.Config(t, llamatest.Nonsense(t))
	_, there := llamatest.Start(t, own)
	if want, err := generate(t, there); err != nil || want.Text != got.Text {
		t.Errorf("the model from the hub says %q, that of the file %q, %v", got.Text, want.Text, err)
	}
	asked, keys := h.seen()
	if !slices.Contains(asked, "GET /"+h.repo+"/resolve/"+h.commit+"/"+h.file) {
		t.Errorf("asked %q", asked)
	}
	// This build asks what there is without the token.
	if i := slices.Index(asked, "GET /"+h.repo+"/resolve/"+h.commit+"/"+h.file); i >= 0 && keys[i] != "Bearer hf_of_its_owner" {
		t.Errorf("presented %q", keys)
	}
	if kept, _ := filepath.Glob(filepath.Join(cache, "*", "snapshots", h.commit, h.file)); len(kept) != 1 {
		t.Errorf("kept %q", kept)
	}
}

// TestServerSaysThatAHubHasNoSuchModel: what cannot be fetched is no server, and its
// last words say why.
func TestServerSaysThatAHubHasNoSuchModel(t *testing.T) {
	cfg := llamatest.Config(t, "")
	site := httptest.NewServer(http.NotFoundHandler())
	defer site.Close()
	t.Setenv("HF_ENDPOINT", site.URL)
	t.Setenv("LLAMA_CACHE", t.TempDir())
	cfg.HF = "krako/nothing"
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { cancel(); <-done; _ = s.Close() }()
	for {
		st, changed := s.Status()
		if st.State == server.Pausing {
			if !strings.Contains(st.Reason, "krako/nothing") && !strings.Contains(st.Reason, "download") {
				t.Errorf("it says %q", st.Reason)
			}
			return
		}
		select {
		case <-changed:
		case <-time.After(5 * time.Minute): // it asks again and again before it gives up
			t.Fatalf("server is %s: %s", st.State, st.Reason)
		}
	}
}
