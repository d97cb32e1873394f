package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples"
)

// TestBadInputIsRefusedByName hands the command line client what users get
// wrong. Each is refused with the exit code of its kind and names the offender,
// and the cluster goes on.
func TestBadInputIsRefusedByName(t *testing.T) {
	f := start(t, 1)
	for name, c := range map[string]struct {
		change func(doc map[string]any, unit map[string]any)
		code   int
		names  string
	}{
		"unknown field":   {func(d, _ map[string]any) { d["graph_nam"] = "x" }, 4, "graph_nam"},
		"cycle":           {func(_, u map[string]any) { u["dependencies"] = []string{"noop"} }, 4, "noop"},
		"negative budget": {func(d, _ map[string]any) { d["budgets"] = map[string]any{"max_fuel": -1} }, 4, "max_fuel"},
		"unknown task":    {func(_, u map[string]any) { u["program"] = map[string]any{"task": "no/such@1"} }, 1, "no/such@1"},
		"missing module": {func(_, u map[string]any) {
			u["program"] = module("bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy")
		}, 1, "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"},
		"future version": {func(d, _ map[string]any) { d["schema_version"] = "2.0" }, 4, "2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := noopDocument(t)
			c.change(doc, doc["work_units"].([]any)[0].(map[string]any))
			out, code := f.try("submit", write(t, doc))
			if code != c.code || !strings.Contains(out, c.names) {
				t.Errorf("exit code %d, want %d naming %s:\n%s", code, c.code, c.names, out)
			}
		})
	}
	f.krako("run", write(t, noopDocument(t)))
}

// TestModuleThatIsNotWasm is accepted as a block, since a block is only bytes,
// and ends its unit with a validation error.
func TestModuleThatIsNotWasm(t *testing.T) {
	f := start(t, 1)
	id, err := f.PutBlock(f.ctx, cid.Raw, []byte("this is no WebAssembly"))
	if err != nil {
		t.Fatal(err)
	}
	doc := noopDocument(t)
	doc["work_units"].([]any)[0].(map[string]any)["program"] = module(id.String())
	out, code := f.try("run", write(t, doc))
	if code != 4 || !strings.Contains(out, "noop") {
		t.Errorf("exit code %d, want 4 naming the unit:\n%s", code, out)
	}
}

func TestUsageErrors(t *testing.T) {
	f := start(t, 0)
	for _, args := range [][]string{{"submit"}, {"render", "--samples", "x"}, {"get"}, {"--nonsense"}} {
		if out, code := f.try(args...); code != 2 {
			t.Errorf("krako %q: exit code %d, want 2:\n%s", args, code, out)
		}
	}
	if out, code := f.try("run", "/no/such/file.json"); code != 4 || !strings.Contains(out, "/no/such/file.json") {
		t.Errorf("missing file: exit code %d, want 4 naming it:\n%s", code, out)
	}
	if out, code := f.try("get", "01890a5d-ac96-774b-bcce-b302099a8057"); code != 1 || !strings.Contains(out, "01890a5d-ac96-774b-bcce-b302099a8057") {
		t.Errorf("unknown session: exit code %d:\n%s", code, out)
	}
}

func module(id string) map[string]any {
	return map[string]any{"module": map[string]any{"/": id}}
}

// noopDocument is a sound graph of one unit, as a document to spoil.
func noopDocument(t *testing.T) map[string]any {
	t.Helper()
	u, err := examples.Unit("noop", "bench/noop@1", map[string]int{"n": 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(request().Graph("e2e", []contracts.WorkUnit{u}))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func write(t *testing.T, doc map[string]any) string {
	t.Helper()
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "graph.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
