package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	sourceDir = "../.."
	schemaDir = "../../schema"
	docsDir   = "../../../docs/spec"
)

// TestGeneratedFilesAreCurrent generates everything again and compares it with
// what is checked in, file by file in both directions.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := schemaFiles(sourceDir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		compare(t, filepath.Join(schemaDir, filepath.FromSlash(name)), want)
	}
	for _, name := range checkedIn(t) {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is generated from nothing any more", name)
		}
	}
	compare(t, filepath.Join(docsDir, "states.md"), statesDocument())
}

func compare(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is out of date: run go generate ./contracts", path)
	}
}

// checkedIn lists the schema directory without released versions.
func checkedIn(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(schemaDir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path == "released":
			return fs.SkipDir
		case !d.IsDir():
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestGenerationIsReproducible(t *testing.T) {
	first, err := schemaFiles(sourceDir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := schemaFiles(sourceDir)
	if err != nil {
		t.Fatal(err)
	}
	for name := range first {
		if !bytes.Equal(first[name], again[name]) {
			t.Errorf("%s differs between two runs", name)
		}
	}
}

func TestReleaseIsFrozenOnce(t *testing.T) {
	schema, docs := t.TempDir(), t.TempDir()
	args := []string{"-source", sourceDir, "-schema", schema, "-docs", docs, "-release"}
	var stderr strings.Builder
	if code := run(args, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(schema, "released", "1.0", "contract.json")); err != nil {
		t.Error(err)
	}
	if code := run(args, &stderr); code != 1 || !strings.Contains(stderr.String(), "released already") {
		t.Errorf("a second release exits with %d: %s", code, stderr.String())
	}
}

func TestWrongSourceIsAnError(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := schemaFiles(dir); err == nil {
			t.Errorf("generating from %s: no error", dir)
		}
	}
}
