package llmpod_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/llmpod"
)

// many is how often something is done: long where KRAKO_LONG is set, as
// scripts/faults does, else short.
func many(short, long int) int {
	if os.Getenv("KRAKO_LONG") != "" {
		return long
	}
	return short
}

// TestRandomSchemasHoldOrAreRefused: whatever the schema, the output is valid
// under it, or there is none and a code says so.
func TestRandomSchemasHoldOrAreRefused(t *testing.T) {
	p := pool(t, llamatest.Config(t, llamatest.Nonsense(t)), nil)
	rng := rand.New(rand.NewPCG(3, 4))
	valid, refused := 0, map[contracts.Code]int{}
	n := many(24, 500)
	for i := range n {
		doc, err := json.Marshal(randomSchema(rng, 3))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := contracts.CompileSchema(contracts.JSON(doc))
		if err != nil {
			t.Fatalf("schema %d %s: %v", i, doc, err)
		}
		a, err := p.Invoke(t.Context(), call("1", "fill it in", func(v *contracts.ModelInvocation) { v.Schema, v.MaxTokens = doc, 300 }), none)
		switch code := contracts.CodeOf(err); {
		case err == nil && a.Code == "":
			valid++
			if err := schema.Check(a.Output); err != nil {
				t.Errorf("schema %d %s: %s passed and is not valid: %v", i, doc, a.Output, err)
			}
		case err == nil && a.Code == contracts.CodeBadOutput && a.Output == nil && a.Why != "":
			refused[a.Code]++
		case code == contracts.CodeUnsupported || code == contracts.CodeContextOverflow:
			refused[code]++
		default:
			t.Errorf("schema %d %s: %+v, %v", i, doc, a, err)
		}
	}
	t.Logf("of %d schemas %d gave a valid document, refused %v", n, valid, refused)
	if valid < n/2 {
		t.Errorf("only %d of %d schemas gave a document", valid, n)
	}
}

// randomSchema draws a JSON Schema of objects, lists and scalars, some of them
// with what no grammar can say.
func randomSchema(rng *rand.Rand, depth int) map[string]any {
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	switch rng.IntN(kinds) {
	case 0:
		return map[string]any{"type": "boolean"}
	case 1:
		return map[string]any{"type": "integer", "minimum": -rng.IntN(100), "maximum": rng.IntN(1000)}
	case 2:
		return map[string]any{"type": "string", "maxLength": 1 + rng.IntN(12)}
	case 3:
		return map[string]any{"enum": []any{"yes", "no", rng.IntN(9), nil}[:1+rng.IntN(4)]}
	case 4:
		if rng.IntN(4) == 0 {
			return map[string]any{"type": "integer", "minimum": 0, "maximum": 99, "multipleOf": 2}
		}
		return map[string]any{"type": "null"}
	case 5:
		return map[string]any{"type": "array", "items": randomSchema(rng, depth-1), "minItems": rng.IntN(2), "maxItems": 1 + rng.IntN(3)}
	}
	properties, required := map[string]any{}, []string{}
	for i := range 1 + rng.IntN(4) {
		name := fmt.Sprint("p", i)
		properties[name] = randomSchema(rng, depth-1)
		if rng.IntN(2) == 0 {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// TestManyCallsEndAsTheyShould makes calls of all kinds over two slots. A server
// closes connections without saying so: no call may notice.
func TestManyCallsEndAsTheyShould(t *testing.T) {
	p := pool(t, llamatest.Config(t, llamatest.Scripted(t, `{"b": 2, "a": "yes"}`)), nil)
	n := many(160, 10_000)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := worker; i < n; i += 4 {
				if err := mixed(t.Context(), p, i); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
	if total, free, waiting := p.Usage(); total != 2 || free != 2 || waiting != 0 {
		t.Errorf("of %d slots %d are free, %d wait", total, free, waiting)
	}
	if got := p.Totals().Calls; got < int64(n)*3/4 {
		t.Errorf("the server was asked %d times for %d calls", got, n)
	}
}

// mixed makes a call of one of four kinds and says what was wrong with its end.
func mixed(ctx context.Context, p *llmpod.Pool, i int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kind := i % 4
	c := call(fmt.Sprint(i%9), "Well?", func(v *contracts.ModelInvocation) {
		if kind == 1 {
			v.Schema = []byte(`{"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"string"}},"required":["b","a"],"additionalProperties":false}`)
		}
	})
	c.Last = kind == 2
	a, err := p.Invoke(ctx, c, func(llmpod.Piece) {
		if kind == 3 {
			cancel()
		}
	})
	want := `"{\"b\": 2, \"a\": \"yes\"}"`
	if kind == 1 {
		want = `{"a":"yes","b":2}`
	}
	switch {
	case kind == 3 && contracts.CodeOf(err) == contracts.CodeCancelled:
		return nil
	case err != nil:
		return err
	case string(a.Output) != want:
		return fmt.Errorf("answer %s", a.Output)
	}
	return nil
}

// TestTokensAreCountedAsTheServerDoes compares what calls say they took with the
// server's own counters.
func TestTokensAreCountedAsTheServerDoes(t *testing.T) {
	p := pool(t, llamatest.Config(t, llamatest.Nonsense(t)), nil)
	invoke(t, p, call("warm", "ready?", nil))
	var counted map[string]float64
	counts := func() (read, out int64) {
		t.Helper()
		st, err := p.Server().Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m, err := st.Client.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		was := counted
		counted = m
		return int64(m["prompt_tokens_total"] + m["prompt_tokens_cached_total"] - was["prompt_tokens_total"] - was["prompt_tokens_cached_total"]),
			int64(m["tokens_predicted_total"] - was["tokens_predicted_total"])
	}
	counts()
	for name, change := range map[string]func(*contracts.ModelInvocation){
		"plain":   func(*contracts.ModelInvocation) {},
		"again":   func(*contracts.ModelInvocation) {}, // from what the slot holds
		"stopped": func(v *contracts.ModelInvocation) { v.Stop = []string{"a"}; v.MaxTokens = 100 },
		"evidence": func(v *contracts.ModelInvocation) {
			v.Evidence = []contracts.Evidence{{Label: "l", Text: strings.Repeat("x y ", 50)}}
		},
		"schema": func(v *contracts.ModelInvocation) {
			v.Schema, v.MaxTokens = []byte(`{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]}`), 200
		},
		"repaired": func(v *contracts.ModelInvocation) {
			v.Schema, v.MaxTokens = []byte(`{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"not":{"required":["a"]}}`), 200
		},
	} {
		a := invoke(t, p, call("1", "a question", change))
		read, out := counts()
		if a.Use.TokensIn != read || a.Use.TokensOut != out {
			t.Errorf("%s: says %d and %d tokens in %d calls, the server %d and %d", name, a.Use.TokensIn, a.Use.TokensOut, a.Use.Calls, read, out)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard := 0
	a, err := p.Invoke(ctx, call("1", "a question", func(v *contracts.ModelInvocation) { v.MaxTokens = 800 }), func(piece llmpod.Piece) {
		if heard += len(piece.Tokens); heard > 5 {
			cancel()
		}
	})
	cancel()
	if contracts.CodeOf(err) != contracts.CodeCancelled || int(a.Use.TokensOut) != heard {
		t.Errorf("cancelled after %d tokens: says %d, %v", heard, a.Use.TokensOut, err)
	}
}
