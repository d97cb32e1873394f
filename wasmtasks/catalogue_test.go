package wasmtasks

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestModulesAreWhatTheirAddressesSay(t *testing.T) {
	used := map[string]bool{}
	for _, task := range Catalogue() {
		wasm, ok := Module(task.Module)
		if !ok {
			t.Fatalf("%s: module %s is not embedded", task.Name, task.Module)
		}
		if err := dagcbor.Verify(task.Module, wasm); err != nil {
			t.Errorf("%s: %v; run scripts/build-tasks", task.Name, err)
		}
		used[task.Module.String()] = true
	}
	embedded, err := fs.Glob(files, "*/*.wasm")
	if err != nil || len(embedded) != len(used) {
		t.Errorf("%d modules are embedded, %d are in the catalogue (%v)", len(embedded), len(used), err)
	}
}

func TestTaskNames(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9_-]*/[a-z][a-z0-9-]*@[1-9][0-9]*$`)
	var names []string
	for _, task := range Catalogue() {
		names = append(names, task.Name)
		if !form.MatchString(task.Name) || !task.Type.CPU() || task.Description == "" || task.Input == "" || task.OutputMediaType == "" {
			t.Errorf("%+v is not fully described under a name like family/task@1", task)
		}
		if got, ok := Resolve(task.Name); !ok || got != task {
			t.Errorf("Resolve(%q) = %+v, %v", task.Name, got, ok)
		}
	}
	want := []string{
		"bench/noop@1", "classify/rules@1", "cron/next@1", "date/add@1", "date/diff@1", "date/parse@1", "date/weekday@1",
		"date/zone@1", "encode/convert@1", "encode/jwt@1", "encode/url@1", "hash/digest@1", "hash/hmac@1", "hash/uuid@1", "ir/handle@1",
		"json/convert@1", "json/diff@1", "json/format@1", "json/merge@1", "json/patch@1", "json/query@1", "json/validate@1",
		"list/count@1", "list/set@1", "logic/bool@1", "logic/brackets@1", "logic/free@1", "logic/order@1", "logic/track@1",
		"logic/truth@1", "logic/walk@1", "logs/map@1", "logs/reduce@1", "num/base@1", "num/change@1", "num/compound@1", "num/eval@1",
		"num/factor@1", "num/gcd@1", "num/loan@1", "num/npv@1", "num/roman@1", "num/root@1", "num/sequence@1", "num/stats@1",
		"num/tax@1", "num/tip@1", "num/words@1", "policy/eval@1", "render/assemble@1", "render/tile@1", "retrieval/index@1",
		"retrieval/search@1", "small_model/classify-many@1", "small_model/classify@1", "small_model/evaluate@1",
		"small_model/inspect@1", "small_model/train@1", "table/aggregate@1", "table/convert@1", "table/join@1", "table/pivot@1",
		"table/profile@1", "table/query@1", "table/sort@1", "text/case@1", "text/count@1", "text/dedupe@1", "text/diff@1",
		"text/extract@1", "text/normalize@1", "text/regex@1", "text/replace@1", "text/sort@1", "text/split@1", "text/stats@1",
		"text/template@1", "unit/convert@1", "validate/date@1", "validate/email@1", "validate/iban@1", "validate/ip@1",
		"validate/isbn@1", "validate/json@1", "validate/luhn@1", "validate/phone@1",
	}
	if !slices.Equal(names, want) {
		t.Errorf("tasks %q, want %q", names, want)
	}
}

func TestUnknownTasksAreNotResolved(t *testing.T) {
	for _, name := range []string{"", "render/tile", "render/tile@2", "Render/tile@1", "render/tile@1 "} {
		if task, ok := Resolve(name); ok {
			t.Errorf("Resolve(%q) = %+v", name, task)
		}
	}
	if _, ok := Module(dagcbor.RawCID([]byte("no module"))); ok {
		t.Error("an unknown address has a module")
	}
}

func TestCatalogueIsTheCallers(t *testing.T) {
	Catalogue()[0].Name = "changed"
	if Catalogue()[0].Name == "changed" {
		t.Error("callers share the catalogue")
	}
}
