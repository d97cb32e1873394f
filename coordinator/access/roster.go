package access

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Bounds of tokens for nodes. Ended ones count: the log keeps them.
const (
	maxNodeTokens = 10_000
	maxUses       = 10_000
	tokenLives    = 24 * time.Hour
	maxTokenLife  = 90 * 24 * time.Hour
)

// NodeToken is a token that was made, which lets nodes and pods in.
type NodeToken struct {
	ID       string `cbor:"id"`
	Operator string `cbor:"op"`
	Uses     int    `cbor:"n"`
	Note     string `cbor:"note,omitempty"`
	Hash     []byte `cbor:"hash"`
	// Expires is when the token ends, in microseconds.
	Expires int64 `cbor:"exp"`
}

// Enrolled is a node or pod that was let in with a token.
type Enrolled struct {
	Node     contracts.NodeID `cbor:"n"`
	Token    string           `cbor:"t"`
	Operator string           `cbor:"op"`
}

// Rotated is a node or pod that is known by another key from now on. The statement is
// what the old key signed (contracts.Rotation).
type Rotated struct {
	Old       contracts.NodeID `cbor:"old"`
	New       contracts.NodeID `cbor:"new"`
	Statement []byte           `cbor:"s"`
}

// roster is which nodes were let in with which token, and which keys were replaced.
type roster struct {
	order    []string // ids of tokens, oldest first
	tokens   map[string]nodeToken
	enrolled map[contracts.NodeID]enrolled
	replaced map[contracts.NodeID]replaced
}

type nodeToken struct {
	NodeToken
	made, revoked int64
	used          int
}

type enrolled struct {
	Enrolled
	at int64
}

type replaced struct {
	Rotated
	at int64
}

func newRoster() roster {
	return roster{tokens: map[string]nodeToken{}, enrolled: map[contracts.NodeID]enrolled{}, replaced: map[contracts.NodeID]replaced{}}
}

func (r *roster) clone() roster {
	return roster{slices.Clip(r.order), maps.Clone(r.tokens), maps.Clone(r.enrolled), maps.Clone(r.replaced)}
}

// apply folds a fact of the roster. ok is false for other facts.
func (r *roster) apply(f Fact) (ok bool, err error) {
	switch {
	case f.NodeToken != nil:
		if _, known := r.tokens[f.NodeToken.ID]; !known {
			r.order = append(r.order, f.NodeToken.ID)
		}
		r.tokens[f.NodeToken.ID] = nodeToken{NodeToken: *f.NodeToken, made: f.At}
	case f.TokenRevoked != nil:
		t, known := r.tokens[f.TokenRevoked.ID]
		if !known {
			return true, contracts.Errorf(contracts.CodeInternal, f.TokenRevoked.ID, "a token was revoked that was never made")
		}
		t.revoked = f.At
		r.tokens[t.ID] = t
	case f.Enrolled != nil:
		t, known := r.tokens[f.Enrolled.Token]
		if !known {
			return true, contracts.Errorf(contracts.CodeInternal, f.Enrolled.Token, "a node was let in with a token that was never made")
		}
		t.used++
		r.tokens[t.ID] = t
		r.enrolled[f.Enrolled.Node] = enrolled{*f.Enrolled, f.At}
	case f.Rotated != nil:
		r.replaced[f.Rotated.Old] = replaced{*f.Rotated, f.At}
		if e, known := r.enrolled[f.Rotated.Old]; known {
			delete(r.enrolled, f.Rotated.Old)
			e.Node = f.Rotated.New
			r.enrolled[f.Rotated.New] = e
		}
	default:
		return false, nil
	}
	return true, nil
}

// facts fold to this roster.
func (r *roster) facts() []Fact {
	var facts []Fact
	for _, id := range r.order {
		t := r.tokens[id]
		facts = append(facts, Fact{At: t.made, NodeToken: &t.NodeToken})
		if t.revoked != 0 {
			facts = append(facts, Fact{At: t.revoked, TokenRevoked: &Revoked{id}})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.enrolled)) {
		e := r.enrolled[id]
		facts = append(facts, Fact{At: e.at, Enrolled: &e.Enrolled})
	}
	for _, id := range slices.Sorted(maps.Keys(r.replaced)) {
		e := r.replaced[id]
		facts = append(facts, Fact{At: e.at, Rotated: &e.Rotated})
	}
	return facts
}

