package archtest

import (
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// may lists, for every room, which packages of this module it may import. A
// room is a directory with everything below it, the longest match counts. A
// package in no room fails the test, so making one is a decision someone reads.
var may = map[string][]string{
	// The public language imports nothing of the project but itself.
	"contracts": {"contracts"},

	"coordinator":           {"contracts", "coordinator", "internal/blob", "internal/p2p"},
	"coordinator/gateway":   {"contracts", "coordinator/access", "internal/quiet"},
	"coordinator/access":    {"contracts"},
	"coordinator/session":   {"contracts"},
	"coordinator/placement": {"contracts"},
	"coordinator/fair":      {"contracts"},
	"coordinator/cache":     {"contracts"},
	"coordinator/garbage":   {"contracts"},
	"coordinator/pressure":  {"contracts"},
	"coordinator/straggler": {"contracts"},
	"coordinator/verify":    {"contracts", "coordinator/paged"},
	"coordinator/trust":     {"contracts"},
	"coordinator/referee":   {"contracts"},
	"coordinator/docket":    {"contracts", "coordinator/paged", "coordinator/session", "coordinator/verify"},
	"coordinator/paged":     {},
	"coordinator/billing":   {"contracts"},
	"coordinator/credit":    {"contracts", "coordinator/access", "coordinator/billing"},
	"coordinator/scaler":    {"contracts"},
	"coordinator/capacity":  {"contracts", "coordinator/pressure"},
	"coordinator/narrate":   {"contracts", "coordinator/billing", "coordinator/capacity", "coordinator/credit", "coordinator/docket", "coordinator/eventlog", "coordinator/session", "coordinator/verify"},
	"coordinator/ledger":    {"contracts", "coordinator/billing", "coordinator/eventlog", "coordinator/narrate", "coordinator/session", "internal/sqlite"},
	"coordinator/eventlog":  {"contracts", "coordinator/eventlog"},
	"coordinator/survey":    {"contracts", "coordinator/access", "coordinator/billing", "coordinator/credit", "coordinator/eventlog", "coordinator/session", "coordinator/transparency"},
	"coordinator/audit":     {"contracts", "coordinator/eventlog", "coordinator/session", "coordinator/transparency"},
	"coordinator/jetstream": {"contracts", "coordinator/eventlog", "internal/blob"},
	"coordinator/readmodel": {"contracts", "coordinator/eventlog", "coordinator/transparency", "internal/sqlite"},
	"coordinator/pebblelog": {"contracts", "coordinator/eventlog", "internal/blob"},

	"coordinator/gateway/certs": {"contracts"},

	"coordinator/transparency": {"contracts", "coordinator/eventlog"},

	"node":                 {"contracts", "internal/blob", "internal/durable", "internal/health", "internal/p2p", "internal/sandbox", "node/machine", "node/volunteer"},
	"node/volunteer":       {"contracts"},
	"node/control":         {"contracts"},
	"node/machine":         {"node/volunteer"},
	"llmpod":               {"contracts", "internal/durable", "internal/health", "internal/llama", "internal/p2p", "llmpod"},
	"llmpod/residence":     {},
	"llmpod/scoring":       {},
	"llmpod/llmbench":      {"contracts", "internal/cluster", "internal/llama", "llmpod"},
	"kora/localbackend":    {"contracts", "internal/blob", "internal/sandbox", "kora/localbackend/session", "kora/reasoner"},
	"wasmtasks":            {"contracts", "wasmtasks"},
	"wasmtasks/offer":      {"contracts", "internal/blob", "wasmtasks"},
	"wasmtasks/tasktest":   {"contracts", "wasmtasks", "internal/sandbox"},
	"examples":             {"contracts", "wasmtasks", "examples"},
	"examples/exampletest": {"contracts", "examples", "wasmtasks", "internal/sandbox"},
	"internal/archtest":    {},
	"internal/blob":        {"contracts", "internal/blob"},
	"internal/chaos":       {"contracts", "internal/chaos", "internal/durable", "internal/p2p", "internal/sandbox"},
	"internal/cli":         {"contracts"},
	"internal/cluster":     {"contracts"},
	"internal/llama":       {"contracts", "internal/durable", "internal/llama", "internal/quiet"},
	"internal/golden":      {},
	"internal/health":      {},
	"internal/obs":         {"contracts"},
	"internal/p2p":         {"contracts", "internal/quiet"},
	"internal/quiet":       {},
	"internal/sandbox":     {"contracts", "internal/sandbox"},
	"internal/sim":         {"contracts", "coordinator/verify"},
	"internal/sqlite":      {},
	"internal/taskdir":     {"contracts", "internal/sandbox", "wasmtasks/sdk"},
	"internal/durable":     {"contracts"},
	"internal/e2e":         {"contracts", "internal/cluster", "internal/llama", "internal/p2p", "examples", "wasmtasks"},

	"kora":                      {"contracts", "kora/plan"},
	"kora/plan":                 {"contracts"},
	"kora/layout":               {"contracts"},
	"kora/ir":                   {"contracts"},
	"kora/eval":                 {"contracts", "kora", "kora/local"},
	"kora/local":                {"contracts", "internal/blob", "internal/sandbox", "kora", "wasmtasks"},
	"kora/localbackend/session": {"contracts"},
	"kora/reasoner":             {"contracts", "internal/llama"},
	"kora/audr":                 {"contracts"},
	"kora/krakobackend":         {"contracts"},
	"kora/mcp":                  {"contracts", "kora", "kora/plan"},
	"kora/openai":               {"contracts", "kora", "kora/plan", "kora/reasoner"},
	"internal/guard":            {"contracts"},

	"studio":         {"contracts", "internal/durable", "internal/guard", "kora", "studio/history", "studio/proof"},
	"studio/history": {"contracts", "internal/sqlite"},
	"studio/proof":   {"contracts"},
	"studio/ui":      {},
	"studio/apidoc":  {"studio"},

	"cmd/krako":       {"contracts", "coordinator", "internal/sqlite", "wasmtasks/logs/accesslog", "examples", "internal/cli", "internal/cluster", "internal/p2p", "internal/sandbox", "internal/sim", "internal/taskdir", "llmpod"},
	"cmd/kora":        {"contracts", "internal/blob", "internal/cli", "internal/durable", "internal/guard", "kora", "studio"},
	"cmd/krako-coord": {"contracts", "coordinator", "internal/blob", "internal/cli", "internal/llama", "internal/obs", "internal/p2p", "llmpod", "wasmtasks"},
	"cmd/krako-pod":   {"contracts", "internal/cli", "internal/llama", "internal/obs", "llmpod"},
	"cmd/krako-node":  {"contracts", "internal/cli", "internal/obs", "internal/sandbox/worker", "node"},
}

// doors lists the libraries that only some rooms may import, and why.
var doors = []struct {
	library string
	rooms   []string
	why     string
}{
	{"github.com/tetratelabs/wazero", []string{"internal/sandbox"}, "every guest runs under one sandbox"},
	{"github.com/libp2p", []string{"internal/p2p"}, "peers are strings and streams everywhere else"},
	{"github.com/quic-go", []string{"internal/p2p", "coordinator/gateway"}, "QUIC is libp2p's, and the gateway's for HTTP/3"},
	{"github.com/cockroachdb/pebble", []string{"coordinator/pebblelog"}, "the log is a port"},
	{"github.com/nats-io", []string{"coordinator/jetstream"}, "the log is a port"},
	{"github.com/prometheus", []string{"internal/obs"}, "what is measured is named and bounded in one place"},
	{"go.opentelemetry.io", []string{"internal/obs"}, "what is measured is named and bounded in one place"},
	{"database/sql", []string{"internal/sqlite"}, "SQL has one dialect and one way to open a file"},
	{"modernc.org", []string{"internal/sqlite"}, "SQL has one dialect and one way to open a file"},
	{"golang.org/x/mod/sumdb/note", []string{"coordinator/transparency"}, "checkpoints are signed in one form"},
	{"github.com/clipperhouse/uax29", []string{"wasmtasks/know/retrieval"}, "a text is cut into words in one way, for index and query"},
	{"github.com/blevesearch/snowballstem", []string{"wasmtasks/know/retrieval"}, "words are stemmed in one way, for index and query"},
	{"github.com/danielgtaylor/huma", []string{"coordinator/gateway", "studio"}, "an API is described where it is served"},
	{"github.com/modelcontextprotocol", []string{"kora/mcp"}, "tools are offered in one place"},
	{"github.com/fxamacker/cbor", []string{"contracts/dagcbor"}, "one canonical encoding"},
	{"github.com/cockroachdb/apd", []string{"coordinator/billing"}, "money is computed in one place"},
	{"golang.org/x/crypto", []string{"coordinator/access", "coordinator/gateway"}, "keys are hashed in one way, certificates fetched in one place"},
	{"github.com/spf13/cobra", []string{"cmd", "internal/cli"}, "only commands have command lines"},
	{"github.com/santhosh-tekuri/jsonschema", []string{"contracts", "wasmtasks/json/schema"}, "schemas are checked in one way, and by one task"},
	{"github.com/itchyny/gojq", []string{"wasmtasks/json/program"}, "3 MB that one guest carries"},
	{"go.yaml.in/yaml", []string{"wasmtasks/data/markup"}, "other formats are JSON values everywhere else"},
	{"github.com/pelletier/go-toml", []string{"wasmtasks/data/markup"}, "other formats are JSON values everywhere else"},
}

// never lists what a package must not reach even through others.
var never = map[string][]string{
	"contracts":      {"coordinator", "node", "kora", "internal"},
	"kora":           {"coordinator", "node", "llmpod"},
	"studio":         {"coordinator", "node", "llmpod", "github.com/libp2p", "github.com/nats-io"},
	"coordinator":    {"kora", "node"},
	"node":           {"kora", "coordinator"},
	"llmpod":         {"kora", "coordinator", "node"},
	"cmd/krako-pod":  {"coordinator", "kora", "node", "github.com/cockroachdb/pebble", "github.com/nats-io"},
	"cmd/krako-node": {"coordinator", "kora", "github.com/cockroachdb/pebble", "github.com/nats-io", "database/sql", "modernc.org"},
}

// TestINV12ImportsPointOneWay checks that KORA imports no fabric package, that
// contracts imports no project package, and every other rule of the tables.
func TestINV12ImportsPointOneWay(t *testing.T) {
	tree, _ := readTree(t)
	for name, p := range tree {
		allowed, ok := roomOf(name)
		if !ok {
			t.Errorf("%s is in no room: add it to the table and to ARCHITECTURE.md", name)
		}
		for imp, pos := range p.imports {
			in, ours := strings.CutPrefix(imp, module)
			if ours && !slices.ContainsFunc(allowed, func(a string) bool { return within(in, a) }) {
				t.Errorf("%s: %s must not import %s", pos, name, in)
			}
		}
	}
}

func roomOf(name string) ([]string, bool) {
	best := ""
	for room := range may {
		if within(name, room) && len(room) > len(best) {
			best = room
		}
	}
	return may[best], best != ""
}

func TestLibrariesHaveOneDoor(t *testing.T) {
	tree, _ := readTree(t)
	for name, p := range tree {
		imports := maps.Clone(p.imports)
		maps.Copy(imports, p.tests)
		for _, d := range doors {
			if slices.ContainsFunc(d.rooms, func(r string) bool { return within(name, r) }) {
				continue
			}
			for imp, pos := range imports {
				if within(imp, d.library) {
					t.Errorf("%s: only %v may import %s: %s", pos, d.rooms, d.library, d.why)
				}
			}
		}
	}
}

func TestForbiddenDependencies(t *testing.T) {
	tree, _ := readTree(t)
	for room, banned := range never {
		for name := range tree {
			if !within(name, room) {
				continue
			}
			for dep := range reach(tree, name) {
				for _, b := range banned {
					if within(dep, b) && !within(dep, room) {
						t.Errorf("%s must not depend on %s", name, dep)
					}
				}
			}
		}
	}
}

// reach returns everything that a package depends on, packages of this module
// by their directory.
func reach(tree map[string]*pkg, from string) map[string]bool {
	seen := map[string]bool{}
	for todo := []string{from}; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		p, ok := tree[name]
		if !ok {
			continue
		}
		for imp := range p.imports {
			dep, _ := strings.CutPrefix(imp, module)
			if !seen[dep] {
				seen[dep] = true
				todo = append(todo, dep)
			}
		}
	}
	return seen
}

// TestNothingShippedCanLie checks that the node that breaks the rules is in no
// other package, and that no program but its own is made where it is.
func TestNothingShippedCanLie(t *testing.T) {
	tree, _ := readTree(t)
	for name := range tree {
		if within(name, "internal/chaos") {
			continue
		}
		for dep := range reach(tree, name) {
			if within(dep, "internal/chaos") {
				t.Errorf("%s must not depend on %s: it is shipped, or could be", name, dep)
			}
		}
	}
	if _, ok := tree["internal/chaos/krako-chaos"]; !ok {
		t.Error("the rule is about a package that is not there")
	}
}

func TestArchitectureNamesEveryRoom(t *testing.T) {
	doc, err := os.ReadFile(root + "/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := readTree(t)
	for name := range tree {
		if !named(string(doc), name) {
			t.Errorf("ARCHITECTURE.md does not name `%s`", name)
		}
	}
}

// named reports whether doc names a package, by itself or as one of a family:
// `wasmtasks/std/*`.
func named(doc, name string) bool {
	return strings.Contains(doc, "`"+name+"`") || strings.Contains(doc, "`"+path.Dir(name)+"/*`")
}
