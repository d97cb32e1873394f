package gateway_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/gateway"
)

// operation is one operation of the OpenAPI document.
type operation struct {
	ID       string                `json:"operationId"`
	Security []map[string][]string `json:"security"`
	method   string
	path     string
}

// operations reads the document that the gateway serves, so that none that is
// added later is left out of the tests.
func (w *world) operations(t testing.TB) []operation {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	if err := json.NewDecoder(w.get("/openapi.json").Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			op := doc.Paths[path][method]
			op.method, op.path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d operations are described", len(all))
	}
	return all
}

// allowed are the scopes that CONTRACTS and ADR 0019 give an operation, beside
// admin. It is written down a second time on purpose: an operation that is not
// here, or asks for something else, fails the test.
var allowed = map[string][]contracts.Scope{
	"submit": {"submit"}, "cancel": {"submit"},
	"list-sessions": {"read"}, "get-session": {"read"}, "get-events": {"read"}, "get-result": {"read"}, "get-receipt": {"read"},
	"explain-placement": {"read"},
	"put-block":         {"blocks"}, "get-block": {"read", "blocks"}, "has-block": {"read", "blocks"},
	"get-log-checkpoint": contracts.Scopes(), "get-log-growth": contracts.Scopes(), "get-session-proof": {"read"},
	"list-nodes": {"nodes"}, "get-trust": {"nodes"}, "order-node": {}, "list-operators": {"nodes"}, "new-node-token": {}, "list-node-tokens": {}, "revoke-node-token": {}, "list-pods": {"nodes"}, "watch": {"nodes"}, "list-tasks": contracts.Scopes(), "get-capabilities": contracts.Scopes(),
	"new-key": {}, "list-keys": {}, "revoke-key": {}, "set-quota": {}, "list-quotas": {"read"}, "get-quota": {"read"},
	"quote": {"submit", "read"}, "get-prices": contracts.Scopes(), "get-wallet": {"read"}, "list-wallets": {"read"},
	"get-metrics": {"nodes"}, "get-capacity": {"read", "nodes"}, "get-ledger": {"read", "nodes"}, "get-statement": {"read", "nodes"}, "list-put-aside": {},
	"set-prices": {}, "grant-credit": {}, "suspend-account": {}, "export-events": {},
	"publish": {}, "withdraw": {}, "list-publications": contracts.Scopes(),
}

// operators are the operations that need an operator's key: not even a tenant's
// admin may do them.
var operators = []string{"set-quota", "set-prices", "grant-credit", "suspend-account", "list-put-aside", "export-events", "order-node", "new-node-token", "list-node-tokens", "revoke-node-token", "publish", "withdraw"}

// open are the operations that need no key.
var unlocked = []string{"healthz", "readyz"}

// valid is a request that the operation carries out for an operator, over things
// of the tenant "mine".
func (w *world) valid(t testing.TB, op operation, mine things) request {
	t.Helper()
	fill := strings.NewReplacer("{id}", string(mine.session), "{unit}", "u", "{cid}", mine.block.String(), "{tenant}", string(mine.tenant), "{key}", mine.key, "{token}", "t", "{publication}", "p")
	r := request{method: op.method, target: fill.Replace(op.path)}
	if slices.Contains([]string{"get-wallet", "get-ledger", "get-statement"}, op.ID) {
		r.target += "?tenant=" + string(mine.tenant)
	}
	switch op.ID {
	case "submit":
		g := graph()
		g.TenantID = mine.tenant
		r.body, r.head = submission(t, g), []string{jsonBody}
	case "new-key":
		r.body, r.head = `{"tenant_id":"`+string(mine.tenant)+`","scopes":["read"]}`, []string{jsonBody}
	case "set-quota":
		r.body, r.head = `{"graphs":7}`, []string{jsonBody}
	case "quote":
		g := graph()
		g.TenantID = mine.tenant
		doc, err := json.Marshal(contracts.QuoteRequest{TaskGraph: *g})
		if err != nil {
			t.Fatal(err)
		}
		r.body, r.head = string(doc), []string{jsonBody}
	case "set-prices":
		r.body, r.head = `{"version":"2"}`, []string{jsonBody}
	case "grant-credit":
		r.body, r.head = `{"grant_id":"g","amount":"5"}`, []string{jsonBody}
	case "suspend-account":
		r.body, r.head = `{"suspended":true}`, []string{jsonBody}
	case "new-node-token":
		r.body, r.head = `{"operator":"chemistry"}`, []string{jsonBody}
	case "publish":
		r.body, r.head = `{"as":"blob","name":"data","block":{"/":"`+mine.block.String()+`"}}`, []string{jsonBody}
	case "order-node":
		r.body, r.head = `{"order":"suspend"}`, []string{jsonBody}
	case "put-block":
		r.body, r.head = "a block", []string{"Content-Type: application/vnd.ipld.raw"}
	case "get-events":
		if mine.session != nobody {
			w.finish(mine.session)
		}
	}
	return r
}

