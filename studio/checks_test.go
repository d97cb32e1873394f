package studio_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/studio"
	"github.com/krako-labs/krako/studio/history"
)

// A unit that names a checker shows what it found, of a run that was made with one: that
// it agreed, that it refused and why, and that it said nothing.
func TestVerdictsOfCheckers(t *testing.T) {
	var o studio.Options
	p := open(t, t.TempDir(), func(to *studio.Options) { o = *to })
	guest := func(name string) *contracts.Link {
		wasm, err := os.ReadFile("../contracts/conformance/guests/" + name)
		if err != nil {
			t.Fatal(err)
		}
		id, err := o.Engine.Blocks.PutBlock(t.Context(), cid.Raw, wasm)
		if err != nil {
			t.Fatal(err)
		}
		return &contracts.Link{Cid: id}
	}
	adder, checker := guest("reactor.wasm"), guest("checker.wasm")
	unit := func(id, input string, by *contracts.Program) contracts.WorkUnit {
		return contracts.WorkUnit{
			ID: contracts.UnitID(id), Name: id, Type: contracts.Deterministic, Program: &contracts.Program{Module: adder, Entry: "add"},
			Input: contracts.JSON(input), VerifyWith: by, Critical: new(false),
		}
	}
	digit := &contracts.Program{Module: checker}
	g := &contracts.TaskGraph{
		SchemaVersion: "1.0", GraphVersion: "test", GraphID: uuid.NewString(), RequestID: uuid.NewString(), TenantID: "local", CreatedAt: contracts.Time{Time: time.Now().UTC()},
		WorkUnits: []contracts.WorkUnit{
			unit("agreed", `{"n":7}`, digit), unit("refused", `{"n":[3,4]}`, digit), unit("silent", `{"n":7}`, &contracts.Program{Module: adder, Entry: "trap"}),
			unit("unchecked", `{"n":8}`, nil),
		},
	}
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "agreed"}}
	g.Policies = &contracts.Policies{FailurePolicy: contracts.ContinueOnError}
	var events []contracts.Event
	res, err := o.Engine.Backend.Execute(t.Context(), g, contracts.ExecutionContext{RunID: g.RequestID}, func(e contracts.Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	bring := func(events any) string {
		reply := map[string]any{"reply": map[string]any{"kind": "deterministic", "plan": map[string]any{"kind": "deterministic", "graph": g}, "result": res, "steps": 4, "without_model": 4}}
		e := studio.Export{
			Format: "kora-chat/1", Chat: history.Chat{ID: "c", Title: "checked", Leaf: "m"},
			Messages: []history.Message{{ID: "m", Chat: "c", Role: history.Assistant, Run: "r", Attachments: []history.Attachment{}}},
			Runs:     []studio.ExportedRun{{ID: "r", Message: "m", Request: map[string]any{}, Reply: reply, Events: events}},
		}
		var in history.Chat
		if err := json.Unmarshal(p.do(http.MethodPost, "/api/chats", e, 200), &in); err != nil {
			t.Fatal(err)
		}
		return get[studio.Thread](p, "/api/chats/"+in.ID).Messages[0].Run
	}
	for name, run := range map[string]string{"with events": bring(events), "without events": bring([]any{})} {
		for unit, want := range map[string]struct{ verdict, reason string }{
			"agreed": {"valid", ""}, "refused": {"refused", "the last digit is another"}, "silent": {"none", "TRAP"},
		} {
			d := get[studio.Detail](p, "/api/runs/"+run+"/units/"+unit)
			if len(d.Checks) != 1 {
				t.Fatalf("%s, %s: %+v", name, unit, d.Checks)
			}
			k := d.Checks[0]
			if k.Verdict != want.verdict || !strings.Contains(k.Reason, want.reason) || (want.reason == "") != (k.Reason == "") {
				t.Errorf("%s, %s: %+v", name, unit, k)
			}
			if k.Node == "" || k.Attempt != 1 || k.UnitCID == "" || k.Program != d.Checker || (unit != "silent") != (k.Program == checker.String()) {
				t.Errorf("%s, %s: %+v", name, unit, k)
			}
			if (k.AtMS != nil) != (name == "with events") || k.AtMS != nil && *k.AtMS <= 0 {
				t.Errorf("%s, %s: at %v", name, unit, k.AtMS)
			}
		}
		if d := get[studio.Detail](p, "/api/runs/"+run+"/units/unchecked"); d.Checker != "" || len(d.Checks) != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
