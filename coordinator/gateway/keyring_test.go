package gateway_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// keyring is the Access of the fabric in memory, over the real fold.
type keyring struct {
	mu     sync.Mutex
	book   *access.Book
	made   int
	hashed int // calls of Holder
	now    func() time.Time
}

func newKeyring() *keyring {
	k := &keyring{book: access.NewBook(contracts.Quota{}), now: time.Now}
	made, err := k.NewKey(context.Background(), access.Operator(), contracts.KeyRequest{Tenant: contracts.EveryTenant, Scopes: []contracts.Scope{contracts.ScopeAdmin}})
	if err != nil || made.Key != operatorKey() {
		panic(fmt.Sprint("the first key is not the operator's: ", err))
	}
	return k
}

// operatorKey is the first key of every keyring.
func operatorKey() string { return tokenOf(1).Reveal() }

func tokenOf(n int) access.Token {
	return access.NewToken([access.IDBytes]byte{byte(n)}, [access.SecretBytes]byte{1, byte(n)})
}

// add makes a key and returns it as a client sends it.
func (k *keyring) add(t testing.TB, tenant contracts.TenantID, scopes ...contracts.Scope) string {
	t.Helper()
	made, err := k.NewKey(t.Context(), access.Operator(), contracts.KeyRequest{Tenant: tenant, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return made.Key
}

func (k *keyring) change(f access.Fact, err error) error {
	if err != nil {
		return err
	}
	return k.book.Apply(f)
}

func (k *keyring) Holder(id string) (access.Caller, access.Hash, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hashed++
	who, err := k.book.Holder(id, k.now())
	h, _ := k.book.Hash(id)
	return who, h, err
}

func (k *keyring) QuotaOf(t contracts.TenantID) contracts.Quota {
	k.mu.Lock()
	defer k.mu.Unlock()
	q, _ := k.book.QuotaOf(t)
	return q
}

func (k *keyring) Keys(_ context.Context, by access.Caller) (contracts.KeyList, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.book.Keys(by), nil
}

func (k *keyring) NewKey(_ context.Context, by access.Caller, r contracts.KeyRequest) (contracts.KeyCreated, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made++
	token := tokenOf(k.made)
	if err := k.change(k.book.NewKey(k.now(), by, r, token, access.HashToken(token, [access.SaltBytes]byte{}, access.Cost{Time: 1, Memory: 8, Threads: 1}))); err != nil {
		return contracts.KeyCreated{}, err
	}
	return contracts.KeyCreated{KeyView: k.book.View(token.ID), Key: token.Reveal()}, nil
}

func (k *keyring) RevokeKey(_ context.Context, by access.Caller, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok, err := k.book.Revoke(k.now(), by, id)
	if err != nil || !ok {
		return err
	}
	return k.book.Apply(f)
}

func (k *keyring) Quotas(_ context.Context, by access.Caller) (contracts.QuotaList, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.book.Quotas(by, k.now(), func(contracts.TenantID) access.Running { return access.Running{} }), nil
}

func (k *keyring) Quota(_ context.Context, by access.Caller, t contracts.TenantID) (contracts.QuotaView, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !by.Sees(t) {
		return contracts.QuotaView{}, contracts.Errorf(contracts.CodeNotFound, string(t), "no such tenant")
	}
	return k.book.Tenant(k.now(), t, access.Running{}), nil
}

func (k *keyring) SetQuota(_ context.Context, by access.Caller, t contracts.TenantID, q contracts.Quota) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change(k.book.SetQuota(k.now(), by, t, q))
}

func (f *fabric) Owner(_ context.Context, id contracts.SessionID) (contracts.TenantID, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return "", err
	}
	s, err := f.find(id)
	if err != nil {
		return "", err
	}
	return s.view.TenantID, nil
}

func (f *fabric) MayRead(_ context.Context, t contracts.TenantID, c cid.Cid) (bool, error) {
	defer f.mu.Unlock()
	return t == contracts.EveryTenant || f.claims[claim{t, c}], f.enter()
}

func (f *fabric) Refers(_ context.Context, id contracts.SessionID, c cid.Cid) (bool, error) {
	defer f.mu.Unlock()
	if err := f.enter(); err != nil {
		return false, err
	}
	s, err := f.find(id)
	return err == nil && s.names == c, err
}

type claim struct {
	tenant contracts.TenantID
	block  cid.Cid
}
