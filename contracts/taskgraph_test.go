package contracts_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

const twoUnits = `{
  "schema_version": "1.0", "graph_version": "test", "graph_id": "01890a5d-ac96-774b-bcce-b302099a8057",
  "request_id": "01890a5d-ac96-774b-bcce-b302099a8058", "tenant_id": "lab", "created_at": "2026-03-01T12:00:00.5+01:00",
  "budgets": {"max_fuel": 1000},
  "work_units": [
    {"id": "a", "type": "deterministic", "program": {"task": "text/stats@1"}, "input": {"b": 1.0, "a": [1e2, "x"]}},
    {"id": "b", "type": "deterministic", "program": {"task": "text/stats@1"}, "dependencies": ["a"], "bind": [{"from": "a", "to": "/in"}]}
  ],
  "outputs": {"final": [{"work_unit_id": "b"}]}
}`

// respelled is the same graph in another spelling: order, white space, number
// forms, offsets and defaults that are written out.
const respelled = `{"tenant_id":"lab","schema_version":"1.0","graph_version":"test","graph_id":"01890a5d-ac96-774b-bcce-b302099a8057",
"request_id":"01890a5d-ac96-774b-bcce-b302099a8058","created_at":"2026-03-01T11:00:00.500000Z","budgets":{"max_fuel":1000},"policies":{"failure_policy":"fail_fast"},
"outputs":{"final":[{"select":"","work_unit_id":"b"}]},
"work_units":[{"program":{"task":"text/stats@1"},"type":"deterministic","id":"a","input":{"a":[100,"x"],"b":1},"priority":"p2","idempotent":true,"critical":true,"verification_mode":"adaptive"},
{"id":"b","type":"deterministic","input":{},"program":{"task":"text/stats@1"},"dependencies":["a"],"bind":[{"to":"/in","from":"a","select":""}],"retries":{"max_attempts":3}}]}`

func parse(t *testing.T, doc string) *contracts.TaskGraph {
	t.Helper()
	g, err := contracts.ParseGraph([]byte(doc), contracts.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGraphCIDDoesNotDependOnSpelling(t *testing.T) {
	a, err := parse(t, twoUnits).CID()
	if err != nil {
		t.Fatal(err)
	}
	b, err := parse(t, respelled).CID()
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Errorf("two spellings of one graph have CIDs %s and %s", a, b)
	}
	c, err := parse(t, strings.Replace(twoUnits, `"a": [1e2`, `"a": [2e2`, 1)).CID()
	if err != nil {
		t.Fatal(err)
	}
	if a == c {
		t.Error("another input has the same CID")
	}
}

func TestCanonicalGraphDecodesToItself(t *testing.T) {
	g := parse(t, twoUnits)
	block, err := g.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	back, err := contracts.DecodeGraph(block)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Canonical()
	if err != nil || string(again) != string(block) {
		t.Errorf("decoded graph encodes differently (%v)", err)
	}
	if err := back.Validate(contracts.DefaultLimits()); err != nil {
		t.Error(err)
	}
	doc, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := parse(t, string(doc)).CID(); id.String() == "" {
		t.Error("JSON of a decoded graph has no CID")
	}
}