// operates refuses whoever is no operator of the fabric: nodes serve every tenant.
func operates(by Caller) error {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return err
	}
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, "kk_"+by.Key, "nodes serve every tenant: this needs a key of the fabric's operator, whose tenant is *")
	}
	return nil
}

// NewNodeToken is the fact that by makes a token that is kept as hash.
func (b *Book) NewNodeToken(now time.Time, by Caller, r contracts.NodeTokenRequest, id string, hash []byte) (Fact, error) {
	if err := operates(by); err != nil {
		return Fact{}, err
	}
	if err := contracts.CheckOperator(r.Operator); err != nil {
		return Fact{}, err
	}
	t := &NodeToken{ID: id, Operator: r.Operator, Uses: max(r.Uses, 1), Note: r.Note, Hash: hash, Expires: now.Add(tokenLives).UnixMicro()}
	if r.ExpiresAt != nil {
		t.Expires = r.ExpiresAt.UnixMicro()
	}
	switch end := time.UnixMicro(t.Expires); {
	case r.Uses < 0 || r.Uses > maxUses:
		return Fact{}, contracts.Errorf(contracts.CodeValidation, "/uses", "is %d, not 1 to %d", r.Uses, maxUses)
	case len(r.Note) > maxNote:
		return Fact{}, contracts.Errorf(contracts.CodeValidation, "/note", "is longer than %d bytes", maxNote)
	case !end.After(now) || end.After(now.Add(maxTokenLife)):
		return Fact{}, contracts.Errorf(contracts.CodeValidation, "/expires_at", "is not within the next %d days", int(maxTokenLife/(24*time.Hour)))
	case len(b.roster.tokens) >= maxNodeTokens:
		return Fact{}, Full("node tokens", "there are %d, the most that are kept", maxNodeTokens)
	}
	if _, taken := b.roster.tokens[id]; taken {
		return Fact{}, contracts.Errorf(contracts.CodeConflict, id, "there is a token of this id already")
	}
	return Fact{At: now.UnixMicro(), NodeToken: t}, nil
}

// RevokeNodeToken is the fact that by ends a token; nodes that were let in with it
// stay. ok is false when it was revoked before.
func (b *Book) RevokeNodeToken(now time.Time, by Caller, id string) (f Fact, ok bool, err error) {
	if err := operates(by); err != nil {
		return Fact{}, false, err
	}
	t, known := b.roster.tokens[id]
	switch {
	case !known:
		return Fact{}, false, contracts.Errorf(contracts.CodeNotFound, id, "no such token")
	case t.revoked != 0:
		return Fact{}, false, nil
	}
	return Fact{At: now.UnixMicro(), TokenRevoked: &Revoked{id}}, true, nil
}

// NodeTokens lists tokens, oldest first.
func (b *Book) NodeTokens(by Caller) (contracts.NodeTokenList, error) {
	l := contracts.NodeTokenList{Tokens: []contracts.NodeTokenView{}}
	if err := operates(by); err != nil {
		return l, err
	}
	for _, id := range b.roster.order {
		l.Tokens = append(l.Tokens, b.NodeTokenView(id))
	}
	return l, nil
}

// NodeTokenView returns one token, which must be known.
func (b *Book) NodeTokenView(id string) contracts.NodeTokenView {
	t := b.roster.tokens[id]
	return contracts.NodeTokenView{
		ID: t.ID, Operator: t.Operator, Uses: t.Uses, Used: t.used, Note: t.Note,
		CreatedAt: contracts.Time{Time: micros(t.made)}, ExpiresAt: contracts.Time{Time: micros(t.Expires)}, RevokedAt: moment(t.revoked),
	}
}

