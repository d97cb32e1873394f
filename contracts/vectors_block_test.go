package contracts_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
)

type graphVectors struct {
	Graphs []struct {
		Name      string   `json:"name"`
		Documents []string `json:"documents"`
		Hex       hexBytes `json:"hex"`
		CID       string   `json:"graph_cid"`
	} `json:"graphs"`
	Refused []struct {
		Name     string           `json:"name"`
		Document string           `json:"document"`
		Rule     contracts.Rule   `json:"rule"`
		Unit     contracts.UnitID `json:"unit"`
		Path     string           `json:"path"`
	} `json:"refused"`
	RefusedBlocks []blockVector `json:"refused_blocks"`
}

type blockVector struct {
	Name string   `json:"name"`
	Hex  hexBytes `json:"hex"`
}

func TestGraphVectors(t *testing.T) {
	v := vectors[graphVectors](t, "graphs.json")
	addresses := map[string]string{}
	for _, c := range v.Graphs {
		t.Run(c.Name, func(t *testing.T) {
			for i, doc := range c.Documents {
				g, err := contracts.ParseGraph([]byte(doc), limits())
				if err != nil {
					t.Fatalf("spelling %d: %v", i, err)
				}
				checkGraph(t, g, c.Hex, c.CID)
			}
			g, err := contracts.DecodeGraph(c.Hex)
			if err != nil {
				t.Fatal(err)
			}
			checkGraph(t, g, c.Hex, c.CID)
			if got := cidByHand(codecCBOR, c.Hex); got != c.CID {
				t.Errorf("by hand the address is %s", got)
			}
		})
		if other, ok := addresses[c.CID]; ok {
			t.Errorf("%q has the address of %q", c.Name, other)
		}
		addresses[c.CID] = c.Name
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			_, err := contracts.ParseGraph([]byte(c.Document), contracts.DefaultLimits())
			wantViolation(t, err, c.Rule, c.Unit, c.Path)
		})
	}
	for _, c := range v.RefusedBlocks {
		t.Run(c.Name, func(t *testing.T) {
			_, err := contracts.DecodeGraph(c.Hex)
			wantCode(t, err, contracts.CodeValidation)
		})
	}
}

func checkGraph(t *testing.T, g *contracts.TaskGraph, block []byte, want string) {
	t.Helper()
	got, err := g.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, block) {
		t.Errorf("canonical form is\n%x, want\n%x", got, block)
	}
	if id, err := g.CID(); err != nil || id.String() != want {
		t.Errorf("graph_cid is %s (%v), want %s", id, err, want)
	}
}

type invocationVectors struct {
	Invocations []struct {
		Name     string                 `json:"name"`
		Module   string                 `json:"module"`
		Entry    string                 `json:"entry"`
		Input    string                 `json:"input"`
		Form     string                 `json:"input_form"`
		Blobs    map[string]dagcborLink `json:"blobs"`
		Fuel     uint64                 `json:"fuel"`
		MemoryMB uint32                 `json:"memory_mb"`
		Salt     hexBytes               `json:"salt_hex"`
		Value    json.RawMessage        `json:"value"`
		Hex      hexBytes               `json:"hex"`
		CID      string                 `json:"unit_cid"`
	} `json:"invocations"`
	Refused []blockVector `json:"refused"`
}

// dagcborLink is a link in its plain text.
type dagcborLink struct{ contracts.Link }

func (l *dagcborLink) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	return l.Link.UnmarshalText([]byte(s))
}

