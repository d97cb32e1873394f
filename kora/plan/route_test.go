package plan

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func routed(message string) *Request {
	r := request(message)
	r.Models = ModelNever
	r.Routes = &Routes{
		Knowledge: []Known{{Question: "What are support hours?", Aliases: []string{"When is support available?"}, Answer: "9 to 5"}},
		Rules:     []contracts.JSON{contracts.JSON(`{"any":["charged twice"],"id":"r","label":"billing"}`)},
		Model:     &contracts.Link{Cid: dagcbor.RawCID([]byte("model"))},
		Answers:   map[string]string{"billing": "We look into it."},
	}
	return r
}

// Routes are tried behind grammars and before models, and say so.
func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		message string
		models  ModelUse
		kind    Kind
		parser  string
		units   int
	}{
		{"2 + 2", ModelNever, Deterministic, "num.eval", 2},
		{"hi, what are support hours, please", ModelNever, Deterministic, "kb.lookup", 2},
		{"when is SUPPORT available", ModelNever, Deterministic, "kb.lookup", 2},
		{"I was charged twice", ModelNever, Deterministic, "classify/rules@1,small_model/classify@1", 4},
		{"I was charged twice", ModelIfNeeded, Hybrid, "classify/rules@1,small_model/classify@1", 5},
	} {
		r := routed(c.message)
		r.Models = c.models
		p := Make(r)
		if p.Kind != c.kind || p.Graph == nil || len(p.Graph.WorkUnits) != c.units || p.Decisions[len(p.Decisions)-1].Parser != c.parser {
			t.Errorf("%q: %s %+v", c.message, p.Kind, p.Decisions)
			continue
		}
		if err := p.Graph.Validate(contracts.DefaultLimits()); err != nil {
			t.Errorf("%q: %v", c.message, err)
		}
	}
	r := routed("I was charged twice")
	r.Models = ModelOnly
	if p := Make(r); p.Kind != Model {
		t.Errorf("routes are tried where a model is wanted: %+v", p)
	}
	r = routed("I was charged twice")
	r.Routes.Answers = nil
	if p := Make(r); p.Kind != None || p.Decisions[1].Reason != NoRoute {
		t.Errorf("labels without answers are routes: %+v", p)
	}
}