// Enrol judges what a worker of the given name and kind presents to a coordinator to
// be let in. Whoever was let in with the token already is let in again, whatever
// became of the token; fresh is false then. Refusals are AUTH_ERRORs that name the
// token, and CONFLICT for a worker that another operator answers for.
func (b *Book) Enrol(now time.Time, node, coordinator contracts.NodeID, kind string, proof []byte) (f Fact, fresh bool, err error) {
	e, hash, err := contracts.OpenEnrolment(proof)
	if err != nil {
		return Fact{}, false, err
	}
	t, known := b.roster.tokens[e.Token]
	refuse := func(format string, args ...any) (Fact, bool, error) {
		return Fact{}, false, contracts.Errorf(contracts.CodeAuth, "kn_"+e.Token, format, args...)
	}
	switch {
	case !known || !bytes.Equal(hash, t.Hash):
		return refuse("this coordinator knows no such token for nodes; its operator makes one with 'krako node token new'")
	case e.Node != node || e.Kind != kind:
		return refuse("the proof is of %s %s, not of %s %s", e.Kind, e.Node, kind, node)
	case e.Coordinator != coordinator:
		return refuse("the proof is for coordinator %s, not for %s", e.Coordinator, coordinator)
	}
	f = Fact{At: now.UnixMicro(), Enrolled: &Enrolled{node, t.ID, t.Operator}}
	if was, in := b.roster.enrolled[node]; in {
		if was.Operator != t.Operator {
			return Fact{}, false, contracts.Errorf(contracts.CodeConflict, string(node), "operator %s answers for it, and who does cannot change; start it with a new key", was.Operator)
		}
		return f, false, nil
	}
	switch {
	case t.revoked != 0:
		return refuse("the token was revoked at %s", micros(t.revoked).Format(time.RFC3339))
	case now.UnixMicro() >= t.Expires:
		return refuse("the token ended at %s; ask for a new one ('krako node token new')", micros(t.Expires).Format(time.RFC3339))
	case t.used >= t.Uses:
		return refuse("the token was used up: it was for %d, and so many were let in; ask for a new one ('krako node token new')", t.Uses)
	}
	return f, true, nil
}

// Successor returns by which key a node is known now, whose name may be its first
// one or any since.
func (b *Book) Successor(n contracts.NodeID) contracts.NodeID {
	for range len(b.roster.replaced) { // no rotation leads back to a key that was replaced
		r, ok := b.roster.replaced[n]
		if !ok {
			break
		}
		n = r.New
	}
	return n
}

// maxNames bounds the former names that are looked for.
const maxNames = 64

// Names lists the keys by which a node was known, the present one first.
func (b *Book) Names(n contracts.NodeID) []contracts.NodeID {
	names := []contracts.NodeID{n}
	for i := 0; i < len(names) && len(names) < maxNames; i++ {
		for old, r := range b.roster.replaced {
			if r.New == names[i] {
				names = append(names, old)
			}
		}
	}
	slices.Sort(names[1:])
	return names
}

// Replaced reports whether a key was replaced by another, which is refused from then
// on, and by which.
func (b *Book) Replaced(n contracts.NodeID) (by contracts.NodeID, ok bool) {
	r, ok := b.roster.replaced[n]
	return r.New, ok
}

// Rotate judges a statement of an old key that another one takes its place. fresh is
// false when that was told before. A statement that the old key did not sign is an
// AUTH_ERROR; one of a key that was replaced already, or for one that was, a
// CONFLICT: who rotates first has rotated, so that a stolen old key is worth nothing.
func (b *Book) Rotate(now time.Time, statement []byte) (f Fact, fresh bool, err error) {
	r, err := contracts.OpenRotation(statement)
	if err != nil {
		return Fact{}, false, err
	}
	f = Fact{At: now.UnixMicro(), Rotated: &Rotated{r.Old, r.New, statement}}
	if by, gone := b.Replaced(r.New); gone {
		return Fact{}, false, contracts.Errorf(contracts.CodeConflict, string(r.New), "this key was replaced by %s and does not come back", by)
	}
	if by, gone := b.Replaced(r.Old); gone {
		if by != r.New {
			return Fact{}, false, contracts.Errorf(contracts.CodeConflict, string(r.Old), "this key was replaced by %s already, not by %s", by, r.New)
		}
		return f, false, nil
	}
	if e, in := b.roster.enrolled[r.New]; in {
		return Fact{}, false, contracts.Errorf(contracts.CodeConflict, string(r.New), "the new key is a node of operator %s already", e.Operator)
	}
	return f, true, nil
}

// EnrolledBy is the operator that a node was let in under by a token, "" if none.
func (b *Book) EnrolledBy(n contracts.NodeID) string { return b.roster.enrolled[n].Operator }
