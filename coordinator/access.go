package coordinator

import (
	"context"
	"crypto/rand"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// Holder returns who holds a key now, and what its secret must hash to. What a
// caller of NewKey or RevokeKey was told has happened is seen here.
func (c *Coordinator) Holder(id string) (access.Caller, access.Hash, error) {
	b := c.book.Load()
	who, err := b.Holder(id, c.parts.Now())
	hash, _ := b.Hash(id)
	return who, hash, err
}

// QuotaOf returns what a tenant may use.
func (c *Coordinator) QuotaOf(t contracts.TenantID) contracts.Quota {
	q, _ := c.book.Load().QuotaOf(t)
	return q
}

// Keys lists the keys that by may see, oldest first.
func (c *Coordinator) Keys(_ context.Context, by access.Caller) (contracts.KeyList, error) {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return contracts.KeyList{}, err
	}
	return c.book.Load().Keys(by), nil
}

// NewKey makes a key and returns when it is durable. Only its answer tells the
// secret.
func (c *Coordinator) NewKey(ctx context.Context, by access.Caller, r contracts.KeyRequest) (contracts.KeyCreated, error) {
	var (
		id     [access.IDBytes]byte
		secret [access.SecretBytes]byte
		salt   [access.SaltBytes]byte
	)
	for _, b := range [][]byte{id[:], secret[:], salt[:]} {
		rand.Read(b)
	}
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return contracts.KeyCreated{}, err // before the work of a hash
	}
	token := access.NewToken(id, secret)
	hash := access.HashToken(token, salt, access.DefaultCost())
	err := c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, err := st.book.NewKey(st.now, by, r, token, hash)
		return []access.Fact{f}, err
	})
	if err != nil {
		return contracts.KeyCreated{}, err
	}
	return contracts.KeyCreated{KeyView: c.book.Load().View(token.ID), Key: token.Reveal()}, nil
}

// RevokeKey ends a key. From when it returns on, no request is accepted with it.
func (c *Coordinator) RevokeKey(ctx context.Context, by access.Caller, id string) error {
	return c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, ok, err := st.book.Revoke(st.now, by, id)
		if err != nil || !ok {
			return nil, err
		}
		return []access.Fact{f}, nil
	})
}

// SetQuota replaces what a tenant may use. Sessions that run keep what they were
// granted.
func (c *Coordinator) SetQuota(ctx context.Context, by access.Caller, t contracts.TenantID, q contracts.Quota) error {
	return c.decide(ctx, func(st *state) ([]access.Fact, error) {
		f, err := st.book.SetQuota(st.now, by, t, q)
		return []access.Fact{f}, err
	})
}

// Quotas lists the tenants that by may see with what they may use and do use.
func (c *Coordinator) Quotas(ctx context.Context, by access.Caller) (contracts.QuotaList, error) {
	var l contracts.QuotaList
	err := c.do(ctx, func(st *state) { l = st.book.Quotas(by, st.now, st.running) })
	return l, err
}

// Quota returns one tenant's. A tenant that by may not see is NOT_FOUND.
func (c *Coordinator) Quota(ctx context.Context, by access.Caller, t contracts.TenantID) (contracts.QuotaView, error) {
	if !by.Sees(t) || !t.Valid() {
		return contracts.QuotaView{}, contracts.Errorf(contracts.CodeNotFound, string(t), "no such tenant")
	}
	var v contracts.QuotaView
	err := c.do(ctx, func(st *state) { v = st.book.Tenant(st.now, t, st.running(t)) })
	return v, err
}

// decide appends the facts that f comes to and returns when they are durable and
// known to everybody.
func (c *Coordinator) decide(ctx context.Context, f func(*state) ([]access.Fact, error)) error {
	var failure error
	durable := make(chan struct{})
	err := c.do(ctx, func(st *state) {
		facts, err := f(st)
		if err != nil {
			failure = err
			return
		}
		for _, fact := range facts {
			if failure = st.learn(fact, nil); failure != nil {
				return
			}
		}
		known := st.book.Clone()
		st.commit.then(func() { c.book.Store(known); close(durable) })
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return err
	}
	return c.awaitDurable(ctx, durable)
}

func (c *Coordinator) awaitDurable(ctx context.Context, durable <-chan struct{}) error {
	select {
	case <-durable:
		return nil
	case <-c.stopped:
		return errStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// learn appends a fact to this turn's batch and applies it; run, if not nil, is
// called when it is durable.
func (st *state) learn(f access.Fact, run func(eventlog.Offset)) error {
	b, err := f.Encode()
	if err != nil {
		return err
	}
	if err := st.book.Apply(f); err != nil {
		return err
	}
	return st.commit.add(&session.Record{At: f.At, Access: b}, run)
}

// running adds up a tenant's running sessions.
func (st *state) running(t contracts.TenantID) access.Running {
	var r access.Running
	for _, l := range st.sessions {
		if l.Accepted.Tenant == t {
			r.Graphs++
			if l.Accepted.Fuel != nil {
				r.FuelHeld += *l.Accepted.Fuel
			}
			if l.Accepted.Tokens != nil {
				r.Tokens += *l.Accepted.Tokens
			}
		}
	}
	return r
}

// grant checks a new session against its tenant's quota and bounds what it may
// use to what is left.
func (st *state) grant(rec *session.Record, fresh *live) error {
	t := rec.Accepted.Tenant
	graph, asks := fresh.Plan().Graph, false
	for i := range graph.WorkUnits {
		asks = asks || !graph.WorkUnits[i].Type.CPU()
	}
	g, err := st.book.MayRun(st.now, t, graph.Budgets, asks, st.running(t))
	if err != nil {
		return err
	}
	rec.Accepted.Fuel, rec.Accepted.Tokens = g.Fuel, g.Tokens
	fresh.Bound(g.Fuel, g.Tokens)
	return nil
}
