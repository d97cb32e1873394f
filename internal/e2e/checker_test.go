package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cluster"
)

// guest puts one of the conformance suite's modules where the fabric finds it.
func (f *fabric) guest(name string) *contracts.Link {
	f.t.Helper()
	wasm, err := os.ReadFile(filepath.Join("../../contracts/conformance/guests", name))
	if err != nil {
		f.t.Fatal(err)
	}
	id, err := f.PutBlock(f.ctx, cid.Raw, wasm)
	if err != nil {
		f.t.Fatal(err)
	}
	return &contracts.Link{Cid: id}
}

// TestACheckerCatchesALiar has a stranger lie in every unit where nothing but the units'
// checkers is asked: the pool is closed, and a result is used at once. Every lie is
// refused, the trusted zone computes its unit again, and the liar is convicted.
func TestACheckerCatchesALiar(t *testing.T) {
	f := startWith(t, cluster.Options{Nodes: 1, Coord: []string{"--heartbeat=250ms", "--lease=2s", "--cache-entries=0"}})
	f.rogue(`{"seed":3,"rates":{"lie":1}}`)
	f.awaitNodes(2)
	adder, checker := f.guest("reactor.wasm"), f.guest("checker.wasm")
	var units []contracts.WorkUnit
	const n = 24
	for i := range n {
		units = append(units, contracts.WorkUnit{
			ID: contracts.UnitID(fmt.Sprintf("u%d", i)), Type: contracts.Deterministic, Program: &contracts.Program{Module: adder, Entry: "add"},
			Input: contracts.JSON(fmt.Sprintf(`{"n":%d}`, 10*i+1+i%9)), VerifyWith: &contracts.Program{Module: checker},
		})
	}
	out := filepath.Join(t.TempDir(), "answer.json")
	text := f.krako("run", writeGraph(t, request().Graph("e2e", units)), "--out", out)
	if !strings.Contains(text, "every signature verified") {
		t.Errorf("run:\n%s", text)
	}
	sessions, err := f.Sessions(f.ctx, "", 1)
	if err != nil || len(sessions.Sessions) != 1 {
		t.Fatalf("sessions %+v (%v)", sessions, err)
	}
	id := sessions.Sessions[0].SessionID
	view, err := f.Session(f.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	zone := f.conduct("trusted", func(v contracts.NodeTrust) bool { return v.Standing == "trusted" })
	for i, u := range view.WorkUnits {
		got, err := f.GetBlock(f.ctx, u.Output.CID.Cid)
		if want := fmt.Sprintf(`{"sum":%d}`, 10*i+1+i%9); err != nil || string(got) != want {
			t.Errorf("unit %s has %s, want %s (%v)", u.ID, got, want, err)
		}
		if u.Check == nil || !u.Check.Valid || u.Check.Node != zone.NodeID {
			t.Errorf("unit %s was checked by %+v", u.ID, u.Check)
		}
	}
	liar := f.conduct("proved wrong", func(v contracts.NodeTrust) bool { return v.Convictions > 0 })
	t.Logf("%d units, the liar is %s after %d convictions", n, liar.Standing, liar.Convictions)
	if liar.NodeID == zone.NodeID || liar.Standing == "member" {
		t.Errorf("convicted is %+v", liar)
	}
	if text := f.krako("verify", string(id), "--unit", "u0"); !strings.Contains(text, `"check"`) || !strings.Contains(text, string(zone.NodeID)) {
		t.Errorf("the receipt does not say who checked:\n%s", text)
	}
	f.krako("replay", string(id))
	told := 0
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	if err := f.Events(ctx, id, "", func(e contracts.Event) error {
		if e.Type == contracts.EventUnitValidated {
			told++
		}
		return nil
	}); err != nil || told != n {
		t.Errorf("%d units were told to be validated (%v)", told, err)
	}
}

// writeGraph writes a graph where krako run finds it.
func writeGraph(t *testing.T, g *contracts.TaskGraph) string {
	t.Helper()
	doc, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "graph.json")
	if err := os.WriteFile(path, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
