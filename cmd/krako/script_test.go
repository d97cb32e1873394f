package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"krako": main})
}

// TestScripts runs testdata/script. A script has the Go command without a
// network and $BLOCKS, the address of a store of blocks.
func TestScripts(t *testing.T) {
	store := httptest.NewServer(&blockStore{})
	t.Cleanup(store.Close)
	caches := goEnv(t, "GOCACHE", "GOROOT")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, caches...)
			env.Vars = append(env.Vars, "GOPROXY=off", "BLOCKS="+store.URL)
			for _, name := range homes {
				env.Vars = append(env.Vars, name+"="+filepath.Join(env.WorkDir, ".home"))
			}
			return nil
		},
	})
}

// homes are where the systems say that caches are.
var homes = []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"}

// goEnv returns settings of the Go command that a script's empty home would
// change.
func goEnv(t *testing.T, names ...string) []string {
	t.Helper()
	vars := make([]string, len(names))
	for i, name := range names {
		out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		vars[i] = name + "=" + strings.TrimSpace(string(out))
	}
	return vars
}

// blockStore is the part of a gateway that stores blocks.
type blockStore struct {
	mu     sync.Mutex
	blocks map[string][]byte
}

func (s *blockStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut && r.URL.Path == "/v1/blocks" {
		s.put(w, r)
		return
	}
	if block, ok := s.blocks[strings.TrimPrefix(r.URL.Path, "/v1/blocks/")]; ok {
		_, _ = w.Write(block) // a client that left needs no answer
		return
	}
	http.NotFound(w, r)
}

func (s *blockStore) put(w http.ResponseWriter, r *http.Request) {
	block, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.blocks == nil {
		s.blocks = map[string][]byte{}
	}
	id := dagcbor.RawCID(block)
	s.blocks[id.String()] = block
	doc, err := contracts.JSONOf(contracts.BlockStored{CID: contracts.Link{Cid: id}, Bytes: int64(len(block))})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(doc)
}

// The examples that other compilers make are tested as their authors would.
func TestCommittedExamples(t *testing.T) {
	for _, dir := range []string{"c-wordcount", "rust-distance"} {
		t.Run(dir, func(t *testing.T) {
			for _, name := range homes {
				t.Setenv(name, t.TempDir())
			}
			var out, log strings.Builder
			if code := run(t.Context(), []string{"task", "test", "../../wasmtasks/examples/" + dir}, &out, &log); code != 0 {
				t.Errorf("exit %d: %s%s", code, out.String(), log.String())
			}
		})
	}
}
