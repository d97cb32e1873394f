package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a book and what was appended to make it.
type world struct {
	*Book
	t    *testing.T
	log  []Fact
	next byte
}

func newWorld(t *testing.T, initial contracts.Quota) *world {
	return &world{Book: NewBook(initial), t: t}
}

// append puts a fact through its encoding, as the log does.
func (w *world) append(f Fact, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := f.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	read, err := DecodeFact(b)
	if err != nil {
		w.t.Fatal(err)
	}
	if d := cmp.Diff(f, read, cmpopts.EquateComparable(cid.Cid{})); d != "" {
		w.t.Fatalf("a fact changed on its way through the log:\n%s", d)
	}
	w.log = append(w.log, read)
	if err := w.Apply(read); err != nil {
		w.t.Fatal(err)
	}
}

func request(tenant contracts.TenantID, scopes ...contracts.Scope) contracts.KeyRequest {
	return contracts.KeyRequest{Tenant: tenant, Scopes: scopes}
}

func (w *world) key(by Caller, r contracts.KeyRequest) Caller {
	w.t.Helper()
	w.next++
	token := sample(w.next)
	w.append(w.NewKey(noon, by, r, token, Hash{Salt: []byte{1}, Sum: []byte{2}}))
	who, err := w.Holder(token.ID, noon)
	if err != nil {
		w.t.Fatal(err)
	}
	return who
}

