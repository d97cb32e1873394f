package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// moduleFile makes NAME/NAME.wasm with a tasks.json beside it.
func moduleFile(t *testing.T, name, tasks string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".wasm")
	for path, content := range map[string]string{file: "\x00asm", filepath.Join(dir, "tasks.json"): tasks} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func TestCatalogue(t *testing.T) {
	const tasks = `[{"name":"a/b@1","type":"deterministic","entry":"b","description":"d & e","input":"{}","output_media_type":"text/plain"}]`
	var out bytes.Buffer
	if err := run("go1.2", []string{moduleFile(t, "a", tasks)}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"toolchain": "go1.2"`, `"file": "a/a.wasm"`, `"bytes": 4`, `"/": "bafkrei`, `"description": "d & e"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("catalogue has no %s:\n%s", want, out.String())
		}
	}
}

func TestCatalogueRefusals(t *testing.T) {
	const one = `[{"name":"a/b@1","type":"deterministic","entry":"b"}]`
	for _, tc := range []struct {
		name, toolchain, want string
		files                 []string
	}{
		{"no toolchain", "", "-toolchain", []string{"x.wasm"}},
		{"no module", "go1.2", "modules", nil},
		{"missing module", "go1.2", "none.wasm", []string{filepath.Join(t.TempDir(), "none.wasm")}},
		{"unknown field", "go1.2", `"entries"`, []string{moduleFile(t, "a", `[{"entries":"b"}]`)}},
		{"a type that is not for nodes", "go1.2", `"llm"`, []string{moduleFile(t, "a", `[{"name":"a/b@1","type":"llm"}]`)}},
		{"one name twice", "go1.2", "already", []string{moduleFile(t, "a", one), moduleFile(t, "c", one)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := run(tc.toolchain, tc.files, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %s", err, tc.want)
			}
		})
	}
}
