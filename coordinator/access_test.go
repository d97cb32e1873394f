package coordinator_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// again stops the coordinator in order and opens the directory again.
func (f *fabric) again(tune ...tuning) {
	f.stop()
	f.open(tune...)
}

func (f *fabric) key(tenant contracts.TenantID, scopes ...contracts.Scope) access.Token {
	f.t.Helper()
	made, err := f.NewKey(f.t.Context(), access.Operator(), contracts.KeyRequest{Tenant: tenant, Scopes: scopes})
	if err != nil {
		f.t.Fatal(err)
	}
	token, err := access.ParseToken(made.Key)
	if err != nil {
		f.t.Fatal(err)
	}
	return token
}

// Keys, revocations, quotas and use are facts of the log: they are there again
// after a restart, and nothing else has to be.
func TestAccessOutlivesARestart(t *testing.T) {
	f := startFabric(t)
	kept, gone := f.key("lab", "read"), f.key("lab", "read")
	if err := f.RevokeKey(t.Context(), access.Operator(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Holder(gone.ID); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a revoked key, at once: %v", err)
	}
	if err := f.SetQuota(t.Context(), access.Operator(), "lab", contracts.Quota{BlockBytes: 10}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.PutBlock(t.Context(), "lab", cid.Raw, []byte("six of")); err != nil {
		t.Fatal(err)
	}
	f.again()
	who, hash, err := f.Holder(kept.ID)
	if err != nil || !who.Sees("lab") || who.May(contracts.ScopeAdmin) || !hash.Matches(kept) || hash.Matches(gone) {
		t.Errorf("a key after a restart: %+v, %v", who, err)
	}
	if _, _, err := f.Holder(gone.ID); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a revoked key after a restart: %v", err)
	}
	v, err := f.Quota(t.Context(), access.Operator(), "lab")
	if err != nil || v.Quota.BlockBytes != 10 || v.Usage.BlockBytes != 6 || v.Default {
		t.Errorf("the quota after a restart: %+v, %v", v, err)
	}
}

func TestStoredBlocksAreCountedOnce(t *testing.T) {
	f := startFabric(t)
	if err := f.SetQuota(t.Context(), access.Operator(), "lab", contracts.Quota{BlockBytes: 10}); err != nil {
		t.Fatal(err)
	}
	put := func(tenant contracts.TenantID, s string) error {
		_, err := f.PutBlock(t.Context(), tenant, cid.Raw, []byte(s))
		return err
	}
	for range 3 {
		if err := put("lab", "six of"); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("lab", "fives"); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("over the quota: %v", err)
	}
	if ok, err := f.HasBlock(t.Context(), blob.Raw([]byte("fives")).CID); ok || err != nil {
		t.Errorf("a block over the quota got onto the disk: %v", err)
	}
	if err := put("club", "fives"); err != nil {
		t.Errorf("another tenant: %v", err)
	}
}

// A race for the last bytes and the last place never goes over the quota.
func TestQuotasAreNeverOverdrawn(t *testing.T) {
	f := startFabric(t)
	const places, bytes, tries = 3, 35, 40
	if err := f.SetQuota(t.Context(), access.Operator(), "lab", contracts.Quota{Graphs: places, BlockBytes: bytes}); err != nil {
		t.Fatal(err)
	}
	var graphs, blocks atomic.Int64
	var group sync.WaitGroup
	for i := range tries {
		group.Go(func() {
			_, err := f.Submit(t.Context(), graph(unit("u", `{}`)), contracts.SubmissionMetadata{})
			switch contracts.CodeOf(err) {
			case "":
				graphs.Add(1)
			case contracts.CodeResourceExhausted:
			default:
				t.Errorf("submit: %v", err)
			}
		})
		group.Go(func() {
			_, err := f.PutBlock(t.Context(), "lab", cid.Raw, []byte{byte(i), 2, 3, 4, 5, 6, 7, 8, 9, 10})
			switch contracts.CodeOf(err) {
			case "":
				blocks.Add(1)
			case contracts.CodeResourceExhausted:
			default:
				t.Errorf("put: %v", err)
			}
		})
	}
	group.Wait()
	if graphs.Load() != places || blocks.Load() != bytes/10 {
		t.Errorf("%d graphs run of %d, %d blocks are stored of %d", graphs.Load(), places, blocks.Load(), bytes/10)
	}
}

// To know an address is no permission: a tenant reads what it stored, what its
// sessions name or brought forth, before and after they end, and the catalogue.
func TestWhoMayReadABlock(t *testing.T) {
	f := startFabric(t)
	mine, err := f.PutBlock(t.Context(), "lab", cid.Raw, []byte("mine"))
	if err != nil {
		t.Fatal(err)
	}
	owned, err := f.PutBlock(t.Context(), contracts.EveryTenant, cid.Raw, []byte("an operator's"))
	if err != nil {
		t.Fatal(err)
	}
	may := func(tenant contracts.TenantID, c cid.Cid) bool {
		t.Helper()
		ok, err := f.MayRead(t.Context(), tenant, c)
		if err != nil {
			t.Error(err)
		}
		return ok
	}
	want := func(when string, c cid.Cid, lab bool) {
		t.Helper()
		if may("lab", c) != lab || may("club", c) || !may(contracts.EveryTenant, c) {
			t.Errorf("%s: lab %v, club %v", when, may("lab", c), may("club", c))
		}
	}
	want("stored", mine, true)
	want("an operator's", owned, false)
	if !may("club", module.CID) {
		t.Error("a task of the catalogue is closed")
	}
	g := graph(unit("u", `{}`))
	g.WorkUnits[0].Blobs = map[string]contracts.Link{"b": {Cid: owned}}
	id := f.submit(g)
	named, err := g.CID()
	if err != nil {
		t.Fatal(err)
	}
	want("the graph of a running session", named, true)
	want("a blob of a running session", owned, true)
	if err := f.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.Result(t.Context(), id); !ok || err != nil {
		t.Fatalf("result: %v, %v", ok, err)
	}
	f.again()
	want("the graph of a session that ended", named, true)
	want("a blob of a session that ended", owned, true)
	if owner, err := f.Owner(t.Context(), id); owner != "lab" || err != nil {
		t.Errorf("owner: %s, %v", owner, err)
	}
	if _, err := f.Owner(t.Context(), "nobody's"); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("owner of nothing: %v", err)
	}
	if l, err := f.Sessions(t.Context(), "club", "", 10); err != nil || len(l.Sessions) != 0 {
		t.Errorf("club sees %+v, %v", l, err)
	}
	if l, err := f.Sessions(t.Context(), "lab", "", 10); err != nil || len(l.Sessions) != 1 {
		t.Errorf("lab sees %+v, %v", l, err)
	}
}