// things are what there is of one tenant.
type things struct {
	tenant  contracts.TenantID
	session contracts.SessionID
	block   cid.Cid
	key     string // the id of a key that nobody uses
}

func (w *world) things(t testing.TB, tenant contracts.TenantID) things {
	t.Helper()
	g := graph()
	g.TenantID = tenant
	out, err := w.Submit(t.Context(), g, metadata())
	if err != nil {
		t.Fatal(err)
	}
	w.emit(out.SessionID, 2)
	data := []byte("the block of " + tenant)
	if _, err := w.PutBlock(t.Context(), tenant, cid.Raw, data); err != nil {
		t.Fatal(err)
	}
	token, err := access.ParseToken(w.add(t, tenant, contracts.ScopeRead))
	if err != nil {
		t.Fatal(err)
	}
	return things{tenant, out.SessionID, dagcbor.RawCID(data), token.ID}
}

func with(key string, r request) request {
	r.head = append(slices.Clone(r.head), "Authorization: Bearer "+key)
	return r
}

func succeeded(status int) bool { return status < 300 }

// Every scope by every operation: what the document says, what the table says
// and what happens are one.
func TestScopesByOperations(t *testing.T) {
	w := newWorld(gateway.Config{})
	keys := map[contracts.Scope]string{}
	for _, s := range contracts.Scopes() {
		keys[s] = w.add(t, "mine", s)
	}
	for _, op := range w.operations(t) {
		mine := w.things(t, "mine")
		if slices.Contains(unlocked, op.ID) {
			w.key = ""
			if rec := w.do(w.valid(t, op, mine)); !succeeded(rec.Code) {
				t.Errorf("%s without a key: %d %s", op.ID, rec.Code, rec.Body)
			}
			w.key = operatorKey()
			continue
		}
		want, ok := allowed[op.ID]
		if !ok || len(op.Security) == 0 {
			t.Errorf("%s is not in the table of scopes, or open by its description", op.ID)
			continue
		}
		for _, s := range contracts.Scopes() {
			rec := w.do(with(keys[s], w.valid(t, op, mine)))
			may := slices.Contains(want, s) || s == contracts.ScopeAdmin && !slices.Contains(operators, op.ID)
			if may && !succeeded(rec.Code) {
				t.Errorf("%s with %s: %d %s", op.ID, s, rec.Code, rec.Body)
			}
			if !may {
				wantProblem(t, rec, http.StatusForbidden, contracts.CodeAuth)
			}
			if described(op, s) != slices.Contains(want, s) && s != contracts.ScopeAdmin {
				t.Errorf("%s: the document says %v", op.ID, op.Security)
			}
		}
		if rec := w.do(w.valid(t, op, mine)); !succeeded(rec.Code) {
			t.Errorf("%s by an operator: %d %s", op.ID, rec.Code, rec.Body)
		}
	}
}

func described(op operation, s contracts.Scope) bool {
	return slices.ContainsFunc(op.Security, func(m map[string][]string) bool {
		return len(m["key"]) == 0 || slices.Contains(m["key"], string(s))
	})
}

