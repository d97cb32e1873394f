package e2e

import (
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// tenant is a client with a key of its own.
type tenant struct {
	*client.Client
	id string
}

func (f *fabric) tenant(name string, scopes ...contracts.Scope) tenant {
	f.t.Helper()
	made, err := f.NewKey(f.ctx, contracts.KeyRequest{Tenant: contracts.TenantID(name), Scopes: scopes})
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := client.New(f.local.API(), client.WithKey(made.Key), client.WithPin(f.local.Endpoint().Pin))
	if err != nil {
		f.t.Fatal(err)
	}
	return tenant{c, made.ID}
}

// small is a graph of one unit over a block of the tenant's own.
func (c tenant) small(f *fabric, name, text string) (*contracts.TaskGraph, cid.Cid) {
	f.t.Helper()
	block, err := c.PutBlock(f.ctx, cid.Raw, []byte(text))
	if err != nil {
		f.t.Fatal(err)
	}
	r := request()
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "e2e", GraphID: r.GraphID, RequestID: r.RequestID, TenantID: contracts.TenantID(name), CreatedAt: r.CreatedAt,
		WorkUnits: []contracts.WorkUnit{{
			ID: "map", Type: contracts.Deterministic, Program: &contracts.Program{Task: "logs/map@1"}, Blobs: map[string]contracts.Link{"chunk": {Cid: block}},
		}},
		Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "map"}}},
	}
	return g, block
}

const line = `203.0.113.7 - - [23/Nov/2026:09:00:01 +0000] "GET /index.html HTTP/1.1" 200 1043` + "\n"

// Two tenants of one coordinator, over TLS with a pinned certificate: each runs a
// graph, sees all of its own down to the signatures, and nothing of the other;
// the log alone carries keys, quotas and claims over a kill -9.
func TestTenantsShareACoordinator(t *testing.T) {
	f := start(t, 1, "--tls=own")
	if !strings.HasPrefix(f.local.API(), "https://") || f.local.Endpoint().Pin == "" {
		t.Fatalf("the API is at %s, fingerprint %q", f.local.API(), f.local.Endpoint().Pin)
	}
	scopes := []contracts.Scope{contracts.ScopeSubmit, contracts.ScopeRead, contracts.ScopeBlocks}
	lab, club := f.tenant("lab", scopes...), f.tenant("club", scopes...)
	g, block := lab.small(f, "lab", line)
	out, err := lab.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := lab.Wait(f.ctx, out.SessionID)
	if err != nil || r.Metadata.State != contracts.SessionCompleted {
		t.Fatalf("%+v, %v", r, err)
	}
	seen := func(c tenant, who string, want bool) {
		t.Helper()
		v, err := lab.Session(f.ctx, out.SessionID)
		if err != nil {
			t.Fatal(err)
		}
		u := v.WorkUnits[0]
		named := []cid.Cid{block, u.Output.CID.Cid}
		for _, s := range []string{u.BatchCID, v.GraphCID} {
			c, err := cid.Decode(s)
			if err != nil {
				t.Fatal(err)
			}
			named = append(named, c)
		}
		for _, b := range named {
			_, err := c.GetBlock(f.ctx, b)
			if has, herr := c.HasBlock(f.ctx, b); (err == nil) != want || has != want || herr != nil || !want && contracts.CodeOf(err) != contracts.CodeNotFound {
				t.Errorf("%s reads block %s: %v, %v, %v", who, b, err, has, herr)
			}
		}
		for _, s := range []string{u.UnitCID, u.ResultCID} {
			b, err := cid.Decode(s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.BlockOf(f.ctx, out.SessionID, b); (err == nil) != want || !want && contracts.CodeOf(err) != contracts.CodeNotFound {
				t.Errorf("%s reads block %s of the session: %v", who, s, err)
			}
		}
		_, verr := c.Session(f.ctx, out.SessionID)
		_, rerr := c.Receipt(f.ctx, out.SessionID, "map")
		_, _, werr := c.Result(f.ctx, out.SessionID, 0)
		eerr := c.Events(f.ctx, out.SessionID, "", func(contracts.Event) error { return nil })
		for what, err := range map[string]error{"session": verr, "receipt": rerr, "result": werr, "events": eerr} {
			if (err == nil) != want || !want && contracts.CodeOf(err) != contracts.CodeNotFound {
				t.Errorf("%s reads the %s: %v", who, what, err)
			}
		}
		if l, err := c.Sessions(f.ctx, "", 10); err != nil || (len(l.Sessions) == 1) != want {
			t.Errorf("%s lists %+v, %v", who, l, err)
		}
	}
	seen(lab, "lab", true)
	seen(club, "club", false)
	for what, err := range map[string]error{
		"cancel":       club.Cancel(f.ctx, out.SessionID),
		"the block":    submitOver(f, club, "club", block),
		"as lab":       submitOver(f, club, "lab", block),
		"see the keys": second(club.Keys(f.ctx)),
		"see nodes":    second(club.Nodes(f.ctx)),
	} {
		if code := contracts.CodeOf(err); code != contracts.CodeNotFound && code != contracts.CodeAuth {
			t.Errorf("club may %s: %v", what, err)
		}
	}
	if err := f.RevokeKey(f.ctx, club.id); err != nil {
		t.Fatal(err)
	}
	if err := f.SetQuota(f.ctx, "lab", contracts.Quota{FuelPerDay: 1}); err != nil {
		t.Fatal(err)
	}
	if err := f.local.Coordinator.Kill(); err != nil {
		t.Fatal(err)
	}
	f.awaitNodes(1)
	if _, err := club.Sessions(f.ctx, "", 1); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a revoked key after kill -9: %v", err)
	}
	seen(lab, "lab after kill -9", true)
	q, err := lab.Quota(f.ctx, "lab")
	if err != nil || q.Quota.FuelPerDay != 1 || q.Usage.Fuel < 2 || q.Usage.BlockBytes != int64(len(line)) {
		t.Errorf("quota after kill -9: %+v, %v", q, err)
	}
	g, _ = lab.small(f, "lab", line+line)
	impatient, err := f.local.Client(client.WithRetry(client.Retry{}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = impatient.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"})
	if after, ok := client.RetryAfter(err); contracts.CodeOf(err) != contracts.CodeResourceExhausted || !ok || after <= 0 {
		t.Errorf("a graph over the day's fuel: %v, retry after %s", err, after)
	}
}

func second[T any](_ T, err error) error { return err }

// submitOver submits a graph over somebody else's block.
func submitOver(f *fabric, c tenant, as string, block cid.Cid) error {
	g, _ := c.small(f, as, "bytes of its own")
	g.WorkUnits[0].Blobs["chunk"] = contracts.Link{Cid: block}
	_, err := c.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"})
	return err
}

// The fuel that is left of a tenant's day is a bound that a running graph stops
// at, though it declares none.
func TestFuelOfTheDayStopsAGraph(t *testing.T) {
	f := start(t, 1)
	lab := f.tenant("lab", contracts.ScopeSubmit, contracts.ScopeRead, contracts.ScopeBlocks)
	if err := f.SetQuota(f.ctx, "lab", contracts.Quota{FuelPerDay: 1000}); err != nil {
		t.Fatal(err)
	}
	g, _ := lab.small(f, "lab", strings.Repeat(line, 1000))
	out, err := lab.Submit(f.ctx, g, contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := lab.Wait(f.ctx, out.SessionID)
	if err != nil || r.Metadata.StopReason != contracts.StopBudgetExhausted || r.Telemetry.FuelUsed > 1000 {
		t.Errorf("%+v, %v", r, err)
	}
}
