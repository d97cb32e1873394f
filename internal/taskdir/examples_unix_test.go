//go:build unix

package taskdir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func TestFilesOfExamplesStayInTheDirectory(t *testing.T) {
	d := sumDir(t, `"examples":[{"name":"x","blobs":{"b":"link"}}]`)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(d.Path, "link")); err != nil {
		t.Fatal(err)
	}
	wasm, err := d.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, m := admit(t, wasm)
	if _, err := d.RunExamples(t.Context(), s, m); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a link out of the directory: %v", err)
	}
}
