package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cluster"
)

// What one tenant computed from public blocks is used again by another, which pays a
// tenth for it; nothing is before it is public, under another name, or afterwards.
func TestPublicResultsAreSharedBetweenTenants(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plan.json")
	const prices = `{"version": "e2e-public", "currency": "USD", "cpu": {"per_gfuel": "1000", "minimum": "10"}, "llm": {}, "operator_share": "0.9", "cached_share": "0.1"}`
	if err := os.WriteFile(plan, []byte(prices), 0o600); err != nil {
		t.Fatal(err)
	}
	f := startWith(t, cluster.Options{Nodes: 1, Coord: []string{"--heartbeat=250ms", unhurried, "--pricing", plan}})
	text := strings.Repeat(line, 3)
	// ask has a new tenant, which hands the block in only if told to, compute over it.
	ask := func(name string, upload bool) (*contracts.ExecutionResult, history) {
		t.Helper()
		c := f.tenant(name, contracts.ScopeSubmit, contracts.ScopeRead, contracts.ScopeBlocks)
		if _, err := f.Grant(f.ctx, contracts.TenantID(name), contracts.CreditGrant{GrantID: name, Amount: "1000000"}); err != nil {
			t.Fatal(err)
		}
		by := c
		if !upload {
			by = tenant{Client: f.Client}
		}
		g, _ := by.small(f, name, text)
		out, err := c.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "e2e"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := c.Wait(f.ctx, out.SessionID)
		if err != nil || r.Metadata.State != contracts.SessionCompleted {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		var h history
		if err := c.Events(f.ctx, out.SessionID, "", func(e contracts.Event) error { h = append(h, e); return nil }); err != nil {
			t.Fatal(err)
		}
		// Whoever was given a result may read and check it.
		if b, err := c.GetBlock(f.ctx, r.Metadata.Output.CID.Cid); err != nil || len(b) == 0 {
			t.Errorf("%s reads the output: %v", name, err)
		}
		if receipt, err := c.Receipt(f.ctx, out.SessionID, "map"); err != nil {
			t.Error(err)
		} else if _, err := receipt.Verify(); err != nil {
			t.Errorf("%s checks its receipt: %v", name, err)
		}
		return r, h
	}
	computed := func(name string, upload bool) *contracts.ExecutionResult {
		t.Helper()
		r, h := ask(name, upload)
		if r.Telemetry.Tasks[0].Cached || h.count(contracts.EventUnitScheduled) != 1 || h.count(contracts.EventUnitCached) != 0 {
			t.Errorf("%s was given a result of another tenant's", name)
		}
		return r
	}
	known := func(name string, was *contracts.ExecutionResult) {
		t.Helper()
		r, h := ask(name, false)
		got, want := r.Telemetry.Tasks[0], was.Telemetry.Tasks[0]
		if !got.Cached || h.count(contracts.EventUnitScheduled) != 0 || h.count(contracts.EventUnitCached) != 1 || r.Telemetry.FuelUsed != 0 {
			t.Errorf("%s had it computed again: %+v", name, got)
		}
		if got.ResultCID != want.ResultCID || len(got.Executors) != 1 || got.Executors[0] != want.Executors[0] {
			t.Errorf("%s was given %+v, the first was %+v", name, got, want)
		}
		cost, full := micros(t, r.Telemetry.CostUSD), micros(t, was.Telemetry.CostUSD)
		if full < 10 || cost < full/10-1 || cost > full/10+1 {
			t.Errorf("%s paid %d millionths for what cost %d", name, cost, full)
		}
	}
	computed("early", true)
	computed("before", true)
	block, err := f.PutBlock(f.ctx, cid.Raw, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	published := func(args ...string) string {
		t.Helper()
		out := strings.Fields(f.krako(append([]string{"public", "add"}, args...)...))
		return out[len(out)-1]
	}
	published("input", "{}")
	published("blob", block.String(), "--name", "other")
	computed("misnamed", true)
	id := published("blob", block.String(), "--name", "chunk")
	first := computed("first", false)
	known("second", first)
	if err := f.local.Coordinator.Kill(); err != nil {
		t.Fatal(err)
	}
	f.awaitNodes(1)
	known("third", first)
	if list := f.krako("public", "list"); !strings.Contains(list, id) || !strings.Contains(list, "chunk") {
		t.Errorf("listed:\n%s", list)
	}
	f.krako("public", "remove", id)
	computed("late", true)
	club := f.tenant("club", contracts.ScopeAdmin)
	if _, err := club.Publish(f.ctx, contracts.Publication{As: contracts.PublicBlob, Block: contracts.Link{Cid: block}, Name: "chunk"}); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a tenant's admin publishes: %v", err)
	}
}

// micros reads an amount in millionths.
func micros(t *testing.T, amount string) (n int64) {
	t.Helper()
	for _, c := range strings.Replace(amount, ".", "", 1) {
		if c < '0' || c > '9' {
			t.Fatalf("%q is no amount", amount)
		}
		n = 10*n + int64(c-'0')
	}
	return n
}