// No operation tells a tenant's admin anything of another tenant, whose things
// are answered like things that do not exist.
func TestTenantsSeeNothingOfEachOther(t *testing.T) {
	w := newWorld(gateway.Config{})
	key := w.add(t, "mine", contracts.ScopeAdmin)
	mine, theirs := w.things(t, "mine"), w.things(t, "theirs")
	w.finish(theirs.session)
	absent := things{"nowhere", nobody, dagcbor.RawCID([]byte("no such block")), "aaaaaaaaaaaaa"}
	secrets := []string{"theirs", string(theirs.session), theirs.block.String(), theirs.key, w.sessions[theirs.session].view.RequestID}
	general := []string{"get-metrics", "list-nodes", "list-pods", "list-tasks", "get-capabilities", "healthz", "readyz", "put-block", "get-log-checkpoint", "get-log-growth", "get-prices", "get-capacity", "get-trust", "list-operators", "list-publications"}
	lists := []string{"watch", "list-sessions", "list-keys", "list-quotas", "list-wallets"}
	for _, op := range w.operations(t) {
		if slices.Contains(general, op.ID) {
			continue // about no tenant
		}
		r := with(key, w.valid(t, op, theirs))
		rec := w.do(r)
		if slices.Contains(lists, op.ID) {
			if !succeeded(rec.Code) {
				t.Errorf("%s: %d %s", op.ID, rec.Code, rec.Body)
			}
			for _, s := range secrets {
				if strings.Contains(rec.Body.String(), s) {
					t.Errorf("%s tells %s: %s", op.ID, s, rec.Body)
				}
			}
			continue
		}
		if succeeded(rec.Code) {
			t.Errorf("%s over another tenant's things: %d %s", op.ID, rec.Code, rec.Body)
			continue
		}
		if op.ID == "submit" || op.ID == "quote" || op.ID == "new-key" || slices.Contains(operators, op.ID) {
			wantProblem(t, rec, http.StatusForbidden, contracts.CodeAuth)
			continue
		}
		// The same words as for what does not exist.
		none := w.do(with(key, w.valid(t, op, absent)))
		hide := strings.NewReplacer(string(theirs.session), "it", theirs.block.String(), "it", "theirs", "it", theirs.key, "it",
			string(absent.session), "it", absent.block.String(), "it", "nowhere", "it", absent.key, "it")
		if none.Code != rec.Code || hide.Replace(none.Body.String()) != hide.Replace(rec.Body.String()) {
			t.Errorf("%s: another's is told from none:\n%d %s\n%d %s", op.ID, rec.Code, rec.Body, none.Code, none.Body)
		}
	}
	if w.sessions[theirs.session].view.State != contracts.SessionCompleted {
		t.Error("another tenant's session was changed")
	}
	if rec := w.do(with(key, request{method: "GET", target: "/v1/sessions?cursor=" + string(theirs.session)})); strings.Contains(rec.Body.String(), "theirs") {
		t.Errorf("a cursor leads to another tenant: %s", rec.Body)
	}
	if rec := w.do(with(key, request{method: "GET", target: "/v1/sessions/" + string(mine.session)})); rec.Code != http.StatusOK {
		t.Errorf("the tenant's own session: %d %s", rec.Code, rec.Body)
	}
}

// A unit over somebody else's block could say what is in it.
func TestGraphsNameOnlyBlocksOfTheirTenant(t *testing.T) {
	w := newWorld(gateway.Config{})
	key := w.add(t, "mine", contracts.ScopeSubmit)
	mine, theirs := w.things(t, "mine"), w.things(t, "theirs")
	for name, use := range map[string]func(*contracts.WorkUnit, contracts.Link){
		"module": func(u *contracts.WorkUnit, l contracts.Link) {
			u.Program = &contracts.Program{Module: &l, Entry: "run"}
		},
		"blob": func(u *contracts.WorkUnit, l contracts.Link) { u.Blobs = map[string]contracts.Link{"b": l} },
		"check": func(u *contracts.WorkUnit, l contracts.Link) {
			u.VerifyWith = &contracts.Program{Module: &l, Entry: "run"}
		},
	} {
		submit := func(c cid.Cid) int {
			g := graph()
			g.TenantID = "mine"
			use(&g.WorkUnits[0], contracts.Link{Cid: c})
			return w.do(with(key, request{"POST", "/v1/sessions", submission(t, g), []string{jsonBody}})).Code
		}
		if got := submit(mine.block); got != http.StatusAccepted {
			t.Errorf("%s of its own: %d", name, got)
		}
		if got := submit(theirs.block); got != http.StatusNotFound {
			t.Errorf("%s of another: %d", name, got)
		}
	}
}

