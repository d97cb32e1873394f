package access

import (
	"crypto/ed25519"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/envelope"
)

// key is a worker's key and name, made of a number.
func key(n byte) (ed25519.PrivateKey, contracts.NodeID) {
	k := ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), n))
	return k, contracts.NodeID(envelope.PeerID(k.Public().(ed25519.PublicKey)))
}

func token(n byte) contracts.NodeToken {
	return contracts.NewNodeToken([8]byte{n}, [32]byte{31: n})
}

const hour = time.Hour

// coord is the coordinator that proofs are for.
var _, coord = key(200)

func tokenBook(t *testing.T, now time.Time) *Book {
	t.Helper()
	b := NewBook(contracts.Quota{})
	for n, r := range map[byte]contracts.NodeTokenRequest{
		1: {Operator: "chemistry", Uses: 2}, 2: {Operator: "physics", ExpiresAt: &contracts.Time{Time: now.Add(hour)}}, 3: {Operator: "chemistry"},
	} {
		f, err := b.NewNodeToken(now, Operator(), r, token(n).ID, token(n).Hash())
		if err != nil {
			t.Fatal(err)
		}
		take(t, b, f)
	}
	return b
}

// take applies a fact as the log would give it back.
func take(t *testing.T, b *Book, f Fact) {
	t.Helper()
	doc, err := f.Encode()
	if err == nil {
		f, err = DecodeFact(doc)
	}
	if err == nil {
		err = b.Apply(f)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Each refusal of a token, by what is wrong with it.
func TestTokensAreRefused(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	_, a := key(1)
	_, b := key(2)
	prove := func(n byte, node, to contracts.NodeID, kind string) []byte {
		p, err := token(n).Enrol(node, to, kind)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	forged, err := contracts.NewNodeToken([8]byte{1}, [32]byte{9}).Enrol(a, coord, "node")
	if err != nil {
		t.Fatal(err)
	}
	bent := prove(1, a, coord, "node")
	bent[len(bent)-1] ^= 1
	for _, c := range []struct {
		name  string
		after time.Duration
		proof []byte
		node  contracts.NodeID
		want  string
	}{
		{"an unknown token", 0, prove(7, a, coord, "node"), a, "knows no such token"},
		{"another secret under a known id", 0, forged, a, "knows no such token"},
		{"a signature that does not hold", 0, bent, a, "does not hold"},
		{"another node's proof", 0, prove(1, b, coord, "node"), a, "the proof is of node"},
		{"a pod's proof for a node", 0, prove(1, a, coord, "pod"), a, "the proof is of pod"},
		{"a proof for another coordinator", 0, prove(1, a, b, "node"), a, "the proof is for coordinator"},
		{"an expired token", hour, prove(2, a, coord, "node"), a, "ended at"},
		{"the initial life is a day", 24 * hour, prove(1, a, coord, "node"), a, "ended at"},
		{"no envelope", 0, []byte("kn_a_b"), a, "signed envelope"},
	} {
		_, _, err := tokenBook(t, now).Enrol(now.Add(c.after), c.node, coord, "node", c.proof)
		if contracts.CodeOf(err) != contracts.CodeAuth || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an AUTH_ERROR with %q", c.name, err, c.want)
		}
	}
}

// A token is for as many as it says; who is in is in again, also when the token is
// over, and stays with its operator.
func TestTokensAreUsedUp(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	b := tokenBook(t, now)
	enrol := func(node, tok byte) (bool, error) {
		t.Helper()
		_, id := key(node)
		p, err := token(tok).Enrol(id, coord, "node")
		if err != nil {
			t.Fatal(err)
		}
		f, fresh, err := b.Enrol(now, id, coord, "node", p)
		if fresh {
			take(t, b, f)
		}
		return fresh, err
	}
	for _, step := range []struct {
		node, tok byte
		fresh     bool
		code      contracts.Code
	}{
		{1, 1, true, ""}, {1, 1, false, ""}, {2, 1, true, ""}, {3, 1, false, contracts.CodeAuth}, {2, 1, false, ""},
		{2, 2, false, contracts.CodeConflict}, {2, 3, false, ""}, {3, 2, true, ""}, {4, 2, false, contracts.CodeAuth},
	} {
		if fresh, err := enrol(step.node, step.tok); fresh != step.fresh || contracts.CodeOf(err) != step.code {
			t.Errorf("node %d with token %d: fresh %t, %v", step.node, step.tok, fresh, err)
		}
	}
	f, ok, err := b.RevokeNodeToken(now, Operator(), token(3).ID)
	if err != nil || !ok {
		t.Fatal(err)
	}
	take(t, b, f)
	if _, err := enrol(5, 3); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a revoked token: %v", err)
	}
	list, err := b.NodeTokens(Operator())
	if err != nil || len(list.Tokens) != 3 {
		t.Fatalf("%+v (%v)", list, err)
	}
	for _, v := range list.Tokens {
		if want := map[string]int{token(1).ID: 2, token(2).ID: 1, token(3).ID: 0}[v.ID]; v.Used != want {
			t.Errorf("token %s was used %d times, not %d", v.ID, v.Used, want)
		}
	}
	again := NewBook(contracts.Quota{})
	for _, f := range b.Facts() {
		take(t, again, f)
	}
	if !reflect.DeepEqual(again.Facts(), b.Facts()) {
		t.Error("the facts of a snapshot fold to another book")
	}
}

func TestOnlyTheFabricsOperatorMakesNodeTokens(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	b := NewBook(contracts.Quota{})
	good := contracts.NodeTokenRequest{Operator: "chemistry"}
	for name, by := range map[string]Caller{
		"nobody": {}, "a tenant's admin": {Tenant: "lab", scopes: []contracts.Scope{contracts.ScopeAdmin}},
		"an operator without admin": {Tenant: contracts.EveryTenant, scopes: []contracts.Scope{contracts.ScopeNodes}},
	} {
		if _, err := b.NewNodeToken(now, by, good, "x", nil); contracts.CodeOf(err) != contracts.CodeAuth {
			t.Errorf("%s made a token: %v", name, err)
		}
		if _, err := b.NodeTokens(by); contracts.CodeOf(err) != contracts.CodeAuth {
			t.Errorf("%s lists tokens: %v", name, err)
		}
		if _, _, err := b.RevokeNodeToken(now, by, "x"); contracts.CodeOf(err) != contracts.CodeAuth {
			t.Errorf("%s revokes a token: %v", name, err)
		}
	}
	_, node := key(1)
	for name, r := range map[string]contracts.NodeTokenRequest{
		"no operator": {}, "spaces": {Operator: "trusted zone"}, "an account": {Operator: "node:x"}, "a node's name": {Operator: string(node)},
		"too many": {Operator: "a", Uses: maxUses + 1}, "negative": {Operator: "a", Uses: -1}, "the past": {Operator: "a", ExpiresAt: &contracts.Time{Time: now}},
		"too long": {Operator: "a", ExpiresAt: &contracts.Time{Time: now.Add(maxTokenLife + hour)}}, "a long note": {Operator: "a", Note: strings.Repeat("x", maxNote+1)},
	} {
		if _, err := b.NewNodeToken(now, Operator(), r, "x", nil); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key is replaced once, by the word of its own holder; the enrolment goes along.
func TestRotations(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	b := tokenBook(t, now)
	names := map[byte]contracts.NodeID{}
	keys := map[byte]ed25519.PrivateKey{}
	for n := byte(1); n < 7; n++ {
		keys[n], names[n] = key(n)
	}
	rotation := func(from, to byte) []byte {
		s, err := contracts.SealRotation(keys[from], names[to], contracts.Time{Time: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, n := range []byte{1, 6} {
		p, _ := token(1).Enrol(names[n], coord, "node")
		f, _, err := b.Enrol(now, names[n], coord, "node", p)
		if err != nil {
			t.Fatal(err)
		}
		take(t, b, f)
	}
	bent := rotation(1, 2)
	bent[len(bent)-1] ^= 1
	for _, step := range []struct {
		name      string
		statement []byte
		fresh     bool
		code      contracts.Code
	}{
		{"forged", bent, false, contracts.CodeAuth},
		{"to a node with a record", rotation(1, 6), false, contracts.CodeConflict},
		{"1 to 2", rotation(1, 2), true, ""},
		{"told again", rotation(1, 2), false, ""},
		{"by whoever has the old key", rotation(1, 3), false, contracts.CodeConflict},
		{"back to the old key", rotation(2, 1), false, contracts.CodeConflict},
		{"2 to 4", rotation(2, 4), true, ""},
		{"the first replayed", rotation(1, 2), false, contracts.CodeConflict},
		{"a stranger to a replaced key", rotation(5, 1), false, contracts.CodeConflict},
	} {
		f, fresh, err := b.Rotate(now, step.statement)
		if fresh != step.fresh || contracts.CodeOf(err) != step.code {
			t.Errorf("%s: fresh %t, %v", step.name, fresh, err)
		}
		if fresh {
			take(t, b, f)
		}
	}
	if b.Successor(names[1]) != names[4] || b.Successor(names[5]) != names[5] {
		t.Error("the names do not lead to the key in use")
	}
	if b.EnrolledBy(names[4]) != "chemistry" || b.EnrolledBy(names[1]) != "" {
		t.Error("the enrolment did not go along with the key")
	}
	if v := b.NodeTokenView(token(1).ID); v.Used != 2 {
		t.Errorf("the rotation changed how often the token was used: %d", v.Used)
	}
	again := NewBook(contracts.Quota{})
	for _, f := range b.Facts() {
		take(t, again, f)
	}
	if !reflect.DeepEqual(again.Facts(), b.Facts()) || again.Successor(names[1]) != names[4] {
		t.Error("the facts of a snapshot fold to another book")
	}
}