func wantCode(t *testing.T, what string, err error, code contracts.Code) {
	t.Helper()
	if contracts.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestKeysAreMadeByAdmins(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	boss := w.key(Operator(), request("physics", contracts.ScopeAdmin))
	user := w.key(boss, request("physics", contracts.ScopeSubmit, contracts.ScopeRead))
	for what, c := range map[string]struct {
		by   Caller
		r    contracts.KeyRequest
		code contracts.Code
	}{
		"a user":                       {user, request("physics", contracts.ScopeRead), contracts.CodeAuth},
		"nobody":                       {Caller{}, request("physics", contracts.ScopeRead), contracts.CodeAuth},
		"another tenant's":             {boss, request("chemistry", contracts.ScopeRead), contracts.CodeAuth},
		"an operator's, by a tenant's": {boss, request("*", contracts.ScopeAdmin), contracts.CodeAuth},
		"no scope":                     {boss, request("physics"), contracts.CodeValidation},
		"a scope twice":                {boss, request("physics", contracts.ScopeRead, contracts.ScopeRead), contracts.CodeValidation},
		"a scope there is not":         {boss, request("physics", "root"), contracts.CodeValidation},
		"no tenant":                    {Operator(), request("", contracts.ScopeRead), contracts.CodeValidation},
		"a tenant that cannot be":      {Operator(), request("a b", contracts.ScopeRead), contracts.CodeValidation},
	} {
		_, err := w.NewKey(noon, c.by, c.r, sample(99), Hash{})
		wantCode(t, what, err, c.code)
	}
	past := contracts.Time{Time: noon}
	_, err := w.NewKey(noon, boss, contracts.KeyRequest{Tenant: "physics", Scopes: []contracts.Scope{"read"}, ExpiresAt: &past}, sample(99), Hash{})
	wantCode(t, "a key that is over", err, contracts.CodeValidation)
	_, err = w.NewKey(noon, boss, request("physics", "read"), sample(1), Hash{})
	wantCode(t, "an id that is taken", err, contracts.CodeConflict)
}

func TestKeysEnd(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	later := contracts.Time{Time: noon.Add(time.Hour)}
	short := w.key(Operator(), contracts.KeyRequest{Tenant: "physics", Scopes: []contracts.Scope{"admin"}, ExpiresAt: &later})
	if _, err := w.Holder(short.Key, later.Add(-time.Microsecond)); err != nil {
		t.Errorf("before its end: %v", err)
	}
	_, err := w.Holder(short.Key, later.Time)
	wantCode(t, "at its end", err, contracts.CodeAuth)

	long := w.key(Operator(), request("physics", contracts.ScopeRead))
	other := w.key(Operator(), request("chemistry", contracts.ScopeAdmin))
	_, _, err = w.Revoke(noon, other, long.Key)
	wantCode(t, "revoked by another tenant's admin", err, contracts.CodeNotFound)
	_, _, err = w.Revoke(noon, long, long.Key)
	wantCode(t, "revoked by a user", err, contracts.CodeAuth)
	f, ok, err := w.Revoke(noon, short, long.Key)
	if !ok {
		t.Fatal("a valid key cannot be revoked")
	}
	w.append(f, err)
	_, err = w.Holder(long.Key, noon)
	wantCode(t, "after its revocation", err, contracts.CodeAuth)
	if _, ok, err := w.Revoke(noon, short, long.Key); ok || err != nil {
		t.Errorf("revoked again: %v, %v", ok, err)
	}
	_, err = w.Holder("nobody", noon)
	wantCode(t, "never made", err, contracts.CodeAuth)
	if err := w.Apply(Fact{Revoked: &Revoked{"nobody"}}); contracts.CodeOf(err) != contracts.CodeInternal {
		t.Errorf("the log revokes what it never made: %v", err)
	}
}

func TestTenantsSeeTheirOwn(t *testing.T) {
	w := newWorld(t, contracts.Quota{Graphs: 3})
	a := w.key(Operator(), request("physics", contracts.ScopeAdmin))
	b := w.key(Operator(), request("chemistry", contracts.ScopeAdmin))
	if l := w.Keys(a); len(l.Keys) != 1 || l.Keys[0].ID != a.Key {
		t.Errorf("physics sees %+v", l)
	}
	if l := w.Keys(Operator()); len(l.Keys) != 2 {
		t.Errorf("an operator sees %+v", l)
	}
	none := func(contracts.TenantID) Running { return Running{} }
	if l := w.Quotas(b, noon, none); len(l.Quotas) != 1 || l.Quotas[0].Tenant != "chemistry" || !l.Quotas[0].Default || l.Quotas[0].Quota.Graphs != 3 {
		t.Errorf("chemistry sees %+v", l)
	}
	if (Caller{}).Sees("physics") || (Caller{}).Sees("") || (Caller{}).Known() || (Caller{}).May(contracts.ScopeRead) {
		t.Error("nobody is somebody")
	}
	if (Caller{Tenant: contracts.EveryTenant}).Sees("physics") {
		t.Error("a caller without a scope sees every tenant")
	}
	_, err := w.SetQuota(noon, a, "physics", contracts.Quota{})
	wantCode(t, "a tenant's admin lifts its own quota", err, contracts.CodeAuth)
}

func TestStoredBytesAreBounded(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	w.append(w.SetQuota(noon, Operator(), "physics", contracts.Quota{BlockBytes: 100}))
	w.append(Fact{Stored: &Stored{"physics", 60}}, nil)
	if err := w.MayStore("physics", 40); err != nil {
		t.Error(err)
	}
	err := w.MayStore("physics", 41)
	wantCode(t, "one too many", err, contracts.CodeResourceExhausted)
	// Nothing that is stored goes by itself: to ask every second would be of no use.
	if l, ok := errors.AsType[*Later](err); !ok || l.After != time.Hour {
		t.Errorf("one too many: %v, later %v", err, l)
	}
	if err := w.MayStore("chemistry", 1<<40); err != nil {
		t.Errorf("of another tenant: %v", err)
	}
}

func n(v int64) *int64 { return &v }

func TestGraphsAndFuelAreGranted(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	w.append(w.SetQuota(noon, Operator(), "physics", contracts.Quota{Graphs: 2, FuelPerDay: 1000}))
	use := func(at time.Time, fuel uint64) {
		w.append(Fact{At: at.UnixMicro(), Used: &Used{Tenant: "physics", Fuel: fuel}}, nil)
	}
	use(noon.Add(-24*time.Hour), 1000) // yesterday
	use(noon, 300)
	for what, c := range map[string]struct {
		declared contracts.Budgets
		running  Running
		grant    uint64
		code     contracts.Code
	}{
		"declares nothing":         {contracts.Budgets{}, Running{}, 700, ""},
		"declares less":            {contracts.Budgets{MaxFuel: n(50)}, Running{Graphs: 1, FuelHeld: 600}, 50, ""},
		"the rest beside another":  {contracts.Budgets{}, Running{Graphs: 1, FuelHeld: 600}, 100, ""},
		"declares all that's left": {contracts.Budgets{MaxFuel: n(100)}, Running{Graphs: 1, FuelHeld: 600}, 100, ""},
		"declares one more":        {contracts.Budgets{MaxFuel: n(101)}, Running{Graphs: 1, FuelHeld: 600}, 0, contracts.CodeResourceExhausted},
		"all is held":              {contracts.Budgets{MaxFuel: n(1)}, Running{Graphs: 1, FuelHeld: 700}, 0, contracts.CodeResourceExhausted},
		"two run":                  {contracts.Budgets{MaxFuel: n(1)}, Running{Graphs: 2}, 0, contracts.CodeResourceExhausted},
	} {
		g, err := w.MayRun(noon, "physics", c.declared, true, c.running)
		if contracts.CodeOf(err) != c.code || c.code == "" && (g.Fuel == nil || *g.Fuel != c.grant || g.Tokens != nil) {
			t.Errorf("%s: %+v, %v", what, g, err)
		}
	}
	use(noon, 700)
	_, err := w.MayRun(noon, "physics", contracts.Budgets{}, true, Running{})
	wantCode(t, "used up", err, contracts.CodeResourceExhausted)
	if g, err := w.MayRun(noon.Add(12*time.Hour), "physics", contracts.Budgets{}, true, Running{}); err != nil || *g.Fuel != 1000 {
		t.Errorf("the next day: %+v, %v", g, err)
	}
	if g, err := w.MayRun(noon, "chemistry", contracts.Budgets{}, true, Running{Graphs: 1000}); err != nil || g.Fuel != nil {
		t.Errorf("without a quota: %+v, %v", g, err)
	}
}

// Tokens are granted as fuel is, to graphs that ask a model and to no others, and who
// is refused is told when it makes sense to ask again.
func TestTokensAreGranted(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	w.append(w.SetQuota(noon, Operator(), "physics", contracts.Quota{TokensPerDay: 100}))
	w.append(Fact{At: noon.UnixMicro(), Used: &Used{Tenant: "physics", Tokens: 30}}, nil)
	const midnight = 12 * time.Hour
	for what, c := range map[string]struct {
		declared contracts.Budgets
		asks     bool
		held     uint64
		grant    *uint64
		code     contracts.Code
		later    time.Duration // 0 when a session that runs may end
	}{
		"declares nothing":        {contracts.Budgets{}, true, 0, new(uint64(70)), "", 0},
		"declares less":           {contracts.Budgets{MaxTokens: n(20)}, true, 50, new(uint64(20)), "", 0},
		"the rest is held":        {contracts.Budgets{}, true, 70, nil, contracts.CodeResourceExhausted, 0},
		"asks no model":           {contracts.Budgets{}, false, 70, nil, "", 0},
		"more than is free now":   {contracts.Budgets{MaxTokens: n(60)}, true, 50, nil, contracts.CodeResourceExhausted, 0},
		"more than is left today": {contracts.Budgets{MaxTokens: n(71)}, true, 0, nil, contracts.CodeResourceExhausted, midnight},
	} {
		g, err := w.MayRun(noon, "physics", c.declared, c.asks, Running{Graphs: 1, Tokens: c.held})
		var later time.Duration
		if l, ok := errors.AsType[*Later](err); ok {
			later = l.After
		}
		if contracts.CodeOf(err) != c.code || later != c.later || !cmp.Equal(g.Tokens, c.grant) {
			t.Errorf("%s: %v, %v, later %s", what, g.Tokens, err, later)
		}
	}
}

// What is known of tenants is bounded, whoever names them.
func TestTenantsAreBounded(t *testing.T) {
	b := NewBook(contracts.Quota{})
	for n := range maxTenants {
		if err := b.Apply(Fact{Used: &Used{Tenant: contracts.TenantID(fmt.Sprint(n)), Fuel: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(id contracts.TenantID, code contracts.Code) {
		t.Helper()
		_, err := b.MayRun(noon, id, contracts.Budgets{}, false, Running{})
		wantCode(t, "run", err, code)
		wantCode(t, "store", b.MayStore(id, 1), code)
		_, err = b.SetQuota(noon, Operator(), id, contracts.Quota{})
		wantCode(t, "quota", err, code)
	}
	ask("7", "")
	ask("physics", contracts.CodeResourceExhausted)
}

func TestQuotasAreChecked(t *testing.T) {
	w := newWorld(t, contracts.Quota{})
	for _, q := range []contracts.Quota{{Graphs: -1}, {BlockBytes: -1}, {BodyBytesPerSecond: -1}, {RequestsPerSecond: -1}, {RequestsPerSecond: 1e9}, {FuelPerDay: 1 << 60}} {
		_, err := w.SetQuota(noon, Operator(), "physics", q)
		wantCode(t, "a quota", err, contracts.CodeValidation)
	}
	_, err := w.SetQuota(noon, Operator(), "*", contracts.Quota{})
	wantCode(t, "every tenant's quota", err, contracts.CodeValidation)
}

// A snapshot's facts fold to the same book, and a clone stays as it was.
func TestFactsFoldToTheSameBook(t *testing.T) {
	w := newWorld(t, contracts.Quota{Graphs: 1})
	a := w.key(Operator(), request("physics", contracts.ScopeAdmin))
	w.key(Operator(), request("chemistry", contracts.ScopeRead))
	w.append(w.SetQuota(noon, Operator(), "physics", contracts.Quota{Graphs: 7}))
	w.append(Fact{At: noon.UnixMicro(), Stored: &Stored{"physics", 5}}, nil)
	w.append(Fact{At: noon.UnixMicro(), Used: &Used{"chemistry", 5, 6}}, nil)
	for _, p := range []contracts.Publication{blob("x", "data"), blob("x", "more"), blob("y", "data")} {
		f, _, err := w.Publish(noon, Operator(), p)
		w.append(f, err)
	}
	w.append(w.Withdraw(noon, Operator(), blob("y", "data").ID()))
	before := w.Clone()
	f, _, err := w.Revoke(noon, Operator(), a.Key)
	w.append(f, err)
	w.append(w.Withdraw(noon, Operator(), blob("x", "more").ID()))
	if n := len(before.Publications().Publications); n != 2 {
		t.Errorf("a clone has %d publications, had 2", n)
	}
	if _, err := before.Holder(a.Key, noon); err != nil {
		t.Errorf("a clone changed: %v", err)
	}
	for name, facts := range map[string][]Fact{"log": w.log, "snapshot": w.Facts()} {
		again := NewBook(contracts.Quota{Graphs: 1})
		for _, f := range facts {
			if err := again.Apply(f); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(w.Book, again, cmpopts.EquateComparable(cid.Cid{}), cmp.AllowUnexported(Book{}, entry{}, tenant{}, roster{}, nodeToken{}, enrolled{}, replaced{}, published{})); d != "" {
			t.Errorf("%s folds to another book:\n%s", name, d)
		}
	}
}

func TestMalformedFactsAreRefused(t *testing.T) {
	for name, f := range map[string]Fact{"none": {}, "two": {Revoked: &Revoked{"a"}, Stored: &Stored{"a", 1}}} {
		b, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, err = DecodeFact(b)
		wantCode(t, name, err, contracts.CodeInternal)
	}
	if _, err := DecodeFact([]byte(strings.Repeat("x", 9))); err == nil {
		t.Error("no CBOR is a fact")
	}
}