// A session vouches for its blocks, but only to its own tenant.
func TestSessionsVouchForBlocks(t *testing.T) {
	w := newWorld(gateway.Config{})
	key, other := w.add(t, "mine", contracts.ScopeRead), w.add(t, "theirs", contracts.ScopeRead)
	mine := w.things(t, "mine")
	result, err := w.PutBlock(t.Context(), contracts.EveryTenant, cid.Raw, []byte("a result"))
	if err != nil {
		t.Fatal(err)
	}
	w.set(func() { w.sessions[mine.session].names = result })
	for name, c := range map[string]struct {
		key, query string
		block      cid.Cid
		want       int
	}{
		"by itself":            {key, "", result, http.StatusNotFound},
		"by the session":       {key, "?session=" + string(mine.session), result, http.StatusOK},
		"another's session":    {other, "?session=" + string(mine.session), result, http.StatusNotFound},
		"no session":           {key, "?session=" + nobody, result, http.StatusNotFound},
		"a block of no matter": {key, "?session=" + string(mine.session), dagcbor.RawCID([]byte("x")), http.StatusNotFound},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if rec := w.do(with(c.key, request{method: method, target: "/v1/blocks/" + c.block.String() + c.query})); rec.Code != c.want {
				t.Errorf("%s, %s: %d %s", name, method, rec.Code, rec.Body)
			}
		}
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	w := newWorld(gateway.Config{})
	good := w.add(t, "mine", contracts.ScopeRead)
	w.key = ""
	forged := good[:30] + "b" + good[31:]
	for name, head := range map[string][]string{
		"none": nil, "empty": {"Authorization: "}, "no scheme": {"Authorization: " + good}, "another scheme": {"Authorization: Basic " + good},
		"forged": {"Authorization: Bearer " + forged}, "mistyped": {"Authorization: Bearer " + good[:len(good)-1]}, "long": {"Authorization: Bearer " + strings.Repeat("a", 200)},
		"unknown": {"Authorization: Bearer " + tokenOf(77).Reveal()},
	} {
		rec := w.do(request{method: "GET", target: "/v1/sessions", head: head})
		p := wantProblem(t, rec, http.StatusUnauthorized, contracts.CodeAuth)
		if rec.Header().Get("WWW-Authenticate") != "Bearer" || strings.Contains(p.Detail, good[20:]) {
			t.Errorf("%s: %v %+v", name, rec.Header(), p)
		}
	}
	if rec := w.do(with("kk_bad", request{method: "GET", target: "/readyz"})); rec.Code != http.StatusUnauthorized {
		t.Errorf("a bad key where none is needed: %d", rec.Code)
	}
	w.health = contracts.Degraded
	if rec := w.get("/readyz"); decode[contracts.BackendStatus](t, rec).Capacity != (contracts.CapacitySummary{}) {
		t.Errorf("everybody is told %s", rec.Body)
	}
}

