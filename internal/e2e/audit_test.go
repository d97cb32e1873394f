package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/cluster"
)

// What a client keeps holds a coordinator to its log: while it runs, and offline
// from its directory or from an export. A file that was touched is found.
func TestAudit(t *testing.T) {
	f := start(t, 1)
	f.result(f.submit(chain(40)))
	dir, data := t.TempDir(), cluster.CoordDir(f.local.Dir())
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	says := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("want %q in:\n%s", want, text)
		}
	}
	key := file("coord.pub", f.krako("log", "key"))
	note := file("monday.note", f.krako("log", "checkpoint"))
	says(f.krako("log", "grown", note, "--key", key), "are unchanged")
	f.local.Stop()

	exported := filepath.Join(dir, "log.krako")
	says(f.krako("audit", data, "--key", key, "--checkpoint", note, "--export", exported), "1 kept ones agree with it, every signature holds")
	says(f.krako("audit", exported, "--key", key, "--checkpoint", note), "the chain and the tree hold")
	says(f.krako("audit", exported, "--key", key), "It has no checkpoint yet and none was given")
	says(f.krako("rebuild", data), "folded into")

	b, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	text, code := f.try("audit", file("touched.krako", string(b)), "--key", key)
	if code == 0 {
		t.Error("a touched export passed")
	}
	says(text, "the log is bad")
}