func TestInvocationVectors(t *testing.T) {
	schema := published(t, "invocation")
	v := vectors[invocationVectors](t, "invocations.json")
	for _, c := range v.Invocations {
		t.Run(c.Name, func(t *testing.T) {
			input, err := jcs.Canonicalize([]byte(c.Input))
			if err != nil {
				t.Fatal(err)
			}
			module, err := dagcbor.ParseLink(c.Module)
			if err != nil {
				t.Fatal(err)
			}
			inv := contracts.Invocation{
				V: 1, Profile: contracts.ProfileDet1, Module: module, Entry: c.Entry,
				Fuel: contracts.DefaultFuel, MemoryPages: contracts.DefaultMemoryPages, Salt: c.Salt,
				Blobs: map[string]contracts.Link{},
			}
			for name, l := range c.Blobs {
				inv.Blobs[name] = l.Link
			}
			if c.Fuel != 0 {
				inv.Fuel = c.Fuel
			}
			if c.MemoryMB != 0 {
				inv.MemoryPages = c.MemoryMB * contracts.PagesPerMB
			}
			var spill bool
			if inv.Input, spill = contracts.NewPayload(input); spill != (c.Form == "link") {
				t.Errorf("an input of %d bytes spills: %v, want %s", len(input), spill, c.Form)
			}
			block, err := inv.Block()
			if err != nil {
				t.Fatal(err)
			}
			checkBlock(t, block, c.Hex, c.Value, c.CID)
			if err := schema.Validate(generic(t, c.Value)); err != nil {
				t.Error(err)
			}
			back, unit, err := contracts.DecodeInvocation(c.Hex)
			if err != nil || unit.String() != c.CID {
				t.Fatalf("decoded as %s (%v)", unit, err)
			}
			if again, err := back.Block(); err != nil || !bytes.Equal(again, c.Hex) {
				t.Errorf("decoded and encoded again it is %x (%v)", again, err)
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			_, _, err := contracts.DecodeInvocation(c.Hex)
			if contracts.CodeOf(err) != contracts.CodeVersionMismatch {
				wantCode(t, err, contracts.CodeValidation)
			}
		})
	}
}

func checkBlock(t *testing.T, got, want []byte, value json.RawMessage, address string) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("block is\n%x, want\n%x", got, want)
	}
	if got := cidByHand(codecCBOR, want); got != address {
		t.Errorf("by hand the address is %s, want %s", got, address)
	}
	data, err := jcs.Value(value)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data, dagJSON(t, want)); diff != "" {
		t.Errorf("value differs from block: %s", diff)
	}
}

type resultVectors struct {
	Results []struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
		Hex   hexBytes        `json:"hex"`
		CID   string          `json:"result_cid"`
	} `json:"results"`
	Refused []blockVector `json:"refused"`
}

func TestResultVectors(t *testing.T) {
	schema := published(t, "result")
	v := vectors[resultVectors](t, "results.json")
	for _, c := range v.Results {
		t.Run(c.Name, func(t *testing.T) {
			var r contracts.Result
			if err := jcs.DecodeStrict(c.Value, &r); err != nil {
				t.Fatal(err)
			}
			block, err := r.Block()
			if err != nil {
				t.Fatal(err)
			}
			checkBlock(t, block, c.Hex, c.Value, c.CID)
			if err := schema.Validate(generic(t, c.Value)); err != nil {
				t.Error(err)
			}
			if _, id, err := contracts.DecodeResult(c.Hex); err != nil || id.String() != c.CID {
				t.Errorf("decoded as %s (%v)", id, err)
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			_, _, err := contracts.DecodeResult(c.Hex)
			wantCode(t, err, contracts.CodeValidation)
		})
	}
}

// TestSchemasOfBlocksAgree decodes refused blocks that are sound DAG-CBOR and
// expects the published schema to refuse them as well.
func TestSchemasOfBlocksAgree(t *testing.T) {
	for name, refused := range map[string][]blockVector{
		"invocation": vectors[invocationVectors](t, "invocations.json").Refused,
		"result":     vectors[resultVectors](t, "results.json").Refused,
	} {
		schema := published(t, name)
		for _, c := range refused {
			// A schema does not see the width of an encoding or the length of bytes.
			switch c.Name {
			case "fuel as a float", "salt of 65 bytes", "inline input of 4097 bytes", "a byte after the block", "empty salt spelled out":
				continue
			}
			t.Run(name+" "+c.Name, func(t *testing.T) {
				doc, err := json.Marshal(dagJSON(t, c.Hex))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(generic(t, doc)); err == nil {
					t.Errorf("the schema accepts %s", doc)
				}
			})
		}
	}
}
