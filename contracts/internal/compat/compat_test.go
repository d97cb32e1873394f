package compat_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/internal/compat"
)

const schemaDir = "../../schema"

// frozen holds the digest of every released version. A released version never
// changes: a digest is added with a release, and none is ever edited.
var frozen = map[string]string{
	"1.0": "81dcad44546b9dd4c52e41f09f74b275feaf1962e8291ebf693dc4124e412f79",
}

func TestReleasedVersionsAreFrozen(t *testing.T) {
	dirs, err := os.ReadDir(schemaDir + "/released")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if got := digest(t, os.DirFS(schemaDir+"/released/"+d.Name())); got != frozen[d.Name()] {
			t.Errorf("version %s has the digest %s, released was %q", d.Name(), got, frozen[d.Name()])
		}
	}
	if len(dirs) != len(frozen) {
		t.Errorf("%d versions are there, %d were released", len(dirs), len(frozen))
	}
}

// digest hashes names and contents of all files of a directory, in the order of
// their names.
func digest(t *testing.T, dir fs.FS) string {
	t.Helper()
	h := sha256.New()
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, path)
		b = []byte(strings.ReplaceAll(string(b), "\r\n", "\n"))
		fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestCurrentContractIsCompatible compares the checked-in schemas with every
// released version of the same major.
func TestCurrentContractIsCompatible(t *testing.T) {
	major, _, _ := strings.Cut(contracts.Version, ".")
	compared := 0
	for version := range frozen {
		if !strings.HasPrefix(version, major+".") {
			continue
		}
		compared++
		breaks, err := compat.Compare(os.DirFS(schemaDir+"/released/"+version), os.DirFS(schemaDir))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range breaks {
			t.Errorf("breaks %s: %s", version, b)
		}
	}
	if compared == 0 {
		t.Errorf("no version of major %s is released", major)
	}
}

func TestMissingFilesAreErrors(t *testing.T) {
	whole, none := os.DirFS(schemaDir), os.DirFS(t.TempDir())
	if _, err := compat.Compare(none, whole); err == nil {
		t.Error("comparing with nothing: no error")
	}
	if _, err := compat.Compare(whole, none); err == nil {
		t.Error("comparing nothing: no error")
	}
}
