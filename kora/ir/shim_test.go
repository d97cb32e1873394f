package ir_test

import (
	"fmt"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/ir"
)

// A10 to A13: upstream's workloads, by what became of their steps.
func TestUpstreamWorkloads(t *testing.T) {
	l := open(t)
	warm(t, l)
	for _, c := range []struct{ id, file, want string }{
		{"A10", "cache_reuse/requests.json", "7: 3 deterministic, 2 cache_hit, 0 tool_needed, 0 retrieval_needed, 2 provider_needed"},
		{"A11", "rag_routing/queries.json", "7: 2 deterministic, 1 cache_hit, 0 tool_needed, 2 retrieval_needed, 2 provider_needed"},
		{"A12", "agent_workflow_optimization/workflows.json", "12: 4 deterministic, 2 cache_hit, 3 tool_needed, 0 retrieval_needed, 3 provider_needed"},
		{"A13", "openai_compatible_proxy/requests.json", "6: 3 deterministic, 1 cache_hit, 0 tool_needed, 0 retrieval_needed, 2 provider_needed"},
	} {
		t.Run(c.id, func(t *testing.T) {
			steps, err := ir.DecodeWorkload([]byte(example(t, c.file)))
			if err != nil {
				t.Fatal(err)
			}
			n, answered := map[string]int{}, map[string]bool{}
			for _, s := range steps {
				kind := ir.KindCached
				if !answered[s.Key] {
					r := &ir.Report{}
					if s.Graph != nil {
						o := options()
						p, err := ir.Import(s.Graph, o)
						if err != nil {
							t.Fatal(err)
						}
						res, err := l.Backend.Execute(t.Context(), p.Graph, contracts.ExecutionContext{RunID: o.RequestID}, nil)
						if err != nil {
							t.Fatal(err)
						}
						if r, err = p.Report(res, func(c contracts.Link) ([]byte, error) { return l.Blocks.GetBlock(t.Context(), c.Cid) }); err != nil {
							t.Fatal(err)
						}
					}
					if kind, err = s.Route(r.Final, answered); err != nil {
						t.Fatal(err)
					}
				}
				n[kind]++
				if want := map[string]string{"provider_required": ir.KindProvider, "deterministic_answer": ir.KindDeterministic}[s.Expected]; kind != s.Expected && kind != want {
					t.Errorf("%s is %s, want %s", s.ID, kind, s.Expected)
				}
			}
			got := fmt.Sprintf("%d: %d deterministic, %d cache_hit, %d tool_needed, %d retrieval_needed, %d provider_needed", len(steps),
				n[ir.KindDeterministic], n[ir.KindCached], n[ir.KindTool], n[ir.KindRetrieval], n[ir.KindProvider])
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
