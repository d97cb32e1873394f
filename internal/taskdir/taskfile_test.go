package taskdir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/taskdir"
)

// dirWith makes a directory with a task.json.
func dirWith(t *testing.T, doc string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, taskdir.FileName), []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpen(t *testing.T) {
	dir := dirWith(t, `{"name":"text@2","description":"","entries":[{"entry":"count","description":""}]}`)
	d, err := taskdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.FullName(&d.Entries[0]) != "text/count@2" || d.ModuleFile() != filepath.Join(dir, "text.wasm") {
		t.Errorf("%s in %s", d.FullName(&d.Entries[0]), d.ModuleFile())
	}
	if _, err := d.Module(); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("module that is not there: %v", err)
	}
}

func TestFaultsOfTaskFiles(t *testing.T) {
	entry := func(members string) string {
		return `{"name":"a@1","description":"","entries":[{"entry":"e","description":"",` + members + `}]}`
	}
	for _, tc := range []struct{ name, doc, want string }{
		{"unknown member", `{"nome":"a@1"}`, "nome"},
		{"no version", `{"name":"a","description":"","entries":[]}`, "name:"},
		{"version zero", `{"name":"a@0","description":"","entries":[]}`, "name:"},
		{"no entries", `{"name":"a@1","description":"","entries":[]}`, "entries: 0"},
		{"other builder", `{"name":"a@1","description":"","build":"make","entries":[]}`, "build:"},
		{"odd toolchain", `{"name":"a@1","description":"","toolchain":"latest","entries":[]}`, "toolchain:"},
		{"module elsewhere", `{"name":"a@1","description":"","module":"../x.wasm","entries":[]}`, "module:"},
		{"entry twice", `{"name":"a@1","description":"","entries":[{"entry":"e","description":""},{"entry":"e","description":""}]}`, "entries/1/entry"},
		{"bad schema", entry(`"input_schema":{"type":"strange"}`), "entries/0/input_schema"},
		{"schema of bytes", entry(`"output_media_type":"image/png","output_schema":{}`), "entries/0/output_schema"},
		{"too much memory", entry(`"memory_mb":4096`), "entries/0/memory_mb"},
		{"nameless example", entry(`"examples":[{"name":""}]`), "entries/0/examples/0/name"},
		{"input that is no object", entry(`"examples":[{"name":"x","input":[1]}]`), "entries/0/examples/0/input"},
		{"two expectations", entry(`"examples":[{"name":"x","output":1,"error":"TRAP"}]`), "entries/0/examples/0: has more"},
		{"odd code", entry(`"examples":[{"name":"x","error":"BROKEN"}]`), "entries/0/examples/0/error"},
		{"file elsewhere", entry(`"examples":[{"name":"x","output_file":"/etc/passwd"}]`), "entries/0/examples/0/output_file"},
		{"blob elsewhere", entry(`"examples":[{"name":"x","blobs":{"b":"../b"}}]`), "entries/0/examples/0/blobs/b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := taskdir.Open(dirWith(t, tc.doc))
			if contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
		})
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	_, err := taskdir.Open(dirWith(t, `{"name":"A","description":"","build":"make","entries":[]}`))
	for _, want := range []string{"name:", "build:", "entries:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
}