// Revocation and the end of a key are heeded at once, though its secret is
// remembered.
func TestRevocationIsImmediate(t *testing.T) {
	w := newWorld(gateway.Config{})
	key := w.add(t, "mine", contracts.ScopeRead)
	token, _ := access.ParseToken(key)
	use := func() int { return w.do(with(key, request{method: "GET", target: "/v1/sessions"})).Code }
	for range 2 {
		if got := use(); got != http.StatusOK {
			t.Fatalf("a valid key: %d", got)
		}
	}
	if rec := w.do(request{method: "DELETE", target: "/v1/keys/" + token.ID}); rec.Code != http.StatusNoContent {
		t.Fatalf("revoke: %d %s", rec.Code, rec.Body)
	}
	if got := use(); got != http.StatusUnauthorized {
		t.Errorf("a revoked key: %d", got)
	}
	end := contracts.Time{Time: time.Now().Add(time.Hour)}
	made, err := w.NewKey(t.Context(), access.Operator(), contracts.KeyRequest{Tenant: "mine", Scopes: []contracts.Scope{"read"}, ExpiresAt: &end})
	if err != nil {
		t.Fatal(err)
	}
	key = made.Key
	if got := use(); got != http.StatusOK {
		t.Errorf("before its end: %d", got)
	}
	w.now = func() time.Time { return end.Time }
	if got := use(); got != http.StatusUnauthorized {
		t.Errorf("at its end: %d", got)
	}
}

func TestRatesAreLimited(t *testing.T) {
	w := newWorld(gateway.Config{})
	one, other := w.add(t, "mine", contracts.ScopeRead, contracts.ScopeBlocks), w.add(t, "theirs", contracts.ScopeRead)
	slow := contracts.Quota{RequestsPerSecond: 0.001}
	if err := w.SetQuota(t.Context(), access.Operator(), "mine", slow); err != nil {
		t.Fatal(err)
	}
	get := request{method: "GET", target: "/v1/sessions"}
	if rec := w.do(with(one, get)); rec.Code != http.StatusOK {
		t.Fatalf("the first: %d %s", rec.Code, rec.Body)
	}
	rec := w.do(with(one, get))
	wantProblem(t, rec, http.StatusTooManyRequests, contracts.CodeRateLimited)
	if rec.Header().Get("Retry-After") != "1000" {
		t.Errorf("retry after %q", rec.Header().Get("Retry-After"))
	}
	for name, key := range map[string]string{"another tenant": other, "an operator": operatorKey()} {
		if rec := w.do(with(key, get)); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	if rec := w.do(with(one, request{"POST", "/v1/sessions", "{", []string{jsonBody}})); decode[gateway.Problem](t, rec).Submission != contracts.SubmitRejectedCapacity {
		t.Errorf("a submission over the rate: %d %s", rec.Code, rec.Body)
	}
	// Bytes are counted apart from requests; a key of the same tenant shares them.
	if err := w.SetQuota(t.Context(), access.Operator(), "mine", contracts.Quota{BodyBytesPerSecond: 1}); err != nil {
		t.Fatal(err)
	}
	small := newWorld(gateway.Config{MaxBlockBytes: 100, MaxDocumentBytes: 100})
	small.keyring = w.keyring
	put := func(key string) int {
		return small.do(with(key, request{"PUT", "/v1/blocks", strings.Repeat("b", 60), []string{"Content-Type: application/vnd.ipld.raw"}})).Code
	}
	if got := []int{put(one), put(w.add(t, "mine", contracts.ScopeBlocks))}; got[0] != http.StatusOK || got[1] != http.StatusTooManyRequests {
		t.Errorf("60 bytes twice of 100: %v", got)
	}
}

// Who knows an id and calls with wrong secrets does not keep others out.
func TestKeysAreCheckedAFewAtATime(t *testing.T) {
	w := newWorld(gateway.Config{})
	key := w.add(t, "mine", contracts.ScopeRead)
	get := request{method: "GET", target: "/v1/sessions"}
	if rec := w.do(with(key, get)); rec.Code != http.StatusOK {
		t.Fatal(rec.Code)
	}
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			forged := key[:30] + string("bcdefghi"[i%8]) + key[31:]
			if rec := w.do(with(forged, get)); rec.Code != http.StatusUnauthorized && rec.Code != http.StatusTooManyRequests {
				t.Errorf("a forged key: %d %s", rec.Code, rec.Body)
			}
		})
	}
	for range 50 {
		if rec := w.do(with(key, get)); rec.Code != http.StatusOK {
			t.Errorf("the real one meanwhile: %d", rec.Code)
		}
	}
	group.Wait()
}
