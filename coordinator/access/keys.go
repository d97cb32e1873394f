package access

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Bounds of keys. Revoked ones count: the log keeps them.
const (
	maxKeys = 10_000
	maxNote = 256
)

// NewKey is the fact that by makes a key for token, whose hash is given. A
// tenant's admin makes keys of its own tenant only.
func (b *Book) NewKey(now time.Time, by Caller, r contracts.KeyRequest, t Token, h Hash) (Fact, error) {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return Fact{}, err
	}
	if err := checkRequest(now, r); err != nil {
		return Fact{}, err
	}
	if !by.Sees(r.Tenant) {
		return Fact{}, contracts.Errorf(contracts.CodeAuth, string(r.Tenant), "an admin of tenant %s makes keys of that tenant only", by.Tenant)
	}
	if len(b.keys) >= maxKeys {
		return Fact{}, Full("keys", "there are %d keys, the most that are kept", maxKeys)
	}
	if _, taken := b.keys[t.ID]; taken {
		return Fact{}, contracts.Errorf(contracts.CodeConflict, t.ID, "there is a key of this id already")
	}
	k := &Key{ID: t.ID, Tenant: r.Tenant, Scopes: r.Scopes, Note: r.Note, Hash: h}
	if r.ExpiresAt != nil {
		k.Expires = r.ExpiresAt.UnixMicro()
	}
	return Fact{At: now.UnixMicro(), Key: k}, nil
}

func checkRequest(now time.Time, r contracts.KeyRequest) error {
	seen := map[contracts.Scope]bool{}
	for _, s := range r.Scopes {
		if !s.Valid() || seen[s] {
			return contracts.Errorf(contracts.CodeValidation, "/scopes", "%q is twice there or none of %s", s, list(contracts.Scopes(), ", "))
		}
		seen[s] = true
	}
	switch {
	case len(r.Scopes) == 0:
		return contracts.Errorf(contracts.CodeValidation, "/scopes", "are missing: name at least one of %s", list(contracts.Scopes(), ", "))
	case r.Tenant != contracts.EveryTenant && !r.Tenant.Valid():
		return contracts.Errorf(contracts.CodeValidation, "/tenant_id", "%q is neither a tenant nor *", r.Tenant)
	case len(r.Note) > maxNote:
		return contracts.Errorf(contracts.CodeValidation, "/note", "is longer than %d bytes", maxNote)
	case r.ExpiresAt != nil && !r.ExpiresAt.After(now):
		return contracts.Errorf(contracts.CodeValidation, "/expires_at", "is not in the future")
	}
	return nil
}

// Revoke is the fact that by ends a key. ok is false when it has ended already.
// A key that by may not see is NOT_FOUND.
func (b *Book) Revoke(now time.Time, by Caller, id string) (f Fact, ok bool, err error) {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return Fact{}, false, err
	}
	e, known := b.keys[id]
	if !known || !by.Sees(e.Tenant) {
		return Fact{}, false, contracts.Errorf(contracts.CodeNotFound, id, "no such key")
	}
	if e.revoked != 0 {
		return Fact{}, false, nil
	}
	return Fact{At: now.UnixMicro(), Revoked: &Revoked{id}}, true, nil
}

// Keys lists the keys that by may see, oldest first.
func (b *Book) Keys(by Caller) contracts.KeyList {
	l := contracts.KeyList{Keys: []contracts.KeyView{}}
	for _, id := range b.order {
		if e := b.keys[id]; by.Sees(e.Tenant) {
			l.Keys = append(l.Keys, e.view())
		}
	}
	return l
}

// View returns one key, which must be known.
func (b *Book) View(id string) contracts.KeyView { return b.keys[id].view() }

func (e entry) view() contracts.KeyView {
	return contracts.KeyView{
		ID: e.ID, Tenant: e.Tenant, Scopes: e.Scopes, Note: e.Note,
		CreatedAt: contracts.Time{Time: micros(e.made)}, ExpiresAt: moment(e.Expires), RevokedAt: moment(e.revoked),
	}
}

func micros(at int64) time.Time { return time.UnixMicro(at).UTC() }

func moment(at int64) *contracts.Time {
	if at == 0 {
		return nil
	}
	return &contracts.Time{Time: micros(at)}
}

// Hash returns what is kept of a key's secret.
func (b *Book) Hash(id string) (Hash, bool) {
	e, ok := b.keys[id]
	return e.Hash, ok
}

// Holder returns who holds a key now. It does not check the secret. A key that
// is not known, revoked or over is an AUTH_ERROR.
func (b *Book) Holder(id string, now time.Time) (Caller, error) {
	e, ok := b.keys[id]
	switch {
	case !ok:
		return Caller{}, ErrUnknown
	case e.revoked != 0:
		return Caller{}, contracts.Errorf(contracts.CodeAuth, "kk_"+id, "this API key was revoked; ask an admin for a new one ('krako keys new')")
	case e.Expires != 0 && now.UnixMicro() >= e.Expires:
		return Caller{}, contracts.Errorf(contracts.CodeAuth, "kk_"+id, "this API key ended at %s; ask an admin for a new one ('krako keys new')", micros(e.Expires).Format(time.RFC3339))
	}
	return Caller{Key: id, Tenant: e.Tenant, scopes: e.Scopes}, nil
}

// ErrUnknown is the one answer to a key that is not known and to a known one
// with another secret.
var ErrUnknown = contracts.Errorf(contracts.CodeAuth, "Authorization", "this coordinator knows no such API key; 'krako keys list' shows those there are to an admin")
