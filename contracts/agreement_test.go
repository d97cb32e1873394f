package contracts_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"pgregory.net/rapid"
)

// TestSchemaSeesWhatItCan runs every defect of the validation tables through the
// published schema of a task graph too.
func TestSchemaSeesWhatItCan(t *testing.T) {
	schema := published(t, "task-graph")
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			err := schema.Validate(generic(t, edited(t, d.edits)))
			if got := err != nil; got != d.schema {
				t.Errorf("the schema refuses it: %v, want %v (%v)", got, d.schema, err)
			}
		})
	}
	for _, a := range allowed {
		t.Run(a.name, func(t *testing.T) {
			if err := schema.Validate(generic(t, edited(t, a.edits))); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSchemaRefusesNothingThatIsValid changes the full example at random and
// checks that whatever Go accepts the schema accepts too: a client that checks
// its graphs by the schema is never more limited than it has to be.
func TestSchemaRefusesNothingThatIsValid(t *testing.T) {
	schema := published(t, "task-graph")
	full := edited(t, nil)
	accepted := 0
	rapid.Check(t, func(r *rapid.T) {
		b, g := changed(t, r, full)
		if g == nil {
			return
		}
		accepted++
		if err := schema.Validate(generic(t, b)); err != nil {
			r.Fatalf("Go accepts it, the schema does not: %v\n%s", err, b)
		}
		if err := oneAddress(g); err != nil {
			r.Fatalf("%v\n%s", err, b)
		}
	})
	if accepted == 0 {
		t.Error("no changed document was valid: the test says nothing")
	}
}

// changed draws changes of a document until one is valid, but not for ever: most
// changes break something.
func changed(t *testing.T, r *rapid.T, full []byte) ([]byte, *contracts.TaskGraph) {
	for range 50 {
		doc := generic(t, full)
		for range rapid.IntRange(1, 3).Draw(r, "changes") {
			doc = mutate(r, doc)
		}
		b, err := json.Marshal(doc)
		if err != nil {
			r.Fatal(err)
		}
		if g, err := contracts.ParseGraph(b, limits()); err == nil {
			return b, g
		}
	}
	return nil, nil
}

// oneAddress checks that an accepted graph has one address however it travels:
// as what it was read from, as a block, and as the JSON of that block.
func oneAddress(g *contracts.TaskGraph) error {
	block, err := g.Canonical()
	if err != nil {
		return err
	}
	back, err := contracts.DecodeGraph(block)
	if err != nil {
		return fmt.Errorf("the block of an accepted graph is refused: %w", err)
	}
	if err := back.Validate(limits()); err != nil {
		return fmt.Errorf("the graph of the block is not valid: %w", err)
	}
	spelled, err := json.Marshal(back)
	if err != nil {
		return err
	}
	again, err := contracts.ParseGraph(spelled, limits())
	if err != nil {
		return fmt.Errorf("its own JSON is refused: %w: %s", err, spelled)
	}
	if id, err := again.CID(); err != nil || id != dagcbor.CID(block) {
		return fmt.Errorf("its own JSON has the address %s (%v), the block %s", id, err, dagcbor.CID(block))
	}
	return nil
}

// mutate replaces, adds or removes one value somewhere in doc.
func mutate(r *rapid.T, doc any) any {
	switch v := doc.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 || rapid.IntRange(0, 9).Draw(r, "here") == 0 {
			break
		}
		k := rapid.SampledFrom(keys).Draw(r, "member")
		if rapid.IntRange(0, 4).Draw(r, "drop") == 0 {
			delete(v, k)
			return v
		}
		v[k] = mutate(r, v[k])
		return v
	case []any:
		if len(v) == 0 || rapid.IntRange(0, 9).Draw(r, "here") == 0 {
			break
		}
		i := rapid.IntRange(0, len(v)-1).Draw(r, "element")
		if rapid.IntRange(0, 4).Draw(r, "drop") == 0 {
			return slices.Delete(v, i, i+1)
		}
		v[i] = mutate(r, v[i])
		return v
	}
	return json.RawMessage(rapid.SampledFrom(otherValues).Draw(r, "value"))
}

var otherValues = []string{
	`""`, `"x"`, `"p0"`, `"split"`, `"index"`, `"/a"`, `"llm"`, `"deterministic"`, `"local_only"`, `"always"`, `"equals"`, `"failure"`,
	`0`, `1`, `2`, `0.5`, `-1`, `1e3`, `9007199254740992`, `true`, `false`, `[]`, `{}`, `[{}]`, `null`, `"2026-03-01T12:00:00+01:00"`,
	`{"/":"bafkreidlc64pzraruuz4qivfcf7dht3t7jtwm445pu3kzbw4jpviqoxu7y"}`, `{"task":"t@1"}`, `"1.1"`, `"12.50"`,
}
