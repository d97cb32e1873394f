package coordinator_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/p2p"
)

func TestRefusedSubmissionsNameTheOffender(t *testing.T) {
	f := startFabric(t, func(c *coordinator.Config) { c.Limits.MaxUnits = 3 })
	absent := contracts.Link{Cid: dagcbor.RawCID([]byte("nobody stored this"))}
	for name, c := range map[string]struct {
		change   func(*contracts.TaskGraph)
		code     contracts.Code
		offender string
	}{
		"invalid graph": {func(g *contracts.TaskGraph) { g.WorkUnits[0].Dependencies = []contracts.UnitID{"a"} }, contracts.CodeValidation, "a"},
		"too many units": {func(g *contracts.TaskGraph) {
			g.WorkUnits = append(g.WorkUnits, unit("b", ""), unit("c", ""), unit("d", ""))
		}, contracts.CodeValidation, "/work_units"},
		"unknown task":   {func(g *contracts.TaskGraph) { g.WorkUnits[0].Program.Task = "no/such@1" }, contracts.CodeNotFound, "a"},
		"missing module": {func(g *contracts.TaskGraph) { g.WorkUnits[0].Program = &contracts.Program{Module: &absent} }, contracts.CodeNotFound, "a"},
		"missing blob":   {func(g *contracts.TaskGraph) { g.WorkUnits[0].Blobs = map[string]contracts.Link{"x": absent} }, contracts.CodeNotFound, "a"},
		"module not raw": {func(g *contracts.TaskGraph) {
			g.WorkUnits[0].Program = &contracts.Program{Module: &contracts.Link{Cid: dagcbor.CID([]byte{0xa0})}}
		}, contracts.CodeValidation, "a"},
		"unmet verification": {func(g *contracts.TaskGraph) { g.WorkUnits[0].Verification = contracts.VerifyRecompute }, contracts.CodeUnsupported, "a"},
		"INV1 llm unit here": {llm, contracts.CodeUnsupported, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph(unit("a", `{"n":1}`))
			c.change(g)
			_, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{})
			e, ok := err.(*contracts.Error)
			if !ok || e.Code != c.code || e.Offender != c.offender {
				t.Errorf("refused with %v, want %s naming %s", err, c.code, c.offender)
			}
		})
	}
	list, err := f.Sessions(t.Context(), contracts.EveryTenant, "", 10)
	if err != nil || len(list.Sessions) != 0 {
		t.Errorf("refused submissions left %d sessions (%v)", len(list.Sessions), err)
	}
}

func llm(g *contracts.TaskGraph) {
	g.WorkUnits[0] = contracts.WorkUnit{ID: "a", Type: contracts.LLM, Model: &contracts.ModelCall{
		Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "hello", FreeText: true,
	}}
}

func TestPodsAreTurnedAway(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	if _, err := w.host.OpenWork(t.Context(), f.host.ID(), p2p.Hello{Kind: "pod", Version: "test", Engine: "none", Slots: 1}, nil); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("a pod was welcomed: %v", err)
	}
}

func TestSessionsArePagedNewestFirst(t *testing.T) {
	f := startFabric(t)
	var want []contracts.SessionID
	for range 5 {
		want = append([]contracts.SessionID{f.submit(graph(unit("a", `{"n":1}`)))}, want...)
	}
	var got []contracts.SessionID
	for cursor := ""; ; {
		page, err := f.Sessions(t.Context(), contracts.EveryTenant, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Sessions {
			got = append(got, s.SessionID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(got) != len(want) {
		t.Fatalf("listed %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("place %d is %s, want %s", i, got[i], want[i])
		}
	}
}