// The tokens of a day are held by the graphs that may use them, counted when these
// end, also across a restart, and the last of them bound the graph that gets them.
func TestTokensOfTheDay(t *testing.T) {
	f := startFabric(t, withPods)
	quota := func(tokens uint64) {
		t.Helper()
		if err := f.SetQuota(t.Context(), access.Operator(), "lab", contracts.Quota{TokensPerDay: tokens}); err != nil {
			t.Fatal(err)
		}
	}
	usage := func(when string, used, held uint64) {
		t.Helper()
		v, err := f.Quota(t.Context(), access.Operator(), "lab")
		if err != nil || v.Usage.Tokens != used || v.Usage.TokensHeld != held {
			t.Errorf("%s: %+v, %v, want %d tokens used and %d held", when, v.Usage, err, used, held)
		}
	}
	ask := func() *contracts.TaskGraph {
		g := calls()
		g.WorkUnits[0].Model.MaxTokens = 10
		return g
	}
	quota(10_000)
	id := f.submit(ask())
	usage("one runs", 0, 10_000)
	if _, err := f.Submit(t.Context(), ask(), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("beside one that may use all: %v", err)
	}
	cpu := f.submit(graph(unit("u", `{}`))) // asks no model
	w := f.pod(replayClass, 1)
	u := w.take()
	w.send(w.seal(w.says(u, replayClass, "yes")))
	f.end(id)
	usage("it has ended", 15, 0)
	if err := f.Cancel(t.Context(), cpu); err != nil {
		t.Fatal(err)
	}
	f.end(cpu)
	quota(16) // one token is left
	w.send(&p2p.Credit{N: 1})
	if r := f.end(f.submit(ask())); r.Metadata.StopReason != contracts.StopBudgetExhausted || r.Telemetry.ModelInvocationCount != 0 {
		t.Errorf("with one token left: %s after %d calls", r.Metadata.StopReason, r.Telemetry.ModelInvocationCount)
	}
	f.again(withPods)
	usage("after a restart", 15, 0)
	quota(15)
	_, err := f.Submit(t.Context(), ask(), contracts.SubmissionMetadata{})
	if later, ok := errors.AsType[*access.Later](err); !ok || later.After <= 0 || contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("used up: %v", err)
	}
}
